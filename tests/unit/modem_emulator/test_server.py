"""The real ports: ptys under the unmodified python-gsmmodem-new, and SMPP under the real client."""

import asyncio
import os
import queue
import select
import socket
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import smpp34

from gsm import pdu
from gsm.pdu import Deliver
from modem_emulator.emulator import Phone
from modem_emulator.network import Faults
from modem_emulator.ptys import OUTPUT_OCTETS_MAX
from modem_emulator.server import Broken, Server, serving
from modem_emulator.smsc import PortTaken
from modem_emulator.store import MemoryStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library has invalid escapes in its regular expressions
    from gsmmodem.modem import GsmModem

ANNA = Phone("460001234567890", "8613900000001", pin="1234")
BERND = Phone("460001234567891", "8613900000002")
BANK, OPERATOR = "95533", "operator"
WAIT_S = 10.0


@asynccontextmanager
async def emulator(folder: Path, faults: Faults | None = None) -> AsyncIterator[Server]:
    phones = [ANNA, BERND]
    async with serving(phones, {BANK: OPERATOR}, MemoryStore(), link_dir=folder, faults=faults) as server:
        yield server


class Terminal:
    """A port opened as a file, for a test that types by hand."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.descriptor, data) :]

    def read_until(self, end: bytes) -> bytes:
        seen = b""
        deadline = time.monotonic() + WAIT_S
        while end not in seen:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{end!r} did not come; {seen[-200:]!r} did"
            seen += os.read(self.descriptor, 4096)
        return seen

    def drain(self) -> bytes:
        """Read until nothing has come for a while."""
        seen = b""
        while select.select([self.descriptor], [], [], 0.2)[0]:
            seen += os.read(self.descriptor, 4096)
        return seen

    def close(self) -> None:
        os.close(self.descriptor)


def phone(port: str, received: queue.Queue[tuple[str, str]] | None = None) -> GsmModem:
    modem = GsmModem(
        port,
        smsReceivedCallbackFunc=lambda sms: received.put((sms.number, sms.text)) if received else None,
    )
    modem.timeout = 0.1  # how often its reader looks whether it shall end
    return modem


@pytest.mark.parametrize("text", ["hello", "你好"])
async def test_the_unmodified_library_connects_sends_and_receives(tmp_path: Path, text: str) -> None:
    def two_phones(ports: list[str]) -> None:
        received: queue.Queue[tuple[str, str]] = queue.Queue()
        anna, bernd = phone(ports[0]), phone(ports[1], received)
        try:
            anna.connect(pin="1234")
            bernd.connect()
            assert (anna.imsi, bernd.imsi) == (ANNA.imsi, BERND.imsi)
            assert anna.ownNumber == "+8613900000001"
            assert anna.networkName == "yinxin"
            assert anna.waitForNetworkCoverage(WAIT_S) == 20
            sent = anna.sendSms("+8613900000002", text, waitForDeliveryReport=True)
            assert (sent.reference, sent.report.deliveryStatus) == (0, 0)
            assert received.get(timeout=WAIT_S) == ("+8613900000001", text)
        finally:
            anna.close()
            bernd.close()

    # The library loses a report that comes before it has begun to wait for one, so the network takes a while.
    async with emulator(tmp_path, Faults(delay_s=0.2)) as server:
        await asyncio.to_thread(two_phones, server.ports)


async def test_a_long_text_of_the_library_arrives_in_parts(tmp_path: Path) -> None:
    def send(ports: list[str]) -> None:
        anna, bernd = phone(ports[0]), Terminal(ports[1])
        try:
            bernd.write(b"ATE0;+CNMI=2,1\r")
            anna.connect(pin="1234")
            anna.sendSms("+8613900000002", "x" * 200)
            assert b'+CMTI: "SM",1\r\n' in bernd.read_until(b'+CMTI: "SM",2\r\n')
        finally:
            anna.close()
            bernd.close()

    # A report between prompt and PDU makes the library type another command into the PDU, so reports take long.
    async with emulator(tmp_path, Faults(delay_s=1.0)) as server:
        await asyncio.to_thread(send, server.ports)


async def test_ten_megabytes_of_zeros_leave_the_modem_answering(tmp_path: Path) -> None:
    def flood(port: str) -> None:
        terminal = Terminal(port)
        terminal.write(bytes(10_000_000))
        terminal.write(b"AT\r")
        assert terminal.read_until(b"\r\nOK\r\n").startswith(b"AT\r")
        terminal.close()

    async with emulator(tmp_path) as server:
        await asyncio.to_thread(flood, server.ports[0])


async def test_output_that_nobody_reads_is_bounded_and_the_next_client_is_answered(tmp_path: Path) -> None:
    commands = b"ATE0\r" + b"AT+CLAC\r" * 2_000
    heard: list[bytes] = []
    all_heard = asyncio.Event()

    class Ear:
        def received(self, phone: int, data: bytes) -> None:
            heard.append(data)
            if sum(map(len, heard)) == len(commands):
                all_heard.set()

        def wrote(self, phone: int, data: bytes) -> None:
            pass

    def flood(port: str) -> None:
        terminal = Terminal(port)
        terminal.write(commands)
        terminal.close()

    def come_back(port: str) -> bytes:
        terminal = Terminal(port)
        stale = terminal.drain()
        terminal.write(b"AT+GCAP\r")
        terminal.read_until(b"+GCAP: +CGSM\r\n")
        terminal.close()
        return stale

    async with emulator(tmp_path) as server:
        server.look_on(Ear(), True)
        await asyncio.to_thread(flood, server.ports[0])
        await asyncio.wait_for(all_heard.wait(), WAIT_S)
        stale = await asyncio.to_thread(come_back, server.ports[0])
        assert len(stale) < 2 * OUTPUT_OCTETS_MAX  # ours, and the kernel's own buffers


async def test_a_port_outlives_its_client_and_its_link_goes_with_the_server(tmp_path: Path) -> None:
    def visit(port: str) -> None:
        terminal = Terminal(port)
        terminal.write(b"AT\r")
        terminal.read_until(b"\r\nOK\r\n")
        terminal.close()

    async with emulator(tmp_path) as server:
        assert server.ports == [str(tmp_path / "modem0"), str(tmp_path / "modem1")]
        for _ in range(3):
            await asyncio.to_thread(visit, server.ports[0])
    assert os.listdir(tmp_path) == []


async def test_a_link_of_a_killed_server_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    (tmp_path / "modem0").symlink_to("/nonexistent")
    async with emulator(tmp_path):
        assert os.readlink(tmp_path / "modem0") != "/nonexistent"
    (tmp_path / "modem0").write_text("mine")
    with pytest.raises(FileExistsError):
        async with emulator(tmp_path):
            pass
    assert (tmp_path / "modem0").read_text() == "mine"


class Esme:
    """A bound SMPP client, and what has been delivered to it."""

    def __init__(self, port: int, system_id: str = OPERATOR) -> None:
        self._client = smpp34.Client("127.0.0.1", port, system_id, "secret")

    async def bind(self) -> smpp34.Smsc:
        self._session = await self._client.connect()
        return self._session

    async def delivered(self) -> smpp34.DeliverSmEvent:
        event = await asyncio.wait_for(self._session.next(), WAIT_S)
        assert isinstance(event, smpp34.DeliverSmEvent)
        return event

    async def leave(self) -> None:
        await self._session.unbind()


def send_text(port: str, text: str) -> None:
    terminal = Terminal(port)
    terminal.write(b'ATE0;+CMGF=1;+CMGS="95533"\r')
    terminal.read_until(b"> ")
    terminal.write(text.encode() + b"\x1a")
    terminal.read_until(b"\r\nOK\r\n")
    terminal.close()


async def test_an_esme_gets_a_phones_message_and_answers_it(tmp_path: Path) -> None:
    async with emulator(tmp_path) as server:
        esme = Esme(server.smpp_port)
        session = await esme.bind()
        await asyncio.to_thread(send_text, server.ports[1], "balance")
        event = await esme.delivered()
        assert (event.source_addr, event.source_addr_ton) == ("8613900000002", 1)
        assert (event.destination_addr, event.short_message) == (BANK, b"balance")
        answer = await session.submit_sm(
            event.source_addr, b"enough", source_addr=BANK, dest_addr_ton=1, registered_delivery=1
        )
        assert answer.is_success
        receipt = await esme.delivered()
        assert receipt.esm_class == 0x04
        assert receipt.short_message.startswith(f"id:{answer.message_id} ".encode())

        def read(port: str) -> bytes:
            terminal = Terminal(port)
            terminal.write(b'ATE0;+CMGF=1;+CMGL="ALL"\r')
            return terminal.read_until(b"\r\nenough\r\n")

        assert b'"95533"' in await asyncio.to_thread(read, server.ports[1])
        await esme.leave()


async def test_messages_wait_for_the_next_bind_of_their_esme_and_of_no_other(tmp_path: Path) -> None:
    async with emulator(tmp_path) as server:
        first = Esme(server.smpp_port)
        await first.bind()
        await first.leave()
        await asyncio.to_thread(send_text, server.ports[1], "one")
        await asyncio.to_thread(send_text, server.ports[1], "two")
        stranger = Esme(server.smpp_port, "stranger")
        await stranger.bind()
        with pytest.raises((AssertionError, smpp34.SmppError)):
            await stranger.delivered()  # it is shown the door
        second = Esme(server.smpp_port)
        await second.bind()
        assert [(await second.delivered()).short_message for _ in range(2)] == [b"one", b"two"]
        await second.leave()


@pytest.mark.parametrize(
    ("destination", "source", "message", "status"),
    [
        ("8613999999999", BANK, b"x", smpp34._smpp34.ESME_RINVDSTADR),
        ("8613900000002", "10086", b"x", smpp34._smpp34.ESME_RINVSRCADR),
        ("8613900000002", BANK, b"x" * 161, smpp34._smpp34.ESME_RINVMSGLEN),
    ],
)
async def test_what_an_esme_may_not_submit_is_refused_by_status(
    tmp_path: Path, destination: str, source: str, message: bytes, status: int
) -> None:
    async with emulator(tmp_path) as server:
        esme = Esme(server.smpp_port)
        session = await esme.bind()
        answer = await session.submit_sm(destination, message, source_addr=source, dest_addr_ton=1)
        assert answer.command_status == status
        await esme.leave()


async def read_all(port: str, last: bytes) -> bytes:
    """What +CMGL shows of all messages, once the last of them is there."""

    def read() -> bytes:
        terminal = Terminal(port)
        try:
            shown, deadline = b"", time.monotonic() + WAIT_S
            while last not in shown:
                assert time.monotonic() < deadline, shown
                terminal.write(b"ATE0;+CMGF=0;+CMGL=4\r")
                shown = terminal.read_until(b"\r\nOK\r\n")
            return shown
        finally:
            terminal.close()

    return await asyncio.to_thread(read)


def delivered_pdus(shown: bytes) -> list[Deliver]:
    lines = [line for line in shown.decode().split("\r\n") if len(line) > 30]
    return [pdu.decode_deliver(pdu.from_hex(line)[1]) for line in lines]


async def test_an_esme_shows_a_name_that_is_its_own_and_no_other(tmp_path: Path) -> None:
    names = {"YINXIN": BANK}
    async with serving([BERND], {BANK: OPERATOR}, MemoryStore(), link_dir=tmp_path, names=names) as server:
        esme = Esme(server.smpp_port)
        session = await esme.bind()
        answer = await session.submit_sm(
            "8613900000002", b"hello", source_addr="YINXIN", source_addr_ton=5, dest_addr_ton=1, registered_delivery=1
        )
        assert answer.is_success
        assert (await esme.delivered()).esm_class == 0x04  # the receipt comes to who has the name
        [message] = delivered_pdus(await read_all(server.ports[0], b"\r\n"))
        assert (message.originator, message.text) == ("YINXIN", "hello")
        answer = await session.submit_sm("8613900000002", b"x", source_addr="OTHER", source_addr_ton=5, dest_addr_ton=1)
        assert answer.command_status == smpp34._smpp34.ESME_RINVSRCADR
        await esme.leave()


async def test_a_long_payload_arrives_in_parts_and_is_receipted_once(tmp_path: Path) -> None:
    text = "long " * 60
    async with emulator(tmp_path) as server:
        esme = Esme(server.smpp_port)
        session = await esme.bind()
        answer = await session.submit_sm(
            "8613900000002",
            source_addr=BANK,
            dest_addr_ton=1,
            registered_delivery=1,
            data_coding=1,
            tlvs=[smpp34.Tlv(smpp34._smpp34.TLV_MESSAGE_PAYLOAD, text.encode())],
        )
        assert answer.is_success
        receipt = await esme.delivered()
        assert receipt.short_message.startswith(f"id:{answer.message_id} ".encode())
        parts = delivered_pdus(await read_all(server.ports[1], b"+CMGL: 2"))
        assert [part.user_data.concatenation and part.user_data.concatenation.sequence for part in parts] == [1, 2]
        assert "".join(part.text for part in parts) == text
        await esme.leave()


async def test_ports_flash_and_segments_of_an_esme_reach_the_phone(tmp_path: Path) -> None:
    tags = smpp34._smpp34
    async with emulator(tmp_path) as server:
        esme = Esme(server.smpp_port)
        session = await esme.bind()
        ports = [smpp34.Tlv(tags.TLV_DESTINATION_PORT, b"\x0b\x84"), smpp34.Tlv(tags.TLV_SOURCE_PORT, b"\x23\xf0")]
        segment = [
            smpp34.Tlv(tags.TLV_SAR_MSG_REF_NUM, b"\x00\x07"),
            smpp34.Tlv(tags.TLV_SAR_TOTAL_SEGMENTS, b"\x02"),
            smpp34.Tlv(tags.TLV_SAR_SEGMENT_SEQNUM, b"\x01"),
        ]
        to = {"source_addr": BANK, "dest_addr_ton": 1}
        assert (await session.submit_sm("8613900000002", b"\x00\x01", data_coding=4, tlvs=ports, **to)).is_success
        assert (await session.submit_sm("8613900000002", b"part", tlvs=segment, **to)).is_success
        wrong = [smpp34.Tlv(tags.TLV_DESTINATION_PORT, b"\x0b")]
        assert not (await session.submit_sm("8613900000002", b"x", tlvs=wrong, **to)).is_success
        first, second = delivered_pdus(await read_all(server.ports[1], b"+CMGL: 2"))
        assert first.user_data.ports == pdu.Ports(2948, 9200)
        assert second.user_data.concatenation == pdu.Concatenation(7, 2, 1)
        await esme.leave()


async def test_an_esme_hears_that_a_phone_is_away_and_then_of_the_end_of_its_messages_life(tmp_path: Path) -> None:
    async with serving([ANNA], {BANK: OPERATOR}, MemoryStore(), link_dir=tmp_path) as server:  # its PIN is not entered
        esme = Esme(server.smpp_port)
        session = await esme.bind()
        answer = await session.submit_sm(
            "8613900000001",
            b"hello",
            source_addr=BANK,
            dest_addr_ton=1,
            registered_delivery=0x11,
            tlvs=[smpp34.Tlv(smpp34._smpp34.TLV_QOS_TIME_TO_LIVE, b"\x00\x00\x00\x01")],
        )
        assert answer.is_success
        notice, end = await esme.delivered(), await esme.delivered()
        assert (notice.esm_class, b"stat:ENROUTE" in notice.short_message) == (0x20, True)
        assert (end.esm_class, b"stat:EXPIRED err:070" in end.short_message) == (0x04, True)
        states = [tlv.value for tlv in end.tlvs if tlv.tag == smpp34._smpp34.TLV_MESSAGE_STATE]
        assert states == [b"\x03"]
        await esme.leave()


async def test_a_taken_port_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            async with serving([ANNA], {}, MemoryStore(), smpp_port=port):
                pass


class FullDisk(MemoryStore):
    """A store that has no room left."""

    def commit(self) -> None:
        if self.queued():
            raise OSError(28, "No space left on device")


async def test_what_could_not_be_stored_is_not_acknowledged_and_ends_the_server(tmp_path: Path) -> None:
    def send(port: str) -> bytes:
        terminal = Terminal(port)
        terminal.write(b'ATE0;+CMGF=1;+CMGS="95533"\r')
        terminal.read_until(b"> ")
        terminal.write(b"hello\x1a")
        return terminal.drain()

    async with serving([BERND], {BANK: OPERATOR}, FullDisk(), link_dir=tmp_path) as server:
        assert b"+CMGS" not in await asyncio.to_thread(send, server.ports[0])
        with pytest.raises(Broken, match="No space left"):
            await asyncio.wait_for(server.broken(), WAIT_S)
