"""Other programs' logs of a dialogue as transcripts, without I/O. What comes out is not masked.

socat (`-x`, `-v`, `-x -v`, on standard error) writes a line with direction, time and length before each piece. With
`-x` every octet is there. With `-v` alone control characters other than CR, LF and tab are dots, so that only the dot
at the end of a text that a prompt asked for can be known: it is Ctrl-Z. socat 1.7.4 writes microseconds with three
zeros before them, which is taken into account.

gammu (`logformat = textall`, `text`, their dated forms, or `binary`) writes each frame that it sent and received. Its
own notes between them are skipped. Without dates the log has no times, and all events are at 0 s. Its binary form
loses zeros and is clear about lengths only up to 255 octets; longer frames are found by how they must end.

Formats as seen in logs of socat 1.7.4.4 and gammu 1.42.0.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from gsm.errors import GsmError
from gsm.transcript import Direction, Event, Header, Transcript

_SOCAT_HEADER = re.compile(
    r"([<>]) (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)\.(\d{6}|\d{9})  length=(\d{1,9}) from=\d+ to=\d+\n"
)
_SOCAT_HEX_LINE = re.compile(r"((?: [0-9a-f]{2})+)(?:  .*)?\n")
_SOCAT_ESCAPES = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "\\": "\\", '"': '"'}
_GAMMU_FRAME = re.compile(r"(SENDING|RECEIVED) frame type 0x[0-9A-F]+/length 0x[0-9A-F]+/(\d{1,9})")
_GAMMU_DATE = re.compile(r"\w{3} (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d): ")
_GAMMU_VERSION = re.compile(r"\[Gammu +- ([0-9.]+)\]")
_GAMMU_CELL = 4  # two hexadecimal digits, the character, a stroke
_GAMMU_OCTET = re.compile("[0-9A-Fa-f]{2}")
_SENT, _RECEIVED = 1, 2
# Some ten times what becomes the largest transcript: each octet has its cell in a dump, and its date.
LOG_OCTETS_MAX = 256 * 1024 * 1024
_FRAME_ENDS = (b"\r", b"\n", b"\x1a", b"\x1b", b"> ")


class LogError(GsmError):
    """A log is not what it was said to be; names the line (from 1) or, in a binary one, the octet (from 0)."""


def from_socat(text: str, *, first_is_program: bool = True) -> Transcript:
    """A log of `socat -x`, `-v` or both, of octets as Latin-1; CR LF line ends must not have been changed.

    `first_is_program`: the program was at socat's first address (`>`), the modem at its second. Raises LogError.
    """
    events: list[Event] = []
    started: datetime | None = None
    place = 0
    hexadecimal = _is_hexadecimal(text)
    while place < len(text):
        header = _SOCAT_HEADER.match(text, place)
        if header is None:
            place = _skip_note(text, place)
            continue
        way, date, fraction, length = header.groups()
        moment = _moment(date, _line_at(text, place)).replace(microsecond=int(fraction[-6:]))
        if len(fraction) == 9 and not fraction.startswith("000"):
            moment = moment.replace(microsecond=int(fraction[:6]))
        started = started or moment
        direction = Direction.TX if (way == ">") is first_is_program else Direction.RX
        read = _hexadecimal_octets if hexadecimal else _shown_octets
        data, place = read(text, header.end(), int(length))
        if not hexadecimal and direction is Direction.TX and _text_was_asked_for(events) and data.endswith(b"."):
            data = data[:-1] + b"\x1a"
        events.append(Event(max(0.0, (moment - started).total_seconds()), direction, data))
    return _transcript(events, "socat", "a log of socat")


def _is_hexadecimal(text: str) -> bool:
    header = _SOCAT_HEADER.search(text)
    if header is None:
        raise LogError("line 1: this is no log of socat -x or -v: no line says direction, time and length")
    return _SOCAT_HEX_LINE.match(text, header.end()) is not None


def _skip_note(text: str, place: int) -> int:
    """Past a `--` or a message of socat's own."""
    end = text.find("\n", place)
    line = text[place : end if end >= 0 else len(text)]
    if line and line != "--" and not re.match(r"\d{4}/\d\d/\d\d .*socat", line):
        raise LogError(f"line {_line_at(text, place)}: this is neither a piece of socat's nor a message of it")
    return end + 1 if end >= 0 else len(text)


def _hexadecimal_octets(text: str, place: int, length: int) -> tuple[bytes, int]:
    data = bytearray()
    while len(data) < length:
        line = _SOCAT_HEX_LINE.match(text, place)
        if line is None:
            raise LogError(f"line {_line_at(text, place)}: {length} octets were announced, and {len(data)} are there")
        data += bytes.fromhex(line.group(1))
        place = line.end()
    if len(data) != length:
        raise LogError(f"line {_line_at(text, place)}: more octets than were announced")
    return bytes(data), place


def _shown_octets(text: str, place: int, length: int) -> tuple[bytes, int]:
    shown = ""
    while len(shown) < length:
        if place >= len(text):
            raise LogError(f"line {_line_at(text, place)}: {length} octets were announced, and {len(shown)} are there")
        character = text[place]
        if character == "\\":
            place += 1
            character = _SOCAT_ESCAPES.get(text[place : place + 1], "")
            if not character:
                raise LogError(f"line {_line_at(text, place)}: an unknown escape after a backslash")
        shown += character
        place += 1
    return shown.encode("latin-1"), place


def _text_was_asked_for(events: list[Event]) -> bool:
    said = next((event.data for event in reversed(events) if event.direction is Direction.RX), b"")
    return said.rstrip().endswith(b">")


def from_gammu(octets: bytes) -> Transcript:
    """A log of gammu's in any of its formats with frames. Raises LogError."""
    if _GAMMU_FRAME.search(octets.decode("latin-1")):
        return _from_gammu_text(octets.decode("latin-1"))
    if octets[:1] and octets[0] < 0x20 and octets[1 : 2 + octets[0]].replace(b".", b"")[: octets[0] - 2].isdigit():
        return _from_gammu_binary(octets)
    raise LogError("line 1: this is no log of gammu's with frames in it: use logformat = textalldate")


def _from_gammu_text(text: str) -> Transcript:
    events: list[Event] = []
    started: datetime | None = None
    lines = iter(enumerate(text.split("\n"), start=1))  # and nothing else: a dump may show any character
    for number, line in lines:
        date = _GAMMU_DATE.match(line)
        frame = _GAMMU_FRAME.match(line, date.end() if date else 0)
        if frame is None:
            continue
        data = _dumped(lines, int(frame.group(2)), number)
        moment = _moment(date.group(1), number) if date else datetime.min
        started = started or moment
        direction = Direction.TX if frame.group(1) == "SENDING" else Direction.RX
        if data:
            events.append(Event(max(0.0, (moment - started).total_seconds()), direction, data))
    version = _GAMMU_VERSION.search(text)
    return _transcript(events, f"gammu {version.group(1)}" if version else "gammu", "a log of gammu")


def _dumped(lines: Iterator[tuple[int, str]], length: int, number: int) -> bytes:
    """The octets of a dump, sixteen a line; the character in a cell may be any, also a stroke."""
    data = bytearray()
    while len(data) < length:
        number, line = next(lines, (number, ""))
        line = _GAMMU_DATE.sub("", line, count=1)
        count = min(16, length - len(data))
        cells = [line[_GAMMU_CELL * cell : _GAMMU_CELL * cell + 2] for cell in range(count)]
        if not all(map(_GAMMU_OCTET.fullmatch, cells)):
            raise LogError(f"line {number}: a dump of {length} octets is expected to go on here")
        data += bytes.fromhex("".join(cells))
    return bytes(data)


def _from_gammu_binary(octets: bytes) -> Transcript:
    events: list[Event] = []
    version = octets[1 : 1 + octets[0]].decode("latin-1")
    place = 1 + octets[0]
    while place < len(octets):
        if octets[place] not in (_SENT, _RECEIVED):
            end = octets.find(b"\n", place)
            place = end + 1 if end >= 0 else len(octets)
            continue
        direction = Direction.TX if octets[place] == _SENT else Direction.RX
        data, place = _binary_frame(octets, place + 1)
        events.append(Event(0.0, direction, data))
    return _transcript(events, f"gammu {version}", "a log of gammu")


def _binary_frame(octets: bytes, place: int) -> tuple[bytes, int]:
    """A frame, whose length has one octet below 256 and two above, without a sign of which it is."""
    for size in (1, 2):
        start = place + size
        length = int.from_bytes(octets[place:start], "big")
        data = octets[start : start + length]
        if data and len(data) == length and data.endswith(_FRAME_ENDS):
            return data, start + length
    raise LogError(f"octet {place}: the length of a frame fits nothing that follows; use logformat = textalldate")


def _moment(date: str, line: int) -> datetime:
    try:
        return datetime.strptime(date, "%Y/%m/%d %H:%M:%S")
    except ValueError:
        raise LogError(f"line {line}: there is no such time") from None


def _line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _transcript(events: list[Event], program: str, source: str) -> Transcript:
    if not events:
        raise LogError("line 1: nothing was sent or received in this log")
    return Transcript(Header(source, program=program), tuple(_in_order(events)))


def _in_order(events: list[Event]) -> Iterator[Event]:
    """In the log's order; where the computer's clock was set back meanwhile, the time stands still."""
    latest_s = 0.0
    for event in events:
        latest_s = max(latest_s, event.t_s)
        yield replace(event, t_s=latest_s)


IMPORTS: dict[str, Callable[[bytes], Transcript]] = {
    "socat": lambda octets: from_socat(octets.decode("latin-1")),
    "gammu": from_gammu,
}
