"""A test against every transcript of a folder."""

import os
import select
import subprocess
import sys
import textwrap
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


def strict_test(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run a test of a strict replay of AT+CIMI, with this body."""
    (folder / "one.jsonl").write_bytes((FOLDER / "asks_its_imsi.jsonl").read_bytes())
    (folder / "test_strict.py").write_text(
        f"""
import os, time
from gsm.replay_fixture import every_transcript, replayed_modem

@every_transcript({str(folder)!r}, by_command=False)
def test_it(replayed_modem):
{textwrap.indent(textwrap.dedent(body), "    ")}
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    # What our own run was started with is not for this one.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return subprocess.run(command, capture_output=True, text=True, cwd=Path.cwd(), env=environment, check=False)


def test_leaving_a_strict_replay_fails_the_test(tmp_path: Path) -> None:
    ended = strict_test(
        tmp_path,
        """
        port = os.open(replayed_modem.port, os.O_RDWR | os.O_NOCTTY)
        os.write(port, b"AT+CGSN\\r")
        deadline = time.monotonic() + 20
        while replayed_modem.replayer.deviation is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.close(port)
        """,
    )
    assert ended.returncode == 1
    assert r"one.jsonl: line 2: expected 'AT+CIMI\r', got 'AT+CGSN\r'" in ended.stdout


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "port = os.open(replayed_modem.port, os.O_RDWR | os.O_NOCTTY)",
        """
        port = os.open(replayed_modem.port, os.O_RDWR | os.O_NOCTTY)
        os.write(port, b"AT+CI")
        os.close(port)
        """,
    ],
)
def test_ending_before_a_strict_replay_does_fails_the_test(tmp_path: Path, body: str) -> None:
    ended = strict_test(tmp_path, body)
    assert ended.returncode == 1
    assert r"one.jsonl: line 2: expected 'AT+CIMI\r', the program ended before it" in ended.stdout


def test_what_was_written_last_counts_though_nobody_read_the_answer(tmp_path: Path) -> None:
    ended = strict_test(
        tmp_path,
        """
        port = os.open(replayed_modem.port, os.O_RDWR | os.O_NOCTTY)
        os.write(port, b"AT+CIMI\\r")
        """,
    )
    assert ended.returncode == 0, ended.stdout
