"""Opening a SIM: asking what it wants (+CPIN?, TS 27.007 clause 8.3), and giving it its PIN as `gsm.sim_pin` allows."""

import time
from collections.abc import Callable
from typing import Any

from gsmmodem.exceptions import CmeError, CommandError

from gsm.command_errors import in_our_words, raise_for, refusal_in
from gsm.errors import (
    ModemError,
    ModemGone,
    SimBusy,
    SimLocked,
    SimMissing,
    SimPinWrong,
    SimPukNeeded,
)
from gsm.final_results import Refusal, refusal_of, sim_error
from gsm.line import CommandTimedOut
from gsm.sim import pin_state_of
from gsm.sim_pin import OPEN_STATES, SimPin

# How long the OK after an answer to +CPIN? is waited for where it may not come; where it comes, it follows at once.
_ANSWER_END_S = 1.0
_BUSY_INTERVAL_S = 0.25
_WANTS_A_CODE = ("SIM PIN", "SIM PUK")
ASKS_AGAIN = "its SIM asks for the PIN again"


class SimOpening:
    """One modem's SIM. `write` is the modem's, `is_busy` tells what it means by busy, `timeout_s` is each command's."""

    def __init__(
        self, pin: SimPin, write: Callable[..., Any], is_busy: Callable[[Refusal], bool], timeout_s: float
    ) -> None:
        self.timeout_s = timeout_s
        self.ends_answer = True  # whether the answer to +CPIN? is known to end with OK
        self._pin = pin
        self._write = write
        self._is_busy = is_busy

    def open(self) -> None:
        """Give the PIN if it is wanted. Raises SimPukNeeded, SimLocked, SimPinWrong, SimPinNeeded, SimBusy, ..."""
        match self.state():
            case state if state is None or state in OPEN_STATES:
                return
            case "SIM PUK":
                raise SimPukNeeded
            case "SIM PIN":
                self._enter()
            case state:
                raise SimLocked(state)

    def state(self) -> str | None:
        """What the SIM wants, None if the modem answers and does not say. Raises SimMissing, SimBusy, ModemError."""
        try:
            state = pin_state_of(self._ask())
        except CommandError as error:
            raise in_our_words(error, self._is_busy) from error
        self.heard(state)
        return state

    def heard(self, state: str | None) -> None:
        """Take what the modem said of its SIM, asked or not."""
        if state in OPEN_STATES:
            self._pin.proven()

    def wants_a_code(self) -> bool:
        """Whether it asks for its PIN or PUK."""
        return self.state() in _WANTS_A_CODE

    def shut(self) -> str | None:
        """Why a modem has no network for its SIM's sake; None if that is not the reason."""
        try:
            return ASKS_AGAIN if self.wants_a_code() else None
        except SimMissing:
            return "its SIM is gone"
        except (ModemError, CommandTimedOut):
            return None

    def _ask(self) -> list[str]:
        """The lines of an answer to +CPIN?.

        Wavecom modems do not end it with OK (python-gsmmodem issue 19). Of those, and of any that was seen to do so,
        the OK is waited for only a moment. If it comes later still, it is no other command's (`gsm.channel`, rule 5).
        """
        deadline = time.monotonic() + self.timeout_s
        while True:
            remaining_s = max(0.0, deadline - time.monotonic())
            wait_s = remaining_s if self.ends_answer else min(remaining_s, _ANSWER_END_S)
            try:
                lines: list[str] = self._write("AT+CPIN?", timeout=wait_s, parseError=False)
            except CommandTimedOut as error:
                if pin_state_of(error.data or ()) is not None:
                    self.ends_answer = False
                    return list(error.data)
                if time.monotonic() >= deadline:
                    raise
                continue
            refusal = refusal_of(lines[-1])
            # `write` itself has waited to the end where the answer is known to have one.
            is_last = self.ends_answer or time.monotonic() + 2 * _BUSY_INTERVAL_S >= deadline
            if refusal is None or not self._is_busy(refusal) or is_last:
                raise_for("AT+CPIN?", lines[-1])
                return lines
            time.sleep(_BUSY_INTERVAL_S)

    def _enter(self) -> None:
        pin = self._pin.take()
        try:
            lines = self._write(f'AT+CPIN="{pin}"', timeout=self.timeout_s)
        except CommandError as error:
            if self._is_busy(refusal_in(error)):
                raise SimBusy from None  # what is asked next says whether it took the PIN
            self._pin.refused()
            # A plain ERROR says the same on modems without +CMEE.
            raise (sim_error(error.code) if isinstance(error, CmeError) else None) or SimPinWrong() from None
        except (CommandTimedOut, ModemGone) as error:
            if not error.written:
                self._pin.not_written()
            raise
        state = pin_state_of(lines)
        if state in OPEN_STATES:
            self.heard(state)
        else:
            self.state()  # most are ready at once; others say so when they are
