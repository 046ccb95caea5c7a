"""Named timers of a session: what to do when, and when the next one is due. Sans-IO; times are Unix seconds."""

import heapq
from collections.abc import Callable, Hashable

from operator_platform.actions import Action

Due = Callable[[float], list[Action]]


class Timers:
    """One time for each name; setting it again moves it. Every operation takes O(log n)."""

    def __init__(self) -> None:
        self._set: dict[Hashable, tuple[int, Due]] = {}
        self._heap: list[tuple[float, int, Hashable]] = []
        self._count = 0  # tells a moved timer's entry from its old one, and breaks ties: first set is first due

    def set(self, name: Hashable, when: float, due: Due) -> None:
        """Call `due(now)` at `when`, or as soon after it as somebody ticks."""
        self._count += 1
        self._set[name] = (self._count, due)
        heapq.heappush(self._heap, (when, self._count, name))
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._set):
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapq.heapify(self._heap)

    def cancel(self, name: Hashable) -> None:
        self._set.pop(name, None)

    def next(self) -> float | None:
        """Return when the next timer is due, or None if there is none."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Due | None:
        """Remove the earliest timer that is due at `now` and return what to do, or None."""
        when = self.next()
        if when is None or when > now:
            return None
        name = heapq.heappop(self._heap)[2]
        return self._set.pop(name)[1]

    def _is_current(self, entry: tuple[float, int, Hashable]) -> bool:
        current = self._set.get(entry[2])
        return current is not None and current[0] == entry[1]
