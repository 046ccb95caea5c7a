"""The AT engine by dialogue: octets in, octets out, no port and no clock."""

from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Deliver, StatusReport, Submit, UserData
from modem_emulator import engine as engine_module
from modem_emulator.engine import Engine
from modem_emulator.equipment import (
    Acknowledge,
    Equipment,
    MemoryAvailable,
    Registered,
    Reject,
    Write,
)
from modem_emulator.equipment import Submit as SubmitAction
from modem_emulator.faults import Plan
from modem_emulator.sim import Sim
from modem_emulator.store import MemoryStore

NOW_S = 1_700_000_000.0
SMSC = "+8613800100500"


def engine(pin: str | None = None, slots: int = 10) -> Engine:
    sim = Sim(imsi="460001234567890", msisdn="+8613900000001", store=MemoryStore(), pin=pin, slots=slots)
    made = Engine(Equipment(sim, SMSC), Plan(Random(7)))
    say(made, "ATE0\r")
    return made


def say(modem: Engine, text: str | bytes, now_s: float = NOW_S) -> str:
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return written(modem.receive(octets, now_s))


def written(actions: list) -> str:
    return b"".join(action.data for action in actions if isinstance(action, Write)).decode("latin-1")


def submits(actions: list) -> list[Submit]:
    return [action.submit for action in actions if isinstance(action, SubmitAction)]


def message(text: str = "hello", originator: str = "+8613900000002") -> bytes:
    return pdu.encode_deliver(Deliver(originator, UserData.of_text(text)))


OK = "\r\nOK\r\n"
ERROR = "\r\nERROR\r\n"


class TestCommandLine:
    def test_a_bare_at_is_ok(self) -> None:
        assert say(engine(), "AT\r") == OK

    def test_case_does_not_matter(self) -> None:
        assert say(engine(), "at+cgmi\r") == "\r\nyinxin\r\n" + OK

    def test_echo_repeats_the_line_until_it_is_switched_off(self) -> None:
        modem = engine()
        say(modem, "ATE1\r")
        assert say(modem, "AT\r") == "AT\r" + OK
        assert say(modem, "ATE0\r") == "ATE0\r" + OK
        assert say(modem, "AT\r") == OK

    def test_echo_repeats_a_messages_text_with_its_ctrl_z(self) -> None:
        modem = engine()
        say(modem, "ATE1\r")
        assert say(modem, "AT+CMGS=12\r").endswith("> ")
        assert say(modem, "00\x1a").startswith("00\x1a\r\n")

    def test_several_commands_in_one_line_end_with_one_ok(self) -> None:
        answer = say(engine(), "ATE0V1+CGMI;+CGMM;S3?\r")
        assert answer == "\r\nyinxin\r\n\r\nemulated modem\r\n\r\n013\r\n" + OK

    def test_nothing_after_a_failed_command_is_carried_out(self) -> None:
        assert say(engine(), "AT+NONSENSE;+CGMI\r") == ERROR

    def test_a_semicolon_in_quotes_ends_no_command(self) -> None:
        modem = engine()
        assert say(modem, 'AT+CPBW=1,"123",129,"a;b"\r') == OK
        assert '"a;b"' in say(modem, "AT+CPBR=1\r")

    def test_a_slash_repeats_the_last_line_without_waiting_for_its_end(self) -> None:
        modem = engine()
        say(modem, "AT+CGMI\r")
        assert say(modem, "A/") == "\r\nyinxin\r\n" + OK

    def test_backspace_corrects(self) -> None:
        assert say(engine(), "AT+CGMX\bI\r") == "\r\nyinxin\r\n" + OK

    def test_octets_may_come_one_by_one(self) -> None:
        modem = engine()
        assert "".join(say(modem, octet) for octet in "AT+CIMI\r") == "\r\n460001234567890\r\n" + OK

    def test_line_feeds_between_lines_are_noise(self) -> None:
        assert say(engine(), "AT\r\nAT\r\n") == OK + OK

    def test_numeric_results_when_words_are_switched_off(self) -> None:
        modem = engine()
        assert say(modem, "ATV0\r") == "0\r"
        assert say(modem, "AT+NONSENSE\r") == "4\r"

    def test_quiet_mode_gives_no_result(self) -> None:
        assert say(engine(), "ATQ1\r") == ""

    @pytest.mark.parametrize(
        ("level", "answer"),
        [
            (0, ERROR),
            (1, "\r\n+CME ERROR: 4\r\n"),
            (2, "\r\n+CME ERROR: operation not supported\r\n"),
        ],
    )
    def test_an_unknown_command_fails_in_the_way_cmee_asks(self, level: int, answer: str) -> None:
        modem = engine()
        say(modem, f"AT+CMEE={level}\r")
        assert say(modem, "AT+ZPAS?\r") == answer

    @pytest.mark.parametrize("line", ["AT+CMEE=9", "AT+CMEE=x", 'AT+CSCS="GSM', "AT+CFUN=2", "ATE5", "AT=", "AT+"])
    def test_what_cannot_be_set_is_an_error(self, line: str) -> None:
        assert say(engine(), line + "\r") == ERROR

    @pytest.mark.parametrize("line", ["AT+CFUN=77", 'AT+CSCS="XX"', "AT+CMEE=7", "AT+CMGF=9"])
    def test_a_value_that_cannot_be_is_an_incorrect_parameter(self, line: str) -> None:
        modem = engine()
        say(modem, "AT+CMEE=1\r")
        assert say(modem, line + "\r") == "\r\n+CME ERROR: 50\r\n"

    def test_atz_restores_the_settings(self) -> None:
        modem = engine()
        say(modem, "AT+CMEE=1;+CMGF=1\r")
        say(modem, "ATZE0\r")
        assert "+CMGF: 0" in say(modem, "AT+CMGF?\r")
        assert say(modem, "AT+ZPAS?\r") == ERROR

    def test_clac_lists_what_is_known_and_every_listed_name_is(self) -> None:
        modem = engine()
        names = [line for line in say(modem, "AT+CLAC\r").split("\r\n") if line.startswith("AT")]
        assert {"AT+CMGS", "AT+CNUM", "ATE"} <= set(names)
        assert all(say(modem, f"{name}=?\r").endswith(OK) for name in names if "+" in name)

    def test_clock_shows_the_time_that_was_passed_in(self) -> None:
        assert '+CCLK: "23/11/14,22:13:20+00"' in say(engine(), "AT+CCLK?\r")


class TestBounds:
    def test_ten_megabytes_of_zeros_do_no_harm(self) -> None:
        modem = engine()
        assert say(modem, bytes(10_000_000)) == ""
        assert say(modem, "AT\r") == OK

    def test_ten_megabytes_inside_a_line_are_one_error(self) -> None:
        modem = engine()
        assert say(modem, b"AT" + b"x" * 10_000_000) == ""
        assert len(modem._line) <= 1025
        assert say(modem, "\r") == ERROR
        assert say(modem, "AT\r") == OK

    def test_ten_megabytes_after_a_prompt_are_one_error(self) -> None:
        modem = engine()
        say(modem, "AT+CMGS=20\r")
        assert say(modem, b"0" * 10_000_000) == ""
        assert say(modem, "\x1a") == "\r\n+CMS ERROR: 304\r\n"
        assert say(modem, "AT\r") == OK

    def test_what_is_typed_while_the_network_is_waited_for_is_kept_up_to_a_limit(self) -> None:
        modem = engine()
        send(modem, "hello")
        say(modem, b"AT\r" * 1_000_000)
        answer = written(modem.submitted(0, NOW_S))
        assert answer.startswith("\r\n+CMGS: 0\r\n" + OK + OK)
        assert answer.count("OK") == 1 + engine_module.AHEAD_OCTETS_MAX // 3


class TestSim:
    def test_identity(self) -> None:
        modem = engine()
        assert "460001234567890" in say(modem, "AT+CIMI\r")
        assert '+CNUM: "","+8613900000001",145' in say(modem, "AT+CNUM\r")
        assert say(modem, "AT+CCID\r").startswith("\r\n+CCID: 898660001234567890")

    def test_a_locked_sim_shows_nothing_until_its_pin_comes(self) -> None:
        modem = engine(pin="1234")
        say(modem, "AT+CMEE=1\r")
        assert "+CPIN: SIM PIN" in say(modem, "AT+CPIN?\r")
        assert say(modem, "AT+CIMI\r") == "\r\n+CME ERROR: 11\r\n"
        assert say(modem, "AT+CMGL\r") == "\r\n+CMS ERROR: 311\r\n"
        assert "+CREG: 0,0" in say(modem, "AT+CREG?\r")
        actions = modem.receive(b'AT+CPIN="1234"\r', NOW_S)
        assert Registered(True) in actions
        assert "+CPIN: READY" in say(modem, "AT+CPIN?\r")
        assert "+CREG: 0,1" in say(modem, "AT+CREG?\r")

    def test_three_wrong_pins_ask_for_the_puk_which_sets_a_new_pin(self) -> None:
        modem = engine(pin="1234")
        say(modem, "AT+CMEE=1\r")
        answers = [say(modem, "AT+CPIN=9999\r") for _ in range(4)]
        assert answers == ["\r\n+CME ERROR: 16\r\n"] * 2 + ["\r\n+CME ERROR: 12\r\n"] * 2
        assert "+CPIN: SIM PUK" in say(modem, "AT+CPIN?\r")
        assert say(modem, 'AT+CPIN="12345678","4321"\r') == OK
        assert "+CPIN: READY" in say(modem, "AT+CPIN?\r")

    def test_no_answer_and_no_repr_shows_the_pin(self) -> None:
        modem = engine(pin="1234")
        say(modem, "ATE0\r")
        assert "1234" not in say(modem, 'AT+CPIN=1234;+CPIN?;+CLCK="SC",2\r')
        assert "1234" not in repr(modem.equipment)

    def test_own_numbers_are_a_phonebook(self) -> None:
        modem = engine()
        say(modem, 'AT+CPBS="ON"\r')
        assert '+CPBR: 1,"+8613900000001",145,""' in say(modem, "AT+CPBR=1\r")
        assert '+CPBS: "ON",1,2' in say(modem, "AT+CPBS?\r")

    def test_radio_off_leaves_the_network_and_reports_it_when_asked_to(self) -> None:
        modem = engine()
        say(modem, "AT+CREG=1;+CNMI=2,1\r")
        actions = modem.receive(b"AT+CFUN=4\r", NOW_S)
        assert Registered(False) in actions
        assert written(actions) == OK + "\r\n+CREG: 0\r\n"
        assert "+CSQ: 99,99" in say(modem, "AT+CSQ\r")
        assert say(modem, "AT+CMGS=20\r") == "\r\n+CMS ERROR: 331\r\n"


def send(modem: Engine, text: str, destination: str = "+8613900000002") -> list:
    """Type a message in PDU mode; what came of the last octet."""
    tpdu = pdu.encode_submit(Submit(destination, UserData.of_text(text)))
    assert say(modem, f"AT+CMGS={len(tpdu)}\r") == "\r\n> "
    return modem.receive(pdu.to_hex(tpdu).encode() + b"\x1a", NOW_S)


class TestSending:
    def test_pdu_mode_hands_the_message_over_and_answers_when_the_network_has_it(self) -> None:
        modem = engine()
        actions = send(modem, "hello")
        [submit] = submits(actions)
        assert (submit.destination, submit.text) == ("+8613900000002", "hello")
        assert written(actions) == ""
        assert written(modem.submitted(submit.reference, NOW_S)) == "\r\n+CMGS: 0\r\n" + OK

    def test_references_count_up(self) -> None:
        modem = engine()
        references = []
        for _ in range(3):
            [submit] = submits(send(modem, "hello"))
            references.append(submit.reference)
            modem.submitted(submit.reference, NOW_S)
        assert references == [0, 1, 2]

    def test_text_mode_sends_with_the_parameters_of_csmp(self) -> None:
        modem = engine()
        say(modem, "AT+CMGF=1;+CSMP=49,167,0,0\r")
        assert say(modem, 'AT+CMGS="+8613900000002"\r') == "\r\n> "
        [submit] = submits(modem.receive(b"hello\x1a", NOW_S))
        assert (submit.text, submit.status_report_request) == ("hello", True)

    def test_text_mode_takes_ucs2_in_hexadecimal(self) -> None:
        modem = engine()
        say(modem, 'AT+CMGF=1;+CSMP=17,167,0,8;+CSCS="UCS2"\r')
        say(modem, 'AT+CMGS="13900000002"\r')
        [submit] = submits(modem.receive(b"4F60597D\x1a", NOW_S))
        assert submit.text == "你好"

    def test_escape_cancels(self) -> None:
        modem = engine()
        say(modem, "AT+CMGS=20\r")
        assert say(modem, "0011\x1b") == OK
        assert say(modem, "AT\r") == OK

    @pytest.mark.parametrize("entered", ["", "zz", "00", "0011000B9168"])
    def test_a_bad_pdu_is_refused_by_number(self, entered: str) -> None:
        modem = engine()
        say(modem, "AT+CMGS=20\r")
        assert say(modem, entered + "\x1a") == "\r\n+CMS ERROR: 304\r\n"

    def test_a_length_that_is_not_the_pdus_is_refused(self) -> None:
        modem = engine()
        tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("hello")))
        say(modem, f"AT+CMGS={len(tpdu) + 1}\r")
        assert say(modem, pdu.to_hex(tpdu) + "\x1a") == "\r\n+CMS ERROR: 304\r\n"

    def test_what_the_network_refuses_is_shown_with_its_cause(self) -> None:
        modem = engine()
        send(modem, "hello")
        assert written(modem.refused(0, 1, NOW_S)) == "\r\n+CMS ERROR: 1\r\n"

    def test_a_client_that_died_at_the_prompt_does_not_swallow_the_next_ones_commands(self) -> None:
        modem = engine()
        say(modem, "AT+CMGS=20\r")
        assert say(modem, "AT\r", NOW_S + engine_module.ENTRY_IDLE_S_MAX + 1) == OK

    def test_cmgw_keeps_a_message_and_cmss_sends_it(self) -> None:
        modem = engine()
        tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("later")))
        say(modem, f"AT+CMGW={len(tpdu)}\r")
        assert say(modem, pdu.to_hex(tpdu) + "\x1a") == "\r\n+CMGW: 1\r\n" + OK
        [submit] = submits(modem.receive(b"AT+CMSS=1\r", NOW_S))
        assert submit.text == "later"
        assert "+CMSS: 0" in written(modem.submitted(0, NOW_S))
        assert "+CMGR: 3,," in say(modem, "AT+CMGR=1\r")

    def test_the_rest_of_the_line_follows_the_networks_answer(self) -> None:
        modem = engine()
        tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("hello")))
        say(modem, f"AT+CMGS={len(tpdu)};+CGMI\r")
        modem.receive(pdu.to_hex(tpdu).encode() + b"\x1a", NOW_S)
        assert written(modem.submitted(0, NOW_S)) == "\r\n+CMGS: 0\r\n\r\nyinxin\r\n" + OK


class TestReceiving:
    def test_a_message_is_stored_acknowledged_and_announced(self) -> None:
        modem = engine()
        say(modem, "AT+CNMI=2,1,0,2\r")
        actions = modem.deliver(message(), NOW_S)
        assert Acknowledge() in actions
        assert written(actions) == '\r\n+CMTI: "SM",1\r\n'

    def test_reading_in_pdu_mode_marks_it_as_read(self) -> None:
        modem = engine()
        modem.deliver(message(), NOW_S)
        first, second = say(modem, "AT+CMGR=1\r"), say(modem, "AT+CMGR=1\r")
        assert first == f"\r\n+CMGR: 0,,{len(message())}\r\n{pdu.to_hex(message(), SMSC)}\r\n" + OK
        assert "+CMGR: 1,," in second

    def test_reading_in_text_mode(self) -> None:
        modem = engine()
        modem.deliver(message("hi there"), NOW_S)
        say(modem, "AT+CMGF=1\r")
        assert '+CMGR: "REC UNREAD","+8613900000002",,"' in (answer := say(modem, "AT+CMGR=1\r"))
        assert "\r\nhi there\r\n" in answer

    def test_ucs2_is_shown_in_hexadecimal_in_text_mode(self) -> None:
        modem = engine()
        modem.deliver(message("你好"), NOW_S)
        say(modem, "AT+CMGF=1\r")
        assert "\r\n4F60597D\r\n" in say(modem, "AT+CMGR=1\r")

    def test_listing_takes_one_status_or_all(self) -> None:
        modem = engine()
        for text in ("one", "two", "three"):
            modem.deliver(message(text), NOW_S)
        say(modem, "AT+CMGR=2\r")
        assert say(modem, "AT+CMGL=1\r").count("+CMGL: ") == 1
        assert say(modem, "AT+CMGL=4\r").count("+CMGL: ") == 3
        assert say(modem, "AT+CMGL=0\r").count("+CMGL: ") == 0

    def test_deleting_one_read_ones_or_all(self) -> None:
        modem = engine()
        for text in ("one", "two", "three"):
            modem.deliver(message(text), NOW_S)
        say(modem, "AT+CMGR=2\r")
        say(modem, "AT+CMGD=1,1\r")
        assert "+CMGD: (1,3),(0-4)" in say(modem, "AT+CMGD=?\r")
        say(modem, "AT+CMGD=3\r")
        assert '"SM",1,10' in say(modem, "AT+CPMS?\r")
        say(modem, "AT+CMGD=0,4\r")
        assert '"SM",0,10' in say(modem, "AT+CPMS?\r")
        assert say(modem, "AT+CMGR=1\r") == "\r\n+CMS ERROR: 321\r\n"

    def test_a_full_sim_refuses_and_tells_the_network_when_there_is_room(self) -> None:
        modem = engine(slots=1)
        modem.deliver(message(), NOW_S)
        assert modem.deliver(message("second"), NOW_S) == [Reject(22)]
        assert MemoryAvailable() in modem.receive(b"AT+CMGD=1\r", NOW_S)

    def test_cmt_shows_a_message_without_storing_it(self) -> None:
        modem = engine()
        say(modem, "AT+CNMI=2,2\r")
        answer = written(modem.deliver(message(), NOW_S))
        assert answer == f"\r\n+CMT: ,{len(message())}\r\n{pdu.to_hex(message(), SMSC)}\r\n"
        assert '"SM",0,10' in say(modem, "AT+CPMS?\r")

    @pytest.mark.parametrize(("ds", "answer"), [(0, ""), (1, "+CDS: "), (2, '+CDSI: "SM",1')])
    def test_a_status_report_goes_where_cnmi_says(self, ds: int, answer: str) -> None:
        modem = engine()
        say(modem, f"AT+CNMI=2,1,0,{ds}\r")
        report = pdu.encode_status_report(StatusReport(7, "+8613900000002", None, None, 0))
        actions = modem.deliver(report, NOW_S)
        assert Acknowledge() in actions
        assert answer in written(actions)
        assert bool(answer) == bool(written(actions))

    def test_an_announcement_waits_for_the_result_of_the_command_under_way(self) -> None:
        modem = engine()
        say(modem, "AT+CNMI=2,1\r")
        send(modem, "hello")
        assert written(modem.deliver(message(), NOW_S)) == ""
        assert written(modem.submitted(0, NOW_S)) == "\r\n+CMGS: 0\r\n" + OK + '\r\n+CMTI: "SM",1\r\n'

    def test_indications_are_kept_while_their_mode_is_zero(self) -> None:
        modem = engine()
        say(modem, "AT+CNMI=0,1\r")
        assert written(modem.deliver(message(), NOW_S)) == ""
        assert say(modem, "AT+CNMI=2,1\r") == OK + '\r\n+CMTI: "SM",1\r\n'
