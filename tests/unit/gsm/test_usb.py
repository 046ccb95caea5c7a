"""Which interface a port is, and where an interface is now."""

from pathlib import Path

import pytest

from gsm.usb import UsbIdentity, identity_of, port_of, tty_name, usb_devices, usb_ports
from tests.unit.gsm.machine import Interface, Machine

EC25 = [Interface(number, f"ttyUSB{number}") for number in range(4)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def dev(machine: Machine, name: str) -> str:
    return str(machine.root / "dev" / name)


def test_a_usb_serial_port_has_its_interface_for_an_identity(machine: Machine) -> None:
    machine.plug_in("2c7c:0125", *EC25, serial_number="A1")
    assert identity_of(dev(machine, "ttyUSB2"), machine.root) == UsbIdentity(0x2C7C, 0x0125, "A1", 2, "1-1.2")


def test_a_cdc_acm_port_has_one_too(machine: Machine) -> None:
    machine.plug_in("1bc7:1101", Interface(1, "ttyACM0", triple=(2, 2, 1), name="AT"))
    [port] = usb_ports(machine.root)
    assert port.identity == UsbIdentity(0x1BC7, 0x1101, None, 1, "1-1.2")
    assert (port.interface_class, port.interface_subclass, port.interface_protocol) == (2, 2, 1)
    assert port.interface_name == "AT"


def test_a_link_by_id_leads_to_the_same_interface_even_if_the_device_is_a_link_itself(machine: Machine) -> None:
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2", behind="/dev/null"), manufacturer="Quectel")
    [port] = usb_ports(machine.root)
    assert port.by_id is not None
    assert port.by_id.endswith("if02-port0")
    assert tty_name(port.by_id, machine.root) == "ttyUSB2"
    assert identity_of(port.by_id, machine.root) == port.identity


def test_ports_come_by_device_and_interface_whatever_their_numbers(machine: Machine) -> None:
    machine.plug_in("1e0e:9001", Interface(3, "ttyUSB0"), Interface(2, "ttyUSB7"), location="1-1.4")
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB1"), location="1-1.3")
    assert [Path(port.path).name for port in usb_ports(machine.root)] == ["ttyUSB1", "ttyUSB7", "ttyUSB0"]


def test_a_port_that_is_not_on_usb_has_no_identity(machine: Machine) -> None:
    assert identity_of(machine.add_terminal("ttyAMA0"), machine.root) is None
    assert usb_ports(machine.root) == []


def test_a_port_that_is_not_there_has_no_identity(machine: Machine, tmp_path: Path) -> None:
    assert identity_of(dev(machine, "ttyUSB9"), machine.root) is None
    assert identity_of("", machine.root) is None
    assert identity_of("/dev/ttyUSB0", tmp_path / "no sysfs") is None


def test_links_in_a_circle_end(machine: Machine) -> None:
    one, other = machine.root / "dev/one", machine.root / "dev/other"
    one.symlink_to(other)
    other.symlink_to(one)
    assert identity_of(str(one), machine.root) is None


def test_after_unplugging_the_interface_is_found_under_its_new_number(machine: Machine) -> None:
    machine.plug_in("2c7c:0125", *EC25, serial_number="A1")
    identity = identity_of(dev(machine, "ttyUSB2"), machine.root)
    assert identity is not None
    machine.unplug()
    assert port_of(identity, machine.root) is None
    machine.plug_in("2c7c:0125", *(Interface(number, f"ttyUSB{number + 4}") for number in range(4)), serial_number="A1")
    assert port_of(identity, machine.root) == dev(machine, "ttyUSB6")


def test_it_is_found_in_another_socket_too(machine: Machine) -> None:
    identity = UsbIdentity(0x2C7C, 0x0125, "A1", 2, "1-1.2")
    machine.plug_in("2c7c:0125", *EC25, serial_number="A1", location="1-1.4")
    assert port_of(identity, machine.root) == dev(machine, "ttyUSB2")


def test_another_device_of_the_same_make_is_not_taken_for_it(machine: Machine) -> None:
    identity = UsbIdentity(0x2C7C, 0x0125, "A1", 2, "1-1.2")
    machine.plug_in("2c7c:0125", *EC25, serial_number="B2")
    assert port_of(identity, machine.root) is None


def test_the_socket_decides_between_two_that_are_alike(machine: Machine) -> None:
    machine.plug_in("12d1:1001", Interface(0, "ttyUSB0"), location="1-1.2")
    machine.plug_in("12d1:1001", Interface(0, "ttyUSB1"), location="1-1.3")
    assert port_of(UsbIdentity(0x12D1, 0x1001, None, 0, "1-1.3"), machine.root) == dev(machine, "ttyUSB1")
    assert port_of(UsbIdentity(0x12D1, 0x1001, None, 0, "1-1.4"), machine.root) is None


def test_devices_are_listed_with_the_classes_of_their_interfaces(machine: Machine) -> None:
    machine.plug_in("12d1:1f01", Interface(0, triple=(8, 6, 0x50)), product="HUAWEI Mobile")
    [device] = usb_devices(machine.root)
    assert (device.vendor_id, device.product_id, device.interface_classes) == (0x12D1, 0x1F01, (8,))
    assert device.product == "HUAWEI Mobile"


def test_what_a_device_says_of_itself_is_shown_without_control_characters(machine: Machine) -> None:
    machine.plug_in("12d1:1001", Interface(0, "ttyUSB0"), product="Mo\x1b[31mdem")
    [port] = usb_ports(machine.root)
    assert port.product == "Mo[31mdem"
