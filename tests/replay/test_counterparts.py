"""What the issue "Real modems" adds to the faults of `test_faults`: the same modem for our driver and for the library.

Source of each: the library's own code (python-gsmmodem-new 0.13.0, `gsmmodem/serial_comms.py`, `gsmmodem/modem.py`),
named in the docstring. Where it has nothing of the kind at all, the test shows what its user gets instead.
`docs/modem.md` has the whole table, which `test_fault_table` holds.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from gsmmodem.exceptions import CmeError, CmsError, TimeoutException
from gsmmodem.modem import GsmModem

from gsm import registration
from gsm.errors import SendFailed, SendUnknown
from gsm.modem import Modem
from gsm.pdu import Deliver, StatusReport, UserData, encode_deliver, encode_status_report, split, to_hex
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem, eventually
from tests.unit.gsm.machine import Interface, Machine

NUMBER = "+8613900000000"
IMSI = "460001234567890"
MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)


def silent(_: ScriptedModem) -> None:
    """No answer at all."""


def late(delay_s: float, data: bytes) -> Reply:
    """These very octets, after so many seconds."""

    def reply(modem: ScriptedModem) -> None:
        threading.Timer(delay_s, modem.say, [data]).start()

    return reply


def text(content: str) -> str:
    """The line of a short message."""
    return to_hex(encode_deliver(Deliver(NUMBER, UserData.of_text(content), MOMENT)))


def report(reference: int) -> str:
    """The line of a report of a message that the centre took just now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return to_hex(encode_status_report(StatusReport(reference, NUMBER, now, now, 0)))


class TestUnknownIsNotFailed:
    """`sendSms` raises the same TimeoutException whether the text was handed over or not: its caller cannot tell
    whether sending again may send twice. Both wait here for as long as the test says."""

    def test_ours_tells_one_from_the_other(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted(sent=silent)
        driver = ours(modem, cmgs_timeout_s=0.3, prompt_timeout_s=0.3)
        with pytest.raises(SendUnknown, match="not known whether"):
            driver.send_text(NUMBER, "handed over")
        modem.prompt = silent
        with pytest.raises(SendFailed, match="safe to send it again"):
            driver.send_text(NUMBER, "never handed over")
        assert [modem.times_given(text) for text in ("handed over", "never handed over")] == [1, 0]

    def test_the_library_does_not(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted(sent=silent)
        driver = unmodified(modem, hurried=True)
        told = []
        for prompt in (b"> ", silent):
            modem.prompt = prompt
            with pytest.raises(TimeoutException) as caught:
                driver.sendSms(NUMBER, "hi")
            told.append((type(caught.value), str(caught.value), caught.value.data))
        assert told[0] == told[1]
        assert modem.times_given("hi") == 1


class TestSettledByAReport:
    """`sendSms` forgets a message whose answer did not come; the report of it has a reference that nobody was told."""

    def test_ours_settles_it(self, scripted: MakeModem, ours: Connect) -> None:
        modem, told = scripted(sent=silent), []
        driver = ours(modem, cmgs_timeout_s=0.1, received=lambda _: None, settled=told.append)
        with pytest.raises(SendUnknown) as caught:
            driver.send_text(NUMBER, "hi")
        modem.urc("+CDS: 25\r\n" + report(9))
        eventually(lambda: [(each.message_id, each.error) for each in told] == [(caught.value.message_id, None)])
        assert modem.times_given("hi") == 1

    def test_the_library_s_user_gets_a_report_of_nothing_that_was_sent(
        self, scripted: MakeModem, unmodified: Connect
    ) -> None:
        modem, reports = scripted(sent=silent), []
        driver = unmodified(modem, hurried=True, smsStatusReportCallback=reports.append)
        with pytest.raises(TimeoutException):
            driver.sendSms(NUMBER, "hi")
        modem.urc("+CDS: 25\r\n" + report(9))
        eventually(lambda: [each.reference for each in reports] == [9])
        assert 9 not in driver.sentSms


class TestErrorForms:
    """`RESPONSE_TERM` knows an error by its number after a space, `ERROR`, and `COMMAND NOT SUPPORT`; it waits on for
    everything else, such as the words of TS 27.005 clause 3.2.5 and of Huawei's sticks, and then tells of no answer."""

    forms: ClassVar[dict[str, int | None]] = {
        "+CMS ERROR: no network service": 331,
        "+CMS ERROR: SIM failure": 313,
        "+CME ERROR: memory full": 20,
        "+CMS ERROR:38": 38,
        "TOO MANY PARAMETERS": None,
    }

    @pytest.mark.parametrize("form", forms)
    def test_ours_knows_it_for_a_refusal_at_once(self, scripted: MakeModem, ours: Connect, form: str) -> None:
        driver = ours(scripted(sent=form.encode()), cmgs_timeout_s=60)
        began_s = time.monotonic()
        with pytest.raises(SendFailed) as caught:
            driver.send_text(NUMBER, "hi")
        assert caught.value.code == self.forms[form]
        assert time.monotonic() - began_s < 20

    @pytest.mark.parametrize("form", forms)
    def test_the_library_waits_to_its_end(self, scripted: MakeModem, unmodified: Connect, form: str) -> None:
        driver = unmodified(scripted(sent=form.encode()), hurried=True)
        with pytest.raises(TimeoutException) as caught:
            driver.sendSms(NUMBER, "hi")
        assert caught.value.data == [form]

    def test_both_know_a_number(self, scripted: MakeModem, ours: Connect, unmodified: Connect) -> None:
        with pytest.raises(SendFailed) as failed:
            ours(scripted(sent=b"+CMS ERROR: 38")).send_text(NUMBER, "hi")
        with pytest.raises(CmsError) as raised:
            unmodified(scripted(sent=b"+CMS ERROR: 38")).sendSms(NUMBER, "hi")
        assert failed.value.code == raised.value.code == 38


class TestLatePrompt:
    """Once `write` has given up waiting for the prompt nobody sends ESC: the modem takes every command after it for the
    beginning of the text, and the next Ctrl-Z sends them to somebody (TS 27.005 clause 3.5.1)."""

    def test_ours_takes_it_back(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted()
        driver = ours(modem, prompt_timeout_s=0.2)
        modem.prompt = late(0.5, b"\r\n> ")
        with pytest.raises(SendFailed):
            driver.send_text(NUMBER, "hi")
        assert driver.imsi == IMSI
        modem.prompt = b"> "
        assert driver.send_text(NUMBER, "hi").reference == 7
        assert modem.times_given("hi") == len(modem.texts) == 1

    def test_the_library_s_next_command_becomes_a_text(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted()
        driver = unmodified(modem, hurried=True)
        modem.prompt = late(0.6, b"\r\n> ")
        with pytest.raises(TimeoutException):
            driver.sendSms(NUMBER, "hi")
        time.sleep(0.3)  # the prompt has come
        with pytest.raises(TimeoutException):
            _ = driver.imsi
        assert modem.swallowed[-1:] == ["AT+CIMI"]


class TestBusySim:
    """`write` asks again for 14 only; 314, which says the same of an SMS command (TS 27.005 clause 3.2.5), is an error
    to it, its words are not understood, and of a SIM that stays busy it asks for ever, with itself on the stack."""

    @pytest.mark.parametrize("said", [b"+CMS ERROR: 314", b"+CMS ERROR: SIM busy", b"+CME ERROR: SIM busy"])
    def test_ours_waits_and_sends(self, scripted: MakeModem, ours: Connect, said: bytes) -> None:
        modem, answers = scripted(), iter([said, said, b"> "])
        driver = ours(modem, prompt_timeout_s=10)
        modem.prompt = lambda _: next(answers)
        assert driver.send_text(NUMBER, "hi").reference == 7
        assert modem.times_given("hi") == 1

    @pytest.mark.parametrize(
        ("said", "error"),
        [
            (b"+CMS ERROR: 314", CmsError),
            (b"+CMS ERROR: SIM busy", TimeoutException),
            (b"+CME ERROR: SIM busy", TimeoutException),
        ],
    )
    def test_the_library_does_not(
        self, scripted: MakeModem, unmodified: Connect, said: bytes, error: type[Exception]
    ) -> None:
        modem, answers = scripted(), iter([said, said, b"> "])
        driver = unmodified(modem, hurried=True)
        modem.prompt = lambda _: next(answers)
        with pytest.raises(error):
            driver.sendSms(NUMBER, "hi")
        assert modem.texts == []

    def test_ours_gives_a_sim_up_that_stays_busy(self, scripted: MakeModem, ours: Connect) -> None:
        driver = ours(scripted({"AT+CIMI": b"+CME ERROR: 14"}), command_timeout_s=0.7)
        with pytest.raises(Exception, match="14"):
            driver.write("AT+CIMI")

    def test_the_library_never_does(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted({"AT+CIMI": b"+CME ERROR: 14"})
        driver = unmodified(modem, hurried=True)
        asking = threading.Thread(target=lambda: driver.imsi, daemon=True)
        asking.start()
        eventually(lambda: modem.commands.count("AT+CIMI") >= 4, 20)
        assert asking.is_alive(), "four times its time-out has passed"
        modem.replies["AT+CIMI"] = IMSI.encode() + b"\r\n\r\nOK"
        asking.join(20)


class TestPinAskedAgain:
    """The PIN is a parameter of `connect` and forgotten after it; a SIM that asks again is an error for ever."""

    @staticmethod
    def lock(modem: ScriptedModem) -> None:
        """What an undervoltage does: the modem has started anew, and nobody saw it."""

        def opened(same: ScriptedModem) -> bytes:
            same.replies.update({"AT+CPIN?": b"+CPIN: READY\r\n\r\nOK", "AT+CIMI": IMSI.encode() + b"\r\n\r\nOK"})
            return b"OK"

        asks: dict[str, Reply] = {"AT+CPIN?": b"+CPIN: SIM PIN\r\n\r\nOK", "AT+CIMI": b"+CME ERROR: 11"}
        modem.replies.update({**asks, 'AT+CPIN="1234"': opened})

    def test_ours_opens_it(self, scripted: MakeModem, ours: Connect) -> None:
        modem, back = scripted(), []
        self.lock(modem)
        driver = ours(modem, "1234", back=lambda: back.append(1))
        self.lock(modem)
        with pytest.raises(Exception, match="PIN"):
            _ = driver.imsi
        eventually(lambda: back)
        assert driver.imsi == IMSI

    def test_the_library_leaves_it_locked(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted()
        self.lock(modem)
        driver = unmodified(modem, "1234")
        assert driver.imsi == IMSI
        self.lock(modem)
        for _ in range(3):
            with pytest.raises(CmeError, match="11"):
                _ = driver.imsi
        assert modem.commands.count('AT+CPIN="1234"') == 1


class TestPukInTheMiddle:
    """A SIM that was blocked meanwhile: `connect` after a reset sends the PIN in the PUK state (see `TestPuk`)."""

    @staticmethod
    def block(modem: ScriptedModem) -> None:
        modem.replies.update({"AT+CPIN?": b"+CPIN: SIM PUK\r\n\r\nOK", 'AT+CPIN="1234"': b"+CME ERROR: 16"})

    def test_ours_gives_the_puk_no_pin(self, scripted: MakeModem, ours: Connect) -> None:
        modem, gone = scripted(), []
        driver = ours(modem, "1234", gone=lambda error: gone.append(str(error.__cause__ or "")))
        self.block(modem)
        modem.urc("RDY")
        eventually(lambda: any("PUK" in reason for reason in gone))
        assert driver._gone
        assert 'AT+CPIN="1234"' not in modem.commands

    def test_the_library_uses_up_one_try_of_the_puk(self, scripted: MakeModem) -> None:
        modem = scripted()
        driver = GsmModem(modem.path)
        driver.timeout = 0.05
        driver.connect("1234")
        self.block(modem)
        modem.urc("RDY")
        driver.close()
        with pytest.raises(CmeError):
            driver.connect("1234")
        driver.close()
        assert 'AT+CPIN="1234"' in modem.commands


class TestNetworkLost:
    """It asks for the registration in `waitForNetworkCoverage` only, and never switches the radio off and on. This
    modem hangs on to a cell that is gone, and looks for another one after +CFUN=4 and 1 (TS 27.007 clause 8.2)."""

    @staticmethod
    def modem(scripted: MakeModem) -> ScriptedModem:
        def on(same: ScriptedModem) -> bytes:
            if "AT+CFUN=4" in same.commands:
                same.replies["AT+CREG?"] = b"+CREG: 0,1\r\n\r\nOK"
                same.sent = b"+CMGS: 7\r\n\r\nOK"
            return b"OK"

        lost: dict[str, Reply] = {"AT+CREG?": b"+CREG: 0,2\r\n\r\nOK", "AT+CFUN=4": b"OK", "AT+CFUN=1": on}
        return scripted(lost, sent=b"+CMS ERROR: 331")

    def test_ours_finds_a_network_and_sends(
        self, scripted: MakeModem, ours: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registration, "RESTART_AFTER_S", 0.1)
        modem = self.modem(scripted)
        driver = ours(modem, registration_interval_s=0.02)
        eventually(lambda: driver._registration.is_registered)
        assert driver.send_text(NUMBER, "hi").reference == 7
        assert modem.times_given("hi") == 1, "nothing was handed over without a network"

    def test_the_library_sends_in_vain_for_ever(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = self.modem(scripted)
        driver = unmodified(modem)
        with pytest.raises(TimeoutException):
            driver.waitForNetworkCoverage(timeout=0.2)
        for _ in range(3):
            with pytest.raises(CmsError, match="331"):
                driver.sendSms(NUMBER, "hi")
        assert modem.times_given("hi") == 3
        assert "AT+CFUN=4" not in modem.commands


class TestIndications:
    """`connect` tries +CNMI=2,1,0,2 and 2,1,0,1,0 and then gives receiving up; it never asks +CNMI=?. This modem can do
    mode 1 only, and tells of a message once it was told to."""

    @staticmethod
    def modem(scripted: MakeModem) -> ScriptedModem:
        return scripted(
            {
                "AT+CNMI=2,1,0,2": b"+CMS ERROR: 303",
                "AT+CNMI=2,1,0,1,0": b"+CMS ERROR: 303",
                "AT+CNMI=?": b"+CNMI: (0,1),(0,1),(0),(0,1),(1)\r\n\r\nOK",
                "AT+CNMI=1,1,0,1,1": b"OK",
            }
        )

    @staticmethod
    def arrives(modem: ScriptedModem) -> None:
        """A message comes, and is told of as +CNMI says."""
        modem.store[1] = text("hello")
        if "AT+CNMI=1,1,0,1,1" in modem.commands:
            modem.urc('+CMTI: "SM",1')

    def test_ours_is_told_and_reads_it(self, scripted: MakeModem, ours: Connect) -> None:
        modem, got = self.modem(scripted), []
        driver = ours(modem, received=lambda message: got.append(message.text))
        assert driver._poll_pause_s() == 60.0
        modem.wait_for("AT+CMGL=4")
        self.arrives(modem)
        eventually(lambda: got == ["hello"])

    def test_the_library_is_never_told(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem, got = self.modem(scripted), []
        unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
        self.arrives(modem)
        time.sleep(0.3)
        assert got == []
        assert "AT+CNMI=?" not in modem.commands


class TestClock:
    """It has nothing for the time. A network's time told unasked (SIMCom's *PSUTTZ) is to it a line of whatever answer
    comes next (`_handleLineRead`), and the time is lost."""

    replies: ClassVar[dict[str, Reply]] = {
        "AT+CIMI": b'*PSUTTZ: 2026,10,22,12,0,0,"+32",0\r\n\r\n' + IMSI.encode() + b"\r\n\r\nOK",
        "AT+CCLK?": b'+CCLK: "80/01/06,00:00:05+00"\r\n\r\nOK',
    }

    def test_ours_knows_both(self, scripted: MakeModem, ours: Connect) -> None:
        driver = ours(scripted(self.replies))
        assert driver.network_time() is None  # a clock that nobody has set
        assert driver.imsi == IMSI
        eventually(lambda: driver.network_time() is not None)
        told = driver.network_time()
        assert 0 <= (told - MOMENT).total_seconds() < 60

    def test_the_library_takes_the_time_for_the_imsi(self, scripted: MakeModem, unmodified: Connect) -> None:
        driver = unmodified(scripted(self.replies))
        assert driver.imsi.startswith("*PSUTTZ")
        assert driver.write("AT+CCLK?")[0].endswith('"80/01/06,00:00:05+00"'), "and a clock that nobody has set for set"


class TestRenumbering:
    """After unplugging nothing opens the port again; who calls `connect` once more opens whatever has its name now."""

    def test_ours_follows_its_device_and_the_library_takes_another(
        self, scripted: MakeModem, unmodified: Connect, tmp_path: Path
    ) -> None:
        (tmp_path / "machine").mkdir()
        machine = Machine(tmp_path / "machine")
        modem, other = scripted(), scripted({"AT+CIMI": b"460009999999999\r\n\r\nOK"})
        machine.plug_in("1e0e:9001", Interface(2, "ttyUSB2", modem.path), serial_number="A")
        name = str(machine.root / "dev/ttyUSB2")
        settings: dict[str, Any] = {"reopen_interval_s": 0.02, "command_timeout_s": 2.0, "first_answer_timeout_s": 2.0}
        back: list[int] = []
        driver = Modem(name, back=lambda: back.append(1), usb_root=machine.root, **settings)
        driver.connect()
        try:
            modem.unplug()
            machine.unplug("1-1.2")
            machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2", other.path), location="1-1.3")
            modem.plug()
            machine.plug_in("1e0e:9001", Interface(2, "ttyUSB5", modem.path), location="1-1.4", serial_number="A")
            eventually(lambda: back, 20)
            assert driver.imsi == IMSI
        finally:
            driver.close()

        theirs = GsmModem(name)
        theirs.timeout = 0.05
        theirs.connect()
        try:
            assert theirs.imsi == "460009999999999", "another card: the money of somebody else"
        finally:
            theirs.close()


class TestOwnNumberInTheSimsFile:
    """`ownNumber` looks in +CNUM, or else in the phonebook, and nowhere else (TS 51.011 clause 10.5.5: EF MSISDN)."""

    replies: ClassVar[dict[str, Reply]] = {
        "AT+CNUM": b"OK",
        "AT+CRSM=192,28480": b"+CRSM: 144,0,621B82054221001C0283026F40A506C00100DE01008A01058B036F0606\r\n\r\nOK",
        "AT+CRSM=178,28480,1,4,28": b"+CRSM: 144,0," + b"FF" * 14 + b"0891683108000000F0" + b"FF" * 5 + b"\r\n\r\nOK",
    }

    def test_ours_finds_it(self, scripted: MakeModem, ours: Connect) -> None:
        assert ours(scripted(self.replies)).own_number() == "+8613800000000"

    def test_the_library_finds_none(self, scripted: MakeModem, unmodified: Connect) -> None:
        assert unmodified(scripted(self.replies)).ownNumber is None


class TestResetInTheMiddle:
    """`_handleLineRead` keeps `RDY` for a line of an answer whose end never comes. Afterwards the modem has the
    settings of its making, of which the library knows nothing: new messages are told of no more."""

    @staticmethod
    def modem(scripted: MakeModem) -> ScriptedModem:
        return scripted({"AT+CSQ": b"RDY"})

    @staticmethod
    def arrives(modem: ScriptedModem) -> None:
        """A modem that was set up since it started tells of the message."""
        modem.store[1] = text("hello")
        if modem.commands.count("AT+CNMI=2,1,0,2") == 2:
            modem.urc('+CMTI: "SM",1')

    def test_ours_sets_all_up_and_receives(self, scripted: MakeModem, ours: Connect) -> None:
        modem, got, back = self.modem(scripted), [], []
        driver = ours(modem, received=lambda message: got.append(message.text), back=lambda: back.append(1))
        with pytest.raises(Exception, match="started anew"):
            driver.write("AT+CSQ")
        eventually(lambda: back)
        self.arrives(modem)
        eventually(lambda: got == ["hello"])

    def test_the_library_receives_nothing_any_more(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem, got = self.modem(scripted), []
        driver = unmodified(modem, hurried=True, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
        with pytest.raises(TimeoutException):
            driver.write("AT+CSQ")
        assert driver.write("AT")[-1] == "OK"
        self.arrives(modem)
        time.sleep(0.3)
        assert got == []


class TestPartsOutOfOrder:
    """`_handleSmsReceived` gives each part to the callback as it comes: three messages, in the wrong order."""

    whole = "0123456789" * 40

    def arrive(self, modem: ScriptedModem, wait: Callable[[int], None]) -> None:
        """The third part first; each once the one before was read."""
        parts = split(self.whole, 9)
        for index in (3, 1, 2):
            modem.store[index] = to_hex(encode_deliver(Deliver(NUMBER, parts[index - 1], MOMENT)))
            modem.urc(f'+CMTI: "SM",{index}')
            wait(index)

    def test_ours_gives_one_text(self, scripted: MakeModem, ours: Connect) -> None:
        modem, got = scripted(), []
        ours(modem, received=lambda message: got.append(message.text))
        modem.wait_for("AT+CMGL=4")
        self.arrive(modem, lambda index: modem.wait_for(f"AT+CMGR={index}"))
        eventually(lambda: got == [self.whole])

    def test_the_library_gives_three(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem, got = scripted(), []
        unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
        self.arrive(modem, lambda index: eventually(lambda: index not in modem.store))
        assert len(got) == 3
        assert "".join(got) != self.whole
