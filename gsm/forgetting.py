"""A modem that has started anew without saying so: what it answers shows that it has forgotten. No I/O.

After a reset a modem has the settings of its making again: it echoes (V.250 clause 6.2.4), gives errors without
numbers (+CMEE 0, TS 27.007 clause 9.1), and most tell of no message (+CNMI with <mt> 0, TS 27.005 clause 3.4.1). It may
be in text mode then, in which the length that is given to +CMGS is a telephone number.
"""

import re
from collections.abc import Callable, Sequence

Ask = Callable[[str], Sequence[str]]

_FORGOTTEN = {
    "AT+CMEE?": re.compile(r"\+CMEE: *0"),
    "AT+CNMI?": re.compile(r"\+CNMI: *[0-3], *0,"),
}


class Settings:
    """Which settings a modem had when it was set up, so that their loss can be seen."""

    def __init__(self) -> None:
        self._set: list[str] = []
        self.echo_is_off = False

    def unknown(self) -> None:
        """The modem is being set up: nothing can be lost."""
        self._set, self.echo_is_off = [], False

    def made(self, ask: Ask, *, echo_is_off: bool) -> None:
        """The modem is set up; find out which settings it shows."""
        self._set = [question for question in _FORGOTTEN if _is_lost(question, ask(question)) is False]
        self.echo_is_off = echo_is_off

    def are_lost(self, ask: Ask) -> bool:
        """Whether one of the settings that it showed is that of a modem just started."""
        return any(_is_lost(question, ask(question)) for question in self._set)


def _is_lost(question: str, lines: Sequence[str]) -> bool | None:
    """None for an answer that does not tell."""
    if len(lines) < 2 or lines[-1] != "OK":
        return None
    return _FORGOTTEN[question].match(lines[0]) is not None
