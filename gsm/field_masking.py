"""The parts of a line under pseudonyms: arguments, fields, dial strings, runs of digits, hexadecimal; without I/O.

Every function gives a text of the same length, and leaves quotes, commas and whatever else shapes a line in place. What
stands behind a code is kept only as far as `gsm.harmless` says; numbers and identities become pseudonyms in any case,
and of the rest letters become x and digits 0.
"""

import re
from collections.abc import Callable

from gsm.errors import PduError
from gsm.harmless import SETTING_SPEED, SPEEDS, WORDS, Values, values_of
from gsm.pdu_masking import mask_deliver_report, mask_file, mask_page, mask_pdu
from gsm.pseudonyms import Kind, Pseudonyms, is_filler, swapped

# Commands that carry a PIN, a PUK or a password (TS 27.007 clauses 8.3, 7.4, 7.5, 10.1.31; Huawei's network lock), and
# what makers call theirs.
_SECRET_COMMANDS = {"+CPIN", "+CPIN2", "^CPIN", "+CLCK", "+CPWD", "+CGAUTH", "^CARDLOCK", "^AUTHDATA"}
_SECRET_NAME = re.compile("PIN|PUK|PWD|PASS|LCK|LOCK|AUTH")
# Keys that are pressed, one by one or in a row, may be a PIN: TS 27.007 annex C.2.11 (+VTS) and clause 8.7 (+CKPD), and
# tones as makers send and report them.
_KEYS_NAME = re.compile(r"\+VTS|\+CKPD|\+DDET|DTMFD?$|TONEDET")
_FIELD = re.compile(r'"([^"]*)"?|([^,"]+)')
_DATE, _CLOCK = r"\d{2,4}/\d\d/\d\d", r"\d\d:\d\d:\d\d([+-]\d\d)?"
_TIME = re.compile(f"({_DATE})?,?({_CLOCK})?")
# A range in brackets has few digits, a number in brackets many.
_STATE = re.compile(r"|REC (UN)?READ|STO (UN)?SENT|ALL|\((?=(?:[-, ]*[0-9]){0,6}[-, ]*\))[-0-9, ]*\)")
_NUMBER = re.compile(r"(\+?)([0-9]{3,})")
_GROUPED_NUMBER = re.compile(r"[+(]*[0-9]+(?:[-() ./]+[0-9]+)+\)?")
_CODE_TO_DIAL = re.compile(r"[0-9*#+]+")
_WORD = re.compile(r"[A-Za-z_\x80-\xff][-0-9A-Za-z_\x80-\xff]*|8859-1")
_LETTER = re.compile("[A-Za-z]")
_SHORT_NUMBERS = re.compile(r"[-+=.,:;()?*# \t]*(?:(?<![0-9])[0-9]{1,6}[-+=.,:;()?*# \t]*)*")
# A single one, or a range: too short for a PIN.
_SMALL_NUMBER = re.compile(r"[=( ?]*[-+]?(?:[0-9]{1,2}(?:-[0-9]{1,3})?|[0-9]{3})?[) ]*")
_RADIX = re.compile(r"[0-9A-Fa-f]+")
# A number as hexadecimal of UCS-2 or, with +CSCS="HEX", of ASCII.
HEX_DIGITS = re.compile(r"(?<![0-9A-Fa-f])(?:(002[Bb])?((?:003[0-9]){4,})|(2[Bb])?((?:3[0-9]){7,}))(?![0-9A-Fa-f])")
# An ICCID of an odd number of digits is shown with the F that fills its last octet.
_DIGITS = re.compile(r"\+?[0-9]{7,}(?:(?<=[0-9]{18})[Ff](?![0-9A-Za-z]))?")
# Digits in groups, few by themselves, and an ICCID with letters as some issuers have them.
_GROUPS = re.compile(r"(?<![0-9A-Za-z])\+?[0-9]+(?:[ -][0-9]+)+(?![0-9A-Za-z])")
# An IMEI in the pieces of TS 23.003 clause 6.2.1, or one with its check digit or version.
_IMEI_IN_PIECES = re.compile(r"(?<![0-9A-Za-z])(?=(?:[0-9][/.]?){14,17}(?![0-9A-Za-z/.]))[0-9]+(?:[/.][0-9]+){2,4}")
HEX_ICCID = re.compile(r"(?<![0-9A-Za-z])(?![0-9]+[Ff]?(?![0-9A-Za-z]))89[0-9A-Fa-f]{16,18}(?![0-9A-Za-z])")
_NUMBERS = re.compile("|".join(each.pattern for each in (HEX_ICCID, HEX_DIGITS, _IMEI_IN_PIECES, _GROUPS, _DIGITS)))
# What names an identity of the device: the rest of the line is one, of letters too.
_SERIAL = re.compile(r"(.*(?<![A-Z])(?:ESN|MEID|P?FSN|S/N|SN|SERIAL(?: NUMBER)?)\s*[:=]\s*)(.*)", re.IGNORECASE)
# A round number (a speed in bits a second) is nobody's.
SAYS_NOTHING = re.compile("0*|[1-9]{1,2}0{6,}")
BUILD_DATE = re.compile(r"20[0-3][0-9][01][0-9][0-3][0-9]")
_NUMBER_DIGITS_MIN = 7
_SECRET_DIGITS_MIN = 4
_READ_BINARY, _READ_RECORD, _UPDATE_BINARY, _UPDATE_RECORD = "176", "178", "214", "220"
_READS, _UPDATES = {_READ_BINARY, _READ_RECORD}, {_UPDATE_BINARY, _UPDATE_RECORD}
_SELECT = "A4"


class Unmaskable(Exception):
    """Why a line cannot be masked."""


class Fields:
    """Masks parts of lines. `asked_for` is the kind of identity that the running command asks for, if it does."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._names = pseudonyms
        self.asked_for: Kind | None = None

    # ---- behind a command or a code

    def arguments(self, name: str, arguments: str) -> str:
        """What is sent with a command."""
        if _KEYS_NAME.search(name):
            return self._keys(arguments)
        if name in _SECRET_COMMANDS or _SECRET_NAME.search(name):
            return _FIELD.sub(self._secret_field, arguments)
        if name == "+CRSM":
            return self._sim_command(arguments)
        if name == "+CSIM":
            return _FIELD.sub(lambda match: self.apdu(match.group()), arguments)
        if name == "D":
            return self._dialled(arguments)
        if values_of(name) is Values.PERSONAL:
            arguments = re.sub(r"[*#][0-9*# ]+", lambda code: re.sub("[0-9]", "0", code[0]), arguments)
        return self.behind(name, arguments)

    def behind(self, code: str, text: str, *, asked: bool = True) -> str:
        """What a code says. The names of a device or a network are kept only where they were `asked` for."""
        if _KEYS_NAME.search(code):
            return self._keys(text)
        if code in SETTING_SPEED:
            return re.sub("[0-9]+", lambda found: found[0] if found[0] in SPEEDS else self.digits(found[0]), text)
        match values_of(code):
            case Values.PERSONAL:
                return _FIELD.sub(self._personal_field, text)
            case Values.NAMES if asked:
                return self.digits(text)
            case Values.PLACE:
                return _FIELD.sub(self._place_field, text)
            case Values.NUMBERS:
                return _FIELD.sub(lambda match: self._kept_field(match, _SHORT_NUMBERS), text)
        return self.unknown(text)

    def unknown(self, text: str) -> str:
        """What nobody knows: single small numbers, times and constants stay."""
        return _FIELD.sub(lambda match: self._kept_field(match, _SMALL_NUMBER), text)

    def _kept_field(self, match: re.Match[str], kept: re.Pattern[str]) -> str:
        quoted, field = match.group(1), match.group()
        value = field if quoted is None else quoted
        if is_filler(value) or _TIME.fullmatch(value) or (kept if quoted is None else _SMALL_NUMBER).fullmatch(value):
            return field
        return self._filled(field)

    def _filled(self, text: str) -> str:
        """Numbers by themselves under pseudonyms, words that are constants kept, the rest filled."""
        pieces, place = [], 0
        for match in _NUMBERS.finditer(text):
            in_a_word = _LETTER.match(text, match.end()) or (match.start() and _LETTER.match(text, match.start() - 1))
            masked = None if in_a_word else self._masked_number(match, None)
            if masked is not None:
                pieces += [self._without_words(text[place : match.start()]), masked]
                place = match.end()
        return "".join([*pieces, self._without_words(text[place:])])

    def _without_words(self, text: str) -> str:
        pieces, place = [], 0
        for match in _WORD.finditer(text):
            if match.group() in WORDS:
                pieces += [self._names.fill(text[place : match.start()]), match.group()]
                place = match.end()
        return "".join([*pieces, self._names.fill(text[place:])])

    def _place_field(self, match: re.Match[str]) -> str:
        """An area or a cell is in quotes or has three digits or more; a state, a mode and a technology have not."""
        quoted, field = match.group(1), match.group()
        value = field.strip("=?() ") if quoted is None else quoted
        if not _RADIX.fullmatch(value):
            return self._kept_field(match, _SMALL_NUMBER)
        if quoted is None and len(value) < 3 and value.isdigit():
            return field
        return field.replace(value, "0" * len(value), 1)

    def _secret_field(self, match: re.Match[str]) -> str:
        value = match.group(1) if match.group(1) is not None else match.group(2)
        bare = value.strip("= ?")
        if not bare or bare in WORDS or (len(bare) < _SECRET_DIGITS_MIN - 1 and bare.isdigit()):
            return match.group()
        return match.group().replace(bare, self._names.pin(bare), 1)

    def _keys(self, text: str) -> str:
        """Every key that has a digit; a range of keys is what the modem can do."""
        return text if text.lstrip().startswith("(") else self._names.fill_digits(text)

    # ---- of people

    def _personal_field(self, match: re.Match[str]) -> str:
        quoted = match.group(1)
        if quoted is None:
            return self._unquoted_field(match.group(2))
        if is_filler(quoted) or _STATE.fullmatch(quoted) or _TIME.fullmatch(quoted):
            return match.group()
        return match.group().replace(quoted, self._personal(quoted), 1)

    def _personal(self, quoted: str) -> str:
        if HEX_DIGITS.fullmatch(quoted):
            return HEX_DIGITS.sub(self._hex_digits, quoted)
        if number := _NUMBER.fullmatch(quoted):
            return number.group(1) + self._number_or_identity(number.group(1), number.group(2))
        if _GROUPED_NUMBER.fullmatch(quoted):
            return self._number_in_pieces(quoted)
        if _CODE_TO_DIAL.fullmatch(quoted):
            masked = quoted if len(quoted) <= 2 else re.sub("[0-9]", "0", quoted)
            if masked != quoted:
                self._names.saw_text(quoted)
            return masked
        return self._names.text(quoted)

    def _unquoted_field(self, field: str) -> str:
        start = len(field) - len(field.lstrip("= "))
        core = field[start:].rstrip()
        number = _NUMBER.fullmatch(core)
        if number and len(number.group(2)) >= _SECRET_DIGITS_MIN:
            masked = number.group(1) + self._number_or_identity(number.group(1), number.group(2))
            return field[:start] + masked + field[start + len(core) :]
        if number or not any(character.isalpha() or character > "~" for character in core):
            return self._short_digits_masked(self.digits(field))
        if _STATE.fullmatch(core) or _TIME.fullmatch(core):
            return field
        return field[:start] + self._names.text(core) + field[start + len(core) :]

    def _short_digits_masked(self, text: str) -> str:
        return re.sub(r"(?<![0-9])[0-9]{4,6}(?![0-9])", lambda found: self._names.number(found[0]), text)

    def _number_or_identity(self, plus: str, digits: str) -> str:
        if self.asked_for and not plus and len(digits) >= 14:
            return self._names.identity(digits, self.asked_for)
        return self._names.number(digits)

    def _number_in_pieces(self, text: str) -> str:
        """A number whatever stands between its digits; the shortest, of services, are kept or filled."""
        digits = re.sub("[^0-9]", "", text)
        if len(digits) < _NUMBER_DIGITS_MIN:
            return text if len(digits) < _SECRET_DIGITS_MIN else re.sub("[0-9]", "0", text)
        instead = iter(self._names.number(digits))
        return re.sub("[0-9]", lambda _: next(instead), text)

    def _dialled(self, arguments: str) -> str:
        """A number, a name in the phone book, or a code of the user's, which may carry PIN and PUK (TS 22.030)."""
        if '"' in arguments or ">" in arguments:
            return self._filled(arguments)
        if not re.search("[*#]", arguments):
            return self._number_in_pieces(arguments)

        def group(match: re.Match[str]) -> str:
            digits = match.group()
            secret = re.search(r"\*0", arguments) or len(digits) < 9
            return "0" * len(digits) if secret else self.digits(digits)

        return re.sub("[0-9]+", group, arguments)

    # ---- runs of digits

    def named(self, line: str) -> str:
        """A line of what a modem says of itself: maker, model, firmware stay, identities do not."""
        serial = _SERIAL.fullmatch(line)
        return serial.group(1) + self._names.fill(serial.group(2)) if serial else self.digits(line)

    def digits(self, text: str, kind: Kind | None = None) -> str:
        """Every long run of digits in a line that says nothing else about anybody."""
        return _NUMBERS.sub(lambda match: self._masked_number(match, kind) or match.group(), text)

    def _masked_number(self, match: re.Match[str], kind: Kind | None) -> str | None:
        """A run of digits that may be a number or an identity, masked; None for others."""
        found = match.group()
        kind = kind or self.asked_for
        if kind is None and (named := re.search("IMEI|IMSI|ICCID|CCID", match.string, re.IGNORECASE)):
            kind = Kind("iccid" if "CID" in named.group().upper() else named.group().lower())
        if HEX_ICCID.fullmatch(found):
            return self._names.hex_iccid(found.upper())
        if match.group(2) or match.group(4):
            return self._hex_digits(match)
        digits = re.sub("[^0-9]", "", found)
        is_date = len(digits) == 8 and BUILD_DATE.fullmatch(digits)
        if len(digits) < _NUMBER_DIGITS_MIN or SAYS_NOTHING.fullmatch(digits) or is_date:
            return None
        instead = iter(self._run(digits, None if found.startswith("+") else kind))
        return re.sub("[0-9]", lambda _: next(instead), found)

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

    # ---- hexadecimal

    def pdu(self, line: str, tpdu_octets: int | None, *, outgoing: bool, report: bool = False) -> str:
        """A PDU of so many octets as were announced."""
        if report:
            return _of_hex(line, lambda octets: mask_deliver_report(octets, self._names))
        return _of_hex(line, lambda octets: mask_pdu(octets, self._names, outgoing=outgoing, tpdu_octets=tpdu_octets))

    def page(self, line: str) -> str:
        """A page of a cell broadcast."""
        return _of_hex(line, lambda octets: mask_page(octets, self._names))

    def _sim_command(self, arguments: str) -> str:
        fields = arguments.lstrip("= ").split(",")
        if fields[0].strip() not in _UPDATES or len(fields) < 6:
            return arguments if re.fullmatch(r"[=? 0-9,]*", arguments) else self.unknown(arguments)
        return self._file_fields(arguments, _number_in(fields[1]))

    def sim_answer(self, rest: str, command: str | None) -> str:
        """The answer to +CRSM with these arguments; None where another command is running."""
        fields = command.lstrip("= ").split(",") if command is not None else []
        if fields and fields[0].strip() not in _READS:
            return rest if re.fullmatch(r'[ 0-9A-Fa-f,"]*', rest) else self.unknown(rest)
        return self._file_fields(rest, _number_in(fields[1]) if len(fields) > 1 else 0)

    def _file_fields(self, text: str, file_id: int) -> str:
        def masked(match: re.Match[str]) -> str:
            return _of_hex(match.group(), lambda octets: mask_file(file_id, octets, self._names))

        return re.sub(r"(?:[0-9A-Fa-f]{2}){4,}", masked, text)

    def apdu_fields(self, rest: str) -> str:
        """The answer to +CSIM."""
        return _FIELD.sub(lambda match: self.apdu(match.group(), answer=True), rest)

    def apdu(self, field: str, *, answer: bool = False) -> str:
        """An APDU keeps its five octets of header, and what it selects; an answer its status word (TS 102 221)."""
        core = field.strip('" =')
        if not is_hex(core) or len(core) <= 4:
            return field if _SMALL_NUMBER.fullmatch(core) or is_hex(core) else self._filled(field)
        if answer:
            kept, hidden, status = "", core[:-4], core[-4:]
        elif core[2:4].upper() == _SELECT:
            return field
        else:
            kept, hidden, status = core[:10], core[10:], ""
        return field.replace(core, kept + "F" * len(hidden) + status, 1)


def _number_in(field: str) -> int:
    return int(field) if field.strip().isdecimal() else 0


def is_hex(text: str) -> bool:
    """Whether there is nothing but hexadecimal digits."""
    return bool(text) and all(character in "0123456789abcdefABCDEF" for character in text)


def _of_hex(line: str, masked: Callable[[bytes], bytes]) -> str:
    """Mask what a line of hexadecimal says, in its own case, blanks around it kept."""
    core = line.strip()
    if not is_hex(core) or len(core) % 2:
        raise Unmaskable("a PDU is expected here, and this is no line of hexadecimal")
    try:
        digits = masked(bytes.fromhex(core)).hex()
    except PduError as error:
        raise Unmaskable(str(error)) from None
    start = line.index(core)
    return line[:start] + (digits if core == core.lower() else digits.upper()) + line[start + len(core) :]
