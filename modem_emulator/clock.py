"""What date and time the emulator shows, made from the clock that is passed in."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as it is or, for runs that are to be repeatable to the octet, a moment at which all that is shown stands.

    Only what is shown stands: time stamps of the service centre, discharge times, receipts, +CCLK. Delays and
    timeouts go by the clock that is passed in. Seconds are those since 1970.
    """

    stands_at_s: float | None = None

    def shown_s(self, now_s: float) -> float:
        """The time to show, in seconds."""
        return now_s if self.stands_at_s is None else self.stands_at_s

    def moment(self, now_s: float) -> datetime:
        """The time to show, in whole seconds and UTC."""
        return datetime.fromtimestamp(int(self.shown_s(now_s)), UTC)
