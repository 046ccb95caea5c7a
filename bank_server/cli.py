"""The command `bank-server`: setting a bank up, running it, checking its books."""

import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any

import click

from bank_server.cli_customers import account, enrol, phones, release
from bank_server.cli_keys import control_key, keys, operator, renew, seed
from bank_server.errors import BankError
from bank_server.policy import Policy
from bank_server.server import BankServer
from bank_server.session import BankSession
from bank_server.state import State
from console import CannotStart, Program, announce_ready, logging_options, run_until_stopped
from console.tls import mutual_context
from wire.sealing import fingerprint


class BankProgram(Program):
    """A command group whose errors are one sentence that says what to do."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BankError as error:
            click.echo(f"{ctx.find_root().info_name}: {error}", err=True)
            ctx.exit(2)


@click.group(cls=BankProgram, name="bank-server")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bank-state"),
    show_default=True,
    help="The bank's folder: keys and books.",
)
@logging_options
@click.pass_context
def main(context: click.Context, state: Path) -> None:
    """The bank: keys and seeds, accounts and ledger, and the server that operators connect to.

    \b
    Example, from nothing to a bank that serves one operator:
      bank-server init
      bank-server operator add --operator 46000 --node 1 --static-key-out static.key
      bank-server seed make --custodian 1 --out seed1
      bank-server seed make --custodian 2 --out seed2
      bank-server seed combine --operator 46000 seed1 seed2
      bank-server control-key issue --operator 46000
      bank-server account open --account 46000111111 --name 王爱丽 --balance-fen 100000
      bank-server enrol --account 46000111111 --msisdn 8613800000001 --imsi 460001234567890
      bank-server serve
    """
    context.obj = State(state)


@main.command()
@click.pass_obj
def init(state: State) -> None:
    """Make a new bank: terminal key, PIN verification key, empty books.

    \b
    Example:
      bank-server --state /var/lib/bank init
    """
    state.create(os.urandom)
    click.echo(f"terminal key fingerprint: {fingerprint(state.keys.load().terminal_public_key)}")
    click.echo("Handsets pin this fingerprint. Next: bank-server operator add --help")


@main.command("terminal-key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def terminal_key(state: State, as_json: bool) -> None:
    """Show the public key that handsets seal to, and its fingerprint.

    \b
    Example:
      bank-server terminal-key
    """
    state.store().close()
    public = state.keys.load().terminal_public_key
    if as_json:
        click.echo(json.dumps({"terminal_key": public.hex(), "fingerprint": fingerprint(public)}))
        return
    click.echo(f"terminal key: {public.hex()}")
    click.echo(f"fingerprint:  {fingerprint(public)}")


@main.command()
@click.pass_obj
def verify(state: State) -> None:
    """Check the books: exit status 0 if everything holds, 1 and a list if not.

    Debits equal credits, every balance is the sum of its transfers, no account is below its floor, each transfer was
    made once, and every stored answer says what the books say. May be run while the bank serves.

    \b
    Example:
      bank-server verify
    """
    with state.books() as store:
        found = store.verify()
        counted = len(store.accounts())
    for sentence in found:
        click.echo(sentence)
    if found:
        sys.exit(1)
    click.echo(f"the books of {counted} accounts hold")


_DEFAULTS = Policy()
_FILE = click.Path(dir_okay=False, path_type=Path)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8583, show_default=True, help="TCP port; 0 takes any.")
@click.option(
    "--transfer-fen-max",
    type=click.IntRange(1),
    default=_DEFAULTS.transfer_fen_max,
    show_default=True,
    help="Largest transfer, in fen.",
)
@click.option(
    "--daily-fen-max",
    type=click.IntRange(1),
    default=_DEFAULTS.daily_fen_max,
    show_default=True,
    help="Largest sum of an account's transfers in a day (UTC), in fen.",
)
@click.option(
    "--daily-transfers-max",
    type=click.IntRange(1),
    default=_DEFAULTS.daily_transfers_max,
    show_default=True,
    help="Most transfers of an account in a day.",
)
@click.option(
    "--daily-inquiries-max",
    type=click.IntRange(1),
    default=_DEFAULTS.daily_inquiries_max,
    show_default=True,
    help="Most holder inquiries of a number in a day.",
)
@click.option(
    "--transaction-open-s",
    type=click.IntRange(1),
    default=_DEFAULTS.transaction_open_s,
    show_default=True,
    help="How long an opened transaction may be used, in seconds.",
)
@click.option("--tls-certificate", type=_FILE, help="The bank's certificate (PEM); with it, TLS 1.3 is spoken.")
@click.option("--tls-key", type=_FILE, help="The private key of that certificate (PEM, mode 0600).")
@click.option("--tls-operators-ca", type=_FILE, help="Operators need a certificate of this authority (PEM).")
@click.pass_obj
def serve(
    state: State,
    /,
    host: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_operators_ca: Path | None,
    **limits: int,
) -> None:
    """Serve operators until SIGTERM or Ctrl-C.

    Prints one JSON line with the port when it is ready. Keys that are renewed by another command are noticed within a
    second and brought to the operators that are connected; replaced keys are erased when their time is over.

    \b
    Example:
      bank-server serve --port 8583
      bank-server --config bank.toml serve        (keys of a table [serve] are the options above)
    """
    tls = mutual_context(ssl.Purpose.CLIENT_AUTH, tls_certificate, tls_key, tls_operators_ca)
    with state.held_by_server():
        store = state.store()
        try:
            bank_keys = state.keys.load()
            ready = [held for held in state.keys.operators() if held.generation and held.epoch]
            if not ready:
                raise CannotStart(
                    "no operator has its keys yet;"
                    " run: operator add, seed make (twice), seed combine, control-key issue"
                )
            session = BankSession(store, bank_keys, os.urandom, Policy(**limits))
            run_until_stopped(_serve(BankServer(session, store, bank_keys, state.keys, tls=tls), host, port))
        finally:
            store.close()


async def _serve(server: BankServer, host: str, port: int) -> None:
    try:
        bound = await server.start(host, port)
    except OSError as error:
        raise CannotStart(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    try:
        announce_ready(port=bound)
        await server.wait()
    finally:
        await server.stop()


for _command in (operator, seed, control_key, renew, keys, account, enrol, release, phones):
    main.add_command(_command)
