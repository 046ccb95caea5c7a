"""What the network does to messages on demand: lose, double, delay, hold back; by rate and for the next ones.

Rules only, and repeatable: each sender has draws of its own.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from random import Random

from modem_emulator.faults import DelayNext, DoubleNext, LoseNext, MessageFault, ReorderNext

# How long a reordered message is held at most, so that several can overtake it.
REORDER_HOLD_S_MAX = 3.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on demand; all off as it stands. Rates are 0 to 1, times in seconds.

    A lost message is acknowledged and never arrives; a doubled one arrives twice; every message waits
    `delay_s`; a reordered one waits up to 3 s more, so that later ones overtake it; `slow_answer_s` holds
    back +CMGS, while the message is already on its way. Reports are lost, delayed and reordered too.
    """

    lose: float = 0.0
    double: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    slow_answer_s: float = 0.0


@dataclass(slots=True)
class Mishap:
    """What befalls one message; `overtaken` asks that the next for the same destination passes it."""

    lost: bool = False
    doubled: bool = False
    delay_s: float = 0.0
    overtaken: bool = False


class Mishaps:
    """The rates that are on, and what was arranged for the next messages of single subscribers."""

    def __init__(self, random: Random, faults: Faults) -> None:
        self.faults = faults
        self._seed = random.getrandbits(64)
        self._random_of = random.__class__
        self._randoms: dict[str, Random] = {}
        self._arranged: defaultdict[str, list[MessageFault]] = defaultdict(list)

    def arrange(self, number: str, fault: MessageFault) -> None:
        """Let this befall the next messages from (or to) a subscriber."""
        self._arranged[number].append(fault)

    def of(self, sender: str, destination: str) -> Mishap:
        """What befalls a message from one to the other, drawn and counted."""
        mishap = self._drawn(sender)
        for fault in self._met(sender, destination):
            match fault:
                case LoseNext():
                    mishap.lost = True
                case DoubleNext():
                    mishap.doubled = True
                case DelayNext(by_s=by_s):
                    mishap.delay_s += by_s
                case ReorderNext():
                    mishap.overtaken = True
        if mishap.overtaken:
            mishap.delay_s += REORDER_HOLD_S_MAX
        return mishap

    def _drawn(self, sender: str) -> Mishap:
        """By the rates that are on.

        Each sender has draws of its own, the same number for every message: neither another sender nor another rate
        shifts them.
        """
        faults = self.faults
        if faults.lose == faults.double == faults.reorder == 0.0:
            return Mishap(delay_s=faults.delay_s)
        random = self._randoms.get(sender)
        if random is None:
            random = self._randoms[sender] = self._random_of(f"{self._seed}/{sender}")
        lost, doubled, held = (random.random() < rate for rate in (faults.lose, faults.double, faults.reorder))
        hold_s = random.random() * REORDER_HOLD_S_MAX
        return Mishap(lost, doubled, faults.delay_s + (hold_s if held else 0.0))

    def _met(self, sender: str, destination: str) -> list[MessageFault]:
        """What was arranged for the next message from its sender or to its destination; counts it."""
        met: list[MessageFault] = []
        for number, to in ((sender, False), (destination, True)):
            waiting = self._arranged.get(number)
            if waiting:
                met += [fault for fault in waiting if fault.to == to]
                self._arranged[number] = [
                    replace(fault, messages=fault.messages - 1) if fault.to == to else fault
                    for fault in waiting
                    if fault.to != to or fault.messages > 1
                ]
        return met
