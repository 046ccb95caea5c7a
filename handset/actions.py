"""What the session tells its shell to do (actions), and what the customer is shown (updates).

All are frozen, and none holds a PIN or a key. Accounts and amounts are the customer's own: their `repr` hides them, so
that a log of updates tells nothing.
"""

from dataclasses import dataclass, field
from enum import Enum

from wire.terminal import Kind


class SendOutcome(Enum):
    """What became of one SMS. UNKNOWN: handed to the modem, which did not tell; the network may have it."""

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Refusal(Enum):
    """Why the handset itself does not do what it was asked; `handset.texts` has the sentence for each."""

    PAYEE_NOT_NAMED = "the payee's name was not told under this transaction id"
    ID_USED = "this transaction id belongs to a transfer with other content"
    UNKNOWN_ID = "no transfer of this transaction id was made here"
    OTHER_SIM = "the transfer was made with another SIM"


# -- updates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asking:
    """An inquiry or balance was sent, for the `sends`-th time; no answer yet. `last_send` tells of the one before."""

    transaction_id: bytes
    kind: Kind
    sends: int
    last_send: SendOutcome | None = None


@dataclass(frozen=True, slots=True)
class PayeeNamed:
    """The bank told the last character of the payee's name (Fig. 5 step 2)."""

    transaction_id: bytes
    name_last: str


@dataclass(frozen=True, slots=True)
class BalanceTold:
    """The bank told a balance, in fen."""

    transaction_id: bytes
    balance_fen: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """The bank sealed that the transfer was made. `serial`: 16 hex digits of the dynamic key, if the reply tells."""

    transaction_id: bytes
    code: str
    rrn: str | None
    balance_fen: int | None = field(repr=False)
    serial: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The bank sealed that it did not do what was asked."""

    transaction_id: bytes
    kind: Kind
    code: str
    serial: str | None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A transfer was sent `sends` times and the bank's answer is not here: it may or may not have been made.

    `next_send_at` is when the same bytes go out again (Unix seconds), None if only the customer can order it.
    """

    transaction_id: bytes
    sends: int
    next_send_at: float | None
    last_send: SendOutcome | None = None


@dataclass(frozen=True, slots=True)
class AlreadyInDoubt:
    """What was ordered under `transaction_id` is in doubt under `in_doubt_id`: that one goes on, no other is made."""

    transaction_id: bytes
    in_doubt_id: bytes


@dataclass(frozen=True, slots=True)
class OperatorSays:
    """A code without the bank's seal. It ends an inquiry or a balance; of a transfer it settles nothing."""

    transaction_id: bytes
    kind: Kind
    code: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """An inquiry or balance was given up. No money was asked to move."""

    transaction_id: bytes
    kind: Kind


@dataclass(frozen=True, slots=True)
class Refused:
    """The handset did not do it; nothing was sent."""

    transaction_id: bytes
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class NoticeArrived:
    """Money has arrived: amount and balance after it in fen, time in Unix seconds."""

    notice_id: bytes
    amount_fen: int = field(repr=False)
    balance_fen: int = field(repr=False)
    time_s: int


@dataclass(frozen=True, slots=True)
class OperatorWrites:
    """An ordinary SMS from the operator's number, at most 160 characters, control characters taken out."""

    text: str = field(repr=False)


Update = (
    Asking
    | PayeeNamed
    | BalanceTold
    | Done
    | Declined
    | InDoubt
    | AlreadyInDoubt
    | OperatorSays
    | NoAnswer
    | Refused
    | NoticeArrived
    | OperatorWrites
)

# -- actions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendText:
    """Send this SMS to the operator, then call `send_finished` with the same `send_id`."""

    send_id: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Show:
    """Show this to the customer."""

    update: Update


@dataclass(frozen=True, slots=True)
class Note:
    """Write this to the log; it holds no secret."""

    text: str


Action = SendText | Show | Note
