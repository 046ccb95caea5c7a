"""What an entry of the command table holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from modem_emulator.command_line import Form, InvalidParameter, Parameters
from modem_emulator.equipment import Equipment

Lines = list[str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Show `> ` and read text until Ctrl-Z, then call `entered` with it; ESC cancels (TS 27.005 clause 3.5.1)."""

    entered: Callable[[bytes], "Lines | Pending"]


@dataclass(frozen=True, slots=True)
class Pending:
    """The result comes later, from the network; `finish` makes the lines from the message reference (TP-MR)."""

    reference: int
    finish: Callable[[int], Lines]


Result = Lines | Prompt | Pending
Handler = Callable[[Equipment, Parameters], Result]


class Needs(Enum):
    """What must be there before a command is carried out, and which kind of error says that it is not."""

    NOTHING = "nothing"
    SIM = "an unlocked SIM, else +CME ERROR"
    MESSAGES = "an unlocked SIM, else +CMS ERROR"
    CARD = "a SIM that answers, locked or not, else +CME ERROR"


@dataclass(frozen=True, slots=True)
class Command:
    """What a command is for, the clause that defines it, and its handlers by form.

    A form without handler is an error, except that a test of a known extended command is OK.
    """

    title: str
    source: str
    execute: Handler | None = None
    read: Handler | None = None
    write: Handler | None = None
    test: Handler | None = None
    needs: Needs = Needs.NOTHING

    def handler(self, form: Form) -> Handler | None:
        """The handler for a form; for an undescribed test one that answers nothing (V.250 clause 5.4.2.1)."""
        if form is Form.EXECUTE:
            return self.execute
        if form is Form.READ:
            return self.read
        if form is Form.WRITE:
            return self.write
        return self.test or _ACCEPTED


def says(*lines: str) -> Handler:
    """A handler that answers these lines."""
    return lambda _equipment, _parameters: list(lines)


_ACCEPTED = says()


def shows(make: Callable[[Equipment], str]) -> Handler:
    """A handler that answers one line made from the modem's state."""
    return lambda equipment, _parameters: [make(equipment)]


def listed(values: Sequence[int]) -> str:
    """Numbers as a test form shows them: `(0,1)`, `(0-3)`, `(0,2)` (V.250 clause 5.7.3.1)."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return "(" + ",".join(_run(run) for run in runs) + ")"


def _run(run: list[int]) -> str:
    return ",".join(map(str, run)) if len(run) < 3 else f"{run[0]}-{run[-1]}"


def number_among(parameters: Parameters, position: int, allowed: Sequence[int], default: int | None = None) -> int:
    """A number that is one of `allowed`. Raises InvalidParameter."""
    value = parameters.number(position, range(max(allowed) + 1), default)
    if value not in allowed:
        raise InvalidParameter(f"parameter {position + 1} cannot be {value}")
    return value


def numbers(
    name: str,
    title: str,
    source: str,
    *allowed: Sequence[int],
    initially: tuple[int, ...],
    needs: Needs = Needs.NOTHING,
    execute: Handler | None = None,
    read: Handler | None = None,
    test: str | None = None,
) -> Command:
    """A command that sets and shows numbers which nothing else depends on, kept in `Settings.numbers`.

    A number that is left out keeps its value, but for the first. Raises InvalidParameter for what is not allowed.
    """
    described = test if test is not None else ",".join(map(listed, allowed))

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        if len(parameters) > len(allowed):
            raise InvalidParameter("too many parameters")
        kept = equipment.settings.numbers
        old = kept.get(name, initially)
        new = [number_among(parameters, 0, allowed[0])]
        new += [number_among(parameters, place, allowed[place], old[place]) for place in range(1, len(allowed))]
        kept[name] = tuple(new)
        return []

    return Command(
        title,
        source,
        execute=execute,
        read=read or shows(lambda equipment: f"{name}: " + ",".join(map(str, chosen(equipment, name, initially)))),
        write=write,
        test=says(f"{name}: {described}"),
        needs=needs,
    )


def chosen(equipment: Equipment, name: str, initially: tuple[int, ...]) -> tuple[int, ...]:
    """What was set with a command of `numbers`."""
    return equipment.settings.numbers.get(name, initially)


def setting(
    name: str, title: str, source: str, attribute: str, allowed: Sequence[int], needs: Needs = Needs.NOTHING
) -> Command:
    """A command that sets and shows one number of `Settings`."""

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        kind = type(getattr(equipment.settings, attribute))
        setattr(equipment.settings, attribute, kind(number_among(parameters, 0, allowed)))
        return []

    return Command(
        title,
        source,
        read=shows(lambda equipment: f"{name}: {int(getattr(equipment.settings, attribute))}"),
        write=write,
        test=says(f"{name}: {listed(allowed)}"),
        needs=needs,
    )
