"""The panel's screen: it asks the control socket for the state, follows what goes by, and turns keys into faults."""

import asyncio
import contextlib
from collections import defaultdict, deque
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, RichLog, Static

from modem_emulator.control_client import Connection, NoEmulator, NotDone, connected
from modem_emulator.panel import view
from modem_emulator.panel.dialogs import HelpDialog, MessageDialog
from modem_emulator.panel.view import Table

# How often the state is asked for, and how often an emulator that is not there.
REFRESH_S = 0.5
RETRY_S = 1.0
# What is kept of each dialogue: some minutes of a busy client.
LINES_MAX = 500
# How long faults last that a key begins, so that one can watch a client bear them.
FAULT_S = 10.0
_STYLES = {"tx": "cyan", "rx": "green"}


class Panel(App[None]):
    """Shows the emulator that is controlled at `path`, now or when there is one."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "turn('signal')", show=False),
        Binding("u", "turn('plug')", show=False),
        Binding("f", "storage('fill-storage')", show=False),
        Binding("e", "storage('empty-storage')", show=False),
        Binding("b", f"fault('sim-busy', {{'for_s': {FAULT_S}}})", show=False),
        Binding("p", "fault('ask-pin')", show=False),
        Binding("k", "fault('ask-puk')", show=False),
        Binding("r", "fault('reboot')", show=False),
        Binding("R", "fault('reboot', {'on': '+CMGS', 'entered': True})", show=False),
        Binding("g", "fault('garbage')", show=False),
        Binding("a", f"fault('slow-answer', {{'on': '+CMGS', 'by_s': {FAULT_S}}})", show=False),
        Binding("l", "next('lose-next')", show=False),
        Binding("d", "next('double-next')", show=False),
        Binding("y", f"next('delay-next', {{'by_s': {FAULT_S}}})", show=False),
        Binding("o", "next('reorder-next')", show=False),
        Binding("t", "turn_way", show=False),
        Binding("m", "message", show=False),
        Binding("question_mark", "help", show=False),
        Binding("q,ctrl+c", "quit", show=False),
    ]

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._asker: Connection | None = None
        self._asking = asyncio.Lock()
        self._modems: list[Table] = []
        self._dialogues: defaultdict[str, deque[Table]] = defaultdict(lambda: deque(maxlen=LINES_MAX))
        self._shown = ""
        self._to_modem = False

    def compose(self) -> ComposeResult:
        yield Static(id="state", markup=False)
        yield DataTable[str](id="modems", cursor_type="row", zebra_stripes=True, cell_padding=0)
        yield Static(id="details", markup=False)
        yield RichLog(id="traffic", max_lines=LINES_MAX, markup=False, auto_scroll=True, wrap=True, min_width=0)
        yield Static(id="network", markup=False)
        yield RichLog(id="events", max_lines=LINES_MAX, markup=False, auto_scroll=True, wrap=True, min_width=0)
        yield Static(id="keys")

    def on_mount(self) -> None:
        for log in self.query(RichLog):
            log.can_focus = False
        self._table.focus()
        self._show_keys()
        self.run_worker(self._run())  # what fails there ends the app, and is shown

    # ---- the emulator

    async def _run(self) -> None:
        """Be connected, and connect again whenever the emulator has ended."""
        while True:
            try:
                async with connected(self._path) as asker, connected(self._path) as follower:
                    await follower.ask("follow")
                    await self._read_events(asker)
                    self._asker = asker
                    await self._watch(follower)
            except (NoEmulator, NotDone) as error:
                self._asker = None
                self._say(f"{error}", lost=True)
            await asyncio.sleep(RETRY_S)

    async def _watch(self, follower: Connection) -> None:
        tasks = [asyncio.create_task(self._refresh_for_ever()), asyncio.create_task(self._follow(follower))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_events(self, asker: Connection) -> None:
        log = self._lines_of("#events")
        log.clear()
        with contextlib.suppress(NotDone):  # the network is another process's
            for event in (await asker.ask("messages"))["events"]:
                log.write(Text(view.happened(event)))

    async def _follow(self, follower: Connection) -> None:
        async for event in follower.events():
            if event["event"] == "at":
                self._dialogues[event["modem"]].append(event)
                if event["modem"] == self._shown:
                    self._write(event)
            elif event["event"] == "message":
                self._lines_of("#events").write(Text(view.happened(event)))
            else:
                self._lines_of("#events").write(Text(f"… {event['count']} lines were missed …"))

    async def _refresh_for_ever(self) -> None:
        while True:
            await self._refresh()
            await asyncio.sleep(REFRESH_S)

    async def _refresh(self) -> None:
        status = await self._ask("status")
        if status is None:
            return
        self._say(f"modem-emulator at {self._path}", lost=False)
        self._modems = status["modems"]
        self._show_modems()
        self.query_one("#network", Static).update(view.network(status["network"]))

    async def _ask(self, do: str, **keys: object) -> Table | None:
        """Ask; None when the emulator refused, which is said, or is not there, which the state says."""
        try:
            async with self._asking:
                if self._asker is not None:
                    return await self._asker.ask(do, **keys)
        except NotDone as error:
            self.notify(str(error), severity="error", markup=False)
        except NoEmulator:
            self._asker = None
            raise
        return None

    # ---- what is shown

    @property
    def _table(self) -> DataTable[str]:
        return self.query_one("#modems", DataTable)

    def _lines_of(self, selector: str) -> RichLog:
        return self.screen_stack[0].query_one(selector, RichLog)

    def _say(self, text: str, lost: bool) -> None:
        state = self.screen_stack[0].query_one("#state", Static)
        state.update(text)
        state.set_class(lost, "lost")

    def _show_modems(self) -> None:
        table = self.screen_stack[0].query_one("#modems", DataTable)
        names, headings = [modem["name"] for modem in self._modems], view.columns(self.size.width)
        if names != [key.value for key in table.rows] or list(headings) != [key.value for key in table.columns]:
            chosen = table.cursor_row
            table.clear(columns=True)
            for column, heading in headings.items():
                table.add_column(f"{heading} ", key=column)
            for modem in self._modems:
                table.add_row(*map(_cell, view.cells(modem, self.size.width).values()), key=modem["name"])
            table.move_cursor(row=chosen)
        for modem in self._modems:
            for column, value in view.cells(modem, self.size.width).items():
                if table.get_cell(modem["name"], column) != _cell(value):
                    table.update_cell(modem["name"], column, _cell(value), update_width=True)
        self._show_chosen()

    def _show_chosen(self) -> None:
        modem = self._chosen
        if modem is None:
            return
        self.screen_stack[0].query_one("#details", Static).update(view.details(modem, self.size.width))
        if modem["name"] != self._shown:
            self._shown = modem["name"]
            self._lines_of("#traffic").clear()
            for event in self._dialogues[self._shown]:
                self._write(event)

    def _write(self, event: Table) -> None:
        self._lines_of("#traffic").write(Text(view.said(event), style=_STYLES[event["dir"]]))

    def _show_keys(self) -> None:
        way, other = ("to", "from") if self._to_modem else ("from", "to")
        keys = view.KEYS if self.size.width >= view.WIDE else view.NARROW_KEYS
        text = Text("\n".join(keys).format(way=way, other=other))
        text.highlight_regex(r"(?<=  )\S{1,2} |(?m:^)\S ", "bold")
        self.screen_stack[0].query_one("#keys", Static).update(text)

    def on_resize(self) -> None:
        """The terminal has another size; the table follows with the next state."""
        self.call_after_refresh(self._show_keys)

    @property
    def _chosen(self) -> Table | None:
        row = self.screen_stack[0].query_one("#modems", DataTable).cursor_row
        return self._modems[row] if 0 <= row < len(self._modems) else None

    def on_data_table_row_highlighted(self) -> None:
        """Another modem was chosen."""
        self._show_chosen()

    # ---- keys

    async def action_fault(self, do: str, keys: dict[str, Any] | None = None) -> None:
        """Let a fault happen to the chosen modem."""
        modem = self._chosen
        if modem is None or self._asker is None:
            self.notify("there is no modem to do that to", severity="warning")
            return
        step = {"do": do, "modem": modem["name"], **(keys or {})}
        with contextlib.suppress(NoEmulator):
            if await self._ask("fault", step=step) is not None:
                self.notify(f"{modem['name']}: {do}", timeout=2.0)
                await self._refresh()

    async def action_turn(self, what: str) -> None:
        """Signal or plug: off when on, on when off."""
        modem = self._chosen or {}
        if what == "plug":
            await self.action_fault("unplug" if modem.get("powered") else "plug-in")
        else:
            await self.action_fault("restore-signal" if modem.get("signal") == view.UNKNOWN_SIGNAL else "drop-signal")

    async def action_storage(self, do: str) -> None:
        """Fill or empty the first storage that the modem has."""
        storages = (self._chosen or {}).get("storages") or [{"name": "SM"}]
        await self.action_fault(do, {"storage": storages[0]["name"]})

    async def action_next(self, do: str, keys: dict[str, Any] | None = None) -> None:
        """Let something befall the next message from the modem, or to it."""
        await self.action_fault(do, {**(keys or {}), "to": self._to_modem})

    def action_turn_way(self) -> None:
        """From now on the other direction."""
        self._to_modem = not self._to_modem
        self._show_keys()

    def action_message(self) -> None:
        """Write a message to the chosen modem."""
        modem = self._chosen
        if modem is not None:
            self.push_screen(MessageDialog(modem["name"]), lambda written: self._send(modem["name"], written))

    async def _send(self, to: str, written: tuple[str, str] | None) -> None:
        if written is not None:
            sender, text = written
            with contextlib.suppress(NoEmulator):
                await self._ask("send", sender=sender, to=to, text=text)

    def action_help(self) -> None:
        """What the keys do."""
        self.push_screen(HelpDialog())


def _cell(value: str) -> str:
    """With a space behind it, which costs less room than padding."""
    return f"{value} "
