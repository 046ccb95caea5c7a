"""Which lines answer which command, as tables (3GPP TS 27.007, TS 27.005, ITU-T V.250, vendors' manuals).

A modem writes the answer to a command and its unsolicited codes to one line, without saying which is which. What
tells them apart: a command `AT+NAME...` is answered by lines `+NAME: ...` or by bare lines, and everything else that
begins with a code (`^RSSI:19`, `+CMTI: "SM",3`) is unsolicited.
"""

import re
from typing import NamedTuple

from gsm.final_results import refusal_of

# V.250 clause 5.7.1. What says no is `gsm.final_results`'s.
_OK = "OK"
# Final results of a dial command only; at any other time they tell about a call that is up.
_DIAL_FINAL = re.compile(r"NO CARRIER|NO DIALTONE|NO DIAL TONE|NO ANSWER|BUSY|CONNECT.*")
# "+CMTI: ...", "^RSSI:19", "*PSUTTZ: ...", and "_OUWCTI: 4" of Option's modems
_CODE = re.compile(r"([+^*#$%&!_][A-Z][A-Z0-9_]*):")
_COMMAND = re.compile(r"AT([+^*#$%&!_][A-Z][A-Z0-9_]*|[A-Z]?)(.*)", re.IGNORECASE | re.DOTALL)

# Unsolicited lines without a code: calls, and what SIMCom, Quectel, ZTE and Siemens modules say at start.
_BARE_UNSOLICITED = re.compile(
    r"RING|NO CARRIER|BUSY|NO ANSWER|CONNECT|HANGUP:.*|STIN:.*|DST:.*|Call Ready|SMS Ready|SMS DONE|PB DONE|RDY|"
    r"START|NORMAL POWER DOWN|MODEM:STARTUP|\^SYSSTART|OVER-VOLTAGE.*|UNDER-VOLTAGE.*"
)
# What modules say first after power on or a reset: SIMCom and Quectel, Cinterion, Wavecom and ZTE.
_STARTED = re.compile(r"RDY|\^SYSSTART.*|MODEM:STARTUP")
# SIMCom and Quectel go on with this one, which is also an answer to +CFUN?.
_STARTED_UNLESS_ASKED = re.compile(r"\+CFUN: *1")
# Codes that are never the answer to a command of the same name that sets something: the set command starts a
# session or a subscription, and the code comes when there is something to say.
_UNSOLICITED_EVEN_IF_SET = {"+CUSD", "+CREG", "+CGREG", "+CEREG", "+CLIP", "+CRING", "+WIND", "^RSSI", "^MODE"}
# "+CREG: <n>,<stat>" answers the question; "+CREG: <stat>[,<lac>...]" is unsolicited (TS 27.007 clause 7.2).
_REGISTRATION_CODES = {"+CREG", "+CGREG", "+CEREG"}
_REGISTRATION_ANSWER = re.compile(r"[^:]*:\s*\d\s*,\s*\d\s*(,.*)?")
# Commands answered by a bare line of digits (TS 27.007 clauses 5.4 and 5.6); one with the code is accepted too.
_DIGITS = re.compile(r'"?[0-9A-Fa-f]{14,20}"?')
_ANSWERED_BY_DIGITS = {"+CIMI", "+CGSN", "+GSN", "+CCID", "^ICCID"}
_ALSO_ANSWERED_BY = {"+CCID": {"+ICCID"}, "+CSCB": {"+CSCBM"}}
# Unsolicited codes with a PDU or text on the line below (TS 27.005 clause 3.4.1).
_FOLLOWED_BY_DATA = {"+CMT", "+CDS", "+CBM"}
# In PDU mode: "+CMT: [<alpha>],<length>", "+CDS: <length>", "+CBM: <length>".
_LENGTH_OF_DATA = re.compile(r'\+C(?:MT|DS|BM): *(?:(?:"[^"]*")?,)? *(\d{1,3})')
_PDU = re.compile(r"(?:[0-9A-Fa-f]{2})+")
# What ends a USSD text: the quote and the coding scheme, "..., <dcs>" (TS 27.007 clause 7.15).
_USSD_END = re.compile(r'", *\d+$')


class Command(NamedTuple):
    """What must be known of a running command to recognise its answer; the command's values are not kept."""

    name: str
    asks: bool
    dials: bool

    @classmethod
    def of(cls, line: str) -> "Command":
        """From the line as sent, with or without its end."""
        match = _COMMAND.match(line.strip())
        if match is None:
            return cls("", False, False)
        name, rest = match.group(1).upper(), match.group(2)
        return cls(name, rest.startswith(("?", "=?")), name == "D")


def code_of(line: str) -> str | None:
    """The code at the start of a line (`+CMTI`), None for a bare line."""
    match = _CODE.match(line)
    return match.group(1) if match else None


def is_final(line: str, command: Command | None) -> bool:
    """Whether a line ends the answer to `command`."""
    if line == _OK or refusal_of(line):
        return True
    return command is not None and command.dials and _DIAL_FINAL.fullmatch(line) is not None


def is_known_unsolicited(line: str) -> bool:
    """Whether a bare line is one that modems send unasked."""
    return _BARE_UNSOLICITED.fullmatch(line) is not None


def tells_of_a_start(line: str, command: Command | None) -> bool:
    """Whether a line says that the modem has just started; `command` is the one that runs, None for none."""
    if _STARTED.fullmatch(line):
        return True
    return command is not None and command.name != "+CFUN" and _STARTED_UNLESS_ASKED.fullmatch(line) is not None


def is_answer(line: str, command: Command) -> bool:
    """Whether a line that is not a final result belongs to the answer of `command`."""
    code = code_of(line)
    if code is None:
        if is_known_unsolicited(line):
            return False
        return command.name not in _ANSWERED_BY_DIGITS or _DIGITS.fullmatch(line) is not None
    if code != command.name:
        return code in _ALSO_ANSWERED_BY.get(command.name, ())
    if code in _REGISTRATION_CODES and command.asks:
        return _REGISTRATION_ANSWER.fullmatch(line) is not None or "(" in line
    return command.asks or code not in _UNSOLICITED_EVEN_IF_SET


def continues(lines: list[str]) -> bool:
    """Whether an unsolicited code is not finished by the lines so far.

    A `+CMT`, `+CDS` or `+CBM` has its data on the next line, except a text-mode `+CDS`, which holds commas; a USSD
    text may hold line ends between its quotes, and quotes.
    """
    code = code_of(lines[0])
    if code in _FOLLOWED_BY_DATA:
        return len(lines) == 1 and not (code == "+CDS" and "," in lines[0])
    if code != "+CUSD" or _USSD_END.search(lines[-1]):
        return False
    return sum(line.count('"') for line in lines) % 2 == 1


def belongs_to(lines: list[str], line: str) -> bool:
    """Whether a line can go on with the unfinished unsolicited code `lines`."""
    if code_of(line) or is_known_unsolicited(line):
        return False
    match = _LENGTH_OF_DATA.fullmatch(lines[0])
    # A PDU has so many octets, and except in a +CBM those of the service centre's address before them.
    return match is None or (_PDU.fullmatch(line) is not None and len(line) >= 2 * int(match.group(1)))
