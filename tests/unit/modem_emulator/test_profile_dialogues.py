"""What each make of modem is known for, by dialogue with the engine: no port, the clock passed in."""

from random import Random

import pytest

from gsm.pdu import Deliver, UserData, encode_deliver
from modem_emulator import profiles
from modem_emulator.engine import Engine
from modem_emulator.equipment import Action, Equipment, Write
from modem_emulator.faults import Plan
from modem_emulator.sim import Sim
from modem_emulator.store import MemoryStore

NOW_S = 1_700_000_000.0
IMSI, MSISDN, ICCID = "460001234567890", "+8613900000001", "8986001234567890123"
SECONDS_MAX = 60.0
# From when on every make has said what it says at its start.
STARTED_S = 10.0


class Modem:
    """One modem on a desk, switched on; time passes only as a test lets it."""

    def __init__(self, name: str, pin: str | None = None) -> None:
        sim = Sim(imsi=IMSI, msisdn=MSISDN, store=MemoryStore(), pin=pin, iccid=ICCID)
        profile = profiles.load(name)
        imei = profile.identity.type_allocation_code + "1234560"
        self.engine = Engine(Equipment(sim, "+8613800100500", imei=imei, profile=profile), Plan(Random(1)))
        self.now_s = NOW_S
        self.said: list[tuple[float, str]] = []
        self._keep(self.engine.power_on(self.now_s))

    def pass_time(self, until_s: float) -> list[tuple[float, str]]:
        """Let the clock run until so many seconds after the start; what is said meanwhile, with its second."""
        while (due_s := self.engine.next_due_s) is not None and due_s <= NOW_S + until_s:
            self.now_s = max(self.now_s, due_s)
            self._keep(self.engine.tick(self.now_s))
        self.now_s = NOW_S + until_s
        said, self.said = self.said, []
        return said

    def ask(self, line: str) -> list[str]:
        """Type a line and wait for its result; what comes until then, without echo."""
        self.said.clear()
        self._keep(self.engine.receive(line.encode() + b"\r", self.now_s))
        began_s = self.now_s
        while self.engine.busy and self.now_s - began_s < SECONDS_MAX:
            due_s = self.engine.next_due_s
            assert due_s is not None, "nothing will ever end this command"
            self.now_s = max(self.now_s, due_s)
            self._keep(self.engine.tick(self.now_s))
        said, self.said = self.said, []
        return [text for _, text in said if text != line]

    def receive_message(self, text: str) -> list[str]:
        """Let a message come; what the modem says of it."""
        self.said.clear()
        self._keep(self.engine.deliver(encode_deliver(Deliver("+8613900000002", UserData.of_text(text))), self.now_s))
        said, self.said = self.said, []
        return [text for _, text in said]

    def _keep(self, actions: list[Action]) -> None:
        octets = b"".join(action.data for action in actions if isinstance(action, Write)).decode("latin-1")
        lines = [line.strip("\r") for line in octets.split("\r\n")]
        self.said += [(round(self.now_s - NOW_S, 3), line) for line in lines if line.strip()]


def started(name: str, pin: str | None = None) -> Modem:
    modem = Modem(name, pin)
    modem.pass_time(STARTED_S)
    return modem


def quiet(name: str) -> Modem:
    """One that says nothing by itself any more, as far as that can be had."""
    modem = started(name)
    for command in ("AT^CURC=0", "AT^BOOT=0,0", "AT+CPMS?"):
        modem.ask(command)
    return modem


class TestIdentity:
    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            (
                "huawei-e173",
                "Manufacturer: huawei|Model: E173|Revision: 11.126.83.00.00|IMEI: 352215041234560"
                "|+GCAP: +CGSM,+DS,+ES|OK",
            ),
            (
                "huawei-e3372",
                "Manufacturer: huawei|Model: E3372|Revision: 21.200.07.00.00|IMEI: 866785031234560"
                "|+GCAP: +CGSM,+DS,+ES|OK",
            ),
            ("sim800l", "SIM800 R14.18|OK"),
            (
                "sim7600",
                "Manufacturer: SIMCOM INCORPORATED|Model: SIMCOM_SIM7600G-H|Revision: SIM7600G_V2.0.2"
                "|IMEI: 862636051234560|+GCAP: +CGSM|OK",
            ),
            ("quectel-ec25", "Quectel|EC25|Revision: EC25EFAR06A03M4G|OK"),
            (
                "zte-k3565-z",
                "Manufacturer: ZTE INCORPORATED|Model: K3565-Z|Revision: BD_P673A2V1.0.0B09|IMEI: 353817021234560"
                "|+GCAP: +CGSM,+DS,+ES|OK",
            ),
            (
                "sierra-mc7455",
                "Manufacturer: Sierra Wireless, Incorporated|Model: MC7455"
                "|Revision: SWI9X30C_02.33.03.00 r8209 CARMD-EV-FRMWR2 2019/08/28 20:59:30|IMEI: 359072061234560"
                "|IMEI SV: 20|FSN: LQ700000000000|+GCAP: +CGSM|OK",
            ),
            ("nokia", "Nokia|OK"),
        ],
    )
    def test_ati_has_the_shape_of_its_make(self, name: str, answer: str) -> None:
        assert quiet(name).ask("ATI") == answer.split("|")

    @pytest.mark.parametrize(
        ("name", "names"),
        [
            ("huawei-e173", ["huawei", "E173", "11.126.83.00.00"]),
            ("sim800l", ["SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B05SIM800L24"]),
            ("sim7600", ["SIMCOM INCORPORATED", "SIMCOM_SIM7600G-H", "+CGMR: LE20B04SIM7600G22"]),
            ("quectel-ec25", ["Quectel", "EC25", "EC25EFAR06A03M4G"]),
            ("nokia", ["Nokia", "Nokia N79", "V ICPR72_08w44.1"]),
        ],
    )
    def test_manufacturer_model_and_revision_are_asked_one_by_one(self, name: str, names: list[str]) -> None:
        modem = quiet(name)
        assert [modem.ask(f"AT+CGM{letter}")[0] for letter in "IMR"] == names

    @pytest.mark.parametrize(
        ("name", "command", "answer"),
        [
            ("huawei-e173", "AT^ICCID?", [f"^ICCID: {ICCID}", "OK"]),
            ("huawei-e3372", "AT^ICCID?", [f"^ICCID: {ICCID}", "OK"]),
            ("sim800l", "AT+CCID", [f"{ICCID}f", "OK"]),
            ("sim7600", "AT+CICCID", [f"+ICCID: {ICCID}", "OK"]),
            ("quectel-ec25", "AT+QCCID", [f"+QCCID: {ICCID}", "OK"]),
        ],
    )
    def test_the_sim_s_number_is_asked_in_the_way_of_the_make(self, name: str, command: str, answer: list[str]) -> None:
        assert quiet(name).ask(command) == answer


class TestStart:
    @pytest.mark.parametrize(
        ("name", "lines"),
        [
            ("huawei-e173", [(2.0, "^SIMST:1"), (2.5, "^SRVST:0"), (4.0, "^SRVST:2"), (5.0, "^MODE:5,4")]),
            ("huawei-e3372", [(2.0, "^SIMST:1"), (4.0, "^SRVST:2"), (4.5, "^EONS:0")]),
            (
                "sim800l",
                [(3.0, "RDY"), (3.2, "+CFUN: 1"), (5.0, "+CPIN: READY"), (7.0, "Call Ready"), (7.5, "SMS Ready")],
            ),
            ("sim7600", [(3.0, "RDY"), (4.0, "+CPIN: READY"), (5.5, "SMS DONE"), (6.5, "PB DONE")]),
            (
                "quectel-ec25",
                [
                    (2.0, "RDY"),
                    (2.5, "+CFUN: 1"),
                    (4.0, "+CPIN: READY"),
                    (4.1, "+QUSIM: 1"),
                    (5.5, "+QIND: SMS DONE"),
                    (6.5, "+QIND: PB DONE"),
                ],
            ),
            (
                "zte-k3565-z",
                [
                    (2.0, '+ZDONR: "Not Found"'),
                    (2.1, '+ZPASR: "Limited Service"'),
                    (4.0, '+ZDONR: "yinxin",460,00,"CS_PS","ROAM_OFF"'),
                    (4.1, '+ZPASR: "UMTS"'),
                ],
            ),
            ("sierra-mc7455", []),
            ("nokia", []),
        ],
    )
    def test_each_line_comes_at_its_time(self, name: str, lines: list[tuple[float, str]]) -> None:
        said = Modem(name).pass_time(STARTED_S)
        periodic = ("^RSSI", "^HCSQ", "^BOOT", "+ZUSIMR")
        assert [line for line in said if not line[1].startswith(periodic)] == lines

    @pytest.mark.parametrize("name", ["sim800l", "sim7600", "quectel-ec25"])
    def test_a_locked_sim_is_said_to_be_locked_and_the_rest_follows_the_pin(self, name: str) -> None:
        modem = Modem(name, pin="1234")
        said = [text for _, text in modem.pass_time(STARTED_S)]
        assert "+CPIN: SIM PIN" in said
        assert "+CPIN: READY" not in said
        after = modem.ask('AT+CPIN="1234"') + [text for _, text in modem.pass_time(STARTED_S + 5.0)]
        assert after[:2] == ["OK", "+CPIN: READY"]
        assert after[-1] in ("SMS Ready", "PB DONE", "+QIND: PB DONE")

    @pytest.mark.parametrize("name", [name for name in profiles.names() if name != "generic"])
    def test_a_modem_that_starts_is_deaf_at_first(self, name: str) -> None:
        modem = Modem(name)
        silent_s = modem.engine.equipment.profile.boot.silent_s
        if silent_s:
            modem.pass_time(silent_s / 2)
            assert modem.engine.receive(b"AT\r", modem.now_s) == []
        modem.pass_time(STARTED_S)
        assert modem.ask("AT")[-1] == "OK"


class TestRestart:
    def test_cfun_with_reset_ends_with_ok_and_the_modem_starts_as_after_power_on(self) -> None:
        modem = started("quectel-ec25")
        modem.ask("ATE0")
        assert modem.ask("AT+CFUN=1,1") == ["OK"]
        restarted_s = modem.now_s - NOW_S
        said = modem.pass_time(restarted_s + 10.0)
        assert [text for _, text in said][:3] == ["RDY", "+CFUN: 1", "+CPIN: READY"]
        assert said[0][0] == round(restarted_s + 2.0, 3)
        assert modem.ask("ATE0") == ["OK"]

    def test_it_forgets_what_was_set_and_that_the_pin_was_entered(self) -> None:
        modem = started("generic", pin="1234")
        modem.ask("AT+CPIN=1234")
        modem.ask("AT+CMEE=2;+CFUN=1,1")
        assert modem.ask("AT+CMEE?") == ["+CMEE: 0", "OK"]
        assert modem.ask("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]

    def test_it_starts_with_the_functionality_that_was_asked_for(self) -> None:
        modem = started("quectel-ec25")
        modem.ask("AT+CFUN=4,1")
        modem.pass_time(60.0)
        assert modem.ask("AT+CFUN?;+CREG?") == ["+CFUN: 4", "+CREG: 0,0", "OK"]

    def test_a_command_behind_it_in_the_line_is_still_carried_out(self) -> None:
        assert started("generic").ask("AT+CFUN=1,1;+CGMM") == ["emulated modem", "OK"]

    def test_a_line_that_fails_behind_it_restarts_nothing(self) -> None:
        modem = started("generic")
        assert modem.ask("AT+CMEE=1;+CFUN=1,1;+NONSENSE")[-1].startswith("+CME ERROR")
        assert modem.ask("AT") == ["OK"]
        assert modem.ask("AT+CMEE?") == ["+CMEE: 1", "OK"]


class TestUnasked:
    def test_a_huawei_tells_its_signal_again_and_again(self) -> None:
        said = started("huawei-e173").pass_time(30.0)
        assert [at_s for at_s, text in said if text == "^RSSI:20"] == [12.0, 18.0, 24.0, 30.0]

    def test_curc_ends_the_signal_and_a_boot_of_one_s_own_ends_the_boot_lines(self) -> None:
        modem = started("huawei-e173")
        modem.ask("AT^CURC=0")
        assert {text for _, text in modem.pass_time(70.0)} == {"^BOOT:27710117,0,0,0,75"}
        modem.ask("AT^BOOT=27710117,0")
        assert modem.pass_time(200.0) == []

    def test_switching_reports_on_does_not_end_them(self) -> None:
        modem = started("huawei-e173")
        modem.ask("AT^CURC=1")
        assert "^RSSI:20" in {text for _, text in modem.pass_time(30.0)}

    def test_a_zte_floods_until_its_storages_are_asked_for(self) -> None:
        modem = started("zte-k3565-z")
        assert [text for _, text in modem.pass_time(20.0)] == ["+ZUSIMR:2"] * 5
        modem.ask("AT+CPMS?")
        assert modem.pass_time(60.0) == []

    def test_a_zte_floods_on_when_the_question_is_refused(self) -> None:
        modem = started("zte-k3565-z", pin="1234")
        assert modem.ask("AT+CPMS?")[-1] == "+CMS ERROR: (U)SIM PIN required"
        assert "+ZUSIMR:2" in {text for _, text in modem.pass_time(20.0)}

    @pytest.mark.parametrize(
        ("name", "due_s", "line"), [("huawei-e173", 12.0, "^RSSI:20"), ("zte-k3565-z", 12.0, "+ZUSIMR:2")]
    )
    def test_a_line_comes_between_a_command_and_its_answer(self, name: str, due_s: float, line: str) -> None:
        modem = started(name)
        modem.pass_time(due_s - 0.01)
        assert modem.ask("AT+CIMI") == [line, IMSI, "OK"]

    def test_a_modem_of_better_manners_keeps_its_line_until_the_answer_is_out(self) -> None:
        modem = Modem("quectel-ec25")
        modem.pass_time(5.495)
        assert modem.ask("AT+CGMM") == ["EC25", "OK", "+QIND: SMS DONE"]

    @pytest.mark.parametrize("name", ["sim800l", "sim7600", "quectel-ec25", "sierra-mc7455", "nokia"])
    def test_the_others_are_silent_once_they_have_started(self, name: str) -> None:
        assert started(name).pass_time(300.0) == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "command", "answer"),
        [
            ("huawei-e173", "AT+WIND?", "COMMAND NOT SUPPORT"),
            ("huawei-e173", "AT+CCID", "COMMAND NOT SUPPORT"),
            ("huawei-e3372", "AT+SYNCML=?", "ERROR"),
            ("sim800l", "AT+CLAC", "ERROR"),
            ("sim7600", "AT+CPROT=?", "ERROR"),
            ("quectel-ec25", "AT+MODE=2", "ERROR"),
            ("quectel-ec25", "AT+CCID", "ERROR"),
            ("zte-k3565-z", "AT+WIND?", "ERROR"),
            ("sierra-mc7455", "AT!SELRAT=06", "ERROR"),
            ("nokia", "AT+CLAC", "ERROR"),
        ],
    )
    def test_what_the_make_does_not_know_is_refused_in_its_words(self, name: str, command: str, answer: str) -> None:
        assert quiet(name).ask(command) == [answer]

    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("huawei-e173", "ERROR"),
            ("sim800l", "ERROR"),
            ("sim7600", "+CME ERROR: SIM PIN required"),
            ("quectel-ec25", "+CME ERROR: 11"),
            ("zte-k3565-z", "+CME ERROR: SIM PIN required"),
            ("sierra-mc7455", "ERROR"),
        ],
    )
    def test_errors_are_said_at_first_as_the_make_has_them(self, name: str, answer: str) -> None:
        assert started(name, pin="1234").ask("AT+CIMI") == [answer]


class TestOwnNumber:
    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("generic", '+CNUM: "","+8613900000001",145'),
            ("huawei-e173", '+CNUM: "","+8613900000001",145'),
            ("sim800l", '+CNUM: "","+8613900000001",145,0,4'),
            ("quectel-ec25", '+CNUM: ,"+8613900000001",145'),
        ],
    )
    def test_it_is_shown_in_the_shape_of_the_make(self, name: str, line: str) -> None:
        assert quiet(name).ask("AT+CNUM") == [line, "OK"]


class TestStorages:
    @pytest.mark.parametrize(
        ("name", "possible", "chosen"),
        [
            (
                "huawei-e173",
                '("ME","MT","SM","SR"),("ME","MT","SM","SR"),("ME","MT","SM","SR")',
                '"SM",0,50,"SM",0,50,"SM",0,50',
            ),
            ("huawei-e3372", '("SM","ME"),("SM","ME"),("SM","ME")', '"SM",0,50,"SM",0,50,"SM",0,50'),
            ("sim800l", '("SM","ME","MT"),("SM","ME","MT"),("SM","ME","MT")', '"SM",0,50,"SM",0,50,"SM",0,50'),
            ("sim7600", '("ME","MT","SM","SR"),("ME","MT","SM"),("ME","SM")', '"SM",0,50,"SM",0,50,"SM",0,50'),
            (
                "quectel-ec25",
                '("SM","ME","MT","SR"),("SM","ME","MT","SR"),("SM","ME","MT","SR")',
                '"ME",0,255,"ME",0,255,"ME",0,255',
            ),
            (
                "zte-k3565-z",
                '("ME","MT","SM","SR"),("ME","MT","SM","SR"),("ME","MT","SM","SR")',
                '"ME",0,100,"ME",0,100,"ME",0,100',
            ),
            ("nokia", '("ME","SM"),("ME","SM"),("MT")', '"SM",0,50,"SM",0,50,"MT",0,150'),
        ],
    )
    def test_each_make_has_its_own(self, name: str, possible: str, chosen: str) -> None:
        modem = quiet(name)
        assert modem.ask("AT+CPMS=?") == [f"+CPMS: {possible}", "OK"]
        assert modem.ask("AT+CPMS?") == [f"+CPMS: {chosen}", "OK"]

    def test_a_huawei_has_few_slots_of_its_own(self) -> None:
        assert quiet("huawei-e173").ask('AT+CPMS="ME","ME"') == ["+CPMS: 0,23,0,23,0,50", "OK"]

    def test_a_phone_without_status_report_storage_refuses_it(self) -> None:
        assert quiet("nokia").ask('AT+CPMS="SM","SM","SR"')[-1].startswith("+CMS ERROR")

    @pytest.mark.parametrize(
        ("name", "announced"),
        [("huawei-e173", '"SM",1'), ("sim800l", '"SM",1'), ("quectel-ec25", '"ME",0'), ("zte-k3565-z", '"ME",1')],
    )
    def test_a_message_comes_to_the_storage_of_the_make(self, name: str, announced: str) -> None:
        modem = quiet(name)
        modem.ask("AT+CNMI=2,1")
        assert modem.receive_message("hello") == [f"+CMTI: {announced}"]

    def test_a_quectel_numbers_its_slots_from_zero_and_those_of_the_sim_too(self) -> None:
        modem = quiet("quectel-ec25")
        modem.receive_message("first")
        modem.receive_message("second")
        assert modem.ask("AT+CMGF=1;+CMGR=0")[1:] == ["first", "OK"]
        assert modem.ask("AT+CMGD=?") == ["+CMGD: (0,1),(0-4)", "OK"]
        assert modem.ask("AT+CMGD=0") == ["OK"]
        assert modem.ask("AT+CMGR=1")[1:] == ["second", "OK"]
        modem.ask('AT+CPMS="SM","SM","SM"')
        assert modem.receive_message("third") == ['+CMTI: "SM",0']
        modem.ask('AT+CPMS="MT"')
        # MT is SM, 0 to 49, and behind it ME.
        assert modem.ask("AT+CMGR=51")[1:] == ["second", "OK"]

    def test_there_is_no_slot_behind_the_last(self) -> None:
        modem = quiet("quectel-ec25")
        assert modem.ask("AT+CMGD=254") == ["OK"]
        assert modem.ask("AT+CMGD=255") == ["+CMS ERROR: 321"]


class TestIndications:
    @pytest.mark.parametrize(
        ("name", "possible", "at_first"),
        [
            ("huawei-e173", "(0-2),(0-3),(0,2),(0-2),(0,1)", "0,0,0,0,0"),
            ("sim800l", "(0-3),(0-3),(0,2),(0,1),(0,1)", "2,1,0,0,0"),
            ("sim7600", "(0-2),(0-3),(0,2),(0-2),(0,1)", "2,1,0,0,0"),
            ("quectel-ec25", "(0-2),(0-3),(0,2),(0-2),(0,1)", "2,1,0,0,0"),
        ],
    )
    def test_each_make_takes_its_own_and_has_some_at_first(self, name: str, possible: str, at_first: str) -> None:
        modem = quiet(name)
        assert modem.ask("AT+CNMI=?") == [f"+CNMI: {possible}", "OK"]
        assert modem.ask("AT+CNMI?") == [f"+CNMI: {at_first}", "OK"]

    def test_a_value_that_the_make_does_not_have_is_refused(self) -> None:
        assert quiet("huawei-e173").ask("AT+CNMI=3,1") == ["ERROR"]
        assert quiet("sim800l").ask("AT+CNMI=2,1,0,2") == ["ERROR"]

    @pytest.mark.parametrize("command", ["AT+CNMI=?", "AT+CNMI?", "AT+CNMI=2,1,0,2"])
    def test_a_nokia_knows_nothing_of_it(self, command: str) -> None:
        assert quiet("nokia").ask(command) == ["ERROR"]

    def test_a_nokia_tells_nobody_of_a_message_and_lists_it_when_asked(self) -> None:
        modem = quiet("nokia")
        assert modem.receive_message("hello") == []
        assert modem.pass_time(60.0) == []
        modem.ask("AT+CMGF=1")
        assert modem.ask('AT+CMGL="ALL"')[1:] == ["hello", "OK"]


class TestCharacterSets:
    @pytest.mark.parametrize(
        ("name", "known", "at_first"),
        [
            ("generic", '("GSM","IRA","UCS2","HEX","8859-1")', "GSM"),
            ("huawei-e173", '("IRA","UCS2","GSM")', "IRA"),
            ("sim800l", '("IRA","GSM","UCS2","HEX","8859-1")', "IRA"),
            ("quectel-ec25", '("GSM","IRA","UCS2")', "GSM"),
        ],
    )
    def test_each_make_has_its_sets_in_its_order(self, name: str, known: str, at_first: str) -> None:
        modem = quiet(name)
        assert modem.ask("AT+CSCS=?") == [f"+CSCS: {known}", "OK"]
        assert modem.ask("AT+CSCS?") == [f'+CSCS: "{at_first}"', "OK"]

    def test_a_set_that_the_make_does_not_have_is_refused(self) -> None:
        modem = quiet("huawei-e173")
        assert modem.ask('AT+CSCS="HEX"') == ["ERROR"]
        assert modem.ask('AT+CSCS="UCS2"') == ["OK"]


class TestOwnCommands:
    @pytest.mark.parametrize(
        ("name", "command", "first"),
        [
            ("huawei-e173", "AT^SYSINFO", "^SYSINFO:2,3,0,5,1,,4"),
            ("huawei-e173", "AT^CPIN?", "^CPIN: READY,,10,3,10,3"),
            ("huawei-e3372", "AT^HCSQ?", '^HCSQ:"LTE",53,45,181,18'),
            ("huawei-e3372", "AT^VERSION?", "^VERSION:BDT:Sep 30 2014, 15:17:21"),
            ("sim800l", "AT+GOI", "SIM800"),
            ("sim7600", "AT+CPSI?", "+CPSI: LTE,Online,460-00,0x774B,126375687,303,EUTRAN-BAND1,100,5,0,12,36,42,5"),
            ("quectel-ec25", "AT+QSIMSTAT?", "+QSIMSTAT: 0,1"),
            ("quectel-ec25", "AT+QNWINFO", '+QNWINFO: "FDD LTE","46000","LTE BAND 3",1650'),
            ("zte-k3565-z", "AT+ZPAS?", '+BEARTYPE: "UMTS","CS_PS"'),
            ("zte-k3565-z", "AT+ZSNT?", "+ZSNT: 0,0,0"),
            ("sierra-mc7455", "AT!GSTATUS?", "!GSTATUS: "),
        ],
    )
    def test_a_command_of_the_make_is_answered(self, name: str, command: str, first: str) -> None:
        answer = quiet(name).ask(command)
        assert (answer[0], answer[-1]) == (first, "OK")

    def test_what_stands_for_the_modem_s_state_is_filled_in(self) -> None:
        answer = quiet("huawei-e3372").ask("AT^VERSION?")
        assert "^VERSION:EXTS:21.200.07.00.00" in answer
        assert [line for name in profiles.names() for line in quiet(name).ask("ATI") if "{" in line] == []


class TestTimings:
    def test_a_search_for_networks_takes_its_time(self) -> None:
        modem = started("quectel-ec25")
        assert modem.ask("AT+COPS=?")[-1] == "OK"
        assert modem.now_s == NOW_S + STARTED_S + 30.0

    def test_any_other_answer_takes_hundredths_of_a_second(self) -> None:
        modem = started("quectel-ec25")
        modem.ask("AT+CSQ")
        assert modem.now_s == NOW_S + STARTED_S + 0.01
