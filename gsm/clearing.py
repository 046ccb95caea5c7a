"""What a modem owes after a command timed out: that command's answer, and one to each question asked since; no I/O.

A modem answers in order, so that the answer to the latest question settles all before it. The questions are ones whose
answers cannot be mistaken for another's or for an unsolicited code.
- While a modem hangs, questions time out too, and each time another one is asked. Once all were, the first is asked
  again, and an answer to it counts for the oldest asking that is still open.
- What was written while it hung, a modem may also have lost. Then answers are counted for askings that will never be
  answered, and always the same number stays open. That is so where the latest answer of an attempt was one to
  the question that this attempt asked: behind a modem that is late there would be others after it.
- A modem may refuse every question. Then each is owed one final result, and the command one.
"""

from gsm.answers import Command, code_of, is_answer

# Every modem that can do SMS answers these at once, with their code (TS 27.007 clauses 9.1 and 7.2, TS 27.005 clauses
# 3.2.3, 3.2.1 and 3.4.1).
QUESTIONS = (b"AT+CMEE?\r", b"AT+CMGF?\r", b"AT+CREG?\r", b"AT+CSMS?\r", b"AT+CNMI?\r")


class Clearing:
    """The debt of one command that timed out."""

    def __init__(self, owed: Command) -> None:
        # A question that looks like the command would not tell the answers apart.
        commands = [(question, Command.of(question.decode())) for question in QUESTIONS]
        self._questions = [(question, command) for question, command in commands if command.name != owed.name]
        self._asked = 0
        self._open: list[Command] = []  # the askings that no answer was counted for, oldest first
        self._has_answered = False
        self._latest = owed
        # Of this attempt: the question that was answered last, and that whose answer has ended last.
        self._answering: Command | None = None
        self._ended: Command | None = None
        self._finals_of_attempt = 0
        self._finals = 0
        self._late: tuple[str, ...] = ()

    def ask(self) -> bytes:
        """The question to write in this attempt."""
        question, self._latest = self._questions[self._asked % len(self._questions)]
        self._asked += 1
        self._open.append(self._latest)
        self._answering = self._ended = None
        self._finals_of_attempt = 0
        return question

    def takes(self, line: str) -> bool:
        """Whether a line that is no final result answers a question; noted."""
        if not self._asked:
            return False
        code = code_of(line)
        question = next((command for _, command in self._questions if command.name == code), None)
        if question is None or not is_answer(line, question):
            return False
        self._has_answered = True
        self._answering = question
        if question in self._open:
            del self._open[: self._open.index(question) + 1]
        return True

    @property
    def is_answering(self) -> bool:
        """Whether the command's own answer may still go on: no final result has come yet."""
        return self._finals == 0

    def ends(self, lines: tuple[str, ...]) -> bool:
        """A final result has come, the last of these lines: whether nothing is owed any more."""
        self._finals += 1
        self._finals_of_attempt += 1
        self._answering, self._ended = None, self._answering
        if self._finals == 1 and not self._has_answered:
            self._late = lines
        if self._asked == 0:
            return True
        if self._has_answered:
            return not self._open and self._ended is not None
        return self._asked >= len(self._questions) and self._finals > self._asked

    def gives_up(self) -> bool:
        """The attempt's time is up: whether what is owed counts as lost."""
        if self._has_answered:
            return bool(self._open) and self._ended == self._latest
        return self._asked >= len(self._questions) and self._finals_of_attempt > 0 and self._finals > 1

    @property
    def late(self) -> tuple[str, ...]:
        """The answer to the command, empty if it is not certain that there was one."""
        return self._late if self._asked <= 1 or len(self._late) > 1 else ()
