"""What can be told of a message that is not in the profile, so that its sender can be answered with code 30."""

from collections.abc import Iterator

from bank_server.bank import answer_to
from bank_server.codes import Code
from wire import iso
from wire.errors import BadMessage
from wire.iso import FIELDS, MESSAGES, Message

_REQUESTS = frozenset({"0100", "0200", "0420", "0421", "0600", "0820"})


def format_error_answer(raw: bytes) -> bytes | None:
    """Return the answer with DE39 30, or None where the message does not tell enough to make one."""
    mti = raw[:4].decode("ascii", "replace")
    if mti not in _REQUESTS or mti not in MESSAGES:
        return None
    try:
        return iso.encode(answer_to(Message(mti, dict(_readable_fields(raw))), Code.FORMAT_ERROR))
    except BadMessage:
        return None


def _readable_fields(raw: bytes) -> Iterator[tuple[int, str]]:
    """Yield well-formed fields up to the first that is unknown, cut short or malformed."""
    bitmap_bytes = 16 if raw[4:5] >= b"\x80" else 8
    bitmap = int.from_bytes(raw[4 : 4 + bitmap_bytes], "big")
    bits = 8 * bitmap_bytes
    position = 4 + bitmap_bytes
    for number in range(2, bits + 1):
        if not bitmap >> (bits - number) & 1:
            continue
        field = FIELDS.get(number)
        if field is None or field.kind.startswith("b"):
            return
        length = field.length
        if field.prefix:
            digits = raw[position : position + field.prefix]
            if len(digits) != field.prefix or not digits.isdigit():
                return
            length, position = int(digits), position + field.prefix
        value = raw[position : position + length].decode("ascii", "replace")
        if not field.pattern.fullmatch(value) or len(value) != length:
            return
        yield number, value
        position += length
