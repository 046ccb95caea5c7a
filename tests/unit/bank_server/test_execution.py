"""What the bank answers to requests that are authentic: every code, and what it leaves in the books."""

import pytest

from bank_server.policy import DAY_S, Policy
from tests.unit.bank_server.counterpart import (
    ALICE,
    ALICES,
    BOB,
    BOBS,
    CAROLS,
    BankSide,
    HandsetSide,
    OperatorSide,
)
from wire.identity import Identity
from wire.secret import Secret
from wire.terminal import Kind

WRONG = Secret(b"9999")


def answered(operator, handset, request, identity=ALICE):
    """Carry a request in a transaction of its own; return the bank's sealed answer."""
    return handset.answer(operator.open(identity).carry(request))


def test_a_transfer_with_name_check_runs_through_registration_inquiry_and_transfer(bank, operator, alice):
    transaction = operator.open(ALICE)
    inquiry = alice.inquiry(ALICES)
    name = alice.answer(transaction.carry(inquiry))
    assert (name.code, name.name_last) == ("00", "丽")
    done = alice.answer(transaction.carry(alice.transfer(1000, transaction_id=inquiry.transaction_id)))
    assert (done.code, done.rrn, done.balance_fen) == ("00", transaction.rrn, 99_000)
    assert (bank.balance(ALICES), bank.balance(BOBS)) == (99_000, 101_000)
    assert bank.store.verify() == []


def test_only_the_last_character_of_a_name_leaves_the_bank(operator, alice):
    assert answered(operator, alice, alice.inquiry(CAROLS)).name_last == "l"


@pytest.mark.parametrize("status", ["closed", None])
def test_an_inquiry_for_an_account_that_is_closed_or_unknown_gets_14(bank, operator, alice, status):
    if status:
        bank.change("UPDATE accounts SET status = ? WHERE number = ?", status, BOBS)
    assert answered(operator, alice, alice.inquiry(BOBS if status else "46000999999")).code == "14"


def test_the_house_account_is_no_customers(operator, alice):
    assert answered(operator, alice, alice.inquiry("000000")).code == "14"
    assert answered(operator, alice, alice.transfer(payee="000000")).code == "14"


def test_inquiries_of_one_number_are_capped_for_a_day():
    bank = BankSide(policy=Policy(daily_inquiries_max=2))
    operator, alice = OperatorSide(bank).connect(), HandsetSide(bank)
    codes = [answered(operator, alice, alice.inquiry(payee)).code for payee in (BOBS, "46000999999", BOBS)]
    assert codes == ["00", "14", "65"]
    bob = HandsetSide(bank, BOB, seed=6)
    assert answered(operator, bob, bob.inquiry(ALICES), BOB).code == "00"  # another number has its own count
    bank.now += DAY_S
    assert answered(operator, alice, alice.inquiry(BOBS)).code == "00"


def test_a_balance_needs_the_pin(bank, operator, alice):
    balance = answered(operator, alice, alice.balance())
    assert (balance.code, balance.balance_fen) == ("00", 100_000)
    assert answered(operator, alice, alice.balance(pin=WRONG)).code == "55"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"amount_fen": 0}, "13"),
        ({"payee": ALICES}, "12"),
        ({"payee": "46000999999"}, "14"),
        ({"payer": "46000999999"}, "14"),
        ({"payer": BOBS, "payee": ALICES}, "14"),  # somebody else's is as good as none
        ({"payer": CAROLS}, "14"),
        ({"amount_fen": 100_001}, "51"),
        ({"amount_fen": 5_000_001}, "61"),
        ({"pin": WRONG}, "55"),
        ({"pin": WRONG, "amount_fen": 100_001}, "55"),  # who has no PIN learns nothing of the balance
    ],
)
def test_a_transfer_is_declined_with_the_code_that_says_why(bank, operator, alice, wish, code):
    assert answered(operator, alice, alice.transfer(**wish)).code == code
    assert (bank.balance(ALICES), bank.balance(BOBS), bank.balance(CAROLS)) == (100_000,) * 3
    assert bank.store.verify() == []


@pytest.mark.parametrize(("closed", "code"), [(ALICES, "14"), (BOBS, "14")])
def test_a_closed_account_neither_pays_nor_is_paid(bank, operator, alice, closed, code):
    bank.change("UPDATE accounts SET status = 'closed' WHERE number = ?", closed)
    assert answered(operator, alice, alice.transfer()).code == code


def test_all_the_money_can_be_transferred_and_not_a_fen_more(operator, alice):
    assert answered(operator, alice, alice.transfer(100_000)).balance_fen == 0
    assert answered(operator, alice, alice.transfer(1)).code == "51"


def test_daily_limits_count_what_was_done_and_end_with_the_day():
    bank = BankSide(policy=Policy(daily_fen_max=5000, daily_transfers_max=3))
    operator, alice = OperatorSide(bank).connect(), HandsetSide(bank)
    codes = [answered(operator, alice, alice.transfer(fen)).code for fen in (4000, 1001, 500, 500, 1)]
    assert codes == ["00", "61", "00", "00", "61"]
    bank.now += DAY_S
    codes = [answered(operator, alice, alice.transfer(1)).code for _ in range(4)]
    assert codes == ["00", "00", "00", "65"]


def test_three_wrong_pins_lock_the_account_until_it_is_enrolled_again(bank, operator, alice):
    codes = [answered(operator, alice, alice.transfer(pin=WRONG)).code for _ in range(3)]
    assert codes == ["55", "55", "75"]
    assert answered(operator, alice, alice.transfer()).code == "38"
    assert answered(operator, alice, alice.balance()).code == "38"


def test_a_right_pin_clears_the_attempts(operator, alice):
    pins = [WRONG, WRONG, None, WRONG, WRONG]
    codes = [answered(operator, alice, alice.balance(**({"pin": pin} if pin else {}))).code for pin in pins]
    assert codes == ["55", "55", "00", "55", "55"]


def test_pin_attempts_outlive_a_restart(tmp_path):
    first = BankSide(tmp_path / "bank.db")
    operator, alice = OperatorSide(first).connect(), HandsetSide(first)
    assert [answered(operator, alice, alice.balance(pin=WRONG)).code for _ in range(2)] == ["55", "55"]
    first.store.close()
    second = BankSide(tmp_path / "bank.db", keys=first.keys, seed=2)
    restarted = OperatorSide(second, connection=2).connect()
    restarted.network("101")
    restarted.counter = 1000
    assert answered(restarted, alice, alice.balance(pin=WRONG)).code == "75"


def test_a_number_with_another_imsi_is_quarantined_until_released(bank, operator, alice):
    swapped = Identity("460005555555555", ALICE.msisdn)
    thief = HandsetSide(bank, swapped, seed=6)
    assert answered(operator, thief, thief.transfer(), swapped).code == "05"
    assert any("quarantined" in note.text and ALICE.msisdn not in note.text for note in operator.notes)
    assert answered(operator, alice, alice.transfer()).code == "05"  # the old SIM neither: nobody knows who is who
    with bank.store.transaction():
        bank.store.set_phone_imsi(ALICE.msisdn, swapped.imsi)
    assert answered(operator, thief, thief.transfer(), swapped).code == "00"


@pytest.mark.parametrize("kind", [Kind.STATEMENT, Kind.CHANGE_PIN])
def test_reserved_requests_get_40(operator, alice, kind):
    reply = operator.open(ALICE).carry(alice.request(kind, b"anything"))
    assert (reply.code, reply.sealed) == ("40", b"")


@pytest.mark.parametrize("body", [b"short", bytes(49)])
def test_a_sealed_body_that_does_not_parse_gets_30_unsealed_and_blocks_nothing(bank, operator, alice, body):
    transaction = operator.open(ALICE)
    bad = alice.request(Kind.TRANSFER, body)
    reply = transaction.carry(bad)
    assert (reply.code, reply.sealed) == ("30", b"")
    real = alice.transfer(transaction_id=bad.transaction_id)
    assert alice.answer(transaction.carry(real)).code == "00"


def test_a_request_in_the_wrong_message_gets_12(operator, alice):
    transaction = operator.open(ALICE)
    message = transaction.message("0100", "330000", alice.transfer().encode())
    assert transaction.opened(operator.say(message)).code == "12"


def test_old_answers_and_counts_are_forgotten_and_outcomes_never(bank, operator, alice):
    answered(operator, alice, alice.inquiry())
    answered(operator, alice, alice.transfer())
    before = bank.dump()
    assert all(before[table] for table in ("iso_answers", "terminal_answers", "daily_inquiries", "daily_transfers"))
    bank.do("tick")
    bank.now += bank.policy.iso_answers_kept_s + 1
    bank.do("tick")
    assert bank.dump()["iso_answers"] == []
    assert bank.dump()["terminal_answers"] == before["terminal_answers"]
    bank.now += bank.policy.terminal_answers_kept_s
    bank.do("tick")
    after = bank.dump()
    assert [after[table] for table in ("terminal_answers", "daily_inquiries", "daily_transfers")] == [[], [], []]
    assert after["outcomes"] == before["outcomes"]
