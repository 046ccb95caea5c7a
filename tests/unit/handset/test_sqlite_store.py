import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from handset.sqlite_store import NOTICE_KEYS_MAX, Bank, SqliteStore, StoreUnusable
from handset.store import Order, State, StoredRequest
from wire.identity import Identity
from wire.secret import Secret
from wire.terminal import Kind

REQUEST = StoredRequest(
    transaction_id=b"12345678",
    kind=Kind.TRANSFER,
    identity=Identity("460000000000001", "8613900000001"),
    order=Order("4600020000000002", "4600010000000001", 1234),
    message=b"m" * 106,
    reply_key=Secret(b"k" * 16),
    made_at=1_790_000_000.5,
    sends=2,
    next_send_at=1_790_000_020.5,
    sms_sent=2,
    sms_received=1,
)
SETTLED = replace(
    REQUEST, state=State.DONE, code="00", name_last="梅", rrn="000000000042", balance_fen=-5, serial="0001000100000007"
)


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with store.transaction():
        store.put_request(REQUEST)
        store.put_request(replace(SETTLED, transaction_id=b"87654321"))
        store.pin_bank(Bank(b"p" * 32, "7faa"))
        store.remember_operator("95533")
        store.put_notice_key(b"12345678", Secret(b"n" * 16))
    store.close()
    store = SqliteStore(tmp_path)
    assert store.request(b"12345678", Kind.TRANSFER) == REQUEST
    assert store.requests(b"87654321") == [replace(SETTLED, transaction_id=b"87654321")]
    assert store.open_requests() == [REQUEST]
    assert store.bank() == Bank(b"p" * 32, "7faa")
    assert store.operator_number() == "95533"
    assert store.notice_key(b"12345678") == Secret(b"n" * 16)
    store.close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)

    def failing() -> None:
        with store.transaction():
            store.put_request(REQUEST)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert store.open_requests() == []
    store.close()


def test_files_and_folder_are_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    store = SqliteStore(folder)
    with store.transaction():
        store.put_request(REQUEST)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert "handset.sqlite" in names
    assert set(names.values()) == {0o600}
    store.close()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    (tmp_path / "handset.sqlite").chmod(0o640)
    with pytest.raises(StoreUnusable, match="chmod 600"):
        SqliteStore(tmp_path)


def test_two_handsets_on_one_state_are_refused(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreUnusable, match="another handset"):
        SqliteStore(tmp_path)
    store.close()
    SqliteStore(tmp_path).close()


def test_a_foreign_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "handset.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    path.chmod(0o600)
    with pytest.raises(StoreUnusable, match="cannot read"):
        SqliteStore(tmp_path)


def test_a_disk_that_refuses_to_write_is_told_as_such(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    other = sqlite3.connect(tmp_path / "handset.sqlite", isolation_level=None)
    other.execute("DROP TABLE request")
    with pytest.raises(StoreUnusable, match="cannot write the state"), store.transaction():
        store.put_request(REQUEST)
    other.close()
    store.close()


def test_only_the_newest_notice_keys_are_kept(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, synchronous="OFF")
    with store.transaction():
        for number in range(NOTICE_KEYS_MAX + 3):
            store.put_notice_key(number.to_bytes(8, "big"), Secret(bytes(16)))
    assert store.notice_key((2).to_bytes(8, "big")) is None
    assert store.notice_key((3).to_bytes(8, "big")) is not None
    store.close()


def test_a_notice_is_new_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, synchronous="OFF")
    assert store.is_new_notice(b"notice 1")
    assert not store.is_new_notice(b"notice 1")
    assert store.is_new_notice(b"notice 2")
    store.close()


def test_another_sim_is_noticed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, synchronous="OFF")
    first, second = Identity("460000000000001", "8613900000001"), Identity("460000000000002", "8613900000002")
    assert store.remember_sim(first)
    assert store.remember_sim(first)
    assert not store.remember_sim(second)
    assert not store.remember_sim(first)
    assert store.remember_sim(first)
    assert store.number_of(second.imsi) == second.msisdn
    store.close()


def test_nothing_of_a_request_but_its_id_and_state_is_in_its_repr() -> None:
    shown = repr(SETTLED)
    for hidden in ("4600020000000002", "4600010000000001", "1234,", "8613900000001", "kkkk", "mmmm"):
        assert hidden not in shown
