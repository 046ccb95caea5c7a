"""The store in one SQLite file, so that `kill -9` loses nothing that was acknowledged."""

import fcntl
import os
import sqlite3
from pathlib import Path

from modem_emulator.store import Queued, Status, StoredMessage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queued (
    identity INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    tpdu BLOB NOT NULL,
    sender TEXT NOT NULL,
    reference INTEGER NOT NULL CHECK (reference BETWEEN 0 AND 255),
    report_wanted INTEGER NOT NULL CHECK (report_wanted IN (0, 1)),
    submitted_s REAL NOT NULL,
    due_s REAL NOT NULL,
    expires_s REAL NOT NULL,
    about INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS slot (
    imsi TEXT NOT NULL,
    position INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),
    tpdu BLOB NOT NULL,
    PRIMARY KEY (imsi, position)
);
"""


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
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise StateUnusable(f"cannot read {folder / 'network.sqlite'}: {error}") from error

    def queued(self) -> list[Queued]:
        rows = self._database.execute(
            "SELECT identity, destination, tpdu, sender, reference, report_wanted, submitted_s, due_s,"
            " expires_s, about FROM queued ORDER BY identity"
        )
        return [_queued(*row) for row in rows]

    def last_identity(self) -> int:
        row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'queued'").fetchone()
        return int(row[0]) if row else 0

    def put(self, message: Queued) -> None:
        self._database.execute(
            "INSERT INTO queued (identity, destination, tpdu, sender, reference, report_wanted, submitted_s,"
            " due_s, expires_s, about) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                message.identity,
                message.destination,
                message.tpdu,
                message.sender,
                message.reference,
                int(message.report_wanted),
                message.submitted_s,
                message.due_s,
                message.expires_s,
                message.about,
            ),
        )

    def remove(self, identity: int) -> None:
        self._database.execute("DELETE FROM queued WHERE identity = ?", (identity,))

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
    identity: int,
    destination: str,
    tpdu: bytes,
    sender: str,
    reference: int,
    report_wanted: int,
    *rest: float,
) -> Queued:
    submitted_s, due_s, expires_s, about = rest
    wanted = bool(report_wanted)
    return Queued(identity, destination, tpdu, sender, reference, wanted, submitted_s, due_s, expires_s, int(about))
