"""A transcript as people read it, without I/O: one line for each command, text and line of an answer.

Octets of one direction are put together until they end a line, in whatever pieces they came, and a line carries the
time of its first octet. Control octets are shown as escapes. Beside a PDU stands what it says; of a text that was
masked, only how long it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gsm.errors import PduError
from gsm.pdu import Command, Deliver, StatusReport, Submit, UserData, decode_incoming, decode_outgoing, from_hex
from gsm.transcript import Direction, Transcript

_PDU = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_PROMPT = re.compile(rb">[ ]?\Z")
_MASKED = re.compile("x*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: when it began (seconds), whose it is, its octets as text with escapes, what a PDU in it says."""

    t_s: float
    direction: Direction
    text: str
    note: str = ""


def lines_of(transcript: Transcript) -> Iterator[Line]:
    """The whole dialogue."""
    begun: dict[Direction, tuple[float, bytearray]] = {}
    for event in transcript.events:
        if event.direction is Direction.CTL:
            yield Line(event.t_s, Direction.CTL, event.data.decode("latin-1"))
            continue
        for octet in event.data:
            started_s, octets = begun.setdefault(event.direction, (event.t_s, bytearray()))
            octets.append(octet)
            if _ends(event.direction, octets):
                yield _line(started_s, event.direction, bytes(octets))
                del begun[event.direction]
        waiting = begun.get(event.direction)
        if event.direction is Direction.RX and waiting and _PROMPT.search(waiting[1]):
            yield _line(waiting[0], event.direction, bytes(waiting[1]))
            del begun[event.direction]
    for direction, (started_s, octets) in begun.items():
        yield _line(started_s, direction, bytes(octets))


def _ends(direction: Direction, octets: bytearray) -> bool:
    """An empty line belongs to the line after it."""
    if direction is Direction.TX:
        return octets[-1] in b"\r\n\x1a\x1b"
    return octets.endswith(b"\n") and bool(octets.strip())


def _line(t_s: float, direction: Direction, octets: bytes) -> Line:
    text = octets.decode("latin-1")
    core = text.strip("\r\n\x1a\x1b> ")
    note = _note(core, direction) if _PDU.fullmatch(core) else ""
    return Line(t_s, direction, visible(text), note)


def visible(text: str) -> str:
    """Octets as text in which every one can be seen: escapes for all but printable ASCII."""
    return text.encode("unicode_escape").decode("ascii")


def _note(line: str, direction: Direction) -> str:
    """What a PDU says; empty for hexadecimal that is none."""
    try:
        centre, tpdu = from_hex(line)
        said = _described(decode_outgoing(tpdu) if direction is Direction.TX else _incoming(tpdu))
    except PduError:
        return ""
    return f"{said}, by way of {centre}" if centre else said


def _incoming(tpdu: bytes) -> Deliver | StatusReport | Submit | Command:
    """What a modem shows: received, or stored and not sent yet."""
    try:
        return decode_incoming(tpdu)
    except PduError:
        return decode_outgoing(tpdu)


def _described(message: Deliver | StatusReport | Submit | Command) -> str:
    match message:
        case Submit():
            return f"SUBMIT to {message.destination}: {_content(message.user_data)}"
        case Deliver():
            return f"DELIVER from {message.originator}: {_content(message.user_data)}"
        case StatusReport():
            state = "delivered" if message.delivered else f"status {message.status:02X}"
            return f"STATUS-REPORT on {message.reference} to {message.recipient}: {state}"
        case Command():
            return f"COMMAND to {message.destination}"


def _content(data: UserData) -> str:
    text = data.text
    part = data.concatenation
    place = f"part {part.sequence} of {part.total}, " if part else ""
    if _MASKED.fullmatch(text):
        return f"{place}{len(text)} characters {data.alphabet.name}, masked"
    return f'{place}"{visible(text)}"'
