"""Carrying out what an authentic exchange asks for (step 118, module 406): inquiry, balance, transfer."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bank_server import ledger, notices
from bank_server.actions import Note
from bank_server.authentication import Exchange
from bank_server.bank import Bank
from bank_server.codes import Code
from bank_server.customer import Declined, check_phone, check_pin, customer_account, keep_notice_key
from bank_server.policy import day_of
from bank_server.store import Account, Outcome, TerminalAnswer, Transfer
from wire.errors import BadDigits, BadMessage, BadSeal
from wire.iso import ProcessingCode
from wire.sealing import seal_reply
from wire.secret import Secret
from wire.terminal import Answer, BalanceBody, InquiryBody, Kind, Reply, TransferBody

Body = InquiryBody | BalanceBody | TransferBody

# Which message (MTI, DE3) carries which request. Statement and change of PIN are reserved: answered with code 40.
_CARRIED_BY = {
    Kind.INQUIRY: ("0100", ProcessingCode.INQUIRY),
    Kind.BALANCE: ("0100", ProcessingCode.BALANCE),
    Kind.STATEMENT: ("0100", ProcessingCode.STATEMENT),
    Kind.CHANGE_PIN: ("0100", ProcessingCode.CHANGE_PIN),
    Kind.TRANSFER: ("0200", ProcessingCode.TRANSFER),
}

_DECODERS: Mapping[Kind, Callable[[bytes], Body]] = {
    Kind.INQUIRY: InquiryBody.decode,
    Kind.BALANCE: BalanceBody.decode,
    Kind.TRANSFER: TransferBody.decode,
}


@dataclass(frozen=True, slots=True)
class Executed:
    """The reply for the handset, and whether it settles the transfer, so that the serial closes."""

    reply: bytes
    code: str
    final: bool = False


def execute(bank: Bank, exchange: Exchange, mti: str, processing_code: str, notes: list[Note], now: float) -> Executed:
    """Carry a request out once, or answer a repeat with what was answered. Whatever is decided is in the store.

    A request whose sealed body does not open is answered unsealed and leaves nothing behind: whoever made it,
    the handset that owns the transaction id may still bring the real one.
    """
    kind = exchange.request.kind
    if _CARRIED_BY.get(kind) != (mti, processing_code):
        return unsealed(exchange, Code.INVALID_TRANSACTION)
    if kind not in (Kind.INQUIRY, Kind.BALANCE, Kind.TRANSFER):
        return unsealed(exchange, Code.NOT_SUPPORTED)
    body = open_body(bank, exchange)
    if body is None:
        return unsealed(exchange, Code.FORMAT_ERROR)
    if isinstance(body, TransferBody):
        return _transfer(bank, exchange, body, notes, now)
    return _question(bank, exchange, body, notes, now)


def open_body(bank: Bank, exchange: Exchange) -> Body | None:
    """Open and parse what the handset sealed to the bank; None if it does not open or is malformed."""
    try:
        return _DECODERS[exchange.request.kind](bank.keys.open_request(exchange.request))
    except (BadSeal, BadMessage, BadDigits):
        return None


def unsealed(exchange: Exchange, code: Code) -> Executed:
    """Answer without the bank's seal, which settles nothing about a transfer."""
    request = exchange.request
    reply = Reply(request.transaction_id, request.type_byte(), code.value, exchange.serial, b"")
    return Executed(reply.encode(), code.value)


def sealed(bank: Bank, exchange: Exchange, reply_key: Secret, answer: Answer, *, final: bool) -> Executed:
    """Answer under the bank's seal."""
    reply = seal_reply(reply_key, exchange.request, answer, exchange.serial, bank.nonce())
    return Executed(reply.encode(), answer.code, final)


def duplicate(bank: Bank, exchange: Exchange, reply_key: Secret) -> Executed:
    """Refuse a request whose id was used for another one."""
    return sealed(bank, exchange, reply_key, Answer(Code.DUPLICATE.value), final=False)


def not_a_repeat(bank: Bank, exchange: Exchange, known: Outcome, reply_key: Secret) -> Executed:
    """Refuse a transfer whose id, or whose sealed body under another number, was used before.

    Whoever brings the very body of a transfer that is done, under another number, gets nothing sealed: its reply key
    is the owner's, whose handset would believe a sealed refusal.
    """
    if known.code == Code.DONE and known.seal_digest == _digest(exchange.request.sealed):
        return unsealed(exchange, Code.DUPLICATE)
    return duplicate(bank, exchange, reply_key)


# -- questions ------------------------------------------------------------------------------------------------


def _question(
    bank: Bank, exchange: Exchange, body: InquiryBody | BalanceBody, notes: list[Note], now: float
) -> Executed:
    request, msisdn = exchange.request, exchange.identity.msisdn
    digest = _digest(exchange.terminal_message)
    known = bank.store.terminal_answer(msisdn, request.transaction_id, request.kind)
    if known is not None:
        same = known.message_digest == digest
        return Executed(known.reply, known.code) if same else duplicate(bank, exchange, body.reply_key)
    try:
        check_phone(bank, exchange, notes)
        answer = _answer(bank, exchange, body, now)
    except Declined as declined:
        answer = Answer(declined.code.value)
    executed = sealed(bank, exchange, body.reply_key, answer, final=False)
    added = bank.store.add_terminal_answer(
        TerminalAnswer(msisdn, request.transaction_id, request.kind, digest, executed.code, executed.reply, int(now))
    )
    assert added
    return executed


def _answer(bank: Bank, exchange: Exchange, body: InquiryBody | BalanceBody, now: float) -> Answer:
    if isinstance(body, InquiryBody):
        return _holder(bank, exchange, body, now)
    return _balance(bank, exchange, body)


def _holder(bank: Bank, exchange: Exchange, body: InquiryBody, now: float) -> Answer:
    """Tell the last character of a holder's name (Fig. 5 step 2). Unknown accounts count too: they are guesses."""
    if bank.store.count_inquiry(exchange.identity.msisdn, day_of(now)) > bank.policy.daily_inquiries_max:
        raise Declined(Code.OVER_COUNT_LIMIT)
    account = bank.store.account(body.payee)
    if account is None or not account.is_open:
        raise Declined(Code.NO_SUCH_ACCOUNT)
    return Answer(Code.DONE.value, name_last=account.holder[-1])


def _balance(bank: Bank, exchange: Exchange, body: BalanceBody) -> Answer:
    account, enrolment = customer_account(bank, exchange, body.account)
    check_pin(bank, enrolment, body.pin)
    keep_notice_key(bank, exchange, body.reply_key)
    return Answer(Code.DONE.value, balance_fen=account.balance_fen)


# -- transfers ------------------------------------------------------------------------------------------------


def _transfer(bank: Bank, exchange: Exchange, body: TransferBody, notes: list[Note], now: float) -> Executed:
    known = known_outcome(bank, exchange)
    if known is not None:
        if is_repeat(known, exchange):
            return Executed(known.reply, known.code, final=True)
        return not_a_repeat(bank, exchange, known, body.reply_key)
    try:
        answer = _carry_out(bank, exchange, body, notes, now)
    except Declined as declined:
        answer = Answer(declined.code.value)
    executed = sealed(bank, exchange, body.reply_key, answer, final=True)
    assert bank.store.add_outcome(outcome_of(exchange, executed, now))
    return executed


def known_outcome(bank: Bank, exchange: Exchange) -> Outcome | None:
    """Return what became of this transfer, or of the same sealed request brought under another number."""
    name = ledger.transfer_id(exchange.identity.msisdn, exchange.request.transaction_id)
    return bank.store.outcome(name) or bank.store.outcome_of_seal(_digest(exchange.request.sealed))


def is_repeat(known: Outcome, exchange: Exchange) -> bool:
    """Whether an exchange brings the very request that `known` is the outcome of, under the same number."""
    name = ledger.transfer_id(exchange.identity.msisdn, exchange.request.transaction_id)
    return known.id == name and known.message_digest == _digest(exchange.terminal_message)


def outcome_of(exchange: Exchange, executed: Executed, now: float) -> Outcome:
    """Return the row to store for a transfer that is settled."""
    return Outcome(
        ledger.transfer_id(exchange.identity.msisdn, exchange.request.transaction_id),
        exchange.request.transaction_id,
        _digest(exchange.terminal_message),
        _digest(exchange.request.sealed),
        executed.code,
        executed.reply,
        int(now),
    )


def _carry_out(bank: Bank, exchange: Exchange, body: TransferBody, notes: list[Note], now: float) -> Answer:
    """Post a transfer, or raise Declined. The PIN comes before all that tells something about money."""
    check_phone(bank, exchange, notes)
    payer, enrolment = customer_account(bank, exchange, body.payer)
    check_pin(bank, enrolment, body.pin)
    keep_notice_key(bank, exchange, body.reply_key)
    payee = bank.store.account(body.payee)
    if body.amount_fen == 0:
        raise Declined(Code.INVALID_AMOUNT)
    if body.payee == body.payer:
        raise Declined(Code.INVALID_TRANSACTION)
    if payee is None or not payee.is_open:
        raise Declined(Code.NO_SUCH_ACCOUNT)
    _check_limits(bank, payer, body.amount_fen, now)
    transfer = Transfer(
        ledger.transfer_id(exchange.identity.msisdn, exchange.request.transaction_id),
        payer.number,
        payee.number,
        body.amount_fen,
        int(now),
        rrn=exchange.rrn,
    )
    assert ledger.post(bank.store, transfer)  # without an outcome there is no transfer of this id
    bank.store.add_daily_transfers(payer.number, day_of(now), body.amount_fen, 1)
    notices.announce(bank, transfer, exchange.operator, now)
    return Answer(Code.DONE.value, rrn=exchange.rrn, balance_fen=payer.balance_fen - body.amount_fen)


def _check_limits(bank: Bank, payer: Account, amount_fen: int, now: float) -> None:
    policy = bank.policy
    fen_today, transfers_today = bank.store.daily_transfers(payer.number, day_of(now))
    if amount_fen > policy.transfer_fen_max or fen_today + amount_fen > policy.daily_fen_max:
        raise Declined(Code.OVER_AMOUNT_LIMIT)
    if transfers_today >= policy.daily_transfers_max:
        raise Declined(Code.OVER_COUNT_LIMIT)
    if amount_fen > payer.available_fen:
        raise Declined(Code.NOT_ENOUGH_MONEY)


def _digest(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()
