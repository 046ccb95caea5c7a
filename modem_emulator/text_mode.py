"""Messages as text mode shows and takes them (3GPP TS 27.005 clauses 3.1 and 3.5.1, <data>)."""

from datetime import datetime, timedelta

from gsm import alphabet, pdu
from gsm.pdu import Alphabet, Deliver, PduError, StatusReport, Submit, UserData, alphabet_of
from modem_emulator.store import Status, StoredMessage

STATUS_NAMES = {
    Status.RECEIVED_UNREAD: "REC UNREAD",
    Status.RECEIVED_READ: "REC READ",
    Status.STORED_UNSENT: "STO UNSENT",
    Status.STORED_SENT: "STO SENT",
}
_REPORT_REQUEST, _HEADER = 0x20, 0x40


def decode_entered(octets: bytes, dcs: int, character_set: str) -> UserData:
    """User data from what was typed at the prompt. Raises PduError.

    8-bit and UCS-2 coding want hexadecimal; GSM coding takes the text in the terminal's character set.
    """
    if alphabet_of(dcs) is not Alphabet.GSM7:
        return UserData(_from_hex(octets), dcs)
    match character_set:
        case "GSM":
            return UserData(octets.replace(b"\r\n", b"\n"), dcs)
        case "HEX":
            return UserData(_from_hex(octets), dcs)
        case "UCS2":
            text = _from_hex(octets).decode("utf-16-be", errors="replace")
        case _:
            text = octets.replace(b"\r\n", b"\n").decode("ascii", errors="replace")
    return UserData(alphabet.encode_text(text), dcs)


def show_data(data: UserData, character_set: str) -> bytes:
    """User data as text mode shows it; with a header, or when not GSM coded, in hexadecimal."""
    if data.udh or data.alphabet is not Alphabet.GSM7:
        return (pdu.encode_header(data.udh) + data.content).hex().upper().encode()
    match character_set:
        case "GSM":
            return data.content
        case "HEX":
            return data.content.hex().upper().encode()
        case "UCS2":
            return data.text.encode("utf-16-be").hex().upper().encode()
        case _:
            return data.text.encode("ascii", errors="replace")


def submit(destination: str, data: UserData, parameters: tuple[int, int, int, int]) -> Submit:
    """A SUBMIT from <fo>, <vp>, <pid>, <dcs> of +CSMP; a header cannot be typed in text mode (PduError)."""
    first_octet, validity, protocol_id, _ = parameters
    if first_octet & _HEADER:
        raise PduError("a header in text mode is not supported; use PDU mode")
    return Submit(
        destination,
        data,
        status_report_request=bool(first_octet & _REPORT_REQUEST),
        validity=pdu.relative_validity(validity),
        protocol_id=protocol_id,
    )


def show_moment(moment: datetime | None) -> str:
    """<scts>, <dt>: yy/MM/dd,hh:mm:ss±zz with zz in quarters of an hour."""
    if moment is None:
        return "00/00/00,00:00:00+00"
    quarters = round((moment.utcoffset() or timedelta(0)) / timedelta(minutes=15))
    return f"{moment:%y/%m/%d,%H:%M:%S}{quarters:+03d}"


def heading(message: StoredMessage) -> tuple[str, UserData | None]:
    """What follows `+CMGR: ` or `+CMGL: <index>,`, and the data of the next line if there is one.

    Raises PduError when the slot holds what cannot be read.
    """
    status = f'"{STATUS_NAMES[message.status]}"'
    if message.status in (Status.STORED_UNSENT, Status.STORED_SENT):
        stored = pdu.decode_submit(message.tpdu)
        return f'{status},"{stored.destination}",', stored.user_data
    match pdu.decode_incoming(message.tpdu):
        case Deliver() as deliver:
            heading_text = f'{status},"{deliver.originator}",,"{show_moment(deliver.timestamp)}"'
            return heading_text, deliver.user_data
        case StatusReport() as report:
            return f"{status},{show_report(report)}", None


def show_report(report: StatusReport) -> str:
    """<fo>,<mr>,<ra>,<tora>,<scts>,<dt>,<st> of a status report."""
    kind = 145 if report.recipient.startswith("+") else 129
    return (
        f'6,{report.reference},"{report.recipient}",{kind},'
        f'"{show_moment(report.timestamp)}","{show_moment(report.discharge)}",{report.status}'
    )


def _from_hex(octets: bytes) -> bytes:
    try:
        return bytes.fromhex(octets.decode("ascii"))
    except ValueError as error:
        raise PduError("the text is not hexadecimal") from error
