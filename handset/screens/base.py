"""What every screen has: a status line on top, keys at the bottom, and texts that follow the chosen language."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from handset.actions import Update
from handset.texts import Text, text_of
from wire.response_codes import Language

if TYPE_CHECKING:
    from handset.app import HandsetApp
    from handset.phone import Connection


class Confirm(Static, can_focus=True):
    """The row on which the key 1 confirms, and nothing else does (Fig. 5)."""

    class Confirmed(Message):
        """1 was pressed."""

    class Mistaken(Message):
        """Another key was pressed that looks like an answer."""

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter" or event.is_printable:
            event.stop()
            self.press(event.key)

    def press(self, key: str) -> None:
        """Take a key that was pressed here, or typed ahead before the row had the focus."""
        self.post_message(self.Confirmed() if key == "1" else self.Mistaken())


class PhoneScreen(Screen[None]):
    """A screen whose texts are written by `render_texts`, again whenever the language or the connection changes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]
    keys: Text = Text.KEYS_FORM

    def compose(self) -> ComposeResult:
        yield Static(id="status", markup=False)
        with VerticalScroll(id="body", can_focus=False):
            yield from self.compose_body()
        yield Static(id="keys", markup=False)

    def compose_body(self) -> ComposeResult:
        """Yield what is between status line and keys."""
        raise NotImplementedError

    def on_screen_resume(self) -> None:
        """Write the texts when the screen comes to the front, for the first time and again."""
        self.refresh_texts()

    @property
    def handset(self) -> "HandsetApp":
        return cast("HandsetApp", self.app)

    @property
    def language(self) -> Language:
        return self.handset.language

    def say(self, text: Text, **values: object) -> str:
        """Return a text in the language of the app."""
        return text.say(self.language, **values)

    def put(self, selector: str, text: str) -> None:
        """Show a text in a Static; an empty one takes no row."""
        widget = self.query_one(selector, Static)
        widget.update(text)
        widget.display = bool(text)

    def refresh_texts(self) -> None:
        """Write every text of the screen anew."""
        if not self.is_mounted:
            return
        self.put("#status", f"{self.say(Text.TITLE)}  {self._status()}")
        self.put("#keys", self.say(self.keys))
        self.render_texts()

    def render_texts(self) -> None:
        """Write the texts of the body."""

    def take(self, update: Update) -> bool:
        """Take an update; return whether the customer sees it here."""
        return False

    def action_back(self) -> None:
        """Leave the screen."""
        self.app.pop_screen()

    def _status(self) -> str:
        connection = self.handset.connection
        if connection.trouble is not None:
            return self.say(text_of(connection.trouble))
        return self.say(
            Text.STATUS,
            number=connection.identity.msisdn if connection.identity else self.say(Text.NUMBER_UNKNOWN),
            signal=self._signal(connection),
        )

    def _signal(self, connection: "Connection") -> str:
        if connection.network_is_lost:
            return self.say(Text.SIGNAL_NO_NETWORK)
        percent = connection.signal_percent
        return self.say(Text.SIGNAL_UNKNOWN) if percent is None else f"{percent}%"
