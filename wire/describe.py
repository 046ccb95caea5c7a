"""Print what is in a captured message, field by field, with secrets masked.

`python -m wire.describe FILE` reads an ISO 8583 message, a stream of frames, or terminal messages; raw, as hex,
or (terminal messages) as the Base64 of an SMS. What a key would open is shown by its length only.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from wire import iso
from wire.blocks import BlockKind, kind_of
from wire.errors import BadFrame, BadMessage, WireError
from wire.framing import FrameReader
from wire.identity import Identity
from wire.response_codes import lookup
from wire.terminal import Kind, Notice, Reply, Request, decode_down, from_text

CAPTURE_BYTES_MAX = 64 * 1024 * 1024  # a day of a bench; a larger file is no capture that a person reads


@dataclass(frozen=True, slots=True)
class Line:
    """One field: its number ("DE39") or its bytes ("byte 0", "bytes 1-8"), name, notation and masked value."""

    number: str
    name: str
    notation: str
    value: str


@dataclass(frozen=True, slots=True)
class Description:
    """One message, described."""

    title: str
    fields: tuple[Line, ...]

    def text(self) -> str:
        """Return the title and an aligned line for each field."""
        width = [max(len(column) for column in columns) for columns in self._columns()]
        rows = (
            f"  {line.number:<{width[0]}}  {line.notation:<{width[1]}}  {line.name:<{width[2]}}  {line.value}".rstrip()
            for line in self.fields
        )
        return "\n".join((self.title, *rows))

    def _columns(self) -> Iterator[list[str]]:
        yield [line.number for line in self.fields]
        yield [line.notation for line in self.fields]
        yield [line.name for line in self.fields]


def describe(raw: bytes) -> list[Description]:
    """Describe one ISO 8583 message, a stream of frames, or one terminal message; the first byte tells which.

    Raises BadMessage naming the field, BadDigits, or BadFrame, each with the number of the message in its stream.
    """
    return list(each_description(raw))


def each_description(raw: bytes) -> Iterator[Description]:
    """Yield what `describe` returns, so that what comes before a broken frame is seen."""
    if not raw:
        raise BadMessage("message", "is empty")
    if raw[0] == ord("0"):  # every MTI of the profile starts with it
        yield describe_iso(raw)
    elif raw[0] < 0x20:  # a length of at most 2,048; a terminal message starts with its version, 0x20 and more
        yield from _describe_stream(raw)
    else:
        yield describe_terminal(raw)


def describe_iso(raw: bytes) -> Description:
    """Describe one ISO 8583 message without its frame. Raises BadMessage naming the field."""
    message = iso.decode(raw)
    name = iso.MESSAGES[message.mti].name
    fields = [Line("MTI", "message type", "n 4", message.mti)]
    for number in sorted(message.fields):
        field = iso.FIELDS[number]
        fields.append(Line(f"DE{number}", field.name, field.kind, _iso_value(message, number)))
    return Description(f"{message.mti} {name}, {len(raw)} bytes", tuple(fields))


def describe_terminal(raw: bytes) -> Description:
    """Describe one terminal message. Raises BadMessage naming the field, or BadDigits."""
    if raw and raw[0] & 0x10:
        down = decode_down(raw)
        return _describe_reply(down, len(raw)) if isinstance(down, Reply) else _describe_notice(down, len(raw))
    return _describe_request(Request.decode(raw), len(raw))


def _describe_stream(raw: bytes) -> Iterator[Description]:
    reader = FrameReader()
    count = 0
    try:
        for message in reader.receive(raw):
            count += 1
            yield describe_iso(message)
        reader.receive(b"")  # raises if the stream broke behind whole messages
    except BadFrame as error:
        raise BadFrame(f"message {count + 1}: {error}") from None
    except BadMessage as error:
        raise BadMessage(f"message {count}: {error.field}", error.reason) from None
    if reader.inside_message:
        raise BadFrame(f"message {count + 1}: the capture ends inside it")


# -- ISO 8583 -------------------------------------------------------------------------------------------------


def _iso_value(message: iso.Message, number: int) -> str:
    value = message[number]
    if iso.FIELDS[number].secret:
        return _block_value(message)
    if number == 39:
        return f"{value} ({lookup(value).meaning})"
    return value


def _block_value(message: iso.Message) -> str:
    """Say what DE48 is: of a block its kind and number, of anything its length, of nothing its content."""
    block = message.block
    if 60 in message.fields:
        return f"sealed, {len(block)} bytes"
    try:
        name, number_name, number_bytes = _BLOCKS[kind_of(block)]
    except BadMessage:
        raise BadMessage("DE48", "holds a block of no known kind") from None
    number = block[1 : 1 + number_bytes]
    shown = number.hex() if number_bytes == 8 else str(int.from_bytes(number, "big"))
    return f"{name}, {number_name} {shown}, sealed, {len(block)} bytes"


_BLOCKS: dict[BlockKind, tuple[str, str, int]] = {
    BlockKind.REGISTRATION: ("initial authentication information", "serial", 8),
    BlockKind.FIRST_SEEDS: ("first seeds", "generation", 4),
    BlockKind.RENEWED_SEEDS: ("renewed seeds", "generation", 4),
    BlockKind.CONTROL_KEY: ("control key", "epoch", 2),
    BlockKind.NOTICE: ("notice for a payee", "notice id", 8),
}


# -- terminal messages ----------------------------------------------------------------------------------------


def _describe_request(request: Request, size: int) -> Description:
    fields = [
        Line("byte 0", "type", "b 1", f"{request.type_byte():02x} (request: {_type_name(request.type_byte())})"),
        Line("bytes 1-8", "transaction id", "b 8", request.transaction_id.hex()),
    ]
    if request.identity is not None:
        fields += _identity_lines(request.identity)
    if request.sealed:
        fields.append(_sealed_line(size, len(request.sealed), "sealed to the bank"))
    return Description(f"terminal request: {_type_name(request.type_byte())}, {size} bytes", tuple(fields))


def _describe_reply(reply: Reply, size: int) -> Description:
    fields = [
        Line("byte 0", "type", "b 1", f"{reply.header()[0]:02x} (reply)"),
        Line("bytes 1-8", "transaction id", "b 8", reply.transaction_id.hex()),
        Line("byte 9", "type it answers", "b 1", f"{reply.answers:02x} ({_type_name(reply.answers)})"),
        Line("bytes 10-11", "response code", "an 2", f"{reply.code} ({lookup(reply.code).meaning})"),
        Line("bytes 12-19", "serial of the dynamic key", "b 8", reply.serial or "none"),
    ]
    if reply.sealed:
        fields.append(_sealed_line(size, len(reply.sealed), "sealed by the bank"))
    return Description(f"terminal reply, {size} bytes", tuple(fields))


def _describe_notice(notice: Notice, size: int) -> Description:
    fields = (
        Line("byte 0", "type", "b 1", f"{notice.header()[0]:02x} (notice)"),
        Line("bytes 1-8", "notice id", "b 8", notice.notice_id.hex()),
        Line("bytes 9-16", "key id", "b 8", notice.key_id.hex()),
        _sealed_line(size, len(notice.sealed), "sealed by the bank"),
    )
    return Description(f"terminal notice, {size} bytes", fields)


def _type_name(type_byte: int) -> str:
    kind = Kind(type_byte & 7)
    name = kind.name.lower().replace("_", " ")
    return f"register and {name}" if type_byte & 8 and kind is not Kind.REGISTER else name


def _identity_lines(identity: Identity) -> list[Line]:
    return [
        Line("bytes 9-16", "IMSI", "n ..15", _masked(identity.imsi)),
        Line("bytes 17-24", "MSISDN", "n ..15", _masked(identity.msisdn)),
    ]


def _sealed_line(size: int, length: int, name: str) -> Line:
    return Line(f"bytes {size - length}-{size - 1}", name, f"b {length}", f"sealed, {length} bytes")


def _masked(digits: str) -> str:
    """Keep the last three digits: enough to tell two phones on a bench apart, and no more."""
    return "*" * (len(digits) - 3) + digits[-3:]


# -- command --------------------------------------------------------------------------------------------------


def captured(content: bytes) -> list[bytes]:
    """Return what a file holds, ready for `describe`: hex is decoded, each line of Base64 is one terminal message.

    Raises BadMessage if it is empty.
    """
    if not content.strip():
        raise BadMessage("file", "is empty")
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return [content]
    try:
        return [bytes.fromhex(text)]
    except ValueError:
        pass
    try:
        return [from_text(line) for line in text.splitlines() if line.strip()]
    except BadMessage:
        return [content]


_USAGE = """usage: python -m wire.describe [--json] FILE|-

Print a captured message field by field. FILE (or - for standard input) holds one ISO 8583 message, or a stream of
them each with its two bytes of length, raw or as hex; or terminal messages in Base64, one a line, as SMS carry them.
Accounts, PINs, amounts and keys are never shown: what is sealed is shown by its length.

example: echo MfOnAmuLvPH4Kjk3AAAAAAAAAAA= | python -m wire.describe -
         python -m wire.describe --json capture.bin
"""


def main(arguments: list[str]) -> int:
    """Describe one file. Returns the exit status: 0, 1 for a broken message, 2 for a wrong command line."""
    if arguments in (["-h"], ["--help"]):
        print(_USAGE.rstrip())
        return 0
    as_json = "--json" in arguments
    files = [argument for argument in arguments if argument != "--json"]
    if len(files) != 1 or (files[0].startswith("-") and files[0] != "-"):
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        for raw in captured(_read(files[0])):
            for description in each_description(raw):
                print(json.dumps(asdict(description)) if as_json else description.text() + "\n")
    except WireError as error:
        print(f"wire.describe: {files[0]}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"wire.describe: {files[0]}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(CAPTURE_BYTES_MAX)
    with open(name, "rb") as file:
        return file.read(CAPTURE_BYTES_MAX)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
