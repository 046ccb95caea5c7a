"""A screen that asks for something and has it confirmed with 1."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from handset.screens.base import Confirm, PhoneScreen
from handset.texts import Text


class BadEntry(Exception):
    """What was typed cannot be taken; `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.name)
        self.text = text


@dataclass(frozen=True, slots=True)
class Field:
    """One input: its label, what characters it takes (a regular expression for all of it), and its longest entry."""

    name: str
    label: Text
    characters: str
    longest: int
    hidden: bool = False


class FormScreen(PhoneScreen):
    """Fields, then the confirmation row, then one message. Enter goes on, 1 confirms, Escape goes back."""

    fields: ClassVar[tuple[Field, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._message: Callable[[], str] = str
        self._busy = False

    # -- what a form says ---------------------------------------------------------------------------------

    def heading(self) -> str:
        """Return the heading."""
        raise NotImplementedError

    def details(self) -> str:
        """Return what is shown above the fields."""
        return ""

    def confirmation(self) -> str:
        """Return what the confirmation row asks. The fields are good when it is called."""
        raise NotImplementedError

    def check(self, field: str, value: str) -> None:
        """Raise BadEntry if `value` cannot be taken for a field."""

    async def confirmed(self) -> None:
        """Go on: 1 was pressed and every field is good."""
        raise NotImplementedError

    # -- what it does -------------------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="details", markup=False)
        for field in self.fields:
            yield Static(id=f"label-{field.name}", classes="label", markup=False)
            yield Input(
                id=field.name,
                password=field.hidden,
                restrict=field.characters,
                max_length=field.longest,
                select_on_focus=False,
            )
        yield Confirm(id="confirm", markup=False)
        yield Static(id="message", markup=False)

    def on_mount(self) -> None:
        self.query_one(f"#{self.fields[0].name}" if self.fields else "#confirm").focus()

    def value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def tell(self, message: Callable[[], str], busy: bool = False) -> None:
        """Show a message, written anew when the language changes; while busy, 1 does nothing."""
        self._message, self._busy = message, busy
        self.refresh_texts()

    def render_texts(self) -> None:
        self.put("#heading", self.heading())
        self.put("#details", self.details())
        for field in self.fields:
            self.put(f"#label-{field.name}", self.say(field.label))
        self.put("#message", self._message())
        confirm = self.query_one("#confirm", Confirm)
        good = self._first_fault() is None
        confirm.update(self.confirmation() if good else self.say(Text.CONFIRM))
        confirm.display = not self._busy
        confirm.set_class(not good, "waiting")

    def _first_fault(self) -> tuple[str, Text] | None:
        for field in self.fields:
            value = self.value(field.name)
            if not value:
                return field.name, Text.FILL_IN_FIRST
            try:
                self.check(field.name, value)
            except BadEntry as fault:
                return field.name, fault.text
        return None

    @on(Input.Changed)
    def _changed(self) -> None:
        if not self._busy:
            self.tell(str)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Go to the next field, or to the confirmation row behind the last."""
        value = event.value.strip()
        if not value:
            self.tell(lambda: self.say(Text.FILL_IN_FIRST))
            return
        try:
            self.check(event.input.id or "", value)
        except BadEntry as fault:
            text = fault.text
            self.tell(lambda: self.say(text))
            return
        names = [field.name for field in self.fields]
        behind = names[names.index(event.input.id or "") + 1 :]
        self.query_one(f"#{behind[0]}" if behind else "#confirm").focus()

    @on(Confirm.Mistaken)
    def _mistaken(self) -> None:
        if not self._busy:
            self.tell(lambda: self.say(Text.ONLY_ONE_CONFIRMS))

    @on(Confirm.Confirmed)
    async def _one_was_pressed(self) -> None:
        if self._busy:
            return
        fault = self._first_fault()
        if fault is not None:
            name, text = fault
            self.query_one(f"#{name}").focus()
            self.tell(lambda: self.say(text))
            return
        self.tell(str)
        await self.confirmed()
