import dataclasses

import pytest

from tests.unit.wire import story
from wire import sealing, terminal
from wire.errors import BadDigits, BadMessage, BadSeal
from wire.secret import Secret

BOOK = story.Book(story.FOLDER)


@pytest.mark.parametrize(
    ("name", "size"), [("inquiry", 99), ("transfer", 106), ("transfer-longest", 106), ("balance", 106)]
)
def test_request_has_the_size_that_the_design_states(name: str, size: int) -> None:
    message = story.sealed_request(BOOK, name).encode()
    assert len(message) == size <= terminal.MESSAGE_BYTES_MAX


def test_120_bytes_fill_one_sms_of_160_characters() -> None:
    assert len(terminal.to_text(bytes(terminal.MESSAGE_BYTES_MAX))) == 160


def test_every_answer_fits_one_sms() -> None:
    request = story.sealed_request(BOOK, "transfer")
    for name in ("transfer", "transfer-declined"):
        assert len(story.sealed_reply(name, request).encode()) <= terminal.MESSAGE_BYTES_MAX
    assert len(story.sealed_notice().encode()) <= terminal.MESSAGE_BYTES_MAX


def test_request_that_would_not_fit_is_not_encoded() -> None:
    request = terminal.Request(terminal.Kind.TRANSFER, bytes(8), None, bytes(112))
    with pytest.raises(BadMessage, match="does not fit"):
        request.encode()


@pytest.mark.parametrize("first", [b"\x23", b"\x31", b"\x32"])
def test_message_that_no_sms_can_carry_is_not_decoded(first: bytes) -> None:
    decode = terminal.decode_down if first[0] & 0x10 else terminal.Request.decode
    body = first + bytes(8) + b"\x2300" + bytes(108)
    assert decode(body)
    with pytest.raises(BadMessage, match="does not fit"):
        decode(body + b"\0")


def test_reserved_kinds_are_decoded_so_that_the_bank_can_answer_40() -> None:
    for kind in (terminal.Kind.STATEMENT, terminal.Kind.CHANGE_PIN):
        assert terminal.Request.decode(terminal.Request(kind, bytes(8), None, b"x").encode()).kind is kind


def test_white_space_around_an_sms_is_forgiven() -> None:
    assert terminal.from_text(" ISEh\r\n") == b"\x21\x21\x21"


def test_reply_without_a_serial_says_none() -> None:
    reply = terminal.Reply(bytes(8), 0x23, "91", None, b"")
    assert terminal.decode_down(reply.encode()) == reply


@pytest.mark.parametrize("name", ["明", "é", "Z", "𠮷"])
def test_last_character_of_any_name_survives(name: str) -> None:
    answer = terminal.Answer("00", name_last=name)
    assert terminal.Answer.decode(terminal.Kind.INQUIRY, answer.encode()) == answer


def test_more_than_the_last_character_of_a_name_is_refused() -> None:
    with pytest.raises(BadMessage, match="one character"):
        terminal.Answer.decode(terminal.Kind.INQUIRY, b"00" + "小明".encode())


def test_pin_that_is_no_pin_is_not_packed_and_not_shown() -> None:
    body = terminal.BalanceBody("46000000001", Secret(b"12x4"), Secret(bytes(16)))
    with pytest.raises(BadDigits) as raised:
        body.encode()
    assert "12x4" not in str(raised.value)


# -- sealing --------------------------------------------------------------------------------------------------


def test_what_is_sealed_now_opens_and_is_another_ciphertext_each_time() -> None:
    seal = sealing.BankSeal(sealing.terminal_public_key(story.TERMINAL_KEY))
    bare = terminal.Request(terminal.Kind.TRANSFER, bytes(8), None, b"")
    one, two = (dataclasses.replace(bare, sealed=seal.seal(bare, b"body")) for _ in range(2))
    assert one != two
    assert len(one.sealed) == sealing.HPKE_OVERHEAD_BYTES + 4
    for request in (one, two):
        assert sealing.open_request(story.TERMINAL_KEY, request) == b"body"


@pytest.mark.parametrize("key", [bytes(31), bytes(33), bytes(32), b"\x01" + bytes(31)])
def test_terminal_key_that_cannot_be_sealed_to_is_refused_at_once(key: bytes) -> None:
    with pytest.raises(BadMessage) as raised:
        sealing.BankSeal(key)
    assert raised.value.field == "terminal key"


def test_registration_cannot_be_added_to_a_sealed_request() -> None:
    request = story.sealed_request(BOOK, "transfer")
    registering = dataclasses.replace(request, identity=story.PAYER_SIM)
    with pytest.raises(BadSeal):
        sealing.open_request(story.TERMINAL_KEY, registering)


def test_fingerprint_is_the_start_of_sha_256_in_groups() -> None:
    assert sealing.fingerprint(b"") == "e3b0 c442 98fc 1c14 9afb f4c8 996f b924"


def test_notice_key_is_not_the_reply_key() -> None:
    assert sealing.notice_key(story.REPLY_KEY) != story.REPLY_KEY
    assert len(sealing.notice_key(story.REPLY_KEY)) == 16
