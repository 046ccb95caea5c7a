"""A transfer whose answer did not reach the operator: blocked if unknown, undone if it can be, else it stands."""

import pytest

from bank_server.policy import Policy
from tests.unit.bank_server.counterpart import ALICE, ALICES, BOB, BOBS, CAROLS, BankSide, HandsetSide, OperatorSide
from wire.iso import Direction, seal
from wire.terminal import Kind


def balances(bank):
    return bank.balance(ALICES), bank.balance(BOBS)


def test_an_unknown_original_is_blocked_and_gets_98_when_it_comes_late(bank, operator, alice):
    request = alice.transfer()
    transaction = operator.open(ALICE)
    reversed_reply = transaction.reverse(request)
    assert alice.answer(reversed_reply).code == "98"
    late = operator.open(ALICE).carry(request)
    assert late == reversed_reply
    assert balances(bank) == (100_000, 100_000)
    assert bank.store.verify() == []


def test_a_transfer_that_was_done_is_undone_and_answered_98(bank, operator, alice):
    request = alice.transfer()
    transaction = operator.open(ALICE)
    transaction.carry(request)
    assert balances(bank) == (99_000, 101_000)
    assert alice.answer(transaction.reverse(request)).code == "98"  # its serial is closed, but not for a reversal
    assert balances(bank) == (100_000, 100_000)
    assert alice.answer(operator.open(ALICE).carry(request)).code == "98"
    assert bank.store.verify() == []


def test_a_transfer_stands_if_the_payee_has_spent_the_money(bank, operator, alice):
    request = alice.transfer()
    transaction = operator.open(ALICE)
    done = transaction.carry(request)
    bob = HandsetSide(bank, BOB, seed=6)
    assert bob.answer(operator.open(BOB).carry(bob.transfer(100_500, CAROLS, BOBS))).code == "00"
    assert transaction.reverse(request) == done
    assert balances(bank) == (99_000, 500)
    assert any("cannot be reversed" in note.text for note in operator.notes)
    assert bank.store.verify() == []


def test_a_transfer_stands_if_the_payees_account_is_closed(bank, operator, alice):
    request = alice.transfer()
    transaction = operator.open(ALICE)
    done = transaction.carry(request)
    bank.change("UPDATE accounts SET status = 'closed' WHERE number = ?", BOBS)
    assert transaction.reverse(request) == done


def test_a_declined_transfer_keeps_its_answer(operator, alice):
    request = alice.transfer(0)
    transaction = operator.open(ALICE)
    declined = transaction.carry(request)
    assert transaction.reverse(request) == declined


@pytest.mark.parametrize("first", ["0420", "0421"])
def test_0420_and_0421_share_trace_and_exchange_number_and_come_in_any_order(bank, operator, alice, first):
    request = alice.transfer()
    transaction = operator.open(ALICE)
    transaction.carry(request)
    reversal = transaction.message("0420", "400000", request.encode())
    plaintext = ALICE.pack() + request.encode()
    bare = type(reversal)("0421", reversal.fields)
    repeat = seal(bare, transaction.keys, Direction.TO_BANK, plaintext, bytes(12))
    order = [reversal, repeat] if first == "0420" else [repeat, reversal]
    replies = [transaction.opened(operator.say(message)) for message in [*order, *order]]
    assert len(set(replies)) == 1
    assert alice.answer(replies[0]).code == "98"
    assert balances(bank) == (100_000, 100_000)


def test_a_reversal_under_a_fresh_serial_undoes_the_same_transfer_once(bank, operator, alice):
    request = alice.transfer()
    operator.open(ALICE).carry(request)
    first = operator.open(ALICE).reverse(request)
    assert operator.open(ALICE).reverse(request) == first
    assert balances(bank) == (100_000, 100_000)


def test_a_reversed_transfer_does_not_count_against_the_days_limits():
    bank = BankSide(policy=Policy(daily_transfers_max=1))
    operator, alice = OperatorSide(bank).connect(), HandsetSide(bank)
    request = alice.transfer()
    operator.open(ALICE).carry(request)
    operator.open(ALICE).reverse(request)
    assert alice.answer(operator.open(ALICE).carry(alice.transfer())).code == "00"


def test_a_reversal_of_something_else_under_the_same_id_is_refused_with_94(bank, operator, alice):
    request = alice.transfer()
    operator.open(ALICE).carry(request)
    other = alice.transfer(2000, transaction_id=request.transaction_id)
    assert alice.answer(operator.open(ALICE).reverse(other)).code == "94"
    assert balances(bank) == (99_000, 101_000)


def test_a_reversal_with_exchange_number_zero_is_refused(operator, alice):
    transaction = operator.open(ALICE)
    request = alice.transfer()
    message = transaction.message("0420", "400000", request.encode()).with_fields(DE61="000")
    plaintext = ALICE.pack() + request.encode()
    sealed = seal(message, transaction.keys, Direction.TO_BANK, plaintext, bytes(12))
    assert operator.say(sealed)[39] == "63"


def test_only_transfers_are_reversed(operator, alice):
    assert operator.open(ALICE).reverse(alice.inquiry()).code == "12"


def test_a_reversal_that_does_not_open_blocks_nothing(bank, operator, alice):
    request = alice.transfer()
    garbled = alice.request(Kind.TRANSFER, bytes(49), request.transaction_id)
    assert operator.open(ALICE).reverse(garbled).code == "30"
    assert alice.answer(operator.open(ALICE).carry(request)).code == "00"


def test_a_transfer_of_days_ago_is_not_undone(bank, operator, alice):
    request = alice.transfer()
    done = operator.open(ALICE).carry(request)
    bank.now += bank.policy.reversible_s + 1
    assert operator.open(ALICE).reverse(request) == done
    assert balances(bank) == (99_000, 101_000)
