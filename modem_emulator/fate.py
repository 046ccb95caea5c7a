"""What happens to messages in the network, for whoever looks on."""

from dataclasses import dataclass
from enum import Enum

from modem_emulator.outcome import DeliveryStatus
from modem_emulator.store import Queued


class Fate(Enum):
    """What can happen to a message on its way; much of it also to a status report."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"
    DOUBLED = "doubled"
    POSTPONED = "postponed"
    DELIVERED = "delivered"
    REPLACED = "replaced"
    DELETED = "deleted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the network. `message` is None for a refused one, which got no identity; `reason` says why."""

    fate: Fate
    at_s: float
    sender: str
    destination: str
    message: Queued | None = None
    reason: str = ""


_ENDS = {
    DeliveryStatus.DELIVERED: Fate.DELIVERED,
    DeliveryStatus.REPLACED: Fate.REPLACED,
    DeliveryStatus.DELETED: Fate.DELETED,
    DeliveryStatus.INCOMPATIBLE: Fate.REJECTED,
}


def end_of(status: DeliveryStatus) -> Fate:
    """How a message ended that will not be tried again."""
    return _ENDS.get(status, Fate.EXPIRED)
