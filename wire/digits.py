"""Numbers as packed BCD: high nibble first, padded with F (as 3GPP TS 24.008 and ISO 9564-1 pad theirs)."""

import re

from wire.errors import BadDigits

IMSI_BYTES = 8
MSISDN_BYTES = 8
ACCOUNT_BYTES = 10
PIN_BYTES = 7

_IMSI = re.compile(r"[0-9]{6,15}")  # ITU-T E.212: at most 15 digits; MCC, MNC and at least one more
_MSISDN = re.compile(r"[0-9]{5,15}")  # ITU-T E.164: at most 15 digits, country code first, no plus
_ACCOUNT = re.compile(r"[0-9]{6,19}")  # ISO/IEC 7812: at most 19 digits
_PIN = re.compile(r"[0-9]{4,12}")  # ISO 9564-1: 4 to 12 digits


def checked_imsi(text: str) -> str:
    """Return `text` if it is an IMSI of 6 to 15 digits; raise BadDigits else."""
    return _checked(text, _IMSI, "IMSI", "6 to 15 digits")


def checked_msisdn(text: str) -> str:
    """Return the international number without its plus: 5 to 15 digits; raise BadDigits else."""
    return _checked(text.removeprefix("+"), _MSISDN, "MSISDN", "5 to 15 digits with the country code")


def checked_account(text: str) -> str:
    """Return `text` if it is an account number of 6 to 19 digits; raise BadDigits else."""
    return _checked(text, _ACCOUNT, "account", "6 to 19 digits")


def checked_pin(text: str) -> str:
    """Return `text` if it is a PIN of 4 to 12 digits; raise BadDigits, which never shows it, else."""
    return _checked(text, _PIN, "PIN", "4 to 12 digits")


def _checked(text: str, pattern: re.Pattern[str], name: str, rule: str) -> str:
    if not pattern.fullmatch(text):
        raise BadDigits(f"{name}: needs {rule}")
    return text


def pack_digits(digits: str, length: int) -> bytes:
    """Pack ASCII digits into `length` bytes of BCD, padded with F. Raises BadDigits if they do not fit."""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 2 * length:
        raise BadDigits(f"needs 1 to {2 * length} digits")
    return bytes.fromhex(digits.ljust(2 * length, "F"))


def unpack_digits(packed: bytes) -> str:
    """Undo `pack_digits`. There is one packing of each number: a digit behind an F raises BadDigits."""
    digits = packed.hex().upper().rstrip("F")
    if not digits.isdigit():
        raise BadDigits("not packed BCD padded with F")
    return digits
