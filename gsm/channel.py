"""The AT line protocol without I/O: bytes in; answers, prompts and unsolicited codes out.

Rules
1. One command at a time. `send` gives the bytes to write; what comes back is told apart by `gsm.answers`.
2. A line that is the echo of what was sent is dropped, in every state.
3. An unsolicited line is an event of its own, in every state, and never part of an answer.
4. A prompt is taken only where a command waits for one. At any other time the modem waits for a text that nobody
   will give it, and would swallow the next command: it gets an ESC (TS 27.005 clause 3.5.1 (+CMGS): ESC aborts).
   Only while a text that was given has no answer yet, a prompt is a second showing of the same, and is left alone.
5. A command that timed out still owes an answer. Until its final result has come, no other command is sent: `send`
   sends a question instead whose answer cannot be mistaken, drops every line up to the end of the answer to that,
   and only then writes the command (state CLEARING). `gsm.clearing` says when that is; the commands whose time is up
   before it were not written (`TimedOut.written`).
6. A code whose end has not come keeps the lines that may belong to it, and no other.
7. A modem that says that it has just started (`Started`) has forgotten everything: what ran and what was owed.
8. Bytes that are not UTF-8, NUL and other control characters never stop anything; they are cut off the ends of a
   line, where line noise puts them, and replaced inside it, where a terminal would do what they say.

What comes in ->    final result    answer line    prompt       unsolicited
IDLE                unsolicited     unsolicited    abort        unsolicited
RUNNING             Answer, IDLE    kept           abort        unsolicited
PROMPT_WANTED       Answer, IDLE    kept           PROMPTED     unsolicited
PROMPTED            IDLE            dropped        -            unsolicited
OWED                Late, IDLE      kept           abort        unsolicited
CLEARING            see rule 5      kept           abort        unsolicited
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from gsm.answers import (
    Command,
    belongs_to,
    code_of,
    continues,
    is_answer,
    is_final,
    tells_of_a_start,
)
from gsm.clearing import Clearing
from gsm.errors import GsmError

# The one limit on what is kept. The longest true line is a +CLAC on one line (about 4 kB); a whole +CMGL of a phone
# with 500 messages is 200 kB. A line or answer that outgrows this is cut: it is noise.
BUFFER_OCTETS_MAX = 262_144
# A USSD text is at most 182 characters (TS 23.038 clause 6.1.2.3), and rarely more than ten lines.
_CONTINUATION_LINES_MAX = 16
ABORT = b"\x1b"
END_OF_TEXT = b"\x1a"
_NO_COMMAND = Command.of("")
# Replaced bytes and control characters at the ends of a line.
_NOISE = "".join(map(chr, range(0x20))) + "\x7f\ufffd "
_REPLACED = dict.fromkeys([*range(0x09), *range(0x0A, 0x20), *range(0x7F, 0xA0)], "\ufffd")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the running command: its lines, the last of which is the final result."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Late:
    """The answer to a command that had timed out under this number (`TimedOut.debt`), come after all."""

    debt: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """The modem waits for the text of the running command; give it with `send_text`."""


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A code that nobody asked for, with the lines that belong to it."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """The modem has just started: no answer will come any more, and its settings are lost (rule 7)."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write these bytes to the modem now (rules 4 and 5)."""

    data: bytes


Event = Answer | Late | Prompt | Started | Unsolicited | Write


@dataclass(frozen=True, slots=True)
class TimedOut:
    """What is to be said of a command whose time is up.

    `written` tells whether the command (for a text: the text) had been handed to the modem; if not, it had no effect.
    `data` is to be written now. `debt` is the number by which `Late` names the answer, if it comes after all.
    """

    lines: tuple[str, ...]
    written: bool
    data: bytes
    debt: int


class State(Enum):
    """Where the conversation stands; see the table at the top."""

    IDLE = auto()
    RUNNING = auto()
    PROMPT_WANTED = auto()
    PROMPTED = auto()
    OWED = auto()
    CLEARING = auto()


class PromptWithdrawn(GsmError):
    """The modem took its prompt back before the text was given; the text was not written."""


class Channel:
    """One modem's side of the conversation. Not thread-safe: `gsm.line` holds a lock around it.

    `debts` is how many commands have timed out so far, those of an earlier channel included: each gets a number.
    """

    def __init__(self, debts: int = 0) -> None:
        self.state = State.IDLE
        self.debts = debts
        self.echoed = False  # whether the modem has echoed what was sent last
        self._buffer = bytearray()
        self._skipping = False
        self._command = _NO_COMMAND
        self._lines: list[str] = []
        self._lines_octets = 0
        self._unfinished: list[str] = []
        self._echoes: deque[str] = deque(maxlen=4)
        self._text_given = False
        # Rule 5: what is owed, and the command that waits.
        self._clearing: Clearing | None = None
        self._pending: tuple[bytes, bool] | None = None

    # ---- what the program does

    def send(self, line: bytes, *, prompt: bool = False, answered: bool = True) -> bytes:
        """Start a command (its line end included). Returns what to write now, which rule 5 may put off.

        `prompt`: the command is to be answered with `> `. `answered=False`: do not wait for an answer.
        """
        assert self.state not in (State.RUNNING, State.PROMPT_WANTED, State.CLEARING), "one command at a time"
        if self.state is State.PROMPTED:
            self._owe()
            return ABORT + self._clear_first(line, prompt)
        if self.state is State.OWED:
            return self._clear_first(line, prompt)
        return self._start(line, prompt) if answered else self._remember(line)

    def send_text(self, text: bytes) -> bytes:
        """Give the text that a prompt asked for, its Ctrl-Z included. Raises PromptWithdrawn."""
        if self.state is not State.PROMPTED:
            raise PromptWithdrawn("the modem took back its prompt before the text was given")
        self.state = State.RUNNING
        self._text_given = True
        return self._remember(text)

    def timeout(self) -> TimedOut:
        """The running command's time is up; rule 5."""
        lines = () if self.state is State.CLEARING else tuple(self._lines)
        written = self.state is State.RUNNING
        data = ABORT if self.state in (State.PROMPT_WANTED, State.PROMPTED) else b""
        if self.state is State.CLEARING:
            assert self._clearing is not None
            self._pending = None
            self.state = State.OWED
            if self._clearing.gives_up():
                self._owe_nothing()
        elif self.state not in (State.IDLE, State.OWED):
            self._owe()
        return TimedOut(lines, written, data, self.debts)

    # ---- what the modem does

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes in, in pieces of any size, and tell what they mean."""
        events: list[Event] = []
        for line in self._split(data):
            events += self._line(line)
        if self._buffer and self._at_prompt():
            self._buffer.clear()
            events += self._prompt()
        return _join_caller(events) if len(events) > 1 else events

    def _split(self, data: bytes) -> list[str]:
        """Lines, without their ends, cleaned as rule 8 says; what is left over stays in the buffer."""
        *pieces, rest = data.replace(b"\r", b"\n").split(b"\n")
        if pieces and self._skipping:
            self._skipping = False
            pieces[0] = b""
        elif pieces and self._buffer:
            pieces[0] = bytes(self._buffer) + pieces[0]
            self._buffer.clear()
        if not self._skipping:
            self._buffer += rest
        if len(self._buffer) > BUFFER_OCTETS_MAX:
            self._skipping = True
            self._buffer.clear()
        lines = [
            piece.decode("utf-8", errors="replace").strip(_NOISE)
            for piece in pieces
            if piece and len(piece) <= BUFFER_OCTETS_MAX
        ]
        return [line if line.isprintable() else line.translate(_REPLACED) for line in lines if line]

    def _at_prompt(self) -> bool:
        return len(self._buffer) < 16 and self._buffer.strip(_NOISE.encode()) == b">"

    def _line(self, line: str) -> list[Event]:
        if line in self._echoes:
            self.echoed = True
            return []
        if line == ">":
            return self._prompt()
        line = line.removeprefix("> ")  # the prompt stands before the echo of the text
        if line in self._echoes:
            self.echoed = True
            return []
        if self._unfinished:
            return self._continue(line)
        running = None if self.state is State.IDLE else self._command
        if is_final(line, running):
            return self._final(line)
        if tells_of_a_start(line, running):
            self._owe_nothing()
            return [Started()]
        if self._clearing is not None and self._clearing.takes(line):
            return []
        if self.state is not State.IDLE and is_answer(line, self._command):
            self._collect(line)
            return []
        return self._unsolicited([line])

    def _final(self, line: str) -> list[Event]:
        match self.state:
            case State.IDLE:
                return [Unsolicited((line,))]
            case State.RUNNING | State.PROMPT_WANTED:
                answer = Answer((*self._lines, line))
                self._owe_nothing()
                return [answer]
            case State.PROMPTED:
                self._owe_nothing()
                return []
            case State.OWED | State.CLEARING:
                return self._final_of_debt(line)

    def _final_of_debt(self, line: str) -> list[Event]:
        """A late final result, or the end of the answer to a question of rule 5."""
        assert self._clearing is not None
        if not self._clearing.ends((*self._lines, line)):
            return []
        late, pending = self._clearing.late, self._pending
        self._owe_nothing()
        events: list[Event] = [Late(self.debts, late)] if late else []
        return events if pending is None else [*events, Write(self._start(*pending))]

    def _prompt(self) -> list[Event]:
        if self.state is State.PROMPT_WANTED:
            self.state = State.PROMPTED
            return [Prompt()]
        # An ESC while the network works on a text would take the text back.
        is_known = self.state is State.PROMPTED or (self.state is State.RUNNING and self._text_given)
        return [] if is_known else [Write(ABORT)]

    def _unsolicited(self, lines: list[str]) -> list[Event]:
        if continues(lines):
            self._unfinished = lines
            return []
        return [Unsolicited(tuple(lines))]

    def _continue(self, line: str) -> list[Event]:
        """One more line of an unsolicited code; a line that can only be something else ends it early."""
        lines, self._unfinished = self._unfinished, []
        running = self.state is not State.IDLE and is_final(line, self._command)
        if running or not belongs_to(lines, line) or len(lines) >= _CONTINUATION_LINES_MAX:
            return [Unsolicited(tuple(lines)), *self._line(line)]
        return self._unsolicited([*lines, line])

    # ---- the parts of both

    def _start(self, line: bytes, prompt: bool) -> bytes:
        self._remember(line)
        self._command = Command.of(self._echoes[-1])
        self.echoed = self._text_given = False
        self._lines, self._lines_octets = [], 0
        self.state = State.PROMPT_WANTED if prompt else State.RUNNING
        return line

    def _clear_first(self, line: bytes, prompt: bool) -> bytes:
        assert self._clearing is not None
        self._pending = (line, prompt)
        self.state = State.CLEARING
        return self._remember(self._clearing.ask())

    def _owe(self) -> None:
        self.debts += 1
        self._clearing = Clearing(self._command)
        self.state = State.OWED

    def _owe_nothing(self) -> None:
        self.state = State.IDLE
        self._lines, self._lines_octets = [], 0
        self._clearing = self._pending = None

    def _remember(self, line: bytes) -> bytes:
        self._echoes.append(line.decode("utf-8", errors="replace").strip(_NOISE))
        return line

    def _collect(self, line: str) -> None:
        self._lines_octets += len(line)
        is_answering = self._clearing is None or self._clearing.is_answering
        if is_answering and self._lines_octets <= BUFFER_OCTETS_MAX:
            self._lines.append(line)


def _join_caller(events: list[Event]) -> list[Event]:
    """Put a `+CLIP` to the RING that it belongs to, as callers of python-gsmmodem-new expect."""
    joined: list[Event] = []
    for event in events:
        before = joined[-1] if joined else None
        if (
            isinstance(event, Unsolicited)
            and isinstance(before, Unsolicited)
            and code_of(event.lines[0]) == "+CLIP"
            and len(before.lines) == 1
            and before.lines[0].startswith(("RING", "+CRING"))
        ):
            joined[-1] = Unsolicited((*before.lines, *event.lines))
        else:
            joined.append(event)
    return joined
