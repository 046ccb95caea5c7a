"""The faults of python-gsmmodem-new 0.13.0 that design.md section 6 lists, each shown in it and cured in ours.

Source of each: the library's own code (`gsmmodem/serial_comms.py`, `gsmmodem/modem.py`), named in the docstring, and
where a modem behaves so, the manual or bug report that says it.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from gsmmodem.exceptions import CommandError, PinRequiredError, TimeoutException
from gsmmodem.modem import GsmModem

from gsm.errors import ModemGone, SendUnknown, SimPukNeeded
from gsm.modem import Modem, Sent
from gsm.pdu import Deliver, UserData, decode_submit, encode_deliver, from_hex, split, to_hex
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem, after, eventually

MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)


def in_a_moment(call: Callable[[], object], delay_s: float = 0.05) -> threading.Timer:
    """Do something while the test waits for an answer."""
    timer = threading.Timer(delay_s, call)
    timer.start()
    return timer


def pdu_of(message: Deliver) -> str:
    """The line a modem shows for a received message."""
    return to_hex(encode_deliver(message), "+8613800100500")


def text(content: str) -> str:
    """The line of a short message."""
    return pdu_of(Deliver("+8613900000000", UserData.of_text(content), MOMENT))


class TestUnsolicitedLineBeforeTheAnswer:
    """Huawei E-series send ^RSSI and ^BOOT at any time; `_handleLineRead` takes every line for the answer."""

    replies: ClassVar[dict[str, Reply]] = {"AT+CIMI": b"^RSSI:19\r\n\r\n460001234567890\r\n\r\nOK"}

    def test_ours_gives_the_imsi(self, scripted: MakeModem, ours: Connect) -> None:
        assert ours(scripted(self.replies)).imsi == "460001234567890"

    def test_the_library_gives_the_unsolicited_line(self, scripted: MakeModem, unmodified: Connect) -> None:
        assert unmodified(scripted(self.replies)).imsi == "^RSSI:19"


class TestNewMessageDuringACommand:
    """A +CMTI inside an answer goes into that answer's lines (`_handleLineRead`) and nobody reads the message."""

    @staticmethod
    def modem(scripted: MakeModem) -> ScriptedModem:
        return scripted({"AT+CSQ": b'+CMTI: "SM",1\r\n\r\n+CSQ: 19,99\r\n\r\nOK'})

    def test_ours_reads_it(self, scripted: MakeModem, ours: Connect) -> None:
        modem, got = self.modem(scripted), []
        driver = ours(modem, received=lambda message: got.append(message.text))
        driver.write("AT")
        modem.store[1] = text("hello")
        assert driver.signalStrength == 19
        eventually(lambda: got == ["hello"])
        eventually(lambda: not modem.store)

    def test_the_library_never_does(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem, got = self.modem(scripted), []
        driver = unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
        modem.store[1] = text("hello")
        with pytest.raises(CommandError):
            _ = driver.signalStrength
        time.sleep(0.1)
        assert got == []
        assert modem.store


class TestTwoNewMessagesInOneBurst:
    """`__threadedHandleModemNotification` returns after the first line of a burst that it knows."""

    def test_ours_reads_both(self, scripted: MakeModem, ours: Connect) -> None:
        modem, got = scripted(), []
        ours(modem, received=lambda message: got.append(message.text))
        modem.wait_for("AT+CMGL=4")
        modem.store.update({1: text("one"), 2: text("two")})
        modem.urc('+CMTI: "SM",1', '+CMTI: "SM",2')
        eventually(lambda: got == ["one", "two"])
        eventually(lambda: not modem.store)

    def test_the_library_reads_the_first(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem, got = scripted(), []
        unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
        modem.store.update({1: text("one"), 2: text("two")})
        modem.urc('+CMTI: "SM",1', '+CMTI: "SM",2')
        eventually(lambda: got)
        time.sleep(0.1)
        assert got == ["one"]
        assert 2 in modem.store


class TestSlowNetwork:
    """`sendSms` waits 35 s; u-blox and Quectel AT manuals give +CMGS a maximum response time of up to 120 to 150 s.

    The +CMGS that then comes late is, to `_handleLineRead`, the answer to whatever command runs by then.
    """

    def test_ours_waits_120_s(self, scripted: MakeModem, ours: Connect) -> None:
        waits: list[float | None] = []

        class Watched(Modem):
            def write(self, data: str, *args: Any, **kwargs: Any) -> Any:
                waits.append(kwargs.get("timeout"))
                return super().write(data, *args, **kwargs)

        modem = scripted()
        driver = Watched(modem.path)
        driver.connect()
        driver.send_text("+8613900000000", "hi")
        driver.close()
        assert waits[-1] == 120

    def test_the_library_waits_35_s(self, scripted: MakeModem) -> None:
        waits: list[float | None] = []

        class Watched(GsmModem):  # type: ignore[misc]
            def write(self, data: str, *args: Any, **kwargs: Any) -> Any:
                waits.append(kwargs.get("timeout"))
                return super().write(data, *args, **kwargs)

        modem = scripted()
        driver = Watched(modem.path)
        driver.timeout = 0.05
        driver.connect()
        driver.sendSms("+8613900000000", "hi")
        driver.close()
        assert waits[-1] == 35

    def test_ours_never_takes_a_late_answer_for_the_next_ones(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted(sent=after(0.3, b"+CMGS: 1\r\n\r\nOK"))
        modem.replies["AT+CMEE?"] = after(0.3, b"+CMEE: 1\r\n\r\nOK")  # it answers in order, the late one first
        driver = ours(modem, cmgs_timeout_s=0.1)
        with pytest.raises(SendUnknown):
            driver.send_text("+8613900000000", "hi")
        assert driver.imsi == "460001234567890"
        assert driver.signalStrength == 19
        assert modem.times_given("hi") == 1

    def test_ours_goes_on_when_the_late_answer_never_comes(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted(sent=lambda _: None)
        driver = ours(modem, cmgs_timeout_s=0.1)
        with pytest.raises(SendUnknown):
            driver.send_text("+8613900000000", "hi")
        assert driver.imsi == "460001234567890"
        assert modem.times_given("hi") == 1

    def test_the_library_gives_it_as_the_imsi(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted({"AT+CIMI": after(0.2, b"460001234567890\r\n\r\nOK")}, sent=after(0.2, b"+CMGS: 1\r\n\r\nOK"))
        driver = unmodified(modem)
        driver.write("AT+CMGS=9", timeout=5, expectedResponseTermSeq="> ")
        with pytest.raises(TimeoutException):
            driver.write("00", timeout=0.1, writeTerm="\x1a")
        assert driver.imsi == "+CMGS: 1"


class TestOwnNumber:
    """`CNUM_REGEX` wants a quoted name; `ownNumber` takes one line only, its phonebook branch parses with the CNUM
    expression, and `"+CNUM" in self._commands` raises TypeError when +CLAC told nothing.

    Answers as reported for Huawei E1550 and SIMCom SIM900 (TS 27.007 clause 7.1 makes <alpha> optional).
    """

    unquoted: ClassVar[dict[str, Reply]] = {"AT+CNUM": b'+CNUM: ,"+8613800000000",145\r\n\r\nOK'}
    two_lines: ClassVar[dict[str, Reply]] = {
        "AT+CNUM": b'+CNUM: "A","+8613800000000",145\r\n+CNUM: "B","+8613800000001",145\r\n\r\nOK'
    }
    phonebook: ClassVar[dict[str, Reply]] = {
        "AT+CLAC": b"+CLAC:+CSCS,^DTMF,+CPBS\r\n\r\nOK",
        "AT+CPBS?": b'+CPBS: "SM",0,50\r\n\r\nOK',
        'AT+CPBS="ON"': b"OK",
        "AT+CPBR=1": b'+CPBR: 1,"+8613800000000",145,"me"\r\n\r\nOK',
        'AT+CPBS="SM"': b"OK",
    }
    no_list: ClassVar[dict[str, Reply]] = {
        **phonebook,
        "AT+CLAC": b"ERROR",
        "AT+CSCS=?": b"ERROR",
    }

    @pytest.mark.parametrize("replies", [unquoted, two_lines, phonebook, no_list])
    def test_ours_gives_it(self, scripted: MakeModem, ours: Connect, replies: dict[str, Reply]) -> None:
        modem = scripted(replies)
        driver = ours(modem)
        assert driver.own_number() == driver.ownNumber == "+8613800000000"
        if replies is self.phonebook:
            assert modem.commands[-1] == 'AT+CPBS="SM"'  # as it was before

    def test_ours_gives_none_where_there_is_none(self, scripted: MakeModem, ours: Connect) -> None:
        assert ours(scripted({"AT+CNUM": b"OK"})).own_number() is None

    @pytest.mark.parametrize("replies", [unquoted, two_lines, phonebook])
    def test_the_library_gives_none(self, scripted: MakeModem, unmodified: Connect, replies: dict[str, Reply]) -> None:
        assert unmodified(scripted(replies)).ownNumber is None

    def test_the_library_raises_type_error(self, scripted: MakeModem, unmodified: Connect) -> None:
        driver = unmodified(scripted(self.no_list))
        with pytest.raises(TypeError):
            _ = driver.ownNumber


class TestAByteThatIsNotUtf8:
    """`_readLoop` decodes each line strictly, and UnicodeDecodeError ends its thread. Line noise, and modems that
    switch speed while they start, send such bytes (ModemManager skips them too)."""

    def test_ours_reads_on(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted()
        driver = ours(modem)
        modem.say(b"\xff\xfe\x80\r\n")
        assert driver.imsi == "460001234567890"

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_the_library_stops_reading(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted()
        driver = unmodified(modem)
        modem.say(b"\xff\xfe\x80\r\n")
        driver.rxThread.join(5)
        with pytest.raises(TimeoutException):
            driver.write("AT+CIMI", timeout=0.1)


class TestUnplugging:
    """`_readLoop` ends at the first SerialException: who waits goes on waiting, and nobody opens the port again."""

    def test_ours_fails_at_once_and_comes_back(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted({"AT+CSQ": lambda _: None})
        happened: list[str] = []
        driver = ours(
            modem,
            gone=lambda error: happened.append(type(error).__name__),
            back=lambda: happened.append("back"),
            received=lambda message: happened.append(message.text),
            command_timeout_s=10,
        )
        start = time.monotonic()
        unplugger = in_a_moment(modem.unplug)
        with pytest.raises(ModemGone, match="Plug it in again"):
            driver.write("AT+CSQ")
        unplugger.join()
        with pytest.raises(ModemGone):
            _ = driver.imsi
        assert time.monotonic() - start < 1
        modem.store[5] = text("while away")
        modem.plug()
        eventually(lambda: happened == ["ModemGone", "back", "while away"])
        assert driver.imsi == "460001234567890"
        assert modem.commands.count("AT+CNMI=2,1,0,2") == 2  # set up anew

    def test_the_library_waits_and_never_comes_back(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted({"AT+CSQ": lambda _: None})
        driver = unmodified(modem)
        unplugger = in_a_moment(modem.unplug)
        start = time.monotonic()
        with pytest.raises(TimeoutException):
            driver.write("AT+CSQ", timeout=0.4)  # 10 where its own code calls
        assert time.monotonic() - start >= 0.4
        unplugger.join()
        modem.plug()
        time.sleep(0.1)
        with pytest.raises(Exception, match="not open"):
            driver.write("AT+CIMI", timeout=0.1)


class TestFlowControl:
    """`connect` opens with rtscts=True and dsrdtr=True; a modem on a three-wire cable then never gets a byte, and
    its caller cannot ask for anything else (TypeError: multiple values)."""

    def test_ours_uses_none_unless_asked(self, scripted: MakeModem, ours: Connect) -> None:
        driver = ours(scripted())
        assert (driver.serial.rtscts, driver.serial.dsrdtr) == (False, False)

    def test_the_library_forces_both(self, scripted: MakeModem, unmodified: Connect) -> None:
        driver = unmodified(scripted())
        assert (driver.serial.rtscts, driver.serial.dsrdtr) == (True, True)
        with pytest.raises(TypeError):
            GsmModem("unused", rtscts=False).connect()


class TestPuk:
    """`_unlockSim` sends the PIN in every state but READY. TS 27.007 clause 8.3: in SIM PUK the first parameter of
    +CPIN is the PUK, of which a SIM allows ten tries before it is dead (TS 31.101)."""

    replies: ClassVar[dict[str, Reply]] = {"AT+CPIN?": b"+CPIN: SIM PUK\r\n\r\nOK", 'AT+CPIN="1234"': b"+CME ERROR: 16"}

    def test_ours_sends_nothing(self, scripted: MakeModem, ours: Connect) -> None:
        modem = scripted(self.replies)
        with pytest.raises(SimPukNeeded):
            ours(modem, "1234")
        assert 'AT+CPIN="1234"' not in modem.commands

    def test_the_library_sends_the_pin(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted(self.replies)
        with pytest.raises(Exception, match="16"):
            unmodified(modem, "1234")
        assert 'AT+CPIN="1234"' in modem.commands


class TestReadyWithoutASpace:
    """`_unlockSim` compares with "+CPIN: READY"; some SIMCom and ZTE firmware writes no space after the colon."""

    replies: ClassVar[dict[str, Reply]] = {"AT+CPIN?": b"+CPIN:READY\r\n\r\nOK"}

    def test_ours_is_ready(self, scripted: MakeModem, ours: Connect) -> None:
        assert ours(scripted(self.replies)).imsi

    def test_the_library_wants_a_pin(self, scripted: MakeModem, unmodified: Connect) -> None:
        with pytest.raises(PinRequiredError):
            unmodified(scripted(self.replies))


class TestLongMessages:
    """`_handleSmsReceived` hands every part to the callback as a message of its own."""

    parts = split("a" * 160 + "z", 9)

    def store(self, modem: ScriptedModem) -> None:
        for index, part in enumerate(self.parts, start=1):
            modem.store[index] = pdu_of(Deliver("+8613900000000", part, MOMENT))

    def test_ours_puts_them_together(self, scripted: MakeModem, ours: Connect) -> None:
        modem, got = scripted(), []
        ours(modem, received=lambda message: got.append(message.text))
        modem.wait_for("AT+CMGL=4")
        self.store(modem)
        modem.urc('+CMTI: "SM",2')
        modem.wait_for("AT+CMGR=2")
        modem.urc('+CMTI: "SM",1')
        eventually(lambda: got == ["a" * 160 + "z"])
        eventually(lambda: not modem.store)

    def test_the_library_does_not(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem, got = scripted(), []
        unmodified(modem, smsReceivedCallbackFunc=lambda sms: got.append(sms.text))
        modem.store[1] = pdu_of(Deliver("+8613900000000", self.parts[0], MOMENT))
        modem.urc('+CMTI: "SM",1')
        eventually(lambda: got == ["a" * 153])


class TestNoDeliveryReportWanted:
    """`sendSms` does not pass `requestDelivery` on to `encodeSmsSubmitPdu`, whose default asks for a report."""

    @staticmethod
    def asks(modem: ScriptedModem) -> bool:
        return decode_submit(from_hex(modem.texts[-1])[1]).status_report_request

    @pytest.mark.parametrize("wanted", [True, False])
    def test_ours_does_as_told(self, scripted: MakeModem, ours: Connect, wanted: bool) -> None:
        modem = scripted()
        assert ours(modem, requestDelivery=wanted).send_text("+8613900000000", "hi") == Sent((7,))
        assert self.asks(modem) is wanted

    def test_the_library_asks_all_the_same(self, scripted: MakeModem, unmodified: Connect) -> None:
        modem = scripted()
        unmodified(modem, requestDelivery=False).sendSms("+8613900000000", "hi")
        assert self.asks(modem)


class TestLogs:
    """`GsmModem.write` logs every command at debug, PIN and message included."""

    replies: ClassVar[dict[str, Reply]] = {
        "AT+CPIN?": b"+CPIN: SIM PIN\r\n\r\nOK",
        'AT+CPIN="4711"': b"OK",
    }

    def test_ours_logs_neither_pin_nor_message(
        self, scripted: MakeModem, ours: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        modem = scripted(self.replies)
        with caplog.at_level(logging.DEBUG):
            driver = ours(modem, "4711", received=lambda message: None)
            driver.send_text("+8613900000000", "secret")
            modem.store[1] = text("secret")
            modem.urc('+CMTI: "SM",1')
            eventually(lambda: not modem.store)
        assert 'AT+CPIN="4711"' in modem.commands
        logged = "\n".join(record.getMessage() for record in caplog.records)
        assert "AT+CPIN=: OK" in logged
        for secret in ("4711", modem.texts[0], modem.texts[0][-8:], text("secret")[-8:]):
            assert secret not in logged

    def test_the_library_logs_both(
        self, scripted: MakeModem, unmodified: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        modem = scripted(self.replies)
        with caplog.at_level(logging.DEBUG):
            unmodified(modem, "4711").sendSms("+8613900000000", "secret")
        assert "4711" in caplog.text
        assert modem.texts[0] in caplog.text
