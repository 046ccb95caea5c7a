"""`handset modem doctor` with every fault that it knows, as docs/modem.md tabulates them: the rows are the cases."""

import fcntl
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gsm.doctor import Check, State, Verdict
from handset.doctor_texts import TITLES
from tests.system.house import Ended, run
from tests.system.test_emulator_control_programs import ctl
from tests.system.test_emulator_programs import ANNA, ask, program
from tests.unit.gsm.machine import Interface, Machine

pytestmark = pytest.mark.programs

PAGE = Path(__file__).parents[2] / "docs/modem.md"
_ROW = re.compile(r"\| `([a-z-]+)` \| `([a-z_]+)` \| (.+) \|")
ROWS = [match.groups() for match in map(_ROW.fullmatch, PAGE.read_text(encoding="utf-8").splitlines()) if match]
BY_CTL = {verdict: commands for _, verdict, how in ROWS if (commands := re.findall(r"`ctl ([^`]+)`", how))}
# A user without rights, whose group file is made up: the port's group, and the member that it names.
AS_NOBODY = """
import grp, os, sys
import handset.cli, handset.modem_doctor
group, member = sys.argv.pop(1), sys.argv.pop(1)
grp.getgrgid = lambda number: grp.struct_group((group, "x", number, [member]))
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
handset.cli.main()
"""


@dataclass
class Patient:
    """An emulated modem as the AT port of an EC25 on a made-up machine; a case changes how it is looked at."""

    folder: Path
    machine: Machine
    ends: ExitStack
    options: list[str] = field(default_factory=list)
    command: Sequence[str] = ("handset",)
    sees_machine: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> str:
        """The emulator's link."""
        return str(self.folder / "run/modem0")

    def device(self, name: str) -> str:
        return str(self.machine.root / "dev" / name)

    def control(self, *command: str) -> None:
        done = ctl(self.folder / "run", *command)
        assert done.returncode == 0, done.stderr

    def doctor(self, *options: str) -> Ended:
        root = ("--system-root", str(self.machine.root)) if self.sees_machine else ()
        before = ("--lang", "en", "--state", str(self.folder / "state"), *root, *self.options)
        return run(*self.command, *before, "modem", "doctor", *options, env=self.environment)

    def found(self, *options: str) -> tuple[Ended, dict[str, tuple[str, str]]]:
        """How it ended, and state and verdict of each check."""
        ended = self.doctor("--json", *options)
        assert not ended.errors
        return ended, {each["check"]: (each["state"], each["verdict"]) for each in ended.json["checks"]}


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Patient]:
    machine = Machine(tmp_path / "machine")
    with ExitStack() as ends, program("--phone", ANNA, "--link-dir", str(tmp_path / "run")):
        port = str(tmp_path / "run/modem0")
        machine.plug_in("2c7c:0125", Interface(0, "ttyUSB0"), Interface(2, "ttyUSB2", port), manufacturer="Quectel")
        yield Patient(tmp_path, machine, ends)


# ---- what is switched on around the modem


def unplugged(patient: Patient) -> None:
    patient.machine.unplug()


def another_modem(patient: Patient) -> None:
    other = "imsi=460001234567891,msisdn=8613900000002"
    patient.ends.enter_context(program("--phone", other, "--link-dir", str(patient.folder / "other")))
    behind = str(patient.folder / "other/modem0")
    patient.machine.plug_in("12d1:1001", Interface(2, "ttyUSB7", behind), location="1-1.4")


def by_its_link(patient: Patient) -> None:
    patient.options = ["--port", patient.port]


def by_a_link_to_its_link(patient: Patient) -> None:
    patient.options = ["--port", patient.device("ttyUSB2")]


def a_file_for_a_port(patient: Patient) -> None:
    (patient.folder / "a file").touch()
    patient.options = ["--port", str(patient.folder / "a file")]


def without_rights(group: str, member: str) -> Callable[[Patient], None]:
    def take_rights_away(patient: Patient) -> None:
        # The device itself: the folders before the links are closed to others.
        patient.options, patient.sees_machine = ["--port", os.path.realpath(patient.port)], False
        os.chmod(patient.port, 0o000)
        patient.command = (sys.executable, "-c", AS_NOBODY, group, member)

    return take_rights_away


def held(patient: Patient) -> None:
    patient.options, patient.sees_machine = ["--port", patient.port], False
    with Path(patient.port).open("rb", buffering=0) as line:
        holder = subprocess.Popen(["sleep", "600"], stdin=line)
    patient.ends.callback(holder.wait)
    patient.ends.callback(holder.kill)


def modem_manager(patient: Patient) -> None:
    patient.machine.run(500, "ModemManager")


def still_a_drive(patient: Patient) -> None:
    patient.machine.plug_in("12d1:1f01", Interface(0, triple=(8, 6, 0x50)), location="1-1.5")


def its_port_for_diagnostics(patient: Patient) -> None:
    patient.options = ["--port", patient.device("ttyUSB0")]


def its_second_port(patient: Patient) -> None:
    patient.machine.unplug()
    both = (Interface(number, f"ttyUSB{number}", patient.port) for number in (2, 3))
    patient.machine.plug_in("2c7c:0125", *both)
    patient.options = ["--port", patient.device("ttyUSB3")]


def locked(patient: Patient) -> None:
    line = os.open(patient.port, os.O_RDWR | os.O_NOCTTY)
    patient.ends.callback(os.close, line)
    fcntl.flock(line, fcntl.LOCK_EX)


def locked_to_a_network(patient: Patient) -> None:
    profile = patient.folder / "locked.toml"
    profile.write_text('description = "for a test"\n[commands.answers]\n"+CPIN?" = ["+CPIN: PH-NET PIN"]\n')
    phone = f"imsi=460001234567891,msisdn=8613900000002,profile={profile}"
    patient.ends.enter_context(program("--phone", phone, "--link-dir", str(patient.folder / "locked")))
    patient.options = ["--port", str(patient.folder / "locked/modem0")]


def radio_off(patient: Patient) -> None:
    ask(patient.port, b"AT+CFUN=4\r")


def number_erased(patient: Patient) -> None:
    ask(patient.port, b'AT+CPBS="ON"\r', b"AT+CPBW=1\r", b'AT+CPBS="SM"\r')


def says_throttled(bits: str) -> Callable[[Patient], None]:
    def install(patient: Patient) -> None:
        tool = patient.folder / "bin/vcgencmd"
        tool.parent.mkdir()
        tool.write_text(f'#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled={bits}\n')
        tool.chmod(0o755)
        patient.environment = {"PATH": f"{tool.parent}:{os.environ['PATH']}"}

    return install


AROUND: dict[str, Callable[[Patient], None]] = {
    "device_missing": unplugged,
    "device_several": another_modem,
    "port_missing": by_its_link,
    "port_dangling": by_a_link_to_its_link,
    "not_a_port": a_file_for_a_port,
    "not_a_modem": by_its_link,
    "not_in_group": without_rights("dialout", "pi"),
    "group_not_yet": without_rights("dialout", "nobody"),
    "not_permitted": without_rights("root", "pi"),
    "held": held,
    "modem_manager": modem_manager,
    "storage_mode": still_a_drive,
    "interface_wrong": its_port_for_diagnostics,
    "interface_second": its_second_port,
    "cannot_open": locked,
    "other_lock": locked_to_a_network,
    "not_searching": radio_off,
    "number_unknown": number_erased,
    "power_was_low": says_throttled("0x50000"),
    "power_low": says_throttled("0x50005"),
}


def test_the_table_has_every_verdict_that_is_to_be_mended_and_a_way_to_each() -> None:
    in_table = [verdict for _, verdict, _ in ROWS]
    assert sorted(in_table) == sorted(verdict.name.lower() for verdict in Verdict if verdict.state is State.MEND)
    assert set(in_table) == set(AROUND) | set(BY_CTL)
    assert {check for check, _, _ in ROWS} == {check.value for check in Check}


def test_without_a_fault_nothing_is_to_be_mended(patient: Patient) -> None:
    ended, found = patient.found("--test-sms")
    assert ended.status == 0, ended.output
    assert ended.json["well"]
    assert [verdict for state, verdict in found.values() if state == "mend"] == []


@pytest.mark.parametrize(("check", "verdict"), [row[:2] for row in ROWS], ids=[row[1] for row in ROWS])
def test_a_fault_is_found_and_said_by_the_command(patient: Patient, check: str, verdict: str) -> None:
    options = ("--test-sms", "--wait", "2") if check == "test-sms" else ()
    if verdict in AROUND:
        AROUND[verdict](patient)

    def switch_on() -> None:
        for command in BY_CTL.get(verdict, ()):
            patient.control(*shlex.split(command))

    switch_on()
    ended, found = patient.found(*options)
    assert found[check] == ("mend", verdict), ended.output
    assert (ended.status, ended.json["well"]) == (1, False)

    if verdict in ("went_silent", "sms_unknown"):
        patient.control("fault", "modem0", "plug-in")
    switch_on()
    said = patient.doctor(*options)
    assert said.status == 1, said.output
    assert f"✗ {TITLES[Check(check)][1]}: " in said.output
    assert said.output.endswith("There is something to mend: see what is marked ✗.\n")
