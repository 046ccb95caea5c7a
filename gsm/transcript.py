"""Transcripts: dialogues between a program and a modem, as JSON Lines, without I/O (design.md section 6).

The first line is the header, every further one an event, in the order in which things happened:

    {"transcript": 1, "modem": "Huawei E173", "source": "recorded", "masked": ["imsi", "number"]}
    {"t": 0.0, "dir": "tx", "data": "AT+CIMI\r"}
    {"t": 0.012, "dir": "rx", "data": "\r\n001010000000001\r\n\r\nOK\r\n"}

`t` is in seconds from the first event and never goes back. `tx` is what the program sent, `rx` what the modem sent, in
pieces of any size. In `data` each octet is the character of the same number, U+0000 to U+00FF, and a line has only
ASCII: JSON's own escapes write the rest, so that Ctrl-Z is `\u001a` and octet FF is `\u00ff`. Every octet survives
that way and back, and in any language `data` is Latin-1. `ctl` is what happened to the port, one of `CONTROLS`.

The reader takes nothing that the writer would not have meant: unknown fields, unknown versions, a clock that goes
back or a character above U+00FF are errors that name line and field.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from gsm.errors import GsmError

FORMAT_VERSION = 1
# A day at a modem that is asked every second is about 10 MB; what is larger was not meant to be read at once.
TRANSCRIPT_CHARACTERS_MAX = 64 * 1024 * 1024
# Chosen: longer than any recording, and no more than a timed replay can wait in one go (select(2)).
TRANSCRIPT_S_MAX = 10 * 366 * 24 * 60 * 60
# Seconds are written to the microsecond: an octet at 115200 baud takes 87 of them.
_TIME_DECIMALS = 6
# What can happen to the port itself. A replay unplugs and plugs in; the others say how the program went about it.
CONTROLS = re.compile(r"opened|closed|unplugged|plugged in|speed [0-9]{1,8}")


class TranscriptError(GsmError):
    """A transcript is not as the format says; names line (from 1) and field, and never shows a value of `data`."""

    def __init__(self, line: int, name: str, detail: str) -> None:
        self.line = line
        self.field = name
        where = f'line {line}, field "{name}"' if name else f"line {line}"
        super().__init__(f"{where}: {detail}")


class Direction(StrEnum):
    """Who sent it: the program, the modem, or nobody (it happened to the port)."""

    TX = "tx"
    RX = "rx"
    CTL = "ctl"


@dataclass(frozen=True, slots=True)
class Event:
    """One line: octets that went one way, or what happened to the port (`data` is then one of CONTROLS)."""

    t_s: float
    direction: Direction
    data: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What a reader must know before the dialogue. Only `source` is required.

    `modem` and `firmware` name the device, `family` its make among the corpus's families, `source` where the facts
    come from (a manual with its section, a report's address, or "recorded"), `about` in a sentence what the transcript
    is for, `faults` which of the corpus's faults it shows. `masked` lists what was replaced by pseudonyms. `recorded`
    is when (ISO 8601), `program` by what.
    `scenario` is what a test does with it, in steps, and `expect` what must come of it, by the test's own names.
    """

    source: str
    modem: str = ""
    firmware: str = ""
    family: str = ""
    about: str = ""
    faults: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    recorded: str = ""
    program: str = ""
    scenario: tuple[str, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A header and its events; event number n (from 0) stands on line n + 2."""

    header: Header
    events: tuple[Event, ...]


# ---- writing


def encode_transcript(transcript: Transcript) -> str:
    """The file's text, ASCII, a line feed after each line. Raises TranscriptError for what could not be read."""
    lines = [json.dumps(_header_fields(transcript.header)), *map(line_of, transcript.events)]
    text = "\n".join(lines) + "\n"
    decode_transcript(text)
    return text


def line_of(event: Event) -> str:
    """The event's line of the file, ASCII, without its end."""
    seconds = round(event.t_s, _TIME_DECIMALS)
    return json.dumps({"t": seconds, "dir": event.direction, "data": event.data.decode("latin-1")})


def _header_fields(header: Header) -> dict[str, Any]:
    """Fields in the order of their definition, the empty ones left out."""
    written: dict[str, Any] = {"transcript": FORMAT_VERSION}
    for each in fields(header):
        value = getattr(header, each.name)
        if value or each.name == "source":
            written[each.name] = dict(value) if isinstance(value, Mapping) else value
    return written


# ---- reading


def decode_transcript(text: str) -> Transcript:
    """Read a file's text. Raises TranscriptError."""
    if len(text) > TRANSCRIPT_CHARACTERS_MAX:
        raise TranscriptError(1, "", f"a transcript has at most {TRANSCRIPT_CHARACTERS_MAX} characters")
    lines = text.split("\n")  # and nothing else: JSON strings may hold the other line ends of Unicode
    if lines[-1]:
        raise TranscriptError(len(lines), "", "the line has no end: the file is cut short")
    if not lines[0]:
        raise TranscriptError(1, "", "there is no header")
    header = _header(_object(lines[0], 1))
    return Transcript(header, tuple(_events(lines[1:-1])))


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise TranscriptError(number, "", f"not JSON ({reason})") from None
    if not isinstance(found, dict):
        raise TranscriptError(number, "", "not a JSON object")
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is there twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _header(found: dict[str, Any]) -> Header:
    version = found.pop("transcript", None)
    if type(version) is not int or version != FORMAT_VERSION:
        raise TranscriptError(1, "transcript", f"this reads version {FORMAT_VERSION} only")
    known = {each.name for each in fields(Header)}
    for name, value in found.items():
        if name not in known:
            raise TranscriptError(1, name, "unknown field")
        found[name] = _checked_header_field(name, value)
    if not found.get("source"):
        raise TranscriptError(1, "source", "it is missing: say where the facts come from")
    return Header(**found)


def _checked_header_field(name: str, value: Any) -> Any:
    match name:
        case "faults" | "masked" | "scenario":
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise TranscriptError(1, name, "it must be a list of strings")
            return tuple(value)
        case "expect":
            if not isinstance(value, dict):
                raise TranscriptError(1, name, "it must be an object")
            return value
    if not isinstance(value, str):
        raise TranscriptError(1, name, "it must be a string")
    return value


def _events(lines: list[str]) -> Iterator[Event]:
    before_s = 0.0
    for number, line in enumerate(lines, start=2):
        event = _event(_object(line, number), number)
        if event.t_s < before_s:
            raise TranscriptError(number, "t", "it is earlier than on the line before")
        before_s = event.t_s
        yield event


def _event(found: dict[str, Any], number: int) -> Event:
    for name in ("t", "dir", "data"):
        if name not in found:
            raise TranscriptError(number, name, "it is missing")
    for name in found.keys() - {"t", "dir", "data"}:
        raise TranscriptError(number, name, "unknown field")
    seconds, direction, data = found["t"], found["dir"], found["data"]
    if type(seconds) not in (int, float) or not 0 <= seconds <= TRANSCRIPT_S_MAX:  # no comparison holds for a NaN
        raise TranscriptError(number, "t", f"it must be a number of seconds from 0 to {TRANSCRIPT_S_MAX}, ten years")
    if direction not in list(Direction):
        raise TranscriptError(number, "dir", "it must be tx, rx or ctl")
    if not isinstance(data, str):
        raise TranscriptError(number, "data", "it must be a string")
    return Event(float(seconds), Direction(direction), _octets(data, direction, number))


def _octets(data: str, direction: str, number: int) -> bytes:
    if direction == Direction.CTL and not CONTROLS.fullmatch(data):
        raise TranscriptError(number, "data", "a ctl says opened, closed, unplugged, plugged in or speed N")
    if not data:
        raise TranscriptError(number, "data", "it is empty")
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError as error:
        place = error.start + 1
        raise TranscriptError(number, "data", f"character {place} is above U+00FF and so no octet") from None
