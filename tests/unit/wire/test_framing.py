import pytest

from wire.errors import BadFrame
from wire.framing import FRAME_BYTES_MAX, FrameReader, frame


def test_frame_is_two_bytes_of_length_and_the_message() -> None:
    assert frame(b"abc") == b"\x00\x03abc"
    assert frame(bytes(FRAME_BYTES_MAX))[:2] == b"\x08\x00"


@pytest.mark.parametrize("size", [0, FRAME_BYTES_MAX + 1])
def test_message_of_no_allowed_length_is_not_framed(size: int) -> None:
    with pytest.raises(BadFrame):
        frame(bytes(size))


def test_reader_knows_whether_it_stands_inside_a_message() -> None:
    reader = FrameReader()
    assert not reader.inside_message
    assert reader.receive(b"\x00") == []
    assert reader.inside_message
    assert reader.receive(b"\x01x") == [b"x"]
    assert not reader.inside_message


def test_complete_messages_before_a_broken_length_are_not_lost() -> None:
    reader = FrameReader()
    assert reader.receive(frame(b"one") + frame(b"two") + b"\x00\x00") == [b"one", b"two"]
    with pytest.raises(BadFrame):
        reader.receive(b"")


def test_broken_stream_stays_broken() -> None:
    reader = FrameReader()
    for _ in range(2):
        with pytest.raises(BadFrame):
            reader.receive(b"\xff\xff")
