"""Whole programs: a SIM whose number is nowhere on it; the person is asked once, at a terminal."""

import contextlib
import os
import pty
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gsm.modem import Modem
from tests.system.house import BIN, OPERATOR_NUMBER, PAYER, House, run

pytestmark = pytest.mark.programs

BALANCE = ("balance", "--account", PAYER.account, "--json")


@pytest.fixture
def arguments(house: House, tmp_path: Path) -> tuple[str, ...]:
    """A handset that is enrolled and has seen no SIM yet."""
    state = tmp_path / "handset"
    shown = run("bank-server", "--state", house.bank_state, "terminal-key", "--json").json
    key = ("--bank-key", shown["terminal_key"], "--fingerprint", shown["fingerprint"])
    assert run("handset", "--state", state, "enrol", *key).status == 0
    port = house.port_of(PAYER)
    return ("handset", "--lang", "en", "--port", port, "--operator", OPERATOR_NUMBER, "--state", str(state))


@pytest.fixture(autouse=True)
def number_erased(house: House) -> Iterator[None]:
    """The SIM's phonebook of own numbers is empty, and with it +CNUM and EF MSISDN, for one test."""

    def write(record: str) -> None:
        modem = Modem(house.port_of(PAYER))
        with contextlib.closing(modem):
            modem.connect()
            modem.write('AT+CPBS="ON"')
            modem.write(f"AT+CPBW=1{record}")
            assert (modem.own_number() is None) == (record == "")

    write("")
    yield
    write(f',"+{PAYER.msisdn}",145,"own"')


def at_a_terminal(command: Sequence[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str, str]:
    """Run a command at a terminal, and type each answer when its prompt is there. Status, output, and what it asked."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [BIN / command[0], *command[1:]], stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True
    )
    os.close(terminal)
    guard = threading.Timer(120, process.kill)
    guard.start()
    shown, read_up_to = "", 0
    try:
        for prompt, answer in answers:
            while prompt not in shown[read_up_to:]:
                shown += os.read(controller, 4096).decode()
            read_up_to = len(shown)
            os.write(controller, f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the terminal's end: the command has ended
            while data := os.read(controller, 4096):
                shown += data.decode()
        assert process.stdout is not None
        return process.wait(), process.stdout.read(), shown
    finally:
        guard.cancel()
        process.kill()
        os.close(controller)


def test_the_number_is_asked_at_a_terminal_once_and_kept(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, *BALANCE, given=f"{PAYER.pin}\n")
    assert ended.status == 2
    assert "--number" in ended.errors

    answers = (("PIN: ", PAYER.pin), ("asked once: ", "12"), ("asked once: ", f"+{PAYER.msisdn}"))
    status, output, shown = at_a_terminal((*arguments, *BALANCE), answers)
    assert status == 0, shown
    assert '"outcome": "done"' in output

    ended = run(*arguments, *BALANCE, given=f"{PAYER.pin}\n")
    assert ended.status == 0, "without a terminal: the number is in the store"
    assert ended.json["outcome"] == "done"
