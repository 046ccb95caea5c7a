"""The operator's store in one SQLite file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from operator_platform.errors import BadState, StoreLocked
from operator_platform.store import (
    OutboxSms,
    RequestKey,
    State,
    StoredRequest,
    StoredTransaction,
    TransactionKey,
)
from wire.identity import Identity
from wire.terminal import Kind

_SCHEMA_VERSION = 1
# A `subscriber add` beside a serving platform holds the file for milliseconds.
LOCK_WAIT_S = 5.0


class SqliteStore:
    """An `OperatorStore` in a file, or in memory for ":memory:".

    `durable=False` leaves out the fsync of each commit; the simulation uses it, whose crashes are of the
    process and not of the machine. A file that another process has locked is waited for, `lock_wait_s` seconds at
    most; the calling thread does nothing else meanwhile. Raises BadState if the file is no store of ours or cannot be
    used, StoreLocked if it stays locked.
    """

    def __init__(self, path: Path | str, durable: bool = True, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._path = path
        try:
            if path != ":memory:":
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # who pays when is not for others
            self._connection = sqlite3.connect(path, timeout=lock_wait_s, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise BadState(f"{path}: cannot be opened: {error}") from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._create_or_check(path)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise _bad_state(path, error) from error
            raise

    def _create_or_check(self, path: Path | str) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            schema = files("operator_platform").joinpath("schema.sql").read_text(encoding="utf-8")
            self._connection.executescript(f"BEGIN; {schema} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
        elif version != _SCHEMA_VERSION:
            raise BadState(f"{path}: has schema {version}, this program knows {_SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the file; an unfinished transaction is lost, as in a crash."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Raises StoreLocked, before anything was done, if another process keeps the file."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")  # a reader that writes later would meet another's lock midway
        except sqlite3.Error as error:
            raise _bad_state(self._path, error) from error
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # some failures, such as a full disk, have rolled back already
                self._connection.execute("ROLLBACK")
            raise

    def _one(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, values).fetchone()

    # -- platform and subscribers ---------------------------------------------------------------------------

    def platform(self) -> tuple[str, int] | None:
        """Return operator id and node, None before `set_platform`."""
        row = self._one("SELECT operator_id, node FROM platform")
        return None if row is None else (row[0], row[1])

    def set_platform(self, operator_id: str, node: int) -> None:
        self._connection.execute("INSERT INTO platform VALUES (1, ?, ?)", (operator_id, node))

    def subscriber(self, msisdn: str) -> Identity | None:
        row = self._one("SELECT imsi FROM subscribers WHERE msisdn = ?", msisdn)
        return None if row is None else Identity(row[0], msisdn)

    def subscribers(self) -> list[Identity]:
        rows = self._connection.execute("SELECT imsi, msisdn FROM subscribers ORDER BY msisdn")
        return [Identity(imsi, msisdn) for imsi, msisdn in rows]

    def put_subscriber(self, identity: Identity) -> None:
        """Add a SIM, or change the IMSI of a number. Raises BadState if the IMSI has another number."""
        try:
            self._connection.execute(
                "INSERT INTO subscribers (msisdn, imsi) VALUES (?, ?)"
                " ON CONFLICT (msisdn) DO UPDATE SET imsi = excluded.imsi",
                (identity.msisdn, identity.imsi),
            )
        except sqlite3.IntegrityError:
            raise BadState(f"IMSI {identity.imsi} belongs to another number already") from None

    # -- transactions and requests --------------------------------------------------------------------------

    def transaction_of(self, key: TransactionKey) -> StoredTransaction | None:
        row = self._one(
            "SELECT imsi, rrn, opened_at, serial FROM transactions WHERE msisdn = ? AND transaction_id = ?", *key
        )
        return None if row is None else StoredTransaction(key, Identity(row[0], key.msisdn), *row[1:])

    def put_transaction(self, transaction: StoredTransaction) -> None:
        self._connection.execute(
            "INSERT INTO transactions (msisdn, transaction_id, imsi, rrn, opened_at, serial) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (msisdn, transaction_id) DO UPDATE SET"
            " imsi = excluded.imsi, opened_at = excluded.opened_at, serial = excluded.serial",
            (*transaction.key, transaction.identity.imsi, transaction.rrn, transaction.opened_at, transaction.serial),
        )

    def request(self, key: RequestKey) -> StoredRequest | None:
        row = self._one(
            f"SELECT {_REQUEST_COLUMNS} FROM requests WHERE msisdn = ? AND transaction_id = ? AND kind = ?",  # noqa: S608
            key.msisdn,
            key.transaction_id,
            int(key.kind),
        )
        return None if row is None else _request_from(row)

    def put_request(self, request: StoredRequest) -> None:
        values = (
            request.key.msisdn,
            request.key.transaction_id,
            int(request.key.kind),
            request.digest,
            request.message,
            request.state.value,
            request.arrived_at,
            request.first_sent_at,
            request.serial,
            request.exchange,
            request.reversal,
            request.reversal_repeat,
            request.answer,
        )
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT OR REPLACE INTO requests ({_REQUEST_COLUMNS}) VALUES ({marks})", values)  # noqa: S608

    def forget_request(self, key: RequestKey) -> None:
        self._connection.execute(
            "DELETE FROM requests WHERE msisdn = ? AND transaction_id = ? AND kind = ?",
            (key.msisdn, key.transaction_id, int(key.kind)),
        )

    def unanswered(self) -> list[StoredRequest]:
        rows = self._connection.execute(
            f"SELECT {_REQUEST_COLUMNS} FROM requests WHERE state <> 'answered'"  # noqa: S608
            " ORDER BY arrived_at, msisdn, transaction_id, kind"
        )
        return [_request_from(row) for row in rows]

    def serials_in_use(self) -> list[str]:
        """Return the serials under which something is unanswered."""
        rows = self._connection.execute(
            "SELECT DISTINCT serial FROM requests WHERE state <> 'answered' AND serial IS NOT NULL ORDER BY serial"
        )
        return [serial for (serial,) in rows]

    # -- counters, outbox, notices --------------------------------------------------------------------------

    def reserve(self, counter: str, count: int) -> int:
        (after,) = self._one(
            "INSERT INTO counters (name, next) VALUES (?, ? + 1)"
            " ON CONFLICT (name) DO UPDATE SET next = next + ? RETURNING next",
            counter,
            count,
            count,
        )
        return int(after) - count

    def add_sms(self, msisdn: str, text: str, now: float) -> int:
        (outbox_id,) = self._one(
            "INSERT INTO outbox (msisdn, text, stored_at) VALUES (?, ?, ?) RETURNING outbox_id", msisdn, text, now
        )
        return int(outbox_id)

    def remove_sms(self, outbox_id: int) -> None:
        self._connection.execute("DELETE FROM outbox WHERE outbox_id = ?", (outbox_id,))

    def outbox(self) -> list[OutboxSms]:
        rows = self._connection.execute("SELECT outbox_id, msisdn, text, stored_at FROM outbox ORDER BY outbox_id")
        return [OutboxSms(*row) for row in rows]

    def notice_seen(self, notice_id: bytes) -> bool:
        return self._one("SELECT 1 FROM notices WHERE notice_id = ?", notice_id) is not None

    def add_notice(self, notice_id: bytes, now: float) -> None:
        self._connection.execute("INSERT INTO notices (notice_id, seen_at) VALUES (?, ?)", (notice_id, now))

    def purge(self, before: float) -> None:
        self._connection.execute("DELETE FROM requests WHERE state = 'answered' AND arrived_at < ?", (before,))
        self._connection.execute(
            "DELETE FROM transactions WHERE opened_at < ? AND NOT EXISTS (SELECT 1 FROM requests"
            " WHERE requests.msisdn = transactions.msisdn"
            " AND requests.transaction_id = transactions.transaction_id)",
            (before,),
        )
        self._connection.execute("DELETE FROM notices WHERE seen_at < ?", (before,))


def _bad_state(path: Path | str, error: sqlite3.Error) -> BadState:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without SQLite's extension of it
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLocked(f"{path}: another process keeps the database locked")
    return BadState(f"{path}: cannot be used: {error}")


_REQUEST_COLUMNS = (
    "msisdn, transaction_id, kind, digest, message, state, arrived_at, first_sent_at,"
    " serial, exchange, reversal, reversal_repeat, answer"
)


def _request_from(row: tuple[Any, ...]) -> StoredRequest:
    msisdn, transaction_id, kind, digest, message, state, *rest = row
    return StoredRequest(RequestKey(msisdn, transaction_id, Kind(kind)), digest, message, State(state), *rest)
