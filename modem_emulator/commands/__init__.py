"""The commands that the modem knows: name to handlers, by topic. A new command is a new entry in a table."""

from modem_emulator.commands import (
    basic,
    calls,
    general,
    messages,
    packet,
    phonebook,
    registration,
    security,
    sim_access,
    storages,
)
from modem_emulator.commands.table import Command

COMMANDS: dict[str, Command] = {
    **basic.COMMANDS,
    **general.COMMANDS,
    **security.COMMANDS,
    **sim_access.COMMANDS,
    **registration.COMMANDS,
    **packet.COMMANDS,
    **phonebook.COMMANDS,
    **calls.COMMANDS,
    **messages.COMMANDS,
    **storages.COMMANDS,
}

__all__ = ["COMMANDS", "Command"]
