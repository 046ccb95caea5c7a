"""The other sides for the operator's tests: a bank and handsets, made of `wire` alone, and the platform in between."""

import random as seeded
from dataclasses import dataclass, replace

from operator_platform.actions import Action, CloseBank, Note, SaveControlKey, SaveSeeds, SendBank, SendSms
from operator_platform.keys import OperatorKeys
from operator_platform.policy import Policy
from operator_platform.session import OperatorSession
from operator_platform.sqlite_store import SqliteStore
from wire import blocks, iso
from wire.blocks import OperatorControlKey, PayeeNotice, Registration, Seeds
from wire.identity import IDENTITY_BYTES, Identity
from wire.iso import Direction, Message, block_text
from wire.keys import PsamKeys, control_point, psam_keys_of_bank, scalar_from_random, work_key
from wire.sealing import BankSeal, open_reply, open_request, seal_reply, terminal_public_key
from wire.secret import Secret
from wire.terminal import (
    Answer,
    BalanceBody,
    InquiryBody,
    Kind,
    Reply,
    Request,
    TransferBody,
    decode_down,
    from_text,
    to_text,
)

NOW = 1_790_000_000.0
OPERATOR, NODE = "46000001", 7
ALICE, BOB = Identity("460001234567890", "8613800000001"), Identity("460009876543210", "8613800000002")
ALICES, BOBS = "46000111111", "46000222222"
PIN = Secret(b"1357")
ECHOED = (3, 7, 11, 32, 37, 60, 61, 70, 90)


def random_bytes(seed):
    return seeded.Random(seed).randbytes


class Bank:
    """The bank's side of the wire. It answers nothing by itself: a test says what is answered, and when."""

    def __init__(self, seed=1):
        self.random = random_bytes(seed)
        self.static = Secret(self.random(32))
        self.terminal = Secret(self.random(32))
        self.generations = {}
        self.epochs = {}
        self.generation = self.epoch = 0
        self.registered = {}
        self.stan = 0
        self.renew_seeds()
        self.renew_control_key()

    def renew_seeds(self):
        self.generation += 1
        self.generations[self.generation] = Seeds(self.generation, Secret(self.random(32)), Secret(self.random(32)))

    def renew_control_key(self):
        self.epoch += 1
        self.epochs[self.epoch] = (scalar_from_random(self.random(48)), Secret(self.random(32)))

    def work(self, generation=None):
        seeds = self.generations[generation or self.generation]
        return work_key(seeds.seed1, seeds.seed2, seeds.generation)

    def control(self, epoch=None):
        k, c = self.epochs[epoch or self.epoch]
        return OperatorControlKey(epoch or self.epoch, control_point(k), c)

    # -- what the bank sends of itself ----------------------------------------------------------------------

    def message(self, mti, **fields):
        self.stan += 1
        return Message(mti, {7: "0921134640", 11: f"{self.stan:06d}", 32: OPERATOR}).with_fields(**fields)

    def first_seeds(self):
        block = blocks.seal_first_seeds(self.static, self.generations[self.generation], self.random(12))
        return self.message("0800", DE48=block_text(block), DE70="101")

    def renewed_seeds(self):
        block = blocks.seal_renewed_seeds(self.work(self.generation - 1), self.generations[self.generation])
        return self.message("0800", DE48=block_text(block), DE70="101")

    def control_key(self, epoch=None, generation=None):
        block = blocks.seal_control_key(self.work(generation), self.control(epoch))
        return self.message("0800", DE48=block_text(block), DE70="101")

    def notice(self, msisdn, payload=b"", generation=None, notice_id=b"notice 1"):
        block = blocks.seal_notice(self.work(generation), PayeeNotice(notice_id, msisdn, payload))
        return self.message("0620", DE48=block_text(block))

    # -- what it makes of the operator's messages -----------------------------------------------------------

    def open_registration(self, message) -> Registration:
        registration = blocks.open_registration(self.static, message.block)
        k, c = self.epochs[registration.serial.epoch]
        keys = psam_keys_of_bank(k, c, registration.ephemeral, registration.serial)
        iso.check_mac(message, keys)
        self.registered[str(registration.serial)] = registration, keys
        return registration

    def keys_of(self, message) -> PsamKeys:
        return self.registered[message[60]][1]

    def open_exchange(self, message) -> tuple[Identity, Request]:
        plaintext = iso.open_sealed(message, self.keys_of(message), Direction.TO_BANK)
        return Identity.unpack(plaintext[:IDENTITY_BYTES]), Request.decode(plaintext[IDENTITY_BYTES:])

    def body_of(self, message):
        _, request = self.open_exchange(message)
        body = {Kind.INQUIRY: InquiryBody, Kind.TRANSFER: TransferBody, Kind.BALANCE: BalanceBody}[request.kind]
        return body.decode(open_request(self.terminal, request))

    def bare(self, message, code) -> Message:
        fields = {number: message[number] for number in ECHOED if number in message.fields}
        return Message(f"{message.mti[:2]}{int(message.mti[2]) + 1}0", {**fields, 39: code})

    def accept_registration(self, message) -> Message:
        registration = self.open_registration(message)
        return iso.add_mac(self.bare(message, "00"), self.registered[str(registration.serial)][1])

    def reply_to(self, message, answer: Answer) -> Reply:
        _, request = self.open_exchange(message)
        reply_key = self.body_of(message).reply_key
        return seal_reply(reply_key, request, answer, message[60], self.random(12))

    def answer(self, message, answer: Answer) -> Message:
        return self.seal(message, self.reply_to(message, answer))

    def seal(self, message, reply: Reply, keys=None, identity=None) -> Message:
        sender = identity or self.open_exchange(message)[0]
        bare = self.bare(message, reply.code)
        plaintext = sender.pack() + reply.encode()
        return iso.seal(bare, keys or self.keys_of(message), Direction.TO_OPERATOR, plaintext, self.random(12))


class Handset:
    """Makes requests and opens replies."""

    def __init__(self, bank: Bank, identity=ALICE, seed=2):
        self.random = random_bytes(seed)
        self.identity = identity
        self.seal = BankSeal(terminal_public_key(bank.terminal))
        self.reply_keys = {}

    def _request(self, kind, body, transaction_id, registers):
        bare = Request(kind, transaction_id, self.identity if registers else None, b"")
        request = replace(bare, sealed=self.seal.seal(bare, body.encode()))
        self.reply_keys[transaction_id, kind] = body.reply_key
        return request

    def inquiry(self, transaction_id=None):
        body = InquiryBody(BOBS, Secret(self.random(16)))
        return self._request(Kind.INQUIRY, body, transaction_id or self.random(8), registers=True)

    def transfer(self, transaction_id, amount_fen=1000):
        body = TransferBody(ALICES, BOBS, amount_fen, PIN, Secret(self.random(16)))
        return self._request(Kind.TRANSFER, body, transaction_id, registers=False)

    def balance(self):
        body = BalanceBody(ALICES, PIN, Secret(self.random(16)))
        return self._request(Kind.BALANCE, body, self.random(8), registers=True)

    def open(self, text) -> Answer:
        reply = decode_down(from_text(text))
        assert isinstance(reply, Reply)
        return open_reply(self.reply_keys[reply.transaction_id, Kind(reply.answers & 7)], reply)


@dataclass
class Sms:
    """An SMS that the platform sent."""

    outbox_id: int | None
    msisdn: str
    text: str

    @property
    def reply(self) -> Reply:
        reply = decode_down(from_text(self.text))
        assert isinstance(reply, Reply)
        return reply


class Platform:
    """An operator platform on a store file, with what it sent; `restart` is a crash of its process."""

    def __init__(self, bank: Bank, path=":memory:", policy=None, keys=None, seed=3):
        self.bank, self.path, self.policy = bank, path, policy or Policy()
        self.random = random_bytes(seed)
        self.now = NOW
        self.saved = keys or OperatorKeys(bank.static)
        self.store = None
        self.sent: list[Message] = []
        self.raw: list[bytes] = []
        self.sms: list[Sms] = []
        self.notes: list[Note] = []
        self.closed: list[str] = []
        self.actions: list[Action] = []
        self._start()
        with self.store.transaction():
            for identity in (ALICE, BOB):
                self.store.put_subscriber(identity)

    def _start(self):
        self.store = SqliteStore(self.path, durable=False)
        saved = self.saved
        self.keys = OperatorKeys(saved.static, saved.seeds, saved.previous_seeds, saved.control, saved.previous_control)
        self.session = OperatorSession(OPERATOR, NODE, self.store, self.keys, self.random, self.policy)
        self._do("start")

    def restart(self):
        """Kill the process and start it again from what it had stored. The outbox of before is not seen again."""
        self.store.close()
        self.sms.clear()
        self.sent.clear()
        self._start()
        return self

    def _do(self, method, *arguments):
        with self.store.transaction():
            actions = getattr(self.session, method)(*arguments, self.now)
        self.actions = actions
        for action in actions:
            match action:
                case SendBank(message):
                    self.raw.append(message)
                    self.sent.append(iso.decode(message))
                case SendSms(outbox_id, msisdn, text):
                    self.sms.append(Sms(outbox_id, msisdn, text))
                case SaveSeeds(current, previous):
                    self.saved.seeds, self.saved.previous_seeds = current, previous
                case SaveControlKey(current, previous):
                    self.saved.control, self.saved.previous_control = current, previous
                case Note():
                    self.notes.append(action)
                case CloseBank(reason):
                    self.closed.append(reason)
        return actions

    # -- what a test does -----------------------------------------------------------------------------------

    def sms_from(self, msisdn, request):
        text = request if isinstance(request, str) else to_text(request.encode())
        return self._do("receive_sms", msisdn, text)

    def from_bank(self, message):
        return self._do("receive_bank", message if isinstance(message, bytes) else iso.encode(message))

    def connect(self):
        """Connect and sign on."""
        self._do("bank_connected")
        assert self.take("0820")[70] == "001"
        self.from_bank(self.bank.bare(self.last("0820"), "00"))
        return self

    def disconnect(self):
        self._do("bank_disconnected")

    def receive_keys(self):
        """Take the bank's first seeds and control key."""
        for message in (self.bank.first_seeds(), self.bank.control_key()):
            self.from_bank(message)
            assert self.take("0810")[39] == "00"
        self.sent.clear()
        return self

    def accepted(self, sms):
        self._do("sms_accepted", sms.outbox_id)

    def refused(self, sms, reason="no"):
        self._do("sms_refused", sms.outbox_id, reason)

    def wait(self, seconds):
        """Let time pass, ticking at every wake-up as a shell does."""
        until = self.now + seconds
        while (wakeup := self.session.next_wakeup()) is not None and wakeup <= until:
            self.now = max(self.now, wakeup)
            self._do("tick")
        self.now = until
        return self

    def take(self, mti) -> Message:
        """Return the oldest message of an MTI that was sent and not yet taken, with what was sent before it."""
        for number, message in enumerate(self.sent):
            if message.mti == mti:
                del self.sent[: number + 1]
                self._last = message
                return message
        raise AssertionError(f"no {mti} was sent, but {[message.mti for message in self.sent]}")

    def last(self, mti):
        assert self._last.mti == mti
        return self._last

    def quiet(self, *mtis) -> bool:
        """Whether nothing (of these MTIs) was sent that a test has not taken."""
        return not [message for message in self.sent if not mtis or message.mti in mtis]

    def register(self):
        """Accept the registration that was sent."""
        message = self.take("0600")
        self.from_bank(self.bank.accept_registration(message))
        return message

    def said(self, text) -> bool:
        return any(text in note.text for note in self.notes)

    def codes(self):
        return [sms.reply.code for sms in self.sms]
