"""The messages that lie in a modem's memories: read, handed over, and deleted once they were taken.

A message is deleted only after whoever it is for has taken it (`gsm.inbox`); what nobody wants stays where it lies.
All of it runs on the dispatcher thread of `gsm.line`, one call at a time.
"""

import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf
from typing import Any

from gsm.errors import PduError
from gsm.inbox import Discard, Inbox, Location, ReceivedText, is_arrival_full, listed, space_in
from gsm.pdu import Deliver, StatusReport, decode_incoming, from_hex

# A full memory is read whole, what the program left there included, not more often than this.
FULL_READ_INTERVAL_S = 60.0
_NO_SUCH_MESSAGE_CODE = 321
# <stat> 1 to 4 of +CMGL in PDU mode (TS 27.005 clause 4.1).
_UNREAD, _ALL = 0, 4
_STORED = re.compile(r'\+C(?:MTI|DSI): *"?(\w+)"?, *(\d+)')

log = logging.getLogger("gsm.mailbox")


class LeaveOnSim(Exception):
    """Raised by a `received` that does not want a message, or not now: it stays on the SIM, and nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a mailbox gets at its modem.

    `ask` sends a command and gives the lines of its answer, the last of which may be an error; `alone` keeps others
    from the modem over several commands; `selected` is the memory that the latest +CPMS chose to be read.
    """

    ask: Callable[[str], Sequence[str]]
    alone: AbstractContextManager[Any]
    selected: Callable[[], str | None]


class Mailbox:
    """A modem's memories. `take_text` and `take_report` may raise LeaveOnSim, or anything: the message stays then.

    `tell_full` is told True when no message can arrive although all that lies there was offered, False when one can.
    """

    def __init__(
        self,
        access: Access,
        take_text: Callable[[ReceivedText], object],
        take_report: Callable[[StatusReport], object],
        tell_full: Callable[[bool], object],
    ) -> None:
        self._access = access
        self._take_text = take_text
        self._take_report = take_report
        self._tell_full = tell_full
        self._is_full = False
        self._left_count = 0
        self._inbox = Inbox()
        self._memories: Sequence[str] = ()
        self._read_whole_at_s: dict[str, float] = {}

    def reads(self, memories: Sequence[str]) -> None:
        """Read these from now on (`SM`, `ME`, ...); parts of messages that were read before lie there still."""
        self._memories = memories
        self._inbox.clear()

    def read_all(self) -> None:
        """Hand everything over that lies there, what was left before included."""
        self._inbox.clear()
        for memory in self._memories:
            self._read(memory, _ALL)
        self._look_for_room()

    def read_new(self) -> None:
        """Look for what was not told of. Of a full memory all is read: nothing new can come before room is made."""
        for memory in self._memories:
            with self._access.alone:
                answer = self._select(memory, anew=True)
            if is_arrival_full(answer) is False:
                self._note_full(False)
            space = space_in(answer)
            if space is None or 0 < space[0] < space[1]:
                self._read(memory, _UNREAD)
            elif space[0] and time.monotonic() - self._read_whole_at_s.get(memory, -inf) > FULL_READ_INTERVAL_S:
                self._read(memory, _ALL)
                self._look_for_room()

    def read_told(self, line: str) -> None:
        """Read the message that a +CMTI or +CDSI tells of; nothing for a line that names no place."""
        stored = _STORED.match(line)
        if stored is None:
            return
        left = self._left_count
        self._read_one(Location(stored.group(1), int(stored.group(2))))
        if self._left_count > left:
            self._look_for_room()

    def take(self, line: str, location: Location | None) -> None:
        """Take the PDU line of a received message in; `location` is None for one that the modem did not store."""
        try:
            message = decode_incoming(from_hex(line)[1])
        except PduError as error:
            # Left on the SIM for a person to look at: it may be somebody's message all the same.
            log.warning("an unreadable message (%s) at %s", error, location)
            return
        if isinstance(message, StatusReport):
            self._hand_over(lambda: self._take_report(message), [location] if location else [])
            return
        assert isinstance(message, Deliver)
        for action in self._inbox.add(message, location, time.monotonic()):
            match action:
                case ReceivedText():
                    self._hand_over(lambda text=action: self._take_text(text), action.locations)  # type: ignore[misc]
                case Discard(copy):
                    self._delete(copy)

    def _read(self, memory: str, status: int) -> None:
        with self._access.alone:
            self._select(memory)
            lines = self._access.ask(f"AT+CMGL={status}")
        if status == _ALL:
            self._read_whole_at_s[memory] = time.monotonic()
        for index, line in listed(lines):
            self.take(line, Location(memory, index))

    def _read_one(self, location: Location) -> None:
        with self._access.alone:
            self._select(location.memory)
            lines = self._access.ask(f"AT+CMGR={location.index}")
        if len(lines) >= 3 and lines[0].startswith("+CMGR:"):
            self.take(lines[1], location)
        elif lines[-1] not in ("OK", f"+CMS ERROR: {_NO_SUCH_MESSAGE_CODE}"):
            # It stays on the SIM and is read again with the next connection; OK and 321 say it was read already.
            log.warning("message %d could not be read: %s", location.index, lines[-1])

    def _hand_over(self, call: Callable[[], object], locations: Sequence[Location]) -> None:
        self._left_count += 1
        try:
            call()
        except LeaveOnSim as reason:
            log.info("a message stays on the SIM: %s", type(reason).__name__)
            return
        except Exception as error:
            log.error("the callback for a message raised %s; it stays on the SIM", type(error).__name__)
            return
        self._left_count -= 1
        for location in locations:
            self._delete(location)

    def _delete(self, location: Location) -> None:
        with self._access.alone:
            self._select(location.memory)
            result = self._access.ask(f"AT+CMGD={location.index}")[-1]
        if result != "OK":
            log.warning("message %d could not be deleted: %s", location.index, result)

    def _select(self, memory: str, *, anew: bool = False) -> Sequence[str]:
        """Read and delete in this memory from now on; gives what +CPMS answered, if it was asked."""
        if memory == self._access.selected() and not anew:
            return ()
        return self._access.ask(f'AT+CPMS="{memory}"')

    def _look_for_room(self) -> None:
        """After all was offered: see whether a message can arrive."""
        for memory in self._memories[:1]:
            with self._access.alone:
                is_full = is_arrival_full(self._select(memory, anew=True))
            if is_full is not None:
                self._note_full(is_full)

    def _note_full(self, is_full: bool) -> None:
        if is_full != self._is_full:
            self._is_full = is_full
            if is_full:
                log.warning("no message can arrive: the memory is full of what nobody here takes")
            self._tell_full(is_full)
