"""How an operator comes by its keys, how they are renewed, and when the old ones end (Fig. 2)."""

from dataclasses import replace

import pytest

from bank_server.errors import NotAllowed, UnknownKey
from bank_server.keys import BankKeys, OperatorKeys, check_values
from tests.unit.bank_server.counterpart import ALICE, OPERATOR, BankSide, OperatorSide, random_bytes
from wire import blocks
from wire.blocks import BlockKind, Registration
from wire.keys import Serial, dynamic_encryption_key, ephemeral_point, psam_keys_of_operator, scalar_from_random
from wire.secret import Secret


def kinds(operator: OperatorSide) -> list[BlockKind]:
    return [blocks.kind_of(message.block) for message in operator.received if message.mti == "0800"]


def renew(bank: BankSide, *, seeds=False, control=False, operator=OPERATOR) -> None:
    held = bank.keys.of(operator)
    if seeds:
        held = held.with_seeds(Secret(bank.random(32)), Secret(bank.random(32)))
    if control:
        held = held.with_control_key(bank.random)
    bank.keys.put(held)


def test_a_new_operator_is_brought_first_seeds_and_control_key(bank, operator):
    assert kinds(operator) == [BlockKind.FIRST_SEEDS, BlockKind.CONTROL_KEY]
    delivered = bank.store.delivered_keys(OPERATOR)
    assert (delivered.generation, delivered.epoch) == (1, 1)


def test_an_operator_that_is_up_to_date_is_brought_nothing(bank, operator):
    operator.take(bank.do("disconnected", 1))
    operator.received.clear()
    operator.connect()
    assert kinds(operator) == []


def test_an_operator_that_lost_its_keys_asks_for_them_and_begins_anew(bank, operator):
    operator.received.clear()
    operator.work.clear()
    operator.network("101")
    assert kinds(operator) == [BlockKind.FIRST_SEEDS, BlockKind.CONTROL_KEY]
    operator.open(ALICE)


def test_asking_while_the_first_seeds_are_on_their_way_sends_them_once(bank):
    operator = OperatorSide(bank)
    operator.accepts_keys = False
    operator.connect()
    operator.network("101")
    assert kinds(operator) == [BlockKind.FIRST_SEEDS]


def test_renewed_seeds_travel_under_the_work_key_that_the_operator_has(bank, operator):
    operator.received.clear()
    renew(bank, seeds=True)
    operator.take(bank.do("keys_changed"))
    assert kinds(operator) == [BlockKind.RENEWED_SEEDS]
    assert sorted(operator.work) == [1, 2]
    assert bank.store.delivered_keys(OPERATOR).generation == 2


def test_an_operator_that_missed_two_renewals_is_brought_up_to_date_at_sign_on(bank, operator):
    operator.take(bank.do("disconnected", 1))
    operator.received.clear()
    renew(bank, seeds=True, control=True)
    renew(bank, seeds=True, control=True)
    operator.connect()
    assert kinds(operator) == [BlockKind.RENEWED_SEEDS, BlockKind.CONTROL_KEY]
    assert sorted(operator.work) == [1, 3]
    assert operator.control.epoch == 3
    operator.open(ALICE)


def test_renewed_seeds_are_sealed_anew_if_the_operator_has_a_newer_work_key_than_the_bank_knows(bank, operator):
    renew(bank, seeds=True)
    operator.accepts_keys = False
    operator.take(bank.do("keys_changed"))
    operator.take_block(operator.received[-1].block)  # it took generation 2, but its 0810 was lost
    del operator.work[1]
    operator.take(bank.do("disconnected", 1))
    renew(bank, seeds=True)
    operator.connect()
    block = operator.received[-1].block
    assert blocks.work_generation_of(block) == 1
    operator.answer(operator.received[-1], "A0")
    block = operator.received[-1].block
    assert blocks.work_generation_of(block) == 2
    operator.take_block(block)
    operator.answer(operator.received[-1], "00")
    assert bank.store.delivered_keys(OPERATOR).generation == 3


def test_first_seeds_are_sent_if_the_bank_lost_the_generation_that_the_operator_has(bank, operator, alice):
    renew(bank, seeds=True)
    operator.received.clear()
    bank.keys.put(bank.keys.of(OPERATOR).without_older(2, 0))
    operator.network("001")
    assert kinds(operator) == [BlockKind.FIRST_SEEDS]
    assert bank.store.delivered_keys(OPERATOR).generation == 2
    assert alice.answer(operator.open(ALICE).carry(alice.transfer())).code == "00"
    assert len(operator.notices) == 1


def test_a_key_block_is_repeated_with_the_same_bytes_until_it_is_confirmed(bank):
    operator = OperatorSide(bank)
    operator.accepts_keys = False
    operator.connect()
    operator.take(bank.do("tick"))
    assert len(kinds(operator)) == 1
    bank.now += bank.policy.repeat_s
    operator.take(bank.do("tick"))
    first, second = (message for message in operator.received if message.mti == "0800")
    assert first == second
    operator.accepts_keys = True
    operator.take_block(first.block)
    operator.answer(first, "00")
    assert operator.control is not None


def test_a_refused_key_block_is_noted_and_offered_again_at_the_next_sign_on(bank):
    operator = OperatorSide(bank)
    operator.accepts_keys = False
    operator.connect()
    operator.answer(operator.received[-1], "A7")
    assert operator.notes[-1].level == "error"
    bank.now += 60
    operator.take(bank.do("tick"))
    assert kinds(operator) == [BlockKind.FIRST_SEEDS]
    operator.network("001")
    assert kinds(operator) == [BlockKind.FIRST_SEEDS] * 2


def test_an_operator_without_seeds_or_control_key_may_sign_on_and_waits(bank):
    bank.keys.put(OperatorKeys("99", 8, Secret(bank.random(32))))
    operator = OperatorSide(bank, "99", 8, connection=2).connect()
    assert operator.network("101")[39] == "00"
    assert "no seeds" in operator.notes[-1].text
    renew(bank, seeds=True, operator="99")
    operator.take(bank.do("keys_changed"))
    assert kinds(operator) == [BlockKind.FIRST_SEEDS]
    renew(bank, control=True, operator="99")
    operator.take(bank.do("keys_changed"))
    assert kinds(operator) == [BlockKind.FIRST_SEEDS, BlockKind.CONTROL_KEY]


def register_under(operator: OperatorSide, control) -> str:
    newest, operator.control = operator.control, control
    transaction = operator.make_transaction(ALICE)
    operator.control = newest
    return operator.say(transaction.registration)[39]


def test_the_previous_control_key_opens_transactions_for_a_while_after_the_new_one_arrived(bank, operator):
    old = operator.control
    renew(bank, control=True)
    bank.now += 10 * bank.policy.key_kept_s()  # the operator has not got the new one: the old one is its only one
    assert register_under(operator, old) == "00"
    operator.take(bank.do("keys_changed"))
    assert operator.control.epoch == 2
    bank.now += bank.policy.overlap_s - 1
    assert register_under(operator, old) == "00"
    bank.now += 1
    assert register_under(operator, old) == "77"
    assert register_under(operator, operator.control) == "00"


def test_a_transaction_opened_before_the_renewal_goes_on_after_it(bank, operator, alice):
    transaction = operator.open(ALICE)
    renew(bank, control=True)
    operator.take(bank.do("keys_changed"))
    bank.now += bank.policy.transaction_open_s - 1
    assert alice.answer(transaction.carry(alice.transfer())).code == "00"


def test_old_keys_are_outdated_when_no_transaction_can_be_open_under_them(bank, operator):
    operator.open(ALICE)
    renew(bank, seeds=True, control=True)
    assert bank.session.outdated_keys(bank.now) == []
    operator.take(bank.do("keys_changed"))
    (outdated,) = bank.session.outdated_keys(bank.now)
    assert (outdated.generation, outdated.epoch) == (2, 0)
    bank.now += bank.policy.key_kept_s()
    (outdated,) = bank.session.outdated_keys(bank.now)
    assert (outdated.generation, outdated.epoch) == (2, 2)
    bank.keys.put(bank.keys.of(OPERATOR).without_older(outdated.generation, outdated.epoch))
    assert bank.session.outdated_keys(bank.now) == []
    bank.do("tick")
    assert bank.dump()["registrations"] == []  # serials of an erased epoch can never come again


def test_a_control_key_is_derived_alike_on_both_sides_and_p_stays_inside():
    random = random_bytes(3)
    held = OperatorKeys("1", 2, Secret(random(32))).with_control_key(random)
    keys = BankKeys(Secret(random(32)), Secret(random(32)), [held])
    control = held.controls[1].for_operator()
    serial, ephemeral = Serial(1, 2, 3), scalar_from_random(random(48))
    dynamic_key = dynamic_encryption_key(control.point, control.c, serial)
    theirs = psam_keys_of_operator(ephemeral, dynamic_key, serial)
    assert keys.psam_keys("1", serial, ephemeral_point(ephemeral)) == theirs
    assert not [name for name in dir(keys) if "scalar" in name or "decryption" in name]


def test_keys_that_are_not_held_are_named_in_the_error():
    random = random_bytes(3)
    keys = BankKeys.in_memory(random)
    with pytest.raises(UnknownKey, match="no operator 5"):
        keys.first_seeds_block("5", bytes(12))
    keys.put(OperatorKeys("5", 1, Secret(random(32))))
    with pytest.raises(UnknownKey, match="generation 0"):
        keys.first_seeds_block("5", bytes(12))
    with pytest.raises(UnknownKey, match="epoch 9"):
        keys.psam_keys("5", Serial(9, 1, 1), ephemeral_point(scalar_from_random(random(48))))


def test_an_erased_control_key_leaves_no_derived_keys_behind():
    random = random_bytes(6)
    held = OperatorKeys("1", 2, Secret(random(32))).with_control_key(random).with_control_key(random)
    point = ephemeral_point(scalar_from_random(random(48)))
    for erase in ("put", "replace_operators"):
        keys = BankKeys(Secret(random(32)), Secret(random(32)), [held])
        keys.psam_keys("1", Serial(1, 2, 3), point)
        left = held.without_older(0, 2)
        getattr(keys, erase)(left if erase == "put" else [left])
        with pytest.raises(UnknownKey, match="epoch 1"):
            keys.psam_keys("1", Serial(1, 2, 3), point)


def test_the_same_seed_twice_is_not_taken():
    random = random_bytes(4)
    one, two, three = (Secret(random(32)) for _ in range(3))
    held = OperatorKeys("1", 2, Secret(random(32)))
    with pytest.raises(NotAllowed, match="same"):
        held.with_seeds(one, one)
    with pytest.raises(NotAllowed, match="used before"):
        held.with_seeds(one, two).with_seeds(three, two)


def test_nothing_that_is_shown_of_keys_is_a_secret():
    random = random_bytes(5)
    static, one, two = Secret(random(32)), Secret(random(32)), Secret(random(32))
    held = OperatorKeys("1", 2, static).with_seeds(one, two).with_control_key(random)
    control = held.controls[1]
    keys = BankKeys(Secret(random(32)), Secret(random(32)), [held])
    shown = str(check_values(held)) + repr(held) + repr(keys) + str(keys)
    for secret in (static, one, two, control.k, control.c):
        assert secret.reveal().hex() not in shown
        assert repr(secret.reveal()) not in shown
    assert (
        check_values(held)["generations"]
        != check_values(held.with_seeds(Secret(bytes(32)), Secret(bytes([1]) * 32)))["generations"]
    )


def test_an_epoch_that_is_used_up_is_refused():
    held = OperatorKeys("1", 2, Secret(bytes(32))).with_control_key(random_bytes(1))
    last = replace(held, controls={65535: held.controls[1]})
    with pytest.raises(NotAllowed, match="epochs"):
        last.with_control_key(random_bytes(1))


def test_a_registration_block_is_opened_under_its_operators_static_key(bank):
    registration = Registration(ALICE, Serial(1, 7, 1), ephemeral_point(scalar_from_random(bytes(48))))
    block = blocks.seal_registration(bank.keys.of(OPERATOR).static, registration, bytes(12))
    assert bank.keys.open_registration(OPERATOR, block) == registration


def test_who_has_no_keys_can_sign_on_and_confirm_nothing(bank, operator, alice):
    bank.keys.put(bank.keys.of(OPERATOR).with_seeds(Secret(b"a" * 32), Secret(b"b" * 32)))
    operator.accepts_notices = False
    operator.open(ALICE).carry(alice.transfer())
    before = bank.dump()
    stranger = OperatorSide(bank, connection=2)
    stranger.accepts_keys = stranger.accepts_notices = False
    stranger.connect()
    asked = [message for message in stranger.received if message.mti in ("0800", "0620")]
    assert {message.mti for message in asked} == {"0800", "0620"}
    for message in asked:
        stranger.answer(message, "00")
    assert bank.dump() == before


def test_a_seed_that_was_used_in_whatever_place_is_refused(bank):
    held = bank.keys.of(OPERATOR)
    current, fresh = held.seeds[held.generation], Secret(b"f" * 32)
    for pair in ((current.seed2, current.seed1), (fresh, current.seed1), (held.static, fresh), (fresh, fresh)):
        with pytest.raises(NotAllowed):
            held.with_seeds(*pair)
    assert held.with_seeds(fresh, Secret(b"g" * 32)).generation == held.generation + 1
