"""Which foreign client can do what with the emulator: what is declared, what a run of the tests saw, the table of it.

A test says with `@shows(client, function, ...)` which cells of the table it stands for; a cell is "yes" when all of its
tests passed. What a client cannot do at all is declared here with its reason. A cell that has neither, or both, is
a mistake, and fails the run. The table between the marks in docs/emulator.md is compared after every run in which all
tests of this folder ran, and is written anew with `make client-table`.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent.parent / "docs" / "emulator.md"
BEGIN, END = "<!-- client table: made by make client-table -->", "<!-- end of client table -->"


class Can(StrEnum):
    """A function of a client, one row of the table."""

    IDENTIFY = "manufacturer, model, IMEI"
    IMSI = "IMSI"
    OWN_NUMBER = "own number"
    SIGNAL = "signal strength"
    OPERATOR = "network"
    SEND_SHORT = "send a short SMS"
    SEND_LONG = "send a long SMS, GSM-7"
    SEND_LONG_UCS2 = "send a long SMS, UCS-2"
    RECEIVE_SHORT = "receive a short SMS"
    RECEIVE_LONG = "receive a long SMS, GSM-7"
    RECEIVE_UCS2 = "receive a long SMS, UCS-2"
    DELETE = "delete an SMS"
    REPORT = "delivery report"
    USSD = "USSD"


@dataclass(frozen=True, slots=True)
class Client:
    """One column of the table. `version` is the command that says it, or the name of a Python distribution."""

    name: str
    version: Sequence[str] | str
    cannot: dict[Can, str] = field(default_factory=dict)  # function to reason
    remarks: dict[Can, str] = field(default_factory=dict)  # what to know about a "yes"

    def seen_version(self) -> str:
        """What this client says of itself, without a distributor's suffix."""
        if isinstance(self.version, str):
            return metadata.version(self.version)
        try:
            done = subprocess.run(self.version, capture_output=True, text=True, timeout=30, check=False)
        except FileNotFoundError:
            return "(not installed)"
        found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        assert found, f"{self.name} does not say its version: {done}"
        return found.group()


# Seen in its list of strings and in its log: its driver sends what sending and receiving messages takes, and no more.
_ONLY_MESSAGES = "bearerbox never asks: its AT driver knows no +CIMI, +CNUM, +COPS or +CUSD"
# mm_broadband_modem_lock_sms_storages refuses while it is held, and cmti_received does not try again.
_PARTS_APART = "when its parts come one by one, as by radio: of two +CMTI at once ModemManager heeds the first"

_PART_BY_PART = "hands over the parts one by one, with their numbers"

# Its commands, by `gnokii --help all`, have nothing for it.
_NO_GNOKII_COMMAND = "gnokii has no command for it"
_NOT_IN_FILES = "gammu-smsd finds it out, but only its databases have a place for it, not its files"
_NEVER_ASKED = "gammu-smsd never asks for it"

CLIENTS = (
    Client("gammu", ("gammu", "--version")),
    Client(
        "gammu-smsd",
        ("gammu-smsd", "--version"),
        {Can.OWN_NUMBER: _NEVER_ASKED, Can.OPERATOR: _NOT_IN_FILES},
        {Can.REPORT: "with atgen_setcnmi = ,,,1: of each +CDSI it makes an empty message besides"},
    ),
    Client(
        "gnokii",
        ("gnokii", "--version"),
        dict.fromkeys((Can.IMSI, Can.USSD), _NO_GNOKII_COMMAND),
        {
            **dict.fromkeys((Can.RECEIVE_LONG, Can.RECEIVE_UCS2), _PART_BY_PART),
            Can.REPORT: "after AT+CNMI=2,1,0,2,0;&W: it begins with ATZ and asks for no reports itself",
        },
    ),
    Client("minicom", ("minicom", "--version")),
    Client(
        "smstools",
        ("smsd", "-V"),
        remarks={
            **dict.fromkeys((Can.IDENTIFY, Can.OWN_NUMBER, Can.USSD), "by commands that its settings have it send"),
            Can.REPORT: "with init = AT+CNMI=2,1,0,2,0",
        },
    ),
    Client("socat", ("socat", "-V")),
    Client(
        "python-gsmmodem-new",
        "python-gsmmodem-new",
        remarks={
            **dict.fromkeys((Can.RECEIVE_LONG, Can.RECEIVE_UCS2), _PART_BY_PART),
            **dict.fromkeys(
                (Can.SEND_LONG, Can.SEND_LONG_UCS2),
                "while no report comes: it always asks for one, and stumbles when it comes between two parts",
            ),
        },
    ),
    Client(
        "Kannel",
        ("bearerbox", "--version"),
        dict.fromkeys((Can.IMSI, Can.OWN_NUMBER, Can.OPERATOR, Can.USSD), _ONLY_MESSAGES),
        remarks={Can.SIGNAL: "as keepalive-cmd; bearerbox logs the answer and makes nothing of it"},
    ),
    Client(
        "ModemManager",
        ("ModemManager", "--version"),
        remarks=dict.fromkeys((Can.RECEIVE_LONG, Can.RECEIVE_UCS2), _PARTS_APART),
    ),
    Client(
        "oFono",
        ("ofonod", "--version"),
        remarks={
            Can.DELETE: "by itself: ofonod takes every message from the modem and keeps none",
            Can.REPORT: "ofonod takes it, but tells its D-Bus clients nothing of reports",
        },
    ),
)

Cell = tuple[str, str]  # client, function


def shows(client: str, *functions: Can) -> pytest.MarkDecorator:
    """Mark a test: when it passes, this client can do these functions."""
    assert client in {one.name for one in CLIENTS}
    assert functions
    return pytest.mark.shows(client, *map(str, functions))


def cells_of(item: pytest.Item) -> list[Cell]:
    """The cells that a test stands for."""
    return [(mark.args[0], function) for mark in item.iter_markers("shows") for function in mark.args[1:]]


def mistakes(tested: Iterable[Cell], clients: Sequence[Client] = CLIENTS) -> list[str]:
    """Cells that have neither a test nor a reason, or both."""
    tested = set(tested)
    found = []
    for client in clients:
        for function in Can:
            if ((client.name, function) in tested) == (function in client.cannot):
                what = "a test and a reason" if function in client.cannot else "neither a test nor a reason"
                found.append(f"{client.name}, {function}: {what}")
    return found


def table(worked: dict[Cell, bool], versions: dict[str, str], clients: Sequence[Client] = CLIENTS) -> str:
    """Markdown: a row for each function, a column for each client, the reasons and remarks below."""
    notes: list[str] = []

    def cell(client: Client, function: Can) -> str:
        known = {True: "yes", False: "fails", None: "not tested"}[worked.get((client.name, function))]
        said = "no" if function in client.cannot else known
        note = client.cannot.get(function) or client.remarks.get(function)
        if note is None:
            return said
        if note not in notes:
            notes.append(note)
        return f"{said} ({notes.index(note) + 1})"

    heading = ["", *(f"{client.name} {versions[client.name]}" for client in clients)]
    rows = [heading, ["---"] * len(heading)]
    rows += [[function, *(cell(client, function) for client in clients)] for function in Can]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"{number}. {reason}" for number, reason in enumerate(notes, 1))]).rstrip() + "\n"


def _without_versions(text: str) -> list[str]:
    """The lines that a newer client with the same abilities would not change."""
    return [line for line in text.strip().splitlines() if not line.startswith("|  |")]


def split_page(page: str) -> tuple[str, str, str]:
    """What stands before, between and after the marks. Raises ValueError when they are missing."""
    before, mark, rest = page.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError("the marks of the client table are missing")
    return before, between, after


class Recorder:
    """A pytest plugin that gathers the cells and compares or writes the table at the end.

    Works in one process and in pytest-xdist's: what it needs travels with each test's report.
    """

    def __init__(
        self, config: pytest.Config, folder: Path = FOLDER, page: Path = PAGE, clients: Sequence[Client] = CLIENTS
    ) -> None:
        self._folder, self._page, self._clients = folder, page, clients
        self._write = bool(config.getoption("--write-client-table"))
        self._some_left_out = any("::" in argument for argument in config.args)
        self._expected = 0
        self._finished: set[str] = set()
        self._worked: dict[Cell, bool] = {}
        self._said: list[str] = []

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        if any(cells_of(item) for item in items):
            self._some_left_out = True

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        ours = [item for item in session.items if cells_of(item)]
        files = {item.path for item in ours}
        partly = self._some_left_out or any(path not in files for path in self._folder.glob("test_*.py"))
        for item in ours:
            item.user_properties.append(("client cells", cells_of(item)))
            item.user_properties.append(("client tests", 0 if partly else len(ours)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if "client cells" not in properties:
            return
        self._expected = int(str(properties["client tests"]))
        if report.when == "teardown":
            self._finished.add(report.nodeid)
        for client, function in properties["client cells"]:  # type: ignore[attr-defined]
            before = self._worked.get((client, function), True)
            self._worked[client, function] = before and report.passed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        complete = self._expected > 0 and len(self._finished) == self._expected
        if hasattr(session.config, "workerinput") or not complete:
            return
        self._said = mistakes(self._worked, self._clients)
        versions = {client.name: client.seen_version() for client in self._clients}
        text = table(self._worked, versions, self._clients)
        before, between, after = split_page(self._page.read_text())
        if self._write and not session.testsfailed:
            self._page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
        elif _without_versions(between) != _without_versions(text):
            self._said.append(f"{self._page.name} has another table than this run, which saw:\n{text}")
            self._said.append("`make client-table` writes it there")
        if self._said:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._said:
            terminalreporter.section("client table", red=True)
            for line in self._said:
                terminalreporter.line(line)
