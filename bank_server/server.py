"""The bank on TCP: connections, group commit and the clock around `bank_server.session`.

Every event goes through one queue. A worker takes what has gathered there, handles it in one transaction of the store
on a thread of its own, and only after the commit sends what came of it: many answers share one commit, and no answer
leaves before it is on disk.
"""

import asyncio
import contextlib
import itertools
import logging
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from bank_server.actions import Action, Close, Note, Send
from bank_server.codes import Code
from bank_server.errors import BankError, UnusableState
from bank_server.key_files import KeyFolder
from bank_server.keys import BankKeys
from bank_server.session import BankSession
from bank_server.store import DeliveredKeys, LedgerStore
from wire import iso
from wire.errors import BadFrame
from wire.framing import FrameReader, frame
from wire.iso import NetworkCode

_log = logging.getLogger("bank_server")

# Enough for every operator to have some hundred messages waiting; beyond it readers wait, and TCP slows the senders.
QUEUE_EVENTS_MAX = 1024
# How many messages share a commit at most: what a Raspberry Pi handles in about a quarter of a second.
BATCH_EVENTS_MAX = 256
CONNECTIONS_MAX = 64
READ_BYTES = 4096
# An operator that does not read its answers is cut off before they fill the memory.
UNSENT_BYTES_MAX = 1 << 20
# Operators send an echo when they have nothing to say; one that is silent this long is gone.
IDLE_S = 300.0
# Operators sign on at once. Whoever does not holds one of the few connections, and no echo makes that longer; ten
# seconds leave room for a slow line and for a command that holds the database.
SIGN_ON_S = 10.0
KEYS_POLL_S = 1.0
ERASE_POLL_S = 60.0
DATABASE_RETRY_S = 1.0
# A fault in what the clock brings would be met again at once, and fill the log.
FAULT_RETRY_S = 10.0
FLUSH_S = 1.0


@dataclass(frozen=True, slots=True)
class _Forget:
    """A connection has ended and its last answers are on their way."""

    connection: int


@dataclass(frozen=True, slots=True)
class _Erase:
    """Keys have no more use. They go when that is on disk: a rollback would leave us needing what is erased."""

    outdated: DeliveredKeys


_Action: TypeAlias = Action | _Forget | _Erase


@dataclass(frozen=True, slots=True)
class Event:
    """Something to do inside the worker's transaction; `connection` is closed if it fails."""

    handle: Callable[[float], Sequence[_Action]]
    connection: int | None = None


class BankServer:
    """Serves one bank session. `keys_folder` is watched for renewed keys if it is given."""

    def __init__(
        self,
        session: BankSession,
        store: LedgerStore,
        keys: BankKeys,
        keys_folder: KeyFolder | None = None,
        idle_s: float = IDLE_S,
        sign_on_s: float = SIGN_ON_S,
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._session = session
        self._store = store
        self._keys = keys
        self._keys_folder = keys_folder
        self._idle_s = idle_s
        self._sign_on_s = sign_on_s
        self._clock = clock
        self._tls = tls
        self._queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_EVENTS_MAX)
        self._executor = ThreadPoolExecutor(1, "bank-books")
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._unknown: dict[int, asyncio.TimerHandle] = {}  # connections over which nobody has signed on yet
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wakeup: float | None = None
        self._stopping = False

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port, which differs from `port` if that is 0. Raises OSError if it is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=READ_BYTES, ssl=self._tls)
        await self._queue.put(Event(self._session.start))
        self._worker = asyncio.create_task(self._work(), name="bank worker")
        if self._keys_folder is not None:
            self._watch = asyncio.create_task(self._watch_keys(self._keys_folder), name="bank keys")
            self._tasks.add(self._watch)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def wait(self) -> None:
        """Return when the worker ends, which it does by itself only with an exception: its store has failed."""
        await asyncio.shield(self._worker)

    async def stop(self) -> None:
        """Take no more in, finish what was taken in, send its answers, close everything.

        While another process keeps the database locked there is no finishing, and no waiting for it either.
        """
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stopping = True
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(Event(lambda _now: []))  # wakes the worker; a full queue wakes it too
        await asyncio.gather(self._worker, return_exceptions=True)
        for writer in self._writers.values():
            writer.close()
        with contextlib.suppress(TimeoutError):  # an operator that does not read does not keep the bank open
            async with asyncio.timeout(FLUSH_S):
                await asyncio.gather(*(w.wait_closed() for w in self._writers.values()), return_exceptions=True)
        self._writers.clear()
        self._executor.shutdown()

    # -- worker -----------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while not (self._stopping and self._queue.empty()):
            batch = await self._next_batch()
            try:
                actions = await loop.run_in_executor(self._executor, self._handle, batch)
                while actions is None:
                    if self._stopping:
                        _log.warning("stopping while the database is locked; %d events are dropped", len(batch))
                        return  # none of them was answered: the operators repeat what matters
                    await asyncio.sleep(DATABASE_RETRY_S)
                    actions = await loop.run_in_executor(self._executor, self._handle, batch)
            except Exception:
                _log.exception("the books cannot be written; nothing of this batch was answered")
                raise
            self._perform(actions)

    async def _next_batch(self) -> list[Event]:
        """Wait for an event or the session's next wake-up; return all events that have gathered."""
        batch: list[Event] = []
        delay = None if self._wakeup is None else max(0.0, self._wakeup - self._clock())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                batch.append(await self._queue.get())
        while len(batch) < BATCH_EVENTS_MAX and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    def _handle(self, batch: list[Event]) -> list[_Action] | None:
        """Handle a batch in one transaction, on the worker's thread; None if the database is locked for now."""
        actions: list[_Action] = []
        transaction = self._store.transaction()
        try:
            transaction.__enter__()
        except UnusableState as error:
            _log.error("%s; trying again", error)
            return None
        with contextlib.ExitStack() as stack:
            stack.push(transaction)
            now = self._clock()
            for event in batch:
                actions += self._handle_one(event, now)
            actions += self._handle_one(Event(self._tick), now)
        return actions

    def _tick(self, now: float) -> Sequence[_Action]:
        self._wakeup = now + FAULT_RETRY_S  # stands if there is a fault in what is due, which stays due
        actions = self._session.tick(now)
        self._wakeup = self._session.next_wakeup()
        return actions

    def _handle_one(self, event: Event, now: float) -> Sequence[_Action]:
        """Handle one event. A fault of ours in it is undone and costs its connection, not the others' answers."""
        try:
            with self._store.savepoint():
                return event.handle(now)
        except Exception:
            _log.exception("an event could not be handled and was undone")
            return [] if event.connection is None else [Close(event.connection, "a fault of the bank")]

    def _perform(self, actions: Sequence[_Action]) -> None:
        """Do what came of a batch, after its commit and while no other is handled."""
        for action in actions:
            match action:
                case Note(level, text):
                    _log.log(logging.getLevelNamesMapping()[level.upper()], "%s", text)
                case Send(connection, message):
                    self._send(connection, message)
                case Close(connection, reason):
                    _log.warning("connection %d is closed: %s", connection, reason)
                    if connection in self._writers:
                        self._writers[connection].close()
                case _Forget(connection):
                    self._writers.pop(connection).close()
                case _Erase(outdated):
                    self._erase(outdated)

    def _send(self, connection: int, message: bytes) -> None:
        writer = self._writers.get(connection)
        if writer is None or writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            _log.warning("connection %d is closed: its answers are not read", connection)
            writer.transport.abort()
            return
        if connection in self._unknown and _accepts_sign_on(message):
            self._unknown.pop(connection).cancel()
        writer.write(frame(message))

    # -- connections ------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._writers) >= CONNECTIONS_MAX:
            _log.warning("a connection is refused: there are %d already", CONNECTIONS_MAX)
            writer.close()
            return
        self._tasks.add(task)
        connection = next(self._numbers)
        self._writers[connection] = writer
        loop = asyncio.get_running_loop()
        self._unknown[connection] = loop.call_later(self._sign_on_s, self._end_unknown, connection)
        try:
            await self._queue.put(Event(lambda now: self._session.connected(connection, now)))
            await self._read(connection, reader)
        except BadFrame as error:
            _log.warning("connection %d is closed: %s", connection, error)
        except TimeoutError:
            _log.warning("connection %d is closed: silent for %g s", connection, self._idle_s)
        except OSError as error:
            _log.info("connection %d broke: %s", connection, error.strerror)
        except asyncio.CancelledError:
            return  # `stop` closes what is open; asyncio logs a connection's task that ends as cancelled
        finally:
            self._tasks.discard(task)
            if connection in self._unknown:
                self._unknown.pop(connection).cancel()
        await self._queue.put(Event(lambda now: self._gone(connection, now)))

    def _end_unknown(self, connection: int) -> None:
        """End a connection at once: one that does not read its answers could delay a close."""
        del self._unknown[connection]
        _log.warning("connection %d is closed: nobody signed on within %g s", connection, self._sign_on_s)
        self._writers[connection].transport.abort()

    def _gone(self, connection: int, now: float) -> list[_Action]:
        """Close only now, behind the answers to what came before the end."""
        return [*self._session.disconnected(connection, now), _Forget(connection)]

    async def _read(self, connection: int, reader: asyncio.StreamReader) -> None:
        frames = FrameReader()
        while True:
            async with asyncio.timeout(self._idle_s):
                data = await reader.read(READ_BYTES)
            if not data:
                return
            messages = frames.receive(data)
            while messages:
                for message in messages:
                    await self._queue.put(self._received(connection, message))
                messages = frames.receive(b"")  # raises if what follows is broken

    def _received(self, connection: int, message: bytes) -> Event:
        return Event(lambda now: self._session.receive(connection, message, now), connection)

    # -- keys -------------------------------------------------------------------------------------------------

    async def _watch_keys(self, folder: KeyFolder) -> None:
        """Look every second whether another command has renewed keys; erase old ones when their time is over."""
        seen = folder.state()
        next_erasure = self._clock()
        while True:
            await asyncio.sleep(KEYS_POLL_S)
            found = folder.state()
            if found != seen:
                seen = found
                await self._queue.put(Event(lambda now: self._reload_keys(folder, now)))
            if self._clock() >= next_erasure:
                next_erasure = self._clock() + ERASE_POLL_S
                await self._queue.put(Event(self._outdated_keys))

    def _reload_keys(self, folder: KeyFolder, now: float) -> list[Action]:
        try:
            self._keys.replace_operators(folder.operators())
        except BankError as error:
            return [Note("error", f"renewed keys cannot be used; the old ones stay: {error}")]
        return [Note("info", "keys were changed and are read again"), *self._session.keys_changed(now)]

    def _outdated_keys(self, now: float) -> list[_Action]:
        return [_Erase(outdated) for outdated in self._session.outdated_keys(now)]

    def _erase(self, outdated: DeliveredKeys) -> None:
        """Erase keys on disk and in memory. What stays because of a fault is erased at the next look."""
        assert self._keys_folder is not None
        operator, generation, epoch = outdated.operator, outdated.generation, outdated.epoch
        try:
            erased = self._keys_folder.erase_older(operator, generation, epoch)
            self._keys.put(self._keys.of(operator).without_older(generation, epoch))
        except BankError as error:
            _log.error("old keys of operator %s cannot be erased: %s", operator, error)
            return
        if erased:
            _log.info("operator %s: erased %s", operator, ", ".join(erased))


def _accepts_sign_on(message: bytes) -> bool:
    if not message.startswith(b"0830"):
        return False
    answer = iso.decode(message)
    return (answer[70], answer[39]) == (NetworkCode.SIGN_ON, Code.DONE)
