"""What can be made to go wrong with a modem, one record for each fault, and when: at a time or at a command.

The same records come from a scenario file, from a seed, and live from a control program. `build` reads one from a
table such as `{"do": "drop-signal", "for_s": 10}`; its class's name in lower case with hyphens is the fault's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, get_args

from modem_emulator import records
from modem_emulator.records import InvalidRecord

# ---- faults of the radio, the SIM and the port


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSignal:
    """No coverage, for a time or until `restore-signal`."""

    for_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSignal:
    """Coverage again, with <rssi> 0 to 31 (TS 27.007 clause 8.5)."""

    rssi: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SimBusy:
    """The SIM answers nothing for a time: +CME ERROR 14, +CMS ERROR 314."""

    for_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPin:
    """The SIM wants its PIN again, as after an undervoltage reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPuk:
    """The SIM wants its PUK, as after three wrong PINs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillStorage:
    """A message storage (SM, ME, SR) is filled with old messages, save `leave` slots."""

    storage: str = "SM"
    leave: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyStorage:
    """All messages of a storage are deleted."""

    storage: str = "SM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """The modem starts anew; what was under way gets no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplug:
    """Port and power are gone, for a time or until `plug-in`."""

    for_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIn:
    """Port and power are back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The modem says a line that nobody asked for."""

    line: str


# ---- faults of one command; without `on` they wait for the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """The command is carried out, and random octets come in place of its answer."""

    octets: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The command is carried out, and no answer comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowAnswer:
    """The answer takes this much longer."""

    by_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCommand:
    """The command is not carried out, and this comes as its result code."""

    result: str = "ERROR"


# ---- faults of the next messages from or to the modem


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseNext:
    """The next `messages` from (or to) this modem are acknowledged and never arrive."""

    messages: int = 1
    to: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleNext:
    """The next `messages` from (or to) this modem arrive twice."""

    messages: int = 1
    to: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayNext:
    """The next `messages` from (or to) this modem take this much longer."""

    messages: int = 1
    by_s: float = 10.0
    to: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReorderNext:
    """The next `messages` from (or to) this modem are overtaken by the one after."""

    messages: int = 1
    to: bool = False


StateFault = (
    DropSignal | RestoreSignal | SimBusy | AskPin | AskPuk | FillStorage | EmptyStorage | Reboot | Unplug | PlugIn | Say
)
CommandFault = Garbage | Silence | SlowAnswer | FailCommand
MessageFault = LoseNext | DoubleNext | DelayNext | ReorderNext
Fault = StateFault | CommandFault | MessageFault


def name_of(kind: type[Fault]) -> str:
    """`drop-signal` for DropSignal."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


FAULTS: dict[str, type[Fault]] = {name_of(kind): kind for kind in get_args(Fault)}


def aftermath(fault: Fault) -> tuple[float, Fault] | None:
    """What ends a fault that lasts for a time, and after how many seconds."""
    match fault:
        case DropSignal(for_s=float(for_s)):
            return for_s, RestoreSignal()
        case Unplug(for_s=float(for_s)):
            return for_s, PlugIn()
        case _:
            return None


ANY_COMMAND = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fault, for a modem and a moment.

    `modem` is its name (`modem0`) or MSISDN, empty for all. It happens `at_s` seconds after the start, or when the
    modem meets the `nth` command `on` from then (a name such as `+CMGS`, `*` for any), or at once. `entered` waits
    until the text after the prompt was taken and, with +CMGS, the message is on its way.
    """

    do: Fault
    modem: str = ""
    at_s: float = 0.0
    on: str = ""
    nth: int = 1
    entered: bool = False


def build(table: Mapping[str, Any], place: str) -> Step:
    """A step from a table; `do` names the fault, whose own keys stand beside the step's. Raises InvalidRecord."""
    name = table.get("do")
    kind = FAULTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidRecord(f"{place}.do must name a fault, not {name!r}; known: {', '.join(sorted(FAULTS))}")
    own = ("modem", "at_s", "on", "nth", "entered")
    fault = records.build(kind, {key: value for key, value in table.items() if key not in (*own, "do")}, place)
    when = records.build(_When, {key: value for key, value in table.items() if key in own}, place)
    if when.nth < 1 or when.at_s < 0:
        raise InvalidRecord(f"{place}: nth counts from 1 and at_s from 0")
    on = when.on.upper() or (ANY_COMMAND if isinstance(fault, CommandFault) else "")
    return Step(do=fault, modem=when.modem, at_s=when.at_s, on=on, nth=when.nth, entered=when.entered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _When:
    modem: str = ""
    at_s: float = 0.0
    on: str = ""
    nth: int = 1
    entered: bool = False


@dataclass(slots=True)
class Plan:
    """The faults that wait for one modem's commands.

    `rates` gives faults that befall any command with a probability of 0 to 1 each, drawn from `random` in a fixed
    number of draws, so that a modem's fate depends on its own commands only.
    """

    random: Random
    rates: tuple[tuple[Fault, float], ...] = ()
    _armed: list[tuple[Step, int]] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether a command can meet anything."""
        return bool(self._armed or self.rates)

    def arm(self, step: Step) -> None:
        """Let a step wait for its command."""
        self._armed.append((step, step.nth))

    def meets(self, name: str, entered: bool) -> list[Fault]:
        """What befalls this command now. Call it once for each command and once for each text entered."""
        due: list[Fault] = []
        waiting: list[tuple[Step, int]] = []
        for step, left in self._armed:
            if step.entered == entered and step.on in (ANY_COMMAND, name):
                left -= 1
            if left == 0:
                due.append(step.do)
            else:
                waiting.append((step, left))
        self._armed = waiting
        if not entered:
            draws = [(fault, self.random.random() < rate) for fault, rate in self.rates]
            due += [fault for fault, drawn in draws if drawn]
        return due
