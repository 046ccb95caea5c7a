"""`handset modem list`, and the port that is found where none is given."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from handset.cli import main
from handset.sqlite_store import Bank, SqliteStore
from modem_emulator.emulation import EmulatedModem
from tests.unit.gsm.machine import Interface, Machine

Run = Callable[..., Result]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def run(machine: Machine, tmp_path: Path) -> Run:
    def running(*arguments: str, lang: str = "en") -> Result:
        options = ("--lang", lang, "--system-root", str(machine.root), "--state", str(tmp_path / "state"))
        return CliRunner().invoke(main, [*options, *arguments])

    return running


def plug_in_ec25(machine: Machine, modem: EmulatedModem) -> None:
    machine.plug_in(
        "2c7c:0125",
        Interface(0, "ttyUSB0"),
        Interface(2, "ttyUSB2", modem.port),
        manufacturer="Quectel",
        product="EC25",
        serial_number="A1",
    )


def test_the_list_says_of_each_port_what_it_is_and_answered(
    run: Run, machine: Machine, gsm_modem: EmulatedModem
) -> None:
    plug_in_ec25(machine, gsm_modem)
    result = run("modem", "list")
    assert result.exit_code == 0
    first, link, other = result.stdout.splitlines()[:3]
    assert first.startswith("* ")
    assert first.endswith("ttyUSB2  yinxin emulated modem  2c7c:0125 interface 2  AT commands  answers AT")
    assert link.strip().endswith("/dev/serial/by-id/usb-Quectel_EC25_A1-if02-port0")
    assert other.endswith("ttyUSB0  Quectel EC25, EG25  2c7c:0125 interface 0  not asked: diagnostics")


def test_the_list_in_chinese(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    result = run("modem", "list", lang="zh")
    assert "2c7c:0125 接口 2  AT 指令  应答 AT" in result.stdout
    assert "未询问：诊断" in result.stdout


def test_the_list_as_json(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    found: list[dict[str, Any]] = json.loads(run("modem", "list", "--json").stdout)
    root = machine.root
    assert found[0] == {
        "port": f"{root}/dev/ttyUSB2",
        "by_id": f"{root}/dev/serial/by-id/usb-Quectel_EC25_A1-if02-port0",
        "name": "yinxin emulated modem",
        "usb": {
            "vendor_id": "2c7c",
            "product_id": "0125",
            "interface": 2,
            "serial_number": "A1",
            "location": "1-1.2",
        },
        "role": "at",
        "answer": "answered",
        "chosen": True,
    }
    assert (found[1]["role"], found[1]["answer"], found[1]["chosen"]) == ("diagnostics", None, False)


def test_a_machine_without_ports_or_without_a_modem_ends_with_1(run: Run, machine: Machine) -> None:
    assert run("modem", "list").exit_code == 1
    assert run("modem", "list", "--json").stdout == "[]\n"
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2"))
    result = run("modem", "list")
    assert result.exit_code == 1
    assert "ttyUSB2  Quectel EC25, EG25  2c7c:0125 interface 2  AT commands  cannot be opened" in result.stdout
    assert "handset modem doctor" in result.stderr


def test_several_modems_are_listed_and_none_is_chosen(
    run: Run, machine: Machine, gsm_modems: tuple[EmulatedModem, ...]
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    result = run("modem", "list")
    assert result.exit_code == 0
    assert "* " not in result.stdout
    assert "--port" in result.stderr


@pytest.fixture
def enrolled(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state", synchronous="OFF")
    store.pin_bank(Bank(bytes(32), "0" * 32))
    store.close()


@pytest.mark.usefixtures("enrolled")
def test_without_a_port_and_without_a_modem_the_handset_says_what_to_do(run: Run) -> None:
    result = run("--operator", "95533", "retry")
    assert result.exit_code == 2
    assert "handset modem list" in result.stderr
    assert "--demo" in result.stderr


@pytest.mark.usefixtures("enrolled")
def test_without_a_port_several_modems_are_named(
    run: Run, machine: Machine, gsm_modems: tuple[EmulatedModem, ...]
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    result = run("--operator", "95533", "retry")
    assert result.exit_code == 2
    assert "ttyUSB0 (yinxin emulated modem)" in result.stderr
    assert "ttyUSB1" in result.stderr


@pytest.mark.usefixtures("enrolled")
def test_without_a_port_the_one_modem_is_used(run: Run, machine: Machine, gsm_modem: EmulatedModem) -> None:
    plug_in_ec25(machine, gsm_modem)
    assert run("--operator", "95533", "retry").exit_code == 0  # nothing is in doubt; it got as far as that
    assert gsm_modem.traffic


@pytest.mark.parametrize("speed", ["300", "fast"])
def test_a_speed_that_is_none_is_refused(run: Run, speed: str) -> None:
    assert run("--baud", speed, "modem", "list").exit_code == 2
