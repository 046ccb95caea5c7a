"""What the bank remembers: rows, and the interface that its rules have to the database."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

# The account that stands against all money brought in: opening balances are transfers out of it, so that debits
# equal credits from the first day on. Customers can neither pay it nor ask for its holder.
HOUSE_ACCOUNT = "000000"
HOUSE_FLOOR_FEN = -(10**15)  # ten thousand thousand million yuan; far inside BIGINT


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """One account with its sums in fen, after TigerBeetle's data model."""

    number: str
    holder: str
    floor_fen: int
    status: str  # "open", "closed" or "house"
    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    @property
    def balance_fen(self) -> int:
        return self.credits_posted - self.debits_posted

    @property
    def available_fen(self) -> int:
        """What may still leave the account."""
        return self.balance_fen - self.debits_pending - self.floor_fen

    @property
    def is_open(self) -> bool:
        """Whether customers may pay out of it and into it; the house account is not theirs."""
        return self.status == "open"


@dataclass(frozen=True, slots=True, repr=False)
class Transfer:
    """One immutable row of the journal. `id` is 16 bytes; see `bank_server.ledger` for kinds and phases."""

    id: bytes
    debit: str
    credit: str
    amount_fen: int
    made_s: int
    kind: str = "transfer"
    phase: str = "posted"
    reverses: bytes | None = None
    resolves: bytes | None = None
    rrn: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transfer that was asked for: its code and the sealed reply, kept for ever."""

    id: bytes
    transaction_id: bytes
    message_digest: bytes
    seal_digest: bytes
    code: str
    reply: bytes
    made_s: int


@dataclass(frozen=True, slots=True, repr=False)
class TerminalAnswer:
    """The answer to an inquiry or a balance."""

    msisdn: str
    transaction_id: bytes
    kind: int
    message_digest: bytes
    code: str
    reply: bytes
    made_s: int


@dataclass(frozen=True, slots=True)
class IsoKey:
    """On which repeats of ISO messages are told: DE7, DE11, DE32, and whether the message is a 0421."""

    de7: str
    de11: str
    de32: str
    repeated: int


@dataclass(frozen=True, slots=True)
class IsoAnswer:
    """A response that was sent, byte for byte, and the SHA-256 of the message that it answers."""

    key: IsoKey
    request_digest: bytes
    response: bytes
    made_s: int


@dataclass(frozen=True, slots=True, repr=False)
class OpenedTransaction:
    """What module 410 keeps of a registration, and how far its transaction has got."""

    serial: bytes
    operator: str
    epoch: int
    imsi: str
    msisdn: str
    ephemeral: bytes
    registered_s: int
    last_exchange: int = 0
    transaction_id: bytes | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Phone:
    """A number that accounts are enrolled with, and the SIM (IMSI) that it had then."""

    msisdn: str
    imsi: str
    quarantined: bool = False
    operator: str | None = None  # the operator that brought its last authentic request
    notice_key: bytes | None = None
    notice_key_id: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Enrolment:
    """An account's phone and PIN. An account has one phone; a phone may have several accounts."""

    account: str
    msisdn: str
    pin_salt: bytes
    pin_verifier: bytes
    pin_attempts: int = 0
    locked: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class QueuedNotice:
    """A notice in the outbox. `payload` is a terminal notice or empty; `request` the 0620 that was sent, if any."""

    id: bytes
    transfer_id: bytes
    operator: str
    msisdn: str
    payload: bytes
    request: bytes | None
    made_s: int


@dataclass(frozen=True, slots=True)
class DeliveredKeys:
    """Which seed generation and control key epoch an operator has confirmed, and when; 0 is none."""

    operator: str
    generation: int = 0
    generation_s: int = 0
    epoch: int = 0
    epoch_s: int = 0


class LedgerStore(Protocol):
    """The bank's database. Everything is called inside `transaction()`, which commits at its end, durably.

    `add_…` returns False, and changes nothing, where the row's key is there already.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Commit at the end, roll back on an exception. Raises UnusableState if another process keeps it locked."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Inside a transaction: undo what was done since, and only that, on an exception."""

    def close(self) -> None: ...

    # accounts and journal
    def account(self, number: str) -> Account | None: ...
    def accounts(self) -> list[Account]: ...
    def add_account(self, account: Account) -> bool: ...
    def set_account_status(self, number: str, status: str) -> None: ...
    def add_transfer(self, transfer: Transfer) -> bool: ...
    def add_to_sums(
        self,
        number: str,
        *,
        debits_posted: int = 0,
        credits_posted: int = 0,
        debits_pending: int = 0,
        credits_pending: int = 0,
    ) -> None: ...
    def transfer(self, transfer_id: bytes) -> Transfer | None: ...

    # answers
    def outcome(self, transfer_id: bytes) -> Outcome | None: ...
    def outcome_of_seal(self, seal_digest: bytes) -> Outcome | None: ...
    def add_outcome(self, outcome: Outcome) -> bool: ...
    def replace_outcome(self, outcome: Outcome) -> None: ...
    def terminal_answer(self, msisdn: str, transaction_id: bytes, kind: int) -> TerminalAnswer | None: ...
    def add_terminal_answer(self, answer: TerminalAnswer) -> bool: ...
    def iso_answer(self, key: IsoKey) -> IsoAnswer | None: ...
    def add_iso_answer(self, answer: IsoAnswer) -> bool: ...
    def purge_answers(self, iso_before_s: int, terminal_before_s: int) -> None: ...

    # transactions
    def opened_transaction(self, serial: bytes) -> OpenedTransaction | None: ...
    def add_opened_transaction(self, opened: OpenedTransaction) -> bool: ...
    def advance_transaction(self, serial: bytes, exchange: int, transaction_id: bytes, closed: bool) -> None: ...
    def opened_serials(self, operator: str, newest: int) -> tuple[int, list[bytes]]:
        """Return how many serials of an operator are registered, and the newest of them."""

    def purge_serials(self, operator: str, before_epoch: int) -> None:
        """Forget serials of epochs whose control key is erased; they can never be registered again."""

    # phones
    def phone(self, msisdn: str) -> Phone | None: ...
    def phones(self) -> list[Phone]: ...
    def add_phone(self, phone: Phone) -> bool: ...
    def set_phone_imsi(self, msisdn: str, imsi: str) -> None:
        """Release from quarantine with this IMSI and forget the notice key: it was the old handset's."""

    def quarantine(self, msisdn: str) -> None: ...
    def set_phone_operator(self, msisdn: str, operator: str) -> None: ...
    def set_notice_key(self, msisdn: str, key: bytes, key_id: bytes) -> None: ...
    def enrolment(self, account: str) -> Enrolment | None: ...
    def enrolments(self) -> list[Enrolment]: ...
    def put_enrolment(self, enrolment: Enrolment) -> None: ...
    def count_pin_attempt(self, account: str) -> int:
        """Count one more attempt and return how many there are now, this one included."""

    def clear_pin_attempts(self, account: str) -> None: ...
    def lock_pin(self, account: str) -> None: ...

    # limits
    def daily_transfers(self, account: str, day: int) -> tuple[int, int]:
        """Return fen and number of one account's transfers on a day."""

    def add_daily_transfers(self, account: str, day: int, amount_fen: int, transfers: int) -> None: ...
    def count_inquiry(self, msisdn: str, day: int) -> int:
        """Count one more inquiry and return how many there are now, this one included."""

    def purge_daily(self, before_day: int) -> None: ...

    # notices
    def add_notice(self, notice: QueuedNotice) -> bool: ...
    def notices(self, operator: str, count_max: int) -> list[QueuedNotice]:
        """Return the oldest notices that wait for an operator."""

    def set_notice_request(self, notice_id: bytes, request: bytes | None) -> None: ...
    def remove_notice(self, notice_id: bytes) -> None: ...
    def withdraw_notice(self, transfer_id: bytes) -> None: ...

    # keys
    def delivered_keys(self, operator: str) -> DeliveredKeys: ...
    def set_delivered_keys(self, delivered: DeliveredKeys) -> None: ...

    def verify(self) -> list[str]:
        """Return one sentence for each thing in the books that does not hold."""
