"""A modem's serial port as a pty: octets between an asyncio loop and whoever opens the path."""

import asyncio
import contextlib
import fcntl
import logging
import os
import termios
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from modem_emulator.port_watch import PortWatch

# What a modem says while nobody reads: a listing of a full SIM is about 20 kB. Beyond it new output is dropped,
# as a serial line without reader drops it.
OUTPUT_OCTETS_MAX = 65_536
# What a port reads in one turn of the loop, so that many busy ports leave turns to the rest: the longest text of +CMGS
# in PDU mode, an address of 12 octets and a TPDU of 164 in hexadecimal, and its end. More stays with the kernel.
READ_OCTETS_MAX = 353

_log = logging.getLogger(__name__)


class LinksTaken(Exception):
    """Another emulator that runs has its links in this folder; says what to do."""


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Own a folder for links while the block runs, so that links of an emulator that runs are never replaced.

    The kernel gives it up with the process, so that links of one that was killed are. Raises LinksTaken or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LinksTaken(
                f"another emulator has its modems' links in {folder}; stop it, or choose another --link-dir"
            ) from error
        yield
    finally:
        os.close(descriptor)


class Pty:
    """One pty in raw mode, with a stable symbolic link to it if `link` is given.

    The far end stays open here too, so that a client can come, be killed and come back. Raises OSError when
    no pty or link can be made.
    """

    def __init__(self, link: Path | None, received: Callable[[bytes], None], watch: PortWatch) -> None:
        self._received = received
        self._link = link
        self._watch = watch
        self._output = bytearray()
        self._dropping = False
        self._plugged_in = False
        self._users = 0
        self._loop = asyncio.get_running_loop()
        self.plug_in()

    @property
    def path(self) -> str:
        """What a client opens: the link, or the device itself."""
        return self._device if self._link is None else str(self._link)

    @property
    def is_open(self) -> bool:
        """Whether a client has it open; never, where PortWatch cannot tell."""
        return self._plugged_in and self._users > 0

    def write(self, data: bytes) -> None:
        """Send, now or when the client reads; once too much waits, nothing more is taken until all has gone."""
        if self._dropping or not self._plugged_in:
            return
        if not self._output:
            try:
                written = os.write(self._master, data)
            except BlockingIOError:
                written = 0
            data = data[written:]
            if not data:
                return
        room = OUTPUT_OCTETS_MAX - len(self._output)
        if len(data) > room:
            _log.warning("%s: nobody reads; output is dropped", self.path)
            self._dropping = True
        self._output += data[:room]
        self._flush()

    def plug_in(self) -> None:
        """Make the pty, and point the link to it. Raises OSError."""
        if self._plugged_in:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._device = os.ttyname(self._slave)
        if self._link is not None:
            _point(self._link, self._device)
        self._plugged_in = True
        self._users = 0
        self._loop.add_reader(self._master, self._readable)
        self._watched = self._watch.add(self._device, self._opened_or_closed)

    def hang_up(self) -> None:
        """Hang up, and remove the link if it is still this pty's."""
        if not self._plugged_in:
            return
        self._plugged_in = False
        self._watch.remove(self._watched)
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        self._output.clear()
        self._dropping = False
        if self._link is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == self._device:
                    self._link.unlink()
        os.close(self._master)
        os.close(self._slave)

    def close(self) -> None:
        """Hang up for good."""
        self.hang_up()

    def _opened_or_closed(self, opened: bool) -> None:
        self._users = max(0, self._users + (1 if opened else -1))
        if self._users == 0:
            self._freshen()

    def _freshen(self) -> None:
        """Give the next client a line as this one found it: raw, and free for all.

        A client leaves its settings behind, and TIOCEXCL (gammu sets it) outlives it because the slave is held
        open here: whoever is not root would get EBUSY.
        """
        tty.setraw(self._slave, termios.TCSANOW)
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, READ_OCTETS_MAX)
        except BlockingIOError:
            return
        self._received(data)

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._output:
                del self._output[: os.write(self._master, self._output)]
        if self._output:
            self._loop.add_writer(self._master, self._flush)
        else:
            self._dropping = False
            self._loop.remove_writer(self._master)


def _point(link: Path, device: str) -> None:
    """Make or replace the link in one step, so that nobody ever finds it missing."""
    if link.exists() and not link.is_symlink():
        raise FileExistsError(f"{link} is there and is no link")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(device)
    fresh.replace(link)
