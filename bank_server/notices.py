"""Notices to payees: a durable outbox, sealed for the handset and again for the operator that carries them (0620)."""

from dataclasses import dataclass

from bank_server.actions import Action, Note, Send
from bank_server.bank import Bank
from bank_server.codes import Code
from bank_server.errors import UnknownKey
from bank_server.outgoing import OutgoingMessages
from bank_server.store import Phone, QueuedNotice, Transfer
from wire import iso
from wire.blocks import NOTICE_ID_BYTES, PayeeNotice, answer_generation_of
from wire.errors import BadMac
from wire.iso import Message, block_text
from wire.sealing import seal_notice
from wire.secret import Secret
from wire.terminal import NoticeBody


def announce(bank: Bank, transfer: Transfer, payers_operator: str, now: float) -> None:
    """Put a notice for the payee into the outbox, if the payee's account is enrolled with a phone.

    It goes through the operator that brought the payee's last request, else through the payer's.
    """
    enrolment = bank.store.enrolment(transfer.credit)
    phone = bank.store.phone(enrolment.msisdn) if enrolment else None
    if phone is None:
        return
    notice_id = bank.random(NOTICE_ID_BYTES)
    queued = QueuedNotice(
        notice_id,
        transfer.id,
        phone.operator or payers_operator,
        phone.msisdn,
        _payload(bank, transfer, phone, notice_id, now),
        None,
        int(now),
    )
    assert bank.store.add_notice(queued)


def _payload(bank: Bank, transfer: Transfer, phone: Phone, notice_id: bytes, now: float) -> bytes:
    """Seal the notice for the handset; empty if it never gave the bank a notice key."""
    if phone.notice_key is None or phone.notice_key_id is None:
        return b""
    payee = bank.store.account(transfer.credit)
    assert payee is not None
    body = NoticeBody(transfer.amount_fen, payee.balance_fen, int(now))
    notice = seal_notice(Secret(phone.notice_key), notice_id, phone.notice_key_id, body, bank.nonce())
    return notice.encode()


@dataclass(frozen=True, slots=True)
class _Flight:
    key: tuple[str, str, str]
    generation: int  # of the work key that protects it, and authenticates its answer
    due: float


class NoticeDelivery:
    """Notices on their way to operators that are connected; each is repeated until it is answered."""

    def __init__(self, bank: Bank, outgoing: OutgoingMessages) -> None:
        self._bank = bank
        self._outgoing = outgoing
        self._flights: dict[str, dict[bytes, _Flight]] = {}

    def flush(self, operator: str, connection: int, now: float) -> list[Action]:
        """Send the oldest notices that wait for an operator, except those sent a moment ago."""
        if not self._bank.store.delivered_keys(operator).generation:
            return []  # it has no work key to open them with
        before = self._flights.get(operator, {})
        flights: dict[bytes, _Flight] = {}
        actions: list[Action] = []
        for notice in self._bank.store.notices(operator, self._bank.policy.notices_in_flight_max):
            flight = before.get(notice.id)
            if flight is None or now >= flight.due:
                try:
                    message = self._message(operator, notice, now)
                except UnknownKey as error:
                    return [*actions, Note("error", f"notices cannot be sent to operator {operator}: {error}")]
                due = now + self._bank.policy.repeat_s
                flight = _Flight(message.key, answer_generation_of(message.block), due)
                actions.append(Send(connection, iso.encode(message)))
            flights[notice.id] = flight
        self._flights[operator] = flights
        return actions

    def answered(self, operator: str, answer: Message, now: float) -> list[Action]:
        """Take a 0630. A refused notice is sealed and sent anew at its next turn."""
        flights = self._flights.get(operator, {})
        notice_id = next((sent for sent, flight in flights.items() if flight.key == answer.key), None)
        if notice_id is None:
            return [Note("debug", f"operator {operator} confirmed a notice that is not on its way")]
        if answer[39] == Code.DONE:
            try:
                self._bank.keys.check_answer(operator, flights[notice_id].generation, answer)
            except BadMac as error:
                return [Note("warning", f"confirmation of operator {operator} ignored: {error}")]
            except UnknownKey:  # sealed before the seeds were renewed: sealed anew, it is confirmed anew
                del flights[notice_id]
                self._bank.store.set_notice_request(notice_id, None)
                return []
            del flights[notice_id]
            self._bank.store.remove_notice(notice_id)
            return []
        self._bank.store.set_notice_request(notice_id, None)
        return [Note("warning", f"operator {operator} refused a notice with code {answer[39]}")]

    def gone(self, operator: str) -> None:
        """Forget what was sent over a connection that is closed: all of it is sent again over the next."""
        self._flights.pop(operator, None)

    def next_due(self) -> float | None:
        return min((flight.due for flights in self._flights.values() for flight in flights.values()), default=None)

    def _message(self, operator: str, notice: QueuedNotice, now: float) -> Message:
        """Return the stored message, or make and store it."""
        if notice.request is not None:
            return iso.decode(notice.request)
        generation = self._bank.store.delivered_keys(operator).generation
        block = self._bank.keys.notice_block(
            operator, generation, PayeeNotice(notice.id, notice.msisdn, notice.payload)
        )
        message = self._outgoing.message("0620", operator, now, {48: block_text(block)})
        self._bank.store.set_notice_request(notice.id, iso.encode(message))
        return message
