"""One seeded run: customers make transfers in a bad world, then the world heals, then the books are compared."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bank_server import ledger
from bank_server.keys import BankKeys
from bank_server.keys import OperatorKeys as HeldKeys
from bank_server.sqlite_store import SqliteStore as BankStore
from bank_server.store import Enrolment, Phone
from handset import actions
from operator_platform.sqlite_store import SqliteStore as OperatorStore
from operator_platform.store import RequestKey
from tests.simulation.faults import NONE, Faults, drawn
from tests.simulation.network import Link, Sms
from tests.simulation.nodes import OPERATOR_ID, OPERATOR_NODE, BankNode, HandsetNode, Node, OperatorNode
from tests.simulation.scheduler import Scheduler
from wire.identity import Identity
from wire.sealing import BankSeal
from wire.secret import Secret
from wire.terminal import Kind, decode_down

START = 1_790_000_000.0
BAD_S = 3600.0
# Long enough for every back-off of handset and operator to come round after the world has healed.
HEALED_S = 4 * 3600.0
EVENTS_MAX = 200_000
OPENING_FEN = 100_000
OPERATOR_NUMBER = "95533"
PIN, WRONG_PIN = Secret(b"135790"), Secret(b"000000")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, with a phone and an account."""

    identity: Identity
    account: str


PEOPLE = tuple(Person(Identity(f"46000000000000{n}", f"861390000000{n}"), f"460000000000000{n}") for n in range(1, 4))


class Customer:
    """Orders inquiries, transfers and balances at random moments, and remembers what the handset showed."""

    def __init__(self, world: "World", person: Person, orders: int) -> None:
        self.world, self.person, self.orders = world, person, orders
        self.shown: defaultdict[bytes, list[actions.Update]] = defaultdict(list)
        self.handset: HandsetNode
        self._busy_until = 0.0
        self._wanted: dict[str, tuple[int, Secret]] = {}

    def live(self) -> None:
        """Order something new, if nothing is under way; come back later."""
        random = self.world.random
        if self.orders and self.world.now >= self._busy_until and self.handset.session is not None:
            self.orders -= 1
            self._busy_until = self.world.now + random.uniform(60, 400)
            if random.random() < 0.15:
                self.handset.ask("balance", self.person.account, PIN)
            else:
                self.handset.ask("inquire", random.choice([p.account for p in PEOPLE if p is not self.person]))
        self.world.scheduler.after(random.uniform(5, 60), self.live)

    def persist(self) -> None:
        """Send what is in doubt again, now and then."""
        if self.handset.session is not None:
            with self.handset.store.transaction():
                doubts = [request.transaction_id for request in self.handset.session.doubts()]
            for transaction_id in doubts:
                self.handset.ask("retry", transaction_id)
        self.world.scheduler.after(self.world.random.uniform(300, 900), self.persist)

    def is_shown(self, update: actions.Update) -> None:
        if isinstance(update, actions.NoticeArrived | actions.OperatorWrites):
            return
        self.shown[update.transaction_id].append(update)
        if isinstance(update, actions.PayeeNamed):
            delay = self.world.random.uniform(1, 30)
            self.world.scheduler.after(delay, lambda: self._order(update.transaction_id))

    def _order(self, transaction_id: bytes) -> None:
        if self.handset.session is None:
            return
        with self.handset.store.transaction():
            inquiry = self.handset.store.request(transaction_id, Kind.INQUIRY)
        if inquiry is None:
            return
        random = self.world.random
        amount_fen = random.choice((1, 100, random.randint(1, 30_000), OPENING_FEN * 20))
        pin = WRONG_PIN if random.random() < 0.05 else PIN
        self.handset.ask("transfer", transaction_id, self.person.account, inquiry.order.payee, amount_fen, pin)


class World:
    """Everything in one run. `trace` gets one line for each thing that happens."""

    def __init__(self, seed: int, folder: Path, trace: list[str] | None = None) -> None:
        self.random = Random(seed)
        self.faults: Faults = drawn(self.random)
        self.scheduler = Scheduler(START)
        self.operator_number = OPERATOR_NUMBER
        self._trace = trace
        self.sms, self.link = Sms(self), Link(self)
        keys, static = self._make_keys()
        self.bank = BankNode(self, _made(folder / "bank"), keys)
        self.operator = OperatorNode(self, _made(folder / "operator"), static)
        self._open_accounts(keys)
        seal = BankSeal(keys.terminal_public_key)
        self.customers = [Customer(self, person, orders=self.random.randint(2, 5)) for person in PEOPLE]
        self.handsets = []
        for customer in self.customers:
            place = _made(folder / customer.person.identity.msisdn)
            node = HandsetNode(self, place, customer.person.identity, seal, OPERATOR_NUMBER, customer.is_shown)
            customer.handset = node
            self.handsets.append(node)

    @property
    def now(self) -> float:
        return self.scheduler.now

    def log(self, line: str) -> None:
        if self._trace is not None:
            self._trace.append(f"{self.now - START:9.2f} {line}")

    def run(self) -> None:
        """Live an hour in the bad world, then four in a good one, in which nothing crashes any more."""
        self.log(f"faults {self.faults}")
        nodes: list[Node] = [self.bank, self.operator, *self.handsets]
        for node in nodes:
            node.start()
        for customer in self.customers:
            self.scheduler.after(self.random.uniform(1, 60), customer.live)
            self.scheduler.after(self.random.uniform(300, 900), customer.persist)
        self._break_things(nodes)
        self.scheduler.run(START + BAD_S, EVENTS_MAX)
        self.log("the world heals")
        self.faults = NONE
        for customer in self.customers:
            customer.orders = 0
        self.scheduler.run(START + BAD_S + HEALED_S, EVENTS_MAX)

    def _break_things(self, nodes: list[Node]) -> None:
        """Set breaks and restarts over the bad hour."""

        def moments(minutes_between: float) -> list[float]:
            found, at = [], 0.0
            while (at := at + self.random.expovariate(1 / (minutes_between * 60))) < BAD_S:
                found.append(START + at)
            return found

        for moment in moments(self.faults.minutes_between_link_breaks):
            self.scheduler.at(moment, self.link.cut)
        for moment in moments(self.faults.minutes_between_renewals):
            self.scheduler.at(moment, self.bank.renew)
        for node in nodes:
            for moment in moments(self.faults.minutes_between_restarts):
                self.scheduler.at(moment, node.crash)

    # -- before ---------------------------------------------------------------------------------------------

    def _make_keys(self) -> tuple[BankKeys, Secret]:
        randbytes = self.random.randbytes
        keys = BankKeys.in_memory(randbytes)
        held = HeldKeys(OPERATOR_ID, OPERATOR_NODE, Secret(randbytes(32)))
        keys.put(held.with_seeds(Secret(randbytes(32)), Secret(randbytes(32))).with_control_key(randbytes))
        return keys, held.static

    def _open_accounts(self, keys: BankKeys) -> None:
        bank = BankStore(self.bank.folder / "bank.sqlite", synchronous="OFF")
        operator = OperatorStore(self.operator.folder / "operator.sqlite", durable=False)
        with bank.transaction(), operator.transaction():
            ledger.open_house_account(bank)
            operator.set_platform(OPERATOR_ID, OPERATOR_NODE)
            for number, person in enumerate(PEOPLE):
                assert ledger.open_account(bank, person.account, "甲乙丙"[number], OPENING_FEN, int(START))
                bank.add_phone(Phone(person.identity.msisdn, person.identity.imsi))
                salt = self.random.randbytes(16)
                verifier = keys.pin_verifier(person.account, salt, PIN)
                bank.put_enrolment(Enrolment(person.account, person.identity.msisdn, salt, verifier))
                operator.put_subscriber(person.identity)
        bank.close()
        operator.close()

    # -- after ----------------------------------------------------------------------------------------------

    def check(self) -> int:
        """Compare what all three hold at the end. Returns how many transfers were settled; raises AssertionError."""
        with self.bank.store.transaction():
            assert self.bank.store.verify() == []
            balances = [account.balance_fen for account in self.bank.store.accounts()]
            assert sum(balances) == 0
            assert not self.bank.store.notices(OPERATOR_ID, 1000), "every notice has arrived or was withdrawn"
        return sum(self._check_customer(customer) for customer in self.customers)

    def _check_customer(self, customer: Customer) -> int:
        settled = 0
        msisdn = customer.person.identity.msisdn
        for transaction_id, updates in customer.shown.items():
            with customer.handset.store.transaction():
                request = customer.handset.store.request(transaction_id, Kind.TRANSFER)
            if request is None:
                continue
            assert not request.is_open, f"{transaction_id.hex()} is still in doubt"
            words = {type(u) for u in updates if isinstance(u, actions.Done)} | {
                type(u) for u in updates if isinstance(u, actions.Declined) and u.kind is Kind.TRANSFER
            }
            assert len(words) <= 1, f"{transaction_id.hex()} was shown as done and as declined"
            with self.bank.store.transaction():
                name = ledger.transfer_id(msisdn, transaction_id)
                outcome, transfer = self.bank.store.outcome(name), self.bank.store.transfer(name)
                undone = self.bank.store.transfer(ledger.reversal_id(name))
            assert outcome is not None, f"{transaction_id.hex()} is settled, and the bank does not know it"
            assert request.code == outcome.code, f"{transaction_id.hex()}: handset and bank disagree"
            assert (outcome.code == "00") == (transfer is not None and undone is None)
            with self.operator.store.transaction():
                stored = self.operator.store.request(RequestKey(msisdn, transaction_id, Kind.TRANSFER))
            assert stored is not None
            assert stored.answer is not None, f"{transaction_id.hex()} is unanswered at the operator"
            assert decode_down(stored.answer).code == outcome.code, f"{transaction_id.hex()}: the operator disagrees"
            settled += 1
        return settled

    def close(self) -> None:
        for node in (self.bank, self.operator, *self.handsets):
            if node.session is not None:
                node.store.close()


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def run_seed(seed: int, folder: Path, trace: list[str] | None = None) -> int:
    """Run one seed in an empty folder and check it. Returns how many transfers were settled."""
    world = World(seed, folder, trace)
    try:
        world.run()
        return world.check()
    finally:
        world.close()
