"""How a loop that waits in select(2) is ended from outside it."""

import contextlib
import os


class Stopper:
    """Watch `descriptor` for reading; `stop` makes it ready, for good. Raises OSError where there is no pipe to be had.

    `stop` may come from any thread and from a signal handler, as often as somebody likes, and after `close` too.
    """

    def __init__(self) -> None:
        self.descriptor, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def stop(self) -> None:
        """Make `descriptor` ready."""
        with contextlib.suppress(OSError):  # it is closed, or as full of this as can be
            os.write(self._writer, b"x")

    def close(self) -> None:
        """Free both ends. First the number is forgotten: the kernel gives it to the next file that is opened."""
        reader, self.descriptor = self.descriptor, -1
        writer, self._writer = self._writer, -1
        for end in (reader, writer):
            with contextlib.suppress(OSError):
                os.close(end)
