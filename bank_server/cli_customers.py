"""Commands for customers: accounts, enrolment with a phone, release from quarantine."""

import json
import os
import sys
import time
import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar

import click

from bank_server import ledger
from bank_server.errors import NotAllowed
from bank_server.keys import PIN_SALT_BYTES
from bank_server.state import State
from bank_server.store import Enrolment, LedgerStore, Phone
from wire.digits import checked_account, checked_imsi, checked_msisdn, checked_pin
from wire.errors import BadDigits
from wire.secret import Secret

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_FEN_MAX = 10**14


def _number(option: str, check: Callable[[str], str], text: str) -> Callable[[Decorated], Decorated]:
    """Return an option whose value one of `wire.digits` checks; a wrong one is never shown."""

    def checked(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        try:
            return check(value)
        except BadDigits as error:
            raise click.BadParameter(str(error)) from None

    return click.option(option, required=True, callback=checked, help=text)


_ACCOUNT = _number("--account", checked_account, "Account number, 6 to 19 digits.")
_MSISDN = _number("--msisdn", checked_msisdn, "Phone number with its country code.")
_IMSI = _number("--imsi", checked_imsi, "IMSI of the SIM, up to 15 digits.")


@click.group()
def account() -> None:
    """Accounts.

    \b
    Examples:
      bank-server --state bank account open --account 4600010000000001 --name 张伟 --balance-fen 100000
      bank-server --state bank account list
    """


@account.command("open")
@_ACCOUNT
@click.option("--name", required=True, help="The holder; payers are shown the last character.")
@click.option("--balance-fen", type=click.IntRange(0, _FEN_MAX), default=0, show_default=True, help="Opening balance.")
@click.pass_obj
def account_open(state: State, account: str, name: str, balance_fen: int) -> None:
    """Open an account; its opening balance comes out of the bank's own account.

    \b
    Example:
      bank-server account open --account 46000111111 --name 王爱丽 --balance-fen 100000
    """
    # One code point must show the last character, whatever the keyboard composed it of.
    holder = unicodedata.normalize("NFC", name).strip()
    if not holder or not holder.isprintable() or unicodedata.combining(holder[-1]):
        raise click.UsageError("--name needs printable characters")
    with state.books() as store:
        if not ledger.open_account(store, account, holder, balance_fen, int(time.time())):
            raise NotAllowed("this account number is given out already")
    click.echo(f"opened with {balance_fen} fen")


@account.command("close")
@_ACCOUNT
@click.pass_obj
def account_close(state: State, account: str) -> None:
    """Close an account: it neither pays nor is paid any more. Its money stays in the books.

    \b
    Example:
      bank-server account close --account 46000111111
    """
    with state.books() as store:
        _customers_account(store, account)
        store.set_account_status(account, "closed")
    click.echo("closed")


@account.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def account_list(state: State, as_json: bool) -> None:
    """List accounts with their balances, the bank's own included: the sum is zero.

    \b
    Example:
      bank-server account list
    """
    with state.books() as store:
        accounts = store.accounts()
    if as_json:
        shown = [
            {"account": a.number, "name": a.holder, "status": a.status, "balance_fen": a.balance_fen} for a in accounts
        ]
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for found in accounts:
        click.echo(f"{found.number:<19}  {found.status:<6}  {found.balance_fen:>18} fen  {found.holder}")


@click.command()
@_ACCOUNT
@_MSISDN
@_IMSI
@click.pass_obj
def enrol(state: State, account: str, msisdn: str, imsi: str) -> None:
    """Enrol an account with a phone and set its PIN, which is asked for or read from standard input.

    Enrolling again sets a new PIN and unlocks an account whose PIN was locked.

    \b
    Example:
      bank-server enrol --account 46000111111 --msisdn 8613800000001 --imsi 460001234567890
    """
    pin = _read_pin()
    keys = state.keys.load()
    salt = os.urandom(PIN_SALT_BYTES)
    with state.books() as store:
        _customers_account(store, account)
        known = store.phone(msisdn)
        if known is not None and known.imsi != imsi:
            raise NotAllowed("this number is enrolled with another IMSI; run: bank-server release")
        store.add_phone(Phone(msisdn, imsi))
        store.put_enrolment(Enrolment(account, msisdn, salt, keys.pin_verifier(account, salt, pin)))
    click.echo("enrolled")


@click.command()
@_MSISDN
@_IMSI
@click.pass_obj
def release(state: State, msisdn: str, imsi: str) -> None:
    """Release a number from quarantine with the IMSI that its SIM has now, after you have spoken with the customer.

    \b
    Example:
      bank-server release --msisdn 8613800000001 --imsi 460009999999999
    """
    with state.books() as store:
        if store.phone(msisdn) is None:
            raise NotAllowed("no account is enrolled with this number")
        store.set_phone_imsi(msisdn, imsi)
    click.echo("released")


@click.command()
@click.option("--quarantined", is_flag=True, help="Only numbers in quarantine.")
@click.pass_obj
def phones(state: State, quarantined: bool) -> None:
    """List enrolled numbers, with their IMSI, accounts and whether they are quarantined or locked.

    \b
    Example:
      bank-server phones --quarantined
    """
    with state.books() as store:
        enrolments = store.enrolments()
        for phone in store.phones():
            if quarantined and not phone.quarantined:
                continue
            accounts = (
                f"{row.account}{' (PIN locked)' if row.locked else ''}"
                for row in enrolments
                if row.msisdn == phone.msisdn
            )
            state_text = "quarantined" if phone.quarantined else "good"
            click.echo(f"{phone.msisdn:<15}  {phone.imsi:<15}  {state_text:<11}  {', '.join(accounts)}")


def _customers_account(store: LedgerStore, number: str) -> None:
    found = store.account(number)
    if found is None or not found.is_open:
        raise NotAllowed("there is no open account of this number")


def _read_pin() -> Secret:
    """Ask for the PIN without showing it, or read the first line of standard input if that is no terminal."""
    if sys.stdin.isatty():
        text = str(click.prompt("PIN, 4 to 12 digits", hide_input=True, confirmation_prompt=True))
    else:
        text = sys.stdin.readline().strip()
    try:
        return Secret(checked_pin(text).encode("ascii"))
    except BadDigits as error:
        raise NotAllowed(str(error)) from None
