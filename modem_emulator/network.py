"""The SMS network: a service centre that stores, forwards, retries and reports (3GPP TS 23.040 clause 3).

Sans-IO: time and randomness are arguments, and a `Store` keeps what has been accepted. A simulation can use it
alone, with numbers for phones:

    network = Network(MemoryStore(), random.Random(7), phones=["+8613900000001"], esmes=["95533"])
    network.attach("95533")
    network.submit(Submission("+8613900000001", "95533", UserData.of_text("hello")), now_s)
    for message in network.due(now_s):
        network.delivered(message.identity, now_s)

Whoever tells others what was accepted or delivered calls the store's `commit` first.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from gsm.pdu import (
    Command,
    CommandType,
    Deliver,
    PduError,
    StatusReport,
    UserData,
    encode_deliver,
    encode_status_report,
    replace_type,
)
from modem_emulator.clock import Clock
from modem_emulator.fate import Fate, Happened, end_of
from modem_emulator.faults import MessageFault
from modem_emulator.mishaps import Faults as Faults
from modem_emulator.mishaps import Mishaps
from modem_emulator.numbers import COUNTRY_CODE, InvalidNumber, canonical, subscriber
from modem_emulator.outcome import DeliveryStatus, Outcome, Reports
from modem_emulator.store import Queued, Store
from modem_emulator.waiting import IN_FLIGHT_MAX as IN_FLIGHT_MAX
from modem_emulator.waiting import Waiting

# A queue this long takes a few seconds to load and a few megabytes to keep; a bench needs far less.
QUEUE_MESSAGES_MAX = 10_000
# A phone that is off must not take the whole queue: so much waits for one subscriber, reports included.
DESTINATION_MESSAGES_MAX = 1_000
# How many outcomes are remembered for those who ask later.
OUTCOMES_MAX = 10_000
OUTCOMES_DROPPED_AT_ONCE = 1_000
# Real centres wait minutes between tries; a bench should not.
RETRY_S = 5.0
# Three days, the usual life of a message that names no validity; 63 weeks, the longest that TP-VP can say.
LIFETIME_S = 3 * 86_400.0
LIFETIME_S_MAX = 63 * 7 * 86_400.0
# By how much the message that was waited for comes first.
OVERTAKEN_BY_S = 0.001

# RP-Cause of a phone that will never take this message: semantically incorrect, or it cannot read it (TS 24.011
# clause 8.2.5.4); with all others, as memory exceeded (22), the next try may do.
_CAUSES_FOR_EVER = frozenset({81, 95, 96, 97, 98, 99})
CAUSE_MEMORY_EXCEEDED = 22
# The phone has left meanwhile.
CAUSE_OUT_OF_ORDER = 27
_NO_MORE_MESSAGES = 0x04


class Refused(Exception):
    """The service centre does not take the message. `cause` is what follows +CMS ERROR: RP-Cause up to 127 (TS 24.011
    clause 8.2.5.4), TP-FCS from 128 (TS 23.040 clause 9.2.3.22)."""

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


class Duplicate(Refused):
    """TP-RD was set and one with this reference still waits for this destination (TP-FCS C5)."""

    cause = 0xC5


class CommandRefused(Refused):
    """No such message, or it is on its way (TP-FCS A0, command cannot be actioned)."""

    cause = 0xA0


class CommandUnknown(Refused):
    """This centre has no such command (TP-FCS A1)."""

    cause = 0xA1


@dataclass(frozen=True, slots=True)
class Submission:
    """What a phone or an ESME hands in. `sender` is canonical (`numbers.canonical`), `destination` as dialled.

    `name` is shown in place of the sender's number (at most 11 characters of the GSM alphabet). It lives `lifetime_s`
    seconds, for one try if that is 0, and is not handed over before `deliver_s` (seconds since 1970).
    """

    sender: str
    destination: str
    user_data: UserData = field(repr=False)
    reference: int = 0
    reports: Reports = Reports.NONE
    protocol_id: int = 0
    lifetime_s: float = LIFETIME_S
    name: str = ""
    reply_path: bool = False
    reject_duplicates: bool = False
    deliver_s: float = 0.0

    @property
    def report_wanted(self) -> bool:
        """Whether the sender wants to hear what became of it in the end."""
        return bool(self.reports & Reports.FINAL)


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
        country_code: str = COUNTRY_CODE,
        clock: Clock | None = None,
        strangers: bool = False,
    ) -> None:
        # Called with all that happens, while somebody looks on.
        self.on_event: Callable[[Happened], None] | None = None
        self._strangers = strangers
        self._store = store
        self._clock = clock or Clock()
        self._mishaps = Mishaps(random, faults or Faults())
        self._overtaken: dict[str, int] = {}
        self._country_code = country_code
        self._subscribers = {*phones, *esmes}
        self._messages = {message.identity: message for message in store.queued()}
        self._last_identity = store.last_identity()
        self._outcomes = {outcome.identity: outcome for outcome in store.outcomes()}
        self._newest: dict[tuple[str, str, int], int] = {}
        known: list[Outcome | Queued] = [*self._outcomes.values(), *self._messages.values()]
        for one in sorted(known, key=lambda one: one.identity):
            if not (isinstance(one, Queued) and one.about):
                self._newest[one.sender, one.destination, one.reference] = one.identity
        self._refused_for_now: set[int] = set()
        self._waiting = Waiting()
        self._expiries: list[tuple[float, int]] = []
        for message in self._messages.values():
            self._wait(message)

    @property
    def queue_length(self) -> int:
        """How many messages and reports are kept, those in flight included."""
        return len(self._messages)

    @property
    def queue(self) -> list[Queued]:
        """What is kept, by identity."""
        return sorted(self._messages.values(), key=lambda message: message.identity)

    def can_take(self, number: str) -> bool:
        """Whether this subscriber is there to take messages."""
        return self._waiting.attached(number)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is kept but what waits for subscribers who are not there."""
        return self._waiting.at_rest

    def admit(self, numbers: Iterable[str]) -> None:
        """Let these be subscribers from now on, as those of another process that joins."""
        self._subscribers.update(numbers)

    def attach(self, number: str) -> None:
        """The subscriber can take messages now (phone registered, ESME bound, or a slot has become free)."""
        self._waiting.attach(number)

    def detach(self, number: str) -> None:
        """The subscriber is gone; what was in flight to it is kept and offered again."""
        for identity in self._waiting.detach(number):
            heapq.heappush(self._expiries, (self._messages[identity].expires_s, identity))

    def arrange(self, number: str, fault: MessageFault) -> None:
        """Let this befall the next messages from (or to) a subscriber."""
        self._mishaps.arrange(number, fault)

    # ---- what senders ask

    def submit(self, submission: Submission, now_s: float) -> Accepted:
        """Take a message over. Raises UnknownNumber, Congested, Unfit or Duplicate."""
        return self.submit_parts([submission], now_s)

    def submit_parts(self, parts: Sequence[Submission], now_s: float) -> Accepted:
        """Take all parts of one message for one destination over, or none; returns what the last was accepted as."""
        try:
            return self._accept_parts(parts, now_s)
        except Refused as refused:
            if self.on_event is not None:
                first, reason = parts[0], str(refused)
                self.on_event(Happened(Fate.REFUSED, now_s, first.sender, first.destination, reason=reason))
            raise

    def _accept_parts(self, parts: Sequence[Submission], now_s: float) -> Accepted:
        destination = self._destination(parts[0].destination)
        self._check(parts[0], destination, len(parts))
        try:
            timestamp = self._clock.moment(now_s)
            tpdus = [encode_deliver(_deliver(part, timestamp)) for part in parts]
        except PduError as error:
            raise Unfit(str(error)) from error
        accepted = [self._accept(part, destination, tpdu, now_s) for part, tpdu in zip(parts, tpdus, strict=True)]
        return accepted[-1]

    def submit_to_each(
        self, submission: Submission, destinations: Sequence[str], now_s: float
    ) -> list[Accepted | Refused]:
        """One message to several: each has an identity and a fate of its own, and one refusal stops no other."""
        answers: list[Accepted | Refused] = []
        for destination in destinations:
            try:
                answers.append(self.submit(replace(submission, destination=destination), now_s))
            except Refused as refused:
                answers.append(refused)
        return answers

    def status(self, identity: int) -> Outcome | None:
        """What is known of a message; None for one that never was, was lost by a fault, or was forgotten since."""
        message = self._messages.get(identity)
        if message is None:
            return self._outcomes.get(identity)
        return _outcome(message, self._trouble(message), message.submitted_s)

    def destination_of(self, identity: int) -> str | None:
        """Whom a message or report is for, None when it is not kept any more."""
        message = self._messages.get(identity)
        return message.destination if message else None

    def command(self, sender: str, command: Command, now_s: float) -> Accepted:
        """Enquire about an earlier message, delete it, or want its report or not (TS 23.040 clause 9.2.3.19).

        An enquiry is answered by a status report, others where one is asked for. Raises CommandRefused or
        CommandUnknown.
        """
        known = None
        destination = subscriber(command.destination, self._subscribers, self._country_code)
        if destination is not None:
            known = self.status(self._newest.get((sender, destination, command.message_number), 0))
        match command.command:
            case CommandType.ENQUIRY:
                pass
            case CommandType.DELETE:
                known = self._delete(known, now_s)
            case CommandType.ENABLE_STATUS_REPORT:
                self._want_reports(known, Reports.FINAL)
            case CommandType.CANCEL_STATUS_REPORT:
                self._want_reports(known, Reports.NONE)
            case _:
                raise CommandUnknown("this service centre has no such command")
        identity = 0
        if command.status_report_request or command.command == CommandType.ENQUIRY:
            identity = self._report_on_command(sender, command, known, now_s)
        return Accepted(identity, now_s)

    def delete(self, identity: int, now_s: float) -> None:
        """Take a message back that was not handed over yet. Raises CommandRefused."""
        self._delete(self.status(identity), now_s)

    # ---- handing over

    def due(self, now_s: float) -> list[Queued]:
        """What to hand over now, in order; each waits for `delivered` or `postponed` then."""
        due_s = self.next_due_s()
        if due_s is None or due_s > now_s:
            return []
        self._expire(now_s, also_now=False)
        handed = self._hand_out(now_s)
        if self._expire(now_s, also_now=True):
            handed += self._hand_out(now_s)
        return handed

    def delivered(self, identity: int, now_s: float) -> None:
        """The destination has it: forget it and report to the sender. A repeat changes nothing."""
        self._end(identity, DeliveryStatus.DELIVERED, now_s)

    def postponed(self, identity: int, now_s: float, cause: int = CAUSE_MEMORY_EXCEEDED) -> None:
        """The destination could not take it: offer it again in 5 s, or when it attaches anew.

        `cause` is its RP-Cause; some end the message at once, as does the end of its life.
        """
        message = self._messages.get(identity)
        if message is None:
            return
        if cause in _CAUSES_FOR_EVER:
            self._end(identity, DeliveryStatus.INCOMPATIBLE, now_s)
            return
        if cause != CAUSE_OUT_OF_ORDER:
            self._refused_for_now.add(identity)
        if message.expires_s <= now_s:
            self._end_expired(message, now_s)
        else:
            self._tell(Fate.POSTPONED, message, now_s)
            self._waiting.offer(message.destination, identity, now_s + RETRY_S)
            self._report_trouble(message, now_s)

    def next_due_s(self) -> float | None:
        """When `due` should be called next, None while nothing waits for time to pass."""
        due_s = self._waiting.next_due_s()
        if self._expiries and (due_s is None or self._expiries[0][0] < due_s):
            return self._expiries[0][0]
        return due_s

    # ---- accepting

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
        self._waiting.attach(stranger)
        return stranger

    def _check(self, submission: Submission, destination: str, parts: int) -> None:
        if len(self._messages) + parts > QUEUE_MESSAGES_MAX:
            raise Congested("the queue of the service centre is full")
        if self._waiting.held(destination) + parts > DESTINATION_MESSAGES_MAX:
            raise Congested("the queue for this destination is full")
        if submission.reject_duplicates:
            earlier = self._newest.get((submission.sender, destination, submission.reference))
            if earlier in self._messages:
                raise Duplicate("this message waits already")

    def _accept(self, submission: Submission, destination: str, tpdu: bytes, now_s: float) -> Accepted:
        if replace_type(submission.protocol_id) is not None:
            self._replace_queued(submission, destination, now_s)
        self._last_identity += 1
        message = Queued(
            identity=self._last_identity,
            destination=destination,
            tpdu=tpdu,
            sender=submission.sender,
            reference=submission.reference,
            reports=submission.reports,
            submitted_s=now_s,
            due_s=max(now_s, submission.deliver_s),
            expires_s=now_s + min(submission.lifetime_s, LIFETIME_S_MAX),
            protocol_id=submission.protocol_id,
        )
        self._newest[message.sender, destination, message.reference] = message.identity
        self._tell(Fate.ACCEPTED, message, now_s)
        self._send_with_faults(message, now_s)
        return Accepted(message.identity, now_s + self._mishaps.faults.slow_answer_s)

    def _replace_queued(self, submission: Submission, destination: str, now_s: float) -> None:
        """A newer message of a replace type takes the place of one that was not handed over (9.2.3.9)."""
        replaced = [
            message
            for message in self._messages.values()
            if message.protocol_id == submission.protocol_id
            and (message.sender, message.destination) == (submission.sender, destination)
            and message.about == 0
            and not self._waiting.in_flight(destination, message.identity)
        ]
        for message in replaced:
            self._end(message.identity, DeliveryStatus.REPLACED, now_s)

    def _send_with_faults(self, message: Queued, now_s: float) -> None:
        mishap = self._mishaps.of(message.sender, message.destination)
        due = message
        if mishap.delay_s or message.expires_s <= now_s:
            due_s = message.due_s + mishap.delay_s
            # Who has one try has it when it is due.
            due = replace(message, due_s=due_s, expires_s=due_s if message.expires_s <= now_s else message.expires_s)
        self._keep(due)
        if mishap.lost:
            self._tell(Fate.LOST, due, now_s)
            self._forget(due.identity)  # put and removed, so that the store never gives its identity again
        elif not self._waiting.attached(due.destination):
            self._report_trouble(due, now_s)
        if mishap.doubled and message.about == 0:
            self._tell(Fate.DOUBLED, due, now_s)
            self._last_identity += 1
            self._keep(replace(due, identity=self._last_identity, reports=Reports.NONE))
        self._let_overtake(due, mishap.overtaken)

    def _let_overtake(self, message: Queued, overtaken: bool) -> None:
        """An arranged reordering holds a message until the next for the same destination has passed it."""
        before = self._messages.get(self._overtaken.pop(message.destination, 0))
        if before is not None and not self._waiting.in_flight(before.destination, before.identity):
            self._waiting.offer(before.destination, before.identity, message.due_s + OVERTAKEN_BY_S)
        if overtaken:
            self._overtaken[message.destination] = message.identity

    def _tell(self, fate: Fate, message: Queued, now_s: float) -> None:
        if self.on_event is not None:
            self.on_event(Happened(fate, now_s, message.sender, message.destination, message))

    def _keep(self, message: Queued) -> None:
        self._store.put(message)
        self._messages[message.identity] = message
        self._wait(message)

    def _wait(self, message: Queued) -> None:
        self._waiting.offer(message.destination, message.identity, message.due_s)
        heapq.heappush(self._expiries, (message.expires_s, message.identity))
        if len(self._expiries) > 2 * QUEUE_MESSAGES_MAX:
            self._expiries = [entry for entry in self._expiries if entry[1] in self._messages]
            heapq.heapify(self._expiries)

    # ---- ending

    def _forget(self, identity: int) -> Queued | None:
        message = self._messages.pop(identity, None)
        if message is not None:
            self._waiting.settle(message.destination, identity)
            self._refused_for_now.discard(identity)
            self._store.remove(identity)
        return message

    def _end(self, identity: int, status: DeliveryStatus, now_s: float) -> None:
        """A message has met its fate: remember that, and report it to who wanted to hear."""
        message = self._forget(identity)
        if message is not None:
            self._tell(end_of(status), message, now_s)
        if message is None or message.about:
            return
        self._remember(_outcome(message, status, now_s))
        wanted = Reports.SUCCESS if status < DeliveryStatus.WAITING else Reports.FAILURE
        if message.reports & wanted:
            self._report(message, status, now_s)

    def _end_expired(self, message: Queued, now_s: float) -> None:
        status = DeliveryStatus.EXPIRED
        if message.expires_s <= message.due_s:
            refused = message.identity in self._refused_for_now
            status = DeliveryStatus.REFUSED_AT_ONE_TRY if refused else DeliveryStatus.ABSENT_AT_ONE_TRY
        self._end(message.identity, status, now_s)

    def _hand_out(self, now_s: float) -> list[Queued]:
        return [
            _followed_by_others(self._messages[identity]) if more else self._messages[identity]
            for identity, more in self._waiting.hand_out(now_s)
        ]

    def _expire(self, now_s: float, also_now: bool) -> bool:
        """End what has outlived its time, and say whether there was any; what is in flight is judged on its return."""
        ended = False
        while self._expiries and (self._expiries[0][0] < now_s or (also_now and self._expiries[0][0] == now_s)):
            message = self._messages.get(heapq.heappop(self._expiries)[1])
            if message is not None and not self._waiting.in_flight(message.destination, message.identity):
                self._end_expired(message, now_s)
                ended = True
        return ended

    def _remember(self, outcome: Outcome) -> None:
        self._store.put_outcome(outcome)
        self._outcomes[outcome.identity] = outcome
        if len(self._outcomes) < OUTCOMES_MAX + OUTCOMES_DROPPED_AT_ONCE:
            return
        self._store.keep_outcomes(OUTCOMES_MAX)
        for identity in list(self._outcomes)[:-OUTCOMES_MAX]:
            old = self._outcomes.pop(identity)
            key = (old.sender, old.destination, old.reference)
            if self._newest.get(key) == identity:
                del self._newest[key]

    # ---- status and reports

    def _trouble(self, message: Queued) -> DeliveryStatus:
        """Why a message is still here."""
        if message.identity in self._refused_for_now:
            return DeliveryStatus.REFUSED_FOR_NOW
        return DeliveryStatus.WAITING if self._waiting.attached(message.destination) else DeliveryStatus.ABSENT

    def _delete(self, known: Outcome | None, now_s: float) -> Outcome:
        if known is None or known.status.final or self._waiting.in_flight(known.destination, known.identity):
            raise CommandRefused("there is no such message, or it is on its way")
        self._end(known.identity, DeliveryStatus.DELETED, now_s)
        return replace(known, status=DeliveryStatus.DELETED, since_s=now_s)

    def _want_reports(self, known: Outcome | None, reports: Reports) -> None:
        message = self._messages.get(known.identity) if known else None
        if message is None:
            raise CommandRefused("there is no such message")
        changed = self._messages[message.identity] = replace(message, reports=reports)
        self._store.put(changed)

    def _report_trouble(self, message: Queued, now_s: float) -> None:
        """Tell who wanted to hear it that the message waits; once."""
        if message.reports & Reports.TROUBLE:
            told = self._messages[message.identity] = replace(message, reports=message.reports & ~Reports.TROUBLE)
            self._store.put(told)
            self._report(message, self._trouble(message), now_s)

    def _report(self, message: Queued, status: DeliveryStatus, now_s: float) -> None:
        self._tell(Fate.REPORTED, message, now_s)
        if message.sender not in self._subscribers:
            return  # somebody outside, who has seen it by looking on
        report = StatusReport(
            reference=message.reference,
            recipient=message.destination,
            timestamp=self._clock.moment(message.submitted_s),
            discharge=self._clock.moment(now_s),
            status=status,
        )
        self._send_report(report, message.sender, message.destination, message.identity, now_s)

    def _report_on_command(self, sender: str, command: Command, known: Outcome | None, now_s: float) -> int:
        """Answer an SMS-COMMAND by a report, which has the command's own reference (TP-SRQ; 9.2.3.6)."""
        report = StatusReport(
            reference=command.reference,
            recipient=known.destination if known else command.destination,
            timestamp=self._clock.moment(known.submitted_s if known else now_s),
            discharge=self._clock.moment(known.since_s if known else now_s),
            status=known.status if known else DeliveryStatus.UNKNOWN_MESSAGE,
            of_command=True,
        )
        return self._send_report(report, sender, report.recipient, known.identity if known else 0, now_s)

    def _send_report(self, report: StatusReport, to: str, sender: str, about: int, now_s: float) -> int:
        """Queue a report and return its identity; 0 if there is no room, for then a report must give way."""
        if len(self._messages) >= QUEUE_MESSAGES_MAX or self._waiting.held(to) >= DESTINATION_MESSAGES_MAX:
            return 0
        self._last_identity += 1
        self._send_with_faults(
            Queued(
                identity=self._last_identity,
                destination=to,
                tpdu=encode_status_report(report),
                sender=sender,
                reference=report.reference,
                reports=Reports.NONE,
                submitted_s=now_s,
                due_s=now_s,
                expires_s=now_s + LIFETIME_S,
                about=about or self._last_identity,
            ),
            now_s,
        )
        return self._last_identity


def _deliver(submission: Submission, timestamp: datetime) -> Deliver:
    return Deliver(
        originator=submission.name or submission.sender,
        user_data=submission.user_data,
        timestamp=timestamp,
        status_report_indication=submission.reports != Reports.NONE,
        reply_path=submission.reply_path,
        protocol_id=submission.protocol_id,
    )


def _followed_by_others(message: Queued) -> Queued:
    """The same with TP-MMS saying that more messages wait (bit 2 of both DELIVER and STATUS-REPORT; 9.2.3.2)."""
    return replace(message, tpdu=bytes([message.tpdu[0] & ~_NO_MORE_MESSAGES]) + message.tpdu[1:])


def _outcome(message: Queued, status: DeliveryStatus, since_s: float) -> Outcome:
    return Outcome(
        message.identity,
        message.sender,
        message.destination,
        message.reference,
        status,
        message.submitted_s,
        since_s,
    )
