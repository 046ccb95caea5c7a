"""What comes from outside is parsed or refused with WireError, never anything else; what is parsed is canonical."""

import string
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.wire import iso_vectors, key_vectors, story, terminal_vectors
from wire import blocks, digits, framing, iso, keys, terminal
from wire.describe import captured, describe
from wire.errors import BadFrame, WireError
from wire.identity import Identity
from wire.sealing import open_request
from wire.secret import Secret


def load_story() -> dict[str, bytes]:
    book = story.Book(story.FOLDER)
    key_vectors.add_static_blocks(book)
    key_vectors.add_work_blocks(book)
    terminal_vectors.add_terminal(book)
    iso_vectors.add_iso(book)
    good = {path: vector for path, vector in book.vectors.items() if "message" in vector and "error" not in vector}
    return {path: bytes.fromhex(vector["message"]) for path, vector in good.items()}


STORY = load_story()


def damaged(*prefixes: str) -> st.SearchStrategy[bytes]:
    """Good messages with a stretch cut out and another put in: they reach further into a parser than noise does."""
    messages = [message for path, message in STORY.items() if path.startswith(prefixes)]

    def damage(message: bytes, start: int, cut: int, put: bytes) -> bytes:
        start %= len(message) + 1
        return message[:start] + put + message[start + cut :]

    places, cuts = st.integers(0, 2000), st.integers(0, 12)
    return st.builds(damage, st.sampled_from(messages), places, cuts, st.binary(max_size=12)) | st.binary(max_size=150)


def parsed_or_refused(parse: Callable[[bytes], bytes], message: bytes) -> None:
    """`parse` decodes and encodes again."""
    try:
        again = parse(message)
    except WireError:
        return
    assert again == message


@given(damaged("terminal-message/", "sealed-request/"))
@example(b"")
def test_request_is_parsed_or_refused(message: bytes) -> None:
    parsed_or_refused(lambda raw: terminal.Request.decode(raw).encode(), message)


@given(damaged("terminal-message/", "sealed-reply/", "terminal-notice/"))
@example(b"")
def test_message_to_a_handset_is_parsed_or_refused(message: bytes) -> None:
    parsed_or_refused(lambda raw: terminal.decode_down(raw).encode(), message)


@given(st.text(max_size=170) | st.text(string.ascii_letters + string.digits + "+/= \n", max_size=170))
def test_sms_text_is_parsed_or_refused(text: str) -> None:
    try:
        message = terminal.from_text(text)
    except WireError:
        return
    assert terminal.to_text(message) == text.strip()


@given(damaged("iso-message/"))
def test_iso_message_is_parsed_or_refused(message: bytes) -> None:
    parsed_or_refused(lambda raw: iso.encode(iso.decode(raw)), message)


@given(st.sampled_from(sorted(iso.FIELDS)), st.text(max_size=20))
def test_iso_field_of_any_text_is_encoded_or_refused(number: int, value: str) -> None:
    good = iso.decode(STORY["iso-message/reversal-answer.json"])
    message = good.with_fields(**{f"DE{number}": value})
    try:
        raw = iso.encode(message)
    except WireError:
        return
    assert iso.decode(raw) == message


@given(damaged("registration-block/", "first-seeds-block/", "renewed-", "control-", "notice-block/"))
def test_block_is_opened_or_refused(block: bytes) -> None:
    work, static = story.WORK, story.STATIC_KEY
    for opens in (
        lambda: blocks.open_registration(static, block),
        lambda: blocks.open_first_seeds(static, block),
        lambda: blocks.open_renewed_seeds(work, block),
        lambda: blocks.open_control_key(work, block),
        lambda: blocks.open_notice(work, block),
        lambda: blocks.work_generation_of(block),
    ):
        try:
            opens()
        except WireError:
            continue


@given(st.binary(max_size=40))
def test_forged_content_of_a_block_is_read_or_refused(plaintext: bytes) -> None:
    """Whoever holds the work key may still send nonsense inside it."""
    for kind, number, purpose, opens in (
        (blocks.BlockKind.NOTICE, bytes(8), b"yinxin notice v1", blocks.open_notice),
        (blocks.BlockKind.CONTROL_KEY, bytes(2), b"yinxin control key v1", blocks.open_control_key),
        (blocks.BlockKind.RENEWED_SEEDS, bytes(4), b"yinxin renewed seeds v1", blocks.open_renewed_seeds),
    ):
        block = blocks._seal_to_work_key(story.WORK, kind, number, purpose, plaintext)
        try:
            opens(story.WORK, block)
        except WireError:
            continue


@given(damaged("sealed-request/"))
def test_sealed_request_is_opened_or_refused(message: bytes) -> None:
    try:
        open_request(story.TERMINAL_KEY, terminal.Request.decode(message))
    except WireError:
        return


@pytest.mark.parametrize("body", [terminal.InquiryBody, terminal.TransferBody, terminal.BalanceBody])
@given(message=st.binary(min_size=26, max_size=49) | st.sampled_from([26, 33, 49]).map(bytes))
def test_body_is_parsed_or_refused(body: type[terminal.TransferBody], message: bytes) -> None:
    parsed_or_refused(lambda raw: body.decode(raw).encode(), message)


@given(
    st.text(string.digits, min_size=6, max_size=19),
    st.text(string.digits, min_size=6, max_size=19),
    st.integers(0, 2**48 - 1),
    st.text(string.digits, min_size=4, max_size=12),
)
def test_any_transfer_survives_the_journey(payer: str, payee: str, amount_fen: int, pin: str) -> None:
    body = terminal.TransferBody(payer, payee, amount_fen, Secret(pin.encode()), story.REPLY_KEY)
    assert terminal.TransferBody.decode(body.encode()) == body
    assert len(body.encode()) == 49


@given(st.sampled_from(list(terminal.Kind)), st.binary(max_size=40))
def test_answer_is_parsed_or_refused(kind: terminal.Kind, plaintext: bytes) -> None:
    parsed_or_refused(lambda raw: terminal.Answer.decode(kind, raw).encode(), plaintext)


@given(st.binary(max_size=20))
def test_notice_body_is_parsed_or_refused(plaintext: bytes) -> None:
    parsed_or_refused(lambda raw: terminal.NoticeBody.decode(raw).encode(), plaintext)


@given(st.binary(min_size=16, max_size=16) | st.binary(max_size=20))
def test_identity_is_parsed_or_refused(packed: bytes) -> None:
    parsed_or_refused(lambda raw: Identity.unpack(raw).pack(), packed)


@given(st.binary(min_size=1, max_size=10))
def test_packed_digits_have_one_packing(packed: bytes) -> None:
    parsed_or_refused(lambda raw: digits.pack_digits(digits.unpack_digits(raw), len(raw)), packed)


@given(st.binary(min_size=8, max_size=8))
def test_serial_is_the_same_after_the_journey(packed: bytes) -> None:
    assert keys.Serial.unpack(packed).pack() == packed


@given(st.binary(max_size=200) | st.binary(min_size=33, max_size=33).map(lambda tail: b"\x02" + tail[1:]))
def test_point_is_accepted_or_refused(point: bytes) -> None:
    try:
        keys.dynamic_encryption_key(point, story.C, story.SERIAL)
    except WireError:
        return


def read_stream(pieces: list[bytes]) -> tuple[list[bytes], bool, bool]:
    """Return the messages of a stream, whether it broke, and whether it ended inside a message."""
    reader, messages = framing.FrameReader(), []
    try:
        for piece in [*pieces, b""]:
            messages += reader.receive(piece)
    except BadFrame:
        return messages, True, False
    return messages, False, reader.inside_message


small_frames = st.lists(st.binary(min_size=1, max_size=8), max_size=5).map(lambda m: b"".join(map(framing.frame, m)))


@given(small_frames | st.builds(bytes.__add__, small_frames, st.binary(max_size=12)), st.lists(st.integers(0, 60)))
@example(framing.frame(b"message") + b"\0\0", [])
def test_stream_gives_the_same_whole_or_cut_anywhere(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(places)]
    whole = read_stream([stream])
    assert read_stream(pieces) == whole
    assert read_stream([stream[place : place + 1] for place in range(len(stream))]) == whole


@given(damaged("iso-message/", "terminal-message/"))
def test_any_capture_is_described_or_refused(raw: bytes) -> None:
    for content in (raw, framing.frame(raw) if raw else b"\0", raw.hex().encode(), terminal.to_text(raw).encode()):
        try:
            for message in captured(content):
                describe(message)
        except WireError:
            continue
