"""The shell around the session: what it does when the world is not as it should be."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from handset.actions import Done, InDoubt, OperatorWrites, PayeeNamed, SendOutcome, Update
from handset.bearer import Gone, Ready, Received, SendSettled, Trouble
from handset.phone import Connection, NotConnected, Phone
from handset.session import Policy
from handset.sqlite_store import Bank, SqliteStore, StoreUnusable
from tests.unit.handset.counterparty import IMSI, MSISDN, OPERATOR, PAYEE, PAYER, PIN, Counterparty, ScriptedBearer
from wire.sealing import fingerprint
from wire.secret import Secret
from wire.terminal import Kind


class UncommittingStore(SqliteStore):
    """A store on a disk that, while `refuses` is set, takes everything until it is to commit."""

    refuses = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            if self.refuses:
                raise sqlite3.OperationalError("disk I/O error")


class Rig:
    """A phone that runs, and what it told."""

    def __init__(self, folder: Path, bearer: ScriptedBearer, policy: Policy, number: str | None) -> None:
        self.bearer = bearer
        self.store = UncommittingStore(folder, synchronous="OFF")
        key = bearer.counterparty.public_key
        self.store.pin_bank(Bank(key, fingerprint(key)))
        self.told: list[Update | Connection] = []
        self.phone = Phone(bearer, self.store, OPERATOR, self.told.append, number, policy)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"never so: {self.told}")

    def has(self, kind: type) -> bool:
        return any(isinstance(one, kind) for one in self.told)

    async def connected(self) -> None:
        await self.until(lambda: self.phone.connection.trouble is None)

    async def transfer(self) -> bytes:
        transaction_id = await self.phone.inquire(PAYEE)
        await self.until(lambda: self.has(PayeeNamed))
        await self.phone.transfer(transaction_id, PAYER, PAYEE, 1234, Secret(PIN.encode()))
        return transaction_id


@asynccontextmanager
async def running(
    folder: Path, bearer: ScriptedBearer, policy: Policy | None = None, number: str | None = None
) -> AsyncIterator[Rig]:
    rig = Rig(folder, bearer, policy or Policy(), number)
    task = asyncio.ensure_future(rig.phone.run())
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rig.store.close()


async def test_a_transfer_in_doubt_is_resumed_after_a_restart(tmp_path: Path) -> None:
    far = Counterparty(silent={Kind.TRANSFER})
    async with running(tmp_path, ScriptedBearer(far)) as rig:
        await rig.connected()
        transaction_id = await rig.transfer()
        await rig.until(lambda: len(far.transfers) == 1)
    far.silent.clear()
    bearer = ScriptedBearer(far)
    async with running(tmp_path, bearer) as rig:
        await rig.until(lambda: rig.has(InDoubt))
        await rig.phone.retry(transaction_id)
        await rig.until(lambda: rig.has(Done))
        assert len(bearer.sent) == 1
    assert len(far.transfers) == 1


async def test_it_sends_again_by_itself_when_the_time_has_come(tmp_path: Path) -> None:
    far = Counterparty(unsealed={Kind.TRANSFER: "91"})
    async with running(tmp_path, ScriptedBearer(far), Policy(resend_first_s=0.1)) as rig:
        await rig.connected()
        await rig.transfer()
        await rig.until(lambda: rig.has(Done))
    assert len(far.transfers) == 1


async def test_a_send_that_was_unknown_is_shown_as_sent_once_that_is_known(tmp_path: Path) -> None:
    far = Counterparty(silent={Kind.TRANSFER})
    bearer = ScriptedBearer(far)
    async with running(tmp_path, bearer) as rig:
        await rig.connected()
        bearer.outcomes = [SendOutcome.SENT, SendOutcome.UNKNOWN]
        await rig.transfer()
        shown = lambda: [one.last_send for one in rig.told if isinstance(one, InDoubt)]  # noqa: E731
        await rig.until(lambda: shown() == [None, SendOutcome.UNKNOWN])
        bearer.tell(SendSettled(bearer.sent[-1], SendOutcome.SENT))
        await rig.until(lambda: shown() == [None, SendOutcome.UNKNOWN, SendOutcome.SENT])
        assert len(bearer.sent) == 2


async def test_nothing_is_asked_while_there_is_no_modem(tmp_path: Path) -> None:
    bearer = ScriptedBearer()
    async with running(tmp_path, bearer) as rig:
        await rig.connected()
        bearer.tell(Gone(Trouble.NO_MODEM))
        await rig.until(lambda: rig.phone.connection.trouble is Trouble.NO_MODEM)
        with pytest.raises(NotConnected):
            await rig.phone.inquire(PAYEE)
        bearer.tell(Ready(IMSI, MSISDN))
        await rig.connected()
        await rig.phone.inquire(PAYEE)


async def test_the_number_given_is_used_and_remembered_for_a_sim_that_does_not_know_it(tmp_path: Path) -> None:
    async with running(tmp_path, ScriptedBearer(msisdn=None), number=MSISDN) as rig:
        await rig.connected()
        identity = rig.phone.connection.identity
        assert identity is not None
        assert identity.msisdn == MSISDN
    async with running(tmp_path, ScriptedBearer(msisdn=None)) as rig:
        await rig.connected()


async def test_a_text_that_comes_while_the_number_is_unknown_is_left_and_read_once_it_is_known(tmp_path: Path) -> None:
    bearer = ScriptedBearer(msisdn=None)
    text = Received(OPERATOR, "Your contract ends in May.")
    async with running(tmp_path, bearer) as rig:
        await rig.until(lambda: rig.phone.connection.trouble is Trouble.NUMBER_UNKNOWN)
        bearer.tell(text)
        await rig.until(lambda: bearer.left == [text])
        bearer.tell(Ready(IMSI, MSISDN))
        await rig.until(lambda: rig.has(OperatorWrites))
        assert bearer.left == []


async def test_a_changed_sim_is_told_and_sends_nothing_of_the_other_ones(tmp_path: Path) -> None:
    far = Counterparty(silent={Kind.TRANSFER})
    bearer = ScriptedBearer(far)
    async with running(tmp_path, bearer, Policy(resend_first_s=0.1)) as rig:
        await rig.connected()
        await rig.transfer()
        await rig.until(lambda: len(far.transfers) == 1)
        bearer.tell(Ready("460000000000009", "8613900000009"))
        await rig.until(lambda: rig.phone.connection.sim_is_new)
        await asyncio.sleep(0.05)
        sent = len(bearer.sent)
        await asyncio.sleep(0.5)
        assert len(bearer.sent) == sent
        assert len(await rig.phone.doubts()) == 1


async def test_nothing_of_the_former_sim_is_sent_while_the_number_of_another_is_unknown(tmp_path: Path) -> None:
    far = Counterparty(silent={Kind.TRANSFER})
    bearer = ScriptedBearer(far)
    async with running(tmp_path, bearer, Policy(resend_first_s=0.1)) as rig:
        await rig.connected()
        await rig.transfer()
        await rig.until(lambda: len(far.transfers) == 1)
        bearer.tell(Ready("460000000000009", None))
        await rig.until(lambda: rig.phone.connection.trouble is Trouble.NUMBER_UNKNOWN)
        await asyncio.sleep(0.05)
        sent = len(bearer.sent)
        await asyncio.sleep(0.5)
        assert len(bearer.sent) == sent
        bearer.tell(Ready(IMSI, MSISDN))
        await rig.until(lambda: len(bearer.sent) > sent)


async def test_what_was_not_committed_is_never_sent(tmp_path: Path) -> None:
    bearer = ScriptedBearer()
    async with running(tmp_path, bearer) as rig:
        await rig.connected()
        rig.store.refuses = True
        with pytest.raises(StoreUnusable):
            await rig.phone.inquire(PAYEE)
        rig.store.refuses = False
        # Texts leave in the order in which they were queued: the first would be here before the second.
        second = await rig.phone.inquire(PAYEE)
        await rig.until(lambda: rig.has(PayeeNamed))
        assert [request.transaction_id for request in bearer.counterparty.requests] == [second]


async def test_a_disk_that_cannot_be_written_ends_the_phone_and_sends_nothing(tmp_path: Path) -> None:
    bearer = ScriptedBearer()
    rig = Rig(tmp_path, bearer, Policy(), None)
    task = asyncio.ensure_future(rig.phone.run())
    await rig.connected()
    broken = sqlite3.connect(tmp_path / "handset.sqlite", isolation_level=None)
    broken.execute("DROP TABLE request")
    with pytest.raises(StoreUnusable):
        await rig.phone.inquire(PAYEE)
    assert bearer.sent == []
    bearer.tell(Received(OPERATOR, "IAAAAAAAAAAAAAAA"))
    bearer.tell(Ready("460000000000009", "8613900000009"))
    with pytest.raises(StoreUnusable):
        await asyncio.wait_for(task, 5)
    assert bearer.closed
    broken.close()
    rig.store.close()
