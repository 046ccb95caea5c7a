"""Why a path that was given for a serial port can be none: told from the file's kind, without opening it.

Opening is left to who uses the port: it raises DTR, and there are devices (a watchdog) that act on being opened.
"""

import os
import stat
from enum import Enum, auto
from pathlib import Path

from gsm.usb import ROOT, tty_name

# Major numbers of the slaves of pseudo terminals, which sysfs does not list (Linux, admin-guide/devices.txt).
_PSEUDO_TERMINALS = range(136, 144)


class Unfit(Enum):
    """What a path is in place of a serial port."""

    MISSING = auto()
    DANGLING = auto()  # a link that leads nowhere
    FOLDER = auto()
    FILE = auto()
    OTHER = auto()  # a device, pipe or socket that is no terminal


def unfit(path: str, root: Path = ROOT) -> Unfit | None:
    """Why this can be no serial port; None where it is one, or where only opening it will tell."""
    try:
        status = os.stat(path)
    except PermissionError:
        return None
    except (OSError, ValueError):  # not there, a link that leads to itself, a name that can be none
        return Unfit.DANGLING if os.path.islink(path) else Unfit.MISSING
    if stat.S_ISDIR(status.st_mode):
        return Unfit.FOLDER
    if (root / "sys/class/tty" / tty_name(path, root)).exists():
        return None
    if stat.S_ISREG(status.st_mode):
        return Unfit.FILE
    if stat.S_ISCHR(status.st_mode):
        return None if _may_be_terminal(status.st_rdev, root) else Unfit.OTHER
    return Unfit.OTHER


def _may_be_terminal(number: int, root: Path) -> bool:
    """By the kernel's list of devices; what is not in it may be one."""
    major = os.major(number)
    if major in _PSEUDO_TERMINALS:
        return True
    try:
        kind = os.readlink(root / "sys/dev/char" / f"{major}:{os.minor(number)}" / "subsystem")
    except OSError:
        return True
    return Path(kind).name == "tty"
