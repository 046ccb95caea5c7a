"""A request from handset to bank and back: what is sent, stored, repeated, and under which serial."""

import hashlib

import pytest

from operator_platform.policy import Policy
from operator_platform.relay import NEXT_STATE, Event
from operator_platform.store import RequestKey, State, TransactionKey
from tests.unit.operator_platform.counterpart import (
    ALICE,
    BOB,
    NODE,
    OPERATOR,
    Handset,
    Platform,
    random_bytes,
)
from wire import iso
from wire.errors import BadMac
from wire.terminal import Answer, Kind, Reply, Request

DONE = Answer("00", rrn="626413000001", balance_fen=99_000)
NAME = Answer("00", name_last="丽")


def inquire(platform, alice):
    """Carry an inquiry to the bank and back; return its transaction id."""
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    platform.from_bank(platform.bank.answer(platform.take("0100"), NAME))
    platform.accepted(platform.sms.pop())
    return inquiry.transaction_id


def send_transfer(platform, alice):
    """Bring a transfer to the bank after its inquiry; return request and 0200."""
    transfer = alice.transfer(inquire(platform, alice))
    platform.sms_from(ALICE.msisdn, transfer)
    return transfer, platform.take("0200")


def key_of(request, identity=ALICE):
    return RequestKey(identity.msisdn, request.transaction_id, request.kind)


def state_of(platform, request):
    stored = platform.store.request(key_of(request))
    return State.FORGOTTEN if stored is None else stored.state


# -- the table ------------------------------------------------------------------------------------------------


def test_a_transfer_that_may_have_reached_the_bank_is_forgotten_in_the_cases_of_rule_5_only():
    forgotten = {case for case, state in NEXT_STATE[True].items() if state is State.FORGOTTEN}
    assert {(state, event) for state, event in forgotten if state is not State.WAITING} == {
        (State.SENT, Event.BARE_ANSWER),
        (State.SENT, Event.SERIALS_SPENT),
        (State.REVERSING, Event.BARE_ANSWER),
    }


# -- the way of the patent ------------------------------------------------------------------------------------


def test_a_transfer_with_name_check_is_one_registration_and_two_exchanges_under_one_serial(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    registration = platform.take("0600")
    assert platform.quiet()
    opened = bank.open_registration(registration)
    assert opened.identity == ALICE
    assert (opened.serial.epoch, opened.serial.node) == (bank.epoch, NODE)
    platform.from_bank(bank.accept_registration(registration))
    first = platform.take("0100")
    assert bank.open_exchange(first) == (ALICE, inquiry)
    assert (first[3], first[32], first[61]) == ("330000", OPERATOR, "001")
    platform.from_bank(bank.answer(first, NAME))
    assert alice.open(platform.sms[0].text) == NAME

    transfer = alice.transfer(inquiry.transaction_id)
    platform.sms_from(ALICE.msisdn, transfer)
    second = platform.take("0200")
    assert platform.quiet()
    assert bank.open_exchange(second) == (ALICE, transfer)
    assert (second[3], second[61], second[60]) == ("400000", "002", first[60])
    assert second[37] == first[37] == registration[37]
    platform.from_bank(bank.answer(second, DONE))
    assert alice.open(platform.sms[1].text) == DONE
    assert platform.session.unanswered == 0


def test_two_transactions_never_share_a_serial_or_a_stan(platform, bank, alice):
    for _ in range(3):
        platform.sms_from(ALICE.msisdn, alice.balance())
        platform.register()
        platform.from_bank(bank.answer(platform.take("0100"), Answer("00", balance_fen=1)))
    messages = [iso.decode(raw) for raw in platform.raw]
    ours = [message for message in messages if message.mti in ("0600", "0100", "0820")]
    assert len({message[11] for message in ours}) == len(ours)
    assert len({message[60] for message in ours if message.mti == "0100"}) == 3


def test_every_kind_of_request_has_its_processing_code(platform, bank, alice):
    for kind, code in ((Kind.BALANCE, "310000"), (Kind.STATEMENT, "380000"), (Kind.CHANGE_PIN, "700000")):
        request = Request(kind, alice.random(8), ALICE, bytes(60))
        platform.sms_from(ALICE.msisdn, request)
        platform.register()
        assert platform.take("0100")[3] == code
        platform.wait(60)  # gives up; the next one finds room


def test_a_register_message_is_done_when_the_bank_has_stored_it_and_the_inquiry_uses_its_serial(platform, bank, alice):
    register = Request(Kind.REGISTER, alice.random(8), ALICE, b"")
    platform.sms_from(ALICE.msisdn, register)
    serial = bank.open_registration(platform.sent[-1]).serial
    platform.register()
    assert platform.sms[0].reply == Reply(register.transaction_id, register.type_byte(), "00", None, b"")
    inquiry = alice.inquiry(register.transaction_id)
    platform.sms_from(ALICE.msisdn, Request(Kind.INQUIRY, inquiry.transaction_id, None, inquiry.sealed))
    assert platform.take("0100")[60] == str(serial)


# -- repeats of the handset -----------------------------------------------------------------------------------


def test_the_same_bytes_again_are_silent_in_progress_and_get_the_stored_answer_after(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    exchange = platform.take("0100")
    platform.sms_from(ALICE.msisdn, inquiry)
    assert platform.quiet()
    assert not platform.sms
    platform.from_bank(bank.answer(exchange, NAME))
    (answer,) = platform.sms
    platform.sms_from(ALICE.msisdn, inquiry)
    assert len(platform.sms) == 1  # the first is still on its way
    platform.accepted(answer)
    platform.sms_from(ALICE.msisdn, inquiry)
    assert platform.sms[1].text == answer.text
    assert platform.quiet()


def test_a_repeat_with_other_content_gets_94_and_changes_nothing(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    platform.sms_from(ALICE.msisdn, alice.transfer(transfer.transaction_id, amount_fen=99_999))
    (refusal,) = platform.sms
    assert (refusal.reply.code, refusal.reply.sealed, refusal.outbox_id) == ("94", b"", None)
    assert platform.quiet()
    stored = platform.store.request(key_of(transfer))
    assert stored.digest == hashlib.sha256(transfer.encode()).digest()
    platform.from_bank(bank.seal(exchange, Reply(transfer.transaction_id, 0x23, "00", exchange[60], b"x" * 30)))
    assert state_of(platform, transfer) is State.ANSWERED


def test_two_numbers_may_use_the_same_transaction_id(platform, bank, alice):
    bob = Handset(bank, BOB)
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.sms_from(BOB.msisdn, bob.inquiry(inquiry.transaction_id))
    serials = {bank.open_registration(message).serial for message in platform.sent if message.mti == "0600"}
    assert len(serials) == 2


# -- no answer ------------------------------------------------------------------------------------------------


def test_what_is_unanswered_is_repeated_with_the_stored_bytes(platform, alice):
    send_transfer(platform, alice)
    first = platform.raw[-1]
    before = len(platform.raw)
    platform.wait(17)
    assert platform.raw[before:] == [first] * 3
    platform.disconnect()
    platform.wait(10)
    assert platform.raw[before:] == [first] * 3
    platform.connect()
    assert platform.raw[-1] == first


def test_an_unanswered_registration_is_repeated_with_the_same_bytes(platform, alice):
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    first = platform.raw[-1]
    platform.wait(5)
    assert platform.raw[-1] == first
    platform.disconnect()
    platform.connect()
    assert platform.raw[-1] == first


def test_given_up_a_transfer_is_reversed_and_then_only_the_reversal_counts(platform, bank, alice):
    transfer, original = send_transfer(platform, alice)
    platform.wait(60)
    reversal = platform.take("0420")
    assert reversal[90] == iso.original_data(original)
    assert bank.open_exchange(reversal) == (ALICE, transfer)
    assert (reversal[60], reversal[61]) == (original[60], "003")
    assert state_of(platform, transfer) is State.REVERSING
    late = bank.answer(original, DONE)
    platform.from_bank(late)
    assert not platform.sms
    assert state_of(platform, transfer) is State.REVERSING
    platform.wait(5)
    repeat = platform.take("0421")
    assert bank.open_exchange(repeat) == (ALICE, transfer)
    assert int(repeat[61]) > int(reversal[61])
    platform.from_bank(bank.answer(repeat, Answer("98")))
    assert alice.open(platform.sms[0].text) == Answer("98")
    assert state_of(platform, transfer) is State.ANSWERED
    platform.from_bank(late)
    assert len(platform.sms) == 1


def test_both_forms_of_a_reversal_are_stored_before_the_first_is_sent_and_repeated_less_and_less_often(platform, alice):
    transfer, _ = send_transfer(platform, alice)
    platform.wait(60)
    stored = platform.store.request(key_of(transfer))
    assert platform.raw[-1] == stored.reversal
    before = len(platform.raw)
    platform.wait(300)
    repeats = [raw for raw in platform.raw[before:] if iso.decode(raw).mti == "0421"]
    assert repeats == [stored.reversal_repeat] * len(repeats)
    assert 6 <= len(repeats) <= 10  # after 5, 10, 20, 40, 60, 60 ... seconds


def test_a_transfer_that_stood_is_answered_with_its_stored_answer_in_the_0430(platform, bank, alice):
    send_transfer(platform, alice)
    platform.wait(60)
    platform.from_bank(bank.answer(platform.take("0420"), DONE))
    assert alice.open(platform.sms[0].text) == DONE


def test_given_up_without_connection_a_transfer_is_reversed_when_the_bank_is_back(platform, bank, alice):
    transfer, _ = send_transfer(platform, alice)
    platform.disconnect()
    platform.wait(90)
    assert state_of(platform, transfer) is State.REVERSING
    assert not platform.sms
    platform.connect()
    assert platform.quiet("0200")
    assert bank.open_exchange(platform.take("0420")) == (ALICE, transfer)


def test_the_minute_of_a_transfer_counts_from_its_first_send(platform, alice):
    transfer = alice.transfer(inquire(platform, alice))
    platform.disconnect()
    platform.sms_from(ALICE.msisdn, transfer)
    platform.wait(40)
    platform.connect()
    platform.take("0200")
    platform.wait(40)
    assert state_of(platform, transfer) is State.SENT
    platform.wait(20)
    assert platform.take("0420")


def test_an_inquiry_is_given_up_with_98_and_a_resend_starts_anew(platform, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    platform.wait(60)
    assert platform.codes() == ["98"]
    assert state_of(platform, inquiry) is State.FORGOTTEN
    platform.sent.clear()
    platform.sms_from(ALICE.msisdn, inquiry)
    assert platform.take("0600")


def test_without_the_bank_requests_wait_and_get_91(platform, alice):
    transaction_id = inquire(platform, alice)
    platform.disconnect()
    transfer = alice.transfer(transaction_id)
    platform.sms_from(ALICE.msisdn, transfer)
    assert state_of(platform, transfer) is State.WAITING
    platform.wait(60)
    assert platform.codes() == ["91"]
    assert state_of(platform, transfer) is State.FORGOTTEN
    platform.sms_from(ALICE.msisdn, transfer)
    platform.connect()
    platform.register()
    assert platform.take("0200")


def test_without_keys_a_request_waits_until_they_come(bank, alice):
    platform = Platform(bank).connect()
    assert platform.take("0820")[70] == "101"
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    assert platform.quiet()
    for message in (bank.first_seeds(), bank.control_key()):
        platform.from_bank(message)
    assert platform.take("0600")


# -- fresh serials --------------------------------------------------------------------------------------------


def refuse_serial(platform, bank, mti):
    message = platform.take(mti)
    platform.from_bank(bank.bare(message, "A0"))
    return message


def test_a0_opens_a_fresh_serial_for_the_same_transaction(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.bare(exchange, "A0"))
    registration = platform.register()
    again = platform.take("0200")
    assert again[60] != exchange[60]
    assert registration[37] == again[37] == exchange[37]
    assert bank.open_exchange(again) == (ALICE, transfer)
    platform.from_bank(bank.answer(again, DONE))
    assert alice.open(platform.sms[0].text) == DONE


def test_after_three_fresh_serials_in_a_row_the_handset_is_told_96_and_may_start_anew(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.bare(exchange, "A0"))
    for _ in range(3):
        platform.register()
        refuse_serial(platform, bank, "0200")
    assert platform.quiet("0600", "0200")
    assert platform.take("0820")[70] == "101"
    assert (platform.codes(), platform.sms[0].reply.sealed) == (["96"], b"")
    assert state_of(platform, transfer) is State.FORGOTTEN
    platform.sms_from(ALICE.msisdn, transfer)
    assert platform.take("0600")


def test_an_answer_in_between_starts_the_count_of_fresh_serials_again(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    for _ in range(3):
        refuse_serial(platform, bank, "0100")
        platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    transfer = alice.transfer(inquiry.transaction_id)
    platform.sms_from(ALICE.msisdn, transfer)
    for _ in range(3):
        refuse_serial(platform, bank, "0200")
        platform.register()
    platform.from_bank(bank.answer(platform.take("0200"), DONE))
    assert state_of(platform, transfer) is State.ANSWERED


def test_an_answer_to_one_request_starts_the_count_again_for_the_other_of_its_transaction(platform, bank, alice):
    inquiry = alice.inquiry()
    transfer = alice.transfer(inquiry.transaction_id)
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.sms_from(ALICE.msisdn, transfer)
    platform.register()
    for _ in range(3):
        refuse_serial(platform, bank, "0100")
        platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    refuse_serial(platform, bank, "0200")
    platform.register()
    assert bank.open_exchange(platform.take("0200")) == (ALICE, transfer)


def test_a0_for_another_serial_changes_nothing(platform, bank, alice):
    _, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.bare(exchange, "A0").with_fields(DE60="0001000700000063"))
    platform.from_bank(bank.bare(exchange, "A0").with_fields(DE37="000000000000"))
    assert platform.quiet()
    platform.from_bank(bank.answer(exchange, DONE))
    assert alice.open(platform.sms[0].text) == DONE


def test_a_used_serial_is_replaced_by_the_next(platform, bank, alice):
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    first = bank.open_registration(platform.sent[-1]).serial
    platform.from_bank(bank.bare(platform.take("0600"), "94"))
    assert bank.open_registration(platform.take("0600")).serial.counter == first.counter + 1


def test_a_reversal_under_a_closed_serial_moves_to_a_fresh_one_and_never_stops(platform, bank, alice):
    transfer, original = send_transfer(platform, alice)
    platform.wait(60)
    refuse_serial(platform, bank, "0420")
    for _ in range(3):
        platform.register()
        refuse_serial(platform, bank, "0420")
    assert state_of(platform, transfer) is State.REVERSING
    assert not platform.sms
    platform.wait(60)
    platform.register()
    reversal = platform.take("0420")
    assert reversal[90] == iso.original_data(original)
    platform.from_bank(bank.answer(reversal, Answer("98")))
    assert alice.open(platform.sms[0].text) == Answer("98")


def test_an_epoch_that_opens_nothing_makes_the_operator_ask_for_keys(platform, bank, alice):
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    bank.renew_control_key()
    platform.from_bank(bank.bare(platform.take("0600"), "77"))
    assert platform.take("0820")[70] == "101"
    platform.from_bank(bank.control_key())
    assert bank.open_registration(platform.take("0600")).serial.epoch == bank.epoch


# -- answers that prove nothing -------------------------------------------------------------------------------


def test_an_unsealed_code_is_final_for_an_inquiry_and_settles_nothing_for_a_transfer(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    platform.from_bank(bank.bare(platform.take("0100"), "96"))
    assert platform.codes() == ["96"]
    assert state_of(platform, inquiry) is State.FORGOTTEN
    platform.sms.clear()
    transfer, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.bare(exchange, "96"))
    assert not platform.sms
    assert state_of(platform, transfer) is State.SENT
    platform.wait(60)
    assert platform.take("0420")


def test_a_reply_without_seal_inside_an_authentic_answer_is_passed_on_and_not_stored(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    reply = Reply(transfer.transaction_id, transfer.type_byte(), "30", None, b"")
    platform.from_bank(bank.seal(exchange, reply))
    assert platform.sms[0].reply == reply
    assert state_of(platform, transfer) is State.FORGOTTEN


def test_a_refused_registration_is_told_to_the_handset_and_forgotten(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.from_bank(bank.bare(platform.take("0600"), "63"))
    assert platform.codes() == ["63"]
    assert state_of(platform, inquiry) is State.FORGOTTEN


def test_a_transfer_that_was_sent_survives_a_refused_registration_and_is_reversed(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.bare(exchange, "A0"))
    platform.from_bank(bank.bare(platform.take("0600"), "63"))
    assert not platform.sms
    platform.wait(5)
    platform.register()
    assert bank.open_exchange(platform.take("0200")) == (ALICE, transfer)


@pytest.mark.parametrize("spoil", ["mac", "keys", "identity", "other request", "rrn", "serial", "mti"])
def test_an_answer_that_is_not_the_banks_own_is_ignored_with_a_note(platform, bank, alice, spoil):
    transfer, exchange = send_transfer(platform, alice)
    reply = bank.reply_to(exchange, DONE)
    answer = bank.seal(exchange, reply)
    if spoil == "mac":
        answer = answer.with_fields(DE64="00" * 8)
    elif spoil == "keys":
        foreign = type(bank.keys_of(exchange))(*(bank.static,) * 3)
        answer = bank.seal(exchange, reply, keys=foreign)
    elif spoil == "identity":
        answer = bank.seal(exchange, reply, identity=BOB)
    elif spoil == "other request":
        answer = bank.seal(exchange, Reply(b"12345678", reply.answers, "00", None, reply.sealed))
    elif spoil == "rrn":
        answer = answer.with_fields(DE37="000000000000")
    elif spoil == "serial":
        answer = answer.with_fields(DE60="00" * 8)
    elif spoil == "mti":
        answer = iso.Message("0110", answer.fields)
    notes = len(platform.notes)
    platform.from_bank(answer)
    assert len(platform.notes) == notes + 1
    assert platform.notes[-1].level in ("warning", "error")
    assert not platform.sms
    assert state_of(platform, transfer) is State.SENT
    platform.from_bank(bank.seal(exchange, reply))
    assert state_of(platform, transfer) is State.ANSWERED


def test_an_acceptance_of_a_registration_needs_the_mac_of_its_serial(platform, bank, alice):
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    registration = platform.take("0600")
    accepted = bank.accept_registration(registration)
    platform.from_bank(bank.bare(registration, "00"))
    platform.from_bank(accepted.with_fields(DE64="00" * 8))
    assert platform.quiet()
    assert platform.said("ignored")
    platform.from_bank(accepted)
    assert platform.take("0100")


def test_garbage_from_the_bank_is_named_and_ignored(platform, bank):
    random = random_bytes(9)
    for message in (b"", b"0210", random(200), iso.encode(bank.message("0820", DE70="301"))[:-1]):
        platform.from_bank(message)
        assert platform.notes[-1].level == "error"
    platform.from_bank(bank.message("0830", DE39="00", DE70="301"))
    assert platform.said("answers nothing")


# -- limits ---------------------------------------------------------------------------------------------------


def test_one_number_may_have_only_a_few_unanswered_requests(platform, bank, alice):
    bob = Handset(bank, BOB)
    for _ in range(platform.policy.unanswered_per_msisdn_max):
        platform.sms_from(ALICE.msisdn, alice.inquiry())
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    assert platform.codes() == ["65"]
    platform.sent.clear()
    platform.sms_from(BOB.msisdn, bob.inquiry())
    assert platform.take("0600")


def test_all_numbers_together_may_have_only_so_many(bank, alice):
    platform = Platform(bank, policy=Policy(unanswered_max=1)).connect().receive_keys()
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    platform.sms_from(BOB.msisdn, Handset(bank, BOB).inquiry())
    assert platform.codes() == ["91"]


def test_the_oldest_idle_transaction_makes_room_for_a_new_one(bank, alice):
    platform = Platform(bank, policy=Policy(unanswered_max=1, open_transactions_max=2)).connect().receive_keys()
    first, second = inquire(platform, alice), inquire(platform, alice)
    third = inquire(platform, alice)
    open_ones = {key.transaction_id for key in platform.session._relay._open}
    assert open_ones == {second, third}
    platform.sms_from(ALICE.msisdn, alice.transfer(first))
    assert platform.take("0600")  # its keys are gone: a fresh serial


def test_keys_of_a_transaction_are_erased_when_it_is_done_and_when_its_time_is_over(platform, bank, alice):
    _, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.answer(exchange, DONE))
    assert not platform.session._relay._open
    inquire(platform, alice)
    assert platform.session._relay._open
    platform.wait(platform.policy.transaction_open_s)
    assert not platform.session._relay._open


def test_answers_are_kept_for_a_month(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    platform.accepted(platform.sms.pop())
    platform.disconnect()
    platform.wait(platform.policy.answers_keep_s - 7200)
    assert state_of(platform, inquiry) is State.ANSWERED
    platform.wait(14400)
    assert state_of(platform, inquiry) is State.FORGOTTEN
    assert platform.store.transaction_of(TransactionKey(ALICE.msisdn, inquiry.transaction_id)) is None


def test_exchange_numbers_that_run_out_lead_to_a_fresh_serial(platform, bank, alice):
    transaction_id = inquire(platform, alice)
    (transaction,) = platform.session._relay._open.values()
    transaction.exchanges = 997
    platform.sms_from(ALICE.msisdn, alice.transfer(transaction_id))
    registration = platform.register()
    assert platform.take("0200")[61] == "001"
    assert bank.open_registration(registration).serial != transaction.dynamic.serial


def test_the_mac_of_another_transaction_does_not_serve(platform, bank, alice):
    _, first = send_transfer(platform, alice)
    _, second = send_transfer(platform, alice)
    with pytest.raises(BadMac):
        iso.check_mac(first, bank.keys_of(second))
