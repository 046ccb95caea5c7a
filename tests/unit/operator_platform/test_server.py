"""The shell on loopback: a bank on TCP and an SMS centre that are the tests' own, come late, die and come back."""

import asyncio
import contextlib
import logging
import os
import socket
import sqlite3
from typing import NamedTuple

import pytest
import smpp34

from operator_platform.errors import SmsRefused
from operator_platform.key_files import KeyFiles
from operator_platform.policy import Policy
from operator_platform.server import OperatorServer
from operator_platform.session import PLAIN_NOTICES, OperatorSession
from operator_platform.smpp_bearer import SmppBearer
from operator_platform.sqlite_store import SqliteStore
from tests.unit.operator_platform.counterpart import ALICE, BOB, NODE, OPERATOR, Bank, Handset
from tests.unit.operator_platform.test_relay import DONE, NAME
from wire import iso
from wire.framing import FrameReader, frame
from wire.secret import Secret
from wire.terminal import decode_down, from_text, to_text

PATIENCE_S = 10.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SmsCentre:
    """An SMSC that accepts what it is sent, and delivers what handsets send."""

    def __init__(self, port):
        self.port = port
        self.submitted = asyncio.Queue()
        self.bound = asyncio.Event()
        self.unbound = asyncio.Event()
        self.refuse = 0

    async def __aenter__(self):
        self.server = smpp34.Server("127.0.0.1", self.port, system_id="smsc")
        await self.server.start()
        self.task = asyncio.create_task(self._serve())
        return self

    async def _serve(self):
        while True:
            match await self.server.next():
                case smpp34.Esme() as esme:
                    self.esme = esme
                    self.bound.set()
                case smpp34.SubmitSmEvent() as event:
                    if self.refuse:
                        self.refuse -= 1
                        event.reject(0x58)  # ESME_RTHROTTLED
                    else:
                        event.accept("1")
                        self.submitted.put_nowait(event)
                case smpp34.Unbound():
                    self.unbound.set()

    async def deliver(self, msisdn, text, **more):
        answer = await self.esme.deliver_sm("95533", text.encode(), source_addr=msisdn, source_addr_ton=1, **more)
        assert answer.is_success

    async def take(self):
        return await asyncio.wait_for(self.submitted.get(), PATIENCE_S)

    async def __aexit__(self, *_):
        self.task.cancel()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.esme.unbind(), 2)
        await self.server.stop()
        await asyncio.sleep(0.05)  # the library's threads


class TcpBank:
    """The bank on a TCP port: answers sign-on, echo, keys and registrations; exchanges are the test's."""

    def __init__(self, bank, port=0):
        self.bank, self.port = bank, port
        self.received = asyncio.Queue()
        self.signed_on = asyncio.Event()
        self.signed_off = asyncio.Event()
        self.has_keys = asyncio.Event()
        self.gone = asyncio.Event()
        self.key_answers = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader, writer):
        self.writer = writer
        frames = FrameReader()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                for raw in frames.receive(data):
                    message = iso.decode(raw)
                    self._react(message, raw)
        self.gone.set()

    def _react(self, message, raw):
        if message.mti == "0820":
            self.send(self.bank.bare(message, "00"))
            if message[70] == "001":
                self.signed_on.set()
            if message[70] == "002":
                self.signed_off.set()
            if message[70] == "101":
                self.send(self.bank.first_seeds())
                self.send(self.bank.control_key())
        elif message.mti == "0600":
            self.send(self.bank.accept_registration(message))
        elif message.mti == "0810":
            self.key_answers += 1
            if self.key_answers == 2:
                self.has_keys.set()
        else:
            self.received.put_nowait((message, raw))

    def send(self, message):
        self.writer.write(frame(iso.encode(message)))

    async def take(self):
        return await asyncio.wait_for(self.received.get(), PATIENCE_S)

    def hang_up(self):
        self.writer.transport.abort()

    async def __aexit__(self, *_):
        self.server.close()
        if hasattr(self, "writer"):
            self.hang_up()


class Serving(NamedTuple):
    """A platform that runs: its task, and the store that it holds."""

    task: asyncio.Task
    store: SqliteStore


@contextlib.contextmanager
def locked(folder):
    """Hold the store's file as another process does that does not finish."""
    with contextlib.closing(sqlite3.connect(folder / "operator.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def said(caplog, text):
    async with asyncio.timeout(PATIENCE_S):
        while text not in caplog.text:  # noqa: ASYNC110  # a log has no event to wait for
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(bank, folder, smpp_port, bank_port, policy=None, ready=None, expect_failure=False):
    """Run a platform on a state folder; stop it as SIGTERM does."""
    files = KeyFiles(folder / "keys")
    if not (folder / "keys").exists():
        files.save_static(bank.static)
    store = SqliteStore(folder / "operator.sqlite", durable=False, lock_wait_s=0.05)
    with store.transaction():
        store.put_subscriber(ALICE)
    session = OperatorSession(OPERATOR, NODE, store, files.load(), os.urandom, policy or Policy(repeat_s=0.3))
    bearer = SmppBearer("127.0.0.1", smpp_port, "operator", Secret(b"secret"), "95533")
    server = OperatorServer(session, store, files, bearer, "127.0.0.1", bank_port, on_ready=ready)
    task = asyncio.create_task(server.run())
    try:
        yield Serving(task, store)
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and not expect_failure:
            task.result()
        store.close()


async def test_a_transfer_runs_from_sms_to_bank_and_back(bank, tmp_path):
    ready = []
    alice = Handset(bank)
    async with SmsCentre(free_port()) as centre, TcpBank(bank) as tcp:
        async with serving(bank, tmp_path, centre.port, tcp.port, ready=ready.append):
            await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
            inquiry = alice.inquiry()
            await centre.deliver(ALICE.msisdn, to_text(inquiry.encode()))
            message, _ = await tcp.take()
            tcp.send(bank.answer(message, NAME))
            answer = await centre.take()
            assert alice.open(answer.short_message.decode()) == NAME
            assert (answer.source_addr, answer.destination_addr, answer.data_coding) == ("95533", ALICE.msisdn, 0)
            await centre.deliver("+" + ALICE.msisdn, to_text(alice.transfer(inquiry.transaction_id).encode()))
            message, _ = await tcp.take()
            tcp.send(bank.answer(message, DONE))
            assert alice.open((await centre.take()).short_message.decode()) == DONE
            assert ready == [True]
        await asyncio.wait_for(centre.unbound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.signed_off.wait(), PATIENCE_S)
    assert KeyFiles(tmp_path / "keys").load().control == bank.control()


async def test_bank_and_sms_centre_may_come_late_in_any_order_with_one_line_each_in_the_log(bank, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    ready = []
    smpp_port, bank_port = free_port(), free_port()
    async with serving(bank, tmp_path, smpp_port, bank_port, ready=ready.append):
        await asyncio.sleep(1.2)  # some attempts at each
        assert not ready
        assert sum("no bank at" in record.message for record in caplog.records) == 1
        assert sum("no SMS centre at" in record.message for record in caplog.records) == 1
        async with SmsCentre(smpp_port) as centre:
            await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
            async with TcpBank(bank, bank_port) as tcp:
                await asyncio.wait_for(tcp.signed_on.wait(), PATIENCE_S)
    assert len(ready) == 1


async def test_after_the_bank_hung_up_the_same_bytes_come_over_the_next_connection(bank, tmp_path):
    alice = Handset(bank)
    async with (
        SmsCentre(free_port()) as centre,
        TcpBank(bank) as tcp,
        serving(bank, tmp_path, centre.port, tcp.port, Policy(repeat_s=60)),
    ):
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.signed_on.wait(), PATIENCE_S)
        await centre.deliver(ALICE.msisdn, to_text(alice.inquiry().encode()))
        message, raw = await tcp.take()
        tcp.hang_up()
        assert await tcp.take() == (message, raw)
        tcp.send(bank.answer(message, NAME))
        assert alice.open((await centre.take()).short_message.decode()) == NAME


async def test_the_session_learns_that_the_bank_is_gone(bank, tmp_path):
    alice = Handset(bank)
    policy = Policy(give_up_s=1.0)
    async with SmsCentre(free_port()) as centre, TcpBank(bank) as tcp, contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(serving(bank, tmp_path, centre.port, tcp.port, policy))
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.has_keys.wait(), PATIENCE_S)
        tcp.server.close()
        tcp.hang_up()
        await centre.deliver(ALICE.msisdn, to_text(alice.inquiry().encode()))
        reply = decode_down(from_text((await centre.take()).short_message.decode()))
        assert reply.code == "91"  # no bank; a bank that is there and silent is 98


async def test_a_bank_that_sends_no_frames_is_left_and_tried_again(bank, tmp_path):
    async with (
        SmsCentre(free_port()) as centre,
        TcpBank(bank) as tcp,
        serving(bank, tmp_path, centre.port, tcp.port),
    ):
        await asyncio.wait_for(tcp.signed_on.wait(), PATIENCE_S)
        tcp.signed_on.clear()
        tcp.writer.write(b"\xff\xff GET / HTTP/1.1")
        await asyncio.wait_for(tcp.signed_on.wait(), PATIENCE_S)


async def test_after_the_sms_centre_was_lost_the_answer_comes_through_the_next(bank, tmp_path):
    alice = Handset(bank)
    port = free_port()
    async with TcpBank(bank) as tcp, contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(SmsCentre(port))
        await stack.enter_async_context(serving(bank, tmp_path, port, tcp.port))
        await asyncio.wait_for(first.bound.wait(), PATIENCE_S)
        await first.deliver(ALICE.msisdn, to_text(alice.inquiry().encode()))
        message, _ = await tcp.take()
        await first.__aexit__()
        tcp.send(bank.answer(message, NAME))
        second = await stack.enter_async_context(SmsCentre(port))
        assert alice.open((await second.take()).short_message.decode()) == NAME


async def test_a_restarted_platform_finishes_what_the_first_began(bank, tmp_path):
    alice = Handset(bank)
    async with SmsCentre(free_port()) as centre, TcpBank(bank) as tcp:
        async with serving(bank, tmp_path, centre.port, tcp.port):
            await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
            await centre.deliver(ALICE.msisdn, to_text(alice.inquiry().encode()))
            before, _ = await tcp.take()
        async with serving(bank, tmp_path, centre.port, tcp.port):
            while (after := (await tcp.take())[0])[60] == before[60]:
                pass  # repeats that the first had sent
            tcp.send(bank.answer(after, NAME))
            assert alice.open((await centre.take()).short_message.decode()) == NAME


async def test_a_chinese_sentence_goes_out_in_ucs2_and_a_refused_sms_is_sent_again(bank, tmp_path):
    policy = Policy(notice_language="zh", sms_retry_s=0.2)
    async with (
        SmsCentre(free_port()) as centre,
        TcpBank(bank) as tcp,
        serving(bank, tmp_path, centre.port, tcp.port, policy),
    ):
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.has_keys.wait(), PATIENCE_S)
        centre.refuse = 1
        tcp.send(bank.notice(BOB.msisdn))
        sms = await centre.take()
        assert sms.data_coding == 8
        assert sms.short_message.decode("utf-16-be") == PLAIN_NOTICES["zh"]
        assert (await tcp.take())[0].mti == "0630"


async def test_while_the_database_is_locked_events_wait_and_none_is_lost(bank, tmp_path, caplog):
    alices = [Handset(bank, seed=seed) for seed in (2, 3)]
    async with (
        SmsCentre(free_port()) as centre,
        TcpBank(bank) as tcp,
        serving(bank, tmp_path, centre.port, tcp.port, Policy(repeat_s=60)) as platform,
    ):
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.has_keys.wait(), PATIENCE_S)
        with locked(tmp_path):
            for alice in alices:
                await centre.deliver(ALICE.msisdn, to_text(alice.inquiry().encode()))
            await said(caplog, "operator.sqlite: another process keeps the database locked; trying on")
            assert not platform.task.done()
            assert not bank.registered
        for _ in alices:
            message, _raw = await tcp.take()
            tcp.send(bank.answer(message, NAME))
            await centre.take()
    assert caplog.text.count("database locked") == 1


async def test_a_platform_stops_while_the_database_is_locked(bank, tmp_path, caplog):
    async with (
        SmsCentre(free_port()) as centre,
        TcpBank(bank) as tcp,
        serving(bank, tmp_path, centre.port, tcp.port) as platform,
    ):
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.has_keys.wait(), PATIENCE_S)
        with locked(tmp_path):
            await centre.deliver(ALICE.msisdn, to_text(Handset(bank).inquiry().encode()))
            await said(caplog, "trying on")
            platform.task.cancel()
            async with asyncio.timeout(2):
                with pytest.raises(asyncio.CancelledError):
                    await platform.task
        assert not tcp.signed_off.is_set()


# A deferred foreign key without its parent: every statement of the transaction succeeds, and COMMIT fails.
COMMIT_FAILS = """
    CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TEMP TRIGGER spoil AFTER INSERT ON main.requests BEGIN INSERT INTO child VALUES (1); END;
"""


async def test_nothing_leaves_before_the_commit_that_it_follows_from(bank, tmp_path):
    async with (
        SmsCentre(free_port()) as centre,
        TcpBank(bank) as tcp,
        serving(bank, tmp_path, centre.port, tcp.port, expect_failure=True) as platform,
    ):
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        await asyncio.wait_for(tcp.has_keys.wait(), PATIENCE_S)
        platform.store._connection.executescript(COMMIT_FAILS)
        await centre.deliver(ALICE.msisdn, to_text(Handset(bank).inquiry().encode()))
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(ExceptionGroup) as failed:
                await platform.task
            await tcp.gone.wait()
        assert failed.group_contains(sqlite3.IntegrityError)
        assert not bank.registered  # its 0600 was made in that transaction
        assert tcp.received.empty()
        platform.store._connection.execute("DROP TRIGGER temp.spoil")
        with platform.store.transaction():
            assert platform.store.unanswered() == []


async def test_texts_of_every_coding_arrive_and_receipts_do_not(bank):
    async with (
        SmsCentre(free_port()) as centre,
        SmppBearer("127.0.0.1", centre.port, "operator", Secret(b""), "95533") as bearer,
    ):
        await asyncio.wait_for(bearer.connected(), PATIENCE_S)
        await asyncio.wait_for(centre.bound.wait(), PATIENCE_S)
        received = bearer.received()
        await centre.deliver(ALICE.msisdn, "id:1 stat:DELIVRD", esm_class=0x04)
        for octets, coding in ((b"QUJD", 0), ("转账".encode("utf-16-be"), 8), (b"\xff\xd8", 4), (b"\xd8", 8)):
            await centre.esme.deliver_sm("95533", octets, source_addr=ALICE.msisdn, data_coding=coding)
        got = [await asyncio.wait_for(anext(received), PATIENCE_S) for _ in range(4)]
        assert got[:2] == [(ALICE.msisdn, "QUJD"), (ALICE.msisdn, "转账")]
        centre.refuse = 1
        with pytest.raises(SmsRefused, match="0x00000058"):
            await bearer.send(ALICE.msisdn, "QUJD")


def test_the_bank_made_of_wire_and_the_server_agree_on_frames():
    bank = Bank()
    raw = iso.encode(bank.first_seeds())
    assert FrameReader().receive(frame(raw)) == [raw]
