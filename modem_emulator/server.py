"""The emulator with its ports: ptys, SMPP, clock and store around the rules of `emulator`."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from random import Random
from typing import Protocol

from modem_emulator.control import Control, PortState
from modem_emulator.control_server import controlled
from modem_emulator.emulator import (
    Action,
    DeliverToEsme,
    Emulator,
    HangUp,
    NoSuchCommand,
    NoSuchModem,
    Phone,
    PlugIn,
    ToCentre,
    ToMember,
    WriteToPort,
)
from modem_emulator.faults import Step, name_of
from modem_emulator.link_server import LinkClient, LinkListener
from modem_emulator.network import Faults, Submission
from modem_emulator.port_watch import PortWatch
from modem_emulator.ports import Port
from modem_emulator.ptys import Pty, owned
from modem_emulator.records import InvalidRecord
from modem_emulator.scenario import InvalidScenario, Scenario
from modem_emulator.smsc import Smsc
from modem_emulator.store import Store
from modem_emulator.tcp import TcpPort

# A wall clock may be set back; then a timer must not sleep for the whole difference.
SLEEP_S_MAX = 60.0
# What a modem says at once is one write, for each one wakes the client; a pty takes about this much at a time.
WRITE_OCTETS = 4_096
# How long a start waits for the network that it joins. A number that is in use may be so for a moment only, after its
# process was killed, so that a refusal counts when it has lasted so long.
JOIN_S = 2.0

_log = logging.getLogger(__name__)


class Broken(Exception):
    """The emulator cannot go on, as with a full disk; the cause is in the log."""


class JoinRefused(Exception):
    """The network that was to be joined would not have us; says why."""


class OctetTap(Protocol):
    """Whoever looks on at the ports; called in the loop, by phone, and not to take long."""

    def received(self, phone: int, data: bytes) -> None:
        """Octets came from a client."""

    def wrote(self, phone: int, data: bytes) -> None:
        """Octets go to a client."""


class Tap(OctetTap, Protocol):
    """Whoever looks on at ports and network."""

    def submitted(self, phone: int, submission: Submission) -> None:
        """The network has taken a message from this phone."""


class Server:
    """A running emulator. `smpp_port`, `link_port` and `ports` (paths, by phone) say where it is to be found.

    A process that has joined another has no SMPP port, and only one that others may join has a link port.
    """

    def __init__(self, emulator: Emulator, store: Store, smsc: Smsc, tap: Tap | None = None) -> None:
        self.smpp_port: int | None = None
        self.link_port: int | None = None
        self.emulator = emulator
        self._taps: tuple[OctetTap, ...] = (tap,) if tap is not None else ()
        self._emulator = emulator
        self._store = store
        self._smsc = smsc
        self._listener = LinkListener()
        self._client = LinkClient()
        self._joined = asyncio.Event()
        self._refusal_said = ""
        self._work: list[asyncio.Task[None]] = []
        self._stopped = False
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

    @property
    def port_states(self) -> list[PortState]:
        """The ports as they are now, by phone."""
        return [PortState(port.path, port.is_open) for port in self._ports]

    def look_on(self, tap: OctetTap, looks: bool) -> None:
        """Let `tap` see the octets from now on, or no longer; while nobody looks they cost nothing."""
        others = tuple(other for other in self._taps if other is not tap)
        self._taps = (*others, tap) if looks else others

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Do what the rules have said for a request from outside; what fails there ends the emulator."""
        try:
            self._carry_out(actions)
        except Exception as error:
            self.failed(error)

    async def serve_esmes(self, port: int) -> None:
        """Let ESMEs bind, on a free port for 0. Raises PortTaken."""
        self.smpp_port = await self._smsc.start(port)
        self._work.append(asyncio.create_task(self._guarded(partial(self._smsc.run, self))))

    async def listen(self, port: int) -> None:
        """Let other processes join, on a free port for 0. Raises ListenerTaken."""
        self.link_port = await self._listener.start(port, self)

    async def join(self, port: int) -> None:
        """Join the process that listens there, and again whenever the connection is lost. Raises JoinRefused.

        Where nobody listens yet the modems look for their network until somebody does.
        """
        self._work.append(asyncio.create_task(self._guarded(partial(self._client.run, port, self))))
        try:
            await asyncio.wait_for(self._joined.wait(), JOIN_S)
        except TimeoutError:
            if self._emulator.refusal:
                raise JoinRefused(self._emulator.refusal) from None
            _log.warning("no network yet: nobody listens on port %d", port)

    async def stop(self) -> None:
        """End what runs, hang up all ports and stop the clock. The store is its owner's to close."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._smsc.stop()
        self._stopped = True
        self._listener.close()
        self._client.close()
        self.close()

    async def _guarded(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """A failure there breaks the server."""
        try:
            await work()
        except Exception as error:
            self.failed(error)

    def close(self) -> None:
        """Hang up all ports and stop the clock."""
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

    # ---- what the connections to other processes call (link_server.Switchboard)

    def member_connected(self, connection: int) -> None:
        self._do(partial(self._emulator.member_connected, connection))

    def member_sent(self, connection: int, octets: bytes) -> None:
        self._do(partial(self._emulator.member_sent, connection, octets))

    def member_lost(self, connection: int) -> None:
        self._do(partial(self._emulator.member_lost, connection))

    def centre_connected(self) -> None:
        self._do(self._emulator.centre_connected)

    def centre_sent(self, octets: bytes) -> None:
        self._do(partial(self._emulator.centre_sent, octets))
        if self._emulator.joined and not self._joined.is_set():
            _log.info("joined the network")
            self._refusal_said = ""
            self._joined.set()

    def centre_lost(self) -> bool:
        had_joined = self._joined.is_set()
        if had_joined:
            _log.warning("the network is lost")
            self._joined.clear()
        elif self._emulator.refusal and self._emulator.refusal != self._refusal_said:
            self._refusal_said = self._emulator.refusal
            _log.warning("the network would not have us: %s", self._emulator.refusal)
        self._do(self._emulator.centre_lost)
        return had_joined

    def _do(self, work: Callable[[float], list[Action]]) -> None:
        if self._stopped or self._broken.done():
            return
        try:
            self._carry_out(work(time.time()))
        except Exception as error:
            self.failed(error)

    # ---- what the loop calls

    def _received(self, phone: int, data: bytes) -> None:
        try:
            for tap in self._taps:
                tap.received(phone, data)
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
        port, waiting = -1, b""  # for the port last written to
        for action in actions:
            if type(action) is WriteToPort:
                if action.phone == port and len(waiting) < WRITE_OCTETS:
                    waiting += action.data
                else:
                    self._write(port, waiting)
                    port, waiting = action.phone, action.data
                continue
            self._write(port, waiting)
            waiting = b""
            match action:
                case DeliverToEsme(number, message):
                    self._smsc.deliver(number, message)
                case HangUp(phone):
                    self._ports[phone].hang_up()
                case PlugIn(phone):
                    self._ports[phone].plug_in()
                case ToCentre(data, last):
                    self._client.send(data, last)
                case ToMember(connection, data, last):
                    self._listener.send(connection, data, last)
        self._write(port, waiting)
        self._set_timer()

    def _write(self, phone: int, data: bytes) -> None:
        if data:
            for tap in self._taps:
                tap.wrote(phone, data)
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
    listen: int | None = None,
    join: int | None = None,
    control: Path | None = None,
) -> AsyncIterator[Server]:
    """Run an emulator while the block runs. `tap` sees what goes by.

    `esmes` maps short number to system id, `names` what a sender may show in place of its number to that number.

    With `strangers` every number that nobody has belongs to somebody who takes all messages. Others may join by the
    port `listen` (0: a free one); with `join` the network, ESMEs and message faults are those of the process there.
    `control` is the path of a Unix socket for control programs.

    `faults` and `seed` take the place of the scenario's. `link_dir` is ours alone while the block runs.

    Raises PortTaken, OSError (no pty, no link), LinksTaken, InvalidNumber, InvalidScenario for a step whose modem or
    storage is not there, ListenerTaken, JoinRefused or ControlTaken.
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
        member="" if join is None else secrets.token_hex(8),
        centre=_centre_name(store),
    )
    _check(scenario, emulator)
    if tap is not None:
        emulator.on_submission = tap.submitted
    with nullcontext() if link_dir is None else owned(link_dir):
        server = Server(emulator, store, Smsc(esmes, names), tap)
        try:
            if join is None and (esmes or smpp_port):  # nobody else could bind
                await server.serve_esmes(smpp_port)
            for position in range(len(phones)):
                server.open_port(link_dir / f"modem{position}" if link_dir else None, phones[position].tcp)
            if listen is not None:
                await server.listen(listen)
            server.start()
            for step in scenario.steps:
                server.arm(step)
            if join is not None:
                await server.join(join)
            async with AsyncExitStack() as stack:
                if control is not None:
                    rules = Control(emulator, lambda: server.port_states)
                    await stack.enter_async_context(controlled(control, rules, server))
                yield server
        finally:
            await server.stop()


def _centre_name(store: Store) -> str:
    """What this centre is called by those who join, the same for as long as its state is."""
    name = store.notes("centre").get("name")
    if name is None:
        name = secrets.token_hex(8)
        store.put_note("centre", "name", name)
    return name


def _check(scenario: Scenario, emulator: Emulator) -> None:
    places = [(scenario.place(count), step) for count, step in enumerate(scenario.steps)]
    places += [(f"{scenario.name}: rates.{name_of(type(fault))}", Step(do=fault)) for fault, _ in scenario.rates]
    for place, step in places:
        try:
            emulator.check(step)
        except NoSuchModem as error:
            raise InvalidScenario(f"{place}.modem: {error}") from error
        except NoSuchCommand as error:
            raise InvalidScenario(f"{place}.on: {error}") from error
        except InvalidRecord as error:
            raise InvalidScenario(f"{place}.storage: {error}") from error
