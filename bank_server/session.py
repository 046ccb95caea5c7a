"""The bank's side of all its operator connections, sans-IO: events in, actions out.

The rules, each in its own module:
1. An operator signs on before anything else, and speaks for itself only (DE32). It is brought the keys that it lacks.
2. A message with the DE7, DE11 and DE32 of an earlier one gets the stored answer, or code 94 if it differs.
3. A registration opens a transaction (registration). Exchanges in it are authenticated (authentication), carried out
   once (execution) and, if the operator had no answer in time, reversed (reversal).
4. What is refused changes nothing. What is answered is stored first.
5. Notices for payees wait in the store until the operator has answered (notices).

The shell calls each method inside one transaction of the store, commits, and then performs the actions.
"""

import hashlib
from collections.abc import Callable

from bank_server.actions import Action, Close, Note, Send
from bank_server.authentication import authenticate
from bank_server.bank import Bank, Refused, answer_to
from bank_server.codes import Code
from bank_server.execution import execute
from bank_server.key_delivery import KeyDelivery
from bank_server.keys import BankKeys, Random
from bank_server.notices import NoticeDelivery
from bank_server.outgoing import OutgoingMessages
from bank_server.policy import Policy, day_of
from bank_server.registration import keys_outdated, register
from bank_server.reversal import reverse
from bank_server.salvage import format_error_answer
from bank_server.store import DeliveredKeys, IsoAnswer, IsoKey, LedgerStore
from wire import iso
from wire.errors import BadMessage
from wire.iso import Direction, Message, NetworkCode


class BankSession:
    """All connections of one bank. Times are Unix seconds; connections are numbers that the shell gives."""

    def __init__(self, store: LedgerStore, keys: BankKeys, random: Random, policy: Policy | None = None) -> None:
        self._bank = Bank(store, keys, random, policy or Policy())
        self._connections: dict[int, str | None] = {}  # the operator that signed on
        self._online: dict[str, int] = {}  # the connection over which each operator signed on last
        outgoing = OutgoingMessages(random)
        self._key_delivery = KeyDelivery(self._bank, outgoing)
        self._notices = NoticeDelivery(self._bank, outgoing)
        self._purge_due = 0.0
        self._handlers: dict[str, Callable[[int, Message, bytes, float], list[Action]]] = {
            "0820": self._network_management,
            "0810": self._keys_answered,
            "0630": self._notice_answered,
            "0600": self._once,
            "0100": self._once,
            "0200": self._once,
            "0420": self._once,
            "0421": self._once,
        }

    # -- events -----------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:
        """Begin. Nothing is sent before an operator signs on; what then waits for it is in the store."""
        self._purge_due = now
        return []

    def connected(self, connection: int, now: float) -> list[Action]:
        """A connection was accepted."""
        assert connection not in self._connections
        self._connections[connection] = None
        return []

    def disconnected(self, connection: int, now: float) -> list[Action]:
        """A connection is gone, whoever closed it."""
        self._sign_off(connection)
        self._connections.pop(connection, None)
        return self._flush_notices(now)

    def receive(self, connection: int, message: bytes, now: float) -> list[Action]:
        """One ISO message, without its frame, arrived. Whatever is in it, only actions come of it."""
        if connection not in self._connections:
            return []  # closed, and what had arrived before is of no more interest
        try:
            decoded = iso.decode(message)
        except BadMessage as error:
            return self._malformed(connection, message, error)
        handler = self._handlers.get(decoded.mti)
        if handler is None:
            return [Close(connection, f"a bank is not sent {decoded.mti}")]
        if decoded.mti != "0820":
            signed_on = self._connections[connection]
            if signed_on is None or signed_on != decoded[32] or not self._bank.keys.knows(signed_on):
                return self._not_signed_on(connection, decoded)
        return handler(connection, decoded, message, now)

    def tick(self, now: float) -> list[Action]:
        """Do what is due: repeat key blocks and notices, forget old answers."""
        actions = self._key_delivery.tick(now)
        due = self._notices.next_due()
        if due is not None and now >= due:
            actions += self._flush_notices(now)
        if now >= self._purge_due:
            self._purge(now)
        return actions

    def next_wakeup(self) -> float | None:
        """When `tick` has something to do."""
        dues = (self._purge_due, self._key_delivery.next_due(), self._notices.next_due())
        return min(due for due in dues if due is not None)

    def keys_changed(self, now: float) -> list[Action]:
        """Keys were renewed: bring them to the operators that are connected."""
        actions: list[Action] = []
        for operator, connection in list(self._online.items()):
            if self._bank.keys.knows(operator):
                actions += self._key_delivery.offer(operator, connection, now)
        return actions

    def outdated_keys(self, now: float) -> list[DeliveredKeys]:
        """Return the generation and epoch of each operator before which its keys can be erased now."""
        found = (keys_outdated(self._bank, operator, now) for operator in self._bank.keys.operators())
        return [outdated for outdated in found if outdated is not None]

    # -- network management -----------------------------------------------------------------------------------

    def _network_management(self, connection: int, message: Message, _raw: bytes, now: float) -> list[Action]:
        operator, what = message[32], message[70]
        if what == NetworkCode.ECHO:
            return [_bare(connection, message, Code.DONE)]
        if what == NetworkCode.SIGN_ON:
            return self._sign_on(connection, message, now)
        if what not in (NetworkCode.SIGN_OFF, NetworkCode.KEYS):
            return [_bare(connection, message, Code.INVALID_TRANSACTION)]
        if self._connections[connection] != operator or not self._bank.keys.knows(operator):
            return self._not_signed_on(connection, message)
        if what == NetworkCode.SIGN_OFF:
            self._sign_off(connection)
            note = Note("info", f"operator {operator} signed off")
            return [_bare(connection, message, Code.DONE), note, *self._flush_notices(now)]
        return [_bare(connection, message, Code.DONE), *self._key_delivery.ask(operator, connection, now)]

    def _sign_on(self, connection: int, message: Message, now: float) -> list[Action]:
        operator = message[32]
        if not self._bank.keys.knows(operator):
            note = Note("warning", f"operator {operator} is not known here")
            return [note, _bare(connection, message, Code.UNKNOWN_OPERATOR)]
        self._sign_off(connection)
        self._connections[connection] = operator
        self._online[operator] = connection
        self._notices.gone(operator)
        return [
            Note("info", f"operator {operator} signed on"),
            _bare(connection, message, Code.DONE),
            *self._key_delivery.offer(operator, connection, now),
            *self._notices.flush(operator, connection, now),
        ]

    def _sign_off(self, connection: int) -> None:
        operator = self._connections.get(connection)
        if operator is None:
            return
        self._connections[connection] = None
        self._key_delivery.gone(operator, connection)
        if self._online.get(operator) == connection:
            del self._online[operator]
            self._notices.gone(operator)
            self._fall_back(operator)

    def _fall_back(self, operator: str) -> None:
        """An older connection of the operator that still lives is its connection again."""
        others = [other for other, signed_on in self._connections.items() if signed_on == operator]
        if others:
            self._online[operator] = others[-1]

    def _keys_answered(self, connection: int, message: Message, _raw: bytes, now: float) -> list[Action]:
        operator = message[32]
        return [
            *self._key_delivery.answered(operator, message, now),
            *self._notices.flush(operator, connection, now),  # with its first work key it can open them
        ]

    def _notice_answered(self, connection: int, message: Message, _raw: bytes, now: float) -> list[Action]:
        operator = message[32]
        return [*self._notices.answered(operator, message, now), *self._notices.flush(operator, connection, now)]

    def _not_signed_on(self, connection: int, message: Message) -> list[Action]:
        note = Note("warning", f"{message.mti} for operator {message[32]}, which is not signed on here")
        if message.mti in ("0810", "0630"):
            return [note]
        return [note, _bare(connection, message, Code.SIGN_ON_AGAIN)]

    def _malformed(self, connection: int, raw: bytes, error: BadMessage) -> list[Action]:
        """Answer with code 30 if the message tells enough for an answer; else the connection cannot go on."""
        answer = format_error_answer(raw)
        if answer is None:
            return [Close(connection, f"not a message of the profile: {error}")]
        return [Note("warning", f"refused, code 30: {error}"), Send(connection, answer)]

    # -- transactions -----------------------------------------------------------------------------------------

    def _once(self, connection: int, message: Message, raw: bytes, now: float) -> list[Action]:
        """Answer a message, or its repeat with the same bytes."""
        key = IsoKey(*message.key, repeated=int(message.mti == "0421"))
        digest = hashlib.sha256(raw).digest()
        known = self._bank.store.iso_answer(key)
        if known is not None:
            if known.request_digest == digest:
                return [Send(connection, known.response)]
            note = Note("warning", f"{message.mti} repeats DE7 and DE11 of another message")
            return [note, _bare(connection, message, Code.DUPLICATE)]
        try:
            answer, actions = self._answer(message, now)
        except Refused as refused:
            return self._refuse(connection, message, refused)
        response = iso.encode(answer)
        assert self._bank.store.add_iso_answer(IsoAnswer(key, digest, response, int(now)))
        return [*actions, Send(connection, response)]

    def _answer(self, message: Message, now: float) -> tuple[Message, list[Action]]:
        if message.mti == "0600":
            keys = register(self._bank, message[32], message, now)
            return iso.add_mac(answer_to(message, Code.DONE), keys), []
        return self._exchange(message, now)

    def _exchange(self, message: Message, now: float) -> tuple[Message, list[Action]]:
        bank = self._bank
        exchange = authenticate(bank, message[32], message, now)
        notes: list[Note] = []
        if message.mti in ("0420", "0421"):
            executed = reverse(bank, exchange, notes, now)
        else:
            executed = execute(bank, exchange, message.mti, message[3], notes, now)
        opened, request = exchange.opened, exchange.request
        bank.store.advance_transaction(
            opened.serial, exchange.number, request.transaction_id, opened.closed or executed.final
        )
        plaintext = exchange.identity.pack() + executed.reply
        bare = answer_to(message, executed.code)
        answer = iso.seal(bare, exchange.keys, Direction.TO_OPERATOR, plaintext, bank.nonce())
        return answer, [*notes, *(self._flush_notices(now) if executed.final else [])]

    def _refuse(self, connection: int, message: Message, refused: Refused) -> list[Action]:
        bare = answer_to(message, refused.code)
        answer = bare if refused.keys is None else iso.add_mac(bare, refused.keys)
        note = Note(
            "warning", f"{message.mti} of operator {message[32]} refused, code {refused.code}: {refused.reason}"
        )
        return [note, Send(connection, iso.encode(answer))]

    # -- what waits -------------------------------------------------------------------------------------------

    def _flush_notices(self, now: float) -> list[Action]:
        actions: list[Action] = []
        for operator, connection in self._online.items():
            actions += self._notices.flush(operator, connection, now)
        return actions

    def _purge(self, now: float) -> None:
        bank, policy = self._bank, self._bank.policy
        self._purge_due = now + policy.purge_every_s
        bank.store.purge_answers(int(now) - policy.iso_answers_kept_s, int(now) - policy.terminal_answers_kept_s)
        bank.store.purge_daily(day_of(now) - 1)
        for operator in bank.keys.operators():
            bank.store.purge_serials(operator, min(bank.keys.of(operator).controls, default=0))


def _bare(connection: int, message: Message, code: Code) -> Send:
    return Send(connection, iso.encode(answer_to(message, code)))
