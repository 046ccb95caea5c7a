"""python-gsmmodem-new as it is, in a program of its own."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import bench as benches
from tests.clients.bench import IMEI, IMSI, LONG, LONG_UCS2, OWN, PEER, SHORT, TEXTS, Bench, until
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign

NAME = "python-gsmmodem-new"
PROGRAM = (sys.executable, str(Path(__file__).with_name("library_user.py")))

Library = Callable[..., Any]


@pytest.fixture(name="library")
def library_user(bench: Bench) -> Library:
    """Runs the program and returns what it printed."""

    def run(*arguments: str) -> Any:
        return json.loads(bench.run(*PROGRAM, bench.port, *arguments).splitlines()[-1])

    return run


@pytest.fixture(name="bench")
def bench_with_a_network_that_takes_time() -> Iterator[Bench]:
    """The library misses a report that comes before it has begun to wait for it."""
    with benches.bench(options=("--delay-s", "3")) as one:
        yield one


@shows(NAME, Can.IDENTIFY, Can.IMSI, Can.OWN_NUMBER, Can.SIGNAL, Can.OPERATOR)
def test_it_identifies_modem_sim_and_network(library: Library) -> None:
    known = library("identify")
    assert (known["manufacturer"], known["model"]) == ("yinxin", "emulated modem")
    assert (known["imei"], known["imsi"]) == (IMEI, IMSI)
    assert known["ownNumber"] == f"+{OWN}"
    assert known["signalStrength"] == 20
    assert known["networkName"]


@shows(NAME, Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
def test_what_it_sends_reaches_the_peer(bench: Bench, library: Library) -> None:
    for text, parts in TEXTS:
        bench.peer.ask("AT+CFUN=4")  # no report can come while it sends the next part
        library("send", f"+{PEER}", text)
        bench.peer.ask("AT+CFUN=1")
        received = bench.peer.receives()
        assert (received.text, received.sender, received.parts) == (text, f"+{OWN}", parts)


@shows(NAME, Can.REPORT)
def test_it_waits_for_the_report(bench: Bench, library: Library) -> None:
    assert library("report", f"+{PEER}", SHORT) == {"delivered": True, "number": f"+{PEER}"}
    assert bench.peer.receives().text == SHORT


@shows(NAME, Can.RECEIVE_SHORT)
def test_it_calls_back_when_a_message_comes(bench: Bench) -> None:
    bench.start(*PROGRAM, bench.port, "receive")
    until("the program to be ready", lambda: "ready" in bench.client_log())
    bench.peer.send(SHORT, f"+{OWN}")
    until("the message", lambda: bench.client_log().count("\n") > 1)
    assert json.loads(bench.client_log().splitlines()[-1]) == [[f"+{PEER}", SHORT, []]]


@shows(NAME, Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
def test_it_reads_and_deletes_what_the_peer_sent(bench: Bench, library: Library) -> None:
    for text, _ in TEXTS:
        bench.peer.send(text, f"+{OWN}")
    until("all parts to be there", lambda: bench.stored() == 7)
    messages = library("take")
    assert {number for number, _, _ in messages} == {f"+{PEER}"}
    assert [place for _, _, place in messages] == [[], *([[n, 3] for n in (1, 2, 3)] * 2)]
    texts = [text for _, text, _ in messages]
    assert (texts[0], "".join(texts[1:4]), "".join(texts[4:])) == (SHORT, LONG, LONG_UCS2)
    assert bench.stored() == 0


@shows(NAME, Can.USSD)
def test_it_shows_what_a_ussd_code_is_answered(library: Library) -> None:
    assert library("ussd", "*100#") == "Balance: 12.34 CNY"
