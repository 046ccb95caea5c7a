"""Message storages, indications and acknowledgement by dialogue (TS 27.005)."""

from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Deliver, Element, StatusReport, Submit, UserData
from modem_emulator.emulator import Emulator, Phone, WriteToPort
from modem_emulator.engine import Engine
from modem_emulator.equipment import Acknowledge, MemoryAvailable, Reject, SubmitCommand
from modem_emulator.equipment import Submit as SubmitAction
from modem_emulator.profile import Indications, Profile, Storage
from modem_emulator.reception import ACKNOWLEDGEMENT_S_MAX
from modem_emulator.store import MemoryStore
from tests.unit.modem_emulator.dialogue import NOW_S, OK, SMSC, answer, message, modem, say, written

REPORT = pdu.encode_status_report(StatusReport(7, "+8613900000002", None, None, 0))


def deliver(engine: Engine, tpdu: bytes, now_s: float = NOW_S) -> list:
    return engine.deliver(tpdu, now_s)


def commands(actions: list) -> list[pdu.Command]:
    return [action.command for action in actions if isinstance(action, SubmitCommand)]


class TestStorages:
    def test_counts_are_told_for_each_storage(self) -> None:
        engine = modem()
        deliver(engine, message())
        assert answer(engine, "+CPMS?") == ['+CPMS: "SM",1,10,"SM",1,10,"SM",1,10', "OK"]
        assert answer(engine, '+CPMS="ME","SM","ME"') == ["+CPMS: 0,100,1,10,0,100", "OK"]
        assert answer(engine, "+CPMS=?")[0] == '+CPMS: ("SM","ME","MT"),("SM","ME"),("SM","ME")'

    def test_commands_after_the_choice_of_a_storage_are_carried_out(self) -> None:
        engine = modem()
        assert answer(engine, '+CPMS="SM","SM","SM";+CMGF=1;+CMGF?') == ["+CPMS: 0,10,0,10,0,10", "+CMGF: 1", "OK"]

    def test_a_message_is_announced_and_read_where_it_lies(self) -> None:
        engine = modem()
        say(engine, 'AT+CPMS="SM","SM","ME";+CNMI=2,1\r')
        assert '+CMTI: "ME",1' in written(deliver(engine, message("in the modem")))
        assert answer(engine, "+CMGR=1") == ["+CMS ERROR: 321"]
        assert len(answer(engine, '+CPMS="ME";+CMGR=1')) == 4

    def test_the_sim_and_the_modem_are_one_storage_too(self) -> None:
        engine = modem(slots=2)
        for storage in ("SM", "SM", "ME"):
            say(engine, f'AT+CPMS="SM","SM","{storage}"\r')
            deliver(engine, message())
        assert answer(engine, '+CPMS="MT"')[0] == "+CPMS: 3,102,2,2,1,100"
        assert [line for line in answer(engine, "+CMGL=4") if line.startswith("+CMGL")] == [
            f"+CMGL: {index},0,,{len(message())}" for index in (1, 2, 3)
        ]
        assert answer(engine, "+CMGD=3;+CPMS?")[0] == '+CPMS: "MT",2,102,"SM",2,2,"ME",0,100'

    def test_a_storage_that_the_make_has_not_is_refused(self) -> None:
        own = Storage(slots={"SM": 50}, reading=("SM",), writing=("SM",), receiving=("SM",))
        engine = modem(Profile(storage=own))
        assert answer(engine, '+CPMS="ME"') == ["+CMS ERROR: 303"]
        assert answer(engine, "+CPMS=?")[0] == '+CPMS: ("SM"),("SM"),("SM")'

    def test_a_full_storage_is_full_alone(self) -> None:
        engine = modem(slots=1)
        deliver(engine, message())
        assert deliver(engine, message()) == [Reject(22)]
        say(engine, 'AT+CPMS="SM","SM","ME"\r')
        assert Acknowledge() in deliver(engine, message())
        assert MemoryAvailable() in engine.receive(b"AT+CMGD=1\r", NOW_S)
        assert answer(engine, '+CPMS="SM","SM","SM"')[-1] == "OK"

    def test_writing_to_a_full_storage_is_its_error(self) -> None:
        engine = modem(slots=1)
        deliver(engine, message())
        tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("later")))
        say(engine, f"AT+CMGW={len(tpdu)}\r")
        assert say(engine, pdu.to_hex(tpdu) + "\x1a") == "\r\n+CMS ERROR: 322\r\n"

    def test_a_class_2_message_goes_to_the_sim_and_others_where_cpms_says(self) -> None:
        engine = modem()
        say(engine, 'AT+CPMS="SM","SM","ME";+CNMI=2,2\r')
        assert '+CMTI: "SM",1' in written(deliver(engine, message(dcs=0xF2)))
        assert "+CMT: " in written(deliver(engine, message(dcs=0xF1)))

    def test_deleting_by_status(self) -> None:
        engine = modem()
        for _ in range(3):
            deliver(engine, message())
        say(engine, "AT+CMGR=2\r")
        assert answer(engine, "+CMGD=0,1;+CMGD=?") == ["+CMGD: (1,3),(0-4)", "OK"]
        assert answer(engine, "+CMGD=0,4;+CMGD=?") == ["+CMGD: (),(0-4)", "OK"]

    def test_a_replacing_message_takes_the_place_of_the_one_before(self) -> None:
        engine = modem()
        for text in ("old", "new"):
            deliver(engine, pdu.encode_deliver(Deliver("+8613900000002", UserData.of_text(text), protocol_id=0x41)))
        deliver(engine, pdu.encode_deliver(Deliver("+8613900000003", UserData.of_text("else"), protocol_id=0x41)))
        assert answer(engine, "+CMGF=1;+CMGL=ALL")[1::2] == ["new", "else"]


class TestIndications:
    def test_a_status_report_lies_in_a_storage_of_its_own_where_there_is_one(self) -> None:
        own = Storage(slots={"SM": 50, "ME": 10, "SR": 5}, reading=("SM", "ME", "SR"))
        engine = modem(Profile(storage=own))
        say(engine, "AT+CNMI=2,1,0,2\r")
        assert written(deliver(engine, REPORT)) == '\r\n+CDSI: "SR",1\r\n'
        assert answer(engine, '+CPMS="SR";+CMGR=1')[1].startswith("+CMGR: 0,,")
        say(engine, "AT+CMGF=1\r")
        assert answer(engine, "+CMGL=ALL")[0].startswith('+CMGL: 1,"REC READ",6,7,"+8613900000002",145,')

    def test_without_storage_for_reports_they_lie_among_the_messages(self) -> None:
        engine = modem()
        say(engine, "AT+CNMI=2,1,0,2\r")
        assert written(deliver(engine, REPORT)) == '\r\n+CDSI: "SM",1\r\n'

    @pytest.mark.parametrize(("mt", "shown"), [(0, ""), (1, "+CMT: "), (2, "+CMT: "), (3, "+CMT: ")])
    def test_a_flash_message_is_shown_when_messages_are_and_never_stored(self, mt: int, shown: str) -> None:
        engine = modem()
        say(engine, f"AT+CNMI=2,{mt}\r")
        actions = deliver(engine, message(dcs=0xF0))
        assert Acknowledge() in actions
        assert shown in written(actions)
        assert bool(shown) == bool(written(actions))
        assert '"SM",0,10' in answer(engine, "+CPMS?")[0]

    def test_class_3_alone_is_shown_at_mt_3(self) -> None:
        engine = modem()
        say(engine, "AT+CNMI=2,3\r")
        assert "+CMT: " in written(deliver(engine, message(dcs=0xF3)))
        assert "+CMTI: " in written(deliver(engine, message()))

    def test_a_silent_message_leaves_no_trace(self) -> None:
        engine = modem()
        say(engine, "AT+CNMI=2,1\r")
        silent = pdu.encode_deliver(Deliver("+8613900000002", UserData.of_text("?"), protocol_id=0x40))
        assert deliver(engine, silent) == [Acknowledge()]

    @pytest.mark.parametrize(("bfr", "shown"), [(0, '\r\n+CMTI: "SM",1\r\n'), (1, "")])
    def test_what_was_held_back_is_shown_or_dropped(self, bfr: int, shown: str) -> None:
        engine = modem()
        say(engine, "AT+CNMI=0,1\r")
        deliver(engine, message())
        assert say(engine, f"AT+CNMI=1,1,0,0,{bfr}\r") == OK + shown

    def test_only_what_the_make_takes_can_be_set(self) -> None:
        engine = modem(Profile(indications=Indications(mode=(0, 1, 2), mt=(0, 1), bm=(0,), ds=(0,), bfr=(1,))))
        assert answer(engine, "+CNMI=?")[0] == "+CNMI: (0-2),(0,1),(0),(0),(1)"
        assert answer(engine, "+CNMI=2,2") == ["+CME ERROR: 50"]
        assert answer(engine, "+CNMI=3") == ["+CME ERROR: 50"]

    def test_a_make_without_indications_refuses_every_form(self) -> None:
        engine = modem(Profile(indications=Indications(supported=False)))
        for form in ("?", "=?", "=2,1"):
            assert answer(engine, f"+CNMI{form}") == ["+CME ERROR: 4"]


class TestAcknowledgement:
    def waiting(self) -> tuple[Engine, list]:
        engine = modem()
        assert answer(engine, "+CSMS=1;+CNMI=2,2,0,1;+CSMS?")[1] == "+CSMS: 1,1,1,0"
        return engine, deliver(engine, message())

    def test_the_network_hears_nothing_before_cnma(self) -> None:
        engine, actions = self.waiting()
        assert "+CMT: " in written(actions)
        assert Acknowledge() not in actions
        assert Acknowledge() in engine.receive(b"AT+CNMA\r", NOW_S)

    def test_cnma_that_nobody_waits_for_is_an_error(self) -> None:
        assert answer(modem(), "+CNMA") == ["+CMS ERROR: 340"]

    def test_the_terminal_can_refuse_a_message(self) -> None:
        engine, _ = self.waiting()
        assert Reject(111) in engine.receive(b"AT+CNMA=2\r", NOW_S)

    def test_without_cnma_the_network_keeps_it_and_no_more_are_shown(self) -> None:
        engine, _ = self.waiting()
        assert engine.next_due_s == NOW_S + ACKNOWLEDGEMENT_S_MAX
        assert Reject(111) in engine.tick(NOW_S + ACKNOWLEDGEMENT_S_MAX)
        assert answer(engine, "+CNMI?")[0] == "+CNMI: 2,0,0,0,0"
        assert answer(engine, "+CNMA") == ["+CMS ERROR: 340"]

    def test_an_acknowledged_message_is_not_refused_later(self) -> None:
        engine, _ = self.waiting()
        say(engine, "AT+CNMA\r")
        assert engine.tick(NOW_S + ACKNOWLEDGEMENT_S_MAX) == []
        assert answer(engine, "+CNMI?")[0] == "+CNMI: 2,2,0,1,0"

    def test_through_the_network_messages_come_one_by_one_and_none_is_lost(self) -> None:
        phones = [Phone("460001234567890", "8613900000001"), Phone("460001234567891", "8613900000002")]
        emulator = Emulator(MemoryStore(), Random(7), phones)
        shown = ["", ""]

        def note(actions: list) -> None:
            for action in actions:
                if isinstance(action, WriteToPort):
                    shown[action.phone] += action.data.decode()

        note(emulator.received(1, b"ATE0;+CSMS=1;+CNMI=2,2\r", NOW_S))
        for text in ("one", "two"):
            tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text(text)))
            note(emulator.received(0, f"AT+CMGS={len(tpdu)}\r".encode(), NOW_S))
            note(emulator.received(0, pdu.to_hex(tpdu).encode() + b"\x1a", NOW_S))
        assert shown[1].count("+CMT:") == 1
        note(emulator.received(1, b"AT+CNMA\r", NOW_S))
        assert shown[1].count("+CMT:") == 2
        late_s = NOW_S + ACKNOWLEDGEMENT_S_MAX
        note(emulator.tick(late_s))
        assert emulator.network.queue_length == 1
        note(emulator.tick(late_s + 10))
        assert emulator.network.queue_length == 0
        note(emulator.received(1, b"AT+CPMS?\r", late_s + 10))
        assert '"SM",1,50' in shown[1]


def test_a_phone_without_sim_has_no_network_and_what_is_sent_to_it_waits() -> None:
    phones = [Phone("460001234567890", "8613900000001"), Phone("460001234567891", "8613900000002", has_sim=False)]
    emulator = Emulator(MemoryStore(), Random(7), phones)
    shown = b"".join(
        action.data
        for action in emulator.received(1, b"ATE0;+CMEE=1;+CREG?;+CPIN?\r", NOW_S)
        if isinstance(action, WriteToPort)
    )
    assert shown.endswith(b"\r\n+CREG: 0,0\r\n\r\n+CME ERROR: 10\r\n")
    tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("hello")))
    emulator.received(0, f"AT+CMGS={len(tpdu)}\r".encode(), NOW_S)
    emulator.received(0, pdu.to_hex(tpdu).encode() + b"\x1a", NOW_S)
    assert emulator.network.queue_length == 1


class TestTextMode:
    def shown(self, tpdu: bytes, *setup: str) -> list[str]:
        engine = modem()
        deliver(engine, tpdu)
        for command in ("+CMGF=1", *setup):
            assert answer(engine, command)[-1] == "OK"
        return answer(engine, "+CMGR=1")

    def test_all_parameters_are_shown_when_asked_for(self) -> None:
        heading, text, _ = self.shown(message("hi"), "+CSDH=1")
        assert heading.startswith('+CMGR: "REC UNREAD","+8613900000002",,"')
        assert heading.endswith(f',145,4,0,0,"{SMSC}",145,2')
        assert text == "hi"

    def test_a_stored_message_shows_its_validity(self) -> None:
        engine = modem()
        say(engine, 'AT+CMGF=1;+CSDH=1;+CSMP=17,143,0,0;+CMGW="110"\r')
        assert say(engine, "later\x1a") == "\r\n+CMGW: 1\r\n" + OK
        assert answer(engine, "+CMGR=1")[0] == f'+CMGR: "STO UNSENT","110",,129,17,0,0,143,"{SMSC}",145,5'
        assert answer(engine, "+CMGL=ALL")[0] == '+CMGL: 1,"STO UNSENT","110",,,129,5'

    def test_a_name_from_the_phonebook_stands_beside_the_number(self) -> None:
        heading, *_ = self.shown(message("hi"), '+CPBW=1,"+8613900000002",145,"Anna"')
        assert heading.startswith('+CMGR: "REC UNREAD","+8613900000002","Anna","')

    @pytest.mark.parametrize(
        ("character_set", "sender", "text"),
        [
            ("GSM", "+8613900000002", "\x00\x02"),
            ("IRA", "+8613900000002", "@$"),
            ("HEX", "2B38363133393030303030303032", "0002"),
            ("UCS2", "002B0038003600310033003900300030003000300030003000300032", "00400024"),
            ("8859-1", "+8613900000002", "@$"),
        ],
    )
    def test_senders_and_texts_are_in_the_selected_character_set(
        self, character_set: str, sender: str, text: str
    ) -> None:
        heading, shown, _ = self.shown(message("@$"), f'+CSCS="{character_set}"')
        assert f'"{sender}"' in heading
        assert shown == text

    def test_a_sender_with_a_name_keeps_it(self) -> None:
        heading, *_ = self.shown(message("hi", originator="Bank"), "+CSDH=1")
        assert heading.startswith('+CMGR: "REC UNREAD","Bank",,"')
        assert ",208,4,0,0," in heading

    def test_ucs2_and_octets_are_shown_in_hexadecimal(self) -> None:
        assert self.shown(message("你好"))[1] == "4F60597D"
        octets = pdu.encode_deliver(Deliver("+8613900000002", UserData.of_octets(b"\x00\xff")))
        assert self.shown(octets)[1] == "00FF"

    def test_a_header_is_typed_and_shown_in_hexadecimal_as_it_is_on_the_air(self) -> None:
        engine = modem()
        say(engine, 'AT+CMGF=1;+CSMP=81,167,0,0;+CMGS="+8613900000002"\r')
        data = UserData(b"hello", 0, (Element(0x00, bytes([9, 2, 1])),))
        on_the_air = pdu.encode_submit(Submit("1", data))[-11:].hex()
        actions = engine.receive(on_the_air.encode() + b"\x1a", NOW_S)
        [sent] = [action.submit for action in actions if isinstance(action, SubmitAction)]
        assert sent.user_data == data
        shown = self.shown(pdu.encode_deliver(Deliver("+8613900000002", data)))
        assert shown[1] == on_the_air.upper()

    @pytest.mark.parametrize(
        ("parameters", "shown"),
        [
            ("17,167,0,0", "17,167,0,0"),
            ("1", "1,167,0,0"),
            ('25,"24/02/29,12:00:00+32",0,0', '25,"24/02/29,12:00:00+32",0,0'),
            ('9,"02F00000000000"', '9,"02F00000000000",0,0'),
        ],
    )
    def test_validity_is_set_in_each_format(self, parameters: str, shown: str) -> None:
        assert answer(modem(), f"+CSMP={parameters};+CSMP?")[0] == f"+CSMP: {shown}"

    @pytest.mark.parametrize("parameters", ["25,167", '17,"24/02/29,12:00:00+32"', '25,"soon"', "256", '9,"02"'])
    def test_a_validity_of_another_format_than_the_first_octet_names_is_refused(self, parameters: str) -> None:
        engine = modem()
        say(engine, "AT+CMGF=1\r")
        assert answer(engine, f"+CSMP={parameters}") == ["+CMS ERROR: 305"]

    def test_an_absolute_validity_goes_out_with_the_message(self) -> None:
        engine = modem()
        say(engine, 'AT+CMGF=1;+CSMP=25,"24/02/29,12:00:00+32";+CMGS="110"\r')
        [sent] = [one.submit for one in engine.receive(b"hi\x1a", NOW_S) if isinstance(one, SubmitAction)]
        assert str(sent.validity) == "2024-02-29 12:00:00+08:00"

    def test_a_received_message_can_be_written_back(self) -> None:
        engine = modem()
        say(engine, f"AT+CMGW={len(message())},1\r")
        assert say(engine, pdu.to_hex(message()) + "\x1a") == "\r\n+CMGW: 1\r\n" + OK
        assert answer(engine, "+CMGR=1")[0] == f"+CMGR: 1,,{len(message())}"
        say(engine, 'AT+CMGF=1;+CMGW="+8613900000003",145,"REC READ"\r')
        say(engine, "kept\x1a")
        assert answer(engine, "+CMGR=2")[0].startswith('+CMGR: "REC READ","+8613900000003",,"23/11/14,22:13:20+00"')

    def test_numbers_may_be_given_in_ucs2_or_plain(self) -> None:
        for number in ("003100310030", "110"):
            engine = modem()
            say(engine, f'AT+CMGF=1;+CSCS="UCS2";+CMGS="{number}"\r')
            [sent] = [one.submit for one in engine.receive(b"00680069\x1a", NOW_S) if isinstance(one, SubmitAction)]
            assert (sent.destination, sent.text) == ("110", "hi")

    def test_a_line_feed_of_the_command_is_not_the_text(self) -> None:
        engine = modem()
        say(engine, 'AT+CMGF=1;+CMGS="110"\r')
        [sent] = [one.submit for one in engine.receive(b"\nhi\x1a", NOW_S) if isinstance(one, SubmitAction)]
        assert sent.text == "hi"


class TestPduMode:
    def test_zeros_in_the_command_and_a_line_feed_before_the_pdu_do_no_harm(self) -> None:
        engine = modem()
        tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("hello")))
        assert say(engine, f"AT+CMGS={len(tpdu)}\0\r") == "\r\n> "
        actions = engine.receive(b"\n" + pdu.to_hex(tpdu).encode() + b"\r\x1a", NOW_S)
        assert [one.submit.text for one in actions if isinstance(one, SubmitAction)] == ["hello"]

    def test_a_command_for_the_service_centre_is_handed_over_in_both_modes(self) -> None:
        engine = modem()
        tpdu = bytes([2, 0, 0, 0, 7, 3, 0x81, 0x11, 0xF0, 0])
        say(engine, f"AT+CMGC={len(tpdu)}\r")
        [enquiry] = commands(engine.receive(pdu.to_hex(tpdu).encode() + b"\x1a", NOW_S))
        assert (enquiry.destination, enquiry.command, enquiry.message_number) == ("110", 0, 7)
        assert written(engine.submitted(enquiry.reference, NOW_S)) == "\r\n+CMGC: 0\r\n" + OK
        say(engine, 'AT+CMGF=1;+CMGC=34,2,0,7,"110"\r')
        [deletion] = commands(engine.receive(b"\x1a", NOW_S))
        assert (deletion.destination, deletion.command, deletion.message_number) == ("110", 2, 7)
        assert deletion.status_report_request
        assert written(engine.refused(deletion.reference, 161, NOW_S)) == "\r\n+CMS ERROR: 161\r\n"

    def test_what_is_no_command_is_refused(self) -> None:
        engine = modem()
        say(engine, f"AT+CMGC={len(message())}\r")
        assert say(engine, pdu.to_hex(message()) + "\x1a") == "\r\n+CMS ERROR: 304\r\n"

    def test_settings_are_saved_and_restored(self) -> None:
        engine = modem()
        say(engine, 'AT+CSMP=49,143;+CSCB=1,"0-5","0";+CSAS=1;+CSMP=17,167;+CSCB=0,"",""\r')
        say(engine, 'AT+CSCA="+86111";+CRES=1\r')
        assert answer(engine, "+CSMP?;+CSCB?;+CSCA?") == [
            "+CSMP: 49,143,0,0",
            '+CSCB: 1,"0-5","0"',
            f'+CSCA: "{SMSC}",145',
            "OK",
        ]
