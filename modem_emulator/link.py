"""Processes joined into one SMS network: the rules of both ends of the connection, without I/O.

1. A message counts as sent when the centre has stored it. A member repeats what is unanswered when it is connected
   again, under the same ticket, by which the centre knows it; a ticket is never used by another run of the member.
2. A message counts as delivered when the member has stored it. The centre delivers again what is not known to be taken,
   under the same identity, by which the member knows it, until the centre says that it is settled.
3. What the centre has not answered in time gets +CMS ERROR 332 at the phone, which says that nobody knows: the centre
   may have the message. It is not handed in again.
4. A member's phones are registered only while the centre is there.

Whoever runs this stores what has changed before anything goes out: `take_output` comes after the store's `commit`.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field

from gsm.pdu import Command, PduError, decode_command, encode_command
from modem_emulator.errors import Cms
from modem_emulator.faults import MessageFault
from modem_emulator.link_frames import (
    MEMBER_NUMBERS_MAX,
    VERSION,
    Answer,
    Arrange,
    Attach,
    Delivery,
    Detach,
    Frame,
    FrameReader,
    InvalidFrame,
    Join,
    NotTaken,
    Order,
    Ping,
    Refusal,
    Settled,
    Submit,
    Taken,
    Welcome,
    encode,
)
from modem_emulator.network import CAUSE_MEMORY_EXCEEDED, Network, Refused, Submission
from modem_emulator.numbers import InvalidNumber, canonical
from modem_emulator.outcome import Reports
from modem_emulator.store import Queued, Store

# Who says nothing for so long is gone; a ping every few seconds shows that the other end lives.
PING_S = 5.0
SILENCE_S_MAX = 20.0
# How long a phone waits for the centre's answer: TR1M of TS 24.011 clause 10 is 35 to 45 s.
ANSWER_S_MAX = 40.0
# Processes on one machine; more would be a mistake.
MEMBERS_MAX = 100
# Tickets are forgotten when the member has its answers; those of members that never came back are no more than this.
TICKETS_MAX = 10_000
BEAT_S = 1.0

# Kinds of note in the store: numbers that members brought; identity by member and ticket; centre by identity taken.
_SUBSCRIBER, _TICKET, _TAKEN = "subscriber", "ticket", "taken"


@dataclass(slots=True)
class _Line:
    """One end of a connection: what came in, what goes out, and when anything last did."""

    reader: FrameReader = field(default_factory=FrameReader)
    output: bytearray = field(default_factory=bytearray)
    heard_s: float = 0.0
    sent_s: float = 0.0
    ended: bool = False

    def send(self, frame: Frame, now_s: float) -> None:
        if not self.ended:
            self.output += encode(frame)
            self.sent_s = now_s

    def keep_alive(self, now_s: float) -> None:
        """Ping, or end when the other side has been silent for too long."""
        if now_s - self.heard_s >= SILENCE_S_MAX:
            self.ended = True
        elif now_s - self.sent_s >= PING_S:
            self.send(Ping(), now_s)

    def next_due_s(self) -> float:
        return min(self.sent_s + PING_S, self.heard_s + SILENCE_S_MAX)


# ---- the member's end


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A submission waits for the centre's answer, which comes with this ticket."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What a ticket came to: `cause` 0 and the identity, to be told at `answer_s`; else what follows +CMS ERROR."""

    ticket: int
    identity: int
    cause: int
    answer_s: float


class Membership:
    """The service centre as the phones of a joined process see it; `member` names this run of the process.

    It stands in the place of a `Network`: phones attach, submit and take what is `due`; answers come by
    `take_answers`.
    """

    def __init__(self, store: Store, member: str, numbers: Iterable[str]) -> None:
        self._store = store
        self._member = member
        self._numbers = tuple(numbers)
        self._line: _Line | None = None
        self._now_s = 0.0
        self._unanswered: dict[int, Submit | Order] = {}
        self._until_s: dict[int, float] = {}
        self._last_ticket = 0
        self._answers: list[Answered] = []
        self._inbox: deque[Queued] = deque()
        self._in_hand: dict[int, Queued] = {}
        self._taken = store.notes(_TAKEN)
        self.centre = ""  # whom we are joined to; empty while we are not
        self.refusal = ""  # why the centre would not have us, when it last said so

    @property
    def joined(self) -> bool:
        """Whether the centre is there."""
        return bool(self.centre)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way here; what the centre keeps is not known."""
        return not (self._unanswered or self._inbox or self._in_hand)

    @property
    def queue_length(self) -> int:
        """How many messages are on their way into a phone here."""
        return len(self._inbox) + len(self._in_hand)

    # ---- as a network

    def attach(self, number: str) -> None:
        """A phone of ours has registered, or has room again."""
        self._send(Attach(number))

    def detach(self, number: str) -> None:
        """It has left; what was in its hands comes again."""
        self._in_hand = {key: message for key, message in self._in_hand.items() if message.destination != number}
        self._send(Detach(number))

    def arrange(self, number: str, fault: MessageFault) -> None:
        """Let this befall the next messages from (or to) a phone of ours, at the centre."""
        self._send(Arrange.of(number, fault))

    def submit(self, submission: Submission, now_s: float) -> UnderWay:
        """Hand a message in; its answer comes later."""
        return self._hand_in(lambda ticket, settled: Submit.of(ticket, settled, submission), now_s)

    def command(self, sender: str, command: Command, now_s: float) -> UnderWay:
        """Hand an SMS-COMMAND in."""
        tpdu = encode_command(command).hex()
        return self._hand_in(lambda ticket, settled: Order(ticket, settled, sender, tpdu), now_s)

    def due(self, _now_s: float) -> list[Queued]:
        """What has come for our phones."""
        messages = list(self._inbox)
        self._inbox.clear()
        self._in_hand.update((message.identity, message) for message in messages)
        return messages

    def delivered(self, identity: int, _now_s: float) -> None:
        """A phone of ours has it: remember that until the centre does."""
        if self._in_hand.pop(identity, None) is not None:
            self._taken[str(identity)] = self.centre
            self._store.put_note(_TAKEN, str(identity), self.centre)
            self._send(Taken(identity))

    def postponed(self, identity: int, _now_s: float, cause: int = CAUSE_MEMORY_EXCEEDED) -> None:
        """A phone of ours could not take it."""
        if self._in_hand.pop(identity, None) is not None:
            self._send(NotTaken(identity, cause))

    def next_due_s(self) -> float | None:
        """When `tick` should be called next, None while nothing waits for time to pass."""
        moments = list(self._until_s.values())[:1]  # the first handed in is the first to be given up
        if self._line is not None:
            moments.append(self._line.next_due_s())
        return min(moments, default=None)

    # ---- as an end of a connection

    def connected(self, now_s: float) -> None:
        """There is a connection; join."""
        self._line = _Line(heard_s=now_s)
        self._now_s = now_s
        self._send(Join(VERSION, self._member, self._numbers))

    def lost(self) -> None:
        """The connection has ended. Deliveries that no phone has yet come again."""
        self._line, self.centre = None, ""
        self._inbox.clear()
        self._in_hand.clear()

    def received(self, octets: bytes, now_s: float) -> None:
        """Octets from the centre. What cannot be understood ends the connection."""
        if self._line is None:
            return
        self._now_s = self._line.heard_s = now_s
        try:
            for frame in self._line.reader.feed(octets):
                self._take(frame, now_s)
        except InvalidFrame as error:
            self.refusal = f"the other side is no centre of ours: {error}"
            self._line.ended = True

    def tick(self, now_s: float) -> None:
        """Time has passed: give up what was not answered, show that we live."""
        self._now_s = now_s
        for ticket in [ticket for ticket, until_s in self._until_s.items() if until_s <= now_s]:
            self._answered(ticket, Answered(ticket, 0, Cms.NETWORK_TIMEOUT, now_s))
        if self._line is not None:
            self._line.keep_alive(now_s)

    def take_answers(self) -> list[Answered]:
        """Answers since the last call."""
        answers, self._answers = self._answers, []
        return answers

    def take_output(self) -> tuple[bytes, bool]:
        """Octets for the centre since the last call, and whether to end the connection after them."""
        if self._line is None:
            return b"", False
        output = bytes(self._line.output)
        self._line.output.clear()
        return output, self._line.ended

    # ---- within

    def _hand_in(self, make: Callable[[int, int], Submit | Order], now_s: float) -> UnderWay:
        self._last_ticket += 1
        ticket = self._last_ticket
        frame = make(ticket, next(iter(self._unanswered), ticket))
        self._unanswered[ticket] = frame
        self._until_s[ticket] = now_s + ANSWER_S_MAX
        self._now_s = now_s
        self._send(frame)
        return UnderWay(ticket)

    def _answered(self, ticket: int, answer: Answered) -> None:
        if self._unanswered.pop(ticket, None) is not None:
            del self._until_s[ticket]
            self._answers.append(answer)

    def _take(self, frame: Frame, now_s: float) -> None:
        match frame:
            case Welcome(centre):
                self._welcomed(centre)
            case Refusal(reason):
                self.refusal = reason
                if self._line is not None:
                    self._line.ended = True
            case Answer(ticket, identity, cause, after_s):
                self._answered(ticket, Answered(ticket, identity, cause, now_s + after_s))
            case Delivery(identity, destination, tpdu):
                self._deliver(identity, destination, tpdu, now_s)
            case Settled(identity):
                if self._taken.pop(str(identity), ""):
                    self._store.remove_note(_TAKEN, str(identity))
            case Ping():
                pass
            case _:
                raise InvalidFrame("a centre does not say that")

    def _welcomed(self, centre: str) -> None:
        self.centre, self.refusal = centre, ""
        for identity, of in list(self._taken.items()):
            if of == centre:
                self._send(Taken(int(identity)))
            else:
                del self._taken[identity]
                self._store.remove_note(_TAKEN, identity)
        for frame in self._unanswered.values():
            self._send(frame)

    def _deliver(self, identity: int, destination: str, tpdu: str, now_s: float) -> None:
        if self._taken.get(str(identity)) == self.centre:
            self._send(Taken(identity))
            return
        if identity in self._in_hand:
            return
        try:
            octets = bytes.fromhex(tpdu)
        except ValueError as error:
            raise InvalidFrame("delivery: no hexadecimal") from error
        if destination not in self._numbers:
            raise InvalidFrame("delivery: not one of our phones")
        self._inbox.append(
            Queued(identity, destination, octets, "", 0, Reports.NONE, now_s, now_s, now_s + SILENCE_S_MAX)
        )

    def _send(self, frame: Frame) -> None:
        if self._line is not None and (self.centre or isinstance(frame, Join)):
            self._line.send(frame, self._now_s)


# ---- the centre's end


@dataclass(slots=True)
class _Member:
    """A connection, and who has joined through it: its run and its numbers, empty until then."""

    line: _Line
    name: str = ""
    numbers: frozenset[str] = frozenset()


class Members:
    """The processes that have joined a network; `own` numbers are the centre's and not theirs to have.

    `name` is the centre's, as in `Welcome`. Connections are numbered by whoever makes them.
    """

    def __init__(self, network: Network, store: Store, name: str, own: Container[str]) -> None:
        self._network = network
        self._store = store
        self._name = name
        self._own = own
        self._members: dict[int, _Member] = {}
        self._homes: dict[str, int] = {}
        self._speaking: set[int] = set()
        self._beat_s: float | None = None
        self._tickets: dict[str, dict[int, int]] = {}
        self._subscribers = set(store.notes(_SUBSCRIBER))
        network.admit(self._subscribers)
        self._load_tickets()

    @property
    def speaking(self) -> bool:
        """Whether there may be output."""
        return bool(self._speaking)

    def has(self, number: str) -> bool:
        """Whether a member that is connected has this number."""
        return number in self._homes

    def connected(self, connection: int, now_s: float) -> None:
        """Somebody has connected."""
        self._members[connection] = _Member(_Line(heard_s=now_s, sent_s=now_s))
        self._beat_s = self._beat_s or now_s + BEAT_S
        if len(self._members) > MEMBERS_MAX:
            self._end(connection, f"the centre has {MEMBERS_MAX} members already", now_s)

    def lost(self, connection: int) -> None:
        """The connection has ended; what its phones have not taken waits for them."""
        member = self._members.pop(connection, None)
        self._speaking.discard(connection)
        for number in member.numbers if member else ():
            if self._homes.get(number) == connection:
                del self._homes[number]
                self._network.detach(number)

    def received(self, connection: int, octets: bytes, now_s: float) -> None:
        """Octets from a member. What cannot be understood ends the connection."""
        member = self._members.get(connection)
        if member is None or member.line.ended:
            return
        member.line.heard_s = now_s
        try:
            for frame in member.line.reader.feed(octets):
                if member.line.ended:
                    return
                self._take(connection, member, frame, now_s)
        except InvalidFrame as error:
            self._end(connection, str(error), now_s)

    def deliver(self, message: Queued, now_s: float) -> None:
        """Send a message to the member that has its destination."""
        delivery = Delivery(message.identity, message.destination, message.tpdu.hex())
        self._send(self._homes[message.destination], delivery, now_s)

    def tick(self, now_s: float) -> None:
        """Time has passed: show that we live, end connections that are silent."""
        if self._beat_s is None or now_s < self._beat_s:
            return
        self._beat_s = now_s + BEAT_S if self._members else None
        for connection, member in self._members.items():
            member.line.keep_alive(now_s)
            self._speaking.add(connection)

    def next_due_s(self) -> float | None:
        """When `tick` should be called next, None without connections."""
        return self._beat_s

    def take_output(self) -> list[tuple[int, bytes, bool]]:
        """Octets by connection since the last call, and whether to end it after them."""
        taken = []
        for connection in sorted(self._speaking):
            line = self._members[connection].line
            if line.output or line.ended:
                taken.append((connection, bytes(line.output), line.ended))
                line.output.clear()
        self._speaking.clear()
        return taken

    def _take(self, connection: int, member: _Member, frame: Frame, now_s: float) -> None:
        if isinstance(frame, Join) != (member.name == ""):
            raise InvalidFrame("a member joins once, and first of all")
        match frame:
            case Join():
                self._join(connection, member, frame, now_s)
            case Attach(number) | Detach(number) | Arrange(number) if number in member.numbers:
                self._about_phone(number, frame)
            case Submit(sender=sender) | Order(sender=sender) if sender in member.numbers:
                self._forget_tickets(member.name, frame.settled)
                self._send(connection, self._answer(member.name, frame, now_s), now_s)
            case Taken() | NotTaken():
                self._about_delivery(connection, member, frame, now_s)
            case Ping():
                pass
            case _:
                raise InvalidFrame("a member does not say that, or not for that number")

    def _about_phone(self, number: str, frame: Attach | Detach | Arrange) -> None:
        match frame:
            case Attach():
                self._network.attach(number)
            case Detach():
                self._network.detach(number)
            case Arrange():
                self._network.arrange(number, frame.fault())

    def _about_delivery(self, connection: int, member: _Member, frame: Taken | NotTaken, now_s: float) -> None:
        mine = self._network.destination_of(frame.identity) in member.numbers
        match frame:
            case Taken(identity):
                if mine:
                    self._network.delivered(identity, now_s)
                self._send(connection, Settled(identity), now_s)
            case NotTaken(identity, cause):
                if mine:
                    self._network.postponed(identity, now_s, cause)

    def _join(self, connection: int, member: _Member, join: Join, now_s: float) -> None:
        reason = self._objection(join)
        if reason:
            self._end(connection, reason, now_s)
            return
        for other in {self._homes[number] for number in join.numbers if number in self._homes}:
            self._members[other].line.ended = True  # an earlier connection of the same run
            self._speaking.add(other)
            self._take_away(other)
        member.name, member.numbers = join.member, frozenset(join.numbers)
        self._homes.update((number, connection) for number in join.numbers)
        for number in member.numbers - self._subscribers:
            self._store.put_note(_SUBSCRIBER, number, "")
        self._subscribers |= member.numbers
        self._network.admit(member.numbers)
        self._send(connection, Welcome(self._name), now_s)

    def _objection(self, join: Join) -> str:
        """Why these numbers cannot join, empty if they can."""
        if join.version != VERSION:
            return f"the centre speaks version {VERSION} of the protocol and not {join.version}"
        if not join.member or len(join.numbers) > MEMBER_NUMBERS_MAX:
            return f"a member has a name and at most {MEMBER_NUMBERS_MAX} numbers"
        for number in join.numbers:
            try:
                if canonical(number) != number:
                    return f"{number} is not in its canonical form"
            except InvalidNumber as error:
                return f"{number}: {error}"
            if number in self._own:
                return f"{number} is in use at the centre"
            home = self._homes.get(number)
            if home is not None and self._members[home].name != join.member:
                return f"{number} is in use by another process that has joined"
        return ""

    def _take_away(self, connection: int) -> None:
        """Take an earlier connection's numbers away, for they come through another now."""
        old = self._members[connection]
        for number in old.numbers:
            del self._homes[number]
            self._network.detach(number)
        old.numbers = frozenset()

    def _answer(self, name: str, frame: Submit | Order, now_s: float) -> Answer:
        """Take over what is handed in, unless it was before: then say again what it was accepted as."""
        tickets = self._tickets.setdefault(name, {})
        known = tickets.get(frame.ticket)
        if known is not None:
            return Answer(frame.ticket, known)
        try:
            if isinstance(frame, Submit):
                accepted = self._network.submit(frame.submission(), now_s)
            else:
                accepted = self._network.command(frame.sender, _command(frame.tpdu), now_s)
        except Refused as refused:
            return Answer(frame.ticket, cause=refused.cause)
        tickets[frame.ticket] = accepted.identity
        self._store.put_note(_TICKET, f"{name}/{frame.ticket}", str(accepted.identity))
        return Answer(frame.ticket, accepted.identity, after_s=accepted.answer_s - now_s)

    def _load_tickets(self) -> None:
        notes = list(self._store.notes(_TICKET).items())
        for key, _ in notes[:-TICKETS_MAX]:
            self._store.remove_note(_TICKET, key)
        for key, identity in notes[-TICKETS_MAX:]:
            name, _, ticket = key.rpartition("/")
            self._tickets.setdefault(name, {})[int(ticket)] = int(identity)

    def _forget_tickets(self, name: str, settled: int) -> None:
        tickets = self._tickets.get(name, {})
        for ticket in [ticket for ticket in tickets if ticket < settled]:
            del tickets[ticket]
            self._store.remove_note(_TICKET, f"{name}/{ticket}")

    def _send(self, connection: int, frame: Frame, now_s: float) -> None:
        self._members[connection].line.send(frame, now_s)
        self._speaking.add(connection)

    def _end(self, connection: int, reason: str, now_s: float) -> None:
        self._send(connection, Refusal(reason), now_s)
        self._members[connection].line.ended = True


def _command(tpdu: str) -> Command:
    try:
        return decode_command(bytes.fromhex(tpdu))
    except (ValueError, PduError) as error:
        raise InvalidFrame(f"order: {error}") from error
