"""The commands that the modem knows: name to handlers, by topic. A new command is a new entry in a table."""

from modem_emulator.commands import general, messages, phonebook, registration, security
from modem_emulator.commands.table import Command

COMMANDS: dict[str, Command] = {
    **general.COMMANDS,
    **security.COMMANDS,
    **registration.COMMANDS,
    **phonebook.COMMANDS,
    **messages.COMMANDS,
}

__all__ = ["COMMANDS", "Command"]
