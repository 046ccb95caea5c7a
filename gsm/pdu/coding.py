"""TP-DCS, the data coding scheme: alphabet, message class, waiting messages (3GPP TS 23.038 clause 4)."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache

from gsm.errors import PduError


class Alphabet(Enum):
    """How the content of a message is coded: septets, octets without meaning to us, or UTF-16 code units."""

    GSM7 = "GSM 7-bit"
    OCTETS = "8-bit data"
    UCS2 = "UCS-2"


class MessageClass(IntEnum):
    """Where a message is meant to go (TS 23.038 clause 4). Class 0, shown at once and not stored, is "flash"."""

    FLASH = 0
    EQUIPMENT = 1
    SIM = 2
    TERMINAL = 3


class Waiting(IntEnum):
    """What is waiting for the user (TS 23.038 clause 4, groups 1100 to 1110)."""

    VOICEMAIL = 0
    FAX = 1
    MAIL = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class WaitingIndication:
    """Message waiting: `active` switches the indicator on or off, `store` says whether the text is to be kept."""

    kind: Waiting
    active: bool
    store: bool


_DISCARD, _STORE, _STORE_UCS2, _CLASS_GROUP = 0xC, 0xD, 0xE, 0xF
_DELETION, _COMPRESSED, _HAS_CLASS = 0x40, 0x20, 0x10
_ALPHABETS = (Alphabet.GSM7, Alphabet.OCTETS, Alphabet.UCS2)


@dataclass(frozen=True, slots=True)
class Coding:
    """What a data coding scheme says. `automatic_deletion`: the message is to be deleted once it is read.

    `alphabet` is that of the text before compression; compressed text is octets to us.
    """

    alphabet: Alphabet = Alphabet.GSM7
    message_class: MessageClass | None = None
    compressed: bool = False
    automatic_deletion: bool = False
    waiting: WaitingIndication | None = None

    @classmethod
    def of(cls, dcs: int) -> "Coding":
        """Read one octet; reserved values count as the default alphabet, as TS 23.038 clause 4 asks of a receiver."""
        group = dcs >> 4
        if group < 0x8:
            message_class = MessageClass(dcs & 3) if dcs & _HAS_CLASS else None
            alphabet = (*_ALPHABETS, Alphabet.GSM7)[dcs >> 2 & 3]
            return cls(alphabet, message_class, bool(dcs & _COMPRESSED), bool(dcs & _DELETION))
        if group == _CLASS_GROUP:
            return cls(Alphabet.OCTETS if dcs & 0x04 else Alphabet.GSM7, MessageClass(dcs & 3))
        if group >= _DISCARD:
            waiting = WaitingIndication(Waiting(dcs & 3), bool(dcs & 0x08), group != _DISCARD)
            return cls(Alphabet.UCS2 if group == _STORE_UCS2 else Alphabet.GSM7, waiting=waiting)
        return cls()

    @property
    def dcs(self) -> int:
        """The octet, in the general group or a waiting group. Raises PduError for what no octet can say."""
        general = (
            _ALPHABETS.index(self.alphabet) << 2
            | (_HAS_CLASS | self.message_class if self.message_class is not None else 0)
            | (_COMPRESSED if self.compressed else 0)
            | (_DELETION if self.automatic_deletion else 0)
        )
        if self.waiting is None:
            return general
        groups = {
            (Alphabet.GSM7, False): _DISCARD,
            (Alphabet.GSM7, True): _STORE,
            (Alphabet.UCS2, True): _STORE_UCS2,
        }
        group = groups.get((self.alphabet, self.waiting.store))
        if group is None or general & ~0x0C:
            raise PduError("a message waiting indication has no class, and stored UCS-2 text or GSM 7-bit text")
        return group << 4 | (0x08 if self.waiting.active else 0) | self.waiting.kind


@cache
def alphabet_of(dcs: int) -> Alphabet:
    """The alphabet that a data coding scheme (0..255) names (TS 23.038 clause 4).

    Reserved schemes count as GSM 7-bit, as that clause asks of a receiver; compressed text is octets to us.
    """
    coding = Coding.of(dcs)
    return Alphabet.OCTETS if coding.compressed else coding.alphabet
