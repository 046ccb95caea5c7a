"""gnokii with its AT driver: each call opens the port, sets up the modem, does one thing and leaves."""

import re
from collections.abc import Callable

import pytest

from tests.clients.bench import IMEI, LONG, LONG_UCS2, OWN, PEER, SHORT, TEXTS, Bench, until
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign

Gnokii = Callable[..., str]


@pytest.fixture(name="gnokii")
def configured(bench: Bench) -> Gnokii:
    """Runs gnokii with a configuration and a home of its own."""
    (bench.folder / ".cache" / "gnokii").mkdir(parents=True)
    config = bench.folder / "gnokiirc"
    config.write_text(f"[global]\nmodel = AT\nport = {bench.port}\nconnection = serial\nuse_locking = no\n")

    def gnokii(*arguments: str, given: str = "", status: int | None = 0) -> str:
        return bench.run("gnokii", "--config", str(config), *arguments, given=given, status=status)

    return gnokii


def shown(output: str) -> list[str]:
    """The texts of the messages that --getsms printed, each part by itself."""
    return re.findall(r"(?:Text|Linked \(\d/\d\)):\n(.*)", output)


@shows("gnokii", Can.IDENTIFY)
def test_it_identifies_the_modem(gnokii: Gnokii) -> None:
    said = gnokii("--identify")
    assert re.search(rf"IMEI +: {IMEI}", said)
    assert re.search(r"Manufacturer +: yinxin", said)
    assert re.search(r"Model +: emulated modem", said)
    assert re.search(r"Revision +: \S", said)


@shows("gnokii", Can.SIGNAL, Can.OPERATOR)
def test_its_monitor_shows_signal_and_network(gnokii: Gnokii) -> None:
    said = gnokii("--monitor", "once", status=None)  # it ends with the status of the last thing it asked for
    assert "RFLevel: 20" in said
    assert "(460 00)" in said
    assert re.search(r"Network code : 460 00\nLAC +: \w{4}", gnokii("--getnetworkinfo"))


@shows("gnokii", Can.OWN_NUMBER)
def test_it_reads_the_own_number_from_its_phonebook(gnokii: Gnokii) -> None:
    assert f"Number: +{OWN}" in gnokii("--getphonebook", "ON", "1")


@shows("gnokii", Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
def test_what_it_sends_reaches_the_peer(bench: Bench, gnokii: Gnokii) -> None:
    for text, parts in TEXTS:
        said = gnokii("--sendsms", f"+{PEER}", given=text)
        assert "Send succeeded" in said if parts == 1 else f"Message sent in {parts} parts" in said
        received = bench.peer.receives()
        assert (received.text, received.sender, received.parts) == (text, f"+{OWN}", parts)


@shows("gnokii", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
def test_it_reads_and_deletes_what_the_peer_sent(bench: Bench, gnokii: Gnokii) -> None:
    for text, _ in TEXTS:
        bench.peer.send(text, f"+{OWN}")
    said = gnokii("--getsms", "SM", "1", "7")
    assert said.count(f"Sender: +{PEER}") == 7
    texts = shown(said)
    assert (texts[0], "".join(texts[1:4]), "".join(texts[4:])) == (SHORT, LONG, LONG_UCS2)
    assert gnokii("--deletesms", "SM", "1", "7").count("Deleted SMS") == 7
    assert re.search(r"SIM card +SM +0", gnokii("--showsmsfolderstatus"))
    assert bench.stored() == 0


@shows("gnokii", Can.REPORT)
def test_it_reads_the_report_of_what_it_sent(bench: Bench, gnokii: Gnokii) -> None:
    bench.ask_by_hand("AT+CNMI=2,1,0,2,0;&W")
    gnokii("--sendsms", f"+{PEER}", "-r", given=SHORT)
    assert bench.peer.receives().text == SHORT
    until("the report", lambda: bench.stored() == 1)
    said = gnokii("--getsms", "SM", "1")
    assert "Status Report" in said
    assert f"+{PEER}" in said
    assert said.endswith("Text:\nDelivered\n")
