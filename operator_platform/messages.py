"""Making the ISO 8583 messages to the bank, and opening its answers: static encryption (module 308) of registrations,
dynamic encryption (module 306) of exchanges. Sans-IO."""

import time
from dataclasses import dataclass

from operator_platform.counters import Counters
from operator_platform.keys import DynamicKey, Random
from operator_platform.store import StoredTransaction, TransactionKey
from wire import blocks, iso
from wire.aead import NONCE_BYTES
from wire.blocks import Registration
from wire.errors import BadMessage
from wire.identity import IDENTITY_BYTES, Identity
from wire.iso import Direction, Message, ProcessingCode
from wire.keys import WorkKey
from wire.secret import Secret
from wire.terminal import Kind, Reply, decode_down

PROCESSING_CODES = {
    Kind.INQUIRY: ProcessingCode.INQUIRY,
    Kind.TRANSFER: ProcessingCode.TRANSFER,
    Kind.BALANCE: ProcessingCode.BALANCE,
    Kind.STATEMENT: ProcessingCode.STATEMENT,
    Kind.CHANGE_PIN: ProcessingCode.CHANGE_PIN,
}
_EXCHANGES_MAX = 999  # DE61 has three digits


@dataclass(slots=True)
class OpenTransaction:
    """A transaction under a serial, as it lives in memory: with its PSAM keys, which are nowhere else."""

    key: TransactionKey
    identity: Identity
    rrn: str
    dynamic: DynamicKey
    registration: bytes  # 0600; a repeat sends these bytes. In memory only, since its keys are too.
    registration_stan: str
    registered: bool = False
    exchanges: int = 0

    @property
    def serial(self) -> str:
        return str(self.dynamic.serial)

    @property
    def exchanges_spent(self) -> bool:
        """Whether fewer exchange numbers are left than a transfer and its reversal need."""
        return self.exchanges + 3 > _EXCHANGES_MAX


class MessageMaker:
    """Makes messages with fresh STANs and nonces."""

    def __init__(self, operator_id: str, counters: Counters, random: Random) -> None:
        self._operator_id = operator_id
        self._counters = counters
        self._random = random

    def network(self, code: str, now: float) -> Message:
        """Sign-on, sign-off, echo, or the request for keys (0820)."""
        return self._message("0820", now, DE70=code)

    def rrn(self, now: float) -> str:
        """Return a DE37 nobody has: last digit of the year, day of the year, hour (UTC), six digits of a counter."""
        moment = time.gmtime(now)
        return f"{moment.tm_year % 10}{moment.tm_yday:03d}{moment.tm_hour:02d}{self._counters.stan()}"

    def open_transaction(
        self, stored: StoredTransaction, dynamic: DynamicKey, static: Secret, now: float
    ) -> OpenTransaction:
        """Bind IMSI, MSISDN and serial into initial authentication information and encrypt it (steps 104, 106)."""
        registration = Registration(stored.identity, dynamic.serial, dynamic.ephemeral)
        block = blocks.seal_registration(static, registration, self._random(NONCE_BYTES))
        message = self._message("0600", now, DE37=stored.rrn, DE48=iso.block_text(block))
        raw = iso.encode(iso.add_mac(message, dynamic.psam))
        return OpenTransaction(stored.key, stored.identity, stored.rrn, dynamic, raw, message[11])

    def exchange(self, transaction: OpenTransaction, kind: Kind, message: bytes, now: float) -> bytes:
        """Encrypt authentication information and a terminal message under the dynamic key (step 112)."""
        mti = "0200" if kind is Kind.TRANSFER else "0100"
        return self._sealed(mti, transaction, kind, message, now)

    def reversal(
        self, transaction: OpenTransaction, message: bytes, original: bytes, now: float
    ) -> tuple[bytes, bytes]:
        """Return 0420 and 0421 that undo the transfer sent as `original`. Each is an exchange of its own."""
        data = iso.original_data(iso.decode(original))
        first = self._sealed("0420", transaction, Kind.TRANSFER, message, now, DE90=data)
        return first, self._sealed("0421", transaction, Kind.TRANSFER, message, now, DE90=data)

    def _sealed(
        self, mti: str, transaction: OpenTransaction, kind: Kind, message: bytes, now: float, **more: str
    ) -> bytes:
        transaction.exchanges += 1
        bare = self._message(
            mti,
            now,
            DE3=PROCESSING_CODES[kind],
            DE37=transaction.rrn,
            DE60=transaction.serial,
            DE61=f"{transaction.exchanges:03d}",
            **more,
        )
        plaintext = transaction.identity.pack() + message
        nonce = self._random(NONCE_BYTES)
        return iso.encode(iso.seal(bare, transaction.dynamic.psam, Direction.TO_BANK, plaintext, nonce))

    def _message(self, mti: str, now: float, **fields: str) -> Message:
        sent_at = time.strftime("%m%d%H%M%S", time.gmtime(now))
        message = Message(mti, {7: sent_at, 11: self._counters.stan(), 32: self._operator_id})
        return message.with_fields(**fields)


def answer_to(message: Message, code: str, work: WorkKey | None = None) -> bytes:
    """Return our answer to a message of the bank: 0810, 0630 or 0830, with what it repeats of the question.

    `work` authenticates it: the bank believes no confirmation of keys and notices without it.
    """
    mti = f"{message.mti[:2]}{int(message.mti[2]) + 1}0"
    repeated = {number: message[number] for number in (7, 11, 32, 70) if number in message.fields}
    answer = Message(mti, {**repeated, 39: code})
    return iso.encode(answer if work is None else iso.add_work_mac(answer, work))


def open_answer(answer: Message, transaction: OpenTransaction, request: bytes) -> Reply:
    """Open the bank's answer to a terminal message. Raises BadMac, BadSeal, or BadMessage if it answers another."""
    plaintext = iso.open_sealed(answer, transaction.dynamic.psam, Direction.TO_OPERATOR)
    if plaintext[:IDENTITY_BYTES] != transaction.identity.pack():
        raise BadMessage("authentication information", "is another subscriber's")
    reply = decode_down(plaintext[IDENTITY_BYTES:])
    if not isinstance(reply, Reply) or (reply.transaction_id, reply.answers) != (request[1:9], request[0]):
        raise BadMessage("reply", "answers another request")
    return reply
