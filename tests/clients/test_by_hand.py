"""socat and minicom carry lines between a person and the modem: what a person can type, works."""

import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.bench import IMEI, IMSI, OWN, PEER, TEXTS, Bench, Line, Person
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign


class Screen:
    """minicom at a terminal: keys go in, what the modem said is in the file that minicom captures.

    minicom writes no carriage returns into that file.
    """

    def __init__(self, keyboard: int, capture: Path) -> None:
        self._keyboard, self._capture = keyboard, capture
        self._seen = 0

    def write(self, octets: bytes) -> None:
        os.write(self._keyboard, octets)

    def read(self, seconds: float) -> bytes:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self._keyboard], [], [], 0.05)[0]:
                os.read(self._keyboard, 65_536)  # what is drawn; a terminal that nobody reads would stop minicom
            if new := self._capture.read_bytes()[self._seen :]:
                self._seen += len(new)
                return new.replace(b"\n", b"\r\n")
        return b""


@contextmanager
def minicom(bench: Bench) -> Iterator[Line]:
    (bench.folder / ".minirc.dfl").write_text(f"pu lock {bench.folder}\npu rtscts No\n")
    capture = bench.folder / "capture"
    keyboard, terminal = os.openpty()
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 400, 0, 0))
        bench.start_at(terminal, "minicom", "-D", bench.port, "-C", str(capture))
        drawn = b""
        while b"for help on special keys" not in drawn:
            assert select.select([keyboard], [], [], 30)[0], drawn
            drawn += os.read(keyboard, 65_536)
        yield Screen(keyboard, capture)
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.fixture(name="person")
def person_at(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Somebody at the first modem, by way of the client that is asked for."""
    if request.param == "minicom":
        with minicom(bench) as line:
            yield Person(line, OWN)
    else:
        yield Person(bench.pass_on("socat", "-", f"FILE:{bench.port},raw,echo=0"), OWN)


def by_hand(*functions: Can) -> pytest.MarkDecorator:
    """Do the test at each of the clients."""
    clients = [pytest.param(name, marks=shows(name, *functions)) for name in ("socat", "minicom")]
    return pytest.mark.parametrize("person", clients, indirect=True)


@by_hand(Can.IDENTIFY, Can.IMSI, Can.OWN_NUMBER, Can.SIGNAL, Can.OPERATOR)
def test_questions_that_are_typed_are_answered(person: Person) -> None:
    assert "yinxin" in person.ask("AT+CGMI")
    assert "emulated modem" in person.ask("AT+CGMM")
    assert IMEI in person.ask("AT+CGSN")
    assert IMSI in person.ask("AT+CIMI")
    assert OWN in person.ask("AT+CNUM")
    assert "+CSQ: 20," in person.ask("AT+CSQ")
    assert '+COPS: 0,2,"46000"' in person.ask("AT+COPS=3,2;+COPS?")


@by_hand(Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
def test_what_is_typed_reaches_the_peer(bench: Bench, person: Person) -> None:
    for text, parts in TEXTS:
        person.send(text, PEER)
        received = bench.peer.receives()
        assert (received.text, received.sender, received.parts) == (text, f"+{OWN}", parts)


@by_hand(Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
def test_what_the_peer_sends_is_read_and_deleted(bench: Bench, person: Person) -> None:
    for text, parts in TEXTS:
        bench.peer.send(text, f"+{OWN}")
        received = person.receives()
        assert (received.text, received.sender, received.parts) == (text, f"+{PEER}", parts)
    assert "+CMGL" not in person.ask("AT+CMGL=4")


@by_hand(Can.REPORT)
def test_the_report_says_that_the_peer_has_it(bench: Bench, person: Person) -> None:
    text, _ = TEXTS[0]
    person.send(text, PEER, report=True)
    assert bench.peer.receives().text == text
    report = person.receives_report()
    assert report.delivered
    assert report.recipient == f"+{PEER}"


@by_hand(Can.USSD)
def test_a_ussd_code_is_answered(person: Person) -> None:
    assert '+CUSD: 0,"Balance: 12.34 CNY",15' in person.asks_network('AT+CUSD=1,"*100#",15', "+CUSD:")
