"""What a modem's port is to the server: a pty (`ptys`) or a TCP port (`tcp`)."""

from typing import Protocol


class Port(Protocol):
    """Octets between the loop and whoever has the port open; one client at a time is expected."""

    @property
    def path(self) -> str:
        """What a client opens: a device, a link to one, or `tcp:127.0.0.1:PORT`."""

    @property
    def is_open(self) -> bool:
        """Whether a client has it open, as far as can be known."""

    def write(self, data: bytes) -> None:
        """Send, now or when the client reads; never blocks. Without client the octets may be lost."""

    def hang_up(self) -> None:
        """Take the port away, as when the modem is unplugged."""

    def plug_in(self) -> None:
        """Give it back, under the same path where that can be. Raises OSError."""

    def close(self) -> None:
        """End for good."""
