"""Where the control socket is, in a form that the system takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The name of the socket in a --link-dir.
SOCKET_NAME = "control"
# sun_path of unix(7) holds 108 octets with the zero at its end.
SOCKET_PATH_OCTETS_MAX = 107


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """The path in a form short enough for a socket: longer ones by way of their folder's descriptor (proc(5))."""
    if len(os.fsencode(path)) <= SOCKET_PATH_OCTETS_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
