"""Phones, SIMs and the SMS network as one piece, sans-IO: what `server` runs and tests drive by hand.

Every method returns what the outside must do, in order. The outside commits the store first: then nothing is
acknowledged that a crash could lose.
"""

import heapq
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from gsm import pdu
from modem_emulator import equipment as modem
from modem_emulator.clock import Clock
from modem_emulator.commands import COMMANDS
from modem_emulator.commands.general import own_names
from modem_emulator.engine import Engine
from modem_emulator.equipment import Equipment
from modem_emulator.faults import EmptyStorage, Fault, FillStorage, Plan, Step
from modem_emulator.link import Members, Membership, UnderWay
from modem_emulator.network import CAUSE_OUT_OF_ORDER, LIFETIME_S, Accepted, Faults, Network, Refused, Submission
from modem_emulator.numbers import canonical, check_digit, subscriber
from modem_emulator.outcome import Reports
from modem_emulator.profile import Profile
from modem_emulator.records import InvalidRecord
from modem_emulator.schedule import Schedule
from modem_emulator.sim import MESSAGE_SLOTS, PUK, Sim
from modem_emulator.store import Queued, Store
from modem_emulator.ussd import ANSWER_S, SERVICE, SILENCE_S_MAX, Dialogue, Outcome, Page, Said

# A made-up centre of the operator that the default network code names.
SERVICE_CENTRE = "+8613800100500"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phone:
    """A modem to emulate: IMSI (15 digits), MSISDN in any form, PIN and PUK; `repr` shows neither PIN nor PUK.

    Without `imei` (15 digits) one is made from the IMSI, so that two modems differ. `profile` is the make of the
    modem; `tcp` puts it on that TCP port of loopback (0: a free one) and not on a pty. Without `has_sim` the modem's
    holder is empty (+CME ERROR 10, +CMS ERROR 310); the number is the one that such a SIM would have.
    """

    imsi: str
    msisdn: str
    pin: str | None = field(default=None, repr=False)
    puk: str = field(default=PUK, repr=False)
    slots: int = MESSAGE_SLOTS
    imei: str | None = None
    profile: Profile = field(default_factory=Profile)
    tcp: int | None = None
    has_sim: bool = True


@dataclass(frozen=True, slots=True)
class WriteToPort:
    """Send octets to whoever has this phone's port open."""

    phone: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeliverToEsme:
    """Send this to the ESME that has the number, then call `esme_took` or `esme_refused`."""

    number: str
    message: Queued


@dataclass(frozen=True, slots=True)
class HangUp:
    """Take this phone's port away: the modem was unplugged."""

    phone: int


@dataclass(frozen=True, slots=True)
class PlugIn:
    """Give this phone its port again."""

    phone: int


@dataclass(frozen=True, slots=True)
class ToCentre:
    """Send octets to the centre of another process, then end the connection if `last`."""

    data: bytes = field(repr=False)
    last: bool = False


@dataclass(frozen=True, slots=True)
class ToMember:
    """Send octets to a process that has joined, then end the connection if `last`."""

    connection: int
    data: bytes = field(repr=False)
    last: bool = False


Action = WriteToPort | DeliverToEsme | HangUp | PlugIn | ToCentre | ToMember


class NoSuchCommand(InvalidRecord):
    """A fault waits for a command that no modem has which it is for."""


class NoSuchModem(ValueError):
    """No modem has this name or number."""


class Emulator:
    """Phones by position, ESMEs by short number, one network between them.

    With `member`, which names this run of the process, the network is that of another process, reached by
    `centre_connected` and so on; else `centre` names this one to those who join it.

    Raises InvalidNumber (from `numbers`) for a number that is none.
    """

    def __init__(
        self,
        store: Store,
        random: Random,
        phones: Sequence[Phone],
        esmes: Iterable[str] = (),
        faults: Faults | None = None,
        rates: Sequence[tuple[Fault, float]] = (),
        clock: Clock | None = None,
        strangers: bool = False,
        ussd: Mapping[str, Page] = SERVICE,
        member: str = "",
        centre: str = "",
    ) -> None:
        self._clock = clock or Clock()
        # Called with each message that the network takes from a phone.
        self.on_submission: Callable[[int, Submission], None] = lambda _phone, _submission: None
        self._esmes = frozenset(map(canonical, esmes))
        self._numbers = [canonical(phone.msisdn) for phone in phones]
        self._phones = {number: phone for phone, number in enumerate(self._numbers)}
        seed = random.getrandbits(64)
        # The centre of this process, or the way to that of another.
        self._centre: Network | None = None
        self._members: Members | None = None
        self._membership: Membership | None = None
        if member:
            self._membership = Membership(store, member, self._numbers)
        else:
            self._centre = Network(
                store,
                random,
                phones=self._numbers,
                esmes=self._esmes,
                faults=faults,
                clock=self._clock,
                strangers=strangers,
            )
            self._members = Members(self._centre, store, centre, self._esmes | set(self._numbers))
        self._under_way: dict[int, tuple[int, int, Submission | None]] = {}
        # Each modem has draws of its own, so that what befalls one does not depend on what others do.
        self._engines = [
            _engine(phone, number, store, Plan(random.__class__(f"{seed}/{position}"), tuple(rates)), self._clock)
            for position, (phone, number) in enumerate(zip(phones, self._numbers, strict=True))
        ]
        self._schedule = Schedule()
        self._ussd = ussd
        self._dialogues: dict[int, Dialogue] = {}
        self._delivering: dict[int, Queued] = {}
        self._backlog: dict[int, list[Queued]] = {}
        self._late: list[Action] = []
        self._alarms: list[tuple[float, int]] = []
        self._alarm_s = [0.0] * len(self._engines)
        for number, engine in zip(self._numbers, self._engines, strict=True):
            if member:
                engine.reach(False, 0.0)
            if engine.equipment.registered:
                self.network.attach(number)

    @property
    def network(self) -> Network | Membership:
        """The network that the phones use."""
        return self._centre or self._membership_here()

    @property
    def has_centre(self) -> bool:
        """Whether the service centre is of this process, and not of one that it has joined."""
        return self._centre is not None

    @property
    def centre(self) -> Network:
        """The service centre of this process, which has one."""
        assert self._centre is not None, "ESMEs and members belong to the process with the centre"
        return self._centre

    @property
    def modems(self) -> Sequence[Equipment]:
        """The modems as they are now, by phone; to look at, not to change."""
        return [engine.equipment for engine in self._engines]

    @property
    def busy(self) -> bool:
        """Whether a command is under way in any modem."""
        return any(engine.busy for engine in self._engines)

    @property
    def esmes(self) -> Mapping[str, bool]:
        """The ESMEs' numbers, and whether somebody is bound who takes their messages."""
        return {number: self.centre.can_take(number) for number in sorted(self._esmes)}

    def start(self, now_s: float) -> list[Action]:
        """Switch all modems on and hand out what the store kept."""
        return self._for_each(range(len(self._engines)), lambda engine: engine.power_on(now_s), now_s)

    def received(self, phone: int, data: bytes, now_s: float) -> list[Action]:
        """Octets from the port of a phone."""
        done = self._carry_out(phone, self._engines[phone].receive(data, now_s), now_s)
        return done + self._hand_out(now_s)

    def tick(self, now_s: float) -> list[Action]:
        """Time has passed: late answers, delayed messages, retries, expiry, boot and periodic lines."""
        self._schedule.run(now_s)
        if self._members is not None:
            self._members.tick(now_s)
        if self._membership is not None:
            self._membership.tick(now_s)
            self._take_answers(now_s)
        due = []
        while self._alarms and self._alarms[0][0] <= now_s:
            due.append(heapq.heappop(self._alarms)[1])
        return self._for_each(due, lambda engine: engine.tick(now_s), now_s)

    def next_due_s(self) -> float | None:
        """When to call `tick` next; None while nothing waits."""
        soonest = self.network.next_due_s()
        if self._members is not None:
            beat_s = self._members.next_due_s()
            if beat_s is not None and (soonest is None or beat_s < soonest):
                soonest = beat_s
        if self._alarms and (soonest is None or self._alarms[0][0] < soonest):
            soonest = self._alarms[0][0]
        if self._schedule:
            due_s = self._schedule.next_due_s
            if due_s is not None and (soonest is None or due_s < soonest):
                soonest = due_s
        return soonest

    # ---- faults

    def named(self, modem: str) -> list[int]:
        """The phones that a name means: `modem0` or an MSISDN, all for the empty one. Raises NoSuchModem."""
        if not modem:
            return list(range(len(self._engines)))
        position = modem.removeprefix("modem")
        if position != modem and position.isdecimal() and int(position) < len(self._engines):
            return [int(position)]
        number = subscriber(modem, self._phones, "86")
        if number is None:
            raise NoSuchModem(f"there is no modem {modem!r}; give modem0 to modem{len(self._engines) - 1}, or a number")
        return [self._phones[number]]

    def check(self, step: Step) -> None:
        """Raises NoSuchModem, NoSuchCommand for a name that no modem meant has, or InvalidRecord for a storage."""
        phones = self.named(step.modem)
        if step.on.startswith(tuple("+^$%#")) and step.on not in COMMANDS:
            own = [own_names(self._engines[phone].equipment.profile) for phone in phones]
            if own and not any(step.on in names for names in own):
                raise NoSuchCommand(f"no such modem has a command {step.on}; * stands for any")
        for phone in phones:
            if isinstance(step.do, FillStorage | EmptyStorage):
                self._engines[phone].equipment.storage(step.do.storage)

    def arm(self, step: Step, now_s: float) -> list[Action]:
        """Let a step happen: at once, `at_s` seconds from now, or at its command. Raises NoSuchModem, InvalidRecord."""
        self.check(step)
        phones = self.named(step.modem)
        if step.at_s:
            later = replace(step, at_s=0.0)
            self._schedule.put(now_s + step.at_s, lambda: self._arm_late(later, now_s + step.at_s))
            return []
        if step.on:
            for phone in phones:
                self._engines[phone].plan.arm(step)
            return []
        return self._for_each(phones, lambda engine: engine.befall(step.do, now_s), now_s)

    def _arm_late(self, step: Step, now_s: float) -> None:
        actions = self.arm(step, now_s)
        self._late += actions

    def _for_each(
        self, phones: Iterable[int], do: Callable[[Engine], list[modem.Action]], now_s: float
    ) -> list[Action]:
        done, self._late = self._late, []
        for phone in phones:
            done += self._carry_out(phone, do(self._engines[phone]), now_s)
        return done + self._hand_out(now_s)

    # ---- ESMEs

    def esme_submits(self, parts: Sequence[Submission], now_s: float) -> tuple[int, list[Action]]:
        """Take a message in one part or more over and return the identity of the last. Raises Refused."""
        accepted = self.centre.submit_parts(parts, now_s)
        for part in parts:
            _note(part, accepted)
        return accepted.identity, self._hand_out(now_s)

    def esme_bound(self, number: str, now_s: float) -> list[Action]:
        """An ESME can take messages for its number now."""
        self.centre.attach(number)
        return self._hand_out(now_s)

    def esme_gone(self, number: str) -> None:
        """It is gone; what it has not acknowledged is kept for its next bind."""
        self.centre.detach(number)

    def esme_took(self, identity: int, now_s: float) -> list[Action]:
        """deliver_sm was answered with success."""
        self.centre.delivered(identity, now_s)
        return self._hand_out(now_s)

    def esme_refused(self, identity: int, now_s: float) -> list[Action]:
        """deliver_sm was not answered, or with an error."""
        self.centre.postponed(identity, now_s)
        return self._hand_out(now_s)

    # ---- other processes

    def member_connected(self, connection: int, now_s: float) -> list[Action]:
        """Another process has connected; `connection` is a number that none had before."""
        self._members_here().connected(connection, now_s)
        return self._hand_out(now_s)

    def member_sent(self, connection: int, octets: bytes, now_s: float) -> list[Action]:
        """Octets from it."""
        self._members_here().received(connection, octets, now_s)
        return self._hand_out(now_s)

    def member_lost(self, connection: int, now_s: float) -> list[Action]:
        """Its connection has ended; what its phones have not taken is kept for them."""
        self._members_here().lost(connection)
        return self._hand_out(now_s)

    def centre_connected(self, now_s: float) -> list[Action]:
        """There is a connection to the centre."""
        self._membership_here().connected(now_s)
        return self._hand_out(now_s)

    def centre_sent(self, octets: bytes, now_s: float) -> list[Action]:
        """Octets from the centre. The phones find their network once it has welcomed us."""
        membership = self._membership_here()
        before = membership.joined
        membership.received(octets, now_s)
        self._take_answers(now_s)
        if membership.joined and not before:
            return self._for_each(range(len(self._engines)), lambda engine: engine.reach(True, now_s), now_s)
        return self._for_each((), lambda engine: engine.tick(now_s), now_s)

    def centre_lost(self, now_s: float) -> list[Action]:
        """The connection to the centre has ended: the phones have a cell, and no network behind it."""
        self._membership_here().lost()
        return self._for_each(range(len(self._engines)), lambda engine: engine.reach(False, now_s), now_s)

    @property
    def joined(self) -> bool:
        """Whether the centre of another process has welcomed us."""
        return self._membership_here().joined

    @property
    def refusal(self) -> str:
        """Why the centre would not have us, when it last said so; else empty."""
        return self._membership_here().refusal

    def _members_here(self) -> Members:
        assert self._members is not None, "processes join the one with the centre"
        return self._members

    def _membership_here(self) -> Membership:
        assert self._membership is not None, "only a process that joins another has a membership"
        return self._membership

    def _take_answers(self, now_s: float) -> None:
        for answer in self._membership_here().take_answers():
            phone, reference, submission = self._under_way.pop(answer.ticket)
            if answer.cause:
                engine = self._engines[phone]
                self._late += self._carry_out(phone, engine.refused(reference, answer.cause, now_s), now_s)
            else:
                self._accepted(phone, reference, submission, Accepted(answer.identity, answer.answer_s), now_s)

    def _linked(self) -> list[Action]:
        """What goes to other processes."""
        if self._membership is not None:
            data, last = self._membership.take_output()
            return [ToCentre(data, last)] if data or last else []
        if self._members is not None and self._members.speaking:
            return [ToMember(*output) for output in self._members.take_output()]
        return []

    # ---- between phones and network

    def _carry_out(self, phone: int, actions: list[modem.Action], now_s: float) -> list[Action]:
        done: list[Action] = []
        self._set_alarm(phone)
        for action in actions:
            if type(action) is modem.Write:
                done.append(WriteToPort(phone, action.data))
                continue
            match action:
                case modem.Submit(submit):
                    done += self._submit(phone, submit, now_s)
                case modem.SubmitCommand(command):
                    done += self._command(phone, command, now_s)
                case modem.HangUp():
                    done.append(HangUp(phone))
                case modem.PlugIn():
                    done.append(PlugIn(phone))
                case _:
                    self._tell_network(phone, action, now_s)
        return done

    def _tell_network(self, phone: int, action: modem.Action, now_s: float) -> None:
        number = self._numbers[phone]
        match action:
            case modem.Registered(now):
                if not now:  # the network offers again what was under way
                    self._delivering.pop(phone, None)
                    self._backlog.pop(phone, None)
                    self._dialogues.pop(phone, None)
                (self.network.attach if now else self.network.detach)(number)
            case modem.MemoryAvailable():
                if self._engines[phone].equipment.registered:
                    self.network.attach(number)
            case modem.Arrange(fault):
                self.network.arrange(number, fault)
            case modem.Acknowledge() | modem.Reject():
                self._acknowledged(phone, action, now_s)
            case modem.Ussd(text):
                self._say_in_dialogue(phone, text, now_s)
            case _:
                raise AssertionError("an action that is not for the network")

    def _submit(self, phone: int, submit: pdu.Submit, now_s: float) -> list[Action]:
        submission = Submission(
            sender=self._numbers[phone],
            destination=submit.destination,
            user_data=submit.user_data,
            reference=submit.reference,
            reports=Reports.FINAL if submit.status_report_request else Reports.NONE,
            protocol_id=submit.protocol_id,
            lifetime_s=_lifetime_s(submit, self._clock.shown_s(now_s)),
            reply_path=submit.reply_path,
            reject_duplicates=submit.reject_duplicates,
        )
        return self._hand_in(phone, submit.reference, submission, lambda: self.network.submit(submission, now_s), now_s)

    def _command(self, phone: int, command: pdu.Command, now_s: float) -> list[Action]:
        sender = self._numbers[phone]
        return self._hand_in(
            phone, command.reference, None, lambda: self.network.command(sender, command, now_s), now_s
        )

    def _hand_in(
        self,
        phone: int,
        reference: int,
        submission: Submission | None,
        work: Callable[[], Accepted | UnderWay],
        now_s: float,
    ) -> list[Action]:
        """Give the network something from a phone, and the phone its answer: now, at its time, or when it comes."""
        try:
            accepted = work()
        except Refused as refused:
            _log.info("refused to %s: %s", self._numbers[phone], refused)
            return self._carry_out(phone, self._engines[phone].refused(reference, refused.cause, now_s), now_s)
        if isinstance(accepted, UnderWay):
            self._under_way[accepted.ticket] = (phone, reference, submission)
            return []
        late, self._late = self._late, []
        self._accepted(phone, reference, submission, accepted, now_s)
        done, self._late = self._late, late
        return done

    def _accepted(
        self, phone: int, reference: int, submission: Submission | None, accepted: Accepted, now_s: float
    ) -> None:
        if submission is not None:
            self.on_submission(phone, submission)
            _note(submission, accepted)
        if accepted.answer_s > now_s:
            self._schedule.put(accepted.answer_s, lambda: self._answer_late(phone, reference, accepted.answer_s))
        else:
            self._answer_late(phone, reference, now_s)

    def _answer_late(self, phone: int, reference: int, now_s: float) -> None:
        self._late += self._carry_out(phone, self._engines[phone].submitted(reference, now_s), now_s)

    def _set_alarm(self, phone: int) -> None:
        """Have `tick` called for this engine when it wants it; alarms that are too early do no harm."""
        due_s = self._engines[phone].next_due_s
        if due_s is not None and due_s != self._alarm_s[phone]:
            self._alarm_s[phone] = due_s
            heapq.heappush(self._alarms, (due_s, phone))

    def _hand_out(self, now_s: float) -> list[Action]:
        """Hand over what is due; a delivery may make a report due, so until nothing more is."""
        done: list[Action] = []
        while messages := self._next_of_backlog() + self.network.due(now_s):
            for message in messages:
                if message.destination in self._phones:
                    done += self._deliver(message, now_s)
                elif message.destination in self._esmes:
                    done.append(DeliverToEsme(message.destination, message))
                elif self._members is not None and self._members.has(message.destination):
                    self._members.deliver(message, now_s)
                else:
                    self.network.delivered(message.identity, now_s)  # a stranger, who takes everything
        return done + self._linked()

    def _next_of_backlog(self) -> list[Queued]:
        """The next message of each phone whose last one has come to its end."""
        if not self._backlog:
            return []
        free = [phone for phone in self._backlog if phone not in self._delivering]
        messages = [self._backlog[phone].pop(0) for phone in free]
        self._backlog = {phone: waiting for phone, waiting in self._backlog.items() if waiting}
        return messages

    def _deliver(self, message: Queued, now_s: float) -> list[Action]:
        """Hand a message to its phone, one at a time: while it waits for +CNMA the others wait too."""
        phone = self._phones[message.destination]
        if not self._engines[phone].equipment.registered:  # it left while the message was on its way here
            self.network.postponed(message.identity, now_s, CAUSE_OUT_OF_ORDER)
            return []
        if phone in self._delivering:
            self._backlog.setdefault(phone, []).append(message)
            return []
        self._delivering[phone] = message
        return self._carry_out(phone, self._engines[phone].deliver(message.tpdu, now_s), now_s)

    def _acknowledged(self, phone: int, answer: modem.Acknowledge | modem.Reject, now_s: float) -> None:
        """A delivery has come to its end; a phone that has lost the network meanwhile has none."""
        message = self._delivering.pop(phone, None)
        if message is None:
            return
        if isinstance(answer, modem.Acknowledge):
            _log.info("message %d delivered to %s", message.identity, message.destination)
            self.network.delivered(message.identity, now_s)
        else:
            _log.info("message %d refused by %s: cause %d", message.identity, message.destination, answer.cause)
            self.network.postponed(message.identity, now_s, answer.cause)

    # ---- USSD

    def _say_in_dialogue(self, phone: int, text: str | None, now_s: float) -> None:
        if text is None:
            self._dialogues.pop(phone, None)
            return
        dialogue = self._dialogues.get(phone)
        if dialogue is None:
            equipment = self._engines[phone].equipment
            fields = {"msisdn": self._numbers[phone], "imsi": equipment.sim.imsi, "operator": equipment.plmn.name}
            dialogue = self._dialogues[phone] = Dialogue(self._ussd, fields)
        said = dialogue.say(text)
        self._tell_ussd(phone, dialogue, said, now_s + ANSWER_S)
        if dialogue.open:
            timed_out = Said(Outcome.TIMED_OUT)
            self._tell_ussd(phone, dialogue, timed_out, now_s + SILENCE_S_MAX, only_if_silent_since=dialogue.turns)
        else:
            self._dialogues.pop(phone)

    def _tell_ussd(
        self, phone: int, dialogue: Dialogue, said: Said, at_s: float, only_if_silent_since: int | None = None
    ) -> None:
        """Let the network say something later, unless the phone has spoken in that turn or ended the dialogue."""

        def tell() -> None:
            if only_if_silent_since is not None:
                if self._dialogues.get(phone) is not dialogue or dialogue.turns != only_if_silent_since:
                    return
                self._dialogues.pop(phone)
            if self._engines[phone].equipment.registered:
                self._late += self._carry_out(phone, self._engines[phone].ussd(said, at_s), at_s)

        self._schedule.put(at_s, tell)


def _note(submission: Submission, accepted: Accepted) -> None:
    _log.info(
        "message %d from %s to %s: %d octets or septets",
        accepted.identity,
        submission.sender,
        submission.destination,
        len(submission.user_data.content),
    )


def _engine(phone: Phone, number: str, store: Store, plan: Plan, clock: Clock) -> Engine:
    profile = phone.profile
    sim = Sim(
        imsi=phone.imsi,
        msisdn=number,
        store=store,
        pin=phone.pin,
        puk=phone.puk,
        slots=phone.slots,
        present=phone.has_sim,
    )
    return Engine(
        Equipment(sim, SERVICE_CENTRE, imei=phone.imei or _imei_of(phone.imsi, profile), profile=profile, clock=clock),
        plan,
    )


def _imei_of(imsi: str, profile: Profile) -> str:
    """A made-up IMEI: type allocation code, six digits of the IMSI, check digit (TS 23.003 clause 6.2.1)."""
    body = profile.identity.type_allocation_code + imsi[-6:]
    return body + check_digit(body)


def _lifetime_s(submit: pdu.Submit, shown_s: float) -> float:
    if submit.single_shot:
        return 0.0
    if submit.validity is None:
        return LIFETIME_S
    if isinstance(submit.validity, datetime):
        return max(0.0, submit.validity.timestamp() - shown_s)
    return submit.validity.total_seconds()
