"""Run a program that the kernel ends when its parent dies, whatever the parent dies of.

    python die_with_parent.py PARENT_PID PROGRAM [ARGUMENT ...]

Linux only (prctl(2), PR_SET_PDEATHSIG, which execve(2) keeps); elsewhere the program just runs.
It is a program of its own because code between fork and exec is no place for Python that has threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(parent):  # it died before we asked
            return
    os.execv(command[0], command)  # noqa: S606  # its caller is our own demo


if __name__ == "__main__":
    main()
