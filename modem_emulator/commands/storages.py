"""Stored messages: which storage, reading, listing, deleting (3GPP TS 27.005 clauses 3.2.2, 3.4, 3.5.4 and 4)."""

from gsm import pdu
from gsm.pdu import PduError
from modem_emulator import reception, sim, text_mode
from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.table import Command, Lines, Needs, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cms, CommandFailed
from modem_emulator.store import Status, StoredMessage

_ALL = 4
# The greatest index that a client can mean; what lies between it and the size of the storage is empty.
_INDEX_MAX = 999_999


def _show_storages(equipment: Equipment) -> str:
    return "+CPMS: " + ",".join(f'"{name}",{_count(equipment, name)}' for name in equipment.memories)


def _count(equipment: Equipment, name: str) -> str:
    slots = equipment.storage(name)
    return f"{slots.used},{slots.size}"


def _choose_storages(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPMS=<mem1>[,<mem2>[,<mem3>]]; one that is left out stays. Its answer has no names."""
    own = equipment.profile.storage
    allowed = (own.reading, own.writing, own.receiving)
    if not 1 <= len(parameters) <= len(allowed):
        raise InvalidParameter("one to three storages")
    chosen = [parameters.text(place, default=equipment.memories[place]).upper() for place in range(3)]
    for place, name in enumerate(chosen):
        if name not in allowed[place] and name != equipment.memories[place]:
            raise CommandFailed(Cms.OPERATION_NOT_SUPPORTED)
    equipment.memories[:] = chosen
    return ["+CPMS: " + ",".join(_count(equipment, name) for name in chosen)]


def _possible_storages(equipment: Equipment) -> str:
    own = equipment.profile.storage
    lists = (",".join(f'"{name}"' for name in names) for names in (own.reading, own.writing, own.receiving))
    return "+CPMS: " + ",".join(f"({names})" for names in lists)


def _read(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CMGR (clauses 3.4.3 and 4.2); marks the message as read."""
    slots = equipment.storage(equipment.memories[0])
    try:
        message = slots.read(parameters.number(0, range(_INDEX_MAX + 1)))
        if equipment.settings.text_mode:
            first, *rest = text_mode.read_lines(message, reception.display_of(equipment))
            return ["+CMGR: " + first, *rest]
        return [f"+CMGR: {_heading(message)}", pdu.to_hex(message.tpdu, equipment.smsc)]
    except (sim.SlotEmpty, PduError) as error:
        raise CommandFailed(Cms.INVALID_INDEX) from error


def _heading(message: StoredMessage) -> str:
    return f"{int(message.status)},,{len(message.tpdu)}"


def _list(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CMGL (clauses 3.4.2 and 4.1); marks what it shows as read. What cannot be shown as text is left out."""
    wanted = _wanted(equipment, parameters)
    slots = equipment.storage(equipment.memories[0])
    display = reception.display_of(equipment)
    lines: Lines = []
    for index, message in list(slots):
        if wanted not in (_ALL, message.status):
            continue
        if equipment.settings.text_mode:
            try:
                first, *rest = text_mode.list_lines(message, display)
            except PduError:
                continue
            lines += [f"+CMGL: {index},{first}", *rest]
        else:
            lines += [f"+CMGL: {index},{_heading(message)}", pdu.to_hex(message.tpdu, equipment.smsc)]
        slots.read(index)
    return lines


def _wanted(equipment: Equipment, parameters: Parameters) -> int:
    """<stat>: 0 to 4 in PDU mode, its name in text mode; unread messages by default."""
    if not equipment.settings.text_mode:
        return parameters.number(0, range(_ALL + 1), default=0)
    name = parameters.text(0, default="REC UNREAD").upper()
    named = {text: int(status) for status, text in text_mode.STATUS_NAMES.items()} | {"ALL": _ALL}
    if name not in named:
        raise InvalidParameter("not a status")
    return named[name]


def _statuses(equipment: Equipment) -> str:
    if not equipment.settings.text_mode:
        return "+CMGL: (0-4)"
    return "+CMGL: (" + ",".join(f'"{name}"' for name in [*text_mode.STATUS_NAMES.values(), "ALL"]) + ")"


# <delflag> of +CMGD: which statuses go.
_DELETED_BY_FLAG = {
    1: {Status.RECEIVED_READ},
    2: {Status.RECEIVED_READ, Status.STORED_SENT},
    3: {Status.RECEIVED_READ, Status.STORED_SENT, Status.STORED_UNSENT},
    4: set(Status),
}


def _delete(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CMGD (clause 3.5.4); with a flag the index is not looked at."""
    name = equipment.memories[0]
    flag = parameters.number(1, range(5), default=0)
    if flag:
        for index, message in list(equipment.storage(name)):
            if message.status in _DELETED_BY_FLAG[flag]:
                equipment.delete(name, index)
        return []
    try:
        equipment.delete(name, parameters.number(0, range(_INDEX_MAX + 1)))
    except sim.SlotEmpty as error:
        raise CommandFailed(Cms.INVALID_INDEX) from error
    return []


def _deletable(equipment: Equipment) -> str:
    indexes = ",".join(str(index) for index, _ in equipment.storage(equipment.memories[0]))
    return f"+CMGD: ({indexes}),(0-4)"


COMMANDS: dict[str, Command] = {
    "+CPMS": Command(
        "storages",
        "TS 27.005 3.2.2",
        read=shows(_show_storages),
        write=_choose_storages,
        test=shows(_possible_storages),
        needs=Needs.MESSAGES,
    ),
    "+CMGL": Command(
        "list", "TS 27.005 3.4.2, 4.1", execute=_list, write=_list, test=shows(_statuses), needs=Needs.MESSAGES
    ),
    "+CMGR": Command("read", "TS 27.005 3.4.3, 4.2", write=_read, needs=Needs.MESSAGES),
    "+CMGD": Command("delete", "TS 27.005 3.5.4", write=_delete, test=shows(_deletable), needs=Needs.MESSAGES),
}
