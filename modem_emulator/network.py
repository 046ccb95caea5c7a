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
from datetime import UTC, datetime
from random import Random

from gsm.pdu import Deliver, PduError, StatusReport, UserData, encode_deliver, encode_status_report
from modem_emulator.numbers import subscriber
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
    """Service centre and subscribers. All numbers are canonical, save what a sender dialled."""

    def __init__(
        self,
        store: Store,
        random: Random,
        *,
        phones: Iterable[str] = (),
        esmes: Iterable[str] = (),
        faults: Faults | None = None,
        country_code: str = "86",
    ) -> None:
        self._store = store
        self._random = random
        self._faults = faults or Faults()
        self._country_code = country_code
        self._subscribers = frozenset(phones) | frozenset(esmes)
        self._attached: set[str] = set()
        self._messages = {message.identity: message for message in store.queued()}
        self._last_identity = store.last_identity()
        self._waiting: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self._in_flight: defaultdict[str, set[int]] = defaultdict(set)
        self._expiries: list[tuple[float, int]] = []
        for message in self._messages.values():
            self._wait(message)

    @property
    def queue_length(self) -> int:
        """How many messages and reports are kept, those in flight included."""
        return len(self._messages)

    def attach(self, number: str) -> None:
        """The subscriber can take messages now (phone registered, ESME bound, or a slot has become free)."""
        self._attached.add(number)
        self._retry_at_once(number)

    def detach(self, number: str) -> None:
        """The subscriber is gone; what was in flight to it is kept and offered again."""
        self._attached.discard(number)
        self._in_flight.pop(number, None)
        self._retry_at_once(number)

    def submit(self, submission: Submission, now_s: float) -> Accepted:
        """Take a message over. Raises UnknownNumber, Congested or Unfit."""
        destination = subscriber(submission.destination, self._subscribers, self._country_code)
        if destination is None:
            raise UnknownNumber("nobody has this number")
        if len(self._messages) >= QUEUE_MESSAGES_MAX:
            raise Congested("the queue of the service centre is full")
        try:
            tpdu = encode_deliver(_deliver(submission, now_s))
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

    def due(self, now_s: float) -> list[Queued]:
        """What to hand over now, oldest first; each waits for `delivered` or `postponed` then."""
        self._expire(now_s)
        handed: list[Queued] = []
        for number in sorted(self._attached):
            waiting, in_flight = self._waiting[number], self._in_flight[number]
            while waiting and waiting[0][0] <= now_s and len(in_flight) < IN_FLIGHT_MAX:
                _, identity = heapq.heappop(waiting)
                if identity in self._messages and identity not in in_flight:
                    in_flight.add(identity)
                    handed.append(self._messages[identity])
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
            heapq.heappush(self._waiting[message.destination], (now_s + RETRY_S, identity))

    def next_due_s(self) -> float | None:
        """When `due` should be called next, None while nothing waits for time to pass."""
        moments = [
            self._waiting[number][0][0]
            for number in self._attached
            if self._waiting[number] and len(self._in_flight[number]) < IN_FLIGHT_MAX
        ]
        if self._expiries:
            moments.append(self._expiries[0][0])
        return min(moments, default=None)

    def _send_with_faults(self, message: Queued, now_s: float) -> None:
        faults, chance = self._faults, self._random.random
        # Every message draws the same number of times, so that one rate does not shift the others' draws.
        lost, doubled, held = (chance() < rate for rate in (faults.lose, faults.double, faults.reorder))
        hold_s = chance() * REORDER_HOLD_S_MAX
        due = replace(message, due_s=now_s + faults.delay_s + (hold_s if held else 0.0))
        self._keep(due)
        if lost:
            self._forget(due.identity)  # put and removed, so that the store never gives its identity again
        if doubled and message.about == 0:
            self._last_identity += 1
            self._keep(replace(due, identity=self._last_identity, report_wanted=False))

    def _keep(self, message: Queued) -> None:
        self._store.put(message)
        self._messages[message.identity] = message
        self._wait(message)

    def _wait(self, message: Queued) -> None:
        heapq.heappush(self._waiting[message.destination], (message.due_s, message.identity))
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
            timestamp=_moment(message.submitted_s),
            discharge=_moment(now_s),
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


def _deliver(submission: Submission, now_s: float) -> Deliver:
    return Deliver(
        originator=submission.sender,
        user_data=submission.user_data,
        timestamp=_moment(now_s),
        status_report_indication=submission.report_wanted,
        protocol_id=submission.protocol_id,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
