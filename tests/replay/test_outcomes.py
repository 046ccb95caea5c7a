"""Messages whose outcome was unknown, settled by what comes later; each over a pty."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gsmmodem.exceptions import TimeoutException
from gsmmodem.modem import CTRLZ, GsmModem

from gsm.errors import SendUnknown
from gsm.outcomes import CLOCKS_DIFFER_S, SENDING_S_MAX, Outcomes, Settled
from gsm.pdu import StatusReport, encode_status_report, to_hex
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import ScriptedModem, after, eventually, set_up_is_over

NUMBER = "+8613900000000"


def report(reference: int, recipient: str = NUMBER, sent: datetime | None = None, status: int = 0) -> str:
    """The line of a status report of a message that the centre took just now."""
    moment = (sent or datetime.now(UTC)).replace(microsecond=0)
    return to_hex(encode_status_report(StatusReport(reference, recipient, moment, moment, status)))


class Doubt:
    """A driver whose message got no answer in time, and what it told since."""

    def __init__(self, modem: ScriptedModem, connect: Connect, text: str = "hi") -> None:
        self.told: list[Settled] = []
        self.modem, self.text = modem, text
        self.driver = connect(modem, cmgs_timeout_s=0.1, received=lambda _: None, settled=self.told.append)
        set_up_is_over(self.driver)
        with pytest.raises(SendUnknown) as caught:
            self.driver.send_text(NUMBER, text)
        self.message_id = caught.value.message_id

    def facts(self) -> list[tuple[int, int | None, bool]]:
        return [(each.message_id, each.reference, each.error is None) for each in self.told]

    def settled(self, reference: int | None, sent: bool) -> Callable[[], bool]:
        """Whether this was told, and the message went over the line once and never again."""

        def is_settled() -> bool:
            assert self.modem.times_given(self.text) == 1
            return self.facts() == [(self.message_id, reference, sent)]

        return is_settled


def silent(_: ScriptedModem) -> None:
    """No answer at all."""


@pytest.fixture
def doubt(scripted: MakeModem, ours: Connect) -> Doubt:
    return Doubt(scripted(sent=silent), ours)


@pytest.mark.parametrize("asked_meanwhile", [False, True])
@pytest.mark.parametrize(
    ("late", "reference", "sent"),
    [
        (b"+CMGS: 9\r\n\r\nOK", 9, True),
        (b"+CMS ERROR: 38", None, False),
        (b"+CMS ERROR: no network service", None, False),
    ],
)
def test_a_late_answer_settles_it(
    doubt: Doubt, late: bytes, reference: int | None, sent: bool, asked_meanwhile: bool
) -> None:
    if asked_meanwhile:  # a modem that works on +CMGS answers what is asked meanwhile only after it
        doubt.modem.replies["AT+CMEE?"] = after(0.2, late + b"\r\n\r\n+CMEE: 1\r\n\r\nOK")
        assert doubt.driver.imsi == "460001234567890"
    else:
        doubt.modem.urc(late.decode())
    eventually(doubt.settled(reference, sent))


@pytest.mark.parametrize("late", ["ERROR", "+CMS ERROR: 500", "+CME ERROR: network timeout"])
def test_a_late_answer_that_names_no_cause_settles_nothing(doubt: Doubt, late: str) -> None:
    doubt.modem.urc(late)
    assert doubt.driver.imsi
    doubt.modem.urc("+CDS: 25\r\n" + report(9))
    eventually(doubt.settled(9, sent=True))


@pytest.mark.parametrize("announced", ["+CDS: 25", "+CDSI"])
def test_a_status_report_settles_it_as_sent(doubt: Doubt, announced: str) -> None:
    if announced == "+CDSI":
        doubt.modem.store[2] = report(9)
        doubt.modem.urc('+CDSI: "SM",2')
    else:
        doubt.modem.urc(announced + "\r\n" + report(9))
    eventually(doubt.settled(9, sent=True))


def test_a_report_of_a_failed_delivery_means_that_it_was_sent(doubt: Doubt) -> None:
    doubt.modem.urc("+CDS: 25\r\n" + report(9, status=0x46))
    eventually(doubt.settled(9, sent=True))


def test_a_report_of_another_message_settles_nothing(doubt: Doubt) -> None:
    doubt.modem.sent = b"+CMGS: 8\r\n\r\nOK"
    assert doubt.driver.send_text(NUMBER, "another").reference == 8
    doubt.modem.urc("+CDS: 25\r\n" + report(8))
    doubt.modem.urc("+CDS: 25\r\n" + report(9, "+8613911111111"))
    doubt.modem.urc("+CDS: 25\r\n" + report(9, sent=datetime.now(UTC) - timedelta(hours=1)))
    doubt.modem.urc("+CDS: 25\r\n" + report(9, "13900000000"))  # the one, without its country code
    eventually(doubt.settled(9, sent=True))


@pytest.mark.parametrize(
    "answer", [b"+CMS ERROR: network timeout", b"+CME ERROR: 31", b"+CMS ERROR: 500", b"+CMS ERROR: whatever", b"ERROR"]
)
def test_a_refusal_that_names_no_cause_or_a_time_out_is_in_doubt_until_a_report_comes(
    scripted: MakeModem, ours: Connect, answer: bytes
) -> None:
    doubt = Doubt(scripted(sent=answer), ours)
    doubt.modem.urc("+CDS: 25\r\n" + report(9))
    eventually(doubt.settled(9, sent=True))


def test_a_long_message_whose_first_part_alone_was_taken_was_not_sent(scripted: MakeModem, ours: Connect) -> None:
    doubt = Doubt(scripted(sent=silent), ours, text="a" * 200)
    doubt.modem.urc("+CMGS: 9", "OK")
    eventually(doubt.settled(9, sent=False))


def test_a_reference_without_its_ok_is_an_answer(scripted: MakeModem, ours: Connect) -> None:
    driver = ours(scripted(sent=b"+CMGS: 9"), cmgs_timeout_s=0.1)
    assert driver.send_text(NUMBER, "hi").reference == 9


def test_after_unplugging_only_a_report_settles_it(scripted: MakeModem, ours: Connect) -> None:
    told: list[Settled] = []
    back = threading.Event()
    modem = scripted(sent=silent)
    driver = ours(modem, cmgs_timeout_s=60, settled=told.append, back=back.set)
    unplugging = threading.Timer(0.1, modem.unplug)
    unplugging.start()
    with pytest.raises(SendUnknown):
        driver.send_text(NUMBER, "hi")
    unplugging.join()
    modem.plug()
    assert back.wait(10)
    modem.urc("+CMGS: 3", "OK")  # nobody waits for this one
    modem.urc("+CDS: 25\r\n" + report(9))
    eventually(lambda: [each.reference for each in told] == [9])
    assert modem.times_given("hi") == 1


# ---- which message a report is about; without a modem

NINE = datetime(2026, 10, 22, 9, 0, tzinfo=UTC)


def about(reference: int, at: datetime, recipient: str = NUMBER) -> StatusReport:
    """The report of a message that the centre took at this time."""
    return StatusReport(reference, recipient, at, at + timedelta(seconds=4), 0)


@pytest.mark.parametrize("gap_s", [0, 10, CLOCKS_DIFFER_S - 1])
def test_a_report_that_may_be_about_either_of_two_doubts_settles_neither(gap_s: float) -> None:
    outcomes, second = Outcomes(), NINE + timedelta(seconds=gap_s)
    for since in (NINE, second):
        outcomes.doubt(NUMBER, None, True, since)
    assert outcomes.reported(about(9, second + timedelta(seconds=5))) is None
    assert outcomes.reported(about(9, NINE + timedelta(seconds=5))) is None


def test_a_report_settles_the_one_doubt_that_was_handed_over_about_then() -> None:
    outcomes = Outcomes()
    first = outcomes.doubt(NUMBER, None, True, NINE)
    second = outcomes.doubt(NUMBER, None, True, NINE + timedelta(minutes=10))
    settled = outcomes.reported(about(9, NINE + timedelta(minutes=10, seconds=5)))
    assert settled == Settled(second, NUMBER, 9, None)
    assert outcomes.reported(about(9, NINE + timedelta(minutes=10, seconds=5))) is None  # told a second time
    assert outcomes.reported(about(8, NINE + timedelta(seconds=5))) == Settled(first, NUMBER, 8, None)


def test_a_report_settles_a_doubt_once_the_other_one_is_settled_by_its_answer() -> None:
    outcomes = Outcomes()
    first = outcomes.doubt(NUMBER, 1, True, NINE)
    second = outcomes.doubt(NUMBER, 2, True, NINE + timedelta(seconds=30))
    assert outcomes.answered(1, ["+CMGS: 8", "OK"]) == Settled(first, NUMBER, 8, None)
    assert outcomes.reported(about(8, NINE + timedelta(seconds=5))) is None
    assert outcomes.reported(about(9, NINE + timedelta(seconds=35))) == Settled(second, NUMBER, 9, None)


def test_a_report_that_may_be_about_a_message_taken_without_a_reference_settles_nothing() -> None:
    outcomes = Outcomes()
    outcomes.doubt(NUMBER, None, True, NINE)
    outcomes.sent(NUMBER, None, NINE + timedelta(seconds=30))
    assert outcomes.reported(about(9, NINE + timedelta(seconds=35))) is None


@pytest.mark.parametrize("seconds", [-CLOCKS_DIFFER_S - 1, SENDING_S_MAX + CLOCKS_DIFFER_S + 1])
def test_a_report_of_what_was_taken_long_before_or_after_settles_nothing(seconds: float) -> None:
    """Another program, or a phone, may have sent with the same SIM then."""
    outcomes = Outcomes()
    outcomes.doubt(NUMBER, None, True, NINE)
    assert outcomes.reported(about(9, NINE + timedelta(seconds=seconds))) is None


# ---- the library as it is


class Impatient(GsmModem):  # type: ignore[misc]
    """The library as it is, but that it waits for an answer to a text 0.1 s and not 35 s; it keeps all it has sent."""

    def __init__(self, port: str) -> None:
        super().__init__(port)
        self.timeout = 0.05
        self.sentSms = {}  # its own forgets what nobody else holds

    def write(self, data: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("writeTerm") == CTRLZ:
            kwargs["timeout"] = 0.1
        return super().write(data, *args, **kwargs)


def test_the_library_knows_nothing_of_a_late_answer(scripted: MakeModem) -> None:
    """`sendSms` raises and forgets the message; the late lines go to the notification handler, which knows them not."""
    modem = scripted()
    driver = Impatient(modem.path)
    driver.connect()
    try:
        driver.sendSms(NUMBER, "in time")
        assert list(driver.sentSms) == [7]
        modem.sent = silent
        with pytest.raises(TimeoutException):
            driver.sendSms(NUMBER, "late")
        modem.urc("+CMGS: 9", "OK")
        assert driver.write("AT+CSQ")[-1] == "OK"
        assert list(driver.sentSms) == [7]
    finally:
        driver.close()
