"""Between SMPP 3.4 fields and what the network carries (SMPP 3.4 sections 4.4, 4.6, 5.2 and appendix B)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gsm import alphabet, pdu
from gsm.pdu import Alphabet, Concatenation, Deliver, Element, PduError, Ports, StatusReport, UserData
from modem_emulator.outcome import DeliveryStatus, Reports
from modem_emulator.store import Queued

# esm_class, SMPP 3.4 section 5.2.12.
ESM_CLASS_HEADER, ESM_CLASS_REPLY_PATH = 0x40, 0x80
ESM_CLASS_RECEIPT, ESM_CLASS_INTERMEDIATE = 0x04, 0x20

# Optional parameters, SMPP 3.4 section 5.3.2.
QOS_TIME_TO_LIVE = 0x0017
SOURCE_PORT, DESTINATION_PORT = 0x020A, 0x020B
SAR_REFERENCE, SAR_TOTAL, SAR_SEQUENCE = 0x020C, 0x020E, 0x020F
MESSAGE_PAYLOAD = 0x0424
_WIDTHS = {QOS_TIME_TO_LIVE: 4, SOURCE_PORT: 2, DESTINATION_PORT: 2, SAR_REFERENCE: 2, SAR_TOTAL: 1, SAR_SEQUENCE: 1}

# data_coding, SMPP 3.4 section 5.2.19: what is converted, by Python's name of the character set. Pictograms (9) have
# no published table.
_CHARACTER_SETS = {
    0x01: "ascii",
    0x03: "latin-1",
    0x05: "shift_jis",
    0x06: "iso8859_5",
    0x07: "iso8859_8",
    0x0A: "iso2022_jp",
    0x0D: "euc_jp",
    0x0E: "euc_kr",
}
_BINARY = (0x02, 0x04)
_UCS2 = 0x08
# GSM message waiting and message class are TP-DCS as they are. 10 to 1F, a class with any alphabet, is reserved there,
# but it is how ESMEs ask for a flash message in UCS-2.
_AS_THEY_ARE = frozenset({*range(0x10, 0x20), *range(0xC0, 0xE0), *range(0xF0, 0x100)})


@dataclass(frozen=True, slots=True)
class MessageState:
    """message_state (SMPP 3.4 section 5.2.28), its name in a receipt (appendix B), and its share of a delivery."""

    number: int
    name: str
    delivered: int = 0


_ENROUTE = MessageState(1, "ENROUTE")
_DELIVERED = MessageState(2, "DELIVRD", 1)
_EXPIRED = MessageState(3, "EXPIRED")
_DELETED = MessageState(4, "DELETED")
_UNDELIVERABLE = MessageState(5, "UNDELIV")
_STATES = {
    DeliveryStatus.DELIVERED: _DELIVERED,
    DeliveryStatus.REPLACED: _DELETED,
    DeliveryStatus.DELETED: _DELETED,
    DeliveryStatus.EXPIRED: _EXPIRED,
}


def state_of(status: int) -> MessageState:
    """What SMPP calls a TP-ST."""
    return _ENROUTE if 0x20 <= status <= 0x3F else _STATES.get(DeliveryStatus(status), _UNDELIVERABLE)


@dataclass(frozen=True, slots=True)
class OutgoingFields:
    """What a deliver_sm says. For a receipt, `receipted`, `state` and `error` go into its optional parameters.

    `error` is network_error_code (SMPP 3.4 section 5.3.2.31): 3 for GSM, then TP-ST in two octets.
    """

    source: str
    short_message: bytes = field(repr=False)
    esm_class: int
    data_coding: int
    protocol_id: int = 0
    receipted: str = ""
    state: int = 0
    error: bytes = b""


def read_reports(registered_delivery: int) -> Reports:
    """Which reports registered_delivery asks for (SMPP 3.4 section 5.2.17)."""
    final = (Reports.NONE, Reports.FINAL, Reports.FAILURE, Reports.NONE)[registered_delivery & 0x03]
    return final | (Reports.TROUBLE if registered_delivery & 0x10 else Reports.NONE)


def read_parts(
    short_message: bytes, esm_class: int, data_coding: int, optional: Mapping[int, bytes], reference: int
) -> tuple[UserData, ...]:
    """What an ESME hands in, as a phone will get it: one SMS, or what a message_payload is cut into. Raises PduError.

    `reference` (0 to 255) is that of the concatenation.
    """
    if short_message or MESSAGE_PAYLOAD not in optional:
        return (read_user_data(short_message, esm_class, data_coding, optional),)
    return _cut(read_user_data(optional[MESSAGE_PAYLOAD], esm_class, data_coding, optional), reference)


def read_user_data(
    short_message: bytes, esm_class: int, data_coding: int, optional: Mapping[int, bytes] | None = None
) -> UserData:
    """One message as a phone will get it. Raises PduError.

    Data coding 0, the centre's default, is the GSM alphabet, one character an octet; so are message waiting (C0 to
    DF) and a message class (F0 to FF). Text in other character sets is converted; binary and UCS-2 go through.
    Optional parameters for segments and ports become elements of the header.
    """
    optional = optional or {}
    elements = _elements(optional)
    if esm_class & ESM_CLASS_HEADER:
        udh, short_message = pdu.split_header(short_message)
        if elements:
            raise PduError("segments and ports stand in the header or in optional parameters, not in both")
        elements = udh
    if data_coding in _CHARACTER_SETS:
        try:
            text = short_message.decode(_CHARACTER_SETS[data_coding])
        except UnicodeDecodeError as error:
            raise PduError(f"the message is not in the character set of data coding {data_coding}") from error
        return UserData.of_text(text, elements)
    if data_coding in _BINARY:
        return UserData.of_octets(short_message, elements)
    if data_coding not in (0, _UCS2) and data_coding not in _AS_THEY_ARE:
        raise PduError(f"data coding {data_coding} is not supported")
    return UserData(short_message, data_coding, elements)


def read_lifetime_s(optional: Mapping[int, bytes]) -> float | None:
    """How long qos_time_to_live lets a message live, None where it is not given. Raises PduError."""
    return _number(optional, QOS_TIME_TO_LIVE)


def _elements(optional: Mapping[int, bytes]) -> tuple[Element, ...]:
    elements: list[Element] = []
    reference, total = _number(optional, SAR_REFERENCE), _number(optional, SAR_TOTAL)
    sequence = _number(optional, SAR_SEQUENCE)
    if reference is not None and total is not None and sequence is not None:
        elements.append(Concatenation(reference, total, sequence).element())
    source, destination = _number(optional, SOURCE_PORT), _number(optional, DESTINATION_PORT)
    if source is not None or destination is not None:
        elements.append(Ports(destination or 0, source or 0, wide=True).element())
    return tuple(elements)


def _number(optional: Mapping[int, bytes], tag: int) -> int | None:
    octets = optional.get(tag)
    if octets is None:
        return None
    if len(octets) != _WIDTHS[tag]:
        raise PduError(f"optional parameter {tag:04X} has {_WIDTHS[tag]} octets")
    return int.from_bytes(octets, "big")


def _cut(whole: UserData, reference: int) -> tuple[UserData, ...]:
    """As few parts as there can be; no escape and no surrogate pair is cut in two."""
    if _fits(whole) or whole.concatenation is not None:
        return (whole,)
    header = pdu.encode_header((Concatenation(reference, pdu.PARTS_MAX, 1).element(), *whole.udh))
    octets = pdu.USER_DATA_OCTETS_MAX - len(header)
    room = octets * 8 // 7 if whole.alphabet is Alphabet.GSM7 else octets
    if room < len(whole.content) / pdu.PARTS_MAX:
        raise PduError("the message is too long")
    contents, rest = [], whole.content
    while rest:
        end = _end_of_part(rest, whole.alphabet, room)
        contents.append(rest[:end])
        rest = rest[end:]
    return tuple(
        UserData(content, whole.dcs, (Concatenation(reference, len(contents), place).element(), *whole.udh))
        for place, content in enumerate(contents, start=1)
    )


def _fits(data: UserData) -> bool:
    octets = pdu.USER_DATA_OCTETS_MAX - len(pdu.encode_header(data.udh))
    return len(data.content) <= (octets * 8 // 7 if data.alphabet is Alphabet.GSM7 else octets)


def _end_of_part(content: bytes, kind: Alphabet, room: int) -> int:
    if len(content) <= room:
        return len(content)
    if kind is Alphabet.GSM7:
        return room - 1 if content[room - 1] == alphabet.ESCAPE else room
    if kind is Alphabet.UCS2:
        room -= room % 2
        return room - 2 if 0xD8 <= content[room - 2] <= 0xDB else room
    return room


def outgoing(message: Queued) -> OutgoingFields:
    """A queued message or report as deliver_sm. Raises PduError for what is neither."""
    match pdu.decode_incoming(message.tpdu):
        case Deliver() as deliver:
            data = deliver.user_data
            header = ESM_CLASS_HEADER if data.udh else 0
            return OutgoingFields(
                source=deliver.originator,
                short_message=pdu.encode_header(data.udh) + data.content,
                esm_class=header | (ESM_CLASS_REPLY_PATH if deliver.reply_path else 0),
                data_coding=_data_coding(data),
                protocol_id=deliver.protocol_id,
            )
        case StatusReport() as report:
            return _receipt(message, report)


def _data_coding(data: UserData) -> int:
    if data.dcs in _AS_THEY_ARE:
        return data.dcs
    return {Alphabet.GSM7: 0, Alphabet.OCTETS: _BINARY[1], Alphabet.UCS2: _UCS2}[data.alphabet]


def _receipt(message: Queued, report: StatusReport) -> OutgoingFields:
    state = state_of(report.status)
    identity = str(message.about)
    text = (
        f"id:{identity} sub:001 dlvrd:{state.delivered:03d} submit date:{_date(report.timestamp)}"
        f" done date:{_date(report.discharge)} stat:{state.name} err:{report.status:03d} text:"
    )
    return OutgoingFields(
        source=report.recipient,
        short_message=alphabet.encode_text(text),
        esm_class=ESM_CLASS_INTERMEDIATE if report.still_trying else ESM_CLASS_RECEIPT,
        data_coding=0,
        receipted=identity,
        state=state.number,
        error=bytes([3, 0, report.status]),
    )


def _date(moment: datetime | None) -> str:
    return f"{moment or datetime(2000, 1, 1, tzinfo=UTC):%y%m%d%H%M}"
