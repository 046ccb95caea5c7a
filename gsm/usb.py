"""Which USB interface is behind a serial port, from Linux's sysfs; and the port that an interface has now.

A port's name is worth nothing after unplugging: what was ttyUSB2 comes back as ttyUSB5. What stays is the device
(vendor, product, serial number), the interface in it, and mostly the socket that it is plugged into:

    identity = identity_of("/dev/ttyUSB2")
    port_of(identity)  # "/dev/ttyUSB5"

pyserial's `list_ports` tells neither an interface's number nor its class, and looks nowhere but in /sys; hence this.

`root` is where `dev` and `sys` are, `/` unless somebody has them elsewhere (a container, a test). Where there is no
sysfs nothing is found, and nothing is raised: everything here answers None or an empty list.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
# A chain of links longer than this goes round in circles (Linux itself gives up after 40, path_resolution(7)).
_LINKS_MAX = 40


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """What a USB interface is known by: ids of 16 bits, the interface's number (0..255), the socket (`1-1.2`).

    Many modems have no serial number, and some makes give all of theirs the same.
    """

    vendor_id: int
    product_id: int
    serial_number: str | None
    interface: int
    location: str

    def __str__(self) -> str:
        return f"{self.vendor_id:04x}:{self.product_id:04x} interface {self.interface} at {self.location}"


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A serial port on USB: what to open, whose it is, and what its descriptors say (USB 2.0 tables 9-8 and 9-12).

    `by_id` is its link in /dev/serial/by-id, which keeps its name when ports are numbered anew.
    """

    path: str
    identity: UsbIdentity
    interface_class: int
    interface_subclass: int
    interface_protocol: int
    manufacturer: str = ""
    product: str = ""
    interface_name: str = ""
    by_id: str | None = None


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on USB, with the classes of the interfaces that it shows now."""

    vendor_id: int
    product_id: int
    location: str
    manufacturer: str
    product: str
    interface_classes: tuple[int, ...]


def identity_of(port: str, root: Path = ROOT) -> UsbIdentity | None:
    """Which USB interface a port (a device or a link to one) is; None where it is no USB port, or not there."""
    found = _usb_port(tty_name(port, root), root)
    return found.identity if found else None


def port_of(identity: UsbIdentity, root: Path = ROOT) -> str | None:
    """The device of this interface now; None where it is not plugged in, or where several are just as likely.

    The same socket decides between devices that are otherwise alike. In another socket only the single one that is
    alike counts, and never one with another serial number.
    """
    alike = [
        port for port in usb_ports(root) if _device_and_interface(port.identity) == _device_and_interface(identity)
    ]
    here = [port for port in alike if port.identity.location == identity.location]
    candidates = here or alike
    return candidates[0].path if len(candidates) == 1 else None


def usb_ports(root: Path = ROOT) -> list[UsbPort]:
    """All serial ports on USB, by device and interface."""
    found = (_usb_port(name, root) for name in _names(root / "sys/class/tty"))
    return sorted((port for port in found if port), key=lambda port: (port.identity.location, port.identity.interface))


def usb_devices(root: Path = ROOT) -> list[UsbDevice]:
    """All devices on USB, with serial ports or without."""
    return list(_devices(root / "sys/bus/usb/devices"))


def links_by_id(root: Path = ROOT) -> dict[str, str]:
    """The links of /dev/serial/by-id, by the name of the port that they lead to (`ttyUSB2`)."""
    folder = root / "dev/serial/by-id"
    return {_target(folder / name).name: str(folder / name) for name in sorted(_names(folder), reverse=True)}


def _device_and_interface(identity: UsbIdentity) -> tuple[int, int, str | None, int]:
    return identity.vendor_id, identity.product_id, identity.serial_number, identity.interface


def tty_name(port: str, root: Path = ROOT) -> str:
    """The kernel's name (`ttyUSB2`) of a device or of a link to one: the first name on the way that it knows."""
    path = Path(port)
    for _ in range(_LINKS_MAX):
        if (root / "sys/class/tty" / path.name).exists():
            return path.name
        try:
            path = path.parent / os.readlink(path)
        except OSError:
            break
    return Path(port).name


def _usb_port(name: str, root: Path) -> UsbPort | None:
    terminal = root / "sys/class/tty" / name
    if not name or not terminal.exists():
        return None
    # ttyUSB0 lies two folders below its interface, ttyACM0 one: the interface is the first that has a number.
    interface = next((folder for folder in terminal.resolve().parents if (folder / "bInterfaceNumber").exists()), None)
    if interface is None:
        return None
    device = interface.parent
    vendor_id, product_id = _hexadecimal(device / "idVendor"), _hexadecimal(device / "idProduct")
    number = _hexadecimal(interface / "bInterfaceNumber")
    if vendor_id is None or product_id is None or number is None:
        return None  # it is being unplugged just now
    return UsbPort(
        path=str(root / "dev" / name),
        identity=UsbIdentity(vendor_id, product_id, _line(device / "serial") or None, number, device.name),
        interface_class=_hexadecimal(interface / "bInterfaceClass") or 0,
        interface_subclass=_hexadecimal(interface / "bInterfaceSubClass") or 0,
        interface_protocol=_hexadecimal(interface / "bInterfaceProtocol") or 0,
        manufacturer=_line(device / "manufacturer"),
        product=_line(device / "product"),
        interface_name=_line(interface / "interface"),
        by_id=links_by_id(root).get(name),
    )


def _devices(folder: Path) -> Iterator[UsbDevice]:
    names = sorted(_names(folder))
    for name in names:
        vendor_id, product_id = _hexadecimal(folder / name / "idVendor"), _hexadecimal(folder / name / "idProduct")
        if vendor_id is None or product_id is None:
            continue  # an interface, which stands in the same folder
        interfaces = (folder / each / "bInterfaceClass" for each in names if each.startswith(f"{name}:"))
        classes = tuple(found for found in map(_hexadecimal, interfaces) if found is not None)
        manufacturer, product = _line(folder / name / "manufacturer"), _line(folder / name / "product")
        yield UsbDevice(vendor_id, product_id, name, manufacturer, product, classes)


def _target(link: Path) -> Path:
    try:
        return Path(os.readlink(link))
    except OSError:
        return link


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _line(path: Path) -> str:
    """A descriptor's text, empty where it has none. It comes from the device, so it may hold anything."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "".join(character for character in text.strip() if character.isprintable())


def _hexadecimal(path: Path) -> int | None:
    try:
        return int(_line(path), 16)
    except ValueError:
        return None
