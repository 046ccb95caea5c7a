"""Commands of V.250 and TS 27.007, by what they answer."""

from dataclasses import replace

import pytest

from modem_emulator import profiles
from modem_emulator.commands import COMMANDS
from modem_emulator.commands.general import commands_of
from modem_emulator.commands.table import listed
from modem_emulator.errors import Cme, Cms
from modem_emulator.profile import Commands, Errors, Indications, OwnNumber, Profile
from tests.unit.modem_emulator.dialogue import ERROR, IMSI, NOW_S, OK, answer, modem, say

SENT_BY_CLIENTS = """
    E V X Z H I &C &F +GCAP +GMM +IFC +IPR +ICF &D &K +CGMI +CGMM +CGMR +CGSN +CIMI +CNUM +CSCS +CMEE +CFUN +CPIN
    +CPINR +CLCK +CPWD +CLAC +CREG +CGREG +CEREG +CGATT +COPS +CPOL +CPLS +CSQ +CESQ +CIND +CMER +CBC +CCLK +CTZU
    +CTZR +CPBS +CPBR +CPBW +CPBF +CLIP +CLIR +CRC +COLP +CCWA +CCFC +CSSN +CLCC +CHUP +CVHU +WS46 +CGDCONT +CGACT
    +CGEREP +CGSMS +CPAS +CCID +ICCID +CNAP
"""


class TestKeptSettings:
    def test_atz_restores_what_at_w_kept_and_at_f_the_factorys(self) -> None:
        engine = modem()
        assert answer(engine, "+CNMI=2,1,0,2,0;S0=3;&W") == ["OK"]
        answer(engine, "+CNMI=0,0,0,0,0;S0=0;+CMGF=1")
        assert answer(engine, "Z;+CNMI?;+CMGF?;S0?") == ["+CNMI: 2,1,0,2,0", "+CMGF: 0", "003", "OK"]
        assert answer(engine, "&FE0;+CNMI?") == ["+CNMI: 0,0,0,0,0", "OK"]
        answer(engine, "S0=5")
        assert answer(engine, "Z;S0?") == ["003", "OK"]

    def test_what_at_w_kept_outlasts_switching_off(self) -> None:
        engine = modem()
        answer(engine, "+CNMI=2,1,0,2,0;&W")
        answer(engine, "+CNMI=0,0,0,0,0")
        engine.power_on(NOW_S)
        assert answer(engine, "+CNMI?") == ["+CNMI: 2,1,0,2,0", "OK"]


class TestTable:
    def test_every_command_that_clients_were_seen_to_send_is_there(self) -> None:
        assert set(SENT_BY_CLIENTS.split()) <= set(COMMANDS)

    def test_every_command_says_what_it_is_for_and_where_it_comes_from(self) -> None:
        assert all(command.title and command.source for command in COMMANDS.values())

    def test_every_command_can_be_tested_for_even_without_a_sim(self) -> None:
        engine = modem(present=False)
        for name in COMMANDS:
            if name[0] == "+":
                assert answer(engine, f"{name}=?")[-1] == "OK", name

    def test_no_read_and_no_execute_form_fails_in_a_ready_modem(self) -> None:
        engine = modem()
        for name, command in COMMANDS.items():
            if command.read:
                assert answer(engine, f"{name}?")[-1] == "OK", name
            if command.execute and name[0] == "+" and name not in ("+CNMA", "+CUAD"):
                assert answer(engine, name)[-1] == "OK", name

    def test_a_read_answer_can_be_set_again(self) -> None:
        engine = modem()
        for name in ("+CMER", "+CSSN", "+IFC", "+ICF", "+IPR", "+CTZU", "+CTZR", "+CGEREP", "+CGSMS", "+CPLS", "+CRC"):
            [shown, _] = answer(engine, f"{name}?")
            assert answer(engine, f"{name}={shown.split(': ')[1]}") == ["OK"], name

    @pytest.mark.parametrize(
        ("values", "shown"), [((0, 1), "(0,1)"), ((0, 1, 2), "(0-2)"), ((0, 2), "(0,2)"), ((0, 1, 2, 4), "(0-2,4)")]
    )
    def test_values_are_listed_as_v250_writes_them(self, values: tuple[int, ...], shown: str) -> None:
        assert listed(values) == shown

    @pytest.mark.parametrize("name", ["+CUSATR", "+CUSATW", "+CUSATT", "+CMUX"])
    def test_what_this_modem_has_not_is_not_supported(self, name: str) -> None:
        engine = modem()
        assert answer(engine, f"{name}=0") == ["+CME ERROR: 4"]
        assert answer(engine, f"{name}?") == ["+CME ERROR: 4"]
        assert answer(engine, f"{name}=?") == ["+CME ERROR: 4"]


class TestProfile:
    def test_clac_leaves_out_what_the_make_refuses_and_has_its_own(self) -> None:
        profile = Profile(
            commands=Commands(refused=("+CPBF",), answers={"^SYSINFO": ("^SYSINFO: 2",), "^CURC=": ()}),
            own_number=OwnNumber(supported=False),
            indications=Indications(supported=False),
        )
        listed_names = answer(modem(profile), "+CLAC")
        assert not {"AT+CPBF", "AT+CNUM", "AT+CNMI"} & set(listed_names)
        assert {"AT^SYSINFO", "AT^CURC", "AT+CSQ"} <= set(listed_names)
        assert "+CSQ" in commands_of(profile)

    def test_own_numbers_have_the_shape_of_the_make(self) -> None:
        shape = OwnNumber(lines=('+CNUM: "{name}","{digits}",{type},{index}',), in_phonebook=False)
        engine = modem(Profile(own_number=shape))
        assert answer(engine, "+CNUM") == ['+CNUM: "","8613900000001",145,1', "OK"]
        assert answer(engine, '+CPBS="ON";+CPBS?') == ['+CPBS: "ON",0,2', "OK"]

    def test_a_make_without_own_number_says_ok_alone(self) -> None:
        assert answer(modem(Profile(own_number=OwnNumber(lines=()))), "+CNUM") == ["OK"]


class TestErrors:
    @pytest.mark.parametrize(
        ("level", "shown"), [(0, "ERROR"), (1, "+CME ERROR: 10"), (2, "+CME ERROR: SIM not inserted")]
    )
    def test_a_modem_without_sim_says_so(self, level: int, shown: str) -> None:
        engine = modem(present=False)
        say(engine, f"AT+CMEE={level}\r")
        assert answer(engine, "+CPIN?") == [shown]
        assert answer(engine, "+CIMI") == [shown]
        assert answer(engine, "+CMGL") == [f"+CMS ERROR: {'(U)SIM not inserted' if level == 2 else 310}"]
        assert answer(engine, "+CSQ")[-1] == "OK"

    def test_a_busy_sim_answers_nothing_for_a_time(self) -> None:
        engine = modem()
        engine.equipment.sim_busy_until_s = NOW_S + 5
        assert answer(engine, "+CPIN?") == ["+CME ERROR: 14"]
        assert answer(engine, "+CMGD=1") == ["+CMS ERROR: 314"]
        assert answer(engine, "+CGMI") == ["yinxin", "OK"]
        assert "READY" in say(engine, "AT+CPIN?\r", NOW_S + 5)

    @pytest.mark.parametrize(
        ("level", "shown"),
        [(0, "+CMS ERROR: 321"), (1, "+CMS ERROR: 321"), (2, "+CMS ERROR: invalid memory index")],
    )
    def test_message_errors_are_words_where_words_are_asked_for(self, level: int, shown: str) -> None:
        engine = modem(profiles.load("generic"))
        say(engine, f"AT+CMEE={level}\r")
        assert answer(engine, "+CMGR=99") == [shown]

    def test_message_errors_stay_numbers_in_a_make_that_has_no_words_for_them(self) -> None:
        engine = modem(Profile(errors=Errors(cms_verbose=False)))
        say(engine, "AT+CMEE=2\r")
        assert answer(engine, "+CMGR=1") == ["+CMS ERROR: 321"]

    def test_every_code_has_a_text(self) -> None:
        assert all(code.text for code in [*Cme, *Cms])
        assert (int(Cme.SIM_BUSY), Cme.SIM_BUSY.text) == (14, "SIM busy")


class TestBasic:
    def test_registers_can_be_set_and_shown(self) -> None:
        engine = modem()
        assert answer(engine, "S0=3S0?") == ["003", "OK"]
        assert answer(engine, "S10?") == ["015", "OK"]

    @pytest.mark.parametrize("line", ["X4", "&C1&D2", "&K3", "H", "H0", "M0L1", "Z", "Z0", "&F", "&F0", "E0V1Q0"])
    def test_usual_settings_are_taken(self, line: str) -> None:
        assert answer(modem(), line) == ["OK"]

    @pytest.mark.parametrize("line", ["X9", "&C7", "H5", "+IPR=77", "+IFC=9", "+IFC=1,1,1"])
    def test_values_that_are_none_are_refused(self, line: str) -> None:
        assert answer(modem(), line)[0] in ("ERROR", "+CME ERROR: 50")

    def test_three_pluses_and_an_escape_are_noise(self) -> None:
        assert say(modem(), "+++\x1b\x00AT\r") == OK

    def test_commands_are_chained_with_spaces_and_in_lower_case(self) -> None:
        assert answer(modem(), "e0 v1 +cgmi ; +cmee ?;&c1") == ["yinxin", "+CMEE: 1", "OK"]


class TestGeneral:
    @pytest.mark.parametrize(("form", "shown"), [("", "{imei}"), ("=0", "{imei}"), ("=1", '+CGSN: "{imei}"')])
    def test_the_imei_in_each_form(self, form: str, shown: str) -> None:
        engine = modem()
        assert answer(engine, f"+CGSN{form}") == [shown.format(imei=engine.equipment.imei), "OK"]

    def test_the_imei_with_its_software_version_has_sixteen_digits(self) -> None:
        engine = modem()
        assert answer(engine, "+CGSN=2")[0] == f'+CGSN: "{engine.equipment.imei[:14]}00"'

    def test_the_clock_can_be_set_with_an_offset_and_goes_on(self) -> None:
        engine = modem()
        assert answer(engine, '+CCLK="24/02/29,23:59:58+08"') == ["OK"]
        assert '+CCLK: "24/03/01,00:00:01+08"' in say(engine, "AT+CCLK?\r", NOW_S + 3)

    @pytest.mark.parametrize("moment", ["24/02/30,00:00:00", "24-02-28", "24/02/28,00:00:00+96", ""])
    def test_no_moment_is_no_clock(self, moment: str) -> None:
        assert answer(modem(), f'+CCLK="{moment}"') == ["+CME ERROR: 50"]

    def test_indicators_show_signal_service_and_messages(self) -> None:
        engine = modem()
        assert answer(engine, "+CIND?")[0] == "+CIND: 5,3,1,0,0,0,0"
        engine.equipment.rssi = None
        assert answer(engine, "+CIND?")[0] == "+CIND: 5,0,0,0,0,0,0"

    def test_restoring_the_settings_restores_those_that_only_one_command_knows(self) -> None:
        engine = modem()
        assert answer(engine, "+CSSN=1,1;+CSSN?")[0] == "+CSSN: 1,1"
        assert answer(engine, "Z;+CSSN?")[-2:] == ["+CSSN: 0,0", "OK"]


class TestRegistration:
    def test_creg_shows_the_cell_at_its_second_level(self) -> None:
        engine = modem()
        assert answer(engine, "+CREG?")[0] == "+CREG: 0,1"
        assert answer(engine, "+CREG=2;+CREG?")[0] == '+CREG: 2,1,"1A2B","0000C3D4",0'
        assert answer(engine, "+CGREG=2;+CGREG?")[0] == '+CGREG: 2,1,"1A2B","0000C3D4",0,"01"'
        assert answer(engine, "+CEREG=2;+CEREG?")[0] == "+CEREG: 2,0"

    def test_a_change_is_reported_with_the_cell(self) -> None:
        engine = modem()
        say(engine, "AT+CREG=2;+CFUN=4\r")
        assert say(engine, "AT+CFUN=1\r") == OK + '\r\n+CREG: 1,"1A2B","0000C3D4",0\r\n'

    @pytest.mark.parametrize(("shown", "name"), [(0, "yinxin"), (1, "yinxin"), (2, "46000")])
    def test_the_operator_in_each_format(self, shown: int, name: str) -> None:
        assert answer(modem(), f"+COPS=3,{shown};+COPS?") == [f'+COPS: 0,{shown},"{name}",0', "OK"]

    def test_the_operators_name_is_in_the_selected_character_set(self) -> None:
        assert answer(modem(), '+CSCS="UCS2";+COPS?')[0] == '+COPS: 0,0,"00790069006E00780069006E",0'
        assert answer(modem(), '+CSCS="UCS2";+COPS=3,2;+COPS?')[0] == '+COPS: 0,2,"46000",0'

    def test_operators_are_found_and_chosen_by_hand(self) -> None:
        engine = modem()
        assert answer(engine, "+COPS=?")[0] == '+COPS: (2,"yinxin","yinxin","46000",0),,(0-4),(0-2)'
        assert answer(engine, '+COPS=1,2,"46000";+COPS?')[0] == '+COPS: 1,2,"46000",0'
        assert answer(engine, '+COPS=1,2,"26201"') == ["+CME ERROR: 30"]
        assert answer(engine, "+COPS=2;+COPS?") == ["+COPS: 2", "OK"]

    def test_preferred_operators_are_kept(self) -> None:
        engine = modem()
        assert answer(engine, '+CPOL=1,2,"26201";+CPOL?') == ['+CPOL: 1,2,"26201"', "OK"]
        assert answer(engine, "+CPOL=1;+CPOL?") == ["OK"]
        assert answer(engine, '+CPOL=1,2,"nobody"') == ["+CME ERROR: 50"]

    def test_signal_is_shown_in_both_scales(self) -> None:
        engine = modem()
        assert answer(engine, "+CSQ")[0] == "+CSQ: 20,99"
        assert answer(engine, "+CESQ")[0] == "+CESQ: 38,99,255,255,255,255"
        engine.equipment.rssi = None
        assert answer(engine, "+CESQ")[0] == "+CESQ: 99,99,255,255,255,255"


class TestPackets:
    def test_contexts_are_defined_shown_and_undefined_but_never_active(self) -> None:
        engine = modem()
        assert answer(engine, '+CGDCONT=1,"IP","internet";+CGDCONT?')[0] == '+CGDCONT: 1,"IP","internet","",0,0'
        assert answer(engine, "+CGACT?") == ["+CGACT: 1,0", "OK"]
        assert answer(engine, "+CGACT=1,1") == ["+CME ERROR: 133"]
        assert answer(engine, "+CGDCONT=1;+CGDCONT?") == ["OK"]
        assert answer(engine, '+CGDCONT=1,"X25"') == ["+CME ERROR: 50"]

    def test_the_modem_is_attached_while_it_is_registered(self) -> None:
        engine = modem()
        assert answer(engine, "+CGATT?")[0] == "+CGATT: 1"
        assert answer(engine, "+CGATT=0;+CGATT?")[0] == "+CGATT: 0"
        engine.equipment.rssi = None
        assert answer(engine, "+CGATT=1") == ["+CME ERROR: 30"]


class TestCalls:
    @pytest.mark.parametrize("dialled", ["13900000002;", "+8613900000002;", "T139,0000;", "*99#", '>"SM" 1;', ">1;"])
    def test_a_call_is_not_put_through(self, dialled: str) -> None:
        assert say(modem(), f"ATD{dialled}\r") == "\r\nNO CARRIER\r\n"

    def test_the_number_of_no_carrier_is_three(self) -> None:
        assert say(modem(), "ATV0D112;\r") == "3\r"

    def test_a_dialled_number_is_the_first_of_the_last_dialled(self) -> None:
        engine = modem()
        for number in ("111", "222", "111"):
            say(engine, f"ATD{number};\r")
        assert answer(engine, '+CPBS="LD";+CPBR=1,9') == ['+CPBR: 1,"111",129,""', '+CPBR: 2,"222",129,""', "OK"]
        assert say(engine, "ATDL;\r") == "\r\nNO CARRIER\r\n"

    def test_what_cannot_be_dialled_is_refused(self) -> None:
        assert answer(modem(), "Dxyz;") == ["+CME ERROR: 27"]
        assert answer(modem(), "D" + "1" * 50 + ";") == ["+CME ERROR: 26"]

    def test_supplementary_services_are_shown_as_not_active(self) -> None:
        engine = modem()
        assert answer(engine, "+CLIP?")[0] == "+CLIP: 0,1"
        assert answer(engine, "+CLIR?")[0] == "+CLIR: 0,4"
        assert answer(engine, "+CCWA=1,2")[0] == "+CCWA: 0,7"
        assert answer(engine, "+CCWA?")[0] == "+CCWA: 1"
        assert answer(engine, "+CCFC=0,2")[0] == "+CCFC: 0,7"
        assert answer(engine, '+CCFC=0,3,"123"') == ["+CME ERROR: 133"]
        assert answer(engine, "+CLCC") == ["OK"]


class TestSecurity:
    def test_cpinr_counts_the_tries_that_are_left(self) -> None:
        engine = modem(pin="1234")
        say(engine, "AT+CPIN=9999\r")
        assert answer(engine, "+CPINR")[:2] == ["+CPINR: SIM PIN,2,3", "+CPINR: SIM PUK,10,10"]
        assert answer(engine, '+CPINR="SIM PIN2"') == ["+CPINR: SIM PIN2,3,3", "OK"]
        assert answer(engine, '+CPINR="SIM"') == ["+CME ERROR: 50"]

    def test_fixed_dialling_wants_pin2(self) -> None:
        engine = modem()
        assert answer(engine, '+CPBS="FD";+CPBW=1,"110",129,"x"') == ["+CME ERROR: 17"]
        assert answer(engine, "+CPIN?")[0] == "+CPIN: SIM PIN2"
        assert answer(engine, "+CPIN=9999") == ["+CME ERROR: 16"]
        assert answer(engine, "+CPIN=0000") == ["OK"]
        assert answer(engine, '+CPIN?;+CPBW=1,"110",129,"x"') == ["+CPIN: READY", "OK"]
        assert answer(engine, '+CLCK="FD",1,"0000";+CLCK="FD",2') == ["+CLCK: 1", "OK"]

    def test_three_wrong_pin2_want_puk2(self) -> None:
        engine = modem()
        answers = [answer(engine, '+CPWD="P2","9999","1111"')[0] for _ in range(4)]
        assert answers == ["+CME ERROR: 16"] * 2 + ["+CME ERROR: 18"] * 2

    def test_locks_that_are_not_set_can_be_asked_for(self) -> None:
        engine = modem()
        assert answer(engine, '+CLCK="PN",2') == ["+CLCK: 0", "OK"]
        assert answer(engine, '+CLCK="AO",2') == ["+CLCK: 0,7", "OK"]
        assert answer(engine, '+CLCK="PN",1,"1234"') == ["+CME ERROR: 3"]
        assert answer(engine, '+CLCK="ZZ",2') == ["+CME ERROR: 4"]

    def test_identity_of_the_sim(self) -> None:
        engine = modem(pin="1234")
        iccid = engine.equipment.sim.iccid
        assert answer(engine, "+CCID") == [f"+CCID: {iccid}", "OK"]
        assert answer(engine, "+ICCID?") == [f"+ICCID: {iccid}", "OK"]
        say(engine, "AT+CPIN=1234\r")
        assert answer(engine, "+CIMI") == [IMSI, "OK"]


class TestPhonebooks:
    def test_records_are_written_found_and_erased(self) -> None:
        engine = modem()
        assert answer(engine, '+CPBW=,"110",129,"Anna"') == ["OK"]
        assert answer(engine, '+CPBW=,"+8611",145,"bernd"') == ["OK"]
        assert answer(engine, '+CPBF="an"') == ['+CPBF: 1,"110",129,"Anna"', "OK"]
        assert answer(engine, '+CPBF="nobody"') == ["+CME ERROR: 22"]
        assert answer(engine, "+CPBW=1;+CPBR=1,2") == ['+CPBR: 2,"+8611",145,"bernd"', "OK"]
        assert answer(engine, "+CPBR=1") == ["+CME ERROR: 22"]
        assert answer(engine, "+CPBR=0") == ["+CME ERROR: 21"]

    def test_names_are_in_the_selected_character_set(self) -> None:
        engine = modem()
        assert answer(engine, '+CSCS="UCS2";+CPBW=1,"110",129,"4F60597D"') == ["OK"]
        assert answer(engine, "+CPBR=1")[0] == '+CPBR: 1,"110",129,"4F60597D"'
        assert answer(engine, '+CSCS="IRA";+CPBR=1')[0] == '+CPBR: 1,"110",129,"??"'
        assert answer(engine, '+CSCS="UCS2";+CPBW=1,"110",129,"xyz"') == ["+CME ERROR: 25"]

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ('+CPBW=1,"1x0",129,"a"', 27),
            (f'+CPBW=1,"{"1" * 21}",129,"a"', 26),
            (f'+CPBW=1,"110",129,"{"a" * 21}"', 24),
            ('+CPBW=999,"110"', 21),
            ('+CPBS="XX"', 4),
            ('+CPBS="EN";+CPBW=1,"110"', 3),
        ],
    )
    def test_what_does_not_fit_is_refused_by_its_number(self, line: str, code: int) -> None:
        assert answer(modem(), line) == [f"+CME ERROR: {code}"]

    def test_the_emergency_number_is_there_and_other_books_are_empty(self) -> None:
        engine = modem()
        assert answer(engine, '+CPBS="EN";+CPBR=1')[0] == '+CPBR: 1,"112",129,""'
        for book in ("ME", "MC", "RC", "DC", "SM"):
            assert answer(engine, f'+CPBS="{book}";+CPBS?')[0].startswith(f'+CPBS: "{book}",0,')

    def test_an_unsupported_command_is_said_in_the_words_of_the_make(self) -> None:
        profile = Profile()
        engine = modem(replace(profile, errors=Errors(unsupported="COMMAND NOT SUPPORT")))
        assert answer(engine, "+ZPAS?") == ["COMMAND NOT SUPPORT"]
        say(engine, "AT+CMEE=0\r")
        assert say(modem(), "AT+CMEE=0;+ZPAS?\r") == ERROR
