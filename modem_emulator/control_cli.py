"""`modem-emulator ctl` and `modem-emulator panel`: at the terminal, from a running emulator's control socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import click

from console import CannotStart
from modem_emulator import faults
from modem_emulator.control_client import Connection, NoEmulator, NotDone, Table, connected
from modem_emulator.control_path import SOCKET_NAME
from modem_emulator.records import InvalidRecord

# Where `serve --link-dir run`, the example of its help, puts it.
DEFAULT_PATH = Path("run") / SOCKET_NAME
# Exit status when the emulator has refused; 2 is for a wrong command line, and for no emulator.
REFUSED = 1

Work = Callable[[Connection], Coroutine[Any, Any, None]]

control_option = click.option(
    "--control",
    "path",
    type=click.Path(path_type=Path),
    default=DEFAULT_PATH,
    show_default=True,
    envvar="MODEM_EMULATOR_CONTROL",
    show_envvar=True,
    help="The emulator's control socket, or the --link-dir that holds it.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON as the socket gives it.")


@click.group(name="ctl")
@control_option
@click.pass_context
def ctl(ctx: click.Context, path: Path) -> None:
    """Look at a running emulator, and make things go wrong.

    Exit status: 0 done, 1 refused by the emulator, 2 no emulator there or a wrong command line.

    \b
    Example:
      modem-emulator ctl --control run status
    """
    ctx.obj = path


def _run(path: Path, work: Work) -> None:
    async def connect() -> None:
        async with connected(path) as connection:
            await work(connection)

    try:
        asyncio.run(connect())
    except NoEmulator as error:
        raise CannotStart(str(error)) from error
    except NotDone as error:
        click.echo(f"modem-emulator ctl: {error}", err=True)
        raise SystemExit(REFUSED) from error
    except KeyboardInterrupt:
        raise SystemExit(0) from None


def _print(reply: Table, as_json: bool, lines: Sequence[str]) -> None:
    if as_json:
        click.echo(json.dumps({key: value for key, value in reply.items() if key != "ok"}))
    else:
        for line in lines:
            click.echo(line)


@ctl.command()
@_json_option
@click.pass_obj
def status(path: Path, as_json: bool) -> None:
    """Show each modem and the network.

    \b
    Example:
      modem-emulator ctl status --json
    """

    async def work(connection: Connection) -> None:
        reply = await connection.ask("status")
        _print(reply, as_json, [*map(modem_line, reply["modems"]), *network_lines(reply["network"])])

    _run(path, work)


def modem_line(modem: Table) -> str:
    """One modem's state in a line."""
    storages = " ".join(f"{one['name']} {one['used']}/{one['size']}" for one in modem["storages"])
    signal = "no signal" if modem["signal"] == 99 else f"signal {modem['signal']}"
    state = ("registered" if modem["registered"] else "not registered") if modem["powered"] else "unplugged"
    return (
        f"{modem['name']}  {modem['msisdn']}  IMSI {modem['imsi']}  {modem['profile']}  {state}  {signal}"
        f"  SIM {modem['sim']}  {storages}  {modem['port']} {'open' if modem['open'] else 'free'}"
    )


def network_lines(network: Table) -> list[str]:
    """The network's state in lines."""
    if "joined" in network:
        return [f"network  that of another process, {'joined' if network['joined'] else 'not joined yet'}"]
    counters = ", ".join(f"{count} {name}" for name, count in network["counters"].items())
    esmes = [f"ESME {esme['number']}: {'bound' if esme['bound'] else 'not bound'}" for esme in network["esmes"]]
    return [f"network  {network['queued']} queued, {counters}", *esmes]


@ctl.command(name="faults")
@_json_option
@click.pass_obj
def list_faults(path: Path, as_json: bool) -> None:
    """List what can be made to go wrong, with the keys of each fault and their defaults.

    \b
    Example:
      modem-emulator ctl faults
    """

    async def work(connection: Connection) -> None:
        reply = await connection.ask("faults")
        lines = []
        for fault in reply["faults"]:
            keys = " ".join(f"{key}={'…' if value is None else value}" for key, value in fault["keys"].items())
            lines += [f"{fault['name']}  {keys}".rstrip(), f"    {fault['does']}"]
        _print(reply, as_json, lines)

    _run(path, work)


@ctl.command()
@click.argument("modem")
@click.argument("fault_name", metavar="FAULT")
@click.argument("keys", nargs=-1, metavar="[KEY=VALUE]...")
@_json_option
@click.pass_obj
def fault(path: Path, modem: str, fault_name: str, keys: Sequence[str], as_json: bool) -> None:
    """Make FAULT happen to MODEM (modem0, a number, or all), at once or when keys say so.

    at_s=SECONDS waits; on=+CMGS nth=2 lets it happen at the second +CMGS from now (on=* is any command), and
    entered=true after its text was entered.

    \b
    Examples:
      modem-emulator ctl fault modem0 drop-signal for_s=10
      modem-emulator ctl fault modem0 reboot on=+CMGS entered=true
      modem-emulator ctl fault all garbage octets=40
    """
    words: dict[str, str] = {}
    for word in keys:
        key, equals, value = word.partition("=")
        if not equals or key in words:
            raise click.UsageError(f"{word!r}: keys are given as key=value, each once")
        words[key] = value
    try:
        step = {**faults.typed(fault_name, words), "do": fault_name, "modem": "" if modem == "all" else modem}
    except InvalidRecord as error:
        raise click.UsageError(str(error)) from error

    async def work(connection: Connection) -> None:
        reply = await connection.ask("fault", step=step)
        waits = "at_s" in step or "on" in step or faults.waits_for_a_command(fault_name)
        _print(reply, as_json, [f"{fault_name} {'waits for its moment' if waits else 'has happened'}"])

    _run(path, work)


@ctl.command()
@click.argument("sender", metavar="FROM")
@click.argument("to", metavar="TO")
@click.argument("text")
@click.option("--flash", is_flag=True, help="Class 0: to be shown at once and not stored.")
@click.option("--report", is_flag=True, help="Ask for a delivery report; `ctl messages` shows it.")
@_json_option
@click.pass_obj
def send(path: Path, sender: str, to: str, text: str, flash: bool, report: bool, as_json: bool) -> None:
    """Send TEXT FROM any number, or a name of up to 11 characters, TO a modem (modem0) or a number.

    \b
    Example:
      modem-emulator ctl send YINXIN modem0 "Your code is 1234" --report
    """

    async def work(connection: Connection) -> None:
        reply = await connection.ask("send", sender=sender, to=to, text=text, flash=flash, report=report)
        parts = f" in {reply['parts']} parts" if reply["parts"] > 1 else ""
        _print(reply, as_json, [f"accepted as message {reply['message']}{parts}"])

    _run(path, work)


@ctl.command()
@_json_option
@click.pass_obj
def messages(path: Path, as_json: bool) -> None:
    """Show what is in the network's queue, and its last 200 events.

    \b
    Example:
      modem-emulator ctl messages
    """

    async def work(connection: Connection) -> None:
        reply = await connection.ask("messages")
        lines = [f"{reply['queued']} queued", *(f"  {message_line(one)}" for one in reply["queue"])]
        _print(reply, as_json, [*lines, "last events", *(f"  {event_line(one)}" for one in reply["events"])])

    _run(path, work)


def message_line(message: Table) -> str:
    """One message or report in a line."""
    number = f"#{message['message']} " if "message" in message else ""
    what = f"report about #{message['reports']}" if "reports" in message else printable(message.get("text", ""))
    return f"{number}{printable(message['from'])} > {printable(message['to'])}  {what}".rstrip()


def event_line(event: Table) -> str:
    """One event of the network in a line."""
    moment = time.strftime("%H:%M:%S", time.localtime(event["at_s"]))
    reason = f"  ({event['reason']})" if "reason" in event else ""
    return f"{moment} {event['what']:9} {message_line(event)}{reason}"


def traffic_line(event: Table) -> str:
    """One line of traffic: > from the client to the modem, < from the modem."""
    match event["event"]:
        case "at":
            return f"{event['modem']} {'>' if event['dir'] == 'tx' else '<'} {printable(event['text'])}"
        case "missed":
            return f"… {event['count']} lines were missed …"
        case _:
            return f"network {event_line(event)}"


def printable(text: str) -> str:
    """Text in one line that does nothing to a terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


@ctl.command()
@click.argument("modem", default="")
@_json_option
@click.pass_obj
def traffic(path: Path, modem: str, as_json: bool) -> None:
    """Follow what is said on all modems' ports and in the network, or at MODEM alone, until Ctrl-C.

    PINs, PUKs and passwords are masked.

    \b
    Example:
      modem-emulator ctl traffic modem0
    """

    async def work(connection: Connection) -> None:
        await connection.ask("follow", modem=modem)
        events: AsyncIterator[Table] = connection.events()
        async for event in events:
            click.echo(json.dumps(event) if as_json else traffic_line(event))

    _run(path, work)


@click.command()
@control_option
def panel(path: Path) -> None:
    """Show a running emulator on one screen, with keys that make things go wrong.

    \b
    Example:
      modem-emulator panel --control run
    """
    try:
        from modem_emulator.panel.app import Panel
    except ImportError as error:
        raise CannotStart("the panel needs textual; install yinxin[emulator]") from error
    Panel(path).run()
