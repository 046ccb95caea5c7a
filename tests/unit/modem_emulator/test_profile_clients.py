"""The project's own driver on every make of modem, over real ptys."""

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gsm.inbox import ReceivedText
from gsm.modem import Modem
from modem_emulator import profiles
from modem_emulator.emulator import Phone
from modem_emulator.server import serving
from modem_emulator.store import MemoryStore

PIN = "1234"
PEER = Phone("460001234567891", "8613900000002")
# A make may take ten seconds until it has started, and half a minute for a message under load.
WAIT_S = 60.0
# The driver asks five times within this whether a modem is there; a make that starts is deaf for up to three seconds.
ANSWER_S = 20.0


class Client:
    """The driver on a port, and what it was handed."""

    def __init__(self, port: str) -> None:
        self.received: queue.Queue[tuple[str, str]] = queue.Queue()
        self.modem = Modem(port, received=self._keep)

    def _keep(self, message: ReceivedText) -> None:
        self.received.put((message.number, message.text))

    def next_message(self) -> tuple[str, str]:
        """The next one, looked for every second: a make without +CNMI tells nobody that one has come."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                return self.received.get(timeout=1.0)
            except queue.Empty:
                self.modem.read_stored()
        raise AssertionError("no message came")


def converse(ports: list[str]) -> None:
    """Connect, identify, send and receive; the second port is a peer of the generic make."""
    client, peer = Client(ports[0]), Client(ports[1])
    try:
        peer.modem.connect()
        client.modem.connect(pin=PIN, waitingForModemToStartInSeconds=ANSWER_S)
        assert client.modem.imsi == "460001234567890"
        assert client.modem.own_number() == "+8613900000001"
        client.modem.send_text("+8613900000002", "out")
        assert peer.next_message() == ("+8613900000001", "out")
        peer.modem.send_text("+8613900000001", "转账 in")
        assert client.next_message() == ("+8613900000002", "转账 in")
    finally:
        client.modem.close()
        peer.modem.close()


async def test_our_driver_connects_identifies_sends_and_receives_on_every_make(tmp_path: Path) -> None:
    threads = ThreadPoolExecutor(len(profiles.names()))

    async def on(name: str) -> None:
        phone = Phone("460001234567890", "8613900000001", pin=PIN, profile=profiles.load(name))
        folder = tmp_path / name
        folder.mkdir()
        async with serving([phone, PEER], {}, MemoryStore(), link_dir=folder) as server:
            try:
                await asyncio.get_running_loop().run_in_executor(threads, converse, server.ports)
            except BaseException as error:
                error.add_note(f"on the make {name}")
                raise

    # All at once: most of the time they start, or wait for the network.
    async with asyncio.TaskGroup() as makes:
        for name in profiles.names():
            makes.create_task(on(name))
