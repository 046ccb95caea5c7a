"""Key files of the operator: mode 0600, written whole or not at all, refused if others could read them.

| file              | content                                                                          |
|-------------------|----------------------------------------------------------------------------------|
| static.key        | the static key, 32 bytes, the same file as the bank's                             |
| seeds.json        | generation, seed1, seed2, and the previous ones while notices under them may come |
| control-key.json  | epoch, K, c, and the previous ones while transactions under them are open         |
"""

import json
import os
from pathlib import Path
from typing import Any

from operator_platform.errors import BadKeyFile
from operator_platform.keys import OperatorKeys
from wire.blocks import OperatorControlKey, Seeds
from wire.keys import POINT_BYTES, SEED_BYTES, STATIC_KEY_BYTES
from wire.secret import Secret

_FILE_BYTES_MAX = 4096  # the largest, seeds.json with two generations, has below 400


class KeyFiles:
    """The key folder of one operator platform."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._static = folder / "static.key"
        self._seeds = folder / "seeds.json"
        self._control = folder / "control-key.json"

    def load(self) -> OperatorKeys:
        """Return what is there; only the static key must be. Raises BadKeyFile."""
        static = read_static_key(self._static)
        seeds, previous_seeds = self._pair(self._seeds, _seeds_from)
        control, previous_control = self._pair(self._control, _control_from)
        return OperatorKeys(static, seeds, previous_seeds, control, previous_control)

    def save_static(self, static: Secret) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._static, static.reveal())

    def save_seeds(self, current: Seeds, previous: Seeds | None) -> None:
        """Write both generations; returns when they are on disk. `previous` None erases what was kept."""
        self._save(self._seeds, _seeds_document(current), None if previous is None else _seeds_document(previous))

    def save_control_key(self, current: OperatorControlKey, previous: OperatorControlKey | None) -> None:
        """Write both epochs, in the same way."""
        self._save(self._control, _control_document(current), None if previous is None else _control_document(previous))

    def _save(self, path: Path, current: dict[str, Any], previous: dict[str, Any] | None) -> None:
        write_private(path, json.dumps({"current": current, "previous": previous}, indent=1).encode() + b"\n")

    def _pair(self, path: Path, parse: Any) -> tuple[Any, Any]:
        if not path.exists():
            return None, None
        try:
            document = json.loads(read_private(path))
            previous = document["previous"]
            return parse(document["current"]), None if previous is None else parse(previous)
        except (ValueError, KeyError, TypeError):
            # `from None`: a JSON error shows the text it stumbled over.
            raise BadKeyFile(
                path, "is damaged; restore it from a backup, or remove it and ask the bank again"
            ) from None


def read_static_key(path: Path) -> Secret:
    """Read a static key file: 32 bytes, or 64 hex digits and a newline. Raises BadKeyFile."""
    content = read_private(path)
    if len(content) == STATIC_KEY_BYTES:
        return Secret(content)
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != STATIC_KEY_BYTES:
        raise BadKeyFile(path, "is no static key: needs 32 bytes, or 64 hex digits")
    return Secret(key)


def read_private(path: Path) -> bytes:
    """Read a key file of at most 4,096 bytes. Raises BadKeyFile if it is missing or not the owner's alone."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if mode & 0o077:
                raise BadKeyFile(path, f"has mode {mode:04o}, others can use it; run: chmod 600 {path}")
            return file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise BadKeyFile(path, error.strerror or "cannot be read") from error


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one of mode 0600: after a crash at any moment the old or the new one is there, whole."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)


def _seeds_document(seeds: Seeds) -> dict[str, Any]:
    return {
        "generation": seeds.generation,
        "seed1": seeds.seed1.reveal().hex(),
        "seed2": seeds.seed2.reveal().hex(),
    }


def _seeds_from(document: dict[str, Any]) -> Seeds:
    return Seeds(
        int(document["generation"]), _secret(document["seed1"], SEED_BYTES), _secret(document["seed2"], SEED_BYTES)
    )


def _control_document(control: OperatorControlKey) -> dict[str, Any]:
    return {"epoch": control.epoch, "K": control.point.hex(), "c": control.c.reveal().hex()}


def _control_from(document: dict[str, Any]) -> OperatorControlKey:
    point = bytes.fromhex(document["K"])
    if len(point) != POINT_BYTES:
        raise ValueError("K has a wrong length")
    return OperatorControlKey(int(document["epoch"]), point, _secret(document["c"], 32))


def _secret(text: str, length: int) -> Secret:
    value = bytes.fromhex(text)
    if len(value) != length:
        raise ValueError("a key has a wrong length")
    return Secret(value)
