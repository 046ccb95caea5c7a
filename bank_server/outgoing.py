"""Messages that the bank begins itself: their trace numbers."""

import time

from bank_server.keys import Random
from wire.iso import Message

_STANS = 10**6  # DE11: n 6


class OutgoingMessages:
    """Makes messages with DE7 and DE11 that were not used lately. A start from a random STAN makes a restart differ."""

    def __init__(self, random: Random) -> None:
        self._stan = int.from_bytes(random(4), "big") % _STANS

    def message(self, mti: str, operator: str, now: float, fields: dict[int, str]) -> Message:
        self._stan = self._stan % (_STANS - 1) + 1  # 000001 to 999999
        sent = time.strftime("%m%d%H%M%S", time.gmtime(now))
        return Message(mti, {7: sent, 11: f"{self._stan:06d}", 32: operator, **fields})
