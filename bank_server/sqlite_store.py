"""The bank's database in one SQLite file, or in memory."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from bank_server.errors import UnusableState
from bank_server.sql_store import Row, SqlStore

# A command such as `account open` holds the database for milliseconds; longer than this it is stuck.
_BUSY_TIMEOUT_S = 5.0


class SqliteStore(SqlStore):
    """WAL with synchronous=FULL: a commit is on disk when it returns.

    `synchronous="OFF"` is for the simulation, whose crashes are closed connections and not lost power.
    May be used from any thread, one at a time. Raises UnusableState if the file is no database of ours.
    """

    def __init__(self, path: Path | str, synchronous: str = "FULL") -> None:
        assert synchronous in ("FULL", "OFF")
        self._path = path
        try:
            if path != ":memory:":
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # balances are not for others
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._connection.execute("PRAGMA foreign_keys = ON")
            schema = resources.files("bank_server").joinpath("schema.sql").read_text(encoding="utf-8")
            self._connection.executescript(schema)
        except (OSError, sqlite3.Error) as error:
            raise UnusableState(f"{path}: cannot be used as the bank's database: {error}") from error

    def execute(self, sql: str, *parameters: object) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")  # readers that write later would meet each other's locks
        except sqlite3.OperationalError as error:
            raise UnusableState(f"{self._path}: another process keeps the database locked") from error
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self.commit()

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT one_message")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO SAVEPOINT one_message")
            raise
        finally:
            self._connection.execute("RELEASE SAVEPOINT one_message")

    def close(self) -> None:
        self._connection.close()
