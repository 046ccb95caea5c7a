"""The commands, as a person at the bank types them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bank_server.cli import main
from bank_server.state import State
from wire.keys import key_check_value
from wire.secret import Secret

ACCOUNT = "46000111111"
PHONE = ["--msisdn", "8613800000001", "--imsi", "460001234567890"]


class Person:
    """Types commands in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(folder / "state")

    def type(self, *words: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, ["--state", str(self.folder / "state"), *words], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def does(self, *words: str, stdin: str | None = None) -> str:
        result = self.type(*words, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.output

    def fails(self, *words: str, stdin: str | None = None) -> str:
        result = self.type(*words, stdin=stdin)
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.output
        return result.output

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def makes_seeds(self, first: str, second: str) -> list[str]:
        for custodian, name in (("1", first), ("2", second)):
            self.does("seed", "make", "--custodian", custodian, "--out", self.path(name))
        return [self.path(first), self.path(second)]

    def adds_operator(self) -> None:
        self.does("operator", "add", "--operator", "46000", "--node", "1", "--static-key-out", self.path("static.key"))


@pytest.fixture
def person(tmp_path) -> Person:
    person = Person(tmp_path)
    person.does("init")
    return person


def test_a_bank_is_made_once_and_shows_its_fingerprint(person):
    shown = json.loads(person.does("terminal-key", "--json"))
    assert len(shown["terminal_key"]) == 64
    assert shown["fingerprint"] in person.does("terminal-key")
    assert "not empty" in person.fails("init")


def test_the_seed_ceremony_from_two_custodians_to_a_control_key(person):
    person.adds_operator()
    assert len((person.folder / "static.key").read_bytes()) == 32
    assert (person.folder / "static.key").stat().st_mode & 0o777 == 0o600
    seeds = person.makes_seeds("one", "two")
    person.does("seed", "combine", "--operator", "46000", *seeds)
    person.does("control-key", "issue", "--operator", "46000")
    (shown,) = json.loads(person.does("keys", "show", "--json"))
    assert list(shown["generations"]) == list(shown["epochs"]) == ["1"]
    assert shown["delivered"]["generation"] == 0
    (held,) = person.state.keys.operators()
    assert held.seeds[1].seed1.reveal() == (person.folder / "one").read_bytes()


def test_a_custodian_sees_a_check_value_and_never_the_seed(person):
    output = person.does("seed", "make", "--custodian", "1", "--out", person.path("one"))
    content = (person.folder / "one").read_bytes()
    assert content.hex() not in output
    assert key_check_value(Secret(content)) in output
    assert "there already" in person.fails("seed", "make", "--custodian", "1", "--out", person.path("one"))
    assert (person.folder / "one").read_bytes() == content


def test_no_command_shows_a_key(person):
    person.adds_operator()
    seeds = person.makes_seeds("one", "two")
    output = person.does("seed", "combine", "--operator", "46000", *seeds)
    output += person.does("renew", "--operator", "46000")
    output += person.does("keys", "show") + person.does("keys", "show", "--json") + person.does("terminal-key")
    (held,) = person.state.keys.operators()
    secrets = [held.static, held.seeds[1].seed1, held.seeds[1].seed2, held.controls[1].k, held.controls[1].c]
    for secret in secrets:
        assert secret.reveal().hex() not in output


def test_a_rehearsal_shows_what_would_change_and_changes_nothing(person):
    person.adds_operator()
    seeds = person.makes_seeds("one", "two")
    before = person.state.keys.state()
    output = person.does("seed", "combine", "--rehearse", "--operator", "46000", *seeds)
    assert "seed generation 1" in output
    assert "under the static key" in output
    assert "epoch 1" in person.does("control-key", "issue", "--rehearse", "--operator", "46000")
    assert person.state.keys.state() == before
    person.does("seed", "combine", "--operator", "46000", *seeds)
    later = person.makes_seeds("three", "four")
    output = person.does("renew", "--rehearse", "--operator", "46000", *later)
    assert "under the work key of generation 1" in output
    assert "under the work key of generation 2" in output  # the control key follows the seeds


def test_renewal_makes_the_next_generation_and_epoch(person):
    person.adds_operator()
    person.does("seed", "combine", "--operator", "46000", *person.makes_seeds("one", "two"))
    person.does("control-key", "issue", "--operator", "46000")
    person.does("renew", "--operator", "46000", *person.makes_seeds("three", "four"))
    (held,) = person.state.keys.operators()
    assert (held.generation, held.epoch) == (2, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["seed", "combine", "--operator", "46000", "ONE", "ONE"], "both seeds are the same"),
        (["seed", "combine", "--operator", "46000", "ONE", "none"], "cannot be read"),
        (["seed", "combine", "--operator", "1", "ONE", "TWO"], "no operator 1"),
        (["renew", "--operator", "46000"], "no seeds yet"),
        (["renew", "--operator", "46000", "ONE"], "both custodians"),
        (["operator", "add", "--operator", "46000", "--node", "2", "--static-key-out", "new"], "there already"),
        (["operator", "add", "--operator", "46001", "--node", "2", "--static-key-out", "ONE"], "not overwritten"),
        (["serve"], "no operator has its keys yet"),
    ],
)
def test_a_key_command_that_cannot_be_done_says_why(person, words, says):
    person.adds_operator()
    one, two = person.makes_seeds("one", "two")
    places = {"ONE": one, "TWO": two, "new": person.path("new"), "none": person.path("none")}
    assert says in person.fails(*(places.get(word, word) for word in words))


def test_a_seed_file_that_others_can_read_is_refused(person):
    person.adds_operator()
    one, two = person.makes_seeds("one", "two")
    (person.folder / "two").chmod(0o644)
    assert "chmod 600" in person.fails("seed", "combine", "--operator", "46000", one, two)


def test_accounts_are_opened_enrolled_listed_and_closed(person):
    person.does("account", "open", "--account", ACCOUNT, "--name", "王爱丽", "--balance-fen", "100000")
    person.does("enrol", "--account", ACCOUNT, *PHONE, stdin="1357\n")
    listed = json.loads(person.does("account", "list", "--json"))
    assert sum(entry["balance_fen"] for entry in listed) == 0
    assert {"account": ACCOUNT, "name": "王爱丽", "status": "open", "balance_fen": 100000} in listed
    assert "given out already" in person.fails("account", "open", "--account", ACCOUNT, "--name", "X")
    assert "hold" in person.does("verify")
    person.does("account", "close", "--account", ACCOUNT)
    assert "no open account" in person.fails("enrol", "--account", ACCOUNT, *PHONE, stdin="1357\n")


def test_a_name_is_composed_so_that_its_last_character_is_one(person):
    person.does("account", "open", "--account", ACCOUNT, "--name", "Rene\u0301 ")
    with person.state.books() as store:
        assert store.account(ACCOUNT).holder == "Ren\u00e9"
    person.fails("account", "open", "--account", "46000222222", "--name", "  ")


@pytest.mark.parametrize("pin", ["123", "abcd", "1234567890123", ""])
def test_a_pin_that_is_none_is_refused_and_not_shown(person, pin):
    person.does("account", "open", "--account", ACCOUNT, "--name", "A")
    output = person.fails("enrol", "--account", ACCOUNT, *PHONE, stdin=f"{pin}\n")
    assert "4 to 12 digits" in output
    assert not pin or pin not in output


def test_a_pin_is_not_in_the_books(person):
    person.does("account", "open", "--account", ACCOUNT, "--name", "A")
    person.does("enrol", "--account", ACCOUNT, *PHONE, stdin="97531246\n")
    content = b"".join(path.read_bytes() for path in (person.folder / "state").glob("bank.db*"))
    assert b"97531246" not in content
    assert bytes.fromhex("97531246") not in content


def test_enrolling_again_unlocks_and_enrolling_another_sim_needs_a_release(person):
    person.does("account", "open", "--account", ACCOUNT, "--name", "A")
    person.does("enrol", "--account", ACCOUNT, *PHONE, stdin="1357\n")
    with person.state.books() as store:
        store.lock_pin(ACCOUNT)
        store.quarantine("8613800000001")
    assert "PIN locked" in person.does("phones", "--quarantined")
    person.does("enrol", "--account", ACCOUNT, *PHONE, stdin="2468\n")
    assert "PIN locked" not in person.does("phones")
    other = ["--msisdn", "8613800000001", "--imsi", "460009999999999"]
    assert "release" in person.fails("enrol", "--account", ACCOUNT, *other, stdin="1357\n")
    person.does("release", *other)
    assert person.does("phones", "--quarantined") == ""
    assert "460009999999999" in person.does("phones")
    assert "no account" in person.fails("release", "--msisdn", "8613800000002", "--imsi", "460001234567890")


def test_verify_lists_what_does_not_hold_and_fails(person):
    person.does("account", "open", "--account", ACCOUNT, "--name", "A", "--balance-fen", "5")
    with person.state.books() as store:
        store.execute("UPDATE accounts SET credits_posted = 6 WHERE number = ?", ACCOUNT)
    result = person.type("verify")
    assert result.exit_code == 1
    assert ACCOUNT in result.output


@pytest.mark.parametrize("words", [["verify"], ["serve"], ["account", "list"], ["keys", "show"], ["terminal-key"]])
def test_a_state_folder_that_is_none_is_named_with_what_to_do(tmp_path, words):
    assert "init" in Person(tmp_path).fails(*words)


def test_a_second_server_on_one_folder_is_refused(person):
    with person.state.held_by_server():
        assert "another bank-server" in person.fails("serve")


def test_two_key_commands_cannot_run_at_once(person):
    person.adds_operator()
    with person.state.keys_held():
        assert "another key command" in person.fails("control-key", "issue", "--operator", "46000")


def test_a_database_that_stays_locked_is_named(person, monkeypatch):
    monkeypatch.setattr("bank_server.sqlite_store._BUSY_TIMEOUT_S", 0.05)
    with person.state.books():
        assert "locked" in person.fails("account", "open", "--account", ACCOUNT, "--name", "A")


def test_an_unknown_key_in_the_configuration_is_refused_by_name(person):
    (person.folder / "bank.toml").write_text("[serve]\nports = 1\n")
    result = CliRunner().invoke(main, ["--config", person.path("bank.toml"), "serve"])
    assert result.exit_code == 2
    assert "ports" in result.output


def commands(group=main, words=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_helps_with_an_example(words):
    output = CliRunner().invoke(main, [*words, "--help"]).output
    assert "Example:" in output
    assert f"bank-server {' '.join(words)}" in output or "init" in words
