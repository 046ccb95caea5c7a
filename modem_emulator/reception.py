"""Where a message from the network goes: a storage, the terminal, or nowhere (TS 27.005 clause 3.4.1; TS 23.038
clause 4; TS 23.040 clause 9.2.3.9).

Rules only: `take` changes the modem's storages and says what to acknowledge and what to tell the terminal.
"""

from dataclasses import dataclass, field

from gsm import pdu
from gsm.pdu import Deliver, PduError, StatusReport
from modem_emulator import text_mode
from modem_emulator.equipment import Acknowledge, Equipment, Reject
from modem_emulator.sim import SlotsFull
from modem_emulator.store import Status, StoredMessage

# RP-Cause 22: memory capacity exceeded (TS 24.011 annex E.2).
CAUSE_MEMORY_FULL = 22
# RP-Cause 111, protocol error, unspecified: the terminal has refused a message, or has not acknowledged it.
CAUSE_PROTOCOL_ERROR = 111
# How long the network waits for +CNMA (TS 24.011 clause 10 gives the network's timer 15 to 20 s).
ACKNOWLEDGEMENT_S_MAX = 15.0
# <mt> and <ds> of +CNMI.
_STORED, _DIRECT, _CLASS_3_DIRECT = 1, 2, 3
_REPORT_DIRECT, _REPORT_STORED = 1, 2
# TP-PID: a silent message, and those that replace an earlier one (TS 23.040 clause 9.2.3.9).
_SILENT, _REPLACING = 0x40, range(0x41, 0x48)


@dataclass(frozen=True, slots=True)
class Taken:
    """What to tell the network, nothing yet while +CNMA is waited for, and what to tell the terminal."""

    answer: Acknowledge | Reject | None
    lines: list[str] = field(default_factory=list)


def take(equipment: Equipment, tpdu: bytes) -> Taken:
    """Take a message or a status report. Raises PduError for what is neither."""
    match pdu.decode_incoming(tpdu):
        case StatusReport() as report:
            return _take_report(equipment, tpdu, report)
        case Deliver() as deliver:
            return _take_message(equipment, tpdu, deliver)


def message_class(dcs: int) -> int | None:
    """0 to 3 when a data coding scheme names a class (TS 23.038 clause 4)."""
    if (dcs < 0x80 and dcs & 0x10) or dcs >= 0xF0:
        return dcs & 0x03
    return None


def display_of(equipment: Equipment) -> text_mode.Display:
    """How this modem shows messages in text mode now."""
    settings = equipment.settings
    return text_mode.Display(
        settings.character_set, settings.show_text_parameters, equipment.smsc, equipment.sim.phonebook("SM").name_of
    )


def _take_message(equipment: Equipment, tpdu: bytes, deliver: Deliver) -> Taken:
    mode, mt, _, _, _ = equipment.settings.indications
    kind = message_class(deliver.user_data.dcs)
    if deliver.protocol_id == _SILENT:
        return Taken(Acknowledge())
    if kind == 0:
        # For immediate display, and the terminal is the only one: shown where +CNMI lets it, and never stored.
        return _shown(equipment, tpdu, deliver) if mode and mt else Taken(Acknowledge())
    if mode and ((mt == _DIRECT and kind != 2) or (mt == _CLASS_3_DIRECT and kind == 3)):
        return _shown(equipment, tpdu, deliver)
    # Class 2 belongs on the SIM; the others go where +CPMS says.
    wanted = "SM" if kind == 2 else equipment.memories[2]
    replaced = _replaced(equipment, wanted, deliver)
    return _stored(equipment, tpdu, wanted, "+CMTI", announce=mt >= _STORED, over=replaced)


def _take_report(equipment: Equipment, tpdu: bytes, report: StatusReport) -> Taken:
    mode, _, _, ds, _ = equipment.settings.indications
    if mode and ds == _REPORT_DIRECT:
        return _shown(equipment, tpdu, report)
    if ds != _REPORT_STORED:
        return Taken(Acknowledge())
    wanted = "SR" if "SR" in equipment.profile.storage.slots else equipment.memories[2]
    return _stored(equipment, tpdu, wanted, "+CDSI", announce=True)


def _shown(equipment: Equipment, tpdu: bytes, incoming: Deliver | StatusReport) -> Taken:
    """+CMT and +CDS; with message service 1 the network hears nothing before +CNMA (clause 3.4.4)."""
    lines = _lines(equipment, tpdu, incoming)
    if equipment.settings.message_service == 1:
        equipment.unacknowledged = True
        return Taken(None, lines)
    return Taken(Acknowledge(), lines)


def _lines(equipment: Equipment, tpdu: bytes, incoming: Deliver | StatusReport) -> list[str]:
    if not equipment.settings.text_mode:
        heading = f"+CDS: {len(tpdu)}" if isinstance(incoming, StatusReport) else f"+CMT: ,{len(tpdu)}"
        return [heading, pdu.to_hex(tpdu, equipment.smsc)]
    display = display_of(equipment)
    if isinstance(incoming, StatusReport):
        return [f"+CDS: {text_mode.show_report(incoming, display)}"]
    first, *rest = text_mode.arrival_lines(tpdu, incoming, display)
    return ["+CMT: " + first, *rest]


def _stored(
    equipment: Equipment, tpdu: bytes, wanted: str, prefix: str, announce: bool, over: int | None = None
) -> Taken:
    message = StoredMessage(Status.RECEIVED_UNREAD, tpdu)
    for name in ("SM", "ME") if wanted == "MT" else (wanted,):
        slots = equipment.storage(name)
        try:
            if over is None:
                index = slots.add(message)
            else:
                slots.write(over, message)
                index = over
        except SlotsFull:
            continue
        return Taken(Acknowledge(), [f'{prefix}: "{name}",{index}'] if announce else [])
    equipment.refused_for_memory = True
    return Taken(Reject(CAUSE_MEMORY_FULL))


def _replaced(equipment: Equipment, name: str, deliver: Deliver) -> int | None:
    """The slot of an earlier message of the same sender and replacing type, whose place this one takes."""
    if deliver.protocol_id not in _REPLACING or name == "MT":
        return None
    for index, message in equipment.storage(name):
        if message.status in (Status.RECEIVED_UNREAD, Status.RECEIVED_READ):
            try:
                earlier = pdu.decode_deliver(message.tpdu)
            except PduError:
                continue
            if (earlier.originator, earlier.protocol_id) == (deliver.originator, deliver.protocol_id):
                return index
    return None
