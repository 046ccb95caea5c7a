"""The panel at a real terminal of 80 by 24, in tmux; what its keys did is seen by AT on the pty."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import BIN
from tests.system.test_emulator_control_programs import read_octets
from tests.system.test_emulator_programs import ANNA, Program, ask, program

pytestmark = pytest.mark.foreign

WAIT_S = 40.0


class Terminal:
    """The panel in a tmux session of its own."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ("tmux", "-S", str(folder / "tmux"), "-f", "/dev/null")
        command = f"env LC_ALL=C.UTF-8 {BIN / 'modem-emulator'} panel --control {folder}; echo STATUS $?; sleep 60"
        self._run("new-session", "-d", "-x", "80", "-y", "24", command)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True).stdout

    def type(self, *keys: str) -> None:
        for key in keys:
            self._run("send-keys", key)

    def wait_for(self, *texts: str) -> str:
        end = time.monotonic() + WAIT_S
        while not all(text in (seen := self._run("capture-pane", "-p")) for text in texts):
            assert time.monotonic() < end, f"{texts} do not appear:\n{seen}"
            time.sleep(0.1)
        return seen

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Program]:
    with program("--phone", ANNA, "--link-dir", str(tmp_path)) as running:
        yield running


@pytest.fixture
def terminal(emulator: Program, tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    try:
        yield opened
    finally:
        opened.close()


def wait_until(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_keys_unplug_and_garble_a_modem_and_the_panel_survives_the_emulator(
    emulator: Program, terminal: Terminal, tmp_path: Path
) -> None:
    port = tmp_path / "modem0"
    terminal.wait_for("+8613900000001", "home", "q quit")
    assert b"OK" in ask(str(port), b"ATE0\r")
    terminal.wait_for("> ATE0")

    terminal.type("u")
    wait_until(lambda: not port.exists())
    terminal.wait_for("unplugged")
    terminal.type("u")
    wait_until(port.exists)
    terminal.wait_for("home")
    ask(str(port), b"ATE0\r")

    terminal.type("g", "s")
    terminal.wait_for("searching")  # keys are done in their order, so that the garbage waits now
    assert b"OK" not in read_octets(str(port), b"AT\r", 24)
    assert b"+CSQ: 99,99" in ask(str(port), b"AT+CSQ\r")

    emulator.end(signal.SIGTERM)
    terminal.wait_for("no emulator is controlled at")
    with program("--phone", ANNA, "--link-dir", str(tmp_path)):
        terminal.wait_for("modem-emulator at", "home")
        terminal.type("q")
        terminal.wait_for("STATUS 0")
