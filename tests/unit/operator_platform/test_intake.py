"""What comes from handsets before anything is relayed: identity, form, and refusals that change nothing."""

from dataclasses import replace

import pytest

from operator_platform.actions import Note, SendSms
from operator_platform.store import TransactionKey
from tests.unit.operator_platform.counterpart import ALICE, BOB, Handset, random_bytes
from tests.unit.operator_platform.test_relay import DONE, NAME, inquire, send_transfer
from wire.identity import IDENTITY_BYTES, Identity
from wire.terminal import Kind, Notice, Reply, Request, to_text

TABLES = ("platform", "subscribers", "transactions", "requests", "counters", "outbox", "notices")


def rows(platform):
    read = platform.store._connection.execute
    return {table: read(f"SELECT * FROM {table}").fetchall() for table in TABLES}


def refused(platform, msisdn, request):
    """Send a request; return the code of its refusal, after checking that nothing else came of it."""
    before = rows(platform)
    actions = platform.sms_from(msisdn, request)
    assert rows(platform) == before
    assert [type(action) for action in actions] == [Note, SendSms]
    assert actions[1].outbox_id is None
    reply = platform.sms.pop().reply
    assert reply == Reply(request.transaction_id, request.type_byte(), reply.code, None, b"")
    return reply.code


def test_an_unknown_number_gets_97(platform, alice):
    assert refused(platform, "8613800000099", alice.inquiry()) == "97"


def test_a_request_that_claims_another_number_than_the_network_names_gets_58(platform, bank):
    assert refused(platform, ALICE.msisdn, Handset(bank, BOB).inquiry()) == "58"


def test_a_request_that_claims_another_imsi_than_the_register_has_gets_58(platform, bank):
    swapped = Handset(bank, Identity("460009999999999", ALICE.msisdn))
    assert refused(platform, ALICE.msisdn, swapped.inquiry()) == "58"


def test_a_request_that_claims_nothing_gets_97_from_an_unknown_number(platform, alice):
    assert refused(platform, "8613800000099", alice.transfer(b"12345678")) == "97"


def test_a_transfer_whose_transaction_is_not_here_is_opened_with_the_imsi_of_the_register(platform, bank, alice):
    transfer = alice.transfer(b"12345678")
    platform.sms_from(ALICE.msisdn, transfer)
    assert bank.open_registration(platform.sent[-1]).identity == ALICE
    platform.register()
    exchange = platform.take("0200")
    assert bank.open_exchange(exchange) == (ALICE, transfer)
    platform.from_bank(bank.answer(exchange, DONE))
    assert alice.open(platform.sms[0].text) == DONE


def test_a_transfer_still_in_doubt_after_the_purge_gets_its_outcome_from_the_bank(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.answer(exchange, DONE))
    platform.accepted(platform.sms.pop())  # and the handset never sees it
    platform.disconnect()
    platform.now += platform.policy.answers_keep_s
    platform.wait(7200)
    assert platform.store.transaction_of(TransactionKey(ALICE.msisdn, transfer.transaction_id)) is None
    platform.connect()
    platform.sms_from(ALICE.msisdn, transfer)
    platform.register()
    again = platform.take("0200")
    assert bank.open_exchange(again) == (ALICE, transfer)
    platform.from_bank(bank.answer(again, DONE))
    assert alice.open(platform.sms[0].text) == DONE


def test_a_transfer_after_the_sim_was_swapped_gets_58(platform, alice):
    transaction_id = inquire(platform, alice)
    with platform.store.transaction():
        platform.store.put_subscriber(Identity("460009999999999", ALICE.msisdn))
    assert refused(platform, ALICE.msisdn, alice.transfer(transaction_id)) == "58"


def test_a_transaction_registered_again_with_a_new_sim_is_opened_for_that_sim(platform, bank, alice):
    transaction_id = inquire(platform, alice)
    swapped = Identity("460009999999999", ALICE.msisdn)
    with platform.store.transaction():
        platform.store.put_subscriber(swapped)
    platform.sms_from(ALICE.msisdn, Request(Kind.REGISTER, transaction_id, swapped, b""))
    assert bank.open_registration(platform.take("0600")).identity == swapped


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Happy new year!",
        "恭喜发财",
        "AAAA",
        "QUJD=",
        to_text(b"\x24" + b"x" * 8),  # a balance without a body
        to_text(b"\x44" + b"x" * 60),  # another version
        to_text(b"\x2c" + b"x" * 60),  # an identity that is none
        to_text(b"\x20" + b"x" * 60),  # kind 0
        to_text(Reply(b"12345678", 0x22, "00", None, b"").encode()),
        to_text(Notice(b"12345678", b"12345678", b"x").encode()),
        "A" * 5000,
    ],
)
def test_an_sms_that_is_no_request_is_named_in_the_log_and_goes_no_further(platform, text):
    before = rows(platform)
    (note,) = platform.sms_from(ALICE.msisdn, text)
    assert isinstance(note, Note)
    assert note.level == "warning"
    assert "…0001" in note.text
    assert not text or text not in note.text
    assert rows(platform) == before


def test_random_sms_never_raise_and_from_a_stranger_never_reach_the_store(platform):
    random = random_bytes(4)
    before = rows(platform)
    texts = [to_text(random(number % 130)) for number in range(300)]
    for text in texts:
        platform.sms_from("8613800000099", text)
    assert rows(platform) == before
    for text in texts:
        platform.sms_from(ALICE.msisdn, text)


def test_a_spoiled_identity_never_reaches_the_store(platform, alice):
    random = random_bytes(4)
    good = alice.inquiry().encode()
    before = rows(platform)
    for place in range(9, 9 + IDENTITY_BYTES):
        spoiled = bytearray(good)
        spoiled[place] ^= 1 + random(1)[0] % 255
        platform.sms_from(ALICE.msisdn, to_text(bytes(spoiled)))
        assert rows(platform) == before


def test_a_sender_that_is_no_number_is_ignored(platform, alice):
    (note,) = platform.sms_from("BANK", alice.inquiry())
    assert isinstance(note, Note)


def test_the_plus_of_a_sender_makes_no_difference(platform, bank, alice):
    platform.sms_from("+" + ALICE.msisdn, alice.inquiry())
    platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    assert platform.sms[0].msisdn == ALICE.msisdn


def test_a_register_of_sims_has_one_number_for_an_imsi(platform):
    with pytest.raises(Exception, match="another number"), platform.store.transaction():
        platform.store.put_subscriber(replace(BOB, imsi=ALICE.imsi))
