"""Simulated time: a heap of things to happen, drawn by one seeded random source."""

import heapq
from collections.abc import Callable
from itertools import count


class Scheduler:
    """Runs callbacks in order of their time; those of the same moment in the order in which they were set."""

    def __init__(self, start: float) -> None:
        self.now = start
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, when: float, callback: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (max(when, self.now), next(self._order), callback))

    def after(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.at(self.now + delay_s, callback)

    def run(self, until: float, events_max: int) -> None:
        """Run until `until`. Raises RuntimeError if more than `events_max` things happen: something spins."""
        for _ in range(events_max):
            if not self._heap or self._heap[0][0] > until:
                self.now = until
                return
            self.now, _, callback = heapq.heappop(self._heap)
            callback()
        raise RuntimeError(f"more than {events_max} events")
