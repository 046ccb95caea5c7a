"""Seeds, control keys and notices from the bank (Fig. 2), their renewal, and what is refused."""

import pytest

from operator_platform.actions import SaveControlKey, SaveSeeds, SendBank, SendSms
from operator_platform.policy import Policy
from operator_platform.session import PLAIN_NOTICES
from tests.unit.operator_platform.counterpart import ALICE, BOB, Bank, Platform
from tests.unit.operator_platform.test_relay import DONE, inquire
from wire.terminal import Notice, from_text


def answered(platform):
    return platform.take("0810")[39]


def test_keys_are_saved_before_their_receipt_is_confirmed(bank):
    platform = Platform(bank).connect()
    assert [type(action) for action in platform.from_bank(bank.first_seeds())][::2] == [SaveSeeds, SendBank]
    assert [type(action) for action in platform.from_bank(bank.control_key())][::2] == [SaveControlKey, SendBank]
    assert platform.keys.seeds == bank.generations[1]
    assert platform.keys.control == bank.control()


def test_keys_are_asked_for_at_sign_on_and_now_and_then_while_they_are_missing(bank):
    platform = Platform(bank).connect()
    assert platform.take("0820")[70] == "101"
    platform.from_bank(bank.bare(platform.last("0820"), "00"))
    platform.wait(platform.policy.keys_ask_s)
    assert "101" in [message[70] for message in platform.sent]
    platform.receive_keys().wait(platform.policy.keys_ask_s)
    platform.disconnect()
    platform.sent.clear()
    platform.connect()
    assert platform.quiet()


def test_a_block_that_is_repeated_is_confirmed_again(platform, bank):
    for message in (bank.first_seeds(), bank.control_key()):
        assert not [a for a in platform.from_bank(message) if isinstance(a, SaveSeeds | SaveControlKey)]
        assert answered(platform) == "00"


def test_renewed_seeds_come_under_the_current_work_key_and_the_next_control_key_under_the_new_one(platform, bank):
    bank.renew_seeds()
    bank.renew_control_key()
    platform.from_bank(bank.renewed_seeds())
    assert answered(platform) == "00"
    platform.from_bank(bank.control_key())
    assert answered(platform) == "00"
    assert (platform.keys.seeds.generation, platform.keys.control.epoch) == (2, 2)


def test_renewed_seeds_whose_receipt_was_lost_are_confirmed_even_without_the_old_work_key(platform, bank):
    bank.renew_seeds()
    renewed = bank.renewed_seeds()
    platform.from_bank(renewed)
    platform.wait(platform.policy.seeds_overlap_s)
    assert platform.saved.previous_seeds is None
    platform.sent.clear()
    platform.from_bank(renewed)
    assert answered(platform) == "00"


def test_old_keys_do_not_come_back(platform, bank):
    old = bank.first_seeds(), bank.control_key()
    bank.renew_seeds()
    bank.renew_control_key()
    platform.from_bank(bank.renewed_seeds())
    platform.from_bank(bank.control_key())
    platform.sent.clear()
    for message in old:
        platform.from_bank(message)
        assert answered(platform) == "94"
    assert (platform.keys.seeds.generation, platform.keys.control.epoch) == (2, 2)


def test_other_keys_under_a_number_that_is_here_are_refused(platform):
    foreign = Bank(seed=8)
    foreign.static = platform.bank.static
    platform.from_bank(foreign.first_seeds())
    assert answered(platform) == "94"


def test_blocks_that_do_not_open_are_refused(platform):
    foreign = Bank(seed=8)
    foreign.renew_seeds()
    foreign.renew_control_key()
    for message in (foreign.first_seeds(), foreign.renewed_seeds(), foreign.control_key(generation=1)):
        platform.from_bank(message)
        assert answered(platform) == "A0"
    for block in ("AA==", "BQ==", "Ag==", "AwAAAAI=", "BAA="):
        platform.from_bank(platform.bank.message("0800", DE48=block, DE70="101"))
        assert answered(platform) in ("30", "A0")
    assert (platform.keys.seeds.generation, platform.keys.control.epoch) == (1, 1)


def test_a_transaction_that_is_open_goes_on_under_its_epoch_and_the_next_uses_the_new_one(platform, bank, alice):
    transaction_id = inquire(platform, alice)
    bank.renew_control_key()
    platform.from_bank(bank.control_key())
    assert platform.saved.previous_control.epoch == 1
    platform.sms_from(ALICE.msisdn, alice.transfer(transaction_id))
    exchange = platform.take("0200")
    assert exchange[60].startswith("0001")
    platform.from_bank(bank.answer(exchange, DONE))
    assert platform.saved.previous_control is None
    assert platform.said("epoch 1 erased")
    platform.sms_from(ALICE.msisdn, alice.balance())
    assert bank.open_registration(platform.take("0600")).serial.epoch == 2


def test_without_open_transactions_the_old_control_key_is_erased_at_once(platform, bank):
    bank.renew_control_key()
    platform.from_bank(bank.control_key())
    assert platform.saved.previous_control is None


def test_a_restart_erases_the_old_control_key_since_no_transaction_is_open_any_more(platform, bank, alice):
    inquire(platform, alice)
    bank.renew_control_key()
    platform.from_bank(bank.control_key())
    assert platform.saved.previous_control is not None
    platform.restart()
    assert platform.saved.previous_control is None


# -- notices --------------------------------------------------------------------------------------------------


def test_a_notice_is_in_the_outbox_before_it_is_confirmed_and_comes_once(platform, bank):
    notice = Notice(b"notice 1", b"12345678", b"sealed" * 8)
    message = bank.notice(BOB.msisdn, notice.encode())
    kinds = [type(action) for action in platform.from_bank(message)]
    assert kinds.index(SendSms) < kinds.index(SendBank)
    assert platform.store.outbox()[0].text == platform.sms[0].text
    assert from_text(platform.sms[0].text) == notice.encode()
    assert platform.sms[0].msisdn == BOB.msisdn
    assert platform.take("0630")[39] == "00"
    platform.from_bank(message)
    assert platform.take("0630")[39] == "00"
    platform.restart().connect()
    platform.from_bank(message)
    assert len(platform.sms) == 1  # from the outbox, not from the repeat


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_phone_without_the_app_gets_one_plain_sentence(bank, language):
    platform = Platform(bank, policy=Policy(notice_language=language)).connect().receive_keys()
    platform.from_bank(bank.notice(BOB.msisdn))
    (sms,) = platform.sms
    assert sms.text == PLAIN_NOTICES[language]
    assert not any(character.isdigit() for character in sms.text)
    assert len(sms.text) <= (70 if language == "zh" else 160)


def test_a_notice_under_the_previous_work_key_still_opens_until_that_key_is_erased(platform, bank):
    bank.renew_seeds()
    platform.from_bank(bank.renewed_seeds())
    platform.from_bank(bank.notice(BOB.msisdn, generation=1))
    assert platform.take("0630")[39] == "00"
    platform.wait(platform.policy.seeds_overlap_s)
    platform.from_bank(bank.notice(BOB.msisdn, generation=1, notice_id=b"notice 2"))
    assert platform.take("0630")[39] == "A0"
    assert len(platform.sms) == 1


def test_a_notice_of_nobody_is_refused(platform, bank):
    platform.from_bank(Bank(seed=8).notice(BOB.msisdn))
    assert platform.take("0630")[39] == "A0"
    assert not platform.sms


def test_a_full_outbox_leaves_notices_to_the_bank(bank):
    platform = Platform(bank, policy=Policy(outbox_max=1)).connect().receive_keys()
    platform.from_bank(bank.notice(BOB.msisdn))
    platform.sent.clear()
    second = bank.notice(BOB.msisdn, notice_id=b"notice 2")
    platform.from_bank(second)
    assert platform.quiet()
    platform.accepted(platform.sms[0])
    platform.from_bank(second)
    assert platform.take("0630")[39] == "00"
    assert len(platform.sms) == 2


# -- the link -------------------------------------------------------------------------------------------------


def test_nothing_but_the_sign_on_is_sent_before_the_bank_answers_it(platform, bank, alice):
    platform.disconnect()
    platform._do("bank_connected")
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    assert [message.mti for message in platform.sent] == ["0820"]
    platform.from_bank(bank.bare(platform.take("0820"), "00"))
    assert platform.take("0600")


def test_a_refused_sign_on_closes_the_connection(bank):
    platform = Platform(bank)
    platform._do("bank_connected")
    platform.from_bank(bank.bare(platform.take("0820"), "03"))
    assert platform.closed == ["sign-on refused"]


def test_a_bank_that_does_not_answer_sign_on_or_echo_is_left(platform, bank):
    platform.wait(platform.policy.echo_idle_s)
    assert platform.take("0820")[70] == "301"
    platform.from_bank(bank.bare(platform.last("0820"), "00"))
    platform.wait(platform.policy.echo_idle_s)
    assert platform.take("0820")[70] == "301"
    assert not platform.closed
    platform.wait(platform.policy.network_answer_s)
    assert len(platform.closed) == 1
    platform.disconnect()
    platform._do("bank_connected")
    platform.wait(platform.policy.network_answer_s)
    assert len(platform.closed) == 2


def test_sign_off_is_said_only_on_a_link_that_is_up(platform):
    platform._do("sign_off")
    assert platform.take("0820")[70] == "002"
    platform.disconnect()
    platform._do("sign_off")
    assert platform.quiet()
