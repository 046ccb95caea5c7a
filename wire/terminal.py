"""Terminal messages: what handset and operator say to each other, and what handset and bank say through them.

One message is at most 120 bytes and travels as Base64 in one SMS of at most 160 characters (design.md section 2).
This module knows layouts only; `wire.sealing` knows the keys.

First byte: version (3 bits, 1), direction (1 bit, 1 is down), registers (1 bit), kind (3 bits).

| message                | bytes                                                                              |
|------------------------|------------------------------------------------------------------------------------|
| register               | type 1, transaction id 8, IMSI 8, MSISDN 8                                         |
| any request            | type 1, transaction id 8, [IMSI 8, MSISDN 8 if it registers], sealed body 48 + n   |
| reply                  | type 1, transaction id 8, type it answers 1, code 2, serial 8, [sealed answer 28 + n] |
| notice                 | type 1, notice id 8, key id 8, sealed notice 28 + 18                               |
"""

import base64
import binascii
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from wire.digits import (
    ACCOUNT_BYTES,
    PIN_BYTES,
    checked_account,
    checked_pin,
    pack_digits,
    unpack_digits,
)
from wire.errors import BadMessage
from wire.identity import IDENTITY_BYTES, Identity
from wire.keys import SERIAL_BYTES
from wire.secret import Secret

MESSAGE_BYTES_MAX = 120  # 120 bytes are 160 Base64 characters: one SMS in the GSM 7-bit alphabet
TRANSACTION_ID_BYTES = 8
REPLY_KEY_BYTES = 16
AMOUNT_BYTES = 6
BALANCE_BYTES = 8
RRN_CHARACTERS = 12  # DE37

_VERSION = 1
_DOWN = 0x10
_REGISTERS = 0x08
_CODE = re.compile(rb"[0-9A-Z]{2}")


class Kind(IntEnum):
    """What a request asks for; 5 (statement) and 6 (change PIN) are reserved and answered with code 40."""

    REGISTER = 1
    INQUIRY = 2
    TRANSFER = 3
    BALANCE = 4
    STATEMENT = 5
    CHANGE_PIN = 6


class DownKind(IntEnum):
    """What comes down."""

    REPLY = 1
    NOTICE = 2


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as the operator sees it: `sealed` is for the bank alone. `identity` is there if it registers."""

    kind: Kind
    transaction_id: bytes
    identity: Identity | None
    sealed: bytes

    def type_byte(self) -> int:
        registers = 0 if self.identity is None else _REGISTERS
        return _VERSION << 5 | registers | self.kind

    def encode(self) -> bytes:
        """Return the message, at most 120 bytes. Raises BadMessage if it would be longer."""
        identity = b"" if self.identity is None else self.identity.pack()
        return _bounded(bytes([self.type_byte()]) + self.transaction_id + identity + self.sealed)

    @classmethod
    def decode(cls, message: bytes) -> Self:
        """Undo `encode`. Raises BadMessage naming the field, or BadDigits."""
        type_byte, transaction_id, body = _header(message)
        if type_byte & _DOWN:
            raise BadMessage("type", "is a message from the operator, not a request")
        try:
            kind = Kind(type_byte & 7)
        except ValueError:
            raise BadMessage("type", f"unknown request kind {type_byte & 7}") from None
        identity = None
        if type_byte & _REGISTERS:
            identity, body = Identity.unpack(body[:IDENTITY_BYTES]), body[IDENTITY_BYTES:]
        elif kind is Kind.REGISTER:
            raise BadMessage("type", "a register message must register")
        if (kind is Kind.REGISTER) != (not body):
            raise BadMessage("body", "a register message has none, every other request has one")
        return cls(kind, transaction_id, identity, body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `code` outside is for the operator; the bank's word is the answer sealed inside."""

    transaction_id: bytes
    answers: int  # the type byte of the request
    code: str
    serial: str | None  # 16 hex digits: the dynamic key under which the bank was asked; None if it was not
    sealed: bytes

    def header(self) -> bytes:
        """Return the 20 bytes before the sealed answer, which its seal binds."""
        type_byte = _VERSION << 5 | _DOWN | DownKind.REPLY
        serial = bytes(SERIAL_BYTES) if self.serial is None else bytes.fromhex(self.serial)
        assert len(serial) == SERIAL_BYTES
        return bytes([type_byte]) + self.transaction_id + bytes([self.answers]) + self.code.encode("ascii") + serial

    def encode(self) -> bytes:
        return _bounded(self.header() + self.sealed)


@dataclass(frozen=True, slots=True)
class Notice:
    """Money has arrived. `key_id` is the transaction id of the request that gave the bank the notice key."""

    notice_id: bytes
    key_id: bytes
    sealed: bytes

    def header(self) -> bytes:
        """Return the 17 bytes before the sealed part, which its seal binds."""
        return bytes([_VERSION << 5 | _DOWN | DownKind.NOTICE]) + self.notice_id + self.key_id

    def encode(self) -> bytes:
        return _bounded(self.header() + self.sealed)


def decode_down(message: bytes) -> Reply | Notice:
    """Decode what came to a handset. Raises BadMessage naming the field."""
    type_byte, first_id, body = _header(message)
    if not type_byte & _DOWN or type_byte & _REGISTERS:
        raise BadMessage("type", "is no message to a handset")
    if type_byte & 7 == DownKind.REPLY:
        if len(body) < 3 or not _CODE.fullmatch(body[1:3]):
            raise BadMessage("code", "missing or malformed")
        if body[0] & 7 not in set(Kind) or body[0] & _DOWN or body[0] >> 5 != _VERSION:
            raise BadMessage("answers", "names no request type")
        serial, sealed = body[3 : 3 + SERIAL_BYTES], body[3 + SERIAL_BYTES :]
        if len(serial) != SERIAL_BYTES:
            raise BadMessage("serial", "missing")
        return Reply(first_id, body[0], body[1:3].decode("ascii"), serial.hex() if any(serial) else None, sealed)
    if type_byte & 7 == DownKind.NOTICE:
        if len(body) <= TRANSACTION_ID_BYTES:
            raise BadMessage("body", "too short for a notice")
        return Notice(first_id, body[:TRANSACTION_ID_BYTES], body[TRANSACTION_ID_BYTES:])
    raise BadMessage("type", f"unknown kind {type_byte & 7}")


def _header(message: bytes) -> tuple[int, bytes, bytes]:
    _bounded(message)
    if len(message) < 1 + TRANSACTION_ID_BYTES:
        raise BadMessage("message", f"of {len(message)} bytes is shorter than its header")
    if message[0] >> 5 != _VERSION:
        raise BadMessage("version", f"is {message[0] >> 5}, this is version {_VERSION}")
    return message[0], message[1 : 1 + TRANSACTION_ID_BYTES], message[1 + TRANSACTION_ID_BYTES :]


def _bounded(message: bytes) -> bytes:
    if len(message) > MESSAGE_BYTES_MAX:
        raise BadMessage("message", f"of {len(message)} bytes does not fit {MESSAGE_BYTES_MAX}")
    return message


# -- as SMS text ----------------------------------------------------------------------------------------------


def to_text(message: bytes) -> str:
    """Return Base64 (RFC 4648 section 4, padded), all of it in the GSM 7-bit default alphabet."""
    return base64.b64encode(message).decode("ascii")


def from_text(text: str) -> bytes:
    """Undo `to_text`; white space around it is forgiven. Raises BadMessage if it is not canonical Base64."""
    stripped = text.strip()
    try:
        message = base64.b64decode(stripped, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("text", "not Base64") from None
    if base64.b64encode(message).decode("ascii") != stripped:
        raise BadMessage("text", "not canonical Base64")
    return message


# -- sealed bodies --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class InquiryBody:
    """Who holds this account? payee 10, reply key 16: 26 bytes (Fig. 5 step 1)."""

    payee: str
    reply_key: Secret

    def encode(self) -> bytes:
        return pack_digits(self.payee, ACCOUNT_BYTES) + self.reply_key.reveal()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Undo `encode`. Raises BadMessage, BadDigits."""
        account, reply_key = _fields(body, ACCOUNT_BYTES, REPLY_KEY_BYTES)
        return cls(_account(account), Secret(reply_key))


@dataclass(frozen=True, slots=True, repr=False)
class TransferBody:
    """payer 10, payee 10, amount 6, PIN 7, reply key 16: 49 bytes (Fig. 5 step 5)."""

    payer: str
    payee: str
    amount_fen: int
    pin: Secret
    reply_key: Secret

    def encode(self) -> bytes:
        return b"".join(
            (
                pack_digits(self.payer, ACCOUNT_BYTES),
                pack_digits(self.payee, ACCOUNT_BYTES),
                self.amount_fen.to_bytes(AMOUNT_BYTES, "big"),
                _pack_pin(self.pin),
                self.reply_key.reveal(),
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Undo `encode`. Raises BadMessage, BadDigits."""
        payer, payee, amount, pin, reply_key = _fields(
            body, ACCOUNT_BYTES, ACCOUNT_BYTES, AMOUNT_BYTES, PIN_BYTES, REPLY_KEY_BYTES
        )
        return cls(
            _account(payer),
            _account(payee),
            int.from_bytes(amount, "big"),
            _unpack_pin(pin),
            Secret(reply_key),
        )


@dataclass(frozen=True, slots=True, repr=False)
class BalanceBody:
    """account 10, PIN 7, reply key 16: 33 bytes."""

    account: str
    pin: Secret
    reply_key: Secret

    def encode(self) -> bytes:
        return pack_digits(self.account, ACCOUNT_BYTES) + _pack_pin(self.pin) + self.reply_key.reveal()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Undo `encode`. Raises BadMessage, BadDigits."""
        account, pin, reply_key = _fields(body, ACCOUNT_BYTES, PIN_BYTES, REPLY_KEY_BYTES)
        return cls(_account(account), _unpack_pin(pin), Secret(reply_key))


def _fields(body: bytes, *sizes: int) -> list[bytes]:
    if len(body) != sum(sizes):
        raise BadMessage("body", f"of {len(body)} bytes, needs {sum(sizes)}")
    fields, start = [], 0
    for size in sizes:
        fields.append(body[start : start + size])
        start += size
    return fields


def _account(packed: bytes) -> str:
    return checked_account(unpack_digits(packed))


def _pack_pin(pin: Secret) -> bytes:
    return pack_digits(checked_pin(pin.reveal().decode("ascii")), PIN_BYTES)


def _unpack_pin(packed: bytes) -> Secret:
    return Secret(checked_pin(unpack_digits(packed)).encode("ascii"))


# -- sealed answers -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What the bank seals for the handset: code 2, then by kind and only if done (class A):

    inquiry: last character of the holder's name (UTF-8, 1 to 4 bytes);
    transfer: RRN 12, balance 8; balance: balance 8 (signed fen).
    """

    code: str
    name_last: str | None = None
    rrn: str | None = None
    balance_fen: int | None = None

    def encode(self) -> bytes:
        parts = [self.code.encode("ascii")]
        if self.name_last is not None:
            parts.append(self.name_last.encode())
        if self.rrn is not None:
            parts.append(self.rrn.encode("ascii"))
        if self.balance_fen is not None:
            parts.append(self.balance_fen.to_bytes(BALANCE_BYTES, "big", signed=True))
        return b"".join(parts)

    @classmethod
    def decode(cls, kind: Kind, plaintext: bytes) -> Self:
        """Undo `encode` for an answer to a request of `kind`. Raises BadMessage."""
        code, body = plaintext[:2], plaintext[2:]
        if not _CODE.fullmatch(code):
            raise BadMessage("code", "missing or malformed")
        if not body:
            return cls(code.decode("ascii"))
        try:
            if kind is Kind.INQUIRY:
                name_last = body.decode()
                if len(name_last) != 1:
                    raise BadMessage("answer", "needs one character of a name")
                return cls(code.decode("ascii"), name_last=name_last)
            if kind is Kind.TRANSFER:
                rrn, balance = _fields(body, RRN_CHARACTERS, BALANCE_BYTES)
                return cls(code.decode("ascii"), rrn=rrn.decode("ascii"), balance_fen=_signed(balance))
            if kind is Kind.BALANCE:
                (balance,) = _fields(body, BALANCE_BYTES)
                return cls(code.decode("ascii"), balance_fen=_signed(balance))
        except UnicodeDecodeError:
            raise BadMessage("answer", "text is malformed") from None
        raise BadMessage("answer", f"a {kind.name.lower()} request has no answer with a body")


@dataclass(frozen=True, slots=True, repr=False)
class NoticeBody:
    """amount 6, balance 8 (signed fen), time 4 (Unix seconds): 18 bytes."""

    amount_fen: int
    balance_fen: int
    time_s: int

    def encode(self) -> bytes:
        return (
            self.amount_fen.to_bytes(AMOUNT_BYTES, "big")
            + self.balance_fen.to_bytes(BALANCE_BYTES, "big", signed=True)
            + self.time_s.to_bytes(4, "big")
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Undo `encode`. Raises BadMessage."""
        amount, balance, time_s = _fields(body, AMOUNT_BYTES, BALANCE_BYTES, 4)
        return cls(int.from_bytes(amount, "big"), _signed(balance), int.from_bytes(time_s, "big"))


def _signed(packed: bytes) -> int:
    return int.from_bytes(packed, "big", signed=True)
