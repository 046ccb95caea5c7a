"""The format of transcripts: every octet comes back, and what the writer would not have meant is refused by line."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsm.transcript import (
    Direction,
    Event,
    Header,
    Transcript,
    TranscriptError,
    decode_transcript,
    encode_transcript,
)

HEADER = '{"transcript": 1, "source": "made up"}\n'
texts = st.text(max_size=20)
headers = st.builds(
    Header,
    source=st.text(min_size=1, max_size=20),
    modem=texts,
    firmware=texts,
    family=texts,
    about=texts,
    masked=st.lists(texts, max_size=3).map(tuple),
    recorded=texts,
    program=texts,
    scenario=st.lists(texts, max_size=3).map(tuple),
    expect=st.dictionaries(texts, st.none() | st.integers() | texts | st.lists(texts, max_size=2), max_size=3),
)
octets = st.builds(
    lambda direction, data: (direction, data),
    st.sampled_from([Direction.TX, Direction.RX]),
    st.binary(min_size=1, max_size=50),
)
controls = st.sampled_from([b"opened", b"closed", b"unplugged", b"plugged in", b"speed 115200"]).map(
    lambda data: (Direction.CTL, data)
)
times = st.integers(min_value=0, max_value=10**11).map(lambda microseconds: microseconds / 1e6)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    what = draw(st.lists(octets | controls, max_size=10))
    when = sorted(draw(st.lists(times, min_size=len(what), max_size=len(what))))
    return Transcript(draw(headers), tuple(Event(t, *rest) for t, rest in zip(when, what, strict=True)))


@settings(deadline=None)
@given(transcripts())
def test_what_was_written_is_read_again(transcript: Transcript) -> None:
    assert decode_transcript(encode_transcript(transcript)) == transcript


def test_every_octet_has_its_character() -> None:
    every = bytes(range(256))
    text = encode_transcript(Transcript(Header("made up"), (Event(0, Direction.RX, every),)))
    assert text.isascii()
    assert json.loads(text.splitlines()[1])["data"].encode("latin-1") == every


def test_the_header_says_what_it_knows_and_no_more() -> None:
    text = encode_transcript(Transcript(Header("recorded", modem="SIM800L", masked=("imsi",)), ()))
    assert text == '{"transcript": 1, "source": "recorded", "modem": "SIM800L", "masked": ["imsi"]}\n'


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("", 1, ""),
        ("{}\n", 1, "transcript"),
        ('{"transcript": 2, "source": "x"}\n', 1, "transcript"),
        ('{"transcript": true, "source": "x"}\n', 1, "transcript"),
        ('{"transcript": 1}\n', 1, "source"),
        ('{"transcript": 1, "source": "x", "colour": "red"}\n', 1, "colour"),
        ('{"transcript": 1, "source": "x", "modem": 5}\n', 1, "modem"),
        ('{"transcript": 1, "source": "x", "masked": "imsi"}\n', 1, "masked"),
        ('{"transcript": 1, "source": "x", "expect": []}\n', 1, "expect"),
        ('{"transcript": 1, "source": "x", "source": "y"}\n', 1, ""),
        (HEADER + "\n", 2, ""),
        (HEADER + "[]\n", 2, ""),
        (HEADER + '{"t": 0, "dir": "tx", "data": "AT"}', 2, ""),
        (HEADER + '{"dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": 0, "data": "AT"}\n', 2, "dir"),
        (HEADER + '{"t": 0, "dir": "tx"}\n', 2, "data"),
        (HEADER + '{"t": 0, "dir": "tx", "data": "AT", "port": 1}\n', 2, "port"),
        (HEADER + '{"t": -1, "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": "0", "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": false, "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": NaN, "dir": "tx", "data": "AT"}\n', 2, ""),
        (HEADER + '{"t": 1e999, "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": 1e18, "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": 1' + 400 * "0" + ', "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": 316224001, "dir": "tx", "data": "AT"}\n', 2, "t"),
        (HEADER + '{"t": 0, "dir": "both", "data": "AT"}\n', 2, "dir"),
        (HEADER + '{"t": 0, "dir": [], "data": "AT"}\n', 2, "dir"),
        (HEADER + '{"t": 0, "dir": "tx", "data": ""}\n', 2, "data"),
        (HEADER + '{"t": 0, "dir": "tx", "data": ["AT"]}\n', 2, "data"),
        (HEADER + '{"t": 0, "dir": "rx", "data": "caf\\u0119"}\n', 2, "data"),
        (HEADER + '{"t": 0, "dir": "ctl", "data": "exploded"}\n', 2, "data"),
        (HEADER + '{"t": 2, "dir": "tx", "data": "AT"}\n{"t": 1, "dir": "tx", "data": "AT"}\n', 3, "t"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(text: str, line: int, field: str) -> None:
    with pytest.raises(TranscriptError) as caught:
        decode_transcript(text)
    assert (caught.value.line, caught.value.field) == (line, field)
    assert f"line {line}" in str(caught.value)


@given(st.text(max_size=200) | st.text(max_size=200).map(lambda tail: HEADER + tail))
def test_whatever_is_read_is_a_transcript_or_refused_as_one(text: str) -> None:
    try:
        found = decode_transcript(text)
    except TranscriptError:
        return
    assert decode_transcript(encode_transcript(found)) == found


@pytest.mark.parametrize("event", [Event(-1, Direction.TX, b"AT"), Event(0, Direction.CTL, b"exploded")])
def test_the_writer_writes_nothing_that_the_reader_would_refuse(event: Any) -> None:
    with pytest.raises(TranscriptError):
        encode_transcript(Transcript(Header("made up"), (event,)))
