"""Which message is handed to which subscriber, and when: a queue for each, one heap of moments over all.

Rules only. What is asked most, whether anything is due now, takes the same time for one subscriber and for hundreds.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

# One destination is handed so many at a time, so that a slow one does not fill the memory of its shell.
IN_FLIGHT_MAX = 32


@dataclass(slots=True)
class _Line:
    """What waits for one subscriber: identity by due time in `heap`, first due time by identity in `held`."""

    attached: bool = False
    held: dict[int, float] = field(default_factory=dict)
    heap: list[tuple[float, int]] = field(default_factory=list)
    in_flight: set[int] = field(default_factory=set)
    alarm_s: float | None = None

    def head_s(self) -> float | None:
        """When the first message is due that is still held and not in flight."""
        while self.heap:
            due_s, identity = self.heap[0]
            if identity in self.held and identity not in self.in_flight:
                return due_s
            heapq.heappop(self.heap)
        return None


class Waiting:
    """Messages by subscriber, each either waiting for its time or in flight, until `settle`."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._alarms: list[tuple[float, str]] = []

    @property
    def at_rest(self) -> bool:
        """Whether messages wait for nobody but those who are not attached."""
        return not any(line.attached and line.held for line in self._lines.values())

    def attached(self, number: str) -> bool:
        """Whether the subscriber can take messages."""
        line = self._lines.get(number)
        return line is not None and line.attached

    def held(self, number: str) -> int:
        """How many messages are kept for a subscriber, those in flight included."""
        line = self._lines.get(number)
        return len(line.held) if line else 0

    def in_flight(self, number: str, identity: int) -> bool:
        """Whether a message was handed out and nothing is known of it yet."""
        line = self._lines.get(number)
        return line is not None and identity in line.in_flight

    def attach(self, number: str) -> None:
        """The subscriber can take messages: what waits for another try is tried at once."""
        line = self._line(number)
        line.attached = True
        self._from_the_front(number, line)

    def detach(self, number: str) -> set[int]:
        """The subscriber is gone; returns what was in flight to it, which waits again."""
        line = self._line(number)
        line.attached = False
        returned, line.in_flight = line.in_flight, set()
        self._from_the_front(number, line)
        return returned

    def offer(self, number: str, identity: int, due_s: float) -> None:
        """Hand a message over at `due_s` or later; one that was in flight is not any more."""
        line = self._line(number)
        line.held.setdefault(identity, due_s)
        line.in_flight.discard(identity)
        heapq.heappush(line.heap, (due_s, identity))
        self._arm(number, line)

    def settle(self, number: str, identity: int) -> None:
        """The message need not be handed over any more."""
        line = self._line(number)
        line.held.pop(identity, None)
        line.in_flight.discard(identity)
        self._arm(number, line)

    def hand_out(self, now_s: float) -> Iterator[tuple[int, bool]]:
        """What is due, by subscriber and in order; whether more waits for the same one. All is in flight then."""
        while self._alarms and self._alarms[0][0] <= now_s:
            due_s, number = heapq.heappop(self._alarms)
            line = self._lines[number]
            if line.alarm_s != due_s:
                continue
            line.alarm_s = None
            if line.attached:
                yield from self._hand_out(line, now_s)
            self._arm(number, line)

    def next_due_s(self) -> float | None:
        """When `hand_out` has something to give; None while nothing waits for time to pass."""
        while self._alarms:
            due_s, number = self._alarms[0]
            line = self._lines[number]
            if line.alarm_s == due_s and line.attached and line.head_s() == due_s:
                return due_s
            heapq.heappop(self._alarms)
            if line.alarm_s == due_s:
                line.alarm_s = None
                self._arm(number, line)
        return None

    def _hand_out(self, line: _Line, now_s: float) -> Iterator[tuple[int, bool]]:
        head_s = line.head_s()
        while head_s is not None and head_s <= now_s and len(line.in_flight) < IN_FLIGHT_MAX:
            _, identity = heapq.heappop(line.heap)
            line.in_flight.add(identity)
            head_s = line.head_s()
            yield identity, head_s is not None and head_s <= now_s

    def _line(self, number: str) -> _Line:
        line = self._lines.get(number)
        if line is None:
            line = self._lines[number] = _Line()
        return line

    def _from_the_front(self, number: str, line: _Line) -> None:
        line.heap = sorted((due_s, identity) for identity, due_s in line.held.items() if identity not in line.in_flight)
        self._arm(number, line)

    def _arm(self, number: str, line: _Line) -> None:
        """Put the moment of the line's first message on the heap, unless it is there."""
        if not line.attached or len(line.in_flight) >= IN_FLIGHT_MAX:
            return
        head_s = line.head_s()
        if head_s is not None and (line.alarm_s is None or head_s < line.alarm_s):
            line.alarm_s = head_s
            heapq.heappush(self._alarms, (head_s, number))
