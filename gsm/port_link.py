"""A link with a lasting name for a pty that is made anew: owned while its program runs, and taken from nobody.

What may stand at its place before: nothing, or a link to a pty that a program of ours has left behind when it was
killed. Anything else stays and is an error. Who owns a link has an abstract Unix socket of that name bound, which the
kernel takes back from a program however it ends (unix(7)); a pty's own name tells nothing, for the kernel gives its
number to the next pty at once.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import socket
from pathlib import Path

from gsm.errors import GsmError
from gsm.holders import makers

_PTY = re.compile(r"/dev/pts/[0-9]+")


class LinkRefused(GsmError):
    """The link cannot be made where it was wanted; says why, and what to do."""


class PortLink:
    """The link at `path`, owned until `close`. Raises LinkRefused.

    `left_behind` is where a link led that was found there, of a program that has ended; None where there was none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.parent.is_dir():
            raise LinkRefused(f"the folder {path.parent} for the link is not there; make it: mkdir -p {path.parent}")
        self.left_behind = _led_to(path)
        self._claim = _claimed(path)
        try:
            if self.left_behind is not None and _emulator_owns(path.parent):
                raise _owned(path)
        except (LinkRefused, OSError):
            self.close()
            raise

    def lead_to(self, device: str) -> None:
        """Make or replace the link in one step, so that nobody finds it missing. Raises OSError."""
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(device)
        fresh.replace(self.path)

    def remove(self, device: str) -> None:
        """Take the link away, if it leads to this device still."""
        with contextlib.suppress(OSError):
            if os.readlink(self.path) == device:
                self.path.unlink()

    def close(self) -> None:
        """Own it no longer."""
        self._claim.close()


def _led_to(path: Path) -> str | None:
    """Where the link leads that is there already. Raises LinkRefused for what is nothing of ours."""
    if not os.path.lexists(path):
        return None
    if not path.is_symlink():
        raise LinkRefused(f"{path} is there and is no link; it is not replaced: choose another name")
    target = os.readlink(path)
    if not _PTY.fullmatch(target):
        raise LinkRefused(f"{path} is a link to {target}, which is no pty; it is not replaced: choose another name")
    return target


def _claimed(path: Path) -> socket.socket:
    folder = path.parent.stat()
    name = hashlib.sha256(f"{folder.st_dev}:{folder.st_ino}/{path.name}".encode(errors="surrogateescape")).hexdigest()
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0yinxin port link {name}")
    except OSError as error:
        claim.close()
        raise _owned(path) from error
    return claim


def _emulator_owns(folder: Path) -> bool:
    """An emulator that runs has its links' folder locked (flock(2)), and all of the links in it are its own."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _owned(path: Path) -> LinkRefused:
    owners = makers(os.path.realpath(path))
    named = f" ({owners[0].name}, process {owners[0].process})" if owners else ""
    return LinkRefused(f"{path} belongs to another program that is running{named}; end it, or choose another name")
