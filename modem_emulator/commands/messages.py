"""Short messages: settings and sending (3GPP TS 27.005 clauses 3.2 to 3.5 for text mode, clause 4 for PDU mode)."""

from collections.abc import Callable
from dataclasses import replace

from gsm import pdu
from gsm.pdu import Command as SmsCommand
from gsm.pdu import Deliver, PduError, Submit, UserData
from modem_emulator import character_sets, sim, text_mode
from modem_emulator import equipment as actions
from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.table import (
    Command,
    Handler,
    Lines,
    Needs,
    Pending,
    Prompt,
    listed,
    number_among,
    numbers,
    says,
    setting,
    shows,
)
from modem_emulator.equipment import Acknowledge, Equipment, Reject
from modem_emulator.errors import Cms, CommandFailed
from modem_emulator.numbers import canonical
from modem_emulator.reception import CAUSE_PROTOCOL_ERROR
from modem_emulator.store import Status, StoredMessage

# TS 23.040 clause 9.2.2.2: a SUBMIT has at most 164 octets besides the service centre's address.
TPDU_OCTETS_MAX = 164
INTERNATIONAL = 145
_SETTINGS_SAVED_MAX = 4


def invalid_parameter(equipment: Equipment) -> CommandFailed:
    """+CMS ERROR 304 in PDU mode, 305 in text mode."""
    return CommandFailed(Cms.INVALID_TEXT_PARAMETER if equipment.settings.text_mode else Cms.INVALID_PDU_PARAMETER)


# ---- settings


def _choose_service(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSMS (clause 3.2.1): with service 1 messages that are shown directly want +CNMA."""
    service = parameters.number(0, range(128))
    if service not in (0, 1):
        raise CommandFailed(Cms.OPERATION_NOT_SUPPORTED)
    equipment.settings.message_service = service
    return ["+CSMS: 1,1,0"]


def _set_service_centre(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSCA (clause 3.3.1)."""
    try:
        equipment.smsc = _address(equipment, parameters, 0)
    except ValueError as error:
        raise invalid_parameter(equipment) from error
    return []


def _show_service_centre(equipment: Equipment) -> str:
    shown = character_sets.encode_number(equipment.smsc, equipment.settings.character_set)
    return f'+CSCA: "{shown}",{text_mode.type_of_address(equipment.smsc)}'


def _set_text_parameters(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSMP (clause 3.3.3), with relative, absolute or enhanced validity as <fo> says."""
    first, validity, protocol, coding = equipment.settings.text_parameters
    first = parameters.number(0, range(256), default=first)
    given = parameters.text(1, default="")
    if given:
        validity = parameters.number(1, range(256)) if given.isdigit() and len(given) <= 3 else given
    try:
        text_mode.validity_of(first, validity)
    except PduError as error:
        raise InvalidParameter("the validity has another format than <fo> says") from error
    protocol = parameters.number(2, range(256), default=protocol)
    coding = parameters.number(3, range(256), default=coding)
    equipment.settings.text_parameters = (first, validity, protocol, coding)
    return []


def _show_text_parameters(equipment: Equipment) -> str:
    first, validity, protocol, coding = equipment.settings.text_parameters
    shown = f'"{validity}"' if isinstance(validity, str) else validity
    return f"+CSMP: {first},{shown},{protocol},{coding}"


def _set_cell_broadcast(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSCB (clause 3.3.4): kept, though this network broadcasts nothing."""
    _, identifiers, codings = equipment.cell_broadcast
    mode = parameters.number(0, range(2))
    equipment.cell_broadcast = (mode, parameters.text(1, identifiers), parameters.text(2, codings))
    return []


def _show_cell_broadcast(equipment: Equipment) -> str:
    mode, identifiers, codings = equipment.cell_broadcast
    return f'+CSCB: {mode},"{identifiers}","{codings}"'


def _save_settings(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSAS (clause 3.3.5): service centre, +CSMP and +CSCB."""
    place = parameters.number(0, range(_SETTINGS_SAVED_MAX), default=0)
    equipment.saved_settings[place] = (equipment.smsc, equipment.settings.text_parameters, equipment.cell_broadcast)
    return []


def _restore_settings(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CRES (clause 3.3.6); what was never saved stays as it is."""
    saved = equipment.saved_settings.get(parameters.number(0, range(_SETTINGS_SAVED_MAX), default=0))
    if saved is not None:
        equipment.smsc, equipment.settings.text_parameters, equipment.cell_broadcast = saved
    return []


def _set_indications(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CNMI (clause 3.4.1), within what this make takes; <bfr> 1 drops what <mode> 0 has held back."""
    old, own = equipment.settings.indications, equipment.profile.indications
    if len(parameters) > len(old):
        raise InvalidParameter("too many parameters")
    allowed = (own.mode, own.mt, own.bm, own.ds, own.bfr)
    mode, mt, bm, ds, bfr = (number_among(parameters, place, allowed[place], old[place]) for place in range(5))
    equipment.settings.indications = (mode, mt, bm, ds, bfr)
    if mode and bfr:
        equipment.indications.clear()
    return []


def _show_indications(equipment: Equipment) -> str:
    return "+CNMI: " + ",".join(map(str, equipment.settings.indications))


def _possible_indications(equipment: Equipment) -> str:
    own = equipment.profile.indications
    return "+CNMI: " + ",".join(map(listed, (own.mode, own.mt, own.bm, own.ds, own.bfr)))


def _acknowledge(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CNMA (clauses 3.4.4 and 4.7): 0 and 1 take the message over, 2 refuses it, in PDU mode."""
    way = parameters.number(0, range(1 if equipment.settings.text_mode else 3), default=0)
    if not equipment.unacknowledged:
        raise CommandFailed(Cms.NO_ACKNOWLEDGEMENT_EXPECTED)
    equipment.unacknowledged = False
    equipment.actions.append(Reject(CAUSE_PROTOCOL_ERROR) if way == 2 else Acknowledge())
    return []


# ---- what is entered after the prompt


def _address(equipment: Equipment, parameters: Parameters, position: int) -> str:
    """<da> and <toda>: 145 puts the + before. Raises InvalidNumber (a ValueError)."""
    number = character_sets.decode_number(parameters.text(position), equipment.settings.character_set)
    if parameters.number(position + 1, range(256), default=129) == INTERNATIONAL:
        number = "+" + number.removeprefix("+")
    canonical(number)  # only whether it is one: a national number goes to the network as dialled
    return number


def _entering_pdu(parameters: Parameters, entered: Callable[[bytes], Lines | Pending]) -> Prompt:
    """Ask for a TPDU of the length that the first parameter announces (clauses 4.3 and 4.4)."""
    length = parameters.number(0, range(1, TPDU_OCTETS_MAX + 1))

    def read_pdu(octets: bytes) -> Lines | Pending:
        try:
            _, tpdu = pdu.from_hex(octets.decode("ascii", errors="replace"))
            if len(tpdu) != length:
                raise PduError("the PDU has another length than was announced")
            return entered(tpdu)
        except PduError as error:
            raise CommandFailed(Cms.INVALID_PDU_PARAMETER) from error

    return Prompt(read_pdu)


def _entering_text(
    equipment: Equipment, parameters: Parameters, entered: Callable[[str, UserData], Lines | Pending]
) -> Prompt:
    """Ask for the text of a message from or to the address of the first parameters (clauses 3.5.1 and 3.5.3)."""
    settings = equipment.settings
    try:
        address = _address(equipment, parameters, 0)
    except ValueError as error:
        raise CommandFailed(Cms.INVALID_TEXT_PARAMETER) from error

    def read_text(octets: bytes) -> Lines | Pending:
        first, _, _, coding = settings.text_parameters
        try:
            # Clients that end the command with CR LF send the LF after the prompt.
            typed = octets.removeprefix(b"\n")
            data = text_mode.decode_entered(typed, coding, settings.character_set, bool(first & text_mode.HEADER))
            pdu.encode_submit(Submit(address, data))  # only whether it fits
            return entered(address, data)
        except PduError as error:
            raise CommandFailed(Cms.INVALID_TEXT_PARAMETER) from error

    return Prompt(read_text)


# ---- sending


def _send(equipment: Equipment, parameters: Parameters) -> Prompt:
    """+CMGS (clauses 3.5.1 and 4.3)."""
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)

    def sent(reference: int) -> Lines:
        return [f"+CMGS: {reference}"]

    if equipment.settings.text_mode:
        return _entering_text(
            equipment,
            parameters,
            lambda address, data: _submit(
                equipment, text_mode.submit(address, data, equipment.settings.text_parameters), sent
            ),
        )
    return _entering_pdu(parameters, lambda tpdu: _submit(equipment, pdu.decode_submit(tpdu), sent))


def _submit(equipment: Equipment, submit: Submit, finish: Callable[[int], Lines]) -> Pending:
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)  # it was, when the text was asked for
    if not equipment.smsc:
        raise CommandFailed(Cms.SERVICE_CENTRE_UNKNOWN)
    reference = equipment.next_reference()
    equipment.actions.append(actions.Submit(replace(submit, reference=reference)))
    return Pending(reference, finish)


def _write(equipment: Equipment, parameters: Parameters) -> Prompt:
    """+CMGW (clauses 3.5.3 and 4.4): keep a message to be sent later, or one as if it had been received."""
    if equipment.settings.text_mode:
        status = _named_status(parameters.text(2, default="STO UNSENT"))

        def make(address: str, data: UserData) -> bytes:
            if status in (Status.RECEIVED_UNREAD, Status.RECEIVED_READ):
                return pdu.encode_deliver(Deliver(address, data, text_mode.moment_of(equipment.now_s)))
            return pdu.encode_submit(text_mode.submit(address, data, equipment.settings.text_parameters))

        return _entering_text(
            equipment, parameters, lambda address, data: _keep(equipment, status, make(address, data))
        )
    status = Status(parameters.number(1, range(4), default=Status.STORED_UNSENT))

    def entered(tpdu: bytes) -> Lines:
        if status in (Status.RECEIVED_UNREAD, Status.RECEIVED_READ):
            pdu.decode_incoming(tpdu)
        else:
            pdu.decode_submit(tpdu)
        return _keep(equipment, status, tpdu)

    return _entering_pdu(parameters, entered)


def _named_status(name: str) -> Status:
    for status, text in text_mode.STATUS_NAMES.items():
        if text == name.upper():
            return status
    raise CommandFailed(Cms.INVALID_TEXT_PARAMETER)


def _keep(equipment: Equipment, status: Status, tpdu: bytes) -> Lines:
    try:
        index = equipment.storage(equipment.memories[1]).add(StoredMessage(status, tpdu))
    except sim.SlotsFull as error:
        raise CommandFailed(Cms.MEMORY_FULL) from error
    return [f"+CMGW: {index}"]


def _send_stored(equipment: Equipment, parameters: Parameters) -> Pending:
    """+CMSS (clause 3.5.2): send what +CMGW kept, to another address if one is given."""
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)
    slots = equipment.storage(equipment.memories[1])
    index = parameters.number(0, range(10**6))
    try:
        submit = pdu.decode_submit(slots.get(index).tpdu)
        if len(parameters) > 1:
            submit = replace(submit, destination=_address(equipment, parameters, 1))
    except (sim.SlotEmpty, PduError) as error:
        raise CommandFailed(Cms.INVALID_INDEX) from error
    except ValueError as error:
        raise invalid_parameter(equipment) from error

    def finish(reference: int) -> Lines:
        slots.mark_sent(index)
        return [f"+CMSS: {reference}"]

    return _submit(equipment, submit, finish)


def _send_command(equipment: Equipment, parameters: Parameters) -> Prompt:
    """+CMGC (clauses 3.5.5 and 4.6): an SMS-COMMAND about an earlier message."""
    if not equipment.registered:
        raise CommandFailed(Cms.NO_NETWORK_SERVICE)

    def sent(reference: int) -> Lines:
        return [f"+CMGC: {reference}"]

    def hand_over(command: SmsCommand) -> Pending:
        reference = equipment.next_reference()
        equipment.actions.append(actions.SubmitCommand(replace(command, reference=reference)))
        return Pending(reference, sent)

    if not equipment.settings.text_mode:
        return _entering_pdu(parameters, lambda tpdu: hand_over(pdu.decode_command(tpdu)))
    first, kind = (parameters.number(place, range(256)) for place in range(2))
    protocol_id, number = (parameters.number(place, range(256), default=0) for place in (2, 3))
    try:
        destination = _address(equipment, parameters, 4) if parameters.text(4, default="") else ""
    except ValueError as error:
        raise CommandFailed(Cms.INVALID_TEXT_PARAMETER) from error
    command = SmsCommand(destination, kind, number, 0, bool(first & text_mode.REPORT_REQUEST), protocol_id)

    def entered(octets: bytes) -> Pending:
        try:
            return hand_over(replace(command, data=bytes.fromhex(octets.decode("ascii"))))
        except ValueError as error:
            raise CommandFailed(Cms.INVALID_TEXT_PARAMETER) from error

    return Prompt(entered)


def _entry(
    title: str,
    source: str,
    execute: Handler | None = None,
    read: Handler | None = None,
    write: Handler | None = None,
    test: Handler | None = None,
) -> Command:
    return Command(title, "TS 27.005 " + source, execute, read, write, test, Needs.MESSAGES)


_SAVED = f"(0-{_SETTINGS_SAVED_MAX - 1})"

COMMANDS: dict[str, Command] = {
    "+CSMS": Command(
        "message service",
        "TS 27.005 3.2.1",
        read=shows(lambda equipment: f"+CSMS: {equipment.settings.message_service},1,1,0"),
        write=_choose_service,
        test=says("+CSMS: (0,1)"),
    ),
    "+CMGF": setting("+CMGF", "PDU or text mode", "TS 27.005 3.2.3", "text_mode", range(2)),
    "+CSCA": _entry("service centre", "3.3.1", read=shows(_show_service_centre), write=_set_service_centre),
    "+CSMP": _entry("parameters of text mode", "3.3.3", read=shows(_show_text_parameters), write=_set_text_parameters),
    "+CSDH": setting("+CSDH", "parameters shown in text mode", "TS 27.005 3.3.3", "show_text_parameters", range(2)),
    "+CSCB": _entry(
        "cell broadcast",
        "3.3.4",
        read=shows(_show_cell_broadcast),
        write=_set_cell_broadcast,
        test=says("+CSCB: (0,1)"),
    ),
    "+CSAS": _entry(
        "settings, saved", "3.3.5", execute=_save_settings, write=_save_settings, test=says(f"+CSAS: {_SAVED}")
    ),
    "+CRES": _entry(
        "settings, restored", "3.3.6", execute=_restore_settings, write=_restore_settings, test=says(f"+CRES: {_SAVED}")
    ),
    "+CNMI": Command(
        "indications of new messages",
        "TS 27.005 3.4.1",
        read=shows(_show_indications),
        write=_set_indications,
        test=shows(_possible_indications),
    ),
    "+CNMA": _entry(
        "a message taken over", "3.4.4, 4.7", execute=_acknowledge, write=_acknowledge, test=says("+CNMA: (0-2)")
    ),
    "+CMGS": _entry("send", "3.5.1, 4.3", write=_send),
    "+CMSS": _entry("send a stored message", "3.5.2", write=_send_stored),
    "+CMGW": _entry("store", "3.5.3, 4.4", write=_write),
    "+CMGC": _entry("send an SMS-COMMAND", "3.5.5, 4.6", write=_send_command),
    "+CMMS": numbers("+CMMS", "more messages to send", "TS 27.005 3.5.6", range(3), initially=(0,)),
}
