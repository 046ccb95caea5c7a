"""Each program says in one line what is missing when it cannot start, and stops cleanly when told to."""

import signal
from pathlib import Path

import pytest

from tests.system.house import OPERATOR_NUMBER, PAYER, Ended, House, run
from tests.system.ports import free_port

pytestmark = pytest.mark.programs


def assert_one_line(ended: Ended, *words: str) -> None:
    lines = ended.errors.strip().splitlines()
    assert ended.status == 2, ended
    assert len(lines) == 1, ended
    assert "Traceback" not in ended.errors
    for word in words:
        assert word in lines[0]


def test_a_bank_without_state_says_so(tmp_path: Path) -> None:
    assert_one_line(run("bank-server", "--state", tmp_path / "none", "serve"), "init")


def test_a_bank_without_keys_says_so(tmp_path: Path) -> None:
    assert run("bank-server", "--state", tmp_path / "bank", "init").status == 0
    assert_one_line(run("bank-server", "--state", tmp_path / "bank", "serve"), "keys")


def test_an_operator_without_state_says_so(tmp_path: Path) -> None:
    serve = ("serve", "--bank", "127.0.0.1:1", "--smpp", "127.0.0.1:2", "--system-id", "o", "--short-number", "9")
    assert_one_line(run("operator-platform", "--state", tmp_path / "none", *serve), "init")


def test_a_state_in_use_and_a_port_that_is_taken_are_named(house: House) -> None:
    serve = ("--state", house.bank_state, "serve", "--port", str(free_port()))
    assert_one_line(run("bank-server", *serve), str(house.bank_state))
    operator = ("serve", "--bank", "127.0.0.1:1", "--smpp", "127.0.0.1:2", "--system-id", "o", "--short-number", "9")
    assert_one_line(run("operator-platform", "--state", house.operator_state, *operator), str(house.operator_state))
    taken = str(house.emulator.ready["smpp_port"])
    phone = "imsi=460001234567890,msisdn=8613900000001"
    assert_one_line(run("modem-emulator", "serve", "--phone", phone, "--smpp-port", taken), taken)


def test_a_bank_whose_port_is_taken_says_so(house: House, tmp_path: Path) -> None:
    other = House(tmp_path)
    other.customers = other.customers[:1]
    other.build()
    taken = str(house.bank.ready["port"])
    assert_one_line(run("bank-server", "--state", other.bank_state, "serve", "--port", taken), taken)


def test_a_handset_without_its_modem_says_so(house: House, tmp_path: Path) -> None:
    balance = ("balance", "--account", PAYER.account)
    where = ("--state", house.handset_state(PAYER), "--operator", OPERATOR_NUMBER)
    gone = str(tmp_path / "ttyUSB0")
    assert_one_line(run("handset", "--port", gone, *where, *balance, given=f"{PAYER.pin}\n"), gone)


def test_a_handset_that_was_not_enrolled_says_so(house: House, tmp_path: Path) -> None:
    where = ("--state", tmp_path / "new", "--operator", OPERATOR_NUMBER, "--port", house.port_of(PAYER))
    assert_one_line(
        run("handset", *where, "balance", "--account", PAYER.account, given=f"{PAYER.pin}\n"),
        "enrol",
    )


def test_a_key_file_that_others_can_read_is_refused_by_name(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.customers = house.customers[:1]
    house.build()
    for state, command in (
        (house.bank_state, ("bank-server", "--state", house.bank_state, "keys", "show")),
        (house.operator_state, ("operator-platform", "--state", house.operator_state, "keys", "show")),
    ):
        keys = [path for path in state.rglob("*") if path.is_file() and "key" in str(path) and "sql" not in path.name]
        assert keys
        for path in keys:
            path.chmod(0o640)
        ended = run(*command)
        assert_one_line(ended, "600")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_every_server_stops_cleanly(own_house: House, how: signal.Signals) -> None:
    for server in (own_house.operator, own_house.emulator, own_house.bank):
        assert server.stop(how) == 0, server.name
        assert "Traceback" not in server.log.read_text(), server.name
    assert not list(own_house.links.glob("modem*"))
