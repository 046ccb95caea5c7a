"""Finding the modem among the ports: real ptys behind a made-up machine, the emulator's modems behind some of them."""

import fcntl
import os
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gsm.asking import Heard, Reply, ask
from gsm.find import Candidate, NoModemFound, SeveralModems, candidates, choose, survey
from gsm.holders import Program, holders, is_ignored_by_modem_manager, makers, modem_manager
from gsm.usb_modems import Role
from modem_emulator.emulation import EmulatedModem
from tests.unit.gsm.machine import Interface, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@contextmanager
def something(replies: Callable[[bytes], bytes] = lambda heard: b"") -> Iterator[tuple[str, bytearray]]:
    """A pty with something behind it that is no modem: its path, and what it heard."""
    far, near = os.openpty()
    tty.setraw(near)
    heard = bytearray()

    def listen() -> None:
        while data := _read(far):
            heard.extend(data)
            os.write(far, replies(data))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield os.ttyname(near), heard
    finally:
        os.close(near)
        listener.join(10)
        os.close(far)


def _read(far: int) -> bytes:
    try:
        return os.read(far, 4096)
    except OSError:  # the near end is closed
        return b""


def paths(found: list[Candidate]) -> list[str]:
    return [Path(each.path).name for each in found]


# ---- asking


@pytest.mark.gsm_modem(profile="huawei-e173")
def test_a_modem_answers_with_its_name(gsm_modem: EmulatedModem) -> None:
    gsm_modem.wait_until_registered()
    assert ask(gsm_modem.port) == Heard(Reply.ANSWERED, "huawei E173")


def test_asking_leaves_line_and_modem_as_they_were(gsm_modem: EmulatedModem) -> None:
    line = os.open(gsm_modem.port, os.O_RDWR | os.O_NOCTTY)
    try:
        settings = termios.tcgetattr(line)
        settings[2] |= termios.CSTOPB
        settings[4] = settings[5] = termios.B9600
        termios.tcsetattr(line, termios.TCSANOW, settings)
        settings = termios.tcgetattr(line)
        assert ask(gsm_modem.port).reply is Reply.ANSWERED
        assert termios.tcgetattr(line)[:6] == settings[:6]
    finally:
        os.close(line)
    to_modem = b"".join(piece.data for piece in gsm_modem.traffic if piece.direction == "to modem")
    assert to_modem == b"AT\rAT+CGMI\rAT+CGMM\r"


def test_a_modem_that_misses_the_first_at_is_asked_again(gsm_modem: EmulatedModem) -> None:
    gsm_modem.fault("silence", on="*")
    assert ask(gsm_modem.port, answer_s=2).reply is Reply.ANSWERED


def test_who_says_nothing_is_asked_twice_and_left_alone() -> None:
    with something() as (path, heard):
        assert ask(path, answer_s=0.1) == Heard(Reply.SILENT)
        assert heard.count(b"AT\r") <= 2


def test_a_receiver_of_positions_is_known_by_its_sentences() -> None:
    with something(lambda _: b"$GPGGA,,,,,,0,00,99.9,,,,,,*48\r\n") as (path, _):
        assert ask(path, answer_s=0.3).reply is Reply.POSITIONS


def test_noise_is_no_answer() -> None:
    with something(lambda _: b"login: \xff\xfe") as (path, _):
        assert ask(path, answer_s=0.3).reply is Reply.NOISE


def test_a_port_that_another_program_has_locked_is_in_use(gsm_modem: EmulatedModem) -> None:
    line = os.open(gsm_modem.port, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert ask(gsm_modem.port).reply is Reply.IN_USE
    finally:
        os.close(line)
    assert not gsm_modem.traffic


def test_a_port_that_is_not_there_and_one_that_is_no_port(tmp_path: Path) -> None:
    assert ask(str(tmp_path / "ttyUSB0")).reply is Reply.MISSING
    (tmp_path / "file").touch()
    assert ask(str(tmp_path / "file")).reply is Reply.UNUSABLE


# ---- finding


def test_the_known_interface_of_a_modem_is_chosen_and_no_other_touched(
    machine: Machine, gsm_modem: EmulatedModem
) -> None:
    with something() as (other, heard):
        machine.plug_in(
            "2c7c:0125",
            Interface(0, "ttyUSB0", other),
            Interface(1, "ttyUSB1", other),
            Interface(2, "ttyUSB2", gsm_modem.port),
            manufacturer="Quectel",
        )
        machine.plug_in("0403:6001", Interface(0, "ttyUSB4", other), location="1-1.3")
        chosen = choose(machine.root)
    assert paths([chosen]) == ["ttyUSB2"]
    assert chosen.by_id is not None
    assert chosen.by_id.endswith("-if02-port0")
    assert not heard


def test_the_second_interface_is_chosen_where_the_first_does_not_answer(
    machine: Machine, gsm_modem: EmulatedModem
) -> None:
    with something() as (deaf, _):
        machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2", deaf), Interface(3, "ttyUSB3", gsm_modem.port))
        assert paths([choose(machine.root)]) == ["ttyUSB3"]


def test_a_modem_behind_a_plain_converter_is_found_by_asking(machine: Machine, gsm_modem: EmulatedModem) -> None:
    machine.plug_in("10c4:ea60", Interface(0, "ttyUSB0", gsm_modem.port), product="CP2102 Bridge")
    chosen = choose(machine.root)
    assert (paths([chosen]), chosen.role) == (["ttyUSB0"], Role.UNKNOWN)
    assert chosen.name == "yinxin emulated modem"


def test_a_modem_on_the_machines_own_port_is_found(machine: Machine, gsm_modem: EmulatedModem) -> None:
    machine.add_built_in("ttyAMA0", gsm_modem.port)
    assert paths([choose(machine.root)]) == ["ttyAMA0"]


def test_the_console_and_ports_that_the_machine_has_not_are_no_candidates(
    machine: Machine, gsm_modem: EmulatedModem
) -> None:
    machine.add_built_in("ttyAMA0", gsm_modem.port)
    machine.add_built_in("ttyS3", gsm_modem.port, kind=0)
    machine.make_console("ttyAMA0")
    assert candidates(machine.root) == []
    with pytest.raises(NoModemFound):
        choose(machine.root)


def test_a_port_known_only_by_its_link_is_asked_early_if_the_link_has_a_makers_name(
    machine: Machine, gsm_modem: EmulatedModem
) -> None:
    for name, link in (("ttyUSB1", "usb-FTDI_UART-if00-port0"), ("ttyUSB0", "usb-SimTech__Incorporated-if02-port0")):
        (machine.root / "dev" / name).symlink_to(gsm_modem.port)
        (machine.root / "dev/serial/by-id" / link).symlink_to(f"../../{name}")
    assert [(Path(each.by_id or "").name, each.place) for each in candidates(machine.root)] == [
        ("usb-SimTech__Incorporated-if02-port0", 2),
        ("usb-FTDI_UART-if00-port0", 3),
    ]
    assert choose(machine.root).place == 2


def test_several_modems_are_named_with_what_they_are(
    machine: Machine, gsm_modems: tuple[EmulatedModem, EmulatedModem]
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    with pytest.raises(SeveralModems) as refused:
        choose(machine.root)
    assert paths(list(refused.value.answering)) == ["ttyUSB0", "ttyUSB1"]
    assert "ttyUSB1 (yinxin emulated modem)" in str(refused.value)


def test_two_ports_of_one_device_are_one_modem(machine: Machine, gsm_modem: EmulatedModem) -> None:
    machine.plug_in("2c7c:0125", Interface(3, "ttyUSB0", gsm_modem.port), Interface(2, "ttyUSB1", gsm_modem.port))
    assert paths([choose(machine.root)]) == ["ttyUSB1"]


def test_a_survey_has_every_port_with_what_it_answered(machine: Machine, gsm_modem: EmulatedModem) -> None:
    with something() as (deaf, heard):
        machine.plug_in("2c7c:0125", Interface(0, "ttyUSB0", deaf), Interface(2, "ttyUSB2", gsm_modem.port))
        machine.plug_in("2341:0043", Interface(0, "ttyACM0", deaf), location="1-1.3")
        machine.plug_in("0403:6001", Interface(0, "ttyUSB4", deaf), location="1-1.4")
        machine.run(77, "minicom", str(machine.root / "dev/ttyUSB4"))
        found = {Path(each.path).name: each for each in survey(machine.root)}
    assert next(iter(found)) == "ttyUSB2"
    assert found["ttyUSB2"].answers
    assert found["ttyUSB4"].heard == Heard(Reply.IN_USE)
    assert found["ttyUSB0"].heard is found["ttyACM0"].heard is None
    assert (found["ttyUSB0"].role, found["ttyACM0"].role) == (Role.DIAGNOSTICS, Role.NO_MODEM)
    assert not heard, "none of them was to be asked"


# ---- who holds it


def test_the_program_that_has_a_port_open_is_named_and_this_one_is_not(machine: Machine) -> None:
    port = machine.add_terminal("ttyUSB0", behind="/dev/null")
    machine.run(77, "minicom", port)
    machine.run(78, "bash", "/dev/zero")
    machine.run(os.getpid(), "pytest", port)
    assert holders(port, machine.root) == [Program(77, "minicom")]


def test_who_holds_the_other_end_of_a_pty_is_the_modem(machine: Machine, gsm_modem: EmulatedModem) -> None:
    machine.run(77, "modem-emulator", gsm_modem.port, "/dev/ptmx")
    assert holders(gsm_modem.port, machine.root) == []


def test_who_has_the_other_end_of_another_pty_may_hold_this_one(machine: Machine, gsm_modem: EmulatedModem) -> None:
    number = int(gsm_modem.port.rpartition("/")[2])
    machine.run(77, "modem-emulator", gsm_modem.port, "/dev/ptmx")
    machine.run(78, "handset", gsm_modem.port, "/dev/ptmx")
    for process, other_end in ((77, number), (78, number + 1)):
        (machine.root / f"proc/{process}/fdinfo").mkdir()
        (machine.root / f"proc/{process}/fdinfo/1").write_text(f"pos:\t0\ntty-index:\t{other_end}\n")
    assert holders(gsm_modem.port, machine.root) == [Program(78, "handset")]
    assert makers(gsm_modem.port, machine.root) == [Program(77, "modem-emulator")]


def test_modem_manager_is_seen_and_whether_udev_keeps_it_away(machine: Machine) -> None:
    port = machine.add_terminal("ttyUSB0")
    assert modem_manager(machine.root) is None
    machine.run(500, "ModemManager")
    assert modem_manager(machine.root) == Program(500, "ModemManager")
    assert not is_ignored_by_modem_manager(port, machine.root)
    machine.tell_modem_manager_to_ignore("ttyUSB0")
    assert is_ignored_by_modem_manager(port, machine.root)
