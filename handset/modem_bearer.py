"""The bearer over a GSM modem: between asyncio and the threads of `gsm.modem`.

A text from the operator is deleted from the SIM only after the phone has taken it, that is, when it asks for the next
event: what it got before is in its store by then. One that it leaves stays on the SIM until it can be read. Texts of
others stay there too: they are the customer's, who is told when they leave no room.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from pathlib import Path

from gsm.errors import (
    CannotOpen,
    ModemError,
    NotAModem,
    SendFailed,
    SendUnknown,
    SimBusy,
    SimLocked,
    SimMissing,
    SimPinNeeded,
    SimPinWrong,
    SimPukNeeded,
)
from gsm.inbox import ReceivedText
from gsm.mailbox import LeaveOnSim
from gsm.modem import Modem
from gsm.outcomes import Settled
from gsm.usb import ROOT
from handset.actions import SendOutcome
from handset.bearer import BearerEvent, Gone, Network, Ready, Received, SendSettled, Signal, StorageState, Trouble
from wire.secret import Secret

RECONNECT_S = 2.0  # a modem that was just plugged in needs some seconds; asking more often finds it no sooner
SIGNAL_INTERVAL_S = 30.0  # a command on the line, so not more often than a customer looks
TAKING_S_MAX = 60.0  # a phone that takes longer to store a text has a broken disk; the text stays on the SIM
_CSQ_BEST = 31  # TS 27.007 clause 8.5: -51 dBm or more

_log = logging.getLogger("handset.modem")

_TROUBLES: tuple[tuple[type[ModemError], Trouble], ...] = (
    (CannotOpen, Trouble.CANNOT_OPEN),
    (NotAModem, Trouble.CANNOT_OPEN),
    (SimPinNeeded, Trouble.SIM_PIN_NEEDED),
    (SimPinWrong, Trouble.SIM_PIN_WRONG),
    (SimPukNeeded, Trouble.SIM_BLOCKED),
    (SimLocked, Trouble.SIM_BLOCKED),
    (SimMissing, Trouble.NO_SIM),
    (SimBusy, Trouble.SIM_BUSY),
)


class NotFromOperator(LeaveOnSim):
    """A text of somebody else: left on the SIM."""


class NobodyToRead(LeaveOnSim):
    """A text of the operator that came while the phone could not read it: left on the SIM for later."""


class ModemBearer:
    """A modem on `port`, connected again whenever it was lost. Made and used on one event loop."""

    def __init__(
        self,
        port: str,
        operator_number: str,
        sim_pin: Secret | None = None,
        *,
        baudrate: int = 115200,
        rtscts: bool = False,
        system_root: Path = ROOT,
    ) -> None:
        self._operator_number = operator_number.removeprefix("+")
        self._sim_pin = sim_pin
        self._pin_given = asyncio.Event()
        self._events: asyncio.Queue[tuple[BearerEvent, Future[None] | None]] = asyncio.Queue()
        self._taken: Future[None] | None = None
        self._texts_left = False
        self._waiting_texts: set[Future[None]] = set()
        # Texts in doubt, and what became of them, by the driver's id for each; either may be there first.
        self._in_doubt: dict[int, str] = {}
        self._became: dict[int, SendOutcome] = {}
        self._modem = Modem(
            port,
            baudrate,
            received=self._received,
            gone=self._gone,
            back=self._back,
            settled=self._settled,
            full=self._full,
            registered=self._registered,
            rtscts=rtscts,
            usb_root=system_root,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        # The modem reads what lies on the SIM before it is asked who the SIM is; nobody can take a text before that.
        self._identified = False
        self._early: list[tuple[BearerEvent, Future[None]]] = []

    # -- what the phone asks ------------------------------------------------------------------------------

    async def send(self, number: str, text: str) -> SendOutcome:
        try:
            await asyncio.to_thread(self._modem.send_text, number, text)
        except SendFailed as error:
            _log.warning("%s", error)
            return SendOutcome.FAILED
        except SendUnknown as error:
            _log.warning("%s", error)
            if error.message_id is not None:
                self._in_doubt[error.message_id] = text
                self._tell_settled()
            return SendOutcome.UNKNOWN
        except Exception as error:  # whatever it is, the network may have the message
            _log.warning("sending ended with %s", type(error).__name__)
            return SendOutcome.UNKNOWN
        return SendOutcome.SENT

    def _tell_settled(self) -> None:
        for message_id in self._in_doubt.keys() & self._became.keys():
            self._put(SendSettled(self._in_doubt.pop(message_id), self._became.pop(message_id)))

    async def next_event(self) -> BearerEvent:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._start(self._connect())
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
        self._taken = None
        event, taken = await self._events.get()
        self._taken = taken
        return event

    def leave_text(self) -> None:
        self._texts_left = True
        if self._taken is not None and not self._taken.done():
            self._taken.set_exception(NobodyToRead())
        self._taken = None

    def offer_left_texts(self) -> None:
        if self._texts_left:
            self._texts_left = False
            self._modem.read_stored()

    async def give_sim_pin(self, pin: Secret) -> None:
        self._sim_pin = pin
        self._modem.use_pin(pin.reveal().decode("ascii"))  # for a modem that is being set up again after a reset
        self._pin_given.set()

    async def close(self) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        for text in list(self._waiting_texts):
            text.cancel()
        await asyncio.to_thread(self._modem.close)

    # -- connecting ---------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        told: Trouble | None = None
        while True:
            self._pin_given.clear()
            pin = self._sim_pin.reveal().decode("ascii") if self._sim_pin else None
            try:
                await asyncio.to_thread(self._modem.connect, pin)
                break
            except ModemError as error:
                trouble = _trouble_of(error)
                if trouble != told:
                    self._put(Gone(trouble, str(error)))
                told = trouble
            if told in (Trouble.SIM_PIN_NEEDED, Trouble.SIM_PIN_WRONG):
                await self._pin_given.wait()
                told = None
            else:
                await asyncio.sleep(RECONNECT_S)
        await self._identify()
        await self._watch_signal()

    async def _identify(self) -> None:
        """Tell who the SIM is. The modem may be gone again meanwhile; then it is told when it is back."""
        try:
            imsi = await asyncio.to_thread(lambda: self._modem.imsi)
            number = await asyncio.to_thread(self._modem.own_number)
        except ModemError as error:
            self._put(Gone(_trouble_of(error), str(error)))
            return
        except Exception as error:
            # The library's own errors: no answer in time, or one that it does not understand.
            self._put(Gone(Trouble.NO_MODEM, type(error).__name__))
            return
        self._put(Ready(imsi, number))
        self._identified = True
        early, self._early = self._early, []
        for event, taken in early:
            self._put(event, taken)

    async def _watch_signal(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # a decoration: whoever sends learns what is wrong
                strength = await asyncio.to_thread(lambda: self._modem.signalStrength)
                known = isinstance(strength, int) and 0 <= strength <= _CSQ_BEST
                self._put(Signal(round(strength * 100 / _CSQ_BEST) if known else None))
            await asyncio.sleep(SIGNAL_INTERVAL_S)

    def _put(self, event: BearerEvent, taken: Future[None] | None = None) -> None:
        self._events.put_nowait((event, taken))

    def _put_text(self, event: BearerEvent, taken: Future[None]) -> None:
        if self._identified:
            self._put(event, taken)
        else:
            self._early.append((event, taken))

    # -- called on the modem's dispatcher thread ----------------------------------------------------------

    def _on_loop(self, call: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
                loop.call_soon_threadsafe(call)

    def _received(self, message: ReceivedText) -> None:
        if message.number.removeprefix("+") != self._operator_number:
            raise NotFromOperator
        taken: Future[None] = Future()
        self._waiting_texts.add(taken)
        try:
            if self._closed:
                raise NobodyToRead
            self._on_loop(lambda: self._put_text(Received(message.number, message.text), taken))
            taken.result(TAKING_S_MAX)
        except CancelledError:  # by `close`
            raise NobodyToRead from None
        finally:
            self._waiting_texts.discard(taken)

    def _settled(self, settled: Settled) -> None:
        outcome = SendOutcome.SENT if settled.error is None else SendOutcome.FAILED

        def tell() -> None:
            self._became[settled.message_id] = outcome
            self._tell_settled()

        self._on_loop(tell)

    def _full(self, is_full: bool) -> None:
        self._on_loop(lambda: self._put(StorageState(is_full)))

    def _registered(self, is_registered: bool) -> None:
        self._on_loop(lambda: self._put(Network(is_registered)))

    def _gone(self, error: Exception) -> None:
        cause = error.__cause__  # what stood in the way when it was set up again, such as a SIM that asks for its PIN
        trouble = _trouble_of(cause) if isinstance(cause, ModemError) else Trouble.NO_MODEM
        self._on_loop(lambda: self._put(Gone(trouble, str(error))))

    def _back(self) -> None:
        self._on_loop(lambda: self._start(self._identify()))


def _trouble_of(error: ModemError) -> Trouble:
    return next((trouble for kind, trouble in _TROUBLES if isinstance(error, kind)), Trouble.NO_MODEM)
