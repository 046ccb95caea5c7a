"""The operator's session: what comes from handsets, bank and clock, and what follows from it. Sans-IO.

The shell runs each method inside one transaction of the store, commits, and then performs the actions in order. An
exception out of a method, or a failed commit, ends the session: another is made from the store, and `start` finds
everything that was unsent. Times are Unix seconds.
"""

import hashlib

from operator_platform.actions import Action, Note, SendBank, SendSms
from operator_platform.binding import Refusal, bind
from operator_platform.counters import Counters
from operator_platform.key_exchange import KeyExchange
from operator_platform.keys import OperatorKeys, Random
from operator_platform.link import Link
from operator_platform.messages import MessageMaker, answer_to
from operator_platform.outbox import Outbox
from operator_platform.policy import Policy
from operator_platform.relay import BANK_NOT_REACHED, DONE, DUPLICATE, Relay
from operator_platform.store import OperatorStore, RequestKey, shown_number
from operator_platform.timers import Timers
from wire import blocks, iso
from wire.digits import checked_msisdn
from wire.errors import BadSeal, WireError
from wire.iso import Message
from wire.terminal import Reply, Request, from_text, to_text

# Sent to a payee whose phone has no app: no amount, no account, no name, since anyone may read an SMS.
PLAIN_NOTICES = {
    "zh": "【银信】您的账户收到一笔款项。详情请向您的银行查询。",
    "en": "Yinxin: money has arrived in your account. Your bank can tell you more.",
}
TOO_MANY_REQUESTS = "65"
_PURGE_EVERY_S = 3600.0


class OperatorSession:
    """One operator platform. `operator_id` is DE32 (1 to 11 digits), `node` the u16 in its serials."""

    def __init__(
        self,
        operator_id: str,
        node: int,
        store: OperatorStore,
        keys: OperatorKeys,
        random: Random,
        policy: Policy | None = None,
    ) -> None:
        self._policy = policy or Policy()
        self._store = store
        self._keys = keys
        self._timers = Timers()
        counters = Counters(store)
        messages = MessageMaker(operator_id, counters, random)
        self._key_exchange = KeyExchange(keys)
        self._link = Link(messages, keys, self._timers, self._policy)
        self._outbox = Outbox(store, self._timers, self._policy)
        self._relay = Relay(
            node,
            store,
            keys,
            random,
            counters,
            messages,
            self._outbox,
            self._timers,
            self._policy,
            self._link.ask_for_keys,
        )

    @property
    def unanswered(self) -> int:
        """How many requests wait for the bank, reversals among them."""
        return self._relay.unanswered

    # -- time -----------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:
        """Resume what an earlier run left. Call once, before anything else."""
        self._purge(now)
        if self._keys.previous_seeds is not None:
            self._erase_old_seeds_later(now)
        return [*self._relay.start(now), *self._outbox.resume(), *self._erase_old_control_key()]

    def next_wakeup(self) -> float | None:
        """Return when `tick` has something to do."""
        return self._timers.next()

    def tick(self, now: float) -> list[Action]:
        actions: list[Action] = []
        while (due := self._timers.pop_due(now)) is not None:
            actions += due(now)
        return [*actions, *self._erase_old_control_key()]

    def _purge(self, now: float) -> list[Action]:
        self._store.purge(now - self._policy.answers_keep_s)
        self._timers.set("purge", now + _PURGE_EVERY_S, self._purge)
        return []

    # -- handsets -------------------------------------------------------------------------------------------

    def receive_sms(self, msisdn: str, text: str, now: float) -> list[Action]:
        """Take an SMS. `msisdn` is what the network says the sender is."""
        try:
            msisdn = checked_msisdn(msisdn)
            message = from_text(text)
            request = Request.decode(message)
        except WireError as error:
            # No reply: whatever sent this does not read our replies, and might answer them.
            return [Note("warning", f"SMS from {shown_number(msisdn)} is no request: {error}")]
        key = RequestKey(msisdn, request.transaction_id, request.kind)
        identity = bind(self._store, msisdn, request)
        if isinstance(identity, Refusal):
            return _refuse(key, request, identity)
        digest = hashlib.sha256(message).digest()
        known = self._store.request(key)
        if known is None:
            refusal = self._too_many(msisdn)
            if refusal is not None:
                return _refuse(key, request, refusal)
            return self._relay.new_request(key, identity, message, digest, now)
        if known.digest != digest:
            return _refuse(key, request, Refusal(DUPLICATE, "repeated with other content"))
        if known.answer is None:
            return [Note("debug", f"{key}: repeated while in progress")]
        note = Note("info", f"{key}: repeated, the stored answer is sent again")
        return [note, *self._outbox.send_reply_again(msisdn, to_text(known.answer), now)]

    def _too_many(self, msisdn: str) -> Refusal | None:
        if self._relay.unanswered_of(msisdn) >= self._policy.unanswered_per_msisdn_max:
            return Refusal(TOO_MANY_REQUESTS, "this number has too many unanswered requests")
        if self._relay.unanswered >= self._policy.unanswered_max:
            return Refusal(BANK_NOT_REACHED, "the platform has too many unanswered requests")
        return None

    def sms_accepted(self, outbox_id: int, now: float) -> list[Action]:
        """The network has taken an SMS of the outbox."""
        return self._outbox.accepted(outbox_id)

    def sms_refused(self, outbox_id: int, reason: str, now: float) -> list[Action]:
        """The network will not take an SMS of the outbox; it is tried again a few times."""
        return self._outbox.refused(outbox_id, reason, now)

    # -- the bank -------------------------------------------------------------------------------------------

    def bank_connected(self, now: float) -> list[Action]:
        return self._link.connected(now)

    def bank_disconnected(self, now: float) -> list[Action]:
        self._link.disconnected()
        self._relay.bank_down()
        return []

    def sign_off(self, now: float) -> list[Action]:
        """Say goodbye before the shell closes the connection."""
        return self._link.sign_off(now)

    def receive_bank(self, message: bytes, now: float) -> list[Action]:
        """Take one ISO 8583 message, without its frame. What is malformed is named in a note and ignored."""
        try:
            decoded = iso.decode(message)
        except WireError as error:
            return [Note("error", f"message of the bank ignored: {error}")]
        self._link.heard(now)
        try:
            actions = self._receive(decoded, now)
        except WireError as error:
            return [Note("error", f"{decoded.mti} of the bank ignored: {error}")]
        return [*actions, *self._erase_old_control_key()]

    def _receive(self, message: Message, now: float) -> list[Action]:
        match message.mti:
            case "0110" | "0210" | "0430":
                return self._relay.exchange_answer(message, now)
            case "0610":
                return self._relay.registration_answer(message, now)
            case "0620":
                return self._receive_notice(message, now)
            case "0800":
                return self._receive_keys(message, now)
            case "0820":
                return [SendBank(answer_to(message, "00"))]
            case "0830":
                was_up = self._link.up
                actions = self._link.receive(message, now)
                return actions if was_up or not self._link.up else [*actions, *self._relay.bank_up(now)]
        return [Note("error", f"{message.mti} is nothing that a bank sends")]

    def _receive_keys(self, message: Message, now: float) -> list[Action]:
        """Store seeds or a control key, then answer (steps 202 to 208)."""
        held = self._keys.control
        in_use = held is not None and self._relay.epoch_in_use(held.epoch)
        outcome = self._key_exchange.receive(message.block, in_use)
        work = self._keys.work_key(blocks.answer_generation_of(message.block)) if outcome.code == DONE else None
        actions = [*outcome.actions, SendBank(answer_to(message, outcome.code, work))]
        if outcome.new_seeds:
            self._erase_old_seeds_later(now)
        if outcome.new_control_key:
            actions += self._relay.control_key_arrived(now)
        return actions

    def _erase_old_seeds_later(self, now: float) -> None:
        erase_at = now + self._policy.seeds_overlap_s
        self._timers.set("old seeds", erase_at, lambda _then: self._key_exchange.erase_previous_seeds())

    def _erase_old_control_key(self) -> list[Action]:
        previous = self._keys.previous_control
        if previous is None or self._relay.epoch_in_use(previous.epoch):
            return []
        return self._key_exchange.erase_previous_control_key()

    def _receive_notice(self, message: Message, now: float) -> list[Action]:
        """Put a notice for a payee into the outbox, then answer; the bank repeats it until then."""
        try:
            work = self._keys.work_key(blocks.work_generation_of(message.block))
            if work is None:
                raise BadSeal("comes under a work key that is not here")
            notice = blocks.open_notice(work, message.block)
        except WireError as error:
            # Refused, so that the bank seals it anew.
            return [Note("error", f"notice refused: {error}"), SendBank(answer_to(message, "A0"))]
        done = SendBank(answer_to(message, DONE, work))
        if self._store.notice_seen(notice.notice_id):
            return [done]
        if self._outbox.full:
            return [Note("error", "outbox full: a notice is left to the bank to repeat")]
        self._store.add_notice(notice.notice_id, now)
        text = to_text(notice.payload) if notice.payload else PLAIN_NOTICES[self._policy.notice_language]
        note = Note("info", f"notice {notice.notice_id.hex()} for {shown_number(notice.msisdn)}")
        return [note, *self._outbox.send(notice.msisdn, text, now), done]


def _refuse(key: RequestKey, request: Request, refusal: Refusal) -> list[Action]:
    """Refuse without touching the store: a log line, and a reply that nobody has sealed."""
    reply = Reply(request.transaction_id, request.type_byte(), refusal.code, None, b"")
    note = Note("warning", f"{key}: refused with {refusal.code}: {refusal.reason}")
    return [note, SendSms(None, key.msisdn, to_text(reply.encode()))]
