"""Money that arrived is announced: sealed, from an outbox, until the operator has answered."""

import pytest

from bank_server.policy import Policy
from tests.unit.bank_server.counterpart import ALICE, BOB, BOBS, CAROLS, BankSide, HandsetSide, OperatorSide
from wire import iso
from wire.sealing import notice_key, open_notice
from wire.terminal import Notice, decode_down


@pytest.fixture
def bob(bank: BankSide) -> HandsetSide:
    return HandsetSide(bank, BOB, seed=6)


def waiting(bank: BankSide) -> int:
    return len(bank.dump()["notices"])


def sent_notices(operator: OperatorSide) -> list:
    return [message for message in operator.received if message.mti == "0620"]


def test_a_payee_whose_phone_never_used_a_pin_gets_an_empty_notice(bank, operator, alice):
    operator.open(ALICE).carry(alice.transfer())
    (notice,) = operator.notices
    assert (notice.msisdn, notice.payload) == (BOB.msisdn, b"")
    assert waiting(bank) == 0


def test_a_notice_is_sealed_under_the_key_of_the_payees_last_request_with_a_right_pin(bank, operator, alice, bob):
    request = bob.balance(BOBS)
    operator.open(BOB).carry(request)
    operator.open(ALICE).carry(alice.transfer(1234))
    (sent,) = operator.notices
    notice = decode_down(sent.payload)
    assert isinstance(notice, Notice)
    assert (notice.notice_id, notice.key_id) == (sent.notice_id, request.transaction_id)
    body = open_notice(notice_key(bob.reply_key), notice)
    assert (body.amount_fen, body.balance_fen, body.time_s) == (1234, 101_234, int(bank.now))


def test_a_payee_without_a_phone_gets_none(operator, alice):
    operator.open(ALICE).carry(alice.transfer(payee=CAROLS))
    assert operator.notices == []


def test_an_unanswered_notice_is_repeated_with_the_same_bytes(bank, operator, alice):
    operator.accepts_notices = False
    operator.open(ALICE).carry(alice.transfer())
    operator.take(bank.do("tick"))
    assert len(sent_notices(operator)) == 1
    bank.now = bank.session.next_wakeup()
    operator.take(bank.do("tick"))
    first, second = sent_notices(operator)
    assert first == second
    operator.answer(first, "00")
    assert waiting(bank) == 0
    bank.now += 60
    operator.take(bank.do("tick"))
    assert len(sent_notices(operator)) == 2


def test_a_notice_waits_for_an_operator_that_is_away_and_outlives_a_restart(tmp_path):
    bank = BankSide(tmp_path / "bank.db")
    operator, alice = OperatorSide(bank).connect(), HandsetSide(bank)
    operator.accepts_notices = False
    operator.open(ALICE).carry(alice.transfer())
    bank.store.close()
    again = BankSide(tmp_path / "bank.db", keys=bank.keys, seed=2)
    operator.bank, operator.connection, operator.accepts_notices = again, 2, True
    operator.connect()
    first, second = sent_notices(operator)
    assert first == second
    assert waiting(again) == 0


def test_a_notice_that_the_operator_refused_is_sealed_and_sent_anew(bank, operator, alice):
    operator.accepts_notices = False
    operator.open(ALICE).carry(alice.transfer())
    operator.answer(sent_notices(operator)[0], "A7")
    assert waiting(bank) == 1
    bank.now += bank.policy.repeat_s
    operator.take(bank.do("tick"))
    first, second = sent_notices(operator)
    assert first.key != second.key
    assert operator.open_notice(first).notice_id == operator.open_notice(second).notice_id


def test_a_reversal_withdraws_a_notice_that_was_not_delivered(bank, operator, alice):
    operator.accepts_notices = False
    request = alice.transfer()
    transaction = operator.open(ALICE)
    transaction.carry(request)
    transaction.reverse(request)
    assert waiting(bank) == 0
    bank.now += 60
    operator.take(bank.do("tick"))
    assert len(sent_notices(operator)) == 1
    operator.answer(sent_notices(operator)[0], "00")  # too late, and harmless


def test_a_notice_goes_through_the_operator_that_brought_the_payees_last_request(bank, operator, alice, bob):
    bank.add_operator("99", 8)
    bobs_operator = OperatorSide(bank, "99", 8, connection=2).connect()
    bobs_operator.open(BOB).carry(bob.balance(BOBS))
    transaction = operator.open(ALICE)
    message = transaction.message("0200", "400000", alice.transfer().encode())
    actions = bank.do("receive", operator.connection, iso.encode(message))
    operator.take(actions)
    bobs_operator.take(actions)
    assert operator.notices == []
    assert len(bobs_operator.notices) == 1


def test_every_notice_is_sent_once_while_it_waits_for_its_answer(operator, alice, bank):
    operator.accepts_notices = False
    for _ in range(20):
        operator.open(ALICE).carry(alice.transfer(1))
    assert waiting(bank) == 20
    sent = sent_notices(operator)
    assert len(sent) == len({message.key for message in sent}) == 20


def test_no_more_notices_are_on_their_way_than_the_policy_allows():
    small = BankSide(policy=Policy(notices_in_flight_max=2))
    operator, alice = OperatorSide(small).connect(), HandsetSide(small)
    operator.accepts_notices = False
    for _ in range(3):
        operator.open(ALICE).carry(alice.transfer(1))
        small.now += 1
    assert len(sent_notices(operator)) == 2
    operator.answer(sent_notices(operator)[0], "00")
    assert len(sent_notices(operator)) == 3


def test_after_a_release_the_old_handsets_notice_key_is_used_no_more(bank, operator, alice, bob):
    operator.open(BOB).carry(bob.balance(BOBS))
    with bank.store.transaction():
        bank.store.set_phone_imsi(BOB.msisdn, BOB.imsi)
    operator.open(ALICE).carry(alice.transfer())
    assert operator.notices[-1].payload == b""


def test_a_second_connection_of_an_operator_that_ends_leaves_the_first_to_bring_the_notices(bank, operator, alice):
    OperatorSide(bank, connection=2).connect()
    bank.do("disconnected", 2)
    operator.open(ALICE).carry(alice.transfer())
    assert len(operator.notices) == 1
