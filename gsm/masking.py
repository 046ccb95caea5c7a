"""Masking a dialogue: nobody's identity, number, PIN or text stays in it, and everything else does, without I/O.

Rules
1. A replacement is as long as what it replaces, so that every octet keeps its place, its event and its time.
2. The same value becomes the same pseudonym wherever and however it is written (`gsm.pseudonyms`).
3. What a line is follows from the command that is running, as in `gsm.answers`: a bare line is kept only where it
   answers a command of `_BARE_ANSWERS`, or is one that modems send unasked; any other is taken for somebody's text.
4. Lines of `_PERSONAL` lose every name, number and text; in all others every run of seven digits or more is taken for
   a number or, by its length and by what was asked for, for an identity.
5. A PDU that cannot be read to its end, or a hexadecimal line that belongs to nothing, cannot be masked.
6. What came out is looked through: masking it again must change nothing, and nothing that was replaced anywhere may
   stand anywhere in any notation. Otherwise, and for rule 5, `CannotMask` names the line, and there is no result.

Not masked: the network's name and codes, cell and area codes, times, models, firmware.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from gsm.answers import code_of, is_final, is_known_unsolicited
from gsm.errors import GsmError, PduError
from gsm.pdu_masking import mask_deliver_report, mask_file, mask_page, mask_pdu
from gsm.pseudonyms import Kind, Pseudonyms, TooMany, is_filler, looks_masked, swapped
from gsm.transcript import Direction, Event, Transcript

_FIRST_EVENT_LINE = 2
_CONTROL = "".join(map(chr, range(0x20))) + "\x7f"
_SUBCOMMAND = re.compile(
    r"(?:AT\s*|;\s*)?"
    r'(?:([+^*$#%&!][A-Z][A-Z0-9_]*|D)((?:"[^"]*"?|[^;"])*)|([A-Z])([^;"+^*$#%&!D]*)|((?:"[^"]*"?|[^;"])*))',
    re.IGNORECASE,
)
# What is sent is a command only if it begins so; a word of three letters is no row of basic commands.
_COMMAND_LINE = re.compile(r"\s*AT\s*(?![A-CE-Z][A-Z]{2}|D[A-OQ-SU-Z][A-Z])", re.IGNORECASE)
_NO_WORDS = re.compile(r'"[^"]*"?|[+^*$#%&!][A-Z][^;]*|D[TP]?\s*[0-9*#>+][^;]*', re.IGNORECASE)
_WORD = re.compile("[A-Z]{3}", re.IGNORECASE)
_EDITING = re.compile(r"[\x08\x7f]")
_OWN_CHARACTERS = re.compile(r"S0*([345])\s*=\s*0*(\d+)", re.IGNORECASE)
_USUAL_CHARACTERS = {("3", "13"), ("4", "10"), ("5", "8")}
_FIELD = re.compile(r'"([^"]*)"?|([^,"]+)')
_TIME = re.compile(r"\d{2,4}/\d\d/\d\d(,\d\d:\d\d:\d\d([+-]\d\d)?)?")
_KEYWORD = re.compile(r"|REC (UN)?READ|STO (UN)?SENT|ALL|[A-Z]{2}|\(.*\)")
_NUMBER = re.compile(r"(\+?)([0-9]{3,})")
_CODE_TO_DIAL = re.compile(r"[0-9*#+]+")
# A number as hexadecimal of UCS-2 or, with +CSCS="HEX", of ASCII.
_HEX_DIGITS = re.compile(r"(?<![0-9A-Fa-f])(?:(002[Bb])?((?:003[0-9]){4,})|(2[Bb])?((?:3[0-9]){7,}))(?![0-9A-Fa-f])")
_DIGITS = re.compile(r"\+?[0-9]{7,}")
# At most 20: an address has no more (TS 23.040 clause 9.1.2.5), and neither has an ICCID.
_STANDING_DIGITS = re.compile(r"(?<![0-9])(?<![0-9A-Fa-f]{2})[0-9]{7,20}(?![0-9A-Fa-f])")
# Digits in groups, few by themselves, and an ICCID with letters as some issuers have them.
_GROUPS = re.compile(r"(?<![0-9A-Za-z])\+?[0-9]+(?:[ -][0-9]+)+(?![0-9A-Za-z])")
_UNQUOTED_WORD = re.compile("(?<![0-9A-Za-z])[A-Za-z]{3}[0-9A-Za-z]*")
_SHORT_DIGITS = re.compile(r"(?<![0-9])(?<![0-9][ -])[0-9]{4,6}(?![0-9]|[ -][0-9])")
_HEX_ICCID = re.compile(r"(?<![0-9A-Za-z])(?![0-9]+[Ff]?(?![0-9A-Za-z]))89[0-9A-Fa-f]{16,18}(?![0-9A-Za-z])")
_NUMBERS = re.compile("|".join(each.pattern for each in (_HEX_ICCID, _HEX_DIGITS, _GROUPS, _DIGITS)))
_USSD = re.compile(r'(\s*\d\s*,\s*")(.*?)("\s*(?:,\s*\d+\s*)?)?', re.DOTALL)
_USSD_END = re.compile(r'(.*)("\s*(?:,\s*\d+\s*)?)')
# What ends a message in text mode, and what may come in its middle.
_BODY_END = re.compile(r"OK|ERROR|\+CM[ES] ERROR: ?\d+")
_NEXT_MESSAGE = re.compile(r'\+CMGL: ?\d+,.*|\+CMT: ?".*|\+CDS: ?\d+.*')
_SAYS_NOTHING = re.compile(r'\s*(?:"[A-Z]{2}"|\d{1,2})?(?:\s*,\s*\d{1,2})*\s*')
_HEX_LINE = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_BUILD_DATE = re.compile(r"20[0-3][0-9][01][0-9][0-3][0-9]")
_PDU_LENGTH = re.compile(r"=\s*(?:\d,)?(\d{1,3})(?:,\d)?\s*$")

# Commands that carry a PIN, a PUK or a password (TS 27.007 clauses 8.3, 7.4, 7.5, 10.1.31; Huawei's network lock).
_SECRET_COMMANDS = {"+CPIN", "+CPIN2", "^CPIN", "+CLCK", "+CPWD", "+CGAUTH", "^CARDLOCK", "^AUTHDATA"}
_SECRET_NAME = re.compile("PIN|PUK|PWD|PASS|LCK|LOCK|AUTH")
# Commands and codes with numbers, names and texts of people (TS 27.007 clauses 6.18, 7.x, 8.11 to 8.14; TS 27.005).
_PERSONAL = {
    "+CMGL", "+CMGR", "+CMT", "+CMGS", "+CMGW", "+CMSS", "+CPBR", "+CPBF", "+CPBW", "+CNUM", "+CLIP", "+CCWA", "+CLCC",
    "+COLP", "+CNAP", "+CDS", "+CUSD", "^CPBR", "^CPBW", "+CCFC", "+CSCA", "+CKPD", "+CIMI", "+CBM", "^SMGR", "^SMGL",
}  # fmt: skip
# Commands whose answer has bare lines that say what the device is (V.250, TS 27.007 clause 5).
_BARE_ANSWERS = {
    "I", "+CGMI", "+CGMM", "+CGMR", "+CGSN", "+GMI", "+GMM", "+GMR", "+GSN", "+CIMI", "+CCID", "^ICCID", "+QCCID",
    "+CLAC", "+GCAP", "S", "&V", "+CSQ", "+CPAS", "+CEER", "+ICCID", "+CSUB", "Q", "E", "V", "+GOI", "+QGMR",
}  # fmt: skip
_IDENTITY_OF = {
    "+CIMI": Kind.IMSI, "+CGSN": Kind.IMEI, "+GSN": Kind.IMEI, "+CCID": Kind.ICCID, "^ICCID": Kind.ICCID,
    "+QCCID": Kind.ICCID, "+ICCID": Kind.ICCID,
}  # fmt: skip
# Speeds of a line look like numbers.
_SPEEDS = {"+IPR", "+ICF"}
# Quoted texts behind these are settings or say what the network and the device are; behind any other they go.
_HARMLESS = {
    "+CSCS", "+CPMS", "+COPS", "+CPBS", "+CGDCONT", "+CCLK", "+CREG", "+CGREG", "+CEREG", "+CSMS", "+CTZU", "+CMTI",
    "+CDSI", "+CBMI", "+CIND", "+CGMI", "+CGMM", "+CGMR", "+GMI", "+GMM", "+GMR", "+CGSN", "+GSN", "+CCID", "+ICCID",
    "^ICCID", "+QCCID", "+CGLA", "+COPN", "+CPOL", "+CSPN", "^SPN", "^SYSINFOEX", "^SYSCFGEX", "^HCSQ", "+QCFG",
    "+QNWINFO", "+QCSQ", "+QSPN", "^SCFG", "^SMONI", "+CNTI", "+CSCB", "+CMER", "+CTZV", "+CTZE", "+CIEV", "+CPIN",
}  # fmt: skip
_ASKING_FOR_TEXT = {"+CMGS", "+CMGW", "+CMGC", "+CNMA"}
_BODIES = {"+CMT", "+CMGL", "+CMGR", "+CDS", "+CBM"}
# How many fields the line before a PDU has (TS 27.005 clause 4): where there are others, the message is in text mode.
_PDU_HEADER = {
    "+CMT": re.compile(r'\+CMT:\s*("[^"]*"|[^",]*)?\s*,\s*(\d+)'),
    "+CMGL": re.compile(r'\+CMGL:\s*\d+\s*,\s*\d\s*,\s*("[^"]*"|[^",]*)\s*,\s*(\d+)'),
    "+CMGR": re.compile(r'\+CMGR:\s*\d\s*,\s*("[^"]*"|[^",]*)\s*,\s*(\d+)'),
    "+CDS": re.compile(r"\+CDS:()\s*(\d+)"),
    "+CBM": re.compile(r"\+CBM:()\s*(\d+)"),
}
_READ_BINARY, _READ_RECORD, _UPDATE_BINARY, _UPDATE_RECORD = "176", "178", "214", "220"
_READS, _UPDATES = {_READ_BINARY, _READ_RECORD}, {_UPDATE_BINARY, _UPDATE_RECORD}
_SELECT = "A4"


class CannotMask(GsmError):
    """A dialogue holds something that cannot be masked; `line` is where it would stand in the transcript."""

    def __init__(self, line: int, event: Event, detail: str) -> None:
        self.line = line
        super().__init__(f"line {line} ({event.direction}, {event.t_s:.3f} s) cannot be masked: {detail}")


class _Unmaskable(Exception):
    """Why a line cannot be masked."""


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
    kinds = tuple(sorted({*transcript.header.masked, *pseudonyms.masked}))
    return Transcript(replace(transcript.header, masked=kinds), events)


def _check_nothing_remains(events: tuple[Event, ...], pseudonyms: Pseudonyms) -> None:
    for direction in (Direction.TX, Direction.RX):
        stream = _Stream(events, direction)
        text = stream.octets.decode("latin-1").upper()
        for kind, notation in pseudonyms.remains():
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
            if any(f"{name}" in line.group().upper() for name in (*_SPEEDS, "+CRSM", "+CSIM")):
                continue
            for found in _STANDING_DIGITS.finditer(line.group()):
                digits = found.group()
                if digits.strip("0") and not _BUILD_DATE.fullmatch(digits) and not looks_masked(digits):
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
    masker = _Masker(pseudonyms)
    streams = {direction: _Stream(events, direction) for direction in (Direction.TX, Direction.RX)}
    begun = dict.fromkeys(streams, 0)
    read = dict.fromkeys(streams, 0)

    def mask_line(number: int, direction: Direction, start: int, end: int) -> None:
        line = streams[direction].octets[start:end].decode("latin-1")
        try:
            end_octet = bytes(streams[direction].octets[end : end + 1])
            masked = masker.tx(line, end_octet) if direction is Direction.TX else masker.rx(line)
        except (_Unmaskable, PduError) as error:
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


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that the modem asked for: a PDU of so many octets, or (None) plain."""

    command: str
    pdu_octets: int | None


class _Masker:
    """Knows what is going on between the two, and so what a line is."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._names = pseudonyms
        self._running: list[str] = []
        self._arguments = ""
        self._text: _Text | None = None
        self._prompted = False
        self._echoes: dict[str, str] = {}
        self._body: Callable[[str], str] | None = None
        self._body_lasts = False
        self._in_quotes = False

    # ---- what ends what

    def ends(self, direction: Direction, octet: int) -> bool:
        """Whether this octet ends a line, a command or a text."""
        if direction is Direction.TX and self._text is not None and self._prompted:
            return octet in b"\x1a\x1b"
        return octet in b"\r\n\x1a\x1b" if direction is Direction.TX else octet in b"\r\n"

    def unfinished(self, data: bytes) -> None:
        """A prompt has no line end."""
        if self._text is not None and re.search(rb"(?:^|[\r\n])>", data):
            self._prompted = True

    # ---- the program's side

    def tx(self, line: str, end: bytes = b"\r") -> str:
        """A command or a text, without its end."""
        core = line.strip(_CONTROL)
        if self._text is not None and (self._prompted or not core.upper().startswith("AT")):
            return self._tx_text(line)
        masked = self._names.text(line) if end == b"\x1a" and core else self._command(line)
        self._remember(line, masked)
        return masked

    def _tx_text(self, text: str) -> str:
        if not text.strip(_CONTROL):
            self._text = None if self._prompted else self._text  # given up with an ESC
            return text
        wanted, self._text, self._prompted = self._text, None, False
        assert wanted is not None
        if wanted.pdu_octets is None:
            masked = self._names.text(text)
            for line, filled in zip(re.split(r"[\r\n]", text), re.split(r"[\r\n]", masked), strict=True):
                self._remember(line, filled)
            return masked
        masked = self._pdu(text, wanted.pdu_octets, outgoing=True, report=wanted.command == "+CNMA")
        self._remember(text, masked)
        return masked

    def _remember(self, line: str, masked: str) -> None:
        """What an echo will look like."""
        core = line.strip(_CONTROL + " ")
        if core:
            start = line.index(core)
            self._echoes = {**dict(list(self._echoes.items())[-15:]), core: masked[start : start + len(core)]}

    def _command(self, line: str) -> str:
        """A line of commands; afterwards they are what is running."""
        self._running, self._text, self._prompted = [], None, False
        start = len(line) - len(line.lstrip(_CONTROL + " "))
        if not _COMMAND_LINE.match(line, start) or _WORD.search(_NO_WORDS.sub("", line[start + 2 :])):
            return self._names.text(line) if any(map(str.isalnum, line)) else line
        if _EDITING.search(line):
            raise _Unmaskable("the command was edited while it was typed; send it without backspaces")
        if any(found not in _USUAL_CHARACTERS for found in _OWN_CHARACTERS.findall(line)):
            raise _Unmaskable("S3, S4 or S5 changes what ends and edits a line; leave them as they are")
        return line[:start] + "".join(self._subcommand(match) for match in _SUBCOMMAND.finditer(line, start))

    def _subcommand(self, match: re.Match[str]) -> str:
        if not match.group():
            return ""
        name = (match.group(1) or match.group(3) or "").upper()
        arguments = match.group(2) or match.group(4) or match.group(5) or ""
        before = match.group()[: len(match.group()) - len(arguments)]
        self._running.append(name)
        self._arguments = arguments
        if name in _ASKING_FOR_TEXT and (arguments.lstrip().startswith("=") or name == "+CMGW"):
            length = _PDU_LENGTH.fullmatch(arguments.strip())
            self._text = _Text(name, int(length.group(1)) if length else None)
        return before + self._masked_arguments(name, arguments)

    def _masked_arguments(self, name: str, arguments: str) -> str:
        if name in _SECRET_COMMANDS or _SECRET_NAME.search(name):
            return _FIELD.sub(self._secret_field, arguments)
        if name == "+CRSM":
            return self._sim_command(arguments)
        if name == "+CSIM":
            return _FIELD.sub(lambda match: self._apdu(match.group()), arguments)
        if name in _PERSONAL:
            arguments = re.sub(r"[*#][0-9*# ]+", lambda code: re.sub("[0-9]", "0", code[0]), arguments)
            return _FIELD.sub(self._personal_field, arguments)
        if name == "D":
            return self._dialled(arguments)
        if name in _SPEEDS:
            return arguments
        unknown = len(name) != 1 and name not in _HARMLESS
        if not unknown:
            return self._digits(arguments)
        masked = _without_short_digits(self._without_quoted(arguments))
        return re.sub(
            r"=[^\"]*", lambda found: _UNQUOTED_WORD.sub(lambda word: self._names.fill(word[0]), found[0]), masked
        )

    def _dialled(self, arguments: str) -> str:
        """A number, a name in the phone book, or a code of the user's, which may carry PIN and PUK (TS 22.030)."""
        if '"' in arguments:
            return self._without_quoted(arguments)
        if 4 <= sum(map(str.isdigit, arguments)) < 7 and not re.search("[*#]", arguments):
            return re.sub("[0-9]", "0", arguments)
        if not re.search("[*#]", arguments):
            return _without_short_digits(self._digits(arguments))

        def group(match: re.Match[str]) -> str:
            digits = match.group()
            secret = re.search(r"\*0", arguments) or len(digits) < 9
            return "0" * len(digits) if secret else self._digits(digits)

        return re.sub("[0-9]+", group, arguments)

    def _without_quoted(self, text: str) -> str:
        """What is quoted behind a code that nobody knows may be anything."""

        def filled(match: re.Match[str]) -> str:
            value = match.group(1)
            if _DIGITS.fullmatch(value) or _HEX_DIGITS.fullmatch(value) or _HEX_ICCID.fullmatch(value):
                return match.group()
            if _KEYWORD.fullmatch(value) or _TIME.fullmatch(value) or is_filler(value):
                return match.group()
            return match.group().replace(value, self._names.fill(value), 1)

        return self._digits(re.sub(r'"([^"]*)"?', filled, text))

    # ---- the modem's side

    def rx(self, line: str) -> str:
        """A line, without its end."""
        core = line.strip(_CONTROL + " ")
        if not core or core == ">":
            return line
        if core.startswith("> "):
            core = core[2:]
        if _EDITING.search(core):
            raise _Unmaskable("the line holds backspaces")
        start = line.index(core)
        return line[:start] + self._line(core) + line[start + len(core) :]

    def _line(self, core: str) -> str:
        if core in self._echoes:
            return self._echoes[core]
        if self._in_quotes:
            return self._to_the_quote(core)
        if self._body_lasts and not _BODY_END.fullmatch(core) and not _NEXT_MESSAGE.fullmatch(core):
            return self._line_of_text(core)
        if is_final(core, None):
            self._running, self._text, self._prompted = [], None, False
            self._body, self._body_lasts = None, False
            return core
        code = code_of(core)
        if code is not None and (self._body is None or code in _BODIES):
            return self._coded(code, core)
        if self._body is not None:
            return self._body_line(core)
        if self._body_lasts or (self._text is not None and self._prompted):
            return self._names.text(core)
        return self._bare(core)

    def _line_of_text(self, core: str) -> str:
        """While a message in text mode lasts: only an answer to what is running is no part of it."""
        self._body = None
        code = code_of(core)
        if code is None:
            return self._names.text(core)
        if code in self._running and code not in _BODIES:
            return self._coded(code, core)
        start = len(code) + 1
        tail = core[start:]
        return core if _SAYS_NOTHING.fullmatch(tail) else core[:start] + self._names.text(tail)

    def _body_line(self, core: str) -> str:
        body, self._body = self._body, None
        assert body is not None
        return body(core)

    def _bare(self, core: str) -> str:
        if core.upper().startswith("AT"):
            return self._echoed_command(core)
        if is_known_unsolicited(core):
            return self._digits(core)
        if any(name in _BARE_ANSWERS for name in self._running):
            if _HEX_LINE.fullmatch(core) and not re.fullmatch(r"[0-9]+[Ff]?", core) and not _HEX_ICCID.fullmatch(core):
                raise _Unmaskable("a line of hexadecimal that belongs to nothing")
            return self._digits(core)
        if _HEX_LINE.fullmatch(core):
            return self._pdu(core, None, outgoing=False)
        return self._names.text(core)

    def _echoed_command(self, core: str) -> str:
        """An echo that was not seen as a command (the recording began in its middle) changes nothing of the state."""
        running, arguments, text = self._running, self._arguments, self._text
        masked = self._command(core)
        self._running, self._arguments, self._text = running, arguments, text
        return masked

    def _coded(self, code: str, core: str) -> str:
        start = len(code) + 1
        head, rest = core[:start], core[start:]
        self._body = None
        if code in _BODIES:
            self._expect_body(code, core)
        if code == "+CRSM":
            return head + self._sim_answer(rest)
        if code == "+CSIM":
            return head + _FIELD.sub(lambda match: self._apdu(match.group(), answer=True), rest)
        if code == "+CUSD" and (said := _USSD.fullmatch(rest)):
            self._in_quotes = said.group(3) is None
            return head + said.group(1) + self._names.text(said.group(2)) + (said.group(3) or "")
        if code in _PERSONAL:
            return head + _FIELD.sub(self._personal_field, rest)
        if code in _SPEEDS:
            return core
        if code not in _HARMLESS:
            return head + self._without_quoted(rest)
        return head + self._digits(rest, _IDENTITY_OF.get(code))

    def _expect_body(self, code: str, core: str) -> None:
        header = _PDU_HEADER[code].fullmatch(core)
        if header is None:
            plain_report = code == "+CDS"  # in text mode it is one line
            self._body = None if plain_report else self._names.text
            self._body_lasts = not plain_report
        elif int(header.group(2)):
            octets = int(header.group(2))
            if code == "+CBM":
                self._body = lambda line: _of_hex(line, lambda page: mask_page(page, self._names))
            else:
                self._body = lambda line: self._pdu(line, octets, outgoing=False)

    def _to_the_quote(self, core: str) -> str:
        end = _USSD_END.fullmatch(core)
        self._in_quotes = end is None
        return self._names.text(end.group(1)) + end.group(2) if end else self._names.text(core)

    # ---- parts of a line

    def _secret_field(self, match: re.Match[str]) -> str:
        value = match.group(1) if match.group(1) is not None else match.group(2)
        bare = value.strip("= ?")
        if len(bare) < 3 or not bare.isprintable():
            return match.group()
        return match.group().replace(bare, self._names.pin(bare), 1)

    def _personal_field(self, match: re.Match[str]) -> str:
        quoted = match.group(1)
        if quoted is None:
            return self._unquoted_field(match.group(2))
        number = _NUMBER.fullmatch(quoted)
        if is_filler(quoted):
            return match.group()
        if number and not _HEX_DIGITS.fullmatch(quoted):
            masked = number.group(1) + self._number_or_identity(number.group(1), number.group(2))
        elif _HEX_DIGITS.fullmatch(quoted):
            masked = _HEX_DIGITS.sub(self._hex_digits, quoted)
        elif _KEYWORD.fullmatch(quoted) or _TIME.fullmatch(quoted):
            masked = quoted
        elif _CODE_TO_DIAL.fullmatch(quoted):
            masked = quoted if len(quoted) <= 2 else re.sub("[0-9]", "0", quoted)
            if masked != quoted:
                self._names.saw_text(quoted)
        else:
            masked = self._names.text(quoted)
        return match.group().replace(quoted, masked, 1) if quoted else match.group()

    def _unquoted_field(self, field: str) -> str:
        start = len(field) - len(field.lstrip("= "))
        core = field[start:].rstrip()
        if _NUMBER.fullmatch(core) or not any(character.isalpha() or character > "~" for character in core):
            return self._digits(field)
        if _KEYWORD.fullmatch(core):
            return field
        return field[:start] + self._names.text(core) + field[start + len(core) :]

    def _number_or_identity(self, plus: str, digits: str) -> str:
        if self._identity_asked_for() and not plus and len(digits) >= 14:
            return self._names.identity(digits, self._identity_asked_for() or Kind.IMSI)
        return self._names.number(digits)

    def _identity_asked_for(self) -> Kind | None:
        return next((_IDENTITY_OF[name] for name in self._running if name in _IDENTITY_OF), None)

    def _digits(self, text: str, kind: Kind | None = None) -> str:
        """Every long run of digits in a line that says nothing else about anybody."""
        kind = kind or self._identity_asked_for()
        if kind is None and (named := re.search("IMEI|IMSI|ICCID|CCID", text, re.IGNORECASE)):
            kind = Kind("iccid" if "CID" in named.group().upper() else named.group().lower())

        def masked(match: re.Match[str]) -> str:
            found = match.group()
            if _HEX_ICCID.fullmatch(found):
                return self._names.hex_iccid(found.upper())
            if match.group(2) or match.group(4):
                return self._hex_digits(match)
            digits = re.sub("[^0-9]", "", found)
            if len(digits) < 7 or not digits.strip("0") or (len(digits) == 8 and _BUILD_DATE.fullmatch(digits)):
                return found
            instead = iter(self._run(digits, None if found.startswith("+") else kind))
            return re.sub("[0-9]", lambda _: next(instead), found)

        return _NUMBERS.sub(masked, text)

    def _run(self, digits: str, kind: Kind | None) -> str:
        if 18 <= len(digits) <= 20 and digits.startswith("98") and len(digits) % 2 == 0:  # as a SIM stores it
            return swapped(self._names.identity(swapped(digits), Kind.ICCID))
        if 18 <= len(digits) <= 20:
            return self._names.identity(digits, Kind.ICCID)
        if 14 <= len(digits) <= 17:
            return self._names.identity(digits, kind if kind in (Kind.IMSI, Kind.IMEI) else Kind.IMSI)
        return self._names.number(digits)

    def _hex_digits(self, match: re.Match[str]) -> str:
        plus = match.group(1) or match.group(3) or ""
        unit = "003" if match.group(2) else "3"
        digits = (match.group(2) or match.group(4))[len(unit) :: len(unit) + 1]
        masked = self._run(digits, None) if len(digits) >= 14 and not plus else self._names.number(digits)
        return plus + "".join(unit + digit for digit in masked)

    def _pdu(self, line: str, tpdu_octets: int | None, *, outgoing: bool, report: bool = False) -> str:
        if report:
            return _of_hex(line, lambda octets: mask_deliver_report(octets, self._names))
        return _of_hex(line, lambda octets: mask_pdu(octets, self._names, outgoing=outgoing, tpdu_octets=tpdu_octets))

    # ---- files of the SIM

    def _sim_command(self, arguments: str) -> str:
        fields = arguments.lstrip("= ").split(",")
        if fields[0].strip() not in _UPDATES or len(fields) < 6:
            return arguments
        return self._file_fields(arguments, _number_in(fields[1]))

    def _sim_answer(self, rest: str) -> str:
        fields = self._arguments.lstrip("= ").split(",")
        if "+CRSM" in self._running and fields[0].strip() not in _READS:
            return rest
        return self._file_fields(rest, _number_in(fields[1]) if "+CRSM" in self._running and len(fields) > 1 else 0)

    def _file_fields(self, text: str, file_id: int) -> str:
        def masked(match: re.Match[str]) -> str:
            return _of_hex(match.group(), lambda octets: mask_file(file_id, octets, self._names))

        return re.sub(r"(?:[0-9A-Fa-f]{2}){4,}", masked, text)

    def _apdu(self, field: str, *, answer: bool = False) -> str:
        """An APDU keeps its five octets of header, and what it selects; an answer its status word (TS 102 221)."""
        core = field.strip('" =')
        if not _is_hex(core) or len(core) <= 4:
            return field
        if answer:
            kept, hidden, status = "", core[:-4], core[-4:]
        elif core[2:4].upper() == _SELECT:
            return field
        else:
            kept, hidden, status = core[:10], core[10:], ""
        return field.replace(core, kept + "F" * len(hidden) + status, 1)


def _without_short_digits(text: str) -> str:
    """Four to six digits by themselves may be a PIN, a password or a bank's number."""
    return _SHORT_DIGITS.sub(lambda found: "0" * len(found.group()), text)


def _number_in(field: str) -> int:
    return int(field) if field.strip().isdigit() else 0


def _is_hex(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdefABCDEF" for character in text)


def _of_hex(line: str, masked: Callable[[bytes], bytes]) -> str:
    """Mask what a line of hexadecimal says, in its own case, blanks around it kept."""
    core = line.strip()
    if not _is_hex(core) or len(core) % 2:
        raise _Unmaskable("a PDU is expected here, and this is no line of hexadecimal")
    digits = masked(bytes.fromhex(core)).hex()
    start = line.index(core)
    return line[:start] + (digits if core == core.lower() else digits.upper()) + line[start + len(core) :]
