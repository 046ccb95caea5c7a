"""A modem's port on TCP, as oFono's phonesim plug-in and serial-over-network boxes want it; loopback only."""

import asyncio
import logging
import socket
from collections.abc import Callable

from modem_emulator.ptys import OUTPUT_OCTETS_MAX

HOST = "127.0.0.1"

_log = logging.getLogger(__name__)


class TcpPort:
    """Listens on loopback, on a free port for 0; the newest client has the modem, as if it had pulled the cable over.

    Raises OSError when nothing can listen there.
    """

    def __init__(self, port: int, received: Callable[[bytes], None]) -> None:
        self._received = received
        self._port = port
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._client: asyncio.Transport | None = None
        self.plug_in()

    @property
    def path(self) -> str:
        """`tcp:127.0.0.1:PORT`."""
        return f"tcp:{HOST}:{self._port}"

    @property
    def is_open(self) -> bool:
        """Whether a client is connected."""
        return self._client is not None

    def write(self, data: bytes) -> None:
        """Send to the client, if there is one and it reads."""
        if self._client is None:
            return
        if self._client.get_write_buffer_size() + len(data) > OUTPUT_OCTETS_MAX:
            _log.warning("%s: the client does not read; output is dropped", self.path)
            return
        self._client.write(data)

    def plug_in(self) -> None:
        """Listen. Raises OSError."""
        if self._listener is not None:
            return
        self._listener = socket.create_server((HOST, self._port))
        self._port = self._listener.getsockname()[1]
        self._listener.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._listener))

    def hang_up(self) -> None:
        """Stop listening and close the client."""
        if self._accepting is not None:
            self._accepting.cancel()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._client is not None:
            self._client.abort()
            self._client = None

    def close(self) -> None:
        """Hang up for good."""
        self.hang_up()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.connect_accepted_socket(lambda: _Client(self), connection)

    def took(self, client: asyncio.Transport) -> None:
        """A client has come."""
        if self._client is not None:
            _log.info("%s: a newer client has come; the older one is closed", self.path)
            self._client.abort()
        self._client = client

    def lost(self, client: asyncio.Transport | None) -> None:
        """A client has gone."""
        if self._client is client:
            self._client = None

    def received(self, client: asyncio.Transport | None, data: bytes) -> None:
        """A client has sent octets."""
        if self._client is client:
            self._received(data)


class _Client(asyncio.Protocol):
    def __init__(self, port: TcpPort) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._port.took(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.lost(self._transport)

    def data_received(self, data: bytes) -> None:
        self._port.received(self._transport, data)
