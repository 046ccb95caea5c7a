"""The files of a SIM of the second generation, by APDU and by +CRSM (3GPP TS 51.011 clauses 9 and 10).

Rules only. `FILES` says which files there are, how large, who may read and write them, and where their content comes
from: the SIM's own records (phonebooks, messages, identity), or octets that were written before. There is no USIM:
its files and its class of APDU are answered as such a SIM answers them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gsm import alphabet, pdu
from modem_emulator.character_sets import gsm_octets
from modem_emulator.sim import NAME_CHARACTERS_MAX, Contact, NotAllowedNow, Sim, SimState, SlotEmpty, WrongPassword
from modem_emulator.store import Status, StoredMessage

MASTER, TELECOM, GSM = 0x3F00, 0x7F10, 0x7F20
_PARENTS = {MASTER: MASTER, TELECOM: MASTER, GSM: MASTER}
# INS of clause 9.2.
SELECT, STATUS, READ_BINARY, UPDATE_BINARY = 0xA4, 0xF2, 0xB0, 0xD6
READ_RECORD, UPDATE_RECORD, GET_RESPONSE, VERIFY = 0xB2, 0xDC, 0xC0, 0x20
_CLASS = 0xA0
# Access conditions (clause 9.3).
ALWAYS, CHV1, CHV2, ADMINISTRATOR, NEVER = 0x0, 0x1, 0x2, 0x4, 0xF
_RECORD_MODE_NEXT, _RECORD_MODE_PREVIOUS, _RECORD_MODE_ABSOLUTE = 2, 3, 4
MESSAGE_OCTETS, _NUMBER_OCTETS = 176, 10
_CONTACT_OCTETS = NAME_CHARACTERS_MAX + 14
_PARAMETERS_NAME_OCTETS = 12
_UNUSED = 0xFF


@dataclass(frozen=True, slots=True)
class Answer:
    """Status words SW1 and SW2 (clause 9.4), and the octets before them."""

    sw1: int
    sw2: int
    octets: bytes = b""


_DONE = (0x90, 0x00)
_OUT_OF_RANGE = Answer(0x94, 0x02)
_NOT_FOUND = Answer(0x94, 0x04)
_WRONG_KIND = Answer(0x94, 0x08)
_NO_ACCESS = Answer(0x98, 0x04)
_BLOCKED = Answer(0x98, 0x40)
_NOTHING_SELECTED = Answer(0x94, 0x00)
_WRONG_LENGTH = Answer(0x67, 0x00)
_WRONG_PARAMETER = Answer(0x6B, 0x00)
_UNKNOWN_INSTRUCTION = Answer(0x6D, 0x00)
_WRONG_CLASS = Answer(0x6E, 0x00)


class Card:
    """A SIM as its files; `smsc` is what EF SMSP holds, which the modem keeps.

    Remembers what was selected last, and nothing else beside what the SIM keeps.
    """

    def __init__(self, sim: Sim, plmn: str, operator: str, area: str) -> None:
        self.sim = sim
        self.plmn = plmn
        self.operator = operator
        self.area = area
        self.smsc = ""
        self.selected = MASTER
        self._record = 0
        self._response = b""

    def restricted(self, instruction: int, file: int, p1: int, p2: int, p3: int, data: bytes = b"") -> Answer:
        """One command on a file, selected for it (+CRSM, TS 27.007 clause 8.18). P3 0 stands for 256 octets."""
        if instruction not in (READ_BINARY, READ_RECORD, GET_RESPONSE, UPDATE_BINARY, UPDATE_RECORD, STATUS):
            return _UNKNOWN_INSTRUCTION
        if instruction == STATUS and not file:
            file = self.selected
        if self._select(file).sw1 != 0x9F:
            return _NOT_FOUND
        if instruction == STATUS:
            return Answer(*_DONE, self._response[: p3 or None])
        return self._instruct(instruction, p1, p2, p3, data)

    def apdu(self, octets: bytes) -> Answer:
        """One command as it goes to the card: class, instruction, P1, P2, P3, data (clause 9.1)."""
        if len(octets) < 5:
            return _WRONG_LENGTH
        kind, instruction, p1, p2, p3 = octets[:5]
        data = octets[5:]
        if kind != _CLASS:
            return _WRONG_CLASS
        match instruction:
            case 0xA4:
                return self._select(int.from_bytes(data, "big")) if p3 == len(data) == 2 else _WRONG_LENGTH
            case 0xF2:
                return Answer(*_DONE, self._directory(_directory_of(self.selected))[: p3 or None])
            case 0x20:
                return self._verify(p2, data)
            case 0xC0 | 0xB0 | 0xB2:
                return self._instruct(instruction, p1, p2, p3, b"")
            case 0xD6 | 0xDC:
                return self._instruct(instruction, p1, p2, p3, data) if p3 == len(data) else _WRONG_LENGTH
        return _UNKNOWN_INSTRUCTION

    # ---- instructions

    def _select(self, file: int) -> Answer:
        if file in _PARENTS:
            self._response = self._directory(file)
        elif file in FILES:
            self._response = FILES[file].description(self)
        else:
            return _NOT_FOUND
        self.selected, self._record = file, 0
        return Answer(0x9F, len(self._response))

    def _instruct(self, instruction: int, p1: int, p2: int, p3: int, data: bytes) -> Answer:
        if instruction == GET_RESPONSE:
            return Answer(*_DONE, self._response[: p3 or None])
        file = FILES.get(self.selected)
        if file is None:
            return _NOTHING_SELECTED
        by_record = instruction in (READ_RECORD, UPDATE_RECORD)
        if by_record != (file.records is not None):
            return _WRONG_KIND
        reads = instruction in (READ_BINARY, READ_RECORD)
        if not self._allowed(file.read if reads else file.update):
            return _NO_ACCESS
        if by_record:
            return self._with_record(file, reads, p1, p2, p3, data)
        return self._with_octets(file, reads, p1 << 8 | p2, p3, data)

    def _with_octets(self, file: "File", reads: bool, offset: int, count: int, data: bytes) -> Answer:
        content = file.content(self, 0)
        end = offset + (count or 256 if reads else len(data))
        if end > len(content):
            return _OUT_OF_RANGE if offset >= len(content) else _WRONG_LENGTH
        if reads:
            return Answer(*_DONE, content[offset:end])
        file.keep(self, 0, content[:offset] + data + content[end:])
        return Answer(*_DONE)

    def _with_record(self, file: "File", reads: bool, number: int, mode: int, count: int, data: bytes) -> Answer:
        records = file.count(self)
        if mode == _RECORD_MODE_NEXT:
            number = self._record + 1
        elif mode == _RECORD_MODE_PREVIOUS:
            number = (self._record or records + 1) - 1
        elif mode != _RECORD_MODE_ABSOLUTE:
            return _WRONG_PARAMETER
        elif number == 0:
            number = self._record
        if not 1 <= number <= records:
            return _OUT_OF_RANGE
        if mode != _RECORD_MODE_ABSOLUTE:
            self._record = number
        if (count or 256) != file.size if reads else len(data) != file.size:
            return Answer(0x67, file.size)
        if reads:
            return Answer(*_DONE, file.content(self, number))
        file.keep(self, number, data)
        return Answer(*_DONE)

    def _verify(self, which: int, data: bytes) -> Answer:
        """VERIFY CHV (clause 9.2.9): eight octets, the PIN and FF."""
        pin = data.rstrip(b"\xff").decode("latin-1")
        if len(data) != 8 or which not in (1, 2):
            return _WRONG_PARAMETER
        try:
            (self.sim.enter_pin if which == 1 else self.sim.enter_pin2)(pin)
        except WrongPassword:
            left = self.sim.pin_attempts if which == 1 else self.sim.pin2_attempts
            return _NO_ACCESS if left else _BLOCKED
        except NotAllowedNow:
            return _BLOCKED if self.sim.state is SimState.PUK else Answer(0x98, 0x08)
        return Answer(*_DONE)

    def _allowed(self, condition: int) -> bool:
        if condition == CHV1:
            return self.sim.state is SimState.READY
        if condition == CHV2:
            return self.sim.pin2_verified
        return condition == ALWAYS

    def _directory(self, directory: int) -> bytes:
        """The response of MF or DF (clause 9.2.1): 23 octets."""
        sim = self.sim
        inside = [file for file in FILES.values() if file.directory == directory]
        folders = sum(1 for folder, parent in _PARENTS.items() if parent == directory and folder != directory)
        tries = ((sim.pin_attempts, sim.puk_attempts), (sim.pin2_attempts, sim.puk2_attempts))
        chvs = b"".join(bytes([0x80 | pin, 0x80 | puk]) for pin, puk in tries)
        characteristics = 0x13 | (0x00 if sim.lock_enabled else 0x80)
        return (
            bytes(4)
            + directory.to_bytes(2, "big")
            + bytes([0x01 if directory == MASTER else 0x02])
            + bytes(5)
            + bytes([10, characteristics, folders, len(inside), 4, 0])
            + chvs
            + bytes(1)
        )


def _directory_of(file: int) -> int:
    return file if file in _PARENTS else FILES[file].directory


# ---- files


@dataclass(frozen=True, slots=True)
class File:
    """An elementary file: octets, or with `records` so many records of `size` octets each.

    `make` gives the content for a record's number (0 for octets) while nobody has written it; `take` hands what is
    written to the SIM's own records. `clause` is that of TS 51.011.
    """

    identity: int
    title: str
    clause: str
    directory: int
    size: int
    read: int
    update: int
    make: Callable[[Card, int], bytes]
    records: Callable[[Card], int] | None = None
    take: Callable[[Card, int, bytes], None] | None = None

    def count(self, card: Card) -> int:
        """How many records there are."""
        return self.records(card) if self.records else 0

    def content(self, card: Card, number: int) -> bytes:
        """What is in it."""
        if self.take is None:
            written = card.sim.written_files.get((self.identity, number))
            if written is not None:
                return written
        return self.make(card, number)

    def keep(self, card: Card, number: int, octets: bytes) -> None:
        """Write it."""
        if self.take is None:
            card.sim.written_files[self.identity, number] = octets
        else:
            self.take(card, number, octets)

    def description(self, card: Card) -> bytes:
        """The response of an EF (clause 9.2.1): 15 octets, 14 without records."""
        size = self.size * (self.count(card) if self.records else 1)
        head = bytes(2) + size.to_bytes(2, "big") + self.identity.to_bytes(2, "big")
        access = bytes([self.read << 4 | self.update, 0xFF, 0x44])
        tail = bytes([0x01, 2, 0x01, self.size]) if self.records else bytes([0x01, 2, 0x00, 0x00])
        return head + bytes([0x04, 0x00]) + access + tail


def _fixed(octets: bytes) -> Callable[[Card, int], bytes]:
    return lambda _card, _number: octets


def _swapped(digits: str, octets: int) -> bytes:
    """Digits as swapped nibbles, F after the last."""
    padded = digits.ljust(2 * octets, "F")
    return bytes(int(padded[place + 1] + padded[place], 16) for place in range(0, 2 * octets, 2))


def _imsi(card: Card, _number: int) -> bytes:
    """EF IMSI: length, then the parity nibble 9 of an odd count, then the digits."""
    return bytes([8]) + _swapped("9" + card.sim.imsi, 8)


def _plmn(code: str) -> bytes:
    """MCC and MNC in three octets (TS 24.008 clause 10.5.1.3)."""
    third = code[5] if len(code) > 5 else "F"
    return _swapped(code[:3] + third + code[3:5], 3)


def _location(card: Card, _number: int) -> bytes:
    """EF LOCI: no TMSI, the location area, no timer, updated."""
    return b"\xff" * 4 + _plmn(card.plmn) + bytes.fromhex(card.area) + b"\xff\x00"


def _services(allocated: set[int], octets: int) -> bytes:
    """EF SST: two bits for each service, allocated and activated."""
    bits = sum(0b11 << 2 * (service - 1) for service in allocated)
    return bits.to_bytes(octets, "little")


def _padded(octets: bytes, size: int) -> bytes:
    return octets[:size].ljust(size, b"\xff")


def _provider(card: Card, _number: int) -> bytes:
    """EF SPN: display condition 1, then the name."""
    return b"\x01" + _padded(gsm_octets(card.operator), 16)


def _number_octets(number: str) -> bytes:
    """Length, TON and NPI, and digits of a number in at most 20 digits (clause 10.5.1)."""
    digits = "".join(_BCD[digit] for digit in number.removeprefix("+") if digit in _BCD)[: 2 * _NUMBER_OCTETS]
    kind = 0x91 if number.startswith("+") else 0x81
    return bytes([1 + (len(digits) + 1) // 2, kind]) + _swapped(digits, _NUMBER_OCTETS)


_BCD = {**{digit: digit for digit in "0123456789"}, "*": "A", "#": "B"}
_FROM_BCD = {code: digit for digit, code in _BCD.items()}


def _read_number(octets: bytes) -> str:
    """The number of such octets; empty for none."""
    length = octets[0]
    if not 2 <= length <= 1 + _NUMBER_OCTETS:
        return ""
    nibbles = "".join(f"{octet & 0xF:X}{octet >> 4:X}" for octet in octets[2 : 1 + length])
    digits = "".join(_FROM_BCD.get(nibble, "") for nibble in nibbles.split("F")[0])
    return ("+" if octets[1] >> 4 & 7 == 1 else "") + digits


def _alpha(name: str) -> bytes:
    """An alpha identifier: the GSM alphabet, or 80 and UCS-2 (annex B)."""
    if alphabet.is_gsm7(name):
        return _padded(alphabet.encode_text(name), NAME_CHARACTERS_MAX)
    units = name.encode("utf-16-be", errors="replace")
    return _padded(b"\x80" + units[: (NAME_CHARACTERS_MAX - 1) // 2 * 2], NAME_CHARACTERS_MAX)


def _read_alpha(octets: bytes) -> str:
    if octets[:1] == b"\x80":
        units = octets[1 : 1 + (len(octets) - 1) // 2 * 2]
        return units.decode("utf-16-be", errors="replace").rstrip("\uffff")
    return alphabet.decode_text(octets.rstrip(b"\xff"))


def _contacts(identity: int, title: str, clause: str, book: str, update: int) -> File:
    """EF ADN, FDN, MSISDN, LND: the records of a phonebook."""

    def make(card: Card, number: int) -> bytes:
        contact = card.sim.phonebook(book).records.get(number)
        if contact is None:
            return bytes([_UNUSED]) * _CONTACT_OCTETS
        return _alpha(contact.name) + _number_octets(contact.number) + b"\xff\xff"

    def take(card: Card, number: int, octets: bytes) -> None:
        dialled = _read_number(octets[NAME_CHARACTERS_MAX:])
        contact = Contact(dialled, _read_alpha(octets[:NAME_CHARACTERS_MAX]))
        if contact.number or contact.name:
            card.sim.phonebook(book).write(number, contact)
        else:
            card.sim.phonebook(book).erase(number)

    def records(card: Card) -> int:
        return card.sim.phonebook(book).size

    return File(identity, title, clause, TELECOM, _CONTACT_OCTETS, CHV1, update, make, records, take)


# The first octet of EF SMS (clause 10.5.3).
_MESSAGE_STATUS = {
    Status.RECEIVED_READ: 0x01,
    Status.RECEIVED_UNREAD: 0x03,
    Status.STORED_SENT: 0x05,
    Status.STORED_UNSENT: 0x07,
}


def _message(card: Card, number: int) -> bytes:
    try:
        message = card.sim.slots.get(number)
    except SlotEmpty:
        return b"\x00" + bytes([_UNUSED]) * (MESSAGE_OCTETS - 1)
    centre = _service_centre(card.smsc)
    return _padded(bytes([_MESSAGE_STATUS[message.status]]) + centre + message.tpdu, MESSAGE_OCTETS)


def _service_centre(smsc: str) -> bytes:
    """TS-Service-Centre-Address without padding (TS 24.011 clause 8.2.5.1)."""
    octets = _number_octets(smsc)
    return octets[: 1 + octets[0]] if smsc else b"\x00"


def _take_message(card: Card, number: int, octets: bytes) -> None:
    status = next((status for status, code in _MESSAGE_STATUS.items() if code == octets[0] & 0x07), None)
    if status is None:
        card.sim.slots.delete(number)
    else:
        card.sim.slots.write(number, StoredMessage(status, _without_padding(octets[2 + octets[1] :], status)))


def _without_padding(octets: bytes, status: Status) -> bytes:
    """A TPDU without the FF that fill the record; those that belong to it stay."""
    read = pdu.decode_submit if status in (Status.STORED_SENT, Status.STORED_UNSENT) else pdu.decode_incoming
    shortest = len(octets.rstrip(b"\xff"))
    for end in range(shortest, len(octets) + 1):
        try:
            read(octets[:end])
        except pdu.PduError:
            continue
        return octets[:end]
    return octets[:shortest]


def _parameters(card: Card, _number: int) -> bytes:
    """EF SMSP: only the service centre is there (bit 2 of the indicators is 0)."""
    centre = _padded(_service_centre(card.smsc), 12)
    return bytes([_UNUSED]) * _PARAMETERS_NAME_OCTETS + b"\xfd" + b"\xff" * 12 + centre + b"\xff" * 3


def _take_parameters(card: Card, _number: int, octets: bytes) -> None:
    body = octets[_PARAMETERS_NAME_OCTETS:]
    if not body[0] & 0x02:
        card.smsc = _read_number(body[13:25])


# Services of EF SST that this SIM has: CHV1 can be disabled, ADN, FDN, SMS, PLMN selector, MSISDN, SMSP, LND, SPN.
_SERVICES = {1, 2, 3, 4, 7, 9, 12, 13, 17}

_ALL = (
    File(0x2FE2, "ICCID", "10.1.1", MASTER, 10, ALWAYS, NEVER, lambda card, _: _swapped(card.sim.iccid, 10)),
    File(0x6F05, "LP, language preference", "10.3.1", GSM, 2, ALWAYS, CHV1, _fixed(b"\x01\xff")),
    File(0x6F07, "IMSI", "10.3.2", GSM, 9, CHV1, ADMINISTRATOR, _imsi),
    File(0x6F20, "Kc, ciphering key", "10.3.3", GSM, 9, CHV1, CHV1, _fixed(b"\xff" * 8 + b"\x07")),
    File(0x6F30, "PLMNsel, PLMN selector", "10.3.4", GSM, 24, CHV1, CHV1, _fixed(b"\xff" * 24)),
    File(0x6F31, "HPLMN, search period", "10.3.5", GSM, 1, CHV1, ADMINISTRATOR, _fixed(b"\x05")),
    File(0x6F38, "SST, service table", "10.3.7", GSM, 5, CHV1, ADMINISTRATOR, _fixed(_services(_SERVICES, 5))),
    File(0x6F46, "SPN, service provider", "10.3.11", GSM, 17, ALWAYS, ADMINISTRATOR, _provider),
    File(
        0x6F78,
        "ACC, access class",
        "10.3.15",
        GSM,
        2,
        CHV1,
        ADMINISTRATOR,
        lambda card, _: (1 << int(card.sim.imsi[-1])).to_bytes(2, "big"),
    ),
    File(0x6F7B, "FPLMN, forbidden PLMNs", "10.3.16", GSM, 12, CHV1, CHV1, _fixed(b"\xff" * 12)),
    File(0x6F7E, "LOCI, location", "10.3.17", GSM, 11, CHV1, CHV1, _location),
    File(0x6FAD, "AD, administrative data", "10.3.18", GSM, 4, ALWAYS, ADMINISTRATOR, _fixed(b"\x00\x00\x00\x02")),
    File(0x6FAE, "Phase", "10.3.19", GSM, 1, ALWAYS, ADMINISTRATOR, _fixed(b"\x02")),
    File(0x6FB7, "ECC, emergency calls", "10.3.27", GSM, 15, ALWAYS, ADMINISTRATOR, _fixed(b"\x11\xf2" + b"\xff" * 13)),
    _contacts(0x6F3A, "ADN, abbreviated dialling numbers", "10.5.1", "SM", CHV1),
    _contacts(0x6F3B, "FDN, fixed dialling numbers", "10.5.2", "FD", CHV2),
    File(
        0x6F3C,
        "SMS",
        "10.5.3",
        TELECOM,
        MESSAGE_OCTETS,
        CHV1,
        CHV1,
        _message,
        lambda card: card.sim.slots.size,
        _take_message,
    ),
    _contacts(0x6F40, "MSISDN", "10.5.5", "ON", CHV1),
    File(
        0x6F42,
        "SMSP, parameters of SMS",
        "10.5.6",
        TELECOM,
        _PARAMETERS_NAME_OCTETS + 28,
        CHV1,
        CHV1,
        _parameters,
        lambda _card: 1,
        _take_parameters,
    ),
    File(0x6F43, "SMSS, status of SMS", "10.5.7", TELECOM, 2, CHV1, CHV1, _fixed(b"\xff\xff")),
    _contacts(0x6F44, "LND, last number dialled", "10.5.8", "LD", CHV1),
)

FILES = {file.identity: file for file in _ALL}
