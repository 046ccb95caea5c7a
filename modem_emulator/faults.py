"""What can be made to go wrong with a modem, one record for each fault, and when: at a time or at a command.

The same records come from a scenario file, from a seed, and live from a control program. `build` reads one from a
table such as `{"do": "drop-signal", "for_s": 10}`; its class's name in lower case with hyphens is the fault's name.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from random import Random
from typing import Any, get_args, get_type_hints

from modem_emulator import placeholders, records
from modem_emulator.records import InvalidRecord

# ---- faults of the radio, the SIM and the port


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSignal:
    """No coverage, for a time or until `restore-signal`."""

    for_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSignal:
    """Coverage with <rssi> 0 to 31 (TS 27.007 clause 8.5), without it the one that was before the signal went."""

    rssi: int | None = None


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
class RemoveSim:
    """No SIM is in its holder, until `insert-sim`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertSim:
    """The SIM is back in its holder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRegistration:
    """The network refuses the SIM (+CREG: 3), for a time or until `accept-registration`."""

    for_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRegistration:
    """The network takes the SIM again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetCentre:
    """The number of the service centre is lost, until +CSCA sets one: +CMS ERROR 330."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClock:
    """The clock of +CCLK goes on by so much, from what it shows now."""

    by_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopListening:
    """What is sent to the port is not heard, as where it is for something else; for a time or until `listen`."""

    for_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The port takes commands again."""


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
    DropSignal
    | RestoreSignal
    | SimBusy
    | AskPin
    | AskPuk
    | RemoveSim
    | InsertSim
    | RefuseRegistration
    | AcceptRegistration
    | ForgetCentre
    | ShiftClock
    | StopListening
    | Listen
    | FillStorage
    | EmptyStorage
    | Reboot
    | Unplug
    | PlugIn
    | Say
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
        case RefuseRegistration(for_s=float(for_s)):
            return for_s, AcceptRegistration()
        case StopListening(for_s=float(for_s)):
            return for_s, Listen()
        case _:
            return None


ANY_COMMAND = "*"
# The commands that prompt for a text (TS 27.005 clauses 3.5.1, 3.5.3 and 3.5.5).
_PROMPTING = ("+CMGS", "+CMGW", "+CMGC")
_COMMAND_NAME = re.compile(r"\*|[+^$%*#][A-Z0-9!%./:_-]+|&?[A-Z]|S\d+")

LINE_CHARACTERS_MAX = 200
A_WEEK_S = 7 * 86_400.0
# What a key may hold, whichever fault or step has it; rssi as in TS 27.007 clause 8.5. The rest keeps a slip of the
# finger from asking for gigabytes or for a modem that never answers again.
_RANGES: dict[str, tuple[float, float]] = {
    "rssi": (0, 31),
    "octets": (1, 1024),
    "leave": (0, 255),
    "messages": (1, 1000),
    "nth": (1, 1_000_000),
    "at_s": (0, A_WEEK_S),
    "for_s": (0, A_WEEK_S),
    "by_s": (0, A_WEEK_S),
}


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
    own = ("modem", "at_s", "on", "nth", "entered")
    inner = {key: value for key, value in table.items() if key not in (*own, "do")}
    fault = build_fault(table.get("do"), inner, place)
    when = records.build(_When, {key: value for key, value in table.items() if key in own}, place)
    _check_ranges(when, place)
    on = when.on.upper()
    if len(on) > 2:
        on = on.removeprefix("AT")
    if on and not _COMMAND_NAME.fullmatch(on):
        raise InvalidRecord(f"{place}.on must name a command such as +CMGS, or * for any, not {when.on!r}")
    if when.entered and on not in (*_PROMPTING, ANY_COMMAND):
        raise InvalidRecord(f"{place}.entered needs on to be one of {', '.join(_PROMPTING)}: no other asks for a text")
    if not on and isinstance(fault, CommandFault):
        on = ANY_COMMAND
    if not on and when.nth > 1:
        raise InvalidRecord(f"{place}.nth counts commands, so on must say which")
    return Step(do=fault, modem=when.modem, at_s=when.at_s, on=on, nth=when.nth, entered=when.entered)


def build_fault(name: object, table: Mapping[str, Any], place: str) -> Fault:
    """A fault by its name, with its own keys from a table. Raises InvalidRecord."""
    kind = FAULTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidRecord(f"{place}.do must name a fault, not {name!r}; known: {', '.join(sorted(FAULTS))}")
    fault: Fault = records.build(kind, table, place)
    _check_ranges(fault, place)
    for key in ("line", "result"):
        text = getattr(fault, key, "OK")
        if not (1 <= len(text) <= LINE_CHARACTERS_MAX and all(0x20 <= ord(one) <= 0xFF for one in text)):
            raise InvalidRecord(f"{place}.{key} must be one line of 1 to {LINE_CHARACTERS_MAX} Latin-1 characters")
    if isinstance(fault, Say):
        placeholders.check(fault.line, placeholders.NAMES, f"{place}.line")
    return fault


def _check_ranges(record: object, place: str) -> None:
    for key, (least, most) in _RANGES.items():
        value = getattr(record, key, None)
        if value is not None and not least <= value <= most:
            raise InvalidRecord(f"{place}.{key} must be {least} to {most}, not {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _When:
    modem: str = ""
    at_s: float = 0.0
    on: str = ""
    nth: int = 1
    entered: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """A fault for people: its name, what it does, and its keys with their defaults (None: must be given)."""

    name: str
    does: str
    keys: Mapping[str, str | None]


def describe(name: str) -> Description:
    """What the fault of this name does, from its record."""
    kind = FAULTS[name]
    keys = {one.name: None if one.default is MISSING else _shown(one.name, one.default) for one in fields(kind)}
    return Description(name, " ".join((kind.__doc__ or "").split()), keys)


def typed(name: str, words: Mapping[str, str]) -> dict[str, Any]:
    """Keys of a step as they are typed at a terminal, with the types that their records want.

    Raises InvalidRecord for a number that is none; unknown keys and faults are left for `build` to refuse.
    """
    types = {**get_type_hints(_When), **(get_type_hints(FAULTS[name]) if name in FAULTS else {})}
    return {key: _typed(types.get(key, str), word, key) for key, word in words.items()}


def _typed(wanted: Any, word: str, key: str) -> Any:
    kinds = get_args(wanted) or (wanted,)
    if bool in kinds:
        return {"true": True, "false": False}.get(word.lower(), word)
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(word)
            except ValueError as error:
                raise InvalidRecord(f"{key} must be a number, not {word!r}") from error
    return word


def waits_for_a_command(name: str) -> bool:
    """Whether a fault without `on` waits for the next command."""
    return FAULTS.get(name) in get_args(CommandFault)


def _shown(key: str, default: object) -> str:
    if default is None:
        return {"for_s": "no end", "rssi": "as before"}[key]
    return str(default).lower() if isinstance(default, bool) else str(default)


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
