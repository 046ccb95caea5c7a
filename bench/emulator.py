"""How fast the emulator is, and how much a modem costs: python bench/emulator.py

One driver process talks by epoll to the ptys of one `modem-emulator serve`, and for comparison to those of a process
that writes back what it reads (os.read and os.write on the master, nothing else). A round trip is `AT+CSQ` and its
answer up to OK, echo off; the bare pty gives back the octets that were written. Each modem always has one command under
way. An SMS is sent by +CMGS in PDU mode to the next modem and counts when that has announced it by +CMTI; then it is
deleted. Emulator and bare pty take turns of a quarter of a second, so that whatever else the machine does falls on
both; a ratio is that of two turns after each other. All figures are medians.

Memory is VmRSS of the serving process, from /proc, when all its modems have been asked and have got an SMS; a modem
costs the difference between the process with 201 and the one with 1, divided by 200. Start-up is from starting the
process to its line that says it is ready.
"""

import argparse
import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from gsm import pdu
from gsm.pdu import Submit, UserData

MODEMS = (1, 10, 200)
MEMORY_MODEMS = (1, 201)
ROUNDS = 5
TURNS = 4
TURN_S = 0.25
DRAIN_S = 0.05
ANSWER_S_MAX = 10.0
SET_UP_TRIES_MAX = 6
SMS_S = 1.0
READ_OCTETS_MAX = 65_536
# What is typed before a measurement; the first ends what an earlier one may have left open.
SET_UP = b"\x1bATE0;+CMGF=0;+CNMI=2,1;+CMGD=1,4\r"
ASK = b"AT+CSQ\r"

ECHO = """
import os, select, sys, tty
masters, paths = [], []
for _ in range(int(sys.argv[1])):
    master, slave = os.openpty()
    tty.setraw(slave)
    masters.append(master)
    paths.append(os.ttyname(slave))
print(" ".join(paths), flush=True)
read, write = os.read, os.write
if len(masters) == 1:
    while True:
        write(masters[0], read(masters[0], 65536))
poll = select.epoll()
for master in masters:
    poll.register(master, select.EPOLLIN)
while True:
    for master, _ in poll.poll():
        write(master, read(master, 65536))
"""


@dataclass(slots=True)
class Line:
    """One open port: what has come since the last answer, and where its conversation is."""

    descriptor: int
    seen: bytes = b""
    turn: int = 0

    def write(self, octets: bytes) -> None:
        assert os.write(self.descriptor, octets) == len(octets)


@contextmanager
def opened(paths: Sequence[str]) -> Iterator[list[Line]]:
    lines = [Line(os.open(path, os.O_RDWR | os.O_NOCTTY)) for path in paths]
    try:
        yield lines
    finally:
        for line in lines:
            os.close(line.descriptor)


def answers(lines: Sequence[Line], until_s: float) -> Iterator[Line]:
    """Lines on which something came, until the time is over."""
    poll = select.epoll()
    by_descriptor = {line.descriptor: line for line in lines}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.EPOLLIN)
    with poll:
        while (left_s := until_s - time.perf_counter()) > 0:
            for descriptor, _ in poll.poll(left_s):
                line = by_descriptor[descriptor]
                line.seen += os.read(descriptor, READ_OCTETS_MAX)
                yield line


def round_trips(lines: Sequence[Line], end: bytes) -> float:
    """Round trips a second, over all ports together."""
    _settle(lines, end)
    done, began = 0, time.perf_counter()
    for line in lines:
        line.write(ASK)
    for line in answers(lines, began + TURN_S):
        if line.seen.endswith(end):
            line.seen = b""
            done += 1
            line.write(ASK)
    return done / (time.perf_counter() - began)


def messages(lines: Sequence[Line], numbers: Sequence[str]) -> float:
    """SMS a second through the network: each modem writes to the next, the last to the first."""
    texts = []
    for position in range(len(lines)):
        tpdu = pdu.encode_submit(Submit(numbers[(position + 1) % len(numbers)], UserData.of_text("hello, modem")))
        texts.append((f"AT+CMGS={len(tpdu)}\r".encode(), pdu.to_hex(tpdu).encode() + b"\x1a"))
    _settle(lines, b"OK\r\n")
    texts_of = {line.descriptor: text for line, text in zip(lines, texts, strict=True)}
    done, began = 0, time.perf_counter()
    for line in lines:
        line.turn = 0
        line.write(texts_of[line.descriptor][0])
    for line in answers(lines, began + SMS_S):
        done += _next_turn(line, *texts_of[line.descriptor])
    return done / (time.perf_counter() - began)


def _next_turn(line: Line, heading: bytes, text: bytes) -> int:
    """Heading, text after the prompt, then deletion of what has come; returns how many messages came with it."""
    if line.turn == 0 and line.seen.endswith(b"> "):
        line.turn, line.seen = 1, line.seen[:-2]
        line.write(text)
    elif line.turn == 1 and b"OK\r\n" in line.seen:
        came = line.seen.count(b"+CMTI")
        line.turn, line.seen = 2, b""
        line.write(b"AT+CMGD=1,4\r")
        return came
    elif line.turn == 2 and b"OK\r\n" in line.seen:
        came = line.seen.count(b"+CMTI")
        line.turn, line.seen = 0, b""
        line.write(heading)
        return came
    return 0


def _settle(lines: Sequence[Line], end: bytes) -> None:
    """Begin with nothing under way and nothing unread; on a bare pty the octets themselves come back."""
    _drain(lines)
    waiting = {line.descriptor: line for line in lines}
    for _ in range(SET_UP_TRIES_MAX):  # on an overloaded machine a pty stalls now and then, a bare one too
        for line in waiting.values():
            line.write(SET_UP if end != ASK else ASK)
        for line in answers(lines, time.perf_counter() + ANSWER_S_MAX):
            if line.seen.endswith(end):
                waiting.pop(line.descriptor, None)
                if not waiting:
                    break
        if not waiting:
            break
    assert not waiting, "no answer"
    _drain(lines)


def _drain(lines: Sequence[Line]) -> None:
    """Read what an earlier turn has left, until nothing comes any more."""
    while any(True for _ in answers(lines, time.perf_counter() + DRAIN_S)):
        pass
    for line in lines:
        line.seen = b""


@contextmanager
def echoing(count: int) -> Iterator[list[str]]:
    process = subprocess.Popen([sys.executable, "-c", ECHO, str(count)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Serving:
    """A serving process: ports and numbers by modem, and how many seconds it took to start."""

    ports: list[str]
    numbers: list[str]
    start_s: float
    process: int

    @property
    def resident_kb(self) -> int:
        """VmRSS, which is what stands in memory now."""
        return int(Path(f"/proc/{self.process}/status").read_text().split("VmRSS:")[1].split()[0])


@contextmanager
def serving(count: int) -> Iterator[Serving]:
    phones = [f"--phone=imsi={460001234567890 + n},msisdn={8613900000001 + n}" for n in range(count)]
    command = [str(Path(sys.executable).parent / "modem-emulator"), "serve", *phones]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        start_s = time.perf_counter() - began
        modems = ready["modems"]
        yield Serving([one["port"] for one in modems], ["+" + one["msisdn"] for one in modems], start_s, process.pid)
    finally:
        process.terminate()
        process.wait()


@dataclass(slots=True)
class Figures:
    """What was measured, by name and number of modems, one value for each round."""

    values: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def add(self, name: str, modems: int, value: float) -> None:
        self.values.setdefault((name, modems), []).append(value)

    def median(self, name: str, modems: int) -> float:
        return statistics.median(self.values[name, modems])

    def row(self, name: str, modems: int, shown: Callable[[float], str]) -> str:
        found = self.values[name, modems]
        numbers = "".join(f"{shown(one):>10}" for one in (statistics.median(found), min(found), max(found)))
        return f"{name:<28}{modems:>7}{numbers}"


def measure(figures: Figures) -> None:
    """One round of everything."""
    for count in MODEMS:
        with (
            echoing(count) as paths,
            serving(count) as emulator,
            opened(paths) as bare,
            opened(emulator.ports) as modems,
        ):
            for _ in range(TURNS):
                bare_rate, rate = round_trips(bare, ASK), round_trips(modems, b"OK\r\n")
                figures.add("bare pty, round trips/s", count, bare_rate)
                figures.add("emulator, round trips/s", count, rate)
                figures.add("ratio", count, rate / bare_rate)
            figures.add("emulator, SMS/s", count, messages(modems, emulator.numbers))
    for count in MEMORY_MODEMS:
        with serving(count) as emulator, opened(emulator.ports) as modems:
            figures.add("start-up, s", count, emulator.start_s)
            round_trips(modems, b"OK\r\n")
            messages(modems, emulator.numbers)
            figures.add("resident memory, kB", count, emulator.resident_kb)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    figures = Figures()
    for _ in range(options.parse_args().rounds):
        measure(figures)
    print(f"{'':<28}{'modems':>7}{'median':>10}{'least':>10}{'most':>10}")
    for count in MODEMS:
        print(figures.row("bare pty, round trips/s", count, "{:.0f}".format))
        print(figures.row("emulator, round trips/s", count, "{:.0f}".format))
        print(figures.row("ratio", count, "{:.2f}".format))
        print(figures.row("emulator, SMS/s", count, "{:.0f}".format))
    for count in MEMORY_MODEMS:
        print(figures.row("start-up, s", count, "{:.2f}".format))
        print(figures.row("resident memory, kB", count, "{:.0f}".format))
    few, many = MEMORY_MODEMS
    for name, what in (("start-up, s", "s"), ("resident memory, kB", "kB")):
        each = (figures.median(name, many) - figures.median(name, few)) / (many - few)
        print(f"{name.split(',')[0]} a modem: {each:.4g} {what}")


if __name__ == "__main__":
    main()
