"""The transfers in doubt."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from handset.actions import Declined, Done, InDoubt, Update
from handset.amounts import format_yuan
from handset.screens.base import PhoneScreen
from handset.screens.result import ResultScreen
from handset.store import State, StoredRequest
from handset.texts import Text


class DoubtsScreen(PhoneScreen):
    """One row for each; Enter shows it, `r` sends it again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "retry", show=False)]
    keys = Text.KEYS_RESULT_DOUBT

    def __init__(self) -> None:
        super().__init__()
        self._doubts: list[StoredRequest] = []

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="message", markup=False)
        yield OptionList(id="doubts")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.run_worker(self._load(), exclusive=True)

    def take(self, update: Update) -> bool:
        if isinstance(update, InDoubt | Done | Declined):
            self.run_worker(self._load(), exclusive=True)
        return False

    async def _load(self) -> None:
        self._doubts = await self.handset.phone.doubts()
        self.refresh_texts()

    def render_texts(self) -> None:
        self.put("#heading", self.say(Text.DOUBTS_TITLE))
        self.put("#message", self.say(Text.DOUBTS_HINT if self._doubts else Text.NO_DOUBTS))
        options = self.query_one("#doubts", OptionList)
        chosen = options.highlighted
        options.clear_options()
        for doubt in self._doubts:
            options.add_option(
                Option(
                    self.say(
                        Text.DOUBT,
                        amount=format_yuan(doubt.order.amount_fen),
                        payee=doubt.order.payee,
                        id=doubt.transaction_id.hex(),
                    )
                )
            )
        options.display = bool(self._doubts)
        if self._doubts:
            options.highlighted = min(chosen or 0, len(self._doubts) - 1)
            options.focus()

    @on(OptionList.OptionSelected)
    def _show(self, event: OptionList.OptionSelected) -> None:
        doubt = self._doubts[event.option_index]
        next_send_at = doubt.next_send_at if doubt.state is State.WAITING else None
        standing = InDoubt(doubt.transaction_id, doubt.sends, next_send_at)
        self.app.push_screen(ResultScreen(doubt.transaction_id, doubt.order, standing))

    async def action_retry(self) -> None:
        """Send the chosen transfer again and show it."""
        chosen = self.query_one("#doubts", OptionList).highlighted
        if chosen is not None and self._doubts:
            doubt = self._doubts[chosen]
            self.app.push_screen(ResultScreen(doubt.transaction_id, doubt.order))
            await self.handset.retry(doubt.transaction_id)
