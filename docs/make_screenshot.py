"""Make docs/screenshot.svg: the app after a transfer, against a far end in the same process (`make screenshot`)."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from textual import events

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the far end lives with the tests

from handset.app import HandsetApp  # noqa: E402
from handset.phone import Phone  # noqa: E402
from handset.sqlite_store import Bank, SqliteStore  # noqa: E402
from tests.unit.handset.counterparty import OPERATOR, PAYEE, PAYER, PIN, ScriptedBearer  # noqa: E402
from wire.sealing import fingerprint  # noqa: E402

COLUMNS, ROWS = 80, 28


async def screenshot() -> str:
    """Walk through the six screens and return the last one as SVG."""
    bearer = ScriptedBearer()
    key = bearer.counterparty.public_key
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        store.pin_bank(Bank(key, fingerprint(key)))
        app = HandsetApp(lambda listener: Phone(bearer, store, OPERATOR, listener), "en")
        async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
            await pilot.pause(0.3)
            for step in ("1", PAYEE, "enter", "1", "1", PAYER, "enter", PIN, "enter", "1", "12.34", "enter", "1", "1"):
                if len(step) > 1 and step != "enter" and app.focused is not None:
                    app.focused.post_message(events.Paste(step))
                else:
                    await pilot.press(step)
                await pilot.pause(0.3)
            svg = app.export_screenshot(title="yinxin")
            svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # a picture fetches nothing
        store.close()
    return svg


if __name__ == "__main__":
    (ROOT / "docs" / "screenshot.svg").write_text(asyncio.run(screenshot()), encoding="utf-8")
