"""The TE's character sets: between text and the strings of commands and answers (TS 27.007 clause 5.5).

A string of a command line is `str` with one character for each octet (Latin-1), since octets of the GSM alphabet are
no text of ours. `decode` makes text of it, `encode` the reverse.
"""

from gsm import alphabet

GSM, IRA, UCS2, HEX, LATIN_1 = "GSM", "IRA", "UCS2", "HEX", "8859-1"
NAMES = (GSM, IRA, UCS2, HEX, LATIN_1)

_NUMBER = frozenset("0123456789+*#")


class InvalidText(ValueError):
    """A string is not of the character set that is selected; the string is not shown."""


def decode(string: str, character_set: str) -> str:
    """The text that a string of a command stands for. Raises InvalidText.

    "HEX" is hexadecimal for octets of the modem's own alphabet, the GSM one; "UCS2" for UTF-16 units.
    """
    octets = string.encode("latin-1", errors="replace")
    match character_set:
        case "GSM":
            return alphabet.decode_text(octets)
        case "HEX":
            return alphabet.decode_text(_from_hex(string))
        case "UCS2":
            try:
                return _from_hex(string).decode("utf-16-be")
            except UnicodeDecodeError as error:
                raise InvalidText("not UCS-2 in hexadecimal") from error
        case "IRA":
            if not string.isascii():
                raise InvalidText("not of the reference alphabet")
            return string
        case _:
            return string


def encode(text: str, character_set: str) -> str:
    """Text as a string of an answer; what the set does not have is shown as ?."""
    match character_set:
        case "GSM":
            return gsm_octets(text).decode("latin-1")
        case "HEX":
            return gsm_octets(text).hex().upper()
        case "UCS2":
            return text.encode("utf-16-be", errors="replace").hex().upper()
        case "IRA":
            return text.encode("ascii", errors="replace").decode("ascii")
        case _:
            return text.encode("latin-1", errors="replace").decode("latin-1")


def encode_number(number: str, character_set: str) -> str:
    """A number or name as address: <oa>, <da>, <ra>, <sca> are in the selected set too (TS 27.005 clause 3.1)."""
    return number if character_set in (IRA, LATIN_1) else encode(number, character_set)


def decode_number(string: str, character_set: str) -> str:
    """The number that a client means; one in plain digits is taken as such in every set, as modems do."""
    if character_set in (UCS2, HEX):
        try:
            text = decode(string, character_set)
        except InvalidText:
            return string
        return text if text and _NUMBER.issuperset(text) else string
    return string


def gsm_octets(text: str) -> bytes:
    """Octets of the GSM alphabet, ? for a character that it lacks."""
    return b"".join(alphabet.encode_character(one if alphabet.is_gsm7(one) else "?") for one in text)


def _from_hex(string: str) -> bytes:
    try:
        return bytes.fromhex(string)
    except ValueError as error:
        raise InvalidText("not hexadecimal") from error
