"""The command line: what it refuses, what it prints, and with which status it ends."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import handset.modem_bearer
from handset.bearer import StorageState, Trouble
from handset.cli import main
from handset.demo_customers import CUSTOMERS
from handset.sqlite_store import Bank, SqliteStore
from handset.store import StoredRequest
from handset.texts import text_for_command
from tests.unit.handset.counterparty import (
    MSISDN,
    NAME,
    OPERATOR,
    PAYEE,
    PAYER,
    PIN,
    SERIAL,
    Counterparty,
    ScriptedBearer,
)
from wire.sealing import fingerprint
from wire.terminal import Kind

TRANSFER = ("transfer", "--to", PAYEE, "--from", PAYER, "--amount", "12.34")
Run = Callable[..., Result]


@pytest.fixture
def far() -> Counterparty:
    return Counterparty()


@pytest.fixture
def run(tmp_path: Path, far: Counterparty, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `handset` with an enrolled state, on a bearer whose far end is `far`."""
    state = tmp_path / "state"
    store = SqliteStore(state, synchronous="OFF")
    store.pin_bank(Bank(far.public_key, fingerprint(far.public_key)))
    store.close()

    def bearer(_port: str, _operator: str, _sim_pin: object, **_line: object) -> ScriptedBearer:
        return ScriptedBearer(far)

    monkeypatch.setattr(handset.modem_bearer, "ModemBearer", bearer)

    def running(*arguments: str, told: str | None = PIN, options: tuple[str, ...] = ()) -> Result:
        base = ("--lang", "en", "--state", str(state), "--port", "scripted", "--operator", OPERATOR)
        return CliRunner().invoke(main, [*base, *options, *arguments], input=told and f"{told}\n")

    return running


def _object(result: Result) -> dict[str, Any]:
    assert result.stdout.count("\n") == 1, "exactly one object"
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_transfer_that_is_done_ends_with_0_and_prints_one_object(run: Run) -> None:
    result = run(*TRANSFER, "--json")
    assert result.exit_code == 0, result.output
    found = _object(result)
    assert found.pop("elapsed_s") < 60
    assert len(found.pop("transaction_id")) == 16
    assert found == {
        "serial": SERIAL,
        "outcome": "done",
        "code": "00",
        "message": "The transfer was made.",
        "payee_name_last": NAME[-1],
        "amount_fen": 1234,
        "sms_sent": 2,
        "sms_received": 2,
    }


def test_a_transfer_says_its_end_in_the_language_asked_for(run: Run) -> None:
    result = run(*TRANSFER, options=("--lang", "zh"))
    assert (result.exit_code, result.stdout) == (0, "转账成功。\n")


def test_a_declined_transfer_ends_with_1_and_names_the_code(run: Run, far: Counterparty) -> None:
    far.decline[Kind.TRANSFER] = "51"
    result = run(*TRANSFER, "--json")
    assert result.exit_code == 1
    assert (_object(result)["outcome"], _object(result)["code"]) == ("declined", "51")


def test_an_unknown_payee_ends_with_1_and_nothing_was_sent(run: Run, far: Counterparty) -> None:
    far.decline[Kind.INQUIRY] = "14"
    result = run(*TRANSFER, "--json")
    assert result.exit_code == 1
    found = _object(result)
    assert (found["outcome"], found["code"], found["payee_name_last"]) == ("declined", "14", None)
    assert far.transfers == []


def test_a_transfer_without_an_answer_ends_with_3_and_retry_settles_it(run: Run, far: Counterparty) -> None:
    far.silent.add(Kind.TRANSFER)
    result = run(*TRANSFER, "--json", "--wait", "1")
    assert result.exit_code == 3
    in_doubt = _object(result)
    assert (in_doubt["outcome"], in_doubt["code"], in_doubt["serial"] is not None) == ("in_doubt", None, True)
    far.silent.clear()
    result = run("retry", "--json", in_doubt["transaction_id"], told=None)
    assert result.exit_code == 0, result.output
    found = _object(result)
    assert (found["outcome"], found["transaction_id"]) == ("done", in_doubt["transaction_id"])
    assert len(far.transfers) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_reports_the_doubt(run: Run, far: Counterparty, number: int) -> None:
    far.silent.add(Kind.TRANSFER)
    far.when_transferred = lambda: threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
    result = run(*TRANSFER, "--json")
    assert result.exit_code == 3
    assert _object(result)["outcome"] == "in_doubt"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_a_transfer_is_stored_reports_the_doubt(
    run: Run, far: Counterparty, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.silent.add(Kind.TRANSFER)
    put_request = SqliteStore.put_request

    def interrupted(store: SqliteStore, request: StoredRequest) -> None:
        put_request(store, request)
        if request.kind is Kind.TRANSFER and request.sms_sent == 1:
            for _ in range(2):  # the second comes while the first is being taken
                os.kill(os.getpid(), number)
                time.sleep(0.1)  # a slow disk: the loop takes the signal before the commit

    monkeypatch.setattr(SqliteStore, "put_request", interrupted)
    result = run(*TRANSFER, "--json")
    assert result.exit_code == 3, result.output
    found = _object(result)
    assert (found["outcome"], found["amount_fen"]) == ("in_doubt", 1234)


def test_a_disk_that_fails_after_the_order_reports_the_doubt(
    run: Run, far: Counterparty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_store: SqliteStore, _request: StoredRequest) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    far.when_transferred = lambda: monkeypatch.setattr(SqliteStore, "put_request", broken)
    result = run(*TRANSFER, "--json")
    assert result.exit_code == 3, result.output
    found = _object(result)
    assert (found["outcome"], found["payee_name_last"], found["sms_sent"]) == ("in_doubt", NAME[-1], 2)


def test_a_state_that_cannot_even_be_read_after_the_order_reports_the_doubt(
    run: Run, far: Counterparty, tmp_path: Path
) -> None:
    def break_the_disk() -> None:
        database = sqlite3.connect(tmp_path / "state" / "handset.sqlite", isolation_level=None)
        database.execute("DROP TABLE request")
        database.close()

    far.when_transferred = break_the_disk
    result = run(*TRANSFER)
    assert result.exit_code == 3, result.output
    assert "cannot be written" in result.stderr
    assert "handset retry" in result.stdout


def test_a_transfer_that_could_not_be_stored_ends_with_2_and_is_not_sent(
    run: Run, far: Counterparty, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_request = SqliteStore.put_request

    def full(store: SqliteStore, request: StoredRequest) -> None:
        if request.kind is Kind.TRANSFER:
            raise sqlite3.OperationalError("database or disk is full")
        put_request(store, request)

    monkeypatch.setattr(SqliteStore, "put_request", full)
    result = run(*TRANSFER, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "disk is full" in result.stderr
    assert far.transfers == []


def test_retry_without_an_id_settles_all_and_then_has_nothing_to_do(run: Run, far: Counterparty) -> None:
    far.silent.add(Kind.TRANSFER)
    assert run(*TRANSFER, "--wait", "1").exit_code == 3
    assert run(*TRANSFER[:-1], "1", "--wait", "1").exit_code == 3
    far.silent.clear()
    result = run("retry", "--json", told=None)
    assert result.exit_code == 0
    assert sorted(json.loads(line)["amount_fen"] for line in result.stdout.splitlines()) == [100, 1234]
    assert run("retry", told=None).stdout == "No transfer is in doubt.\n"


def test_the_same_transfer_in_doubt_is_not_made_again(run: Run, far: Counterparty) -> None:
    far.silent.add(Kind.TRANSFER)
    first = _object(run(*TRANSFER, "--json", "--wait", "1"))
    far.silent.clear()
    second = _object(run(*TRANSFER, "--json"))
    assert (second["transaction_id"], second["outcome"]) == (first["transaction_id"], "done")
    assert len(far.transfers) == 1


def test_an_operators_code_leaves_a_transfer_in_doubt(run: Run, far: Counterparty) -> None:
    far.unsealed[Kind.TRANSFER] = "91"
    result = run(*TRANSFER, "--wait", "1")
    assert result.exit_code == 3
    assert "The operator says (code 91)" in result.stderr
    assert "handset retry" in result.stdout


def test_a_balance_is_told(run: Run) -> None:
    result = run("balance", "--account", PAYER)
    assert (result.exit_code, result.stdout) == (0, f"The balance of {PAYER} is 12,345.00 yuan.\n")
    found = _object(run("balance", "--account", PAYER, "--json"))
    assert (found["balance_fen"], found["outcome"], found["sms_sent"]) == (1_234_500, "done", 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("transfer", "--to", "12", "--from", PAYER, "--amount", "1"), "6 to 19 digits"),
        (("transfer", "--to", PAYEE, "--from", PAYER, "--amount", "1.234"), "at most two decimals"),
        (("transfer", "--to", PAYEE, "--from", PAYER, "--amount", "0"), "above zero"),
        (("transfer", "--to", PAYEE, "--from", PAYER, "--amount", "-1"), "no amount"),
        (("transfer", "--to", PAYEE, "--from", PAYEE, "--amount", "1"), "payee's account"),
        (("transfer", "--to", PAYEE, "--from", PAYER), "--amount"),
        ((*TRANSFER, "--pin", "1234"), "No such option"),
        (("balance",), "--account"),
        (("retry", "zz"), "No transfer with this id"),
        (("retry", "0011223344556677"), "No transfer with this id"),
        (("accounts",), "--demo"),
        (("enrol", "--bank-key", "00" * 32, "--fingerprint", "7faa"), "do not use this key"),
        (("enrol", "--bank-key", "absent", "--fingerprint", "7faa"), "neither"),
    ],
)
def test_what_cannot_be_taken_ends_with_2_and_a_sentence(run: Run, arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert result.stdout == ""


@pytest.mark.parametrize("pin", ["", "987", "abcd", "9876543210987"])
def test_a_pin_that_is_none_ends_with_2_before_anything_is_sent(run: Run, far: Counterparty, pin: str) -> None:
    result = run(*TRANSFER, told=f"{pin}\n")
    assert result.exit_code == 2
    assert far.requests == []
    assert not pin or pin not in result.output


def test_a_refused_key_does_not_replace_the_pinned_one(run: Run, tmp_path: Path, far: Counterparty) -> None:
    assert run("enrol", "--bank-key", "00" * 32, "--fingerprint", "7faa").exit_code == 2
    store = SqliteStore(tmp_path / "state")
    bank = store.bank()
    store.close()
    assert bank is not None
    assert bank.public_key == far.public_key


def test_enrolling_makes_a_handset_usable(tmp_path: Path) -> None:
    state = str(tmp_path / "new")
    runner = CliRunner()
    unusable = runner.invoke(main, ["--state", state, "--port", "x", "--operator", OPERATOR, *TRANSFER], input="1234\n")
    assert unusable.exit_code == 2
    assert "handset enrol" in unusable.stderr
    key = bytes(range(32))
    told = ["enrol", "--bank-key", key.hex(), "--fingerprint", fingerprint(key)]
    assert runner.invoke(main, ["--state", state, "--operator", OPERATOR, *told]).exit_code == 0
    store = SqliteStore(Path(state))
    assert store.bank() == Bank(key, fingerprint(key))
    assert store.operator_number() == OPERATOR
    store.close()


def test_a_modem_that_is_not_there_ends_with_2_and_a_sentence(tmp_path: Path, far: Counterparty) -> None:
    store = SqliteStore(tmp_path, synchronous="OFF")
    store.pin_bank(Bank(far.public_key, fingerprint(far.public_key)))
    store.close()
    base = ["--lang", "en", "--state", str(tmp_path), "--port", str(tmp_path / "none"), "--operator", OPERATOR]
    result = CliRunner().invoke(main, [*base, *TRANSFER], input=f"{PIN}\n")
    assert result.exit_code == 2
    assert f"{tmp_path}/none is not there. To see which ports are there: handset modem list" in result.stderr


def test_a_number_that_nobody_can_be_asked_for_ends_with_2_and_names_the_option(
    run: Run, monkeypatch: pytest.MonkeyPatch, far: Counterparty
) -> None:
    def bearer(_port: str, _operator: str, _sim_pin: object, **_line: object) -> ScriptedBearer:
        return ScriptedBearer(far, msisdn=None)

    monkeypatch.setattr(handset.modem_bearer, "ModemBearer", bearer)
    result = run(*TRANSFER)
    assert result.exit_code == 2
    assert "--number" in result.stderr
    assert run("--json", "--yes", told=PIN, options=("--number", MSISDN, *TRANSFER)).exit_code == 0
    assert run(*TRANSFER, "--yes", "--json").exit_code == 0, "the number given is kept"


def test_a_storage_full_of_others_messages_is_said_by_a_command_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, far: Counterparty
) -> None:
    def bearer(_port: str, _operator: str, _sim_pin: object, **_line: object) -> ScriptedBearer:
        full = ScriptedBearer(far)
        full.tell(StorageState(is_full=True))
        return full

    monkeypatch.setattr(handset.modem_bearer, "ModemBearer", bearer)
    result = run(*TRANSFER)
    assert result.exit_code == 0
    assert result.stderr.count("storage is full") == 1
    assert "storage is full" not in result.stdout


@pytest.mark.parametrize("trouble", Trouble)
def test_no_command_claims_that_it_goes_on_by_itself(trouble: Trouble) -> None:
    assert "by itself" not in text_for_command(trouble).say("en")
    assert "自动" not in text_for_command(trouble).say("zh")


@pytest.mark.parametrize("options", [("--demo",), ("--port", "absent", "--operator", OPERATOR)])
def test_the_app_without_a_terminal_is_refused_before_anything_is_started(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    state = tmp_path / "state"
    result = CliRunner().invoke(main, ["--lang", "en", "--state", str(state), *options])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "handset transfer" in result.stderr
    assert not state.exists()


@pytest.mark.parametrize("operator", ["abc", "", "95+533", "９５５３３", "1" * 21])
def test_an_operators_number_that_is_none_is_refused(run: Run, operator: str) -> None:
    result = run(*TRANSFER, options=("--operator", operator))
    assert result.exit_code == 2
    assert "3 to 20 digits" in " ".join(result.stderr.split())


def test_the_operator_is_remembered_once_it_has_answered(run: Run, far: Counterparty, tmp_path: Path) -> None:
    def remembered() -> str | None:
        store = SqliteStore(tmp_path / "state")
        try:
            return store.operator_number()
        finally:
            store.close()

    far.silent.add(Kind.BALANCE)
    run("balance", "--account", PAYER, "--wait", "1")
    assert remembered() is None
    far.silent.clear()
    assert run("balance", "--account", PAYER).exit_code == 0
    assert remembered() == OPERATOR


def test_a_loose_sim_pin_file_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "sim-pin"
    path.write_text("1234\n")
    path.chmod(0o644)
    result = run(*TRANSFER, options=("--sim-pin-file", str(path)))
    assert result.exit_code == 2
    assert "chmod 600" in result.stderr
    path.chmod(0o600)
    assert run(*TRANSFER, options=("--sim-pin-file", str(path))).exit_code == 0


def test_an_unknown_key_in_the_configuration_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "handset.toml"
    path.write_text('port = "/dev/ttyUSB0"\nprot = "x"\n')
    result = CliRunner().invoke(main, ["--config", str(path), *TRANSFER])
    assert result.exit_code == 2
    assert "'prot'" in result.stderr


def test_the_demos_accounts_are_listed_without_starting_it() -> None:
    result = CliRunner().invoke(main, ["--demo", "accounts", "--json"])
    assert result.exit_code == 0
    listed = json.loads(result.stdout)
    assert [set(one) for one in listed] == [{"account", "name", "pin", "msisdn", "imsi", "balance_fen"}] * 5
    assert listed[0]["account"] == CUSTOMERS[0].account
    assert CUSTOMERS[1].name in result.stdout


@pytest.mark.parametrize("command", [(), ("enrol",), ("transfer",), ("balance",), ("retry",), ("accounts",)])
def test_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.stdout
