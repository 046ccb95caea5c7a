"""The connections of processes joined into one network: TCP on loopback around the rules of `link`."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Protocol

HOST = "127.0.0.1"
# How long a member waits before it tries to reach its centre again: doubled each time, so that a centre that is
# started anew is found at once and one that is gone is not pestered.
RETRY_S_MIN, RETRY_S_MAX = 0.1, 5.0

_log = logging.getLogger(__name__)


class ListenerTaken(Exception):
    """Nothing can listen for members on this port."""


class Switchboard(Protocol):
    """What the connections ask of the emulator behind them; each call is durable when it returns."""

    def member_connected(self, connection: int) -> None:
        """A process has connected."""

    def member_sent(self, connection: int, octets: bytes) -> None:
        """Octets from it."""

    def member_lost(self, connection: int) -> None:
        """Its connection has ended."""

    def centre_connected(self) -> None:
        """There is a connection to the centre."""

    def centre_sent(self, octets: bytes) -> None:
        """Octets from it."""

    def centre_lost(self) -> bool:
        """It has ended; whether we had joined through it."""


class _End(asyncio.Protocol):
    """One end of a connection, as functions to call."""

    def __init__(
        self, began: Callable[[asyncio.Transport], None], came: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self._began, self._came, self._ended = began, came, ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._began(transport)

    def data_received(self, data: bytes) -> None:
        self._came(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._ended()


def _send(transport: asyncio.Transport | None, octets: bytes, last: bool) -> None:
    if transport is not None:
        transport.write(octets)
        if last:
            transport.close()


class LinkListener:
    """The centre's side: listens on loopback for processes that join."""

    def __init__(self) -> None:
        self._transports: dict[int, asyncio.Transport] = {}
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None

    async def start(self, port: int, switchboard: Switchboard) -> int:
        """Listen and return the port, a free one for 0. Raises ListenerTaken."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: self._connection(switchboard), HOST, port
            )
        except OSError as error:
            raise ListenerTaken(f"cannot listen for joining processes on {HOST}:{port}: {error.strerror}") from error
        return int(self._server.sockets[0].getsockname()[1])

    def send(self, connection: int, octets: bytes, last: bool) -> None:
        """Send to a process that has joined; end its connection after that if it is the `last`."""
        _send(self._transports.get(connection), octets, last)

    def close(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
        for transport in self._transports.values():
            transport.abort()

    def _connection(self, switchboard: Switchboard) -> _End:
        number = next(self._numbers)

        def began(transport: asyncio.Transport) -> None:
            self._transports[number] = transport
            switchboard.member_connected(number)

        def ended() -> None:
            self._transports.pop(number, None)
            switchboard.member_lost(number)

        return _End(began, lambda octets: switchboard.member_sent(number, octets), ended)


class LinkClient:
    """A member's side: keeps a connection to its centre, or tries to have one."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    async def run(self, port: int, switchboard: Switchboard) -> None:
        """Connect to loopback, and connect again, until cancelled; at once where we had joined."""
        retry_s = RETRY_S_MIN
        while True:
            try:
                if await self._connect(port, switchboard):
                    retry_s = RETRY_S_MIN
            except OSError as error:
                _log.info("nobody listens on %s:%d: %s", HOST, port, error.strerror)
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, RETRY_S_MAX)

    def send(self, octets: bytes, last: bool) -> None:
        """Send to the centre; end the connection after that if it is the `last`."""
        _send(self._transport, octets, last)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self, port: int, switchboard: Switchboard) -> bool:
        """One connection, from its beginning to its end; whether we had joined."""
        over = asyncio.Event()

        def began(transport: asyncio.Transport) -> None:
            self._transport = transport
            switchboard.centre_connected()

        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _End(began, switchboard.centre_sent, over.set), HOST, port)
        try:
            await over.wait()
        finally:
            self.close()
            self._transport = None
            had_joined = switchboard.centre_lost()
        return had_joined
