"""The `modem-emulator` command as a process: started, killed, started again."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import smpp34

pytestmark = pytest.mark.programs

ANNA = "imsi=460001234567890,msisdn=8613900000001"
BERND = "imsi=460001234567891,msisdn=8613900000002,pin=1234"
COMMAND = [sys.executable, "-c", "from modem_emulator.cli import main; main()"]
WAIT_S = 15.0


class Program:
    """One run of the command; `ready` is what it announced."""

    def __init__(self, *arguments: str, config: Path | None = None) -> None:
        options = ["--config", str(config)] if config else []
        self.process = subprocess.Popen(
            [*COMMAND, *options, "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.ready = json.loads(line)

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, errors


@contextmanager
def program(*arguments: str, config: Path | None = None) -> Iterator[Program]:
    running = Program(*arguments, config=config)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGKILL)


def ask(port: str, *lines: bytes, end: bytes = b"\r\nOK\r\n") -> bytes:
    """Type lines, the next when the one before is answered; all that came."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        return b"".join(_exchange(descriptor, line, end) for line in lines)
    finally:
        os.close(descriptor)


def _exchange(descriptor: int, line: bytes, end: bytes) -> bytes:
    os.write(descriptor, line)
    expected = b"> " if b"CMGS=" in line else end
    seen, deadline = b"", time.monotonic() + WAIT_S
    while expected not in seen:
        assert select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0], seen
        seen += os.read(descriptor, 4096)
    return seen


def send_text(port: str, destination: str, text: str) -> bytes:
    return ask(port, b"ATE0;+CMGF=1\r", f'AT+CMGS="{destination}"\r'.encode(), text.encode() + b"\x1a")


async def collect(port: int, count: int) -> list[bytes]:
    """Bind as the operator and take this many messages."""
    session = await smpp34.Client("127.0.0.1", port, "operator", "secret").connect()
    taken = []
    for _ in range(count):
        event = await asyncio.wait_for(session.next(), WAIT_S)
        assert isinstance(event, smpp34.DeliverSmEvent)
        taken.append(event.short_message)
    await session.unbind()
    return taken


def test_it_announces_its_ports_and_stops_cleanly_on_sigterm(tmp_path: Path) -> None:
    with program("--phone", ANNA, "--phone", BERND, "--link-dir", str(tmp_path)) as running:
        assert running.ready["modems"] == [
            {"port": f"{tmp_path}/modem0", "imsi": "460001234567890", "msisdn": "8613900000001"},
            {"port": f"{tmp_path}/modem1", "imsi": "460001234567891", "msisdn": "8613900000002"},
        ]
        assert b"yinxin" in ask(running.ready["modems"][0]["port"], b"AT+CGMI\r")
        code, errors = running.end(signal.SIGTERM)
        assert (code, os.listdir(tmp_path)) == (0, [])
        assert "Traceback" not in errors


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    arguments = ("--phone", ANNA, "--phone", BERND.removesuffix(",pin=1234"), "--esme", "95533=operator")
    arguments += ("--link-dir", str(tmp_path), "--state", str(tmp_path / "state"))
    link = str(tmp_path / "modem0")
    texts = [f"to the bank {number}" for number in range(20)]
    with program(*arguments) as running:
        for text in texts:
            assert b"+CMGS: " in send_text(link, "95533", text)
        send_text(link, "+8613900000002", "to a friend")
        running.end(signal.SIGKILL)
    with program(*arguments) as running:
        taken = asyncio.run(collect(running.ready["smpp_port"], len(texts)))
        assert taken == [text.encode() for text in texts]
        assert b"to a friend" in ask(running.ready["modems"][1]["port"], b"AT+CMGF=1;+CMGR=1\r")


def test_what_a_submit_sm_was_answered_for_is_on_the_sim_after_kill_9(tmp_path: Path) -> None:
    arguments = ("--phone", ANNA, "--esme", "95533=operator", "--state", str(tmp_path / "state"))

    async def submit(port: int) -> bool:
        session = await smpp34.Client("127.0.0.1", port, "operator", "secret").connect()
        return (await session.submit_sm("8613900000001", b"from the bank", source_addr="95533")).is_success

    with program(*arguments) as running:
        assert asyncio.run(submit(running.ready["smpp_port"]))
        running.end(signal.SIGKILL)
    with program(*arguments) as running:
        assert b"from the bank" in ask(running.ready["modems"][0]["port"], b"AT+CMGF=1;+CMGR=1\r")


def test_options_come_from_a_file_and_the_command_line_overrides_them(tmp_path: Path) -> None:
    config = tmp_path / "emulator.toml"
    config.write_text(f'[serve]\nphone = ["{ANNA}", "{BERND}"]\nesme = ["95533=operator"]\nlose = 1.0\n')
    with program("--lose", "0", config=config) as running:
        send_text(running.ready["modems"][0]["port"], "95533", "hello")
        assert asyncio.run(collect(running.ready["smpp_port"], 1)) == [b"hello"]


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, "serve", *arguments], capture_output=True, text=True, timeout=WAIT_S, check=False)


def test_a_taken_port_is_one_line_and_status_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = refused("--phone", ANNA, "--smpp-port", port)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert port in result.stderr
    assert "choose another --smpp-port" in result.stderr


def test_a_state_in_use_is_one_line_and_status_2(tmp_path: Path) -> None:
    with program("--phone", ANNA, "--state", str(tmp_path)):
        result = refused("--phone", ANNA, "--state", str(tmp_path))
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "another emulator" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--phone", "imsi=1,msisdn=8613900000001"], "imsi must have 15 digits"),
        (["--phone", ANNA + ",colour=red"], "unknown key 'colour'"),
        (["--phone", ANNA, "--phone", ANNA], "is given twice"),
        (["--phone", ANNA, "--esme", "95533"], "an ESME is given as NUMBER=SYSTEM_ID"),
        (["--phone", ANNA, "--esme", "95533="], "a system id has 1 to 15 characters"),
        (["--phone", ""], "a phone is given as imsi=DIGITS,msisdn=NUMBER"),
        (["--phone", ANNA + ",pin=1234,pin=5678"], "pin is given twice"),
        (["--phone", ANNA, "--phone", "imsi=460001234567899,msisdn=13900000001"], "is the national form"),
        (["--phone", ANNA, "--lose", "2"], "not in the range"),
    ],
)
def test_what_cannot_be_meant_is_said(arguments: list[str], said: str) -> None:
    result = refused(*arguments)
    assert result.returncode == 2
    assert said in result.stderr


def test_a_wrong_pin_option_is_not_shown() -> None:
    result = refused("--phone", ANNA + ",pin=12x45")
    assert "pin must have 4 to 8 digits" in result.stderr
    assert "12x45" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--lose", "nan"), "nan is no number that can be"),
        (("--delay-s", "inf"), "inf is no number that can be"),
        (("--phone", f"{ANNA},tcp=99999"), "tcp must be 0 to 65535"),
        (("--phone", f"{ANNA},slots=0"), "slots must be 1 to 999"),
    ],
)
def test_a_number_that_cannot_be_is_named(arguments: tuple[str, ...], said: str) -> None:
    result = refused("--phone", BERND, *arguments)
    assert said in result.stderr
    assert result.returncode == 2


def test_a_failed_start_ends_with_its_sentence_and_nothing_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for _ in range(8):  # native threads once ended one in four of these by an abort
            result = refused("--phone", BERND, "--phone", f"{ANNA},tcp={port}", "--esme", "95533=operator")
            assert (result.returncode, "Fatal" in result.stderr) == (2, False)
