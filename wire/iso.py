"""The ISO 8583:1987 profile between operator and bank: the field table, the message table, encoding and sealing.

Digits and lengths are ASCII, bitmaps and the MAC binary; fields above 64 bring the secondary bitmap with them.
Everything that a message may hold is in FIELDS and MESSAGES; whatever is not there is refused by name.
"""

import base64
import binascii
import hmac as constant_time
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

import iso8583
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC

from wire import aead
from wire.errors import BadMac, BadMessage
from wire.keys import PsamKeys, Serial, WorkKey
from wire.secret import Secret

MAC_BYTES = 8
DATA_CHARACTERS_MAX = 999  # ISO 8583:1987, DE48: ans..999

_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One data element of the profile. `length` counts characters (DE64, DE128: bytes); `prefix` length digits.

    What is `secret` is never shown, not even as ciphertext (`wire.describe`).
    """

    name: str
    kind: str  # ISO 8583 notation
    length: int
    prefix: int
    pattern: re.Pattern[str]
    secret: bool = False


FIELDS: Mapping[int, Field] = {
    3: Field("processing code", "n 6", 6, 0, re.compile(r"\d{6}")),
    7: Field("transmission date and time, MMDDhhmmss UTC", "n 10", 10, 0, re.compile(r"\d{10}")),
    11: Field("system trace audit number (STAN)", "n 6", 6, 0, re.compile(r"\d{6}")),
    32: Field("acquiring institution: the operator", "n ..11", 11, 2, re.compile(r"\d{1,11}")),
    37: Field("retrieval reference number (RRN)", "an 12", 12, 0, re.compile(r"[0-9A-Za-z]{12}")),
    39: Field("response code", "an 2", 2, 0, re.compile(r"[0-9A-Z]{2}")),
    48: Field("block or sealed transaction message, Base64", "ans ..999", 999, 3, _BASE64, secret=True),
    60: Field("serial of the dynamic key, hex", "ans ..999", 16, 3, re.compile(r"[0-9a-f]{16}")),
    61: Field("number of the exchange within its transaction", "ans ..999", 3, 3, re.compile(r"\d{3}")),
    64: Field("message authentication code", "b 8", MAC_BYTES, 0, re.compile(r"[0-9a-f]{16}")),
    70: Field("network management information code", "n 3", 3, 0, re.compile(r"\d{3}")),
    90: Field("original data elements", "n 42", 42, 0, re.compile(r"\d{42}")),
    128: Field("message authentication code", "b 8", MAC_BYTES, 0, re.compile(r"[0-9a-f]{16}")),
}


@dataclass(frozen=True, slots=True)
class MessageType:
    """What one MTI must hold and may hold."""

    name: str
    required: frozenset[int]
    optional: frozenset[int] = frozenset()


def _type(name: str, *required: int, optional: tuple[int, ...] = ()) -> MessageType:
    return MessageType(name, frozenset((7, 11, 32, *required)), frozenset(optional))


_EXCHANGE = (3, 37, 48, 60, 61)
_EXCHANGE_ANSWER = (3, 37, 39, 60, 61)

MESSAGES: Mapping[str, MessageType] = {
    "0100": _type("inquiry", *_EXCHANGE, 64),
    "0110": _type("inquiry answer", *_EXCHANGE_ANSWER, optional=(48, 64)),
    "0200": _type("transfer", *_EXCHANGE, 64),
    "0210": _type("transfer answer", *_EXCHANGE_ANSWER, optional=(48, 64)),
    "0420": _type("reversal", *_EXCHANGE, 90, 128),
    "0421": _type("reversal repeat", *_EXCHANGE, 90, 128),
    "0430": _type("reversal answer", *_EXCHANGE_ANSWER, 90, optional=(48, 128)),
    "0600": _type("registration", 37, 48, 64),
    "0610": _type("registration answer", 37, 39, optional=(64,)),
    "0620": _type("notice for a payee", 48),
    "0630": _type("notice answer", 39, optional=(64,)),
    "0800": _type("keys from the bank", 48, 70),
    "0810": _type("keys answer", 39, 70, optional=(128,)),
    "0820": _type("network management", 70),
    "0830": _type("network management answer", 39, 70),
}


class NetworkCode:
    """DE70 values (ISO 8583:1987, table of network management information codes)."""

    SIGN_ON = "001"
    SIGN_OFF = "002"
    KEYS = "101"
    ECHO = "301"


class ProcessingCode:
    """DE3: which exchange this is."""

    BALANCE = "310000"
    INQUIRY = "330000"
    STATEMENT = "380000"
    TRANSFER = "400000"
    CHANGE_PIN = "700000"


class Direction(IntEnum):
    """The first byte of the associated data of a transaction message."""

    TO_BANK = 0
    TO_OPERATOR = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One ISO 8583 message; every field as text, binary fields as lower-case hex."""

    mti: str
    fields: Mapping[int, str]

    def __getitem__(self, number: int) -> str:
        """Return a field. Raises BadMessage naming it if it is not there."""
        try:
            return self.fields[number]
        except KeyError:
            raise BadMessage(f"DE{number}", "missing") from None

    def with_fields(self, **changed: str) -> Self:
        """Return a copy with fields changed: `message.with_fields(DE39="00")`."""
        numbers = {int(name.removeprefix("DE")): value for name, value in changed.items()}
        return replace(self, fields={**self.fields, **numbers})

    def without(self, *numbers: int) -> Self:
        return replace(self, fields={n: value for n, value in self.fields.items() if n not in numbers})

    @property
    def block(self) -> bytes:
        """DE48 as bytes. Raises BadMessage if it is missing or not canonical Base64."""
        try:
            decoded = base64.b64decode(self[48], validate=True)
        except (binascii.Error, ValueError):
            raise BadMessage("DE48", "not Base64") from None
        if base64.b64encode(decoded).decode("ascii") != self[48]:
            raise BadMessage("DE48", "not canonical Base64")
        return decoded

    @property
    def key(self) -> tuple[str, str, str]:
        """DE7, DE11 and DE32, on which repeats are told from new messages."""
        return self[7], self[11], self[32]


def block_text(block: bytes) -> str:
    """Return the DE48 text of a block of at most 747 bytes: Base64 comes in fours, and 999 is no multiple."""
    return base64.b64encode(block).decode("ascii")


def _specification() -> dict[str, dict[str, object]]:
    """Return FIELDS in the form that pyiso8583 reads."""

    def entry(length: int, prefix: int, encoding: str, name: str) -> dict[str, object]:
        return {"data_enc": encoding, "len_enc": "ascii", "len_type": prefix, "max_len": length, "desc": name}

    specification = {
        "h": entry(0, 0, "ascii", "header"),
        "t": entry(4, 0, "ascii", "message type"),
        "p": entry(8, 0, "b", "primary bitmap"),
        "1": entry(8, 0, "b", "secondary bitmap"),
    }
    for number, field in FIELDS.items():
        encoding = "b" if field.kind.startswith("b") else "ascii"
        length = DATA_CHARACTERS_MAX if field.prefix == 3 else field.length
        specification[str(number)] = entry(length, field.prefix, encoding, field.name)
    return specification


_SPECIFICATION = _specification()


def encode(message: Message) -> bytes:
    """Return the message without its frame. Raises BadMessage naming the field that the profile does not allow."""
    _check_present(message)
    return _encode_unchecked(message)


def decode(raw: bytes) -> Message:
    """Undo `encode`. Raises BadMessage naming the field that is missing, unknown, malformed or cut short."""
    try:
        decoded, _ = iso8583.decode(raw, _SPECIFICATION)
    except iso8583.DecodeError as error:
        raise BadMessage(_field_name(str(error.field)), error.msg) from None
    except KeyError as error:  # a bitmap bit that FIELDS has not
        raise BadMessage(f"DE{error.args[0]}", "not in this profile") from None
    fields = {
        int(n): value.lower() if FIELDS[int(n)].kind.startswith("b") else value
        for n, value in decoded.items()
        if n.isdigit() and n != "1"
    }
    message = Message(decoded["t"], fields)
    _check_present(message)
    if _encode_unchecked(message) != raw:
        raise BadMessage("message", "not in canonical form")
    return message


def _encode_unchecked(message: Message) -> bytes:
    document = {"h": "", "t": message.mti, **{str(n): value for n, value in message.fields.items()}}
    try:
        raw, _ = iso8583.encode(document, _SPECIFICATION)
    except iso8583.EncodeError as error:
        raise BadMessage(_field_name(str(error.field)), error.msg) from None
    return bytes(raw)


def _check_present(message: Message) -> None:
    message_type = MESSAGES.get(message.mti)
    if message_type is None:
        raise BadMessage("MTI", "not in this profile")
    for number in sorted(message_type.required - message.fields.keys()):
        raise BadMessage(f"DE{number}", "missing")
    for number, value in message.fields.items():
        if number not in message_type.required | message_type.optional:
            raise BadMessage(f"DE{number}", f"not allowed in {message.mti}")
        if not FIELDS[number].pattern.fullmatch(value):
            raise BadMessage(f"DE{number}", f"malformed, needs {FIELDS[number].kind}")


def _field_name(number: str) -> str:
    names = {"h": "header", "t": "MTI", "p": "primary bitmap", "1": "secondary bitmap"}
    return names.get(number, f"DE{number}")


# -- sealing --------------------------------------------------------------------------------------------------


def add_mac(message: Message, keys: PsamKeys) -> Message:
    """Add DE64, or DE128 if a field above 64 is there: AES-CMAC of all before it, first 8 bytes (RFC 4493)."""
    return _with_mac(message, keys.mac)


def check_mac(message: Message, keys: PsamKeys) -> None:
    """Check the MAC of a message. Raises BadMac if it is wrong or missing."""
    _check_mac(message, keys.mac)


def add_work_mac(message: Message, work: WorkKey) -> Message:
    """Add the same to 0810 or 0630 under the work MAC key, with which the operator shows that it has the keys."""
    return _with_mac(message, work.mac)


def check_work_mac(message: Message, work: WorkKey) -> None:
    """Check the MAC of 0810 or 0630. Raises BadMac if it is wrong or missing."""
    _check_mac(message, work.mac)


def _with_mac(message: Message, key: Secret) -> Message:
    return replace(message, fields={**message.fields, _mac_field(message): _mac(message, key).hex()})


def _check_mac(message: Message, key: Secret) -> None:
    number = _mac_field(message)
    given = message.fields.get(number)
    if given is None:
        raise BadMac(f"{message.mti}: DE{number} is missing")
    if not constant_time.compare_digest(given, _mac(message.without(number), key).hex()):
        raise BadMac(f"{message.mti}: DE{number} does not fit")


def seal(message: Message, keys: PsamKeys, direction: Direction, plaintext: bytes, nonce: bytes) -> Message:
    """Put `plaintext` into DE48 under the data key and add the MAC (step 112, module 306).

    Associated data: direction 1 byte, exchange number (DE61) 2 bytes, then the message encoded without DE48 and
    MAC. `plaintext` is authentication information 16 bytes || terminal message or reply; `nonce` 12 random bytes.
    """
    bare = message.without(48, 64, 128)
    sealed = aead.seal(keys.data, nonce, plaintext, _associated(bare, direction))
    return add_mac(bare.with_fields(DE48=block_text(sealed)), keys)


def open_sealed(message: Message, keys: PsamKeys, direction: Direction) -> bytes:
    """Check the MAC, then open DE48 (step 116, module 402). Raises BadMac, BadSeal, BadMessage."""
    check_mac(message, keys)
    return aead.unseal(keys.data, message.block, _associated(message.without(48, 64, 128), direction))


def serial_of(message: Message) -> Serial:
    """Return DE60. Raises BadMessage if it is missing."""
    return Serial.unpack(bytes.fromhex(message[60]))


def original_data(original: Message) -> str:
    """Return DE90 for a reversal of `original`: MTI 4, STAN 6, DE7 10, DE32 11, forwarder 11 zeros."""
    return original.mti + original[11] + original[7] + original[32].rjust(11, "0") + "0" * 11


def _associated(bare: Message, direction: Direction) -> bytes:
    exchange = int(bare[61]).to_bytes(2, "big")
    return bytes([direction]) + exchange + _encode_unchecked(bare)


def _mac_field(message: Message) -> int:
    return 128 if any(64 < number < 128 for number in message.fields) else 64


def _mac(message: Message, key: Secret) -> bytes:
    number = _mac_field(message)
    padded = replace(message, fields={**message.fields, number: "00" * MAC_BYTES})
    cmac = CMAC(algorithms.AES(key.reveal()))
    cmac.update(_encode_unchecked(padded)[:-MAC_BYTES])
    return cmac.finalize()[:MAC_BYTES]
