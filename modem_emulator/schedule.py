"""What is to happen later, by the clock that is passed in."""

import heapq
from collections.abc import Callable


class Schedule:
    """Work by due time, in the order in which it was put for equal times. At most a few dozen entries a modem."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def next_due_s(self) -> float | None:
        """When the first work is due, None if there is none."""
        return self._waiting[0][0] if self._waiting else None

    def put(self, due_s: float, work: Callable[[], None]) -> None:
        """Do `work` at `due_s` or later."""
        self._count += 1
        heapq.heappush(self._waiting, (due_s, self._count, work))

    def clear(self) -> None:
        """Forget all of it."""
        self._waiting.clear()

    def run(self, now_s: float) -> None:
        """Do what is due, what it puts itself included."""
        while self._waiting and self._waiting[0][0] <= now_s:
            heapq.heappop(self._waiting)[2]()
