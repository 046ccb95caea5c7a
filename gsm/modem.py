"""The modem as programs use it: python-gsmmodem-new's `GsmModem`, standing on our `Line`, its faults cured.

    modem = Modem("/dev/ttyUSB0", received=lambda message: print(message.number))
    modem.connect(pin=None)
    modem.imsi, modem.own_number()
    modem.send_text("+8613800000000", "hello").reference
    modem.close()

Threads are those of `gsm.line`: any thread may call; every callback comes from the dispatcher thread, one at a time.
A message is deleted from the SIM only after `received` returned; if it raises, the message stays there and is
offered again when the modem is next connected, comes back, or `read_stored` is called. So each message is handed
over at least once. A status report may come before `send_text` has returned the reference that it names.
A message whose sending ended as SendUnknown is never sent again by the driver; what settles it is told to `settled`.

By itself the driver looks for messages that were not told of (`poll_interval_s`), makes room in a full memory by
handing over what it holds, and watches the registration (`gsm.registration`): without one no message is handed over.

Only PDU mode is used. Contents of messages and PINs are never logged, nor kept in an exception.
"""

import contextlib
import itertools
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gsmmodem.exceptions import CommandError, TimeoutException
from gsmmodem.modem import CTRLZ, TERMINATOR, GsmModem, ReceivedSms, SentSms
from gsmmodem.modem import StatusReport as LibraryStatusReport

from gsm.answers import code_of, is_known_unsolicited
from gsm.channel import PromptWithdrawn
from gsm.command_errors import in_our_words, name_of, raise_for
from gsm.errors import (
    ModemError,
    ModemGone,
    ModemReset,
    NotAModem,
    NotRegistered,
    PduError,
    SendFailed,
    SendUnknown,
)
from gsm.final_results import Refusal, is_wavecom, reference_of, refusal_of, refused, refused_text
from gsm.forgetting import Settings
from gsm.inbox import ReceivedText, memories_of
from gsm.line import CommandTimedOut, Line
from gsm.mailbox import Access, Mailbox
from gsm.network_time import NetworkClock, network_time_of
from gsm.outcomes import Outcomes, Settled, is_same_number
from gsm.own_number import ask_own_number
from gsm.pdu import (
    StatusReport,
    Submit,
    UserData,
    encode_submit,
    split,
    to_hex,
)
from gsm.preferences import ask_registered, choose_indications, prefer_gsm_characters, prefer_to_be_told
from gsm.registration import Registration, told_registered
from gsm.sim import imsi_of, pin_state_of, plain_number
from gsm.sim_opening import ASKS_AGAIN, SimOpening
from gsm.sim_pin import SimPin

# TS 27.005 leaves it open; Huawei, u-blox and Quectel manuals give 40 to 120 s for +CMGS.
CMGS_TIMEOUT_S = 120.0
# How long a modem may take to answer its first AT. Those that find the speed out by themselves need a few tries.
FIRST_ANSWER_TIMEOUT_S = 5.0
_FIRST_ANSWER_TRIES = 5
# A modem that starts while it is set up says so once or twice; one that goes on has no power.
_SET_UP_TRIES = 4
# Unlocking a SIM or listing a full one takes seconds (Wavecom and SIMCom manuals: 5 to 20 s).
SIM_TIMEOUT_S = 20.0
# A busy SIM is asked again after this long, and each time after twice as long as before, up to the second.
_BUSY_INTERVAL_S = 0.25
_BUSY_INTERVAL_S_MAX = 2.0
# How often messages are looked for: by a modem that tells of none, as often as somebody who waits for an answer bears;
# by one that does tell, in case that it could not (its memory was full, or the line was cut).
POLL_INTERVAL_S = 5.0
POLL_INTERVAL_S_WHERE_TOLD = 60.0
# A network that is lost is noticed by +CREG at once where the modem tells, else after this long.
REGISTRATION_INTERVAL_S = 30.0
# The library reads most answers with a space after the colon, and +CLAC without.
_SPACELESS = re.compile(r"(\+(?!CLAC:)[A-Z]+):(?=\S)")
_SELECTS = re.compile(r'AT\+CPMS="(\w+)"')
# What the library makes a number of without looking. It goes on where such a question is refused, and not where the
# answer is of another form (a ZTE K3565-Z answers +CFUN? with the ranges of +CFUN=?).
_NUMBER = {"AT+CFUN?": re.compile(r"\+CFUN: \d"), "AT+WIND?": re.compile(r"\+WIND: \d+")}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the network took: one reference (TP-MR, 0..255) for each part, None where none was told."""

    references: tuple[int | None, ...]

    @property
    def reference(self) -> int | None:
        """The reference of the last part."""
        return self.references[-1]


class Modem(GsmModem, Line):  # type: ignore[misc]
    """A GSM modem on a serial port. See the top of the file for use and threads.

    `received` gets each whole message, `reported` each status report; without them the library's own callbacks
    (`smsReceivedCallbackFunc`, `smsStatusReportCallback`) get its own objects. `gone` is told when the port is lost
    and `back` when the modem is there and set up again. `settled` is told what became of a message in doubt. `full`
    is told True when no message can arrive although everything stored was handed over (what `received` left fills the
    memory), False when there is room again. `registered` is told whether there is a network,
    once that is known and whenever it changes.
    """

    log = logging.getLogger("gsm.modem")

    def __init__(
        self,
        port: str,
        baudrate: int = 115200,
        *,
        received: Callable[[ReceivedText], object] | None = None,
        reported: Callable[[StatusReport], object] | None = None,
        gone: Callable[[Exception], object] | None = None,
        back: Callable[[], object] | None = None,
        settled: Callable[[Settled], object] | None = None,
        full: Callable[[bool], object] | None = None,
        registered: Callable[[bool], object] | None = None,
        cmgs_timeout_s: float = CMGS_TIMEOUT_S,
        prompt_timeout_s: float = 5.0,
        command_timeout_s: float = 10.0,
        first_answer_timeout_s: float = FIRST_ANSWER_TIMEOUT_S,
        sim_timeout_s: float = SIM_TIMEOUT_S,
        poll_interval_s: float | None = None,
        registration_interval_s: float = REGISTRATION_INTERVAL_S,
        AT_CNMI: str = "",  # noqa: N803 (the library's)
        **kwargs: Any,
    ) -> None:
        super().__init__(
            port,
            baudrate,
            fatalErrorCallbackFunc=gone,
            reopenedCallback=self._set_up_and_read,
            backCallback=back,
            lateCallback=self._answered_late,
            AT_CNMI=AT_CNMI,
            **kwargs,
        )
        self._received = received
        self._reported = reported
        self._settled = settled
        self._registered = registered
        self._outcomes = Outcomes()
        self._report_came = threading.Condition()
        self._cmgs_timeout_s = cmgs_timeout_s
        self._prompt_timeout_s = prompt_timeout_s
        self._command_timeout_s = command_timeout_s
        self._first_answer_timeout_s = first_answer_timeout_s
        self._sim_timeout_s = sim_timeout_s
        self._poll_interval_s = poll_interval_s
        self._registration_interval_s = registration_interval_s
        self._registration = Registration()
        self._settings = Settings()
        self._network_clock = NetworkClock()
        self._chooses_indications = not AT_CNMI
        self._announces = False
        self._sim_pin = SimPin()
        self._sim = SimOpening(self._sim_pin, self.write, self._is_busy, sim_timeout_s)
        self._is_wavecom = True
        self._mailbox = Mailbox(
            Access(
                ask=lambda command: self.write(command, timeout=self._sim_timeout_s, parseError=False),
                alone=self._txLock,
                selected=lambda: self._smsMemReadDelete,
            ),
            take_text=self._receive_text,
            take_report=self._report,
            tell_full=full or self._placeholderCallback,
        )
        self._long_reference = itertools.count(secrets.randbelow(256))

    # ---- life

    def connect(self, pin: str | None = None, waitingForModemToStartInSeconds: float = 0) -> None:  # noqa: N803
        """Open the port, set modem and SIM up, and have the stored messages handed over.

        Raises CannotOpen, NotAModem, SimMissing, SimBusy, SimPinNeeded, SimPinWrong, SimPukNeeded, SimLocked, or
        ModemError for a modem that refuses what is needed. The port is closed again then. Of a modem that is
        connected already only the PIN is taken, for when its SIM asks again.
        """
        if self.alive:
            if pin is not None:
                self._sim_pin.given(pin)
            return
        self._sim_pin.given(pin)
        self._is_first_set_up = True
        try:
            Line.connect(self)
            self._set_up(max(self._first_answer_timeout_s, waitingForModemToStartInSeconds))
        except BaseException:
            self.close()
            raise
        finally:
            self._is_first_set_up = False
        self.read_stored()
        self.call_repeatedly(self._poll_pause_s, self._read_new)
        self.call_repeatedly(lambda: self._registration_interval_s, self._watch_registration)

    def read_stored(self) -> None:
        """Have every message that lies in the modem's memories handed over, on the dispatcher thread."""
        self.call_in_order(self._read_stored)

    def _set_up_and_read(self) -> None:
        self._set_up(self._first_answer_timeout_s)
        self.read_stored()

    def use_pin(self, pin: str) -> None:
        """Give a PIN that a person has just entered: it is tried once, even if it is one that was tried before."""
        self._sim_pin.given_anew(pin)
        self.reopen_at_once()

    def _set_up(self, first_answer_timeout_s: float) -> None:
        for _ in range(_SET_UP_TRIES):
            with contextlib.suppress(ModemReset):
                self._set_up_once(first_answer_timeout_s)
                return
        raise NotAModem(self.port, "it starts anew again and again")

    def _set_up_once(self, first_answer_timeout_s: float) -> None:
        self._commands = self._smsMemReadDelete = self._smsMemWrite = self._smscNumber = None
        self._smsReadSupported = True
        self._settings.unknown()
        self._expect_a_modem(first_answer_timeout_s)
        self._is_wavecom = True  # until it has said who made it: it may be busy when it is asked
        try:
            self._is_wavecom = is_wavecom(self._ask_if_answered("AT+CGMI"))
            self._sim.ends_answer &= not self._is_wavecom
            GsmModem.connect(self)
            self._choose_indications()
            prefer_to_be_told(self._ask_if_answered)
            prefer_gsm_characters(self._ask_if_answered)
            self._smscNumber = plain_number(self._smscNumber or "")  # it was read in whatever characters there were
            with contextlib.suppress(CommandTimedOut):
                self._ask_registration()
            memories = memories_of(self._ask_if_answered("AT+CPMS=?"))
            self._settings.made(self._ask_if_answered, echo_is_off=not self.echoed)
        except TimeoutException as error:
            self._check_present(written=True)
            raise NotAModem(self.port, "it stopped answering while it was set up") from error
        except CommandError as error:
            raise in_our_words(error, self._is_busy) from error
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            # The library takes answers apart without looking whether they are whole.
            raise ModemError(
                f"The modem on {self.port} gave an answer that nobody understands. Unplug it, plug it in, try again."
            ) from error
        current = (self._smsMemReadDelete or "").strip('"')  # the library keeps it quoted here, and bare later
        self._smsMemReadDelete = current or None
        # The library gives up reading where +CNMI is refused; such a modem can be asked for what it has all the same.
        self._smsReadSupported = self._smsReadSupported or bool(memories)
        self._mailbox.reads(memories or [current or "SM"])

    def _choose_indications(self) -> None:
        """Have new messages told of in the best way that the modem knows."""
        self._announces = self._smsReadSupported  # the library's +CNMI was taken
        chosen = choose_indications(self._ask_if_answered) if self._chooses_indications else None
        if chosen is not None:
            self._announces = chosen.announces_messages

    def _poll_pause_s(self) -> float:
        if self._poll_interval_s is not None:
            return self._poll_interval_s
        return POLL_INTERVAL_S_WHERE_TOLD if self._announces else POLL_INTERVAL_S

    def _expect_a_modem(self, within_s: float) -> None:
        for _ in range(_FIRST_ANSWER_TRIES):
            with contextlib.suppress(CommandTimedOut):
                self.write("AT", timeout=within_s / _FIRST_ANSWER_TRIES, parseError=False)
                return
        raise NotAModem(self.port)

    def _unlockSim(self, pin: str | None = None) -> None:  # noqa: N802 (the library's)
        self._sim.open()

    # ---- commands

    def _is_busy(self, refusal: Refusal) -> bool:
        return refusal.is_busy or (self._is_wavecom and refusal.is_busy_by_wavecom)

    def write(  # type: ignore[override]  # GsmModem and SerialComms differ so; the library calls the first
        self,
        data: str,
        waitForResponse: bool = True,  # noqa: N803
        timeout: float | None = None,
        parseError: bool = True,  # noqa: N803
        writeTerm: str = TERMINATOR,  # noqa: N803
        expectedResponseTermSeq: str | None = None,  # noqa: N803
    ) -> Any:
        """Write a command and give its answer's lines, the last of which is the final result.

        Unlike the library's: the data is neither logged nor kept in an exception; a busy SIM is asked again until
        `timeout` (seconds), not for ever; a text or PIN is never repeated; `+CODE:x` is given as `+CODE: x`.
        Raises CommandError (CmeError, CmsError), CommandTimedOut, ModemGone.
        """
        # The library leaves the place of a memory empty that it does not know.
        if data.startswith("AT+CPMS=") and (data := data.rstrip(",")) == "AT+CPMS=":
            return ["OK"]  # the memories stay as they are
        is_command = writeTerm == TERMINATOR
        remaining_s = self._command_timeout_s if timeout is None else timeout
        deadline = time.monotonic() + remaining_s
        pause_s = _BUSY_INTERVAL_S
        while True:
            lines = Line.write(self, data + writeTerm, waitForResponse, remaining_s, expectedResponseTermSeq)
            if lines is None:
                return None
            lines = [_SPACELESS.sub(r"\1: ", line, count=1) if ":" in line else line for line in lines]
            self._note(data if is_command else None, lines[-1])
            refusal = refusal_of(lines[-1])
            if refusal is None or not self._is_busy(refusal) or not is_command or data.upper().startswith("AT+CPIN="):
                break
            remaining_s = deadline - time.monotonic() - pause_s
            if remaining_s <= _BUSY_INTERVAL_S:
                break  # too short for an answer
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _BUSY_INTERVAL_S_MAX)
        if refusal is not None and refusal.asks_for_pin:
            self._locked_again(data)
        if parseError:
            if refusal is not None:
                raise_for(name_of(data) if is_command else "a text", lines[-1])
            if data in _NUMBER and not any(map(_NUMBER[data].match, lines)):
                raise CommandError(name_of(data))
        return lines

    def _ask(self, command: str) -> list[str]:
        """The lines of an answer, a refusal like any other."""
        lines: list[str] = self.write(command, parseError=False)
        return lines

    def _ask_if_answered(self, command: str) -> list[str]:
        """The same; what a modem leaves unanswered that answers AT counts as refused. Raises NotAModem."""
        try:
            return self._ask(command)
        except CommandTimedOut:
            self._expect_a_modem(self._first_answer_timeout_s)
            return ["ERROR"]

    def _note(self, command: str | None, final: str) -> None:
        """Log what a command (None for a text) came to, without its values; note what it shows of the modem."""
        if command is not None and final == "OK" and (selected := _SELECTS.match(command)):
            self._smsMemReadDelete = selected.group(1)
        if command is not None and self.echoed and self._settings.echo_is_off:
            self.start_over("it echoes again")
        if self.log.isEnabledFor(logging.DEBUG):
            self.log.debug("%s: %s", "a text" if command is None else name_of(command), final)

    def _locked_again(self, command: str = "") -> None:
        """The SIM asks for its PIN in the middle of work, as after a reset that went unnoticed: set all up again."""
        if command.upper().startswith("AT+CPIN"):
            return
        if self._gone is None and not self._is_first_set_up and self._sim.wants_a_code():
            self.start_over(ASKS_AGAIN)

    @property
    def imsi(self) -> str:
        """The IMSI of the SIM, 14 or 15 digits. Raises ModemError (SimMissing, SimPinNeeded, ...)."""
        try:
            imsi = imsi_of(self.write("AT+CIMI"))
        except CommandError as error:
            raise in_our_words(error, self._is_busy) from error
        if imsi is None:
            raise ModemError("The modem did not tell the SIM's IMSI. Take the SIM out, put it back, and try again.")
        self._sim_pin.proven()
        return imsi

    def own_number(self) -> str | None:
        """The SIM's own number, if its operator or user stored it there (`gsm.own_number` says where)."""
        with self._txLock:
            return ask_own_number(self._ask)

    @property
    def ownNumber(self) -> str | None:  # noqa: N802 (the library's)
        """The library's name for `own_number()`."""
        return self.own_number()

    def network_time(self) -> datetime | None:
        """The time that the network told the modem, as UTC (`gsm.network_time` says how).

        None if it told none, or a local time without its zone.
        """
        if (unasked := self._network_clock.told(time.monotonic())) is not None:
            return unasked
        told, has_zone = network_time_of(self._ask("AT+CCLK?"))
        return told if has_zone else None

    # ---- registration; on the dispatcher thread, except when a send asks

    def _ask_registration(self) -> bool | None:
        registered = ask_registered(self._ask)
        if registered is not None:
            self._heard_registration(registered)
        return registered

    def _heard_registration(self, is_registered: bool) -> None:
        changed = is_registered != self._registration.is_registered
        self._registration.heard(is_registered, time.monotonic())
        if changed and (tell := self._registered) is not None:
            self.call_in_order(lambda: tell(is_registered))

    def _watch_registration(self) -> None:
        with self._txLock:
            if self._settings.are_lost(self._ask):
                self.start_over("it has forgotten its settings")
                return
            if self._ask_registration() is not False:
                return
            if self._gone is None and (reason := self._sim.shut()) is not None:
                self.start_over(reason)
            elif self._registration.is_restart_due(time.monotonic()):
                self.log.warning("%s: no network for long; its radio is switched off and on", self.port)
                self._restart_radio()

    def _restart_radio(self) -> None:
        """Off and on, without a reset (TS 27.007 clause 8.2: 4 is flight mode); some then ask for the PIN again."""
        if self.write("AT+CFUN=4", timeout=self._sim_timeout_s, parseError=False)[-1] != "OK":
            self.write("AT+COPS=0", timeout=self._sim_timeout_s, parseError=False)  # look for a network anew
            return
        self.write("AT+CFUN=1", timeout=self._sim_timeout_s, parseError=False)
        self._unlockSim()
        self._choose_indications()

    # ---- sending

    def send_text(self, number: str, text: str) -> Sent:
        """Send an SMS, in several parts if need be, and wait until the network has taken it.

        Raises SendFailed when it was certainly not sent (whole), SendUnknown when it was handed to the modem and the
        outcome is not known. Nothing is sent for a number or text that cannot be (SendFailed).
        """
        try:
            parts = split(text, next(self._long_reference) % 256)
        except PduError as error:
            raise SendFailed(str(error)) from error
        return self._send(number, parts)

    def sendSms(  # noqa: N802 (the library's)
        self,
        destination: str,
        text: str,
        waitForDeliveryReport: bool = False,  # noqa: N803
        deliveryTimeout: float = 15,  # noqa: N803
        sendFlash: bool = False,  # noqa: N803
    ) -> SentSms:
        """The library's way to send; raises SendFailed and SendUnknown as `send_text` does.

        `waitForDeliveryReport` waits until this message was delivered or given up, and raises TimeoutException if no
        report says so within `deliveryTimeout` (seconds).
        """
        try:
            parts = split(text, next(self._long_reference) % 256)
        except PduError as error:
            raise SendFailed(str(error)) from error
        if sendFlash:
            parts = tuple(replace(part, dcs=part.dcs | 0x10) for part in parts)
        with self._txLock:  # a report that comes at once finds the message (_report)
            sms = SentSms(destination, text, self._send(destination, parts).reference)
            self.sentSms[sms.reference] = sms
        if waitForDeliveryReport:
            with self._report_came:
                if not self._report_came.wait_for(lambda: sms.report is not None, deliveryTimeout):
                    raise TimeoutException()
        return sms

    def _send(self, number: str, parts: Sequence[UserData]) -> Sent:
        report = bool(self.requestDelivery)
        try:
            tpdus = [encode_submit(Submit(number, part, status_report_request=report)) for part in parts]
        except PduError as error:
            raise SendFailed(str(error)) from error
        with self._txLock:  # nothing may come between a prompt and its text
            self._expect_a_network()
            *first, last = tpdus
            references = [self._send_part(number, tpdu, is_last_part=False) for tpdu in first]
            return Sent((*references, self._send_part(number, last, is_last_part=True)))

    def _expect_a_network(self) -> None:
        """Raise NotRegistered if there is none; a modem that was registered when last heard is not asked again."""
        if self._registration.is_registered is False:
            with contextlib.suppress(CommandTimedOut, ModemGone):  # sending says it better
                if self._ask_registration() is False:
                    raise NotRegistered

    def _send_part(self, number: str, tpdu: bytes, *, is_last_part: bool) -> int | None:
        try:
            answer = self.write(
                f"AT+CMGS={len(tpdu)}",
                timeout=self._prompt_timeout_s,
                parseError=False,
                expectedResponseTermSeq="> ",
            )
        except (CommandTimedOut, ModemGone) as error:
            raise SendFailed(f"before the text was handed over, {error}") from error
        if answer != ["> "]:
            self._make_room_after(answer[-1])
            raise refused(answer[-1])
        since, debt = datetime.now(UTC), None
        try:
            reference = self._hand_text_over(tpdu)
        except SendUnknown as error:
            if isinstance(error.__cause__, CommandTimedOut):
                debt = error.__cause__.debt
            error.message_id = self._outcomes.doubt(number, debt, is_last_part, since)
            raise
        self._outcomes.sent(number, reference, since)
        return reference

    def _hand_text_over(self, tpdu: bytes) -> int | None:
        """Give the text to the prompt, and the reference back that the network gave. Raises SendFailed, SendUnknown."""
        try:
            answer = self.write(to_hex(tpdu), timeout=self._cmgs_timeout_s, parseError=False, writeTerm=CTRLZ)
        except PromptWithdrawn as error:
            raise SendFailed(str(error)) from error
        except CommandTimedOut as error:
            reference = reference_of(error.data or ())
            if reference is not None:
                return reference  # taken; only the OK after it was lost
            raise SendUnknown(f"the modem did not say within {self._cmgs_timeout_s:g} s") from error
        except ModemGone as error:
            if not error.written:
                raise SendFailed(str(error)) from error
            raise SendUnknown("the modem went away before it said") from error
        if answer[-1] != "OK":
            self._make_room_after(answer[-1])
            raise refused_text(answer[-1])
        return reference_of(answer)

    def _make_room_after(self, final: str) -> None:
        """After a message that was refused by a full memory: hand over what it holds, so that the next finds room."""
        refusal = refusal_of(final)
        if refusal is not None and refusal.is_memory_full:
            self.read_stored()

    # ---- what becomes of messages in doubt; on the dispatcher thread

    def _answered_late(self, debt: int, lines: list[str]) -> None:
        with self._txLock:  # a send that has just ended in doubt has noted that by then
            settled = self._outcomes.answered(debt, lines)
        self._tell_settled(settled)

    def _tell_settled(self, settled: Settled | None) -> None:
        if settled is not None and self._settled is not None:
            self._settled(settled)

    # ---- receiving; all of it on the dispatcher thread

    def _handleModemNotification(self, lines: list[str]) -> None:  # noqa: N802 (the library's)
        self._network_clock.heard(lines[0], time.monotonic())
        code = code_of(lines[0])
        if code in ("+CMTI", "+CDSI"):
            if self._reads_messages:
                self._mailbox.read_told(lines[0])
        elif code in ("+CMT", "+CDS") and len(lines) > 1:
            self._mailbox.take(lines[1], None)
        elif code == "^SMMEMFULL":
            self._read_stored()  # what it holds is handed over and deleted, and the network delivers what waits
        elif code == "+CPIN":
            self._heard_pin_state(pin_state_of(lines))
        elif code == "+CREG" and (registered := told_registered(lines[0])) is not None:
            self._heard_registration(registered)
        elif code is not None or is_known_unsolicited(lines[0]) or lines[0] == "OK":
            spaced = [_SPACELESS.sub(r"\1: ", line, count=1) for line in lines]
            # Its last stage, without the thread that the library makes for each code.
            self._GsmModem__threadedHandleModemNotification(spaced)
        else:
            self.log.debug("a line of %d characters that nobody asked for", len(lines[0]))

    def _heard_pin_state(self, state: str | None) -> None:
        self._sim.heard(state)
        if state in ("SIM PIN", "SIM PUK"):
            self._locked_again()

    def processStoredSms(self, unreadOnly: bool = False) -> None:  # noqa: N802, N803 (the library's)
        """The library's name for `read_stored`; read and unread alike."""
        self.read_stored()

    def _read_stored(self) -> None:
        if self._smsReadSupported and self._reads_messages:
            self._mailbox.read_all()

    def _read_new(self) -> None:
        if self._smsReadSupported and self._reads_messages:
            self._mailbox.read_new()

    def _receive_text(self, message: ReceivedText) -> None:
        if self._received is not None:
            self._received(message)
            return
        index = message.locations[0].index if message.locations else None
        self.smsReceivedCallback(ReceivedSms(self, 1, message.number, message.time, message.text, index=index))

    def _report(self, report: StatusReport) -> None:
        theirs = LibraryStatusReport(
            self, 1, report.reference, report.recipient, report.timestamp, report.discharge, report.status
        )
        with self._txLock:
            sent = self.sentSms.get(report.reference)
            settled = self._outcomes.reported(report)
        self._tell_settled(settled)
        if sent is not None and not report.still_trying and is_same_number(sent.number, report.recipient):
            with self._report_came:
                sent.report = theirs
                self._report_came.notify_all()
        if self._reported is not None:
            self._reported(report)
        else:
            self.smsStatusReportCallback(theirs)

    @property
    def _reads_messages(self) -> bool:
        """Without a callback that takes messages they are left on the SIM."""
        return self._received is not None or self.smsReceivedCallback != self._placeholderCallback
