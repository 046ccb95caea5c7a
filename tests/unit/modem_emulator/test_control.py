"""The control socket: its rules without a socket, then the real one."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from gsm import pdu
from gsm.pdu import MessageClass
from modem_emulator.control import BACKLOG_LINES_MAX, EVENTS_MAX, REQUEST_OCTETS_MAX, Control, PortState
from modem_emulator.control_client import Connection, NoEmulator, NotDone, connected
from modem_emulator.control_server import CLIENTS_MAX, ControlTaken
from modem_emulator.emulator import Emulator, Phone
from modem_emulator.faults import FAULTS
from modem_emulator.server import Server, serving
from modem_emulator.store import MemoryStore
from tests.unit.modem_emulator.bench import ANNA, BANK, BERND, START_S, Bench

WAIT_S = 10.0


class Desk:
    """A bench with its control rules."""

    def __init__(self) -> None:
        self.bench = Bench(ANNA, BERND)
        self.control = Control(self.bench.emulator, lambda: [PortState("run/modem0", True), PortState("tcp:1", False)])
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def ask(self, do: str, **keys: object) -> dict:
        return self.send(json.dumps({"do": do, **keys}).encode())

    def send(self, line: bytes) -> dict:
        reply = self.control.request(line, START_S + self.bench.now_s, self.wake)
        self.bench.note(list(reply.actions))
        self.follower = reply.follower
        return json.loads(reply.line)


class TestRules:
    def test_status_shows_each_modem_and_the_network(self) -> None:
        desk = Desk()
        desk.bench.fault("drop-signal")
        desk.bench.send("hello", phone=1, to="+8613900000001")
        status = desk.ask("status")
        anna, bernd = status["modems"]
        assert anna | {"storages": []} == {
            "name": "modem0",
            "port": "run/modem0",
            "open": True,
            "imsi": ANNA.imsi,
            "msisdn": "+8613900000001",
            "profile": "generic",
            "powered": True,
            "registered": False,
            "registration": 2,
            "signal": 99,
            "sim": "READY",
            "storages": [],
        }
        assert anna["storages"][0] == {"name": "SM", "used": 0, "size": 5}
        assert (bernd["registered"], bernd["signal"], bernd["open"]) == (True, 20, False)
        assert status["network"]["queued"] == 1
        assert status["network"]["esmes"] == [{"number": BANK, "bound": False}]
        assert status["network"]["counters"]["accepted"] == 1
        desk.bench.fault("unplug", modem="modem1")
        assert desk.ask("status")["modems"][1]["powered"] is False

    def test_a_fault_happens(self) -> None:
        desk = Desk()
        assert desk.ask("fault", step={"do": "say", "modem": "modem1", "line": "RING"}) == {"ok": True}
        assert desk.bench.taken(1) == "\r\nRING\r\n"
        assert desk.ask("fault", step={"do": "garbage", "modem": "modem0", "on": "+CSQ"}) == {"ok": True}
        assert desk.bench.type("AT\r") == "\r\nOK\r\n"
        assert "OK" not in desk.bench.type("AT+CSQ\r")

    def test_faults_are_listed_with_what_they_do(self) -> None:
        listed = Desk().ask("faults")["faults"]
        assert [fault["name"] for fault in listed] == sorted(FAULTS)
        assert {"name": "say", "does": "The modem says a line that nobody asked for.", "keys": {"line": None}} in listed

    def test_a_text_comes_from_whoever_is_named_in_as_many_parts_as_it_takes(self) -> None:
        desk = Desk()
        assert desk.ask("send", sender="YINXIN", to="modem1", text="x" * 200) == {"ok": True, "message": 2, "parts": 2}
        assert desk.bench.taken(1).count("+CMTI") == 2
        assert desk.ask("send", sender="+49151", to="+8613900000001", text="hi", flash=True)["ok"]
        shown = desk.bench.taken(0).split()[-1]
        deliver = pdu.decode_deliver(pdu.from_hex(shown)[1])
        assert (deliver.originator, deliver.text) == ("+49151", "hi")
        assert deliver.user_data.coding.message_class is MessageClass.FLASH

    def test_a_report_to_somebody_outside_shows_among_the_events_and_waits_for_nobody(self) -> None:
        desk = Desk()
        desk.ask("send", sender="YINXIN", to="modem1", text="hello", report=True)
        shown = desk.ask("messages")
        assert [event["what"] for event in shown["events"]] == ["accepted", "delivered", "reported"]
        assert shown["queued"] == 0

    def test_messages_tell_what_became_of_each_and_what_waits(self) -> None:
        desk = Desk()
        for fault in ("lose-next", "double-next"):
            desk.bench.fault(fault)
            desk.bench.send(fault)
        desk.bench.send("nobody", to="+8613999999999")
        desk.bench.fault("drop-signal", modem="modem1")
        desk.bench.send("waits")
        shown = desk.ask("messages")
        fates = [(event["what"], event.get("text")) for event in shown["events"]]
        assert fates == [
            ("accepted", "lose-next"),
            ("lost", "lose-next"),
            ("accepted", "double-next"),
            ("doubled", "double-next"),
            ("delivered", "double-next"),
            ("delivered", "double-next"),
            ("refused", None),
            ("accepted", "waits"),
        ]
        [waiting] = shown["queue"]
        assert waiting == {"message": 4, "from": "+8613900000001", "to": "+8613900000002", "text": "waits"}
        desk.bench.wait(3 * 86_400)
        assert desk.ask("status")["network"]["counters"]["expired"] == 1

    def test_only_the_last_events_are_kept(self) -> None:
        desk = Desk()
        for _ in range(EVENTS_MAX):
            desk.bench.send("lost", to="+8613999999999")
        desk.bench.send("last")
        events = desk.ask("messages")["events"]
        assert len(events) == EVENTS_MAX
        assert events[-1]["text"] == "last"

    @pytest.mark.parametrize(
        ("line", "code", "error"),
        [
            (b"", "bad-request", "one JSON object"),
            (b"\xff\xfe", "bad-request", "one JSON object"),
            (b"[" * 60_000, "bad-request", "one JSON object"),
            (b'"status"', "bad-request", "one JSON object"),
            (b'{"do": "dance"}', "bad-request", "do must be one of fault, faults, follow"),
            (b'{"do": ["status"]}', "bad-request", "do must be one of"),
            (b'{"do": "status", "modem": "modem0"}', "invalid", "unknown key 'modem'"),
            (b'{"do": "fault"}', "bad-request", "one key: step"),
            (b'{"do": "fault", "step": {"do": "explode"}}', "invalid", "known: accept-registration"),
            (b'{"do": "fault", "step": {"do": "reboot", "modem": "modem7"}}', "no-such-modem", "modem0 to modem1"),
            (b'{"do": "fault", "step": {"do": "garbage", "octets": NaN}}', "invalid", "octets must be int"),
            (b'{"do": "fault", "step": {"do": "fill-storage", "storage": "XY"}}', "invalid", "no storage XY"),
            (b'{"do": "follow", "modem": "modem7"}', "no-such-modem", "modem0 to modem1"),
            (b'{"do": "send", "sender": "1", "text": "x"}', "invalid", "a key is missing"),
            (b'{"do": "send", "sender": "1", "to": "", "text": "x"}', "refused", "nobody has this number"),
            (b'{"do": "send", "sender": "1", "to": "+4915", "text": "x"}', "refused", "nobody has this number"),
            (b'{"do": "send", "sender": "a name too long", "to": "modem0", "text": "x"}', "refused", "refuses"),
            (b'{"do": "send", "sender": "1", "to": "modem0", "text": "\\ud800"}', "refused", "half of a surrogate"),
        ],
    )
    def test_a_request_that_cannot_be_done_is_told_why(self, line: bytes, code: str, error: str) -> None:
        reply = Desk().send(line)
        assert (reply["ok"], reply["code"]) == (False, code)
        assert error in reply["error"]

    def test_a_process_that_joins_another_refers_to_it(self) -> None:
        emulator = Emulator(MemoryStore(), Random(7), [ANNA], member="a process")
        control = Control(emulator, lambda: [PortState("run/modem0", False)])
        status = json.loads(control.request(b'{"do": "status"}', START_S, lambda: None).line)
        assert status["network"] == {"joined": False}
        reply = json.loads(control.request(b'{"do": "messages"}', START_S, lambda: None).line)
        assert reply["code"] == "elsewhere"

    def test_a_follower_of_one_modem_sees_that_modem_alone(self) -> None:
        desk = Desk()
        desk.ask("follow", modem="modem1")
        follower = desk.follower
        assert follower is not None
        desk.control.received(0, b"AT\r")
        desk.control.received(1, b"AT+CPIN=1234\r")
        desk.control.wrote(1, b"\r\nOK\r\n")
        desk.bench.send("hello")
        assert [json.loads(line) for line in follower.take()] == [
            {"event": "at", "modem": "modem1", "dir": "tx", "text": "AT+CPIN=****"},
            {"event": "at", "modem": "modem1", "dir": "rx", "text": "OK"},
        ]

    def test_a_slow_follower_loses_lines_and_is_told_how_many(self) -> None:
        desk = Desk()
        desk.ask("follow")
        follower = desk.follower
        assert follower is not None
        for _ in range(BACKLOG_LINES_MAX + 7):
            desk.control.wrote(0, b"\r\nOK\r\n")
        lines = follower.take()
        assert len(lines) == BACKLOG_LINES_MAX + 1
        assert json.loads(lines[-1]) == {"event": "missed", "count": 7}
        assert follower.take() == []
        desk.control.leave(follower)
        assert not desk.control.followed


class Octets:
    """Counts what was received, by phone."""

    def __init__(self) -> None:
        self.received_by: dict[int, int] = {}

    def received(self, phone: int, data: bytes) -> None:
        self.received_by[phone] = self.received_by.get(phone, 0) + len(data)

    def wrote(self, phone: int, data: bytes) -> None:
        pass


@asynccontextmanager
async def emulator(folder: Path) -> AsyncIterator[tuple[Server, Path]]:
    path = folder / "control"
    async with serving([ANNA, BERND], {BANK: "operator"}, MemoryStore(), link_dir=folder, control=path) as server:
        yield server, path


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_port(connection: Connection, *, is_open: bool) -> None:
    async with asyncio.timeout(WAIT_S):
        while (await connection.ask("status"))["modems"][0]["open"] is not is_open:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class TestSocket:
    async def test_only_its_owner_may_use_it_and_it_goes_with_the_emulator(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (_, path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            async with connected(tmp_path) as connection:
                assert (await connection.ask("status"))["modems"][0]["name"] == "modem0"
        assert not path.exists()

    async def test_a_request_is_answered_before_busy_ports_have_been_read_to_their_end(self, tmp_path: Path) -> None:
        phones = [Phone(f"46000123456{count:04}", f"8613900{count:06}") for count in range(40)]
        flood = b"AT+CSQ\r" * 550
        path = tmp_path / "control"
        async with serving(phones, {}, MemoryStore(), link_dir=tmp_path, control=path) as server:
            counted = Octets()
            server.look_on(counted, True)
            async with connected(path) as connection:
                clients = [os.open(port, os.O_RDWR | os.O_NOCTTY) for port in server.ports]
                for client in clients:
                    os.write(client, flood)
                assert len((await connection.ask("status"))["modems"]) == len(phones)
                most = max(counted.received_by.values(), default=0)
                assert most < len(flood) // 2, "commands came before the request that waited as long"
                await until(lambda: counted.received_by == dict.fromkeys(range(len(phones)), len(flood)))
            for client in clients:
                os.close(client)

    async def test_who_follows_sees_what_is_typed_and_answered_and_ports_that_open(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (server, path), connected(path) as looker, connected(path) as asker:
            await looker.ask("follow")
            client = os.open(server.ports[0], os.O_RDWR | os.O_NOCTTY)
            os.write(client, b"ATE0\r")
            seen = [await anext_of(looker) for _ in range(3)]
            assert [(one["dir"], one["text"]) for one in seen] == [("tx", "ATE0"), ("rx", "ATE0"), ("rx", "OK")]
            await until_port(asker, is_open=True)
            os.close(client)
            await until_port(asker, is_open=False)
            await asker.ask("send", sender="YINXIN", to="modem1", text="hello")
            assert (await anext_of(looker))["text"] == "hello"

    async def test_unplug_takes_the_port_away_and_brings_another_under_the_same_link(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (server, path), connected(path) as connection:
            client = os.open(server.ports[0], os.O_RDWR | os.O_NOCTTY)
            await connection.ask("fault", step={"do": "unplug", "modem": "modem0"})
            assert os.read(client, 10) == b"", "the client's line has hung up"
            os.close(client)
            assert not (tmp_path / "modem0").exists()
            await connection.ask("fault", step={"do": "plug-in", "modem": "modem0"})
            client = os.open(tmp_path / "modem0", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(client, b"ATE0\r")
            heard = bytearray()

            def answered() -> bool:
                try:
                    heard.extend(os.read(client, 100))
                except BlockingIOError:
                    return False
                return b"OK" in heard

            await until(answered)
            os.close(client)

    async def test_nothing_is_tapped_while_nobody_follows(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (server, path):
            assert server._taps == ()
            async with connected(path) as connection:
                await connection.ask("follow")
                assert len(server._taps) == 1
            await until(lambda: server._taps == ())

    async def test_a_follower_who_does_not_read_blocks_nobody_and_hears_how_much_he_missed(
        self, tmp_path: Path
    ) -> None:
        async with emulator(tmp_path) as (server, path), connected(path) as asker:
            with socket.socket(socket.AF_UNIX) as sleeper:
                sleeper.connect(str(path))
                sleeper.sendall(b'{"do": "follow", "modem": "modem0"}\n')
                await until(lambda: len(server._taps) == 1)
                [tap] = server._taps
                for _ in range(100):
                    for _ in range(100):
                        tap.wrote(0, b"\r\n" + b"x" * 100 + b"\r\n")
                    await asker.ask("fault", step={"do": "restore-signal"})
                sleeper.settimeout(WAIT_S)
                heard = b""
                while b'"missed"' not in heard:
                    heard += await asyncio.to_thread(sleeper.recv, 65_536)
                lines = heard[: heard.rindex(b"\n")].splitlines()[1:]
                shown = sum(json.loads(line)["event"] == "at" for line in lines)
                missed = sum(json.loads(line).get("count", 0) for line in lines)
                assert shown < 10_000
                assert missed > 0

    async def test_who_follows_anew_follows_that_alone(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (server, path), connected(path) as connection:
            for modem in ("modem0", "", "modem1"):
                await connection.ask("follow", modem=modem)
            [tap] = server._taps
            tap.wrote(0, b"\r\nZERO\r\n")
            tap.wrote(1, b"\r\nONE\r\n")
            assert (await anext_of(connection))["text"] == "ONE"
            assert isinstance(tap, Control)
            assert len(tap._followers) == 1

    async def test_a_request_without_end_and_too_many_clients_are_refused(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (_, path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"x" * (REQUEST_OCTETS_MAX + 1))
            assert json.loads(await reader.readline())["code"] == "too-long"
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            others = [await asyncio.open_unix_connection(path) for _ in range(CLIENTS_MAX)]
            async with connected(path) as connection:
                with pytest.raises(NotDone, match="as many as can be"):
                    await connection.ask("status")
            for _, other in others:
                other.close()

    async def test_a_second_emulator_leaves_the_first_alone_and_replaces_a_dead_one(self, tmp_path: Path) -> None:
        async with emulator(tmp_path) as (_, path):
            with pytest.raises(ControlTaken, match="another emulator"):
                async with serving([ANNA], {}, MemoryStore(), control=path):
                    raise AssertionError("it must not start")
            async with connected(path) as connection:
                await connection.ask("status")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        async with emulator(tmp_path), connected(path) as connection:
            await connection.ask("status")
        path.write_text("precious")
        with pytest.raises(ControlTaken, match="no socket"):
            async with serving([ANNA], {}, MemoryStore(), control=path):
                raise AssertionError("it must not start")
        assert path.read_text() == "precious"

    async def test_a_path_too_long_for_a_socket_works_all_the_same(self, tmp_path: Path) -> None:
        folder = tmp_path / ("x" * 100) / ("y" * 100)
        async with emulator(folder), connected(folder) as connection:
            await connection.ask("status")
        assert list(folder.iterdir()) == []

    async def test_where_no_emulator_is_a_client_says_so(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "none", tmp_path / "no" / "folder", tmp_path / ("z" * 200)):
            with pytest.raises(NoEmulator, match="no emulator is controlled at"):
                async with connected(path):
                    raise AssertionError("nobody is there")

    async def test_a_client_hears_that_the_emulator_has_ended(self, tmp_path: Path) -> None:
        async with AsyncExitStack() as running:
            _, path = await running.enter_async_context(emulator(tmp_path))
            async with connected(path) as connection:
                await connection.ask("follow")
                await running.aclose()
                with pytest.raises(NoEmulator, match="has ended"):
                    await anext_of(connection)


async def anext_of(connection: Connection) -> dict:
    async with asyncio.timeout(WAIT_S):
        async for event in connection.events():
            return event
    raise AssertionError("events end with NoEmulator only")
