"""Which programs have a port open, and whether ModemManager keeps its hands off it; read from /proc and /run.

A user sees the open files of his own programs only, root sees all. That ModemManager runs everybody sees.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gsm.usb import ROOT, tty_name

MODEM_MANAGER = "ModemManager"
# What udev(7) keeps of a device: a line `E:NAME=value` for each property. The tags are ModemManager's (its manual,
# "Common udev tags").
_IGNORED = {"E:ID_MM_DEVICE_IGNORE=1", "E:ID_MM_PORT_IGNORE=1"}
# Who holds the other end of a pty is the modem, or what stands for one (an emulator, a recorder, socat).
_PTYS = "/dev/pts/"
_OTHER_END = {"/dev/ptmx", "/dev/pts/ptmx"}


@dataclass(frozen=True, slots=True)
class Program:
    """A running program: its number, and its name of at most 15 characters (proc(5))."""

    process: int
    name: str


def holders(port: str, root: Path = ROOT) -> list[Program]:
    """The programs, this one not among them, that have this port open."""
    device = os.path.realpath(port)
    return [program for program in _programs(root) if _holds(root / "proc" / str(program.process), device)]


def makers(device: str, root: Path = ROOT) -> list[Program]:
    """The programs, this one not among them, that are behind a pty: they have its other end."""
    return [program for program in _programs(root) if _makes(root / "proc" / str(program.process), device)]


def modem_manager(root: Path = ROOT) -> Program | None:
    """ModemManager, if it runs."""
    return next((program for program in _programs(root) if program.name == MODEM_MANAGER), None)


def is_ignored_by_modem_manager(port: str, root: Path = ROOT) -> bool:
    """Whether a udev rule keeps ModemManager away from this port."""
    try:
        number = (root / "sys/class/tty" / tty_name(port, root) / "dev").read_text().strip()
        properties = (root / "run/udev/data" / f"c{number}").read_text(errors="replace")
    except OSError:
        return False
    return not _IGNORED.isdisjoint(properties.splitlines())


def _programs(root: Path) -> Iterator[Program]:
    try:
        names = os.listdir(root / "proc")
    except OSError:
        return
    for name in names:
        if name.isdecimal() and int(name) != os.getpid():
            try:
                yield Program(int(name), (root / "proc" / name / "comm").read_text(errors="replace").strip())
            except OSError:
                continue  # it has just ended


def _holds(process: Path, device: str) -> bool:
    return device in _open_files(process).values() and not _makes(process, device)


def _makes(process: Path, device: str) -> bool:
    """Whether it has the other end of this pty open, of which the kernel tells the number (older ones do not)."""
    number = device.removeprefix(_PTYS)
    if number == device:
        return False
    others = (name for name, path in _open_files(process).items() if path in _OTHER_END)
    return any(_number_of_pty(process / "fdinfo" / name) in (number, None) for name in others)


def _number_of_pty(information: Path) -> str | None:
    try:
        lines = information.read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("tty-index:")), None)


def _open_files(process: Path) -> dict[str, str]:
    """By descriptor; empty for a process that is not ours to see."""
    files: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir(process / "fd"):
            with contextlib.suppress(OSError):  # closed meanwhile
                files[name] = os.readlink(process / "fd" / name)
    return files
