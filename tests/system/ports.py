"""TCP ports for programs that are stopped and started again on the same one."""

import itertools
import os
import socket

# Below the range that Linux gives out by itself (from 32768): a port that is free between two starts of its program
# must not be given to another test meanwhile, or two tests' networks become one. Each worker has a stretch of its own.
_FIRST, _EACH = 20_000, 1_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
# A second run of the tests on the same machine begins elsewhere in the stretch, as likely as not.
_offsets = itertools.count(os.getpid() % _EACH)


def free_port() -> int:
    """A port that nobody has, and that no other test of this run is given."""
    for _ in range(_EACH):
        port = _FIRST + _EACH * _worker + next(_offsets) % _EACH
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError(f"no port is free from {_FIRST + _EACH * _worker} on")
