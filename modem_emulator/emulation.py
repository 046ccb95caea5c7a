"""An emulator in a thread of its own, for programs that block: tests above all.

`emulated` runs `server.serving` on its own loop and gives back objects that any thread may use: every call is posted to
that loop and waits for its answer, and what comes back is a value that nobody changes any more.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any, Literal, TypeVar

from gsm import pdu
from gsm.pdu import StatusReport, UserData
from gsm.reassembly import Complete, Reassembler
from modem_emulator import faults, profiles
from modem_emulator.emulator import Phone
from modem_emulator.equipment import Equipment
from modem_emulator.faults import Step
from modem_emulator.network import Faults, Submission
from modem_emulator.numbers import InvalidNumber, canonical
from modem_emulator.server import Broken, Server, serving
from modem_emulator.sim import MESSAGE_SLOTS
from modem_emulator.store import MemoryStore, Status, Store, StoredMessage
from modem_emulator.traffic import Dialogue

# A test on a busy machine; what takes milliseconds alone may take seconds there.
WAIT_S = 10.0
# The network is quiet when nothing has moved for so long; a client that works lets less pass between two commands.
QUIET_S = 0.1
# How often a thing is looked at that is waited for: often enough not to be noticed, and next to no work.
LOOK_S = 0.025
# The last so many pieces of a modem's dialogue are kept: minutes of a busy client. What goes one way is one piece,
# until it has so many octets; then joining would cost more than it shows.
TRAFFIC_PIECES_MAX = 10_000
PIECE_OCTETS = 1_024
# Somebody who writes to the modem and is none of the modems.
STRANGER = "+8613912345678"

T = TypeVar("T")
Direction = Literal["to modem", "from modem"]


class NotInTime(TimeoutError):
    """What was waited for did not happen; the message says what did."""


class Ended(RuntimeError):
    """The emulator has ended, and its modems with it."""


@dataclass(frozen=True, slots=True)
class Octets:
    """A piece of a modem's dialogue: when in seconds since the start, in which direction, and what."""

    at_s: float
    direction: Direction
    data: bytes


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that a modem handed to the network, whole: a long one when its last part was taken.

    `destination` is as it was dialled. `text` is what the parts say together (8-bit data as Latin-1), `parts` are their
    user data, `report_wanted` whether a delivery report was asked for.
    """

    destination: str
    text: str
    parts: tuple[UserData, ...] = field(repr=False)
    report_wanted: bool = False


@dataclass(frozen=True, slots=True)
class StoredText:
    """A message in a slot: storage (SM, ME, SR) and index for +CMGR, status, whom it is from or to, and its text.

    A delivery report has no text.
    """

    storage: str
    index: int
    status: Status
    number: str
    text: str


class EmulatedModem:
    """One modem. `port` is what a client opens; `imsi` and `imei` have 15 digits, `msisdn` begins with +."""

    def __init__(self, emulation: "_Emulation", position: int) -> None:
        self._emulation = emulation
        self._position = position
        equipment = self._equipment
        self.name = f"modem{position}"
        self.port = emulation.server.ports[position]
        self.imsi, self.msisdn, self.imei = equipment.sim.imsi, equipment.sim.msisdn, equipment.imei

    def __repr__(self) -> str:
        return f"<{self.name} {self.msisdn} on {self.port}>"

    def fault(self, do: str, **keys: object) -> None:
        """Let a fault happen, now or when its keys say, as in a scenario: `fault("garbage", octets=24, on="+CMGS")`.

        The faults and their keys are those of `modem_emulator.faults`. Raises InvalidRecord for an unknown one.
        """
        table = {**keys, "do": do, "modem": self.name}
        self._emulation.call(lambda server: server.arm(faults.build(table, "fault")))

    def receives(self, text: str, sender: str = STRANGER) -> None:
        """Have the network deliver a text, in as many parts as it takes.

        `sender` is a number or up to 11 characters of the GSM alphabet, such as YINXIN. Raises what `send` raises.
        """
        self._emulation.send(text, sender, self.msisdn)

    @property
    def sent(self) -> tuple[SentMessage, ...]:
        """What the network has taken from this modem, in order, save what `wait_for_sent` has handed out."""
        return self._emulation.call(lambda _: tuple(self._emulation.sent[self._position]))

    def wait_for_sent(self, timeout_s: float = WAIT_S) -> SentMessage:
        """Wait for the next message that the network takes from this modem. Raises NotInTime."""
        waiting = self._emulation.sent[self._position]
        return self._emulation.wait(
            lambda: waiting.popleft() if waiting else None,
            timeout_s,
            lambda: f"{self.name} sent no message in {timeout_s:g} s; its dialogue:\n{self._dialogue()}",
        )

    def wait_until_registered(self, timeout_s: float = WAIT_S) -> None:
        """Wait until the modem has started and the network can reach it: some makes take five seconds.

        Raises NotInTime, also when its SIM waits for a PIN.
        """
        self._emulation.wait(
            lambda: self._equipment.registered or None,
            timeout_s,
            lambda: (
                f"{self.name} is not registered after {timeout_s:g} s; its SIM is {self._equipment.sim.state.value}"
            ),
        )

    @property
    def stored(self) -> tuple[StoredText, ...]:
        """The messages in all storages, the SIM's first, by index; looking leaves them unread."""

        def look(_: Server) -> tuple[StoredText, ...]:
            equipment = self._equipment
            storages = dict.fromkeys(("SM", *equipment.profile.storage.slots))
            return tuple(
                _stored_text(storage, index, message)
                for storage in storages
                for index, message in equipment.storage(storage)
            )

        return self._emulation.call(look)

    @property
    def signal(self) -> int | None:
        """<rssi> of +CSQ, 0 to 31 (TS 27.007 clause 8.5); None without coverage. May be set."""
        return self._emulation.call(lambda _: self._equipment.rssi)

    @signal.setter
    def signal(self, rssi: int | None) -> None:
        if rssi is not None and not 0 <= rssi <= 31:
            raise ValueError("signal is 0 to 31, or None without coverage")
        fault = faults.DropSignal() if rssi is None else faults.RestoreSignal(rssi=rssi)
        self._arm(fault)

    def unplug(self) -> None:
        """Take port and power away; whoever has the port open sees it hang up."""
        self._arm(faults.Unplug())

    def plug_in(self) -> None:
        """Give port and power back. The device may be another one now: `port` says which. Raises OSError."""
        self._arm(faults.PlugIn())
        self.port = self._emulation.call(lambda server: server.ports[self._position])

    @property
    def traffic(self) -> tuple[Octets, ...]:
        """What went through the port, the last 10,000 pieces of it; what was under way together is one piece."""
        return self._emulation.call(lambda _: tuple(self._emulation.traffic[self._position]))

    @property
    def dialogue(self) -> str:
        """The traffic to read, line by line: seconds since the start, > to the modem or < from it; PINs are masked."""
        return self._emulation.call(lambda _: self._dialogue())

    @property
    def _equipment(self) -> Equipment:
        return self._emulation.server.emulator.modems[self._position]

    def _arm(self, fault: faults.Fault) -> None:
        self._emulation.call(lambda server: server.arm(Step(do=fault, modem=self.name)))

    def _dialogue(self) -> str:
        dialogue, lines = Dialogue(), []
        for piece in self._emulation.traffic[self._position]:
            typed = piece.direction == "to modem"
            for line in (dialogue.tx if typed else dialogue.rx)(piece.data):
                lines.append(f"{piece.at_s:8.3f} {'>' if typed else '<'} {line.text}")
        return "\n".join(lines)


class EmulatedNetwork:
    """Modems on one SMS network, in which every other number belongs to somebody who takes what comes.

    `smpp_port` is where ESMEs bind (SMPP 3.4 on loopback), None where there are none.
    """

    def __init__(self, emulation: "_Emulation", modems: int) -> None:
        self._emulation = emulation
        self.smpp_port = emulation.server.smpp_port
        self.modems = tuple(EmulatedModem(emulation, position) for position in range(modems))

    def send(self, text: str, sender: str, to: str) -> None:
        """Send a text to a modem or an ESME, in as many parts as it takes.

        Raises PduError for a text or sender that no SMS can hold, Refused when the queue is full.
        """
        self._emulation.send(text, sender, to)

    def wait_until_quiet(self, timeout_s: float = WAIT_S) -> None:
        """Wait until no octet has moved for 0.1 s, no command is under way, and all that can be delivered is.

        What waits for a modem without coverage does not count; what is delayed for one with coverage does. Raises
        NotInTime.
        """
        self._emulation.wait_until_quiet(timeout_s)


class _Emulation:
    """The loop's side: what came by, and the way into the loop."""

    def __init__(self, modems: int) -> None:
        self.traffic = [deque[Octets](maxlen=TRAFFIC_PIECES_MAX) for _ in range(modems)]
        self.sent = [deque[SentMessage]() for _ in range(modems)]
        self.server: Server
        self._reassembler: Reassembler[Submission] = Reassembler()
        self._reference = 0
        self._began_s = self._moved_s = time()
        self._way_in = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._broken: Broken | None = None

    # ---- in the loop: what the server taps (server.Tap)

    def received(self, phone: int, data: bytes) -> None:
        self._note(phone, "to modem", data)

    def wrote(self, phone: int, data: bytes) -> None:
        self._note(phone, "from modem", data)

    def submitted(self, phone: int, submission: Submission) -> None:
        data, key = submission.user_data, f"{phone} {submission.destination}"
        match self._reassembler.add(key, data, submission, time()):
            case Complete(text, parts):
                whole = tuple(part.user_data for part in parts)
                wanted = any(part.report_wanted for part in parts)
                self.sent[phone].append(SentMessage(submission.destination, text, whole, wanted))
        self._changed.set()

    def _note(self, phone: int, direction: Direction, data: bytes) -> None:
        self._moved_s = time()
        pieces = self.traffic[phone]
        if pieces and pieces[-1].direction == direction and len(pieces[-1].data) < PIECE_OCTETS:
            last = pieces.pop()
            pieces.append(Octets(last.at_s, direction, last.data + data))
        else:
            pieces.append(Octets(self._moved_s - self._began_s, direction, data))

    async def run(self, make: Callable[["_Emulation"], Any], ready: "Future[None]") -> None:
        """Serve until `stop`; `ready` tells when it does, or why not."""
        self._changed, self._stopping = asyncio.Event(), asyncio.Event()
        try:
            async with make(self) as server:
                self.server, self._loop = server, asyncio.get_running_loop()
                ready.set_result(None)
                await self._until_stopped(server)
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)
        finally:
            with self._way_in:
                self._loop = None
            await asyncio.sleep(0)  # what was posted before that becomes a task, which ends with the loop at the latest

    async def _until_stopped(self, server: Server) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        breaking = asyncio.create_task(server.broken())
        await asyncio.wait({stopping, breaking}, return_when=asyncio.FIRST_COMPLETED)
        if breaking.done():
            error = breaking.exception()
            assert isinstance(error, Broken)
            self._broken = error
        breaking.cancel()
        stopping.cancel()

    # ---- from any thread

    def stop(self) -> None:
        with self._way_in:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)

    def call(self, do: Callable[[Server], T]) -> T:
        """Do it in the loop, and return or raise what it does. Raises Ended or Broken when nothing runs any more."""

        async def in_loop() -> T:
            return do(self.server)

        return self._post(in_loop())

    def wait(self, look: Callable[[], T | None], timeout_s: float, complaint: Callable[[], str]) -> T:
        async def in_loop() -> T:
            try:
                async with asyncio.timeout(timeout_s):
                    while (seen := look()) is None:
                        self._changed.clear()
                        with suppress(TimeoutError):  # not all that is waited for says that it has happened
                            await asyncio.wait_for(self._changed.wait(), LOOK_S)
                    return seen
            except TimeoutError:
                raise NotInTime(complaint()) from None

        return self._post(in_loop())

    def wait_until_quiet(self, timeout_s: float) -> None:
        async def in_loop() -> None:
            end_s = time() + timeout_s
            self._moved_s = time()  # what the client wrote just now is read first
            while (unrest := self._unrest()) is not None:
                if time() > end_s:
                    raise NotInTime(f"not quiet in {timeout_s:g} s: {unrest}")
                await asyncio.sleep(LOOK_S)

        self._post(in_loop())

    def send(self, text: str, sender: str, to: str) -> None:
        with suppress(InvalidNumber):  # then it is a name
            sender = canonical(sender)

        def submit(server: Server) -> None:
            self._reference = (self._reference + 1) % 256
            for part in pdu.split(text, self._reference):
                server.esme_submits([Submission(sender=sender, destination=to, user_data=part)])

        self.call(submit)

    def _unrest(self) -> str | None:
        emulator = self.server.emulator
        if emulator.busy:
            return "a command is under way"
        if not emulator.network.at_rest:
            return "a message is on its way"
        return "octets go through a port" if time() - self._moved_s < QUIET_S else None

    def _post(self, work: Coroutine[None, None, T]) -> T:
        with self._way_in:
            if self._loop is None:
                work.close()
                raise self._broken or Ended("the emulator has ended")
            posted = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return posted.result()
        except CancelledError:
            raise self._broken or Ended("the emulator has ended") from None


@contextmanager
def emulated(
    modems: int | Sequence[Phone] = 1,
    *,
    profile: str = "generic",
    pin: str | None = None,
    slots: int = MESSAGE_SLOTS,
    esmes: Mapping[str, str] | None = None,
    smpp_port: int = 0,
    link_dir: Path | None = None,
    store: Store | None = None,
    faults: Faults | None = None,
    seed: int = 0,
) -> Iterator[EmulatedNetwork]:
    """Run modems on one network while the block runs; at its end all ports hang up.

    `modems` is how many, all alike by `profile` (a bundled name or the path of a TOML file), `pin` and `slots`, with
    the numbers +8613900000001 and on; or a `Phone` for each. `esmes` maps short numbers to SMPP system ids. `link_dir`
    gets links modem0, modem1 …; without it ports are plain devices. `store` keeps queue and SIMs beyond the block.
    `faults` are rates for the whole network, repeatable by `seed`.

    Raises InvalidProfile, InvalidNumber, PortTaken, or OSError when a port cannot be made.
    """
    phones = _phones(modems, profile, pin, slots) if isinstance(modems, int) else tuple(modems)
    emulation = _Emulation(len(phones))

    def make(tap: _Emulation) -> Any:
        return serving(
            phones,
            esmes or {},
            MemoryStore() if store is None else store,
            smpp_port=smpp_port,
            link_dir=link_dir,
            faults=faults,
            seed=seed,
            tap=tap,
            strangers=True,
        )

    ready: Future[None] = Future()
    thread = threading.Thread(
        target=lambda: asyncio.run(emulation.run(make, ready)), name="modem_emulator", daemon=True
    )
    thread.start()
    try:
        ready.result()
        yield EmulatedNetwork(emulation, len(phones))
    finally:
        emulation.stop()
        thread.join()


def _phones(count: int, profile: str, pin: str | None, slots: int) -> tuple[Phone, ...]:
    loaded = profiles.load(profile)
    return tuple(
        Phone(
            imsi=f"46000{1_234_567_890 + position}",
            msisdn=f"+86139{position + 1:08d}",
            pin=pin,
            slots=slots,
            profile=loaded,
        )
        for position in range(count)
    )


def _stored_text(storage: str, index: int, message: StoredMessage) -> StoredText:
    if message.status in (Status.STORED_UNSENT, Status.STORED_SENT):
        submit = pdu.decode_submit(message.tpdu)
        return StoredText(storage, index, message.status, submit.destination, submit.text)
    incoming = pdu.decode_incoming(message.tpdu)
    if isinstance(incoming, StatusReport):
        return StoredText(storage, index, message.status, incoming.recipient, "")
    return StoredText(storage, index, message.status, incoming.originator, incoming.text)
