"""USSD: the network's service by itself, and as a modem shows it."""

from random import Random

import pytest

from gsm import alphabet, pdu
from gsm.pdu import Submit, UserData
from modem_emulator import ussd
from modem_emulator.character_sets import InvalidText
from modem_emulator.emulator import Emulator, Phone, WriteToPort
from modem_emulator.records import InvalidRecord
from modem_emulator.store import MemoryStore
from modem_emulator.ussd import ANSWER_S, SILENCE_S_MAX, Dialogue, Outcome, Page, Said
from tests.unit.modem_emulator.dialogue import NOW_S, OK, answer, modem

FIELDS = {"msisdn": "+8613900000001", "imsi": "460001234567890", "operator": "yinxin"}


class Bench:
    """Two phones; what the first one shows."""

    def __init__(self) -> None:
        phones = [Phone("460001234567890", "8613900000001"), Phone("460001234567891", "8613900000002")]
        self.emulator = Emulator(MemoryStore(), Random(7), phones)
        self.type("ATE0;+CUSD=1;+CMEE=1\r")

    def type(self, text: str, now_s: float = NOW_S, phone: int = 0) -> str:
        return self.shown(self.emulator.received(phone, text.encode("latin-1"), now_s))

    def wait(self, now_s: float) -> str:
        return self.shown(self.emulator.tick(now_s))

    def shown(self, actions: list) -> str:
        return "".join(one.data.decode("latin-1") for one in actions if isinstance(one, WriteToPort) and one.phone == 0)


class TestService:
    def test_a_code_is_answered_and_done(self) -> None:
        assert Dialogue(ussd.SERVICE, FIELDS).say("*101#") == Said(Outcome.DONE, "Your number: +8613900000001")

    def test_a_menu_goes_on_until_its_end(self) -> None:
        dialogue = Dialogue(ussd.SERVICE, FIELDS)
        assert dialogue.say("*123#").outcome is Outcome.REPLY_WANTED
        assert dialogue.say("3") == Said(Outcome.REPLY_WANTED, "yinxin\n0 End")
        assert dialogue.say("0").outcome is Outcome.DONE
        assert not dialogue.open

    def test_an_unknown_code_is_not_supported_and_an_unknown_choice_ends_it(self) -> None:
        dialogue = Dialogue(ussd.SERVICE, FIELDS)
        assert dialogue.say("*999#") == Said(Outcome.NOT_SUPPORTED)
        dialogue.say("*123#")
        assert dialogue.say("7") == Said(Outcome.ENDED_BY_NETWORK)
        assert dialogue.say("*100#").outcome is Outcome.DONE

    def test_a_service_is_a_table(self) -> None:
        service = ussd.service_of({"*1#": "one", "*2#": {"text": "more", "choices": {"1": "yes"}}})
        assert service == {"*1#": Page("one"), "*2#": Page("more", {"1": Page("yes")})}

    @pytest.mark.parametrize("table", [{"*1#": 3}, {"*1#": {}}, {"*1#": {"text": "x", "colour": 1}}])
    def test_a_table_that_is_no_service_is_refused_by_its_place(self, table: dict) -> None:
        with pytest.raises(InvalidRecord, match=r"ussd\.\*1#"):
            ussd.service_of(table)

    @pytest.mark.parametrize(
        ("text", "character_set", "shown"),
        [
            ("hi", "GSM", ("hi", 15)),
            ("hi", "UCS2", ("00680069", 15)),
            ("hi", "HEX", ("6869", 15)),
            ("你好", "GSM", ("4F60597D", 72)),
            ("x" * 200, "IRA", ("x" * 182, 15)),
        ],
    )
    def test_texts_are_shown_in_the_selected_set(self, text: str, character_set: str, shown: tuple[str, int]) -> None:
        assert ussd.show(text, character_set) == shown

    @pytest.mark.parametrize(
        ("string", "dcs", "character_set"),
        [
            ("*100#", 15, "GSM"),
            ("*100#", 0, "IRA"),
            ("002A0031003000300023", 15, "UCS2"),
            ("2A31303023", 15, "HEX"),
            ("002A0031003000300023", 72, "GSM"),
            (alphabet.pack(alphabet.encode_text("*100#")).hex(), 15, "GSM"),
        ],
    )
    def test_codes_are_read_in_each_coding(self, string: str, dcs: int, character_set: str) -> None:
        assert ussd.read(string, dcs, character_set) == "*100#"

    def test_what_is_not_hexadecimal_is_no_ucs2(self) -> None:
        with pytest.raises(InvalidText):
            ussd.read("*100#", 72, "GSM")


class TestModem:
    def test_ok_comes_first_and_the_answer_later(self) -> None:
        bench = Bench()
        assert bench.type('AT+CUSD=1,"*100#",15\r') == OK
        assert bench.wait(NOW_S + ANSWER_S) == '\r\n+CUSD: 0,"Balance: 12.34 CNY",15\r\n'

    def test_switching_it_on_is_ok_alone(self) -> None:
        assert answer(modem(), "+CUSD=1;+CUSD?;+CUSD=?") == ["+CUSD: 1", "+CUSD: (0-2)", "OK"]

    def test_a_code_can_be_dialled(self) -> None:
        for dialled in ("ATD*100#;\r", "ATD*100#\r"):
            bench = Bench()
            assert bench.type(dialled) == OK
            assert "+CUSD: 0," in bench.wait(NOW_S + ANSWER_S)

    def test_the_code_of_packet_calls_is_none_of_ussd(self) -> None:
        assert Bench().type("ATD*99#\r") == "\r\nNO CARRIER\r\n"
        assert Bench().type("ATD*99***1#\r") == "\r\nNO CARRIER\r\n"

    def test_a_menu_is_walked_through(self) -> None:
        bench = Bench()
        bench.type('AT+CUSD=1,"*123#"\r')
        assert '+CUSD: 1,"1 Balance\n2 Own' in bench.wait(NOW_S + 1)
        bench.type('AT+CUSD=1,"2"\r', NOW_S + 2)
        assert bench.wait(NOW_S + 3) == '\r\n+CUSD: 0,"Your number: +8613900000001",15\r\n'
        assert bench.wait(NOW_S + 2 * SILENCE_S_MAX) == ""

    def test_silence_in_a_menu_times_out(self) -> None:
        bench = Bench()
        bench.type('AT+CUSD=1,"*123#"\r')
        bench.wait(NOW_S + 1)
        assert bench.wait(NOW_S + SILENCE_S_MAX) == "\r\n+CUSD: 5\r\n"
        bench.type('AT+CUSD=1,"1"\r', NOW_S + SILENCE_S_MAX)
        assert bench.wait(NOW_S + SILENCE_S_MAX + 1) == "\r\n+CUSD: 4\r\n"

    def test_a_dialogue_can_be_ended(self) -> None:
        bench = Bench()
        bench.type('AT+CUSD=1,"*123#"\r')
        bench.wait(NOW_S + 1)
        assert bench.type("AT+CUSD=2\r") == OK
        assert bench.wait(NOW_S + SILENCE_S_MAX) == ""
        bench.type('AT+CUSD=1,"1"\r')
        assert bench.wait(NOW_S + SILENCE_S_MAX + 1) == "\r\n+CUSD: 4\r\n"

    def test_a_text_outside_the_alphabet_is_ucs2(self) -> None:
        bench = Bench()
        bench.type('AT+CUSD=1,"*102#"\r')
        assert bench.wait(NOW_S + 1) == f'\r\n+CUSD: 0,"{"余额：12.34元".encode("utf-16-be").hex().upper()}",72\r\n'

    def test_nothing_is_shown_while_it_is_switched_off(self) -> None:
        bench = Bench()
        assert bench.type('AT+CUSD=0,"*100#"\r') == OK
        assert bench.wait(NOW_S + 1) == ""

    def test_without_network_there_is_no_dialogue(self) -> None:
        bench = Bench()
        assert bench.type('AT+CFUN=4;+CUSD=1,"*100#"\r') == "\r\n+CME ERROR: 30\r\n"

    def test_an_answer_does_not_come_between_a_prompt_and_its_text(self) -> None:
        bench = Bench()
        bench.type('AT+CUSD=1,"*100#"\r')
        tpdu = pdu.encode_submit(Submit("+8613900000002", UserData.of_text("hello")))
        bench.type(f"AT+CMGS={len(tpdu)}\r")
        assert bench.wait(NOW_S + 1) == ""
        assert bench.type(pdu.to_hex(tpdu) + "\x1a", NOW_S + 2).endswith('"Balance: 12.34 CNY",15\r\n')

    def test_an_enquiry_is_answered_by_a_status_report(self) -> None:
        bench = Bench()
        bench.type("AT+CMGF=1;+CNMI=2,1,0,1\r")
        bench.type("AT+CFUN=4\r", phone=1)
        bench.type('AT+CMGS="+8613900000002"\r')
        assert "+CMGS: 0" in bench.type("hello\x1a")
        bench.type('AT+CMGC=2,0,0,0,"+8613900000002"\r')
        shown = bench.type("\x1a")
        assert "+CMGC: 1" in shown
        assert "+CDS: 6," in shown
