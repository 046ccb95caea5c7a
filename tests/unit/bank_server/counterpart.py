"""The other side for the bank's tests: a bank in memory, an operator and a handset, made of `wire` alone."""

import random as seeded
from dataclasses import dataclass, field

from bank_server import ledger
from bank_server.actions import Action, Close, Note, Send
from bank_server.keys import BankKeys, OperatorKeys
from bank_server.policy import Policy
from bank_server.session import BankSession
from bank_server.sqlite_store import SqliteStore
from bank_server.store import Enrolment, Phone
from wire import blocks, iso
from wire.blocks import BlockKind, OperatorControlKey, PayeeNotice, Registration
from wire.identity import Identity
from wire.iso import Direction, Message, block_text
from wire.keys import (
    PsamKeys,
    Serial,
    WorkKey,
    dynamic_encryption_key,
    ephemeral_point,
    psam_keys_of_operator,
    scalar_from_random,
    work_key,
)
from wire.sealing import BankSeal, open_reply
from wire.secret import Secret
from wire.terminal import Answer, BalanceBody, InquiryBody, Kind, Reply, Request, TransferBody, decode_down

NOW = 1_790_000_000.0
OPERATOR, NODE = "46000001", 7
ALICE, BOB = Identity("460001234567890", "8613800000001"), Identity("460009876543210", "8613800000002")
ALICES, BOBS, CAROLS = "46000111111", "46000222222", "46000333333"
PIN = Secret(b"1357")
TABLES = [
    "accounts",
    "transfers",
    "outcomes",
    "terminal_answers",
    "iso_answers",
    "registrations",
    "phones",
    "enrolments",
    "daily_transfers",
    "daily_inquiries",
    "notices",
    "delivered_keys",
]


def random_bytes(seed: int):
    return seeded.Random(seed).randbytes


class BankSide:
    """A bank with three accounts: Alice's and Bob's have a phone, Carol's has none."""

    def __init__(self, path=":memory:", policy: Policy | None = None, keys: BankKeys | None = None, seed=1) -> None:
        self.random = random_bytes(seed)
        self.store = SqliteStore(path, synchronous="OFF")
        self.now = NOW
        self.keys = keys or BankKeys.in_memory(self.random)
        self.policy = policy or Policy()
        if not self.keys.operators():
            self.add_operator(OPERATOR, NODE)
        with self.store.transaction():
            self.session = BankSession(self.store, self.keys, self.random, self.policy)
            self.session.start(self.now)
            if self.store.account(ALICES) is None:
                self._open_accounts()

    def _open_accounts(self) -> None:
        ledger.open_house_account(self.store)
        for number, holder in ((ALICES, "王爱丽"), (BOBS, "Bob"), (CAROLS, "Carol")):
            assert ledger.open_account(self.store, number, holder, 100_000, int(self.now))
        for number, identity in ((ALICES, ALICE), (BOBS, BOB)):
            self.enrol(number, identity)

    def enrol(self, account: str, identity: Identity) -> None:
        self.store.add_phone(Phone(identity.msisdn, identity.imsi))
        salt = self.random(16)
        verifier = self.keys.pin_verifier(account, salt, PIN)
        self.store.put_enrolment(Enrolment(account, identity.msisdn, salt, verifier))

    def add_operator(self, operator: str, node: int) -> None:
        held = OperatorKeys(operator, node, Secret(self.random(32)))
        held = held.with_seeds(Secret(self.random(32)), Secret(self.random(32))).with_control_key(self.random)
        self.keys.put(held)

    def do(self, method: str, *arguments) -> list[Action]:
        with self.store.transaction():
            return getattr(self.session, method)(*arguments, self.now)

    def dump(self) -> dict[str, list]:
        return {table: sorted(self.store.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}

    def balance(self, account: str) -> int:
        found = self.store.account(account)
        assert found is not None
        return found.balance_fen

    def change(self, sql: str, *parameters) -> None:
        with self.store.transaction():
            self.store.execute(sql, *parameters)


class OperatorSide:
    """One operator on one connection. It accepts whatever key block arrives, and keeps every message."""

    def __init__(
        self, bank: BankSide, operator=OPERATOR, node=NODE, connection=1, static: Secret | None = None
    ) -> None:
        self.bank, self.operator, self.node, self.connection = bank, operator, node, connection
        self.static = static or bank.keys.of(operator).static
        self.random = random_bytes(1000 + connection)
        self.work: dict[int, WorkKey] = {}
        self.control: OperatorControlKey | None = None
        self.notices: list[PayeeNotice] = []
        self.received: list[Message] = []
        self.notes: list[Note] = []
        self.closed: list[str] = []
        self.accepts_keys = True
        self.accepts_notices = True
        self.stan = 100 * connection
        self.counter = 0

    def connect(self) -> "OperatorSide":
        self.take(self.bank.do("connected", self.connection))
        self.network("001")
        return self

    def network(self, code: str) -> Message:
        return self.say(self.message("0820", {70: code}))

    def message(self, mti: str, fields: dict[int, str]) -> Message:
        self.stan += 1
        return Message(mti, {7: "0922120000", 11: f"{self.stan:06d}", 32: self.operator, **fields})

    def say(self, message: Message) -> Message:
        """Send a message; return the answer, and answer what the bank sends of itself."""
        return self.say_raw(iso.encode(message))

    def say_raw(self, raw: bytes) -> Message:
        answers = self.take(self.bank.do("receive", self.connection, raw))
        assert len(answers) == 1, (answers, self.notes, self.closed)
        return answers[0]

    def take(self, actions: list[Action]) -> list[Message]:
        """Do what the bank's shell would do; return the answers among what it sent."""
        answers: list[Message] = []
        for action in actions:
            if isinstance(action, Note):
                self.notes.append(action)
            elif isinstance(action, Close):
                self.closed.append(action.reason)
            elif action.connection == self.connection:
                answers += self.take_message(action)
        return answers

    def take_message(self, action: Send) -> list[Message]:
        message = iso.decode(action.message)
        self.received.append(message)
        if message.mti == "0800":
            if self.accepts_keys:
                self.take_block(message.block)
                self.answer(message, "00")
        elif message.mti == "0620":
            if self.accepts_notices:
                self.notices.append(self.open_notice(message))
                self.answer(message, "00")
        else:
            return [message]
        return []

    def answer(self, message: Message, code: str) -> None:
        answer = iso.encode(self.answer_to(message, code))
        assert self.take(self.bank.do("receive", self.connection, answer)) == []

    def answer_to(self, message: Message, code: str) -> Message:
        """Return 0810 or 0630; only who can make the work key can confirm."""
        mti = message.mti[:2] + str(int(message.mti[2]) + 1) + "0"
        fields = {number: value for number, value in message.fields.items() if number in (7, 11, 32, 70)}
        answer = Message(mti, {**fields, 39: code})
        work = self.work.get(blocks.answer_generation_of(message.block)) if code == "00" else None
        return answer if work is None else iso.add_work_mac(answer, work)

    def take_block(self, block: bytes) -> None:
        kind = blocks.kind_of(block)
        if kind is BlockKind.CONTROL_KEY:
            self.control = blocks.open_control_key(self.work[blocks.work_generation_of(block)], block)
            return
        if kind is BlockKind.FIRST_SEEDS:
            seeds = blocks.open_first_seeds(self.static, block)
        else:
            seeds = blocks.open_renewed_seeds(self.work[blocks.work_generation_of(block)], block)
        self.work[seeds.generation] = work_key(seeds.seed1, seeds.seed2, seeds.generation)

    def open_notice(self, message: Message) -> PayeeNotice:
        return blocks.open_notice(self.work[blocks.work_generation_of(message.block)], message.block)

    # -- transactions -----------------------------------------------------------------------------------------

    def make_transaction(self, identity: Identity, serial: Serial | None = None) -> "Transaction":
        assert self.control is not None
        self.counter += 1
        serial = serial or Serial(self.control.epoch, self.node, self.counter)
        ephemeral = scalar_from_random(self.random(48))
        dynamic_key = dynamic_encryption_key(self.control.point, self.control.c, serial)
        keys = psam_keys_of_operator(ephemeral, dynamic_key, serial)
        registration = Registration(identity, serial, ephemeral_point(ephemeral))
        block = blocks.seal_registration(self.static, registration, self.random(12))
        rrn = f"{self.connection:02d}{self.counter:010d}"
        message = self.message("0600", {37: rrn, 48: block_text(block)})
        return Transaction(self, identity, serial, keys, rrn, iso.add_mac(message, keys))

    def open(self, identity: Identity) -> "Transaction":
        transaction = self.make_transaction(identity)
        answer = self.say(transaction.registration)
        assert answer[39] == "00", self.notes
        iso.check_mac(answer, transaction.keys)
        return transaction


@dataclass
class Transaction:
    """A transaction that an operator opened: its keys and its exchanges."""

    operator: OperatorSide
    identity: Identity
    serial: Serial
    keys: PsamKeys
    rrn: str
    registration: Message
    exchanges: int = 0
    sent: list[Message] = field(default_factory=list)

    def message(
        self, mti: str, code: str, terminal: bytes, *, identity: Identity | None = None, number=None
    ) -> Message:
        """Make an exchange; DE61 is one more than the last unless `number` is given."""
        self.exchanges += 1
        fields = {3: code, 37: self.rrn, 60: str(self.serial), 61: f"{number or self.exchanges:03d}"}
        if mti.startswith("042"):
            fields[90] = "0" * 42
        bare = self.operator.message(mti, fields)
        plaintext = (identity or self.identity).pack() + terminal
        self.sent.append(iso.seal(bare, self.keys, Direction.TO_BANK, plaintext, self.operator.random(12)))
        return self.sent[-1]

    def carry(self, request: Request) -> Reply:
        """Bring a handset's request to the bank and return the reply for the handset."""
        mti, code = CARRIED[request.kind]
        return self.opened(self.operator.say(self.message(mti, code, request.encode())))

    def reverse(self, request: Request) -> Reply:
        return self.opened(self.operator.say(self.message("0420", "400000", request.encode())))

    def opened(self, answer: Message) -> Reply:
        plaintext = iso.open_sealed(answer, self.keys, Direction.TO_OPERATOR)
        assert plaintext[:16] == self.identity.pack()
        reply = decode_down(plaintext[16:])
        assert isinstance(reply, Reply)
        assert answer[39] == reply.code
        return reply


CARRIED = {
    Kind.INQUIRY: ("0100", "330000"),
    Kind.BALANCE: ("0100", "310000"),
    Kind.STATEMENT: ("0100", "380000"),
    Kind.CHANGE_PIN: ("0100", "700000"),
    Kind.TRANSFER: ("0200", "400000"),
}


class HandsetSide:
    """Makes requests and opens replies."""

    def __init__(self, bank: BankSide, identity: Identity = ALICE, seed: int = 5) -> None:
        self.identity = identity
        self.random = random_bytes(seed)
        self.seal = BankSeal(bank.keys.terminal_public_key)
        self.reply_key = Secret(self.random(16))

    def request(self, kind: Kind, body, transaction_id: bytes | None = None, *, registers=False) -> Request:
        name = transaction_id or self.random(8)
        bare = Request(kind, name, self.identity if registers else None, b"?")
        return Request(
            kind, name, bare.identity, self.seal.seal(bare, body if isinstance(body, bytes) else body.encode())
        )

    def transfer(self, amount_fen=1000, payee=BOBS, payer=ALICES, pin=PIN, transaction_id=None) -> Request:
        return self.request(Kind.TRANSFER, TransferBody(payer, payee, amount_fen, pin, self.reply_key), transaction_id)

    def inquiry(self, payee=BOBS, transaction_id=None) -> Request:
        return self.request(Kind.INQUIRY, InquiryBody(payee, self.reply_key), transaction_id, registers=True)

    def balance(self, account=ALICES, pin=PIN) -> Request:
        return self.request(Kind.BALANCE, BalanceBody(account, pin, self.reply_key), registers=True)

    def answer(self, reply: Reply) -> Answer:
        return open_reply(self.reply_key, reply)
