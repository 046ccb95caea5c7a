"""smsd of the SMS Server Tools 3: files in a queue go out, what comes in and reports become files."""

from pathlib import Path

import pytest

from tests.clients.bench import IMEI, IMSI, OWN, PEER, TEXTS, Bench, end, until
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign

FOLDERS = ("outgoing", "checked", "incoming", "sent", "failed", "report")
# What smsd is told to ask between messages; each answer goes to the file `answers`.
QUESTIONS = ("AT+CGMI", "AT+CGMM", "AT+CNUM", "AT+COPS?", 'AT+CUSD=1,"*100#",15')


class Smsd:
    """A running smsd with queues of its own."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        for name in FOLDERS:
            (bench.folder / name).mkdir()
        (bench.folder / "questions").write_text("".join(f"{line}\n" for line in QUESTIONS))
        config = bench.folder / "smsd.conf"
        config.write_text(self._configuration(bench.folder, bench.port))
        self.process = bench.start("smsd", "-c", str(config), "-t")

    def _configuration(self, folder: Path, port: str) -> str:
        """Reports are asked for, and the modem told to keep them; everything is looked at every second."""
        common = [f"{name} = {folder / name}" for name in FOLDERS]
        common += [f"pidfile = {folder}/pid", f"infofile = {folder}/working", f"logfile = {folder}/smsd.log"]
        common += ["loglevel = 7", "delaytime = 1", "delaytime_mainprocess = 1", "errorsleeptime = 1"]
        modem = [f"device = {port}", "incoming = yes", "report = yes", "rtscts = no", "memory_start = 1"]
        modem += ["init = AT+CNMI=2,1,0,2,0", "regular_run_interval = 1", "check_memory_method = 1"]
        modem += [f"regular_run_cmdfile = {folder}/questions", f"regular_run_statfile = {folder}/answers"]
        return "\n".join(["devices = GSM1", "incoming_utf8 = yes", *common, "", "[GSM1]", *modem, ""])

    def queue(self, name: str, text: str) -> None:
        """Put a message into the outgoing queue, as a program that writes files there does."""
        ucs2 = not text.isascii()
        heading = f"To: {PEER}\n" + ("Alphabet: UCS2\n" if ucs2 else "") + "\n"
        beside = self._bench.folder / "being-written"
        beside.write_bytes(heading.encode() + text.encode("utf-16-be" if ucs2 else "ascii"))
        beside.rename(self._bench.folder / "outgoing" / name)

    def log(self) -> str:
        path = self._bench.folder / "smsd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def files(self, name: str) -> list[tuple[dict[str, str], str]]:
        """Headers and text of the complete files in a folder, oldest first."""
        paths = sorted((self._bench.folder / name).iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [read for path in paths if (read := parsed(path.read_bytes()))]

    def waits_for(self, name: str, count: int) -> list[tuple[dict[str, str], str]]:
        return until(
            f"{count} files in {name}: {self.log()[-3000:]}",
            lambda: found if len(found := self.files(name)) >= count else None,
        )


def parsed(content: bytes) -> tuple[dict[str, str], str] | None:
    """Headers and text of a file of smsd's; None while it is still being written."""
    heading, end, body = content.partition(b"\n\n")
    headers = dict(line.split(": ", 1) for line in heading.decode().splitlines() if ": " in line)
    if not end or not body:
        return None
    return headers, body.decode("utf-16-be" if headers.get("Alphabet") == "UCS2" else "utf-8", errors="replace")


@pytest.fixture
def smsd(bench: Bench) -> Smsd:
    return Smsd(bench)


@shows("smstools", Can.IDENTIFY, Can.IMSI, Can.OWN_NUMBER, Can.SIGNAL, Can.OPERATOR, Can.USSD)
def test_it_knows_its_modem(bench: Bench, smsd: Smsd) -> None:
    until("smsd to be up", lambda: "Used memory is" in smsd.log())
    log = smsd.log()
    assert f"IMEI: {IMEI}" in log
    assert f"IMSI: {IMSI}" in log
    assert "Signal Strength Indicator: (20,99) -73 dBm" in log
    assert "Modem is registered to the network" in log
    answers = bench.folder / "answers"
    until("its questions to be answered", lambda: answers.exists() and "+CUSD:" in answers.read_text())
    text = answers.read_text()
    assert "yinxin" in text
    assert "emulated modem" in text
    assert f'"+{OWN}"' in text
    assert '"Balance: 12.34 CNY"' in text


@shows("smstools", Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2, Can.REPORT)
def test_what_is_queued_reaches_the_peer_and_is_reported(bench: Bench, smsd: Smsd) -> None:
    for number, (text, parts) in enumerate(TEXTS):
        smsd.queue(f"message{number}", text)
        received = bench.peer.receives()
        assert (received.text, received.sender, received.parts) == (text, f"+{OWN}", parts)
    sent = smsd.waits_for("sent", len(TEXTS))
    assert [headers["To"] for headers, _ in sent] == [PEER] * len(TEXTS)
    assert [text for _, text in sent] == [text for text, _ in TEXTS]
    assert not smsd.files("failed")
    for headers, text in smsd.waits_for("report", sum(parts for _, parts in TEXTS)):
        assert headers["From"] == PEER
        assert "SMS STATUS REPORT" in text
        assert "Status: 0,Ok" in text


@shows("smstools", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
def test_what_comes_in_becomes_files_and_leaves_the_modem(bench: Bench, smsd: Smsd) -> None:
    until("smsd to be up", lambda: "Used memory is 0" in smsd.log())
    for text, _ in TEXTS:
        bench.peer.send(text, f"+{OWN}")
    received = smsd.waits_for("incoming", len(TEXTS))
    assert {headers["From"] for headers, _ in received} == {PEER}
    assert sorted(text for _, text in received) == sorted(text for text, _ in TEXTS)
    until("smsd to find its modem empty", lambda: "Used memory is 0" in smsd.log()[-1000:])
    end(smsd.process)
    assert bench.stored() == 0
