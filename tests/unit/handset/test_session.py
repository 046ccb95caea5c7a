"""The rules of handset/session.py, by number."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from handset.actions import (
    Action,
    AlreadyInDoubt,
    Asking,
    BalanceTold,
    Declined,
    Done,
    InDoubt,
    NoAnswer,
    NoticeArrived,
    OperatorSays,
    OperatorWrites,
    PayeeNamed,
    Refusal,
    Refused,
    SendOutcome,
    SendText,
    Show,
    Update,
)
from handset.session import HandsetSession, Policy
from handset.sqlite_store import SqliteStore
from handset.store import State
from tests.unit.handset.counterparty import (
    BALANCE_FEN,
    IMSI,
    MSISDN,
    NAME,
    OPERATOR,
    PAYEE,
    PAYER,
    PIN,
    SERIAL,
    Counterparty,
)
from wire.errors import BadDigits
from wire.identity import Identity
from wire.sealing import BankSeal, seal_reply
from wire.secret import Secret
from wire.terminal import Answer, Kind, Reply, Request, from_text, to_text

START = 1_790_000_000.0
AMOUNT_FEN = 1234
Wanted = TypeVar("Wanted")


class Rig:
    """A session on a file, its far end, and a clock. What it sends is kept; nothing is delivered by itself."""

    def __init__(self, folder: Path, policy: Policy | None = None) -> None:
        self.folder = folder
        self.policy = policy or Policy()
        self.counterparty = Counterparty()
        self.now = START
        self.sent: list[SendText] = []
        self.shown: list[Update] = []
        self._numbers = itertools.count(1)
        self.boot()

    def boot(self, identity: Identity | None = None) -> None:
        """Start on what the disk holds."""
        self.store = SqliteStore(self.folder, synchronous="OFF")
        self.session = HandsetSession(
            self.store,
            BankSeal(self.counterparty.public_key),
            identity or Identity(IMSI, MSISDN),
            OPERATOR,
            lambda size: next(self._numbers).to_bytes(size, "big"),
            self.policy,
        )
        self.perform(self.session.start(self.now))

    def crash(self, identity: Identity | None = None) -> None:
        self.store.close()
        self.sent.clear()
        self.shown.clear()
        self.boot(identity)

    def perform(self, actions: list[Action]) -> list[Action]:
        self.sent += [action for action in actions if isinstance(action, SendText)]
        self.shown += [action.update for action in actions if isinstance(action, Show)]
        return actions

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.perform(self.session.tick(self.now))

    def finish(self, outcome: SendOutcome = SendOutcome.SENT) -> SendText:
        """Let the modem finish the last send."""
        self.perform(self.session.send_finished(self.sent[-1].send_id, outcome, self.now))
        return self.sent[-1]

    def receive(self, text: str, sender: str = OPERATOR) -> None:
        self.perform(self.session.receive_text(sender, text, self.now))

    def exchange(self) -> None:
        """Finish the last send and deliver its answers."""
        for reply in self.counterparty.answer(self.finish().text):
            self.receive(reply)

    def inquire(self) -> bytes:
        self.perform(self.session.inquire(PAYEE, self.now))
        asking = self.shown[-1]
        assert isinstance(asking, Asking)
        return asking.transaction_id

    def name_payee(self) -> bytes:
        transaction_id = self.inquire()
        self.exchange()
        return transaction_id

    def transfer(self, transaction_id: bytes, amount_fen: int = AMOUNT_FEN, pin: str = PIN) -> None:
        self.perform(
            self.session.transfer(transaction_id, PAYER, PAYEE, amount_fen, Secret(pin.encode()), self.now),
        )

    def transfer_in_doubt(self) -> bytes:
        transaction_id = self.name_payee()
        self.transfer(transaction_id)
        self.finish()
        return transaction_id

    def last(self, kind: type[Wanted]) -> Wanted:
        found = [update for update in self.shown if isinstance(update, kind)]
        assert found, f"no {kind.__name__} among {self.shown}"
        return found[-1]

    def count(self, kind: type[Update]) -> int:
        return sum(isinstance(update, kind) for update in self.shown)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.store.close()


def test_a_transfer_with_name_check_costs_two_sms_up_and_two_down(rig: Rig) -> None:
    transaction_id = rig.name_payee()
    assert rig.last(PayeeNamed).name_last == NAME[-1]
    rig.transfer(transaction_id)
    rig.exchange()
    done = rig.last(Done)
    assert (done.code, done.rrn, done.balance_fen) == ("00", "000000000042", BALANCE_FEN - AMOUNT_FEN)
    assert done.serial == SERIAL
    assert len(rig.sent) == 2
    parts = rig.store.requests(transaction_id)
    assert [(part.kind, part.sms_sent, part.sms_received) for part in parts] == [
        (Kind.INQUIRY, 1, 1),
        (Kind.TRANSFER, 1, 1),
    ]
    assert all(len(action.text) <= 160 for action in rig.sent)
    (body,) = rig.counterparty.transfers
    assert (body.payer, body.payee, body.amount_fen) == (PAYER, PAYEE, AMOUNT_FEN)
    assert rig.session.next_wakeup() is None


def test_the_inquiry_registers_and_the_transfer_does_not(rig: Rig) -> None:
    rig.transfer_in_doubt()
    inquiry, transfer = (Request.decode(from_text(action.text)) for action in rig.sent)
    assert inquiry.identity == Identity(IMSI, MSISDN)
    assert transfer.identity is None
    assert inquiry.transaction_id == transfer.transaction_id


def test_a_balance_is_told(rig: Rig) -> None:
    rig.perform(rig.session.balance(PAYER, Secret(PIN.encode()), rig.now))
    rig.exchange()
    assert rig.last(BalanceTold).balance_fen == BALANCE_FEN


def test_what_is_no_account_or_pin_is_refused_and_nothing_is_stored(rig: Rig) -> None:
    with pytest.raises(BadDigits):
        rig.session.inquire("12", rig.now)
    with pytest.raises(BadDigits):
        rig.session.balance(PAYER, Secret(b"12"), rig.now)
    transaction_id = rig.name_payee()
    with pytest.raises(BadDigits):
        rig.transfer(transaction_id, pin="no")
    assert rig.store.request(transaction_id, Kind.TRANSFER) is None


# -- rule 1 ---------------------------------------------------------------------------------------------------


def test_id_bytes_and_reply_key_are_stored_when_the_send_is_ordered(rig: Rig) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id)
    stored = rig.store.request(transaction_id, Kind.TRANSFER)
    assert stored is not None
    assert to_text(stored.message) == rig.sent[-1].text
    assert len(stored.reply_key) == 16
    assert stored.sends == 1


def test_a_crash_before_the_first_send_sends_the_stored_bytes(rig: Rig) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id)
    text = rig.sent[-1].text
    rig.now += 20
    rig.crash()
    assert [action.text for action in rig.sent] == [text]
    rig.exchange()
    assert rig.last(Done).transaction_id == transaction_id


def test_the_pin_is_nowhere_in_the_state_folder(rig: Rig) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id, pin="824613")
    digits, packed = b"824613", bytes.fromhex("824613")
    for path in rig.folder.iterdir():
        content = path.read_bytes()
        assert digits not in content
        assert packed not in content


def test_bytes_and_reply_key_leave_the_store_when_the_request_is_settled(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    rig.exchange()
    settled = rig.store.request(transaction_id, Kind.TRANSFER)
    assert settled is not None
    assert (settled.message, len(settled.reply_key), settled.state) == (b"", 0, State.DONE)


# -- rule 2 ---------------------------------------------------------------------------------------------------


def test_resends_are_the_same_bytes_and_wait_twice_as_long_each_time_up_to_five_minutes(rig: Rig) -> None:
    rig.transfer_in_doubt()
    text = rig.sent[-1].text
    waits = []
    for _ in range(8):
        wakeup = rig.session.next_wakeup()
        assert wakeup is not None
        waits.append(wakeup - rig.now)
        sends = len(rig.sent)
        rig.wait(wakeup - rig.now - 0.5)
        assert len(rig.sent) == sends
        rig.wait(0.5)
        assert len(rig.sent) == sends + 1
        assert rig.finish().text == text
    assert waits == [20, 40, 80, 160, 300, 300, 300, 300]


def test_a_request_has_one_send_in_the_modem_at_a_time(rig: Rig) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id)
    rig.wait(100)
    rig.perform(rig.session.retry(transaction_id, rig.now))
    assert len(rig.sent) == 2
    assert rig.session.next_wakeup() is None
    rig.finish()
    assert rig.session.next_wakeup() == rig.now + 20


def test_the_wait_for_an_answer_starts_when_the_modem_has_sent(rig: Rig) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id)
    rig.now += 90
    rig.finish(SendOutcome.UNKNOWN)
    rig.wait(19)
    assert len(rig.sent) == 2
    rig.wait(1)
    assert len(rig.sent) == 3


def test_after_the_last_send_a_transfer_waits_in_doubt_for_the_customer(rig: Rig) -> None:
    rig.policy = Policy(sends_max=2)
    rig.crash()
    transaction_id = rig.transfer_in_doubt()
    rig.wait(20)
    rig.finish()
    rig.wait(40)
    assert rig.last(InDoubt) == InDoubt(transaction_id, sends=2, next_send_at=None)
    assert rig.session.next_wakeup() is None
    assert [doubt.transaction_id for doubt in rig.session.doubts()] == [transaction_id]
    rig.perform(rig.session.retry(transaction_id, rig.now))
    assert rig.sent[-1].text == rig.sent[-2].text
    rig.finish()
    rig.wait(300)
    assert rig.last(InDoubt) == InDoubt(transaction_id, sends=3, next_send_at=None)
    rig.perform(rig.session.retry(transaction_id, rig.now))
    rig.exchange()
    assert rig.last(Done).transaction_id == transaction_id


def test_a_transfer_can_be_sent_again_more_often_than_a_float_can_be_doubled(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    request = rig.store.request(transaction_id, Kind.TRANSFER)
    assert request is not None
    with rig.store.transaction():
        rig.store.put_request(replace(request, sends=5000))
    rig.perform(rig.session.retry(transaction_id, rig.now))
    rig.finish()
    assert rig.last(InDoubt) == InDoubt(transaction_id, sends=5001, next_send_at=rig.now + rig.policy.resend_max_s)


def test_a_retry_shows_when_the_phone_sends_next(rig: Rig) -> None:
    rig.policy = Policy(sends_max=1)
    rig.crash()
    transaction_id = rig.transfer_in_doubt()
    rig.wait(20)
    rig.perform(rig.session.retry(transaction_id, rig.now))
    assert rig.last(InDoubt).next_send_at == rig.now + 40
    stored = rig.store.request(transaction_id, Kind.TRANSFER)
    assert stored is not None
    assert stored.state is State.WAITING


def test_a_paused_transfer_takes_a_late_answer(rig: Rig) -> None:
    rig.policy = Policy(sends_max=1)
    rig.crash()
    rig.transfer_in_doubt()
    rig.wait(20)
    rig.crash()
    assert rig.sent == []
    for late in rig.counterparty.answer(to_text(rig.session.doubts()[0].message)):
        rig.receive(late)
    assert rig.count(Done) == 1


# -- rule 3 ---------------------------------------------------------------------------------------------------


def test_an_unsealed_code_settles_nothing_about_a_transfer(rig: Rig) -> None:
    rig.counterparty.unsealed[Kind.TRANSFER] = "91"
    transaction_id = rig.transfer_in_doubt()
    rig.exchange()
    assert rig.last(OperatorSays) == OperatorSays(transaction_id, Kind.TRANSFER, "91")
    assert len(rig.session.doubts()) == 1
    rig.wait(20)
    rig.exchange()
    assert rig.last(Done).transaction_id == transaction_id


@pytest.mark.parametrize("outcome", [SendOutcome.FAILED, SendOutcome.UNKNOWN])
def test_a_send_that_failed_or_is_unknown_leaves_the_transfer_in_doubt_and_is_repeated(
    rig: Rig, outcome: SendOutcome
) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id)
    text = rig.finish(outcome).text
    assert rig.last(InDoubt).last_send is outcome
    rig.wait(20)
    assert rig.sent[-1].text == text
    rig.exchange()
    assert rig.last(Done)
    stored = rig.store.request(transaction_id, Kind.TRANSFER)
    assert stored is not None
    assert stored.sms_sent == (1 if outcome is SendOutcome.FAILED else 2)


def test_a_sealed_refusal_is_the_outcome(rig: Rig) -> None:
    rig.counterparty.decline[Kind.TRANSFER] = "51"
    transaction_id = rig.transfer_in_doubt()
    rig.exchange()
    assert rig.last(Declined) == Declined(transaction_id, Kind.TRANSFER, "51", SERIAL)
    assert rig.session.doubts() == []


def test_a_reply_altered_on_its_way_settles_nothing(rig: Rig) -> None:
    rig.counterparty.decline[Kind.TRANSFER] = "51"
    rig.transfer_in_doubt()
    (reply,) = rig.counterparty.answer(rig.sent[-1].text)
    message = from_text(reply)
    for position in range(len(message)):
        altered = bytearray(message)
        altered[position] ^= 0x01
        rig.receive(to_text(bytes(altered)))
    assert rig.count(Declined) == rig.count(Done) == 0
    assert len(rig.session.doubts()) == 1


def test_the_answer_to_the_inquiry_is_no_answer_to_the_transfer(rig: Rig) -> None:
    rig.inquire()
    (named,) = rig.counterparty.answer(rig.finish().text)
    rig.receive(named)
    rig.transfer(rig.last(PayeeNamed).transaction_id)
    forged = bytearray(from_text(named))
    forged[9] = Request.decode(from_text(rig.sent[-1].text)).type_byte()
    rig.receive(to_text(bytes(forged)))
    assert rig.count(Done) == 0


def test_a_restart_in_doubt_stays_in_doubt_until_the_answer_comes(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    (reply,) = rig.counterparty.answer(rig.sent[-1].text)
    rig.crash()
    assert rig.last(InDoubt).transaction_id == transaction_id
    assert rig.sent == []
    rig.receive(reply)
    assert rig.last(Done).transaction_id == transaction_id


def test_a_clock_that_was_set_back_delays_the_next_send_by_five_minutes_at_most(rig: Rig) -> None:
    rig.transfer_in_doubt()
    rig.now = 0.0
    rig.crash()
    wakeup = rig.session.next_wakeup()
    assert wakeup is not None
    assert wakeup <= 300


# -- rule 4 ---------------------------------------------------------------------------------------------------


def test_an_unsealed_code_ends_an_inquiry(rig: Rig) -> None:
    rig.counterparty.unsealed[Kind.INQUIRY] = "97"
    transaction_id = rig.name_payee()
    assert rig.last(OperatorSays) == OperatorSays(transaction_id, Kind.INQUIRY, "97")
    assert rig.session.next_wakeup() is None


def test_an_unsealed_approval_is_ignored(rig: Rig) -> None:
    rig.counterparty.unsealed[Kind.INQUIRY] = "00"
    rig.name_payee()
    assert rig.count(OperatorSays) == 0
    assert rig.session.next_wakeup() is not None
    rig.wait(20)
    rig.exchange()
    assert rig.last(PayeeNamed)


def test_an_inquiry_without_an_answer_is_given_up(rig: Rig) -> None:
    rig.policy = Policy(sends_max=2)
    rig.crash()
    transaction_id = rig.inquire()
    rig.finish()
    rig.wait(20)
    rig.finish()
    rig.wait(40)
    assert rig.last(NoAnswer) == NoAnswer(transaction_id, Kind.INQUIRY)
    assert rig.session.next_wakeup() is None


def test_a_restart_drops_questions(rig: Rig) -> None:
    rig.inquire()
    (late,) = rig.counterparty.answer(rig.sent[-1].text)
    rig.crash()
    rig.wait(1000)
    rig.receive(late)
    assert rig.sent == []
    assert rig.shown == []


def test_a_question_that_nobody_waits_for_is_not_asked_again(rig: Rig) -> None:
    transaction_id = rig.inquire()
    rig.finish()
    rig.perform(rig.session.forget(transaction_id, rig.now))
    rig.wait(1000)
    assert len(rig.sent) == 1


def test_a_transfer_in_doubt_cannot_be_forgotten(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    rig.perform(rig.session.forget(transaction_id, rig.now))
    assert len(rig.session.doubts()) == 1


def test_a_sealed_refusal_of_an_inquiry_is_shown(rig: Rig) -> None:
    rig.counterparty.decline[Kind.INQUIRY] = "14"
    transaction_id = rig.name_payee()
    assert rig.last(Declined) == Declined(transaction_id, Kind.INQUIRY, "14", SERIAL)


# -- rule 5 ---------------------------------------------------------------------------------------------------


def test_in_progress_settles_nothing(rig: Rig) -> None:
    rig.counterparty.decline[Kind.TRANSFER] = "09"
    rig.transfer_in_doubt()
    rig.exchange()
    assert rig.count(Declined) == 0
    assert len(rig.session.doubts()) == 1


@pytest.mark.parametrize("kind", [Kind.INQUIRY, Kind.BALANCE])
def test_an_approval_that_lacks_what_was_asked_for_is_ignored(rig: Rig, kind: Kind) -> None:
    if kind is Kind.INQUIRY:
        rig.inquire()
    else:
        rig.perform(rig.session.balance(PAYER, Secret(PIN.encode()), rig.now))
    (waiting,) = rig.store.open_requests()
    request = Request.decode(waiting.message)
    rig.receive(to_text(seal_reply(waiting.reply_key, request, Answer("00"), SERIAL, bytes(12)).encode()))
    assert rig.count(PayeeNamed) == rig.count(BalanceTold) == 0
    rig.exchange()
    assert rig.count(PayeeNamed) + rig.count(BalanceTold) == 1


# -- rules 6 and 7 --------------------------------------------------------------------------------------------


def test_a_transfer_needs_its_payee_named_under_the_same_id(rig: Rig) -> None:
    transaction_id = rig.inquire()
    rig.transfer(transaction_id)
    assert rig.last(Refused) == Refused(transaction_id, Refusal.PAYEE_NOT_NAMED)
    rig.exchange()
    rig.perform(rig.session.transfer(transaction_id, PAYER, "4600099999999999", 1, Secret(b"1234"), rig.now))
    assert rig.count(Refused) == 2
    rig.transfer(b"unknown!")
    assert rig.count(Refused) == 3
    assert len(rig.sent) == 1


def test_a_transfer_like_one_in_doubt_goes_on_under_the_same_id(rig: Rig) -> None:
    first = rig.transfer_in_doubt()
    text = rig.sent[-1].text
    second = rig.name_payee()
    rig.transfer(second)
    assert rig.last(AlreadyInDoubt) == AlreadyInDoubt(second, first)
    assert rig.sent[-1].text == text
    rig.exchange()
    assert rig.last(Done).transaction_id == first
    assert rig.store.request(second, Kind.TRANSFER) is None
    assert len(rig.counterparty.transfers) == 1


def test_a_transfer_of_another_amount_is_another_transfer(rig: Rig) -> None:
    rig.transfer_in_doubt()
    rig.transfer(rig.name_payee(), amount_fen=AMOUNT_FEN + 1)
    rig.exchange()
    assert [body.amount_fen for body in rig.counterparty.transfers] == [AMOUNT_FEN + 1]
    assert len(rig.session.doubts()) == 1


def test_the_same_transfer_again_under_its_id_is_answered_from_the_store(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    rig.exchange()
    done = rig.last(Done)
    rig.transfer(transaction_id)
    assert rig.shown[-1] == done
    assert len(rig.sent) == 2


def test_an_id_carries_one_transfer(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    rig.transfer(transaction_id, amount_fen=99)
    assert rig.last(Refused) == Refused(transaction_id, Refusal.ID_USED)
    assert len(rig.sent) == 2


@pytest.mark.parametrize(("outcome", "texts"), [(SendOutcome.SENT, 1), (SendOutcome.FAILED, 0)])
def test_a_send_whose_outcome_is_told_late_is_shown_and_counted_and_moves_nothing(
    rig: Rig, outcome: SendOutcome, texts: int
) -> None:
    transaction_id = rig.name_payee()
    rig.transfer(transaction_id)
    send_id = rig.session._last_send_id
    rig.finish(SendOutcome.UNKNOWN)
    wakeup = rig.session.next_wakeup()
    rig.perform(rig.session.send_settled(send_id, outcome, rig.now))
    assert rig.last(InDoubt).last_send is outcome
    assert rig.session.next_wakeup() == wakeup
    stored = rig.store.request(transaction_id, Kind.TRANSFER)
    assert stored is not None
    assert stored.sms_sent == texts
    assert rig.session.send_settled(send_id, SendOutcome.FAILED, rig.now) == []  # told twice


def test_the_same_transfer_can_be_made_again_once_the_first_is_settled(rig: Rig) -> None:
    rig.transfer_in_doubt()
    rig.exchange()
    rig.transfer(rig.name_payee())
    rig.exchange()
    assert len(rig.counterparty.transfers) == 2


def test_retry_of_an_unknown_id_is_refused(rig: Rig) -> None:
    rig.perform(rig.session.retry(b"unknown!", rig.now))
    assert rig.last(Refused) == Refused(b"unknown!", Refusal.UNKNOWN_ID)


# -- rule 8 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["+8613911112222", "95534", "Bank", ""])
def test_a_reply_from_another_number_is_ignored(rig: Rig, sender: str) -> None:
    rig.transfer_in_doubt()
    (reply,) = rig.counterparty.answer(rig.sent[-1].text)
    rig.shown.clear()
    rig.receive(reply, sender)
    rig.receive("Your account is locked, call us", sender)
    assert rig.shown == []


def test_the_operators_number_may_come_with_a_plus(rig: Rig) -> None:
    rig.inquire()
    (reply,) = rig.counterparty.answer(rig.sent[-1].text)
    rig.receive(reply, f"+{OPERATOR}")
    assert rig.last(PayeeNamed)


def test_a_doubled_reply_is_shown_once(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    (reply,) = rig.counterparty.answer(rig.sent[-1].text)
    for _ in range(3):
        rig.receive(reply)
    assert rig.count(Done) == 1
    stored = rig.store.request(transaction_id, Kind.TRANSFER)
    assert stored is not None
    assert stored.sms_received == 3


def test_a_reply_to_an_unknown_request_is_ignored(rig: Rig) -> None:
    rig.receive(to_text(Reply(b"unknown!", 0x23, "91", None, b"").encode()))
    assert rig.shown == []


@pytest.mark.parametrize("message", [b"", b"\x00", b"\x31" * 9, b"\xff" * 60, b"\x2a" * 120])
def test_a_malformed_message_from_the_operator_is_ignored(rig: Rig, message: bytes) -> None:
    rig.receive(to_text(message) or "    ")
    assert rig.count(Done) == rig.count(NoticeArrived) == 0


def test_an_ordinary_text_from_the_operator_is_shown_without_control_characters(rig: Rig) -> None:
    rig.receive("Money has arrived.\x1b[2J\r\n资金已到账 " + "x" * 300)
    text = rig.last(OperatorWrites).text
    assert text.startswith("Money has arrived.[2J 资金已到账 xx")
    assert len(text) == 160


# -- rule 9 ---------------------------------------------------------------------------------------------------


def test_a_notice_is_shown_once_even_across_a_restart(rig: Rig) -> None:
    rig.transfer_in_doubt()
    rig.exchange()
    notice = rig.counterparty.notice(500)
    rig.receive(notice)
    rig.receive(notice)
    assert rig.count(NoticeArrived) == 1
    assert rig.last(NoticeArrived).amount_fen == 500
    rig.crash()
    rig.receive(notice)
    assert rig.count(NoticeArrived) == 0
    rig.receive(rig.counterparty.notice(700, notice_id=b"notice 2"))
    assert rig.last(NoticeArrived).amount_fen == 700


def test_a_notice_may_overtake_the_answer(rig: Rig) -> None:
    rig.transfer_in_doubt()
    (reply,) = rig.counterparty.answer(rig.sent[-1].text)
    rig.receive(rig.counterparty.notice(500))
    assert rig.last(NoticeArrived).amount_fen == 500
    rig.receive(reply)
    assert rig.last(Done)


def test_a_forged_notice_is_ignored_and_does_not_silence_the_true_one(rig: Rig) -> None:
    rig.transfer_in_doubt()
    rig.exchange()
    notice = rig.counterparty.notice(500)
    forged = bytearray(from_text(notice))
    forged[-1] ^= 1
    rig.receive(to_text(bytes(forged)))
    assert rig.count(NoticeArrived) == 0
    rig.receive(notice)
    assert rig.count(NoticeArrived) == 1


# -- rule 10 --------------------------------------------------------------------------------------------------


def test_a_transfer_is_not_sent_from_another_sim(rig: Rig) -> None:
    transaction_id = rig.transfer_in_doubt()
    rig.now += 1000
    rig.crash(Identity("460000000000009", "8613900000009"))
    assert rig.last(Refused) == Refused(transaction_id, Refusal.OTHER_SIM)
    rig.perform(rig.session.retry(transaction_id, rig.now))
    rig.wait(1000)
    assert rig.sent == []
    assert len(rig.session.doubts()) == 1
    rig.crash()
    assert len(rig.sent) == 1


# -- restarts at every point ----------------------------------------------------------------------------------


class _Crash(Exception):
    pass


@contextmanager
def _crashing_before_write(rig: Rig, number: int) -> Iterator[None]:
    """Let the store fail at its `number`-th write, inside a transaction that is then taken back."""
    writes = itertools.count(1)
    true_write = rig.store.put_request

    def write(*arguments: object) -> None:
        if next(writes) == number:
            raise _Crash
        true_write(*arguments)  # type: ignore[arg-type]

    rig.store.put_request = write  # type: ignore[method-assign]
    yield


@pytest.mark.parametrize("write", range(1, 9))
@pytest.mark.parametrize("lost", ["nothing", "every first send", "every first reply"])
def test_wherever_it_crashes_a_transfer_happens_once_and_is_settled(rig: Rig, write: int, lost: str) -> None:
    """Run a transfer to its end, crash at the n-th write of the store, go on from the disk, end settled."""
    with _crashing_before_write(rig, write):
        try:
            _run_to_the_end(rig, lost)
        except _Crash:
            rig.crash()
            _run_to_the_end(rig, lost)
    doubts = rig.session.doubts()
    assert doubts == []
    assert len(rig.counterparty.transfers) == 1


def _run_to_the_end(rig: Rig, lost: str) -> None:
    if not rig.session.doubts() and not rig.counterparty.transfers:
        with rig.store.transaction():
            rig.inquire()
        _deliver(rig, lost)
        with rig.store.transaction():
            rig.transfer(rig.last(PayeeNamed).transaction_id)
    _deliver(rig, lost)
    assert rig.session.doubts() == []


def _deliver(rig: Rig, lost: str) -> None:
    """Pass sends and replies until nothing waits, losing the first of each kind."""
    losses = 1
    for _ in range(10):
        while rig.sent:
            action = rig.sent.pop(0)
            replies = [] if lost == "every first send" and losses else rig.counterparty.answer(action.text)
            with rig.store.transaction():
                rig.perform(rig.session.send_finished(action.send_id, SendOutcome.SENT, rig.now))
            for reply in replies:
                if lost == "every first reply" and losses:
                    break
                with rig.store.transaction():
                    rig.receive(reply)
            losses = 0
        wakeup = rig.session.next_wakeup()
        if wakeup is None:
            return
        rig.now = wakeup
        with rig.store.transaction():
            rig.wait(0)
