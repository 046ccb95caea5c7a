"""Between SMPP 3.4 fields and what the network carries (SMPP 3.4 sections 4.4, 4.6, 5.2 and appendix B)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from gsm import alphabet, pdu
from gsm.pdu import Alphabet, Deliver, PduError, StatusReport, UserData
from modem_emulator.network import STATUS_DELIVERED
from modem_emulator.store import Queued

ESM_CLASS_HEADER, ESM_CLASS_RECEIPT = 0x40, 0x04
# data_coding, SMPP 3.4 section 5.2.19.
_IA5, _LATIN_1 = 0x01, 0x03
_BINARY = (0x02, 0x04)
_UCS2 = 0x08
# message_state, SMPP 3.4 section 5.2.28.
_STATE_DELIVERED, _STATE_EXPIRED = 2, 3


@dataclass(frozen=True, slots=True)
class OutgoingFields:
    """What a deliver_sm says. For a receipt, `receipted` and `state` go into its optional parameters."""

    source: str
    short_message: bytes = field(repr=False)
    esm_class: int
    data_coding: int
    protocol_id: int = 0
    receipted: str = ""
    state: int = 0


def read_user_data(short_message: bytes, esm_class: int, data_coding: int) -> UserData:
    """What an ESME hands in, as a phone will get it. Raises PduError.

    Data coding 0, the centre's default, is the GSM alphabet, one character an octet; so is a message class
    (F0 to F3). ASCII and Latin-1 are converted; binary and UCS-2 go through.
    """
    udh: tuple[pdu.Element, ...] = ()
    if esm_class & ESM_CLASS_HEADER:
        udh, short_message = pdu.split_header(short_message)
    if data_coding in (_IA5, _LATIN_1):
        return UserData.of_text(short_message.decode("latin-1"), udh)
    if data_coding in _BINARY:
        return UserData.of_octets(short_message, udh)
    if data_coding not in (0, _UCS2) and data_coding < 0xF0:
        raise PduError(f"data coding {data_coding} is not supported")
    return UserData(short_message, data_coding, udh)


def outgoing(message: Queued) -> OutgoingFields:
    """A queued message or report as deliver_sm. Raises PduError for what is neither."""
    match pdu.decode_incoming(message.tpdu):
        case Deliver() as deliver:
            data = deliver.user_data
            return OutgoingFields(
                source=deliver.originator,
                short_message=pdu.encode_header(data.udh) + data.content,
                esm_class=ESM_CLASS_HEADER if data.udh else 0,
                data_coding=_data_coding(data),
                protocol_id=deliver.protocol_id,
            )
        case StatusReport() as report:
            return _receipt(message, report)


def _data_coding(data: UserData) -> int:
    if data.dcs >= 0xF0:
        return data.dcs
    return {Alphabet.GSM7: 0, Alphabet.OCTETS: _BINARY[1], Alphabet.UCS2: _UCS2}[data.alphabet]


def _receipt(message: Queued, report: StatusReport) -> OutgoingFields:
    delivered = report.status == STATUS_DELIVERED
    identity = str(message.about)
    text = (
        f"id:{identity} sub:001 dlvrd:{int(delivered):03d} submit date:{_date(report.timestamp)}"
        f" done date:{_date(report.discharge)} stat:{'DELIVRD' if delivered else 'EXPIRED'} err:000 text:"
    )
    return OutgoingFields(
        source=report.recipient,
        short_message=alphabet.encode_text(text),
        esm_class=ESM_CLASS_RECEIPT,
        data_coding=0,
        receipted=identity,
        state=_STATE_DELIVERED if delivered else _STATE_EXPIRED,
    )


def _date(moment: datetime | None) -> str:
    return f"{moment or datetime(2000, 1, 1, tzinfo=UTC):%y%m%d%H%M}"
