"""What the handset's session asks of its store. No PIN is ever in it: what is stored of one is sealed to the bank."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from wire.identity import Identity
from wire.secret import Secret
from wire.terminal import Kind


class State(Enum):
    """Where a request stands. WAITING and PAUSED are open; a transfer that is open is in doubt."""

    WAITING = "waiting"  # sent, and sent again by the clock
    PAUSED = "paused"  # sent often enough; only the customer sends it again
    DONE = "done"  # the bank sealed it
    DECLINED = "declined"  # the bank sealed it
    DROPPED = "dropped"  # a question that is no longer asked


@dataclass(frozen=True, slots=True)
class Order:
    """What a request is about: accounts as digits, amount in fen (0 where no money is asked to move)."""

    payee: str = field(default="", repr=False)
    payer: str = field(default="", repr=False)
    amount_fen: int = field(default=0, repr=False)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """One request of this handset, named by (transaction_id, kind).

    `message` is the exact bytes of every send, at most 120, and `reply_key` (16 bytes) opens their answer; both are
    empty once the request is settled. `sms_sent` counts sends that went out or may have; times are Unix seconds.
    """

    transaction_id: bytes
    kind: Kind
    identity: Identity = field(repr=False)
    order: Order = field(repr=False)
    message: bytes = field(repr=False)
    reply_key: Secret
    made_at: float
    state: State = State.WAITING
    sends: int = 0
    next_send_at: float = 0.0
    sms_sent: int = 0
    sms_received: int = 0
    code: str | None = None
    name_last: str | None = None
    rrn: str | None = None
    balance_fen: int | None = field(default=None, repr=False)
    serial: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (State.WAITING, State.PAUSED)


class HandsetStore(Protocol):
    """Where requests and notice keys are kept. What is done inside `transaction` becomes durable together."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit at its end, durably; take everything back if it ends with an exception."""

    def put_request(self, request: StoredRequest) -> None:
        """Add a request, or write over the one of the same id and kind."""

    def request(self, transaction_id: bytes, kind: Kind) -> StoredRequest | None:
        """Return one request, or None."""

    def open_requests(self) -> list[StoredRequest]:
        """Return what waits for an answer, oldest first."""

    def put_notice_key(self, key_id: bytes, key: Secret) -> None:
        """Keep a notice key (16 bytes) by the transaction id of its request; the oldest beyond a limit go."""

    def notice_key(self, key_id: bytes) -> Secret | None:
        """Return a notice key, or None."""

    def is_new_notice(self, notice_id: bytes) -> bool:
        """Remember a notice id (8 bytes); return False if it was remembered before."""
