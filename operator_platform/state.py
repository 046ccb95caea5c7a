"""The platform's state folder: its store, its key files, and the lock of the process that serves from it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operator_platform.errors import BadState
from operator_platform.key_files import KeyFiles, read_static_key
from operator_platform.sqlite_store import LOCK_WAIT_S, SqliteStore


class StateFolder:
    """One platform's folder: `operator.sqlite`, `keys/`, `lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = KeyFiles(path / "keys")
        self._database = path / "operator.sqlite"

    def create(self, operator_id: str, node: int, static_key: Path) -> None:
        """Make the state of one platform and take the static key in. Raises BadState if one is here, BadKeyFile."""
        if self._database.exists():
            raise BadState(f"{self.path} holds the state of a platform already")
        static = read_static_key(static_key)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.keys.save_static(static)
        store = SqliteStore(self._database)
        with store.transaction():
            store.set_platform(operator_id, node)
        store.close()

    @contextmanager
    def store(self, lock_wait_s: float = LOCK_WAIT_S) -> Iterator[SqliteStore]:
        """Open the store. Raises BadState if there is none, StoreLocked if it stays locked for `lock_wait_s`."""
        if not self._database.exists():
            raise BadState(f"{self.path} holds no state; run: operator-platform --state {self.path} init --help")
        store = SqliteStore(self._database, lock_wait_s=lock_wait_s)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder: two processes would use the same serials. Raises BadState if another one serves."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadState(f"{self.path} is in use by another operator-platform; stop it first") from None
            yield
        finally:
            os.close(descriptor)
