"""What a session asks its shell to do, after the store's transaction is committed."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Send:
    """Send one ISO message, unframed, over a connection."""

    connection: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection that cannot go on; `reason` is for the log."""

    connection: int
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log, without secrets; `level` is a name of the logging module in lower case."""

    level: str
    text: str


Action: TypeAlias = Send | Close | Note
