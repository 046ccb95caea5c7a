"""What carries short messages between handsets and the platform: the whole I/O surface towards the phone network."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self


class Bearer(Protocol):
    """A way to the network. Inside `async with` it connects, and connects again whenever it loses the network."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def connected(self) -> None:
        """Return once the network is reached; at once if it is."""

    async def send(self, msisdn: str, text: str) -> None:
        """Return when the network has accepted one SMS; while there is no network, wait.

        `text` is at most 160 characters of the GSM alphabet or 70 of UCS-2. It may be delivered twice if the
        network is lost in between. Raises SmsRefused if the network says no, or says nothing for too long.
        """

    def received(self) -> AsyncIterator[tuple[str, str]]:
        """Yield sender and text of each SMS, for ever. The network has forgotten it then; its sender will repeat it."""
