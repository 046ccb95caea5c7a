"""A person at a real terminal: `handset --demo` in tmux, through all six screens of Fig. 5, in both languages."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import BIN, PAYEE, PAYER

pytestmark = pytest.mark.foreign


class Terminal:
    """One tmux session on a socket of its own, 80 by 28."""

    def __init__(self, socket: Path, *command: str) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
        size = ("-x", "80", "-y", "28")
        self._run("new-session", "-d", *size, " ".join(command) + "; echo STATUS $?; sleep 60")

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True).stdout

    def type(self, *keys: str) -> None:
        for key in keys:
            self._run("send-keys", key)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def wait_for(self, text: str, seconds: float = 40.0) -> str:
        end = time.monotonic() + seconds
        while text not in (seen := self.screen()):
            assert time.monotonic() < end, f"{text!r} does not appear:\n{seen}"
            time.sleep(0.1)
        return seen

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    environment = f"env LC_ALL=C.UTF-8 TMPDIR={tmp_path}"
    opened = Terminal(tmp_path / "tmux", environment, str(BIN / "handset"), "--demo", "--lang", request.param)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("terminal", "steps", "done", "other_language"),
    [
        (
            "zh",
            ("第 1 步", f"【{PAYEE.name[-1]}】", "第 3 步", "第 4 步", "第 5 步", "第 6 步"),
            "转账成功",
            "The transfer was made",
        ),
        (
            "en",
            ("Step 1 of 6", PAYEE.name[-1], "Step 3 of 6", "Step 4 of 6", "Step 5 of 6", "Step 6 of 6"),
            "The transfer was made",
            "转账成功",
        ),
    ],
    indirect=["terminal"],
)
def test_a_transfer_at_the_screen(
    terminal: Terminal, steps: tuple[str, ...], done: str, other_language: str, tmp_path: Path
) -> None:
    terminal.wait_for(PAYER.imsi)
    terminal.type("1")
    terminal.wait_for(steps[0])
    terminal.type(PAYEE.account, "Enter", "2")
    time.sleep(0.5)
    assert steps[0] in terminal.screen(), "anything but 1 does not confirm"
    terminal.type("1")
    terminal.wait_for(steps[1])
    terminal.type("1")
    terminal.wait_for(steps[2])
    terminal.type(PAYER.account, "Enter", PAYER.pin, "Enter")
    assert PAYER.pin not in terminal.screen()
    terminal.type("1")
    terminal.wait_for(steps[3])
    terminal.type("12.34", "Enter", "1")
    assert "12.34" in terminal.wait_for(steps[4])
    terminal.type("1")
    terminal.wait_for(steps[5])
    assert "9,987.66" in terminal.wait_for(done)
    terminal.type("F2")
    terminal.wait_for(other_language)
    terminal.type("Escape")
    terminal.wait_for(PAYER.imsi)
    terminal.type("q")
    assert "STATUS 0" in terminal.wait_for("STATUS")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
