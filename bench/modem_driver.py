"""How fast the modem driver is, beside other clients of a modem: python bench/modem_driver.py

All talk to one stub modem (bench/stub_modem.py, a process of its own), once on a pty as fast as it goes and once on one
paced to 115200 baud. They take turns, so that whatever else the machine does falls on all of them; a ratio is that of
two turns of the same round. Figures are medians, with the least and the most.

Round trips: `AT` and its OK. "pyserial" is `read(in_waiting or 1)` until the answer is whole, "os.read" the same on the
bare descriptor. SMS: 150 characters of the GSM alphabet, one after the other, sent by gammu as one `gammu batch`, by
smstools' smsd from its outgoing queue; "os.read" writes one PDU made beforehand, which is as fast as a program can be
here. Their rate is that between the first and the last SMS of a turn, as the stub saw them come: starting and setting
up are not in it. What the wire allows is computed from the octets that each client in fact exchanged meanwhile, so it
differs by client. CPU is user and system time of the client's process. Connecting includes the modem's initialisation
where the client does one.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial
from gsmmodem.modem import GsmModem

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.stub_modem import OCTET_S
from gsm.modem import Modem
from gsm.pdu import Submit, encode_submit, split, to_hex

ROUNDS = 5
TURNS, TURN_S = 8, 0.12
WARM_UP_ROUND_TRIPS = 20
NUMBER = "+8613800000000"
TEXT = "The quick brown fox jumps over the lazy dog. " * 3 + "Fifteen letters"
MESSAGES, MESSAGES_PACED = 400, 40
# gammu and smsd sleep between steps: one SMS takes them up to a second.
MESSAGES_FOREIGN = 6
# smsd sleeps between its looks at the queue; a queue that takes this long has got stuck.
FOREIGN_S_MAX = 60.0
SMSD = """
devices = GSM1
outgoing = {folder}/outgoing
checked = {folder}/checked
incoming = {folder}/incoming
sent = {folder}/sent
failed = {folder}/failed
report = {folder}/report
pidfile = {folder}/pid
infofile = {folder}/working
logfile = {folder}/log
loglevel = 3
delaytime = 1
delaytime_mainprocess = 1

[GSM1]
device = {path}
baudrate = 115200
incoming = no
rtscts = no
"""
AT, OK, CTRL_Z = b"AT\r", b"OK\r\n", b"\x1a"
TPDU = encode_submit(Submit(NUMBER, split(TEXT)[0], status_report_request=True))
assert len(TEXT) == 150


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of one client gave: a rate a second, CPU seconds per thousand, and how long it took to come and go.

    `wire` is the rate that the wire allows (SMS only).
    """

    rate: float
    cpu_s: float
    connect_s: float | None = None
    close_s: float | None = None
    wire: float | None = None


class Bare:
    """Bare pyserial: what is there is read, or one octet is waited for."""

    def __init__(self, path: str) -> None:
        self._port = serial.Serial(path, 115_200, timeout=5)
        self.close = self._port.close

    def ask(self) -> None:
        self._port.write(AT)
        answer = b""
        while not answer.endswith(OK):
            answer += self._port.read(self._port.in_waiting or 1)


class Descriptor:
    """The bare system calls."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._descriptor)  # another client may have left it so that read does not wait

    def ask(self) -> None:
        self._exchange(AT, OK)

    def send(self) -> None:
        self._exchange(b"AT+CMGS=%d\r" % len(TPDU), b"> ")
        self._exchange(to_hex(TPDU).encode() + CTRL_Z, OK)

    def _exchange(self, octets: bytes, until: bytes) -> None:
        os.write(self._descriptor, octets)
        answer = b""
        while not answer.endswith(until):
            answer += os.read(self._descriptor, 4096)

    def close(self) -> None:
        os.close(self._descriptor)


class Library:
    """python-gsmmodem-new as it is."""

    kind: Any = GsmModem

    def __init__(self, path: str) -> None:
        # A pty has no flow control lines; the library asks for both kinds, which a pty takes and does not use.
        self._modem = self.kind(path, 115_200)
        self._modem.connect()
        self.close = self._modem.close

    def ask(self) -> None:
        self._modem.write("AT")

    def send(self) -> None:
        self._modem.sendSms(NUMBER, TEXT)


class Ours(Library):
    """The driver of this project."""

    kind = Modem

    def send(self) -> None:
        self._modem.send_text(NUMBER, TEXT)


ROUND_TRIPS: dict[str, type[Any]] = {"ours": Ours, "library": Library, "pyserial": Bare, "os.read": Descriptor}


def cpu_s(of: int = resource.RUSAGE_SELF) -> float:
    usage = resource.getrusage(of)
    return usage.ru_utime + usage.ru_stime


def round_trips(kind: type[Any], path: str, turn_s: float) -> Turn:
    asked(path, b"AT*BEGIN\r")
    began = time.perf_counter()
    client = kind(path)
    connect_s = time.perf_counter() - began
    for _ in range(WARM_UP_ROUND_TRIPS):
        client.ask()
    done, used, began = 0, cpu_s(), time.perf_counter()
    while (now := time.perf_counter()) < began + turn_s:
        client.ask()
        done += 1
    rate, used = done / (now - began), cpu_s() - used
    began = time.perf_counter()
    client.close()
    return Turn(rate, used * 1000 / done, connect_s, time.perf_counter() - began)


def asked(path: str, command: bytes) -> bytes:
    """What the stub answers to this program itself."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, b"\r\x1b" + command)
        answer = b""
        while answer.count(OK) < 2:
            answer += os.read(descriptor, 65_536)
        return answer.split(OK, 1)[1]
    finally:
        os.close(descriptor)


def seen(path: str) -> list[tuple[float, int]]:
    """When each SMS came to the stub, and how many octets had passed until then."""
    pairs = [word.split(b":") for word in asked(path, b"AT*SEEN?\r").split() if b":" in word]
    return [(float(at_s), int(octets)) for at_s, octets in pairs]


def messages(name: str, path: str, count: int) -> Turn:
    """`count` SMS to the modem at `path`; of those that a foreign program gave up on, those that came are measured."""
    asked(path, b"AT*BEGIN\r")
    used = SENDERS[name](path, count)
    came = seen(path)
    if len(came) < count:
        print(f"{name}: {len(came)} of {count} SMS came", file=sys.stderr)
    assert len(came) >= (2 if name in PROGRAMS else count)
    (first_s, first_octets), (last_s, last_octets) = came[0], came[-1]
    gaps = len(came) - 1
    return Turn(gaps / (last_s - first_s), used * 1000 / count, wire=gaps / ((last_octets - first_octets) * OCTET_S))


def by(kind: type[Any]) -> Callable[[str, int], float]:
    def send(path: str, count: int) -> float:
        client = kind(path)
        used = cpu_s()
        for _ in range(count):
            client.send()
        used = cpu_s() - used
        client.close()
        return used

    return send


def by_gammu(path: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        config, batch = Path(folder, "gammurc"), Path(folder, "batch")
        config.write_text(f"[gammu]\ndevice = {path}\nconnection = at115200\n")
        batch.write_text(f'sendsms TEXT {NUMBER} -text "{TEXT}"\n' * count)
        used = cpu_s(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["gammu", "--config", config, "batch", batch],  # noqa: S607
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FOREIGN_S_MAX,
        )
        return cpu_s(resource.RUSAGE_CHILDREN) - used


def by_smsd(path: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("outgoing", "checked", "incoming", "sent", "failed", "report"):
            Path(folder, name).mkdir()
        for number in range(count):
            Path(folder, "outgoing", f"{number:05}").write_text(f"To: {NUMBER}\n\n{TEXT}")
        config = Path(folder, "smsd.conf")
        config.write_text(SMSD.format(folder=folder, path=path))
        used = cpu_s(resource.RUSAGE_CHILDREN)
        smsd = subprocess.Popen(["smsd", "-c", config, "-t"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S607
        try:
            until_s = time.monotonic() + FOREIGN_S_MAX
            while len(list(Path(folder, "sent").iterdir())) < count and time.monotonic() < until_s:
                time.sleep(0.05)
        finally:
            smsd.terminate()
            with suppress(subprocess.TimeoutExpired):
                smsd.wait(10)
            smsd.kill()
            smsd.wait()
        return cpu_s(resource.RUSAGE_CHILDREN) - used


# Each hands so many SMS to the modem at a path and returns the CPU seconds that it took.
SENDERS: dict[str, Callable[[str, int], float]] = {
    "ours": by(Ours),
    "library": by(Library),
    "os.read": by(Descriptor),
    "gammu": by_gammu,
    "smstools": by_smsd,
}
PROGRAMS = {"gammu": "gammu", "smstools": "smsd"}


@contextmanager
def stub(*options: str) -> Iterator[str]:
    """A stub modem's path."""
    command = [sys.executable, str(Path(__file__).with_name("stub_modem.py")), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


Found = dict[tuple[str, str, str], list[Turn]]


def measured(rounds: int, turn_s: float, senders: list[str]) -> Found:
    """Turns by (pace, what, client)."""
    found: Found = {}
    with stub() as unpaced, stub("--paced") as paced:
        for number in range(rounds):
            for pace, path, count in (("unpaced", unpaced, MESSAGES), ("paced", paced, MESSAGES_PACED)):
                for name, kind in list(ROUND_TRIPS.items()) * TURNS:
                    found.setdefault((pace, "round trips", name), []).append(round_trips(kind, path, turn_s))
                for name in senders:
                    found.setdefault((pace, "SMS", name), []).append(
                        messages(name, path, MESSAGES_FOREIGN if name in PROGRAMS else count)
                    )
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def show(found: Found) -> None:
    for pace in ("unpaced", "paced"):
        print(f"\n{pace}: AT round trips a second; ratio to pyserial; CPU s per thousand; connect and close in ms")
        base = found[pace, "round trips", "pyserial"]
        for name in ROUND_TRIPS:
            turns = found[pace, "round trips", name]
            ratios = [turn.rate / other.rate for turn, other in zip(turns, base, strict=True)]
            print(
                f"{name:>10}  {spread([turn.rate for turn in turns]):>24}  {spread(ratios, 2):>18}"
                f"  {statistics.median(turn.cpu_s for turn in turns):>6.3f}"
                f"  {spread([(turn.connect_s or 0) * 1e3 for turn in turns], 1):>22}"
                f"  {spread([(turn.close_s or 0) * 1e3 for turn in turns], 1):>24}"
            )
        print(f"{pace}: SMS a second; part of what the wire allows; CPU s per thousand")
        for name in SENDERS:
            if turns := found.get((pace, "SMS", name), []):
                parts = [turn.rate / (turn.wire or 1) for turn in turns]
                allowed = f"{spread(parts, 3):>21} of {turns[0].wire:.1f}" if pace == "paced" else f"{'':>21}"
                cpu = statistics.median(turn.cpu_s for turn in turns)
                print(f"{name:>10}  {spread([turn.rate for turn in turns], 1):>24}  {allowed}  {cpu:>6.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast the modem driver is, beside other clients of a modem.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--turn-s", type=float, default=TURN_S, help="length of a turn of round trips")
    parser.add_argument("--json", action="store_true", help="every turn, instead of the medians")
    arguments = parser.parse_args()
    senders = [name for name in SENDERS if name not in PROGRAMS or shutil.which(PROGRAMS[name])]
    for name in SENDERS.keys() - senders:
        print(f"{name} is not installed: apt-get install {name}", file=sys.stderr)
    found = measured(arguments.rounds, arguments.turn_s, senders)
    if arguments.json:
        print(json.dumps({" ".join(key): [vars_of(turn) for turn in turns] for key, turns in found.items()}))
    else:
        show(found)


def vars_of(turn: Turn) -> dict[str, float | None]:
    return {name: getattr(turn, name) for name in Turn.__slots__}


if __name__ == "__main__":
    main()
