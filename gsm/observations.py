"""What a doctor can see of a modem and its machine: the `Observer` of `gsm.doctor` on a real (or emulated) one.

Nothing is changed but +CMEE, which is put back, until a text is to be sent; no PIN is ever sent. A context manager:
the port is free again at its end.
"""

import contextlib
import grp
import os
import pwd
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gsm.asking import Heard, ask
from gsm.doctor import Access, Delivery, Ports, Rivals
from gsm.errors import GsmError, ModemError, SendUnknown
from gsm.final_results import refusal_of
from gsm.find import Candidate, NoModemFound, SeveralModems, candidate_of, candidates, choose
from gsm.holders import MODEM_MANAGER, holders, is_ignored_by_modem_manager, modem_manager
from gsm.inbox import ReceivedText
from gsm.line import CommandTimedOut, Line
from gsm.mailbox import LeaveOnSim
from gsm.modem import Modem
from gsm.port_path import unfit
from gsm.usb import ROOT, UsbDevice, tty_name, usb_devices
from gsm.usb_modems import is_in_storage_mode

# Reading a SIM takes seconds in old modems (Wavecom and SIMCom manuals: 5 to 20 s).
COMMAND_S = 20.0
# A SIM that starts is busy for some seconds; after this it is not going to stop.
BUSY_S = 10.0
_BUSY_INTERVAL_S = 0.5
# A text to oneself is there within seconds; networks that are slow take a minute.
DELIVERY_S = 90.0
VCGENCMD_S = 5.0
_RESULT = re.compile(r"\+CM[ES] ERROR: ?[^.]+")


class SomebodyElses(LeaveOnSim):
    """A text that is not the doctor's own stays on the SIM."""


class Observations:
    """One port, `port` or the one that is found, on the machine whose files are below `root`.

    `number` is the SIM's own, as the person gave it, who may have a PIN ready too (`pin_at_hand`); `kept` knows it by
    the IMSI of SIMs that were here before; `agrees` is asked with it before a text is sent.
    """

    def __init__(
        self,
        port: str | None = None,
        *,
        root: Path = ROOT,
        baudrate: int = 115200,
        rtscts: bool = False,
        number: str | None = None,
        pin_at_hand: bool = False,
        kept: Callable[[str], str | None] = lambda _imsi: None,
        agrees: Callable[[str], bool] = lambda _number: False,
        delivery_s: float = DELIVERY_S,
    ) -> None:
        self.number = number
        self.pin_at_hand = pin_at_hand
        self.number_kept_of = kept
        self.agrees_to_sms = agrees
        self._wanted, self._root = port, root
        self._baudrate, self._rtscts, self._delivery_s = baudrate, rtscts, delivery_s
        self._port = ""
        self._line: Line | None = None
        self._error_level: str | None = None

    def __enter__(self) -> "Observations":
        return self

    def __exit__(self, *_error: object) -> None:
        self._hang_up()

    # ---- the port

    def ports(self) -> Ports:
        """See `gsm.doctor`; without `port` all that may be a modem's are asked."""
        everyone = [each for each in candidates(self._root) if each.place <= 3]
        if self._wanted is not None:
            return self._given(self._wanted, everyone)
        try:
            chosen = choose(self._root, self._baudrate, self._rtscts)
        except SeveralModems as error:
            return Ports(None, error.answering, several=True)
        except NoModemFound:
            if not everyone:
                return Ports(None)
            chosen = everyone[0]
        self._port = chosen.path
        return Ports(chosen, tuple(everyone))

    def _given(self, wanted: str, everyone: list[Candidate]) -> Ports:
        kind = unfit(wanted, self._root)
        if kind is not None:
            return Ports(None, tuple(everyone), wanted, unfit=kind)
        self._port = wanted
        return Ports(candidate_of(wanted, self._root), tuple(everyone), wanted)

    def access(self, port: str) -> Access:
        """By the file's mode and this process's groups; a group of the user's that the process has not is to come."""
        device = os.path.realpath(port)
        user = _name(lambda: pwd.getpwuid(os.geteuid()).pw_name, str(os.geteuid()))
        try:
            number = os.stat(device).st_gid
        except OSError:  # unplugged meanwhile; whoever opens it will say so
            return Access(True, user, "", is_member=False)
        group = _name(lambda: grp.getgrgid(number).gr_name, str(number))
        members = _name(lambda: " ".join(grp.getgrgid(number).gr_mem), "").split()
        allowed = os.access(device, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        return Access(allowed, user, group, is_member=user in members)

    def rivals(self, port: str) -> Rivals:
        """Programs that hold the port; ModemManager where no rule keeps it away, for it opens whatever appears."""
        programs = tuple(program for program in holders(port, self._root) if program.name != MODEM_MANAGER)
        # What is no terminal of the kernel's, such as a pty, is nothing that ModemManager is told of.
        known = (self._root / "sys/class/tty" / tty_name(port, self._root)).exists()
        runs = known and modem_manager(self._root) is not None
        return Rivals(programs, runs and not is_ignored_by_modem_manager(port, self._root))

    def drives(self) -> Sequence[UsbDevice]:
        """See `gsm.usb_modems.is_in_storage_mode`."""
        return [device for device in usb_devices(self._root) if is_in_storage_mode(device)]

    def hear(self, port: str) -> Heard:
        """See `gsm.asking`."""
        return ask(port, self._baudrate, self._rtscts)

    # ---- the modem

    def command(self, line: str) -> Sequence[str]:
        """The answer's lines; a SIM that is busy is asked again for some seconds."""
        deadline = time.monotonic() + BUSY_S
        while True:
            lines = self._ask(line)
            refusal = refusal_of(lines[-1]) if lines else None
            busy = refusal is not None and (refusal.is_busy or refusal.is_busy_by_wavecom)
            if not busy or time.monotonic() >= deadline:
                return lines
            time.sleep(_BUSY_INTERVAL_S)

    def _ask(self, line: str) -> list[str]:
        try:
            return (self._line or self._pick_up()).write(line + "\r", timeout=COMMAND_S) or []
        except (CommandTimedOut, ModemError):
            return []

    def _pick_up(self) -> Line:
        line = Line(self._port, self._baudrate, rtscts=self._rtscts)
        line.connect()
        self._line = line
        level = re.search(r"\+CMEE: *(\d)", "\n".join(self._ask("AT+CMEE?")))
        self._error_level = level.group(1) if level else None
        self._ask("AT+CMEE=1")  # else a SIM that is missing and one that is busy are both ERROR
        return line

    def _hang_up(self) -> None:
        if self._line is not None:
            if self._error_level is not None:
                self._ask(f"AT+CMEE={self._error_level}")
            self._line.close()
            self._line = None

    def send_to_itself(self, number: str) -> tuple[Delivery, str]:
        """Send a text and wait until it is back; other texts that come meanwhile stay on the SIM."""
        self._hang_up()
        text, arrived = f"yinxin {secrets.token_hex(4)}", threading.Event()

        def received(message: ReceivedText) -> None:
            if message.text != text:
                raise SomebodyElses
            arrived.set()

        modem = Modem(self._port, self._baudrate, received=received, rtscts=self._rtscts)
        modem.requestDelivery = False  # the text itself says that it came, and a report would stay behind
        try:
            modem.connect()
            modem.send_text(number, text)
        except SendUnknown as error:
            return Delivery.UNKNOWN, _result_in(error)
        except GsmError as error:
            return Delivery.REFUSED, _result_in(error)
        else:
            return (Delivery.ARRIVED if self._came(modem, arrived) else Delivery.LOST), ""
        finally:
            modem.close()

    def _came(self, modem: Modem, arrived: threading.Event) -> bool:
        """Wait for it, and look at the SIM once more at the end: some modems do not tell of new messages."""
        if not arrived.wait(self._delivery_s):
            modem.read_stored()
        done = threading.Event()
        modem.call_in_order(done.set)  # after what reads it, and deletes it from the SIM
        done.wait(COMMAND_S)
        return arrived.is_set()

    # ---- the machine

    def throttled(self) -> int | None:
        """Asks the Raspberry Pi's firmware by `vcgencmd`, which nothing else has."""
        program = shutil.which("vcgencmd")
        if program is None:
            return None
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(
                [program, "get_throttled"], capture_output=True, text=True, timeout=VCGENCMD_S, check=False
            )
            found = re.search(r"throttled=(0x[0-9a-fA-F]+)", done.stdout)
            return int(found.group(1), 16) if found else None
        return None

    def now(self) -> datetime:
        """The system's clock."""
        return datetime.now(UTC)


def _result_in(error: GsmError) -> str:
    """The modem's own words where the error has them (TS 27.005 clause 3.2.5), else the error's."""
    found = _RESULT.search(str(error))
    return found.group() if found else str(error)


def _name(look: Callable[[], str], otherwise: str) -> str:
    try:
        return look()
    except KeyError:
        return otherwise
