"""From a request to its answer: the state of each request, and of the serial it travels under. Sans-IO.

Rules
1. A request is stored before it is sent, and what is sent is stored first: a repeat sends the stored bytes.
2. All exchanges of a transaction share one serial; no two transactions do. It is registered first (steps 102-108).
3. PSAM keys are in memory only: after a restart, what is unanswered is registered anew under a fresh serial.
4. No answer in `repeat_s`: the stored bytes again. No answer in `give_up_s`: the table below.
5. A transfer that may have reached the bank and gets no answer in time is reversed. Once it is being reversed, only
   the answer to the reversal counts, and the reversal is repeated until answered. Such a transfer is forgotten without
   the bank's sealed word in two cases: the bank's own answer opens and seals nothing inside, or, before a reversal,
   serials are spent (rule 6). Either can leave it booked at the bank; rule 8 says how its handset learns that.
6. Code A0 without DE48 says that the serial is of no use: a fresh one, three times in a row at most.
7. An answer that does not open, or answers something else, is as good as none.
8. What is forgotten was told to the handset in an unsealed reply, which settles nothing about a transfer; the
   handset's resend starts anew, and the bank knows a transfer again by number and id.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, auto

from operator_platform.actions import Action, CloseBank, Note, SendBank
from operator_platform.counters import Counters
from operator_platform.errors import SerialsSpent
from operator_platform.keys import OperatorKeys, Random
from operator_platform.messages import MessageMaker, OpenTransaction, open_answer
from operator_platform.outbox import Outbox
from operator_platform.policy import Policy
from operator_platform.store import (
    OperatorStore,
    RequestKey,
    State,
    StoredRequest,
    StoredTransaction,
    TransactionKey,
)
from operator_platform.timers import Timers
from wire import iso
from wire.errors import WireError
from wire.identity import Identity
from wire.iso import Message
from wire.terminal import Kind, Reply, to_text

SERIAL_OF_NO_USE = "A0"
SIGN_ON_AGAIN = "77"
DUPLICATE = "94"
DONE = "00"
SYSTEM_FAULT = "96"
NO_ANSWER_IN_TIME = "98"
BANK_NOT_REACHED = "91"


class Event(Enum):
    """What can happen to a request."""

    REGISTERED = auto()  # a register message needs no more than its registration
    SENT = auto()  # stored and sent under the transaction's serial
    SEALED_ANSWER = auto()  # opened, and sealed by the bank for the handset
    BARE_ANSWER = auto()  # opened, and the bank sealed nothing inside: it could not read the request
    REFUSED = auto()  # a code that nothing proves
    GAVE_UP = auto()
    SERIALS_SPENT = auto()  # rule 6


_ANY_REQUEST: Mapping[tuple[State, Event], State] = {
    (State.WAITING, Event.REGISTERED): State.ANSWERED,
    (State.WAITING, Event.SENT): State.SENT,
    (State.WAITING, Event.REFUSED): State.FORGOTTEN,
    (State.WAITING, Event.GAVE_UP): State.FORGOTTEN,
    (State.WAITING, Event.SERIALS_SPENT): State.FORGOTTEN,
    (State.SENT, Event.SENT): State.SENT,
    (State.SENT, Event.SEALED_ANSWER): State.ANSWERED,
    (State.SENT, Event.BARE_ANSWER): State.FORGOTTEN,
    (State.SENT, Event.REFUSED): State.FORGOTTEN,
    (State.SENT, Event.GAVE_UP): State.FORGOTTEN,
    (State.SENT, Event.SERIALS_SPENT): State.FORGOTTEN,
}
NEXT_STATE: Mapping[bool, Mapping[tuple[State, Event], State]] = {
    False: _ANY_REQUEST,
    True: {  # a transfer
        **_ANY_REQUEST,
        (State.SENT, Event.REFUSED): State.SENT,
        (State.SENT, Event.GAVE_UP): State.REVERSING,
        (State.REVERSING, Event.SENT): State.REVERSING,
        (State.REVERSING, Event.SEALED_ANSWER): State.ANSWERED,
        (State.REVERSING, Event.BARE_ANSWER): State.FORGOTTEN,
        (State.REVERSING, Event.REFUSED): State.REVERSING,
        (State.REVERSING, Event.SERIALS_SPENT): State.REVERSING,
    },
}
ANSWERS = {"0100": "0110", "0200": "0210", "0420": "0430", "0421": "0430"}


class Relay:
    """All unanswered requests and all open transactions of one operator."""

    def __init__(
        self,
        node: int,
        store: OperatorStore,
        keys: OperatorKeys,
        random: Random,
        counters: Counters,
        messages: MessageMaker,
        outbox: Outbox,
        timers: Timers,
        policy: Policy,
        ask_for_keys: Callable[[float], list[Action]],
    ) -> None:
        self._node = node
        self._store = store
        self._keys = keys
        self._random = random
        self._counters = counters
        self._messages = messages
        self._outbox = outbox
        self._timers = timers
        self._policy = policy
        self._ask_for_keys = ask_for_keys
        self._bank_up = False
        # What the store has of unanswered requests, by transaction.
        self._requests: dict[RequestKey, StoredRequest] = {}
        self._of_transaction: defaultdict[TransactionKey, set[RequestKey]] = defaultdict(set)
        self._of_msisdn: Counter[str] = Counter()
        # Requests whose stored bytes are with the bank, under the serial in them; with the number of repeats.
        self._in_flight: dict[RequestKey, int] = {}
        self._open: dict[TransactionKey, OpenTransaction] = {}
        self._epochs: Counter[int] = Counter()
        self._fresh_serials: Counter[TransactionKey] = Counter()  # in a row
        self._registrations: dict[str, TransactionKey] = {}  # by STAN
        self._exchanges: dict[str, RequestKey] = {}  # by STAN, exchanges and reversals
        self._stans: defaultdict[RequestKey, list[str]] = defaultdict(list)

    # -- what the session asks ------------------------------------------------------------------------------

    @property
    def unanswered(self) -> int:
        return len(self._requests)

    def unanswered_of(self, msisdn: str) -> int:
        return self._of_msisdn[msisdn]

    def epoch_in_use(self, epoch: int) -> bool:
        """Whether a transaction is open under a control key."""
        return self._epochs[epoch] > 0

    def start(self, now: float) -> list[Action]:
        """Load what an earlier run left unanswered (rule 3)."""
        loaded = self._store.unanswered()
        for request in loaded:
            self._remember(request)
            if request.state is not State.REVERSING:
                self._set_give_up(request)
            elif request.reversal_repeat is not None:
                self._in_flight[request.key] = 0
        reversing = sum(request.state is State.REVERSING for request in loaded)
        if not loaded:
            return []
        return [Note("info", f"{len(loaded)} unanswered requests resumed, {reversing} of them are being reversed")]

    def new_request(
        self, key: RequestKey, identity: Identity, message: bytes, digest: bytes, now: float
    ) -> list[Action]:
        """Store a request that was not seen before, and take it as far as it gets now."""
        stored = self._store.transaction_of(key.transaction)
        if stored is None:
            rrn = self._messages.rrn(now)
            self._store.put_transaction(StoredTransaction(key.transaction, identity, rrn, opened_at=now))
        elif stored.identity != identity:  # registers again, with the SIM that the number has now
            self._store.put_transaction(replace(stored, identity=identity))
            if key.transaction in self._open:
                self._close(self._open[key.transaction])
        request = StoredRequest(key, digest, message, State.WAITING, arrived_at=now)
        self._remember(request)
        self._store.put_request(request)
        self._set_give_up(request)
        return self._advance(key, now)

    def bank_up(self, now: float) -> list[Action]:
        """Send all that is unanswered: stored bytes where they are of use, else under a fresh serial."""
        self._bank_up = True
        actions: list[Action] = []
        for transaction in list(self._open.values()):
            if not transaction.registered:
                actions += self._send_registration(transaction, now)
        for key in list(self._requests):
            if key in self._in_flight:
                actions += self._repeat(key, now)
            else:
                actions += self._advance(key, now)
        return actions

    def bank_down(self) -> None:
        self._bank_up = False
        for key in self._in_flight:
            self._timers.cancel(("repeat", key))
        for transaction in self._open.values():
            self._timers.cancel(("registration", transaction.key))

    def control_key_arrived(self, now: float) -> list[Action]:
        """Take every request on that waited for a key."""
        return [action for key in list(self._requests) for action in self._advance(key, now)]

    # -- taking a request on --------------------------------------------------------------------------------

    def _advance(self, key: RequestKey, now: float) -> list[Action]:
        """Do the next step of a request, if it is not with the bank already and nothing is missing."""
        if not self._bank_up or key in self._in_flight or self._keys.control is None:
            return []
        transaction = self._open.get(key.transaction)
        if transaction is not None and transaction.exchanges_spent:
            self._close(transaction)
            transaction = None
        if transaction is None:
            return self._open_transaction(key.transaction, now)
        if not transaction.registered:
            return []
        if key.kind is Kind.REGISTER:
            return self._happened(key, Event.REGISTERED, now, _bare_reply(self._requests[key], DONE))
        return self._send(key, transaction, now)

    def _open_transaction(self, key: TransactionKey, now: float) -> list[Action]:
        """Make a dynamic key and register it with the bank (steps 104 and 106)."""
        stored = self._store.transaction_of(key)
        assert stored is not None, "a request is stored with its transaction"
        try:
            dynamic = self._keys.dynamic_key(self._node, self._counters.serial(), self._random)
        except SerialsSpent as error:
            return [Note("error", str(error))]
        self._make_room()
        self._store.put_transaction(replace(stored, serial=str(dynamic.serial)))
        transaction = self._messages.open_transaction(stored, dynamic, self._keys.static, now)
        self._open[key] = transaction
        self._epochs[dynamic.serial.epoch] += 1
        self._timers.set(
            ("close", key), now + self._policy.transaction_open_s, lambda then: self._close_expired(key, then)
        )
        note = Note("info", f"{key}: serial {transaction.serial}, registering")
        return [note, *self._send_registration(transaction, now)]

    def _send_registration(self, transaction: OpenTransaction, now: float) -> list[Action]:
        self._registrations[transaction.registration_stan] = transaction.key
        self._timers.set(
            ("registration", transaction.key),
            now + self._policy.repeat_s,
            lambda then: self._send_registration(transaction, then),
        )
        return [SendBank(transaction.registration)]

    def _send(self, key: RequestKey, transaction: OpenTransaction, now: float) -> list[Action]:
        """Seal a request, or its reversal, under an open serial; store it, send it (steps 112 and 114)."""
        request = self._requests[key]
        if request.state is State.REVERSING:
            assert request.exchange is not None, "only what was sent is reversed"
            first, repeat = self._messages.reversal(transaction, request.message, request.exchange, now)
            changed = replace(request, serial=transaction.serial, reversal=first, reversal_repeat=repeat)
        else:
            first = self._messages.exchange(transaction, key.kind, request.message, now)
            sent_at = now if request.first_sent_at is None else request.first_sent_at
            changed = replace(request, serial=transaction.serial, exchange=first, first_sent_at=sent_at)
        changed = replace(changed, state=self._next_state(request, Event.SENT))
        self._change(changed)
        self._note_stans(changed)
        if request.first_sent_at is None:
            self._set_give_up(changed)
        self._in_flight[key] = 0
        self._set_repeat(key, now)
        return [Note("info", f"{key}: sent as {iso.decode(first).mti} under {transaction.serial}"), SendBank(first)]

    def _repeat(self, key: RequestKey, now: float) -> list[Action]:
        """Send the stored bytes again."""
        request = self._requests[key]
        stored = request.reversal_repeat if request.state is State.REVERSING else request.exchange
        assert stored is not None
        self._note_stans(request)
        self._in_flight[key] = self._in_flight.get(key, 0) + 1
        self._set_repeat(key, now)
        return [Note("info", f"{key}: not answered, repeated"), SendBank(stored)]

    # -- the bank's answers ---------------------------------------------------------------------------------

    def registration_answer(self, answer: Message, now: float) -> list[Action]:
        """Take an 0610. A refusal needs no MAC, since a bank that cannot derive the keys has none to give."""
        key = self._registrations.get(answer[11])
        transaction = None if key is None else self._open.get(key)
        if transaction is None or transaction.registered or answer[37] != transaction.rrn:
            return [Note("warning", f"0610 with STAN {answer[11]} answers nothing that is open")]
        if answer[39] == DONE or 64 in answer.fields:
            try:
                iso.check_mac(answer, transaction.dynamic.psam)
            except WireError as error:
                return [Note("error", f"{transaction.key}: answer to the registration ignored: {error}")]
        if answer[39] in (SERIAL_OF_NO_USE, DUPLICATE):
            return self._fresh_serial(transaction.key, now)
        if answer[39] == SIGN_ON_AGAIN:
            return self._epoch_refused(transaction, now)
        if answer[39] != DONE:
            return self._registration_refused(transaction, answer[39], now)
        transaction.registered = True
        self._forget_registration(transaction)
        return [action for request in self._requests_of(transaction.key) for action in self._advance(request, now)]

    def _epoch_refused(self, transaction: OpenTransaction, now: float) -> list[Action]:
        """The bank opens no transactions under our control key: ask for the one of now, then try again."""
        key = transaction.key
        self._close(transaction)
        self._fresh_serials[key] += 1
        if self._fresh_serials[key] > self._policy.fresh_serials_max:
            return self._serials_spent(key, now)
        for request in self._requests_of(key):
            self._advance_later(request, now)
        note = Note("warning", f"{key}: the bank opens no transactions under epoch {transaction.dynamic.serial.epoch}")
        return [note, *self._ask_for_keys(now)]

    def _registration_refused(self, transaction: OpenTransaction, code: str, now: float) -> list[Action]:
        self._close(transaction)
        actions: list[Action] = [Note("error", f"{transaction.key}: the bank refuses the registration with {code}")]
        for key in self._requests_of(transaction.key):
            actions += self._happened(key, Event.REFUSED, now, _bare_reply(self._requests[key], code))
            if key in self._requests:
                self._advance_later(key, now)
        return actions

    def exchange_answer(self, answer: Message, now: float) -> list[Action]:
        """Take an 0110, 0210 or 0430."""
        key = self._exchanges.get(answer[11])
        request = None if key is None else self._requests.get(key)
        if key is None or request is None or not self._answers(answer, request):
            return [Note("warning", f"{answer.mti} with STAN {answer[11]} answers nothing that waits")]
        transaction = self._open.get(key.transaction)
        if transaction is None or transaction.serial != request.serial:
            # A reversal from before a restart: its keys are gone, so this answer opens for nobody (rule 3).
            return [
                Note("info", f"{key}: reversed under a serial of an earlier run, asked again under a fresh one"),
                *self._fresh_serial(key.transaction, now),
            ]
        try:
            if 48 in answer.fields:
                reply = open_answer(answer, transaction, request.message)
                self._fresh_serials.pop(key.transaction, None)
                event = Event.SEALED_ANSWER if reply.sealed else Event.BARE_ANSWER
                return self._happened(key, event, now, reply)
            if 64 in answer.fields or 128 in answer.fields:
                iso.check_mac(answer, transaction.dynamic.psam)
        except WireError as error:
            return [Note("error", f"{key}: {answer.mti} ignored: {error}")]
        if answer[39] == SERIAL_OF_NO_USE:
            return self._fresh_serial(key.transaction, now)
        if answer[39] == SIGN_ON_AGAIN:
            return [CloseBank("the bank wants us to sign on again")]
        note = Note("warning", f"{key}: {answer.mti} says {answer[39]} and proves nothing")
        return [note, *self._happened(key, Event.REFUSED, now, _bare_reply(request, answer[39]))]

    def _answers(self, answer: Message, request: StoredRequest) -> bool:
        stored = request.reversal if request.state is State.REVERSING else request.exchange
        if stored is None:
            return False
        sent = iso.decode(stored)
        return answer.mti == ANSWERS[sent.mti] and (answer[37], answer[60]) == (sent[37], sent[60])

    def _fresh_serial(self, key: TransactionKey, now: float) -> list[Action]:
        """Give up a serial and open another for the same transaction (rule 6)."""
        transaction = self._open.get(key)
        if transaction is not None:
            self._close(transaction)
        self._fresh_serials[key] += 1
        requests = self._requests_of(key)
        for request in requests:
            self._land(request)
        if self._fresh_serials[key] > self._policy.fresh_serials_max:
            return self._serials_spent(key, now)
        note = Note("warning", f"{key}: the bank wants a fresh serial ({self._fresh_serials[key]} in a row)")
        return [note, *(action for request in requests for action in self._advance(request, now))]

    def _serials_spent(self, key: TransactionKey, now: float) -> list[Action]:
        del self._fresh_serials[key]
        actions: list[Action] = [
            Note("error", f"{key}: the bank wants fresh serials again and again: do the control keys agree?"),
            *self._ask_for_keys(now),
        ]
        for request in self._requests_of(key):
            reply = _bare_reply(self._requests[request], SYSTEM_FAULT)
            actions += self._happened(request, Event.SERIALS_SPENT, now, reply)
            if request in self._requests:
                self._advance_later(request, now)
        return actions

    # -- time -----------------------------------------------------------------------------------------------

    def _set_repeat(self, key: RequestKey, now: float) -> None:
        """Every `repeat_s`; a reversal less and less often, since it is repeated for ever."""
        after = self._policy.repeat_s
        if self._requests[key].state is State.REVERSING:
            doubled = after * 2.0 ** min(self._in_flight[key], 30)
            after = min(doubled, max(after, self._policy.reversal_repeat_s_max))
        self._timers.set(("repeat", key), now + after, lambda then: self._repeat(key, then))

    def _set_give_up(self, request: StoredRequest) -> None:
        since = request.arrived_at if request.first_sent_at is None else request.first_sent_at
        self._timers.set(
            ("give up", request.key),
            since + self._policy.give_up_s,
            lambda then: self._give_up(request.key, then),
        )

    def _give_up(self, key: RequestKey, now: float) -> list[Action]:
        request = self._requests[key]
        never_sent = key.kind is Kind.TRANSFER and request.state is State.WAITING
        code = BANK_NOT_REACHED if never_sent or not self._bank_up else NO_ANSWER_IN_TIME
        note = Note("warning", f"{key}: no answer in {self._policy.give_up_s:g} s, state {request.state.value}")
        actions = [note, *self._happened(key, Event.GAVE_UP, now, _bare_reply(request, code))]
        if key in self._requests:
            self._land(key)
            actions += self._advance(key, now)  # the reversal
        return actions

    def _advance_later(self, key: RequestKey, now: float) -> None:
        """Try again when the bank may have changed its mind, not at once."""
        self._land(key)
        reversing = self._requests[key].state is State.REVERSING
        after = self._policy.reversal_repeat_s_max if reversing else self._policy.repeat_s
        self._timers.set(("repeat", key), now + after, lambda then: self._advance(key, then))

    def _close_expired(self, key: TransactionKey, now: float) -> list[Action]:
        """Erase keys that the bank has closed by now. What still waits under them asks for a fresh serial."""
        transaction = self._open[key]
        self._close(transaction)
        for request in self._requests_of(key):
            self._land(request)
        return [action for request in self._requests_of(key) for action in self._advance(request, now)]

    # -- state ----------------------------------------------------------------------------------------------

    def _next_state(self, request: StoredRequest, event: Event) -> State:
        return NEXT_STATE[request.key.kind is Kind.TRANSFER][request.state, event]

    def _happened(self, key: RequestKey, event: Event, now: float, reply: Reply) -> list[Action]:
        """Apply the table. A final state sends `reply` to the handset; any other leaves it unsent."""
        request = self._requests[key]
        state = self._next_state(request, event)
        if state not in (State.ANSWERED, State.FORGOTTEN):
            if state is not request.state:
                self._change(replace(request, state=state))
            return []
        self._done_with(key)
        message = reply.encode()
        if state is State.ANSWERED:
            self._store.put_request(
                replace(request, state=state, message=b"", answer=message, reversal=None, reversal_repeat=None)
            )
        else:
            self._store.forget_request(key)
        if state is State.FORGOTTEN or key.kind not in (Kind.INQUIRY, Kind.REGISTER):
            self._close_unused(key.transaction)
        note = Note("info", f"{key}: {state.value} with {reply.code}")
        return [note, *self._outbox.send(key.msisdn, to_text(message), now)]

    def _remember(self, request: StoredRequest) -> None:
        self._requests[request.key] = request
        self._of_transaction[request.key.transaction].add(request.key)
        self._of_msisdn[request.key.msisdn] += 1

    def _change(self, request: StoredRequest) -> None:
        self._requests[request.key] = request
        self._store.put_request(request)

    def _done_with(self, key: RequestKey) -> None:
        self._land(key)
        self._timers.cancel(("give up", key))
        del self._requests[key]
        self._of_msisdn[key.msisdn] -= 1
        if not self._of_msisdn[key.msisdn]:
            del self._of_msisdn[key.msisdn]
        self._of_transaction[key.transaction].discard(key)
        if not self._of_transaction[key.transaction]:
            del self._of_transaction[key.transaction]
            self._fresh_serials.pop(key.transaction, None)

    def _land(self, key: RequestKey) -> None:
        """Take a request out of the air: its stored bytes are not repeated any more."""
        self._in_flight.pop(key, None)
        self._timers.cancel(("repeat", key))
        self._forget_stans(key)

    def _requests_of(self, key: TransactionKey) -> list[RequestKey]:
        """Return a transaction's unanswered requests, in the order of their kinds, so that a run can be repeated."""
        return sorted(self._of_transaction.get(key, ()))

    def _note_stans(self, request: StoredRequest) -> None:
        """Expect answers to the messages that count now, and to no others."""
        self._forget_stans(request.key)
        current = [request.exchange]
        if request.state is State.REVERSING:
            current = [request.reversal, request.reversal_repeat]
        for raw in current:
            if raw is not None:
                stan = iso.decode(raw)[11]
                self._stans[request.key].append(stan)
                self._exchanges[stan] = request.key

    def _forget_stans(self, key: RequestKey) -> None:
        for stan in self._stans.pop(key, ()):
            self._exchanges.pop(stan, None)

    # -- open transactions ----------------------------------------------------------------------------------

    def _close(self, transaction: OpenTransaction) -> None:
        """Erase a transaction's keys."""
        self._forget_registration(transaction)
        self._timers.cancel(("close", transaction.key))
        self._epochs[transaction.dynamic.serial.epoch] -= 1
        del self._open[transaction.key]

    def _close_unused(self, key: TransactionKey) -> None:
        transaction = self._open.get(key)
        if transaction is not None and not self._of_transaction.get(key):
            self._close(transaction)

    def _forget_registration(self, transaction: OpenTransaction) -> None:
        self._timers.cancel(("registration", transaction.key))
        self._registrations.pop(transaction.registration_stan, None)

    def _make_room(self) -> None:
        """Erase the keys of the oldest transaction that waits for its customer, if all places are taken."""
        if len(self._open) < self._policy.open_transactions_max:
            return
        for key, transaction in self._open.items():
            if not self._of_transaction.get(key):
                self._close(transaction)
                return
        raise AssertionError("more transactions with unanswered requests than unanswered_max allows")


def _bare_reply(request: StoredRequest, code: str) -> Reply:
    """Return a reply in the operator's own name, which no bank has sealed."""
    return Reply(request.key.transaction_id, request.message[0], code, None, b"")
