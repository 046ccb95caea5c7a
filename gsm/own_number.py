"""Where a SIM's own number may lie, one place after the other (TS 27.007 clauses 7.1, 8.11, 8.12 and 8.18)."""

import re
from collections.abc import Callable

from gsm.sim import NUMBER_FILE, number_in_record, own_number_of, record_layout_of

# Sends a command and gives the lines of its answer, the last of which may be an error.
Ask = Callable[[str], list[str]]


def ask_own_number(ask: Ask) -> str | None:
    """By +CNUM, else the phonebook of own numbers, else the SIM's file; None where all are empty.

    Nobody else may use the modem meanwhile: another phonebook is selected for a moment.
    """
    return own_number_of(ask("AT+CNUM")) or _number_in_phonebook(ask) or _number_in_file(ask)


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
