import copy
import json
import pickle

import pytest

from wire import terminal
from wire.blocks import OperatorControlKey, Seeds
from wire.keys import PsamKeys, WorkKey
from wire.secret import Secret

PIN = b"739164"


@pytest.mark.parametrize("show", [repr, str, format, "{0!r:>20}".format, "%s".__mod__, ascii])
def test_no_way_of_showing_a_secret_shows_it(show) -> None:
    assert "739164" not in show(Secret(PIN))
    assert PIN.hex() not in show(Secret(PIN))


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_not_copied_out_of_the_program(copying) -> None:
    with pytest.raises(TypeError):
        copying(Secret(PIN))


@pytest.mark.parametrize(
    "holder",
    [
        terminal.TransferBody("739164000", "739164000", 739164, Secret(PIN), Secret(PIN)),
        terminal.InquiryBody("739164000", Secret(PIN)),
        terminal.BalanceBody("739164000", Secret(PIN), Secret(PIN)),
        terminal.Answer("00", rrn="739164739164", balance_fen=739164),
        terminal.NoticeBody(739164, 739164, 0),
        PsamKeys(Secret(PIN), Secret(PIN), Secret(PIN)),
        WorkKey(1, Secret(PIN), b"", Secret(PIN)),
        Seeds(1, Secret(PIN), Secret(PIN)),
        OperatorControlKey(1, b"", Secret(PIN)),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_what_holds_a_secret_shows_nothing_of_it(holder: object) -> None:
    assert "739164" not in repr(holder)
    assert "739164" not in str(holder)


def test_secrets_are_compared_by_content_with_secrets_only() -> None:
    assert Secret(PIN) == Secret(bytearray(PIN))
    assert Secret(PIN) != Secret(b"739165")
    assert Secret(PIN) != PIN


def test_a_secret_has_a_length_but_no_hash_and_no_place_for_more() -> None:
    assert len(Secret(PIN)) == 6
    with pytest.raises(TypeError):
        hash(Secret(PIN))
    with pytest.raises(AttributeError):
        Secret(PIN).note = "x"  # type: ignore[attr-defined]


def test_changing_the_source_afterwards_does_not_change_the_secret() -> None:
    source = bytearray(PIN)
    secret = Secret(source)
    source[0] = 0
    assert secret.reveal() == PIN
