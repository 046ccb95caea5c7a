"""Authentication information: IMSI and MSISDN bound together (patent step 112, modules 304 and 404)."""

from dataclasses import dataclass
from typing import Self

from wire.digits import (
    IMSI_BYTES,
    MSISDN_BYTES,
    checked_imsi,
    checked_msisdn,
    pack_digits,
    unpack_digits,
)
from wire.errors import BadMessage

IDENTITY_BYTES = IMSI_BYTES + MSISDN_BYTES


@dataclass(frozen=True, slots=True)
class Identity:
    """A SIM's IMSI and number, 16 bytes packed."""

    imsi: str
    msisdn: str

    def pack(self) -> bytes:
        """Return IMSI 8 || MSISDN 8, packed BCD. Raises BadDigits if either does not fit."""
        return pack_digits(self.imsi, IMSI_BYTES) + pack_digits(self.msisdn, MSISDN_BYTES)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Undo `pack`. Raises BadMessage for a wrong length, BadDigits for what is no IMSI or MSISDN."""
        if len(packed) != IDENTITY_BYTES:
            raise BadMessage("authentication information", f"needs {IDENTITY_BYTES} bytes")
        return cls(
            checked_imsi(unpack_digits(packed[:IMSI_BYTES])),
            checked_msisdn(unpack_digits(packed[IMSI_BYTES:])),
        )
