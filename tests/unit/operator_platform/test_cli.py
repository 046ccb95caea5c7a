"""The command `operator-platform`: what it makes, shows and refuses."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from operator_platform.cli import main
from operator_platform.key_files import write_private
from operator_platform.state import StateFolder
from tests.unit.operator_platform.counterpart import ALICE, BOB
from tests.unit.operator_platform.test_server import free_port


def run(*arguments, expect=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.output


@pytest.fixture
def static_key(tmp_path, bank):
    path = tmp_path / "static.key"
    write_private(path, bank.static.reveal())
    return path


@pytest.fixture
def state(tmp_path, static_key):
    folder = tmp_path / "state"
    run("--state", folder, "init", "--operator", "46000", "--node", "7", "--static-key", static_key)
    return folder


def test_init_takes_the_static_key_in_and_shows_its_check_value_only(tmp_path, static_key, bank):
    folder = tmp_path / "new"
    said = run("--state", folder, "init", "--operator", "46000", "--node", "7", "--static-key", static_key)
    assert bank.static.reveal().hex() not in said
    assert StateFolder(folder).keys.load().static == bank.static
    assert (folder / "keys" / "static.key").stat().st_mode & 0o777 == 0o600
    again = ("--state", folder, "init", "--operator", "46000", "--node", "7", "--static-key", static_key)
    assert "already" in run(*again, expect=2)


def test_init_refuses_a_static_key_that_others_can_read(tmp_path, static_key):
    static_key.chmod(0o644)
    new = tmp_path / "new"
    said = run("--state", new, "init", "--operator", "46000", "--node", "7", "--static-key", static_key, expect=2)
    assert "chmod 600" in said
    assert not new.exists()


@pytest.mark.parametrize("operator", ["", "x", "123456789012"])
def test_init_refuses_what_is_no_operator_id(tmp_path, static_key, operator):
    new = ("--state", tmp_path / "new", "init", "--operator", operator, "--node", "7", "--static-key", static_key)
    assert "1 to 11 digits" in run(*new, expect=2)


def test_sims_are_added_listed_and_replaced_only_when_asked(state):
    add = ("--state", state, "subscriber", "add", "--msisdn", "+" + ALICE.msisdn, "--imsi")
    run(*add, ALICE.imsi)
    run(*add, ALICE.imsi)
    assert "--replace" in run(*add, BOB.imsi, expect=1)
    listed = json.loads(run("--state", state, "subscriber", "list", "--json"))
    assert listed == [{"msisdn": ALICE.msisdn, "imsi": ALICE.imsi}]
    run(*add, BOB.imsi, "--replace")
    assert BOB.imsi in run("--state", state, "subscriber", "list")
    run("--state", state, "subscriber", "add", "--msisdn", BOB.msisdn, "--imsi", BOB.imsi, expect=2)
    assert "IMSI" in run(*add, "12x", expect=2)


def test_keys_show_numbers_and_check_values_and_no_key(state, bank):
    empty = json.loads(run("--state", state, "keys", "show", "--json"))
    assert (empty["generation"], empty["epoch"], empty["serials_in_use"]) == (None, None, [])
    files = StateFolder(state).keys
    files.save_seeds(bank.generations[1], None)
    files.save_control_key(bank.control(), None)
    for said in (run("--state", state, "keys", "show"), run("--state", state, "keys", "show", "--json")):
        for secret in (bank.static, bank.generations[1].seed1, bank.generations[1].seed2, bank.control().c):
            assert secret.reveal().hex() not in said
    shown = json.loads(said)
    assert (shown["operator"], shown["node"], shown["generation"], shown["epoch"]) == ("46000", 7, 1, 1)


def test_commands_without_state_say_what_to_run(tmp_path):
    for command in (("keys", "show"), ("subscriber", "list"), ("serve",)):
        assert "init" in run("--state", tmp_path / "none", *command, expect=2)
    assert not (tmp_path / "none").exists()


def test_serve_refuses_a_state_in_use_a_loose_key_and_a_bad_password(state, tmp_path):
    with StateFolder(state).lock():
        assert "in use" in run("--state", state, "serve", expect=2)
    (state / "keys" / "static.key").chmod(0o640)
    assert "chmod 600" in run("--state", state, "keys", "show", expect=2)
    (state / "keys" / "static.key").chmod(0o600)
    password = tmp_path / "password"
    write_private(password, b"123456789\n")
    assert "at most 8" in run("--state", state, "serve", "--smpp-password-file", password, expect=2)
    password.chmod(0o644)
    assert "chmod 600" in run("--state", state, "serve", "--smpp-password-file", password, expect=2)
    assert "HOST:PORT" in run("--state", state, "serve", "--bank", "nowhere", expect=2)


def test_every_command_has_an_example(state):
    for command in ((), ("init",), ("subscriber", "add"), ("subscriber", "list"), ("keys", "show"), ("serve",)):
        assert "Example" in run(*command, "--help")


@pytest.mark.programs
def test_serve_waits_for_bank_and_sms_centre_and_ends_cleanly_on_sigterm(state):
    log = state / "log"
    command = [Path(sys.executable).with_name("operator-platform"), "--log-file", log, "--state", state, "serve"]
    ports = ["--bank", f"127.0.0.1:{free_port()}", "--smpp", f"127.0.0.1:{free_port()}"]
    with subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        try:
            while not (log.exists() and log.read_text().count("trying on") == 2):
                assert program.poll() is None, program.stderr.read()
                os.sched_yield()
            program.send_signal(signal.SIGTERM)
            assert program.wait(10) == 0
            assert program.stdout.read() == b""
            assert program.stderr.read() == b""
        finally:
            program.kill()


@pytest.mark.programs
def test_a_database_that_stays_locked_is_one_sentence_that_names_the_file(state):
    program = [Path(sys.executable).with_name("operator-platform"), "--state", state]
    commands = [["subscriber", "add", "--imsi", ALICE.imsi, "--msisdn", ALICE.msisdn], ["serve"]]
    other = sqlite3.connect(state / "operator.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    running = [subprocess.Popen([*program, *command], stderr=subprocess.PIPE) for command in commands]
    for process in running:
        with process:
            assert process.wait(30) == 2
            (line,) = process.stderr.read().decode().splitlines()
            assert f"{state / 'operator.sqlite'}: another process keeps the database locked" in line
    other.close()


def test_what_is_no_database_is_named(state):
    (state / "operator.sqlite").write_bytes(b"no database " * 100)
    assert str(state / "operator.sqlite") in run("--state", state, "subscriber", "list", expect=2)
