"""Phones, SIMs and the SMS network as one piece, sans-IO: what `server` runs and tests drive by hand.

Every method returns what the outside must do, in order. The outside commits the store first: then nothing is
acknowledged that a crash could lose.
"""

import heapq
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from gsm import pdu
from modem_emulator import equipment as modem
from modem_emulator.engine import Engine
from modem_emulator.equipment import Equipment
from modem_emulator.network import LIFETIME_S, Faults, Network, Refused, Submission
from modem_emulator.numbers import canonical, check_digit
from modem_emulator.profile import Profile
from modem_emulator.sim import MESSAGE_SLOTS, PUK, Sim
from modem_emulator.store import Queued, Store

# A made-up centre of the operator that the default network code names.
SERVICE_CENTRE = "+8613800100500"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phone:
    """A modem to emulate: IMSI (15 digits), MSISDN in any form, PIN and PUK; `repr` shows neither PIN nor PUK.

    Without `imei` (15 digits) one is made from the IMSI, so that two modems differ.
    """

    imsi: str
    msisdn: str
    pin: str | None = field(default=None, repr=False)
    puk: str = field(default=PUK, repr=False)
    slots: int = MESSAGE_SLOTS
    imei: str | None = None
    profile: Profile = field(default_factory=Profile)


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


Action = WriteToPort | DeliverToEsme


class Emulator:
    """Phones by position, ESMEs by short number, one network between them.

    Raises InvalidNumber (from `numbers`) for a number that is none.
    """

    def __init__(
        self,
        store: Store,
        random: Random,
        phones: Sequence[Phone],
        esmes: Iterable[str] = (),
        faults: Faults | None = None,
    ) -> None:
        self._numbers = [canonical(phone.msisdn) for phone in phones]
        self.network = Network(
            store,
            random,
            phones=self._numbers,
            esmes=[canonical(number) for number in esmes],
            faults=faults,
        )
        self._engines = [_engine(phone, number, store) for phone, number in zip(phones, self._numbers, strict=True)]
        self._answers: list[tuple[float, int, int, int]] = []
        for number, engine in zip(self._numbers, self._engines, strict=True):
            if engine.equipment.registered:
                self.network.attach(number)

    def received(self, phone: int, data: bytes, now_s: float) -> list[Action]:
        """Octets from the port of a phone."""
        return self._carry_out(phone, self._engines[phone].receive(data, now_s), now_s) + self._hand_out(now_s)

    def tick(self, now_s: float) -> list[Action]:
        """Time has passed: late answers, delayed messages, retries, expiry."""
        done: list[Action] = []
        while self._answers and self._answers[0][0] <= now_s:
            _, _, phone, reference = heapq.heappop(self._answers)
            done += self._carry_out(phone, self._engines[phone].submitted(reference, now_s), now_s)
        return done + self._hand_out(now_s)

    def next_due_s(self) -> float | None:
        """When to call `tick` next; None while nothing waits."""
        moments = [self._answers[0][0]] if self._answers else []
        due_s = self.network.next_due_s()
        return min(moments + ([] if due_s is None else [due_s]), default=None)

    # ---- ESMEs

    def esme_submits(self, submission: Submission, now_s: float) -> tuple[int, list[Action]]:
        """Take a message over and return its identity. Raises Refused."""
        accepted = self.network.submit(submission, now_s)
        _log.info(
            "message %d from %s to %s: %d octets or septets",
            accepted.identity,
            submission.sender,
            submission.destination,
            len(submission.user_data.content),
        )
        return accepted.identity, self._hand_out(now_s)

    def esme_bound(self, number: str, now_s: float) -> list[Action]:
        """An ESME can take messages for its number now."""
        self.network.attach(number)
        return self._hand_out(now_s)

    def esme_gone(self, number: str) -> None:
        """It is gone; what it has not acknowledged is kept for its next bind."""
        self.network.detach(number)

    def esme_took(self, identity: int, now_s: float) -> list[Action]:
        """deliver_sm was answered with success."""
        self.network.delivered(identity, now_s)
        return self._hand_out(now_s)

    def esme_refused(self, identity: int, now_s: float) -> list[Action]:
        """deliver_sm was not answered, or with an error."""
        self.network.postponed(identity, now_s)
        return self._hand_out(now_s)

    # ---- between phones and network

    def _carry_out(self, phone: int, actions: list[modem.Action], now_s: float) -> list[Action]:
        done: list[Action] = []
        for action in actions:
            match action:
                case modem.Write(data):
                    done.append(WriteToPort(phone, data))
                case modem.Submit(submit):
                    done += self._submit(phone, submit, now_s)
                case modem.Registered(now):
                    (self.network.attach if now else self.network.detach)(self._numbers[phone])
                case modem.MemoryAvailable():
                    self.network.attach(self._numbers[phone])
                case modem.Acknowledge() | modem.Reject():
                    raise AssertionError("only a delivery is acknowledged")
        return done

    def _submit(self, phone: int, submit: pdu.Submit, now_s: float) -> list[Action]:
        submission = Submission(
            sender=self._numbers[phone],
            destination=submit.destination,
            user_data=submit.user_data,
            reference=submit.reference,
            report_wanted=submit.status_report_request,
            protocol_id=submit.protocol_id,
            lifetime_s=_lifetime_s(submit, now_s),
        )
        engine = self._engines[phone]
        try:
            accepted = self.network.submit(submission, now_s)
        except Refused as refused:
            _log.info("message from %s refused: %s", submission.sender, refused)
            return self._carry_out(phone, engine.refused(refused.cause, now_s), now_s)
        _log.info(
            "message %d from %s to %s: %d octets or septets",
            accepted.identity,
            submission.sender,
            submission.destination,
            len(submission.user_data.content),
        )
        if accepted.answer_s > now_s:
            heapq.heappush(self._answers, (accepted.answer_s, accepted.identity, phone, submit.reference))
            return []
        return self._carry_out(phone, engine.submitted(submit.reference, now_s), now_s)

    def _hand_out(self, now_s: float) -> list[Action]:
        """Hand over what is due; a delivery may make a report due, so until nothing more is."""
        done: list[Action] = []
        while messages := self.network.due(now_s):
            for message in messages:
                if message.destination in self._numbers:
                    done += self._deliver(message, now_s)
                else:
                    done.append(DeliverToEsme(message.destination, message))
        return done

    def _deliver(self, message: Queued, now_s: float) -> list[Action]:
        phone = self._numbers.index(message.destination)
        first, *rest = _acknowledgement_first(self._engines[phone].deliver(message.tpdu, now_s))
        if isinstance(first, modem.Acknowledge):
            _log.info("message %d delivered to %s", message.identity, message.destination)
            self.network.delivered(message.identity, now_s)
        else:
            _log.info("message %d waits: %s has no free slot", message.identity, message.destination)
            self.network.postponed(message.identity, now_s)
        return self._carry_out(phone, rest, now_s)


def _acknowledgement_first(actions: list[modem.Action]) -> list[modem.Action]:
    return sorted(actions, key=lambda action: not isinstance(action, modem.Acknowledge | modem.Reject))


def _engine(phone: Phone, number: str, store: Store) -> Engine:
    profile = phone.profile
    sim = Sim(imsi=phone.imsi, msisdn=number, store=store, pin=phone.pin, puk=phone.puk, slots=phone.slots)
    return Engine(Equipment(sim, SERVICE_CENTRE, imei=phone.imei or _imei_of(phone.imsi, profile), profile=profile))


def _imei_of(imsi: str, profile: Profile) -> str:
    """A made-up IMEI: type allocation code, six digits of the IMSI, check digit (TS 23.003 clause 6.2.1)."""
    body = profile.identity.type_allocation_code + imsi[-6:]
    return body + check_digit(body)


def _lifetime_s(submit: pdu.Submit, now_s: float) -> float:
    if submit.validity is None:
        return LIFETIME_S
    if isinstance(submit.validity, datetime):
        return max(0.0, submit.validity.timestamp() - now_s)
    return submit.validity.total_seconds()
