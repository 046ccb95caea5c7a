"""The panel's two small windows: a message to write, and the help."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from modem_emulator.panel.view import HELP, NARROW_HELP, WIDE

# Somebody who is none of the modems.
DEFAULT_SENDER = "+8613912345678"


class MessageDialog(ModalScreen[tuple[str, str] | None]):
    """Asks for sender and text; gives both, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, to: str) -> None:
        super().__init__()
        self._to = to

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Label(f"A message to {self._to}. Enter sends it, Escape does not.", markup=False)
            yield Input(DEFAULT_SENDER, placeholder="from: a number, or a name", id="sender", select_on_focus=True)
            yield Input(placeholder="text", id="text")

    def on_mount(self) -> None:
        self.query_one("#text", Input).focus()

    def on_input_submitted(self) -> None:
        """Send, once there is something to send."""
        sender, text = (self.query_one(name, Input).value for name in ("#sender", "#text"))
        if sender and text:
            self.dismiss((sender, text))
        else:
            self.query_one("#text" if sender else "#sender", Input).focus()

    def action_cancel(self) -> None:
        self.dismiss(None)


class HelpDialog(ModalScreen[None]):
    """What the keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", show=False)]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="window"):
            yield Static(HELP if self.app.size.width >= WIDE else NARROW_HELP, markup=False)
