"""The books: double entry, what the database itself refuses, and what `verify` finds."""

import hashlib
import sqlite3

import pytest

from bank_server import ledger
from bank_server.errors import UnusableState
from bank_server.sqlite_store import SqliteStore
from bank_server.store import HOUSE_ACCOUNT, Transfer
from tests.unit.bank_server.counterpart import ALICE, ALICES, BOBS, BankSide

A, B = "46000111111", "46000222222"


@pytest.fixture
def store() -> SqliteStore:
    store = SqliteStore(":memory:")
    ledger.open_house_account(store)
    assert ledger.open_account(store, A, "A", 1000, 5)
    assert ledger.open_account(store, B, "B", 0, 5)
    return store


def name(number: int) -> bytes:
    return number.to_bytes(16, "big")


def available(store: SqliteStore, number: str) -> int:
    account = store.account(number)
    assert account is not None
    return account.available_fen


def test_opening_balances_come_out_of_the_house_account(store):
    house = store.account(HOUSE_ACCOUNT)
    assert house is not None
    assert house.balance_fen == -1000
    assert store.verify() == []


def test_an_account_number_is_given_once(store):
    assert not ledger.open_account(store, A, "Other", 5, 6)
    assert available(store, A) == 1000


def test_a_transfer_id_is_posted_once(store):
    assert ledger.post(store, Transfer(name(1), A, B, 100, 6, kind="opening"))
    assert not ledger.post(store, Transfer(name(1), A, B, 900, 6, kind="opening"))
    assert (available(store, A), available(store, B)) == (900, 100)


def test_a_pending_transfer_holds_the_money_until_it_is_posted_or_voided(store):
    for number, posts, after in ((1, False, (1000, 0)), (2, True, (600, 400))):
        pending = Transfer(name(number), A, B, 400, 6, kind="opening", phase="pending")
        assert ledger.reserve(store, pending)
        assert not ledger.reserve(store, pending)
        assert (available(store, A), available(store, B)) == (600, 0)
        assert store.verify() == []
        assert ledger.resolve(store, pending, name(number + 10), posts=posts, now_s=7)
        assert not ledger.resolve(store, pending, name(number + 20), posts=not posts, now_s=8)
        assert (available(store, A), available(store, B)) == after
        assert store.verify() == []


def test_a_transfer_is_reversed_once(store):
    original = Transfer(name(1), A, B, 100, 6)
    assert ledger.post(store, original)
    assert ledger.can_reverse(store, original)
    assert ledger.reverse(store, original, 7)
    assert not ledger.reverse(store, original, 8)
    assert (available(store, A), available(store, B)) == (1000, 0)


def test_a_transfer_id_is_made_from_number_and_transaction_id():
    expected = hashlib.sha256(bytes.fromhex("8613800000001FFF") + b"12345678").digest()[:16]
    assert ledger.transfer_id("8613800000001", b"12345678") == expected


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE accounts SET debits_posted = 1001 WHERE number = '{A}'",
        f"UPDATE accounts SET debits_pending = 1001 WHERE number = '{A}'",
        f"UPDATE accounts SET status = 'frozen' WHERE number = '{A}'",
        "UPDATE transfers SET amount_fen = 0",
        "UPDATE transfers SET amount_fen = -5",
        "UPDATE transfers SET credit = debit",
        "UPDATE transfers SET credit = '999999999'",
        "UPDATE transfers SET kind = 'gift'",
        "UPDATE transfers SET kind = 'reversal'",
        "UPDATE transfers SET phase = 'void_pending'",
        "INSERT INTO transfers SELECT * FROM transfers",
        f"DELETE FROM accounts WHERE number = '{A}'",
    ],
)
def test_the_database_itself_refuses_what_books_cannot_hold(store, sql):
    with pytest.raises(sqlite3.IntegrityError):
        store.execute(sql)


def test_an_overdraft_that_the_rules_let_through_is_stopped_by_the_database(store):
    with pytest.raises(sqlite3.IntegrityError, match="balance_above_floor"), store.transaction():
        ledger.post(store, Transfer(name(1), A, B, 1001, 6))
    assert store.transfer(name(1)) is None
    assert store.verify() == []


def test_one_outcome_an_id(bank, operator, alice):
    operator.open(ALICE).carry(alice.transfer())
    with pytest.raises(sqlite3.IntegrityError):
        bank.store.execute("INSERT INTO outcomes SELECT * FROM outcomes")


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("UPDATE transfers SET amount_fen = amount_fen + 1 WHERE kind = 'transfer'", "was debited is not the sum"),
        ("UPDATE transfers SET credit = '46000333333' WHERE kind = 'transfer'", "was credited is not the sum"),
        (f"UPDATE accounts SET credits_posted = credits_posted + 1 WHERE number = '{BOBS}'", "do not equal credits"),
        (f"UPDATE accounts SET credits_pending = 1 WHERE number = '{BOBS}'", "pending debits"),
        ("DELETE FROM outcomes WHERE code = '00'", "made without an answer"),
        ("UPDATE outcomes SET code = '51' WHERE code = '00'", "made without an answer"),
        ("UPDATE outcomes SET code = '00' WHERE code = '55'", "answered as done"),
        ("UPDATE outcomes SET reply = x'00' WHERE code = '55'", "malformed"),
        ("UPDATE outcomes SET transaction_id = x'0011223344556677' WHERE code = '55'", "something else"),
        ("UPDATE terminal_answers SET code = '05'", "something else"),
        ("UPDATE transfers SET amount_fen = 1 WHERE kind = 'reversal'", "mirror image"),
        ("DELETE FROM notices; DELETE FROM transfers WHERE kind = 'transfer'", "answered as done"),
    ],
)
def test_verify_finds_a_row_that_was_tampered_with(bank, operator, alice, sql, finding):
    operator.accepts_notices = False
    operator.open(ALICE).carry(alice.inquiry())
    operator.open(ALICE).carry(alice.transfer())
    operator.open(ALICE).carry(alice.transfer(pin=type(alice.reply_key)(b"9999")))
    undone = alice.transfer(7)
    operator.open(ALICE).carry(undone)
    operator.open(ALICE).reverse(undone)
    assert bank.store.verify() == []
    bank.store._connection.execute("PRAGMA foreign_keys = OFF")
    bank.store._connection.executescript(sql)
    found = bank.store.verify()
    assert any(finding in sentence for sentence in found), found


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "bank.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UnusableState, match="cannot be used"):
        SqliteStore(path)


def test_the_database_file_is_for_its_owner_alone(tmp_path):
    SqliteStore(tmp_path / "bank.db").close()
    assert (tmp_path / "bank.db").stat().st_mode & 0o777 == 0o600


def test_what_was_not_committed_is_gone_after_a_crash(tmp_path):
    bank = BankSide(tmp_path / "bank.db")
    bank.store._connection.execute("BEGIN IMMEDIATE")
    assert ledger.post(bank.store, Transfer(name(1), ALICES, BOBS, 10, 6))
    bank.store.close()
    again = SqliteStore(tmp_path / "bank.db")
    assert again.transfer(name(1)) is None
    assert again.verify() == []


def test_a_savepoint_undoes_one_message_and_not_those_before_it(store):
    def fails_halfway() -> None:
        with store.savepoint():
            ledger.post(store, Transfer(name(2), A, B, 1, 6, kind="opening"))
            raise KeyError

    with store.transaction():
        ledger.post(store, Transfer(name(1), A, B, 1, 6, kind="opening"))
        with pytest.raises(KeyError):
            fails_halfway()
    assert store.transfer(name(1)) is not None
    assert store.transfer(name(2)) is None


def test_rows_that_hold_names_numbers_or_keys_do_not_show_them(bank, operator, alice):
    transaction = operator.open(ALICE)
    transaction.carry(alice.balance())
    rows = [
        *bank.store.accounts(),
        *bank.store.phones(),
        *bank.store.enrolments(),
        bank.store.opened_transaction(transaction.serial.pack()),
    ]
    shown = repr(rows)
    for secret in (ALICE.msisdn, ALICE.imsi, ALICES, "王爱丽", "notice_key", "pin_verifier"):
        assert secret not in shown
