"""gammu-smsd with its files backend: files in the outbox go out, what comes in becomes files in the inbox."""

import re

import pytest

from tests.clients.bench import IMEI, IMSI, LONG, LONG_UCS2, OWN, PEER, SHORT, TEXTS, Bench, end, until
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign

FOLDERS = ("inbox", "outbox", "sent", "error")
CONFIGURATION = """
[gammu]
device = {port}
connection = at
atgen_setcnmi = ,,,1

[smsd]
service = files
logfile = {folder}/smsd.log
debuglevel = 255
runonfailure =
commtimeout = 1
receivefrequency = 1
statusfrequency = 1
loopsleep = 1
deliveryreport = sms
inboxpath = {folder}/inbox/
outboxpath = {folder}/outbox/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = detail
outboxformat = detail
transmitformat = auto
"""


class Smsd:
    """A running gammu-smsd with boxes of its own."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        for name in FOLDERS:
            (bench.folder / name).mkdir()
        config = bench.folder / "smsdrc"
        config.write_text(CONFIGURATION.format(port=bench.port, folder=bench.folder))
        self._config = str(config)
        self.process = bench.start("gammu-smsd", "--config", self._config)

    def inject(self, *message: str) -> str:
        return self._bench.run("gammu-smsd-inject", "--config", self._config, *message)

    def monitored(self) -> str:
        """What it says of itself in its shared memory; fails, with another text, before the daemon has made that."""
        return self._bench.run("gammu-smsd-monitor", "--config", self._config, "-n", "1", "-d", "1", status=None)

    def files(self, name: str) -> dict[str, str]:
        return {path.name: path.read_text(errors="replace") for path in (self._bench.folder / name).iterdir()}


def texts(content: str) -> list[str]:
    """The texts of a file's messages, each part by itself; TextNN holds UTF-16 in pieces of 50 characters."""
    parts = re.split(r"\[SMSBackup\d+\]", content)[1:]
    pieces = ["".join(re.findall(r"^Text\d\d = (\w+)$", part, re.MULTILINE)) for part in parts]
    return [bytes.fromhex(piece).decode("utf-16-be").rstrip("\0") for piece in pieces]


@pytest.fixture
def smsd(bench: Bench) -> Smsd:
    return Smsd(bench)


@shows("gammu-smsd", Can.IDENTIFY, Can.IMSI, Can.SIGNAL)
def test_its_monitor_shows_modem_and_signal(bench: Bench, smsd: Smsd) -> None:
    said = until("the signal", lambda: said if "NetworkSignal: 60" in (said := smsd.monitored()) else None)
    assert f"IMEI: {IMEI}" in said
    assert f"IMSI: {IMSI}" in said


@shows("gammu-smsd", Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
def test_what_is_injected_reaches_the_peer(bench: Bench, smsd: Smsd) -> None:
    for text, parts in TEXTS:
        options = [*(["-autolen", "500"] if parts > 1 else []), *([] if text.isascii() else ["-unicode"])]
        smsd.inject("TEXT", f"+{PEER}", *options, "-text", text)
        received = bench.peer.receives()
        assert (received.text, received.sender, received.parts) == (text, f"+{OWN}", parts)
    until("all to be sent", lambda: len(smsd.files("sent")) == len(TEXTS))
    assert not smsd.files("outbox")
    assert not smsd.files("error")
    assert "Sent: 7\n" in smsd.monitored()


@shows("gammu-smsd", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
def test_what_comes_in_becomes_files_and_leaves_the_modem(bench: Bench, smsd: Smsd) -> None:
    for text, _ in TEXTS:
        bench.peer.send(text, f"+{OWN}")
    received = until("files", lambda: files if len(files := smsd.files("inbox")) == len(TEXTS) else None)
    assert all(f'Number = "+{PEER}"' in content for content in received.values())
    assert {"".join(texts(content)) for content in received.values()} == {SHORT, LONG, LONG_UCS2}
    until("all seven to be counted", lambda: "Received: 7\n" in smsd.monitored())
    end(smsd.process)
    assert bench.stored() == 0


@shows("gammu-smsd", Can.REPORT)
def test_the_report_of_what_was_injected_becomes_a_file(bench: Bench, smsd: Smsd) -> None:
    smsd.inject("TEXT", f"+{PEER}", "-report", "-text", SHORT)
    assert bench.peer.receives().text == SHORT
    report = until("the report", lambda: next(iter(smsd.files("inbox").values()), None))
    assert "PDU = Status_Report" in report
    assert f'Number = "+{PEER}"' in report
    assert texts(report) == ["Delivered"]


@shows("gammu-smsd", Can.USSD)
def test_a_ussd_code_is_asked_and_its_answer_becomes_a_file(smsd: Smsd) -> None:
    smsd.inject("USSD", "*100#")
    reply = until("the answer", lambda: next(iter(smsd.files("inbox").values()), None))
    assert "Class = 127\n" in reply
    assert "\n; Balance: 12.34 CNY\n" in reply  # in the comment alone: gammu-smsd gives an answer the length 0
