"""The `handset` command: the app, and the same session without a screen."""

import asyncio
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from console import CannotStart, Program, logging_options
from handset.actions import Update
from handset.amounts import BadAmount, parse_yuan
from handset.bearer import Trouble
from handset.conversation import Conversation, Order, Person, Report, Unconnected, conversing, transfers_in_doubt
from handset.demo_customers import CUSTOMERS
from handset.enrolment import BadEnrolment, checked_bank, read_bank_key
from handset.modem_cli import modem
from handset.named_port import refuse_unfit
from handset.phone import Connection, NotConnected, Phone
from handset.settings import Settings
from handset.sim_pin_file import sim_pin_in_file
from handset.sqlite_store import SqliteStore, StoreUnusable
from handset.store import StoredRequest
from handset.texts import Text, text_for_command, text_of
from wire.digits import checked_account, checked_msisdn, checked_pin
from wire.errors import BadDigits
from wire.response_codes import Language
from wire.secret import Secret

EXIT_STATUS = {"done": 0, "declined": 1, "in_doubt": 3}
BAUD = 115200  # what modules and sticks are set to when they are delivered (SIMCom, Quectel and Huawei manuals)
_CONFIRMED = "1"
_OPERATOR = re.compile(r"\+?[0-9]{3,20}")  # a short code or a number; TS 23.040 clause 9.1.2.5: at most 20 digits
_Result = TypeVar("_Result")


def _default_state() -> Path:
    """XDG Base Directory Specification: state that outlives a program, but is no configuration."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "yinxin" / "handset"


def _checked_number(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else checked_msisdn(value)
    except BadDigits as error:
        raise click.BadParameter(str(error)) from error


def _checked_operator(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _OPERATOR.fullmatch(value):
        raise click.BadParameter("needs 3 to 20 digits, with or without a plus before them")
    return value


def _checked_account_option(_ctx: click.Context, _option: click.Parameter, value: str) -> str:
    try:
        return checked_account(value)
    except BadDigits as error:
        raise click.BadParameter(str(error)) from error


def _checked_amount(ctx: click.Context, _option: click.Parameter, value: str) -> int:
    try:
        return parse_yuan(value)
    except BadAmount as error:
        raise click.BadParameter(text_of(error.fault).say(_settings(ctx).language)) from error


def _settings(ctx: click.Context) -> Settings:
    found = ctx.find_object(Settings)
    assert found is not None, "the group made it"
    return found


@click.group(cls=Program, invoke_without_command=True)
@click.option(
    "--port", metavar="DEV", help="The modem's serial port, such as /dev/ttyUSB0.  [default: found by itself]"
)
@click.option(
    "--baud",
    type=click.IntRange(1200, 4_000_000),
    default=BAUD,
    show_default=True,
    help="Speed in bits a second; a USB modem takes any, one on a serial line has its own.",
)
@click.option("--rtscts", is_flag=True, help="Flow control by the lines RTS and CTS, for a modem wired with both.")
@click.option(
    "--operator",
    metavar="NUMBER",
    callback=_checked_operator,
    help="The operator's number, as you would dial it; remembered once it has answered.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=_default_state,
    show_default="~/.local/state/yinxin/handset",
    help="Folder for what the handset must remember.",
)
@click.option("--number", metavar="MSISDN", callback=_checked_number, help="This SIM's number, if it does not know it.")
@click.option(
    "--sim-pin-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of mode 0600 with the SIM's PIN.",
)
@click.option(
    "--system-root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="/",
    show_default=True,
    help="Where dev, sys, proc and run are, to find the modem in a container that has the machine's elsewhere.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Chinese or English.  [default: as LANG says]")
@click.option("--demo", is_flag=True, help="On an emulated modem, with an operator and a bank behind it.")
@click.option("--keep", is_flag=True, help="With --demo: keep its folder and say where it is.")
@logging_options
@click.pass_context
def main(
    ctx: click.Context,
    port: str | None,
    baud: int,
    rtscts: bool,
    operator: str | None,
    state: Path,
    number: str | None,
    sim_pin_file: Path | None,
    system_root: Path,
    lang: Language | None,
    demo: bool,
    keep: bool,
) -> None:
    """Bank transfers by SMS. Without a command it opens the app.

    \b
    Examples:
      handset --demo
      handset --operator 95533
      handset modem list
      handset --port /dev/ttyUSB0 transfer --to 4600020000000002 --from 4600010000000001 --amount 12.34

    Exit status: 0 done, 1 declined, 2 cannot run, 3 in doubt.
    """
    language: Language = lang or ("zh" if os.environ.get("LANG", "").startswith("zh") else "en")
    ctx.obj = Settings(
        port=port,
        operator=operator,
        state=state,
        number=number,
        sim_pin_file=sim_pin_file,
        language=language,
        demo=demo,
        keep=keep,
        baud=baud,
        rtscts=rtscts,
        system_root=system_root,
    )
    _keep_log_off_the_terminal(ctx)
    if ctx.invoked_subcommand is None:
        _open_app(ctx.obj)


def _keep_log_off_the_terminal(ctx: click.Context) -> None:
    """Without --log-file: nothing below the app, warnings below a command, unless --log-level asks for more."""
    root = logging.getLogger()
    if any(isinstance(handler, logging.FileHandler) for handler in root.handlers):
        return
    if ctx.invoked_subcommand is None:
        root.handlers[:] = [logging.NullHandler()]
    elif ctx.get_parameter_source("log_level") in (None, ParameterSource.DEFAULT):
        root.setLevel(logging.ERROR)


# -- commands -------------------------------------------------------------------------------------------------


@main.command()
@click.option("--bank-key", required=True, metavar="HEX|FILE", help="The bank's terminal key.")
@click.option("--fingerprint", required=True, help='As the bank gave it on paper: "xxxx xxxx …", 32 hex digits.')
@click.pass_context
def enrol(ctx: click.Context, bank_key: str, fingerprint: str) -> None:
    """Pin the bank's terminal key, once.

    \b
    Example:
      handset enrol --bank-key bank-terminal-key.txt --fingerprint "7faa 0e1e 9c74 ddc6 26c9 6b23 7f8b de9b"
    """
    settings = _settings(ctx)
    if settings.demo:
        raise click.UsageError("the demo enrols its handset itself", ctx)
    try:
        bank = checked_bank(read_bank_key(bank_key), fingerprint)
    except BadEnrolment as error:
        raise CannotStart(str(error)) from error
    with _store(settings) as store, store.transaction():
        store.pin_bank(bank)
        if settings.operator:
            store.remember_operator(settings.operator)
    click.echo(f"{settings.state}: {bank.fingerprint}")


@main.command()
@click.option("--to", "payee", required=True, callback=_checked_account_option, help="The payee's account.")
@click.option("--from", "payer", required=True, callback=_checked_account_option, help="Your own account.")
@click.option("--amount", "amount_fen", required=True, callback=_checked_amount, help="In yuan, such as 12.34.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--yes", is_flag=True, help="Do not ask whether the payee's name is right.")
@click.option("--wait", "wait_s", type=click.FloatRange(1), default=180, show_default=True, help="Seconds.")
@click.pass_context
def transfer(
    ctx: click.Context, payee: str, payer: str, amount_fen: int, as_json: bool, yes: bool, wait_s: float
) -> None:
    """Make a transfer. The PIN comes from a prompt, or else is one line of standard input.

    \b
    Example:
      handset --port /dev/ttyUSB0 transfer --to 4600020000000002 --from 4600010000000001 --amount 12.34
    """
    settings = _settings(ctx)
    if payer == payee:
        raise click.UsageError(Text.SAME_ACCOUNT.say(settings.language), ctx)
    pin = _pin_source(settings.language)
    order = Order(payer, payee, amount_fen)

    def confirm(name_last: str) -> bool:
        if yes or not sys.stdin.isatty():
            return True
        question = Text.PROMPT_NAME.say(settings.language, account=payee, name=name_last)
        return bool(click.prompt(question, default="", show_default=False, err=True) == _CONFIRMED)

    with _prepared(settings) as (ready, store):
        report = _converse(ready, store, wait_s, as_json, lambda talk: talk.transfer(order, confirm, pin))
        _print(report, as_json)
    ctx.exit(EXIT_STATUS[report.outcome])


@main.command()
@click.option("--account", required=True, callback=_checked_account_option, help="Your account.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--wait", "wait_s", type=click.FloatRange(1), default=180, show_default=True, help="Seconds.")
@click.pass_context
def balance(ctx: click.Context, account: str, as_json: bool, wait_s: float) -> None:
    """Ask for a balance. The PIN comes from a prompt, or else is one line of standard input.

    \b
    Example:
      handset --port /dev/ttyUSB0 balance --account 4600010000000001
    """
    settings = _settings(ctx)
    pin = _pin_source(settings.language)()
    with _prepared(settings) as (ready, store):
        report = _converse(ready, store, wait_s, as_json, lambda talk: talk.balance(account, pin))
        _print(report, as_json)
    ctx.exit(EXIT_STATUS[report.outcome])


@main.command()
@click.argument("transaction_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, one for each transfer.")
@click.option("--wait", "wait_s", type=click.FloatRange(1), default=180, show_default=True, help="Seconds.")
@click.pass_context
def retry(ctx: click.Context, transaction_id: str | None, as_json: bool, wait_s: float) -> None:
    """Send a transfer in doubt again, or all of them: the same message under the same id, never a second transfer.

    \b
    Example:
      handset --port /dev/ttyUSB0 retry 14febaa7e4a908f4
    """
    settings = _settings(ctx)
    with _prepared(settings) as (ready, store):
        requests = _to_retry(store, transaction_id, settings.language)
        if not requests:
            if not as_json:
                click.echo(Text.NO_DOUBTS.say(settings.language))
            return
        reports = []
        for request in requests:
            report = _converse(ready, store, wait_s, as_json, lambda talk, request=request: talk.retry(request))  # type: ignore[misc]
            _print(report, as_json)
            reports.append(report)
    ctx.exit(max(EXIT_STATUS[report.outcome] for report in reports))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def accounts(ctx: click.Context, as_json: bool) -> None:
    """List the demo's customers (with --demo).

    \b
    Example:
      handset --demo accounts --json
    """
    if not _settings(ctx).demo:
        raise click.UsageError("only the demo knows its customers' PINs: handset --demo accounts", ctx)
    if as_json:
        click.echo(json.dumps([customer.facts() for customer in CUSTOMERS], ensure_ascii=False))
        return
    for customer in CUSTOMERS:
        click.echo(f"{customer.account}  {customer.pin}  {customer.msisdn}  {customer.name}")


def _to_retry(store: SqliteStore, transaction_id: str | None, language: Language) -> list[StoredRequest]:
    if transaction_id is None:
        return transfers_in_doubt(store.open_requests())
    try:
        found = store.requests(bytes.fromhex(transaction_id))
    except ValueError:
        found = []
    transfers = transfers_in_doubt(found)
    if not transfers:
        raise CannotStart(Text.REFUSED_UNKNOWN_ID.say(language))
    return transfers


# -- PINs -----------------------------------------------------------------------------------------------------


def _pin_source(language: Language) -> Callable[[], Secret]:
    """Return where the PIN comes from: a prompt when it is time, or a line of standard input, read and checked now."""
    if sys.stdin.isatty():
        return lambda: _checked_pin(click.prompt(Text.PROMPT_PIN.say(language), hide_input=True, err=True), language)
    pin = _checked_pin(sys.stdin.readline().strip(), language)
    return lambda: pin


def _checked_pin(text: str, language: Language) -> Secret:
    try:
        return Secret(checked_pin(text).encode("ascii"))
    except BadDigits:
        raise CannotStart(Text.BAD_PIN.say(language)) from None


def _person(settings: Settings) -> Person:
    """Return who is asked for the SIM's PIN and its number: the person at the terminal, if there is one."""

    def sim_pin() -> Secret | None:
        if not sys.stdin.isatty():
            return None
        prompt = Text.PROMPT_SIM_PIN.say(settings.language)
        return Secret(click.prompt(prompt, hide_input=True, err=True).encode("ascii", "replace"))

    def number(imsi: str) -> str | None:
        if not sys.stdin.isatty():
            return None
        prompt = Text.PROMPT_NUMBER.say(settings.language, imsi=imsi)
        return str(click.prompt(prompt, value_proc=lambda typed: _number_typed(typed, settings.language), err=True))

    return Person(sim_pin, number)


def _number_typed(typed: str, language: Language) -> str:
    try:
        return checked_msisdn(typed.strip())
    except BadDigits:
        raise click.UsageError(Text.BAD_MSISDN.say(language)) from None  # click says it, and asks again


# -- opening --------------------------------------------------------------------------------------------------


@contextmanager
def _store(settings: Settings) -> Iterator[SqliteStore]:
    try:
        store = SqliteStore(settings.state)
    except StoreUnusable as error:
        raise CannotStart(str(error)) from error
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _prepared(settings: Settings) -> Iterator[tuple[Settings, SqliteStore]]:
    """Give settings with port and operator, and the store; starts and ends the demo if it is wanted."""
    if settings.demo:
        from handset.demo import DemoFailed, running  # what only the demo needs is loaded only then

        if sys.stderr.isatty():
            click.echo(Text.DEMO_STARTS.say(settings.language), err=True)
        try:
            with running(keep=settings.keep) as demo:
                ready = replace(settings, port=demo.port, operator=demo.operator_number, state=demo.handset_state)
                with _store(ready) as store:
                    yield ready, store
        except DemoFailed as error:
            raise CannotStart(str(error)) from error
        return
    if settings.keep:
        raise CannotStart("--keep is for --demo")
    with _store(settings) as store:
        operator = settings.operator or store.operator_number()
        if operator is None:
            raise CannotStart("give the operator's number, until it has answered once: --operator NUMBER")
        if store.bank() is None:
            raise CannotStart("this handset does not know its bank yet; see: handset enrol --help")
        refuse_unfit(settings, settings.port, may_come=True)  # the app waits for it to be plugged in
        yield replace(settings, operator=operator, port=settings.port or _found(settings)), store


def _found(settings: Settings) -> str:
    """The port of the one modem that is there."""
    from gsm.find import NoModemFound, SeveralModems, choose
    from handset.modem_texts import said_of_choice

    try:
        chosen = choose(settings.system_root, settings.baud, settings.rtscts)
    except (NoModemFound, SeveralModems) as error:
        raise CannotStart(said_of_choice(error, settings.language)) from error
    return chosen.by_id or chosen.path


def _phone_opener(settings: Settings, store: SqliteStore) -> Callable[[Callable[[Update | Connection], None]], Phone]:
    from handset.modem_bearer import ModemBearer  # `--help` and `accounts` need no modem library

    assert settings.port is not None
    assert settings.operator is not None
    port, operator = settings.port, settings.operator
    sim_pin = sim_pin_in_file(settings.sim_pin_file)
    return lambda listener: Phone(
        ModemBearer(
            port,
            operator,
            sim_pin,
            baudrate=settings.baud,
            rtscts=settings.rtscts,
            system_root=settings.system_root,
        ),
        store,
        operator,
        listener,
        number=settings.number,
    )


def _converse(
    settings: Settings,
    store: SqliteStore,
    wait_s: float,
    as_json: bool,
    talk: Callable[[Conversation], Coroutine[Any, Any, Report]],
) -> Report:
    """Run one conversation. SIGTERM and Ctrl-C end the waiting; a transfer is then reported as in doubt."""
    opener = _phone_opener(settings, store)

    async def conversation() -> Report:
        task = asyncio.current_task()
        assert task is not None
        # asyncio's own handler of Ctrl-C takes only the first: the second would break off the report.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        async with conversing(opener, settings.language, wait_s, _person(settings)) as talking:
            if not as_json:
                talking.say = lambda line: click.echo(line, err=True)
            return await talk(talking)

    try:
        return asyncio.run(conversation())
    except (Unconnected, NotConnected) as error:
        if error.trouble is Trouble.CANNOT_OPEN:
            refuse_unfit(settings, settings.port)
        where = f"{settings.port}: " if settings.port else ""
        raise CannotStart(where + text_for_command(error.trouble).say(settings.language)) from error
    except StoreUnusable as error:
        raise CannotStart(Text.STATE_UNUSABLE.say(settings.language, reason=error)) from error
    except (asyncio.CancelledError, KeyboardInterrupt, click.Abort):
        # Once a transfer is ordered, the conversation itself takes the interruption and reports the doubt.
        raise CannotStart(Text.NOT_CONFIRMED.say(settings.language)) from None


def _print(report: Report, as_json: bool) -> None:
    click.echo(json.dumps(report.facts, ensure_ascii=False) if as_json else report.message)


def _open_app(settings: Settings) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CannotStart(Text.NO_TERMINAL.say(settings.language))
    from handset.app import HandsetApp  # Textual takes as long to load as all the rest

    with _prepared(settings) as (ready, store):
        app = HandsetApp(_phone_opener(ready, store), settings.language, CUSTOMERS if settings.demo else ())
        app.run()
    if app.broken is not None:
        raise CannotStart(Text.STATE_UNUSABLE.say(settings.language, reason=app.broken))


main.add_command(modem)


if __name__ == "__main__":
    main()
