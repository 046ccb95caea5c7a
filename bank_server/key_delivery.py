"""Bringing an operator the keys that it lacks (Fig. 2: steps 202, 206 and renewal; modules 416 and 418).

One block is on its way to each operator at a time: first seeds, or renewed seeds, and then the control key. What an
operator has confirmed is in the store; a block without confirmation is repeated, the same bytes, while it is connected.
"""

from dataclasses import dataclass, replace

from bank_server.actions import Action, Note, Send
from bank_server.bank import Bank
from bank_server.codes import Code
from bank_server.errors import UnknownKey
from bank_server.outgoing import OutgoingMessages
from bank_server.store import DeliveredKeys
from wire import iso
from wire.blocks import BlockKind, answer_generation_of
from wire.errors import BadMac
from wire.iso import Message, NetworkCode, block_text


@dataclass(frozen=True, slots=True)
class _Push:
    connection: int
    kind: BlockKind
    number: int  # generation or epoch
    under: int  # the generation whose work key protects it; 0 is the static key
    message: Message
    due: float


class KeyDelivery:
    """Key blocks on their way to operators that are connected."""

    def __init__(self, bank: Bank, outgoing: OutgoingMessages) -> None:
        self._bank = bank
        self._outgoing = outgoing
        self._pushes: dict[str, _Push] = {}

    def offer(self, operator: str, connection: int, now: float) -> list[Action]:
        """Send what the operator lacks next, unless a block is on its way over this connection already."""
        push = self._pushes.get(operator)
        if push is not None and push.connection == connection:
            return []
        self._pushes.pop(operator, None)
        return self._send_next(operator, connection, self._bank.store.delivered_keys(operator), now)

    def _send_next(self, operator: str, connection: int, delivered: DeliveredKeys, now: float) -> list[Action]:
        try:
            built = self._next_block(operator, delivered)
        except UnknownKey as error:
            return [Note("error", f"operator {operator} cannot be brought its keys: {error}")]
        if built is None:
            return []
        kind, number, block = built
        fields = {48: block_text(block), 70: NetworkCode.KEYS}
        message = self._outgoing.message("0800", operator, now, fields)
        due = now + self._bank.policy.repeat_s
        under = 0 if kind is BlockKind.FIRST_SEEDS else delivered.generation
        self._pushes[operator] = _Push(connection, kind, number, under, message, due)
        what = kind.name.lower().replace("_", " ")
        return [Note("info", f"{what} {number} sent to operator {operator}"), Send(connection, iso.encode(message))]

    def ask(self, operator: str, connection: int, now: float) -> list[Action]:
        """Begin anew with the first seeds: the operator says that it has no keys (0820, DE70 101)."""
        push = self._pushes.get(operator)
        if push is not None and push.connection == connection and push.kind is BlockKind.FIRST_SEEDS:
            return []
        self._pushes.pop(operator, None)
        if self._bank.store.delivered_keys(operator) != DeliveredKeys(operator):
            self._bank.store.set_delivered_keys(DeliveredKeys(operator))
        if not self._bank.keys.of(operator).generation:
            return [Note("warning", f"operator {operator} asks for keys, and there are no seeds for it yet")]
        return self.offer(operator, connection, now)

    def answered(self, operator: str, answer: Message, now: float) -> list[Action]:
        """Take a 0810: remember what was delivered and send what comes next."""
        push = self._pushes.get(operator)
        if push is None or push.message.key != answer.key:
            return [Note("info", f"operator {operator} confirmed a key block that is not on its way")]
        if answer[39] == Code.DONE:
            try:
                generation = answer_generation_of(push.message.block)
                self._bank.keys.check_answer(operator, generation, answer)
            except (BadMac, UnknownKey) as error:
                return [Note("warning", f"confirmation of operator {operator} ignored: {error}")]
        del self._pushes[operator]
        what = f"{push.kind.name.lower().replace('_', ' ')} {push.number}"
        delivered = self._bank.store.delivered_keys(operator)
        if answer[39] != Code.DONE:
            note = Note("error", f"operator {operator} refused {what} with code {answer[39]}")
            return [note, *self._try_newer_work_key(operator, push, delivered, now)]
        if push.kind is BlockKind.CONTROL_KEY:
            delivered = replace(delivered, epoch=push.number, epoch_s=int(now))
        else:
            delivered = replace(delivered, generation=push.number, generation_s=int(now))
        self._bank.store.set_delivered_keys(delivered)
        return [
            Note("info", f"operator {operator} has {what}"),
            *self.offer(operator, push.connection, now),
        ]

    def _try_newer_work_key(self, operator: str, push: _Push, delivered: DeliveredKeys, now: float) -> list[Action]:
        """Seal refused seeds under the next generation: the confirmation that it arrived may have been lost."""
        newer = [number for number in self._bank.keys.of(operator).seeds if push.under < number < push.number]
        if push.kind is not BlockKind.RENEWED_SEEDS or not newer:
            return []
        return self._send_next(operator, push.connection, replace(delivered, generation=min(newer)), now)

    def gone(self, operator: str, connection: int) -> None:
        """Forget what was on its way over a connection that is closed."""
        push = self._pushes.get(operator)
        if push is not None and push.connection == connection:
            del self._pushes[operator]

    def tick(self, now: float) -> list[Action]:
        """Repeat what was not answered."""
        actions: list[Action] = []
        for operator, push in self._pushes.items():
            if now >= push.due:
                self._pushes[operator] = replace(push, due=now + self._bank.policy.repeat_s)
                actions.append(Send(push.connection, iso.encode(push.message)))
        return actions

    def next_due(self) -> float | None:
        return min((push.due for push in self._pushes.values()), default=None)

    def _next_block(self, operator: str, delivered: DeliveredKeys) -> tuple[BlockKind, int, bytes] | None:
        keys, held = self._bank.keys, self._bank.keys.of(operator)
        if not held.generation:
            return None
        if delivered.generation not in held.seeds:  # none was delivered, or it is lost: only the static key is left
            block = keys.first_seeds_block(operator, self._bank.nonce())
            return BlockKind.FIRST_SEEDS, held.generation, block
        if delivered.generation < held.generation:
            block = keys.renewed_seeds_block(operator, delivered.generation)
            return BlockKind.RENEWED_SEEDS, held.generation, block
        if delivered.epoch < held.epoch:
            return BlockKind.CONTROL_KEY, held.epoch, keys.control_key_block(operator, delivered.generation)
        return None
