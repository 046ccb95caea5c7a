"""SMS that the network refuses, or that find no room."""

import pytest

from operator_platform.policy import Policy
from tests.unit.operator_platform.counterpart import ALICE, BOB, Handset, Platform
from tests.unit.operator_platform.test_relay import DONE, NAME
from wire.terminal import Notice


def test_a_refused_reply_is_tried_again_later_and_dropped_in_the_end(platform, bank):
    alice = Handset(bank)
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    attempts = platform.policy.sms_attempts_max
    for attempt in range(1, attempts):
        assert len(platform.sms) == attempt
        platform.refused(platform.sms[-1])
        assert len(platform.sms) == attempt
        platform.wait(platform.policy.sms_retry_s * 2 ** (attempt - 1))
        platform.sent.clear()
        platform.disconnect()
    platform.refused(platform.sms[-1])
    platform.wait(3600)
    assert len(platform.sms) == attempts
    assert platform.store.outbox() == []
    assert platform.said("dropped")


@pytest.mark.parametrize("payload", [b"", Notice(b"notice 1", b"12345678", b"sealed").encode()])
def test_a_confirmed_notice_is_tried_for_days_at_most_an_hour_apart_and_across_a_restart(platform, bank, payload):
    """Payees with the app get a sealed notice, others a sentence; nobody resends either."""
    platform.from_bank(bank.notice(BOB.msisdn, payload))
    assert platform.take("0630")[39] == "00"
    platform.disconnect()
    for hour in range(int(platform.policy.notice_keep_s / 3600)):
        platform.refused(platform.sms.pop(), "queue full")
        assert not platform.sms
        if hour == 72:
            platform.restart()
        platform.wait(3600)
        assert len(platform.sms) == 1
    platform.accepted(platform.sms.pop())
    assert platform.store.outbox() == []
    assert not platform.said("dropped")


def test_a_notice_refused_for_longer_than_that_is_dropped_with_an_error(platform, bank):
    platform.from_bank(bank.notice(BOB.msisdn))
    platform.disconnect()
    platform.now += platform.policy.notice_keep_s
    platform.restart()
    platform.refused(platform.sms.pop(), "unknown number")
    platform.wait(7200)
    assert not platform.sms
    assert platform.store.outbox() == []
    (dropped,) = (note for note in platform.notes if "dropped" in note.text)
    assert dropped.level == "error"
    assert "unknown number" in dropped.text


def test_refused_notices_leave_room_for_replies(bank):
    platform = Platform(bank, policy=Policy(outbox_max=4)).connect().receive_keys()
    for number in range(4):
        platform.from_bank(bank.notice(BOB.msisdn, notice_id=b"notice %d" % number))
    assert len(platform.store.outbox()) == 2
    platform.sms_from(ALICE.msisdn, Handset(bank).inquiry())
    platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    assert platform.store.outbox()[-1].msisdn == ALICE.msisdn


def test_a_full_outbox_drops_a_reply_and_the_handsets_resend_gets_it(bank):
    platform = Platform(bank, policy=Policy(outbox_max=1)).connect().receive_keys()
    alice = Handset(bank)
    platform.from_bank(bank.notice(BOB.msisdn))
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), DONE))
    assert len(platform.sms) == 1
    assert platform.said("outbox full")
    platform.accepted(platform.sms[0])
    platform.sms_from(ALICE.msisdn, inquiry)
    assert len(platform.sms) == 2
