"""The emulator with its ports: ptys, SMPP, clock and store around the rules of `emulator`."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Protocol

from modem_emulator.emulator import (
    Action,
    DeliverToEsme,
    Emulator,
    HangUp,
    NoSuchModem,
    Phone,
    PlugIn,
    WriteToPort,
)
from modem_emulator.faults import Step, name_of
from modem_emulator.network import Faults, Submission
from modem_emulator.port_watch import PortWatch
from modem_emulator.ports import Port
from modem_emulator.ptys import Pty
from modem_emulator.records import InvalidRecord
from modem_emulator.scenario import InvalidScenario, Scenario
from modem_emulator.smsc import Smsc
from modem_emulator.store import Store
from modem_emulator.tcp import TcpPort

# A wall clock may be set back; then a timer must not sleep for the whole difference.
SLEEP_S_MAX = 60.0

_log = logging.getLogger(__name__)


class Broken(Exception):
    """The emulator cannot go on, as with a full disk; the cause is in the log."""


class Tap(Protocol):
    """Whoever looks on; called in the loop, by phone, and not to take long."""

    def received(self, phone: int, data: bytes) -> None:
        """Octets came from a client."""

    def wrote(self, phone: int, data: bytes) -> None:
        """Octets go to a client."""

    def submitted(self, phone: int, submission: Submission) -> None:
        """The network has taken a message from this phone."""


class Server:
    """A running emulator. `smpp_port` and `ports` (paths, by phone) say where it is to be found."""

    def __init__(self, emulator: Emulator, store: Store, smsc: Smsc, smpp_port: int, tap: Tap | None = None) -> None:
        self.smpp_port = smpp_port
        self.emulator = emulator
        self._tap = tap
        self._emulator = emulator
        self._store = store
        self._smsc = smsc
        self._ports: list[Port] = []
        self._watch = PortWatch()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0
        self._broken: asyncio.Future[None] = self._loop.create_future()

    @property
    def ports(self) -> list[str]:
        """What to open for each phone."""
        return [port.path for port in self._ports]

    async def broken(self) -> None:
        """Wait until something fails that cannot be gone on from, such as a full disk. Raises Broken then."""
        await self._broken

    def open_port(self, link: Path | None, tcp: int | None) -> None:
        """Give the next phone its pty, or a TCP port where a number is given (0 takes a free one). Raises OSError."""
        received = partial(self._received, len(self._ports))
        self._ports.append(Pty(link, received, self._watch) if tcp is None else TcpPort(tcp, received))

    def start(self) -> None:
        """Switch the modems on and hand out what the store kept from before."""
        self._carry_out(self._emulator.start(time.time()))

    def arm(self, step: Step) -> None:
        """Let a fault happen, now or when its step says. Raises NoSuchModem or InvalidRecord."""
        self._carry_out(self._emulator.arm(step, time.time()))

    async def run_smpp(self) -> None:
        """Serve ESMEs until cancelled; a failure there breaks the server."""
        try:
            await self._smsc.run(self)
        except Exception as error:
            self.failed(error)

    def close(self) -> None:
        """Hang up all ports and stop the clock. The store is its owner's to close."""
        if self._timer is not None:
            self._timer.cancel()
        for port in self._ports:
            port.close()
        self._watch.close()

    # ---- what the SMPP port calls (smsc.Switchboard)

    def esme_submits(self, parts: Sequence[Submission]) -> int:
        identity, actions = self._emulator.esme_submits(parts, time.time())
        self._carry_out(actions)
        return identity

    def esme_bound(self, number: str) -> None:
        self._carry_out(self._emulator.esme_bound(number, time.time()))

    def esme_gone(self, number: str) -> None:
        self._emulator.esme_gone(number)

    def esme_took(self, identity: int) -> None:
        self._carry_out(self._emulator.esme_took(identity, time.time()))

    def esme_refused(self, identity: int) -> None:
        self._carry_out(self._emulator.esme_refused(identity, time.time()))

    def failed(self, error: Exception) -> None:
        """Nothing was acknowledged for what failed; stop before anything else is."""
        _log.error("the emulator stops", exc_info=error)
        if not self._broken.done():
            self._broken.set_exception(Broken(f"the emulator had to stop: {error}"))

    # ---- what the loop calls

    def _received(self, phone: int, data: bytes) -> None:
        try:
            if self._tap is not None:
                self._tap.received(phone, data)
            self._carry_out(self._emulator.received(phone, data, time.time()))
        except Exception as error:
            self.failed(error)

    def _tick(self) -> None:
        self._timer = None
        try:
            self._carry_out(self._emulator.tick(time.time()))
        except Exception as error:
            self.failed(error)

    def _carry_out(self, actions: Sequence[Action]) -> None:
        self._store.commit()
        waiting: list[bytes] = []  # for the port last written to: what follows each other there is one write
        port = -1
        for action in actions:
            if type(action) is WriteToPort:
                if action.phone != port:
                    self._write(port, waiting)
                    port, waiting = action.phone, []
                waiting.append(action.data)
                continue
            self._write(port, waiting)
            waiting = []
            match action:
                case DeliverToEsme(number, message):
                    self._smsc.deliver(number, message)
                case HangUp(phone):
                    self._ports[phone].hang_up()
                case PlugIn(phone):
                    self._ports[phone].plug_in()
        self._write(port, waiting)
        self._set_timer()

    def _write(self, phone: int, pieces: list[bytes]) -> None:
        if pieces:
            data = b"".join(pieces)
            if self._tap is not None:
                self._tap.wrote(phone, data)
            self._ports[phone].write(data)

    def _set_timer(self) -> None:
        """Have `_tick` called in time. A timer that is too early stays: a tick does no harm, and sets the next."""
        due_s = self._emulator.next_due_s()
        if due_s is None or (self._timer is not None and self._timer_s <= due_s):
            return
        if self._timer is not None:
            self._timer.cancel()
        now_s = time.time()
        wait_s = min(max(0.0, due_s - now_s), SLEEP_S_MAX)
        self._timer_s = now_s + wait_s
        self._timer = self._loop.call_later(wait_s, self._tick)


@asynccontextmanager
async def serving(
    phones: Sequence[Phone],
    esmes: Mapping[str, str],
    store: Store,
    *,
    smpp_port: int = 0,
    link_dir: Path | None = None,
    faults: Faults | None = None,
    seed: int | None = None,
    scenario: Scenario | None = None,
    tap: Tap | None = None,
    strangers: bool = False,
    names: Mapping[str, str] | None = None,
) -> AsyncIterator[Server]:
    """Run an emulator while the block runs. `tap` sees what goes by.

    `esmes` maps short number to system id, `names` what a sender may show in place of its number to that number.

    With `strangers` every number that nobody has belongs to somebody who takes all messages.

    `faults` and `seed` take the place of the scenario's. Raises PortTaken, OSError (no pty, no link), InvalidNumber,
    or InvalidScenario for a step whose modem or storage is not there.
    """
    scenario = scenario or Scenario()
    emulator = Emulator(
        store,
        Random(scenario.seed if seed is None else seed),  # noqa: S311 (to be repeatable, not unguessable)
        phones,
        esmes,
        faults or scenario.messages,
        scenario.rates,
        scenario.clock,
        strangers=strangers,
    )
    _check(scenario, emulator)
    if tap is not None:
        emulator.on_submission = tap.submitted
    smsc = Smsc(esmes, names)
    server = Server(emulator, store, smsc, await smsc.start(smpp_port), tap)
    smpp = asyncio.create_task(server.run_smpp())
    try:
        for position in range(len(phones)):
            server.open_port(link_dir / f"modem{position}" if link_dir else None, phones[position].tcp)
        server.start()
        for step in scenario.steps:
            server.arm(step)
        yield server
    finally:
        smpp.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await smpp
        server.close()


def _check(scenario: Scenario, emulator: Emulator) -> None:
    places = [(scenario.place(count), step) for count, step in enumerate(scenario.steps)]
    places += [(f"{scenario.name}: rates.{name_of(type(fault))}", Step(do=fault)) for fault, _ in scenario.rates]
    for place, step in places:
        try:
            emulator.check(step)
        except NoSuchModem as error:
            raise InvalidScenario(f"{place}.modem: {error}") from error
        except InvalidRecord as error:
            raise InvalidScenario(f"{place}.storage: {error}") from error
