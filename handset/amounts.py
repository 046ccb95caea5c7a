"""Amounts as people type and read them, exactly: yuan in text, integer fen inside. No float is ever made."""

import re
from enum import Enum

AMOUNT_FEN_MAX = 2**48 - 1  # six bytes in a transfer body (wire.terminal.AMOUNT_BYTES)

_YUAN = re.compile(r"([0-9]{1,15})(?:\.([0-9]*))?", re.ASCII)
_DECIMALS_MAX = 2


class AmountFault(Enum):
    """What is wrong with an amount; `handset.texts` has the sentence for each."""

    NOT_A_NUMBER = "not a number"
    TOO_MANY_DECIMALS = "more than two decimals"
    NOT_ABOVE_ZERO = "not above zero"
    TOO_LARGE = "too large"


class BadAmount(ValueError):
    """A typed amount cannot be taken; `fault` says why."""

    def __init__(self, fault: AmountFault) -> None:
        super().__init__(f"amount: {fault.value}")
        self.fault = fault


def parse_yuan(text: str) -> int:
    """Return an amount of yuan such as "12", "12.3" or "12.34" in fen, 1 to 2**48 - 1. Raises BadAmount.

    Only ASCII digits and one point: a comma means a decimal point to one reader and thousands to another.
    """
    found = _YUAN.fullmatch(text.strip())
    if not found:
        raise BadAmount(AmountFault.NOT_A_NUMBER)
    yuan, decimals = found[1], found[2] or ""
    if len(decimals) > _DECIMALS_MAX:
        raise BadAmount(AmountFault.TOO_MANY_DECIMALS)
    fen = int(yuan) * 100 + int(decimals.ljust(_DECIMALS_MAX, "0"))
    if fen == 0:
        raise BadAmount(AmountFault.NOT_ABOVE_ZERO)
    if fen > AMOUNT_FEN_MAX:
        raise BadAmount(AmountFault.TOO_LARGE)
    return fen


def format_yuan(amount_fen: int) -> str:
    """Return fen as yuan with thousands apart: 123450 is "1,234.50". Negative balances have a minus."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan:,}.{fen:02}"
