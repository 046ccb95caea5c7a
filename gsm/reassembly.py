"""Putting the parts of a long message together, without I/O or a clock (3GPP TS 23.040 clause 9.2.3.24.1).

Rules
1. A message without (valid) concatenation is complete at once.
2. Parts belong together when originator, reference, number of parts and width of the reference are equal.
3. The same part again, with the same content, is a duplicate and changes nothing.
4. The same part again with other content is a new message under a reused reference (senders restart at 0): the
   parts held so far are given up and the new message starts.
5. A message that has had no new part for `expiry_s` is given up, and so is the oldest when a new one would be one too
   many. What is given up is returned, never dropped silently: a part may be all that ever comes.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gsm.pdu import Concatenation, UserData, text_of

# A SIM holds 10 to 50 messages, so that more than this many half-received ones cannot lie on it.
MESSAGES_MAX = 64
# Networks try to deliver for 1 to 3 days; a SIM that was full for longer than a day will not see the missing part.
EXPIRY_S = 86_400.0

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The part is kept; others are missing."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The part was there already and is not kept."""


@dataclass(frozen=True, slots=True)
class Complete(Generic[ItemT]):
    """All parts are there, in order; `text` is what they say together."""

    text: str
    items: tuple[ItemT, ...]


@dataclass(slots=True)
class _Held(Generic[ItemT]):
    touched_at_s: float
    parts: dict[int, tuple[UserData, ItemT]] = field(default_factory=dict)


class Reassembler(Generic[ItemT]):
    """Holds at most `messages_max` incomplete messages. An `ItemT` is what the caller wants back for each part."""

    def __init__(self, messages_max: int = MESSAGES_MAX, expiry_s: float = EXPIRY_S) -> None:
        self._messages_max = messages_max
        self._expiry_s = expiry_s
        self._held: dict[tuple[str, int, int, bool], _Held[ItemT]] = {}
        self._given_up: list[ItemT] = []

    def add(self, originator: str, data: UserData, item: ItemT, now_s: float) -> Waiting | Duplicate | Complete[ItemT]:
        """Take one message in; `now_s` is any clock that does not go back."""
        place = data.concatenation
        if place is None or place.total == 1:
            return Complete(data.text, (item,))
        key = (originator, place.reference, place.total, place.wide)
        held = self._held.get(key)
        if held is not None and place.sequence in held.parts:
            if held.parts[place.sequence][0] == data:
                return Duplicate()
            self._give_up(key)
            held = None
        if held is None:
            held = self._start(key, now_s)
        held.touched_at_s = now_s
        held.parts[place.sequence] = (data, item)
        return self._complete(key, place) if len(held.parts) == place.total else Waiting()

    def given_up(self, now_s: float) -> list[ItemT]:
        """The items of messages that will not become complete (rules 4 and 5), once each."""
        for key in [key for key, held in self._held.items() if now_s - held.touched_at_s >= self._expiry_s]:
            self._give_up(key)
        items, self._given_up = self._given_up, []
        return items

    def clear(self) -> None:
        """Forget everything, as when the SIM is about to be read again."""
        self._held.clear()
        self._given_up.clear()

    def __len__(self) -> int:
        return len(self._held)

    def _start(self, key: tuple[str, int, int, bool], now_s: float) -> _Held[ItemT]:
        if len(self._held) >= self._messages_max:
            self._give_up(min(self._held, key=lambda other: self._held[other].touched_at_s))
        held = self._held[key] = _Held(now_s)
        return held

    def _give_up(self, key: tuple[str, int, int, bool]) -> None:
        held = self._held.pop(key)
        self._given_up += [held.parts[sequence][1] for sequence in sorted(held.parts)]

    def _complete(self, key: tuple[str, int, int, bool], place: Concatenation) -> Complete[ItemT]:
        held = self._held.pop(key)
        assert sorted(held.parts) == list(range(1, place.total + 1))
        parts = [held.parts[sequence] for sequence in range(1, place.total + 1)]
        return Complete(text_of(data for data, _ in parts), tuple(item for _, item in parts))
