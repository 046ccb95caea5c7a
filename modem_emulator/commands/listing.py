"""The list of all commands, made from the tables: what `modem-emulator commands` prints."""

from collections.abc import Iterator

from modem_emulator.command_line import Form
from modem_emulator.commands.general import commands_of
from modem_emulator.commands.table import Command
from modem_emulator.profile import Profile

_FORMS = {Form.EXECUTE: "do", Form.READ: "?", Form.WRITE: "=", Form.TEST: "=?"}


def lines(profile: Profile) -> Iterator[str]:
    """One line for each command that this make has: name, forms, what it is for, and the clause that defines it.

    Its own commands with fixed answers come last. A form that it refuses is left out.
    """
    for name, command in commands_of(profile).items():
        yield f"AT{name:<11}{_forms(profile, name, command):<12}{command.title:<40}{command.source}"
    for name in profile.commands.answers:
        yield f"AT{name:<23}of the make's own"


def _forms(profile: Profile, name: str, command: Command) -> str:
    testable = name.startswith("+")
    return " ".join(
        shown
        for form, shown in _FORMS.items()
        if (form is not Form.TEST or testable)
        and command.handler(form) is not None
        and not profile.lacks(name, form.value)
    )
