"""The number of a SIM that does not know its own."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from handset.screens.base import PhoneScreen
from handset.texts import Text
from wire.digits import checked_msisdn
from wire.errors import BadDigits


class NumberScreen(PhoneScreen):
    """Asks for the number of the SIM with this IMSI, 5 to 15 digits with the country code; the phone keeps it."""

    keys = Text.KEYS_NUMBER

    def __init__(self, imsi: str) -> None:
        super().__init__()
        self.imsi = imsi
        self._is_bad = False

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="label-number", classes="label", markup=False)
        yield Input(id="number", restrict=r"\+?[0-9]*", max_length=16)
        yield Static(id="message", markup=False)

    def render_texts(self) -> None:
        self.put("#heading", self.say(Text.NUMBER_TITLE))
        self.put("#label-number", self.say(Text.ENTER_NUMBER, imsi=self.imsi))
        self.put("#message", self.say(Text.BAD_MSISDN) if self._is_bad else "")

    @on(Input.Submitted)
    async def _give(self, event: Input.Submitted) -> None:
        try:
            number = checked_msisdn(event.value)
        except BadDigits:
            self._is_bad = True
            self.refresh_texts()
            return
        self.app.pop_screen()
        await self.handset.give_number(self.imsi, number)
