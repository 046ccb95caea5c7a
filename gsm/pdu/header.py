"""TP-UDH, the user data header: its information elements (3GPP TS 23.040 clause 9.2.3.24)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gsm.errors import PduError
from gsm.languages import KNOWN
from gsm.pdu.fields import octet

PARTS_MAX = 255

CONCATENATION, CONCATENATION_WIDE = 0x00, 0x08
PORTS, PORTS_WIDE = 0x04, 0x05
SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25


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
            return Element(CONCATENATION_WIDE, self.reference.to_bytes(2, "big") + tail)
        return Element(CONCATENATION, bytes([self.reference]) + tail)

    @classmethod
    def of(cls, elements: Iterable[Element]) -> "Concatenation | None":
        """The last valid one; impossible numbers are ignored (TS 23.040 clause 9.2.3.24.1)."""
        found = None
        for element in elements:
            width = {CONCATENATION: 1, CONCATENATION_WIDE: 2}.get(element.identifier)
            if width is None or len(element.data) != width + 2:
                continue
            total, sequence = element.data[width:]
            if 1 <= sequence <= total:
                reference = int.from_bytes(element.data[:width], "big")
                found = cls(reference, total, sequence, wide=width == 2)
        return found


@dataclass(frozen=True, slots=True)
class Ports:
    """The applications that a message goes to and comes from, as port numbers.

    Element 05 carries 16-bit ports (0..65535), element 04 8-bit ones (0..255; TS 23.040 clauses 9.2.3.24.3
    and .4).
    """

    destination: int
    source: int
    wide: bool = True

    def element(self) -> Element:
        """The information element. Raises PduError for a port that does not fit."""
        width = 2 if self.wide else 1
        for port in (self.destination, self.source):
            if not 0 <= port < 1 << 8 * width:
                raise PduError(f"port {port} does not fit in {8 * width} bits")
        data = self.destination.to_bytes(width, "big") + self.source.to_bytes(width, "big")
        return Element(PORTS_WIDE if self.wide else PORTS, data)

    @classmethod
    def of(cls, elements: Iterable[Element]) -> "Ports | None":
        """The last valid one, None where no element 04 or 05 has its length."""
        found = None
        for element in elements:
            width = {PORTS: 1, PORTS_WIDE: 2}.get(element.identifier)
            if width is not None and len(element.data) == 2 * width:
                destination, source = element.data[:width], element.data[width:]
                found = cls(int.from_bytes(destination, "big"), int.from_bytes(source, "big"), wide=width == 2)
        return found


def shift_elements(locking: int, single: int) -> tuple[Element, ...]:
    """The elements 25 and 24 that name a message's tables; none for 0 (TS 23.040 clauses 9.2.3.24.15 and .16)."""
    named = ((LOCKING_SHIFT, locking), (SINGLE_SHIFT, single))
    return tuple(Element(identifier, bytes([language])) for identifier, language in named if language)


def shifts_of(elements: Iterable[Element]) -> tuple[int, int]:
    """The languages (locking, single) that the last valid elements 25 and 24 name; 0 for none or an unknown one."""
    languages = {LOCKING_SHIFT: 0, SINGLE_SHIFT: 0}
    for element in elements:
        if element.identifier in languages and len(element.data) == 1:
            language = element.data[0]
            languages[element.identifier] = language if language in KNOWN else 0
    return languages[LOCKING_SHIFT], languages[SINGLE_SHIFT]


def encode_header(udh: Sequence[Element]) -> bytes:
    """TP-UDH as it stands before the content, its length octet first; empty for no elements (9.2.3.24).

    In SMPP the same octets begin `short_message` when `esm_class` has 0x40. Raises PduError.
    """
    if not udh:
        return b""
    elements = b"".join(
        bytes([octet(element.identifier, "element identifier"), octet(len(element.data), "element length")])
        + element.data
        for element in udh
    )
    return bytes([octet(len(elements), "user data header length")]) + elements


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
