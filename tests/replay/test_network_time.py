"""The network's time told unasked, on a scripted modem, in the forms that `gsm.network_time` names."""

from datetime import UTC, datetime, timedelta

import pytest

from gsm.network_time import FRESH_S, NetworkClock, reports_universal_time, told_network_time
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import eventually

MOMENT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)
CCLK = {"AT+CCLK?": b'+CCLK: "26/10/22,08:00:00+00"\r\n\r\nOK'}


@pytest.mark.parametrize(
    "code",
    [
        '+CTZEU: "+32",0,"2026/10/22,12:00:00"',
        '+CTZEU: "+8",1,"2026/10/22,12:00:00"',
        '*PSUTTZ: 2026,10,22,12,0,0,"+32",0',
        "^NWTIME: 26/10/22,20:00:00+32,00",
        '^NWTIME: "26/10/22,20:00:00+32,00"',
        "^TIME: 26/10/22,20:00:00+32,00",
    ],
)
def test_a_time_told_unasked_goes_before_the_modem_s_clock(scripted: MakeModem, ours: Connect, code: str) -> None:
    modem = scripted(CCLK)
    driver = ours(modem)
    assert driver.network_time() == MOMENT - timedelta(hours=4)
    modem.urc(code)
    eventually(lambda: timedelta() <= driver.network_time() - MOMENT < timedelta(minutes=1))


@pytest.mark.parametrize(
    "code",
    [
        '+CTZV: "+32"',
        '+CTZE: "+32",0,"2026/10/22,20:00:00"',
        '+CTZEU: "+32",0',
        "^NWTIME: 90/01/06,00:00:00+00,00",
        "^NWTIME: 26/10/22,20:00:00",
        '*PSUTTZ: 2004,1,1,0,0,12,"+0",0',
        '*PSUTTZ: 2026,13,41,12,0,0,"+32",0',
        "*PSUTTZ: ",
    ],
)
def test_what_tells_no_certain_time_changes_nothing(code: str) -> None:
    assert told_network_time(code) is None


def test_what_was_told_goes_on_and_grows_old() -> None:
    clock = NetworkClock()
    assert clock.told(5.0) is None
    clock.heard("^NWTIME: 26/10/22,20:00:00+32,00", 100.0)
    clock.heard("^RSSI: 19", 101.0)
    assert clock.told(160.0) == MOMENT + timedelta(minutes=1)
    assert clock.told(101.0 + FRESH_S) is None


@pytest.mark.parametrize(("offered", "wanted"), [(b"(0-3)", True), (b"(0,1,2,3)", True), (b"(0-2)", False)])
def test_the_report_with_universal_time_is_switched_on_where_it_is_offered(
    scripted: MakeModem, ours: Connect, offered: bytes, wanted: bool
) -> None:
    assert reports_universal_time([f"+CTZR: {offered.decode()}", "OK"]) == wanted
    modem = scripted({"AT+CTZR=?": b"+CTZR: " + offered + b"\r\n\r\nOK", "AT+CTZR=3": b"OK"})
    ours(modem)
    assert ("AT+CTZR=3" in modem.commands) == wanted
