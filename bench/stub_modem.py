"""The least that passes for a modem, for bench/modem_driver.py: python bench/stub_modem.py [--paced]

It prints the path of its pty and answers there until it is ended: commands from a table, others with OK; +CMGS with a
prompt, and the text after it with a reference. It keeps nothing and checks nothing, so that what is measured is the
client.

Paced, it is a modem behind a UART of 115200 baud: each octet takes 10 bits in either direction. A command counts as
here when its last octet would have come; an answer is handed out in pieces of 16 octets, which is what a 16550's FIFO
holds, each when its last octet would have come. The clock runs by the octets, not by when this process gets to them.

`AT*BEGIN` begins a measurement (no echo, nothing counted); `AT*SEEN?` tells when each SMS came and how many octets had
passed until then, in both directions.
"""

import os
import select
import sys
import time
import tty
from collections import deque

OCTET_S = 10 / 115_200
PIECE_OCTETS = 16
# The last part of a wait is spent looking at the clock: the kernel may wake a process some 0.1 ms late.
SPIN_S = 0.000_3
READ_OCTETS_MAX = 65_536

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"
PROMPT = b"\r\n> "
ANSWERS = {
    b"+CPIN?": b"+CPIN: READY",
    b"+CIMI": b"460001234567890",
    b"+CGMI": b"stub",
    b"+CGMM": b"stub",
    b"+CGMR": b"1",
    b"+CGSN": b"352099001761481",
    b"+CFUN?": b"+CFUN: 1",
    b"+CREG?": b"+CREG: 0,1",
    b"+CSQ": b"+CSQ: 20,99",
    b"+CSCA?": b'+CSCA: "+8613800100500",145',
    b"+CPMS?": b'+CPMS: "SM",0,20,"SM",0,20,"SM",0,20',
    b"+CPMS=?": b'+CPMS: ("SM"),("SM"),("SM")',
    b"+CMGF=?": b"+CMGF: (0,1)",
    b"+CMGF?": b"+CMGF: 0",
    b"+CSMS?": b"+CSMS: 0,1,1,1",
    b"+CSCS=?": b'+CSCS: ("GSM","UCS2")',
    b"+CSCS?": b'+CSCS: "GSM"',
    b"+CNMI=?": b"+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)",
}
REFUSED = (b"+CLAC", b"+WIND?", b"+ZPAS?")


class Stub:
    """Octets in, octets out; and what it has seen."""

    def __init__(self) -> None:
        self._begin()
        self._buffer = b""

    def _begin(self) -> None:
        self._echo = self._text = False
        self.octets = 0
        self._came: list[tuple[float, int]] = []

    def receive(self, octets: bytes) -> bytes:
        self.octets += len(octets)
        self._buffer += octets
        answer = b""
        while self._buffer:
            end = self._end()
            if end < 0:
                break
            line, self._buffer = self._buffer[: end + 1], self._buffer[end + 1 :]
            answer += (line if self._echo else b"") + (self._message(line) if self._text else self._command(line))
        self.octets += len(answer)
        return answer

    def _end(self) -> int:
        if not self._text:
            return self._buffer.find(b"\r")
        return max(self._buffer.find(b"\x1a"), self._buffer.find(b"\x1b"))

    def _message(self, line: bytes) -> bytes:
        self._text = False
        if line.endswith(b"\x1b"):
            return OK
        self._came.append((time.perf_counter(), self.octets))
        return b"\r\n+CMGS: %d\r\n" % (len(self._came) % 256) + OK

    def _command(self, line: bytes) -> bytes:
        name = line.strip(b"\r\n\x1b").upper().removeprefix(b"AT")
        if not name:
            return OK
        if name.startswith(b"+CMGS="):
            self._text = True
            return PROMPT
        if name in (b"E0", b"E1", b"Z"):
            self._echo = name == b"E1"
        elif name == b"*BEGIN":
            self._begin()
        elif name == b"*SEEN?":
            return b"\r\n" + " ".join(f"{at_s}:{octets}" for at_s, octets in self._came).encode() + b"\r\n" + OK
        elif name in ANSWERS:
            return b"\r\n" + ANSWERS[name] + b"\r\n" + OK
        elif name in REFUSED:
            return ERROR
        return OK


def serve(master: int) -> None:
    stub = Stub()
    while True:
        answer = stub.receive(os.read(master, READ_OCTETS_MAX))
        if answer:
            os.write(master, answer)


def serve_paced(master: int) -> None:
    stub = Stub()
    incoming: deque[tuple[float, bytes]] = deque()
    outgoing: deque[tuple[float, bytes]] = deque()
    in_free_s = out_free_s = 0.0  # when the wire is free again, by its own clock
    while True:
        due_s = min((queue[0][0] for queue in (incoming, outgoing) if queue), default=None)
        left_s = None if due_s is None else max(0.0, due_s - time.perf_counter() - SPIN_S)
        if select.select([master], [], [], left_s)[0]:
            octets = os.read(master, READ_OCTETS_MAX)
            in_free_s = max(in_free_s, time.perf_counter()) + len(octets) * OCTET_S
            incoming.append((in_free_s, octets))
        while incoming and incoming[0][0] <= time.perf_counter():
            here_s, octets = incoming.popleft()
            answer = stub.receive(octets)
            for first in range(0, len(answer), PIECE_OCTETS):
                piece = answer[first : first + PIECE_OCTETS]
                out_free_s = max(out_free_s, here_s) + len(piece) * OCTET_S
                outgoing.append((out_free_s, piece))
        while outgoing and outgoing[0][0] <= time.perf_counter():
            os.write(master, outgoing.popleft()[1])


def main() -> None:
    master, slave = os.openpty()  # the slave stays open here, so that a client may leave
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    (serve_paced if "--paced" in sys.argv[1:] else serve)(master)


if __name__ == "__main__":
    main()
