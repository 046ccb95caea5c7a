"""SMS PDUs in both directions, without I/O (3GPP TS 23.040 clause 9.2; coding schemes TS 23.038 clause 4).

A handset encodes `Submit` and decodes `Deliver` and `StatusReport`; a network (the emulator) does the
reverse. `encode_*` gives the TPDU as octets, whose `len()` is the length that `AT+CMGS=` wants; `to_hex` puts
the service centre's address before it and makes the line that goes to the modem, `from_hex` takes such a line
apart.

`UserData` keeps header, coding scheme and content as they are on the air, so that a network can hand them on
unchanged; `.text` reads them. All bad input raises `PduError`, and nothing else does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

from gsm import alphabet
from gsm.errors import PduError as PduError

USER_DATA_OCTETS_MAX = 140
USER_DATA_SEPTETS_MAX = 160
PARTS_MAX = 255
# TS 23.040 clause 9.1.2.5: at most 10 octets of address value.
ADDRESS_DIGITS_MAX = 20

_MESSAGE_TYPE = 0x03
_DELIVER, _SUBMIT, _STATUS_REPORT = 0, 1, 2
_HEADER_INDICATOR = 0x40
_REPLY_PATH = 0x80
_NUMBER_DIGITS = "0123456789*#abc"


class Alphabet(Enum):
    """How the content of a message is coded: septets, octets without meaning to us, or UTF-16 code units."""

    GSM7 = "GSM 7-bit"
    OCTETS = "8-bit data"
    UCS2 = "UCS-2"


def alphabet_of(dcs: int) -> Alphabet:
    """The alphabet that a data coding scheme names (TS 23.038 clause 4).

    Reserved schemes count as GSM 7-bit, as that clause asks of a receiver; compressed text is octets to us.
    """
    group = dcs >> 4
    if group < 0x8:
        if dcs & 0x20:
            return Alphabet.OCTETS
        return (Alphabet.GSM7, Alphabet.OCTETS, Alphabet.UCS2, Alphabet.GSM7)[dcs >> 2 & 3]
    if group == 0xE:
        return Alphabet.UCS2
    if group == 0xF and dcs & 0x04:
        return Alphabet.OCTETS
    return Alphabet.GSM7


@dataclass(frozen=True, slots=True)
class Element:
    """One information element of a user data header: identifier 0..255 and at most 137 octets."""

    identifier: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Which part of a long message this is: reference (0..65535), number of parts and place, from 1 to 255.

    Element 00 carries an 8-bit reference, element 08 a 16-bit one (TS 23.040 clauses 9.2.3.24.1 and .8).
    """

    reference: int
    total: int
    sequence: int
    wide: bool = False

    def element(self) -> Element:
        """The information element; wide when the reference is above 255. Raises PduError out of range."""
        if not 1 <= self.sequence <= self.total <= PARTS_MAX:
            raise PduError(f"part {self.sequence} of {self.total} is out of range")
        if not 0 <= self.reference <= 0xFFFF:
            raise PduError(f"concatenation reference {self.reference} is out of range")
        tail = bytes([self.total, self.sequence])
        if self.wide or self.reference > 0xFF:
            return Element(0x08, self.reference.to_bytes(2, "big") + tail)
        return Element(0x00, bytes([self.reference]) + tail)


@dataclass(frozen=True, slots=True)
class UserData:
    """TP-DCS, TP-UDH and TP-UD of one message.

    `content` holds one septet in each octet for GSM 7-bit, plain octets otherwise.
    """

    content: bytes
    dcs: int = 0
    udh: tuple[Element, ...] = ()

    @classmethod
    def of_text(cls, text: str, udh: Sequence[Element] = ()) -> "UserData":
        """GSM 7-bit where the alphabet has every character, else UCS-2. Raises PduError on half a pair."""
        if alphabet.is_gsm7(text):
            return cls(alphabet.encode_text(text), 0x00, tuple(udh))
        return cls(_utf16(text), 0x08, tuple(udh))

    @classmethod
    def of_octets(cls, octets: bytes, udh: Sequence[Element] = ()) -> "UserData":
        """8-bit data."""
        return cls(octets, 0x04, tuple(udh))

    @property
    def alphabet(self) -> Alphabet:
        """How `content` is coded."""
        return alphabet_of(self.dcs)

    @property
    def text(self) -> str:
        """The content as text, 8-bit data as Latin-1. Never raises: what cannot be read is U+FFFD."""
        match self.alphabet:
            case Alphabet.GSM7:
                return alphabet.decode_text(self.content)
            case Alphabet.UCS2:
                return self.content.decode("utf-16-be", errors="replace")
            case Alphabet.OCTETS:
                return self.content.decode("latin-1")

    @property
    def concatenation(self) -> Concatenation | None:
        """The last valid concatenation element; impossible numbers are ignored (TS 23.040 9.2.3.24.1)."""
        found = None
        for element in self.udh:
            width = {0x00: 1, 0x08: 2}.get(element.identifier)
            if width is None or len(element.data) != width + 2:
                continue
            total, sequence = element.data[width:]
            if 1 <= sequence <= total:
                reference = int.from_bytes(element.data[:width], "big")
                found = Concatenation(reference, total, sequence, wide=width == 2)
        return found


@dataclass(frozen=True, slots=True)
class Submit:
    """SMS-SUBMIT, from a handset to the network (TS 23.040 clause 9.2.2.2).

    `validity` is relative (timedelta, from 5 minutes to 63 weeks, rounded down to what the octet can say) or
    absolute (datetime with a time zone). `reference` is TP-MR (0..255); modems put their own in its place.
    """

    destination: str
    user_data: UserData
    reference: int = 0
    status_report_request: bool = False
    validity: timedelta | datetime | None = None
    reject_duplicates: bool = False
    reply_path: bool = False
    protocol_id: int = 0

    @property
    def text(self) -> str:
        """The text of the user data."""
        return self.user_data.text


@dataclass(frozen=True, slots=True)
class Deliver:
    """SMS-DELIVER, from the network to a handset (TS 23.040 clause 9.2.2.1).

    `timestamp` is None where the seven octets hold no date (some networks send zeros).
    """

    originator: str
    user_data: UserData
    timestamp: datetime | None = None
    more_messages: bool = False
    status_report_indication: bool = False
    reply_path: bool = False
    protocol_id: int = 0

    @property
    def text(self) -> str:
        """The text of the user data."""
        return self.user_data.text


@dataclass(frozen=True, slots=True)
class StatusReport:
    """SMS-STATUS-REPORT, what became of an earlier SUBMIT (TS 23.040 clause 9.2.2.3; TP-ST in 9.2.3.15)."""

    reference: int
    recipient: str
    timestamp: datetime | None
    discharge: datetime | None
    status: int
    more_messages: bool = False

    @property
    def delivered(self) -> bool:
        """The recipient has it (TP-ST 00, 01, 02)."""
        return self.status <= 0x02

    @property
    def still_trying(self) -> bool:
        """A temporary trouble; another report will follow (TP-ST 20 to 3F)."""
        return 0x20 <= self.status <= 0x3F


# ---- the line that goes through the modem


def to_hex(tpdu: bytes, smsc: str = "") -> str:
    """The line for the modem: service centre address, then TPDU, in upper-case hexadecimal.

    An empty `smsc` means the one that is stored on the SIM (TS 27.005 clause 3.1, <pdu>).
    """
    if not smsc:
        return "00" + tpdu.hex().upper()
    digits, kind = _number(smsc)
    value = _semi_octets(digits)
    return (bytes([1 + len(value), kind]) + value + tpdu).hex().upper()


def from_hex(line: str) -> tuple[str, bytes]:
    """Take such a line apart: service centre ("" where it is not given) and TPDU. Raises PduError."""
    try:
        octets = bytes.fromhex(line.strip())
    except ValueError as error:
        raise PduError("the PDU is not hexadecimal") from error
    reader = _Reader(octets)
    length = reader.octet("service centre length")
    if length == 0:
        return "", reader.rest()
    if length > 1 + ADDRESS_DIGITS_MAX // 2:
        raise PduError(f"service centre address of {length} octets is too long")
    kind = reader.octet("service centre type")
    digits = _digits(reader.take(length - 1, "service centre"))
    return ("+" if _is_international(kind) else "") + digits, reader.rest()


# ---- encoding


def encode_submit(submit: Submit) -> bytes:
    """TPDU of an SMS-SUBMIT. Raises PduError naming the field that does not fit."""
    if not submit.destination:
        raise PduError("destination is empty")
    format_bits, validity = _encode_validity(submit.validity)
    first = (
        _SUBMIT
        | (0x04 if submit.reject_duplicates else 0)
        | format_bits
        | (0x20 if submit.status_report_request else 0)
        | (_HEADER_INDICATOR if submit.user_data.udh else 0)
        | (_REPLY_PATH if submit.reply_path else 0)
    )
    return (
        bytes([first, _octet(submit.reference, "reference")])
        + _encode_address(submit.destination)
        + bytes([_octet(submit.protocol_id, "protocol id"), _octet(submit.user_data.dcs, "coding scheme")])
        + validity
        + _encode_user_data(submit.user_data)
    )


def encode_deliver(deliver: Deliver) -> bytes:
    """TPDU of an SMS-DELIVER. Raises PduError naming the field that does not fit."""
    first = (
        _DELIVER
        | (0 if deliver.more_messages else 0x04)
        | (0x20 if deliver.status_report_indication else 0)
        | (_HEADER_INDICATOR if deliver.user_data.udh else 0)
        | (_REPLY_PATH if deliver.reply_path else 0)
    )
    return (
        bytes([first])
        + _encode_address(deliver.originator)
        + bytes([_octet(deliver.protocol_id, "protocol id"), _octet(deliver.user_data.dcs, "coding scheme")])
        + _encode_timestamp(deliver.timestamp)
        + _encode_user_data(deliver.user_data)
    )


def encode_status_report(report: StatusReport) -> bytes:
    """TPDU of an SMS-STATUS-REPORT. Raises PduError naming the field that does not fit."""
    return (
        bytes([_STATUS_REPORT | (0 if report.more_messages else 0x04), _octet(report.reference, "reference")])
        + _encode_address(report.recipient)
        + _encode_timestamp(report.timestamp)
        + _encode_timestamp(report.discharge)
        + bytes([_octet(report.status, "status")])
    )


def split(text: str, reference: int = 0) -> tuple[UserData, ...]:
    """Cut `text` into as many parts as it needs: one without header, or up to 255 with concatenation.

    One SMS holds 160 septets or 70 UTF-16 units; a part holds 153 or 67 (152 or 66 when `reference` is above
    255, which needs the 16-bit element). No escape and no surrogate pair is cut in two. Raises PduError.
    """
    whole = UserData.of_text(text)
    limit = USER_DATA_SEPTETS_MAX if whole.alphabet is Alphabet.GSM7 else USER_DATA_OCTETS_MAX
    if len(whole.content) <= limit:
        return (whole,)
    header = Concatenation(reference, PARTS_MAX, 1).element()
    room = USER_DATA_OCTETS_MAX - 1 - 2 - len(header.data)
    if whole.alphabet is Alphabet.GSM7:
        contents = _cut([alphabet.encode_character(character) for character in text], room * 8 // 7)
    else:
        contents = _cut([_utf16(character) for character in text], room)
    if len(contents) > PARTS_MAX:
        raise PduError(f"text needs {len(contents)} parts; at most {PARTS_MAX} can be sent")
    return tuple(
        UserData(content, whole.dcs, (Concatenation(reference, len(contents), sequence).element(),))
        for sequence, content in enumerate(contents, start=1)
    )


# ---- decoding


def decode_submit(tpdu: bytes) -> Submit:
    """Read an SMS-SUBMIT. Raises PduError."""
    reader = _Reader(tpdu)
    first = reader.octet("first octet")
    _expect_type(first, _SUBMIT, "SMS-SUBMIT")
    reference = reader.octet("reference")
    destination = _decode_address(reader, "destination")
    protocol_id = reader.octet("protocol id")
    dcs = reader.octet("coding scheme")
    validity = _decode_validity(reader, first >> 3 & 3)
    return Submit(
        destination,
        _decode_user_data(reader, dcs, bool(first & _HEADER_INDICATOR)),
        reference,
        bool(first & 0x20),
        validity,
        bool(first & 0x04),
        bool(first & _REPLY_PATH),
        protocol_id,
    )


def decode_deliver(tpdu: bytes) -> Deliver:
    """Read an SMS-DELIVER. Raises PduError."""
    reader = _Reader(tpdu)
    first = reader.octet("first octet")
    _expect_type(first, _DELIVER, "SMS-DELIVER")
    originator = _decode_address(reader, "originator")
    protocol_id = reader.octet("protocol id")
    dcs = reader.octet("coding scheme")
    timestamp = _decode_timestamp(reader)
    return Deliver(
        originator,
        _decode_user_data(reader, dcs, bool(first & _HEADER_INDICATOR)),
        timestamp,
        not first & 0x04,
        bool(first & 0x20),
        bool(first & _REPLY_PATH),
        protocol_id,
    )


def decode_status_report(tpdu: bytes) -> StatusReport:
    """Read an SMS-STATUS-REPORT; optional fields after the status are not looked at. Raises PduError."""
    reader = _Reader(tpdu)
    first = reader.octet("first octet")
    _expect_type(first, _STATUS_REPORT, "SMS-STATUS-REPORT")
    return StatusReport(
        reader.octet("reference"),
        _decode_address(reader, "recipient"),
        _decode_timestamp(reader),
        _decode_timestamp(reader),
        reader.octet("status"),
        not first & 0x04,
    )


def decode_incoming(tpdu: bytes) -> Deliver | StatusReport:
    """Read what a handset may receive, by its message type. Raises PduError."""
    if not tpdu:
        raise PduError("the TPDU is empty")
    if tpdu[0] & _MESSAGE_TYPE == _STATUS_REPORT:
        return decode_status_report(tpdu)
    return decode_deliver(tpdu)


# ---- the fields


class _Reader:
    """Octets of a PDU, taken from the front; running out of them is a PduError that names the field."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._position = 0

    def take(self, count: int, field: str) -> bytes:
        taken = self._octets[self._position : self._position + count]
        if len(taken) < count:
            raise PduError(f"{field} is cut short")
        self._position += count
        return taken

    def octet(self, field: str) -> int:
        return self.take(1, field)[0]

    def rest(self) -> bytes:
        taken = self._octets[self._position :]
        self._position = len(self._octets)
        return taken


def _octet(value: int, field: str) -> int:
    if not 0 <= value <= 0xFF:
        raise PduError(f"{field} {value} does not fit in one octet")
    return value


def _expect_type(first: int, expected: int, name: str) -> None:
    if first & _MESSAGE_TYPE != expected:
        raise PduError(f"this is no {name}: its message type is {first & _MESSAGE_TYPE}")


def _utf16(text: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise PduError("text holds half of a surrogate pair") from error


def _cut(pieces: Sequence[bytes], limit: int) -> list[bytes]:
    """Join pieces, none of them cut, into as few runs of at most `limit` octets as there can be."""
    runs: list[bytearray] = [bytearray()]
    for piece in pieces:
        if len(runs[-1]) + len(piece) > limit:
            runs.append(bytearray())
        runs[-1] += piece
    return [bytes(run) for run in runs]


# Type of address (TS 23.040 clause 9.1.2.5): 1, three bits type of number, four bits numbering plan.
_KIND_INTERNATIONAL = 0x91
_KIND_UNKNOWN = 0x81
_KIND_ALPHANUMERIC = 0xD0


def _is_international(kind: int) -> bool:
    return kind >> 4 & 7 == 1


def _is_number(address: str) -> bool:
    return all(digit in "0123456789*#" for digit in address.removeprefix("+"))


def _number(address: str) -> tuple[str, int]:
    digits = address.removeprefix("+")
    if not digits or not _is_number(address):
        raise PduError("a number has digits only, after an optional +")
    if len(digits) > ADDRESS_DIGITS_MAX:
        raise PduError(f"a number of {len(digits)} digits is too long; {ADDRESS_DIGITS_MAX} fit")
    return digits, _KIND_INTERNATIONAL if address.startswith("+") else _KIND_UNKNOWN


def _semi_octets(digits: str) -> bytes:
    codes = [_NUMBER_DIGITS.index(digit) for digit in digits] + [0xF] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))


def _digits(semi_octets: bytes) -> str:
    codes = [code for octet in semi_octets for code in (octet & 0xF, octet >> 4)]
    if 0xF in codes:
        codes = codes[: codes.index(0xF)]
    return "".join(_NUMBER_DIGITS[code] for code in codes)


def _encode_address(address: str) -> bytes:
    if not address:
        return bytes([0, _KIND_UNKNOWN])
    if _is_number(address):
        digits, kind = _number(address)
        return bytes([len(digits), kind]) + _semi_octets(digits)
    septets = alphabet.encode_text(address)
    # The length counts the semi-octets in use, which for septets is 7/4 of them, rounded up.
    semi_octet_count = (len(septets) * 7 + 3) // 4
    if semi_octet_count > ADDRESS_DIGITS_MAX:
        raise PduError("a name as address is longer than 11 characters")
    return bytes([semi_octet_count, _KIND_ALPHANUMERIC]) + alphabet.pack(septets)


def _decode_address(reader: _Reader, field: str) -> str:
    count = reader.octet(f"{field} length")
    if count > ADDRESS_DIGITS_MAX:
        raise PduError(f"{field} of {count} digits is too long")
    kind = reader.octet(f"{field} type")
    octets = reader.take((count + 1) // 2, field)
    if kind >> 4 & 7 == 5:
        return alphabet.decode_text(alphabet.unpack(octets, count * 4 // 7))
    return ("+" if _is_international(kind) else "") + _digits(octets)[:count]


def _swap(value: int) -> int:
    """Two decimal digits as a swapped semi-octet pair."""
    return value % 10 << 4 | value // 10


def _unswap(octet: int) -> int:
    low, high = octet & 0xF, octet >> 4
    if low > 9 or high > 9:
        raise ValueError("not decimal")
    return low * 10 + high


def _encode_timestamp(moment: datetime | None) -> bytes:
    """Seven octets, year 2000 to 2099, offset in quarter hours (TS 23.040 clause 9.2.3.11)."""
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


def _decode_timestamp(reader: _Reader) -> datetime | None:
    octets = reader.take(7, "timestamp")
    try:
        year, month, day, hour, minute, second = map(_unswap, octets[:6])
        quarters = _unswap(octets[6] & 0xF7)
        zone = timezone(timedelta(minutes=15 * (-quarters if octets[6] & 0x08 else quarters)))
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone if quarters else UTC)
    except ValueError:
        return None


# TS 23.040 clause 9.2.3.12.1: (last octet value, what the value before the range stands for, step).
_VALIDITY_RANGES = (
    (143, -1, timedelta(0), timedelta(minutes=5)),
    (167, 143, timedelta(hours=12), timedelta(minutes=30)),
    (196, 166, timedelta(0), timedelta(days=1)),
    (255, 192, timedelta(0), timedelta(weeks=1)),
)
_VALIDITY_NONE, _VALIDITY_ENHANCED, _VALIDITY_RELATIVE, _VALIDITY_ABSOLUTE = range(4)


def _encode_validity(validity: timedelta | datetime | None) -> tuple[int, bytes]:
    if validity is None:
        return _VALIDITY_NONE << 3, b""
    if isinstance(validity, datetime):
        return _VALIDITY_ABSOLUTE << 3, _encode_timestamp(validity)
    if validity < timedelta(minutes=5):
        raise PduError("a validity of less than 5 minutes cannot be said")
    best = max(octet for octet in range(256) if relative_validity(octet) <= validity)
    return _VALIDITY_RELATIVE << 3, bytes([best])


def relative_validity(octet: int) -> timedelta:
    """How long a relative TP-VP octet (0..255) lets a message live (TS 23.040 clause 9.2.3.12.1)."""
    for last, before, base, step in _VALIDITY_RANGES:
        if octet <= last:
            return base + (octet - before) * step
    raise AssertionError("an octet is at most 255")


def _decode_validity(reader: _Reader, kind: int) -> timedelta | datetime | None:
    if kind == _VALIDITY_RELATIVE:
        return relative_validity(reader.octet("validity"))
    if kind == _VALIDITY_ABSOLUTE:
        return _decode_timestamp(reader)
    if kind == _VALIDITY_ENHANCED:
        reader.take(7, "validity")  # no sender we know of uses it; its length is fixed
    return None


def _encode_user_data(data: UserData) -> bytes:
    header = encode_header(data.udh)
    if data.alphabet is Alphabet.GSM7:
        header_septets = (len(header) * 8 + 6) // 7
        length = header_septets + len(data.content)
        if length > USER_DATA_SEPTETS_MAX:
            raise PduError(f"user data of {length} septets is too long; {USER_DATA_SEPTETS_MAX} fit")
        return bytes([length]) + header + alphabet.pack(data.content, -len(header) * 8 % 7)
    length = len(header) + len(data.content)
    if length > USER_DATA_OCTETS_MAX:
        raise PduError(f"user data of {length} octets is too long; {USER_DATA_OCTETS_MAX} fit")
    return bytes([length]) + header + data.content


def encode_header(udh: Sequence[Element]) -> bytes:
    """TP-UDH as it stands before the content, its length octet first; empty for no elements (9.2.3.24).

    In SMPP the same octets begin `short_message` when `esm_class` has 0x40. Raises PduError.
    """
    if not udh:
        return b""
    elements = b"".join(
        bytes([_octet(element.identifier, "element identifier"), _octet(len(element.data), "element length")])
        + element.data
        for element in udh
    )
    return bytes([_octet(len(elements), "user data header length")]) + elements


def _decode_user_data(reader: _Reader, dcs: int, has_header: bool) -> UserData:
    length = reader.octet("user data length")
    septets = alphabet_of(dcs) is Alphabet.GSM7
    if length > (USER_DATA_SEPTETS_MAX if septets else USER_DATA_OCTETS_MAX):
        raise PduError(f"user data length {length} is too large")
    octets = reader.take((length * 7 + 7) // 8 if septets else length, "user data")
    header_octets = 0
    udh: tuple[Element, ...] = ()
    if has_header:
        if not octets or octets[0] >= len(octets):
            raise PduError("user data header is cut short")
        header_octets = 1 + octets[0]
        udh = _decode_elements(octets[1:header_octets])
    body = octets[header_octets:]
    if not septets:
        return UserData(body, dcs, udh)
    count = length - (header_octets * 8 + 6) // 7
    if count < 0:
        raise PduError("user data header is longer than the user data")
    return UserData(alphabet.unpack(body, count, -header_octets * 8 % 7), dcs, udh)


def split_header(octets: bytes) -> tuple[tuple[Element, ...], bytes]:
    """Take TP-UDH, its length octet first, from the front of `octets`; what follows comes as it is.

    Raises PduError when the header is longer than the octets.
    """
    if not octets or octets[0] >= len(octets):
        raise PduError("user data header is cut short")
    return _decode_elements(octets[1 : 1 + octets[0]]), octets[1 + octets[0] :]


def _decode_elements(octets: bytes) -> tuple[Element, ...]:
    """Elements of a header, ignored whole when the last does not end with it (TS 23.040 9.2.3.24)."""
    elements: list[Element] = []
    position = 0
    while position + 2 <= len(octets):
        length = octets[position + 1]
        elements.append(Element(octets[position], octets[position + 2 : position + 2 + length]))
        position += 2 + length
    return tuple(elements) if position == len(octets) else ()
