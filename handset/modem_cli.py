"""`handset modem`: which modems are there, and what is wrong with one. What a command needs is loaded when it runs."""

from dataclasses import replace

import click

from console import CannotStart
from handset.named_port import port_option, refuse_unfit
from handset.settings import Settings
from handset.transcript_cli import TRANSCRIPT_COMMANDS


@click.group("modem")
def modem() -> None:
    """Find the modem, see what is wrong with it, replay what another one said.

    \b
    Example:
      handset modem list
    """


for command in TRANSCRIPT_COMMANDS:
    modem.add_command(command)


@modem.command("list")
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def list_ports(ctx: click.Context, port: str | None, as_json: bool) -> None:
    """List serial ports: what is behind each, and what it answered to AT.

    Ports that are known to be for something else, or that another program uses, are not asked. With --port
    only that port is listed and asked.

    \b
    Examples:
      handset modem list
      handset modem list --port /dev/ttyUSB2
      handset --baud 9600 modem list --json

    Exit status: 0 a modem answers, 1 none does, 2 cannot run.
    """
    from handset.modem_ports import list_all

    settings = _settings(ctx, port)
    refuse_unfit(settings, settings.port)
    ctx.exit(0 if list_all(settings, as_json) else 1)


@modem.command()
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--test-sms", is_flag=True, help="Agree beforehand to one SMS from this SIM to itself.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(1),
    default=90,
    show_default=True,
    help="Seconds for that SMS to come back.",
)
@click.pass_context
def doctor(ctx: click.Context, port: str | None, as_json: bool, test_sms: bool, wait_s: float) -> None:
    """Look at all that may keep the modem from working, and say for each what mends it.

    Nothing is changed and no PIN is sent. One SMS to itself is sent only if you agree, here or when asked.

    \b
    Examples:
      handset modem doctor
      handset --port /dev/ttyUSB2 --number 8613900000001 modem doctor --test-sms
      handset modem doctor --json

    Exit status: 0 all is well, 1 something is to be mended, 2 cannot run or broken off.
    """
    from handset.modem_doctor import examine_modem
    from handset.modem_texts import ModemText

    settings = _settings(ctx, port)
    try:
        ctx.exit(0 if examine_modem(settings, as_json, test_sms, wait_s) else 1)
    except (KeyboardInterrupt, click.Abort):
        raise CannotStart(ModemText.BROKEN_OFF.say(settings.language)) from None


def _settings(ctx: click.Context, port: str | None) -> Settings:
    found = ctx.find_object(Settings)
    assert found is not None, "the group made it"
    if found.demo:
        raise click.UsageError("--demo has a modem of its own, with nothing to find or to mend", ctx)
    return replace(found, port=port or found.port)
