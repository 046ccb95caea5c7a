"""Phonebooks and own numbers (TS 27.007 clauses 7.1 and 8.11 to 8.14)."""

import re

from modem_emulator import character_sets, placeholders, sim
from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Handler, Lines, Needs, says, shows
from modem_emulator.equipment import PHONEBOOKS, Equipment
from modem_emulator.errors import Cme, CommandFailed
from modem_emulator.sim import NAME_CHARACTERS_MAX, Contact, Phonebook

# <type>: type-of-address octet (TS 24.008 clause 10.5.4.7).
INTERNATIONAL, UNKNOWN = 145, 129
NUMBER_DIGITS_MAX = 20
_NUMBER = re.compile(r"\+?[0-9*#]*")
_READ_ONLY = ("EN", "DC", "RC", "MC", "LD")


def type_of_address(number: str) -> int:
    """145 for a number with +, 129 without."""
    return INTERNATIONAL if number.startswith("+") else UNKNOWN


def _selected(equipment: Equipment) -> Phonebook:
    return equipment.phonebook(equipment.settings.phonebook)


def _show_selected(equipment: Equipment) -> str:
    book = _selected(equipment)
    return f'+CPBS: "{equipment.settings.phonebook}",{len(book.records)},{book.size}'


def _select(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBS=<storage>[,<password>] (TS 27.007 clause 8.11)."""
    name = parameters.text(0).upper()
    if name not in PHONEBOOKS:
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    equipment.settings.phonebook = name
    return []


def _line(equipment: Equipment, prefix: str, index: int, contact: Contact) -> str:
    name = character_sets.encode(contact.name, equipment.settings.character_set)
    return f'{prefix}: {index},"{contact.number}",{type_of_address(contact.number)},"{name}"'


def _read(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBR (TS 27.007 clause 8.12); an empty record alone is `not found`."""
    book = _selected(equipment)
    first = _index(parameters, 0, book)
    last = _index(parameters, 1, book, default=first)
    found = [index for index in range(first, last + 1) if index in book.records]
    if not found and len(parameters) < 2:
        raise CommandFailed(Cme.NOT_FOUND)
    return [_line(equipment, "+CPBR", index, book.records[index]) for index in found]


def _index(parameters: Parameters, position: int, book: Phonebook, default: int | None = None) -> int:
    """An index of the book. Raises CommandFailed with `invalid index` for another number."""
    index = parameters.number(position, range(10**9), default)
    if not 1 <= index <= book.size:
        raise CommandFailed(Cme.INVALID_INDEX)
    return index


def _name(equipment: Equipment, parameters: Parameters, position: int) -> str:
    try:
        return character_sets.decode(parameters.text(position, default=""), equipment.settings.character_set)
    except character_sets.InvalidText as error:
        raise CommandFailed(Cme.INVALID_CHARACTERS_IN_TEXT) from error


def _find(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBF=<findtext> (TS 27.007 clause 8.13): records whose names begin with it, without regard to case."""
    wanted = _name(equipment, parameters, 0).casefold()
    found = [
        (index, contact)
        for index, contact in sorted(_selected(equipment).records.items())
        if contact.name.casefold().startswith(wanted)
    ]
    if not found:
        raise CommandFailed(Cme.NOT_FOUND)
    return [_line(equipment, "+CPBF", index, contact) for index, contact in found]


def _write(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBW (TS 27.007 clause 8.14): without number the record is erased, without index the first free is used."""
    selected, book = equipment.settings.phonebook, _selected(equipment)
    if selected in _READ_ONLY:
        raise CommandFailed(Cme.OPERATION_NOT_ALLOWED)
    if selected == "FD" and not equipment.sim.pin2_verified:
        equipment.pin2_asked = True
        raise CommandFailed(Cme.SIM_PIN2_REQUIRED)
    index = _index(parameters, 0, book) if parameters.text(0, default="") else None
    number = character_sets.decode_number(parameters.text(1, default=""), equipment.settings.character_set)
    if not number and index is not None:
        book.erase(index)
        return []
    try:
        book.write(index, _contact(equipment, number, parameters))
    except sim.SlotsFull as error:
        raise CommandFailed(Cme.MEMORY_FULL) from error
    return []


def _contact(equipment: Equipment, number: str, parameters: Parameters) -> Contact:
    if not number or not _NUMBER.fullmatch(number):
        raise CommandFailed(Cme.INVALID_CHARACTERS_IN_DIAL_STRING)
    if len(number.removeprefix("+")) > NUMBER_DIGITS_MAX:
        raise CommandFailed(Cme.DIAL_STRING_TOO_LONG)
    name = _name(equipment, parameters, 3)
    if len(name) > NAME_CHARACTERS_MAX:
        raise CommandFailed(Cme.TEXT_TOO_LONG)
    if parameters.number(2, range(256), default=UNKNOWN) == INTERNATIONAL:
        number = "+" + number.removeprefix("+")
    return Contact(number, name)


def _own_numbers(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CNUM (TS 27.007 clause 7.1), from the SIM's own-number phonebook, in the shape of this make."""
    shape = equipment.profile.own_number
    if not shape.supported:
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    return [
        _filled(equipment, line, index, contact)
        for index, contact in sorted(equipment.sim.phonebook("ON").records.items())
        for line in shape.lines
    ]


def _filled(equipment: Equipment, line: str, index: int, contact: Contact) -> str:
    known = {
        "name": character_sets.encode(contact.name, equipment.settings.character_set),
        "number": contact.number,
        "digits": contact.number.removeprefix("+"),
        "type": str(type_of_address(contact.number)),
        "index": str(index),
    }
    return placeholders.filled(line, known)


def _range(prefix: str) -> Handler:
    return shows(
        lambda equipment: f"{prefix}: (1-{_selected(equipment).size}),{NUMBER_DIGITS_MAX},{NAME_CHARACTERS_MAX}"
    )


COMMANDS: dict[str, Command] = {
    "+CNUM": Command("own numbers", "TS 27.007 7.1", execute=_own_numbers, needs=Needs.SIM),
    "+CPBS": Command(
        "choice of a phonebook",
        "TS 27.007 8.11",
        read=shows(_show_selected),
        write=_select,
        test=says("+CPBS: (" + ",".join(f'"{name}"' for name in PHONEBOOKS) + ")"),
        needs=Needs.SIM,
    ),
    "+CPBR": Command("records of a phonebook", "TS 27.007 8.12", write=_read, test=_range("+CPBR"), needs=Needs.SIM),
    "+CPBF": Command(
        "search in a phonebook",
        "TS 27.007 8.13",
        write=_find,
        test=says(f"+CPBF: {NUMBER_DIGITS_MAX},{NAME_CHARACTERS_MAX}"),
        needs=Needs.SIM,
    ),
    "+CPBW": Command(
        "writing to a phonebook",
        "TS 27.007 8.14",
        write=_write,
        test=shows(
            lambda equipment: (
                f"+CPBW: (1-{_selected(equipment).size}),{NUMBER_DIGITS_MAX},(129,145),{NAME_CHARACTERS_MAX}"
            )
        ),
        needs=Needs.SIM,
    ),
}
