"""Final results that say no, in every form that modems write, as the numbers of TS 27.007 and TS 27.005; no I/O.

`+CME ERROR: 14` after +CMEE=1, `+CME ERROR: SIM busy` after +CMEE=2 (or always, on some phones), `ERROR: 2`, and the
words that Huawei's sticks have instead (`COMMAND NOT SUPPORT`, `TOO MANY PARAMETERS`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gsm.errors import (
    GsmError,
    ModemError,
    SendFailed,
    SendUnknown,
    SimMissing,
    SimPinNeeded,
    SimPinWrong,
    SimPukNeeded,
)

# TS 27.007 clause 9.2.1, texts in lower case as clause 9.2.0 gives them for verbose results.
_EQUIPMENT_TEXTS = {
    "phone failure": 0, "no connection to phone": 1, "phone-adaptor link reserved": 2, "operation not allowed": 3,
    "operation not supported": 4, "ph-sim pin required": 5, "ph-fsim pin required": 6, "ph-fsim puk required": 7,
    "sim not inserted": 10, "sim pin required": 11, "sim puk required": 12, "sim failure": 13, "sim busy": 14,
    "sim wrong": 15, "incorrect password": 16, "sim pin2 required": 17, "sim puk2 required": 18, "memory full": 20,
    "invalid index": 21, "not found": 22, "memory failure": 23, "text string too long": 24,
    "invalid characters in text string": 25, "dial string too long": 26, "invalid characters in dial string": 27,
    "no network service": 30, "network timeout": 31, "network not allowed - emergency calls only": 32,
    "incorrect parameters": 50, "unknown": 100,
}  # fmt: skip
# TS 27.005 clause 3.2.5.
_MESSAGE_TEXTS = {
    "me failure": 300, "sms service of me reserved": 301, "operation not allowed": 302, "operation not supported": 303,
    "invalid pdu mode parameter": 304, "invalid text mode parameter": 305, "sim not inserted": 310,
    "sim pin required": 311, "ph-sim pin required": 312, "sim failure": 313, "sim busy": 314, "sim wrong": 315,
    "sim puk required": 316, "sim pin2 required": 317, "sim puk2 required": 318, "memory failure": 320,
    "invalid memory index": 321, "memory full": 322, "smsc address unknown": 330, "no network service": 331,
    "network timeout": 332, "unknown error": 500,
}  # fmt: skip
_TEXTS = {"CME": _EQUIPMENT_TEXTS, "CMS": _MESSAGE_TEXTS}
_ERROR = re.compile(r"\+(CM[ES]) ERROR: *(.*?) *", re.DOTALL)
_REFUSAL = re.compile(r"ERROR(?: *:.*)?|COMMAND NOT SUPPORT(?:ED)?|TOO MANY PARAMETERS")
# Vendors go on above the specifications' codes, but never as far as a number.
_CODES_MAX = 10_000
_REFERENCE = re.compile(r"\+CMGS: *(\d{1,3})(?!\d)")
_REFERENCE_MAX = 255
_BUSY = {("CME", 14), ("CMS", 314)}
# Wavecom's: it is starting, or still at the command before. Others have given 515 another meaning: a wrong character in
# the address (Siemens), a failed memory (Quectel), no response from the network (Telit); all four by gammu's tables of
# makers' errors and their tests. Later modules of Wavecom's making call themselves Sierra Wireless, and answer so too
# (forum.sierrawireless.com, threads 3600 and 7879).
_BUSY_BY_WAVECOM = {("CME", 515), ("CMS", 515)}
_WAVECOM = re.compile("wavecom|sierra", re.IGNORECASE)
_MEMORY_FULL = {("CME", 20), ("CMS", 322)}
# After these the network may have the message: network timeout, and unknown (docs/decisions.md).
_OUTCOME_UNKNOWN = {("CMS", 332), ("CMS", 500), ("CME", 31), ("CME", 100)}
# Every way to say that the SIM is not open any more.
_ASKS_FOR_PIN = {("CME", 11), ("CMS", 311), ("CME", 12), ("CMS", 316)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final result that is an error. `family` is CME, CMS, or empty; `code` is None where there is no number."""

    family: str
    code: int | None

    @property
    def is_busy(self) -> bool:
        """The SIM or the modem is busy; the same command may be answered later."""
        return (self.family, self.code) in _BUSY

    @property
    def is_busy_by_wavecom(self) -> bool:
        """The same, if it is a modem of Wavecom's that says so (`is_wavecom`)."""
        return (self.family, self.code) in _BUSY_BY_WAVECOM

    @property
    def is_memory_full(self) -> bool:
        """There is no room for another message."""
        return (self.family, self.code) in _MEMORY_FULL

    @property
    def leaves_in_doubt(self) -> bool:
        """The network may have taken the message whose text was answered so."""
        return (self.family, self.code) in _OUTCOME_UNKNOWN

    @property
    def asks_for_pin(self) -> bool:
        """The SIM wants its PIN or its PUK."""
        return (self.family, self.code) in _ASKS_FOR_PIN


def refusal_of(line: str) -> Refusal | None:
    """The error that a final result line stands for; None for `OK` and every other line."""
    if line == "OK":
        return None
    match = _ERROR.fullmatch(line)
    if match is None:
        return Refusal("", None) if _REFUSAL.fullmatch(line) else None
    family, said = match.groups()
    if said.isdecimal():
        return Refusal(family, int(said))
    return Refusal(family, _TEXTS[family].get(said.lower().replace("(u)sim", "sim")))


def is_known_refusal(line: str) -> bool:
    """Whether a refusal has no words but the specifications' and known vendors'."""
    match = _ERROR.fullmatch(line)
    if match is None:
        return refusal_of(line) is not None and ":" not in line
    refusal = refusal_of(line)
    return refusal is not None and refusal.code is not None and refusal.code < _CODES_MAX


def refused_text(line: str) -> GsmError:
    """What a final result other than OK says of a message whose text was given: SendFailed, or SendUnknown.

    Certain is only what names its cause: not a network timeout, an unknown error, an error without a number, or words
    that nobody knows. (What Huawei says instead of an error is about the command line, which was not carried out.)
    """
    refusal = refusal_of(line)
    if refusal is not None and (refusal.leaves_in_doubt or (refusal.code is None and "ERROR" in line)):
        return SendUnknown(f"the modem said {line}")
    return refused(line)


def refused(line: str) -> SendFailed:
    """What a final result other than OK says of a message whose text was not given."""
    refusal = refusal_of(line)
    full = ", since its memory for messages is full" if refusal is not None and refusal.is_memory_full else ""
    return SendFailed(f"the modem said {line}{full}", refusal.code if refusal else None)


def is_wavecom(lines: Iterable[str]) -> bool:
    """Whether the answer to +CGMI names Wavecom, or Sierra Wireless, whose part it became."""
    return any(map(_WAVECOM.search, lines))


def reference_of(lines: Iterable[str]) -> int | None:
    """The reference (TP-MR, 0 to 255) of a +CMGS answer, None if it tells none; a greater number is none."""
    told = (int(match.group(1)) for match in map(_REFERENCE.match, lines) if match)
    return next((reference for reference in told if reference <= _REFERENCE_MAX), None)


def sim_error(code: int | None) -> ModemError | None:
    """The error that a +CME ERROR number stands for, where it is about the SIM (TS 27.007 clause 9.2.1)."""
    match code:
        case 10 | 13 | 15:
            return SimMissing()
        case 11:
            return SimPinNeeded()
        case 12:
            return SimPukNeeded()
        case 16:
            return SimPinWrong()
    return None
