"""`handset --demo`: everything is made by the real commands, and everything is gone at the end."""

import os
import tempfile
from pathlib import Path

import pytest

from handset.demo_customers import CUSTOMERS
from tests.system.house import PAYEE, PAYER, run

pytestmark = pytest.mark.programs


def our_processes() -> set[str]:
    """The command lines of all servers of this project that run now, of whatever house."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "serve" in line and any(name in line for name in ("bank", "operator", "emulator")):
            found.add(f"{path.parent.name} {line}")
    return found


def test_a_transfer_in_the_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    env = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir()
    ended = run(
        "handset",
        *("--demo", "--lang", "zh", "transfer", "--to", PAYEE.account, "--from", PAYER.account),
        *("--amount", "12.34", "--json"),
        given=f"{PAYER.pin}\n",
        env=env,
    )
    assert ended.status == 0, ended
    assert (ended.json["outcome"], ended.json["payee_name_last"]) == ("done", PAYEE.name[-1])
    assert (ended.json["sms_sent"], ended.json["sms_received"]) == (2, 2)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not {line for line in our_processes() if str(tmp_path) in line}


def test_a_wrong_pin_in_the_demo_is_declined_with_a_sentence() -> None:
    ended = run(
        "handset",
        *("--demo", "--lang", "en", "transfer", "--to", PAYEE.account, "--from", PAYER.account),
        *("--amount", "12.34", "--json"),
        given="000000\n",
    )
    assert ended.status == 1, ended
    assert (ended.json["outcome"], ended.json["code"]) == ("declined", "55")
    assert "PIN" in ended.json["message"]


def test_keep_keeps_the_folder_and_its_books_balance(tmp_path: Path) -> None:
    ended = run(
        "handset",
        *("--demo", "--keep", "balance", "--account", PAYER.account, "--json"),
        given=f"{PAYER.pin}\n",
        env={"TMPDIR": str(tmp_path)},
    )
    assert ended.status == 0, ended
    assert ended.json["balance_fen"] == PAYER.balance_fen
    (kept,) = list(tmp_path.iterdir())
    assert str(kept) in ended.errors
    (bank,) = [path.parent for path in kept.rglob("*bank*.sqlite")] or [kept / "bank"]
    assert run("bank-server", "--state", bank, "verify").status == 0


def test_the_accounts_of_the_demo_are_listed_without_starting_anything() -> None:
    before = set(os.listdir(tempfile.gettempdir()))
    first, second = (run("handset", "--demo", "accounts", "--json") for _ in range(2))
    assert first.status == 0
    assert first.json == second.json == [customer.facts() for customer in CUSTOMERS]
    assert set(first.json[0]) == {"account", "name", "pin", "msisdn", "imsi", "balance_fen"}
    assert {name for name in set(os.listdir(tempfile.gettempdir())) - before if "yinxin" in name} == set()
