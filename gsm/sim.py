"""What a modem says about its SIM, read without I/O (3GPP TS 27.007 clauses 7.1, 8.3, 8.12)."""

import re
from collections.abc import Iterable

# "name",<number>,<type>: quotes around name and number are missing on some modems (Huawei, SIMCom: +CNUM: ,"...").
_NUMBER_FIELDS = r'(?:"[^"]*"|[^,]*)\s*,\s*"?(\+?[0-9]{3,20})"?\s*(?:,\s*"?([0-9]+))?'
_CNUM = re.compile(r"\+CNUM:\s*" + _NUMBER_FIELDS)
_CPBR = re.compile(r'\+CPBR:\s*\d+\s*,\s*"?(\+?[0-9]{3,20})"?\s*(?:,\s*"?([0-9]+))?')
_IMSI = re.compile(r'(?:\+CIMI:\s*)?"?([0-9]{14,15})"?')
# Type of address 145: international number in the telephone numbering plan (TS 24.008 clause 10.5.4.7).
_INTERNATIONAL = "145"


def own_number_of(lines: Iterable[str]) -> str | None:
    """The first number of a +CNUM or +CPBR answer, with its + where its type says international; None for none."""
    for line in lines:
        match = _CNUM.match(line) or _CPBR.match(line)
        if match:
            number, kind = match.groups()
            return "+" + number if kind == _INTERNATIONAL and not number.startswith("+") else number
    return None


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
