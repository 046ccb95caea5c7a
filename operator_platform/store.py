"""What the operator remembers, and the interface of whatever remembers it. Never a key, PIN, account or amount.

A terminal message is kept as the handset sealed it, an ISO message as it was sealed for the bank.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from wire.identity import Identity
from wire.terminal import Kind


def shown_number(msisdn: str) -> str:
    """Return a phone number as a log may show it: its last four digits."""
    return f"…{msisdn[-4:]}"


class TransactionKey(NamedTuple):
    """One transaction: the number that the network names, and the 8-byte id that its handset made."""

    msisdn: str
    transaction_id: bytes

    def __str__(self) -> str:
        return f"{shown_number(self.msisdn)}/{self.transaction_id.hex()}"


class RequestKey(NamedTuple):
    """One request of a transaction; a repeat has the same key."""

    msisdn: str
    transaction_id: bytes
    kind: Kind

    @property
    def transaction(self) -> TransactionKey:
        return TransactionKey(self.msisdn, self.transaction_id)

    def __str__(self) -> str:
        return f"{self.kind.name.lower()} {self.transaction}"


class State(Enum):
    """How far a request is. FORGOTTEN is never stored: such a request is deleted, and a resend starts anew."""

    WAITING = "waiting"  # never sent to the bank
    SENT = "sent"  # `exchange` may have reached the bank
    REVERSING = "reversing"  # given up; only the answer to its reversal counts
    ANSWERED = "answered"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """One request. ISO messages are kept as they were sent, so that a repeat sends the same bytes."""

    key: RequestKey
    digest: bytes  # SHA-256 of the terminal message
    message: bytes  # the terminal message; empty once answered, since nothing needs it any more
    state: State
    arrived_at: float
    first_sent_at: float | None = None
    serial: str | None = None  # under which `exchange`, or the reversal, was last sealed
    exchange: bytes | None = None  # 0100 or 0200
    reversal: bytes | None = None  # 0420
    reversal_repeat: bytes | None = None  # 0421
    answer: bytes | None = None  # the terminal reply


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """Who opened a transaction, and the number that it keeps for life on the way to the bank (DE37)."""

    key: TransactionKey
    identity: Identity
    rrn: str
    opened_at: float
    serial: str | None = None  # the latest


@dataclass(frozen=True, slots=True)
class OutboxSms:
    """An SMS that the network has not accepted yet."""

    outbox_id: int
    msisdn: str
    text: str
    stored_at: float


class OperatorStore(Protocol):
    """Durable memory. Every method but `transaction` must run inside one; a crash undoes all of an unfinished one."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit on leaving, roll back on an exception. Raises StoreLocked on entering if others keep it locked."""

    def subscriber(self, msisdn: str) -> Identity | None: ...
    def subscribers(self) -> list[Identity]: ...
    def put_subscriber(self, identity: Identity) -> None:
        """Add a SIM, or change the IMSI of a number."""

    def transaction_of(self, key: TransactionKey) -> StoredTransaction | None: ...
    def put_transaction(self, transaction: StoredTransaction) -> None: ...

    def request(self, key: RequestKey) -> StoredRequest | None: ...
    def put_request(self, request: StoredRequest) -> None: ...
    def forget_request(self, key: RequestKey) -> None: ...
    def unanswered(self) -> list[StoredRequest]:
        """Return them in the order in which they arrived."""

    def reserve(self, counter: str, count: int) -> int:
        """Reserve `count` numbers for good and return the first of them; counters start at 1."""

    def add_sms(self, msisdn: str, text: str, now: float) -> int:
        """Put an SMS into the outbox and return its id, which is never used again."""

    def remove_sms(self, outbox_id: int) -> None: ...
    def outbox(self) -> list[OutboxSms]: ...

    def notice_seen(self, notice_id: bytes) -> bool: ...
    def add_notice(self, notice_id: bytes, now: float) -> None: ...

    def purge(self, before: float) -> None:
        """Forget answered requests, notices, and transactions without requests, from before a time."""
