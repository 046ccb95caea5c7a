"""handset modem record, replay, show and import as programs: what was recorded is played again, its modem gone."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gsmmodem.modem import GsmModem

from gsm.errors import GsmError
from gsm.modem import Modem
from gsm.transcript import Direction, decode_transcript

WAIT_S = 60.0
HANDSET = [sys.executable, "-c", "from handset.cli import main; main()", "modem"]
EMULATOR = [sys.executable, "-c", "from modem_emulator.cli import main; main()", "serve"]
# Pseudonyms, which masking leaves as they are, so that a client may be recorded and played to with the same values.
NOBODY = "imsi=001010000000001,msisdn=999990000001,imei=000000000000001"
PEER, TEXT = "+999990000002", "x" * 30
SECRETS = {"imsi": "460001234567890", "msisdn": "8613912345678", "imei": "352099001761481"}
SECRET_PEER, SECRET_TEXT = "+8613987654321", "Meet me at the bank at nine"


class Program:
    """One of our programs, until it is ended; `ready` is what it announced."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.ready: dict[str, Any] = json.loads(line)

    def ended(self) -> tuple[int, str]:
        errors = self.process.communicate(timeout=WAIT_S)[1]
        return self.process.returncode, errors

    def stopped(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()


@contextlib.contextmanager
def running(*command: str) -> Iterator[Program]:
    program = Program(*command)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
            program.process.communicate()


def ours(port: str, peer: str, text: str) -> list[object]:
    driver = Modem(port)
    driver.connect()
    try:
        said = [driver.imsi, driver.own_number(), driver.signalStrength, driver.networkName]
        return [*said, driver.send_text(peer, text).reference]
    finally:
        driver.close()


def the_librarys(port: str, peer: str, text: str) -> list[object]:
    reports: list[Any] = []
    told = threading.Event()

    def reported(report: object) -> None:
        reports.append(report)
        told.set()

    driver = GsmModem(port, smsStatusReportCallback=reported)
    driver.timeout = 0.05  # its reader looks for close() only that often
    driver.connect()
    try:
        # First what it asks: while a delivery report comes, it takes +CDSI for the answer.
        said = [driver.imsi, driver.model, driver.signalStrength, driver.networkName]
        reference = driver.sendSms(peer, text).reference
        assert told.wait(WAIT_S), "no delivery report came"  # it always asks for one, and reads it from the SIM
        return [*said, reference, reports[0].deliveryStatus]
    finally:
        driver.close()


def recorded(folder: Path, phone: str, client: Callable[..., list[object]], *message: str) -> tuple[Path, list[object]]:
    """Run a client at an emulated modem with the recorder between them; both are gone afterwards."""
    out = folder / "dialogue.jsonl"
    other = "imsi=001010000000009,msisdn=" + message[0].removeprefix("+")
    with running(*EMULATOR, "--link-dir", str(folder / "run"), "--phone", phone, "--phone", other):
        device = str(folder / "run" / "modem0")
        link = str(folder / "tap")
        with running(*HANDSET, "record", "--port", device, "--out", str(out), "--link", link) as recorder:
            assert recorder.ready["port"] == link
            results = client(link, *message)
            assert not out.exists(), "nothing is written before it was masked"
            status, errors = recorder.stopped()
    assert status == 0, errors
    return out, results


@pytest.mark.parametrize("client", [ours, the_librarys])
@pytest.mark.programs
def test_a_client_finds_its_recorded_modem_again_octet_by_octet(
    tmp_path: Path, client: Callable[..., list[object]]
) -> None:
    out, results = recorded(tmp_path, NOBODY, client, PEER, TEXT)
    assert results[0] == "001010000000001"
    link = str(tmp_path / "again")
    with running(*HANDSET, "replay", str(out), "--strict", "--link", link) as replay:
        assert client(link, PEER, TEXT) == results
        assert replay.ended() == (0, "")


@pytest.mark.parametrize("client", [ours, the_librarys])
@pytest.mark.programs
def test_nothing_of_a_person_is_in_what_was_recorded_and_it_still_plays(
    tmp_path: Path, client: Callable[..., list[object]]
) -> None:
    phone = ",".join(f"{key}={value}" for key, value in SECRETS.items())
    out, results = recorded(tmp_path, phone, client, SECRET_PEER, SECRET_TEXT)
    assert results[0] == SECRETS["imsi"]
    written = out.read_text(encoding="ascii")
    digits = [*SECRETS.values(), SECRET_PEER.removeprefix("+")]
    digits += ["".join(high + low for low, high in zip(number[::2], number[1::2], strict=False)) for number in digits]
    for secret in (*map(str, digits), SECRET_TEXT, SECRET_TEXT.encode("utf-16-be").hex().upper()):
        assert secret not in written
    assert decode_transcript(written).header.masked == ("imsi", "number", "text")
    link = str(tmp_path / "again")
    with running(*HANDSET, "replay", str(out), "--by-command", "--link", link) as replay:
        again = client(link, SECRET_PEER, SECRET_TEXT)
        assert again[0] == "001010000000001"
        assert again[2:] == results[2:]
        assert replay.stopped() == (0, "")


@pytest.mark.programs
def test_a_client_that_leaves_the_transcript_is_told_where(tmp_path: Path) -> None:
    out, _ = recorded(tmp_path, NOBODY, ours, PEER, TEXT)
    line = next(
        number
        for number, event in enumerate(decode_transcript(out.read_text()).events, start=2)
        if event.direction is Direction.TX and event.data.startswith(b"AT+CMGS=")
    )
    link = str(tmp_path / "again")
    with running(*HANDSET, "replay", str(out), "--link", link) as replay:
        with pytest.raises(GsmError):
            ours(link, PEER, TEXT + TEXT)
        status, errors = replay.ended()
    assert status == 1
    assert f"{out}: line {line}: expected 'AT+CMGS=" in errors


def handset(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HANDSET, *arguments], capture_output=True, text=True, timeout=WAIT_S, check=False)


LOGS = Path(__file__).parent.parent / "unit" / "gsm" / "foreign_logs"


@pytest.mark.programs
def test_a_log_of_gammus_is_imported_and_shown(tmp_path: Path) -> None:
    out = tmp_path / "gammu.jsonl"
    done = handset(
        "import", "--from", "gammu", str(LOGS / "gammu_textall.log"), "--out", str(out), "--about", "It sends"
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = handset("show", str(out)).stdout
    assert shown.startswith("# It sends\n# a log of gammu\n# masked: number\n")
    assert "> AT+CMGS=33\\r\n" in shown
    assert "SUBMIT to +999990000002: 21 characters GSM7, masked" in shown
    assert "\x1b[" not in shown
    lines = [json.loads(line) for line in handset("show", "--json", str(out)).stdout.splitlines()]
    assert {"t": 0.0, "dir": "tx", "text": "AT+CMGS=33\\r"} in lines
    again = handset("import", "--from", "gammu", str(LOGS / "gammu_textall.log"), "--out", str(out))
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.programs
def test_what_cannot_be_masked_is_not_written(tmp_path: Path) -> None:
    log = tmp_path / "socat.log"
    log.write_text(
        "> 2026/11/23 07:16:16.000380677  length=10 from=0 to=9\nAT+CMGR=1\\r"
        "< 2026/11/23 07:16:16.000380677  length=32 from=0 to=31\n\\r\n+CMGR: 0,,20\\r\n0791deadbeef\\r\nOK"
    )
    out = tmp_path / "out.jsonl"
    done = handset("import", "--from", "socat", str(log), "--out", str(out))
    assert done.returncode == 1
    assert done.stderr.startswith("nothing was written: line 3 (rx, 0.000 s) cannot be masked: ")
    assert "deadbeef" not in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    "content", ["", "{}\n", '{"transcript": 1, "source": "x"}\n{"t": 0, "dir": "tx", "data": 5}\n', "\u4f60\n"]
)
@pytest.mark.parametrize("command", ["show", "replay"])
@pytest.mark.programs
def test_what_is_no_transcript_is_refused_by_line(tmp_path: Path, command: str, content: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content, encoding="utf-8")
    done = handset(command, str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.programs
def test_a_port_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    done = handset("record", "--port", str(tmp_path / "none"), "--out", str(tmp_path / "out.jsonl"))
    assert done.returncode == 2
    assert "cannot be opened" in done.stderr


@pytest.mark.foreign
def test_gammu_finds_its_recorded_modem_again_octet_by_octet(tmp_path: Path) -> None:
    config = tmp_path / "gammurc"

    def gammu(port: str, peer: str, text: str) -> list[object]:
        """Three processes, each of which opens the port, types octet by octet with echo, and closes it."""
        config.write_text(f"[gammu]\nport = {port}\nconnection = at115200\n")
        commands = (["identify"], ["sendsms", "TEXT", peer, "-text", text], ["getallsms"])
        said: list[object] = []
        for command in commands:
            done = subprocess.run(
                ["gammu", "--config", str(config), *command],
                capture_output=True,
                text=True,
                timeout=WAIT_S,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            said.append(done.stdout.replace(port, "the port"))
        return said

    out, results = recorded(tmp_path, NOBODY, gammu, PEER, TEXT)
    assert "001010000000001" in str(results[0])
    assert "OK, message reference=0" in str(results[1])
    link = str(tmp_path / "again")
    with running(*HANDSET, "replay", str(out), "--strict", "--link", link) as replay:
        assert gammu(link, PEER, TEXT) == results
        assert replay.ended() == (0, "")
