"""What the four commands have in common at the terminal: configuration, logging, start and stop, exit status.

No rule of the protocol is here, and nothing here knows a message or a key.
"""

from console.configuration import Program
from console.life import CannotStart, announce_ready, logging_options, run_until_stopped
from console.printable import printable

__all__ = ["CannotStart", "Program", "announce_ready", "logging_options", "printable", "run_until_stopped"]
