"""A folder that looks like a machine's /dev, /sys, /proc and /run, with whatever is plugged in and running.

The shapes are those of Linux: /sys/class/tty/NAME is a link into /sys/devices, where a usb-serial port (ttyUSB) lies
two folders below its interface and a CDC ACM port (ttyACM) one (Documentation/ABI/stable/sysfs-bus-usb).
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Interface:
    """An interface of a device; with `tty` it has a serial port, which leads to `behind` if that is given."""

    number: int
    tty: str | None = None
    behind: str | None = None
    triple: tuple[int, int, int] = (0xFF, 0xFF, 0xFF)
    name: str = ""


class Machine:
    """`root` is what the code under test takes for /."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ports = 0
        for folder in ("dev/serial/by-id", "sys/class/tty", "sys/bus/usb/devices", "proc/self", "run/udev/data"):
            (root / folder).mkdir(parents=True)

    def plug_in(
        self,
        ids: str,
        *interfaces: Interface,
        location: str = "1-1.2",
        serial_number: str | None = None,
        manufacturer: str = "",
        product: str = "",
    ) -> None:
        """Plug a device in; `ids` as lsusb writes them, `2c7c:0125`."""
        device = self.root / "sys/devices/platform/usb1/1-1" / location
        device.mkdir(parents=True)
        vendor_id, _, product_id = ids.partition(":")
        texts = {
            "idVendor": vendor_id,
            "idProduct": product_id,
            "serial": serial_number,
            "manufacturer": manufacturer,
            "product": product,
        }
        for name, text in texts.items():
            if text:
                (device / name).write_text(text + "\n")
        self._link(self.root / "sys/bus/usb/devices" / location, device)
        for interface in interfaces:
            self._interface(device, interface, f"{manufacturer}_{product}_{serial_number or ''}".replace(" ", "_"))

    def _interface(self, device: Path, interface: Interface, described: str) -> None:
        folder = device / f"{device.name}:1.{interface.number}"
        folder.mkdir()
        (folder / "bInterfaceNumber").write_text(f"{interface.number:02x}\n")
        for attribute, value in zip(("Class", "SubClass", "Protocol"), interface.triple, strict=True):
            (folder / f"bInterface{attribute}").write_text(f"{value:02x}\n")
        if interface.name:
            (folder / "interface").write_text(interface.name + "\n")
        self._link(self.root / "sys/bus/usb/devices" / folder.name, folder)
        if interface.tty:
            below = folder / "tty" if interface.tty.startswith("ttyACM") else folder / interface.tty / "tty"
            self.add_terminal(interface.tty, below / interface.tty, interface.behind)
            link = self.root / "dev/serial/by-id" / f"usb-{described}-if{interface.number:02x}-port0"
            if not os.path.lexists(link):  # two devices that are alike have one link between them
                self._link(link, Path("../..") / interface.tty)

    def add_terminal(self, name: str, folder: Path | None = None, behind: str | None = None) -> str:
        """A serial port that need not be on USB; returns its device."""
        folder = folder or self.root / "sys/devices/platform/serial" / name
        folder.mkdir(parents=True)
        self._ports += 1
        (folder / "dev").write_text(f"188:{self._ports}\n")
        self._link(self.root / "sys/class/tty" / name, folder)
        device = self.root / "dev" / name
        if behind:
            device.symlink_to(behind)
        else:
            device.touch()
        return str(device)

    def unplug(self, location: str = "1-1.2") -> None:
        """Take a device away, with its ports and links."""
        shutil.rmtree(self.root / "sys/devices/platform/usb1/1-1" / location)
        for folder in ("sys/bus/usb/devices", "sys/class/tty"):
            for link in (self.root / folder).iterdir():
                if not link.exists():
                    link.unlink()
                    (self.root / "dev" / link.name).unlink(missing_ok=True)
        for link in (self.root / "dev/serial/by-id").iterdir():
            if not os.path.lexists(link.parent / link.readlink()):
                link.unlink()

    def add_built_in(self, name: str, behind: str | None = None, kind: int = 32) -> str:
        """A port of the machine's own, with the kernel's number for its kind (0: it is not there)."""
        device = self.add_terminal(name, behind=behind)
        (self.root / "sys/class/tty" / name / "type").write_text(f"{kind}\n")
        return device

    def make_console(self, name: str) -> None:
        """Say that the kernel's console is there too (/sys/class/tty/console/active)."""
        (self.root / "sys/class/tty/console").mkdir()
        (self.root / "sys/class/tty/console/active").write_text(f"tty1 {name}\n")

    def run(self, process: int, name: str, *opened: str) -> None:
        """A program that runs, with the files that it has open."""
        (self.root / f"proc/{process}/fd").mkdir(parents=True)
        (self.root / f"proc/{process}/comm").write_text(name + "\n")
        for number, path in enumerate(opened):
            (self.root / f"proc/{process}/fd/{number}").symlink_to(os.path.realpath(path))

    def end(self, process: int) -> None:
        """A program ends."""
        shutil.rmtree(self.root / f"proc/{process}")

    def tell_modem_manager_to_ignore(self, name: str) -> None:
        """What udev keeps of a port whose rule says so."""
        number = (self.root / "sys/class/tty" / name / "dev").read_text().strip()
        (self.root / f"run/udev/data/c{number}").write_text("N:x\nE:ID_MM_PORT_IGNORE=1\nG:systemd\n")

    @staticmethod
    def _link(link: Path, target: Path) -> None:
        link.symlink_to(target if not target.is_absolute() else os.path.relpath(target, link.parent))
