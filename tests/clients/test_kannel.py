"""Kannel's bearerbox with an AT modem as its SMS centre (`smsc = at`), and smsbox before it, as Debian packages them.

bearerbox talks to the modem and logs each line; smsbox takes messages by HTTP and hands received ones and delivery
reports on by HTTP, here to the test.
"""

import http.server
import os
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.clients.bench import IMEI, LONG, LONG_UCS2, OWN, PEER, SHORT, Bench, Person, Streams, until
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign

# Bit 1 of dlr-mask asks for a report of delivery to the phone, bit 2 for one of failure (Kannel's User's Guide,
# chapter 10, "Delivery Reports").
DELIVERED, FAILED = 1, 2

CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
log-level = 0
dlr-storage = internal

group = smsc
smsc = at
smsc-id = emulated
modemtype = {modem_type}
device = {port}
speed = 115200
my-number = "+{number}"
sim-buffering = true
keepalive = 2

group = modems
id = generic
name = "any modem"
keepalive-cmd = "AT+CSQ"

group = modems
id = emulated
name = "the emulated modem"
detect-string = "yinxin"
detect-string2 = "emulated modem"

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {smsbox}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 0

group = sendsms-user
username = tester
password = secret
concatenation = true
max-messages = 10

group = sms-service
keyword = default
max-messages = 0
concatenation = true
get-url = "http://127.0.0.1:{ours}/message?from=%p&to=%P&text=%a&octets=%b&coding=%c&charset=%C&udh=%u"
"""


class Listener(http.server.ThreadingHTTPServer):
    """What smsbox calls: every request's path and parameters, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []

        class Answer(http.server.BaseHTTPRequestHandler):
            server: Listener

            def do_GET(self) -> None:
                parts = urllib.parse.urlsplit(self.path)
                # A percent sequence stands for an octet, whatever the message's coding.
                parameters = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1"))
                self.server.requests.append((parts.path, parameters))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """What is called is kept; it need not be printed too."""

        super().__init__(("127.0.0.1", 0), Answer)


class Kannel:
    """A running bearerbox and smsbox on the bench's first modem."""

    def __init__(self, bench: Bench, listener: Listener, modem_type: str) -> None:
        self._bench = bench
        self._listener = listener
        self.report_url = f"http://127.0.0.1:{listener.server_port}/report?type=%d"
        self._admin, smsbox, self._sendsms = free_ports(3)
        configuration = bench.folder / "kannel.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=bench.folder,
                port=bench.port,
                number=OWN,
                admin=self._admin,
                smsbox=smsbox,
                sendsms=self._sendsms,
                ours=listener.server_port,
                modem_type=modem_type,
            )
        )
        self.bearerbox = bench.start("bearerbox", str(configuration))
        until("bearerbox to open the modem", lambda: "AT SMSC successfully opened" in self.log())
        bench.start("smsbox", str(configuration))
        until("smsbox to be connected", lambda: "smsbox:(none)" in self.status())
        until("smsbox to take messages", lambda: listens(self._sendsms))

    def log(self) -> str:
        path = self._bench.folder / "bearerbox.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def said_to_modem(self) -> list[str]:
        """The command lines that bearerbox has sent."""
        return [line.split("--> ", 1)[1].removesuffix("^M") for line in self.log().splitlines() if "--> " in line]

    def status(self) -> str:
        return self._get(self._admin, "status.txt")

    def send(self, text: str, **parameters: str | int) -> None:
        answer = self._get(
            self._sendsms,
            "cgi-bin/sendsms",
            {
                "username": "tester",
                "password": "secret",
                "to": f"+{PEER}",
                "from": f"+{OWN}",
                "charset": "UTF-8",
                "text": text,
                **parameters,
            },
        )
        assert answer.startswith("0: Accepted"), answer

    def called(self, path: str) -> dict[str, str]:
        """Wait until smsbox has called this path, and return with what."""
        until(f"smsbox to call {path}", lambda: path in dict(self._listener.requests))
        return dict(self._listener.requests)[path]

    def _get(self, port: int, path: str, parameters: dict[str, str | int] | None = None) -> str:
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}{query}", timeout=30) as answer:
            return str(answer.read().decode())


def free_ports(count: int) -> list[int]:
    """Ports that nobody had a moment ago: Kannel takes no 0 for any."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(bench: Bench, modem_type: str = "generic") -> Iterator[Kannel]:
    with Listener() as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        try:
            yield Kannel(bench, listener, modem_type)
        finally:
            listener.shutdown()


@pytest.fixture
def kannel(bench: Bench) -> Iterator[Kannel]:
    with running(bench) as one:
        yield one


@shows("Kannel", Can.IDENTIFY)
def test_kannel_tells_the_modem_by_what_it_says_of_itself(bench: Bench) -> None:
    with running(bench, "auto") as kannel:
        assert (
            "found string <yinxin> plus <emulated modem>, using modem definition <the emulated modem>" in kannel.log()
        )
        assert f"<-- IMEI: {IMEI}" in kannel.log()


@shows("Kannel", Can.SIGNAL)
def test_kannels_keep_alive_asks_for_the_signal(kannel: Kannel) -> None:
    until("the signal", lambda: "--> AT+CSQ" in kannel.log() and "<-- +CSQ: 20,99" in kannel.log())


@shows("Kannel", Can.SEND_SHORT)
def test_kannel_sends_a_short_message(bench: Bench, kannel: Kannel) -> None:
    kannel.send(SHORT)
    got = bench.peer.receives()
    assert (got.text, got.sender, got.parts, got.dcs) == (SHORT, f"+{OWN}", 1, 0)
    until("bearerbox to count it", lambda: "sent: sms 1" in kannel.status())


@shows("Kannel", Can.SEND_LONG)
def test_kannel_sends_a_long_message_in_the_gsm_alphabet(bench: Bench, kannel: Kannel) -> None:
    kannel.send(LONG)
    got = bench.peer.receives()
    assert (got.text, got.parts, got.dcs) == (LONG, 3, 0)


@shows("Kannel", Can.SEND_LONG_UCS2)
def test_kannel_sends_a_long_message_in_ucs2(bench: Bench, kannel: Kannel) -> None:
    kannel.send(LONG_UCS2, coding=2)
    got = bench.peer.receives()
    assert (got.text, got.parts, got.dcs) == (LONG_UCS2, 3, 8)


@shows("Kannel", Can.REPORT)
def test_kannel_hands_the_delivery_report_on(bench: Bench, kannel: Kannel) -> None:
    kannel.send(SHORT, **{"dlr-mask": DELIVERED | FAILED, "dlr-url": kannel.report_url})
    assert bench.peer.receives().text == SHORT
    assert kannel.called("/report") == {"type": str(DELIVERED)}


@shows("Kannel", Can.RECEIVE_SHORT)
def test_kannel_receives_a_short_message_as_it_comes(bench: Bench, kannel: Kannel) -> None:
    bench.peer.send(SHORT, OWN)
    got = kannel.called("/message")
    assert (got["text"], got["from"], got["to"]) == (SHORT, f"+{PEER}", f"+{OWN}")
    assert "<-- +CMT: " in kannel.log()


@shows("Kannel", Can.RECEIVE_LONG)
def test_kannel_puts_a_long_message_together(bench: Bench, kannel: Kannel) -> None:
    bench.peer.send(LONG, OWN)
    assert kannel.called("/message")["text"] == LONG


@shows("Kannel", Can.RECEIVE_UCS2)
def test_kannel_puts_a_long_ucs2_message_together(bench: Bench, kannel: Kannel) -> None:
    bench.peer.send(LONG_UCS2, OWN)
    got = kannel.called("/message")
    assert (got["coding"], got["octets"].encode("latin-1").decode("utf-16-be")) == ("2", LONG_UCS2)


@shows("Kannel", Can.DELETE)
def test_kannel_fetches_what_lay_on_the_sim_and_deletes_it(bench: Bench) -> None:
    bench.peer.send(SHORT, OWN)
    until("the message to lie on the SIM", lambda: kept(bench) == 1)
    with running(bench) as kannel:
        assert kannel.called("/message")["text"] == SHORT
        until("bearerbox to delete it", lambda: "AT+CMGD=1" in kannel.said_to_modem())
        kannel.bearerbox.terminate()
        kannel.bearerbox.wait(30)
    assert kept(bench) == 0


def kept(bench: Bench) -> int:
    """How many messages lie on the SIM of a modem that no client has open."""
    descriptor = os.open(bench.port, os.O_RDWR | os.O_NOCTTY)
    try:
        answer = Person(Streams(descriptor, descriptor), OWN).ask('AT+CPMS="SM"')
        return int(answer.partition("+CPMS: ")[2].partition(",")[0])
    finally:
        os.close(descriptor)
