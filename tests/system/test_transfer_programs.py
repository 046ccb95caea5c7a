"""Whole programs: a transfer from the command line, its answers, and what the payee's phone gets."""

import queue
from contextlib import closing

import pytest

from gsm.modem import Modem, ReceivedText
from operator_platform.session import PLAIN_NOTICES
from tests.system.house import OTHER, PAYEE, PAYER, House

pytestmark = pytest.mark.programs

KEYS = {
    *("transaction_id", "serial", "outcome", "code", "message", "payee_name_last", "amount_fen"),
    *("sms_sent", "sms_received", "elapsed_s"),
}


def test_a_transfer_is_done_with_two_sms_up_and_two_down_and_the_books_balance(house: House) -> None:
    before = house.balance(PAYER), house.balance(PAYEE)
    ended = house.transfer("12.34")
    assert ended.status == 0, ended
    told = ended.json
    assert set(told) == KEYS
    assert (told["outcome"], told["code"], told["amount_fen"]) == ("done", "00", 1234)
    assert told["payee_name_last"] == PAYEE.name[-1]
    assert (told["sms_sent"], told["sms_received"]) == (2, 2)
    assert len(bytes.fromhex(told["transaction_id"])) == 8
    assert len(bytes.fromhex(told["serial"])) == 8
    assert (house.balance(PAYER), house.balance(PAYEE)) == (before[0] - 1234, before[1] + 1234)
    assert house.verify().status == 0


def test_every_transaction_has_a_serial_of_its_own(house: House) -> None:
    serials = {house.transfer("0.01").json["serial"] for _ in range(2)}
    assert len(serials) == 2


def test_the_payees_phone_gets_one_plain_sentence_if_it_has_no_app(house: House) -> None:
    texts: queue.Queue[ReceivedText] = queue.Queue()
    with closing(Modem(house.port_of(OTHER), received=texts.put)) as modem:
        modem.connect()
        assert house.transfer("54.32", payee=OTHER.account).status == 0
        notice = texts.get(timeout=30).text
    assert notice == PLAIN_NOTICES["zh"]


@pytest.mark.parametrize(
    ("amount", "payee", "code"),
    [
        ("20000.00", PAYEE.account, "51"),
        ("60000.00", PAYEE.account, "61"),
        ("1.00", "4600099999999999", "14"),
    ],
)
def test_a_declined_transfer_tells_its_code_and_what_to_do(house: House, amount: str, payee: str, code: str) -> None:
    before = house.balance(PAYER)
    messages = []
    for language in ("en", "zh"):
        ended = house.transfer(amount, payee, language=language)
        assert ended.status == 1, ended
        assert (ended.json["outcome"], ended.json["code"]) == ("declined", code)
        messages.append(ended.json["message"])
    assert len(set(messages)) == 2
    assert all(len(message) > 6 for message in messages)
    assert house.balance(PAYER) == before


def test_a_wrong_pin_is_counted_then_locks_the_account(house: House) -> None:
    codes = [house.transfer("1.00", PAYEE.account, OTHER, "999999").json["code"] for _ in range(4)]
    assert codes == ["55", "55", "75", "38"]
    assert house.transfer("1.00", PAYEE.account, OTHER).json["code"] == "38"


def test_a_transfer_of_nothing_or_with_a_bad_account_is_a_usage_error_and_sends_nothing(house: House) -> None:
    before = len(house.tap.passed)
    refused = (
        ("0", PAYEE.account),
        ("-5", PAYEE.account),
        ("1.234", PAYEE.account),
        ("1.00", "12ab"),
        ("1.00", PAYER.account),
    )
    for amount, payee in refused:
        ended = house.transfer(amount, payee)
        assert ended.status == 2, ended
    assert len(house.tap.passed) == before


def test_a_number_that_is_not_the_networks_is_refused_by_the_operator(house: House) -> None:
    ended = house.handset(
        PAYER,
        *("--number", "8613999999999", "balance", "--account", PAYER.account, "--json"),
        given=f"{PAYER.pin}\n",
    )
    assert (ended.status, ended.json["code"]) == (1, "58"), ended
