"""A test against every transcript of a folder."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from gsm.replay_fixture import ReplayedModem, every_transcript, replayed_modem  # noqa: F401

FOLDER = Path(__file__).with_name("transcripts")


@every_transcript(FOLDER)
def test_each_is_a_modem_with_what_its_header_expects(replayed_modem: ReplayedModem) -> None:  # noqa: F811
    port = os.open(replayed_modem.port, os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"AT+CIMI\r")
    got = b""
    while not got.endswith(b"OK\r\n"):
        assert select.select([port], [], [], 20)[0]
        got += os.read(port, 100)
    os.close(port)
    assert got.split()[0].decode() == replayed_modem.header.expect["imsi"]
    assert replayed_modem.unknown_commands == ()


def test_a_name_chooses_among_them() -> None:
    _, arguments = every_transcript(FOLDER, name="asks_its*").args
    assert [wanted.file.stem for wanted in arguments] == ["asks_its_imsi"]


def test_a_folder_without_transcripts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no transcript"):
        every_transcript(tmp_path)


def test_leaving_a_strict_replay_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes((FOLDER / "asks_its_imsi.jsonl").read_bytes())
    (tmp_path / "test_leaves.py").write_text(
        f"""
import os, time
from gsm.replay_fixture import every_transcript, replayed_modem

@every_transcript({str(tmp_path)!r}, by_command=False)
def test_it(replayed_modem):
    port = os.open(replayed_modem.port, os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"AT+CGSN\\r")
    deadline = time.monotonic() + 20
    while replayed_modem.replayer.deviation is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.close(port)
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    # What our own run was started with is not for this one.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path.cwd(), env=environment, check=False)
    assert ended.returncode == 1
    assert r"one.jsonl: line 2: expected 'AT+CIMI\r', got 'AT+CGSN\r'" in ended.stdout
