"""One TOML file for each command; options override it, and an unknown key is refused by name."""

import tomllib
from pathlib import Path
from typing import Any

import click

from console.life import CannotStart
from console.printable import printable


class Program(click.Group):
    """A command group with `--config FILE`.

    Keys at the top of the file are the group's own options (`state = "/var/lib/bank"`); a table is a
    subcommand's (`[serve]`). Dashes and underscores are the same in a key. `CannotStart`, raised
    anywhere below, ends the command with one line on standard error and status 2.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])
        self.params.insert(
            0,
            click.Option(
                ["--config"],
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                is_eager=True,
                expose_value=False,
                callback=_load,
                help="TOML file with the options below; tables are named after subcommands.",
            ),
        )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CannotStart as error:
            click.echo(f"{ctx.find_root().info_name}: {printable(str(error))}", err=True)
            ctx.exit(2)


def _load(ctx: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path}: not TOML: {error}", ctx) from error
    ctx.default_map = _checked(ctx.command, document, where=str(path), ctx=ctx)


def _checked(command: click.Command, document: dict[str, Any], where: str, ctx: click.Context) -> dict[str, Any]:
    """Return `document` by parameter names; raise UsageError naming a key that nothing takes.

    A key is the name of a long option: `amount` for `--amount`, whatever the program calls it inside.
    """
    options = {
        option.removeprefix("--"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name != "config"
        for option in parameter.opts
        if option.startswith("--") and parameter.name is not None
    }
    subcommands = command.commands if isinstance(command, click.Group) else {}
    checked: dict[str, Any] = {}
    for key, value in document.items():
        option = key.replace("_", "-")
        if isinstance(value, dict) and key in subcommands:
            checked[key] = _checked(subcommands[key], value, where=f"{where} [{key}]", ctx=ctx)
        elif option in options and not isinstance(value, dict):
            parameter = options[option]
            _refuse_other_type(parameter, value, f"{where}: {key}", ctx)
            checked[str(parameter.name)] = value
        else:
            known = ", ".join(sorted({*options, *subcommands}))
            raise click.UsageError(f"{where}: unknown key {key!r}; known here: {known}", ctx)
    return checked


def _refuse_other_type(option: click.Option, value: Any, place: str, ctx: click.Context) -> None:
    """What no option at a terminal could be; the rest is the option's type to refuse."""
    if option.multiple and not isinstance(value, list):
        raise click.UsageError(f"{place} must be a list, for it may be given several times", ctx)
    if isinstance(value, bool) and not option.is_flag:
        raise click.UsageError(f"{place} must be a value of the option, not true or false", ctx)
