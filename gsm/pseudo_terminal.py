"""A pty that stands for a serial port: raw, with a link that keeps its name, and knowing whether somebody has it open.

Only the master end is held here, so that the kernel tells by POLLHUP that nobody has the port open. It does so at every
look until somebody opens it; who waits for that looks again after a pause.
"""

import errno
import fcntl
import os
import select
import termios
import tty
from pathlib import Path

from gsm.port_link import PortLink

READ_OCTETS_MAX = 65_536
# How often a port that nobody has open is looked at. A program that opens it waits for an answer longer than that.
CLOSED_LOOK_INTERVAL_S = 0.02


class PseudoTerminal:
    """One pty; `path` is what a program opens: the link where one is wanted, or else the device.

    Raises OSError where no pty or link can be made, LinkRefused where the link's name is taken (`gsm.port_link`).
    """

    def __init__(self, link: Path | None = None) -> None:
        self._link = None if link is None else PortLink(link)
        self.master = -1
        try:
            self.plug_in()
        except OSError:
            self.close()
            raise

    @property
    def left_behind(self) -> str | None:
        """Where the link led that a program which has ended had left."""
        return self._link.left_behind if self._link else None

    @property
    def path(self) -> str:
        """What a program opens."""
        return self._device if self._link is None else str(self._link.path)

    @property
    def plugged_in(self) -> bool:
        """Whether there is a port."""
        return self.master >= 0

    def plug_in(self) -> None:
        """Make the pty, raw, and point the link to it."""
        if self.plugged_in:
            return
        self.master, slave = os.openpty()
        try:
            self._device = os.ttyname(slave)
            tty.setraw(slave)
            os.set_blocking(self.master, False)
            if self._link is not None:
                self._link.lead_to(self._device)
        except OSError:
            self.unplug()
            raise
        finally:
            os.close(slave)

    def unplug(self) -> None:
        """Take the port away: first the link, because the device's name may be given to another pty at once."""
        if not self.plugged_in:
            return
        if self._link is not None:
            self._link.remove(self._device)
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        """Take the port away for good, and leave the link's name to others."""
        self.unplug()
        if self._link is not None:
            self._link.close()

    def is_open(self) -> bool:
        """Whether a program has the port open now."""
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def read(self) -> bytes:
        """What the program wrote; empty where there is nothing (more)."""
        try:
            return os.read(self.master, READ_OCTETS_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:  # nobody has the port open
                return b""
            raise

    def write(self, data: bytes) -> int:
        """Say something to the program; returns how much the kernel took."""
        try:
            return os.write(self.master, data)
        except BlockingIOError:
            return 0

    def freshen(self) -> None:
        """Make the port as the next program expects it: raw, and free for all.

        Settings outlive the program that made them, and so does TIOCEXCL (gammu sets it), which only root passes;
        for everybody else the link then leads to a new pty.
        """
        tty.setraw(self.master, termios.TCSANOW)
        try:
            slave = os.open(self._device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            self.unplug()
            self.plug_in()
            return
        try:
            fcntl.ioctl(slave, termios.TIOCNXCL)
        finally:
            os.close(slave)

    def speed(self) -> int | None:
        """The speed that the program has set, in baud; None where it is none of the usual ones."""
        code = termios.tcgetattr(self.master)[5]
        return _SPEEDS.get(code)


_SPEEDS = {
    code: int(name[1:])
    for name, code in vars(termios).items()
    if name.startswith("B") and name[1:].isdigit() and name != "B0"
}
