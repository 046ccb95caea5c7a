"""The list of commands, as the command prints it."""

import pytest
from click.testing import CliRunner

from modem_emulator.cli import main
from modem_emulator.commands import COMMANDS


def test_every_command_stands_there_with_its_forms_and_its_clause() -> None:
    shown = CliRunner().invoke(main, ["commands"]).output.splitlines()
    assert {line.split()[0].removeprefix("AT") for line in shown} == set(COMMANDS)
    [storages] = [line for line in shown if line.startswith("AT+CPMS ")]
    assert storages.split() == ["AT+CPMS", "?", "=", "=?", "storages", "TS", "27.005", "3.2.2"]


def test_a_make_without_a_command_does_not_list_it() -> None:
    shown = CliRunner().invoke(main, ["commands", "--profile", "nokia"]).output
    assert "AT+CNMI" not in shown
    assert "AT+CMGS" in shown


def test_an_unknown_make_is_told_by_name() -> None:
    result = CliRunner().invoke(main, ["commands", "--profile", "nobody"])
    assert result.exit_code == 2
    assert "nobody" in result.output


@pytest.mark.parametrize("profile", ["sim800l", "huawei-e173"])
def test_commands_of_the_make_itself_are_listed(profile: str) -> None:
    assert "of the make's own" in CliRunner().invoke(main, ["commands", "--profile", profile]).output
