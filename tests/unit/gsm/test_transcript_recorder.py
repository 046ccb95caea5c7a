"""A pty in the middle, between a replayed modem and a program that knows nothing of it."""

import contextlib
import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator

import pytest

from gsm.errors import CannotOpen
from gsm.masking import mask
from gsm.recorder import End, Recorder, named
from gsm.replayer import Replayer, replayed
from gsm.transcript import Direction, Event, Header, Transcript, encode_transcript

WAIT_S = 20.0
EVERY = bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"").replace(b"\x1a", b"").replace(b"\x1b", b"")
MODEM = Transcript(
    Header("made up"),
    (
        Event(0, Direction.TX, b"AT+CGMI\r"),
        Event(0, Direction.RX, b"AT+CGMI\r\r\nhuawei\r\n\r\nOK\r\n"),
        Event(0, Direction.TX, b"AT+CGMR\r"),
        Event(0, Direction.RX, b"\r\n+CGMR: 11.126\r\n\r\nOK\r\n"),
        Event(0, Direction.TX, b"AT" + EVERY + b"\r"),
        Event(0, Direction.RX, bytes(range(256)) + b"\r\nOK\r\n"),
    ),
)


@contextlib.contextmanager
def recording(port: str) -> Iterator[Recorder]:
    recorder = Recorder(port)
    thread = threading.Thread(target=recorder.run)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.stop()
        thread.join(WAIT_S)
        recorder.close()


@pytest.fixture
def modem() -> Iterator[Replayer]:
    with replayed(MODEM, by_command=True) as replayer:
        yield replayer


def asked(port: str, *commands: bytes, speed: int | None = None) -> list[bytes]:
    """A program's turn: open, ask, close."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    if speed is not None:
        settings = termios.tcgetattr(descriptor)
        settings[4] = settings[5] = speed
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    answers = []
    for command in commands:
        os.write(descriptor, command)
        got = b""
        while not got.endswith(b"\nOK\r\n"):
            assert select.select([descriptor], [], [], WAIT_S)[0], "no answer came"
            got += os.read(descriptor, 4096)
        answers.append(got)
    os.close(descriptor)
    return answers


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def controls(recorder: Recorder) -> list[bytes]:
    return [event.data for event in recorder.transcript().events if event.direction is Direction.CTL]


def test_every_octet_passes_through_in_both_directions_and_is_kept(modem: Replayer) -> None:
    with recording(modem.port) as recorder:
        command = b"AT" + EVERY + b"\r"
        assert asked(recorder.port, command) == [bytes(range(256)) + b"\r\nOK\r\n"]
        eventually(lambda: b"closed" in controls(recorder))
        events = recorder.transcript().events
    assert events[0] == Event(0, Direction.CTL, b"opened")
    assert b"".join(event.data for event in events if event.direction is Direction.TX) == command
    assert (
        b"".join(event.data for event in events if event.direction is Direction.RX) == bytes(range(256)) + b"\r\nOK\r\n"
    )


def test_programs_come_and_go_and_the_header_knows_the_modem(modem: Replayer) -> None:
    with recording(modem.port) as recorder:
        for times in (1, 2):
            asked(recorder.port, b"AT+CGMI\r", b"AT+CGMR\r")
            eventually(lambda times=times: controls(recorder).count(b"closed") == times)
        assert not tty.tcgetattr(recorder._terminal.master)[3] & tty.ECHO
        header = named(recorder.transcript(about="a test")).header
    assert (header.modem, header.firmware, header.about, header.source) == ("huawei", "11.126", "a test", "recorded")


def test_a_message_before_the_answer_does_not_become_the_modems_name() -> None:
    said = b'\r\n+CMT: "+8613912345678",,"26/11/23,06:35:22+32"\r\nMeet Bob\r\n\r\nhuawei\r\n\r\nOK\r\n'
    events = (Event(0, Direction.TX, b"AT+CGMI\r"), Event(1, Direction.RX, said))
    header = named(mask(Transcript(Header("recorded"), events))).header
    assert "Bob" not in header.modem
    assert "139" not in header.modem


def test_an_identity_that_was_asked_for_in_the_same_breath_does_not_become_the_modems_name() -> None:
    said = b"\r\n460001234567890\r\n\r\nOK\r\n\r\nE173\r\n\r\nOK\r\n"
    events = (Event(0, Direction.TX, b"AT+CIMI\rAT+CGMM\r"), Event(1, Direction.RX, said))
    assert named(mask(Transcript(Header("recorded"), events))).header.modem == ""


def test_the_programs_speed_is_the_devices(modem: Replayer) -> None:
    with recording(modem.port) as recorder:
        asked(recorder.port, b"AT+CGMI\r", speed=termios.B9600)
        eventually(lambda: b"closed" in controls(recorder))
        assert recorder._device.baudrate == 9600
        assert b"speed 9600" in controls(recorder)


def test_a_modem_that_is_unplugged_ends_it() -> None:
    transcript = Transcript(Header("made up"), (Event(0, Direction.TX, b"AT\r"), Event(0, Direction.CTL, b"unplugged")))
    with replayed(transcript, by_command=True) as modem:
        recorder = Recorder(modem.port)
        ended: list[End] = []
        thread = threading.Thread(target=lambda: ended.append(recorder.run()))
        thread.start()
        descriptor = os.open(recorder.port, os.O_RDWR | os.O_NOCTTY)
        os.write(descriptor, b"AT\r")
        thread.join(WAIT_S)
        os.close(descriptor)
        assert ended == [End.GONE]
        assert controls(recorder)[-1] == b"unplugged"
        recorder.close()


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(CannotOpen, match="/dev/none"):
        Recorder("/dev/none")


def test_a_port_that_is_being_recorded_cannot_be_recorded_once_more(modem: Replayer) -> None:
    with recording(modem.port), pytest.raises(CannotOpen):
        Recorder(modem.port)


def test_stopping_it_again_does_nothing_also_when_it_is_closed(modem: Replayer) -> None:
    recorder = Recorder(modem.port)
    for _ in range(3):
        recorder.stop()
    assert recorder.run() is End.STOPPED
    recorder.close()
    files = [os.open("/dev/null", os.O_RDWR) for _ in range(4)]  # which get the numbers that are free now
    recorder.stop()
    for file in files:
        os.close(file)


def test_it_ends_before_there_is_more_than_a_transcript_holds(modem: Replayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsm.recorder._DIALOGUE_CHARACTERS_MAX", 1000)
    recorder = Recorder(modem.port)
    ended: list[End] = []
    thread = threading.Thread(target=lambda: ended.append(recorder.run()))
    thread.start()
    program = os.open(recorder.port, os.O_RDWR | os.O_NOCTTY)
    deadline = time.monotonic() + WAIT_S
    while thread.is_alive():
        assert time.monotonic() < deadline, "it goes on"
        with contextlib.suppress(BlockingIOError):
            os.write(program, b"\x00")
        time.sleep(0.002)
    os.close(program)
    recorder.close()
    assert ended == [End.FULL]
    assert 1000 <= len(encode_transcript(recorder.transcript())) < 2000
