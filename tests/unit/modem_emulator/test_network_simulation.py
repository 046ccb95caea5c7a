"""Seeded runs of phones and ESMEs on one network that is killed and started anew: no message without an end.

Each run sends at random, with losses, doubles, delays and reorderings drawn and arranged, phones that come, go and fill
up, ESMEs that bind and leave, and a process that dies between any two steps. Then the world heals, and the books of
what was sent are compared with what arrived, what was reported, and what the centre says of each message.
"""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Command, CommandType, Deliver, StatusReport, UserData
from modem_emulator.faults import DelayNext, DoubleNext, LoseNext, ReorderNext
from modem_emulator.mishaps import Faults
from modem_emulator.network import LIFETIME_S, Network, Refused, Submission
from modem_emulator.outcome import DeliveryStatus, Reports
from modem_emulator.sqlite_store import SqliteStore
from modem_emulator.store import Queued

PHONES = [f"+861390000000{number}" for number in range(1, 5)]
BANK = "95533"
NOW_S = 1_700_000_000.0
STEPS = 300
DELIVERED, REPLACED = DeliveryStatus.DELIVERED, DeliveryStatus.REPLACED


@dataclass
class Sent:
    """A message that the network accepted."""

    submission: Submission
    destination: str
    identity: int
    lost: bool
    doubled: bool


class World:
    """The network on its store, and subscribers that take, refuse and forget."""

    def __init__(self, folder: Path, seed: int, faults: Faults | None = None) -> None:
        self.folder, self.random, self.now_s = folder, Random(seed), NOW_S
        random = self.random
        rates = [random.choice([0.0, 0.1]) for _ in range(3)]
        self.faults = faults or Faults(*rates, delay_s=random.choice([0.0, 3.0]))
        self.losing = faults is None
        self.present: set[str] = set()
        self.full: set[str] = set()
        self.in_hand: list[Queued] = []
        self.sent: dict[str, Sent] = {}
        self.arrived: Counter[str] = Counter()
        self.reports: dict[tuple[str, int], list[int]] = {}
        self.start()

    def start(self) -> None:
        self.store = SqliteStore(self.folder)
        self.network = Network(
            self.store, Random(self.random.random()), phones=PHONES, esmes=[BANK], faults=self.faults
        )
        self.in_hand.clear()
        for number in self.present:
            self.network.attach(number)

    def kill(self) -> None:
        """As `kill -9` does: the last commit is what there is."""
        self.store._database.close()
        os.close(self.store._lock)
        self.start()

    # ---- what subscribers do

    def submit(self) -> None:
        random, count = self.random, len(self.sent)
        sender, destination = random.choice([*PHONES, BANK]), random.choice([*PHONES, BANK])
        text = f"message {count}"
        submission = Submission(
            sender,
            destination,
            UserData.of_text(text),
            reference=count % 256,
            reports=random.choice([Reports.NONE, Reports.FINAL, Reports.FINAL, Reports.FAILURE]),
            protocol_id=random.choice([0] * 9 + [0x41]),
            lifetime_s=random.choice([0.0, 20.0, 120.0, LIFETIME_S]),
            reject_duplicates=random.random() < 0.1,
        )
        before = self.store.last_identity()
        try:
            accepted = self.network.submit(submission, self.now_s)
        except Refused:
            return
        # A lost message is put and removed at once, a doubled one has the next identity.
        lost = self.network.status(accepted.identity) is None
        twin = next((one for one in self.store.queued() if one.identity > max(before, accepted.identity)), None)
        doubled = twin is not None and twin.about == 0 and twin.tpdu == pdu_of(self.store, accepted.identity, twin)
        self.store.commit()
        self.sent[text] = Sent(submission, destination, accepted.identity, lost, doubled)

    def hand_out(self) -> None:
        for message in self.network.due(self.now_s):
            if message.destination == BANK and self.random.random() < 0.5:
                self.in_hand.append(message)  # the ESME takes its time
            else:
                self.answer(message)
        self.store.commit()

    def answer(self, message: Queued) -> None:
        if message.destination in self.full:
            self.network.postponed(message.identity, self.now_s)
        else:
            self.take(message)
            self.network.delivered(message.identity, self.now_s)

    def take(self, message: Queued) -> None:
        match pdu.decode_incoming(message.tpdu):
            case Deliver() as deliver:
                self.arrived[deliver.text] += 1
            case StatusReport() as report if not report.of_command:
                self.reports.setdefault((message.destination, message.about), []).append(report.status)

    def come_or_go(self) -> None:
        number = self.random.choice([*PHONES, BANK])
        if number in self.present:
            self.present.discard(number)
            self.network.detach(number)
            self.in_hand = [message for message in self.in_hand if message.destination != number]
        else:
            self.present.add(number)
            self.network.attach(number)
        self.store.commit()

    def fill_or_empty(self) -> None:
        number = self.random.choice(PHONES)
        self.full ^= {number}
        if number in self.present and number not in self.full:
            self.network.attach(number)

    def answer_late(self) -> None:
        for message in self.in_hand:
            self.answer(message)
        self.in_hand.clear()
        self.store.commit()

    def command(self) -> None:
        if not self.sent:
            return
        sent = self.random.choice(list(self.sent.values()))
        kind = self.random.choice([CommandType.DELETE, CommandType.ENQUIRY])
        command = Command(sent.destination, kind, sent.submission.reference)
        with suppress(Refused):  # it is delivered, or on its way
            self.network.command(sent.submission.sender, command, self.now_s)
        self.store.commit()

    def arrange(self) -> None:
        faults = [DoubleNext(), DelayNext(by_s=4.0), ReorderNext()]
        fault = self.random.choice([*faults, LoseNext(), LoseNext(to=True)] if self.losing else faults)
        self.network.arrange(self.random.choice(PHONES), fault)

    def step(self) -> None:
        deeds = [self.submit, self.come_or_go, self.fill_or_empty, self.answer_late, self.command, self.arrange]
        self.random.choices([*deeds, self.kill], [20, 6, 3, 4, 2, 2, 1])[0]()
        self.now_s += self.random.choice([0.0, 0.1, 2.0, 15.0])
        self.hand_out()

    def heal(self) -> None:
        """Everybody comes back and takes everything; time goes on, as the network asks, until nothing waits."""
        self.full.clear()
        self.answer_late()
        for number in [*PHONES, BANK]:
            self.present.add(number)
            self.network.attach(number)
        while self.network.queue_length:
            due_s = self.network.next_due_s()
            assert due_s is not None
            self.now_s = max(self.now_s, due_s)
            self.hand_out()
            self.answer_late()


def pdu_of(store: SqliteStore, identity: int, otherwise: Queued) -> bytes:
    return next((one.tpdu for one in store.queued() if one.identity == identity), otherwise.tpdu)


@pytest.mark.parametrize("seed", range(15))
def test_every_message_has_one_end_and_that_is_what_is_reported(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    for _ in range(STEPS):
        world.step()
    world.heal()
    ends: Counter[DeliveryStatus | None] = Counter()
    for text, sent in world.sent.items():
        outcome = world.network.status(sent.identity)
        if sent.lost:
            assert outcome is None
        else:
            assert outcome is not None, text
            assert outcome.status.final, text
        ends[outcome.status if outcome else None] += 1
        check_arrivals(text, sent, outcome.status if outcome else None, world)
        check_reports(sent, outcome.status if outcome else None, world)
    assert set(world.arrived) <= set(world.sent)
    assert ends[DELIVERED] > 20
    assert sum(ends.values()) - ends[DELIVERED] > 3


def check_arrivals(text: str, sent: Sent, status: DeliveryStatus | None, world: World) -> None:
    """A message arrived if that is what the centre says, and twice only where a fault doubled it."""
    copies = world.arrived[text]
    if status == DELIVERED:
        assert copies >= 1, text
    elif not sent.doubled:
        assert copies == 0, (text, status)
    assert copies <= 1 + sent.doubled, text


def check_reports(sent: Sent, status: DeliveryStatus | None, world: World) -> None:
    """At most one final report, of what became of it, and none for who wanted none; faults may lose one."""
    reports = world.reports.get((sent.submission.sender, sent.identity), [])
    wanted = sent.submission.reports
    if status is None or not wanted & (Reports.SUCCESS if status in (DELIVERED, REPLACED) else Reports.FAILURE):
        assert reports == []
    else:
        assert reports in ([status], [])


def test_without_losses_every_report_that_was_wanted_comes(tmp_path: Path) -> None:
    world = World(tmp_path, 1, Faults(double=0.1, reorder=0.1, delay_s=1.0))
    for _ in range(STEPS):
        world.step()
    world.heal()
    wanting = [sent for sent in world.sent.values() if sent.submission.reports == Reports.FINAL]
    assert len(wanting) > 30
    for sent in wanting:
        outcome = world.network.status(sent.identity)
        assert outcome is not None
        assert world.reports[sent.submission.sender, sent.identity] == [outcome.status]
