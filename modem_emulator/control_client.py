"""A control program's end of the socket (`control` has the protocol)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from modem_emulator.control_path import SOCKET_NAME, reachable

# The state of some hundreds of modems, 400 octets each; the queue and the events, 2 kB each.
REPLY_OCTETS_MAX = 4 * 1024 * 1024
ANSWER_S_MAX = 10.0

Table = dict[str, Any]


class NoEmulator(Exception):
    """Nobody answers at this path, or not any more; the message says where."""


class NotDone(Exception):
    """The emulator has refused a request. `code` is for programs."""

    def __init__(self, code: str, error: str) -> None:
        super().__init__(error)
        self.code = code


class Connection:
    """One connection: requests by `ask`, or after `{"do": "follow"}` events by `events`."""

    def __init__(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer

    async def ask(self, do: str, **keys: object) -> Table:
        """Ask and wait for the reply. Raises NotDone or NoEmulator."""
        try:
            self._writer.write(json.dumps({"do": do, **keys}).encode() + b"\n")
            await self._writer.drain()
            async with asyncio.timeout(ANSWER_S_MAX):
                reply = await self._next()
        except TimeoutError as error:
            raise NoEmulator(f"the emulator at {self._path} does not answer") from error
        except OSError as error:
            raise self._ended() from error
        if not reply.get("ok"):
            raise NotDone(str(reply.get("code")), str(reply.get("error")))
        return reply

    async def events(self) -> AsyncIterator[Table]:
        """What comes after `follow`, until the emulator ends. Raises NoEmulator then."""
        while True:
            try:
                yield await self._next()
            except OSError as error:
                raise self._ended() from error

    async def _next(self) -> Table:
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        table: Table = json.loads(line)
        return table

    def _ended(self) -> NoEmulator:
        return NoEmulator(f"the emulator at {self._path} has ended")


def _socket(path: Path) -> Path:
    return path / SOCKET_NAME if path.is_dir() else path


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Connection]:
    """A connection to the emulator at `path`: its socket, or the --link-dir that holds it. Raises NoEmulator."""
    path = _socket(path)
    try:
        with reachable(path) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=REPLY_OCTETS_MAX)
    except PermissionError as error:
        raise NoEmulator(f"the emulator at {path} is somebody else's") from error
    except OSError as error:
        raise NoEmulator(f"no emulator is controlled at {path}; start one with: serve --control {path}") from error
    try:
        yield Connection(path, reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
