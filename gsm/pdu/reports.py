"""The TPDUs that tell what became of another: STATUS-, DELIVER- and SUBMIT-REPORT (3GPP TS 23.040 clause 9.2.2).

A DELIVER-REPORT is what `AT+CNMA=` carries, a SUBMIT-REPORT what may stand behind the reference in `+CMGS:` (TS 27.005
clauses 4.6 and 4.3). Whether one is for an RP-ACK or an RP-ERROR stands outside of it, as `n` of +CNMA does.
"""

from dataclasses import dataclass
from datetime import datetime

from gsm.errors import PduError
from gsm.pdu.fields import (
    DELIVER_REPORT,
    HEADER_INDICATOR,
    LOOP_PREVENTION,
    NO_MORE_MESSAGES,
    STATUS_REPORT,
    STATUS_REPORT_WANTED,
    SUBMIT_REPORT,
    Reader,
    decode_address,
    decode_timestamp,
    encode_address,
    encode_timestamp,
    expect_type,
    octet,
)
from gsm.pdu.user_data import UserData, decode_user_data, encode_user_data

# TP-PI, TS 23.040 clause 9.2.3.27.
_HAS_PROTOCOL_ID, _HAS_CODING, _HAS_USER_DATA, _MORE_INDICATORS = 0x01, 0x02, 0x04, 0x80


@dataclass(frozen=True, slots=True)
class StatusReport:
    """SMS-STATUS-REPORT, what became of an earlier SUBMIT (TS 23.040 clause 9.2.2.3; TP-ST in 9.2.3.15).

    `of_command`: it answers an SMS-COMMAND instead (TP-SRQ). `protocol_id` and `user_data` are optional on the air;
    user data comes with its coding scheme.
    """

    reference: int
    recipient: str
    timestamp: datetime | None
    discharge: datetime | None
    status: int
    more_messages: bool = False
    of_command: bool = False
    loop_prevention: bool = False
    protocol_id: int | None = None
    user_data: UserData | None = None

    @property
    def delivered(self) -> bool:
        """The recipient has it (TP-ST 00, 01, 02)."""
        return self.status <= 0x02

    @property
    def still_trying(self) -> bool:
        """A temporary trouble; another report will follow (TP-ST 20 to 3F)."""
        return 0x20 <= self.status <= 0x3F


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """SMS-DELIVER-REPORT, from a handset to the network (TS 23.040 clause 9.2.2.1a).

    `cause` (TP-FCS, 0..255, clause 9.2.3.22) says why the message was not taken; None: it was.
    """

    cause: int | None = None
    protocol_id: int | None = None
    user_data: UserData | None = None


@dataclass(frozen=True, slots=True)
class SubmitReport:
    """SMS-SUBMIT-REPORT, from the network to a handset (TS 23.040 clause 9.2.2.2a).

    `timestamp` is when the service centre got the message; `cause` (TP-FCS, 0..255) why it did not take it.
    """

    timestamp: datetime | None
    cause: int | None = None
    protocol_id: int | None = None
    user_data: UserData | None = None


# ---- encoding


def encode_status_report(report: StatusReport) -> bytes:
    """TPDU of an SMS-STATUS-REPORT. Raises PduError naming the field that does not fit."""
    first = (
        STATUS_REPORT
        | (0 if report.more_messages else NO_MORE_MESSAGES)
        | (LOOP_PREVENTION if report.loop_prevention else 0)
        | (STATUS_REPORT_WANTED if report.of_command else 0)
        | _header_bit(report)
    )
    bare = report.protocol_id is None and report.user_data is None
    return (
        bytes([first, octet(report.reference, "reference")])
        + encode_address(report.recipient)
        + encode_timestamp(report.timestamp)
        + encode_timestamp(report.discharge)
        + bytes([octet(report.status, "status")])
        + (b"" if bare else _encode_parameters(report))
    )


def encode_deliver_report(report: DeliverReport) -> bytes:
    """TPDU of an SMS-DELIVER-REPORT. Raises PduError naming the field that does not fit."""
    return bytes([DELIVER_REPORT | _header_bit(report)]) + _encode_cause(report.cause) + _encode_parameters(report)


def encode_submit_report(report: SubmitReport) -> bytes:
    """TPDU of an SMS-SUBMIT-REPORT. Raises PduError naming the field that does not fit."""
    first = SUBMIT_REPORT | _header_bit(report)
    parameters = _encode_parameters(report)
    indicator, rest = parameters[:1], parameters[1:]
    return bytes([first]) + _encode_cause(report.cause) + indicator + encode_timestamp(report.timestamp) + rest


def _header_bit(report: StatusReport | DeliverReport | SubmitReport) -> int:
    return HEADER_INDICATOR if report.user_data is not None and report.user_data.udh else 0


def _encode_cause(cause: int | None) -> bytes:
    return b"" if cause is None else bytes([octet(cause, "failure cause")])


def _encode_parameters(report: StatusReport | DeliverReport | SubmitReport) -> bytes:
    """TP-PI and what it announces."""
    indicator, octets = 0, b""
    if report.protocol_id is not None:
        indicator |= _HAS_PROTOCOL_ID
        octets += bytes([octet(report.protocol_id, "protocol id")])
    if report.user_data is not None:
        indicator |= _HAS_CODING | _HAS_USER_DATA
        octets += bytes([octet(report.user_data.dcs, "coding scheme")]) + encode_user_data(report.user_data)
    return bytes([indicator]) + octets


# ---- decoding


def decode_status_report(tpdu: bytes) -> StatusReport:
    """Read an SMS-STATUS-REPORT. Raises PduError.

    Optional parameters that make no sense are taken for absent: what a report is for stands before them, and SIMs pad
    their records with FF.
    """
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    expect_type(first, STATUS_REPORT, "SMS-STATUS-REPORT")
    reference = reader.octet("reference")
    recipient = decode_address(reader, "recipient")
    timestamp, discharge = decode_timestamp(reader), decode_timestamp(reader)
    status = reader.octet("status")
    protocol_id, user_data = _decode_tail(reader.rest(), first)
    return StatusReport(
        reference,
        recipient,
        timestamp,
        discharge,
        status,
        not first & NO_MORE_MESSAGES,
        bool(first & STATUS_REPORT_WANTED),
        bool(first & LOOP_PREVENTION),
        protocol_id,
        user_data,
    )


def decode_deliver_report(tpdu: bytes, failed: bool = False) -> DeliverReport:
    """Read an SMS-DELIVER-REPORT, for an RP-ERROR when `failed`. Raises PduError."""
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    expect_type(first, DELIVER_REPORT, "SMS-DELIVER-REPORT")
    cause = reader.octet("failure cause") if failed else None
    return DeliverReport(cause, *_decode_optional(reader, first))


def decode_submit_report(tpdu: bytes, failed: bool = False) -> SubmitReport:
    """Read an SMS-SUBMIT-REPORT, for an RP-ERROR when `failed`. Raises PduError."""
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    expect_type(first, SUBMIT_REPORT, "SMS-SUBMIT-REPORT")
    cause = reader.octet("failure cause") if failed else None
    indicator = _decode_indicator(reader)
    timestamp = decode_timestamp(reader)
    return SubmitReport(timestamp, cause, *_decode_parameters(reader, indicator, bool(first & HEADER_INDICATOR)))


def _decode_tail(octets: bytes, first: int) -> tuple[int | None, UserData | None]:
    """What stands behind a status, if that makes sense."""
    if not octets:
        return None, None
    try:
        return _decode_optional(Reader(octets), first)
    except PduError:
        return None, None


def _decode_optional(reader: Reader, first: int) -> tuple[int | None, UserData | None]:
    return _decode_parameters(reader, _decode_indicator(reader), bool(first & HEADER_INDICATOR))


def _decode_indicator(reader: Reader) -> int:
    """TP-PI, of which only the first octet says anything yet."""
    indicator = more = reader.octet("parameter indicator")
    while more & _MORE_INDICATORS:
        more = reader.octet("parameter indicator")
    return indicator


def _decode_parameters(reader: Reader, indicator: int, has_header: bool) -> tuple[int | None, UserData | None]:
    """What TP-PI announces; a coding scheme without user data is dropped."""
    protocol_id = reader.octet("protocol id") if indicator & _HAS_PROTOCOL_ID else None
    dcs = reader.octet("coding scheme") if indicator & _HAS_CODING else 0
    if not indicator & _HAS_USER_DATA:
        return protocol_id, None
    return protocol_id, decode_user_data(reader, dcs, has_header)
