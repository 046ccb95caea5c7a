"""What a line of a dialogue is, from what came before it, and how it is masked for that; without I/O.

What a line is follows from the command that is running, as in `gsm.answers`. A line that is sent is a command only if
it can be read as one to its end; otherwise it is somebody's text. A bare line is kept only where it answers a command
of `gsm.harmless.BARE_NAMES`, or is one that modems send unasked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from gsm.answers import code_of, is_final, is_known_unsolicited
from gsm.field_masking import HEX_ICCID, Fields, Unmaskable
from gsm.final_results import is_known_refusal
from gsm.harmless import BARE_NAMES, Values, values_of
from gsm.pseudonyms import Kind, Pseudonyms
from gsm.transcript import Direction

_CONTROL = "".join(map(chr, range(0x20))) + "\x7f"
_COMMAND_LINE = re.compile(r"\s*AT", re.IGNORECASE)
# One command of a line (V.250 clause 5.2): an extended one to the semicolon, a dial string, an S register, a letter.
_EXTENDED = r'(?P<extended>[+^*$#!_][A-Z][A-Z0-9_]*)(?P<values>\s*(?:=\s*\??|\?)(?:"[^"]*"?|[^;"])*|\s*(?=;|$))'
_NUMBER_TO_DIAL = r"[-0-9*#+,.()W!@ABC ]*[-0-9*#+,.()W!@ ]"
_ENTRY_TO_DIAL = r'>[A-Z]*\s*(?:"[^"]*"|[0-9]+)|"[^"]*"'
_DIAL = rf"D(?P<dialled>L|[TP]?\s*(?:{_ENTRY_TO_DIAL}|{_NUMBER_TO_DIAL})?\s*[GI]*\s*(?=;|$))"
_REGISTER = r"(?P<register>S\s*[0-9]{1,3})(?P<value>\s*=\s*[0-9]{1,3}|\s*\?)?"
_BASIC = r"(?P<basic>[&\\%]?[A-CE-Z])(?P<digits>\s*[0-9]{0,3}\??)"
_SUBCOMMAND = re.compile(rf"[\s;]*(?:{_EXTENDED}|{_DIAL}|{_REGISTER}|{_BASIC})[\s;]*", re.IGNORECASE)
# Letters in a row are a word, not basic commands; real rows have digits between (ATE0V1).
_WORD = re.compile(r"AT\s*[A-CE-Z]{3}|AT\s*(?:[A-CE-Z][0-9]*\s+){2}[A-CE-Z]", re.IGNORECASE)
_EDITING = re.compile(r"[\x08\x7f]")
_OWN_CHARACTERS = re.compile(r"S0*([345])\s*=\s*0*(\d+)", re.IGNORECASE)
_USUAL_CHARACTERS = {("3", "13"), ("4", "10"), ("5", "8")}
_USSD = re.compile(r'(\s*\d\s*,\s*")(.*?)("\s*(?:,\s*\d+\s*)?)?', re.DOTALL)
_USSD_END = re.compile(r'(.*)("\s*(?:,\s*\d+\s*)?)')
# What ends a message in text mode, and what may come in its middle.
_BODY_END = re.compile(r"OK|ERROR|\+CM[ES] ERROR: ?\d+")
_NEXT_MESSAGE = re.compile(r'\+CMGL: ?\d+,.*|\+CMT: ?".*|\+CDS: ?\d+.*')
_SAYS_NOTHING = re.compile(r'\s*(?:"[A-Z]{2}"|\d{1,2})?(?:\s*,\s*\d{1,2})*\s*')
_HEX_LINE = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_BARE_NUMBER = re.compile("[-+0-9., ]{1,6}")
_UNSOLICITED_HEAD = re.compile(r"[^:0-9]*")
_PDU_LENGTH = re.compile(r"=\s*(?:\d,)?(\d{1,3})(?:,\d)?\s*$")
_IDENTITY_OF = {
    "+CIMI": Kind.IMSI, "+CGSN": Kind.IMEI, "+GSN": Kind.IMEI, "+CCID": Kind.ICCID, "^ICCID": Kind.ICCID,
    "+QCCID": Kind.ICCID, "+ICCID": Kind.ICCID, "+CICCID": Kind.ICCID,
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
_ECHOES_MAX = 16


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that the modem asked for: a PDU of so many octets, or (None) plain."""

    command: str
    pdu_octets: int | None


class LineMasker:
    """Follows a dialogue line by line, and gives each line masked, at the same length."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._names = pseudonyms
        self._fields = Fields(pseudonyms)
        self._running: list[str] = []
        self._files_asked: list[str] = []
        self._text: _Text | None = None
        self._prompted = False
        self._text_was_refused = False
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
        """A command or a text, without its end. Raises Unmaskable."""
        core = line.strip(_CONTROL)
        if self._text is not None and (self._prompted or not core.upper().startswith("AT")):
            return self._tx_text(line)
        masked = self._names.text(line) if end == b"\x1a" and core else self._command(line)
        if end in (b"\x1a", b"\x1b"):
            self._text_was_refused = False
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
        report = wanted.command == "+CNMA"
        masked = self._fields.pdu(text, wanted.pdu_octets, outgoing=True, report=report)
        self._remember(text, masked)
        return masked

    def _remember(self, line: str, masked: str) -> None:
        """What an echo will look like."""
        core = line.strip(_CONTROL + " ")
        if core:
            start = line.index(core)
            kept = list(self._echoes.items())[1 - _ECHOES_MAX :]
            self._echoes = {**dict(kept), core: masked[start : start + len(core)]}

    def _command(self, line: str) -> str:
        """A line of commands; afterwards they are what is running."""
        refused, self._text_was_refused = self._text_was_refused, False
        self._running, self._files_asked, self._text, self._prompted = [], [], None, False
        start = len(line) - len(line.lstrip(_CONTROL + " "))
        if _COMMAND_LINE.match(line, start) and _EDITING.search(line):
            raise Unmaskable("the command was edited while it was typed; send it without backspaces")
        commands = _subcommands(line, start)
        if commands is None or (refused and not all(map(_is_known, commands))):
            self._text_was_refused = refused
            return self._names.text(line) if any(map(str.isalnum, line)) else line
        if any(found not in _USUAL_CHARACTERS for found in _OWN_CHARACTERS.findall(line)):
            raise Unmaskable("S3, S4 or S5 changes what ends and edits a line; leave them as they are")
        if not commands:
            return line
        masked = line[: commands[0].start()] + "".join(map(self._subcommand, commands))
        return masked + line[commands[-1].end() :]

    def _subcommand(self, match: re.Match[str]) -> str:
        if match["dialled"] is not None:
            name, part = "D", "dialled"
        elif match["extended"] is not None:
            name, part = match["extended"].upper(), "values"
        else:
            self._running.append((match["basic"] or "S").upper())
            return match.group()
        values = match[part]
        self._running.append(name)
        if name == "+CRSM":
            self._files_asked.append(values)
        if name in _ASKING_FOR_TEXT and (values.lstrip().startswith("=") or name == "+CMGW"):
            length = _PDU_LENGTH.fullmatch(values.strip())
            self._text = _Text(name, int(length.group(1)) if length else None)
        start = match.start(part) - match.start()
        masked = self._fields.arguments(name, values)
        return match.group()[:start] + masked + match.group()[start + len(values) :]

    # ---- the modem's side

    def rx(self, line: str) -> str:
        """A line, without its end. Raises Unmaskable."""
        core = line.strip(_CONTROL + " ")
        if not core or core == ">":
            return line
        if core.startswith("> "):
            core = core[2:]
        if _EDITING.search(core):
            raise Unmaskable("the line holds backspaces")
        start = line.index(core)
        self._fields.asked_for = next((_IDENTITY_OF[name] for name in self._running if name in _IDENTITY_OF), None)
        masked = self._line(core)
        self._fields.asked_for = None
        return line[:start] + masked + line[start + len(core) :]

    def _line(self, core: str) -> str:
        if core in self._echoes:
            return self._echoes[core]
        if self._in_quotes:
            return self._to_the_quote(core)
        is_end = self._running and _BODY_END.fullmatch(core)  # nothing else has an end
        if self._body_lasts and not is_end and not _NEXT_MESSAGE.fullmatch(core):
            return self._line_of_text(core)
        if is_final(core, None):
            return self._final(core)
        code = code_of(core)
        if code is not None and (self._body is None or code in _BODIES):
            return self._coded(code, core)
        if self._body is not None:
            return self._body_line(core)
        if self._body_lasts or (self._text is not None and self._prompted):
            return self._names.text(core)
        return self._bare(core)

    def _final(self, core: str) -> str:
        if self._text is not None and not self._prompted:
            self._text_was_refused = True
        self._running, self._text, self._prompted = [], None, False
        self._body, self._body_lasts = None, False
        if core == "OK" or is_known_refusal(core):
            return core
        head = core.index(":") + 1
        return core[:head] + self._fields.unknown(core[head:])

    def _line_of_text(self, core: str) -> str:
        """While a message in text mode lasts: only an answer to what is running is no part of it."""
        self._body = None
        code = code_of(core)
        if code is None or values_of(code) is Values.UNKNOWN:
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
        if any(name in BARE_NAMES for name in self._running):
            return self._named(core)
        if core.upper().startswith("AT"):
            return self._echoed_command(core)
        if is_known_unsolicited(core):
            head = _UNSOLICITED_HEAD.match(core)
            assert head is not None
            return head.group() + self._fields.unknown(core[head.end() :])
        if any(name in _IDENTITY_OF for name in self._running):
            self._refuse_hexadecimal(core)
            return self._fields.unknown(core)
        if self._running and _BARE_NUMBER.fullmatch(core) and self._fields.unknown(core) == core:
            return core
        if self._running and all(values_of(name) is Values.UNKNOWN for name in self._running):
            return self._fields.unknown(core)
        if _HEX_LINE.fullmatch(core):
            return self._fields.pdu(core, None, outgoing=False)
        return self._names.text(core)

    def _named(self, core: str) -> str:
        self._refuse_hexadecimal(core)
        return self._fields.named(core)

    def _refuse_hexadecimal(self, core: str) -> None:
        if _HEX_LINE.fullmatch(core) and not re.fullmatch(r"[0-9]+[Ff]?", core) and not HEX_ICCID.fullmatch(core):
            raise Unmaskable("a line of hexadecimal that belongs to nothing")

    def _echoed_command(self, core: str) -> str:
        """An echo that was not seen as a command (the recording began in its middle) changes nothing of the state."""
        before = self._running, self._files_asked, self._text, self._prompted, self._text_was_refused
        masked = self._command(core)
        self._running, self._files_asked, self._text, self._prompted, self._text_was_refused = before
        return masked

    def _coded(self, code: str, core: str) -> str:
        start = len(code) + 1
        head, rest = core[:start], core[start:]
        self._body = None
        if code in _BODIES:
            self._expect_body(code, core)
        if code == "+CRSM":
            # The answers of a line of several commands come in their order.
            return head + self._fields.sim_answer(rest, self._files_asked.pop(0) if self._files_asked else None)
        if code == "+CSIM":
            return head + self._fields.apdu_fields(rest)
        if code == "+CUSD" and (said := _USSD.fullmatch(rest)):
            self._in_quotes = said.group(3) is None
            return head + said.group(1) + self._names.text(said.group(2)) + (said.group(3) or "")
        return head + self._fields.behind(code, rest, asked=code in self._running or "I" in self._running)

    def _expect_body(self, code: str, core: str) -> None:
        header = _PDU_HEADER[code].fullmatch(core)
        if header is None:
            plain_report = code == "+CDS"  # in text mode it is one line
            self._body = None if plain_report else self._names.text
            self._body_lasts = not plain_report
        elif int(header.group(2)):
            octets = int(header.group(2))
            if code == "+CBM":
                self._body = self._fields.page
            else:
                self._body = lambda line: self._fields.pdu(line, octets, outgoing=False)

    def _to_the_quote(self, core: str) -> str:
        end = _USSD_END.fullmatch(core)
        self._in_quotes = end is None
        return self._names.text(end.group(1)) + end.group(2) if end else self._names.text(core)


def _subcommands(line: str, start: int) -> list[re.Match[str]] | None:
    """The commands of a line; None where it is no line of commands to its end."""
    beginning = _COMMAND_LINE.match(line, start)
    if beginning is None or _WORD.match(line, start):
        return None
    found, place = [], beginning.end()
    while line[place:].strip(_CONTROL + " ;"):
        match = _SUBCOMMAND.match(line, place)
        if match is None:
            return None
        found.append(match)
        place = match.end()
    return found


def _is_known(match: re.Match[str]) -> bool:
    """Whether this is no word of a text by chance: a basic command, or one of the tables."""
    return match["extended"] is None or values_of(match["extended"].upper()) is not Values.UNKNOWN
