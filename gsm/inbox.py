"""Messages that lie in the modem's memories, until they are whole and handed over; without I/O.

A message is deleted only after the program has taken it, so that a crash at any moment leaves it to be read again.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from gsm.pdu import Deliver
from gsm.reassembly import Complete, Duplicate, Reassembler, Waiting

_LISTED = re.compile(r"\+CMGL:\s*(\d+)\s*,\s*\"?(\d*)\"?\s*,")
_SPACE = re.compile(r"\+CPMS:\s*(\d+)\s*,\s*(\d+)")
_SPACES = re.compile(r"\+CPMS:((?:\s*,?\s*\d+\s*,\s*\d+){1,3})\s*")
_MEMORIES = re.compile(r"\+CPMS:\s*\((.*?)\)")
_READ = ("SM", "ME", "MT"), ("SR",)
# <stat> of TS 27.005 clause 3.1: 0 and 1 are received, 2 and 3 are our own drafts and copies.
_RECEIVED = {"", "0", "1"}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a message lies: memory (`SM`, `ME`) and index (TS 27.005 clause 3.1)."""

    memory: str
    index: int


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """A message, put together from its parts. `time` is the service centre's, of the first part.

    `complete` is False for a single part of a message whose other parts did not come within a day.
    `locations` are to be deleted when the program has taken the message.
    """

    number: str
    text: str
    time: datetime | None
    locations: tuple[Location, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Discard:
    """A second copy of a part that lies elsewhere too: delete it."""

    location: Location


@dataclass(frozen=True, slots=True)
class _Part:
    message: Deliver
    location: Location | None


class Inbox:
    """Takes messages as they are read and says what to hand over and what to delete."""

    def __init__(self) -> None:
        self._reassembler: Reassembler[_Part] = Reassembler()
        self._lying: set[Location] = set()

    def clear(self) -> None:
        """Forget the parts, before all memories are read again; they still lie there."""
        self._reassembler.clear()
        self._lying.clear()

    def add(self, message: Deliver, location: Location | None, now_s: float) -> list[ReceivedText | Discard]:
        """Take a message in; `location` is None for one that the modem did not store."""
        part = _Part(message, location)
        actions: list[ReceivedText | Discard] = []
        match self._reassembler.add(message.originator, message.user_data, part, now_s):
            case Complete(text, items):
                actions.append(self._whole(text, items))
            case Waiting():
                self._lying |= {location} if location else set()
            case Duplicate():
                # The same place read twice is one copy: deleting it would lose the part.
                if location is not None and location not in self._lying:
                    actions.append(Discard(location))
        for given_up in self._reassembler.given_up(now_s):
            actions.append(self._whole(given_up.message.text, (given_up,), complete=False))
        return actions

    def _whole(self, text: str, items: tuple[_Part, ...], complete: bool = True) -> ReceivedText:
        locations = tuple(dict.fromkeys(item.location for item in items if item.location is not None))
        self._lying.difference_update(locations)
        first = items[0].message
        return ReceivedText(first.originator, text, first.timestamp, locations, complete)


def listed(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Index and PDU line of each received message of a +CMGL answer in PDU mode (TS 27.005 clause 4.1)."""
    index: int | None = None
    for line in lines:
        match = _LISTED.match(line)
        if match:
            index = int(match.group(1)) if match.group(2) in _RECEIVED else None
        elif index is not None:
            yield index, line
            index = None


def memories_of(lines: Iterable[str]) -> list[str]:
    """The memories that can be read, of a `+CPMS=?` answer: SIM and phone, whichever there are, else both as one.

    After them the memory of status reports (`SR`), where there is one (TS 27.005 clause 3.1).
    """
    for line in lines:
        match = _MEMORIES.match(line.replace("((", "("))
        if match:
            texts, reports = ([name for name in names if f'"{name}"' in match.group(1)] for names in _READ)
            return ([name for name in texts if name != "MT"] or texts) + reports
    return []


def space_in(lines: Iterable[str]) -> tuple[int, int] | None:
    """How many messages the first memory holds and can hold, of the answer to +CPMS=; None if it does not say."""
    match = next((match for match in map(_SPACE.match, lines) if match), None)
    return (int(match.group(1)), int(match.group(2))) if match else None


def is_arrival_full(lines: Iterable[str]) -> bool | None:
    """Whether the memory in which messages arrive is full, of the answer to +CPMS=; None if it does not say.

    It is the third of the three (TS 27.005 clause 3.2.2), of a modem that tells fewer the last.
    """
    match = next((match for match in map(_SPACES.fullmatch, lines) if match), None)
    if match is None:
        return None
    used, capacity = (int(number) for number in re.findall(r"\d+", match.group(1))[-2:])
    return used >= capacity if capacity else None
