"""socat carries lines between a person and the modem: what a person can type, works."""

import pytest

from tests.clients.bench import IMEI, IMSI, LONG, LONG_UCS2, OWN, PEER, SHORT, Bench, Person
from tests.clients.client_table import Can, shows

pytestmark = pytest.mark.foreign


@pytest.fixture(name="person")
def at_socat(bench: Bench) -> Person:
    """Somebody at `socat -` on the first modem."""
    return Person(bench.pass_on("socat", "-", f"FILE:{bench.port},raw,echo=0"), OWN)


@shows("socat", Can.IDENTIFY, Can.IMSI, Can.OWN_NUMBER, Can.SIGNAL, Can.OPERATOR)
def test_questions_that_are_typed_are_answered(person: Person) -> None:
    assert "yinxin" in person.ask("AT+CGMI")
    assert person.ask("AT+CGMM").strip()
    assert IMEI in person.ask("AT+CGSN")
    assert IMSI in person.ask("AT+CIMI")
    assert OWN in person.ask("AT+CNUM")
    assert "+CSQ: " in person.ask("AT+CSQ")
    assert "+COPS: 0," in person.ask("AT+COPS?")


@shows("socat", Can.SEND_SHORT, Can.SEND_LONG, Can.SEND_LONG_UCS2)
@pytest.mark.parametrize(("text", "parts"), [(SHORT, 1), (LONG, 3), (LONG_UCS2, 3)])
def test_what_is_typed_into_socat_reaches_the_peer(bench: Bench, person: Person, text: str, parts: int) -> None:
    person.send(text, PEER)
    received = bench.peer.receives()
    assert (received.text, received.sender.lstrip("+"), received.parts) == (text, OWN, parts)


@shows("socat", Can.RECEIVE_SHORT, Can.RECEIVE_LONG, Can.RECEIVE_UCS2, Can.DELETE)
@pytest.mark.parametrize(("text", "parts"), [(SHORT, 1), (LONG, 3), (LONG_UCS2, 3)])
def test_what_the_peer_sends_is_read_and_deleted_at_socat(bench: Bench, person: Person, text: str, parts: int) -> None:
    bench.peer.send(text, f"+{OWN}")
    received = person.receives()
    assert (received.text, received.sender.lstrip("+"), received.parts) == (text, PEER, parts)
    assert "+CMGL" not in person.ask("AT+CMGL=4")


@shows("socat", Can.REPORT)
def test_the_report_says_that_the_peer_has_it(bench: Bench, person: Person) -> None:
    person.send(SHORT, PEER, report=True)
    assert bench.peer.receives().text == SHORT
    report = person.receives_report()
    assert report.delivered
    assert report.recipient.lstrip("+") == PEER
