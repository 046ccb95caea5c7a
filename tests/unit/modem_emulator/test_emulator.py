"""Phones and network together, still without a port: octets in, octets out, the clock in hand."""

from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Submit, UserData
from modem_emulator.emulator import DeliverToEsme, Emulator, Phone, WriteToPort
from modem_emulator.network import Faults, Submission, UnknownNumber
from modem_emulator.store import MemoryStore

ANNA = Phone("460001234567890", "8613900000001")
BERND = Phone("460001234567891", "8613900000002", slots=1)
BANK = "95533"
NOW_S = 1_700_000_000.0


class Bench:
    """An emulator whose actions are put where a test can look at them."""

    def __init__(self, *phones: Phone, faults: Faults | None = None) -> None:
        self.emulator = Emulator(MemoryStore(), Random(7), phones, [BANK], faults)
        self.shown = ["" for _ in phones]
        self.to_esme: list[DeliverToEsme] = []
        for phone in range(len(phones)):
            self.type(phone, "ATE0;+CNMI=2,1,0,2\r")
            self.shown[phone] = ""

    def type(self, phone: int, text: str, now_s: float = NOW_S) -> None:
        self.note(self.emulator.received(phone, text.encode(), now_s))

    def tick(self, now_s: float) -> None:
        self.note(self.emulator.tick(now_s))

    def note(self, actions: list) -> None:
        for action in actions:
            if isinstance(action, WriteToPort):
                self.shown[action.phone] += action.data.decode()
            else:
                self.to_esme.append(action)

    def send(self, phone: int, destination: str, text: str, report: bool = False) -> None:
        tpdu = pdu.encode_submit(Submit(destination, UserData.of_text(text), status_report_request=report))
        self.type(phone, f"AT+CMGS={len(tpdu)}\r")
        self.type(phone, pdu.to_hex(tpdu) + "\x1a")


def test_a_message_goes_from_phone_to_phone_and_its_report_comes_back() -> None:
    bench = Bench(ANNA, BERND)
    bench.send(0, "+8613900000002", "hello", report=True)
    assert "+CMGS: 0" in bench.shown[0]
    assert bench.shown[0].endswith('\r\n+CDSI: "SM",1\r\n')
    assert bench.shown[1] == '\r\n+CMTI: "SM",1\r\n'


def test_a_number_nobody_has_is_an_error_at_the_phone() -> None:
    bench = Bench(ANNA)
    bench.send(0, "+8613999999999", "hello")
    assert bench.shown[0].endswith("\r\n+CMS ERROR: 1\r\n")


def test_a_full_sim_gets_the_next_message_as_soon_as_a_slot_is_free() -> None:
    bench = Bench(ANNA, BERND)
    bench.send(0, "+8613900000002", "one")
    bench.send(0, "+8613900000002", "two")
    assert bench.shown[1].count("+CMTI") == 1
    assert bench.emulator.network.queue_length == 1
    bench.type(1, "AT+CMGD=1\r")
    assert bench.shown[1].count("+CMTI") == 2
    assert bench.emulator.network.queue_length == 0


def test_a_slow_answer_comes_when_its_time_has_come() -> None:
    bench = Bench(ANNA, BERND, faults=Faults(slow_answer_s=40))
    bench.send(0, "+8613900000002", "hello")
    assert "+CMTI" in bench.shown[1]
    bench.tick(NOW_S + 39)
    assert "+CMGS" not in bench.shown[0]
    assert bench.emulator.next_due_s() == NOW_S + 40
    bench.tick(NOW_S + 40)
    assert bench.shown[0].endswith("\r\n+CMGS: 0\r\n\r\nOK\r\n")


def test_a_phone_gets_what_waited_for_it_when_its_pin_is_entered() -> None:
    locked = Phone(BERND.imsi, BERND.msisdn, pin="1234")
    bench = Bench(ANNA, locked)
    bench.send(0, "+8613900000002", "hello")
    assert bench.shown[1] == ""
    bench.type(1, "AT+CPIN=1234\r")
    assert bench.shown[1] == '\r\nOK\r\n\r\n+CMTI: "SM",1\r\n'


def test_a_message_to_a_short_number_waits_for_its_esme_and_its_answer() -> None:
    bench = Bench(ANNA)
    bench.send(0, BANK, "hello")
    assert bench.to_esme == []
    bench.note(bench.emulator.esme_bound(BANK, NOW_S))
    [delivery] = bench.to_esme
    assert delivery.number == BANK
    bench.note(bench.emulator.esme_refused(delivery.message.identity, NOW_S))
    bench.tick(NOW_S + 10)
    assert bench.to_esme == [delivery, delivery]
    bench.note(bench.emulator.esme_took(delivery.message.identity, NOW_S + 10))
    assert bench.emulator.network.queue_length == 0


def test_an_esme_reaches_a_phone_and_hears_of_an_unknown_one() -> None:
    bench = Bench(ANNA)
    _, actions = bench.emulator.esme_submits([Submission(BANK, "8613900000001", UserData.of_text("hello"))], NOW_S)
    bench.note(actions)
    assert bench.shown[0] == '\r\n+CMTI: "SM",1\r\n'
    with pytest.raises(UnknownNumber):
        bench.emulator.esme_submits([Submission(BANK, "8613900000009", UserData.of_text("x"))], NOW_S)


def test_two_phones_have_two_imeis() -> None:
    bench = Bench(ANNA, BERND)
    bench.type(0, "AT+CGSN\r")
    bench.type(1, "AT+CGSN\r")
    assert bench.shown[0] != bench.shown[1]


def test_the_log_never_holds_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    bench = Bench(ANNA, BERND)
    bench.send(0, "+8613900000002", "confidential")
    assert "from +8613900000001 to +8613900000002: 12 octets or septets" in caplog.text
    assert "confidential" not in caplog.text
    assert b"confidential".hex() not in caplog.text.lower()
