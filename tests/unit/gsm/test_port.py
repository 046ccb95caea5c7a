"""Reading, writing and waking an open port, on a pty."""

import os
import select
import threading
import time
import tty
from collections.abc import Iterator

import pytest
import serial

from gsm.port import Port


@pytest.fixture
def ends() -> Iterator[tuple[int, Port]]:
    """The modem's end, and the port."""
    master, slave = os.openpty()
    tty.setraw(slave)
    port = Port(serial.Serial(os.ttyname(slave)))
    os.close(slave)
    yield master, port
    port.close()


def test_read_gives_what_is_there_without_waiting_for_more(ends: tuple[int, Port]) -> None:
    master, port = ends
    os.write(master, b"\r\nOK\r\n")
    assert port.read(5) == b"\r\nOK\r\n"
    os.close(master)


def test_read_gives_nothing_when_the_time_is_over(ends: tuple[int, Port]) -> None:
    master, port = ends
    assert port.read(0) == b""
    assert port.read(0.01) == b""
    os.close(master)


def test_waking_ends_a_read_and_the_next_one_waits_again(ends: tuple[int, Port]) -> None:
    master, port = ends
    waking = threading.Timer(0.01, port.wake)
    waking.start()
    assert port.read(None) == b""
    waking.join()
    os.write(master, b"RING")
    assert port.read(5) == b"RING"
    os.close(master)


def test_a_port_that_was_unplugged_says_so(ends: tuple[int, Port]) -> None:
    master, port = ends
    os.close(master)
    with pytest.raises(OSError, match=r"unplugged|Input/output"):
        port.read(5)


def test_more_than_a_buffer_is_written_as_the_other_side_reads(ends: tuple[int, Port]) -> None:
    master, port = ends
    data = bytes(range(256)) * 1024
    got = bytearray()

    def read() -> None:
        while len(got) < len(data) and select.select([master], [], [], 5)[0]:
            got.extend(os.read(master, 65_536))

    reading = threading.Thread(target=read)
    reading.start()
    port.write(data)
    reading.join()
    assert got == data
    os.close(master)


def test_a_port_that_takes_nothing_is_given_up(ends: tuple[int, Port], monkeypatch: pytest.MonkeyPatch) -> None:
    master, port = ends
    monkeypatch.setattr("gsm.port.WRITE_TIMEOUT_S", 0.05)
    start = time.monotonic()
    with pytest.raises(OSError, match="takes nothing"):
        port.write(bytes(1_000_000))
    assert time.monotonic() - start < 5
    os.close(master)


def test_a_closed_port_may_be_woken_and_closed_again(ends: tuple[int, Port]) -> None:
    master, port = ends
    port.close()
    port.wake()
    port.close()
    os.close(master)
