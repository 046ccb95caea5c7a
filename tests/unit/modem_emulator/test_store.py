"""Both stores keep what they are given; the one on disk keeps it through a restart."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from gsm.pdu import UserData
from modem_emulator.network import Network, Submission
from modem_emulator.outcome import DeliveryStatus, Outcome, Reports
from modem_emulator.sqlite_store import SqliteStore, StateLocked, StateUnusable
from modem_emulator.store import MemoryStore, Queued, Status, Store, StoredMessage

IMSI = "460001234567890"
PHONE, BANK = "+8613900000001", "95533"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make: Callable[[], Store] = {"memory": MemoryStore, "sqlite": lambda: SqliteStore(tmp_path)}[request.param]
    made = make()
    yield made
    made.close()


def queued(identity: int) -> Queued:
    return Queued(identity, BANK, b"\x04tpdu", PHONE, 255, Reports.FINAL, 1.5, 2.5, 3.5, 9, 0x41)


def test_the_queue_comes_back_as_it_was_put_in_order(store: Store) -> None:
    store.put(queued(2))
    store.put(queued(1))
    store.put(queued(3))
    store.remove(3)
    store.remove(77)
    assert store.queued() == [queued(1), queued(2)]


def test_an_identity_is_never_given_twice_even_when_its_message_is_gone(store: Store) -> None:
    assert store.last_identity() == 0
    store.put(queued(5))
    store.remove(5)
    assert store.last_identity() == 5


def test_a_queued_message_can_be_changed(store: Store) -> None:
    store.put(queued(1))
    store.put(replace(queued(1), reports=Reports.NONE))
    assert store.queued() == [replace(queued(1), reports=Reports.NONE)]


def test_outcomes_come_back_in_order_and_the_oldest_can_be_forgotten(store: Store) -> None:
    outcomes = [Outcome(identity, PHONE, BANK, 7, DeliveryStatus.EXPIRED, 1.5, 2.5) for identity in (3, 1, 2)]
    for outcome in outcomes:
        store.put_outcome(outcome)
    assert store.outcomes() == outcomes
    store.keep_outcomes(2)
    assert store.outcomes() == outcomes[1:]


def test_notes_are_kept_by_kind_and_key_in_order(store: Store) -> None:
    store.put_note("a", "2", "x")
    store.put_note("a", "1", "y")
    store.put_note("b", "1", "z")
    store.put_note("a", "2", "changed")
    assert list(store.notes("a").items()) == [("2", "changed"), ("1", "y")]
    store.remove_note("a", "2")
    store.remove_note("c", "2")
    assert (store.notes("a"), store.notes("b")) == ({"1": "y"}, {"1": "z"})


def test_slots_belong_to_one_sim_and_are_overwritten(store: Store) -> None:
    store.put_slot(IMSI, 1, StoredMessage(Status.RECEIVED_UNREAD, b"a"))
    store.put_slot(IMSI, 1, StoredMessage(Status.RECEIVED_READ, b"a"))
    store.put_slot("460001234567891", 2, StoredMessage(Status.STORED_SENT, b"b"))
    assert store.slots(IMSI) == {1: StoredMessage(Status.RECEIVED_READ, b"a")}
    store.remove_slot(IMSI, 1)
    assert store.slots(IMSI) == {}


def test_what_was_committed_outlives_a_process_that_never_closed(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = SqliteStore(folder)
    first.put(queued(1))
    first.put_slot(IMSI, 1, StoredMessage(Status.RECEIVED_UNREAD, b"a"))
    first.commit()
    first.put(queued(2))
    abandon(first)
    second = SqliteStore(folder)
    assert second.queued() == [queued(1)]
    assert second.slots(IMSI) == {1: StoredMessage(Status.RECEIVED_UNREAD, b"a")}
    second.close()


def abandon(store: SqliteStore) -> None:
    """Let go of the files as the kernel does for a killed process: no commit."""
    store._database.close()
    os.close(store._lock)


def test_a_network_delivers_after_a_restart_what_it_accepted_before(tmp_path: Path) -> None:
    def network(store: Store) -> Network:
        return Network(store, Random(1), phones=[PHONE], esmes=[BANK])

    first = SqliteStore(tmp_path)
    accepted = network(first).submit(Submission(PHONE, BANK, UserData.of_text("hello")), 1_700_000_000)
    first.commit()
    abandon(first)
    second = SqliteStore(tmp_path)
    restarted = network(second)
    restarted.attach(BANK)
    assert [message.identity for message in restarted.due(1_700_000_010)] == [accepted.identity]
    later = restarted.submit(Submission(PHONE, BANK, UserData.of_text("again")), 1_700_000_010)
    assert later.identity == accepted.identity + 1
    second.close()


def test_a_state_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "network.sqlite")
    database.executescript(
        "CREATE TABLE queued (identity INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT, tpdu BLOB, sender TEXT,"
        " reference INTEGER, report_wanted INTEGER, submitted_s REAL, due_s REAL, expires_s REAL, about INTEGER);"
        f"INSERT INTO queued VALUES (1, '{BANK}', x'0474706475', '{PHONE}', 255, 1, 1.5, 2.5, 3.5, 9);"
        "INSERT INTO queued VALUES (8, '', x'', '', 0, 0, 0, 0, 0, 0); DELETE FROM queued WHERE identity = 8;"
    )
    database.close()
    for _ in range(2):
        store = SqliteStore(tmp_path)
        assert store.queued() == [replace(queued(1), protocol_id=0)]
        assert store.last_identity() == 8
        store.close()


def test_two_emulators_never_work_on_one_state(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path)
    with pytest.raises(StateLocked, match="another emulator"):
        SqliteStore(tmp_path)
    first.close()
    SqliteStore(tmp_path).close()


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "network.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 10)
    with pytest.raises(StateUnusable, match=r"network\.sqlite"):
        SqliteStore(tmp_path)
