"""Commands for keys: operators, the custodians' seeds, control keys, renewal (modules 414, 416, 418)."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from bank_server.errors import NotAllowed
from bank_server.key_files import KeyFolder, read_secret, write_secret
from bank_server.keys import OperatorKeys, check_values
from bank_server.state import State
from wire.keys import SEED_BYTES, STATIC_KEY_BYTES, control_point, key_check_value
from wire.secret import Secret

_FILE = click.Path(dir_okay=False, path_type=Path)
_OPERATOR = click.option("--operator", required=True, help="The operator's id, 1 to 11 digits (DE32).")
_REHEARSE = click.option("--rehearse", is_flag=True, help="Only show what would change.")
_SERIALS_SHOWN = 10


@click.group()
def operator() -> None:
    """Operators that may connect.

    \b
    Example:
      bank-server --state bank operator add --operator 46000 --node 1 --static-key-out static.key
    """


@operator.command("add")
@_OPERATOR
@click.option("--node", type=click.IntRange(0, 65535), required=True, help="The operator's node number in serials.")
@click.option("--static-key-out", type=_FILE, required=True, help="New file for the operator's copy of the static key.")
@click.pass_obj
def operator_add(state: State, operator: str, node: int, static_key_out: Path) -> None:
    """Add an operator and make its static key: one copy stays here, one is for the operator.

    \b
    Example:
      bank-server operator add --operator 46000 --node 1 --static-key-out static.key
    """
    static_key = os.urandom(STATIC_KEY_BYTES)
    with state.keys_held() as folder:
        if static_key_out.exists():
            raise NotAllowed(f"{static_key_out}: is there already and is not overwritten")
        folder.add_operator(operator, node, static_key)
        write_secret(static_key_out, static_key)
    click.echo(f"operator {operator}, node {node}: static key check value {key_check_value(Secret(static_key))}")
    click.echo(f"Bring {static_key_out} to the operator by hand and delete it here.")


@click.group()
def seed() -> None:
    """The two custodians' seeds, from which the work key is made (step 204).

    \b
    Examples:
      bank-server --state bank seed make --custodian 1 --out seed1
      bank-server --state bank seed combine --operator 46000 seed1 seed2
    """


@seed.command("make")
@click.option("--custodian", type=click.IntRange(1, 2), required=True, help="Which of the two custodians you are.")
@click.option("--out", type=_FILE, required=True, help="New file for this custodian's seed.")
def seed_make(custodian: int, out: Path) -> None:
    """Make one custodian's seed. Write the check value down: it proves later which seed was used.

    \b
    Example:
      bank-server seed make --custodian 1 --out seed1
    """
    content = os.urandom(SEED_BYTES)
    write_secret(out, content)
    click.echo(f"custodian {custodian}: key check value {key_check_value(Secret(content))}")


@seed.command("combine")
@_OPERATOR
@_REHEARSE
@click.argument("seed1", type=_FILE)
@click.argument("seed2", type=_FILE)
@click.pass_obj
def seed_combine(state: State, operator: str, rehearse: bool, seed1: Path, seed2: Path) -> None:
    """Combine both custodians' seeds into the operator's next generation.

    The first generation travels under the static key, every later one under the work key that the operator has. A
    server that is running sends it at once.

    \b
    Example:
      bank-server seed combine --operator 46000 seed1 seed2
    """
    with state.keys_held() as folder:
        held = _held(folder, operator)
        _change(folder, held, _with_seeds(held, seed1, seed2), rehearse)


@click.group("control-key")
def control_key() -> None:
    """The control key, from which every transaction's dynamic key is made.

    \b
    Example:
      bank-server --state bank control-key issue --operator 46000
    """


@control_key.command("issue")
@_OPERATOR
@_REHEARSE
@click.pass_obj
def control_key_issue(state: State, operator: str, rehearse: bool) -> None:
    """Issue the next control key (step 206); after the first, this is its renewal.

    The operator goes on under the previous one until it has this one; open transactions end under it.

    \b
    Example:
      bank-server control-key issue --operator 46000
    """
    with state.keys_held() as folder:
        held = _held(folder, operator)
        _change(folder, held, held.with_control_key(os.urandom), rehearse)


@click.command()
@_OPERATOR
@_REHEARSE
@click.argument("seeds", type=_FILE, nargs=-1)
@click.pass_obj
def renew(state: State, operator: str, rehearse: bool, seeds: tuple[Path, ...]) -> None:
    """Renew an operator's control key, and its seeds too if both custodians' new seed files are given (module 418).

    \b
    Example:
      bank-server renew --operator 46000 --rehearse
      bank-server renew --operator 46000 new-seed1 new-seed2
    """
    if len(seeds) not in (0, 2):
        raise click.UsageError("give the seed files of both custodians, or none")
    with state.keys_held() as folder:
        held = _held(folder, operator)
        if not held.generation:
            raise NotAllowed(f"operator {operator} has no seeds yet; run: bank-server seed combine")
        renewed = _with_seeds(held, *seeds) if seeds else held
        _change(folder, held, renewed.with_control_key(os.urandom), rehearse)


@click.group()
def keys() -> None:
    """Which keys there are.

    \b
    Example:
      bank-server --state bank keys show
    """


@keys.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def keys_show(state: State, as_json: bool) -> None:
    """Show generations, epochs, check values and registered serials; never a key.

    \b
    Example:
      bank-server keys show --json
    """
    shown = []
    with state.books() as store:
        for held in state.keys.operators():
            delivered = asdict(store.delivered_keys(held.operator))
            count, newest = store.opened_serials(held.operator, _SERIALS_SHOWN)
            serials = {"count": count, "newest": [serial.hex() for serial in newest]}
            shown.append({**check_values(held), "delivered": delivered, "serials": serials})
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    if not shown:
        click.echo("no operators yet; run: bank-server operator add --help")
    for entry in shown:
        _show(entry)


def _show(entry: dict[str, object]) -> None:
    generations, epochs, delivered, serials = (
        entry[name] for name in ("generations", "epochs", "delivered", "serials")
    )
    assert isinstance(generations, dict)
    assert isinstance(epochs, dict)
    assert isinstance(delivered, dict)
    assert isinstance(serials, dict)
    click.echo(f"operator {entry['operator']}, node {entry['node']}")
    click.echo(f"  static key      {entry['static']}")
    for number, values in generations.items():
        click.echo(f"  generation {number:<4} seeds {values[0]} {values[1]}{_mark(number, delivered['generation'])}")
    for number, values in epochs.items():
        click.echo(f"  epoch {number:<9} K {values['K']} c {values['c']}{_mark(number, delivered['epoch'])}")
    click.echo(f"  serials         {serials['count']} registered; newest: {' '.join(serials['newest']) or 'none'}")


def _mark(number: str, delivered: object) -> str:
    return "  the operator has it" if number == str(delivered) else ""


def _held(folder: KeyFolder, operator: str) -> OperatorKeys:
    for held in folder.operators():
        if held.operator == operator:
            return held
    raise NotAllowed(f"no operator {operator}; run: bank-server operator add")


def _with_seeds(held: OperatorKeys, seed1: Path, seed2: Path) -> OperatorKeys:
    return held.with_seeds(read_secret(seed1, SEED_BYTES), read_secret(seed2, SEED_BYTES))


def _change(folder: KeyFolder, before: OperatorKeys, after: OperatorKeys, rehearse: bool) -> None:
    """Write what is new, unless this is a rehearsal, and say what it is."""
    if not rehearse:
        folder.save(after)
    for generation in sorted(after.seeds.keys() - before.seeds.keys()):
        seeds = after.seeds[generation]
        values = f"{key_check_value(seeds.seed1)} {key_check_value(seeds.seed2)}"
        under = f"the work key of generation {before.generation}" if before.generation else "the static key"
        click.echo(f"operator {after.operator}: seed generation {generation}, check values {values}, under {under}")
    for epoch in sorted(after.controls.keys() - before.controls.keys()):
        control = after.controls[epoch]
        # A rehearsal's control key is thrown away: its values would be mistaken for those of the real one.
        values = "" if rehearse else f", K {control_point(control.k).hex()}, c {key_check_value(control.c)}"
        under = f"generation {after.generation}" if after.generation else "the first generation, when there is one"
        click.echo(f"operator {after.operator}: control key epoch {epoch}{values}, under the work key of {under}")
    if rehearse:
        click.echo("rehearsal: nothing was changed")
