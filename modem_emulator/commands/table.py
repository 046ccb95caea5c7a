"""What an entry of the command table holds."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from modem_emulator.command_line import Form, Parameters
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


@dataclass(frozen=True, slots=True)
class Command:
    """Handlers by form; a form without handler is an error, except that a test of a known command is OK."""

    execute: Handler | None = None
    read: Handler | None = None
    write: Handler | None = None
    test: Handler | None = None
    needs: Needs = Needs.NOTHING

    def handler(self, form: Form) -> Handler | None:
        """The handler for a form; for an undescribed test one that answers nothing (V.250 clause 5.4.2.1)."""
        handlers = {
            Form.EXECUTE: self.execute,
            Form.READ: self.read,
            Form.WRITE: self.write,
            Form.TEST: self.test or says(),
        }
        return handlers[form]


def says(*lines: str) -> Handler:
    """A handler that answers these lines."""
    return lambda _equipment, _parameters: list(lines)


def shows(make: Callable[[Equipment], str]) -> Handler:
    """A handler that answers one line made from the modem's state."""
    return lambda equipment, _parameters: [make(equipment)]


def setting(
    prefix: str, attribute: str, allowed: range, execute: Handler | None = None, needs: Needs = Needs.NOTHING
) -> Command:
    """A command that sets and shows one number of `Settings`."""

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        kind = type(getattr(equipment.settings, attribute))
        setattr(equipment.settings, attribute, kind(parameters.number(0, allowed)))
        return []

    return Command(
        execute=execute,
        read=shows(lambda equipment: f"{prefix}: {int(getattr(equipment.settings, attribute))}"),
        write=write,
        test=says(f"{prefix}: ({allowed.start}-{allowed.stop - 1})"),
        needs=needs,
    )
