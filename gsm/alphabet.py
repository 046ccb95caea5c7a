"""The GSM 7-bit default alphabet and the packing of septets (3GPP TS 23.038 clauses 6.1.2.1 and 6.2.1).

A septet sequence is `bytes` with one septet (0..127) in each octet; packed, eight septets take seven octets.
`Tables` are what a message is written in; the national ones are in `gsm.languages`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gsm.errors import PduError

# TS 23.038 clause 6.2.1: position in the string is the code. 0x1B leads to the extension table.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
# TS 23.038 clause 6.2.1.1.
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
assert len(_BASIC) == 128
_UNREADABLE = "\ufffd"
# The bits of each octet's septet.
_BITS = tuple(f"{octet & 0x7F:07b}" for octet in range(256))


@dataclass(frozen=True, slots=True)
class Tables:
    """What a message is written in: the characters of plain codes and of codes after an escape (0..127).

    `codes` is the way back, one or two septets for each character: plain where there is a plain code, and
    the lowest code where a table has a character twice.
    """

    basic: Mapping[int, str]
    extension: Mapping[int, str]
    codes: Mapping[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes: dict[str, bytes] = {}
        for code, character in sorted(self.basic.items()):
            codes.setdefault(character, bytes([code]))
        for code, character in sorted(self.extension.items()):
            codes.setdefault(character, bytes([ESCAPE, code]))
        object.__setattr__(self, "codes", codes)


BASIC: Mapping[int, str] = {code: character for code, character in enumerate(_BASIC) if code != ESCAPE}
EXTENSION: Mapping[int, str] = _EXTENSION
DEFAULT = Tables(BASIC, EXTENSION)


def is_gsm7(text: str, tables: Tables = DEFAULT) -> bool:
    """Whether every character of `text` is in the tables, by default the default alphabet and its extension."""
    return tables.codes.keys() >= set(text)


def encode_character(character: str, tables: Tables = DEFAULT) -> bytes:
    """One or two septets of one character. Raises PduError for a character outside the tables."""
    return encode_text(character, tables)


def encode_text(text: str, tables: Tables = DEFAULT) -> bytes:
    """Septets of `text`. Raises PduError for a character outside the tables."""
    try:
        return b"".join(map(tables.codes.__getitem__, text))
    except KeyError as error:
        raise PduError(f"the GSM 7-bit alphabet has no character U+{ord(error.args[0]):04X}") from None


def decode_text(septets: bytes, tables: Tables = DEFAULT) -> str:
    """Text of a septet sequence; never raises.

    After an escape, a code that the extension table lacks shows the basic table's character, and an escape
    followed by an escape or by nothing shows a space (TS 23.038 clauses 6.2.1 note 1 and 6.2.1.1 note). A plain
    code that a national table leaves empty shows U+FFFD.
    """
    characters: list[str] = []
    escaped = False
    for octet in septets:
        septet = octet & 0x7F
        if escaped:
            shown = tables.extension.get(septet) or tables.basic.get(septet, _UNREADABLE)
            characters.append(" " if septet == ESCAPE else shown)
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            characters.append(tables.basic.get(septet, _UNREADABLE))
    if escaped:
        characters.append(" ")
    return "".join(characters)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Pack septets into octets, least significant bit first, after `fill_bits` (0..6) zero bits.

    The fill bits bring the text after a user data header to a septet boundary (TS 23.040 clause 9.2.3.24).
    """
    bits = "".join(map(_BITS.__getitem__, reversed(septets))) + "0" * fill_bits
    return int(bits or "0", 2).to_bytes((len(bits) + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Unpack `count` septets. Raises PduError when the octets do not hold so many."""
    if len(octets) * 8 < fill_bits + 7 * count:
        raise PduError(f"user data is cut short: {count} septets do not fit in {len(octets)} octets")
    value = int.from_bytes(octets, "little") >> fill_bits
    return bytes((value >> (7 * position)) & 0x7F for position in range(count))
