"""oFono with its phonesim plug-in, which speaks AT over TCP, on a bus of its own.

ofonod tells of a message when it comes, deletes it in the modem and keeps none itself. What it knows of a SIM lies in a
folder that is named after the IMSI and that no option moves: each run has an IMSI of its own and takes it away again.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jeepney import Message

from tests.clients.bench import IMEI, LONG, LONG_UCS2, OWN, PEER, SHORT, Bench, Person, Streams, bench, until
from tests.clients.client_table import Can, shows
from tests.clients.private_bus import PrivateBus

pytestmark = pytest.mark.foreign

IMSI = f"46000{os.getpid():010}"
STATE = Path("/var/lib/ofono")
MODEM = "/phonesim"
SERVICES = "SupplementaryServices"
# Where oFono wants messages to lie when the modem has both this and SM.
STORAGE = '"ME","ME","ME"'


class Ofono:
    """A running ofonod that has the bench's first modem, powered and online."""

    def __init__(self, bench: Bench) -> None:
        _, address, port = bench.port.split(":")
        configuration = bench.folder / "phonesim.conf"
        configuration.write_text(f"[phonesim]\nAddress={address}\nPort={port}\n")
        self._bus = PrivateBus(bench)
        daemon = ("ofonod", "--nodetach", "--debug=*")
        bench.start(*self._bus.for_command, f"OFONO_PHONESIM_CONFIG={configuration}", "OFONO_AT_DEBUG=1", *daemon)
        self._incoming = self._bus.listen("org.ofono.MessageManager", "IncomingMessage")
        self._bus.await_name("org.ofono")
        until("the phonesim plug-in", lambda: MODEM in dict(self.call("/", "Manager", "GetModems")[0]))
        self.set("Modem", "Powered", ("b", True))
        self.set("Modem", "Online", ("b", True))
        until("the modem to be registered", lambda: self.shown("NetworkRegistration").get("Status") == "registered")
        until("the modem to take messages", lambda: self.shown("MessageManager"))

    def call(self, path: str, interface: str, method: str, signature: str = "", *values: object) -> tuple[Any, ...]:
        """Call a method and return what it answers. Raises DBusErrorResponse."""
        return self._bus.call("org.ofono", path, f"org.ofono.{interface}", method, signature, *values)

    def set(self, interface: str, name: str, value: tuple[str, object]) -> None:
        self.call(MODEM, interface, "SetProperty", "sv", name, value)

    def shown(self, interface: str) -> dict[str, Any]:
        """The modem's properties; none while it does not have the interface."""
        if interface != "Modem" and f"org.ofono.{interface}" not in self.shown("Modem")["Interfaces"]:
            return {}
        properties = self.call(MODEM, interface, "GetProperties")[0]
        return {name: value for name, (_, value) in properties.items()}

    def send(self, text: str) -> str:
        """Send to the peer and return the message's object, which oFono takes away when it is sent."""
        return str(self.call(MODEM, "MessageManager", "SendMessage", "ss", f"+{PEER}", text)[0])

    def unsent(self) -> list[str]:
        return [path for path, _ in self.call(MODEM, "MessageManager", "GetMessages")[0]]

    def receives(self) -> tuple[str, str]:
        """Wait for a message: its text and its sender."""

        def look() -> Message | None:
            self._bus.take_signals()
            return self._incoming.popleft() if self._incoming else None

        text, about = until("ofonod to tell of a message", look).body
        return text, about["Sender"][1]


@pytest.fixture(name="bench")
def bench_with_tcp() -> Iterator[Bench]:
    with bench(phone=",tcp=0", imsi=IMSI) as one:
        yield one
    for folder in STATE.glob(f"{IMSI}*"):
        shutil.rmtree(folder)


@pytest.fixture
def ofono(bench: Bench) -> Ofono:
    return Ofono(bench)


@shows("oFono", Can.IDENTIFY, Can.IMSI, Can.OWN_NUMBER, Can.SIGNAL, Can.OPERATOR)
def test_ofono_shows_who_the_modem_is_and_where(ofono: Ofono) -> None:
    modem = ofono.shown("Modem")
    assert (modem["Manufacturer"], modem["Model"], modem["Revision"]) == ("yinxin", "emulated modem", "1")
    assert modem["Serial"] == IMEI
    assert ofono.shown("SimManager")["SubscriberIdentity"] == IMSI
    until("the SIM's own number", lambda: ofono.shown("SimManager")["SubscriberNumbers"] == [f"+{OWN}"], 10)
    # The SIM's service provider, and the network in parentheses, as EF SPN asks for.
    until("both names", lambda: ofono.shown("NetworkRegistration").get("Name") == "yinxin (yinxin)", 10)
    network = ofono.shown("NetworkRegistration")
    assert (network["MobileCountryCode"], network["MobileNetworkCode"]) == ("460", "00")
    # +CSQ 20 of 31, in percent.
    until("the signal", lambda: ofono.shown("NetworkRegistration").get("Strength") == 64, 10)


@shows("oFono", Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
@pytest.mark.parametrize(("text", "parts", "dcs"), [(SHORT, 1, 0), (LONG, 3, 0), (LONG_UCS2, 3, 8)])
def test_ofono_sends_a_message(bench: Bench, ofono: Ofono, text: str, parts: int, dcs: int) -> None:
    message = ofono.send(text)
    got = bench.peer.receives()
    assert (got.text, got.sender, got.parts, got.dcs) == (text, f"+{OWN}", parts, dcs)
    until("ofonod to have sent it", lambda: message not in ofono.unsent())


@shows("oFono", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2)
@pytest.mark.parametrize("text", [SHORT, LONG, LONG_UCS2])
def test_ofono_tells_of_a_message_that_comes(bench: Bench, ofono: Ofono, text: str) -> None:
    bench.peer.send(text, OWN)
    assert ofono.receives() == (text, f"+{PEER}")


@shows("oFono", Can.DELETE)
def test_ofono_takes_messages_from_the_modem(bench: Bench) -> None:
    ask(bench, f"AT+CPMS={STORAGE}")
    bench.peer.send(SHORT, OWN)
    until("the message to lie there", lambda: kept(bench) == 1)
    assert Ofono(bench).receives() == (SHORT, f"+{PEER}")
    until("ofonod to delete it", lambda: "> AT+CMGD=1" in bench.client_log())
    until("the modem to be empty", lambda: kept(bench) == 0)


def kept(bench: Bench) -> int:
    """How many messages lie in the modem."""
    return int(ask(bench, f"AT+CPMS={STORAGE}").partition("+CPMS: ")[2].partition(",")[0])


def ask(bench: Bench, line: str) -> str:
    """Say one line to the modem; whoever has it loses it."""
    _, address, port = bench.port.split(":")
    with socket.create_connection((address, int(port))) as connection:
        return Person(Streams(connection.fileno(), connection.fileno()), OWN).ask(line)


@shows("oFono", Can.REPORT)
def test_ofono_waits_for_the_delivery_report_and_takes_it() -> None:
    """It tells its D-Bus clients nothing of reports: what it waits for is seen in a file for each message."""
    with bench(("--delay-s=3",), phone=",tcp=0", imsi=IMSI) as slow:
        ofono = Ofono(slow)
        ofono.set("MessageManager", "UseDeliveryReports", ("b", True))
        ofono.send(SHORT)
        waiting = STATE / IMSI / "sms_sr"
        until(f"ofonod, which may write to {STATE}, to wait for the report", lambda: list(waiting.glob("*")))
        assert slow.peer.receives().text == SHORT
        until("ofonod to have the report", lambda: not list(waiting.glob("*")))
        assert "Got new Status-Report PDU via CDS" in slow.client_log()


@shows("oFono", Can.USSD)
def test_ofono_asks_the_network_and_replies_in_a_menu(ofono: Ofono) -> None:
    until("USSD to be possible", lambda: ofono.shown(SERVICES))
    assert ofono.call(MODEM, SERVICES, "Initiate", "s", "*102#") == ("USSD", ("s", "余额：12.34元"))
    kind, (_, menu) = ofono.call(MODEM, SERVICES, "Initiate", "s", "*123#")
    assert kind == "USSD"
    assert "2 Own number" in menu
    assert ofono.shown(SERVICES)["State"] == "user-response"
    assert ofono.call(MODEM, SERVICES, "Respond", "s", "2") == (f"Your number: +{OWN}",)
    assert ofono.shown(SERVICES)["State"] == "idle"
