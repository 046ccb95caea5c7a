"""`handset modem list` and `doctor` as processes, on the emulator as another process: faults come by `ctl`."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import OPERATOR_NUMBER, PAYER, Ended, House, run
from tests.system.test_emulator_control_programs import ctl
from tests.system.test_emulator_programs import ANNA, program
from tests.system.test_own_number_programs import at_a_terminal
from tests.unit.gsm.machine import Interface, Machine

pytestmark = pytest.mark.programs


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine with a SIM7600 plugged in, whose AT port leads to an emulated modem."""
    machine = Machine(tmp_path / "machine")
    with program("--phone", ANNA, "--link-dir", str(tmp_path / "run")):
        machine.plug_in(
            "1e0e:9001",
            Interface(0, "ttyUSB0"),
            Interface(2, "ttyUSB2", str(tmp_path / "run/modem0")),
            manufacturer="SimTech",
            product="SIM7600",
        )
        yield machine


def handset(machine: Machine, *arguments: str) -> Ended:
    return run("handset", "--lang", "en", "--system-root", str(machine.root), "modem", *arguments)


def fault(tmp_path: Path, *what: str) -> None:
    done = ctl(tmp_path / "run", "fault", "modem0", *what)
    assert done.returncode == 0, done.stderr


def test_the_modem_is_listed_and_examined_and_its_faults_are_found(machine: Machine, tmp_path: Path) -> None:
    listed = handset(machine, "list")
    assert listed.status == 0, listed.errors
    assert listed.output.startswith(f"* {machine.root}/dev/ttyUSB2  yinxin emulated modem  1e0e:9001 interface 2")

    well = handset(machine, "doctor", "--test-sms")
    assert well.status == 0, well.output + well.errors
    assert "✓ Test SMS: A message to +8613900000001 came back." in well.output
    assert not well.errors

    fault(tmp_path, "drop-signal")
    ill = handset(machine, "doctor", "--json")
    assert ill.status == 1
    verdicts = {each["check"]: each["verdict"] for each in ill.json["checks"]}
    assert verdicts["signal"] == "signal_none"
    assert verdicts["test-sms"] == "in_the_way"

    fault(tmp_path, "restore-signal")
    assert handset(machine, "doctor", "--json").json["well"]


def test_the_emulator_of_another_process_is_no_rival_on_its_own_port(machine: Machine, tmp_path: Path) -> None:
    done = run("handset", "--lang", "en", "--port", str(tmp_path / "run/modem0"), "modem", "doctor")
    assert "✓ Another program: No other program is seen" in done.output
    assert "✓ Answers AT" in done.output


@pytest.mark.parametrize(
    ("lang", "typed", "status", "said"),
    [
        ("en", "y", 0, "✓ Test SMS: A message to +8613900000001 came back."),
        ("zh", "是", 0, "✓ 测试短信：发给 +8613900000001 的短信收到了。"),
        ("en", "perhaps", 0, "– Test SMS: Not sent"),
        ("zh", "", 0, "– 测试短信：没有发送"),
        ("en", "\x04", 2, "Broken off: not all was looked at."),
    ],
)
def test_at_a_terminal_the_test_message_is_asked_for_and_only_yes_sends_it(
    machine: Machine, tmp_path: Path, lang: str, typed: str, status: int, said: str
) -> None:
    command = ("handset", "--lang", lang, "modem", "doctor", "--port", str(tmp_path / "run/modem0"))
    ended, output, shown = at_a_terminal(command, (("[y/N]", typed),))
    assert ended == status
    assert said in output + shown
    sent = ctl(tmp_path / "run", "messages").stdout
    assert ("+8613900000001 > +8613900000001" in sent) == ("✓" in said)


def test_what_it_cannot_run_with_is_said_with_status_2(machine: Machine) -> None:
    ended = run("handset", "--system-root", str(machine.root / "nowhere"), "modem", "doctor")
    assert ended.status == 2
    assert "nowhere" in ended.errors


@pytest.mark.foreign
def test_the_command_that_it_names_mends(machine: Machine, tmp_path: Path) -> None:
    """The port's speed, quoting and line end of the printed command, by the shell and socat as a person has them."""
    fault(tmp_path, "fill-storage", "storage=SM")
    ill = handset(machine, "doctor", "--json").json
    [full] = [each for each in ill["checks"] if each["state"] == "mend"]
    assert full["verdict"] == "full"
    for command in full["commands"]:
        subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=60)
    assert handset(machine, "doctor", "--json").json["well"]


def test_a_balance_is_asked_for_on_the_modem_that_is_found(house: House, tmp_path: Path) -> None:
    """Without --port: the modem behind a made-up EC25 is found, and used by its name in /dev/serial/by-id."""
    machine = Machine(tmp_path / "machine")
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2", house.port_of(PAYER)), manufacturer="Quectel", product="EC25")
    ended = run(
        *("handset", "--state", house.handset_state(PAYER), "--operator", OPERATOR_NUMBER),
        *("--system-root", machine.root, "balance", "--account", PAYER.account, "--json"),
        given=f"{PAYER.pin}\n",
    )
    assert ended.status == 0, ended
    assert ended.json["outcome"] == "done"
