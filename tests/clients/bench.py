"""A test bench for foreign clients: the emulator as a program, a peer phone spoken to in plain AT, and the client.

The client under test has modem 0, the peer modem 1; modem 2 is a stranger's. All texts that are compared went through
another program's codec on one side and through the emulator on the other.
"""

import errno
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from gsm import pdu
from gsm.pdu import Deliver, StatusReport, Submit
from gsm.reassembly import Complete, Reassembler

IMSI = "460001234567890"
IMEI = "352099001761481"
OWN, PEER, STRANGER = "8613900000001", "8613900000002", "8613900000003"
ESME, SYSTEM_ID = "95533", "operator"

SHORT = "Meet me at 8, bring [both] keys & EUR 5"
LONG = " ".join(f"{number}. the quick brown fox jumps over the lazy dog;" for number in range(1, 8))  # three parts
LONG_UCS2 = "".join(f"第{number}段：您的账户余额为一百二十三元四角五分，谢谢使用。" for number in range(1, 6))  # three
TEXTS = ((SHORT, 1), (LONG, 3), (LONG_UCS2, 3))  # with the number of parts

# A machine with two busy cores: what takes a second there alone may take ten times that.
WAIT_S = 60.0
START_S = 30.0

ResultT = TypeVar("ResultT")


class Closeable(Protocol):
    """What can be closed."""

    def close(self) -> None: ...


CloseableT = TypeVar("CloseableT", bound=Closeable)


@dataclass(frozen=True, slots=True)
class Message:
    """What a peer got: the whole text, who it says it is from, and of how many parts it was made."""

    text: str
    sender: str
    parts: int
    dcs: int


def until(what: str, look: Callable[[], ResultT | None], seconds: float = WAIT_S) -> ResultT:
    """Look again and again until there is something; fail, saying what was waited for, when there is not."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)
    return seen


class Line(Protocol):
    """Whatever carries octets to a modem and back."""

    def write(self, octets: bytes) -> None: ...
    def read(self, seconds: float) -> bytes:
        """What has come, at most `seconds` from now; nothing when nothing came."""
        ...


class Streams:
    """A line over two file descriptors: a device's, or the pipes of a program that passes on."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target

    def write(self, octets: bytes) -> None:
        os.write(self._target, octets)

    def read(self, seconds: float) -> bytes:
        return os.read(self._source, 4096) if select.select([self._source], [], [], seconds)[0] else b""


class Person:
    """Somebody who types plain AT: PDU mode, reports are kept; texts go through this project's codec."""

    def __init__(self, line: Line, number: str) -> None:
        self.number = number
        self._line = line
        self._reassembler: Reassembler[Deliver] = Reassembler()
        self._messages: list[Message] = []
        self._reports: list[StatusReport] = []
        self._reference = 0
        until("the modem to be ready", lambda: b"OK" in self._exchange(b"ATE0;+CMGF=0;+CNMI=2,0,0,2\r"))

    def ask(self, line: str) -> str:
        """One command line, and all that it is answered with."""
        answer = self._exchange(line.encode() + b"\r")
        assert b"ERROR" not in answer, (line, answer)
        return answer.decode()

    def asks_network(self, line: str, answer: str) -> str:
        """One command line whose real answer is a line that comes after OK."""
        seen = self._exchange(line.encode() + b"\r", answer.encode())
        return (seen if seen.endswith(b"\r\n") else seen + self._exchange(b"", b"\r\n")).decode()

    def send(self, text: str, to: str, report: bool = False) -> None:
        """Send in as many parts as it takes, PDU by PDU."""
        self._reference = (self._reference + 1) % 256
        for data in pdu.split(text, self._reference):
            self.submit(Submit(to, data, status_report_request=report))

    def submit(self, submit: Submit) -> None:
        """Send one part as it is."""
        tpdu = pdu.encode_submit(submit)
        self._exchange(f"AT+CMGS={len(tpdu)}\r".encode(), b"> ")
        answer = self._exchange(pdu.to_hex(tpdu).encode() + b"\x1a")
        assert b"+CMGS: " in answer, answer

    def receives(self, seconds: float = WAIT_S) -> Message:
        """Wait for one whole message, and take it."""
        return until(f"a message to {self.number}", lambda: self._fetch() or self._taken(self._messages), seconds)

    def receives_report(self, seconds: float = WAIT_S) -> StatusReport:
        """Wait for one delivery report, and take it."""
        return until(f"a report to {self.number}", lambda: self._fetch() or self._taken(self._reports), seconds)

    def _taken(self, waiting: list[ResultT]) -> ResultT | None:
        return waiting.pop(0) if waiting else None

    def _fetch(self) -> None:
        """Read and delete what the modem keeps."""
        lines = self.ask("AT+CMGL=4").splitlines()
        for heading, line in itertools.pairwise(lines):
            if not heading.startswith("+CMGL: "):
                continue
            self.ask(f"AT+CMGD={heading.removeprefix('+CMGL: ').split(',')[0]}")
            match pdu.decode_incoming(pdu.from_hex(line)[1]):
                case StatusReport() as report:
                    self._reports.append(report)
                case Deliver() as deliver:
                    self._put_together(deliver)

    def _put_together(self, deliver: Deliver) -> None:
        match self._reassembler.add(deliver.originator, deliver.user_data, deliver, time.monotonic()):
            case Complete(text, parts):
                self._messages.append(Message(text, deliver.originator, len(parts), deliver.user_data.dcs))

    def _exchange(self, octets: bytes, end: bytes = b"OK\r\n") -> bytes:
        self._line.write(octets)
        seen, deadline = b"", time.monotonic() + WAIT_S
        while end not in seen and b"ERROR" not in seen:
            more = self._line.read(max(0.0, deadline - time.monotonic()))
            assert more, (octets, seen)
            seen += more
        return seen


def opened(port: str) -> int:
    """Open a port as soon as it is free: a moment after an exclusive user such as gammu has gone it is not yet."""

    def attempt() -> list[int]:
        try:
            return [os.open(port, os.O_RDWR | os.O_NOCTTY)]
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return []

    return until(f"{port} to be free", attempt)[0]


@contextmanager
def by_hand(port: str, number: str) -> Iterator[Person]:
    """Somebody who opens the port itself."""
    descriptor = opened(port)
    try:
        yield Person(Streams(descriptor, descriptor), number)
    finally:
        os.close(descriptor)


class Bench:
    """A running emulator, a peer on its second modem, and a folder of its own for the client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[str]] = []
        self._open = ExitStack()

    def set_up(self, options: Sequence[str] = (), phone: str = "", imsi: str = IMSI) -> None:
        """Start the emulator, with more `options` and more keys for the client's `phone`, and the peer."""
        phones = (
            f"imsi={imsi},msisdn={OWN},imei={IMEI}{phone}",
            f"imsi=460001234567891,msisdn={PEER}",
            f"imsi=460001234567892,msisdn={STRANGER}",
        )
        command = (
            *(str(Path(sys.executable).parent / "modem-emulator"), "serve", *(f"--phone={one}" for one in phones)),
            *(f"--esme={ESME}={SYSTEM_ID}", f"--link-dir={self.folder}", *options),
        )
        log = self._open.enter_context((self.folder / "emulator.log").open("w"))
        emulator = self._start(command, stdout=subprocess.PIPE, stderr=log)
        assert emulator.stdout is not None
        assert select.select([emulator.stdout], [], [], START_S)[0], "the emulator does not start"
        line = emulator.stdout.readline()
        assert line, (self.folder / "emulator.log").read_text()
        self.ready = json.loads(line)
        self.port, peer_port, self.stranger_port = (str(modem["port"]) for modem in self.ready["modems"])
        self.peer = self._open.enter_context(by_hand(peer_port, PEER))

    @property
    def environment(self) -> dict[str, str]:
        """A home of the client's own, and no language but English in UTF-8."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LC_", "XDG_"))},
            "HOME": str(self.folder),
            "TERM": "vt100",
            "TMPDIR": str(self.folder),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *command: str, given: str = "", timeout_s: float = WAIT_S, status: int | None = 0) -> str:
        """Run a client to its end and return all that it printed. Fails unless it ends with `status` (None: any)."""
        process = self._start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            end(process)
            raise AssertionError(f"{command} does not end: {process.communicate()[0]}") from None
        assert status is None or process.returncode == status, (command, process.returncode, output)
        return output

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a client that runs until the bench is taken down. What it prints goes to `client.log`."""
        with (self.folder / "client.log").open("a") as log:
            return self._start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def pass_on(self, *command: str) -> Streams:
        """Start a client that passes on what goes through its standard input and output."""
        process = self._start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdin is not None
        assert process.stdout is not None
        return Streams(process.stdout.fileno(), process.stdin.fileno())

    def ask_by_hand(self, line: str) -> str:
        """A command line to the client's modem, and its answer. Only while no client has its port open."""
        with by_hand(self.port, OWN) as person:
            return person.ask(line)

    def stored(self) -> int:
        """How many messages lie on the SIM of the client's modem. Only while no client has its port open."""
        with by_hand(self.port, OWN) as person:
            before = person.ask("AT+CPMS?").split('"')[1]
            used = person.ask('AT+CPMS="SM"').removeprefix("\r\n+CPMS: ").split(",")[0]
            person.ask(f'AT+CPMS="{before}"')
            return int(used)

    def start_at(self, terminal: int, *command: str) -> subprocess.Popen[str]:
        """Start a client that wants a terminal."""
        return self._start(command, stdin=terminal, stdout=terminal, stderr=terminal)

    def keep(self, one: CloseableT) -> CloseableT:
        """Close it when the bench is taken down."""
        self._open.callback(one.close)
        return one

    def client_log(self) -> str:
        return (self.folder / "client.log").read_text(errors="replace")

    def close(self) -> None:
        """End all that runs, the emulator last."""
        for process in reversed(self._processes):
            end(process)
        self._open.close()

    def _start(self, command: Sequence[str | Path], **streams: object) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            command,
            text=True,
            errors="replace",
            start_new_session=True,
            env=self.environment,
            cwd=self.folder,
            **streams,
        )
        self._processes.append(process)
        return process


def end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it has started: politely, then by force."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)


@contextmanager
def bench(options: Sequence[str] = (), phone: str = "", imsi: str = IMSI) -> Iterator[Bench]:
    """A bench that is set up, in a folder whose name is short: clients cut long names of devices."""
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    one = Bench(folder)
    try:
        one.set_up(options, phone, imsi)
        yield one
    finally:
        one.close()
        shutil.rmtree(folder, ignore_errors=True)
