"""Phonebooks and own numbers (TS 27.007 clauses 7.1 and 8.11 to 8.14)."""

from modem_emulator import sim
from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Lines, Needs, says, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cme, CommandFailed
from modem_emulator.sim import NAME_CHARACTERS_MAX, Contact, Phonebook

# <type>: type-of-address octet (TS 24.008 clause 10.5.4.7).
INTERNATIONAL, UNKNOWN = 145, 129
NUMBER_DIGITS_MAX = 20


def type_of_address(number: str) -> int:
    """145 for a number with +, 129 without."""
    return INTERNATIONAL if number.startswith("+") else UNKNOWN


def _selected(equipment: Equipment) -> Phonebook:
    return equipment.sim.phonebooks[equipment.settings.phonebook]


def _show_selected(equipment: Equipment) -> str:
    book = _selected(equipment)
    return f'+CPBS: "{equipment.settings.phonebook}",{len(book.records)},{book.size}'


def _select(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBS (TS 27.007 clause 8.11)."""
    name = parameters.text(0).upper()
    if name not in equipment.sim.phonebooks:
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    equipment.settings.phonebook = name
    return []


def _line(prefix: str, index: int, contact: Contact) -> str:
    return f'{prefix}: {index},"{contact.number}",{type_of_address(contact.number)},"{contact.name}"'


def _read(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBR (TS 27.007 clause 8.12); an empty record alone is `not found`."""
    book = _selected(equipment)
    indexes = range(1, book.size + 1)
    first = parameters.number(0, indexes)
    last = parameters.number(1, indexes, default=first)
    lines = [_line("+CPBR", index, book.records[index]) for index in range(first, last + 1) if index in book.records]
    if not lines and len(parameters) < 2:
        raise CommandFailed(Cme.NOT_FOUND)
    return lines


def _write(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPBW (TS 27.007 clause 8.14): without number the record is erased, without index the first free is used."""
    book = _selected(equipment)
    index = parameters.number(0, range(1, book.size + 1), default=0) or None
    number = parameters.text(1, default="")
    name = parameters.text(3, default="")
    try:
        if not number and index is not None:
            book.erase(index)
            return []
        digits = number.removeprefix("+")
        if not digits.isdigit() or len(digits) > NUMBER_DIGITS_MAX or len(name) > NAME_CHARACTERS_MAX:
            raise CommandFailed(Cme.INCORRECT_PARAMETERS)
        if parameters.number(2, range(256), default=UNKNOWN) == INTERNATIONAL:
            number = "+" + digits
        book.write(index, Contact(number, name))
    except sim.SlotsFull as error:
        raise CommandFailed(Cme.MEMORY_FULL) from error
    return []


def _own_numbers(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CNUM (TS 27.007 clause 7.1), from the SIM's own-number phonebook."""
    return [
        f'+CNUM: "{contact.name}","{contact.number}",{type_of_address(contact.number)}'
        for _, contact in sorted(equipment.sim.phonebooks["ON"].records.items())
    ]


def _range(prefix: str) -> Command:
    def test(equipment: Equipment) -> str:
        return f"{prefix}: (1-{_selected(equipment).size}),{NUMBER_DIGITS_MAX},{NAME_CHARACTERS_MAX}"

    return Command(test=shows(test))


COMMANDS: dict[str, Command] = {
    "+CPBS": Command(read=shows(_show_selected), write=_select, test=says('+CPBS: ("SM","ON")'), needs=Needs.SIM),
    "+CPBR": Command(write=_read, test=_range("+CPBR").test, needs=Needs.SIM),
    "+CPBW": Command(write=_write, test=_range("+CPBW").test, needs=Needs.SIM),
    "+CNUM": Command(execute=_own_numbers, needs=Needs.SIM),
}
