"""`modem-emulator serve --scenario` and `modem-emulator ctl` as processes."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.test_emulator_programs import ANNA, COMMAND, Program, ask, program, send_text

pytestmark = pytest.mark.programs

BERND = "imsi=460001234567891,msisdn=8613900000002"
WAIT_S = 30.0


def ctl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "ctl", "--control", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)


@contextmanager
def two_modems(folder: Path, *arguments: str) -> Iterator[Program]:
    with program("--phone", ANNA, "--phone", BERND, "--link-dir", str(folder), *arguments) as running:
        yield running


def test_status_fault_send_and_messages_at_the_terminal(tmp_path: Path) -> None:
    with two_modems(tmp_path, "--esme", "95533=operator"):
        status = ctl(tmp_path, "status")
        assert status.returncode == 0
        assert status.stdout.startswith("modem0  +8613900000001  IMSI 460001234567890  generic  registered  signal 20")
        assert "ESME 95533: not bound" in status.stdout
        assert json.loads(ctl(tmp_path, "status", "--json").stdout)["modems"][1]["name"] == "modem1"

        assert ctl(tmp_path, "fault", "modem0", "drop-signal", "for_s=600").stdout == "drop-signal has happened\n"
        assert b"+CSQ: 99,99" in ask(str(tmp_path / "modem0"), b"ATE0;+CSQ\r")
        waits = ctl(tmp_path, "fault", "all", "fail-command", "on=at+cgmi", "nth=2", "result=BUSY")
        assert waits.stdout == "fail-command waits for its moment\n"
        ask(str(tmp_path / "modem1"), b"AT+CGMI\r")
        assert b"yinxin" not in ask(str(tmp_path / "modem1"), b"AT+CGMI\r", end=b"BUSY")

        assert ctl(tmp_path, "send", "YINXIN", "modem1", "hello", "--report").stdout == "accepted as message 1\n"
        shown = ctl(tmp_path, "messages").stdout
        assert shown.startswith("0 queued\nlast events\n")
        assert shown.count("YINXIN > +8613900000002  hello") == 3
        assert "garbage  octets=24" in ctl(tmp_path, "faults").stdout


def test_what_cannot_be_done_has_a_sentence_and_a_status(tmp_path: Path) -> None:
    nowhere = ctl(tmp_path, "status")
    assert nowhere.returncode == 2
    assert f"no emulator is controlled at {tmp_path}/control; start one" in nowhere.stderr
    with two_modems(tmp_path):
        for arguments, status, error in (
            (("fault", "modem7", "reboot"), 1, "there is no modem 'modem7'; give modem0 to modem1, or a number"),
            (("fault", "modem0", "explode"), 1, "known: accept-registration, ask-pin, ask-puk"),
            (("fault", "modem0", "garbage", "octets=0"), 1, "fault.octets must be 1 to 1024, not 0"),
            (("fault", "modem0", "garbage", "octets=x"), 2, "octets must be a number, not 'x'"),
            (("fault", "modem0", "garbage", "octets"), 2, "keys are given as key=value"),
            (("fault", "modem0", "unplug", "speed=1"), 1, "unknown key 'speed'; known: for_s"),
            (("send", "1", "+4915112345678", "x"), 1, "nobody has this number"),
            (("traffic", "modem7"), 1, "there is no modem 'modem7'"),
        ):
            done = ctl(tmp_path, *arguments)
            assert done.returncode == status, arguments
            assert error in done.stderr
            assert "Traceback" not in done.stderr


def test_traffic_is_followed_until_ctrl_c_with_pins_masked(tmp_path: Path) -> None:
    with two_modems(tmp_path):
        command = [*COMMAND, "ctl", "--control", str(tmp_path), "traffic"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        ) as following:
            assert following.stdout is not None
            until_followed(tmp_path, following)
            ask(str(tmp_path / "modem0"), b'AT+CLCK="SC",0,"9753"\r', end=b"\r\n")
            lines = [following.stdout.readline()]
            while not lines[-1].startswith("modem0 <"):
                lines.append(following.stdout.readline())
            following.send_signal(signal.SIGINT)
            assert following.wait(WAIT_S) == 0
        assert 'modem0 > AT+CLCK="SC",0,****\n' in lines
        assert "9753" not in "".join(lines)


def until_followed(folder: Path, following: subprocess.Popen[str]) -> None:
    """Send from the network until the follower shows it: then it looks on."""
    assert following.stdout is not None
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        ctl(folder, "send", "YINXIN", "modem1", "are you there")
        if select.select([following.stdout], [], [], 0.2)[0]:
            return
    raise AssertionError("nothing is followed")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[[step]]\ndo = "reboot"\nmodem = "modem7"', "scenario.toml: step 1.modem: there is no modem 'modem7'"),
        ('[[step]]\ndo = "reboot"\n[[step]]\ndo = "explode"', "scenario.toml: step 2.do must name a fault"),
        ('[[step]]\ndo = "silence"\non = "+CNOSUCH"', "scenario.toml: step 1.on: no such modem has a command +CNOSUCH"),
        ("[rates]\nlose = 2", "scenario.toml: rates.lose must be a number from 0 to 1"),
        ("seed = ", "is no TOML"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused_at_start(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "scenario.toml").write_text(text)
    command = [*COMMAND, "serve", "--phone", ANNA, "--scenario", str(tmp_path / "scenario.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 2
    assert error in done.stderr
    assert "Traceback" not in done.stderr


STORMY = """
seed = 11
clock = "2026-01-01T00:00:00Z"
[rates]
lose = 0.3
double = 0.3
[[step]]
do = "garbage"
modem = "modem0"
on = "+CGMI"
octets = 40
[[step]]
do = "fail-command"
on = "+CSQ"
nth = 2
result = "+CME ERROR: 100"
[[step]]
do = "lose-next"
modem = "modem1"
on = "+CGMM"
"""


def play(folder: Path, scenario: Path) -> bytes:
    """All that two modems show, one after the other, while they are typed at."""
    shown = b""
    with two_modems(folder, "--scenario", str(scenario)):
        anna, bernd = str(folder / "modem0"), str(folder / "modem1")
        for port in (anna, bernd):
            shown += ask(port, b"ATE0;+CMGF=1;+CCLK?\r")
        shown += ask(anna, b"AT+CSQ\r") + ask(anna, b"AT+CSQ\r", end=b"ERROR: 100\r\n") + ask(bernd, b"AT+CGMM\r")
        for number in range(12):
            shown += send_text(anna, "+8613900000002", f"message {number}")
            shown += send_text(bernd, "+8613900000001", f"message {number}")
        garbage = read_octets(anna, b"AT+CGMI\r", 40)
        for port in (anna, bernd):
            shown += ask(port, b'AT+CMGL="ALL"\r')
        shown += garbage
    return shown


def read_octets(port: str, line: bytes, count: int) -> bytes:
    """Type a line and read so many octets."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, line)
        seen = b""
        while len(seen) < count:
            assert select.select([descriptor], [], [], WAIT_S)[0], seen
            seen += os.read(descriptor, count - len(seen))
        return seen
    finally:
        os.close(descriptor)


def test_same_scenario_and_same_commands_show_the_same_octets_in_two_processes(tmp_path: Path) -> None:
    scenario = tmp_path / "stormy.toml"
    scenario.write_text(STORMY)
    first = play(tmp_path / "a", scenario)
    assert first == play(tmp_path / "b", scenario)
    assert b'+CCLK: "26/01/01,00:00:00' in first
    assert 0 < first.count(b',"26/01/01,00:00:00+00"\r\nmessage') != 24, "some were lost or doubled"
    scenario.write_text(STORMY.replace("seed = 11", "seed = 12"))
    assert first != play(tmp_path / "c", scenario)


def test_the_command_itself_does_without_the_panels_library() -> None:
    look = "import sys, modem_emulator.cli; print('textual' in sys.modules)"
    done = subprocess.run([COMMAND[0], "-c", look], capture_output=True, text=True, timeout=WAIT_S, check=True)
    assert done.stdout == "False\n"
