"""The command `operator-platform`: setting a platform up, its register of SIMs, its keys, running it."""

import json
import logging
import os
import re
import ssl
from pathlib import Path
from typing import Any, Literal

import click

from console import CannotStart, Program, announce_ready, logging_options, run_until_stopped
from console.tls import mutual_context
from operator_platform.errors import OperatorError
from operator_platform.key_files import read_private
from operator_platform.policy import Policy
from operator_platform.server import OperatorServer
from operator_platform.session import OperatorSession
from operator_platform.smpp_bearer import SmppBearer
from operator_platform.sqlite_store import SqliteStore
from operator_platform.state import StateFolder
from wire.digits import checked_imsi, checked_msisdn
from wire.errors import WireError
from wire.identity import Identity
from wire.keys import key_check_value
from wire.secret import Secret

PASSWORD_VARIABLE = "OPERATOR_SMPP_PASSWORD"  # noqa: S105  # its name, not a password
_PASSWORD_CHARACTERS_MAX = 8  # SMPP 3.4 clause 5.2.2: nine octets with the final zero
# While it waits for a locked store, a serving platform hears neither its connections nor SIGTERM.
_SERVING_LOCK_WAIT_S = 0.1
_DEFAULTS = Policy()
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_log = logging.getLogger("operator_platform")


class OperatorProgram(Program):
    """A command group whose errors are one sentence that says what to do."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperatorError, WireError) as error:
            click.echo(f"{ctx.find_root().info_name}: {error}", err=True)
            ctx.exit(2)


def _address(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{value!r} is not HOST:PORT, such as 127.0.0.1:8583")
    return host.strip("[]"), int(port)


@click.group(cls=OperatorProgram, name="operator-platform")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("operator-state"),
    show_default=True,
    help="The platform's folder: store and keys.",
)
@logging_options
@click.pass_context
def main(context: click.Context, state: Path) -> None:
    """The operator: takes requests from handsets by SMS, and brings them to the bank under a key for each transaction.

    \b
    Example, from nothing to a platform that serves:
      operator-platform init --operator 46000 --node 1 --static-key static.key
      operator-platform subscriber add --imsi 460001234567890 --msisdn 8613800000001
      operator-platform serve --bank 127.0.0.1:8583 --smpp 127.0.0.1:2775
    """
    context.obj = StateFolder(state)


@main.command()
@click.option("--operator", required=True, help="This operator's id at the bank (DE32), 1 to 11 digits.")
@click.option("--node", type=click.IntRange(0, 65535), required=True, help="This platform's number in its serials.")
@click.option(
    "--static-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The file that `bank-server operator add` made, mode 0600. It is copied; erase it afterwards.",
)
@click.pass_obj
def init(state: StateFolder, operator: str, node: int, static_key: Path) -> None:
    """Make the state of a platform and take in the static key.

    \b
    Example:
      operator-platform --state operator init --operator 46000 --node 1 --static-key static.key
    """
    if not re.fullmatch(r"[0-9]{1,11}", operator):
        raise click.BadParameter("needs 1 to 11 digits", param_hint="--operator")
    state.create(operator, node, static_key)
    click.echo(f"operator {operator}, node {node}, static key {key_check_value(state.keys.load().static)}")
    click.echo("Compare the check value with the bank's. Seeds and control key come over the first connection.")


@main.group()
def subscriber() -> None:
    """The operator's own register of SIMs: which IMSI has which number.

    \b
    Examples:
      operator-platform --state operator subscriber add --imsi 460001234567890 --msisdn 8613900000001
      operator-platform --state operator subscriber list
    """


@subscriber.command("add")
@click.option("--imsi", required=True, help="IMSI, 6 to 15 digits.")
@click.option("--msisdn", required=True, help="Number with country code, 5 to 15 digits.")
@click.option("--replace", is_flag=True, help="The number has another IMSI from now on (a new SIM).")
@click.pass_obj
def subscriber_add(state: StateFolder, imsi: str, msisdn: str, replace: bool) -> None:
    """Add a SIM; a platform that serves sees it at once.

    \b
    Example:
      operator-platform subscriber add --imsi 460001234567890 --msisdn 8613800000001
    """
    identity = Identity(checked_imsi(imsi), checked_msisdn(msisdn))
    with state.store() as store, store.transaction():
        known = store.subscriber(identity.msisdn)
        if known not in (None, identity) and not replace:
            raise click.ClickException(
                f"{identity.msisdn} has IMSI {known.imsi if known else ''}; --replace changes it"
            )
        store.put_subscriber(identity)
    click.echo(f"{identity.msisdn} has IMSI {identity.imsi}")


@subscriber.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def subscriber_list(state: StateFolder, as_json: bool) -> None:
    """List all SIMs.

    \b
    Example:
      operator-platform subscriber list --json
    """
    with state.store() as store:
        known = store.subscribers()
    if as_json:
        click.echo(json.dumps([{"msisdn": identity.msisdn, "imsi": identity.imsi} for identity in known], indent=2))
        return
    for identity in known:
        click.echo(f"{identity.msisdn:15}  {identity.imsi}")


@main.group()
def keys() -> None:
    """The keys that this platform shares with the bank.

    \b
    Example:
      operator-platform --state operator keys show
    """


@keys.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def keys_show(state: StateFolder, as_json: bool) -> None:
    """Show generation, epochs, check values and the serials of requests that are unanswered; never a key.

    \b
    Example:
      operator-platform keys show
    """
    with state.store() as store:
        shown = _shown_keys(state, store)
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for name, value in shown.items():
        text = ", ".join(str(part) for part in value) if isinstance(value, list) else value
        click.echo(f"{name.replace('_', ' '):26} {'none' if text in (None, '') else text}")


def _shown_keys(state: StateFolder, store: SqliteStore) -> dict[str, Any]:
    held = state.keys.load()
    seeds, control = held.seeds, held.control
    platform = store.platform()
    return {
        "operator": platform[0] if platform else None,
        "node": platform[1] if platform else None,
        "static_key_check_value": key_check_value(held.static),
        "generation": seeds.generation if seeds else None,
        "seed_1_check_value": key_check_value(seeds.seed1) if seeds else None,
        "seed_2_check_value": key_check_value(seeds.seed2) if seeds else None,
        "previous_generation": held.previous_seeds.generation if held.previous_seeds else None,
        "epoch": control.epoch if control else None,
        "control_key_check_value": key_check_value(control.c) if control else None,
        "previous_epoch": held.previous_control.epoch if held.previous_control else None,
        "serials_in_use": store.serials_in_use(),
    }


@main.command()
@click.option(
    "--bank",
    callback=_address,
    metavar="HOST:PORT",
    default="127.0.0.1:8583",
    show_default=True,
    help="Where the bank listens.",
)
@click.option(
    "--smpp",
    callback=_address,
    metavar="HOST:PORT",
    default="127.0.0.1:2775",
    show_default=True,
    help="Where the SMSC listens.",
)
@click.option("--system-id", default="operator", show_default=True, help="SMPP system id of this platform.")
@click.option(
    "--smpp-password-file",
    type=_FILE,
    help=f"File of mode 0600 with the SMPP password; else the environment's {PASSWORD_VARIABLE}, else none.",
)
@click.option("--short-number", default="95533", show_default=True, help="The number that customers write to.")
@click.option("--tls-certificate", type=_FILE, help="This platform's certificate (PEM); with it, TLS 1.3 is spoken.")
@click.option("--tls-key", type=_FILE, help="The private key of that certificate (PEM, mode 0600).")
@click.option("--tls-bank-ca", type=_FILE, help="The bank needs a certificate of this authority (PEM) for its HOST.")
@click.option(
    "--notice-language",
    type=click.Choice(["zh", "en"]),
    default=_DEFAULTS.notice_language,
    show_default=True,
    help="Language of the sentence for payees without the app.",
)
@click.option(
    "--repeat-s",
    type=click.FloatRange(0.1, 600),
    default=_DEFAULTS.repeat_s,
    show_default=True,
    help="Repeat what the bank has not answered after so many seconds.",
)
@click.option(
    "--give-up-s",
    type=click.FloatRange(0.1, 3600),
    default=_DEFAULTS.give_up_s,
    show_default=True,
    help="Reverse a transfer that the bank has not answered after so many seconds.",
)
@click.pass_obj
def serve(
    state: StateFolder,
    bank: tuple[str, int],
    smpp: tuple[str, int],
    system_id: str,
    smpp_password_file: Path | None,
    short_number: str,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_bank_ca: Path | None,
    notice_language: Literal["zh", "en"],
    repeat_s: float,
    give_up_s: float,
) -> None:
    """Serve handsets until SIGTERM or Ctrl-C.

    Prints one JSON line when it is bound to the SMS centre. A bank or SMS centre that is not there yet, or goes away,
    is waited for; what is unanswered is in the store and goes on after a restart.

    \b
    Example:
      operator-platform serve --bank 127.0.0.1:8583 --smpp 127.0.0.1:2775 --short-number 95533
    """
    password = _password(smpp_password_file)
    tls = mutual_context(ssl.Purpose.SERVER_AUTH, tls_certificate, tls_key, tls_bank_ca)
    policy = Policy(notice_language=notice_language, repeat_s=repeat_s, give_up_s=give_up_s)
    platform = _platform_of(state)
    with state.store(_SERVING_LOCK_WAIT_S) as store, state.lock():
        session = OperatorSession(*platform, store, state.keys.load(), os.urandom, policy)
        bearer = SmppBearer(*smpp, system_id, password, short_number)
        server = OperatorServer(session, store, state.keys, bearer, *bank, tls=tls, on_ready=_announce)
        run_until_stopped(server.run())


def _platform_of(state: StateFolder) -> tuple[str, int]:
    """Return operator id and node. Raises StoreLocked unless the store can be written by now."""
    with state.store() as store, store.transaction():
        platform = store.platform()
    if platform is None:
        raise CannotStart(f"{state.path} was not set up to the end; remove it and run init again")
    return platform


def _announce(bank_connected: bool) -> None:
    announce_ready(bank="connected" if bank_connected else "waiting", smpp="bound")


def _password(path: Path | None) -> Secret:
    text = os.environ.get(PASSWORD_VARIABLE, "")
    if path is not None:
        text = read_private(path).decode("utf-8", "replace").rstrip("\n")
    if not text.isascii() or len(text) > _PASSWORD_CHARACTERS_MAX:
        raise CannotStart(f"the SMPP password needs at most {_PASSWORD_CHARACTERS_MAX} ASCII characters")
    return Secret(text.encode())
