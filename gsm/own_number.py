"""Where a SIM's own number may lie, one place after the other (TS 27.007 clauses 7.1, 8.11, 8.12 and 8.18)."""

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto

from gsm.sim import NUMBER_FILE, number_in_record, own_number_of, record_layout_of

# Sends a command and gives the lines of its answer, the last of which may be an error.
Ask = Callable[[str], Sequence[str]]


class Place(Enum):
    """Where a number was found."""

    SUBSCRIBER = auto()  # +CNUM
    PHONEBOOK = auto()  # ON
    FILE = auto()  # EF MSISDN


def ask_own_number(ask: Ask) -> str | None:
    """By +CNUM, else the phonebook of own numbers, else the SIM's file; None where all are empty.

    Nobody else may use the modem meanwhile: another phonebook is selected for a moment.
    """
    found = locate_own_number(ask)
    return found[0] if found else None


def locate_own_number(ask: Ask) -> tuple[str, Place] | None:
    """The same number, and where it was found."""
    for place, look in _PLACES.items():
        number = look(ask)
        if number:
            return number, place
    return None


def _number_of_subscriber(ask: Ask) -> str | None:
    return own_number_of(ask("AT+CNUM"))


def _number_in_phonebook(ask: Ask) -> str | None:
    selected = re.search(r'\+CPBS: *"(\w+)"', "\n".join(ask("AT+CPBS?")))
    if ask('AT+CPBS="ON"')[-1] != "OK":
        return None
    try:
        return own_number_of(ask("AT+CPBR=1"))
    finally:
        ask(f'AT+CPBS="{selected.group(1) if selected else "SM"}"')


def _number_in_file(ask: Ask) -> str | None:
    """By +CRSM: 192 tells how long a record is, 178 reads one by its number."""
    layout = record_layout_of(ask(f"AT+CRSM=192,{NUMBER_FILE}"))
    if layout is None:
        return None
    length, records = layout
    answers = (ask(f"AT+CRSM=178,{NUMBER_FILE},{record},4,{length}") for record in range(1, records + 1))
    return next((number for number in map(number_in_record, answers) if number), None)


# In this order.
_PLACES: dict[Place, Callable[[Ask], str | None]] = {
    Place.SUBSCRIBER: _number_of_subscriber,
    Place.PHONEBOOK: _number_in_phonebook,
    Place.FILE: _number_in_file,
}
