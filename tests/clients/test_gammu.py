"""gammu with its AT driver: each call opens the port, finds out what the modem can, does one thing and leaves."""

import os
import re
from collections.abc import Callable

import pytest

from tests.clients.bench import IMEI, IMSI, LONG, LONG_UCS2, OWN, PEER, SHORT, TEXTS, Bench, opened, until
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign

Gammu = Callable[..., str]


@pytest.fixture(name="gammu")
def configured(bench: Bench) -> Gammu:
    """Runs gammu with a configuration of its own."""
    config = bench.folder / "gammurc"
    config.write_text(f"[gammu]\ndevice = {bench.port}\nconnection = at\n")

    def gammu(*arguments: str) -> str:
        os.close(opened(bench.port))  # the call before has let go of it
        return bench.run("gammu", "--config", str(config), *arguments)

    return gammu


@shows("gammu", Can.IDENTIFY, Can.IMSI)
def test_it_identifies_modem_and_sim(gammu: Gammu) -> None:
    said = gammu("identify")
    assert re.search(r"Manufacturer +: yinxin", said)
    assert re.search(r"Model +: .*emulated modem", said)
    assert re.search(rf"IMEI +: {IMEI}", said)
    assert re.search(rf"SIM IMSI +: {IMSI}", said)


@shows("gammu", Can.SIGNAL, Can.OPERATOR)
def test_its_monitor_shows_signal_and_network(gammu: Gammu) -> None:
    said = gammu("monitor", "1")
    assert "Signal strength      : -73 dBm" in said
    assert "Network              : 460 00" in said


@shows("gammu", Can.OPERATOR)
def test_it_shows_the_network(gammu: Gammu) -> None:
    said = gammu("networkinfo")
    assert "Network state        : home network" in said
    assert "Network              : 460 00" in said
    assert "GPRS                 : attached" in said


@shows("gammu", Can.OWN_NUMBER)
def test_it_reads_the_own_number_from_its_phonebook(gammu: Gammu) -> None:
    assert f'"+{OWN}"' in gammu("getmemory", "ON", "1")
    assert "Nothing to enter" in gammu("getsecuritystatus")


@shows("gammu", Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
@pytest.mark.parametrize(("text", "parts"), TEXTS)
def test_what_it_sends_reaches_the_peer(bench: Bench, gammu: Gammu, text: str, parts: int) -> None:
    options = [*(["-autolen", "500"] if parts > 1 else []), *([] if text.isascii() else ["-unicode"])]
    said = gammu("sendsms", "TEXT", f"+{PEER}", *options, "-text", text)
    assert said.count("OK, message reference=") == parts
    received = bench.peer.receives()
    assert (received.text, received.sender, received.parts) == (text, f"+{OWN}", parts)


@shows("gammu", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
def test_it_reads_and_deletes_what_the_peer_sent(bench: Bench, gammu: Gammu) -> None:
    for text, _ in TEXTS:
        bench.peer.send(text, f"+{OWN}")
    said = gammu("geteachsms")
    for text in (SHORT, LONG, LONG_UCS2):
        assert f"\n{text}\n" in said
    assert said.count(f'"+{PEER}"') == 3
    assert "7 SMS parts in 3 SMS sequences" in said
    gammu("deletesms", "1", "1")
    assert "6 SMS parts in 6 SMS sequences" in gammu("getallsms")
    gammu("deleteallsms", "1")
    assert "0 SMS parts" in gammu("getallsms")
    assert bench.stored() == 0


@shows("gammu", Can.REPORT, Can.RECEIVE_SHORT)
def test_its_monitor_shows_the_report_and_a_message_as_they_come(bench: Bench, gammu: Gammu) -> None:
    bench.peer.ask("AT+CFUN=4")
    gammu("sendsms", "TEXT", f"+{PEER}", "-report", "-text", SHORT)
    bench.start("gammu", "--config", str(bench.folder / "gammurc"), "monitor")
    until("the monitor", lambda: "Enabling info about incoming SMS    : No error." in bench.client_log())
    bench.peer.ask("AT+CFUN=1")
    assert bench.peer.receives().text == SHORT
    said = until("the report", lambda: re.search(r"SMS status report\n(?:.+\n)+", bench.client_log()))
    assert f'Remote number        : "+{PEER}"' in said.group()
    assert "Delivery status      : Delivered" in said.group()
    bench.peer.send(SHORT, f"+{OWN}")
    until("the message", lambda: f"\n\n{SHORT}\n" in bench.client_log())


@shows("gammu", Can.USSD)
def test_it_shows_what_a_ussd_code_is_answered(gammu: Gammu) -> None:
    assert re.search(r'Service reply +: "Balance: 12.34 CNY"', gammu("getussd", "*100#"))
