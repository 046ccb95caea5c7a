"""The platform's process dies at any moment; the next one goes on from the store, and no secret was in it."""

import contextlib
import sqlite3

import pytest

from operator_platform.store import State
from tests.unit.operator_platform.counterpart import ALICE, ALICES, BOBS, PIN, Platform
from tests.unit.operator_platform.test_relay import DONE, NAME, inquire, key_of, send_transfer, state_of
from wire import iso
from wire.terminal import Answer, to_text


def test_a_request_that_waited_for_its_registration_is_registered_under_a_fresh_serial(platform, bank, alice):
    inquiry = alice.inquiry()
    platform.sms_from(ALICE.msisdn, inquiry)
    before = bank.open_registration(platform.take("0600"))
    platform.restart().connect()
    after = bank.open_registration(platform.sent[-1])
    assert after.identity == before.identity
    assert after.serial.counter > before.serial.counter
    assert after.ephemeral != before.ephemeral
    platform.register()
    assert bank.open_exchange(platform.take("0100")) == (ALICE, inquiry)


def test_a_request_that_was_sent_is_sent_again_under_a_fresh_serial_with_its_rrn(platform, bank, alice):
    transfer, before = send_transfer(platform, alice)
    platform.restart().connect()
    platform.register()
    after = platform.take("0200")
    assert after[60] != before[60]
    assert after[37] == before[37]
    assert bank.open_exchange(after) == (ALICE, transfer)
    platform.from_bank(bank.answer(before, DONE))  # the answer to the lost serial opens for nobody
    assert not platform.sms
    platform.from_bank(bank.answer(after, DONE))
    assert alice.open(platform.sms[0].text) == DONE


def test_the_minute_of_a_transfer_counts_from_its_first_send_across_a_restart(platform, bank, alice):
    transfer, _before = send_transfer(platform, alice)
    platform.wait(40)
    platform.restart().connect()
    platform.register()
    again = platform.take("0200")
    platform.wait(21)
    reversal = platform.take("0420")
    assert reversal[90] == iso.original_data(again)
    assert state_of(platform, transfer) is State.REVERSING


def test_given_up_while_it_was_down_a_transfer_is_reversed_and_not_sent_again(platform, bank, alice):
    _transfer, original = send_transfer(platform, alice)
    platform.store.close()
    platform.now += 3600
    platform._start()
    platform.wait(0)
    platform.connect()
    platform.register()
    assert platform.quiet("0200")
    assert platform.take("0420")[90] == iso.original_data(original)


def test_a_stored_reversal_is_repeated_and_its_answer_leads_to_one_that_opens(platform, bank, alice):
    transfer, _original = send_transfer(platform, alice)
    platform.wait(60)
    reversal = platform.take("0420")
    stored = platform.store.request(key_of(transfer)).reversal_repeat
    platform.restart().connect()
    assert platform.raw[-1] == stored
    repeat = platform.take("0421")
    assert platform.quiet()
    platform.from_bank(bank.answer(repeat, Answer("98")))  # sealed under keys that are gone
    assert not platform.sms
    platform.register()
    again = platform.take("0420")
    assert again[60] != reversal[60]
    assert bank.open_exchange(again) == (ALICE, transfer)
    platform.from_bank(bank.answer(again, Answer("98")))
    assert alice.open(platform.sms[0].text) == Answer("98")


def test_a_reversal_that_was_decided_but_not_sealed_is_sealed_after_the_restart(platform, bank, alice):
    _transfer, original = send_transfer(platform, alice)
    platform.disconnect()
    platform.wait(60)
    platform.restart().connect()
    platform.register()
    assert platform.take("0420")[90] == iso.original_data(original)


def test_an_answered_request_is_answered_from_the_store_after_a_restart(platform, bank, alice):
    transfer, exchange = send_transfer(platform, alice)
    platform.from_bank(bank.answer(exchange, DONE))
    (answer,) = platform.sms
    platform.accepted(answer)
    platform.restart()
    assert not platform.sms
    platform.sms_from(ALICE.msisdn, transfer)
    assert platform.sms[0].text == answer.text
    platform.sms_from(ALICE.msisdn, alice.transfer(transfer.transaction_id, amount_fen=5))
    assert platform.codes()[1] == "94"


def test_a_transfer_after_a_restart_opens_its_transaction_anew(platform, bank, alice):
    transaction_id = inquire(platform, alice)
    rrn = platform.raw and iso.decode(platform.raw[-1])[37]
    platform.restart().connect()
    platform.sms_from(ALICE.msisdn, alice.transfer(transaction_id))
    assert platform.register()[37] == rrn
    assert platform.take("0200")[61] == "001"


def test_an_sms_that_the_network_had_not_accepted_is_sent_again(platform, bank, alice):
    platform.sms_from(ALICE.msisdn, alice.inquiry())
    platform.register()
    platform.from_bank(bank.answer(platform.take("0100"), NAME))
    (before,) = platform.sms
    platform.restart()
    (after,) = platform.sms
    assert after == before
    platform.accepted(after)
    platform.restart()
    assert not platform.sms


def test_serials_and_stans_are_never_used_again(platform, bank, alice):
    serials, stans = [], []
    for _ in range(4):
        platform.sms_from(ALICE.msisdn, alice.balance())
        serials.append(bank.open_registration(platform.sent[-1]).serial.counter)
        stans.append(platform.sent[-1][11])
        platform.register()
        platform.from_bank(bank.answer(platform.take("0100"), Answer("00", balance_fen=1)))
        platform.restart().connect()
    assert serials == sorted(set(serials))
    assert stans == sorted(set(stans))


def test_numbers_reserved_in_a_transaction_that_was_lost_are_free_again_since_nothing_was_sent(platform):
    store = platform.store
    with store.transaction():
        first = store.reserve("test", 100)
    with contextlib.suppress(RuntimeError), store.transaction():
        assert store.reserve("test", 100) == first + 100
        raise RuntimeError
    with store.transaction():
        assert store.reserve("test", 1) == first + 100


def test_the_store_holds_no_key_no_pin_and_no_account(platform, bank, alice, tmp_path):
    """Every stage of a transfer is in the file; none of it opens there."""
    send_transfer(platform, alice)
    platform.wait(60)
    (transaction,) = platform.session._relay._open.values()
    psam = transaction.dynamic.psam
    seeds = bank.generations[1]
    k, c = bank.epochs[1]
    secrets = [bank.static, seeds.seed1, seeds.seed2, k, c, psam.pin, psam.data, psam.mac, *alice.reply_keys.values()]
    assert platform.store.unanswered()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    rows = "\n".join(sqlite3.connect(tmp_path / "operator.sqlite").iterdump()).lower()
    assert "reversing" in rows  # the search looks at what is there
    for secret in secrets:
        assert secret.reveal() not in files
        assert secret.reveal().hex() not in rows
    for digits in (ALICES, BOBS, PIN.reveal().decode()):
        assert f"'{digits}'" not in rows
        assert bytes.fromhex(digits.ljust(20, "F")) not in files
    for account in (ALICES, BOBS):
        assert account.encode() not in files


def test_no_note_and_no_action_shows_a_payload_or_a_key(platform, bank, alice):
    transfer, _exchange = send_transfer(platform, alice)
    platform.wait(60)
    platform.restart().connect()
    shown = " ".join(note.text for note in platform.notes)
    assert to_text(transfer.encode()) not in shown
    assert ALICE.msisdn not in shown
    assert ALICE.imsi not in shown
    assert bank.static.reveal().hex() not in repr(platform.keys)


def test_a_store_of_another_schema_is_refused(tmp_path, bank):
    path = tmp_path / "operator.sqlite"
    Platform(bank, path).store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Exception, match="schema 99"):
        Platform(bank, path)
