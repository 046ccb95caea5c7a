"""Double-entry bookkeeping: transfers are posted at once, or pending and then posted or voided; none is ever changed.

Every transfer takes from one account (debit) and gives to another (credit). The callers have checked what customers
may do; what the books may hold is checked here by assertion and by the database's own constraints.
"""

import hashlib

from bank_server.store import HOUSE_ACCOUNT, HOUSE_FLOOR_FEN, Account, LedgerStore, Transfer
from wire.digits import MSISDN_BYTES, pack_digits

TRANSFER_ID_BYTES = 16


def transfer_id(msisdn: str, transaction_id: bytes) -> bytes:
    """Name the transfer that a phone asks for: SHA-256(MSISDN 8, packed || transaction id 8), first 16 bytes.

    Whoever brings the request, and under whatever serial, it is the same transfer.
    """
    return _id(pack_digits(msisdn, MSISDN_BYTES), transaction_id)


def reversal_id(original: bytes) -> bytes:
    """Name the one transfer that may reverse `original`."""
    return _id(b"yinxin reversal", original)


def _id(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()[:TRANSFER_ID_BYTES]


def open_house_account(store: LedgerStore) -> None:
    """Add the account that stands against all opening balances, unless it is there."""
    store.add_account(Account(HOUSE_ACCOUNT, "the bank", HOUSE_FLOOR_FEN, "house"))


def open_account(store: LedgerStore, number: str, holder: str, balance_fen: int, now_s: int) -> bool:
    """Add a customer's account and bring in its opening balance; return False if the number is taken."""
    assert balance_fen >= 0
    if not store.add_account(Account(number, holder, 0, "open")):
        return False
    if balance_fen:
        name = _id(b"yinxin opening", number.encode("ascii"))
        assert post(store, Transfer(name, HOUSE_ACCOUNT, number, balance_fen, now_s, kind="opening"))
    return True


def post(store: LedgerStore, transfer: Transfer) -> bool:
    """Post a transfer at once; return False, and change nothing, if its id was used before."""
    assert transfer.phase == "posted"
    if not store.add_transfer(transfer):
        return False
    store.add_to_sums(transfer.debit, debits_posted=transfer.amount_fen)
    store.add_to_sums(transfer.credit, credits_posted=transfer.amount_fen)
    return True


def reserve(store: LedgerStore, transfer: Transfer) -> bool:
    """Make a pending transfer: its amount can no longer be spent, and is not yet the payee's."""
    assert transfer.phase == "pending"
    if not store.add_transfer(transfer):
        return False
    store.add_to_sums(transfer.debit, debits_pending=transfer.amount_fen)
    store.add_to_sums(transfer.credit, credits_pending=transfer.amount_fen)
    return True


def resolve(store: LedgerStore, pending: Transfer, name: bytes, *, posts: bool, now_s: int) -> bool:
    """Post or void a pending transfer under a new id; return False if it was resolved before."""
    assert pending.phase == "pending"
    phase = "post_pending" if posts else "void_pending"
    amount = pending.amount_fen
    second = Transfer(
        name, pending.debit, pending.credit, amount, now_s, pending.kind, phase, resolves=pending.id, rrn=pending.rrn
    )
    if not store.add_transfer(second):
        return False
    posted = amount if posts else 0
    store.add_to_sums(pending.debit, debits_pending=-amount, debits_posted=posted)
    store.add_to_sums(pending.credit, credits_pending=-amount, credits_posted=posted)
    return True


def can_reverse(store: LedgerStore, original: Transfer) -> bool:
    """Whether the payee still has the money and both accounts are open."""
    payer, payee = store.account(original.debit), store.account(original.credit)
    assert payer is not None
    assert payee is not None
    return payer.is_open and payee.is_open and payee.available_fen >= original.amount_fen


def reverse(store: LedgerStore, original: Transfer, now_s: int) -> bool:
    """Compensate a posted transfer by its mirror image; return False if that was done before."""
    assert original.kind == "transfer"
    mirror = Transfer(
        reversal_id(original.id),
        original.credit,
        original.debit,
        original.amount_fen,
        now_s,
        kind="reversal",
        reverses=original.id,
        rrn=original.rrn,
    )
    return post(store, mirror)
