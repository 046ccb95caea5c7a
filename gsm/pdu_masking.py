"""PDUs and files of a SIM with pseudonyms in place of addresses and contents, everything else octet by octet as it was.

The codec of `gsm.pdu` does not keep bits that mean nothing, so the places to change are found here: addresses keep
their length and type, user data its length, header and alphabet. What cannot be read to its end raises PduError,
because what was not understood was not masked.
"""

from gsm import alphabet
from gsm.errors import PduError
from gsm.pdu import Alphabet, alphabet_of
from gsm.pdu.fields import COMMAND, DELIVER, HEADER_INDICATOR, MESSAGE_TYPE, RESERVED, STATUS_REPORT, SUBMIT
from gsm.pseudonyms import Kind, Pseudonyms, swapped

_ALPHANUMERIC = 5
# Elements that say how a message is put together or shown (TS 23.040 clause 9.2.3.24): 00 and 08 concatenation, 01
# message waiting, 04 and 05 ports, 06 and 07 transport, 0A formatting, 24 and 25 languages. Others may hold an address.
_TELLING_NOTHING = {0x00, 0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0A, 0x24, 0x25}
_VALIDITY_OCTETS = {0: 0, 1: 7, 2: 1, 3: 7}
# TP-PI (clause 9.2.3.27).
_HAS_PROTOCOL_ID, _HAS_CODING, _HAS_USER_DATA, _MORE_INDICATORS = 0x01, 0x02, 0x04, 0x80
_PADDING = b"\x00\xff"


def mask_pdu(octets: bytes, pseudonyms: Pseudonyms, *, outgoing: bool, tpdu_octets: int | None = None) -> bytes:
    """A PDU as it goes through the modem, service centre first; `outgoing` from the program. Raises PduError.

    `tpdu_octets` is the length that was announced with it.
    """
    walk = _Walk(octets, pseudonyms)
    walk.service_centre()
    if tpdu_octets is not None and len(octets) - walk.place != tpdu_octets:
        raise PduError(f"the PDU has {len(octets) - walk.place} octets where {tpdu_octets} were announced")
    walk.tpdu(outgoing)
    walk.padding()
    return bytes(walk.octets)


def mask_deliver_report(octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    """A DELIVER-REPORT as +CNMA carries it; without user data there is nothing to mask. Raises PduError."""
    walk = _Walk(octets, pseudonyms)
    walk.service_centre()
    first = walk.octet("first octet")
    if first & MESSAGE_TYPE != DELIVER or len(octets) - walk.place > 3:
        raise PduError("a delivery report with user data is not read")
    return octets


def mask_page(octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    """A cell broadcast page: six octets of header, then text (TS 23.041 clause 9.4.1.2). Raises PduError."""
    if len(octets) < 6:
        raise PduError("the page is cut short")
    body = octets[6:]
    filled = alphabet.pack(b"x" * (len(body) * 8 // 7))[: len(body)].ljust(len(body), b"\0")
    if body != filled:
        pseudonyms.saw_text(alphabet.decode_text(alphabet.unpack(body, len(body) * 8 // 7)).rstrip("\r"))
    return octets[:6] + filled


class _Walk:
    """A PDU from front to back, changed on the way."""

    def __init__(self, octets: bytes, pseudonyms: Pseudonyms) -> None:
        self.octets = bytearray(octets)
        self.place = 0
        self._pseudonyms = pseudonyms

    def take(self, count: int, field: str) -> slice:
        """Where the next `count` octets are."""
        if self.place + count > len(self.octets):
            raise PduError(f"{field} is cut short")
        self.place += count
        return slice(self.place - count, self.place)

    def octet(self, field: str) -> int:
        return self.octets[self.take(1, field)][0]

    def service_centre(self) -> None:
        length = self.octet("service centre length")
        if length:
            self.octet("service centre type")
            self._semi_octets(self.take(length - 1, "service centre"))

    def tpdu(self, outgoing: bool) -> None:
        first = self.octet("first octet")
        kind = first & MESSAGE_TYPE
        if kind == SUBMIT:
            self._submit(first)
        elif kind in (DELIVER, RESERVED):
            self._address("originator")
            self.octet("protocol id")
            dcs = self.octet("coding scheme")
            self.take(7, "timestamp")
            self._user_data(dcs, first)
        elif kind == COMMAND and outgoing:
            self.take(4, "command")
            self._address("destination")
            self._plain_data(self.octet("command data length"))
        elif kind == STATUS_REPORT:
            self._status_report(first)

    def padding(self) -> None:
        """What is left must say nothing: SIMs fill their records up."""
        if self.octets[self.place :].strip(_PADDING):
            raise PduError("there is something behind the user data")

    def _submit(self, first: int) -> None:
        self.octet("reference")
        self._address("destination")
        self.octet("protocol id")
        dcs = self.octet("coding scheme")
        self.take(_VALIDITY_OCTETS[first >> 3 & 3], "validity")
        self._user_data(dcs, first)

    def _status_report(self, first: int) -> None:
        self.octet("reference")
        self._address("recipient")
        self.take(15, "times and status")
        if not self.octets[self.place :].strip(_PADDING):
            return
        indicator = more = self.octet("parameter indicator")
        while more & _MORE_INDICATORS:
            more = self.octet("parameter indicator")
        if indicator & _HAS_PROTOCOL_ID:
            self.octet("protocol id")
        dcs = self.octet("coding scheme") if indicator & _HAS_CODING else 0
        if indicator & _HAS_USER_DATA:
            self._user_data(dcs, first)

    def _address(self, field: str) -> None:
        count = self.octet(f"{field} length")
        kind = self.octet(f"{field} type")
        where = self.take((count + 1) // 2, field)
        if kind >> 4 & 7 != _ALPHANUMERIC:
            self._semi_octets(where, count)
            return
        septets = count * 4 // 7
        self._pseudonyms.saw_text(alphabet.decode_text(alphabet.unpack(bytes(self.octets[where]), septets)))
        self.octets[where] = alphabet.pack(b"x" * septets).ljust(where.stop - where.start, b"\0")

    def _semi_octets(self, where: slice, count: int | None = None) -> None:
        """A number; a filler stays where it is, and `*`, `#` and letters stay what they are."""
        nibbles = swapped(self.octets[where].hex())
        digits = nibbles[:count].rstrip("f")
        if digits.isdigit():
            masked = self._pseudonyms.number(digits)
        else:
            masked = "".join("0" if digit.isdigit() else digit for digit in digits)
        self.octets[where] = bytes.fromhex(swapped(masked + nibbles[len(digits) :]))

    def _user_data(self, dcs: int, first: int) -> None:
        length = self.octet("user data length")
        septets = alphabet_of(dcs) is Alphabet.GSM7
        where = self.take((length * 7 + 7) // 8 if septets else length, "user data")
        start = where.start
        if first & HEADER_INDICATOR:
            start = self._header(where.start, where.stop)
        body = slice(start, where.stop)
        if septets:
            header_octets = start - where.start
            self._septets(body, length - (header_octets * 8 + 6) // 7, -header_octets * 8 % 7)
        else:
            self._octets(body, alphabet_of(dcs))

    def _header(self, start: int, stop: int) -> int:
        """Mask the elements; returns where the content begins."""
        if start == stop or start + 1 + self.octets[start] > stop:
            raise PduError("user data header is cut short")
        place, end = start + 1, start + 1 + self.octets[start]
        while place + 2 <= end:
            length = self.octets[place + 1]
            if self.octets[place] not in _TELLING_NOTHING:
                data = slice(place + 2, min(place + 2 + length, end))
                self.octets[data] = bytes(data.stop - data.start)
            place += 2 + length
        self.octets[min(place, end) : end] = bytes(end - min(place, end))  # too little for an element
        return end

    def _septets(self, where: slice, count: int, fill_bits: int) -> None:
        if count < 0:
            raise PduError("user data header is longer than the user data")
        content = alphabet.unpack(bytes(self.octets[where]), count, fill_bits)
        self._pseudonyms.saw_text(alphabet.decode_text(content))
        self.octets[where] = alphabet.pack(b"x" * count, fill_bits).ljust(where.stop - where.start, b"\0")

    def _octets(self, where: slice, coding: Alphabet) -> None:
        content = bytes(self.octets[where])
        filled = b"x" * len(content)
        if coding is Alphabet.UCS2:
            filled = (b"\0x" * len(content))[: len(content)]
        if content != filled:
            self._pseudonyms.saw_text(content.decode("utf-16-be" if coding is Alphabet.UCS2 else "latin-1", "replace"))
        self.octets[where] = filled

    def _plain_data(self, length: int) -> None:
        where = self.take(length, "command data")
        self.octets[where] = bytes(length)


# ---- files of a SIM (TS 31.102 clause 4, TS 51.011 clause 10; +CRSM gives their ids as decimal numbers)

_IMSI, _ICCID, _SMS, _SMSP = 0x6F07, 0x2FE2, 0x6F3C, 0x6F42
_DIALLING = {0x6F3A, 0x6F3B, 0x6F40, 0x6F44, 0x6F49}
# Access, service table, languages, operator's name, phase, administrative data: alike on all of an operator's cards.
_SAYING_NOTHING = {0x6F05, 0x6F38, 0x6F46, 0x6F78, 0x6FAD, 0x6FAE, 0x2F05}
_DIALLING_TAIL, _SMSP_TAIL = 14, 28


def mask_file(file_id: int, octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    """What was read from or is written to a file; an unknown one becomes FF throughout. Raises PduError."""
    if file_id in _SAYING_NOTHING or not octets.strip(b"\xff"):
        return octets
    if file_id == _IMSI and len(octets) == 9:
        return octets[:1] + _mask_identity(octets[1:], 1, Kind.IMSI, pseudonyms)
    if file_id == _ICCID and len(octets) == 10:
        return _mask_identity(octets, 0, Kind.ICCID, pseudonyms)
    if file_id == _SMS and len(octets) > 1:
        return octets if not octets[0] & 1 and not octets[1:].strip(_PADDING) else _mask_record(octets, pseudonyms)
    if file_id in _DIALLING and len(octets) >= _DIALLING_TAIL:
        name, tail = octets[:-_DIALLING_TAIL], octets[-_DIALLING_TAIL:]
        return _mask_name(name, pseudonyms) + _mask_number(tail[:12], pseudonyms) + tail[12:]
    if file_id == _SMSP and len(octets) >= _SMSP_TAIL:
        name, tail = octets[:-_SMSP_TAIL], octets[-_SMSP_TAIL:]
        numbers = _mask_digits_address(tail[1:13], pseudonyms) + _mask_number(tail[13:25], pseudonyms)
        return _mask_name(name, pseudonyms) + tail[:1] + numbers + tail[25:]
    return b"\xff" * len(octets)


def _mask_record(octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    return octets[:1] + mask_pdu(octets[1:], pseudonyms, outgoing=False)


def _mask_identity(octets: bytes, skipped: int, kind: Kind, pseudonyms: Pseudonyms) -> bytes:
    nibbles = swapped(octets.hex())
    digits = nibbles[skipped:].rstrip("f")
    if not digits.isdigit():
        raise PduError(f"this is no {kind}")
    masked = pseudonyms.identity(digits, kind)
    return bytes.fromhex(swapped(nibbles[:skipped] + masked + nibbles[skipped + len(digits) :]))


def _mask_name(octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    name = octets.rstrip(b"\xff")
    pseudonyms.saw_text(name.decode("latin-1"))
    return b"x" * len(name) + octets[len(name) :]


def _mask_number(octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    """Length in octets (its own not counted), type, semi-octets."""
    if octets[0] in (0x00, 0xFF) or octets[0] > len(octets) - 1:
        return octets if not octets[1:].strip(_PADDING) else b"\xff" * len(octets)
    walk = _Walk(octets, pseudonyms)
    walk.service_centre()
    return bytes(walk.octets[: walk.place]) + b"\xff" * (len(octets) - walk.place)


def _mask_digits_address(octets: bytes, pseudonyms: Pseudonyms) -> bytes:
    """An address as in a PDU: its length in digits."""
    if not octets.strip(b"\xff"):
        return octets
    if (octets[0] + 1) // 2 + 2 > len(octets):
        return b"\xff" * len(octets)
    in_octets = bytes([1 + (octets[0] + 1) // 2])
    return octets[:1] + _mask_number(in_octets + octets[1:], pseudonyms)[1:]
