"""ModemManager with its generic plug-in and mmcli, on a bus of their own.

Without udev its test interface is the way to give it a port, and takes the name of an abstract Unix socket; socat joins
that to the modem's TCP port, where a newer connection ends an older one as ModemManager closes and opens its port.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gsm import pdu
from gsm.pdu import Submit
from tests.clients.bench import IMEI, IMSI, LONG, LONG_UCS2, OWN, PEER, SHORT, WAIT_S, Bench, bench, until
from tests.clients.client_table import Can, shows
from tests.clients.private_bus import PrivateBus

pytestmark = pytest.mark.foreign

# Not to look for real modems, and not to wait for daemons that are not there.
OPTIONS = ("--test-session", "--test-enable", "--test-no-udev", "--test-no-suspend-resume", "--test-no-qrtr")
# What its log says when it has read a message.
READ = b"correctly parsed PDU ("
NAME, PATH = "org.freedesktop.ModemManager1", "/org/freedesktop/ModemManager1"


class ModemManager:
    """A running ModemManager that has the bench's first modem, enabled and registered."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        bus = PrivateBus(bench)
        self._on_bus = bus.for_command
        socket = f"abstract:{bench.folder.name}"
        bench.start("socat", "-t0", f'ABSTRACT-LISTEN:"{socket}",fork', bench.port.upper())
        self._log = bench.folder / "ModemManager.log"
        bench.start(
            *(*self._on_bus, "ModemManager", *OPTIONS, "--no-auto-scan", "--debug"),
            *("--log-personal-info", f"--log-file={self._log}"),
        )
        bus.await_name(NAME)
        bus.call(NAME, PATH, f"{NAME}.Test", "SetProfile", "ssas", "emulated", "generic", [socket])
        until("ModemManager to have the modem", lambda: "/Modem/0" in self._mmcli("--list-modems"))
        until("the modem to be usable", lambda: self.modem()["generic"]["state"] == "disabled")
        self._mmcli("--modem=any", "--enable")
        until("the modem to be registered", lambda: self.modem()["generic"]["state"] == "registered")

    def modem(self) -> dict[str, Any]:
        return self.shown("--modem=any")["modem"]

    def shown(self, *arguments: str) -> dict[str, Any]:
        """What mmcli says in JSON."""
        shown: dict[str, Any] = json.loads(self._mmcli("--output-json", *arguments))
        return shown

    def asked(self, *arguments: str) -> str:
        """What mmcli says of the modem in words."""
        return self._mmcli("--modem=any", *arguments)

    def send(self, text: str, report: bool = False) -> str:
        """Send to the peer, and return the message's object."""
        wanted = "yes" if report else "no"
        made = self.asked(f"--messaging-create-sms=number=+{PEER},text='{text}',delivery-report-request={wanted}")
        message = re.search(r"/\S+/SMS/\d+", made)
        assert message, made
        assert "successfully sent" in self._mmcli(f"--sms={message[0]}", "--send")
        return message[0]

    def messages(self) -> list[dict[str, Any]]:
        paths = self.shown("--modem=any", "--messaging-list-sms")["modem.messaging.sms"]
        return [self.shown(f"--sms={path}")["sms"] for path in paths]

    def await_parts(self, count: int) -> None:
        """Wait until so many messages have been read.

        ModemManager lets go of a +CMTI that comes while it reads the message of the one before; a radio link, which
        takes seconds for a message, gives it time.
        """
        until(f"ModemManager to read part {count}", lambda: self._log.read_bytes().count(READ) == count)

    def received(self) -> dict[str, Any]:
        """Wait for the first message that is all there."""

        def look() -> dict[str, Any] | None:
            return next((one for one in self.messages() if one["properties"]["state"] == "received"), None)

        return until("ModemManager to have a message", look)

    def _mmcli(self, *arguments: str, status: int | None = 0) -> str:
        return self._bench.run(*self._on_bus, "mmcli", f"--timeout={WAIT_S:.0f}", *arguments, status=status)


@pytest.fixture(name="bench")
def bench_with_tcp() -> Iterator[Bench]:
    with bench(phone=",tcp=0") as one:
        yield one


@pytest.fixture
def manager(bench: Bench) -> ModemManager:
    return ModemManager(bench)


@shows("ModemManager", Can.IDENTIFY, Can.IMSI, Can.OWN_NUMBER, Can.SIGNAL, Can.OPERATOR)
def test_modemmanager_shows_who_the_modem_is_and_where(manager: ModemManager) -> None:
    modem = manager.modem()
    generic, network = modem["generic"], modem["3gpp"]
    assert (generic["manufacturer"], generic["model"], generic["revision"]) == ("yinxin", "emulated modem", "1")
    assert (network["imei"], generic["own-numbers"]) == (IMEI, [f"+{OWN}"])
    assert (network["operator-code"], network["operator-name"]) == ("46000", "yinxin")
    assert network["registration-state"] == "home"
    sim = manager.shown(f"--sim={generic['sim']}")["sim"]["properties"]
    assert sim["imsi"] == IMSI
    # In percent, from +CIND: three bars of five.
    until("the signal", lambda: manager.modem()["generic"]["signal-quality"]["value"] == "60")


@shows("ModemManager", Can.SEND_SHORT)
def test_modemmanager_sends_a_short_message(bench: Bench, manager: ModemManager) -> None:
    message = manager.send(SHORT)
    got = bench.peer.receives()
    assert (got.text, got.sender, got.parts, got.dcs) == (SHORT, f"+{OWN}", 1, 0)
    assert manager.shown(f"--sms={message}")["sms"]["properties"]["state"] == "sent"


@shows("ModemManager", Can.SEND_LONG, Can.SEND_LONG_UCS2)
@pytest.mark.parametrize(("text", "dcs"), [(LONG, 0), (LONG_UCS2, 8)])
def test_modemmanager_sends_a_long_message(bench: Bench, manager: ModemManager, text: str, dcs: int) -> None:
    manager.send(text)
    got = bench.peer.receives()
    assert (got.text, got.parts, got.dcs) == (text, 3, dcs)


@shows("ModemManager", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
@pytest.mark.parametrize("text", [SHORT, LONG, LONG_UCS2])
def test_modemmanager_receives_and_deletes_a_message(bench: Bench, manager: ModemManager, text: str) -> None:
    for count, part in enumerate(pdu.split(text, 1), 1):
        bench.peer.submit(Submit(OWN, part))
        manager.await_parts(count)
    got = manager.received()
    assert (got["content"]["text"], got["content"]["number"]) == (text, f"+{PEER}")
    manager.asked(f"--messaging-delete-sms={got['dbus-path']}")
    assert manager.messages() == []
    # The modem's own counts, through ModemManager's debug mode.
    counts = re.findall(r'"(SM|ME|MT|SR)",(\d+)', manager.asked("--command=+CPMS?"))
    assert counts
    assert {count for _, count in counts} == {"0"}


@shows("ModemManager", Can.REPORT)
def test_modemmanager_shows_the_delivery_report(bench: Bench, manager: ModemManager) -> None:
    manager.send(SHORT, report=True)
    assert bench.peer.receives().text == SHORT

    def look() -> dict[str, Any] | None:
        return next(
            (one["properties"] for one in manager.messages() if one["properties"]["delivery-state"] != "--"), None
        )

    report = until("ModemManager to have the report", look)
    assert (report["pdu-type"], report["delivery-state"]) == ("status-report", "completed-received")


@shows("ModemManager", Can.USSD)
def test_modemmanager_asks_the_network_and_replies_in_a_menu(manager: ModemManager) -> None:
    assert "余额：12.34元" in manager.asked("--3gpp-ussd-initiate=*102#")
    assert "2 Own number" in manager.asked("--3gpp-ussd-initiate=*123#")
    assert "user-response" in manager.asked("--3gpp-ussd-status")
    assert f"Your number: +{OWN}" in manager.asked("--3gpp-ussd-respond=2")
    assert "idle" in manager.asked("--3gpp-ussd-status")
