"""The SMS network: a service centre that stores, forwards, retries and reports (3GPP TS 23.040 clause 3).

Sans-IO: time and randomness are arguments, and a `Store` keeps what has been accepted. A simulation can use it
alone, with numbers for phones:

    network = Network(MemoryStore(), random.Random(7), phones=["+8613900000001"], esmes=["95533"])
    network.attach("95533", now_s)
    network.submit(Submission("+8613900000001", "95533", UserData.of_text("hello")), now_s)
    for message in network.due(now_s):
        network.delivered(message.identity, now_s)

Whoever tells others what was accepted or delivered calls the store's `commit` first.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from gsm.pdu import Deliver, PduError, StatusReport, UserData, encode_deliver, encode_status_report
from modem_emulator.clock import Clock
from modem_emulator.faults import DelayNext, DoubleNext, LoseNext, MessageFault, ReorderNext
from modem_emulator.numbers import InvalidNumber, canonical, subscriber
from modem_emulator.store import Queued, Store

# A queue this long takes a few seconds to load and a few megabytes to keep; a bench needs far less.
QUEUE_MESSAGES_MAX = 10_000
# One destination is handed so many at a time, so that a slow one does not fill the memory of its shell.
IN_FLIGHT_MAX = 32
# Real centres wait minutes between tries; a bench should not.
RETRY_S = 5.0
# Three days, the usual life of a message that names no validity.
LIFETIME_S = 3 * 86_400.0
# How long a reordered message is held at most, so that several can overtake it.
REORDER_HOLD_S_MAX = 3.0
# By how much the message that was waited for comes first.
OVERTAKEN_BY_S = 0.001

# TP-ST, TS 23.040 clause 9.2.3.15.
STATUS_DELIVERED = 0x00
STATUS_EXPIRED = 0x46


class Refused(Exception):
    """The service centre does not take the message. `cause` is RP-Cause (TS 24.011 clause 8.2.5.4)."""

    cause = 111


class UnknownNumber(Refused):
    """Nobody has the destination number (RP-Cause 1, unassigned)."""

    cause = 1


class Congested(Refused):
    """The queue is full (RP-Cause 42)."""

    cause = 42


class Unfit(Refused):
    """The message does not fit into one SMS or its address into a PDU (RP-Cause 95, incorrect message)."""

    cause = 95


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on demand; all off as it stands. Rates are 0 to 1, times in seconds.

    A lost message is acknowledged and never arrives; a doubled one arrives twice; every message waits
    `delay_s`; a reordered one waits up to 3 s more, so that later ones overtake it; `slow_answer_s` holds
    back +CMGS, while the message is already on its way. Reports are lost, delayed and reordered too.
    """

    lose: float = 0.0
    double: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    slow_answer_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Submission:
    """What a phone or an ESME hands in. `sender` is canonical (`numbers.canonical`), `destination` as dialled."""

    sender: str
    destination: str
    user_data: UserData = field(repr=False)
    reference: int = 0
    report_wanted: bool = False
    protocol_id: int = 0
    lifetime_s: float = LIFETIME_S


@dataclass(frozen=True, slots=True)
class Accepted:
    """The centre is responsible now; tell the sender not before `answer_s`."""

    identity: int
    answer_s: float


class Network:
    """Service centre and subscribers. All numbers are canonical, save what a sender dialled.

    With `strangers` a number that nobody has is somebody's who is always there.
    """

    def __init__(
        self,
        store: Store,
        random: Random,
        *,
        phones: Iterable[str] = (),
        esmes: Iterable[str] = (),
        faults: Faults | None = None,
        country_code: str = "86",
        clock: Clock | None = None,
        strangers: bool = False,
    ) -> None:
        self._strangers = strangers
        self._store = store
        self._seed = random.getrandbits(64)
        self._random_of = random.__class__
        self._randoms: dict[str, Random] = {}
        self._faults = faults or Faults()
        self._arranged: defaultdict[str, list[MessageFault]] = defaultdict(list)
        self._overtaken: dict[str, int] = {}
        self._country_code = country_code
        self._clock = clock or Clock()
        self._subscribers = frozenset(phones) | frozenset(esmes)
        self._attached: set[str] = set()
        self._messages = {message.identity: message for message in store.queued()}
        self._last_identity = store.last_identity()
        self._waiting: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self._in_flight: defaultdict[str, set[int]] = defaultdict(set)
        self._awake: set[str] = set()  # attached, and something waits for them
        self._expiries: list[tuple[float, int]] = []
        for message in self._messages.values():
            self._wait(message)

    @property
    def queue_length(self) -> int:
        """How many messages and reports are kept, those in flight included."""
        return len(self._messages)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is kept but what waits for subscribers who are not there."""
        return not self._awake and not any(self._in_flight.values())

    def attach(self, number: str) -> None:
        """The subscriber can take messages now (phone registered, ESME bound, or a slot has become free)."""
        self._attached.add(number)
        self._retry_at_once(number)

    def detach(self, number: str) -> None:
        """The subscriber is gone; what was in flight to it is kept and offered again."""
        self._attached.discard(number)
        self._awake.discard(number)
        self._in_flight.pop(number, None)
        self._retry_at_once(number)

    def arrange(self, number: str, fault: MessageFault) -> None:
        """Let this befall the next messages from (or to) a subscriber."""
        self._arranged[number].append(fault)

    def submit(self, submission: Submission, now_s: float) -> Accepted:
        """Take a message over. Raises UnknownNumber, Congested or Unfit."""
        destination = self._destination(submission.destination)
        if len(self._messages) >= QUEUE_MESSAGES_MAX:
            raise Congested("the queue of the service centre is full")
        try:
            tpdu = encode_deliver(_deliver(submission, self._clock.moment(now_s)))
        except PduError as error:
            raise Unfit(str(error)) from error
        self._last_identity += 1
        message = Queued(
            identity=self._last_identity,
            destination=destination,
            tpdu=tpdu,
            sender=submission.sender,
            reference=submission.reference,
            report_wanted=submission.report_wanted,
            submitted_s=now_s,
            due_s=now_s,
            expires_s=now_s + min(submission.lifetime_s, LIFETIME_S),
        )
        self._send_with_faults(message, now_s)
        return Accepted(message.identity, now_s + self._faults.slow_answer_s)

    def _destination(self, dialled: str) -> str:
        known = subscriber(dialled, self._subscribers, self._country_code)
        if known is not None:
            return known
        if not self._strangers:
            raise UnknownNumber("nobody has this number")
        try:
            stranger = canonical(dialled)
        except InvalidNumber as error:
            raise UnknownNumber(str(error)) from error
        self._attached.add(stranger)
        return stranger

    def due(self, now_s: float) -> list[Queued]:
        """What to hand over now, oldest first; each waits for `delivered` or `postponed` then."""
        self._expire(now_s)
        handed: list[Queued] = []
        for number in sorted(self._awake):
            waiting, in_flight = self._waiting[number], self._in_flight[number]
            while waiting and waiting[0][0] <= now_s and len(in_flight) < IN_FLIGHT_MAX:
                _, identity = heapq.heappop(waiting)
                if identity in self._messages and identity not in in_flight:
                    in_flight.add(identity)
                    handed.append(self._messages[identity])
            if not waiting:
                self._awake.discard(number)
        return handed

    def delivered(self, identity: int, now_s: float) -> None:
        """The destination has it: forget it and report to the sender. A repeat changes nothing."""
        message = self._forget(identity)
        if message is not None:
            self._report(message, STATUS_DELIVERED, now_s)

    def postponed(self, identity: int, now_s: float) -> None:
        """The destination could not take it: offer it again in 5 s, or when it attaches anew."""
        message = self._messages.get(identity)
        if message is not None:
            self._in_flight[message.destination].discard(identity)
            self._offer(message, now_s + RETRY_S)

    def next_due_s(self) -> float | None:
        """When `due` should be called next, None while nothing waits for time to pass."""
        moments = [
            self._waiting[number][0][0]
            for number in self._awake
            if self._waiting[number] and len(self._in_flight[number]) < IN_FLIGHT_MAX
        ]
        if self._expiries:
            moments.append(self._expiries[0][0])
        return min(moments, default=None)

    def _send_with_faults(self, message: Queued, now_s: float) -> None:
        lost, doubled, delay_s = self._drawn(message.sender)
        overtaken = False
        for fault in self._arranged_for(message):
            match fault:
                case LoseNext():
                    lost = True
                case DoubleNext():
                    doubled = True
                case DelayNext(by_s=by_s):
                    delay_s += by_s
                case ReorderNext():
                    overtaken = True
        due = replace(message, due_s=now_s + delay_s + (REORDER_HOLD_S_MAX if overtaken else 0.0))
        self._keep(due)
        if lost:
            self._forget(due.identity)  # put and removed, so that the store never gives its identity again
        if doubled and message.about == 0:
            self._last_identity += 1
            self._keep(replace(due, identity=self._last_identity, report_wanted=False))
        self._let_overtake(due, overtaken)

    def _drawn(self, sender: str) -> tuple[bool, bool, float]:
        """Whether a message is lost or doubled, and its delay, by the rates that are on.

        Each sender has draws of its own, the same number for every message: neither another sender nor another rate
        shifts them.
        """
        faults = self._faults
        if faults.lose == faults.double == faults.reorder == 0.0:
            return False, False, faults.delay_s
        random = self._randoms.get(sender)
        if random is None:
            random = self._randoms[sender] = self._random_of(f"{self._seed}/{sender}")
        lost, doubled, held = (random.random() < rate for rate in (faults.lose, faults.double, faults.reorder))
        hold_s = random.random() * REORDER_HOLD_S_MAX
        return lost, doubled, faults.delay_s + (hold_s if held else 0.0)

    def _arranged_for(self, message: Queued) -> list[MessageFault]:
        """What was arranged for the next message from its sender or to its destination; counts it."""
        met: list[MessageFault] = []
        for number, to in ((message.sender, False), (message.destination, True)):
            waiting = self._arranged.get(number)
            if waiting:
                met += [fault for fault in waiting if fault.to == to]
                self._arranged[number] = [
                    replace(fault, messages=fault.messages - 1) if fault.to == to else fault
                    for fault in waiting
                    if fault.to != to or fault.messages > 1
                ]
        return met

    def _let_overtake(self, message: Queued, overtaken: bool) -> None:
        """An arranged reordering holds a message until the next for the same destination has passed it."""
        before = self._messages.get(self._overtaken.pop(message.destination, 0))
        if before is not None:
            self._offer(before, message.due_s + OVERTAKEN_BY_S)
        if overtaken:
            self._overtaken[message.destination] = message.identity

    def _keep(self, message: Queued) -> None:
        self._store.put(message)
        self._messages[message.identity] = message
        self._wait(message)

    def _offer(self, message: Queued, due_s: float) -> None:
        heapq.heappush(self._waiting[message.destination], (due_s, message.identity))
        if message.destination in self._attached:
            self._awake.add(message.destination)

    def _wait(self, message: Queued) -> None:
        self._offer(message, message.due_s)
        heapq.heappush(self._expiries, (message.expires_s, message.identity))
        if len(self._expiries) > 2 * QUEUE_MESSAGES_MAX:
            self._expiries = [entry for entry in self._expiries if entry[1] in self._messages]
            heapq.heapify(self._expiries)

    def _retry_at_once(self, number: str) -> None:
        in_flight = self._in_flight[number]
        self._waiting[number] = sorted(
            (message.due_s, message.identity)
            for message in self._messages.values()
            if message.destination == number and message.identity not in in_flight
        )
        if number in self._attached and self._waiting[number]:
            self._awake.add(number)

    def _forget(self, identity: int) -> Queued | None:
        message = self._messages.pop(identity, None)
        if message is not None:
            self._in_flight[message.destination].discard(identity)
            self._store.remove(identity)
        return message

    def _expire(self, now_s: float) -> None:
        while self._expiries and self._expiries[0][0] <= now_s:
            message = self._forget(heapq.heappop(self._expiries)[1])
            if message is not None:
                self._report(message, STATUS_EXPIRED, now_s)

    def _report(self, message: Queued, status: int, now_s: float) -> None:
        if not message.report_wanted or message.about or len(self._messages) >= QUEUE_MESSAGES_MAX:
            return
        report = StatusReport(
            reference=message.reference,
            recipient=message.destination,
            timestamp=self._clock.moment(message.submitted_s),
            discharge=self._clock.moment(now_s),
            status=status,
        )
        self._last_identity += 1
        self._send_with_faults(
            Queued(
                identity=self._last_identity,
                destination=message.sender,
                tpdu=encode_status_report(report),
                sender=message.destination,
                reference=message.reference,
                report_wanted=False,
                submitted_s=now_s,
                due_s=now_s,
                expires_s=now_s + LIFETIME_S,
                about=message.identity,
            ),
            now_s,
        )


def _deliver(submission: Submission, timestamp: datetime) -> Deliver:
    return Deliver(
        originator=submission.sender,
        user_data=submission.user_data,
        timestamp=timestamp,
        status_report_indication=submission.report_wanted,
        protocol_id=submission.protocol_id,
    )
