"""The serial line on a pty, with the interface of the library's SerialComms."""

import os
import sys
import threading
import time
import tty
from collections.abc import Iterator

import pytest
from gsmmodem.exceptions import TimeoutException
from gsmmodem.serial_comms import SerialComms

from gsm.errors import ModemGone
from gsm.line import CommandTimedOut, Line
from tests.replay.scripted_modem import eventually


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def answer(master: int, data: bytes) -> threading.Thread:
    """Answer the next bytes that come."""

    def serve() -> None:
        os.read(master, 100)
        os.write(master, data)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_line_is_a_serial_comms_and_gives_the_answer_s_lines(pty: tuple[int, str]) -> None:
    master, path = pty
    line = Line(path)
    assert isinstance(line, SerialComms)
    line.connect()
    thread = answer(master, b"\r\n+CSQ: 1,9\r\n\r\nOK\r\n")
    assert line.write("AT+CSQ\r") == ["+CSQ: 1,9", "OK"]
    thread.join()
    line.close()


def test_every_code_of_a_burst_is_notified_in_order(pty: tuple[int, str]) -> None:
    master, path = pty
    got: list[list[str]] = []
    enough = threading.Event()

    def notify(lines: list[str]) -> None:
        got.append(lines)
        if len(got) == 200:
            enough.set()

    line = Line(path, notifyCallbackFunc=notify)
    line.connect()
    os.write(master, b"".join(b'\r\n+CMTI: "SM",%d\r\n' % index for index in range(200)))
    assert enough.wait(5)
    assert got == [[f'+CMTI: "SM",{index}'] for index in range(200)]
    line.close()


def test_a_callback_that_raises_does_not_stop_the_next(pty: tuple[int, str]) -> None:
    master, path = pty
    second = threading.Event()

    def notify(lines: list[str]) -> None:
        if lines == ["RING"]:
            raise ValueError
        second.set()

    line = Line(path, notifyCallbackFunc=notify)
    line.connect()
    os.write(master, b"\r\nRING\r\n\r\n^RSSI:1\r\n")
    assert second.wait(5)
    line.close()


def test_a_callback_that_hangs_does_not_keep_the_modem_from_coming_back(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The codes that come meanwhile are too many to be kept; that the modem has started anew is not one of them."""
    monkeypatch.setattr("gsm.line.CALLBACKS_WAITING_MAX", 10)
    master, path = pty
    hanging, told, back = threading.Event(), [], threading.Event()

    def notify(lines: list[str]) -> None:
        hanging.wait(10)
        told.append(lines)

    line = Line(path, notifyCallbackFunc=notify, backCallback=back.set)
    line.connect()
    os.write(master, b"".join(b"^RSSI:%d\r\n" % number for number in range(50)) + b"RDY\r\n")
    eventually(lambda: line._gone)
    hanging.set()
    assert back.wait(5)
    assert line._gone is None
    assert 10 <= len(told) < 50
    os.write(master, b"^RSSI:99\r\n")
    eventually(lambda: told[-1] == ["^RSSI:99"])
    assert [record.message for record in caplog.records if "dropped" in record.message] == [
        f"{path}: a callback hangs; what the modem says unasked is dropped until it ends",
        f"{path}: {50 - len(told) + 1} unsolicited codes were dropped",
    ]
    line.close()


def test_a_callback_that_exits_ends_only_itself(pty: tuple[int, str]) -> None:
    master, path = pty
    told: list[list[str]] = []

    def notify(lines: list[str]) -> None:
        told.append(lines)
        sys.exit("a callback")

    line = Line(path, notifyCallbackFunc=notify)
    line.connect()
    os.write(master, b"^RSSI:1\r\n^RSSI:2\r\n")
    eventually(lambda: len(told) == 2)
    line.close()


def test_a_time_out_is_the_library_s_and_holds_what_came(pty: tuple[int, str]) -> None:
    master, path = pty
    line = Line(path)
    line.connect()
    thread = answer(master, b"\r\n+CPIN: READY\r\n")
    with pytest.raises(TimeoutException) as caught:
        line.write("AT+CPIN?\r", timeout=0.2)
    thread.join()
    assert caught.value.data == ["+CPIN: READY"]
    assert isinstance(caught.value, CommandTimedOut)
    assert caught.value.written
    line.close()


def test_a_command_that_needs_no_answer_does_not_wait(pty: tuple[int, str]) -> None:
    master, path = pty
    line = Line(path)
    line.connect()
    assert line.write("ATD1;\r", waitForResponse=False) is None
    assert os.read(master, 100) == b"ATD1;\r"
    line.close()


def test_an_idle_line_closes_fast(pty: tuple[int, str]) -> None:
    line = Line(pty[1])
    line.connect()
    start = time.monotonic()
    line.close()
    assert time.monotonic() - start < 0.3
    with pytest.raises(ModemGone, match="closed"):
        line.write("AT\r")


def test_a_line_can_be_connected_again_after_close(pty: tuple[int, str]) -> None:
    master, path = pty
    line = Line(path)
    for _ in range(2):
        line.connect()
        thread = answer(master, b"\r\nOK\r\n")
        assert line.write("AT\r") == ["OK"]
        thread.join()
        line.close()


def test_a_port_that_another_program_has_says_so(pty: tuple[int, str]) -> None:
    line, other = Line(pty[1]), Line(pty[1])
    line.connect()
    with pytest.raises(ModemGone):
        other.connect()
    line.close()


def test_serial_settings_are_the_caller_s(pty: tuple[int, str]) -> None:
    line = Line(pty[1], rtscts=True)
    line.connect()
    assert line.serial.rtscts
    line.close()


def test_while_a_modem_that_came_back_is_set_up_others_are_kept_out(tmp_path: object) -> None:
    link = f"{tmp_path}/modem"
    first_master, first_slave = os.openpty()
    os.symlink(os.ttyname(first_slave), link)
    setting_up, go_on, back = threading.Event(), threading.Event(), threading.Event()
    inside: list[object] = []

    def reopened() -> None:
        setting_up.set()
        go_on.wait(5)
        inside.append(line.write("AT\r"))

    line = Line(link, reopenedCallback=reopened, backCallback=back.set, reopen_interval_s=0.01)
    line.connect()
    os.unlink(link)  # first: the pty's name may go to somebody else as soon as it is closed
    os.close(first_slave)
    os.close(first_master)
    master, slave = os.openpty()
    tty.setraw(slave)
    os.symlink(os.ttyname(slave), link)
    assert setting_up.wait(5)
    with pytest.raises(ModemGone):
        line.write("AT\r")
    thread = answer(master, b"\r\nOK\r\n")
    go_on.set()
    assert back.wait(5)
    thread.join()
    assert inside == [["OK"]]
    thread = answer(master, b"\r\nOK\r\n")
    assert line.write("AT\r") == ["OK"]
    thread.join()
    line.close()
    os.close(slave)
    os.close(master)


def test_a_set_up_that_fails_is_tried_again(tmp_path: object) -> None:
    link = f"{tmp_path}/modem"
    master, slave = os.openpty()
    os.symlink(os.ttyname(slave), link)
    tries: list[int] = []
    back = threading.Event()

    def reopened() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError

    line = Line(link, reopenedCallback=reopened, backCallback=back.set, reopen_interval_s=0.01)
    line.connect()
    os.unlink(link)
    os.close(slave)
    os.close(master)
    master, slave = os.openpty()
    os.symlink(os.ttyname(slave), link)
    assert back.wait(5)
    assert len(tries) == 3
    line.close()
    os.close(slave)
    os.close(master)


def test_what_came_before_a_command_is_not_its_answer(pty: tuple[int, str]) -> None:
    master, path = pty
    line = Line(path)
    line.connect()
    for _ in range(20):
        thread = answer(master, b"\r\nOK\r\n")
        assert line.write("AT\r") == ["OK"]
        thread.join()
        os.write(master, b"\r\nERROR\r\n")
        until = time.monotonic() + 0.01  # the reader thread may take it before it is seen here
        while not line.serial.in_waiting and time.monotonic() < until:
            pass
    line.close()


def test_a_code_that_comes_after_an_answer_is_notified_without_another_command(pty: tuple[int, str]) -> None:
    master, path = pty
    got: list[list[str]] = []
    came = threading.Event()

    def notify(lines: list[str]) -> None:
        got.append(lines)
        came.set()

    line = Line(path, notifyCallbackFunc=notify)
    line.connect()
    for index in range(5):
        thread = answer(master, b"\r\nOK\r\n")
        assert line.write("AT\r") == ["OK"]
        thread.join()
        os.write(master, b'\r\n+CMTI: "SM",%d\r\n' % index)
        assert came.wait(5)
        came.clear()
    assert got == [[f'+CMTI: "SM",{index}'] for index in range(5)]
    line.close()


def test_codes_that_come_while_a_command_waits_are_notified_before_its_answer_is_there(pty: tuple[int, str]) -> None:
    master, path = pty
    rang = threading.Event()
    line = Line(path, notifyCallbackFunc=lambda lines: rang.set())
    line.connect()
    thread = answer(master, b"\r\nOK\r\n")
    assert line.write("AT\r") == ["OK"]
    thread.join()
    thread = threading.Thread(target=lambda: (rang.wait(5), os.write(master, b"\r\nOK\r\n")))
    thread.start()
    os.write(master, b"\r\nRING\r\n")
    assert line.write("AT+CMGS?\r") == ["OK"]
    assert rang.is_set()
    thread.join()
    line.close()


@pytest.mark.parametrize("earlier", [0, 1])  # who reads: the reader thread, or the one that waits
def test_closing_ends_a_command_that_waits(pty: tuple[int, str], earlier: int) -> None:
    master, path = pty
    line = Line(path)
    line.connect()
    for _ in range(earlier):
        thread = answer(master, b"\r\nOK\r\n")
        assert line.write("AT\r") == ["OK"]
        thread.join()
    closing = threading.Thread(target=lambda: (os.read(master, 100), line.close()))
    closing.start()
    start = time.monotonic()
    with pytest.raises(ModemGone, match="closed"):
        line.write("AT+COPS=?\r", timeout=30)
    closing.join()
    assert time.monotonic() - start < 10
    assert not line.serial.is_open


@pytest.mark.parametrize("earlier", [0, 1])
def test_losing_the_port_ends_a_command_that_waits(tmp_path: object, earlier: int) -> None:
    link = f"{tmp_path}/modem"
    master, slave = os.openpty()
    tty.setraw(slave)
    os.symlink(os.ttyname(slave), link)
    line = Line(link)
    line.connect()
    for _ in range(earlier):
        thread = answer(master, b"\r\nOK\r\n")
        assert line.write("AT\r") == ["OK"]
        thread.join()

    def unplug() -> None:
        os.read(master, 100)
        os.unlink(link)
        os.close(slave)
        os.close(master)

    unplugging = threading.Thread(target=unplug)
    unplugging.start()
    with pytest.raises(ModemGone) as caught:
        line.write("AT+COPS=?\r", timeout=30)
    assert caught.value.written
    unplugging.join()
    line.close()
