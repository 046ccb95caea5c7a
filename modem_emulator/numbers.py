"""Phone numbers in one form, whatever form they were dialled, configured or sent in.

Inside the emulator an international number is `+` and digits (E.164), a short number its digits alone. That is
how `gsm.pdu` shows addresses, so only the command line, the phones' input and SMPP have to come through here.
"""

from collections.abc import Collection, Container

# E.164 allows 15 digits; short numbers of more than 8 digits would be taken for international ones.
NUMBER_DIGITS_MAX = 15
SHORT_NUMBER_DIGITS_MAX = 8

# SMPP 3.4 section 5.2.5, type of number; also TS 23.040 clause 9.1.2.5.
TON_UNKNOWN, TON_INTERNATIONAL = 0, 1


# Of the country whose emulated network this is: what is dialled or given without a country code is a number in it.
COUNTRY_CODE = "86"


class InvalidNumber(ValueError):
    """Not a phone number: digits only after an optional +, and at most 15 of them."""


def canonical(number: str) -> str:
    """`+8613900000001` for that number with or without `+` or `00`; `95533` for a short number.

    Raises InvalidNumber.
    """
    digits = number.removeprefix("+")
    international = digits != number
    if not international and digits.startswith("00"):
        digits, international = digits[2:], True
    if not (digits.isascii() and digits.isdigit()) or len(digits) > NUMBER_DIGITS_MAX:
        raise InvalidNumber("a number has 1 to 15 digits, after an optional +")
    if international or len(digits) > SHORT_NUMBER_DIGITS_MAX:
        return "+" + digits
    return digits


def subscriber(number: str, known: Container[str], country_code: str) -> str | None:
    """Whom a caller meant: the number as it is, or a national one of the caller's own country; else None."""
    try:
        exact = canonical(number)
    except InvalidNumber:
        return None
    if exact in known:
        return exact
    national = "+" + country_code + number.removeprefix("0")
    return national if national in known else None


def national_form(numbers: Collection[str], country_code: str = COUNTRY_CODE) -> str | None:
    """That one of these canonical numbers which is another's national form, as both are one subscriber's; or None."""
    for number in numbers:
        digits = number.removeprefix("+").removeprefix("0")
        if f"+{country_code}{digits}" in numbers:
            return number
    return None


def type_of_number(canonical_number: str) -> int:
    """TON for SMPP: 1 international, 0 unknown (short numbers)."""
    return TON_INTERNATIONAL if canonical_number.startswith("+") else TON_UNKNOWN


def check_digit(digits: str) -> str:
    """The Luhn digit that ends an IMEI or ICCID (ISO/IEC 7812-1 annex B)."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)
