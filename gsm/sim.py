"""What a modem says about its SIM, read without I/O (3GPP TS 27.007 clauses 7.1, 8.3, 8.12, 8.18)."""

import re
from collections.abc import Iterable

# "name",<number>,<type>: quotes around name and number are missing on some modems (Huawei, SIMCom: +CNUM: ,"...").
_NUMBER_AND_TYPE = r'"?([+0-9A-Fa-f]+)"?\s*(?:,\s*"?([0-9]+)|,|$)'
_CNUM = re.compile(r'\+CNUM:\s*(?:"[^"]*"|[^,]*)\s*,\s*' + _NUMBER_AND_TYPE)
_CPBR = re.compile(r"\+CPBR:\s*\d+\s*,\s*" + _NUMBER_AND_TYPE)
_CSCA = re.compile(r"\+CSCA:\s*" + _NUMBER_AND_TYPE)
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
# A number while +CSCS="UCS2" holds: four hexadecimal digits for the + and for each digit (TS 27.007 clause 5.5).
_NUMBER_IN_UCS2 = re.compile(r"(?:002[Bb])?(?:003[0-9]){3,20}")
_IMSI = re.compile(r'(?:\+CIMI:\s*)?"?([0-9]{14,15})"?')
# EF MSISDN, 6F40 (TS 51.011 clause 10.5.5, TS 31.102 clause 4.2.26).
NUMBER_FILE = 28480
# A linear fixed file has at most 254 records; a SIM has one or two numbers.
NUMBER_RECORDS_MAX = 8
_RESTRICTED_ACCESS = re.compile(r'\+CRSM:\s*144\s*,\s*0\s*,\s*"?([0-9A-Fa-f]+)"?')
# A record ends with: length of what follows in BCD form, type of number, 10 octets of digits, two identifiers.
_NUMBER_OCTETS = 14
# Type of address 145: international number in the telephone numbering plan (TS 24.008 clause 10.5.4.7).
_INTERNATIONAL = "145"


def own_number_of(lines: Iterable[str]) -> str | None:
    """The first number of a +CNUM or +CPBR answer, with its + where its type says international; None for none."""
    for line in lines:
        match = _CNUM.match(line) or _CPBR.match(line)
        number = _number_in(match) if match else None
        if number is not None:
            return number
    return None


def service_centre_of(lines: Iterable[str]) -> str | None:
    """The number of the service centre in a +CSCA answer, written as `own_number_of` does; None for none."""
    return next((_number_in(match) for match in map(_CSCA.match, lines) if match), None)


def plain_number(said: str) -> str | None:
    """A number as a modem shows it, which may be in UCS-2; None for what is no number."""
    number = bytes.fromhex(said).decode("utf-16-be") if _NUMBER_IN_UCS2.fullmatch(said) else said
    return number if _NUMBER.fullmatch(number) else None


def _number_in(match: re.Match[str]) -> str | None:
    said, kind = match.groups()
    number = plain_number(said)
    international = number is not None and kind == _INTERNATIONAL and not number.startswith("+")
    return f"+{number}" if international else number


def imsi_of(lines: Iterable[str]) -> str | None:
    """The IMSI (14 or 15 digits) of a +CIMI answer, None if it has none."""
    for line in lines:
        match = _IMSI.fullmatch(line)
        if match:
            return match.group(1)
    return None


def pin_state_of(lines: Iterable[str]) -> str | None:
    """What a +CPIN answer says: `READY`, `SIM PIN`, `SIM PUK`, ...; None if it says nothing."""
    for line in lines:
        if line.startswith("+CPIN"):
            return line.partition(":")[2].strip().upper()
    return None


def record_layout_of(lines: Iterable[str]) -> tuple[int, int] | None:
    """Length of a record in octets, and how many there are, of the answer to +CRSM=192 (GET RESPONSE).

    A SIM answers as TS 51.011 clause 9.2.1 says (type of file 04, record length in octet 15), a USIM with a template
    (ETSI TS 102 221 clause 11.1.1.3: tag 62, file descriptor under tag 82). None for anything else.
    """
    octets = _file_octets(lines)
    if octets[:1] == b"\x62":
        descriptor = octets.find(b"\x82\x05")
        length = int.from_bytes(octets[descriptor + 4 : descriptor + 6]) if descriptor > 0 else 0
        records = octets[descriptor + 6] if 0 < descriptor < len(octets) - 6 else 0
    elif len(octets) >= 15 and octets[6] == 4:
        length = octets[14]
        records = int.from_bytes(octets[2:4]) // length if length else 0
    else:
        return None
    return (length, min(records, NUMBER_RECORDS_MAX)) if _NUMBER_OCTETS <= length <= 255 and records else None


def number_in_record(lines: Iterable[str]) -> str | None:
    """The number in a record of EF MSISDN, of the answer to +CRSM=178 (READ RECORD); None for an empty one."""
    octets = _file_octets(lines)[-_NUMBER_OCTETS:]
    if len(octets) < _NUMBER_OCTETS or not 2 <= octets[0] <= 11:
        return None
    digits = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in octets[2 : octets[0] + 1]).rstrip("f")
    if not digits.isdecimal():
        return None
    return "+" + digits if octets[1] & 0x70 == 0x10 else digits


def _file_octets(lines: Iterable[str]) -> bytes:
    match = next((match for match in map(_RESTRICTED_ACCESS.match, lines) if match), None)
    text = match.group(1) if match else ""
    return bytes.fromhex(text[: len(text) // 2 * 2])
