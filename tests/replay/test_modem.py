"""Our Modem against a scripted one: connecting, sending, receiving, coming back."""

import contextlib
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from gsmmodem.exceptions import TimeoutException

from gsm.errors import (
    CannotOpen,
    ModemError,
    ModemGone,
    NotAModem,
    SendFailed,
    SendUnknown,
    SimBusy,
    SimLocked,
    SimMissing,
    SimPinNeeded,
    SimPinWrong,
)
from gsm.inbox import ReceivedText
from gsm.modem import Modem, Sent
from gsm.pdu import (
    Deliver,
    StatusReport,
    Submit,
    UserData,
    decode_submit,
    encode_deliver,
    encode_status_report,
    encode_submit,
    from_hex,
    split,
    to_hex,
)
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import after, eventually

MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)
NUMBER = "+8613900000000"


def text(content: str) -> str:
    """The line of a short message."""
    return to_hex(encode_deliver(Deliver(NUMBER, UserData.of_text(content), MOMENT)))


def cds(report: StatusReport) -> bytes:
    """A report that the modem tells at once."""
    pdu = encode_status_report(report)
    return b"\r\n+CDS: %d\r\n%s\r\n" % (len(pdu), to_hex(pdu).encode())


# ---- connecting


def test_a_port_that_is_not_there_says_so(tmp_path: Any) -> None:
    with pytest.raises(CannotOpen, match="No such file"):
        Modem(str(tmp_path / "nothing")).connect()


def test_a_port_that_does_not_answer_is_not_a_modem(scripted: MakeModem, ours: Connect) -> None:
    with pytest.raises(NotAModem, match="Choose another port"):
        ours(
            scripted(dict.fromkeys(("AT", "AT+CMEE?", "AT+CMGF?", "AT+CREG?"), lambda _: None)),
            first_answer_timeout_s=0.2,
        )


def test_a_modem_that_is_deaf_at_first_is_found(scripted: MakeModem, ours: Connect) -> None:
    heard: list[int] = []

    def deaf(_: object) -> bytes | None:
        heard.append(1)
        return b"OK" if len(heard) > 1 else None

    assert ours(scripted({"AT": deaf})).imsi


@pytest.mark.parametrize(
    ("answer", "pin", "error"),
    [
        (b"+CPIN: SIM PIN\r\nOK", None, SimPinNeeded),
        (b"+CPIN: SIM PIN\r\nOK", "9999", SimPinWrong),
        (b"+CPIN: SIM PIN\r\nOK", "12", SimPinWrong),
        (b"+CPIN: PH-NET PIN\r\nOK", "1234", SimLocked),
        (b"+CME ERROR: 10", None, SimMissing),
        (b"+CME ERROR: 13", None, SimMissing),
    ],
)
def test_what_is_wrong_with_the_sim_is_named(
    scripted: MakeModem, ours: Connect, answer: bytes, pin: str | None, error: type[ModemError]
) -> None:
    with pytest.raises(error) as caught:
        ours(scripted({"AT+CPIN?": answer, 'AT+CPIN="9999"': b"+CME ERROR: 16"}), pin)
    assert "9999" not in repr(caught.value) + repr(caught.value.__context__)


def test_a_pin_is_given_once(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CPIN?": b"+CPIN: SIM PIN\r\nOK", 'AT+CPIN="1234"': b"OK"})
    ours(modem, "1234")
    assert modem.commands.count('AT+CPIN="1234"') == 1


def test_a_refused_pin_is_not_tried_again_when_the_modem_comes_back(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({'AT+CPIN="1234"': b"OK"})
    driver = ours(modem, "1234")
    modem.unplug()
    modem.replies.update({"AT+CPIN?": b"+CPIN: SIM PIN\r\nOK", 'AT+CPIN="1234"': b"+CME ERROR: 16"})
    modem.plug()
    eventually(lambda: modem.commands.count("AT+CPIN?") >= 4)
    assert modem.commands.count('AT+CPIN="1234"') == 1
    with pytest.raises(ModemGone, match="refused the PIN"):
        _ = driver.imsi


def test_a_pin_answer_without_ok_is_taken(scripted: MakeModem, ours: Connect) -> None:
    """Wavecom (python-gsmmodem issue 19)."""
    assert ours(scripted({"AT+CPIN?": b"+CPIN: READY"}), sim_timeout_s=0.1).imsi


def test_a_busy_sim_is_asked_again(scripted: MakeModem, ours: Connect) -> None:
    answers = iter([b"+CME ERROR: 14", b"+CME ERROR: 14", b"460001234567890\r\nOK"])
    assert ours(scripted({"AT+CIMI": lambda _: next(answers)})).imsi == "460001234567890"


def test_a_sim_that_stays_busy_is_given_up(scripted: MakeModem, ours: Connect) -> None:
    with pytest.raises(SimBusy):
        _ = ours(scripted({"AT+CIMI": b"+CME ERROR: 14"}), command_timeout_s=0.7).imsi


def test_echo_is_tolerated(scripted: MakeModem, ours: Connect) -> None:
    assert ours(scripted({"AT+CIMI": b"AT+CIMI\r\r\n460001234567890\r\n\r\nOK"})).imsi == "460001234567890"


def test_close_returns_fast_even_while_a_command_waits(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CSQ": lambda _: None})
    driver = ours(modem)
    failed: list[Exception] = []

    def ask() -> None:
        try:
            driver.write("AT+CSQ", timeout=60)
        except Exception as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    modem.wait_for("AT+CSQ")
    start = time.monotonic()
    driver.close()
    asking.join(5)
    assert time.monotonic() - start < 0.5
    assert isinstance(failed[0], ModemGone)


def test_the_network_s_time_is_told_as_utc_and_an_unset_clock_is_none(scripted: MakeModem, ours: Connect) -> None:
    """TS 27.007 clause 8.15: the zone is in quarters of an hour."""
    modem = scripted({"AT+CCLK?": b'+CCLK: "26/10/22,20:00:00+32"\r\n\r\nOK'})
    driver = ours(modem)
    assert driver.network_time() == MOMENT
    modem.replies["AT+CCLK?"] = b'+CCLK: "80/01/06,00:00:05+00"\r\n\r\nOK'
    assert driver.network_time() is None


def test_a_local_time_without_its_zone_is_no_time(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CCLK?": b'+CCLK: "26/10/22,20:00:00"\r\n\r\nOK'})
    assert ours(modem).network_time() is None


def test_connecting_what_is_connected_changes_nothing(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    driver = ours(modem, poll_interval_s=1000.0)
    eventually(lambda: len(driver._later) == 2)
    before = modem.commands.count("ATZ")
    driver.connect()
    assert modem.commands.count("ATZ") == before
    assert len(driver._later) == 2  # one looks for messages, one for the network


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread that is left over
def test_the_library_opens_the_port_and_sets_all_up_a_second_time(scripted: MakeModem, unmodified: Connect) -> None:
    modem = scripted()
    driver = unmodified(modem)
    reader, port = driver.rxThread, driver.serial
    with contextlib.suppress(Exception):  # its two threads take each other's answers away
        driver.connect()
    assert driver.serial is not port
    assert driver.rxThread is not reader
    eventually(lambda: modem.commands.count("ATZ") >= 2)
    driver.close()
    reader.join(5)


# ---- sending


def test_a_text_is_sent_with_its_reference(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    assert ours(modem).send_text(NUMBER, "银信 {1}") == Sent((7,))
    submit = decode_submit(from_hex(modem.texts[0])[1])
    assert (submit.destination, submit.text) == (NUMBER, "银信 {1}")
    assert modem.commands[-1] == f"AT+CMGS={len(from_hex(modem.texts[0])[1])}"


def test_a_long_text_is_sent_in_parts(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    assert ours(modem).send_text(NUMBER, "a" * 200) == Sent((7, 7))
    parts = [decode_submit(from_hex(line)[1]).user_data for line in modem.texts]
    assert "".join(part.text for part in parts) == "a" * 200
    assert [part.concatenation.sequence for part in parts if part.concatenation] == [1, 2]
    assert len({part.concatenation.reference for part in parts if part.concatenation}) == 1


@pytest.mark.parametrize(
    ("answer", "code"), [(b"+CMS ERROR: 38", 38), (b"+CME ERROR: 30", 30), (b"TOO MANY PARAMETERS", None)]
)
def test_a_refusal_is_certain(scripted: MakeModem, ours: Connect, answer: bytes, code: int | None) -> None:
    driver = ours(scripted(sent=answer))
    with pytest.raises(SendFailed, match="safe to send it again") as caught:
        driver.send_text(NUMBER, "hi")
    assert caught.value.code == code


def test_a_network_that_timed_out_is_not_a_refusal(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted(sent=b"+CMS ERROR: 332")
    with pytest.raises(SendUnknown):
        ours(modem).send_text(NUMBER, "hi")
    assert modem.times_given("hi") == 1


@pytest.mark.parametrize("answer", [b"ERROR", b"+CMS ERROR: 500", b"+CMS ERROR: 332", b"+CME ERROR: 31"])
def test_an_error_in_place_of_the_prompt_is_certain_whatever_it_says(
    scripted: MakeModem, ours: Connect, answer: bytes
) -> None:
    modem = scripted()
    modem.prompt = answer
    with pytest.raises(SendFailed):
        ours(modem).send_text(NUMBER, "hi")
    assert modem.texts == []


@pytest.mark.parametrize("answer", [b"+CMGS: 999", b"+CMGS: 256", b"+CMGS: 1000", b"+CMGS: ", b"+CMGS: -1"])
def test_what_is_no_reference_is_taken_for_none(scripted: MakeModem, ours: Connect, answer: bytes) -> None:
    """TS 23.040 clause 9.2.3.6: TP-MR is one octet."""
    assert ours(scripted(sent=answer + b"\r\n\r\nOK")).send_text(NUMBER, "hi") == Sent((None,))


def test_no_prompt_means_that_nothing_was_sent(scripted: MakeModem, ours: Connect) -> None:
    octets = len(encode_submit(Submit(NUMBER, UserData.of_text("hi"))))
    modem = scripted({f"AT+CMGS={octets}": lambda _: None})
    driver = ours(modem, prompt_timeout_s=0.1)
    with pytest.raises(SendFailed):
        driver.send_text(NUMBER, "hi")
    assert modem.texts == []
    assert driver.imsi


@pytest.mark.parametrize("number", ["", "+", "+86x\N{SNOWMAN}", "1" * 21])
def test_a_number_that_cannot_be_is_a_failure(scripted: MakeModem, ours: Connect, number: str) -> None:
    modem = scripted()
    with pytest.raises(SendFailed):
        ours(modem).send_text(number, "hi")
    assert not modem.prompted


def test_silence_after_the_text_is_unknown_and_the_modem_can_be_used_on(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted(sent=lambda _: None)
    driver = ours(modem, cmgs_timeout_s=0.1)
    with pytest.raises(SendUnknown):
        driver.send_text(NUMBER, "hi")
    modem.sent = b"+CMGS: 9\r\nOK"
    assert driver.send_text(NUMBER, "hi again").reference == 9
    assert [modem.times_given(text) for text in ("hi", "hi again")] == [1, 1]


def test_unplugging_after_the_text_is_unknown(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted(sent=lambda _: None)
    driver = ours(modem, cmgs_timeout_s=60)
    unplugging = threading.Timer(0.1, modem.unplug)
    unplugging.start()
    with pytest.raises(SendUnknown, match="went away"):
        driver.send_text(NUMBER, "hi")
    unplugging.join()
    modem.plug()
    eventually(lambda: driver._gone is None)
    assert modem.times_given("hi") == 1


def test_unplugging_before_is_a_failure(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    driver = ours(modem)
    modem.unplug()
    with pytest.raises(SendFailed, match="Plug it in again"):
        driver.send_text(NUMBER, "hi")


def test_other_threads_do_not_come_between_prompt_and_text(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted(sent=after(0.01, b"+CMGS: 7\r\n\r\nOK"))
    driver = ours(modem)
    stop = threading.Event()
    imsis: list[str] = []

    def ask() -> None:
        while not stop.is_set():
            imsis.append(driver.imsi)

    asking = threading.Thread(target=ask)
    asking.start()
    results = [driver.send_text(NUMBER, f"text {turn}") for turn in range(10)]
    stop.set()
    asking.join(5)
    assert results == [Sent((7,))] * 10
    assert set(imsis) == {"460001234567890"}


def test_the_library_s_way_to_send_gets_its_delivery_report(scripted: MakeModem, ours: Connect) -> None:
    report = StatusReport(7, NUMBER, MOMENT, MOMENT, 0)
    line = to_hex(encode_status_report(report)).encode()
    modem = scripted(sent=b"+CMGS: 7\r\n\r\nOK\r\n\r\n+CDS: 25\r\n" + line)
    reports: list[StatusReport] = []
    sms = ours(modem, reported=reports.append).sendSms(NUMBER, "hi", waitForDeliveryReport=True)
    assert sms.status == sms.DELIVERED
    eventually(lambda: reports == [report])


def test_only_its_own_report_is_waited_for(scripted: MakeModem, ours: Connect) -> None:
    others = [StatusReport(99, NUMBER, MOMENT, MOMENT, 0), StatusReport(7, "+8613911111111", MOMENT, MOMENT, 0)]
    trying = StatusReport(7, NUMBER, MOMENT, MOMENT, 0x20)
    modem = scripted()
    modem.sent = b"+CMGS: 7\r\n\r\nOK" + b"".join(cds(each) for each in [*others, trying])
    told: list[StatusReport] = []
    driver = ours(modem, reported=told.append)
    with pytest.raises(TimeoutException):
        driver.sendSms(NUMBER, "hi", waitForDeliveryReport=True, deliveryTimeout=0.3)
    assert told == [*others, trying]
    modem.sent += cds(StatusReport(7, NUMBER, MOMENT, MOMENT, 0))
    sms = driver.sendSms(NUMBER, "hi", waitForDeliveryReport=True)
    assert sms.status == sms.DELIVERED


def test_the_library_takes_any_report_for_it(scripted: MakeModem, unmodified: Connect) -> None:
    """`_handleSmsStatusReportTe` sets the event that `sendSms` waits for, whatever message the report is about."""
    modem = scripted()
    other = cds(StatusReport(99, "+8613911111111", MOMENT, MOMENT, 0))
    modem.sent = lambda _: threading.Timer(0.2, modem.say, [other]).start() or b"+CMGS: 7\r\n\r\nOK"
    sms = unmodified(modem).sendSms(NUMBER, "hi", waitForDeliveryReport=True, deliveryTimeout=5)
    assert sms.report is None


# ---- receiving


def test_stored_messages_are_handed_over_at_connect_and_then_deleted(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(), []
    modem.store = {3: text("three"), 4: "not a pdu", 9: text("nine")}
    ours(modem, received=got.append)
    eventually(lambda: list(modem.store) == [4])
    assert [(message.number, message.text, message.time) for message in got] == [
        (NUMBER, "three", MOMENT),
        (NUMBER, "nine", MOMENT),
    ]


def test_a_message_whose_callback_fails_stays_and_is_offered_again(scripted: MakeModem, ours: Connect) -> None:
    modem, tries = scripted(), []

    def take(message: ReceivedText) -> None:
        tries.append(message.text)
        if len(tries) == 1:
            raise ValueError("the disk is full")

    driver = ours(modem, received=take)
    modem.wait_for("AT+CMGL=4")
    modem.store[1] = text("hello")
    modem.urc('+CMTI: "SM",1')
    eventually(lambda: tries == ["hello"])
    assert modem.store
    driver.read_stored()
    eventually(lambda: not modem.store)
    assert tries == ["hello", "hello"]


def test_without_a_callback_messages_stay(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    modem.store[1] = text("hello")
    driver = ours(modem)
    modem.urc('+CMTI: "SM",1')
    assert driver.imsi
    assert modem.store


def test_a_callback_may_use_the_modem(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(), []
    driver = ours(modem, received=lambda message: got.append(driver.imsi))
    modem.wait_for("AT+CMGL=4")
    modem.store[1] = text("hello")
    modem.urc('+CMTI: "SM",1')
    eventually(lambda: got == ["460001234567890"])


def test_a_message_that_is_not_stored_is_taken_from_the_line(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(), []
    ours(modem, received=lambda message: got.append(message.text))
    modem.urc("+CMT: ,23\r\n" + text("direct"))
    eventually(lambda: got == ["direct"])


def test_the_library_s_callback_gets_the_library_s_message(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(), []
    ours(modem, smsReceivedCallbackFunc=got.append)
    modem.wait_for("AT+CMGL=4")
    modem.store[1] = text("hello")
    modem.urc('+CMTI: "SM",1')
    eventually(lambda: got)
    assert (got[0].number, got[0].text, got[0].time, got[0].index) == (NUMBER, "hello", MOMENT, 1)
    got[0].reply("yes")
    assert len(modem.texts) == 1


def test_a_stored_status_report_is_told_and_deleted(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(), []
    report = StatusReport(7, NUMBER, MOMENT, MOMENT, 0x46)
    ours(modem, received=lambda message: None, reported=got.append)
    modem.wait_for("AT+CMGL=4")
    modem.store[2] = to_hex(encode_status_report(report))
    modem.urc('+CDSI: "SM",2')
    eventually(lambda: got == [report])
    eventually(lambda: not modem.store)


def test_half_a_long_message_waits_on_the_sim_over_a_restart(scripted: MakeModem, ours: Connect) -> None:
    modem, got = scripted(), []
    parts = [to_hex(encode_deliver(Deliver(NUMBER, part, MOMENT))) for part in split("b" * 200, 5)]
    modem.store[1] = parts[0]
    first = ours(modem, received=lambda message: got.append(message.text))
    modem.wait_for("AT+CMGL=4")
    first.close()
    assert list(modem.store) == [1]
    modem.store[2] = parts[1]
    ours(modem, received=lambda message: got.append(message.text))
    eventually(lambda: got == ["b" * 200])
    eventually(lambda: not modem.store)


def test_a_ring_is_told_with_its_caller(scripted: MakeModem, ours: Connect) -> None:
    modem, calls = scripted(), []
    ours(modem, incomingCallCallbackFunc=calls.append)
    modem.urc("+CRING: VOICE", '+CLIP: "+8613900000000",145')
    eventually(lambda: calls)
    assert calls[0].number == NUMBER
