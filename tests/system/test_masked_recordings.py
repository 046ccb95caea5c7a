"""Other people's programs at emulated makes of modem, recorded: no secret is written, and they find the modem again."""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gsm import alphabet
from gsm.transcript import Direction, decode_transcript
from tests.clients.bench import by_hand, opened
from tests.system.test_transcript_programs import EMULATOR, HANDSET, WAIT_S, running

pytestmark = pytest.mark.foreign

# Without 0 and 9, of which pseudonyms consist.
IMSI, IMEI, OWN, PEER = "463172345678125", "356285614238173", "8613712345687", "8615836245678"
SHORT = "Meet me at 8, bring [both] keys & EUR 5"
PARTS = " ".join(f"{number}. the quick brown fox jumps over the lazy dog;" for number in range(1, 5))
CHINESE = "您的账户余额为一百二十三元四角五分，谢谢使用。"


def swapped(digits: str) -> str:
    return "".join(digits[place + 1] + digits[place] for place in range(0, len(digits) - 1, 2))


def notations() -> Iterator[str]:
    """Every way in which a part of a secret may be written, in upper case."""
    for digits in (IMSI, IMEI, OWN, PEER):
        for start in range(len(digits) - 6):
            part = digits[start : start + 7]
            yield from (part, part.encode("utf-16-be").hex().upper(), part.encode().hex())
            if start < len(digits) - 8:
                yield swapped(digits[start : start + 8])
    for text in (SHORT, PARTS, CHINESE):
        for start in range(0, len(text) - 10, 5):
            part = text[start : start + 10]
            yield from (part.upper(), part.encode("utf-16-be").hex().upper())
    for text in (SHORT, PARTS):
        packed = alphabet.pack(alphabet.encode_text(text))
        yield from (packed[start : start + 7].hex().upper() for start in range(0, len(packed) - 14, 7))


def run(*command: str, given: str = "", statuses: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, errors="replace", timeout=WAIT_S, check=False
    )
    assert done.returncode in statuses, done.stdout + done.stderr
    return done.stdout


def gammu(folder: Path, port: str) -> str:
    config = folder / "gammurc"
    config.write_text(f"[gammu]\nport = {port}\nconnection = at115200\n")
    said = [
        run("gammu", "--config", str(config), "sendsms", "TEXT", f"+{PEER}", "-text", SHORT),
        run("gammu", "--config", str(config), "getallsms"),
    ]
    return "".join(said)


def gammu_asks(folder: Path, port: str) -> str:
    config = folder / "gammurc"
    config.write_text(f"[gammu]\nport = {port}\nconnection = at115200\n")
    return "".join(run("gammu", "--config", str(config), command) for command in ("identify", "networkinfo"))


def gnokii(folder: Path, port: str) -> str:
    config = folder / "gnokiirc"
    config.write_text(f"[global]\nmodel = AT\nport = {port}\nconnection = serial\nuse_locking = no\n")
    command = ("gnokii", "--config", str(config))
    said = [run(*command, "--identify"), run(*command, "--getsms", "SM", "1")]
    return "".join([*said, run(*command, "--sendsms", f"+{PEER}", given=SHORT)])


def doctor(_folder: Path, port: str) -> str:
    return run(*HANDSET[:-1], "--port", port, "modem", "doctor", "--json", statuses=(0, 1))


def wait_until_registered(port: str) -> None:
    """After power on some makes lose what they are asked; a program that asks then waits for ever."""
    descriptor, seen, end_s = opened(port), b"", time.monotonic() + WAIT_S
    try:
        while b"+CREG: 0,1" not in seen:
            assert time.monotonic() < end_s, seen
            os.write(descriptor, b"AT+CREG?\r")
            while select.select([descriptor], [], [], 0.5)[0]:
                seen += os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def recorded(folder: Path, port_folder: Path, profile: str, program: Callable[[Path, str], str]) -> Path:
    """The transcript of a program at a modem of a make, with messages on its SIM."""
    out, link = folder / "dialogue.jsonl", port_folder / "tap"
    phones = (f"imsi={IMSI},msisdn={OWN},imei={IMEI},profile={profile}", f"imsi=463172345678126,msisdn={PEER}")
    command = [*EMULATOR, "--link-dir", str(port_folder), *(f"--phone={phone}" for phone in phones)]
    with running(*command):
        wait_until_registered(str(port_folder / "modem0"))
        with by_hand(str(port_folder / "modem1"), PEER) as person:
            for text in (SHORT, PARTS, CHINESE):
                person.send(text, f"+{OWN}")
        device = str(port_folder / "modem0")
        with running(*HANDSET, "record", "--port", device, "--out", str(out), "--link", str(link)) as recorder:
            program(folder, str(link))
            assert recorder.stopped()[0] == 0
    return out


@pytest.fixture
def port_folder() -> Iterator[Path]:
    """A folder whose name is short: gnokii cuts long names of devices."""
    with tempfile.TemporaryDirectory(prefix="tap") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("profile", "program", "strict"),
    [
        ("generic", gammu, False),
        ("generic", gnokii, False),
        ("huawei-e173", gammu_asks, True),
        ("quectel-ec25", doctor, False),
    ],
)
def test_no_secret_is_written_and_the_program_finds_its_modem_again(
    tmp_path: Path, port_folder: Path, profile: str, program: Callable[[Path, str], str], strict: bool
) -> None:
    out = recorded(tmp_path, port_folder, profile, program)
    events = decode_transcript(out.read_text(encoding="ascii")).events
    for direction in (Direction.TX, Direction.RX):
        said = b"".join(event.data for event in events if event.direction is direction).decode("latin-1").upper()
        for notation in notations():
            assert notation not in said
    link = str(port_folder / "again")
    with running(*HANDSET, "replay", str(out), "--strict" if strict else "--by-command", "--link", link) as replay:
        program(tmp_path, link)
        status, complaints = replay.ended() if strict else replay.stopped()
    assert status == 0, complaints
