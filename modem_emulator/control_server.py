"""The Unix socket for control programs: JSON lines as `control` says, for whoever may use the socket's file."""

import asyncio
import contextlib
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from modem_emulator.control import REQUEST_OCTETS_MAX, Control, Follower
from modem_emulator.control_path import reachable
from modem_emulator.emulator import Action

# A panel uses two connections; a bench that needs more than so many has left some open.
CLIENTS_MAX = 32


class ControlTaken(Exception):
    """Nothing can listen at this path; the message says why."""


class Ports(Protocol):
    """What the socket asks of the server behind it."""

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Do what the rules have said."""

    def look_on(self, tap: Control, looks: bool) -> None:
        """Let the rules see all octets, or no longer."""


@asynccontextmanager
async def controlled(path: Path, control: Control, ports: Ports) -> AsyncIterator[None]:
    """Listen at `path` while the block runs; only the owner may connect. Raises ControlTaken.

    What an emulator that was killed has left there is replaced; one that runs is left alone.
    """
    listener = _listen(path)
    own = _identity(path)
    clients: set[_Client] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: _Client(control, ports, clients), sock=listener)
    try:
        yield
    finally:
        server.close()
        for client in list(clients):
            client.close()
        _remove(path, own)


def _identity(path: Path) -> int:
    return path.lstat().st_ino


def _remove(path: Path, identity: int) -> None:
    """Remove the socket, unless another has taken its place."""
    with contextlib.suppress(OSError):
        if _identity(path) == identity:
            path.unlink()


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        before = os.umask(0o177)  # made so, and not changed afterwards: nobody else can come between
        try:
            with reachable(path) as address:
                listener.bind(address)
        finally:
            os.umask(before)
        listener.listen()
    except OSError as error:
        listener.close()
        raise ControlTaken(f"cannot listen for control programs at {path}: {error.strerror or error}") from error
    except ControlTaken:
        listener.close()
        raise
    return listener


def _clear(path: Path) -> None:
    """Remove a socket that nobody listens at any more. Raises ControlTaken."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlTaken(f"{path} is there and is no socket; choose another --control")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, reachable(path) as address:
        try:
            probe.connect(address)
        except OSError:
            path.unlink()
            return
    raise ControlTaken(f"another emulator is controlled at {path}; stop it, or choose another --control")


class _Client(asyncio.Protocol):
    """One control program. While it does not read, its requests wait and what it follows is counted as missed."""

    def __init__(self, control: Control, ports: Ports, clients: "set[_Client]") -> None:
        self._control = control
        self._ports = ports
        self._clients = clients
        self._line = bytearray()
        self._follower: Follower | None = None
        self._full = False
        self._flushing = False

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._clients) >= CLIENTS_MAX:
            self._refuse("too-many", f"{CLIENTS_MAX} control programs are connected, and that is as many as can be")
            return
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        if self._follower is not None:
            self._control.leave(self._follower)
        self._ports.look_on(self._control, self._control.followed)

    def data_received(self, data: bytes) -> None:
        self._line += data
        self._work()

    def _work(self) -> None:
        while not self._full and not self._transport.is_closing():
            line, end, rest = self._line.partition(b"\n")
            if len(line) > REQUEST_OCTETS_MAX:
                self._refuse("too-long", f"a request has at most {REQUEST_OCTETS_MAX} octets")
                return
            if not end:
                return
            self._line = bytearray(rest)
            self._answer(bytes(line))

    def pause_writing(self) -> None:
        self._full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        self._transport.resume_reading()
        self._flush()
        self._work()

    def _answer(self, line: bytes) -> None:
        reply = self._control.request(line, time.time(), self._wake)
        self._transport.write(reply.line)
        if reply.follower is not None:
            if self._follower is not None:  # one for each connection: the newer takes its place
                self._control.leave(self._follower)
            self._follower = reply.follower
            self._ports.look_on(self._control, True)
        if reply.actions:
            self._ports.carry_out(reply.actions)

    def _wake(self) -> None:
        if not self._flushing and not self._full:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._follower is None or self._full or self._transport.is_closing():
            return
        lines = self._follower.take()
        if lines:
            self._transport.write(b"".join(lines))

    def _refuse(self, code: str, error: str) -> None:
        self._transport.write(f'{{"ok": false, "code": "{code}", "error": "{error}"}}\n'.encode())
        self._transport.close()
