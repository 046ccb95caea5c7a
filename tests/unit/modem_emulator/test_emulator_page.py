"""What docs/emulator.md shows is run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from modem_emulator import emulated
from tests.unit.modem_emulator.test_pytest_plugin import pytest_in

PAGE = Path(__file__).parents[3] / "docs" / "emulator.md"
WAIT_S = 120


def program(name: str) -> str:
    """The block of the page that begins with its file's name."""
    found = re.search(rf"^```python\n# {re.escape(name)}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"{PAGE.name} shows no {name}"
    return found.group(1)


def test_the_tests_of_a_library_pass(tmp_path: Path) -> None:
    warned = ("-W", "error::pytest.PytestUnhandledThreadExceptionWarning", "-W", "error::ResourceWarning")
    ran = pytest_in(tmp_path, program("test_with_a_library.py"), *warned)
    assert "5 passed" in ran.stdout, ran.stdout
    assert "error" not in ran.stdout, ran.stdout


@pytest.mark.foreign
def test_the_test_of_a_program_passes(tmp_path: Path) -> None:
    ran = pytest_in(tmp_path, program("test_with_a_program.py"))
    assert "1 passed" in ran.stdout, ran.stdout


def test_the_script_without_pytest_runs(tmp_path: Path) -> None:
    script = tmp_path / "without_pytest.py"
    script.write_text(program("without_pytest.py"))
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert ran.returncode == 0, ran.stderr
    first, second, *_ = ran.stdout.splitlines()[1:]
    assert (len(first), first + second) == (
        153,
        "A text of more than 160 characters goes out in parts, each an SMS of its own. " * 3,
    )


def test_what_is_typed_by_hand_is_answered_so() -> None:
    found = re.search(r"<!-- typed by a test -->\n```\n\$ socat .*?\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, "the page shows a terminal"
    shown = re.sub(r"  +and then Ctrl-Z", "", found.group(1))
    screen = ""
    with emulated(modems=2) as network, serial.Serial(network.modems[0].port, timeout=WAIT_S) as port:
        for line in shown.splitlines():
            if line.startswith("AT"):
                port.write(line.encode() + b"\r")
                screen += port.read_until(b"> " if "CMGS" in line else b"OK\r\n").decode()
            elif line.startswith("> "):
                port.write(line[2:].encode() + b"\x1a")
                screen += port.read_until(b"OK\r\n").decode()
        network.wait_until_quiet(WAIT_S)
        assert [one.text for one in network.modems[1].stored] == ["hello"]
    assert screen.replace("\x1a", "").replace("\r\n", "\n").replace("\r", "") == shown
