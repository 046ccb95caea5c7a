"""Masking a dialogue: nobody's identity, number, PIN or text stays in it, and everything else does, without I/O.

Rules
1. A replacement is as long as what it replaces, so that every octet keeps its place, its event and its time.
2. The same value becomes the same pseudonym wherever and however it is written (`gsm.pseudonyms`).
3. What a line is follows from what came before it (`gsm.line_masking`).
4. Kept is only what a table with its sources says to be nobody's (`gsm.harmless`); numbers, names and texts of people
   become pseudonyms, and what stands behind a code that nobody knows is filled (`gsm.field_masking`).
5. A PDU that cannot be read to its end, or a hexadecimal line that belongs to nothing, cannot be masked.
6. What came out is looked through: masking it again must change nothing, and nothing that was replaced anywhere may
   stand anywhere in any notation. Otherwise, and for rule 5, `CannotMask` names the line, and there is no result.

7. The header is masked with the same pseudonyms (`gsm.header_masking`).

Not masked: the network's name and codes, times, models, firmware.
"""

import re
from bisect import bisect_right
from dataclasses import replace

from gsm.errors import GsmError
from gsm.field_masking import BUILD_DATE, SAYS_NOTHING, Unmaskable
from gsm.harmless import SPEEDS
from gsm.header_masking import mask_header
from gsm.line_masking import LineMasker
from gsm.pseudonyms import Pseudonyms, TooMany, looks_masked
from gsm.transcript import Direction, Event, Transcript

_FIRST_EVENT_LINE = 2
# At most 20: an address has no more (TS 23.040 clause 9.1.2.5), and neither has an ICCID.
_STANDING_DIGITS = re.compile(r"(?<![0-9])(?<![0-9A-Fa-f]{2})[0-9]{7,20}(?![0-9A-Fa-f])")
# Of what is looked for: nearly every secret is told to be nowhere by its first characters.
_BEGINNING = 6
_OF_THE_SIM = ("+CRSM", "+CSIM")


class CannotMask(GsmError):
    """A dialogue holds something that cannot be masked; `line` is where it would stand in the transcript."""

    def __init__(self, line: int, event: Event, detail: str) -> None:
        self.line = line
        super().__init__(f"line {line} ({event.direction}, {event.t_s:.3f} s) cannot be masked: {detail}")


def mask(transcript: Transcript) -> Transcript:
    """The same dialogue under pseudonyms; the header's `masked` says of which kinds. Raises CannotMask."""
    pseudonyms = Pseudonyms()
    _masked_events(transcript.events, pseudonyms)
    try:
        pseudonyms.settle()
    except TooMany as error:
        raise CannotMask(_FIRST_EVENT_LINE, transcript.events[0], str(error)) from error
    events = _masked_events(transcript.events, pseudonyms)
    _check_nothing_remains(events, pseudonyms)
    _check_again(events)
    _check_digits(events)
    header = mask_header(transcript.header, pseudonyms)
    kinds = tuple(sorted({*header.masked, *pseudonyms.masked}))
    return Transcript(replace(header, masked=kinds), events)


def _check_nothing_remains(events: tuple[Event, ...], pseudonyms: Pseudonyms) -> None:
    notations = list(pseudonyms.remains())
    for direction in (Direction.TX, Direction.RX):
        stream = _Stream(events, direction)
        text = stream.octets.decode("latin-1").upper()
        beginnings = {text[place : place + _BEGINNING] for place in range(len(text))}
        for kind, notation in notations:
            if len(notation) >= _BEGINNING and notation[:_BEGINNING] not in beginnings:
                continue
            place = text.find(notation)
            if place >= 0:
                number = stream.event_at(place)
                detail = f"a {kind} that was masked elsewhere stands here too"
                raise CannotMask(number + _FIRST_EVENT_LINE, events[number], detail)


def _check_again(events: tuple[Event, ...]) -> None:
    pseudonyms = Pseudonyms()
    _masked_events(events, pseudonyms)
    pseudonyms.settle()
    for number, (once, twice) in enumerate(zip(events, _masked_events(events, pseudonyms), strict=True)):
        if once != twice:
            raise CannotMask(number + _FIRST_EVENT_LINE, once, "something here still looks like a secret")


def _check_digits(events: tuple[Event, ...]) -> None:
    """However it came to be there: no number of seven digits or more that is no pseudonym."""
    for direction in (Direction.TX, Direction.RX):
        stream = _Stream(events, direction)
        for line in re.finditer(r"[^\r\n]+", stream.octets.decode("latin-1")):
            if any(name in line.group().upper() for name in _OF_THE_SIM):
                continue
            for found in _STANDING_DIGITS.finditer(line.group()):
                digits = found.group()
                says_nothing = SAYS_NOTHING.fullmatch(digits) or digits in SPEEDS or BUILD_DATE.fullmatch(digits)
                if not says_nothing and not looks_masked(digits):
                    number = stream.event_at(line.start() + found.start())
                    raise CannotMask(number + _FIRST_EVENT_LINE, events[number], "these digits may be a number")


class _Stream:
    """All octets of one direction, and whose event each is."""

    def __init__(self, events: tuple[Event, ...], direction: Direction) -> None:
        self.octets = bytearray()
        self._starts: list[int] = []
        self._numbers: list[int] = []
        for number, event in enumerate(events):
            if event.direction is direction:
                self._starts.append(len(self.octets))
                self._numbers.append(number)
                self.octets += event.data

    def event_at(self, place: int) -> int:
        return self._numbers[bisect_right(self._starts, place) - 1]


def _masked_events(events: tuple[Event, ...], pseudonyms: Pseudonyms) -> tuple[Event, ...]:
    """One pass: lines are put together from the events, masked, and cut into the same events again."""
    masker = LineMasker(pseudonyms)
    streams = {direction: _Stream(events, direction) for direction in (Direction.TX, Direction.RX)}
    begun = dict.fromkeys(streams, 0)
    read = dict.fromkeys(streams, 0)

    def mask_line(number: int, direction: Direction, start: int, end: int) -> None:
        line = streams[direction].octets[start:end].decode("latin-1")
        try:
            end_octet = bytes(streams[direction].octets[end : end + 1])
            masked = masker.tx(line, end_octet) if direction is Direction.TX else masker.rx(line)
        except Unmaskable as error:
            raise CannotMask(number + _FIRST_EVENT_LINE, events[number], str(error)) from None
        assert len(masked) == len(line), "rule 1"
        streams[direction].octets[start:end] = masked.encode("latin-1")

    for number, event in enumerate(events):
        direction = event.direction
        if direction is Direction.CTL:
            continue
        for octet in event.data:
            read[direction] += 1
            if masker.ends(direction, octet):
                mask_line(number, direction, begun[direction], read[direction] - 1)
                begun[direction] = read[direction]
        if direction is Direction.RX:
            masker.unfinished(event.data)
    for direction, stream in streams.items():
        if begun[direction] < len(stream.octets):
            mask_line(stream.event_at(begun[direction]), direction, begun[direction], len(stream.octets))
    return _cut(events, streams)


def _cut(events: tuple[Event, ...], streams: dict[Direction, _Stream]) -> tuple[Event, ...]:
    places = dict.fromkeys(streams, 0)
    cut = []
    for event in events:
        if event.direction is Direction.CTL:
            cut.append(event)
            continue
        start = places[event.direction]
        places[event.direction] = end = start + len(event.data)
        cut.append(replace(event, data=bytes(streams[event.direction].octets[start:end])))
    return tuple(cut)
