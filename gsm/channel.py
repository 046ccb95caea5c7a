"""The AT line protocol without I/O: bytes in; answers, prompts and unsolicited codes out.

Rules
1. One command at a time. `send` gives the bytes to write; what comes back is told apart by `gsm.answers`.
2. A line that is the echo of what was sent is dropped, in every state.
3. An unsolicited line is an event of its own, in every state, and never part of an answer.
4. A prompt is taken only where a command waits for one. At any other time the modem waits for a text that nobody
   will give it, and would swallow the next command: it gets an ESC (TS 27.005 clause 3.5.1 (+CMGS): ESC aborts).
5. A command that timed out still owes an answer. Until its final result has come, no other command is sent: `send`
   sends a question instead whose answer cannot be mistaken, drops every line up to the end of the answer to that,
   and only then writes the command (state CLEARING). A modem answers in order, so that the answer to the latest
   question settles all before it; a question that timed out too is followed by another one, lest its answer,
   when it comes late, be taken for that to the latest.
6. A modem may refuse every question. The command owes one final result; when more have come than that and each
   question was tried, the debt counts as paid. The commands meanwhile were not written (`TimedOut.written`).
7. A modem that says that it has just started (`Started`) has forgotten everything: what ran and what was owed.
8. Bytes that are not UTF-8, NUL and other control characters never stop anything; they are cut off the ends of a
   line, where line noise puts them, and replaced inside it.

What comes in ->    final result    answer line    prompt       unsolicited
IDLE                unsolicited     unsolicited    abort        unsolicited
RUNNING             Answer, IDLE    kept           abort        unsolicited
PROMPT_WANTED       Answer, IDLE    kept           PROMPTED     unsolicited
PROMPTED            IDLE            dropped        -            unsolicited
OWED                Late, IDLE      kept           abort        unsolicited
CLEARING            see rule 5      see rule 6     abort        unsolicited
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from gsm.answers import Command, code_of, continues, is_answer, is_final, is_known_unsolicited, tells_of_a_start
from gsm.errors import GsmError

# The one limit on what is kept. The longest true line is a +CLAC on one line (about 4 kB); a whole +CMGL of a phone
# with 500 messages is 200 kB. A line or answer that outgrows this is cut: it is noise.
BUFFER_OCTETS_MAX = 262_144
# A USSD text is at most 182 characters (TS 23.038 clause 6.1.2.3), and rarely more than ten lines.
_CONTINUATION_LINES_MAX = 16
ABORT = b"\x1b"
END_OF_TEXT = b"\x1a"
# Every modem that can do SMS answers these at once, with their code (TS 27.007 clauses 7.2 and 9.1, TS 27.005 3.2.3).
_QUESTIONS = (b"AT+CMEE?\r", b"AT+CMGF?\r", b"AT+CREG?\r")
_QUESTION_COMMANDS = tuple(Command.of(question.decode()) for question in _QUESTIONS)
_NO_COMMAND = Command.of("")
# Replaced bytes and control characters at the ends of a line.
_NOISE = "".join(map(chr, range(0x20))) + "\x7f\ufffd "


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
        # Rule 5: the command that waits, and how the questions stand.
        self._pending: tuple[bytes, bool] | None = None
        self._question = _NO_COMMAND
        self._questions_asked = 0
        self._question_answered = False
        self._finals_seen = 0
        self._late: tuple[str, ...] = ()

    # ---- what the program does

    def send(self, line: bytes, *, prompt: bool = False, answered: bool = True) -> bytes:
        """Start a command (its line end included). Returns what to write now, which rule 5 may put off.

        `prompt`: the command is to be answered with `> `. `answered=False`: do not wait for an answer.
        """
        assert self.state not in (State.RUNNING, State.PROMPT_WANTED, State.CLEARING), "one command at a time"
        if self.state is State.PROMPTED:
            self.debts += 1
            return ABORT + self._clear_first(line, prompt)
        if self.state is State.OWED:
            return self._clear_first(line, prompt)
        return self._start(line, prompt) if answered else self._remember(line)

    def send_text(self, text: bytes) -> bytes:
        """Give the text that a prompt asked for, its Ctrl-Z included. Raises PromptWithdrawn."""
        if self.state is not State.PROMPTED:
            raise PromptWithdrawn("the modem took back its prompt before the text was given")
        self.state = State.RUNNING
        return self._remember(text)

    def timeout(self) -> TimedOut:
        """The running command's time is up; rules 5 and 6."""
        lines = () if self.state is State.CLEARING else tuple(self._lines)
        written = self.state is State.RUNNING
        data = ABORT if self.state in (State.PROMPT_WANTED, State.PROMPTED) else b""
        if self.state is State.CLEARING:
            self._pending = None
            if self._questions_asked >= len(_QUESTIONS) and self._finals_seen >= 2:
                self._forget_debt()
                return TimedOut((), False, b"", self.debts)
        elif self.state is not State.IDLE:
            self.debts += 1
        if self.state is not State.IDLE:
            self.state = State.OWED
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
        return _join_caller(events)

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
        return [
            line
            for piece in pieces
            if piece
            and len(piece) <= BUFFER_OCTETS_MAX
            and (line := piece.decode("utf-8", errors="replace").strip(_NOISE))
        ]

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
            self._forget_debt()
            return [Started()]
        if self._questions_asked and self._answers_a_question(line):
            return []
        if self.state is not State.IDLE and is_answer(line, self._command):
            self._collect(line)
            return []
        return self._unsolicited([line])

    def _answers_a_question(self, line: str) -> bool:
        """Whether a line answers a question of rule 5; noted when it is the latest one."""
        code = code_of(line)
        if not any(code == question.name and is_answer(line, question) for question in _QUESTION_COMMANDS):
            return False
        self._question_answered |= code == self._question.name
        return True

    def _final(self, line: str) -> list[Event]:
        match self.state:
            case State.IDLE:
                return [Unsolicited((line,))]
            case State.RUNNING | State.PROMPT_WANTED:
                answer = Answer((*self._lines, line))
                self._forget_debt()
                return [answer]
            case State.PROMPTED:
                self._forget_debt()
                return []
            case State.OWED | State.CLEARING:
                return self._final_of_debt(line)

    def _final_of_debt(self, line: str) -> list[Event]:
        """A late final result, or the end of the answer to a question of rule 5."""
        self._finals_seen += 1
        asked = self._questions_asked
        if self._finals_seen == 1 and not self._question_answered:
            self._late = (*self._lines, line)
        if asked and not self._question_answered:
            return []  # the late one, or an earlier question's; the latest one's is still to come
        certain = self._late and (asked <= 1 or len(self._late) > 1)
        events: list[Event] = [Late(self.debts, self._late)] if certain else []
        pending = self._pending
        self._forget_debt()
        return events if pending is None else [*events, Write(self._start(*pending))]

    def _prompt(self) -> list[Event]:
        if self.state is State.PROMPT_WANTED:
            self.state = State.PROMPTED
            return [Prompt()]
        return [] if self.state is State.PROMPTED else [Write(ABORT)]

    def _unsolicited(self, lines: list[str]) -> list[Event]:
        if continues(lines):
            self._unfinished = lines
            return []
        return [Unsolicited(tuple(lines))]

    def _continue(self, line: str) -> list[Event]:
        """One more line of an unsolicited code; a line that can only be something else ends it early."""
        lines, self._unfinished = self._unfinished, []
        running = self.state is not State.IDLE and is_final(line, self._command)
        if running or code_of(line) or is_known_unsolicited(line) or len(lines) >= _CONTINUATION_LINES_MAX:
            return [Unsolicited(tuple(lines)), *self._line(line)]
        return self._unsolicited([*lines, line])

    # ---- the parts of both

    def _start(self, line: bytes, prompt: bool) -> bytes:
        self._remember(line)
        self._command = Command.of(self._echoes[-1])
        self.echoed = False
        self._lines, self._lines_octets = [], 0
        self.state = State.PROMPT_WANTED if prompt else State.RUNNING
        return line

    def _clear_first(self, line: bytes, prompt: bool) -> bytes:
        self._pending = (line, prompt)
        questions = [question for question in _QUESTIONS if not question.startswith(self._owing())]
        question = questions[self._questions_asked % len(questions)]
        self._question = Command.of(question.decode())
        self._questions_asked += 1
        self._question_answered = False
        self.state = State.CLEARING
        return self._remember(question)

    def _owing(self) -> bytes:
        """How the command that timed out begins: a question that looks like it would not tell the answers apart."""
        return b"AT" + self._command.name.encode() + b"?"

    def _forget_debt(self) -> None:
        self.state = State.IDLE
        self._lines, self._lines_octets = [], 0
        self._pending = None
        self._questions_asked = self._finals_seen = 0
        self._question_answered = False
        self._late = ()

    def _remember(self, line: bytes) -> bytes:
        self._echoes.append(line.decode("utf-8", errors="replace").strip(_NOISE))
        return line

    def _collect(self, line: str) -> None:
        self._lines_octets += len(line)
        if self._finals_seen == 0 and self._lines_octets <= BUFFER_OCTETS_MAX:
            self._lines.append(line)


def _join_caller(events: list[Event]) -> list[Event]:
    """Put a `+CLIP` to the RING that it belongs to, as callers of python-gsmmodem-new expect."""
    if len(events) < 2:
        return events
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
