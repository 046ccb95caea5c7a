"""The shell around a session: it owns the store, the bearer and the clock, and performs what the session says.

A session's method runs inside one transaction of the store, on one worker thread, since a commit waits for the disk.
Its actions are performed after the commit. A crash between the two is found again by `HandsetSession.start`.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from handset.actions import Action, Asking, OperatorWrites, SendOutcome, SendText, Show, Update
from handset.bearer import Bearer, Gone, Network, Ready, Received, SendSettled, Signal, StorageState, Trouble
from handset.session import DEFAULT_POLICY, HandsetSession, Policy
from handset.sqlite_store import SqliteStore, StoreUnusable
from handset.store import StoredRequest
from wire.digits import checked_imsi, checked_msisdn
from wire.errors import BadDigits
from wire.identity import Identity
from wire.sealing import BankSeal
from wire.secret import Secret
from wire.terminal import Kind

CLOCK_JUMP_S_MAX = 30.0  # a clock that is set forward (a Raspberry Pi has none of its own) is noticed within this

_log = logging.getLogger("handset.phone")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Connection:
    """How the phone stands. `trouble` is None when it can send; `signal_percent` is None when not known."""

    trouble: Trouble | None = Trouble.CONNECTING
    identity: Identity | None = field(default=None, repr=False)
    signal_percent: int | None = None
    sim_is_new: bool = False  # another SIM than last time: the bank will want to be told
    network_is_lost: bool = False  # nothing can be sent, and no answer can come
    storage_is_full: bool = False  # of others' messages: no answer can arrive
    numberless_imsi: str | None = field(default=None, repr=False)  # with NUMBER_UNKNOWN: the SIM whose number is wanted


class NotConnected(Exception):
    """The phone cannot take a request now; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Phone:
    """One handset at work. Start `run` as a task; ask with `inquire`, `transfer`, `balance`, `retry`.

    `listener` is called on the event loop with every update and every change of the connection.
    """

    def __init__(
        self,
        bearer: Bearer,
        store: SqliteStore,
        operator_number: str,
        listener: Callable[[Update | Connection], None],
        number: str | None = None,
        policy: Policy = DEFAULT_POLICY,
        random: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], float] = time.time,
    ) -> None:
        bank = store.bank()
        if bank is None:
            raise StoreUnusable("this handset does not know its bank yet; run: handset enrol --help")
        self._bearer = bearer
        self._store = store
        self._seal = BankSeal(bank.public_key)
        self._operator_number = operator_number
        self._listener = listener
        self._number = number
        self._policy = policy
        self._random = random
        self._clock = clock
        self.connection = Connection()
        self._session: HandsetSession | None = None
        self._becoming_ready = asyncio.Lock()  # by the bearer's word and by the customer's, one after the other
        self._ended = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="handset store")
        # Texts whose sending ended as UNKNOWN, the latest send of each.
        self._unknown: dict[str, tuple[HandsetSession, int]] = {}
        self._to_send: asyncio.Queue[tuple[HandsetSession, SendText]] = asyncio.Queue()
        self._wakeup: float | None = None
        self._rescheduled = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled. Raises StoreUnusable if the state can no longer be written."""
        tasks = [asyncio.ensure_future(part()) for part in (self._take_events, self._send_texts, self._watch_clock)]
        try:
            # Whatever ends one part ends the phone: none of them returns by itself.
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._bearer.close()
            self._worker.shutdown()
            self._ended = True

    # -- what the customer asks ---------------------------------------------------------------------------

    async def inquire(self, payee: str) -> bytes:
        """Ask who holds an account; return the new transaction's id. Raises NotConnected, BadDigits, StoreUnusable."""
        session = self._ready_session()
        return _asked(await self._do(session, lambda now: session.inquire(payee, now)))

    async def balance(self, account: str, pin: Secret) -> bytes:
        """Ask for a balance; return the id. Raises NotConnected, BadDigits, StoreUnusable."""
        session = self._ready_session()
        return _asked(await self._do(session, lambda now: session.balance(account, pin, now)))

    async def transfer(self, transaction_id: bytes, payer: str, payee: str, amount_fen: int, pin: Secret) -> None:
        """Order a transfer; the listener is told what becomes of it. Raises NotConnected, BadDigits, StoreUnusable."""
        session = self._ready_session()
        await self._do(session, lambda now: session.transfer(transaction_id, payer, payee, amount_fen, pin, now))

    async def retry(self, transaction_id: bytes) -> None:
        """Send a transfer in doubt again. Raises NotConnected, StoreUnusable."""
        session = self._ready_session()
        await self._do(session, lambda now: session.retry(transaction_id, now))

    async def forget(self, transaction_id: bytes) -> None:
        """Stop asking a question whose answer nobody waits for."""
        session = self._session
        if session is not None:
            await self._do(session, lambda now: session.forget(transaction_id, now))

    async def doubts(self) -> list[StoredRequest]:
        """Return the transfers in doubt, oldest first."""
        return [request for request in await self._work(self._store.open_requests) if request.kind is Kind.TRANSFER]

    async def requests(self, transaction_id: bytes) -> list[StoredRequest]:
        """Return what was asked under one id. Answers after the phone has ended too, as long as the store is open."""
        if self._ended:
            return self._store.requests(transaction_id)
        return await self._work(lambda: self._store.requests(transaction_id))

    async def give_sim_pin(self, pin: Secret) -> None:
        """Open the SIM, after Trouble.SIM_PIN_NEEDED or SIM_PIN_WRONG."""
        await self._bearer.give_sim_pin(pin)

    async def give_number(self, imsi: str, number: str) -> None:
        """Keep the number of a SIM that does not know its own (`Connection.numberless_imsi`), and work with it.

        Raises BadDigits, StoreUnusable.
        """
        identity = Identity(checked_imsi(imsi), checked_msisdn(number))
        async with self._becoming_ready:
            if self.connection.trouble is Trouble.NUMBER_UNKNOWN and self.connection.numberless_imsi == imsi:
                await self._become(identity)
            else:  # the modem is gone, or has another SIM, by now
                await self._work(lambda: self._store.remember_sim(identity))

    def _ready_session(self) -> HandsetSession:
        if self._session is None or self.connection.trouble is not None:
            raise NotConnected(self.connection.trouble or Trouble.CONNECTING)
        return self._session

    # -- running a session --------------------------------------------------------------------------------

    async def _do(self, session: HandsetSession, call: Callable[[float], list[Action]]) -> list[Action]:
        """Run one method of the session in a transaction, then perform its actions."""

        def in_transaction() -> tuple[list[Action], float | None]:
            with self._store.transaction():
                return call(self._clock()), session.next_wakeup()

        actions, self._wakeup = await self._work(in_transaction)
        self._rescheduled.set()
        for action in actions:
            if isinstance(action, SendText):
                self._to_send.put_nowait((session, action))
            elif isinstance(action, Show):
                self._listener(action.update)
            else:
                _log.info("%s", action.text)
        return actions

    async def _work(self, call: Callable[[], _Result]) -> _Result:
        if self._ended:
            raise StoreUnusable("the phone has stopped")
        return await asyncio.get_running_loop().run_in_executor(self._worker, call)

    async def _send_texts(self) -> None:
        while True:
            session, action = await self._to_send.get()
            outcome = await self._bearer.send(self._operator_number, action.text)
            _log.info("send %d: %s", action.send_id, outcome.value)
            if outcome is SendOutcome.UNKNOWN:
                self._unknown[action.text] = (session, action.send_id)
            await self._do(session, lambda now: session.send_finished(action.send_id, outcome, now))  # noqa: B023

    async def _watch_clock(self) -> None:
        while True:
            self._rescheduled.clear()
            wait_s = CLOCK_JUMP_S_MAX
            if self._wakeup is not None:
                wait_s = min(wait_s, max(0.0, self._wakeup - self._clock()))
            try:
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the result.
                async with asyncio.timeout(wait_s):
                    await self._rescheduled.wait()
            except TimeoutError:
                session = self._session
                if session is not None and self._wakeup is not None and self._wakeup <= self._clock():
                    await self._do(session, session.tick)

    # -- the bearer ---------------------------------------------------------------------------------------

    async def _take_events(self) -> None:
        while True:
            event = await self._bearer.next_event()
            if isinstance(event, Ready):
                async with self._becoming_ready:
                    await self._become_ready(event)
            elif isinstance(event, Gone):
                _log.warning("no connection: %s %s", event.trouble.value, event.detail)
                self._tell(replace(self.connection, trouble=event.trouble, signal_percent=None))
            elif isinstance(event, Signal):
                self._tell(replace(self.connection, signal_percent=event.percent))
            elif isinstance(event, StorageState):
                self._tell(replace(self.connection, storage_is_full=event.is_full))
            elif isinstance(event, Network):
                self._tell(replace(self.connection, network_is_lost=not event.is_registered))
            elif isinstance(event, SendSettled):
                await self._settle(event)
            elif isinstance(event, Received) and self._session is not None:
                await self._receive(self._session, event)
            elif isinstance(event, Received):
                _log.warning("a text came before the SIM's number was known; it is left for later")
                self._bearer.leave_text()

    async def _settle(self, event: SendSettled) -> None:
        session, send_id = self._unknown.pop(event.text, (None, 0))
        if session is not None:
            _log.info("send %d: %s after all", send_id, event.outcome.value)
            await self._do(session, lambda now: session.send_settled(send_id, event.outcome, now))

    async def _receive(self, session: HandsetSession, event: Received) -> None:
        def take(now: float) -> list[Action]:
            actions = session.receive_text(event.sender, event.text, now)
            if any(isinstance(action, Show) and not isinstance(action.update, OperatorWrites) for action in actions):
                self._store.remember_operator(self._operator_number)  # it speaks the protocol: the number is right
            return actions

        await self._do(session, take)

    async def _become_ready(self, ready: Ready) -> None:
        try:
            imsi = checked_imsi(ready.imsi)
        except BadDigits:
            self._tell(replace(self.connection, trouble=Trouble.NO_SIM))
            return
        known = self._number or ready.msisdn or await self._work(lambda: self._store.number_of(imsi))
        try:
            identity = Identity(imsi, checked_msisdn(known or ""))
        except BadDigits:
            # What another SIM asked before goes on with that one (rule 10 of `session`), not with this one.
            self._session = self._wakeup = None
            self._tell(replace(self.connection, trouble=Trouble.NUMBER_UNKNOWN, numberless_imsi=imsi))
            return
        await self._become(identity)

    async def _become(self, identity: Identity) -> None:
        """Work as this SIM from now on, and remember its number."""
        same = await self._work(lambda: self._store.remember_sim(identity))
        if self._session is None or identity != self.connection.identity:
            session = HandsetSession(
                self._store, self._seal, identity, self._operator_number, self._random, self._policy
            )
            self._session = session
            self._tell(replace(self.connection, trouble=None, identity=identity, sim_is_new=not same))
            await self._do(session, session.start)
            self._bearer.offer_left_texts()
        else:
            self._tell(replace(self.connection, trouble=None))

    def _tell(self, connection: Connection) -> None:
        self.connection = connection
        self._listener(connection)


def _asked(actions: list[Action]) -> bytes:
    """Return the id that a question was given: its first action tells it."""
    first = actions[0]
    assert isinstance(first, Show)
    assert isinstance(first.update, Asking)
    return first.update.transaction_id
