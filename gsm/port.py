"""An open serial port: opened and set up by pyserial, read and written on its descriptor.

pyserial's `read` gives as much as was asked for, so that reading what is there takes asking twice, and its `write`
waits after each writing until more could be written. bench/modem_driver.py shows what that costs.
"""

import contextlib
import os
import select
import time

import serial

READ_OCTETS_MAX = 65_536
# Longest wait for the port to take a command's bytes. A command has less than 400, which every kernel buffer holds.
WRITE_TIMEOUT_S = 5.0


class Port:
    """Takes over an open `serial.Serial`. One thread may read, another write at the same time; any may `wake`."""

    def __init__(self, opened: serial.Serial) -> None:
        self._serial = opened
        self._descriptor: int = opened.fileno()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._poll = select.poll()
        for descriptor in (self._descriptor, self._woken):
            self._poll.register(descriptor, select.POLLIN)

    def read(self, within_s: float | None) -> bytes:
        """What has come, as soon as something has; empty when the time is over or somebody wakes.

        Raises OSError (serial.SerialException) when the port is of no use any more.
        """
        ready = self._poll.poll(None if within_s is None else within_s * 1000)
        if not ready:
            return b""
        if self._woken in dict(ready):
            os.read(self._woken, READ_OCTETS_MAX)
            return b""
        data = os.read(self._descriptor, READ_OCTETS_MAX)
        if not data:
            raise serial.SerialException("it was unplugged")  # always readable, and never anything there
        return data

    def read_what_is_there(self) -> bytes:
        """What has come already, empty for nothing; whether the port is of any use `read` tells. Raises OSError."""
        try:
            return os.read(self._descriptor, READ_OCTETS_MAX)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError, also when the port takes nothing for WRITE_TIMEOUT_S."""
        data = self._write_some(data)
        until_s = time.monotonic() + WRITE_TIMEOUT_S
        while data:
            if not select.select((), (self._descriptor,), (), max(0.0, until_s - time.monotonic()))[1]:
                raise serial.SerialException("it takes nothing any more")
            data = self._write_some(data)

    def _write_some(self, data: bytes) -> bytes:
        """Return what the port did not take."""
        try:
            return data[os.write(self._descriptor, data) :]
        except BlockingIOError:
            return data

    def wake(self) -> None:
        """End a `read` that is under way, or else the next one."""
        with contextlib.suppress(OSError):  # closed, or woken often enough
            os.write(self._waker, b"\0")

    def close(self) -> None:
        """Nobody may be reading or writing."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()
        for descriptor in (self._woken, self._waker):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._woken = self._waker = -1  # the numbers go to other files
