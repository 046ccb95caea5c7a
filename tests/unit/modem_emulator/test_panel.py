"""The panel as a person uses it: keys pressed, an emulator behind a real control socket, its modems looked at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, RichLog, Static

from modem_emulator.equipment import Equipment
from modem_emulator.panel import view
from modem_emulator.panel.app import Panel
from modem_emulator.panel.dialogs import HelpDialog, MessageDialog
from modem_emulator.server import Server, serving
from modem_emulator.sim import SimState
from modem_emulator.store import MemoryStore
from tests.unit.modem_emulator.bench import ANNA, BANK, BERND

WAIT_S = 20.0


def running(folder: Path) -> AbstractAsyncContextManager[Server]:
    return serving([ANNA, BERND], {BANK: "operator"}, MemoryStore(), link_dir=folder, control=folder / "control")


class Sight:
    """A panel under a pilot, and what can be read on it."""

    def __init__(self, app: Panel, pilot: Pilot[None], server: Server | None) -> None:
        self.app, self.pilot, self.server = app, pilot, server

    @property
    def modem(self) -> Equipment:
        assert self.server is not None
        return self.server.emulator.modems[0]

    def text(self, selector: str) -> str:
        return str(self.app.screen_stack[0].query_one(selector, Static).render())

    def log(self, selector: str) -> list[str]:
        return [line.text.rstrip() for line in self.app.screen_stack[0].query_one(selector, RichLog).lines]

    def row(self, modem: str) -> list[str]:
        return [str(cell).rstrip() for cell in self.app.screen_stack[0].query_one(DataTable).get_row(modem)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await self.pilot.pause(0.02)

    async def press(self, key: str, condition: Callable[[], bool]) -> None:
        await self.pilot.press(key)
        await self.until(condition)


@asynccontextmanager
async def sight(folder: Path, width: int = 80) -> AsyncIterator[Sight]:
    async with running(folder) as server:
        app = Panel(folder)
        async with app.run_test(size=(width, 24)) as pilot:
            shown = Sight(app, pilot, server)
            await shown.until(lambda: shown.app.screen_stack[0].query_one(DataTable).row_count == 2)
            yield shown


async def test_each_modem_and_the_network_are_shown(tmp_path: Path) -> None:
    async with sight(tmp_path) as shown:
        row = ["modem0", "+8613900000001", "generic", "home", "▂▄▆_ 20", "READY", "SM 0/5", "free"]
        assert shown.row("modem0") == row
        assert shown.text("#details").startswith(f"modem0  IMSI {ANNA.imsi}  port {tmp_path}/modem0")
        await shown.press("down", lambda: BERND.imsi in shown.text("#details"))
        assert shown.text("#network") == "network: queue 0  ESMEs: 95533 not bound"
        assert shown.text("#state") == f"modem-emulator at {tmp_path}"


async def test_every_key_of_radio_sim_and_port_does_what_it_says(tmp_path: Path) -> None:
    async with sight(tmp_path) as shown:
        await shown.press("s", lambda: shown.modem.rssi is None)
        await shown.until(lambda: shown.row("modem0")[3:5] == ["searching", "none"])
        await shown.press("s", lambda: shown.modem.rssi == 20)
        await shown.press("u", lambda: not shown.modem.powered)
        await shown.until(lambda: shown.row("modem0")[3] == "unplugged")
        assert not (tmp_path / "modem0").exists()
        await shown.press("u", lambda: shown.modem.powered)
        assert (tmp_path / "modem0").exists()
        await shown.press("f", lambda: shown.modem.sim.slots.used == 5)
        await shown.press("e", lambda: shown.modem.sim.slots.used == 0)
        await shown.press("b", lambda: shown.modem.sim_busy)
        await shown.press("p", lambda: shown.modem.sim.state is SimState.PIN)
        await shown.until(lambda: shown.row("modem0")[5] in ("SIM PIN", "busy"))
        await shown.press("k", lambda: shown.modem.sim.state is SimState.PUK)


@pytest.mark.parametrize(
    ("key", "armed"),
    [("g", "Garbage"), ("a", "SlowAnswer"), ("R", "Reboot")],
)
async def test_every_key_for_a_command_lets_a_fault_wait_for_it(tmp_path: Path, key: str, armed: str) -> None:
    async with sight(tmp_path) as shown:
        assert shown.server is not None
        plan = shown.server.emulator._engines[0].plan
        await shown.press(key, lambda: plan.active)
        [(step, _)] = plan._armed
        assert type(step.do).__name__ == armed
        assert (step.on, step.entered) == ("*" if key == "g" else "+CMGS", key == "R")


@pytest.mark.parametrize(
    ("key", "fates", "texts"),
    [
        ("l", ["accepted", "lost"], 0),
        ("d", ["accepted", "doubled", "delivered", "delivered"], 2),
        ("y", ["accepted"], 0),
        ("o", ["accepted"], 0),
    ],
)
async def test_every_key_for_the_next_message_to_a_modem(
    tmp_path: Path, key: str, fates: list[str], texts: int
) -> None:
    async with sight(tmp_path) as shown:
        await shown.press("t", lambda: "next SMS to it:" in shown.text("#keys"))
        # A key is done when the next one shows: requests are answered in order.
        await shown.pilot.press(key)
        await shown.press("s", lambda: shown.modem.rssi is None)
        await shown.press("s", lambda: shown.modem.rssi == 20)
        await write(shown, "hello")
        await shown.until(lambda: [line.split()[1] for line in shown.log("#events")] == fates)
        assert shown.modem.sim.slots.used == texts


async def write(shown: Sight, text: str) -> None:
    """Press m and send a text."""
    await shown.press("m", lambda: isinstance(shown.app.screen, MessageDialog))
    shown.app.screen.query_one("#sender", Input).value = "YINXIN"
    await shown.pilot.press(*text, "enter")
    await shown.until(lambda: not isinstance(shown.app.screen, MessageDialog))


async def test_a_message_is_written_or_not(tmp_path: Path) -> None:
    async with sight(tmp_path) as shown:
        await shown.press("m", lambda: isinstance(shown.app.screen, MessageDialog))
        await shown.pilot.press("x", "escape")
        await write(shown, "hello")
        await shown.until(lambda: len(shown.log("#events")) == 2)
        assert all("YINXIN > +8613900000001  hello" in line for line in shown.log("#events"))
        await shown.until(lambda: "accepted 1 delivered 1" in shown.text("#network"))


async def test_the_dialogue_of_the_chosen_modem_is_followed_without_pins(tmp_path: Path) -> None:
    async with sight(tmp_path) as shown:
        assert shown.server is not None
        shown.server._received(0, b"ATE0\r")
        shown.server._received(1, b"AT+CPIN=1234\r")
        await shown.until(lambda: shown.log("#traffic") == ["> ATE0", "< ATE0", "< OK"])
        await shown.press("down", lambda: "> AT+CPIN=****" in shown.log("#traffic"))
        assert "> ATE0" not in shown.log("#traffic")
        await shown.press("up", lambda: shown.log("#traffic") == ["> ATE0", "< ATE0", "< OK"])


async def test_help_comes_and_goes(tmp_path: Path) -> None:
    async with sight(tmp_path) as shown:
        await shown.press("question_mark", lambda: isinstance(shown.app.screen, HelpDialog))
        await shown.press("escape", lambda: not isinstance(shown.app.screen, HelpDialog))


@pytest.mark.parametrize("width", [80, 60, 40])
async def test_no_line_is_cut_or_broken_in_the_help(tmp_path: Path, width: int) -> None:
    async with sight(tmp_path, width) as shown:
        await shown.press("question_mark", lambda: isinstance(shown.app.screen, HelpDialog))
        help_text = shown.app.screen.query_one(Static)
        await shown.until(lambda: help_text.size.height > 0)
        lines = str(help_text.render()).splitlines()
        assert help_text.size.height == len(lines), "none is broken"
        assert max(map(len, lines)) <= help_text.size.width <= width, "none is cut"
        await shown.pilot.press("end")
        window = help_text.parent
        assert isinstance(window, VerticalScroll)
        await shown.until(lambda: window.scroll_offset.y == window.max_scroll_y)


async def test_a_narrow_terminal_shows_what_changes_and_a_wider_one_all_again(tmp_path: Path) -> None:
    async with sight(tmp_path, 40) as shown:
        assert shown.row("modem0") == ["modem0", "home", "20", "READY", "SM 0/5", "free"]
        assert shown.text("#details").startswith("+8613900000001  generic  modem0  IMSI")
        network = shown.app.screen.query_one("#network", Static)
        assert network.size.width * network.size.height >= len(shown.text("#network")) > network.size.width
        assert "? keys" in shown.text("#keys")
        await shown.pilot.resize_terminal(80, 24)
        await shown.until(lambda: len(shown.row("modem0")) == len(view.COLUMNS))
        await shown.until(lambda: "R reboot" in shown.text("#keys"))


async def test_it_says_that_there_is_no_emulator_and_finds_the_one_that_comes_and_comes_again(tmp_path: Path) -> None:
    app = Panel(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Sight(app, pilot, None)
        await shown.until(lambda: "no emulator is controlled at" in shown.text("#state"))
        await pilot.press("r")
        for _ in range(2):
            async with AsyncExitStack() as emulator:
                await emulator.enter_async_context(running(tmp_path))
                await shown.until(lambda: shown.text("#state").startswith("modem-emulator at"))
                await shown.until(lambda: app.screen_stack[0].query_one(DataTable).row_count == 2)
            await shown.until(lambda: shown.text("#state").startswith(("the emulator", "no emulator")))


def test_every_key_of_the_panel_is_told_of_at_its_foot_and_in_its_help() -> None:
    for binding in Panel.BINDINGS:
        assert isinstance(binding, Binding)
        key = {"question_mark": "?"}.get(binding.key, binding.key.partition(",")[0])
        assert any(f" {key} " in f"  {row}" for row in view.KEYS), key
        assert key == "?" or f"{key}  " in view.HELP, key
        assert f"\n{key}  " in view.NARROW_HELP, key


def test_what_the_panel_shows_fits_80_columns() -> None:
    modem = {
        "name": "modem0",
        "msisdn": "+8613900000001",
        "profile": "sierra-mc7455-and-more",
        "powered": True,
        "open": True,
        "registration": 2,
        "signal": 31,
        "sim": "SIM PUK",
        "storages": [{"name": "SM", "used": 50, "size": 50}],
    }
    assert sum(len(cell) + 1 for cell in view.row(modem)) <= 80
    assert all(len(row.format(way="from", other="from")) <= 78 for row in view.KEYS)
    assert all(len(row.format(way="from", other="from")) <= 38 for row in view.NARROW_KEYS)
