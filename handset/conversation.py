"""A phone without a screen: asks, waits, and reports, for the commands of `handset.cli`."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

from handset.actions import (
    AlreadyInDoubt,
    BalanceTold,
    Declined,
    Done,
    NoAnswer,
    OperatorSays,
    PayeeNamed,
    Refused,
    Update,
)
from handset.amounts import format_yuan
from handset.bearer import Trouble
from handset.phone import Connection, NotConnected, Phone
from handset.sqlite_store import StoreUnusable
from handset.store import State, StoredRequest
from handset.texts import Text, say_code, text_for_command, text_of
from wire.response_codes import Language
from wire.secret import Secret
from wire.terminal import Kind

OpenPhone = Callable[[Callable[[Update | Connection], None]], Phone]
Told = Update | Connection | BaseException
_SIM_PIN_TROUBLES = {Trouble.SIM_PIN_NEEDED, Trouble.SIM_PIN_WRONG}
_Found = TypeVar("_Found")

_log = logging.getLogger("handset.conversation")


class Unconnected(Exception):
    """There is no modem to work with; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Report:
    """What a command prints. `outcome` is done, declined or in_doubt; `facts` are the fields of `--json`."""

    outcome: str
    message: str
    facts: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """A transfer as the command line gives it; `amount_fen` is above zero."""

    payer: str = field(repr=False)
    payee: str = field(repr=False)
    amount_fen: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is asked for the SIM's PIN, and for the number (5 to 15 digits) of the SIM with an IMSI; None: nobody."""

    sim_pin: Callable[[], Secret | None]
    number: Callable[[str], str | None]


class Conversation:
    """One phone at work, for one command. `wait_s` bounds all waiting together; time at a prompt does not count."""

    def __init__(self, phone: Phone, updates: "asyncio.Queue[Told]", language: Language, wait_s: float) -> None:
        self._phone = phone
        self._updates = updates
        self._language = language
        self._started = time.monotonic()
        self._deadline = self._started + wait_s
        self.say: Callable[[str], None] = lambda _: None  # what goes on, for a person
        self._said: set[Text] = set()

    # -- waiting ------------------------------------------------------------------------------------------

    def stop_waiting(self) -> None:
        """Take what was told so far, and wait for nothing more."""
        self._deadline = time.monotonic()

    async def _next(self) -> Update | Connection | None:
        """Return what the phone tells next, None when the time is over."""
        try:
            async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
                told = await self._updates.get()
        except TimeoutError:
            return None
        if isinstance(told, BaseException):
            raise told
        if isinstance(told, Connection):
            self._say_once(told.network_is_lost, Text.NETWORK_IS_LOST)
            self._say_once(told.storage_is_full, Text.STORAGE_IS_FULL)
        return told

    def _say_once(self, is_so: bool, text: Text) -> None:
        if is_so and text not in self._said:
            self._said.add(text)
            self.say(text.say(self._language))

    async def connect(self, person: Person) -> None:
        """Wait until the phone can send. Raises Unconnected; the person is asked what only a person can know."""
        while True:
            told = await self._next()
            if told is None:
                raise Unconnected(self._phone.connection.trouble or Trouble.NO_MODEM)
            if not isinstance(told, Connection) or told.trouble is Trouble.CONNECTING:
                continue
            if told.trouble is None:
                return
            await self._mend(told.trouble, told.numberless_imsi, person)

    async def _mend(self, trouble: Trouble, numberless_imsi: str | None, person: Person) -> None:
        """Ask the person for what is missing. Raises Unconnected if that is something else, or nobody tells it."""
        if trouble in _SIM_PIN_TROUBLES:
            pin = self.prompted(person.sim_pin)
            if pin is not None:
                await self._phone.give_sim_pin(pin)
                return
        elif trouble is Trouble.NUMBER_UNKNOWN and numberless_imsi is not None:
            if self._phone.connection.trouble is not trouble:
                return  # told while the person was typing, and mended since
            number = self.prompted(lambda: person.number(numberless_imsi))
            if number is not None:
                await self._phone.give_number(numberless_imsi, number)
                return
        raise Unconnected(trouble)

    def prompted(self, prompt: Callable[[], _Found]) -> _Found:
        """Ask the person in front of the terminal, and put the deadline off by as long as that takes."""
        began = time.monotonic()
        # While it waits for a person the loop stands still, and so would Ctrl-C, which asyncio handles in the loop.
        before = {number: signal.signal(number, _end_at_once) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return prompt()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._deadline += time.monotonic() - began

    async def _settled(self, transaction_id: bytes, *kinds: type[Update]) -> Update | None:
        """Return the update of one of `kinds` about a transaction; None when the time is over first."""
        while (told := await self._next()) is not None:
            if isinstance(told, OperatorSays) and told.transaction_id == transaction_id and OperatorSays not in kinds:
                self.say(say_code(Text.OPERATOR_SAYS, told.code, self._language))
            if isinstance(told, kinds) and getattr(told, "transaction_id", None) == transaction_id:
                return told
        return None

    # -- commands -----------------------------------------------------------------------------------------

    async def transfer(self, order: Order, confirm: Callable[[str], bool], pin: Callable[[], Secret]) -> Report:
        """Ask for the payee's name, have it confirmed, order the transfer, wait for its end."""
        transaction_id = await self._phone.inquire(order.payee)
        answer = await self._settled(transaction_id, PayeeNamed, Declined, OperatorSays, NoAnswer)
        if not isinstance(answer, PayeeNamed):
            await self._phone.forget(transaction_id)
            return await self._unsent(transaction_id, order, answer)
        name_last = answer.name_last
        if not self.prompted(lambda: confirm(name_last)):
            return await self._report(transaction_id, order, "declined", None, Text.NOT_CONFIRMED.say(self._language))
        secret = self.prompted(pin)
        ordering = self._phone.transfer(transaction_id, order.payer, order.payee, order.amount_fen, secret)
        return await self._follow(transaction_id, order, ordering)

    async def retry(self, request: StoredRequest) -> Report:
        """Send a transfer in doubt again and wait for its end; a settled one is only reported."""
        order = Order(request.order.payer, request.order.payee, request.order.amount_fen)
        return await self._follow(request.transaction_id, order, self._phone.retry(request.transaction_id))

    async def balance(self, account: str, pin: Secret) -> Report:
        """Ask for a balance."""
        transaction_id = await self._phone.balance(account, pin)
        answer = await self._settled(transaction_id, BalanceTold, Declined, OperatorSays, NoAnswer)
        requests = await self._phone.requests(transaction_id)
        if isinstance(answer, BalanceTold):
            told = format_yuan(answer.balance_fen)
            message = Text.BALANCE.say(self._language, account=account, balance=told)
            about: Mapping[str, object] = {"balance_fen": answer.balance_fen}
            return self._facts(requests, transaction_id, "done", requests[0].code, message, about)
        code = getattr(answer, "code", None)
        about = {"balance_fen": None}
        return self._facts(requests, transaction_id, "declined", code, self._failure(answer), about)

    # -- reports ------------------------------------------------------------------------------------------

    async def _follow(self, transaction_id: bytes, order: Order, ordering: Awaitable[None]) -> Report:
        """Order a transfer and wait for its end.

        Once it is stored it may be sent, now or at the next start. From then on every ending is a report: Ctrl-C and
        a failing disk end the waiting, not the doubt. What `ordering` raises goes on only if nothing was stored.
        """
        try:
            await _whole(ordering, self.stop_waiting)
        except Exception as error:
            if not await _whole(self._may_be_stored(transaction_id), self.stop_waiting):
                raise
            self._say_failure(error)
            self.stop_waiting()
        answer: Update | None = None
        try:
            answer = await self._settled(transaction_id, Done, Declined, Refused, AlreadyInDoubt)
            if isinstance(answer, AlreadyInDoubt):
                self.say(Text.ALREADY_IN_DOUBT.say(self._language))
                transaction_id, answer = answer.in_doubt_id, None
                answer = await self._settled(transaction_id, Done, Declined, Refused)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self._say_failure(error)
        return await _whole(self._end(transaction_id, order, answer), self.stop_waiting)

    async def _may_be_stored(self, transaction_id: bytes) -> bool:
        """Tell whether a transfer is in the store; a store that cannot tell may hold it."""
        try:
            requests = await self._phone.requests(transaction_id)
        except Exception:
            return True
        return any(request.kind is Kind.TRANSFER for request in requests)

    def _say_failure(self, error: Exception) -> None:
        """Say what ended the waiting for a transfer that was ordered."""
        if isinstance(error, NotConnected):
            self.say(text_for_command(error.trouble).say(self._language))
        elif isinstance(error, StoreUnusable):
            self.say(Text.STATE_UNUSABLE.say(self._language, reason=error))
        else:
            _log.error("waiting for a transfer ended with %s", type(error).__name__)

    async def _end(self, transaction_id: bytes, order: Order, answer: Update | None) -> Report:
        """Report the end of a transfer that was ordered; without an answer it is in doubt."""
        language = self._language
        if isinstance(answer, Done):
            done = Text.DONE.say(language) if answer.code == "00" else say_code(Text.DONE_DEFECT, answer.code, language)
            return await self._report(transaction_id, order, "done", answer.code, done)
        if isinstance(answer, Declined):
            message = say_code(Text.DECLINED, answer.code, language)
            return await self._report(transaction_id, order, "declined", answer.code, message)
        if isinstance(answer, Refused):
            in_doubt = any(request.is_open for request in await self._phone.requests(transaction_id))
            outcome = "in_doubt" if in_doubt else "declined"
            return await self._report(transaction_id, order, outcome, None, text_of(answer.refusal).say(language))
        message = Text.IN_DOUBT_COMMAND.say(language, id=transaction_id.hex())
        return await self._report(transaction_id, order, "in_doubt", None, message)

    async def _unsent(self, transaction_id: bytes, order: Order, answer: Update | None) -> Report:
        """Report that the payee's name was not told, so that no transfer was made."""
        message = Text.STATUS_UNSENT.say(self._language, reason=self._failure(answer))
        return await self._report(transaction_id, order, "declined", getattr(answer, "code", None), message)

    def _failure(self, answer: Update | None) -> str:
        if isinstance(answer, Declined):
            return say_code(Text.QUESTION_DECLINED, answer.code, self._language)
        if isinstance(answer, OperatorSays):
            return say_code(Text.OPERATOR_SAYS_QUESTION, answer.code, self._language)
        return Text.NO_ANSWER.say(self._language)

    async def _report(
        self, transaction_id: bytes, order: Order, outcome: str, code: str | None, message: str
    ) -> Report:
        try:
            requests = await self._phone.requests(transaction_id)
        except Exception as error:  # the outcome is known all the same, and must be told
            _log.error("the state cannot be read: %s", type(error).__name__)
            requests = []
        name_last = next((request.name_last for request in requests if request.name_last), None)
        about = {"payee_name_last": name_last, "amount_fen": order.amount_fen}
        return self._facts(requests, transaction_id, outcome, code, message, about)

    def _facts(
        self,
        requests: Sequence[StoredRequest],
        transaction_id: bytes,
        outcome: str,
        code: str | None,
        message: str,
        about: Mapping[str, object],
    ) -> Report:
        facts: dict[str, object] = {
            "transaction_id": transaction_id.hex(),
            "serial": next((request.serial for request in reversed(requests) if request.serial), None),
            "outcome": outcome,
            "code": code,
            "message": message,
            **about,
            "sms_sent": sum(request.sms_sent for request in requests) if requests else None,
            "sms_received": sum(request.sms_received for request in requests) if requests else None,
            "elapsed_s": round(time.monotonic() - self._started, 3),
        }
        return Report(outcome, message, facts)


@asynccontextmanager
async def conversing(
    open_phone: OpenPhone, language: Language, wait_s: float, person: Person
) -> AsyncIterator[Conversation]:
    """Open a phone, connect it, and close it at the end. Raises Unconnected, StoreUnusable."""
    updates: asyncio.Queue[Told] = asyncio.Queue()
    phone = open_phone(updates.put_nowait)
    running = asyncio.ensure_future(phone.run())
    running.add_done_callback(lambda task: None if task.cancelled() else _tell_end(task.exception(), updates))
    conversation = Conversation(phone, updates, language, wait_s)
    try:
        await conversation.connect(person)
        yield conversation
    finally:
        running.cancel()
        # Whole: a second Ctrl-C while the modem is let go of must not take the report away.
        await _whole(asyncio.gather(running, return_exceptions=True), conversation.stop_waiting)


async def _whole(work: Awaitable[_Found], interrupted: Callable[[], None]) -> _Found:
    """Wait for short work to its end; a cancellation meanwhile does not end it but calls `interrupted`."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            interrupted()
    return task.result()


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _tell_end(error: BaseException | None, updates: "asyncio.Queue[Told]") -> None:
    """A phone that stopped by itself ends the waiting too."""
    if error is not None:
        updates.put_nowait(error)


def transfers_in_doubt(requests: Sequence[StoredRequest]) -> list[StoredRequest]:
    """Return the transfers among open requests."""
    return [request for request in requests if request.kind is Kind.TRANSFER and request.state is not State.DROPPED]
