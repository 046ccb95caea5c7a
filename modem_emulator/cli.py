"""The `modem-emulator` command."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from console import CannotStart, Program, announce_ready, logging_options, run_until_stopped
from gsm.alphabet import is_gsm7
from gsm.pdu import NAME_CHARACTERS_MAX
from modem_emulator import profiles, scenarios
from modem_emulator.commands import listing
from modem_emulator.control_cli import ctl, panel
from modem_emulator.control_path import SOCKET_NAME
from modem_emulator.control_server import ControlTaken
from modem_emulator.emulator import Phone
from modem_emulator.link_server import HOST, ListenerTaken
from modem_emulator.mishaps import Faults
from modem_emulator.numbers import SHORT_NUMBER_DIGITS_MAX, InvalidNumber, canonical, national_form
from modem_emulator.profile import InvalidProfile
from modem_emulator.ptys import LinksTaken
from modem_emulator.scenario import InvalidScenario, Scenario
from modem_emulator.server import Broken, JoinRefused, serving
from modem_emulator.sim import MESSAGE_SLOTS, PUK
from modem_emulator.smsc import PortTaken
from modem_emulator.sqlite_store import SqliteStore, StateLocked, StateUnusable
from modem_emulator.store import MemoryStore, Store

# A real SIM has at most 254 (one octet numbers the records of EF SMS, TS 51.011 clause 9.3); a test that shall not fill
# one up may want more.
MESSAGE_SLOTS_MAX = 999
_PHONE_KEYS = ("imsi", "msisdn", "pin", "puk", "imei", "slots", "profile", "tcp")
# What a C-octet string of SMPP 3.4 section 4.1.1 holds for system_id, without its end.
_SYSTEM_ID_CHARACTERS_MAX = 15


@dataclass(frozen=True, slots=True)
class Esme:
    """A short number, the system id that has it, and names that it may show in place of the number."""

    number: str
    system_id: str
    names: tuple[str, ...] = ()


class PhoneOption(click.ParamType[Phone]):
    """`imsi=460001234567890,msisdn=8613900000001[,pin=1234][,puk=12345678][,imei=...][,slots=50][,profile=sim800l][,tcp=5000]`."""

    name = "phone"

    def convert(self, value: str | Phone, param: click.Parameter | None, ctx: click.Context | None) -> Phone:
        if isinstance(value, Phone):
            return value
        value = str(value)  # a configuration file may have a number
        if not value.strip():
            self.fail("a phone is given as imsi=DIGITS,msisdn=NUMBER", param, ctx)
        listed = [part.strip().partition("=")[::2] for part in value.split(",")]
        pairs = dict(listed)
        unknown = [key for key in pairs if key not in _PHONE_KEYS]
        if unknown:
            self.fail(f"unknown key {unknown[0]!r}; known: {', '.join(_PHONE_KEYS)}", param, ctx)
        keys = [key for key, _ in listed]
        twice = [key for key in pairs if keys.count(key) > 1]
        if twice:
            self.fail(f"{twice[0]} is given twice", param, ctx)
        self._check_digits(pairs, "imsi", range(15, 16), param, ctx)
        self._check_digits(pairs, "imei", range(15, 16), param, ctx, optional=True)
        self._check_digits(pairs, "pin", range(4, 9), param, ctx, optional=True)
        self._check_digits(pairs, "puk", range(8, 9), param, ctx, optional=True)
        self._check_range(pairs, "slots", range(1, MESSAGE_SLOTS_MAX + 1), param, ctx)
        self._check_range(pairs, "tcp", range(65_536), param, ctx)
        try:
            profile = profiles.load(pairs.get("profile", "generic"))
        except InvalidProfile as error:
            self.fail(f"profile: {error}", param, ctx)
        try:
            msisdn = canonical(pairs.get("msisdn", ""))
        except InvalidNumber as error:
            self.fail(f"msisdn: {error}", param, ctx)
        return Phone(
            imsi=pairs["imsi"],
            msisdn=msisdn,
            pin=pairs.get("pin"),
            puk=pairs.get("puk", PUK),
            slots=int(pairs.get("slots", MESSAGE_SLOTS)),
            imei=pairs.get("imei"),
            profile=profile,
            tcp=int(pairs["tcp"]) if "tcp" in pairs else None,
        )

    def _check_digits(
        self,
        pairs: dict[str, str],
        key: str,
        lengths: range,
        param: click.Parameter | None,
        ctx: click.Context | None,
        optional: bool = False,
    ) -> None:
        """Fail without showing the value, which may be a PIN."""
        value = pairs.get(key)
        if value is None and optional:
            return
        if value is None or not (value.isascii() and value.isdigit() and len(value) in lengths):
            wanted = " to ".join(str(n) for n in sorted({lengths.start, lengths.stop - 1}))
            self.fail(f"{key} must have {wanted} digits", param, ctx)

    def _check_range(
        self,
        pairs: dict[str, str],
        key: str,
        allowed: range,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> None:
        value = pairs.get(key)
        if value is not None and not (value.isascii() and value.isdigit() and int(value[:6]) in allowed):
            self.fail(f"{key} must be {allowed.start} to {allowed.stop - 1}", param, ctx)


class EsmeOption(click.ParamType[Esme]):
    """`95533=operator[,names=YINXIN:BANK]`: short number, the system id that has it, names it may show instead."""

    name = "esme"

    def convert(self, value: str | Esme, param: click.Parameter | None, ctx: click.Context | None) -> Esme:
        if not isinstance(value, str):
            return value
        first, *rest = value.split(",")
        number, equals, system_id = first.partition("=")
        if not equals:
            self.fail(f"an ESME is given as NUMBER=SYSTEM_ID, such as 95533=operator, not {first!r}", param, ctx)
        if not number.isdigit() or len(number) > SHORT_NUMBER_DIGITS_MAX:
            self.fail(f"a short number has 1 to {SHORT_NUMBER_DIGITS_MAX} digits", param, ctx)
        if not 1 <= len(system_id) <= _SYSTEM_ID_CHARACTERS_MAX:
            self.fail(f"a system id has 1 to {_SYSTEM_ID_CHARACTERS_MAX} characters", param, ctx)
        key, _, listed = rest[0].partition("=") if rest else ("names", "", "")
        if key != "names" or len(rest) > 1:
            self.fail(f"unknown key {key!r}; known: names", param, ctx)
        names = tuple(name for name in listed.split(":") if name)
        for name in names:
            if len(name) > NAME_CHARACTERS_MAX or not is_gsm7(name) or name.isdigit():
                self.fail(f"a name has at most {NAME_CHARACTERS_MAX} GSM characters, and no digits only", param, ctx)
        return Esme(number, system_id, names)


class JoinOption(click.ParamType[int]):
    """`[HOST:]PORT` of the process to join, on loopback: the connection is not encrypted."""

    name = "join"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        host, _, port = str(value).rpartition(":")
        if host not in ("", "localhost", HOST):
            self.fail(f"only processes on {HOST} can be joined; use a tunnel for others", param, ctx)
        if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
            self.fail(f"{port!r} is no port", param, ctx)
        return int(port)


class ScenarioOption(click.ParamType[Scenario]):
    """A scenario by its name or path."""

    name = "scenario"

    def convert(self, value: str | Scenario, param: click.Parameter | None, ctx: click.Context | None) -> Scenario:
        if isinstance(value, Scenario):
            return value
        try:
            return scenarios.load(value)
        except InvalidScenario as error:
            self.fail(str(error), param, ctx)


@click.group(cls=Program)
def main() -> None:
    """GSM modems on ptys, joined by one SMS network.

    \b
    Examples:
      modem-emulator serve --phone imsi=460001234567890,msisdn=8613900000001 --link-dir run
      modem-emulator ctl --control run/control status
    """


main.add_command(ctl)
main.add_command(panel)


class Finite(click.FloatRange):
    """A number within a range; `nan` and `inf` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no number that can be", param, ctx)
        return number


_RATE = Finite(0.0, 1.0)
_SECONDS = Finite(0.0)


@main.command()
@click.option(
    "--phone",
    type=PhoneOption(),
    multiple=True,
    help="imsi=DIGITS,msisdn=NUMBER[,pin=,puk=,imei=,slots=,profile=,tcp=PORT]; repeatable.",
)
@click.option("--esme", type=EsmeOption(), multiple=True, help="NUMBER=SYSTEM_ID[,names=NAME:NAME]; repeatable.")
@click.option("--smpp-port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--listen", type=click.IntRange(0, 65535), help="Let other processes join by this port; 0: a free one.")
@click.option("--join", type=JoinOption(), help="[HOST:]PORT of the process whose network these modems use.")
@click.option("--link-dir", type=click.Path(file_okay=False, path_type=Path), help="Links modem0, modem1 … here.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Keep queue and SIMs here.")
@click.option(
    "--control",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Socket for ctl and panel.  [default: control in --link-dir]",
)
@click.option("--scenario", type=ScenarioOption(), help="What goes wrong: a file's path (*.toml) or a bundled name.")
@click.option("--lose", type=_RATE, help="Share of messages that never arrive.")
@click.option("--double", type=_RATE, help="Share of messages that arrive twice.")
@click.option("--reorder", type=_RATE, help="Share of messages that later ones overtake.")
@click.option("--delay-s", type=_SECONDS, help="Seconds that every message takes.")
@click.option("--slow-cmgs-s", "slow_answer_s", type=_SECONDS, help="Seconds until +CMGS answers.")
@click.option("--seed", type=int, help="Makes the faults repeatable.")
@logging_options
def serve(
    phone: Sequence[Phone],
    esme: Sequence[Esme],
    smpp_port: int,
    listen: int | None,
    join: int | None,
    link_dir: Path | None,
    state: Path | None,
    control: Path | None,
    scenario: Scenario | None,
    seed: int | None,
    **rates: float | None,
) -> None:
    """Run modems until SIGTERM or Ctrl-C.

    Prints one JSON line with the SMPP port and each modem's path when it is ready. Options take the place of what a
    scenario says.

    \b
    Example:
      modem-emulator serve \\
        --phone imsi=460001234567890,msisdn=8613900000001,pin=1234 \\
        --phone imsi=460001234567891,msisdn=8613900000002 \\
        --esme 95533=operator --link-dir run --state run/network
    """
    _refuse_doubles("msisdn", [one.msisdn for one in phone])
    _refuse_national_double([one.msisdn for one in phone])
    _refuse_doubles("imsi", [one.imsi for one in phone])
    _refuse_doubles("short number", [one.number for one in esme])
    _refuse_doubles("name", [name for one in esme for name in one.names])
    if not phone and listen is None:
        raise click.UsageError("give at least one --phone, or --listen for those of others")
    if control is None and link_dir is not None:
        control = link_dir / SOCKET_NAME
    scenario = scenario or Scenario()
    given = {name: rate for name, rate in rates.items() if rate is not None}
    scenario = replace(
        scenario,
        seed=scenario.seed if seed is None else seed,
        messages=replace(scenario.messages, **given),
    )
    if join is not None:
        _refuse_with_join(listen, esme, scenario)
    with ExitStack() as stack:
        store = _open_store(state)
        stack.callback(store.close)
        ports = {"smpp_port": smpp_port, "listen": listen, "join": join, "control": control}
        run_until_stopped(_serve(phone, esme, store, link_dir, scenario, ports))


@main.group("profiles", invoke_without_command=True)
@click.pass_context
def show_profiles(context: click.Context) -> None:
    """List the makes of modem that there are.

    \b
    Example:
      modem-emulator profiles
      modem-emulator profiles show sim800l > my-modem.toml
    """
    if context.invoked_subcommand is None:
        for name in profiles.names():
            click.echo(f"{name:<16}{profiles.load(name).description}")


@show_profiles.command("show")
@click.argument("name")
def show_profile(name: str) -> None:
    """Print a profile as it is written, with the sources of what it says.

    \b
    Example:
      modem-emulator profiles show quectel-ec25
    """
    try:
        click.echo(profiles.text(name), nl=False)
    except InvalidProfile as error:
        raise click.UsageError(str(error)) from error


@main.command("commands")
@click.option("--profile", "name", default="generic", help="A make of modem, or a profile's file.")
def show_commands(name: str) -> None:
    """List the commands that a make of modem has, with their forms and the clauses that define them.

    \b
    Example:
      modem-emulator commands --profile sim800l
    """
    try:
        for line in listing.lines(profiles.load(name)):
            click.echo(line)
    except InvalidProfile as error:
        raise click.UsageError(str(error)) from error


async def _serve(
    phones: Sequence[Phone],
    esmes: Sequence[Esme],
    store: Store,
    link_dir: Path | None,
    scenario: Scenario,
    ports: dict[str, Any],
) -> None:
    numbers = {esme.number: esme.system_id for esme in esmes}
    names = {name: esme.number for esme in esmes for name in esme.names}
    try:
        async with serving(
            phones, numbers, store, names=names, link_dir=link_dir, scenario=scenario, **ports
        ) as server:
            found = {"smpp_port": server.smpp_port, "link_port": server.link_port}
            announce_ready(
                **{name: port for name, port in found.items() if port is not None},
                modems=[
                    {"port": port, "imsi": phone.imsi, "msisdn": phone.msisdn.removeprefix("+")}
                    for port, phone in zip(server.ports, phones, strict=True)
                ],
            )
            await server.broken()
    except PortTaken as error:
        raise CannotStart(f"{error}; choose another --smpp-port") from error
    except ListenerTaken as error:
        raise CannotStart(f"{error}; choose another --listen") from error
    except JoinRefused as error:
        raise CannotStart(f"the network cannot be joined: {error}") from error
    except (InvalidScenario, ControlTaken, LinksTaken) as error:
        raise CannotStart(str(error)) from error
    except Broken as error:
        raise CannotStart(f"{error}; see the log") from error
    except OSError as error:
        raise CannotStart(f"cannot make the modems' ports: {error}") from error


def _open_store(state: Path | None) -> Store:
    if state is None:
        return MemoryStore()
    try:
        return SqliteStore(state)
    except (StateLocked, StateUnusable) as error:
        raise CannotStart(str(error)) from error


def _refuse_with_join(listen: int | None, esmes: Sequence[Esme], scenario: Scenario) -> None:
    if listen is not None:
        raise click.UsageError("a process joins another or is joined, not both: --join or --listen")
    if esmes:
        raise click.UsageError("ESMEs belong to the process that is joined: give --esme there")
    if scenario.messages != Faults():
        raise click.UsageError("what befalls messages belongs to the process that is joined: give it there")


def _refuse_doubles(what: str, values: Sequence[str]) -> None:
    doubles = {value for value in values if values.count(value) > 1}
    if doubles:
        raise click.UsageError(f"{what} {min(doubles)} is given twice")


def _refuse_national_double(msisdns: Sequence[str]) -> None:
    national = national_form(msisdns)
    if national is not None:
        raise click.UsageError(f"msisdn {national.removeprefix('+')} is the national form of another phone's number")
