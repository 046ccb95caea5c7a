"""What must outlive the emulator: the service centre's queue and the SIMs' message slots.

`Store` is the wall; behind it stands memory (here) or a file (`sqlite_store`). Changes become durable at
`commit`, and nothing that depends on them may be told to anyone before.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from modem_emulator.outcome import Outcome, Reports


class Status(IntEnum):
    """<stat> of a message slot (TS 27.005 clause 3.1)."""

    RECEIVED_UNREAD = 0
    RECEIVED_READ = 1
    STORED_UNSENT = 2
    STORED_SENT = 3


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message slot of a SIM: status and TPDU (at most 164 octets; TS 51.011 clause 10.5.3, EF SMS)."""

    status: Status
    tpdu: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Queued:
    """One message or status report that the service centre keeps until its destination has it.

    `identity` counts from 1 and is never used twice; as decimal it is the SMPP message id. `tpdu` is the
    SMS-DELIVER or SMS-STATUS-REPORT that goes out. `sender` and `reference` (TP-MR, 0..255) say whom to tell
    when it has arrived; `about` is the identity of the message that a report is about, 0 for a message.
    Times are seconds since 1970.
    """

    identity: int
    destination: str
    tpdu: bytes = field(repr=False)
    sender: str
    reference: int
    reports: Reports
    submitted_s: float
    due_s: float
    expires_s: float
    about: int = 0
    protocol_id: int = 0


class Store(Protocol):
    """Where queue and slots are kept. Failing to write raises OSError or sqlite3.Error: nothing was kept."""

    def queued(self) -> list[Queued]:
        """All that is in the queue, by identity."""

    def last_identity(self) -> int:
        """The highest identity ever put, 0 if none."""

    def put(self, message: Queued) -> None:
        """Add to the queue, or change what is there."""

    def remove(self, identity: int) -> None:
        """Take out of the queue; nothing happens if it is not there."""

    def outcomes(self) -> list[Outcome]:
        """What became of messages, in the order in which it was put."""

    def put_outcome(self, outcome: Outcome) -> None:
        """Remember what became of a message."""

    def keep_outcomes(self, count: int) -> None:
        """Forget all but the last so many."""

    def notes(self, kind: str) -> dict[str, str]:
        """What else was noted of a kind, by key, in the order in which the keys were first put."""

    def put_note(self, kind: str, key: str, value: str) -> None:
        """Note something, over what the key had."""

    def remove_note(self, kind: str, key: str) -> None:
        """Forget a note; nothing happens if there is none."""

    def slots(self, imsi: str) -> dict[int, StoredMessage]:
        """Message slots of a SIM by index."""

    def put_slot(self, imsi: str, index: int, message: StoredMessage) -> None:
        """Write a slot, over what is there."""

    def remove_slot(self, imsi: str, index: int) -> None:
        """Empty a slot; nothing happens if it is empty."""

    def commit(self) -> None:
        """Make all changes so far durable, all or none."""

    def close(self) -> None:
        """Commit and let go."""


class MemoryStore:
    """A store that ends with the process: for tests, simulations, and `serve` without `--state`."""

    def __init__(self) -> None:
        self._queue: dict[int, Queued] = {}
        self._last_identity = 0
        self._slots: dict[str, dict[int, StoredMessage]] = {}
        self._outcomes: list[Outcome] = []
        self._notes: dict[str, dict[str, str]] = {}

    def queued(self) -> list[Queued]:
        return [self._queue[identity] for identity in sorted(self._queue)]

    def last_identity(self) -> int:
        return self._last_identity

    def put(self, message: Queued) -> None:
        self._queue[message.identity] = message
        self._last_identity = max(self._last_identity, message.identity)

    def remove(self, identity: int) -> None:
        self._queue.pop(identity, None)

    def outcomes(self) -> list[Outcome]:
        return list(self._outcomes)

    def put_outcome(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)

    def keep_outcomes(self, count: int) -> None:
        del self._outcomes[:-count]

    def notes(self, kind: str) -> dict[str, str]:
        return dict(self._notes.get(kind, {}))

    def put_note(self, kind: str, key: str, value: str) -> None:
        self._notes.setdefault(kind, {})[key] = value

    def remove_note(self, kind: str, key: str) -> None:
        self._notes.get(kind, {}).pop(key, None)

    def slots(self, imsi: str) -> dict[int, StoredMessage]:
        return dict(self._slots.get(imsi, {}))

    def put_slot(self, imsi: str, index: int, message: StoredMessage) -> None:
        self._slots.setdefault(imsi, {})[index] = message

    def remove_slot(self, imsi: str, index: int) -> None:
        self._slots.get(imsi, {}).pop(index, None)

    def commit(self) -> None:
        pass

    def close(self) -> None:
        pass
