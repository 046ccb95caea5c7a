"""The store in one SQLite file, so that `kill -9` loses nothing that was acknowledged."""

import fcntl
import os
import sqlite3
from pathlib import Path

from modem_emulator.outcome import DeliveryStatus, Outcome, Reports
from modem_emulator.store import Queued, Status, StoredMessage

# Up to version 0 the reports of a message were 0 or 1 (both final ones), and its protocol was not kept.
_SCHEMA_VERSION = 1
_FROM_VERSION_0 = """
ALTER TABLE queued RENAME TO queued_0;
CREATE TABLE queued (
    identity INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    tpdu BLOB NOT NULL,
    sender TEXT NOT NULL,
    reference INTEGER NOT NULL CHECK (reference BETWEEN 0 AND 255),
    reports INTEGER NOT NULL CHECK (reports BETWEEN 0 AND 7),
    submitted_s REAL NOT NULL,
    due_s REAL NOT NULL,
    expires_s REAL NOT NULL,
    about INTEGER NOT NULL,
    protocol_id INTEGER NOT NULL
);
INSERT INTO queued SELECT identity, destination, tpdu, sender, reference, 3 * report_wanted, submitted_s, due_s,
    expires_s, about, 0 FROM queued_0;
DELETE FROM sqlite_sequence WHERE name = 'queued';
UPDATE sqlite_sequence SET name = 'queued' WHERE name = 'queued_0';
DROP TABLE queued_0;
"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS queued (
    identity INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    tpdu BLOB NOT NULL,
    sender TEXT NOT NULL,
    reference INTEGER NOT NULL CHECK (reference BETWEEN 0 AND 255),
    reports INTEGER NOT NULL CHECK (reports BETWEEN 0 AND 7),
    submitted_s REAL NOT NULL,
    due_s REAL NOT NULL,
    expires_s REAL NOT NULL,
    about INTEGER NOT NULL,
    protocol_id INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS outcome (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    identity INTEGER NOT NULL,
    sender TEXT NOT NULL,
    destination TEXT NOT NULL,
    reference INTEGER NOT NULL,
    status INTEGER NOT NULL,
    submitted_s REAL NOT NULL,
    since_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS note (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (kind, key)
);
CREATE TABLE IF NOT EXISTS slot (
    imsi TEXT NOT NULL,
    position INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),
    tpdu BLOB NOT NULL,
    PRIMARY KEY (imsi, position)
);
"""
_QUEUED_COLUMNS = (
    "identity, destination, tpdu, sender, reference, reports, submitted_s, due_s, expires_s, about, protocol_id"
)
_OUTCOME_COLUMNS = "identity, sender, destination, reference, status, submitted_s, since_s"


class StateLocked(Exception):
    """Another emulator works on this state folder."""


class StateUnusable(Exception):
    """The state folder cannot be made or its file is no database of ours."""


class SqliteStore:
    """Queue and slots in `DIR/network.sqlite` (WAL, synchronous=FULL: a commit is on disk when it returns).

    `DIR/lock` is held for the life of the store, so that two emulators never deliver the same queue. Raises
    StateLocked or StateUnusable, with a sentence.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateUnusable(f"cannot use {folder} for the state: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise StateLocked(f"another emulator is using {folder}; stop it or choose another --state") from error
        try:
            self._database = sqlite3.connect(folder / "network.sqlite")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._make_tables()
        except sqlite3.Error as error:
            os.close(self._lock)
            raise StateUnusable(f"cannot read {folder / 'network.sqlite'}: {error}") from error

    def _make_tables(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        tables = self._database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'queued'").fetchone()[0]
        change = _FROM_VERSION_0 if version == 0 and tables else ""
        self._database.executescript(f"BEGIN; {change} {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")

    def queued(self) -> list[Queued]:
        rows = self._database.execute(f"SELECT {_QUEUED_COLUMNS} FROM queued ORDER BY identity")  # noqa: S608
        return [_queued(*row) for row in rows]

    def last_identity(self) -> int:
        row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'queued'").fetchone()
        return int(row[0]) if row else 0

    def put(self, message: Queued) -> None:
        self._database.execute(
            f"INSERT OR REPLACE INTO queued ({_QUEUED_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                message.identity,
                message.destination,
                message.tpdu,
                message.sender,
                message.reference,
                int(message.reports),
                message.submitted_s,
                message.due_s,
                message.expires_s,
                message.about,
                message.protocol_id,
            ),
        )

    def remove(self, identity: int) -> None:
        self._database.execute("DELETE FROM queued WHERE identity = ?", (identity,))

    def outcomes(self) -> list[Outcome]:
        rows = self._database.execute(f"SELECT {_OUTCOME_COLUMNS} FROM outcome ORDER BY place")  # noqa: S608
        return [_outcome(*row) for row in rows]

    def put_outcome(self, outcome: Outcome) -> None:
        self._database.execute(
            f"INSERT INTO outcome ({_OUTCOME_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                outcome.identity,
                outcome.sender,
                outcome.destination,
                outcome.reference,
                int(outcome.status),
                outcome.submitted_s,
                outcome.since_s,
            ),
        )

    def keep_outcomes(self, count: int) -> None:
        self._database.execute(
            "DELETE FROM outcome WHERE place NOT IN (SELECT place FROM outcome ORDER BY place DESC LIMIT ?)", (count,)
        )

    def notes(self, kind: str) -> dict[str, str]:
        rows = self._database.execute("SELECT key, value FROM note WHERE kind = ? ORDER BY place", (kind,))
        return dict(rows.fetchall())

    def put_note(self, kind: str, key: str, value: str) -> None:
        self._database.execute(
            "INSERT INTO note (kind, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            (kind, key, value),
        )

    def remove_note(self, kind: str, key: str) -> None:
        self._database.execute("DELETE FROM note WHERE kind = ? AND key = ?", (kind, key))

    def slots(self, imsi: str) -> dict[int, StoredMessage]:
        rows = self._database.execute("SELECT position, status, tpdu FROM slot WHERE imsi = ?", (imsi,))
        return {position: StoredMessage(Status(status), tpdu) for position, status, tpdu in rows}

    def put_slot(self, imsi: str, index: int, message: StoredMessage) -> None:
        self._database.execute(
            "INSERT INTO slot (imsi, position, status, tpdu) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (imsi, position) DO UPDATE SET status = excluded.status, tpdu = excluded.tpdu",
            (imsi, index, int(message.status), message.tpdu),
        )

    def remove_slot(self, imsi: str, index: int) -> None:
        self._database.execute("DELETE FROM slot WHERE imsi = ? AND position = ?", (imsi, index))

    def commit(self) -> None:
        self._database.commit()

    def close(self) -> None:
        self._database.commit()
        self._database.close()
        os.close(self._lock)


def _queued(
    identity: int, destination: str, tpdu: bytes, sender: str, reference: int, reports: int, *rest: float
) -> Queued:
    submitted_s, due_s, expires_s, about, protocol_id = rest
    return Queued(
        identity,
        destination,
        tpdu,
        sender,
        reference,
        Reports(reports),
        submitted_s,
        due_s,
        expires_s,
        int(about),
        int(protocol_id),
    )


def _outcome(identity: int, sender: str, destination: str, reference: int, status: int, *times_s: float) -> Outcome:
    return Outcome(identity, sender, destination, reference, DeliveryStatus(status), *times_s)
