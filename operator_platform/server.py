"""The platform's shell: one connection to the bank, a bearer and a clock around `operator_platform.session`.

Every event goes through one queue. The worker takes what has gathered there, handles it in one transaction of the
store, commits, and only then performs the actions, in order: many events share one commit, and nothing leaves before
it is on disk. While another process keeps the store locked, events wait. If the store or a key file cannot be written,
the platform ends: it would promise what it cannot keep.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from operator_platform.actions import Action, CloseBank, Note, SaveControlKey, SaveSeeds, SendBank, SendSms
from operator_platform.bearer import Bearer
from operator_platform.errors import SmsRefused, StoreLocked
from operator_platform.key_files import KeyFiles
from operator_platform.session import OperatorSession
from operator_platform.store import OperatorStore
from wire.errors import BadFrame
from wire.framing import FrameReader, frame

_log = logging.getLogger("operator_platform")

# Some seconds of work; beyond it the readers wait, and TCP and the SMS queue slow the senders.
QUEUE_EVENTS_MAX = 1000
# How many events share a commit at most: a commit every tenth of a second on a Raspberry Pi's SD card.
BATCH_EVENTS_MAX = 64
# SMS submitted at a time: an SMS centre answers in tens of milliseconds, and some phones' answers take longer.
SMS_AT_A_TIME = 8
# Replies that are not in the outbox, on their way. More are dropped: their handsets repeat the request.
PASSING_SMS_MAX = 1000
DATABASE_RETRY_S = 0.5
RECONNECT_S_MIN, RECONNECT_S_MAX = 0.5, 5.0
_CONNECT_S = 10.0
_READ_BYTES = 4096
# A bank that does not read its requests is cut off before they fill the memory; all are in the store.
UNSENT_BYTES_MAX = 1 << 20
_SIGN_OFF_S = 1.0
_BANK_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class _UseBank:
    """Send to this connection from now on; between the actions, so that nothing of before the sign-on reaches it."""

    writer: asyncio.StreamWriter


_Step = Action | _UseBank
_Event = Callable[[float], Sequence[_Step]]


class OperatorServer:
    """Runs one session. `run` ends only when it is cancelled, or with an exception."""

    def __init__(
        self,
        session: OperatorSession,
        store: OperatorStore,
        key_files: KeyFiles,
        bearer: Bearer,
        bank_host: str,
        bank_port: int,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        on_ready: Callable[[bool], None] | None = None,
    ) -> None:
        self._session = session
        self._store = store
        self._key_files = key_files
        self._bearer = bearer
        self._bank_host = bank_host
        self._bank_port = bank_port
        self._tls = tls
        self._clock = clock
        self._on_ready = on_ready or (lambda _bank_connected: None)
        self._events: asyncio.Queue[_Event] = asyncio.Queue(QUEUE_EVENTS_MAX)
        # Bounded by the session's outbox and, for what is not in it, by PASSING_SMS_MAX.
        self._sms: asyncio.Queue[SendSms] = asyncio.Queue()
        self._bank: asyncio.StreamWriter | None = None
        self.bank_connected = asyncio.Event()

    async def run(self) -> None:
        """Serve until cancelled; then sign off and close."""
        await self._events.put(self._session.start)
        try:
            async with self._bearer, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._work(), name="worker")
                tasks.create_task(self._keep_bank_connected(), name="bank")
                tasks.create_task(self._receive_sms(), name="bearer")
                tasks.create_task(self._tell_ready(), name="ready")
                for number in range(SMS_AT_A_TIME):
                    tasks.create_task(self._submit_sms(), name=f"sms {number}")
        except asyncio.CancelledError:
            await self._say_goodbye()
            raise
        finally:
            # After a failure nothing more is said: what the session knows is not what the store has.
            if self._bank is not None:
                self._bank.transport.abort()

    async def _tell_ready(self) -> None:
        """Say once that handsets are served, and whether the bank is there; a bank that comes up too gets a moment."""
        await self._bearer.connected()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_BANK_GRACE_S):
                await self.bank_connected.wait()
        self._on_ready(self.bank_connected.is_set())

    # -- the worker -----------------------------------------------------------------------------------------

    async def _work(self) -> NoReturn:
        while True:
            batch = await self._next_batch()
            for action in await self._handle_when_free(batch):
                self._perform(action)

    async def _handle_when_free(self, batch: Sequence[_Event]) -> list[_Step]:
        """Handle a batch as soon as no other process keeps the store locked; return what is to be done."""
        said = False
        while True:
            try:
                actions = self._handle(batch)
            except StoreLocked as error:
                if not said:
                    _log.error("%s; trying on", error)
                    said = True
                await asyncio.sleep(DATABASE_RETRY_S)
            else:
                if said:
                    _log.info("the database is free again")
                return actions

    def _handle(self, batch: Sequence[_Event]) -> list[_Step]:
        """Handle a batch in one transaction. Raises StoreLocked before anything was handled."""
        actions: list[_Step] = []
        with self._store.transaction():
            now = self._clock()
            for event in batch:
                actions += event(now)
            actions += self._session.tick(now)
        return actions

    async def _next_batch(self) -> list[_Event]:
        """Wait for an event or the session's next wake-up; return all events that have gathered."""
        wakeup = self._session.next_wakeup()
        batch: list[_Event] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if wakeup is None else max(0.0, wakeup - self._clock())):
                batch.append(await self._events.get())
        while len(batch) < BATCH_EVENTS_MAX and not self._events.empty():
            batch.append(self._events.get_nowait())
        return batch

    def _perform(self, action: _Step) -> None:
        match action:
            case SendBank(message):
                self._send_to_bank(message)
            case _UseBank(writer):
                self._bank = writer
            case CloseBank(reason):
                self._close_bank(reason)
            case SendSms():
                if action.outbox_id is not None or self._sms.qsize() < PASSING_SMS_MAX:
                    self._sms.put_nowait(action)
            case SaveSeeds(current, previous):
                self._key_files.save_seeds(current, previous)
            case SaveControlKey(current, previous):
                self._key_files.save_control_key(current, previous)
            case Note(level, text):
                _log.log(logging.getLevelName(level.upper()), text)

    # -- the bank -------------------------------------------------------------------------------------------

    def _send_to_bank(self, message: bytes) -> None:
        if self._bank is None or self._bank.is_closing():
            return  # it is stored, and sent again after the next sign-on
        self._bank.write(frame(message))
        if self._bank.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self._close_bank("the bank does not read")

    def _close_bank(self, reason: str) -> None:
        if self._bank is not None:
            _log.warning("closing the connection to the bank: %s", reason)
            self._bank.transport.abort()

    async def _keep_bank_connected(self) -> NoReturn:
        delay_s = RECONNECT_S_MIN
        said = False
        while True:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    reader, writer = await asyncio.open_connection(self._bank_host, self._bank_port, ssl=self._tls)
            except (OSError, TimeoutError) as error:
                if not said:
                    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
                    _log.warning("no bank at %s:%d yet (%s); trying on", self._bank_host, self._bank_port, reason)
                    said = True
            else:
                _log.info("connected to the bank at %s:%d", self._bank_host, self._bank_port)
                began = self._clock()
                await self._use_bank(reader, writer)
                _log.warning("the connection to the bank is gone; connecting again")
                said = True
                if self._clock() - began > RECONNECT_S_MAX:
                    delay_s = RECONNECT_S_MIN  # it was of use; a bank that hangs up at once is asked less and less
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, RECONNECT_S_MAX)

    async def _use_bank(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.bank_connected.set()
        await self._events.put(lambda now: [_UseBank(writer), *self._session.bank_connected(now)])
        frames = FrameReader()
        try:
            while data := await reader.read(_READ_BYTES):
                for message in frames.receive(data):
                    await self._events.put(partial(self._session.receive_bank, message))
        except (OSError, BadFrame) as error:
            _log.warning("connection to the bank: %s", error)
        finally:
            if not asyncio.current_task().cancelling():  # type: ignore[union-attr]  # this runs in a task
                writer.transport.abort()
                self.bank_connected.clear()
        await self._events.put(self._session.bank_disconnected)

    async def _say_goodbye(self) -> None:
        """Sign off if there is a connection; the session's timers and the store are left as they are."""
        if self._bank is None or self._bank.is_closing():
            return
        try:
            with self._store.transaction():
                actions = self._session.sign_off(self._clock())
        except StoreLocked as error:
            _log.warning("%s; leaving the bank without a sign-off", error)
            actions = []
        for action in actions:
            self._perform(action)
        self._bank.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_SIGN_OFF_S):
                await self._bank.wait_closed()

    # -- handsets -------------------------------------------------------------------------------------------

    async def _receive_sms(self) -> None:
        async for msisdn, text in self._bearer.received():
            await self._events.put(partial(self._session.receive_sms, msisdn, text))

    async def _submit_sms(self) -> NoReturn:
        while True:
            sms = await self._sms.get()
            refused: str | None = None
            try:
                await self._bearer.send(sms.msisdn, sms.text)
            except SmsRefused as error:
                refused = error.reason
            if sms.outbox_id is not None:
                await self._events.put(self._outcome(sms.outbox_id, refused))

    def _outcome(self, outbox_id: int, refused: str | None) -> _Event:
        if refused is None:
            return lambda now: self._session.sms_accepted(outbox_id, now)
        return lambda now: self._session.sms_refused(outbox_id, refused, now)
