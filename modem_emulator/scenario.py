"""A scenario: what goes wrong with modems and messages, when and how often, as data (the TOML files of `scenarios/`).

    seed = 7
    clock = "2026-01-01T00:00:00Z"

    [rates]
    garbage = 0.01
    unplug = { rate = 0.001, for_s = 2.0 }
    lose = 0.05

    [[step]]
    do = "reboot"
    modem = "modem0"
    on = "+CMGS"
    entered = true

`parse` turns the parsed TOML into a `Scenario`. Whether its modems and their storages exist only the emulator knows
(`Emulator.check`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args

from modem_emulator import faults, records
from modem_emulator.clock import Clock
from modem_emulator.faults import FAULTS, Fault, MessageFault, Step
from modem_emulator.network import Faults
from modem_emulator.records import InvalidRecord

# Rates of messages, with the names that `serve` has for its options, and what they are called in `network.Faults`.
_MESSAGE_RATES = {"lose": "lose", "double": "double", "reorder": "reorder"}
_MESSAGE_TIMES = {"delay_s": "delay_s", "slow_cmgs_s": "slow_answer_s"}
_KEYS = ("description", "seed", "clock", "rates", "step")
STEPS_MAX = 1000


class InvalidScenario(InvalidRecord):
    """There is no such scenario, or it says something that cannot be; the message names file, step and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What befalls modems and messages. `rates` are faults that befall any command, each with its probability.

    Without a seed every run differs.
    """

    name: str = ""
    description: str = ""
    seed: int | None = None
    clock: Clock = field(default_factory=Clock)
    messages: Faults = field(default_factory=Faults)
    rates: Sequence[tuple[Fault, float]] = ()
    steps: Sequence[Step] = ()

    def place(self, step: int) -> str:
        """Where a step stands, for a message about it; steps count from 0 here and from 1 in messages."""
        return f"{self.name}: step {step + 1}"


def parse(name: str, document: Mapping[str, Any]) -> Scenario:
    """A scenario from a parsed TOML document; `name` is shown in messages. Raises InvalidScenario."""
    try:
        return _parse(name, document)
    except InvalidRecord as error:
        raise InvalidScenario(str(error)) from error


def _parse(name: str, document: Mapping[str, Any]) -> Scenario:
    unknown = [key for key in document if key not in _KEYS]
    if unknown:
        raise InvalidRecord(f"{name}: unknown key {unknown[0]!r}; known: {', '.join(_KEYS)}")
    steps = document.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise InvalidRecord(f"{name}: steps are written as [[step]]")
    if len(steps) > STEPS_MAX:
        raise InvalidRecord(f"{name}: {len(steps)} steps; at most {STEPS_MAX} can be")
    head = records.build(_Head, {key: document[key] for key in ("description", "seed") if key in document}, name)
    messages, rates = _rates(document.get("rates", {}), f"{name}: rates")
    return Scenario(
        name=name,
        description=head.description,
        seed=head.seed,
        clock=_clock(document.get("clock"), f"{name}: clock"),
        messages=messages,
        rates=rates,
        steps=tuple(faults.build(step, f"{name}: step {count}") for count, step in enumerate(steps, start=1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    description: str = ""
    seed: int | None = None


def _clock(value: object, place: str) -> Clock:
    if value is None:
        return Clock()
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise InvalidRecord(f"{place} must be a moment such as 2026-01-01T00:00:00Z") from error
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidRecord(f"{place} must be a moment with its zone, such as 2026-01-01T00:00:00Z")
    moment = moment.astimezone(UTC)
    # Time stamps have two digits for the year (TS 23.040 clause 9.2.3.11), read as 1990 to 2089 at the other end.
    if not 2000 <= moment.year < 2090:
        raise InvalidRecord(f"{place} must be in the years 2000 to 2089")
    return Clock(moment.timestamp())


def _rates(table: object, place: str) -> tuple[Faults, tuple[tuple[Fault, float], ...]]:
    if not isinstance(table, Mapping):
        raise InvalidRecord(f"{place} must be a table")
    message_faults: dict[str, float] = {}
    rates: list[tuple[Fault, float]] = []
    for key, value in table.items():
        if key in _MESSAGE_RATES:
            message_faults[_MESSAGE_RATES[key]] = _number(value, f"{place}.{key}", 1.0)
        elif key in _MESSAGE_TIMES:
            message_faults[_MESSAGE_TIMES[key]] = _number(value, f"{place}.{key}", faults.A_WEEK_S)
        else:
            rates.append(_command_rate(key, value, f"{place}.{key}"))
    return Faults(**message_faults), tuple(rates)


def _command_rate(name: str, value: object, place: str) -> tuple[Fault, float]:
    """A probability, or a table of it (`rate`) and the fault's own keys."""
    kind = FAULTS.get(name)
    if kind is None or kind in get_args(MessageFault):
        known = [one for one in sorted(FAULTS) if FAULTS[one] not in get_args(MessageFault)]
        raise InvalidRecord(f"{place} is no rate; known: {', '.join([*_MESSAGE_RATES, *_MESSAGE_TIMES, *known])}")
    own = dict(value) if isinstance(value, Mapping) else {"rate": value}
    rate = _number(own.pop("rate", None), f"{place}.rate" if isinstance(value, Mapping) else place, 1.0)
    return faults.build_fault(name, own, place), rate


def _number(value: object, place: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= most:
        raise InvalidRecord(f"{place} must be a number from 0 to {most:g}")
    return float(value)
