"""SMS-SUBMIT, SMS-DELIVER and SMS-COMMAND, read and written (3GPP TS 23.040 clause 9.2.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gsm.errors import PduError
from gsm.pdu.fields import (
    COMMAND,
    DELIVER,
    HEADER_INDICATOR,
    LOOP_PREVENTION,
    MESSAGE_TYPE,
    NO_MORE_MESSAGES,
    REJECT_DUPLICATES,
    RELATIVE_VALIDITY_MIN,
    REPLY_PATH,
    RESERVED,
    STATUS_REPORT,
    STATUS_REPORT_WANTED,
    SUBMIT,
    Reader,
    decode_address,
    decode_enhanced_validity,
    decode_timestamp,
    encode_address,
    encode_enhanced_validity,
    encode_relative_validity,
    encode_timestamp,
    expect_type,
    message_type,
    octet,
    relative_validity,
)
from gsm.pdu.header import Element, encode_header, split_header
from gsm.pdu.reports import StatusReport, decode_status_report
from gsm.pdu.user_data import UserData, decode_user_data, encode_user_data

COMMAND_OCTETS_MAX = 156

_VALIDITY_NONE, _VALIDITY_ENHANCED, _VALIDITY_RELATIVE, _VALIDITY_ABSOLUTE = range(4)


@dataclass(frozen=True, slots=True)
class Submit:
    """SMS-SUBMIT, from a handset to the network (TS 23.040 clause 9.2.2.2).

    `validity` is relative (timedelta, from 5 minutes to 63 weeks, rounded down to what the octet can say) or
    absolute (datetime with a time zone). `enhanced_validity` says it to the second instead (clause 9.2.3.12.3), as is
    done for less than 5 minutes and for `single_shot`, which asks for one try at delivery only. `reference` is
    TP-MR (0..255); modems put their own in its place.
    """

    destination: str
    user_data: UserData
    reference: int = 0
    status_report_request: bool = False
    validity: timedelta | datetime | None = None
    reject_duplicates: bool = False
    reply_path: bool = False
    protocol_id: int = 0
    enhanced_validity: bool = False
    single_shot: bool = False

    @property
    def text(self) -> str:
        """The text of the user data."""
        return self.user_data.text


@dataclass(frozen=True, slots=True)
class Deliver:
    """SMS-DELIVER, from the network to a handset (TS 23.040 clause 9.2.2.1).

    `timestamp` is None where the seven octets hold no date (some networks send zeros). `loop_prevention` forbids
    to send an automatic answer or to forward (clause 9.2.3.28).
    """

    originator: str
    user_data: UserData
    timestamp: datetime | None = None
    more_messages: bool = False
    status_report_indication: bool = False
    reply_path: bool = False
    protocol_id: int = 0
    loop_prevention: bool = False

    @property
    def text(self) -> str:
        """The text of the user data."""
        return self.user_data.text


@dataclass(frozen=True, slots=True)
class Command:
    """SMS-COMMAND, from a handset to the network, about an earlier SUBMIT (TS 23.040 clause 9.2.2.4; `AT+CMGC`).

    `message_number` is the TP-MR of that SUBMIT and `destination` its destination; `command` is a `CommandType`
    (0..255). `udh` and `data` make up TP-CD, together at most 156 octets.
    """

    destination: str
    command: int
    message_number: int = 0
    reference: int = 0
    status_report_request: bool = False
    protocol_id: int = 0
    data: bytes = b""
    udh: tuple[Element, ...] = ()


# ---- encoding


def encode_submit(submit: Submit) -> bytes:
    """TPDU of an SMS-SUBMIT. Raises PduError naming the field that does not fit."""
    if not submit.destination:
        raise PduError("destination is empty")
    format_bits, validity = _encode_validity(submit)
    first = (
        SUBMIT
        | (REJECT_DUPLICATES if submit.reject_duplicates else 0)
        | format_bits
        | (STATUS_REPORT_WANTED if submit.status_report_request else 0)
        | (HEADER_INDICATOR if submit.user_data.udh else 0)
        | (REPLY_PATH if submit.reply_path else 0)
    )
    return (
        bytes([first, octet(submit.reference, "reference")])
        + encode_address(submit.destination)
        + bytes([octet(submit.protocol_id, "protocol id"), octet(submit.user_data.dcs, "coding scheme")])
        + validity
        + encode_user_data(submit.user_data)
    )


def encode_deliver(deliver: Deliver) -> bytes:
    """TPDU of an SMS-DELIVER. Raises PduError naming the field that does not fit."""
    first = (
        DELIVER
        | (0 if deliver.more_messages else NO_MORE_MESSAGES)
        | (LOOP_PREVENTION if deliver.loop_prevention else 0)
        | (STATUS_REPORT_WANTED if deliver.status_report_indication else 0)
        | (HEADER_INDICATOR if deliver.user_data.udh else 0)
        | (REPLY_PATH if deliver.reply_path else 0)
    )
    return (
        bytes([first])
        + encode_address(deliver.originator)
        + bytes([octet(deliver.protocol_id, "protocol id"), octet(deliver.user_data.dcs, "coding scheme")])
        + encode_timestamp(deliver.timestamp)
        + encode_user_data(deliver.user_data)
    )


def encode_command(command: Command) -> bytes:
    """TPDU of an SMS-COMMAND. Raises PduError naming the field that does not fit."""
    first = (
        COMMAND
        | (STATUS_REPORT_WANTED if command.status_report_request else 0)
        | (HEADER_INDICATOR if command.udh else 0)
    )
    data = encode_header(command.udh) + command.data
    if len(data) > COMMAND_OCTETS_MAX:
        raise PduError(f"command data of {len(data)} octets is too long; {COMMAND_OCTETS_MAX} fit")
    numbers = (
        octet(command.reference, "reference"),
        octet(command.protocol_id, "protocol id"),
        octet(command.command, "command type"),
        octet(command.message_number, "message number"),
    )
    return bytes([first, *numbers]) + encode_address(command.destination) + bytes([len(data)]) + data


def _encode_validity(submit: Submit) -> tuple[int, bytes]:
    validity = submit.validity
    if isinstance(validity, datetime):
        if submit.enhanced_validity or submit.single_shot:
            raise PduError("an absolute validity has no enhanced format and no single shot")
        return _VALIDITY_ABSOLUTE << 3, encode_timestamp(validity)
    short = validity is not None and validity < RELATIVE_VALIDITY_MIN
    if submit.enhanced_validity or submit.single_shot or short:
        return _VALIDITY_ENHANCED << 3, encode_enhanced_validity(validity, submit.single_shot)
    if validity is None:
        return _VALIDITY_NONE << 3, b""
    return _VALIDITY_RELATIVE << 3, bytes([encode_relative_validity(validity)])


# ---- decoding


def decode_submit(tpdu: bytes) -> Submit:
    """Read an SMS-SUBMIT. Raises PduError."""
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    expect_type(first, SUBMIT, "SMS-SUBMIT")
    reference = reader.octet("reference")
    destination = decode_address(reader, "destination")
    protocol_id = reader.octet("protocol id")
    dcs = reader.octet("coding scheme")
    validity_format = first >> 3 & 3
    validity, single_shot = _decode_validity(reader, validity_format)
    return Submit(
        destination,
        decode_user_data(reader, dcs, bool(first & HEADER_INDICATOR)),
        reference,
        bool(first & STATUS_REPORT_WANTED),
        validity,
        bool(first & REJECT_DUPLICATES),
        bool(first & REPLY_PATH),
        protocol_id,
        validity_format == _VALIDITY_ENHANCED,
        single_shot,
    )


def decode_deliver(tpdu: bytes) -> Deliver:
    """Read an SMS-DELIVER. Raises PduError."""
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    if first & MESSAGE_TYPE != RESERVED:  # a handset takes the reserved type for a DELIVER (clause 9.2.3.1)
        expect_type(first, DELIVER, "SMS-DELIVER")
    originator = decode_address(reader, "originator")
    protocol_id = reader.octet("protocol id")
    dcs = reader.octet("coding scheme")
    timestamp = decode_timestamp(reader)
    return Deliver(
        originator,
        decode_user_data(reader, dcs, bool(first & HEADER_INDICATOR)),
        timestamp,
        not first & NO_MORE_MESSAGES,
        bool(first & STATUS_REPORT_WANTED),
        bool(first & REPLY_PATH),
        protocol_id,
        bool(first & LOOP_PREVENTION),
    )


def decode_command(tpdu: bytes) -> Command:
    """Read an SMS-COMMAND. Raises PduError."""
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    expect_type(first, COMMAND, "SMS-COMMAND")
    reference = reader.octet("reference")
    protocol_id = reader.octet("protocol id")
    command = reader.octet("command type")
    message_number = reader.octet("message number")
    destination = decode_address(reader, "destination")
    length = reader.octet("command data length")
    if length > COMMAND_OCTETS_MAX:
        raise PduError(f"command data length {length} is too large")
    data = reader.take(length, "command data")
    udh: tuple[Element, ...] = ()
    if first & HEADER_INDICATOR:
        udh, data = split_header(data)
    wanted = bool(first & STATUS_REPORT_WANTED)
    return Command(destination, command, message_number, reference, wanted, protocol_id, data, udh)


def decode_incoming(tpdu: bytes) -> Deliver | StatusReport:
    """Read what a handset may receive, by its message type. Raises PduError."""
    if message_type(tpdu) == STATUS_REPORT:
        return decode_status_report(tpdu)
    return decode_deliver(tpdu)


def decode_outgoing(tpdu: bytes) -> Submit | Command:
    """Read what a handset may send on its own account, by its message type. Raises PduError."""
    if message_type(tpdu) == COMMAND:
        return decode_command(tpdu)
    return decode_submit(tpdu)


def _decode_validity(reader: Reader, kind: int) -> tuple[timedelta | datetime | None, bool]:
    if kind == _VALIDITY_RELATIVE:
        return relative_validity(reader.octet("validity")), False
    if kind == _VALIDITY_ABSOLUTE:
        return decode_timestamp(reader), False
    if kind == _VALIDITY_ENHANCED:
        return decode_enhanced_validity(reader)
    return None, False
