"""Short messages (3GPP TS 27.005 clauses 3.2 to 3.5 for text mode, clause 4 for PDU mode)."""

from collections.abc import Callable
from dataclasses import replace

from gsm import pdu
from gsm.pdu import PduError, Submit
from modem_emulator import equipment as actions
from modem_emulator import sim, text_mode
from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Handler, Lines, Needs, Pending, Prompt, numbers, says, setting, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cms, CommandFailed
from modem_emulator.numbers import canonical
from modem_emulator.store import Status, StoredMessage

# TS 23.040 clause 9.2.2.2: a SUBMIT has at most 164 octets besides the service centre's address.
TPDU_OCTETS_MAX = 164
STORAGE = "SM"
INTERNATIONAL = 145
_ALL = 4


def invalid_parameter(equipment: Equipment) -> CommandFailed:
    """+CMS ERROR 304 in PDU mode, 305 in text mode."""
    return CommandFailed(Cms.INVALID_TEXT_PARAMETER if equipment.settings.text_mode else Cms.INVALID_PDU_PARAMETER)


def _show_counts(equipment: Equipment, with_name: bool) -> str:
    slots = equipment.sim.slots
    one = f"{slots.used},{slots.size}"
    return "+CPMS: " + ",".join([f'"{STORAGE}",{one}' if with_name else one] * 3)


def _choose_storage(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPMS (clause 3.2.2): everything, status reports too, lies on the SIM."""
    if any(name and name.upper() != STORAGE for name in parameters.values) or len(parameters) > 3:
        raise CommandFailed(Cms.OPERATION_NOT_SUPPORTED)
    return [_show_counts(equipment, with_name=False)]


def _choose_service(_equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSMS (clause 3.2.1): service 0 only, since +CNMA is not supported."""
    if parameters.number(0, range(128)) != 0:
        raise CommandFailed(Cms.OPERATION_NOT_SUPPORTED)
    return ["+CSMS: 1,1,0"]


def _set_service_centre(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSCA (clause 3.3.1)."""
    try:
        equipment.smsc = _address(parameters, 0)
    except ValueError as error:
        raise invalid_parameter(equipment) from error
    return []


def _show_service_centre(equipment: Equipment) -> str:
    kind = INTERNATIONAL if equipment.smsc.startswith("+") else 129
    return f'+CSCA: "{equipment.smsc}",{kind}'


def _set_text_parameters(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSMP (clause 3.3.3), with relative validity."""
    old = equipment.settings.text_parameters
    first, validity, protocol, coding = (parameters.number(i, range(256), default=old[i]) for i in range(4))
    equipment.settings.text_parameters = (first, validity, protocol, coding)
    return []


def _set_indications(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CNMI (clause 3.4.1): +CMTI and +CMT, +CDS and +CDSI; no cell broadcast."""
    old = equipment.settings.indications
    allowed = (range(4), range(3), range(1), range(3), range(2))
    mode, mt, bm, ds, bfr = (parameters.number(i, allowed[i], default=old[i]) for i in range(5))
    equipment.settings.indications = (mode, mt, bm, ds, bfr)
    return []


def _address(parameters: Parameters, position: int) -> str:
    """<da> and <toda>: 145 puts the + before. Raises InvalidNumber (a ValueError)."""
    number = parameters.text(position)
    if parameters.number(position + 1, range(256), default=129) == INTERNATIONAL:
        number = "+" + number.removeprefix("+")
    canonical(number)  # only whether it is one: a national number goes to the network as dialled
    return number


# ---- sending


def _send(equipment: Equipment, parameters: Parameters) -> Prompt:
    """+CMGS (clauses 3.5.1 and 4.3)."""
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)

    def sent(reference: int) -> Lines:
        return [f"+CMGS: {reference}"]

    def entered(submit: Submit) -> Pending:
        return _submit(equipment, submit, sent)

    return _entering(equipment, parameters, entered)


def _submit(equipment: Equipment, submit: Submit, finish: Callable[[int], Lines]) -> Pending:
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)  # it was, when the text was asked for
    reference = equipment.next_reference()
    equipment.actions.append(actions.Submit(replace(submit, reference=reference)))
    return Pending(reference, finish)


def _entering(equipment: Equipment, parameters: Parameters, entered: Callable[[Submit], Lines | Pending]) -> Prompt:
    """Ask for the message that the parameters announce: a PDU of a given length, or text to an address."""
    if equipment.settings.text_mode:
        return _entering_text(equipment, parameters, entered)
    length = parameters.number(0, range(1, TPDU_OCTETS_MAX + 1))

    def read_pdu(octets: bytes) -> Lines | Pending:
        try:
            _, tpdu = pdu.from_hex(octets.decode("ascii", errors="replace"))
            if len(tpdu) != length:
                raise PduError("the PDU has another length than was announced")
            return entered(pdu.decode_submit(tpdu))
        except PduError as error:
            raise CommandFailed(Cms.INVALID_PDU_PARAMETER) from error

    return Prompt(read_pdu)


def _entering_text(
    equipment: Equipment, parameters: Parameters, entered: Callable[[Submit], Lines | Pending]
) -> Prompt:
    settings = equipment.settings
    try:
        destination = _address(parameters, 0)
    except ValueError as error:
        raise CommandFailed(Cms.INVALID_TEXT_PARAMETER) from error

    def read_text(octets: bytes) -> Lines | Pending:
        try:
            data = text_mode.decode_entered(octets, settings.text_parameters[3], settings.character_set)
            submit = text_mode.submit(destination, data, settings.text_parameters)
            pdu.encode_submit(submit)  # only whether it fits
        except PduError as error:
            raise CommandFailed(Cms.INVALID_TEXT_PARAMETER) from error
        return entered(submit)

    return Prompt(read_text)


def _write(equipment: Equipment, parameters: Parameters) -> Prompt:
    """+CMGW (clauses 3.5.3 and 4.4): keep a message to be sent later."""

    def entered(submit: Submit) -> Lines:
        stored = StoredMessage(Status.STORED_UNSENT, pdu.encode_submit(submit))
        try:
            return [f"+CMGW: {equipment.sim.slots.add(stored)}"]
        except sim.SlotsFull as error:
            raise CommandFailed(Cms.MEMORY_FULL) from error

    return _entering(equipment, parameters, entered)


def _send_stored(equipment: Equipment, parameters: Parameters) -> Pending:
    """+CMSS (clause 3.5.2): send what +CMGW kept, to another address if one is given."""
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)
    slots = equipment.sim.slots
    index = parameters.number(0, range(1, slots.size + 1))
    try:
        submit = pdu.decode_submit(slots.get(index).tpdu)
        if len(parameters) > 1:
            submit = replace(submit, destination=_address(parameters, 1))
    except (sim.SlotEmpty, PduError) as error:
        raise CommandFailed(Cms.INVALID_INDEX) from error
    except ValueError as error:
        raise invalid_parameter(equipment) from error

    def finish(reference: int) -> Lines:
        slots.mark_sent(index)
        return [f"+CMSS: {reference}"]

    return _submit(equipment, submit, finish)


# ---- reading


def lines_of(equipment: Equipment, message: StoredMessage, index: int | None) -> Lines:
    """A slot as +CMGR (no index) and +CMGL show it, in the mode that is set. Raises PduError.

    Lines stand for octets (Latin-1), since text in the GSM character set is no text of ours.
    """
    prefix = "+CMGR: " if index is None else f"+CMGL: {index},"
    if not equipment.settings.text_mode:
        return [f"{prefix}{int(message.status)},,{len(message.tpdu)}", pdu.to_hex(message.tpdu, equipment.smsc)]
    heading, data = text_mode.heading(message)
    if data is None:
        return [prefix + heading]
    if equipment.settings.show_text_parameters and index is None:
        heading += f',,,0,{data.dcs},"{equipment.smsc}",145,{len(data.content)}'
    return [prefix + heading, text_mode.show_data(data, equipment.settings.character_set).decode("latin-1")]


def _read(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CMGR (clauses 3.4.3 and 4.2); marks the message as read."""
    try:
        message = equipment.sim.slots.read(parameters.number(0, range(256)))
        return lines_of(equipment, message, None)
    except (sim.SlotEmpty, PduError) as error:
        raise CommandFailed(Cms.INVALID_INDEX) from error


def _list(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CMGL (clauses 3.4.2 and 4.1); marks what it shows as read."""
    wanted = _wanted(equipment, parameters)
    lines: Lines = []
    for index, message in list(equipment.sim.slots):
        if wanted in (_ALL, message.status):
            lines += lines_of(equipment, message, index)
            equipment.sim.slots.read(index)
    return lines


def _wanted(equipment: Equipment, parameters: Parameters) -> int:
    """<stat>: 0 to 4 in PDU mode, its name in text mode; unread messages by default."""
    if not equipment.settings.text_mode:
        return parameters.number(0, range(_ALL + 1), default=0)
    name = parameters.text(0, default="REC UNREAD").upper()
    named = {text: int(status) for status, text in text_mode.STATUS_NAMES.items()} | {"ALL": _ALL}
    if name not in named:
        raise invalid_parameter(equipment)
    return named[name]


# <delflag> of +CMGD: which statuses go.
_DELETED_BY_FLAG = {
    1: {Status.RECEIVED_READ},
    2: {Status.RECEIVED_READ, Status.STORED_SENT},
    3: {Status.RECEIVED_READ, Status.STORED_SENT, Status.STORED_UNSENT},
    4: set(Status),
}


def _delete(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CMGD (clause 3.5.4); with a flag the index is not looked at."""
    flag = parameters.number(1, range(5), default=0)
    if flag:
        for index, message in list(equipment.sim.slots):
            if message.status in _DELETED_BY_FLAG[flag]:
                equipment.delete_slot(index)
        return []
    try:
        equipment.delete_slot(parameters.number(0, range(256)))
    except sim.SlotEmpty as error:
        raise CommandFailed(Cms.INVALID_INDEX) from error
    return []


def _deletable(equipment: Equipment) -> str:
    indexes = ",".join(str(index) for index, _ in equipment.sim.slots)
    return f"+CMGD: ({indexes}),(0-4)"


def _entry(
    title: str,
    source: str,
    execute: Handler | None = None,
    read: Handler | None = None,
    write: Handler | None = None,
    test: Handler | None = None,
) -> Command:
    return Command(title, "TS 27.005 " + source, execute, read, write, test, Needs.MESSAGES)


def _show_text_parameters(equipment: Equipment) -> str:
    return "+CSMP: " + ",".join(map(str, equipment.settings.text_parameters))


def _show_indications(equipment: Equipment) -> str:
    return "+CNMI: " + ",".join(map(str, equipment.settings.indications))


COMMANDS: dict[str, Command] = {
    "+CMGF": setting("+CMGF", "PDU or text mode", "TS 27.005 3.2.3", "text_mode", range(2)),
    "+CSDH": setting("+CSDH", "parameters shown in text mode", "TS 27.005 3.3.4", "show_text_parameters", range(2)),
    "+CSMS": Command(
        "message service",
        "TS 27.005 3.2.1",
        read=says("+CSMS: 0,1,1,0"),
        write=_choose_service,
        test=says("+CSMS: (0)"),
    ),
    "+CPMS": _entry(
        "storages",
        "3.2.2",
        read=shows(lambda equipment: _show_counts(equipment, with_name=True)),
        write=_choose_storage,
        test=says('+CPMS: ("SM"),("SM"),("SM")'),
    ),
    "+CSCA": _entry("service centre", "3.3.1", read=shows(_show_service_centre), write=_set_service_centre),
    "+CSMP": _entry("parameters of text mode", "3.3.3", read=shows(_show_text_parameters), write=_set_text_parameters),
    "+CNMI": Command(
        "indications of new messages",
        "TS 27.005 3.4.1",
        read=shows(_show_indications),
        write=_set_indications,
        test=says("+CNMI: (0-3),(0-2),(0),(0-2),(0,1)"),
    ),
    "+CMGS": _entry("send", "3.5.1, 4.3", write=_send),
    "+CMSS": _entry("send a stored message", "3.5.2, 4.7", write=_send_stored),
    "+CMGW": _entry("store", "3.5.3, 4.4", write=_write),
    "+CMGR": _entry("read", "3.4.3, 4.2", write=_read),
    "+CMGL": _entry(
        "list",
        "3.4.2, 4.1",
        execute=_list,
        write=_list,
        test=shows(lambda equipment: "+CMGL: " + _statuses(equipment)),
    ),
    "+CMGD": _entry("delete", "3.5.4", write=_delete, test=shows(_deletable)),
    "+CMMS": numbers("+CMMS", "more messages to send", "TS 27.005 3.5.6", range(3), initially=(0,)),
}


def _statuses(equipment: Equipment) -> str:
    if not equipment.settings.text_mode:
        return "(0-4)"
    return "(" + ",".join(f'"{name}"' for name in [*text_mode.STATUS_NAMES.values(), "ALL"]) + ")"
