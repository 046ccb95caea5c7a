"""What comes from handsets before anything is relayed: identity, form, and refusals that change nothing."""

from dataclasses import replace

import pytest

from operator_platform.actions import Note, SendSms
from tests.unit.operator_platform.counterpart import ALICE, BOB, Handset, random_bytes
from tests.unit.operator_platform.test_relay import NAME, inquire
from wire.identity import Identity
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


def test_a_transfer_whose_transaction_was_never_registered_gets_25(platform, alice):
    assert refused(platform, ALICE.msisdn, alice.transfer(b"12345678")) == "25"


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


def test_random_sms_never_raise_and_never_reach_the_store(platform, alice):
    random = random_bytes(4)
    good = alice.inquiry().encode()
    before = rows(platform)
    for number in range(300):
        spoiled = bytearray(good)
        spoiled[number % 25] ^= 1 + random(1)[0] % 255
        text = to_text(random(number % 130)) if number % 2 else to_text(bytes(spoiled))
        if number % 2 or number % 25 in range(9, 25):  # random, or a spoiled identity
            platform.sms_from(ALICE.msisdn, text)
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
