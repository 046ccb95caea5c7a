"""National languages in GSM 7-bit text (3GPP TS 23.038 clause 6.2.1.2 and annex A).

A *locking shift* table stands in place of the default alphabet for a whole message, a *single shift* table in
place of the extension table, for the one character after an escape. Elements 25 and 24 of the user data header
name them (TS 23.040 clauses 9.2.3.24.16 and .15).

The tables are those of gsmcodecs (importing it takes about 1 ms), corrected below.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cache

from gsmcodecs.charmaps import GSMCHARMAPS

from gsm.alphabet import BASIC, DEFAULT, ESCAPE, EXTENSION, Tables, encode_text, is_gsm7


class Language(IntEnum):
    """National language identifiers (TS 23.038 clause 6.2.1.2.4). Spanish has no locking shift table."""

    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3
    BENGALI = 4
    GUJARATI = 5
    HINDI = 6
    KANNADA = 7
    MALAYALAM = 8
    ORIYA = 9
    PUNJABI = 10
    TAMIL = 11
    TELUGU = 12
    URDU = 13


KNOWN: frozenset[int] = frozenset(Language)
_NO_LOCKING_SHIFT = frozenset({Language.SPANISH})

# Every code of gsmcodecs 1.0.0 was compared with Android's tables, and each difference looked up in TS 23.038 V16.0.0
# annex A as CyberChef transcribes it; smstools, with tables of its own, reads every printable code as these do
# (tests/system/test_codec_clients.py). 0x2C is a comma in all of A.3.4 to A.3.13 (gsmcodecs: an apostrophe, which
# the single shift tables have at 0x09).
_LOCKING_CORRECTIONS: Mapping[int, Mapping[int, str]] = {
    **{language: {0x2C: ","} for language in range(Language.BENGALI, Language.URDU + 1)},
    # A.3.7 prints U+0CAA (pa) at 0x24 and again at 0x3D. Between ttha and ddha stands dda, U+0CA1, as in the
    # sister tables, and so Android and smstools have it.
    Language.KANNADA: {0x2C: ",", 0x24: "\u0ca1"},
}
# A.2.12 has the euro sign at 0x65, like every single shift table.
_SINGLE_CORRECTIONS: Mapping[int, Mapping[int, str]] = {Language.TELUGU: {0x65: "€"}}

# What an element costs in bits: identifier, length and one octet of data.
_ELEMENT_BITS = 24


@cache
def tables(locking: int = 0, single: int = 0) -> Tables:
    """The tables of a message with these identifiers (0: none; the default alphabet, the default extension).

    An identifier that has no such table counts as 0: a receiver ignores an element that it does not know
    (TS 23.040 clauses 9.2.3.24.15 and .16).
    """
    basic, extension = BASIC, EXTENSION
    if locking in KNOWN and locking not in _NO_LOCKING_SHIFT:
        basic = _table(locking, "locking", _LOCKING_CORRECTIONS)
    if single in KNOWN:
        extension = _table(single, "singleShift", _SINGLE_CORRECTIONS)
    return DEFAULT if basic is BASIC and extension is EXTENSION else Tables(basic, extension)


def choose(text: str, languages: Iterable[Language]) -> tuple[int, int] | None:
    """The identifiers (locking, single) that write `text` in the fewest bits, or None where none can.

    (0, 0), the default alphabet, wins wherever it has every character. Tables of two languages are combined
    when both are allowed.
    """
    if is_gsm7(text):
        return 0, 0
    costs = {
        pair: 7 * len(encode_text(text, tables(*pair))) + _ELEMENT_BITS * sum(map(bool, pair))
        for pair in _pairs(tuple(languages))
        if is_gsm7(text, tables(*pair))
    }
    return min(costs, key=lambda pair: costs[pair]) if costs else None


def _pairs(allowed: tuple[Language, ...]) -> Iterator[tuple[int, int]]:
    for locking in (0, *(language for language in allowed if language not in _NO_LOCKING_SHIFT)):
        for single in (0, *allowed):
            yield locking, single


def _table(language: int, kind: str, corrections: Mapping[int, Mapping[int, str]]) -> Mapping[int, str]:
    codes: Mapping[int, int] = GSMCHARMAPS[language][kind]["decode"]
    printed = {code: chr(point) for code, point in codes.items() if code != ESCAPE}
    return printed | dict(corrections.get(language, {}))
