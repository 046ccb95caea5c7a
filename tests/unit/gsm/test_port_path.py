"""What cannot be a serial port is known without opening it."""

import os
import socket
from pathlib import Path

import pytest

from gsm.port_path import Unfit, unfit
from tests.unit.gsm.machine import Interface, Machine


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc/passwd", Unfit.FILE),
        ("/etc", Unfit.FOLDER),
        ("/dev/null", Unfit.OTHER),
        ("/nowhere/ttyUSB0", Unfit.MISSING),
        ("", Unfit.MISSING),
        ("a\0b", Unfit.MISSING),
    ],
)
def test_what_is_no_port_is_told_by_its_kind(path: str, kind: Unfit) -> None:
    assert unfit(path) is kind


def test_links_pipes_and_sockets(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "to a file").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        found = {name.name: unfit(str(name)) for name in tmp_path.iterdir()}
    assert found == {
        "nowhere": Unfit.DANGLING,
        "circle": Unfit.DANGLING,
        "to a file": Unfit.FILE,
        "pipe": Unfit.OTHER,
        "socket": Unfit.OTHER,
    }


def test_a_pty_and_a_link_to_one_are_ports(tmp_path: Path) -> None:
    master, slave = os.openpty()
    try:
        (tmp_path / "modem").symlink_to(os.ttyname(slave))
        assert unfit(os.ttyname(slave)) is unfit(str(tmp_path / "modem")) is None
    finally:
        os.close(master)
        os.close(slave)


def test_a_port_that_sysfs_knows_is_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2"))
    assert unfit(str(tmp_path / "dev/ttyUSB2"), tmp_path) is None


def test_where_the_kernels_list_is_not_there_a_device_may_be_a_port(tmp_path: Path) -> None:
    assert unfit("/dev/null", tmp_path) is None
