"""A transcript's header under the pseudonyms of its dialogue, without I/O: people write into it what they like.

The dialogue's numbers and identities become their pseudonyms whatever stands between their digits; its texts, PINs and
passwords are filled. So are other runs of seven digits and more, also in groups, and whatever digits stand behind a
plus; not a date, a speed or the parts of a version. No header is refused: the dialogue would be lost with it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any

from gsm.field_masking import BUILD_DATE
from gsm.harmless import SPEEDS
from gsm.pseudonyms import Kind, Pseudonyms, looks_masked
from gsm.transcript import Header

_NOT_OF_PEOPLE = {"masked", "recorded"}
_DATE = re.compile(r"(?<![0-9])(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")
_BETWEEN = r"[^0-9A-Za-z]{0,2}"
_SPREAD = re.compile(rf"[0-9](?:{_BETWEEN}[0-9]){{6,}}")
_RUN = re.compile(rf"\+(?:{_BETWEEN}[0-9]){{7,}}|[0-9](?:[ -]?[0-9]){{6,}}")


def mask_header(header: Header, pseudonyms: Pseudonyms) -> Header:
    """Masked as its dialogue was, whose pseudonyms are settled."""
    texts = {each.name: getattr(header, each.name) for each in fields(header) if each.name not in _NOT_OF_PEOPLE}
    return replace(header, **{name: _masked(value, pseudonyms) for name, value in texts.items()})


def _masked(value: Any, pseudonyms: Pseudonyms) -> Any:
    match value:
        case str():
            return _masked_text(value, pseudonyms)
        case list() | tuple():
            return type(value)(_masked(each, pseudonyms) for each in value)
        case Mapping():
            return {key: _masked(each, pseudonyms) for key, each in value.items()}
    return value


def _masked_text(text: str, pseudonyms: Pseudonyms) -> str:
    text = "".join(_ascii_digit(character) for character in text)
    for secret, pseudonym in pseudonyms.replaced():
        text = re.sub(_BETWEEN.join(secret), partial(_with_digits, digits=pseudonym), text)
    for kind, notation in pseudonyms.remains():
        secret = re.escape(notation.strip('"'))
        if kind is Kind.PIN:
            secret = f"(?<![0-9A-Za-z]){secret}(?![0-9A-Za-z])"
        text = re.sub(secret, lambda found: pseudonyms.fill(found.group()), text, flags=re.IGNORECASE)

    def related(found: re.Match[str]) -> str:
        pseudonym = pseudonyms.related(_digits(found))
        return _with_digits(found, pseudonym) if pseudonym else found.group()

    def run(found: re.Match[str]) -> str:
        digits = _digits(found)
        if looks_masked(digits) or digits in SPEEDS or BUILD_DATE.fullmatch(digits):
            return found.group()
        return _with_digits(found, pseudonyms.stranger(digits))

    text = _SPREAD.sub(related, text)
    return "".join(part if place % 2 else _RUN.sub(run, part) for place, part in enumerate(_DATE.split(text)))


def _ascii_digit(character: str) -> str:
    """Digits are also written in full width and in other scripts."""
    return str(unicodedata.decimal(character, character))


def _digits(found: re.Match[str]) -> str:
    return re.sub("[^0-9]", "", found.group())


def _with_digits(found: re.Match[str], digits: str) -> str:
    """What was found with other digits, as many as it has."""
    instead = iter(digits)
    return re.sub("[0-9]", lambda _: next(instead), found.group())
