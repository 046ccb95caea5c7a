"""Pinning the bank's terminal key: taken only if its fingerprint is the one that the bank gave on paper."""

import re
from pathlib import Path

from handset.sqlite_store import Bank
from wire.sealing import TERMINAL_KEY_BYTES, fingerprint

_HEX_KEY = re.compile(r"\b[0-9a-fA-F]{64}\b")


class BadEnrolment(Exception):
    """The key or its fingerprint cannot be taken; the message says what to do."""


def read_bank_key(text: str) -> bytes:
    """Return the key (32 bytes) from 64 hex digits, or from a file that holds them. Raises BadEnrolment."""
    path = Path(text)
    if not _HEX_KEY.fullmatch(text):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadEnrolment(f"--bank-key: {path} is neither 64 hex digits nor a file with them") from error
    found = _HEX_KEY.search(text)
    if not found:
        raise BadEnrolment(f"--bank-key: there is no key of {2 * TERMINAL_KEY_BYTES} hex digits in {path}")
    return bytes.fromhex(found.group())


def checked_bank(key: bytes, claimed: str) -> Bank:
    """Return the bank to pin. Raises BadEnrolment if the fingerprint is not the key's; spaces and case are forgiven."""
    true = fingerprint(key)
    if "".join(claimed.lower().split()) != true.replace(" ", ""):
        raise BadEnrolment(
            f"the fingerprint of this key is {true}, which is not the one given: do not use this key, ask your bank"
        )
    return Bank(key, true)
