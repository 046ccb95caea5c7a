"""The bank's keys on disk: one small file each, mode 0600, written whole or not at all.

keys/terminal.key                     X25519 private key, 32 bytes
keys/pin.key                          PIN verification key, 32 bytes
keys/operators/ID/node                the operator's node number in serials, text
keys/operators/ID/static.key          static key, 32 bytes
keys/operators/ID/seeds-GENERATION    seed 1 || seed 2, 64 bytes
keys/operators/ID/control-EPOCH       k || c, 64 bytes
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from bank_server.errors import NotAllowed, UnusableKeyFile, UnusableState
from bank_server.keys import PIN_KEY_BYTES, BankKeys, ControlKey, OperatorKeys, Random
from wire.blocks import Seeds
from wire.keys import SEED_BYTES, STATIC_KEY_BYTES
from wire.sealing import TERMINAL_KEY_BYTES
from wire.secret import Secret

_OPERATOR = re.compile(r"[0-9]{1,11}")  # DE32: n ..11
_NODE_MAX = 2**16 - 1


def read_secret(path: Path, size: int) -> Secret:
    """Read a key file of `size` bytes. Raises UnusableKeyFile if it is missing, of another size or not 0600."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a named pipe does not hold us up
    except OSError as error:
        raise UnusableKeyFile(path, f"cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnusableKeyFile(path, "is no regular file")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise UnusableKeyFile(path, f"has mode {mode:04o}, so that others can use it; run: chmod 600 {path}")
        content = os.read(descriptor, size + 1)
    finally:
        os.close(descriptor)
    if len(content) != size:
        raise UnusableKeyFile(path, f"is no key file: needs {size} bytes")
    return Secret(content)


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file of mode 0600, on disk whole or not at all. Raises UnusableKeyFile if it exists."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)  # unlike a rename, a link never takes the place of a key that is there
        finally:
            os.unlink(temporary)
    except FileExistsError:
        raise UnusableKeyFile(path, "is there already and is not overwritten") from None
    except OSError as error:
        raise UnusableKeyFile(path, f"cannot be written: {error.strerror}") from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class KeyFolder:
    """The folder `keys` of a bank's state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._operators = path / "operators"

    def create(self, random: Random) -> None:
        """Make terminal key and PIN verification key. Raises UnusableState if the folder is there already."""
        try:
            self._operators.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            raise UnusableState(f"{self._path}: there are keys already") from None
        self._path.chmod(0o700)
        write_secret(self._path / "terminal.key", random(TERMINAL_KEY_BYTES))
        write_secret(self._path / "pin.key", random(PIN_KEY_BYTES))

    def load(self) -> BankKeys:
        """Read all keys. Raises UnusableKeyFile."""
        return BankKeys(
            read_secret(self._path / "terminal.key", TERMINAL_KEY_BYTES),
            read_secret(self._path / "pin.key", PIN_KEY_BYTES),
            self.operators(),
        )

    def operators(self) -> list[OperatorKeys]:
        """Read what is held for each operator. Raises UnusableKeyFile."""
        if not self._operators.is_dir():
            raise UnusableState(f"{self._path}: no keys here; run: bank-server --state DIR init")
        complete = (folder for folder in sorted(self._operators.iterdir()) if (folder / "node").exists())
        return [self._operator(folder) for folder in complete]

    def add_operator(self, operator: str, node: int, static_key: bytes) -> None:
        """Add an operator. Raises NotAllowed for a bad id or node, or one that is taken."""
        if not _OPERATOR.fullmatch(operator):
            raise NotAllowed(f"operator {operator!r}: an id has 1 to 11 digits (DE32)")
        if not 0 <= node <= _NODE_MAX:
            raise NotAllowed(f"node {node}: needs 0 to {_NODE_MAX}")
        for held in self.operators():
            if held.operator == operator:
                raise NotAllowed(f"operator {operator} is there already")
            if held.node == node:
                raise NotAllowed(f"node {node} belongs to operator {held.operator}")
        folder = self._operators / operator
        folder.mkdir(mode=0o700, exist_ok=True)
        write_secret(folder / "static.key", static_key)
        write_secret(folder / "node", f"{node}\n".encode("ascii"))  # last: an operator without it is not complete

    def save(self, held: OperatorKeys) -> None:
        """Write the seeds and control keys of `held` that are not on disk yet; nothing is ever overwritten."""
        folder = self._operators / held.operator
        for generation, seeds in held.seeds.items():
            path = folder / f"seeds-{generation:010d}"
            if not path.exists():
                write_secret(path, seeds.seed1.reveal() + seeds.seed2.reveal())
        for epoch, control in held.controls.items():
            path = folder / f"control-{epoch:05d}"
            if not path.exists():
                write_secret(path, control.k.reveal() + control.c.reveal())

    def erase_older(self, operator: str, generation: int, epoch: int) -> list[str]:
        """Erase seeds before `generation` and control keys before `epoch`; return the names of the files erased.

        The newest of each is never erased, whatever is asked. Raises UnusableKeyFile if one cannot be erased.
        """
        folder = self._operators / operator
        try:
            return _erase_older(folder, generation, epoch)
        except OSError as error:
            raise UnusableKeyFile(folder, f"keys cannot be erased: {error.strerror}") from error

    def state(self) -> tuple[tuple[str, int], ...]:
        """Return names and times of all operators' key files: whatever changes there changes this."""
        found = []
        for folder, _, names in os.walk(self._operators):
            for name in names:
                if not name.startswith("."):
                    path = os.path.join(folder, name)
                    with contextlib.suppress(FileNotFoundError):  # erased between listing and looking
                        found.append((path, os.stat(path).st_mtime_ns))
        return tuple(sorted(found))

    def _operator(self, folder: Path) -> OperatorKeys:
        node = folder / "node"
        try:
            number = int(node.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise UnusableKeyFile(node, "names no node number; remove the folder and add the operator again") from error
        pairs = _pair_reader(folder)
        return OperatorKeys(
            folder.name,
            number,
            read_secret(folder / "static.key", STATIC_KEY_BYTES),
            {generation: Seeds(generation, *pair) for generation, pair in pairs("seeds")},
            {epoch: ControlKey(epoch, *pair) for epoch, pair in pairs("control")},
        )


def _erase_older(folder: Path, generation: int, epoch: int) -> list[str]:
    seeds, controls = _numbered(folder, "seeds"), _numbered(folder, "control")
    outdated = [path for number, path in seeds.items() if number < min(generation, max(seeds))]
    outdated += [path for number, path in controls.items() if number < min(epoch, max(controls))]
    for path in outdated:
        path.unlink()
    if outdated:
        _sync_folder(folder)
    return [path.name for path in outdated]


def _pair_reader(folder: Path) -> Callable[[str], list[tuple[int, tuple[Secret, Secret]]]]:
    def pairs(kind: str) -> list[tuple[int, tuple[Secret, Secret]]]:
        found = []
        for number, path in _numbered(folder, kind).items():
            both = read_secret(path, 2 * SEED_BYTES).reveal()
            found.append((number, (Secret(both[:SEED_BYTES]), Secret(both[SEED_BYTES:]))))
        return found

    return pairs


def _numbered(folder: Path, kind: str) -> dict[int, Path]:
    """Return the files `kind-NUMBER` of a folder by their number."""
    pattern = re.compile(rf"{kind}-([0-9]+)")
    matches = ((pattern.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return {int(match[1]): path for match, path in matches if match}
