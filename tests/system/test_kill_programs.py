"""kill -9 for each server in the middle of a transfer: it ends once, or is declined, or is in doubt until it is one."""

import threading

import pytest

from tests.system.house import PAYEE, PAYER, House, Server

pytestmark = pytest.mark.programs

AMOUNT_FEN = 1234


def kill_at(house: House, victim: Server, to: str, mti: bytes) -> threading.Event:
    """Kill `victim` when the first message of type `mti` passes, and start it again a second later."""
    struck = threading.Event()
    back = threading.Event()

    def again() -> None:
        victim.start()
        back.set()

    def strike(way: str, message: bytes) -> None:
        if way == to and message.startswith(mti) and not struck.is_set():
            struck.set()
            victim.kill()
            threading.Timer(1.0, again).start()

    house.tap.on_message = strike
    return back


@pytest.mark.parametrize(
    ("name", "to", "mti"),
    [
        ("bank", "bank", b"0200"),  # before it has seen the transfer
        ("bank", "operator", b"0210"),  # it is done, and nobody was told
        ("operator", "operator", b"0210"),  # the answer is lost with it
        ("emulator", "operator", b"0210"),  # with the SMS network, and the handset's modem
    ],
)
def test_a_transfer_ends_once_although_a_server_is_killed_in_its_middle(
    own_house: House, name: str, to: str, mti: bytes
) -> None:
    house = own_house
    before = house.balance(PAYER), house.balance(PAYEE)
    back = kill_at(house, getattr(house, name), to, mti)
    ended = house.transfer("12.34", PAYEE.account, PAYER, None, "--wait", "60")
    assert back.wait(30), "the server was struck and is back"
    house.tap.on_message = None
    outcome = ended.json["outcome"]
    if outcome == "in_doubt":
        assert ended.status == 3
        ended = house.handset(PAYER, "retry", "--json")
        outcome = ended.json["outcome"]
    assert outcome in ("done", "declined"), ended
    moved = AMOUNT_FEN if outcome == "done" else 0
    assert (house.balance(PAYER), house.balance(PAYEE)) == (before[0] - moved, before[1] + moved)
    assert house.verify().status == 0
