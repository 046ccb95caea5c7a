"""Make docs/emulator-panel.svg: the panel beside an emulator in the same process (`make screenshot`)."""

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from modem_emulator import profiles  # noqa: E402
from modem_emulator.clock import Clock  # noqa: E402
from modem_emulator.emulator import Phone  # noqa: E402
from modem_emulator.panel.app import Panel  # noqa: E402
from modem_emulator.scenario import Scenario  # noqa: E402
from modem_emulator.server import serving  # noqa: E402
from modem_emulator.store import MemoryStore  # noqa: E402

COLUMNS, ROWS = 80, 24
MOMENT = Clock(1_767_225_600.0)
PHONES = [
    Phone("460001234567890", "8613900000001", pin="1234"),
    Phone("460001234567891", "8613900000002", profile=profiles.load("sim800l")),
    Phone("460001234567892", "8613900000003", profile=profiles.load("huawei-e173")),
]
DIALOGUE = (b"ATE0+CMEE=1\r", b"AT+CPIN=1234\r", b"AT+CMGF=1;+CSQ\r", b'AT+CMGS="+8613900000002"\r', b"hello\x1a")
KEYS = ("l", "down", "s", "down", "k", "up", "up")


async def screenshot() -> str:
    """Let a client talk, press some keys, and return the screen as SVG."""
    folder = Path("run")
    async with serving(
        PHONES,
        {"95533": "operator"},
        MemoryStore(),
        link_dir=folder,
        control=folder / "control",
        scenario=Scenario(seed=1, clock=MOMENT),
    ) as server:
        app = Panel(folder)
        async with app.run_test(size=(COLUMNS, ROWS), notifications=False) as pilot:
            await pilot.pause(6)  # the slowest of these makes has started by then
            client = os.open(server.ports[0], os.O_RDWR | os.O_NOCTTY)
            for line in DIALOGUE:
                os.write(client, line)
                await pilot.pause(0.5)
            for key in KEYS:
                await pilot.press(key)
                await pilot.pause(0.5)
            await pilot.pause(1)
            svg = app.export_screenshot(title="modem-emulator panel")
            os.close(client)
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # a picture fetches nothing


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as here:
        os.chdir(here)
        (ROOT / "docs" / "emulator-panel.svg").write_text(asyncio.run(screenshot()), encoding="utf-8")
