"""What stands in a transcript for a number, an identity, a PIN or a text: of the same length, and always the same.

Pseudonyms can be told from what they stand for, so that masking what is masked changes nothing:

    number   9...90000nnn   country code 999, which is not assigned; shorter ones are cut from the left
    IMSI     00101...       MCC 001 is for tests (ITU-T E.212)
    IMEI     00000000...    no such type allocation code
    ICCID    89000000...    country code 000, which is not assigned (ITU-T E.118, E.164)
    PIN      0000, text xxxx

What looks like that already is left as it is. Two writings of one number (+8613900000000, 13900000000, 013900000000)
get pseudonyms that end alike; that needs all numbers to be known first, so that one object is used twice over the
same dialogue: to collect, and after `settle` to replace.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from gsm import alphabet
from gsm.errors import GsmError

# Fewer digits than this lead to a service or are an index: they are replaced where a number stands, but that they
# appear somewhere else tells nothing.
NUMBER_DIGITS_MIN = 7
# Shorter texts appear anywhere by chance.
TEXT_CHARACTERS_MIN = 6
_NUMBERS_MAX = 999
_IDENTITIES_MAX = 99_999
_NUMBER_SHORTEST = 3
_NUMBER = re.compile(r"9*0{4}[0-9]{3}|0{0,3}[0-9]{3}")
_SAYING_NOTHING = "x" + "".join(map(chr, range(0x20)))
_WORD = re.compile("[0-9]+(?:[ -][0-9]+)+|(?:[*#]0)?[0-9A-Za-z]+")
_DIAL = re.compile(r"ATD[TP]?\s*")
# A plus sign as hexadecimal of UCS-2 or of ASCII, before digits that are.
_HEX_PLUS = re.compile("^(?:002B(?=003)|2B(?=3))", re.IGNORECASE)
_WITHOUT_GROUPS = str.maketrans("", "", " -")
# What was filled; a number of up to three digits is not, except in codes to dial: such zeros are what was said.
_FILLED = re.compile("[xX0]*[xX][xX0]*|0{4,}|[*#]0+")
_FILLER_HEX = re.compile(r"(?:0078)+|(?:78)+")


class TooMany(GsmError):
    """There are more different numbers or identities than pseudonyms."""


class Kind(StrEnum):
    """What is masked."""

    NUMBER = "number"
    IMSI = "imsi"
    IMEI = "imei"
    ICCID = "iccid"
    PIN = "pin"
    TEXT = "text"


_PREFIX = {Kind.IMSI: "00101", Kind.IMEI: "00000000", Kind.ICCID: "89000000"}


class Pseudonyms:
    """One dialogue's pseudonyms. Call everything once to collect, then `settle`, then again to replace."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._given: dict[str, str] | None = None
        self._texts: dict[str, None] = {}
        self._pins: dict[str, None] = {}
        self._used: set[Kind] = set()

    # ---- what is replaced

    def number(self, digits: str) -> str:
        """For the digits of a number, without its plus; up to two digits are an index and stay."""
        return self._digits(digits, Kind.NUMBER) if len(digits) >= _NUMBER_SHORTEST else digits

    def identity(self, digits: str, kind: Kind) -> str:
        """For an IMSI, IMEI or ICCID; digits that were met as something else before stay that."""
        return self._digits(digits, kind)

    def pin(self, pin: str) -> str:
        """For a PIN, PUK or password."""
        filled = "0" * len(pin) if pin.isdigit() else "x" * len(pin)
        if filled != pin:
            self._pins[pin] = None
            self._used.add(Kind.PIN)
        return filled

    def text(self, text: str) -> str:
        """For a text or name as it stands on the line, plain or as hexadecimal of UCS-2 or of octets."""
        if is_filler(text):
            return text
        if len(text) % 4 == 0 and _is_hex(text):
            self.saw_text(bytes.fromhex(text).decode("utf-16-be", errors="replace"))
            return "0078" * (len(text) // 4)
        if len(text) % 2 == 0 and len(text) > 2 and _is_hex(text):
            self.saw_text(bytes.fromhex(text).decode("latin-1"))
            return "78" * (len(text) // 2)
        self.saw_text(text)
        return "".join(character if character < " " else "x" for character in text)

    def fill(self, text: str) -> str:
        """For what may be a secret or a plain setting: digits become 0 and letters x, and it may stand elsewhere."""
        filled = "".join("0" if c in "0123456789" else "x" if c.isalnum() or c > "~" else c for c in text)
        if filled != text:
            self._used.add(Kind.TEXT)
        return filled

    def fill_digits(self, text: str) -> str:
        """The same for digits alone."""
        filled = re.sub("[0-9]", "0", text)
        if filled != text:
            self._used.add(Kind.TEXT)
        return filled

    def hex_iccid(self, digits: str) -> str:
        """For an ICCID that has letters, upper case."""
        if digits.startswith(_PREFIX[Kind.ICCID]):
            return _PREFIX[Kind.ICCID].ljust(len(digits), "0")
        return self._digits(digits, Kind.ICCID)

    def saw_text(self, text: str) -> None:
        """Remember a text that was filled elsewhere."""
        if text.strip(_SAYING_NOTHING):
            self._texts[text] = None
            self._used.add(Kind.TEXT)

    def _digits(self, digits: str, kind: Kind) -> str:
        self._kinds.setdefault(digits, kind)
        if self._given is None:
            return digits
        return self._given[digits]

    # ---- between the two

    def settle(self) -> None:
        """All is collected: give out the pseudonyms. Raises TooMany."""
        self._given = {digits: digits for digits in self._kinds}
        for kind in (Kind.NUMBER, Kind.IMSI, Kind.IMEI, Kind.ICCID):
            met = [digits for digits, its_kind in self._kinds.items() if its_kind is kind]
            taken = {_ordinal(digits) for digits in met if _is_pseudonym(digits, kind)}
            groups: dict[str, int] = {}
            most = _NUMBERS_MAX if kind is Kind.NUMBER else _IDENTITIES_MAX
            free = (ordinal for ordinal in range(1, most + 1) if ordinal not in taken)
            for digits in met:
                if _is_pseudonym(digits, kind) or not digits.strip("0"):
                    continue
                group = _shortest_ending(digits, met) if kind is Kind.NUMBER else digits
                if group not in groups:
                    groups[group] = next(free, 0)
                    if not groups[group]:
                        raise TooMany(f"there are more than {most} different values of kind {kind}")
                self._given[digits] = _pseudonym(len(digits), kind, groups[group])
                self._used.add(kind)

    # ---- afterwards

    @property
    def masked(self) -> tuple[str, ...]:
        """The kinds of which something was replaced."""
        return tuple(sorted(map(str, self._used)))

    def replaced(self) -> Iterator[tuple[str, str]]:
        """Digits and their pseudonyms, the longest first; without those that are too short to tell anything."""
        assert self._given is not None, "settle comes first"
        for digits in sorted(self._given, key=len, reverse=True):
            if len(digits) >= NUMBER_DIGITS_MIN and digits.isdigit() and self._given[digits] != digits:
                yield digits, self._given[digits]

    def related(self, digits: str) -> str | None:
        """For another writing of a number that was met: a pseudonym that ends like that one's; else None."""
        core = digits.lstrip("0")
        for other, pseudonym in self.replaced():
            ends_alike = core.endswith(other.lstrip("0")) or other.endswith(core)
            if self._kinds[other] is Kind.NUMBER and len(core) >= NUMBER_DIGITS_MIN and ends_alike:
                return _pseudonym(len(digits), Kind.NUMBER, _ordinal(pseudonym))
        return None

    def stranger(self, digits: str) -> str:
        """For a number that is nowhere in the dialogue."""
        self._used.add(Kind.NUMBER)
        return "0" * len(digits)

    def remains(self) -> Iterator[tuple[Kind, str]]:
        """Every way, in upper case, in which a secret that was met could still stand somewhere."""
        assert self._given is not None, "settle comes first"
        for digits, pseudonym in self._given.items():
            if pseudonym != digits and len(digits) >= NUMBER_DIGITS_MIN:
                for notation in _notations_of_digits(digits):
                    yield self._kinds[digits], notation
        for text in self._texts:
            if len(text.strip()) >= TEXT_CHARACTERS_MIN:
                for notation in _notations_of_text(text.strip()):
                    yield Kind.TEXT, notation
        for pin in self._pins:
            yield Kind.PIN, f'"{pin.upper()}"'


def is_filler(text: str) -> bool:
    """Whether a text is one that was masked as hexadecimal; its digits are no number."""
    return _FILLER_HEX.fullmatch(text) is not None


def looks_masked(digits: str) -> bool:
    """Whether digits are a pseudonym of any kind or a filler, in any notation that has only digits."""
    if is_filler(digits) or any(_is_pseudonym(digits, kind) for kind in (Kind.NUMBER, *_PREFIX)):
        return True
    for unit in ("003", "3"):
        inner = digits[len(unit) :: len(unit) + 1]
        if inner and digits == "".join(unit + digit for digit in inner):
            return len(inner) < NUMBER_DIGITS_MIN or looks_masked(inner)
    return len(digits) % 2 == 0 and _is_pseudonym(swapped(digits), Kind.ICCID)


def may_stand_for(masked: str, plain: str) -> bool:
    """Whether a masked command may have been the plain one: what differs is a pseudonym or filled, place by place."""
    if len(masked) != len(plain):
        return False
    if (dial := _DIAL.match(masked)) and dial.group() == plain[: dial.end()]:
        masked, plain = masked[dial.end() :], plain[dial.end() :]
    for word in _WORD.finditer(masked):
        said, instead = word.group(), plain[word.start() : word.end()]
        if said.upper() == instead.upper():
            continue
        if is_filler(said) and _is_hex(instead):
            continue
        digits, others = (_HEX_PLUS.sub("", each.translate(_WITHOUT_GROUPS)) for each in (said, instead))
        is_number = len(digits) > _NUMBER_SHORTEST and digits.isdigit() and others.isdigit() and looks_masked(digits)
        if not (is_number or _FILLED.fullmatch(said)):
            return False
        if any(not other.isdigit() for character, other in zip(said, instead, strict=True) if character == "0"):
            return False
    return _WORD.sub("", masked) == "".join(plain[start:end] for start, end in _between_words(masked))


def _between_words(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    for word in _WORD.finditer(text):
        yield place, word.start()
        place = word.end()
    yield place, len(text)


def _is_hex(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdefABCDEF" for character in text)


def _is_pseudonym(digits: str, kind: Kind) -> bool:
    if kind is Kind.NUMBER:
        return _NUMBER.fullmatch(digits) is not None
    return digits.startswith(_PREFIX[kind])


def _ordinal(digits: str) -> int:
    return int(digits[-3:]) if _NUMBER.fullmatch(digits) else int(digits[-5:])


def _pseudonym(length: int, kind: Kind, ordinal: int) -> str:
    if kind is Kind.NUMBER:
        return ("9" * length + f"0000{ordinal:03}")[-length:]
    prefix = _PREFIX[kind]
    return prefix + str(ordinal).zfill(length - len(prefix))


def _shortest_ending(digits: str, met: list[str]) -> str:
    """The shortest number met that this one ends in, its trunk prefix 0 aside: the subscriber's own part."""
    core = digits.lstrip("0")
    endings = (other.lstrip("0") for other in met)
    return min((end for end in endings if len(end) >= NUMBER_DIGITS_MIN and core.endswith(end)), key=len, default=core)


def _notations_of_digits(digits: str) -> Iterator[str]:
    """Plain, as hexadecimal of UCS-2 and of ASCII, and as semi-octets from either half of an octet."""
    yield digits
    yield "".join(f"003{digit}" for digit in digits)
    yield "".join(f"3{digit}" for digit in digits)
    for start in (0, 1):
        pairs = swapped(digits[start : start + (len(digits) - start) // 2 * 2])
        if len(pairs) > NUMBER_DIGITS_MIN:  # three octets appear by chance
            yield pairs


def _notations_of_text(text: str) -> Iterator[str]:
    """Plain, and as hexadecimal of UCS-2, of octets and of packed septets."""
    yield text.upper()
    yield text.encode("utf-16-be", errors="replace").hex().upper()
    yield text.encode("latin-1", errors="replace").hex().upper()
    if alphabet.is_gsm7(text):
        septets = alphabet.encode_text(text)
        whole = len(septets) * 7 // 8  # the last octet may hold bits of what follows
        yield alphabet.pack(septets)[:whole].hex().upper()


def swapped(digits: str) -> str:
    """Semi-octets in each other's place, as BCD fields of a SIM and of PDUs have them; an even number of characters."""
    return "".join(digits[place + 1] + digits[place] for place in range(0, len(digits), 2))
