"""Which ptys are opened and closed, from Linux's inotify(7); the standard library has no way to it.

A pty's master cannot tell that its last client closed while we hold the slave open. We need to know: the next client
is to find the line as a fresh one, raw and free for all (ptys.Pty).
"""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable

# inotify(7): IN_CLOSE_WRITE | IN_CLOSE_NOWRITE, IN_OPEN, IN_IGNORED; IN_NONBLOCK | IN_CLOEXEC as of inotify_init1(2).
_CLOSED, _OPENED, _IGNORED = 0x08 | 0x10, 0x20, 0x8000
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT = struct.Struct("iIII")
_READ_OCTETS_MAX = 65_536

Watcher = Callable[[bool], None]


class PortWatch:
    """Calls back with True when a watched path was opened and False when it was closed.

    Where there is no inotify nothing is called; the ports then only lack their cleaning between clients.
    """

    def __init__(self) -> None:
        self._watchers: dict[int, Watcher] = {}
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._loop = asyncio.get_running_loop()
        start = getattr(self._libc, "inotify_init1", None)
        self._inotify = int(start(_FLAGS)) if start else -1
        if self._inotify >= 0:
            self._loop.add_reader(self._inotify, self._readable)

    def add(self, path: str, watcher: Watcher) -> int:
        """Watch a path; returns what `remove` wants."""
        if self._inotify < 0:
            return -1
        descriptor = int(self._libc.inotify_add_watch(self._inotify, os.fsencode(path), _CLOSED | _OPENED))
        if descriptor >= 0:
            self._watchers[descriptor] = watcher
        return descriptor

    def remove(self, descriptor: int) -> None:
        """Watch no longer."""
        if self._watchers.pop(descriptor, None) is not None:
            self._libc.inotify_rm_watch(self._inotify, descriptor)

    def close(self) -> None:
        """End all watching."""
        if self._inotify >= 0:
            self._loop.remove_reader(self._inotify)
            os.close(self._inotify)
            self._inotify = -1

    def _readable(self) -> None:
        events = os.read(self._inotify, _READ_OCTETS_MAX)
        position = 0
        while position < len(events):
            descriptor, mask, _, length = _EVENT.unpack_from(events, position)
            position += _EVENT.size + length
            watcher = self._watchers.get(descriptor)
            if watcher is not None and not mask & _IGNORED:
                watcher(bool(mask & _OPENED))
