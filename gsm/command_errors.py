"""Refused commands as exceptions: the library's own, without the command's values, and ours."""

from collections.abc import Callable

from gsmmodem.exceptions import CmeError, CmsError, CommandError

from gsm.answers import Command
from gsm.errors import ModemError, SimBusy
from gsm.final_results import Refusal, refusal_of, sim_error


def name_of(line: str) -> str:
    """What may be logged of a command: its name, and whether it sets or asks."""
    command = Command.of(line)
    return f"AT{command.name}{'?' if command.asks else '=' if '=' in line else ''}"


def raise_for(name: str, final: str) -> None:
    """Raise what the library raises for an error result, without the command's values; nothing for OK."""
    refusal = refusal_of(final)
    if refusal is None:
        return
    if refusal.code is None:
        raise CommandError(name)
    raise (CmeError if refusal.family == "CME" else CmsError)(name, refusal.code)


def refusal_in(error: CommandError) -> Refusal:
    """The refusal for which an error was raised."""
    return Refusal(error.type or "", error.code)


def in_our_words(error: CommandError, is_busy: Callable[[Refusal], bool]) -> ModemError:
    """What a refused command means to whoever set the modem up; `is_busy` knows what this modem means by busy."""
    if is_busy(refusal_in(error)):
        return SimBusy()
    found = sim_error(error.code) if isinstance(error, CmeError) else None
    code = "" if error.code is None else f" ({error.type} {error.code})"
    return found or ModemError(f"The modem refused {error.command or 'a command'}{code}. Update or change it.")
