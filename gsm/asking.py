"""Ask a serial port whether it takes AT commands: politely, for a bounded time, and leaving it as it was.

Sent are `AT`, and to who answered it `AT+CGMI` and `AT+CGMM` (TS 27.007 clauses 5.1 and 5.2), which change nothing. A
port that somebody else holds is not touched. The line's settings (speed, echo, flow control) are put back.
"""

import contextlib
import os
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import serial

from gsm.channel import Answer, Channel

# A modem that is awake answers AT within milliseconds; one on a slow line of 9600 bits a second within a tenth.
ANSWER_S = 1.0
# The first AT may be lost in a modem that sleeps or finds out the speed (V.250 clause 5.3, autobaud).
_TRIES = 2
_READ_S = 0.05
_NAME_CHARACTERS_MAX = 60
# What a GNSS receiver says each second, whatever it is told (NMEA 0183: talkers GP, GN, GL, GA, BD).
_SENTENCES = (b"$GP", b"$GN", b"$GL", b"$GA", b"$BD")


class Reply(Enum):
    """What came of asking."""

    ANSWERED = "answers AT"
    SILENT = "does not answer"
    NOISE = "says something, but no answer to AT"
    POSITIONS = "says positions (NMEA)"
    IN_USE = "in use by another program"
    FORBIDDEN = "you may not open it"
    MISSING = "is not there"
    UNUSABLE = "cannot be opened"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a port replied, and whom it says it is (`Quectel EC25`), empty if it does not say."""

    reply: Reply
    name: str = ""


def ask(path: str, baudrate: int = 115200, rtscts: bool = False, answer_s: float = ANSWER_S) -> Heard:
    """Ask the port; takes at most about four times `answer_s` seconds. Raises nothing for what a port may do."""
    try:
        with _opened(path, baudrate, rtscts) as port:
            return _ask(port, answer_s)
    except (OSError, ValueError) as error:  # serial.SerialException is an OSError
        return Heard(_why_not(error))


@contextlib.contextmanager
def _opened(path: str, baudrate: int, rtscts: bool) -> Iterator[serial.Serial]:
    """The port, opened for us alone; its settings are as before when the block ends."""
    before = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        settings = termios.tcgetattr(before)
        with serial.Serial(
            path, baudrate, timeout=_READ_S, write_timeout=ANSWER_S, rtscts=rtscts, dsrdtr=False, exclusive=True
        ) as port:
            try:
                yield port
            finally:
                with contextlib.suppress(termios.error):  # it was unplugged meanwhile
                    termios.tcsetattr(before, termios.TCSANOW, settings)
    except termios.error as error:
        raise OSError(*error.args) from error
    finally:
        os.close(before)


def _ask(port: serial.Serial, answer_s: float) -> Heard:
    heard = bytearray()
    for _ in range(_TRIES):
        lines = _command(port, b"AT\r", answer_s, heard)
        if lines is not None:
            if lines[-1] == "OK":
                return Heard(Reply.ANSWERED, _name(port, answer_s))
            break
    if any(sentence in heard for sentence in _SENTENCES):
        return Heard(Reply.POSITIONS)
    return Heard(Reply.NOISE if heard.strip(b"\0\r\n") else Reply.SILENT)


def _command(port: serial.Serial, command: bytes, answer_s: float, heard: bytearray) -> list[str] | None:
    """One command's answer, its final result last; None when there was none in time. `heard` gets the octets.

    A channel for each: the late answer to the first AT is as good as that to the second.
    """
    channel = Channel()
    port.write(channel.send(command))
    deadline = time.monotonic() + answer_s
    while time.monotonic() < deadline:
        data = port.read(max(1, port.in_waiting))
        heard += data
        for event in channel.receive(data):
            if isinstance(event, Answer):
                return list(event.lines)
    return None


def _name(port: serial.Serial, answer_s: float) -> str:
    words: list[str] = []
    for command in (b"AT+CGMI\r", b"AT+CGMM\r"):
        lines = _command(port, command, answer_s, bytearray()) or ["ERROR"]
        if lines[-1] == "OK" and len(lines) > 1:
            words.append(lines[0].partition(": ")[2] or lines[0])
    name = " ".join(word.strip(' "') for word in words)
    return "".join(character for character in name if character.isprintable())[:_NAME_CHARACTERS_MAX]


def _why_not(error: Exception) -> Reply:
    """pyserial keeps the errno of `open`; a lock that somebody has (flock, TIOCEXCL) is EAGAIN or EBUSY."""
    match getattr(error, "errno", None):
        case 2 | 6 | 19:  # ENOENT, ENXIO, ENODEV
            return Reply.MISSING
        case 1 | 13:  # EPERM, EACCES
            return Reply.FORBIDDEN
        case 11 | 16:  # EAGAIN, EBUSY
            return Reply.IN_USE
    return Reply.UNUSABLE
