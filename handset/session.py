"""The handset's side of a transaction: rules only. Time, randomness, sealing and store come from outside.

The rules:

 1. A request's id, bytes and reply key are in the store before its first send (the shell commits, then acts).
 2. Every further send is the same bytes under the same id: first after `resend_first_s`, then after twice as long
    each time up to `resend_max_s`, `sends_max` times in all. A request has one send in the modem at a time.
 3. A transfer is in doubt from its first send until an answer opens under its reply key: only the bank can make
    such an answer. Neither time, nor a restart, nor a failed send, nor a code without the bank's seal settles it.
 4. An inquiry or a balance moves no money: an unsealed code, the last unanswered send, a restart, or the customer's
    turning away ends it. An unsealed code of the class "done" tells nothing of anything and is ignored.
 5. A bank's sealed "in progress" (09) settles nothing.
 6. A transfer needs its payee's name told under the same id (that inquiry also registered the id with the operator).
 7. A transfer like one in doubt (payer, payee, amount) is not made: the one in doubt is sent again in its place.
    An id carries one transfer; the same again is answered from the store.
 8. Only texts from the operator's number are read. A reply to what is not open, or that does not open, changes nothing.
 9. A notice opens with the key of the request that it names, and is shown once.
10. A request is sent only by the SIM that made it: from another number the bank would take it for another transfer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from handset.actions import (
    Action,
    AlreadyInDoubt,
    Asking,
    BalanceTold,
    Declined,
    Done,
    InDoubt,
    NoAnswer,
    Note,
    NoticeArrived,
    OperatorSays,
    OperatorWrites,
    PayeeNamed,
    Refusal,
    Refused,
    SendOutcome,
    SendText,
    Show,
    Update,
)
from handset.store import HandsetStore, Order, State, StoredRequest
from wire.digits import checked_account, checked_msisdn
from wire.errors import BadDigits, BadMessage, WireError
from wire.identity import Identity
from wire.response_codes import Handling, lookup
from wire.sealing import BankSeal, notice_key, open_notice, open_reply
from wire.secret import Secret
from wire.terminal import (
    REPLY_KEY_BYTES,
    TRANSACTION_ID_BYTES,
    Answer,
    BalanceBody,
    InquiryBody,
    Kind,
    Notice,
    Reply,
    Request,
    TransferBody,
    decode_down,
    from_text,
    to_text,
)

_IN_PROGRESS = "09"
_PLAIN_TEXT_CHARACTERS_MAX = 160
_DOUBLINGS_MAX = 64  # more than any wait needs; a float overflows at 1024, and the customer may retry for ever


@dataclass(frozen=True, slots=True)
class Policy:
    """Rule 2's numbers. Twelve sends are about 45 minutes; the customer can always order the next one."""

    resend_first_s: float = 20.0
    resend_max_s: float = 300.0
    sends_max: int = 12


DEFAULT_POLICY = Policy()


class Event(Enum):
    """What can happen to a request."""

    SEALED_DONE = "sealed done"
    SEALED_DECLINED = "sealed declined"
    UNSEALED_CODE = "unsealed code"
    DUE = "due"
    EXHAUSTED = "exhausted"
    ORDERED = "ordered"  # the customer wants it sent again
    RESTARTED = "restarted"
    FORGOTTEN = "forgotten"  # the customer no longer wants to know


# (moves money, state, event) -> next state. What is not here changes nothing.
_MOVES: dict[tuple[bool, State, Event], State] = {
    (True, State.WAITING, Event.SEALED_DONE): State.DONE,
    (True, State.WAITING, Event.SEALED_DECLINED): State.DECLINED,
    (True, State.WAITING, Event.UNSEALED_CODE): State.WAITING,
    (True, State.WAITING, Event.DUE): State.WAITING,
    (True, State.WAITING, Event.EXHAUSTED): State.PAUSED,
    (True, State.WAITING, Event.ORDERED): State.WAITING,
    (True, State.WAITING, Event.RESTARTED): State.WAITING,
    (True, State.PAUSED, Event.SEALED_DONE): State.DONE,
    (True, State.PAUSED, Event.SEALED_DECLINED): State.DECLINED,
    (True, State.PAUSED, Event.UNSEALED_CODE): State.PAUSED,
    (True, State.PAUSED, Event.ORDERED): State.WAITING,
    (True, State.PAUSED, Event.RESTARTED): State.PAUSED,
    (False, State.WAITING, Event.SEALED_DONE): State.DONE,
    (False, State.WAITING, Event.SEALED_DECLINED): State.DECLINED,
    (False, State.WAITING, Event.UNSEALED_CODE): State.DROPPED,
    (False, State.WAITING, Event.DUE): State.WAITING,
    (False, State.WAITING, Event.EXHAUSTED): State.DROPPED,
    (False, State.WAITING, Event.RESTARTED): State.DROPPED,
    (False, State.WAITING, Event.FORGOTTEN): State.DROPPED,
}


class HandsetSession:
    """One SIM's conversation with its bank, through one operator.

    Each method belongs inside one transaction of the store; its actions are performed after the commit. `now` is Unix
    seconds. `random(n)` returns n unpredictable bytes.
    """

    def __init__(
        self,
        store: HandsetStore,
        seal: BankSeal,
        identity: Identity,
        operator_number: str,
        random: Callable[[int], bytes],
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        self._store = store
        self._seal = seal
        self._identity = identity
        self._operator_number = _comparable(operator_number)
        self._random = random
        self._policy = policy
        self._last_send_id = 0
        self._in_modem: dict[int, tuple[bytes, Kind]] = {}
        self._unknown: dict[int, tuple[bytes, Kind]] = {}

    # -- what the customer asks ---------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:
        """Resume after a restart: what is in doubt is sent again when its time comes, questions are dropped."""
        actions: list[Action] = []
        for request in self._store.open_requests():
            state = self._move(request, Event.RESTARTED)
            # A clock that was set back must not put the next send years away.
            latest = now + self._policy.resend_max_s
            request = replace(request, next_send_at=max(now, min(request.next_send_at, latest)))
            if state is State.DROPPED:
                self._settle(request, State.DROPPED)
                continue
            self._store.put_request(request)
            if request.identity == self._identity:
                actions.append(Show(self._in_doubt(request)))
            else:
                actions.append(Show(Refused(request.transaction_id, Refusal.OTHER_SIM)))
        return actions + self.tick(now)

    def inquire(self, payee: str, now: float) -> list[Action]:
        """Register a new transaction and ask who holds `payee` (Fig. 5 step 1). The first action names the id.

        Raises BadDigits if `payee` is no account.
        """
        body = InquiryBody(checked_account(payee), self._new_reply_key())
        transaction_id = self._new_transaction_id()
        return self._make(transaction_id, Kind.INQUIRY, body, Order(payee=payee), now)

    def balance(self, account: str, pin: Secret, now: float) -> list[Action]:
        """Ask for the balance of `account`, under an id of its own. Raises BadDigits for a bad account or PIN."""
        body = BalanceBody(checked_account(account), pin, self._new_reply_key())
        return self._make(self._new_transaction_id(), Kind.BALANCE, body, Order(payer=account), now)

    def transfer(
        self, transaction_id: bytes, payer: str, payee: str, amount_fen: int, pin: Secret, now: float
    ) -> list[Action]:
        """Order the transfer whose payee was named under `transaction_id` (Fig. 5 step 5).

        Raises BadDigits for a bad account or PIN. Rules 6 and 7 say when nothing new is made.
        """
        order = Order(checked_account(payee), checked_account(payer), amount_fen)
        earlier = self._store.request(transaction_id, Kind.TRANSFER)
        if earlier is not None:
            if earlier.order != order:
                return [Show(Refused(transaction_id, Refusal.ID_USED))]
            return self.retry(transaction_id, now)
        for doubt in self._store.open_requests():
            if doubt.kind is Kind.TRANSFER and doubt.order == order:
                again = self.retry(doubt.transaction_id, now)
                return [Show(AlreadyInDoubt(transaction_id, doubt.transaction_id)), *again]
        inquiry = self._store.request(transaction_id, Kind.INQUIRY)
        if inquiry is None or inquiry.state is not State.DONE or inquiry.order.payee != payee:
            return [Show(Refused(transaction_id, Refusal.PAYEE_NOT_NAMED))]
        body = TransferBody(payer, payee, amount_fen, pin, self._new_reply_key())
        return self._make(transaction_id, Kind.TRANSFER, body, order, now)

    def retry(self, transaction_id: bytes, now: float) -> list[Action]:
        """Send a transfer in doubt again at once, the same bytes under the same id; a settled one is only shown."""
        request = self._store.request(transaction_id, Kind.TRANSFER)
        if request is None:
            return [Show(Refused(transaction_id, Refusal.UNKNOWN_ID))]
        if not request.is_open:
            return [Show(_outcome(request))]
        if request.identity != self._identity:
            return [Show(Refused(transaction_id, Refusal.OTHER_SIM))]
        request = replace(request, state=_MOVES[True, request.state, Event.ORDERED], next_send_at=now)
        if (transaction_id, Kind.TRANSFER) in self._in_modem.values():
            self._store.put_request(request)
            return [Show(self._in_doubt(request))]
        return self._send(request, now)

    def forget(self, transaction_id: bytes, now: float) -> list[Action]:
        """Stop asking a question that nobody waits for; a transfer cannot be forgotten."""
        for kind in (Kind.INQUIRY, Kind.BALANCE):
            request = self._store.request(transaction_id, kind)
            if request is not None and self._move(request, Event.FORGOTTEN) is State.DROPPED:
                self._settle(request, State.DROPPED)
        return []

    def doubts(self) -> list[StoredRequest]:
        """Return the transfers in doubt, oldest first."""
        return [request for request in self._store.open_requests() if request.kind is Kind.TRANSFER]

    # -- what the world tells -----------------------------------------------------------------------------

    def receive_text(self, sender: str, text: str, now: float) -> list[Action]:
        """Take one SMS. Never raises for what is in it."""
        if _comparable(sender) != self._operator_number:
            return [Note("a text that is not from the operator was ignored")]
        try:
            message = from_text(text)
        except BadMessage:
            return [Show(OperatorWrites(_printable(text)))]
        try:
            down = decode_down(message)
            return self._receive_notice(down) if isinstance(down, Notice) else self._receive_reply(down)
        except WireError as error:
            return [Note(f"a text from the operator was ignored: {error}")]

    def send_finished(self, send_id: int, outcome: SendOutcome, now: float) -> list[Action]:
        """Take what became of a send. Whatever it was, the same bytes go out again until an answer is here."""
        key = self._in_modem.pop(send_id, None)
        request = self._store.request(*key) if key else None
        if request is None:
            return []
        # The wait counts from here: a modem may take two minutes to hand a message over.
        request = replace(
            request,
            sms_sent=request.sms_sent - (outcome is SendOutcome.FAILED),
            next_send_at=now + self._delay(request.sends),
        )
        self._store.put_request(request)
        if key and outcome is SendOutcome.UNKNOWN:
            self._unknown[send_id] = key
        if outcome is SendOutcome.SENT or not request.is_open:
            return []
        return [Show(self._open_update(request, outcome))]

    def send_settled(self, send_id: int, outcome: SendOutcome, now: float) -> list[Action]:
        """Take what became of a send that had ended as UNKNOWN: the count of texts is right then, nothing else moves.

        The next send keeps its time: only an answer of the bank settles a request (rule 3).
        """
        key = self._unknown.pop(send_id, None)
        request = self._store.request(*key) if key else None
        if request is None:
            return []
        request = replace(request, sms_sent=request.sms_sent - (outcome is SendOutcome.FAILED))
        self._store.put_request(request)
        is_latest = key not in self._in_modem.values() and key not in self._unknown.values()
        return [Show(self._open_update(request, outcome))] if request.is_open and is_latest else []

    def tick(self, now: float) -> list[Action]:
        """Send again what is due, give up what was sent often enough."""
        actions: list[Action] = []
        for request in self._sendable():
            if request.next_send_at > now:
                continue
            if request.sends < self._policy.sends_max:
                actions += self._send(request, now)
                continue
            state = self._move(request, Event.EXHAUSTED)
            if state is State.DROPPED:
                self._settle(request, State.DROPPED)
                actions.append(Show(NoAnswer(request.transaction_id, request.kind)))
            elif state is not None:
                request = replace(request, state=state)
                self._store.put_request(request)
                actions.append(Show(self._in_doubt(request)))
        return actions

    def next_wakeup(self) -> float | None:
        """Return when `tick` has something to do (Unix seconds), or None."""
        return min((request.next_send_at for request in self._sendable()), default=None)

    # -- making and sending -------------------------------------------------------------------------------

    def _make(
        self,
        transaction_id: bytes,
        kind: Kind,
        body: InquiryBody | BalanceBody | TransferBody,
        order: Order,
        now: float,
    ) -> list[Action]:
        """Seal, store and send a new request (rule 1). All but a transfer register their id."""
        identity = None if kind is Kind.TRANSFER else self._identity
        bare = Request(kind, transaction_id, identity, b"")
        sealed = replace(bare, sealed=self._seal.seal(bare, body.encode()))
        if kind in (Kind.TRANSFER, Kind.BALANCE):
            # Kept from now on: the notice that it opens may overtake the answer.
            self._store.put_notice_key(transaction_id, notice_key(body.reply_key))
        request = StoredRequest(transaction_id, kind, self._identity, order, sealed.encode(), body.reply_key, now)
        return self._send(request, now)

    def _send(self, request: StoredRequest, now: float) -> list[Action]:
        request = replace(
            request,
            sends=request.sends + 1,
            sms_sent=request.sms_sent + 1,  # taken back if the modem says that nothing went out
            next_send_at=now + self._delay(request.sends + 1),
        )
        self._store.put_request(request)
        self._last_send_id += 1
        self._in_modem[self._last_send_id] = (request.transaction_id, request.kind)
        return [Show(self._open_update(request)), SendText(self._last_send_id, to_text(request.message))]

    def _delay(self, sends: int) -> float:
        """Return how long to wait for an answer after the `sends`-th send, in seconds (rule 2)."""
        after: float = self._policy.resend_first_s * 2.0 ** min(sends - 1, _DOUBLINGS_MAX)
        return min(after, self._policy.resend_max_s)

    def _sendable(self) -> list[StoredRequest]:
        in_modem = set(self._in_modem.values())
        return [
            request
            for request in self._store.open_requests()
            if request.state is State.WAITING
            and request.identity == self._identity
            and (request.transaction_id, request.kind) not in in_modem
        ]

    def _new_reply_key(self) -> Secret:
        return Secret(self._random(REPLY_KEY_BYTES))

    def _new_transaction_id(self) -> bytes:
        return self._random(TRANSACTION_ID_BYTES)

    # -- taking answers -----------------------------------------------------------------------------------

    def _receive_reply(self, reply: Reply) -> list[Action]:
        request = self._store.request(reply.transaction_id, Kind(reply.answers & 7))
        if request is None:
            return [Note("a reply to an unknown request was ignored")]
        request = replace(request, sms_received=request.sms_received + 1)
        self._store.put_request(request)
        if not request.is_open:
            return [Note("a reply to a settled request was ignored")]
        if reply.answers != Request.decode(request.message).type_byte():
            return [Note("a reply to a request of another form was ignored")]
        if not reply.sealed:
            return self._receive_unsealed(request, reply.code)
        return self._receive_answer(request, open_reply(request.reply_key, reply), reply.serial)

    def _receive_unsealed(self, request: StoredRequest, code: str) -> list[Action]:
        if lookup(code).handling is Handling.DONE:
            return [Note(f"an unsealed code {code} was ignored")]
        state = self._move(request, Event.UNSEALED_CODE)
        if state is State.DROPPED:
            self._settle(replace(request, code=code), State.DROPPED)
        return [Show(OperatorSays(request.transaction_id, request.kind, code))]

    def _receive_answer(self, request: StoredRequest, answer: Answer, serial: str | None) -> list[Action]:
        if answer.code == _IN_PROGRESS:
            return [Note("the bank is working on a request")]
        done = lookup(answer.code).handling is Handling.DONE
        if done and request.kind is Kind.INQUIRY and answer.name_last is None:
            return [Note("an answer without a name was ignored")]
        if done and request.kind is Kind.BALANCE and answer.balance_fen is None:
            return [Note("an answer without a balance was ignored")]
        state = self._move(request, Event.SEALED_DONE if done else Event.SEALED_DECLINED)
        assert state is not None, "an open request takes a sealed answer in every state"
        settled = self._settle(
            replace(
                request,
                code=answer.code,
                name_last=answer.name_last,
                rrn=answer.rrn,
                balance_fen=answer.balance_fen,
                serial=serial,
            ),
            state,
        )
        return [Show(_outcome(settled))]

    def _receive_notice(self, notice: Notice) -> list[Action]:
        key = self._store.notice_key(notice.key_id)
        if key is None:
            return [Note("a notice under an unknown key was ignored")]
        body = open_notice(key, notice)
        # Remembered only when it opened: a forged one must not silence the true one.
        if not self._store.is_new_notice(notice.notice_id):
            return [Note("a notice that was shown before was ignored")]
        return [Show(NoticeArrived(notice.notice_id, body.amount_fen, body.balance_fen, body.time_s))]

    def _move(self, request: StoredRequest, event: Event) -> State | None:
        return _MOVES.get((request.kind is Kind.TRANSFER, request.state, event))

    def _settle(self, request: StoredRequest, state: State) -> StoredRequest:
        """Close a request. Its bytes and reply key have no use any more, and go."""
        settled = replace(request, state=state, message=b"", reply_key=Secret(b""))
        self._store.put_request(settled)
        return settled

    # -- what is shown ------------------------------------------------------------------------------------

    def _open_update(self, request: StoredRequest, last_send: SendOutcome | None = None) -> Update:
        if request.kind is Kind.TRANSFER:
            return self._in_doubt(request, last_send)
        return Asking(request.transaction_id, request.kind, request.sends, last_send)

    def _in_doubt(self, request: StoredRequest, last_send: SendOutcome | None = None) -> InDoubt:
        next_send_at = request.next_send_at if request.state is State.WAITING else None
        return InDoubt(request.transaction_id, request.sends, next_send_at, last_send)


def _outcome(request: StoredRequest) -> Update:
    """Return what is shown of a request that the bank's sealed answer settled."""
    assert request.code is not None
    if request.state is not State.DONE:
        return Declined(request.transaction_id, request.kind, request.code, request.serial)
    if request.kind is Kind.INQUIRY:
        assert request.name_last is not None
        return PayeeNamed(request.transaction_id, request.name_last)
    if request.kind is Kind.BALANCE:
        assert request.balance_fen is not None
        return BalanceTold(request.transaction_id, request.balance_fen)
    return Done(request.transaction_id, request.code, request.rrn, request.balance_fen, request.serial)


def _comparable(number: str) -> str:
    """Return a sender's number without its plus; a short or alphanumeric one as it is."""
    try:
        return checked_msisdn(number)
    except BadDigits:
        return number


def _printable(text: str) -> str:
    """Return what may go to a screen: an SMS may hold control characters, a screen must not."""
    one_line = " ".join(text.split())
    return "".join(character for character in one_line if character.isprintable())[:_PLAIN_TEXT_CHARACTERS_MAX]
