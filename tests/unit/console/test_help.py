"""Every command of the four programs shows how it is used."""

from collections.abc import Iterator

import click
import pytest

import bank_server.cli
import handset.cli
import modem_emulator.cli
import operator_platform.cli

PROGRAMS = {
    "handset": handset.cli.main,
    "operator-platform": operator_platform.cli.main,
    "bank-server": bank_server.cli.main,
    "modem-emulator": modem_emulator.cli.main,
}


def commands_of(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands_of(inner, f"{path} {name}")


COMMANDS = dict(entry for name, main in PROGRAMS.items() for entry in commands_of(main, name))


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_has_an_example_that_names_the_program(path: str) -> None:
    shown = COMMANDS[path].help or ""
    assert "Example" in shown
    assert path.split()[0] in shown[shown.index("Example") :]
