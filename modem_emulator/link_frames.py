"""What the processes of one network say to each other: one JSON object a line over a TCP connection on loopback.

A member, whose phones use the centre of another process, begins with `Join`; the centre answers `Welcome` or `Refusal`.
Then the member tells which phones are there, hands in what they send (`Submit`, `Order`; answered by `Answer`), and
takes what comes for them (`Delivery`; answered by `Taken` or `NotTaken`, and `Taken` by `Settled`).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from gsm.pdu import PduError, UserData, encode_header, split_header
from modem_emulator.faults import FAULTS, DelayNext, DoubleNext, LoseNext, MessageFault, ReorderNext, name_of
from modem_emulator.network import Submission
from modem_emulator.outcome import Reports
from modem_emulator.records import InvalidRecord, build

VERSION = 1
# The longest frame is a Join with a thousand numbers of 16 characters.
FRAME_OCTETS_MAX = 32_768
MEMBER_NUMBERS_MAX = 1_000


class InvalidFrame(Exception):
    """The other side does not speak this protocol; says what was wrong."""


@dataclass(frozen=True, slots=True)
class Join:
    """A member's phones want to be subscribers. `member` is new with each run of its process."""

    version: int
    member: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Welcome:
    """They are. `centre` tells whose identities the messages have; it stays the same with the centre's state."""

    centre: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """They are not, or the member said what cannot be; the connection ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Attach:
    """A phone has registered, or has room again after it refused a message."""

    number: str


@dataclass(frozen=True, slots=True)
class Detach:
    """A phone has left."""

    number: str


@dataclass(frozen=True, slots=True)
class Arrange:
    """A fault for the next messages from or to a phone: its name and keys as in a scenario."""

    number: str
    do: str
    messages: int
    to: bool
    by_s: float = 0.0

    @classmethod
    def of(cls, number: str, fault: MessageFault) -> "Arrange":
        """The frame for a fault."""
        by_s = fault.by_s if isinstance(fault, DelayNext) else 0.0
        return cls(number, name_of(type(fault)), fault.messages, fault.to, by_s)

    def fault(self) -> MessageFault:
        """The fault in it. Raises InvalidFrame."""
        kind = FAULTS.get(self.do)
        if kind is DelayNext:
            return DelayNext(messages=self.messages, to=self.to, by_s=self.by_s)
        for known in (LoseNext, DoubleNext, ReorderNext):
            if kind is known:
                return known(messages=self.messages, to=self.to)
        raise InvalidFrame("arrange: no fault of messages")


@dataclass(frozen=True, slots=True)
class Submit:
    """A message from a phone. `ticket` counts what this run of the member hands in; below `settled` all are answered.

    `header` and `content` are user data in hexadecimal, header with its length octet.
    """

    ticket: int
    settled: int
    sender: str
    destination: str
    dcs: int
    header: str = field(repr=False)
    content: str = field(repr=False)
    reference: int
    reports: int
    protocol_id: int
    lifetime_s: float
    reply_path: bool
    reject_duplicates: bool

    @classmethod
    def of(cls, ticket: int, settled: int, submission: Submission) -> "Submit":
        """The frame for a submission by a phone."""
        data = submission.user_data
        return cls(
            ticket,
            settled,
            submission.sender,
            submission.destination,
            data.dcs,
            encode_header(data.udh).hex(),
            data.content.hex(),
            submission.reference,
            int(submission.reports),
            submission.protocol_id,
            submission.lifetime_s,
            submission.reply_path,
            submission.reject_duplicates,
        )

    def submission(self) -> Submission:
        """The submission in it. Raises InvalidFrame."""
        try:
            header, content = bytes.fromhex(self.header), bytes.fromhex(self.content)
            udh = split_header(header)[0] if header else ()
        except (ValueError, PduError) as error:
            raise InvalidFrame(f"submit: {error}") from error
        if self.reference not in range(256) or self.reports not in range(8):
            raise InvalidFrame("submit: a reference has 8 bits, and reports have 3")
        return Submission(
            sender=self.sender,
            destination=self.destination,
            user_data=UserData(content, self.dcs, udh),
            reference=self.reference,
            reports=Reports(self.reports),
            protocol_id=self.protocol_id,
            lifetime_s=self.lifetime_s,
            reply_path=self.reply_path,
            reject_duplicates=self.reject_duplicates,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """An SMS-COMMAND from a phone, its TPDU in hexadecimal; `ticket` and `settled` as in `Submit`."""

    ticket: int
    settled: int
    sender: str
    tpdu: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a ticket: taken (cause 0; tell the phone in `after_s`), or refused: what follows +CMS ERROR."""

    ticket: int
    identity: int = 0
    cause: int = 0
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message or report for a phone; may come again with the same identity until it is settled."""

    identity: int
    destination: str
    tpdu: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """The phone has it, and the member has stored that."""

    identity: int


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The phone could not take it; `cause` is RP-Cause."""

    identity: int
    cause: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The centre has stored that it was taken and will not deliver it again."""

    identity: int


@dataclass(frozen=True, slots=True)
class Ping:
    """The connection is alive."""


Frame = (
    Join
    | Welcome
    | Refusal
    | Attach
    | Detach
    | Arrange
    | Submit
    | Order
    | Answer
    | Delivery
    | Taken
    | NotTaken
    | Settled
    | Ping
)
_KINDS: Mapping[str, type[Any]] = {kind.__name__.lower(): kind for kind in get_args(Frame)}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_FIELDS = {kind: tuple(one.name for one in fields(kind)) for kind in _NAMES}


def encode(frame: Frame) -> bytes:
    """The frame as a line."""
    kind = type(frame)
    table = {"frame": _NAMES[kind]} | {name: getattr(frame, name) for name in _FIELDS[kind]}
    return json.dumps(table, separators=(",", ":")).encode() + b"\n"


class FrameReader:
    """Lines from octets in any pieces; at most one frame's length is kept."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, octets: bytes) -> list[Frame]:
        """The frames that are complete now. Raises InvalidFrame."""
        self._rest += octets
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        if any(len(line) > FRAME_OCTETS_MAX for line in [*lines, rest]):
            raise InvalidFrame(f"a frame has at most {FRAME_OCTETS_MAX} octets")
        return [_decode(bytes(line)) for line in lines]


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError("a number is finite")
    return float(number)


def _decode(line: bytes) -> Frame:
    try:
        table = json.loads(line, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise InvalidFrame("a frame is one JSON object") from error
    kind = _KINDS.get(str(table.pop("frame", ""))) if isinstance(table, dict) else None
    if kind is None:
        raise InvalidFrame("no such frame")
    try:
        frame: Frame = build(kind, table, "frame")
    except InvalidRecord as error:
        raise InvalidFrame(str(error)) from error
    return frame
