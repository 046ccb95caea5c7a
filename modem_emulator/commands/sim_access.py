"""Access to the SIM's files (TS 27.007 clauses 8.17 and 8.18; the files are those of `sim_files`)."""

from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.registration import AREA
from modem_emulator.commands.table import Command, Lines, Needs
from modem_emulator.equipment import Equipment, MemoryAvailable
from modem_emulator.errors import Cme, CommandFailed
from modem_emulator.sim_files import Answer, Card

# The longest APDU of such a card: five octets and 255 of data (TS 51.011 clause 9.1).
APDU_OCTETS_MAX = 260
_OCTET = range(256)


def _card(equipment: Equipment) -> Card:
    if equipment.card is None:
        equipment.card = Card(equipment.sim, equipment.plmn.code, equipment.plmn.name, AREA)
    equipment.card.smsc = equipment.smsc
    return equipment.card


def _note(equipment: Equipment, card: Card) -> None:
    """Take over what a file's change means for the modem: another service centre, or room for a message."""
    equipment.smsc = card.smsc
    slots = equipment.sim.slots
    if equipment.refused_for_memory and slots.used < slots.size:
        equipment.refused_for_memory = False
        equipment.actions.append(MemoryAvailable())


def _restricted_access(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CRSM=<command>[,<fileid>[,<P1>,<P2>,<P3>[,<data>[,<pathid>]]]]; a path is not looked at."""
    if not 1 <= len(parameters) <= 7:
        raise InvalidParameter("one to seven parameters")
    command = parameters.number(0, _OCTET)
    file = parameters.number(1, range(0x10000), default=0)
    p1, p2, p3 = (parameters.number(place, _OCTET, default=0) for place in (2, 3, 4))
    card = _card(equipment)
    answer = card.restricted(command, file, p1, p2, p3, _octets(parameters.text(5, default="")))
    _note(equipment, card)
    response = f',"{answer.octets.hex().upper()}"' if answer.octets else ""
    return [f"+CRSM: {answer.sw1},{answer.sw2}{response}"]


def _generic_access(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSIM=<length>,<command>: an APDU in hexadecimal, its length in characters."""
    length = parameters.number(0, range(2 * APDU_OCTETS_MAX + 1))
    command = parameters.text(1)
    if len(command) != length or len(parameters) != 2:
        raise InvalidParameter("the command has another length than is said")
    card = _card(equipment)
    answer = card.apdu(_octets(command))
    _note(equipment, card)
    shown = _with_status(answer).hex().upper()
    return [f'+CSIM: {len(shown)},"{shown}"']


def _with_status(answer: Answer) -> bytes:
    return answer.octets + bytes([answer.sw1, answer.sw2])


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidParameter("not hexadecimal") from error


def _discover(_equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CUAD: a SIM of the second generation has no EF DIR to list applications in."""
    raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)


COMMANDS: dict[str, Command] = {
    "+CSIM": Command("APDU to the SIM", "TS 27.007 8.17", write=_generic_access, needs=Needs.CARD),
    "+CRSM": Command("files of the SIM", "TS 27.007 8.18", write=_restricted_access, needs=Needs.CARD),
    "+CUAD": Command("applications of the UICC", "TS 27.007 (+CUAD)", execute=_discover, needs=Needs.CARD),
}
