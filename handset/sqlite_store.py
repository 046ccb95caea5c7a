"""The handset's store in one SQLite file of mode 0600 (WAL; synchronous=FULL: a commit is on disk when it returns)."""

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from handset.store import Order, State, StoredRequest
from wire.identity import Identity
from wire.secret import Secret
from wire.terminal import Kind

NOTICE_KEYS_MAX = 256  # the bank uses the key of the latest request with a right PIN: one of the newest few
NOTICES_MAX = 4096  # a notice is repeated within hours, not after thousands of others
SETTLED_MAX = 4096  # a late answer to something older finds nothing and is ignored, which is right

_COLUMNS = (
    "transaction_id, kind, imsi, msisdn, payee, payer, amount_fen, message, reply_key, made_at, state, sends,"
    " next_send_at, sms_sent, sms_received, code, name_last, rrn, balance_fen, serial"
)


class StoreUnusable(Exception):
    """The state folder cannot be used: loose mode, foreign file, or another handset has it. Says what to do."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The bank's terminal public key (32 bytes), pinned at enrolment, and its fingerprint as it was compared."""

    public_key: bytes
    fingerprint: str


class SqliteStore:
    """State of one handset in `folder`, made with mode 0700 if it is not there. Raises StoreUnusable.

    `folder/lock` is held for the life of the store: two handsets on one state would each resend the same transfer.
    Used by one thread at a time, whichever it is.
    """

    def __init__(self, folder: Path, synchronous: Literal["FULL", "OFF"] = "FULL") -> None:
        path = folder / "handset.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(folder)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            raise StoreUnusable(f"cannot use {folder} for the state: {error.strerror}") from error
        if mode & 0o077:
            os.close(self._lock)
            raise StoreUnusable(f"{path} can be read by others; run: chmod 600 {path}")
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={synchronous}")
            self._database.execute("PRAGMA secure_delete=ON")  # a settled request's reply key leaves the file too
            self._database.executescript(files("handset").joinpath("schema.sql").read_text(encoding="utf-8"))
        except sqlite3.Error as error:
            os.close(self._lock)
            raise StoreUnusable(f"cannot read {path}: {error}") from error

    def close(self) -> None:
        """Let go of file and lock; a transaction that is open is taken back."""
        self._database.close()
        os.close(self._lock)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, or take all back. Raises StoreUnusable if the disk refuses (full, read-only)."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreUnusable(f"cannot write the state: {error}") from error

    # -- requests -----------------------------------------------------------------------------------------

    def put_request(self, request: StoredRequest) -> None:
        values = (
            request.transaction_id,
            request.kind,
            request.identity.imsi,
            request.identity.msisdn,
            request.order.payee,
            request.order.payer,
            request.order.amount_fen,
            request.message,
            request.reply_key.reveal(),
            request.made_at,
            request.state.value,
            request.sends,
            request.next_send_at,
            request.sms_sent,
            request.sms_received,
            request.code,
            request.name_last,
            request.rrn,
            request.balance_fen,
            request.serial,
        )
        marks = ", ".join("?" * len(values))
        self._database.execute(f"INSERT OR REPLACE INTO request ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608
        if not request.is_open:
            self._forget_old_requests()

    def request(self, transaction_id: bytes, kind: Kind) -> StoredRequest | None:
        return next(iter(self._requests("transaction_id = ? AND kind = ?", transaction_id, kind)), None)

    def requests(self, transaction_id: bytes) -> list[StoredRequest]:
        """Return what was asked under one transaction id, in the order of asking."""
        return self._requests("transaction_id = ?", transaction_id)

    def open_requests(self) -> list[StoredRequest]:
        return self._requests("state IN (?, ?)", State.WAITING.value, State.PAUSED.value)

    def _requests(self, where: str, *values: object) -> list[StoredRequest]:
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM request WHERE {where} ORDER BY made_at, kind",  # noqa: S608
            values,
        )
        return [_request(row) for row in rows]

    def _forget_old_requests(self) -> None:
        self._database.execute(
            "DELETE FROM request WHERE rowid IN (SELECT rowid FROM request WHERE state NOT IN (?, ?)"
            " ORDER BY made_at DESC LIMIT -1 OFFSET ?)",
            (State.WAITING.value, State.PAUSED.value, SETTLED_MAX),
        )

    # -- notices ------------------------------------------------------------------------------------------

    def put_notice_key(self, key_id: bytes, key: Secret) -> None:
        self._database.execute("INSERT OR REPLACE INTO notice_key (key_id, key) VALUES (?, ?)", (key_id, key.reveal()))
        self._database.execute(
            "DELETE FROM notice_key WHERE position <= (SELECT max(position) FROM notice_key) - ?", (NOTICE_KEYS_MAX,)
        )

    def notice_key(self, key_id: bytes) -> Secret | None:
        row = self._database.execute("SELECT key FROM notice_key WHERE key_id = ?", (key_id,)).fetchone()
        return Secret(row[0]) if row else None

    def is_new_notice(self, notice_id: bytes) -> bool:
        added = self._database.execute("INSERT OR IGNORE INTO notice (notice_id) VALUES (?)", (notice_id,)).rowcount
        self._database.execute(
            "DELETE FROM notice WHERE position <= (SELECT max(position) FROM notice) - ?", (NOTICES_MAX,)
        )
        return added == 1

    # -- enrolment ----------------------------------------------------------------------------------------

    def bank(self) -> Bank | None:
        """Return the pinned bank, or None if the handset is not enrolled."""
        row = self._database.execute("SELECT public_key, fingerprint FROM bank").fetchone()
        return Bank(*row) if row else None

    def pin_bank(self, bank: Bank) -> None:
        """Pin the bank's key, in place of the one before."""
        self._database.execute(
            "INSERT OR REPLACE INTO bank (only, public_key, fingerprint) VALUES (1, ?, ?)",
            (bank.public_key, bank.fingerprint),
        )

    def operator_number(self) -> str | None:
        """Return the number that the operator had last, or None."""
        row = self._database.execute("SELECT number FROM operator").fetchone()
        return row[0] if row else None

    def remember_operator(self, number: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO operator (only, number) VALUES (1, ?)", (number,))

    def number_of(self, imsi: str) -> str | None:
        """Return the number that a SIM had when it was seen last, for a SIM that does not know its own."""
        row = self._database.execute("SELECT msisdn FROM sim WHERE imsi = ?", (imsi,)).fetchone()
        return row[0] if row else None

    def remember_sim(self, identity: Identity) -> bool:
        """Note that this SIM was seen; return False if the last one seen was another."""
        last = self._database.execute("SELECT imsi, msisdn FROM sim ORDER BY position DESC LIMIT 1").fetchone()
        self._database.execute(
            "INSERT OR REPLACE INTO sim (imsi, msisdn) VALUES (?, ?)", (identity.imsi, identity.msisdn)
        )
        return last is None or last == (identity.imsi, identity.msisdn)


def kept_number(folder: Path, imsi: str) -> str | None:
    """The number that the store in `folder` keeps of a SIM, whoever uses it; None also where there is no such store."""
    place = (folder.absolute() / "handset.sqlite").as_uri()
    try:
        with contextlib.closing(sqlite3.connect(f"{place}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT msisdn FROM sim WHERE imsi = ?", (imsi,)).fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None


def _locked(folder: Path) -> int:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreUnusable(f"another handset is using {folder}; stop it or choose another --state") from error
    return lock


def _request(row: tuple[Any, ...]) -> StoredRequest:
    values: dict[str, Any] = dict(zip(_COLUMNS.replace(" ", "").split(","), row, strict=True))
    return StoredRequest(
        kind=Kind(values.pop("kind")),
        identity=Identity(values.pop("imsi"), values.pop("msisdn")),
        order=Order(values.pop("payee"), values.pop("payer"), values.pop("amount_fen")),
        reply_key=Secret(values.pop("reply_key")),
        state=State(values.pop("state")),
        **values,
    )
