"""The bank on a real socket: framing, group commit, limits, renewal while it runs, stopping."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from bank_server import ledger
from bank_server.actions import Send
from bank_server.key_files import KeyFolder
from bank_server.keys import BankKeys
from bank_server.policy import Policy
from bank_server.server import BankServer
from bank_server.session import BankSession
from bank_server.sqlite_store import SqliteStore
from bank_server.state import State
from bank_server.store import DeliveredKeys
from tests.unit.bank_server.counterpart import (
    ALICE,
    ALICES,
    OPERATOR,
    BankSide,
    HandsetSide,
    OperatorSide,
    random_bytes,
)
from wire import iso
from wire.framing import FrameReader, frame
from wire.iso import Message
from wire.secret import Secret


@asynccontextmanager
async def serving(bank: BankSide, folder: KeyFolder | None = None, **options) -> AsyncIterator[int]:
    server = BankServer(bank.session, bank.store, bank.keys, folder, clock=lambda: bank.now, **options)
    port = await server.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        await server.stop()


class Line:
    """One TCP connection of an operator, which the counterpart's `OperatorSide` speaks through."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.frames = FrameReader()
        self.arrived: list[bytes] = []

    @classmethod
    async def open(cls, port: int) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, message: Message) -> None:
        self.writer.write(frame(iso.encode(message)))
        await self.writer.drain()

    async def next(self) -> Message:
        while not self.arrived:
            data = await asyncio.wait_for(self.reader.read(4096), 10)
            if not data:
                raise EOFError
            self.arrived += self.frames.receive(data)
        return iso.decode(self.arrived.pop(0))

    async def closed_by_bank(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), 10) == b""
        except ConnectionError:
            return True

    async def sign_on(self, operator: OperatorSide) -> None:
        """Sign on and take all keys."""
        await self.send(operator.message("0820", {70: "001"}))
        assert (await self.next())[39] == "00"
        while operator.control is None:
            await self.take_keys(operator)

    async def take_keys(self, operator: OperatorSide) -> None:
        block = await self.next()
        operator.take_block(block.block)
        await self.send(operator.answer_to(block, "00"))

    async def ask(self, message: Message) -> Message:
        """Send a message; return its answer, leaving out what the bank sends of itself."""
        await self.send(message)
        while True:
            answer = await self.next()
            if answer.mti not in ("0620", "0800"):
                return answer


async def opened(line: Line, operator: OperatorSide):
    transaction = operator.make_transaction(ALICE)
    assert (await line.ask(transaction.registration))[39] == "00"
    return transaction


async def test_a_transfer_over_a_real_socket(bank, alice):
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        await line.sign_on(operator)
        transaction = await opened(line, operator)
        answer = await line.ask(transaction.message("0200", "400000", alice.transfer().encode()))
        assert alice.answer(transaction.opened(answer)).code == "00"
    assert bank.balance(ALICES) == 99_000


async def test_messages_cut_anywhere_and_sent_together_are_all_answered(bank):
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        echoes = [operator.message("0820", {70: "301"}) for _ in range(50)]
        stream = b"".join(frame(iso.encode(echo)) for echo in echoes)
        for start in range(0, len(stream), 37):
            line.writer.write(stream[start : start + 37])
            await line.writer.drain()
        assert [(await line.next())[11] for _ in echoes] == [echo[11] for echo in echoes]


async def test_ten_megabytes_of_zeros_close_one_connection_and_harm_nobody(bank):
    async with serving(bank) as port:
        bad, good, operator = await Line.open(port), await Line.open(port), OperatorSide(bank)
        before = bank.dump()
        try:
            for _ in range(160):
                bad.writer.write(bytes(1 << 16))
                await bad.writer.drain()
        except ConnectionError:
            pass  # closed while we still wrote, as it should be
        assert await bad.closed_by_bank()
        assert (await good.ask(operator.message("0820", {70: "301"})))[39] == "00"
        assert bank.dump() == before


async def test_messages_before_a_broken_frame_are_still_answered(bank):
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        line.writer.write(frame(iso.encode(operator.message("0820", {70: "301"}))) + b"\xff\xff")
        assert (await line.next())[39] == "00"
        assert await line.closed_by_bank()


async def test_a_message_that_is_none_closes_its_connection(bank):
    async with serving(bank) as port:
        line = await Line.open(port)
        line.writer.write(frame(b"not iso"))
        assert await line.closed_by_bank()


async def test_a_silent_connection_is_closed(bank):
    async with serving(bank, idle_s=0.05) as port:
        assert await (await Line.open(port)).closed_by_bank()


async def test_a_connection_over_which_nobody_signs_on_is_closed_though_it_sends_echoes(bank, monkeypatch):
    monkeypatch.setattr("bank_server.server.CONNECTIONS_MAX", 2)
    async with serving(bank, sign_on_s=0.5) as port:
        silent, echoing, operator = await Line.open(port), await Line.open(port), OperatorSide(bank)

        async def echo() -> None:
            while True:
                assert (await echoing.ask(operator.message("0820", {70: "301"})))[39] == "00"
                await asyncio.sleep(0.02)

        with pytest.raises((EOFError, ConnectionError)):
            await asyncio.wait_for(echo(), 10)
        assert await silent.closed_by_bank()
        for _ in range(100):  # the bank counts a connection until its worker has seen its end
            line = await Line.open(port)
            try:
                await line.sign_on(OperatorSide(bank))
                break
            except (EOFError, ConnectionError):
                await asyncio.sleep(0.05)
        else:
            pytest.fail("the places of those who were closed are not given to others")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.reader.read(1), 0.7)  # who has signed on may be silent


async def test_a_refused_sign_on_does_not_keep_a_connection(bank):
    async with serving(bank, sign_on_s=0.2) as port:
        line, stranger = await Line.open(port), OperatorSide(bank, "123", 1, static=Secret(bytes(32)))
        assert (await line.ask(stranger.message("0820", {70: "001"})))[39] == "03"
        assert await line.closed_by_bank()


async def test_more_connections_than_the_limit_are_refused(bank, monkeypatch):
    monkeypatch.setattr("bank_server.server.CONNECTIONS_MAX", 2)
    async with serving(bank) as port:
        lines = [await Line.open(port) for _ in range(2)]
        operator = OperatorSide(bank)
        for line in lines:
            assert (await line.ask(operator.message("0820", {70: "301"})))[39] == "00"
        assert await (await Line.open(port)).closed_by_bank()


class GatedStore(SqliteStore):
    """A store whose commits wait at a gate, and count."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.gate, self.reached, self.commits = threading.Event(), threading.Event(), 0
        self.gate.set()

    def commit(self) -> None:
        self.reached.set()
        assert self.gate.wait(10)
        self.commits += 1
        super().commit()


def bank_on(store: SqliteStore) -> BankSide:
    bank = BankSide()
    bank.store = store
    with bank.store.transaction():
        bank._open_accounts()
    bank.session = BankSession(bank.store, bank.keys, bank.random)
    return bank


async def test_no_answer_leaves_before_its_commit_and_many_share_one(alice):
    bank = bank_on(GatedStore())
    alice = HandsetSide(bank)
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        await line.sign_on(operator)
        transactions = [await opened(line, operator) for _ in range(10)]
        bank.store.gate.clear()
        bank.store.reached.clear()
        first = transactions[0].message("0200", "400000", alice.transfer(1).encode())
        await line.send(first)
        await asyncio.to_thread(bank.store.reached.wait, 10)
        for transaction in transactions[1:]:
            await line.send(transaction.message("0200", "400000", alice.transfer(1).encode()))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.reader.read(1), 0.1)
        before = bank.store.commits
        bank.store.gate.set()
        answers = 0
        while answers < len(transactions):
            answers += (await line.next()).mti == "0210"
        assert bank.store.commits - before <= 4  # the first one's, and about one for the other nine
    assert bank.balance(ALICES) == 99_990


async def test_a_fault_in_one_message_is_undone_and_costs_only_its_connection(bank):
    async def faulty(port: int) -> None:
        bad, good, operator = await Line.open(port), await Line.open(port), OperatorSide(bank)
        await bad.send(operator.message("0820", {70: "001"}))
        assert await bad.closed_by_bank()
        assert (await good.ask(operator.message("0820", {70: "301"})))[39] == "00"

    class Faulty(BankSession):
        def receive(self, connection, message, now):
            if b"001" in message[-3:]:
                ledger.open_account(bank.store, "777777", "half done", 5, 5)
                raise ZeroDivisionError
            return super().receive(connection, message, now)

    bank.session = Faulty(bank.store, bank.keys, bank.random)
    async with serving(bank) as port:
        await faulty(port)
    assert bank.store.account("777777") is None


async def test_a_fault_in_what_the_clock_brings_does_not_stop_the_bank(bank, caplog):
    class Faulty(BankSession):
        def tick(self, now):
            ledger.open_account(bank.store, "777777", "half done", 5, 5)
            raise ZeroDivisionError

    bank.session = Faulty(bank.store, bank.keys, bank.random)
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        for _ in range(2):
            assert (await line.ask(operator.message("0820", {70: "301"})))[39] == "00"
        await asyncio.sleep(0.1)
    assert bank.store.account("777777") is None
    assert len(caplog.records) < 20  # one for each batch: what is due is not tried again at once


async def test_keys_renewed_by_another_command_reach_a_connected_operator_and_old_ones_are_erased(
    bank, tmp_path, monkeypatch
):
    monkeypatch.setattr("bank_server.server.KEYS_POLL_S", 0.02)
    monkeypatch.setattr("bank_server.server.ERASE_POLL_S", 0.0)
    folder, random = KeyFolder(tmp_path / "keys"), random_bytes(9)
    folder.create(random)
    folder.add_operator(OPERATOR, 7, random(32))

    def renew() -> None:
        (held,) = folder.operators()
        folder.save(held.with_seeds(Secret(random(32)), Secret(random(32))).with_control_key(random))

    renew()
    bank.keys.replace_operators(folder.operators())
    async with serving(bank, folder) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        await line.sign_on(operator)
        await asyncio.sleep(0.1)
        renew()
        await line.take_keys(operator)
        await line.take_keys(operator)
        assert (sorted(operator.work), operator.control.epoch) == ([1, 2], 2)
        await line.ask(operator.message("0820", {70: "301"}))
        bank.now += bank.policy.key_kept_s()
        for _ in range(200):
            (held,) = folder.operators()
            if (list(held.seeds), list(held.controls)) == ([2], [2]):
                break
            await asyncio.sleep(0.02)
        assert (list(held.seeds), list(held.controls)) == ([2], [2])
        await opened(line, operator)


class FullDisk(SqliteStore):
    """A store that can be told to fail at its next commit."""

    full = False

    def commit(self) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        super().commit()


@pytest.fixture
def full_disk() -> BankSide:
    return bank_on(FullDisk(":memory:"))


@pytest.fixture
def renewed_keys(full_disk, tmp_path, monkeypatch) -> KeyFolder:
    """Key files of two generations and epochs; the operator has the second epoch since now."""
    monkeypatch.setattr("bank_server.server.KEYS_POLL_S", 0.02)
    folder, random = KeyFolder(tmp_path / "keys"), random_bytes(9)
    folder.create(random)
    folder.add_operator(OPERATOR, 7, random(32))
    for _ in range(2):
        (held,) = folder.operators()
        folder.save(held.with_seeds(Secret(random(32)), Secret(random(32))).with_control_key(random))
    full_disk.keys.replace_operators(folder.operators())
    with full_disk.store.transaction():
        full_disk.store.set_delivered_keys(DeliveredKeys(OPERATOR, 1, int(full_disk.now), 2, int(full_disk.now)))
    return folder


async def test_no_key_is_erased_before_the_commit_that_makes_it_useless(full_disk, renewed_keys):
    server = BankServer(full_disk.session, full_disk.store, full_disk.keys, renewed_keys, clock=lambda: full_disk.now)
    line = await Line.open(await server.start("127.0.0.1", 0))
    try:
        assert (await line.ask(OperatorSide(full_disk).message("0820", {70: "301"})))[39] == "00"
        full_disk.store.full = True
        full_disk.now += full_disk.policy.key_kept_s()
        with pytest.raises(sqlite3.OperationalError):
            await asyncio.wait_for(server.wait(), 10)
    finally:
        await server.stop()
    (held,) = renewed_keys.operators()
    assert list(held.controls) == list(full_disk.keys.of(OPERATOR).controls) == [1, 2]


async def test_a_key_file_that_cannot_be_erased_does_not_stop_the_bank(full_disk, renewed_keys, tmp_path, caplog):
    outdated = tmp_path / "keys" / "operators" / OPERATOR / "control-00001"
    outdated.unlink()
    outdated.mkdir()
    full_disk.now += full_disk.policy.key_kept_s()
    async with serving(full_disk, renewed_keys) as port:
        for _ in range(200):
            if "cannot be erased" in caplog.text:
                break
            await asyncio.sleep(0.02)
        assert "cannot be erased" in caplog.text
        answer = await (await Line.open(port)).ask(OperatorSide(full_disk).message("0820", {70: "301"}))
        assert answer[39] == "00"


async def test_what_is_not_confirmed_is_repeated_by_the_servers_own_clock():
    bank = BankSide(policy=Policy(repeat_s=0.02))
    server = BankServer(bank.session, bank.store, bank.keys)
    line = await Line.open(await server.start("127.0.0.1", 0))
    try:
        await line.send(OperatorSide(bank).message("0820", {70: "001"}))
        first, second, third = [await line.next() for _ in range(3)]
        assert first.mti == "0830"
        assert second == third
    finally:
        await server.stop()


async def test_what_was_taken_in_is_answered_before_the_bank_stops(bank):
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        await line.sign_on(operator)
        answer = asyncio.ensure_future(line.ask(operator.make_transaction(ALICE).registration))
        await asyncio.sleep(0.05)
    assert (await answer)[39] == "00"
    with pytest.raises(EOFError):
        await line.next()


async def test_a_bank_whose_database_is_locked_can_be_stopped(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("bank_server.sqlite_store._BUSY_TIMEOUT_S", 0.01)
    monkeypatch.setattr("bank_server.server.DATABASE_RETRY_S", 0.01)
    bank = BankSide(tmp_path / "bank.db")
    server = BankServer(bank.session, bank.store, bank.keys)
    line = await Line.open(await server.start("127.0.0.1", 0))
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as other:
        assert (await line.ask(OperatorSide(bank).message("0820", {70: "301"})))[39] == "00"
        other.execute("BEGIN IMMEDIATE")
        await line.send(OperatorSide(bank).message("0820", {70: "301"}))
        for _ in range(200):
            if "trying again" in caplog.text:
                break
            await asyncio.sleep(0.02)
        await asyncio.wait_for(server.stop(), 5)
    assert await line.closed_by_bank()  # without an answer to what is not on disk


async def test_an_operator_that_does_not_read_is_cut_off(bank, monkeypatch):
    monkeypatch.setattr("bank_server.server.UNSENT_BYTES_MAX", 1000)

    class Chatty(BankSession):
        def receive(self, connection, message, now):
            return [Send(connection, bytes(2000))] * 5000

    bank.session = Chatty(bank.store, bank.keys, bank.random)
    async with serving(bank) as port:
        line, operator = await Line.open(port), OperatorSide(bank)
        await line.send(operator.message("0820", {70: "301"}))
        received = 0
        try:
            while data := await asyncio.wait_for(line.reader.read(1 << 16), 10):
                received += len(data)
        except ConnectionError:
            pass
        assert received < 5000 * 2002


# -- as a process ---------------------------------------------------------------------------------------------


def made_state(folder) -> BankSide:
    """A state folder with an operator that has its keys and Alice's account; returns who knows the keys."""
    random = random_bytes(21)
    state = State(folder)
    state.create(random)
    state.keys.add_operator(OPERATOR, 7, random(32))
    (held,) = state.keys.operators()
    state.keys.save(held.with_seeds(Secret(random(32)), Secret(random(32))).with_control_key(random))
    keys: BankKeys = state.keys.load()
    return BankSide(folder / "bank.db", keys=keys)


def started(folder) -> tuple[subprocess.Popen, int]:
    command = [sys.executable, "-c", "from bank_server.cli import main; main()", "--state", str(folder)]
    process = subprocess.Popen([*command, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return process, json.loads(process.stdout.readline())["port"]


@pytest.mark.programs
async def test_an_answer_that_arrived_is_in_the_books_though_the_bank_is_killed_at_once(tmp_path):
    bank = made_state(tmp_path / "state")
    bank.store.close()
    process, port = started(tmp_path / "state")
    try:
        line, operator, alice = await Line.open(port), OperatorSide(bank), HandsetSide(bank)
        await line.sign_on(operator)
        bank.now = time.time()
        transaction = await opened(line, operator)
        request = alice.transfer()
        answer = await line.ask(transaction.message("0200", "400000", request.encode()))
        process.send_signal(signal.SIGKILL)
        reply = transaction.opened(answer)
        assert alice.answer(reply).code == "00"
        process.wait()
        books = SqliteStore(tmp_path / "state" / "bank.db")
        outcome = books.outcome(ledger.transfer_id(ALICE.msisdn, request.transaction_id))
        assert outcome.reply == reply.encode()
        assert books.account(ALICES).balance_fen == 99_000
        assert books.verify() == []
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.programs
def test_the_server_stops_cleanly_on_sigterm_and_names_a_port_that_is_taken(tmp_path):
    made_state(tmp_path / "one").store.close()
    made_state(tmp_path / "two").store.close()
    process, port = started(tmp_path / "one")
    try:
        command = [sys.executable, "-c", "from bank_server.cli import main; main()", "--state", str(tmp_path / "two")]
        second = subprocess.run([*command, "serve", "--port", str(port)], capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"port {port}" in second.stderr
        assert len(second.stderr.splitlines()) == 1
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stdout.close()
