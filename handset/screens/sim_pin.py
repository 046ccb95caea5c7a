"""Opening the SIM."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from handset.screens.base import PhoneScreen
from handset.texts import Text
from wire.secret import Secret


class SimPinScreen(PhoneScreen):
    """Asks for the SIM's PIN, 4 to 8 digits (TS 51.011 clause 9.3); it goes to the modem and is not kept."""

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="label-sim-pin", classes="label", markup=False)
        yield Input(id="sim-pin", password=True, restrict="[0-9]*", max_length=8)

    def render_texts(self) -> None:
        self.put("#heading", self.say(Text.SIM_PIN_TITLE))
        self.put("#label-sim-pin", self.say(Text.ENTER_SIM_PIN))

    @on(Input.Submitted)
    async def _give(self, event: Input.Submitted) -> None:
        if len(event.value) >= 4:
            self.app.pop_screen()
            await self.handset.phone.give_sim_pin(Secret(event.value.encode("ascii")))
