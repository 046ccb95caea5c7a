"""The fields that several kinds of TPDU have: first octet, addresses, times, validity (3GPP TS 23.040 clause 9.2.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from gsm import alphabet
from gsm.errors import PduError

# TS 23.040 clause 9.1.2.5: at most 10 octets of address value.
ADDRESS_DIGITS_MAX = 20
NAME_CHARACTERS_MAX = 11


class Reader:
    """Octets of a PDU, taken from the front; running out of them is a PduError that names the field."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._position = 0

    def take(self, count: int, field: str) -> bytes:
        """The next `count` octets. Raises PduError."""
        taken = self._octets[self._position : self._position + count]
        if len(taken) < count:
            raise PduError(f"{field} is cut short")
        self._position += count
        return taken

    def octet(self, field: str) -> int:
        """The next octet. Raises PduError."""
        return self.take(1, field)[0]

    def rest(self) -> bytes:
        """All that is left."""
        taken = self._octets[self._position :]
        self._position = len(self._octets)
        return taken


def octet(value: int, field: str) -> int:
    """`value` if it is from 0 to 255. Raises PduError naming the field."""
    if not 0 <= value <= 0xFF:
        raise PduError(f"{field} {value} does not fit in one octet")
    return value


# ---- the first octet

# TP-MTI (TS 23.040 clause 9.2.3.1): what 0 to 2 mean to the network (SUBMIT, COMMAND, DELIVER-REPORT) and to a handset.
MESSAGE_TYPE = 0x03
DELIVER, DELIVER_REPORT, SUBMIT, SUBMIT_REPORT, STATUS_REPORT, COMMAND, RESERVED = 0, 0, 1, 1, 2, 2, 3

# Its other bits, in TPDUs that have them (clauses 9.2.2.1 to 9.2.2.4).
REJECT_DUPLICATES = 0x04
NO_MORE_MESSAGES = 0x04
LOOP_PREVENTION = 0x08
STATUS_REPORT_WANTED = 0x20
HEADER_INDICATOR = 0x40
REPLY_PATH = 0x80


def message_type(tpdu: bytes) -> int:
    """TP-MTI of a TPDU. Raises PduError for an empty one."""
    if not tpdu:
        raise PduError("the TPDU is empty")
    return tpdu[0] & MESSAGE_TYPE


def expect_type(first: int, expected: int, name: str) -> None:
    """Raises PduError, with the `name` that was expected, for another message type."""
    if first & MESSAGE_TYPE != expected:
        raise PduError(f"this is no {name}: its message type is {first & MESSAGE_TYPE}")


# ---- addresses

# Type of address (TS 23.040 clause 9.1.2.5): 1, three bits type of number, four bits numbering plan.
_KIND_INTERNATIONAL = 0x91
_KIND_UNKNOWN = 0x81
_KIND_ALPHANUMERIC = 0xD0
_INTERNATIONAL, _ALPHANUMERIC = 1, 5
_DIGITS = "0123456789*#abc"
# What each of them is written as, and the first digit in the lower half of each octet (TS 23.040 clause 9.1.2.3).
_CODES = str.maketrans(_DIGITS, "0123456789abcde")
_SWAPPED = bytes(octet << 4 & 0xF0 | octet >> 4 for octet in range(256))


class Address(str):
    """A number, with "+" in front when it is international, or a name; `kind` is the octet that says which.

    As text it is the same as a plain `str`; `kind` keeps apart what reads alike, such as the name "10086", a
    national number (type of number 2) or digits `abc`. Where a plain string is given, one that has only digits,
    `*` and `#` is a number, and anything else a name (TS 23.040 clause 9.1.2.5).
    """

    __slots__ = ("kind",)
    kind: int

    def __new__(cls, text: str, kind: int | None = None) -> "Address":
        """`kind` 0..255; left out, it is what a plain string stands for."""
        address = super().__new__(cls, text)
        address.kind = _kind(text) if kind is None else kind
        return address

    @classmethod
    def name(cls, text: str) -> "Address":
        """An alphanumeric sender of at most 11 characters, even where it has only digits."""
        return cls(text, _KIND_ALPHANUMERIC)

    @property
    def is_name(self) -> bool:
        """Alphanumeric, so that it cannot be answered."""
        return _type_of_number(self.kind) == _ALPHANUMERIC


def _kind(text: str) -> int:
    if isinstance(text, Address):
        return text.kind
    if text.removeprefix("+").strip("0123456789*#"):
        return _KIND_ALPHANUMERIC
    return _KIND_INTERNATIONAL if text.startswith("+") else _KIND_UNKNOWN


def _type_of_number(kind: int) -> int:
    return kind >> 4 & 7


def encode_number(address: str) -> tuple[int, int, bytes]:
    """Number of digits, type of address and semi-octets of a number. Raises PduError."""
    kind = octet(_kind(address), "type of address")
    digits = address.removeprefix("+")
    if not digits or digits.strip(_DIGITS):
        raise PduError("a number has digits only, after an optional +")
    if len(digits) > ADDRESS_DIGITS_MAX:
        raise PduError(f"a number of {len(digits)} digits is too long; {ADDRESS_DIGITS_MAX} fit")
    codes = digits.translate(_CODES) + "f" * (len(digits) % 2)
    return len(digits), kind, bytes.fromhex(codes).translate(_SWAPPED)


def decode_number(semi_octets: bytes, kind: int) -> Address:
    """Digits up to the filler F, "+" in front of an international number."""
    codes = [code for pair in semi_octets for code in (pair & 0xF, pair >> 4)]
    if 0xF in codes:
        codes = codes[: codes.index(0xF)]
    plus = "+" if _type_of_number(kind) == _INTERNATIONAL and codes else ""
    return Address(plus + "".join(_DIGITS[code] for code in codes), kind)


def encode_address(address: str) -> bytes:
    """An address field: length in semi-octets, type, value. Raises PduError."""
    kind = octet(_kind(address), "type of address")
    if not address:
        return bytes([0, kind])
    if _type_of_number(kind) != _ALPHANUMERIC:
        count, kind, value = encode_number(address)
        return bytes([count, kind]) + value
    septets = alphabet.encode_text(address)
    # The length counts the semi-octets in use, which for septets is 7/4 of them, rounded up.
    semi_octet_count = (len(septets) * 7 + 3) // 4
    if semi_octet_count > ADDRESS_DIGITS_MAX:
        raise PduError(f"a name as address is longer than {NAME_CHARACTERS_MAX} characters")
    return bytes([semi_octet_count, kind]) + alphabet.pack(septets)


def decode_address(reader: Reader, field: str) -> Address:
    """Read an address field. Raises PduError naming it."""
    count = reader.octet(f"{field} length")
    if count > ADDRESS_DIGITS_MAX:
        raise PduError(f"{field} of {count} digits is too long")
    kind = reader.octet(f"{field} type")
    octets = reader.take((count + 1) // 2, field)
    if _type_of_number(kind) == _ALPHANUMERIC:
        return Address(alphabet.decode_text(alphabet.unpack(octets, count * 4 // 7)), kind)
    if count % 2 and octets:
        octets = octets[:-1] + bytes([octets[-1] | 0xF0])
    return decode_number(octets, kind)


# ---- times


def _swap(value: int) -> int:
    """Two decimal digits as a swapped semi-octet pair."""
    return value % 10 << 4 | value // 10


def _unswap(pair: int) -> int:
    low, high = pair & 0xF, pair >> 4
    if low > 9 or high > 9:
        raise ValueError("not decimal")
    return low * 10 + high


def encode_timestamp(moment: datetime | None) -> bytes:
    """Seven octets, year 2000 to 2099, offset in quarter hours (TS 23.040 clause 9.2.3.11). Raises PduError."""
    if moment is None:
        return bytes(7)
    offset = moment.utcoffset()
    if offset is None or not 2000 <= moment.year <= 2099:
        raise PduError("a timestamp needs a time zone and a year from 2000 to 2099")
    quarters = round(offset / timedelta(minutes=15))
    if abs(quarters) > 79:
        raise PduError("a timestamp's offset from UTC is more than 79 quarter hours")
    zone = _swap(abs(quarters)) | (0x08 if quarters < 0 else 0)
    fields = (moment.year - 2000, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return bytes([*map(_swap, fields), zone])


def decode_timestamp(reader: Reader) -> datetime | None:
    """Read seven octets; None where they hold no date. Raises PduError when there are fewer."""
    octets = reader.take(7, "timestamp")
    try:
        year, month, day, hour, minute, second = map(_unswap, octets[:6])
        quarters = _unswap(octets[6] & 0xF7)
        zone = timezone(timedelta(minutes=15 * (-quarters if octets[6] & 0x08 else quarters)))
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone if quarters else UTC)
    except ValueError:
        return None


# ---- validity period

# TS 23.040 clause 9.2.3.12.1: (last octet value, what the value before the range stands for, step).
_VALIDITY_RANGES = (
    (143, -1, timedelta(0), timedelta(minutes=5)),
    (167, 143, timedelta(hours=12), timedelta(minutes=30)),
    (196, 166, timedelta(0), timedelta(days=1)),
    (255, 192, timedelta(0), timedelta(weeks=1)),
)
RELATIVE_VALIDITY_MIN = timedelta(minutes=5)

# TS 23.040 clause 9.2.3.12.3: the functionality indicator and the formats that it names.
_MORE_INDICATORS, _SINGLE_SHOT = 0x80, 0x40
_FORMAT_NONE, _FORMAT_RELATIVE, _FORMAT_SECONDS, _FORMAT_CLOCK = range(4)
_CLOCK_MAX = timedelta(hours=99, minutes=59, seconds=59)
_ENHANCED_OCTETS = 7


def relative_validity(value: int) -> timedelta:
    """How long a relative TP-VP octet (0..255) lets a message live (TS 23.040 clause 9.2.3.12.1)."""
    for last, before, base, step in _VALIDITY_RANGES:
        if value <= last:
            return base + (value - before) * step
    raise AssertionError("an octet is at most 255")


def encode_relative_validity(validity: timedelta) -> int:
    """The octet for the longest period that is not longer than `validity`. Raises PduError under 5 minutes."""
    if validity < RELATIVE_VALIDITY_MIN:
        raise PduError("a validity of less than 5 minutes needs the enhanced format")
    return max(value for value in range(256) if relative_validity(value) <= validity)


def encode_enhanced_validity(validity: timedelta | None, single_shot: bool) -> bytes:
    """Seven octets that say a period to the second (TS 23.040 clause 9.2.3.12.3).

    Up to 255 s as a number, up to 99:59:59 as hours, minutes and seconds, above that as the relative octet does;
    fractions of a second are dropped. Raises PduError for less than a second.
    """
    shot = _SINGLE_SHOT if single_shot else 0
    if validity is None:
        return _padded([shot | _FORMAT_NONE])
    if validity < timedelta(seconds=1):
        raise PduError("a validity of less than a second cannot be said")
    seconds = validity // timedelta(seconds=1)
    if seconds <= 0xFF:
        return _padded([shot | _FORMAT_SECONDS, seconds])
    if validity > _CLOCK_MAX:
        return _padded([shot | _FORMAT_RELATIVE, encode_relative_validity(validity)])
    return _padded([shot | _FORMAT_CLOCK, *map(_swap, (seconds // 3600, seconds // 60 % 60, seconds % 60))])


def _padded(octets: Sequence[int]) -> bytes:
    return bytes(octets).ljust(_ENHANCED_OCTETS, b"\0")


def decode_enhanced_validity(reader: Reader) -> tuple[timedelta | None, bool]:
    """Read seven octets: the period, None where none is said or it is reserved, and whether to try only once."""
    octets = reader.take(_ENHANCED_OCTETS, "validity")
    single_shot = bool(octets[0] & _SINGLE_SHOT)
    start = 1
    while octets[start - 1] & _MORE_INDICATORS:
        start += 1
        if start > 4:
            return None, single_shot
    value = octets[start:]
    match octets[0] & 7:
        case 1:
            return relative_validity(value[0]), single_shot
        case 2 if value[0]:
            return timedelta(seconds=value[0]), single_shot
        case 3:
            return _decode_clock(value[:3]), single_shot
    return None, single_shot


def _decode_clock(octets: bytes) -> timedelta | None:
    try:
        hours, minutes, seconds = map(_unswap, octets)
    except ValueError:
        return None
    period = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return period if minutes < 60 and seconds < 60 and period else None
