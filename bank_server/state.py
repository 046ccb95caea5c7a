"""The bank's state folder: keys, database and the lock of the server that runs on it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bank_server import ledger
from bank_server.errors import UnusableState
from bank_server.key_files import KeyFolder
from bank_server.keys import Random
from bank_server.sqlite_store import SqliteStore


class State:
    """One bank's folder: `keys/`, `bank.db`, `serve.lock`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.keys = KeyFolder(path / "keys")

    def create(self, random: Random) -> None:
        """Make keys and an empty set of books. Raises UnusableState if something is in the folder."""
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            empty = not any(self._path.iterdir())
        except OSError as error:
            raise UnusableState(f"{self._path}: cannot be made: {error.strerror}") from error
        if not empty:
            raise UnusableState(f"{self._path}: is not empty; give --state a folder that is new")
        self.keys.create(random)
        store = SqliteStore(self._database)
        with store.transaction():
            ledger.open_house_account(store)
        store.close()

    def store(self) -> SqliteStore:
        """Open the books. Raises UnusableState if there are none."""
        self._check()
        return SqliteStore(self._database)

    @contextmanager
    def books(self) -> Iterator[SqliteStore]:
        """Open the books for one command, in one transaction; a server may be running on them."""
        store = self.store()
        try:
            with store.transaction():
                yield store
        finally:
            store.close()

    @contextmanager
    def held_by_server(self) -> Iterator[None]:
        """Keep a second server away while one runs. Raises UnusableState if another has the folder."""
        with self._locked("serve.lock", "another bank-server serves from this folder; stop it first"):
            yield

    @contextmanager
    def keys_held(self) -> Iterator[KeyFolder]:
        """Keep other key commands away, so that two cannot make the same generation or epoch."""
        with self._locked("keys.lock", "another key command is running on this folder"):
            yield self.keys

    @property
    def _database(self) -> Path:
        return self._path / "bank.db"

    def _check(self) -> None:
        if not self._database.is_file():
            raise UnusableState(f"{self._path}: is no bank's state folder; run: bank-server --state {self._path} init")

    @contextmanager
    def _locked(self, name: str, otherwise: str) -> Iterator[None]:
        self._check()
        descriptor = os.open(self._path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UnusableState(f"{self._path}: {otherwise}") from None
            yield
        finally:
            os.close(descriptor)
