"""The GSM 7-bit default alphabet and the packing of septets (3GPP TS 23.038 clauses 6.1.2.1 and 6.2.1).

A septet sequence is `bytes` with one septet (0..127) in each octet; packed, eight septets take seven octets.
"""

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
_CODES: dict[str, bytes] = {
    **{character: bytes([code]) for code, character in enumerate(_BASIC) if code != ESCAPE},
    **{character: bytes([ESCAPE, code]) for code, character in _EXTENSION.items()},
}
assert len(_BASIC) == 128


def is_gsm7(text: str) -> bool:
    """Whether every character of `text` is in the default alphabet or its extension table."""
    return all(character in _CODES for character in text)


def encode_character(character: str) -> bytes:
    """One or two septets of one character. Raises PduError for a character outside the alphabet."""
    code = _CODES.get(character)
    if code is None:
        raise PduError(f"the GSM 7-bit alphabet has no character U+{ord(character):04X}")
    return code


def encode_text(text: str) -> bytes:
    """Septets of `text`. Raises PduError for a character outside the alphabet."""
    return b"".join(encode_character(character) for character in text)


def decode_text(septets: bytes) -> str:
    """Text of a septet sequence; never raises.

    After an escape, a code that the extension table lacks shows the default table's character, and an escape
    followed by an escape or by nothing shows a space (TS 23.038 clauses 6.2.1 note 1 and 6.2.1.1 note).
    """
    characters: list[str] = []
    escaped = False
    for septet in septets:
        if escaped:
            characters.append(" " if septet == ESCAPE else _EXTENSION.get(septet & 0x7F, _BASIC[septet & 0x7F]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            characters.append(_BASIC[septet & 0x7F])
    if escaped:
        characters.append(" ")
    return "".join(characters)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Pack septets into octets, least significant bit first, after `fill_bits` (0..6) zero bits.

    The fill bits bring the text after a user data header to a septet boundary (TS 23.040 clause 9.2.3.24).
    """
    value = 0
    for position, septet in enumerate(septets):
        value |= (septet & 0x7F) << (7 * position)
    bits = fill_bits + 7 * len(septets)
    return (value << fill_bits).to_bytes((bits + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Unpack `count` septets. Raises PduError when the octets do not hold so many."""
    if len(octets) * 8 < fill_bits + 7 * count:
        raise PduError(f"user data is cut short: {count} septets do not fit in {len(octets)} octets")
    value = int.from_bytes(octets, "little") >> fill_bits
    return bytes((value >> (7 * position)) & 0x7F for position in range(count))
