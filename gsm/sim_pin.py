"""Which PIN may be given to a SIM, and when: three wrong ones block it. Without I/O.

Rules
1. A PIN is spent when it is written. It is not written again before it is proven: by a SIM that says READY or tells
   its IMSI, which it does to nobody before (TS 51.011 clause 10.3.2: read access after CHV1).
2. A spent PIN stays spent over resets, time-outs and new connections: a modem that went away before it answered may
   have passed a wrong PIN on, or a right one that it forgot with its power; nobody can tell which.
3. Only a person who gives a PIN anew (`given_anew`), be it the same one, has it tried again.
"""

import re

from gsm.errors import SimPinDoubtful, SimPinNeeded, SimPinWrong

# What +CPIN? says of a SIM that has taken its PIN or wants none: the second PIN guards what nobody here uses.
OPEN_STATES = {"READY", "SIM PIN2", "SIM PUK2"}
_PIN = re.compile(r"[0-9]{4,8}")


class SimPin:
    """The PIN that a program has, and whether it was tried. Nothing here shows it."""

    def __init__(self) -> None:
        self._pin: str | None = None
        self._spent: str | None = None
        self._was_refused = False

    def given(self, pin: str | None) -> None:
        """Have this PIN from now on; one that is spent stays so (rule 2)."""
        self._pin = pin

    def given_anew(self, pin: str) -> None:
        """Have this PIN from now on, and try it even if it was tried before (rule 3)."""
        self._pin, self._spent = pin, None

    def take(self) -> str:
        """The PIN, to be written now; it is spent by that. Raises SimPinNeeded, SimPinWrong, SimPinDoubtful."""
        if self._pin is None:
            raise SimPinNeeded
        if not _PIN.fullmatch(self._pin):
            raise SimPinWrong
        if self._pin == self._spent:
            raise SimPinWrong if self._was_refused else SimPinDoubtful
        self._spent, self._was_refused = self._pin, False
        return self._pin

    def not_written(self) -> None:
        """What `take` gave did not reach the modem: it is not spent."""
        self._spent = None

    def refused(self) -> None:
        """The SIM said no to it."""
        self._was_refused = True

    def proven(self) -> None:
        """The SIM is open: what was written, if anything was, was right."""
        self._spent = None
