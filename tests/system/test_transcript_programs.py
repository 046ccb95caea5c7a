"""handset modem record, replay, show and import as programs: what was recorded is played again, its modem gone."""

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gsmmodem.modem import GsmModem

from gsm.errors import GsmError
from gsm.modem import Modem
from gsm.transcript import Direction, decode_transcript

WAIT_S = 60.0
HANDSET = [sys.executable, "-c", "from handset.cli import main; main()", "--lang", "en", "modem"]
IN_CHINESE = ["zh" if word == "en" else word for word in HANDSET]
EMULATOR = [sys.executable, "-c", "from modem_emulator.cli import main; main()", "serve"]
# Pseudonyms, which masking leaves as they are, so that a client may be recorded and played to with the same values.
NOBODY = "imsi=001010000000001,msisdn=999990000001,imei=000000000000001"
PEER, TEXT = "+999990000002", "x" * 30
PLAYED = "{file}: played to its end; whatever else the program sends ends the replay\n"
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
        assert replay.ended() == (0, PLAYED.format(file=out))


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
def test_what_a_person_says_of_a_recording_is_masked_too(tmp_path: Path) -> None:
    told = "call +8613900000001 IMSI 460001234567890"
    options = ("--about", told, "--source", told, "--modem", told)
    log = str(LOGS / "gammu_textall.log")
    imported = tmp_path / "imported.jsonl"
    assert handset("import", "--from", "gammu", log, "--out", str(imported), *options).returncode == 0
    with recording(tmp_path, "--about", told) as recorder:
        assert recorder.stopped()[0] == 0
    for file in (imported, tmp_path / "first.jsonl"):
        header = decode_transcript(file.read_text()).header
        assert header.about == "call +0000000000000 IMSI 000000000000000"
        assert "number" in header.masked
        assert "13900000001" not in file.read_text()
        assert "460001234567890" not in file.read_text()


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


@pytest.mark.programs
def test_a_log_of_which_nobody_means_all_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "huge.log"
    with log.open("wb") as file:
        file.truncate(257 * 1024 * 1024)
    done = handset("import", "--from", "gammu", str(log), "--out", str(tmp_path / "out.jsonl"))
    assert done.returncode == 2
    assert "cut out the part that matters" in done.stderr


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
    assert f"{tmp_path}/none is not there" in done.stderr


HEADER = '{"transcript": 1, "source": "made up"}\n'
SHORT = HEADER + '{"t": 0, "dir": "tx", "data": "AT\\r"}\n{"t": 0, "dir": "rx", "data": "\\r\\nOK\\r\\n"}\n'


@pytest.mark.programs
def test_strict_and_by_command_together_are_refused_and_timed_goes_with_either(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_text(SHORT)
    refused = handset("replay", "--strict", "--by-command", str(file))
    assert refused.returncode == 2
    assert "--strict and --by-command exclude each other" in refused.stderr
    for kind in ("--strict", "--by-command"):
        with running(*HANDSET, "replay", kind, "--timed", str(file)) as replay:
            replay.stopped()


@pytest.mark.programs
def test_a_transcript_without_a_dialogue_is_refused_by_replay_and_said_by_show(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_text(HEADER)
    refused = handset("replay", str(file))
    assert refused.returncode == 2
    assert f"{file}: there is a header and no dialogue" in refused.stderr
    assert "# there is no dialogue" in handset("show", str(file)).stdout


@pytest.mark.programs
def test_a_strict_replay_that_is_stopped_early_says_what_it_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_text(SHORT)
    with running(*HANDSET, "replay", str(file)) as replay:
        missed = r"line 2: expected 'AT\r', the program ended before it"
        assert replay.stopped() == (1, f"{file}: stopped before its end: {missed}\n")


@pytest.mark.programs
def test_what_a_program_sends_after_the_end_unplugs_the_modem_and_is_told(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_text(SHORT)
    with running(*HANDSET, "replay", str(file)) as replay:
        line = os.open(replay.ready["port"], os.O_RDWR | os.O_NOCTTY)
        os.write(line, b"AT\r")
        assert replay.process.stderr is not None
        assert replay.process.stderr.readline() == PLAYED.format(file=file)
        os.write(line, b"ATI\r")
        poll = select.poll()
        poll.register(line, select.POLLHUP)
        assert poll.poll(WAIT_S * 1000), "it was not unplugged"
        os.close(line)
        assert replay.ended() == (1, f"{file}: line 4: the transcript has ended before it, got 'ATI\\r'\n")


@contextlib.contextmanager
def recording(folder: Path, *options: str) -> Iterator[Program]:
    """A recorder at an emulated modem, which is `run/modem0`."""
    with (
        running(*EMULATOR, "--link-dir", str(folder / "run"), "--phone", NOBODY),
        running(*HANDSET, *record_of(folder, "first", *options)) as recorder,
    ):
        yield recorder


def record_of(folder: Path, name: str, *options: str) -> tuple[str, ...]:
    return ("record", "--port", str(folder / "run/modem0"), "--out", str(folder / f"{name}.jsonl"), *options)


@pytest.mark.programs
def test_a_port_that_is_being_recorded_is_not_recorded_again_and_it_is_said_by_whom(tmp_path: Path) -> None:
    with recording(tmp_path) as recorder:
        second = handset(*record_of(tmp_path, "second"))
        name = Path(f"/proc/{recorder.process.pid}/comm").read_text().strip()
        assert second.returncode == 2
        assert f"is in use (by {name}, process {recorder.process.pid})" in second.stderr
        assert recorder.stopped()[0] == 0


@pytest.mark.programs
def test_where_no_transcript_can_be_written_nothing_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").write_text("precious")
    (tmp_path / "nowhere.jsonl").symlink_to(tmp_path / "gone")
    with running(*EMULATOR, "--link-dir", str(tmp_path / "run"), "--phone", NOBODY):
        for name, complaint in (
            ("none/out", f"the folder {tmp_path}/none is not there; make it"),
            ("there", "is there already"),
            ("nowhere", "is there already"),
        ):
            refused = handset(*record_of(tmp_path, name))
            assert (refused.returncode, refused.stdout) == (2, "")
            assert complaint in refused.stderr
    assert (tmp_path / "there.jsonl").read_text() == "precious"


@pytest.mark.programs
def test_a_port_that_another_program_holds_without_a_lock_is_not_recorded(tmp_path: Path) -> None:
    with running(*EMULATOR, "--link-dir", str(tmp_path / "run"), "--phone", NOBODY):
        with subprocess.Popen(["sleep", "600"], stdin=(tmp_path / "run/modem0").open("rb", buffering=0)) as holder:
            refused = handset(*record_of(tmp_path, "first"))
            holder.kill()
        assert refused.returncode == 2
        assert f"is in use (by sleep, process {holder.pid})" in refused.stderr


@pytest.mark.programs
def test_a_link_of_another_program_that_runs_is_not_taken(tmp_path: Path) -> None:
    file, tap = tmp_path / "short.jsonl", str(tmp_path / "tap")
    file.write_text(SHORT)
    with recording(tmp_path, "--link", tap) as recorder:
        for link in (tap, str(tmp_path / "run/modem0")):
            before = Path(link).readlink()
            refused = handset("replay", str(file), "--link", link)
            assert refused.returncode == 2
            assert f"{link} belongs to another program that is running" in refused.stderr
            assert Path(link).readlink() == before
        assert f"process {recorder.process.pid}" in handset("replay", str(file), "--link", tap).stderr


@pytest.mark.programs
def test_a_link_of_a_recorder_that_was_killed_is_taken_with_a_word_about_it(tmp_path: Path) -> None:
    tap = str(tmp_path / "tap")
    with recording(tmp_path, "--link", tap) as recorder:
        recorder.process.kill()
        recorder.ended()
        assert Path(tap).is_symlink()
        with running(*HANDSET, *record_of(tmp_path, "second", "--link", tap)) as again:
            assert again.ready["port"] == tap
            status, errors = again.stopped()
    assert status == 0
    assert errors.startswith(f"{tap} was left by a program that has ended; it leads to the new port now\n")
    assert not Path(tap).is_symlink()


@pytest.mark.programs
def test_a_link_in_a_folder_that_is_missing_or_at_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_text(SHORT)
    missing = handset("replay", str(file), "--link", str(tmp_path / "none/modem"))
    assert missing.returncode == 2
    assert f"the folder {tmp_path}/none for the link is not there" in missing.stderr
    assert not (tmp_path / "none").exists()
    taken = handset("replay", str(file), "--link", str(file))
    assert taken.returncode == 2
    assert f"{file} is there and is no link" in taken.stderr
    assert file.read_text() == SHORT


def attend(port: str) -> None:
    """A program that asks for attention, and gets it."""
    line = os.open(port, os.O_RDWR | os.O_NOCTTY)
    os.write(line, b"AT\r")
    said = b""
    while not said.endswith(b"OK\r\n"):
        assert select.select([line], [], [], WAIT_S)[0], "no answer came"
        said += os.read(line, 100)
    os.close(line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.programs
def test_whoever_cannot_wait_for_the_recorders_end_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with recording(tmp_path) as recorder:
        attend(recorder.ready["port"])
        while recorder.process.poll() is None:
            recorder.process.send_signal(number)
            time.sleep(0.005)
        assert recorder.ended()[0] == 0
    assert decode_transcript((tmp_path / "first.jsonl").read_text()).events


@pytest.mark.programs
def test_a_terminal_that_is_closed_ends_the_recording_and_nothing_is_lost(tmp_path: Path) -> None:
    ours_end, its_end = os.openpty()
    with running(*EMULATOR, "--link-dir", str(tmp_path / "run"), "--phone", NOBODY):
        command = ["setsid", "--ctty", *HANDSET, *record_of(tmp_path, "first")]
        recorder = subprocess.Popen(command, stdin=its_end, stdout=its_end, stderr=its_end)
        os.close(its_end)
        try:
            assert select.select([ours_end], [], [], WAIT_S)[0], "it does not get ready"
            attend(json.loads(os.read(ours_end, 1000))["port"])
            os.close(ours_end)
            assert recorder.wait(WAIT_S) == 0
        finally:
            recorder.kill()
            recorder.wait(WAIT_S)
    assert decode_transcript((tmp_path / "first.jsonl").read_text()).events


@pytest.mark.programs
def test_a_recording_whose_folder_is_gone_is_written_elsewhere_and_it_is_said_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "usb").mkdir()
    with recording(tmp_path, "--out", str(tmp_path / "usb/first.jsonl")) as recorder:
        attend(recorder.ready["port"])
        (tmp_path / "usb").rmdir()
        status, errors = recorder.stopped()
    assert status == 2
    [kept] = tmp_path.glob("yinxin-*/first.jsonl")
    assert f"the folder {tmp_path}/usb is not there" in errors
    assert f"what was recorded is in {kept} instead" in errors
    assert decode_transcript(kept.read_text()).events


@pytest.mark.programs
def test_the_recorder_speaks_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    out = tmp_path / "first.jsonl"
    with running(*EMULATOR, "--link-dir", str(tmp_path / "run"), "--phone", NOBODY):
        with running(*IN_CHINESE, *record_of(tmp_path, "first")) as recorder:
            assert recorder.stopped() == (0, f"{out}：0 条；录制结束：被停止\n")
        with running(*IN_CHINESE, *record_of(tmp_path, "second")) as recorder:
            (tmp_path / "second.jsonl").touch()
            status, errors = recorder.stopped()
    assert status == 2
    assert f"{tmp_path}/second.jsonl 已经存在，请换一个名字；录下的内容改存在 {tmp_path}/yinxin-" in errors


@pytest.mark.programs
def test_a_recording_that_fits_nowhere_leaves_no_half_of_itself(tmp_path: Path) -> None:
    with recording(tmp_path) as recorder:
        attend(recorder.ready["port"])
        resource.prlimit(recorder.process.pid, resource.RLIMIT_FSIZE, (100, 100))
        status, errors = recorder.stopped()
    assert status == 2
    assert f"{tmp_path}/first.jsonl: File too large; nor could it be written to " in errors
    assert not (tmp_path / "first.jsonl").exists()


@pytest.mark.programs
def test_a_timed_replay_ends_at_the_first_ctrl_c_and_bears_a_second(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_text(SHORT + '{"t": 300000000, "dir": "rx", "data": "RING\\r\\n"}\n')
    with running(*HANDSET, "replay", "--by-command", "--timed", str(file)) as replay:
        line = os.open(replay.ready["port"], os.O_RDWR | os.O_NOCTTY)
        os.write(line, b"AT\r")
        assert select.select([line], [], [], WAIT_S)[0], "no answer came"
        while replay.process.poll() is None:
            replay.process.send_signal(signal.SIGINT)
            time.sleep(0.005)
        os.close(line)
        assert replay.ended() == (0, "")


@pytest.mark.parametrize("speed", ["0", "1199", "123456789", "fast"])
@pytest.mark.programs
def test_a_speed_that_is_none_is_refused_by_record_too(tmp_path: Path, speed: str) -> None:
    refused = handset("record", "--port", "/dev/none", "--baud", speed, "--out", str(tmp_path / "first.jsonl"))
    assert refused.returncode == 2
    assert "'--baud'" in refused.stderr


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
        assert replay.ended() == (0, PLAYED.format(file=out))
