"""The customer's app: it joins the screens to the phone. What a screen shows is its own; rules are in `session`."""

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from handset.actions import Declined, Done, InDoubt, NoticeArrived, OperatorWrites, Update
from handset.amounts import format_yuan
from handset.bearer import Trouble
from handset.demo_customers import Customer
from handset.phone import Connection, NotConnected, Phone
from handset.screens.base import PhoneScreen
from handset.screens.home import HomeScreen
from handset.screens.number import NumberScreen
from handset.screens.sim_pin import SimPinScreen
from handset.sqlite_store import StoreUnusable
from handset.texts import Text, say_code, text_of
from wire.response_codes import Language
from wire.secret import Secret
from wire.terminal import Kind

MESSAGES_MAX = 50  # more than a day of notices; older ones are in the bank's statement
_SIM_PIN_TROUBLES = {Trouble.SIM_PIN_NEEDED, Trouble.SIM_PIN_WRONG}

OpenPhone = Callable[[Callable[[Update | Connection], None]], Phone]


class PhoneTold(Message):
    """An update or a change of the connection, on its way from the phone to the screens."""

    def __init__(self, what: Update | Connection) -> None:
        super().__init__()
        self.what = what


class HandsetApp(App[None]):
    """Opens a phone with `open_phone(listener)` when it is mounted, and closes it when it ends."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+l", "switch_language", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, open_phone: OpenPhone, language: Language = "zh", demo: Sequence[Customer] = ()) -> None:
        super().__init__()
        self.language: Language = language
        self.connection = Connection()
        self._asked_imsi: str | None = None  # whose number was asked for last; not again unless the customer says so
        self.doubt_count = 0
        self.broken: str | None = None  # why the phone stopped, for the command line
        self._demo = demo
        self._messages: deque[Callable[[], str]] = deque(maxlen=MESSAGES_MAX)
        self.phone = open_phone(self._post)
        self._phone_task: asyncio.Task[None] | None = None

    def _post(self, what: Update | Connection) -> None:
        self.post_message(PhoneTold(what))

    # -- life ---------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.title = Text.TITLE.say(self.language)
        self.push_screen(HomeScreen(self._demo))
        self._phone_task = asyncio.ensure_future(self._run_phone())
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit)

    async def on_unmount(self) -> None:
        if self._phone_task is not None:
            self._phone_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._phone_task

    async def _run_phone(self) -> None:
        try:
            await self.phone.run()
        except StoreUnusable as error:
            reason = str(error)
            self.broken = reason
            self._add_message(lambda: Text.STATE_UNUSABLE.say(self.language, reason=reason))

    # -- what the phone tells -----------------------------------------------------------------------------

    async def on_phone_told(self, message: PhoneTold) -> None:
        if isinstance(message.what, Connection):
            self._take_connection(message.what)
            return
        update = message.what
        seen = [screen.take(update) for screen in self._screens()]
        if isinstance(update, InDoubt | Done | Declined):
            self.doubt_count = len(await self.phone.doubts())
            self._refresh_screens()
        if isinstance(update, NoticeArrived):
            self._add_message(lambda: self._notice(update))
        elif isinstance(update, OperatorWrites):
            self._add_message(lambda: Text.OPERATOR_WRITES.say(self.language, text=update.text))
        elif isinstance(update, Done | Declined) and not any(seen):
            await self._tell_late_outcome(update)

    def _take_connection(self, connection: Connection) -> None:
        asks_for_pin = connection.trouble in _SIM_PIN_TROUBLES and connection.trouble != self.connection.trouble
        imsi = connection.numberless_imsi if connection.trouble is Trouble.NUMBER_UNKNOWN else None
        asks_for_number = imsi is not None and imsi != self._asked_imsi
        self._asked_imsi = imsi or self._asked_imsi
        fills_up = connection.storage_is_full and not self.connection.storage_is_full
        if fills_up and not isinstance(self.screen, HomeScreen):
            self.notify(Text.STORAGE_IS_FULL.say(self.language), severity="warning", markup=False)
        self.connection = connection
        self._leave_stale_number_screen(imsi)
        if asks_for_pin and not any(isinstance(screen, SimPinScreen) for screen in self.screen_stack):
            self.push_screen(SimPinScreen())
        if asks_for_number:
            self.ask_number()
        self._refresh_screens()

    def _leave_stale_number_screen(self, numberless_imsi: str | None) -> None:
        """Take the question away when the modem is back with a SIM whose number is known, or with another one."""
        screen = self.screen
        answered = self.connection.trouble is None or numberless_imsi is not None
        if isinstance(screen, NumberScreen) and answered and screen.imsi != numberless_imsi:
            self.pop_screen()

    def ask_number(self) -> None:
        """Ask for the SIM's number, if it is wanted: by itself once for each SIM, and when the customer says so."""
        imsi = self.connection.numberless_imsi
        if self.connection.trouble is Trouble.NUMBER_UNKNOWN and imsi is not None:
            self.push_screen(NumberScreen(imsi))

    async def _tell_late_outcome(self, update: Done | Declined) -> None:
        """Tell the outcome of a transfer that no screen follows any more."""
        for request in await self.phone.requests(update.transaction_id):
            if request.kind is not Kind.TRANSFER:
                continue
            values = {"amount": format_yuan(request.order.amount_fen), "payee": request.order.payee}
            if isinstance(update, Done):
                self._add_message(lambda v=values: Text.SETTLED_DONE.say(self.language, **v))  # type: ignore[misc]
            else:
                self._add_message(
                    lambda v=values, code=update.code: say_code(Text.SETTLED_DECLINED, code, self.language, **v)  # type: ignore[misc]
                )

    def _notice(self, notice: NoticeArrived) -> str:
        return Text.NOTICE.say(
            self.language,
            time=time.strftime("%m-%d %H:%M", time.localtime(notice.time_s)),
            amount=format_yuan(notice.amount_fen),
            balance=format_yuan(notice.balance_fen),
        )

    def _add_message(self, message: Callable[[], str]) -> None:
        self._messages.append(message)
        if not isinstance(self.screen, HomeScreen):
            self.notify(message(), markup=False)
        self._refresh_screens()

    def messages_newest_first(self) -> list[str]:
        return [message() for message in reversed(self._messages)]

    # -- what the screens ask -----------------------------------------------------------------------------

    def show_only(self, screen: PhoneScreen) -> None:
        """Show `screen` right above the first one; the forms in between, with the PIN in one, go."""
        while not isinstance(self.screen, HomeScreen):
            self.pop_screen()
        self.push_screen(screen)

    async def order(self, transaction_id: bytes, payer: str, payee: str, amount_fen: int, pin: Secret) -> None:
        """Order a transfer; the result screen is there already and takes what comes."""
        with self._told_when_unconnected():
            await self.phone.transfer(transaction_id, payer, payee, amount_fen, pin)

    async def retry(self, transaction_id: bytes) -> None:
        """Send a transfer in doubt again."""
        with self._told_when_unconnected():
            await self.phone.retry(transaction_id)

    async def give_number(self, imsi: str, number: str) -> None:
        """Keep the number of a SIM that does not know its own."""
        with self._told_when_unconnected():
            await self.phone.give_number(imsi, number)

    @contextlib.contextmanager
    def _told_when_unconnected(self) -> Iterator[None]:
        try:
            yield
        except NotConnected as error:
            self.notify(text_of(error.trouble).say(self.language), severity="warning", markup=False)
        except StoreUnusable as error:
            self.notify(Text.STATE_UNUSABLE.say(self.language, reason=error), severity="error", markup=False)

    def action_switch_language(self) -> None:
        """Chinese or English, at once and on every screen."""
        self.language = "en" if self.language == "zh" else "zh"
        self._refresh_screens()

    def _screens(self) -> list[PhoneScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, PhoneScreen)]

    def _refresh_screens(self) -> None:
        for screen in self._screens():
            screen.refresh_texts()
