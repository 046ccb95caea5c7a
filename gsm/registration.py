"""Whether the modem is registered in a network, and when to restart its radio because it is not; without I/O or clock.

Rules
1. A modem looks for its network by itself, which takes up to three minutes over all bands. Only after
   `RESTART_AFTER_S` without one is its radio switched off and on (+CFUN=4, +CFUN=1).
2. If that did not help it is done again after twice as long, and so on up to `RESTART_AFTER_S_MAX`: in a place without
   coverage it helps nobody, and it costs power.
3. Registered again, all of this is forgotten.
"""

import re
from collections.abc import Iterable

RESTART_AFTER_S = 180.0
RESTART_AFTER_S_MAX = 3600.0
# <stat> of +CREG, +CGREG and +CEREG (TS 27.007 clause 7.2): 1 home, 5 roaming, 6 and 7 for SMS only, 9 and 10 with
# circuit-switched fallback not preferred. 0, 2, 3, 4 and 8 (emergency calls only) are not registered.
_REGISTERED = {1, 5, 6, 7, 9, 10}
# The answer to the question has <n> before <stat>; the unsolicited line begins with <stat>.
_ANSWER = re.compile(r"\+C[GE]?REG:\s*\d+\s*,\s*(\d+)")
_UNSOLICITED = re.compile(r"\+CREG:\s*(\d+)\s*(?:,\s*[\"0-9A-Fa-f].*)?")


class Registration:
    """What was last heard of the registration. Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self.is_registered: bool | None = None
        self._restart_at_s: float | None = None
        self._pause_s = RESTART_AFTER_S

    def heard(self, is_registered: bool, now_s: float) -> None:
        """Take what the modem says."""
        self.is_registered = is_registered
        if is_registered:
            self._restart_at_s, self._pause_s = None, RESTART_AFTER_S
        elif self._restart_at_s is None:
            self._restart_at_s = now_s + self._pause_s

    def is_restart_due(self, now_s: float) -> bool:
        """Whether the radio is to be restarted now; the next restart is put off by that (rule 2)."""
        if self._restart_at_s is None or now_s < self._restart_at_s:
            return False
        self._pause_s = min(2 * self._pause_s, RESTART_AFTER_S_MAX)
        self._restart_at_s = now_s + self._pause_s
        return True


def answered_registered(lines: Iterable[str]) -> bool | None:
    """What the answer to +CREG?, +CGREG? or +CEREG? says; None for nothing."""
    match = next((match for match in map(_ANSWER.match, lines) if match), None)
    return int(match.group(1)) in _REGISTERED if match else None


def told_registered(line: str) -> bool | None:
    """What an unsolicited +CREG says; None for another line."""
    match = _UNSOLICITED.fullmatch(line)
    return int(match.group(1)) in _REGISTERED if match else None
