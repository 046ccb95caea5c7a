"""What a modem of a transcript says to a program, without I/O: octets of the program in, what is due out.

Strict (`StrictReplay`)
1. The program must send the same octets in the same order, in pieces of any size; what the modem said after them is
   due as soon as they are complete.
2. The first octet that differs is a `Deviation`, after which nothing is said any more.

By command (`CommandReplay`)
1. A command is looked up as it was sent (case and blanks at its ends do not count). What came after it in the
   transcript, up to the next command, is due; the second time the command comes, what came after its second time,
   and so on; after the last time the last one again.
2. Where there is no such command, one that may have been masked from it is taken (`AT+CPIN="0000"` for any PIN).
3. A command whose answer ends in a prompt is looked up by its name alone where its values are not in the transcript,
   and whatever text is then given gets what came after its text: a text's length and content differ from run to run.
4. An unknown command gets ERROR, as from a modem that does not know it, and is counted in `unknown`.

What is due says how long after the program's last octets it came; a replay that is not timed takes no notice of that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gsm.pseudonyms import may_stand_for
from gsm.transcript import Direction, Event, Transcript

_FIRST_EVENT_LINE = 2
_COMMAND_END = re.compile(rb"[\r\n]")
_TEXT_END = re.compile(rb"[\x1a\x1b]")
_PROMPT = re.compile(rb">[ \r\n]*\Z")
# Whose arguments are nobody's business (TS 27.007 clauses 8.3, 7.4, 7.5).
_SECRET = re.compile(rb"(.*?(?:CPIN2?|CLCK|CPWD|CARDLOCK)\b=).*", re.IGNORECASE | re.DOTALL)
# A deviation is shown in a sentence.
_SHOWN_OCTETS_MAX = 80
# As large as the channel's limit: no command or text is nearly as long.
_UNIT_OCTETS_MAX = 262_144


@dataclass(frozen=True, slots=True)
class Due:
    """What the modem does next, `after_s` seconds after the octets of the program that it follows."""

    after_s: float
    direction: Direction
    data: bytes


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where the program left the transcript: the file's line, what was expected there and what came instead.

    `got` is None where the program ended early, `expected` empty where the transcript has ended. Texts of messages and
    PINs are not shown, only that they differ.
    """

    line: int
    expected: bytes
    got: bytes | None
    is_text: bool = False

    def __str__(self) -> str:
        if self.is_text:
            if not self.expected:
                return f"line {self.line}: the transcript has ended before it, got the text of a message"
            came = "the program ended before it" if self.got is None else "another one came"
            return f"line {self.line}: expected the text of a message, of {len(self.expected)} octets; {came}"
        if not self.expected and self.got is not None:
            return f"line {self.line}: the transcript has ended before it, got {shown(self.got)}"
        came = "the program ended before it" if self.got is None else f"got {shown(self.got)}"
        return f"line {self.line}: expected {shown(self.expected)}, {came}"


def shown(octets: bytes) -> str:
    """Octets for a person: cut to a sentence's length, without what a PIN or password command carries."""
    octets = _SECRET.sub(rb"\1...", octets)
    cut = octets[:_SHOWN_OCTETS_MAX]
    return ascii(cut.decode("latin-1")) + ("..." if len(cut) < len(octets) else "")


class Replay(Protocol):
    """Either kind of replay."""

    deviation: Deviation | None

    @property
    def finished(self) -> bool:
        """Whether everything in the transcript was said."""

    def start(self) -> list[Due]:
        """What the modem does before the program says anything."""

    def receive(self, data: bytes) -> list[Due]:
        """Take octets of the program; what is due because of them."""

    def closed(self) -> None:
        """The program closed the port."""

    def ended(self) -> None:
        """The program will not come (back): where a strict replay waits for it still is a deviation."""


class StrictReplay:
    """The same octets in the same order. See the rules at the top."""

    def __init__(self, transcript: Transcript) -> None:
        self._events = transcript.events
        self._place = 0
        self._matched = 0  # octets of the event at `_place`
        self._prompted = False
        self._reopens = False  # whether the program closed the port here, and came back
        self.deviation: Deviation | None = None

    @property
    def finished(self) -> bool:
        return not any(event.direction is Direction.TX for event in self._events[self._place :])

    def start(self) -> list[Due]:
        return self._due(self._events[0].t_s) if self._events else []

    def receive(self, data: bytes) -> list[Due]:
        due: list[Due] = []
        while data and self.deviation is None:
            if self._place == len(self._events):
                self.deviation = Deviation(self._line, b"", data, self._prompted)
                break
            event = self._events[self._place]
            wanted = event.data[self._matched :]
            piece = data[: len(wanted)]
            if not wanted.startswith(piece):
                self._deviate(event.data[: self._matched] + data)
                break
            self._matched += len(piece)
            data = data[len(piece) :]
            if self._matched == len(event.data):
                self._place += 1
                self._matched = 0
                due += self._due(event.t_s)
        return due

    def closed(self) -> None:
        """Ending early is a deviation, unless the transcript shows that the port was opened again."""
        if not self._reopens:
            self.ended()

    def ended(self) -> None:
        if not self.finished and self.deviation is None:
            while self._events[self._place].direction is not Direction.TX:  # of a port that nobody opened
                self._place += 1
            self._deviate(None)

    @property
    def _line(self) -> int:
        return self._place + _FIRST_EVENT_LINE

    def _deviate(self, got: bytes | None) -> None:
        self.deviation = Deviation(self._line, self._events[self._place].data, got, self._prompted)

    def _due(self, since_s: float) -> list[Due]:
        """Everything up to the program's next octets."""
        due = []
        while self._place < len(self._events) and self._events[self._place].direction is not Direction.TX:
            event = self._events[self._place]
            due.append(Due(event.t_s - since_s, event.direction, event.data))
            self._place += 1
        if due:
            self._prompted = _ends_in_prompt(due)
        self._reopens = any(each.data == b"opened" for each in due if each.direction is Direction.CTL)
        return due


@dataclass(slots=True)
class _Exchange:
    """A command of the transcript, what came after it, and what came after the text that it asked for."""

    command: bytes
    after_command: list[Due] = field(default_factory=list)
    after_text: list[Due] | None = None


class CommandReplay:
    """Answers looked up by command, in order of occurrence. See the rules at the top."""

    def __init__(self, transcript: Transcript) -> None:
        self.deviation: Deviation | None = None
        self.unknown: list[bytes] = []
        self.texts: list[bytes] = []
        self._start, self._exchanges = _exchanges(transcript.events)
        self._used: dict[bytes, int] = {}
        self._buffer = bytearray()
        self._prompting: _Exchange | None = None

    @property
    def finished(self) -> bool:
        """Whether every command's last answer was given."""
        return all(self._used.get(exchange.command, 0) for exchange in self._exchanges)

    def start(self) -> list[Due]:
        return self._start

    def receive(self, data: bytes) -> list[Due]:
        due: list[Due] = []
        self._buffer += data
        while found := (_TEXT_END if self._prompting else _COMMAND_END).search(self._buffer):
            unit, end = bytes(self._buffer[: found.start()]), bytes(found.group())
            del self._buffer[: found.end()]
            due += self._text(unit, end) if self._prompting else self._command(_key(unit))
        if len(self._buffer) > _UNIT_OCTETS_MAX:
            self._buffer.clear()
        return due

    def closed(self) -> None:
        """Whoever comes next begins with a command."""
        self._buffer.clear()
        self._prompting = None

    def ended(self) -> None:
        """Nobody need ask for everything."""

    def _text(self, unit: bytes, end: bytes) -> list[Due]:
        exchange, self._prompting = self._prompting, None
        assert exchange is not None
        if end == b"\x1b":
            return [Due(0.0, Direction.RX, b"\r\nOK\r\n")]
        self.texts.append(unit)
        return exchange.after_text or []

    def _command(self, key: bytes) -> list[Due]:
        if not key:
            return []
        exchange = self._found(key)
        if exchange is None:
            self.unknown.append(key)
            return [Due(0.0, Direction.RX, b"\r\nERROR\r\n")]
        if _ends_in_prompt(exchange.after_command):
            self._prompting = exchange
        return exchange.after_command

    def _found(self, key: bytes) -> _Exchange | None:
        alike = [exchange for exchange in self._exchanges if exchange.command == key]
        if not alike:
            sent = key.decode("latin-1")
            alike = [each for each in self._exchanges if may_stand_for(each.command.decode("latin-1"), sent)]
            key = alike[0].command if alike else key  # two numbers masked alike take their turns
        if not alike:
            name = key.partition(b"=")[0] + b"="
            prompting = (each for each in self._exchanges if _ends_in_prompt(each.after_command))
            alike = [each for each in prompting if each.command.startswith(name)]
            key = name
        if not alike:
            return None
        times = self._used.get(key, 0)
        self._used[key] = times + 1
        found = alike[min(times, len(alike) - 1)]
        self._used.setdefault(found.command, 1)
        return found


def _key(unit: bytes) -> bytes:
    """A command as it is looked up: upper case outside quotes; a byte of noise or an ESC before it does not count."""
    start = unit.upper().find(b"AT")
    pieces = unit[max(start, 0) :].strip().split(b'"')
    return b'"'.join(piece if place % 2 else piece.upper() for place, piece in enumerate(pieces))


def _ends_in_prompt(due: Sequence[Due]) -> bool:
    said = b"".join(each.data for each in due if each.direction is Direction.RX)
    return _PROMPT.search(said) is not None


def _exchanges(events: Sequence[Event]) -> tuple[list[Due], list[_Exchange]]:
    """What is said before any command, and the exchanges in their order."""
    start: list[Due] = []
    exchanges: list[_Exchange] = []
    into, early, since_s = start, list[Due](), events[0].t_s if events else 0.0
    buffer = bytearray()
    for event in events:
        if event.direction is not Direction.TX:
            # What comes while a command is being typed is its echo, and belongs to it.
            (early if buffer else into).append(Due(event.t_s - since_s, event.direction, event.data))
            continue
        since_s = event.t_s
        buffer += event.data
        while True:
            prompting = bool(exchanges) and into is exchanges[-1].after_command and _ends_in_prompt(into)
            found = (_TEXT_END if prompting else _COMMAND_END).search(buffer)
            if found is None:
                break
            key = _key(bytes(buffer[: found.start()]))
            del buffer[: found.end()]
            if prompting:
                into = exchanges[-1].after_text = early
            elif key:
                exchanges.append(_Exchange(key, early))
                into = early
            early = []
    return start, exchanges


def untimed(due: Sequence[Due]) -> list[Due]:
    """The same at once."""
    return [replace(each, after_s=0.0) for each in due]
