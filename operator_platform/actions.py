"""What the operator's session asks its shell to do. The shell commits the store first, then does them in order."""

from dataclasses import dataclass
from typing import Literal

from wire.blocks import OperatorControlKey, Seeds

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class SendBank:
    """Send one ISO 8583 message, not yet framed, to the bank. Without a connection it is dropped: it is stored."""

    message: bytes


@dataclass(frozen=True, slots=True)
class CloseBank:
    """Close the connection to the bank; the shell connects again."""

    reason: str


@dataclass(frozen=True, slots=True)
class SendSms:
    """Submit one SMS. With an outbox id, report `sms_accepted` or `sms_refused`; without one, nobody waits for it."""

    outbox_id: int | None
    msisdn: str
    text: str


@dataclass(frozen=True, slots=True)
class SaveSeeds:
    """Write the seed file; `previous` is kept beside it, None erases what was. Durable before the next action."""

    current: Seeds
    previous: Seeds | None


@dataclass(frozen=True, slots=True)
class SaveControlKey:
    """Write the control key file, in the same way."""

    current: OperatorControlKey
    previous: OperatorControlKey | None


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log: numbers, ids, codes and kinds, never a payload or a key."""

    level: Level
    text: str


Action = SendBank | CloseBank | SendSms | SaveSeeds | SaveControlKey | Note
