"""Numbers that are used once: serials and STANs. Reserved in the store in blocks before the first of them is used."""

from operator_platform.errors import SerialsSpent
from operator_platform.store import OperatorStore

# A write for every hundredth number instead of every one; a restart loses at most that many of 2**32 serials.
_BLOCK = 100
_SERIALS_MAX = 2**32 - 1  # u32
_STANS = 999_999  # DE11 has six digits and 000000 is not used


class Counter:
    """Hands out increasing numbers from 1 on; a restart goes on with the next block."""

    def __init__(self, store: OperatorStore, name: str) -> None:
        self._store = store
        self._name = name
        self._next = 0
        self._end = 0

    def take(self) -> int:
        if self._next == self._end:
            self._next = self._store.reserve(self._name, _BLOCK)
            self._end = self._next + _BLOCK
        number, self._next = self._next, self._next + 1
        return number


class Counters:
    """The counters of one operator platform."""

    def __init__(self, store: OperatorStore) -> None:
        self._serials = Counter(store, "serial")
        self._stans = Counter(store, "stan")

    def serial(self) -> int:
        """Return the counter part of a serial nobody has used (u32). Raises SerialsSpent."""
        number = self._serials.take()
        if number > _SERIALS_MAX:
            raise SerialsSpent("all serials of this node are used; set up a platform with another node number")
        return number

    def stan(self) -> str:
        """Return the next DE11. It comes round after 999,999 messages; DE7 then tells the two apart."""
        return f"{(self._stans.take() - 1) % _STANS + 1:06d}"
