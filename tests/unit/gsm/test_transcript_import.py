"""Logs of socat 1.7.4.4 and gammu 1.42.0, made at modem-emulator (whose numbers were pseudonyms already)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsm.dialogue import lines_of
from gsm.masking import mask
from gsm.pdu import Deliver, UserData, encode_deliver, to_hex
from gsm.transcript import Direction, Event, Header, Transcript, decode_transcript, encode_transcript
from gsm.transcript_import import IMPORTS, LogError, from_gammu, from_socat

LOGS = Path(__file__).with_name("foreign_logs")


def imported(name: str) -> Transcript:
    return IMPORTS[name.split("_")[0]]((LOGS / name).read_bytes())


def whole(transcript: Transcript, direction: Direction) -> bytes:
    return b"".join(event.data for event in transcript.events if event.direction is direction)


@pytest.mark.parametrize("name", ["socat_x.log", "socat_xv.log", "socat_v.log"])
def test_socat_logs_hold_every_octet_and_the_time(name: str) -> None:
    transcript = imported(name)
    assert whole(transcript, Direction.TX) == b'AT\rAT+CIMI\rAT+CMGF=1\rAT+CMGS="+999990000002"\rxxxx\x1a'
    assert b"\r\n001010000000001\r\n\r\nOK\r\n" in whole(transcript, Direction.RX)
    assert [event.direction for event in transcript.events] == [Direction.TX, Direction.RX] * 5
    # the script that typed it waited 0.3 s each time
    assert all(0.29 < transcript.events[n].t_s - transcript.events[n - 2].t_s < 0.35 for n in (2, 4, 6, 8))


def test_the_program_may_be_at_socats_second_address() -> None:
    transcript = from_socat((LOGS / "socat_x.log").read_text(encoding="latin-1"), first_is_program=False)
    assert whole(transcript, Direction.RX).startswith(b"AT\rAT+CIMI\r")


@pytest.mark.parametrize("name", ["gammu_textalldate.log", "gammu_binary.log"])
def test_gammu_logs_hold_what_it_sent_and_received(name: str) -> None:
    transcript = imported(name)
    assert transcript.header.program == "gammu 1.42.0"
    assert whole(transcript, Direction.TX).startswith(b"\x1b\rAT\rATE1\rAT+MODE=2\r")
    assert transcript.events[-1].data == b"AT+CIMI\r\r\n001010000000001\r\n\r\nOK\r\n"


def test_gammus_dates_are_times() -> None:
    assert imported("gammu_textalldate.log").events[-1].t_s == 3
    assert imported("gammu_binary.log").events[-1].t_s == 0


def test_a_message_that_gammu_sent() -> None:
    transcript = mask(imported("gammu_textall.log"))
    notes = [line.note for line in lines_of(transcript) if line.note]
    assert notes[0] == "SUBMIT to +999990000002: 21 characters GSM7, masked, by way of +9999990000001"


def test_a_stroke_and_a_long_frame_are_octets_like_others() -> None:
    frame = b"AT+X|" + bytes(range(0x20, 0x7F)) * 3 + b"\r"
    cells = [f"{octet:02X}{chr(octet) if octet >= 32 else ' '}" for octet in frame]
    dump = "\n".join("|".join(cells[start : start + 16]).ljust(64) + "shown" for start in range(0, len(cells), 16))
    log = f"SENDING frame type 0x00/length 0x{len(frame):02X}/{len(frame)}\n{dump}\nOK\n"
    assert from_gammu(log.encode()).events == (Event(0, Direction.TX, frame),)
    binary = b"\x061.42.0Note\n\x01" + len(frame).to_bytes(2, "big") + frame + b"Another note\n\x02\x04OK\r\n"
    assert [event.data for event in from_gammu(binary).events] == [frame, b"OK\r\n"]


@pytest.mark.parametrize(
    ("origin", "log", "where"),
    [
        ("socat", b"nothing\n", "line 1"),
        ("socat", b"> 2026/11/23 07:16:16.000380677  length=3 from=0 to=2\n 41 54\n", "line 3"),
        ("socat", b"> 2026/11/23 07:16:16.380677  length=1 from=0 to=2\n 41 54\n", "line 3"),
        ("socat", b"> 2026/11/23 07:16:16.380677  length=3 from=0 to=2\n 41 54 0d\nwhat is this\n", "line 3"),
        ("socat", b"> 2026/11/23 07:16:16.380677  length=9 from=0 to=2\nAT\\r", "line 2"),
        ("gammu", b"nothing\n", "line 1"),
        ("gammu", b"SENDING frame type 0x00/length 0x03/3\n41A|54T\n", "line 2"),
        ("gammu", b"SENDING frame type 0x00/length 0x03/3\n41A|54T|0", "line 2"),
        ("gammu", b"\x061.42.0Note\n\x01\x09AT\r", "octet 13"),
        ("gammu", b"\x061.42.0Note\n", "line 1"),
    ],
)
def test_what_is_no_log_is_said_to_be_none(origin: str, log: bytes, where: str) -> None:
    with pytest.raises(LogError, match=where):
        IMPORTS[origin](log)


# ---- shown as a dialogue


def read(origin: str, log: bytes) -> Transcript | str:
    """The transcript, or the error in words."""
    try:
        return IMPORTS[origin](log)
    except LogError as error:
        return str(error)


ALL_LOGS = sorted(path.name for path in LOGS.iterdir())


@pytest.mark.parametrize("name", ALL_LOGS)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_of_a_log_that_was_cut_off_what_is_whole_or_nothing_is_read(name: str, share: float) -> None:
    log = (LOGS / name).read_bytes()
    cut = log[: int(len(log) * share)]
    transcript = read(name.split("_")[0], cut)
    if isinstance(transcript, str):
        assert transcript.startswith(("line ", "octet "))
        return
    for direction in (Direction.TX, Direction.RX):
        assert whole(imported(name), direction).startswith(whole(transcript, direction))
    encode_transcript(transcript)


@pytest.mark.parametrize("origin", sorted(IMPORTS))
@given(st.sampled_from(ALL_LOGS), st.binary(min_size=1, max_size=40), st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None, max_examples=150)
def test_a_log_with_anything_in_it_is_read_or_refused_by_place(
    origin: str, name: str, noise: bytes, start: float, share: float
) -> None:
    log = (LOGS / name).read_bytes()
    place = int(len(log) * start)
    broken = log[:place] + noise + log[place + int((len(log) - place) * share) :]
    transcript = read(origin, broken)
    if isinstance(transcript, str):
        assert transcript.startswith(("line ", "octet "))
    else:
        assert decode_transcript(encode_transcript(transcript)) == transcript


def test_where_the_clock_was_set_back_the_order_stays_and_time_stands_still() -> None:
    pieces = [("> ", "07:16:16", "41 54 0d"), ("< ", "07:16:10", "4f 4b 0d"), ("> ", "07:16:18", "41 54 0d")]
    log = "".join(f"{way}2026/11/23 {at}.000000  length=3 from=0 to=2\n {octets}\n" for way, at, octets in pieces)
    assert [(event.t_s, event.data) for event in from_socat(log).events] == [(0, b"AT\r"), (0, b"OK\r"), (2, b"AT\r")]


@pytest.mark.parametrize(
    ("origin", "log"),
    [
        ("socat", "> 2026/13/45 99:16:16.000000  length=3 from=0 to=2\n 41 54 0d\n"),
        ("gammu", "Mon 2026/13/45 99:16:16: SENDING frame type 0x00/length 0x01/1\nMon 2026/11/23 07:16:16: 0D\n"),
    ],
)
def test_a_time_that_is_none_is_named_by_its_line(origin: str, log: str) -> None:
    with pytest.raises(LogError, match="line 1: there is no such time"):
        IMPORTS[origin](log.encode())


def test_a_cell_may_show_what_unicode_takes_for_a_line_end() -> None:
    log = b"SENDING frame type 0x00/length 0x03/3\n85\x85|1C\x1c|0D \n"
    assert from_gammu(log).events == (Event(0, Direction.TX, b"\x85\x1c\r"),)


def test_a_dialogue_is_shown_line_by_line_whatever_pieces_it_came_in() -> None:
    events = [Event(0, Direction.CTL, b"opened")]
    events += [Event(1 + n, Direction.TX, bytes([octet])) for n, octet in enumerate(b"AT+CMGS=20\r")]
    events += [Event(20, Direction.RX, b"\r\n"), Event(21, Direction.RX, b"> ")]
    events += [Event(22, Direction.TX, b"\x00\xff\x1a"), Event(23, Direction.RX, b"\r\n+CMGS: 1\r\n\r\nOK\r\nhalf")]
    shown = [(line.t_s, line.direction.value, line.text) for line in lines_of(Transcript(Header("x"), tuple(events)))]
    assert shown == [
        (0, "ctl", "opened"),
        (1, "tx", r"AT+CMGS=20\r"),
        (20, "rx", r"\r\n> "),
        (22, "tx", r"\x00\xff\x1a"),
        (23, "rx", r"\r\n+CMGS: 1\r\n"),
        (23, "rx", r"\r\nOK\r\n"),
        (23, "rx", "half"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", 'DELIVER from +999990000002: "hello"'),
        ("xxxx", "DELIVER from +999990000002: 4 characters GSM7, masked"),
    ],
)
def test_what_a_pdu_says_stands_beside_it(text: str, said: str) -> None:
    pdu = to_hex(encode_deliver(Deliver("+999990000002", UserData.of_text(text))))
    (line,) = lines_of(Transcript(Header("x"), (Event(0, Direction.RX, f"{pdu}\r\n".encode()),)))
    assert line.note == said
