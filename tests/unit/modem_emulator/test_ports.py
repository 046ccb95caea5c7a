"""Ports on a real loop: ptys that are fresh for each client and can be unplugged, and TCP."""

import asyncio
import fcntl
import os
import socket
import termios
from pathlib import Path

import pytest

from modem_emulator.emulator import Phone
from modem_emulator.port_watch import PortWatch
from modem_emulator.ptys import LinksTaken, Pty
from modem_emulator.server import serving
from modem_emulator.store import MemoryStore
from modem_emulator.tcp import TcpPort

# TIOCGEXCL of ioctl_tty(2), which Python does not name.
TIOCGEXCL = 0x80045440
WAIT_S = 10.0


def is_exclusive(descriptor: int) -> bool:
    return bool(int.from_bytes(fcntl.ioctl(descriptor, TIOCGEXCL, bytes(4)), "little"))


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_client_leaves_neither_its_settings_nor_exclusive_use_behind() -> None:
    watch = PortWatch()
    pty = Pty(None, lambda data: None, watch)
    look = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    client = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    settings = termios.tcgetattr(client)
    settings[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(client, termios.TCSANOW, settings)
    fcntl.ioctl(client, termios.TIOCEXCL)
    assert is_exclusive(look)
    os.close(client)
    os.close(look)
    await asyncio.sleep(0.05)  # gives a wrong order of events its chance; the wait below is what counts
    look = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    await until(lambda: not is_exclusive(look))
    assert not termios.tcgetattr(look)[3] & (termios.ECHO | termios.ICANON)
    os.close(look)
    pty.close()
    watch.close()


async def test_an_unplugged_pty_is_gone_and_comes_back_under_its_link(tmp_path: Path) -> None:
    watch = PortWatch()
    heard: list[bytes] = []
    pty = Pty(tmp_path / "modem0", heard.append, watch)
    client = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    pty.hang_up()
    assert not (tmp_path / "modem0").exists()
    assert os.read(client, 10) == b"", "the client sees the end of its line"
    os.close(client)
    pty.write(b"nobody hears this")
    pty.plug_in()
    client = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    os.write(client, b"AT\r")
    await until(lambda: heard == [b"AT\r"])
    pty.write(b"OK")
    assert os.read(client, 10) == b"OK"
    os.close(client)
    pty.close()
    watch.close()


async def test_links_of_an_emulator_that_runs_are_not_touched_and_those_of_one_that_ended_are(tmp_path: Path) -> None:
    first, second = Phone("460001234567890", "8613900000001"), Phone("460001234567895", "8613900000005")
    link = tmp_path / "modem0"
    async with serving([first], {}, MemoryStore(), link_dir=tmp_path):
        device = link.readlink()
        with pytest.raises(LinksTaken, match="another emulator"):
            async with serving([second], {}, MemoryStore(), link_dir=tmp_path, control=tmp_path / "other"):
                pass
        assert link.readlink() == device
    link.symlink_to("/dev/pts/of-one-that-was-killed")
    async with serving([second], {}, MemoryStore(), link_dir=tmp_path) as server:
        assert link.readlink() != Path("/dev/pts/of-one-that-was-killed")
        os.close(os.open(server.ports[0], os.O_RDWR | os.O_NOCTTY))


async def test_over_tcp_the_newest_client_has_the_modem() -> None:
    heard: list[bytes] = []
    port = TcpPort(0, heard.append)
    address = ("127.0.0.1", int(port.path.rpartition(":")[2]))
    port.write(b"nobody hears this")
    older, first = await asyncio.open_connection(*address)
    first.write(b"first")
    await until(lambda: b"".join(heard) == b"first")
    reader, second = await asyncio.open_connection(*address)
    second.write(b"second")
    await until(lambda: b"".join(heard) == b"firstsecond")
    port.write(b"OK")
    assert await reader.readexactly(2) == b"OK"
    async with asyncio.timeout(WAIT_S):
        assert await older.read() == b"", "the older one is closed, and heard nothing of the newer one's answer"
    first.write(b"still here?")
    second.write(b", third")
    await until(lambda: heard[-1].endswith(b"third"))
    assert b"".join(heard) == b"firstsecond, third", "nor is it heard"
    port.hang_up()
    assert await reader.read() == b""
    with socket.socket() as probe:
        assert probe.connect_ex(address) != 0
    port.plug_in()
    _, third = await asyncio.open_connection(*address)
    third.write(b"!")
    await until(lambda: heard[-1] == b"!")
    for writer in (first, second, third):
        writer.close()
    port.close()
