"""What the bank refuses changes nothing: each test compares all tables before and after."""

from contextlib import contextmanager

import pytest

from tests.unit.bank_server.counterpart import (
    ALICE,
    BOB,
    BankSide,
    HandsetSide,
    OperatorSide,
    random_bytes,
)
from wire import iso
from wire.blocks import Registration, seal_registration
from wire.identity import Identity
from wire.iso import Message, block_text
from wire.keys import Serial
from wire.secret import Secret


@contextmanager
def nothing_changes(bank: BankSide):
    before = bank.dump()
    yield
    assert bank.dump() == before


def refused(operator: OperatorSide, message: Message, code: str) -> Message:
    with nothing_changes(operator.bank):
        answer = operator.say(message)
    assert answer[39] == code, operator.notes
    assert 48 not in answer.fields
    assert operator.notes[-1].level == "warning"
    return answer


# -- registration ---------------------------------------------------------------------------------------------


def test_a_reused_serial_is_refused_with_94(operator):
    first = operator.open(ALICE)
    again = operator.make_transaction(BOB, first.serial)
    answer = refused(operator, again.registration, "94")
    iso.check_mac(answer, again.keys)  # the bank could derive the keys, so it proves who it is


def test_a_block_under_a_foreign_static_key_is_refused_with_a7(bank):
    operator = OperatorSide(bank).connect()
    operator.static = Secret(bytes(32))
    refused(operator, operator.make_transaction(ALICE).registration, "A7")


def test_a_serial_of_another_operators_node_is_refused_with_63(operator):
    serial = Serial(operator.control.epoch, operator.node + 1, 1)
    refused(operator, operator.make_transaction(ALICE, serial).registration, "63")


@pytest.mark.parametrize("epoch", [0, 2, 65535])
def test_a_serial_of_an_unknown_epoch_is_refused_with_77(operator, epoch):
    serial = Serial(epoch, operator.node, 1)
    refused(operator, operator.make_transaction(ALICE, serial).registration, "77")


def test_a_registration_with_a_wrong_mac_is_refused_with_a0(operator):
    registration = operator.make_transaction(ALICE).registration
    refused(operator, registration.with_fields(DE64="00" * 8), "A0")


def test_an_ephemeral_key_that_is_no_point_is_refused_with_30(operator):
    good = operator.make_transaction(ALICE)
    registration = Registration(ALICE, good.serial, b"\x02" + b"\xff" * 32)
    block = seal_registration(operator.static, registration, bytes(12))
    refused(operator, good.registration.with_fields(DE48=block_text(block)), "30")


@pytest.mark.parametrize("block", [b"\x02" + bytes(60), b"\x01", b"\x01" + bytes(20), bytes(500)])
def test_a_block_that_is_no_registration_is_refused(operator, block):
    registration = operator.make_transaction(ALICE).registration
    code = "A7" if len(block) > 8 and block[0] == 1 else "30"
    refused(operator, registration.with_fields(DE48=block_text(block)), code)


# -- exchanges ------------------------------------------------------------------------------------------------


def transfer(transaction, alice, **changes):
    return transaction.message("0200", "400000", alice.transfer().encode(), **changes)


def test_an_unregistered_serial_is_refused_with_a0(operator, alice):
    refused(operator, transfer(operator.make_transaction(ALICE), alice), "A0")


def test_a_wrong_mac_is_refused_with_a0(operator, alice):
    message = transfer(operator.open(ALICE), alice)
    refused(operator, message.with_fields(DE64="00" * 8), "A0")


@pytest.mark.parametrize("field", [3, 7, 11, 37, 61])
def test_every_clear_field_is_under_the_mac(operator, alice, field):
    message = transfer(operator.open(ALICE), alice)
    digits = message[field]
    changed = digits[:-1] + ("1" if digits[-1] == "0" else "0")
    refused(operator, message.with_fields(**{f"DE{field}": changed}), "A0")


def test_another_operators_serial_is_refused_with_a0(bank, operator, alice):
    bank.add_operator("99", 8)
    other = OperatorSide(bank, "99", 8, connection=2).connect()
    transaction = operator.open(ALICE)
    message = transfer(transaction, alice).with_fields(DE32="99").without(64)
    refused(other, iso.add_mac(message, transaction.keys), "A0")


def test_an_expired_serial_is_refused_with_a0(bank, operator, alice):
    transaction = operator.open(ALICE)
    bank.now += bank.policy.transaction_open_s
    refused(operator, transfer(transaction, alice), "A0")


def test_a_serial_is_closed_by_the_final_answer_of_its_transfer(operator, alice):
    transaction = operator.open(ALICE)
    request = alice.transfer()
    transaction.carry(request)
    refused(operator, transaction.message("0200", "400000", request.encode()), "A0")


def test_an_exchange_number_that_is_not_above_the_last_is_refused_with_63(operator, alice):
    transaction = operator.open(ALICE)
    inquiry = alice.inquiry()
    transaction.carry(inquiry)
    request = alice.transfer(transaction_id=inquiry.transaction_id).encode()
    answer = refused(operator, transaction.message("0200", "400000", request, number=1), "63")
    iso.check_mac(answer, transaction.keys)


def test_exchange_number_zero_is_refused_with_63(operator, alice):
    transaction = operator.open(ALICE)
    message = transfer(transaction, alice).with_fields(DE61="000")
    plaintext = ALICE.pack() + alice.transfer().encode()
    refused(operator, iso.seal(message, transaction.keys, 0, plaintext, bytes(12)), "63")


def test_another_identity_than_the_registered_one_is_refused_with_63(operator, alice):
    transaction = operator.open(ALICE)
    refused(operator, transfer(transaction, alice, identity=BOB), "63")


@pytest.mark.parametrize("other", [Identity(BOB.imsi, ALICE.msisdn), Identity(ALICE.imsi, BOB.msisdn)])
def test_neither_imsi_nor_number_alone_is_the_registered_identity(operator, alice, other):
    transaction = operator.open(ALICE)
    answer = refused(operator, transfer(transaction, alice, identity=other), "63")
    iso.check_mac(answer, transaction.keys)


def test_a_terminal_message_that_claims_another_identity_is_refused_with_63(bank, operator):
    bob = HandsetSide(bank, BOB)
    transaction = operator.open(ALICE)
    refused(operator, transaction.message("0100", "330000", bob.inquiry().encode()), "63")


def test_a_second_transaction_id_under_one_serial_is_refused_with_63(operator, alice):
    transaction = operator.open(ALICE)
    transaction.carry(alice.inquiry())
    refused(operator, transfer(transaction, alice), "63")


@pytest.mark.parametrize("terminal", [b"", b"\x23", b"\xff" * 40, b"\x33" + bytes(60)])
def test_a_terminal_message_that_is_none_is_refused_with_30(operator, terminal):
    transaction = operator.open(ALICE)
    refused(operator, transaction.message("0200", "400000", terminal), "30")


def test_a_data_block_that_does_not_open_is_refused_with_30_even_with_a_right_mac(operator, alice):
    transaction = operator.open(ALICE)
    bare = transfer(transaction, alice).without(64).with_fields(DE48=block_text(bytes(60)))
    refused(operator, iso.add_mac(bare, transaction.keys), "30")


def test_a_direction_cannot_be_turned_round(operator, alice):
    transaction = operator.open(ALICE)
    plaintext = ALICE.pack() + alice.transfer().encode()
    sealed = iso.seal(transfer(transaction, alice), transaction.keys, iso.Direction.TO_OPERATOR, plaintext, bytes(12))
    refused(operator, sealed, "30")


# -- repeats --------------------------------------------------------------------------------------------------


def test_the_same_bytes_get_the_stored_answer_byte_for_byte(bank, operator, alice):
    transaction = operator.open(ALICE)
    message = transfer(transaction, alice)
    first = operator.say(message)
    with nothing_changes(bank):
        assert operator.say(message) == first
        assert operator.say(transaction.registration)[39] == "00"
    assert bank.balance("46000111111") == 99_000


def test_other_bytes_under_the_same_trace_number_are_refused_with_94(operator, alice):
    message = transfer(operator.open(ALICE), alice)
    operator.say(message)
    refused(operator, message.with_fields(DE64="00" * 8), "94")


def test_a_request_carried_again_under_a_fresh_serial_gets_the_stored_reply(bank, operator, alice):
    request = alice.transfer()
    first = operator.open(ALICE).carry(request)
    assert operator.open(ALICE).carry(request) == first
    assert bank.balance("46000111111") == 99_000


@pytest.mark.parametrize("kind", ["inquiry", "balance"])
def test_a_question_carried_again_gets_the_stored_reply_and_is_not_counted_twice(bank, operator, alice, kind):
    request = getattr(alice, kind)()
    first = operator.open(ALICE).carry(request)
    counted = bank.dump()["daily_inquiries"]
    assert operator.open(ALICE).carry(request) == first
    assert bank.dump()["daily_inquiries"] == counted


def test_another_request_under_the_same_transaction_id_gets_94_under_the_banks_seal(bank, operator, alice):
    request = alice.transfer()
    assert alice.answer(operator.open(ALICE).carry(request)).code == "00"
    other = alice.transfer(2000, transaction_id=request.transaction_id)
    assert alice.answer(operator.open(ALICE).carry(other)).code == "94"
    assert bank.balance("46000111111") == 99_000
    first = alice.inquiry()
    operator.open(ALICE).carry(first)
    again = alice.inquiry("46000333333", first.transaction_id)
    assert alice.answer(operator.open(ALICE).carry(again)).code == "94"


def test_a_sealed_request_cannot_be_spent_again_under_another_number(bank, operator, alice):
    """The account moved to another phone; an operator brings what it kept from before under the new number."""
    request = alice.transfer()
    assert alice.answer(operator.open(ALICE).carry(request)).code == "00"
    bank.change("UPDATE enrolments SET msisdn = ? WHERE account = ?", BOB.msisdn, "46000111111")
    for again in (operator.open(BOB).carry(request), operator.open(BOB).reverse(request)):
        # Not sealed: the reply key is that of Alice's handset, which would believe that nothing was done.
        assert (again.code, again.sealed) == ("94", b"")
    assert bank.balance("46000111111") == 99_000


# -- what is not of the profile -------------------------------------------------------------------------------


def test_an_unknown_field_is_answered_with_30_and_named_in_the_log(bank, operator, alice):
    raw = bytearray(iso.encode(transfer(operator.open(ALICE), alice)))
    raw[4 + 7] |= 0x02  # the bitmap's bit of DE63
    with nothing_changes(bank):
        answer = operator.say_raw(bytes(raw))
    assert answer[39] == "30"
    assert "DE63" in operator.notes[-1].text


def test_a_field_that_the_message_type_does_not_have_is_answered_with_30(bank, operator):
    good = iso.encode(operator.make_transaction(ALICE).registration)
    raw = b"0820" + good[4:]
    with nothing_changes(bank):
        actions = bank.do("receive", 1, raw)
    assert [type(action).__name__ for action in actions] == ["Close"]  # DE70 is missing: no 0830 can be made


def test_a_message_cut_short_anywhere_changes_nothing(bank, operator, alice):
    raw = iso.encode(transfer(operator.open(ALICE), alice))
    with nothing_changes(bank):
        for length in range(len(raw)):
            for action in bank.do("receive", 1, raw[:length]):
                assert type(action).__name__ in ("Note", "Send", "Close")


def test_a_message_with_any_one_byte_changed_changes_nothing_but_by_a_valid_answer(bank, operator, alice):
    raw = iso.encode(transfer(operator.open(ALICE), alice))
    random = random_bytes(11)
    with nothing_changes(bank):
        for position in range(len(raw)):
            altered = bytearray(raw)
            altered[position] ^= random(1)[0] or 1
            bank.do("receive", 1, bytes(altered))


def test_noise_changes_nothing(bank, operator):
    random = random_bytes(12)
    with nothing_changes(bank):
        for size in list(range(1, 60)) * 5:
            bank.do("receive", 1, random(size))
            bank.do("receive", 1, b"0200" + random(size))
            bank.do("receive", 1, b"0820" + random(size))


@pytest.mark.parametrize("mti", ["0110", "0210", "0430", "0610", "0620", "0800", "0830"])
def test_a_message_that_only_the_bank_sends_closes_the_connection(bank, operator, alice, mti):
    fields = {3: "400000", 37: "000000000001", 39: "00", 48: "AAAA", 60: "0" * 16, 61: "001", 70: "001", 90: "0" * 42}
    spec = iso.MESSAGES[mti]
    kept = {number: value for number, value in fields.items() if number in spec.required}
    with nothing_changes(bank):
        (close,) = bank.do("receive", 1, iso.encode(operator.message(mti, kept)))
    assert mti in close.reason


# -- signing on -----------------------------------------------------------------------------------------------


def test_an_unknown_operator_cannot_sign_on(bank):
    stranger = OperatorSide(bank, "123", 1, connection=9, static=Secret(bytes(32)))
    stranger.take(bank.do("connected", 9))
    with nothing_changes(bank):
        assert stranger.network("001")[39] == "03"
        assert stranger.network("101")[39] == "77"


def test_nothing_is_done_for_an_operator_that_has_not_signed_on(bank, operator, alice):
    message = transfer(operator.open(ALICE), alice)
    assert operator.network("002")[39] == "00"
    refused(operator, message, "77")


def test_an_operator_speaks_only_for_itself(bank, operator, alice):
    bank.add_operator("99", 8)
    other = OperatorSide(bank, "99", 8, connection=2).connect()
    refused(other, transfer(operator.open(ALICE), alice), "77")


def test_an_echo_is_answered(operator):
    assert operator.network("301")[39] == "00"


def test_no_account_pin_or_full_number_is_in_any_log_line(bank, operator, alice):
    for request in (alice.transfer(), alice.transfer(pin=Secret(b"2468")), alice.balance(), alice.inquiry()):
        operator.open(ALICE).carry(request)
    transaction = operator.open(ALICE)
    request = alice.transfer()
    transaction.carry(request)
    transaction.reverse(request)
    text = " ".join(note.text for note in operator.notes)
    for secret in ("46000111111", "46000222222", "1357", "2468", ALICE.imsi, ALICE.msisdn, BOB.msisdn):
        assert secret not in text
