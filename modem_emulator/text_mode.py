"""Messages as text mode shows and takes them (3GPP TS 27.005 clauses 3.1 and 3.3 to 3.5)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gsm import alphabet, pdu
from gsm.pdu import Alphabet, Deliver, PduError, StatusReport, Submit, UserData, alphabet_of
from modem_emulator import character_sets
from modem_emulator.store import Status, StoredMessage

STATUS_NAMES = {
    Status.RECEIVED_UNREAD: "REC UNREAD",
    Status.RECEIVED_READ: "REC READ",
    Status.STORED_UNSENT: "STO UNSENT",
    Status.STORED_SENT: "STO SENT",
}
TextParameters = tuple[int, int | str, int, int]
# Bits of <fo>, the first octet of a SUBMIT (TS 23.040 clause 9.2.2.2).
_REJECT_DUPLICATES, REPORT_REQUEST, HEADER, _REPLY_PATH = 0x04, 0x20, 0x40, 0x80
_VALIDITY, _ENHANCED, _RELATIVE, _ABSOLUTE = 0x18, 0x08, 0x10, 0x18
_INTERNATIONAL, _UNKNOWN, _ALPHANUMERIC = 145, 129, 208


@dataclass(frozen=True, slots=True)
class Display:
    """How messages are to be shown: +CSCS, +CSDH, the service centre, and names of numbers in the phonebook."""

    character_set: str
    details: bool
    smsc: str
    name_of: Callable[[str], str]

    def address(self, address: str) -> str:
        """<oa>, <da>, <ra> or <sca>, quoted and in the selected character set."""
        return f'"{character_sets.encode_number(address, self.character_set)}"'

    def name(self, address: str) -> str:
        """<alpha>: the name that the phonebook has for it, quoted, or nothing."""
        name = self.name_of(address)
        return f'"{character_sets.encode(name, self.character_set)}"' if name else ""


def type_of_address(address: str) -> int:
    """<tooa>, <toda>, <tosca> (TS 24.011 clause 8.2.5.2): 145 with +, 208 a name, 129 another number."""
    if address.startswith("+"):
        return _INTERNATIONAL
    return _UNKNOWN if not address.strip("0123456789*#abc") else _ALPHANUMERIC


# ---- what is typed


def decode_entered(octets: bytes, dcs: int, character_set: str, with_header: bool = False) -> UserData:
    """User data from what was typed at the prompt (clause 3.1, <data>). Raises PduError.

    8-bit and UCS-2 coding want hexadecimal, as do octets that begin with a header; GSM coding takes the text in the
    terminal's character set.
    """
    if with_header:
        return _with_header(_from_hex(octets), dcs)
    if alphabet_of(dcs) is not Alphabet.GSM7:
        return UserData(_from_hex(octets), dcs)
    match character_set:
        case "GSM":
            return UserData(octets.replace(b"\r\n", b"\n"), dcs)
        case "HEX":
            return UserData(_from_hex(octets), dcs)
        case "UCS2":
            text = _from_hex(octets).decode("utf-16-be", errors="replace")
        case "IRA":
            text = octets.replace(b"\r\n", b"\n").decode("ascii", errors="replace")
        case _:
            text = octets.replace(b"\r\n", b"\n").decode("latin-1")
    return UserData(alphabet.encode_text(text), dcs)


def _with_header(octets: bytes, dcs: int) -> UserData:
    """TP-UD as it is on the air: header, fill bits, then septets or octets (TS 23.040 clause 9.2.3.24)."""
    elements, body = pdu.split_header(octets)
    if alphabet_of(dcs) is not Alphabet.GSM7:
        return UserData(body, dcs, elements)
    fill_bits = -(len(octets) - len(body)) * 8 % 7
    count = (len(body) * 8 - fill_bits) // 7
    content = alphabet.unpack(body, count, fill_bits)
    # Seven bits of padding look like one more @; nobody ends a message with it on an octet's border.
    if content.endswith(b"\0") and (len(body) * 8 - fill_bits) % 7 == 0:
        content = content[:-1]
    return UserData(content, dcs, elements)


def submit(destination: str, data: UserData, parameters: TextParameters) -> Submit:
    """A SUBMIT from <fo>, <vp>, <pid> of +CSMP. Raises PduError."""
    first_octet, validity, protocol_id, _ = parameters
    return Submit(
        destination,
        data,
        status_report_request=bool(first_octet & REPORT_REQUEST),
        validity=validity_of(first_octet, validity),
        reject_duplicates=bool(first_octet & _REJECT_DUPLICATES),
        reply_path=bool(first_octet & _REPLY_PATH),
        protocol_id=protocol_id,
    )


def validity_of(first_octet: int, validity: int | str) -> timedelta | datetime | None:
    """What <vp> means in the format that <fo> names (clause 3.1). Raises PduError where the two do not agree."""
    kind = first_octet & _VALIDITY
    if kind == 0:
        return None
    if kind == _RELATIVE and isinstance(validity, int):
        return pdu.relative_validity(validity)
    if kind == _ENHANCED and isinstance(validity, str):
        return _enhanced(_from_hex(validity.encode("latin-1")))
    moment = parse_moment(validity) if kind == _ABSOLUTE and isinstance(validity, str) else None
    if moment is not None:
        return moment
    raise PduError("the validity is not of the format that the first octet names")


def _enhanced(octets: bytes) -> timedelta | None:
    """TP-VP in the enhanced format, seven octets (TS 23.040 clause 9.2.3.12.3)."""
    if len(octets) != 7 or octets[0] & 0x80:
        raise PduError("an enhanced validity has seven octets and no extension")
    match octets[0] & 0x07:
        case 0:
            return None
        case 1:
            return pdu.relative_validity(octets[1])
        case 2:
            return timedelta(seconds=octets[1])
        case 3:
            digits = [octet & 0xF for octet in octets[1:4]], [octet >> 4 for octet in octets[1:4]]
            hours, minutes, seconds = (tens * 10 + ones for tens, ones in zip(*digits, strict=True))
            return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    raise PduError("an enhanced validity of a reserved format")


_MOMENT = re.compile(r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)(?:([+-])(\d\d))?", re.ASCII)
# Quarters of an hour: more than any zone is away from UTC, and less than a day (TS 27.007 clause 8.15).
_QUARTERS_MAX = 95


def parse_moment(text: str) -> datetime | None:
    """`yy/MM/dd,hh:mm:ss±zz` with zz in quarters of an hour, UTC without it; None for what is no moment."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    quarters = int((found.group(7) or "+") + (found.group(8) or "0"))
    if abs(quarters) > _QUARTERS_MAX:
        return None
    zone = timezone(timedelta(minutes=15 * quarters)) if quarters else UTC
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def moment_of(now_s: float) -> datetime:
    """A moment in UTC from seconds since 1970."""
    return datetime.fromtimestamp(int(now_s), UTC)


# ---- what is shown


def show_data(data: UserData, character_set: str) -> str:
    """<data>: with a header, or when not GSM coded, in hexadecimal as on the air; one character for each octet."""
    header = pdu.encode_header(data.udh)
    if data.alphabet is not Alphabet.GSM7:
        return (header + data.content).hex().upper()
    if header:
        return (header + alphabet.pack(data.content, -len(header) * 8 % 7)).hex().upper()
    match character_set:
        case "GSM":
            return data.content.decode("latin-1")
        case "HEX":
            return data.content.hex().upper()
        case _:
            return character_sets.encode(data.text, character_set)


def length_of(data: UserData) -> int:
    """<length>: TP-UDL, septets or octets with the header (TS 23.040 clause 9.2.3.16)."""
    header = len(pdu.encode_header(data.udh))
    return len(data.content) + ((header * 8 + 6) // 7 if data.alphabet is Alphabet.GSM7 else header)


def show_moment(moment: datetime | None) -> str:
    """<scts>, <dt>: yy/MM/dd,hh:mm:ss±zz with zz in quarters of an hour."""
    if moment is None:
        return "00/00/00,00:00:00+00"
    quarters = round((moment.utcoffset() or timedelta(0)) / timedelta(minutes=15))
    return f"{moment:%y/%m/%d,%H:%M:%S}{quarters:+03d}"


def read_lines(message: StoredMessage, display: Display) -> list[str]:
    """What follows `+CMGR: ` (clause 3.4.3). Raises PduError when the slot holds what cannot be read."""
    status = f'"{STATUS_NAMES[message.status]}"'
    match _decode(message):
        case Submit() as stored:
            heading = f"{status},{display.address(stored.destination)},{display.name(stored.destination)}"
            if display.details:
                vp = _show_validity(stored.validity)
                heading += _details(message.tpdu, stored.destination, stored.protocol_id, stored.user_data, vp, display)
            return [heading, show_data(stored.user_data, display.character_set)]
        case Deliver() as deliver:
            first, data = _arrival(message.tpdu, deliver, display)
            return [f"{status},{first}", data]
        case StatusReport() as report:
            return [f"{status},{show_report(report, display)}"]


def list_lines(message: StoredMessage, display: Display) -> list[str]:
    """What follows `+CMGL: <index>,` (clause 3.4.2). Raises PduError."""
    status = f'"{STATUS_NAMES[message.status]}"'
    match _decode(message):
        case Submit() as stored:
            address, moment, data = stored.destination, "", stored.user_data
        case Deliver() as deliver:
            address, data = deliver.originator, deliver.user_data
            moment = f'"{show_moment(deliver.timestamp)}"'
        case StatusReport() as report:
            return [f"{status},{show_report(report, display)}"]
    heading = f"{status},{display.address(address)},{display.name(address)},{moment}"
    if display.details:
        heading += f",{type_of_address(address)},{length_of(data)}"
    return [heading, show_data(data, display.character_set)]


def arrival_lines(tpdu: bytes, deliver: Deliver, display: Display) -> list[str]:
    """What follows `+CMT: ` (clause 3.4.1)."""
    return list(_arrival(tpdu, deliver, display))


def _arrival(tpdu: bytes, deliver: Deliver, display: Display) -> tuple[str, str]:
    origin = deliver.originator
    heading = f'{display.address(origin)},{display.name(origin)},"{show_moment(deliver.timestamp)}"'
    if display.details:
        heading += _details(tpdu, origin, deliver.protocol_id, deliver.user_data, None, display)
    return heading, show_data(deliver.user_data, display.character_set)


def _details(
    tpdu: bytes, address: str, protocol_id: int, data: UserData, validity: str | None, display: Display
) -> str:
    """`,<tooa>,<fo>,<pid>,<dcs>[,<vp>],<sca>,<tosca>,<length>`."""
    fields = [str(type_of_address(address)), str(tpdu[0]), str(protocol_id), str(data.dcs)]
    if validity is not None:
        fields.append(validity)
    fields += [display.address(display.smsc), str(type_of_address(display.smsc)), str(length_of(data))]
    return "," + ",".join(fields)


def _show_validity(validity: timedelta | datetime | None) -> str:
    if validity is None:
        return ""
    if isinstance(validity, datetime):
        return f'"{show_moment(validity)}"'
    return str(max(octet for octet in range(256) if pdu.relative_validity(octet) <= validity))


def _decode(message: StoredMessage) -> Submit | Deliver | StatusReport:
    if message.status in (Status.STORED_UNSENT, Status.STORED_SENT):
        return pdu.decode_submit(message.tpdu)
    return pdu.decode_incoming(message.tpdu)


def show_report(report: StatusReport, display: Display) -> str:
    """<fo>,<mr>,<ra>,<tora>,<scts>,<dt>,<st> of a status report."""
    return (
        f"6,{report.reference},{display.address(report.recipient)},{type_of_address(report.recipient)},"
        f'"{show_moment(report.timestamp)}","{show_moment(report.discharge)}",{report.status}'
    )


def _from_hex(octets: bytes) -> bytes:
    try:
        return bytes.fromhex(octets.decode("ascii"))
    except ValueError as error:
        raise PduError("the text is not hexadecimal") from error
