"""What becomes of a message: TP-ST, who wants to hear of it, and what an SMSC remembers (TS 23.040 clause 9.2.3.15)."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag


class DeliveryStatus(IntEnum):
    """TP-ST, as far as this centre gives it. Values below 20 are delivered or replaced, 20 to 3F still tried."""

    DELIVERED = 0x00
    REPLACED = 0x02
    WAITING = 0x20
    ABSENT = 0x22
    REFUSED_FOR_NOW = 0x25
    INCOMPATIBLE = 0x41
    EXPIRED = 0x46
    DELETED = 0x47
    UNKNOWN_MESSAGE = 0x49
    ABSENT_AT_ONE_TRY = 0x62
    REFUSED_AT_ONE_TRY = 0x65

    @property
    def final(self) -> bool:
        """Whether the centre will not try again."""
        return not 0x20 <= self <= 0x3F


class Reports(IntFlag):
    """Which status reports the sender of a message wants; a phone wants both final ones or none."""

    NONE = 0
    SUCCESS = 1
    FAILURE = 2
    # Once, when a try has failed and others follow (SMPP 3.4 section 5.2.17, intermediate notification).
    TROUBLE = 4
    FINAL = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a message: its status, since when, and whether the centre still has it.

    `identity`, `sender`, `destination` and `reference` (TP-MR) are those of the message; seconds since 1970.
    """

    identity: int
    sender: str
    destination: str
    reference: int
    status: DeliveryStatus
    submitted_s: float
    since_s: float
