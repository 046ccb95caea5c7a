"""A pty in the middle: what any program and a modem say to each other passes through unchanged, and is kept.

The program opens `port` in place of the modem's device. Octets go both ways as they come. The speed that the program
sets is set on the device too; a pty has no control lines, so those of the device stay as its opening left them (RTS and
DTR on), and there is no flow control. What the modem says while no program has the port open is dropped.

The dialogue is in memory only, unmasked, until `transcript` hands it over. Whoever writes it must mask it first.
"""

import contextlib
import errno
import logging
import os
import select
import time
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path

import serial

from gsm.answers import Command, is_answer
from gsm.errors import CannotOpen, InUse
from gsm.holders import holders
from gsm.port_link import LinkRefused
from gsm.pseudo_terminal import CLOSED_LOOK_INTERVAL_S, READ_OCTETS_MAX, PseudoTerminal
from gsm.pseudonyms import looks_masked
from gsm.replay import CommandReplay
from gsm.stopper import Stopper
from gsm.transcript import TRANSCRIPT_CHARACTERS_MAX, Direction, Event, Header, Transcript, line_of
from gsm.usb import ROOT

# Twelve minutes of both directions at full speed at 115200 baud, or days of an ordinary modem's day.
DIALOGUE_OCTETS_MAX = 16 * 1024 * 1024
# A program that types octet by octet makes a line of each. What is left is for the header.
_DIALOGUE_CHARACTERS_MAX = TRANSCRIPT_CHARACTERS_MAX - 1024 * 1024
_ASKING_WHAT_IT_IS = ("+CGMI", "+CGMM", "+CGMR")
_NAME_CHARACTERS_MAX = 80

log = logging.getLogger("gsm.recorder")


class End(Enum):
    """Why a recording ended."""

    STOPPED = auto()
    GONE = auto()
    FULL = auto()


class Recorder:
    """Stands between `device` and whoever opens `port`; /proc is below `root`.

    Raises CannotOpen for the device, InUse where another program has it; OSError and LinkRefused for the pty.
    """

    def __init__(self, device: str, *, baudrate: int = 115200, link: Path | None = None, root: Path = ROOT) -> None:
        self._device = _opened(device, baudrate, root)
        try:
            self._terminal = PseudoTerminal(link)
        except (OSError, LinkRefused):
            self._device.close()
            raise
        self.port = self._terminal.path
        self._to_device, self._to_program = bytearray(), bytearray()
        self._open = False
        self._events: list[Event] = []
        self._octets = self._characters = 0
        self._started_s: float | None = None
        self._started_at = datetime.now(UTC)
        self._stopper = Stopper()

    @property
    def left_behind(self) -> str | None:
        """Where the link led that a program which has ended had left at this one's place."""
        return self._terminal.left_behind

    def run(self) -> End:
        """Pass octets on until `stop`, or until it cannot go on; returns why it ended."""
        while True:
            reading = [self._stopper.descriptor, self._device.fileno()] + (
                [self._terminal.master] if self._open else []
            )
            writing = [self._device.fileno()] if self._to_device else []
            writing += [self._terminal.master] if self._to_program and self._open else []
            ready, _, _ = select.select(reading, writing, [], None if self._open else CLOSED_LOOK_INTERVAL_S)
            if self._stopper.descriptor in ready:
                return End.STOPPED
            try:
                self._from_modem()
                self._from_program()
                self._write()
            except OSError as error:  # serial.SerialException is one
                log.info("the device is gone: %s", type(error).__name__)
                self._keep(Direction.CTL, b"unplugged")
                return End.GONE
            if self._octets >= DIALOGUE_OCTETS_MAX or self._characters >= _DIALOGUE_CHARACTERS_MAX:
                return End.FULL

    def stop(self) -> None:
        """End `run`; may be called from any thread and from a signal handler, as often as they like."""
        self._stopper.stop()

    def close(self) -> None:
        """Take the pty away and free the device."""
        self._terminal.close()
        self._device.close()
        self._stopper.close()

    def transcript(self, *, about: str = "", program: str = "") -> Transcript:
        """The dialogue so far, not masked; `named`, once it is masked, says which modem it was."""
        header = Header(
            source="recorded",
            about=about,
            recorded=self._started_at.isoformat(timespec="seconds"),
            program=program,
        )
        return Transcript(header, tuple(self._events))

    def _from_modem(self) -> None:
        data = self._device.read(READ_OCTETS_MAX)
        if data and self._open:
            self._keep(Direction.RX, data)
            self._to_program += data

    def _from_program(self) -> None:
        is_open = self._terminal.is_open()
        data = self._terminal.read()
        if not self._open and (is_open or data):
            self._open = True
            self._keep(Direction.CTL, b"opened")
        while data:
            self._follow_speed()
            self._keep(Direction.TX, data)
            self._to_device += data
            data = self._terminal.read()
        if self._open and not is_open:
            self._open = False
            self._to_program.clear()
            self._keep(Direction.CTL, b"closed")
            self._terminal.freshen()

    def _follow_speed(self) -> None:
        speed = self._terminal.speed()
        if speed is not None and speed != self._device.baudrate:
            self._device.baudrate = speed
            self._keep(Direction.CTL, b"speed %d" % speed)

    def _write(self) -> None:
        if self._to_device:
            with contextlib.suppress(serial.SerialTimeoutException):  # it takes nothing now; select tells when it does
                del self._to_device[: self._device.write(bytes(self._to_device)) or 0]
        if self._to_program and self._open:
            del self._to_program[: self._terminal.write(bytes(self._to_program))]

    def _keep(self, direction: Direction, data: bytes) -> None:
        now_s = time.monotonic()
        if self._started_s is None:
            self._started_s, self._started_at = now_s, datetime.now(UTC)
        event = Event(round(now_s - self._started_s, 6), direction, data)
        self._octets += len(data)
        self._characters += len(line_of(event)) + 1
        self._events.append(event)


def _opened(device: str, baudrate: int, root: Path) -> serial.Serial:
    """The device for us alone. A program that has not locked it is told by /proc only."""
    if programs := holders(device, root):
        raise InUse(device, f"by {programs[0].name}, process {programs[0].process}")
    try:
        return serial.Serial(device, baudrate, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError) as error:  # serial.SerialException is an OSError
        number: int | None = getattr(error, "errno", None)
        if number in (errno.EAGAIN, errno.EBUSY):  # flock(2), TIOCEXCL
            raise InUse(device, "another program has locked it") from error
        raise CannotOpen(device, os.strerror(number) if number else str(error)) from error


def named(masked: Transcript) -> Transcript:
    """With modem and firmware in its header, as the modem said them when it was asked.

    To be taken from a masked transcript: between a question and its answer there may be somebody's message.
    """
    maker, model, firmware = (_said(masked.events, command) for command in _ASKING_WHAT_IT_IS)
    return replace(masked, header=replace(masked.header, modem=f"{maker} {model}".strip(), firmware=firmware))


def _said(events: tuple[Event, ...], command: str) -> str:
    """The first line of the answer to a command of the dialogue; empty where it was not asked or refused."""
    replay = CommandReplay(Transcript(Header("recorded"), events))
    due = replay.receive(b"AT%s\r" % command.encode())
    if replay.unknown:
        return ""
    said = b"".join(each.data for each in due if each.direction is Direction.RX).decode("latin-1")
    asked = Command.of(f"AT{command}")
    lines = [line for line in map(str.strip, said.splitlines()) if line and is_answer(line, asked)]
    lines = [line for line in lines if not line.upper().startswith("AT")]
    if not lines or lines[0] == "OK" or "ERROR" in lines[0] or looks_masked(lines[0]):
        return ""
    return lines[0].removeprefix(f"{command}:").strip(' "')[:_NAME_CHARACTERS_MAX]
