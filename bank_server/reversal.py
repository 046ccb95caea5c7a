"""Reversals (0420, 0421): the operator had no answer to a transfer and wants it not to stand."""

from bank_server import ledger
from bank_server.actions import Note
from bank_server.authentication import Exchange
from bank_server.bank import Bank
from bank_server.codes import Code
from bank_server.execution import (
    Executed,
    is_repeat,
    known_outcome,
    not_a_repeat,
    open_body,
    outcome_of,
    sealed,
    unsealed,
)
from bank_server.policy import day_of
from bank_server.store import Outcome
from wire.secret import Secret
from wire.terminal import Answer, Kind, TransferBody


def reverse(bank: Bank, exchange: Exchange, notes: list[Note], now: float) -> Executed:
    """Settle a transfer for good and return its final answer.

    Unknown: it is declined (98), which blocks it if it comes late. Done: it is undone by a compensating transfer
    and answered 98, if it is fresh and the payee still has the money; else it stands, and its stored answer is
    final. Declined: the stored answer.
    """
    if exchange.request.kind is not Kind.TRANSFER:
        return unsealed(exchange, Code.INVALID_TRANSACTION)
    body = open_body(bank, exchange)
    if not isinstance(body, TransferBody):
        return unsealed(exchange, Code.FORMAT_ERROR)  # nor would the original open: there is nothing to block
    known = known_outcome(bank, exchange)
    if known is None:
        executed = _no_answer(bank, exchange, body.reply_key)
        assert bank.store.add_outcome(outcome_of(exchange, executed, now))
        return executed
    if not is_repeat(known, exchange):
        return not_a_repeat(bank, exchange, known, body.reply_key)
    if known.code == Code.DONE:
        return _undo(bank, exchange, body.reply_key, known, notes, now)
    return Executed(known.reply, known.code, final=True)


def _undo(bank: Bank, exchange: Exchange, reply_key: Secret, known: Outcome, notes: list[Note], now: float) -> Executed:
    original = bank.store.transfer(known.id)
    assert original is not None
    too_late = now - original.made_s > bank.policy.reversible_s
    if too_late or not ledger.can_reverse(bank.store, original):
        notes.append(Note("warning", f"transfer {known.id.hex()} cannot be reversed: it stands"))
        return Executed(known.reply, known.code, final=True)
    assert ledger.reverse(bank.store, original, int(now))  # a reversed transfer has no outcome that says done
    bank.store.withdraw_notice(original.id)
    if day_of(now) == day_of(original.made_s):  # yesterday's limits are of no more use
        bank.store.add_daily_transfers(original.debit, day_of(now), -original.amount_fen, -1)
    executed = _no_answer(bank, exchange, reply_key)
    bank.store.replace_outcome(outcome_of(exchange, executed, now))
    notes.append(Note("info", f"transfer {known.id.hex()} is reversed"))
    return executed


def _no_answer(bank: Bank, exchange: Exchange, reply_key: Secret) -> Executed:
    return sealed(bank, exchange, reply_key, Answer(Code.NO_ANSWER.value), final=True)
