"""How a modem is told to announce new messages: the +CNMI that it can do best; without I/O (TS 27.005 clause 3.4.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_RANGES = re.compile(r"\+CNMI:\s*(.*)")
_RANGE = re.compile(r"\(([^()]*)\)|(\d+)")
# What is wanted of <mode>, <mt>, <bm>, <ds>, <bfr>, the best first. Mode 2 keeps what comes while the line is taken and
# says it later, 1 drops it, 3 writes it into the data of a call. Messages are to be stored and announced (<mt> 1), so
# that none is lost before it was taken; where that cannot be they come directly (2). Reports: stored, else directly.
_WANTED = ((2, 1, 3, 0), (1, 2, 0), (0,), (2, 1, 0), (0, 1))


@dataclass(frozen=True, slots=True)
class Indications:
    """The values of +CNMI in their order, and whether new messages are told of at all."""

    values: tuple[int, ...]

    @property
    def announces_messages(self) -> bool:
        """Whether a new message is told of; without that the program has to look for messages."""
        return len(self.values) > 1 and self.values[0] != 0 and self.values[1] != 0

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


def best_indications(lines: Iterable[str]) -> Indications | None:
    """The best of what a `+CNMI=?` answer allows; None if it tells nothing (no such command, or an empty answer)."""
    for line in lines:
        match = _RANGES.match(line)
        if match:
            allowed = [_numbers(group or single) for group, single in _RANGE.findall(match.group(1))]
            if not allowed or not all(allowed):
                return None
            return Indications(tuple(_best(*pair) for pair in zip(_WANTED, allowed, strict=False)))
    return None


def _best(wanted: tuple[int, ...], allowed: set[int]) -> int:
    return next((value for value in wanted if value in allowed), min(allowed))


def _numbers(text: str) -> set[int]:
    """`0-2,5` as numbers; one digit each is all that the clause knows."""
    numbers: set[int] = set()
    for first, last in re.findall(r"(\d)(?:\s*-\s*(\d))?", text):
        numbers |= set(range(int(first), int(last or first) + 1))
    return numbers
