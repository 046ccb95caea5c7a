"""The first screen: SIM and connection, what can be done, and what arrived."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static

from handset.demo_customers import Customer
from handset.screens.balance import BalanceScreen
from handset.screens.base import PhoneScreen
from handset.screens.doubts import DoubtsScreen
from handset.screens.transfer import PayeeScreen
from handset.texts import Text, text_of


class HomeScreen(PhoneScreen):
    """The menu takes arrows and Enter, or a digit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"choose({number - 1})", show=False) for number in range(1, 6)),
        Binding("q", "app.quit", show=False),
        Binding("n", "enter_number", show=False),
    ]
    keys = Text.KEYS_HOME

    def __init__(self, demo_customers: Sequence[Customer] = ()) -> None:
        super().__init__()
        self._demo_customers = demo_customers

    def compose_body(self) -> ComposeResult:
        yield Static(id="sim", markup=False)
        yield Static(id="connection", markup=False)
        yield Static(id="prompt", markup=False)
        yield OptionList(*[""] * 5, id="menu")
        yield Static(id="demo", markup=False)
        yield Static(id="notices-title", markup=False)
        yield Static(id="notices", markup=False)

    def render_texts(self) -> None:
        connection = self.handset.connection
        identity = connection.identity
        sim = self.say(Text.SIM_LINE, imsi=identity.imsi, number=identity.msisdn) if identity else ""
        self.put("#sim", sim)
        without_trouble = Text.NETWORK_IS_LOST if connection.network_is_lost else Text.CONNECTED
        lines = [self.say(text_of(connection.trouble) if connection.trouble else without_trouble)]
        if connection.sim_is_new:
            lines.append(self.say(Text.SIM_IS_NEW))
        if connection.storage_is_full:
            lines.append(self.say(Text.STORAGE_IS_FULL))
        self.put("#connection", "\n".join(lines))
        in_trouble = connection.trouble is not None or connection.network_is_lost or connection.storage_is_full
        self.query_one("#connection").set_class(in_trouble, "trouble")
        self.put("#prompt", self.say(Text.HOME))
        menu = self.query_one("#menu", OptionList)
        rows = (
            self.say(Text.MENU_TRANSFER),
            self.say(Text.MENU_BALANCE),
            self.say(Text.MENU_DOUBTS, count=self.handset.doubt_count),
            self.say(Text.MENU_LANGUAGE),
            self.say(Text.MENU_QUIT),
        )
        for index, row in enumerate(rows):
            menu.replace_option_prompt_at_index(index, row)
        self.put("#demo", self._demo())
        self.put("#notices-title", self.say(Text.NOTICES))
        messages = self.handset.messages_newest_first()
        self.put("#notices", "\n".join(messages) or self.say(Text.NO_NOTICES))

    def _demo(self) -> str:
        if not self._demo_customers:
            return ""
        rows = (
            self.say(Text.DEMO_ACCOUNT, name=f"{customer.name:\u3000<3}", account=customer.account, pin=customer.pin)
            for customer in self._demo_customers
        )
        return "\n".join((self.say(Text.DEMO_ACCOUNTS), *rows))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_choose(event.option_index)

    def action_choose(self, index: int) -> None:
        """Do what a row of the menu says."""
        match index:
            case 0:
                self.app.push_screen(PayeeScreen())
            case 1:
                self.app.push_screen(BalanceScreen())
            case 2:
                self.app.push_screen(DoubtsScreen())
            case 3:
                self.handset.action_switch_language()
            case _:
                self.app.exit()

    def action_enter_number(self) -> None:
        """Ask for the SIM's number, where the first lines say that it is missing."""
        self.handset.ask_number()

    def action_back(self) -> None:
        """Stay: there is nothing behind the first screen."""
