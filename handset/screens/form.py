"""A screen that asks for something and has it confirmed with 1."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
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


class Entry(Input):
    """An input that is left with Enter at once: what is typed before the focus has moved is not taken here.

    Else "12", Enter, 1, typed by a fast hand, would become an amount of 121.
    """

    @dataclass
    class TypedAhead(Message):
        """A key that belongs to whatever comes after this entry: a character, or "enter"."""

        key: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = False

    async def _on_key(self, event: events.Key) -> None:
        if event.key != "enter" and not (self.left and event.is_printable):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        if self.left:
            self.post_message(self.TypedAhead(event.character or "" if event.is_printable else event.key))
        else:
            self.left = True
            await self.action_submit()  # posts Submitted, which goes the same way as TypedAhead, and before it

    def on_focus(self) -> None:
        self.left = False


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
            yield Entry(
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
        """Show a message, written anew when the language changes; while busy nothing can be edited or confirmed."""
        was_busy, self._busy, self._message = self._busy, busy, message
        for entry in self.query(Entry):
            entry.disabled = busy
        self.refresh_texts()
        if was_busy and not busy:
            self.set_focus(self.query_one("#confirm"))

    def render_texts(self) -> None:
        self.put("#heading", self.heading())
        self.put("#details", self.details())
        for field in self.fields:
            self.put(f"#label-{field.name}", self.say(field.label))
        self.put("#message", self._message())
        confirm = self.query_one("#confirm", Confirm)
        good = self._first_fault() is None
        if self._busy:
            confirm.update("…")  # it stays, and keeps the focus: were it hidden, Textual would move that to an entry
        elif isinstance(self.focused, Entry):
            confirm.update(self.say(Text.CONFIRM_AFTER_ENTER))  # here a 1 would be typed into the entry
        else:
            confirm.update(self.confirmation() if good else self.say(Text.CONFIRM))
        confirm.set_class(self._busy or not good, "waiting")

    def on_descendant_focus(self) -> None:
        """Write the confirmation row anew: what 1 does depends on what has the focus."""
        self.refresh_texts()

    def _first_fault(self) -> tuple[str, Text] | None:
        for field in self.fields:
            fault = self._fault_of(field.name, self.value(field.name))
            if fault is not None:
                return field.name, fault
        return None

    @on(Input.Changed)
    def _changed(self) -> None:
        if not self._busy:
            self.tell(str)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._leave(cast("Entry", event.input))

    @on(Entry.TypedAhead)
    def _typed_ahead(self, event: Entry.TypedAhead) -> None:
        """Give a key to what has the focus by now."""
        if isinstance(self.focused, Confirm):
            self.focused.press(event.key)
        elif isinstance(self.focused, Entry):
            if event.key == "enter":
                self._leave(self.focused)
            else:
                self.focused.insert_text_at_cursor(event.key)

    def _leave(self, entry: Entry) -> None:
        """Go to the next field, or to the confirmation row behind the last; stay if the entry cannot be taken."""
        name = entry.id or ""
        fault = self._fault_of(name, self.value(name))
        entry.left = fault is None
        if fault is not None:
            self.tell(lambda: self.say(fault))
            return
        names = [field.name for field in self.fields]
        behind = names[names.index(name) + 1 :]
        self.set_focus(self.query_one(f"#{behind[0]}" if behind else "#confirm"))

    def _fault_of(self, name: str, value: str) -> Text | None:
        if not value:
            return Text.FILL_IN_FIRST
        try:
            self.check(name, value)
        except BadEntry as fault:
            return fault.text
        return None

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
