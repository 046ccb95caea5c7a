"""What a control program can ask of a running emulator, sans-IO: a request in, a reply out, and lines to follow.

Requests and replies are JSON objects, one a line. A request names what to `do`:

    {"do": "status"}
    {"do": "faults"}
    {"do": "fault", "step": {"do": "drop-signal", "modem": "modem0", "for_s": 10}}
    {"do": "send", "sender": "YINXIN", "to": "modem0", "text": "hello", "flash": false, "report": true}
    {"do": "messages"}
    {"do": "follow", "modem": "modem0"}

A reply has `"ok": true` and what was asked for, or `"ok": false`, an `error` for people and a `code`. After `follow`,
lines with an `event` come: `at` (a line of a modem's dialogue, PINs masked), `message` (what the network did),
and `missed` with a `count`, for whoever does not read fast enough.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gsm import pdu
from gsm.pdu import Deliver, MessageClass, PduError
from modem_emulator import faults, records
from modem_emulator.emulator import Action, Emulator, NoSuchModem
from modem_emulator.equipment import Equipment
from modem_emulator.fate import Happened
from modem_emulator.faults import FAULTS
from modem_emulator.network import Network, Refused, Submission
from modem_emulator.numbers import InvalidNumber, canonical
from modem_emulator.outcome import Reports
from modem_emulator.records import InvalidRecord
from modem_emulator.store import Queued
from modem_emulator.traffic import Dialogue, Piece

# A text of 255 parts as JSON escapes is 10 kB; a step is much less.
REQUEST_OCTETS_MAX = 65_536
# What `messages` shows: the last minutes of a busy bench, and as much of the queue as anybody reads.
EVENTS_MAX = 200
QUEUE_SHOWN_MAX = 200
# Lines that wait for a follower who does not read; what comes beyond is counted and lost.
BACKLOG_LINES_MAX = 2_000

Table = dict[str, Any]


class BadRequest(Exception):
    """The request cannot be understood or done; `code` is for programs."""

    def __init__(self, code: str, error: str) -> None:
        super().__init__(error)
        self.code = code


@dataclass(frozen=True, slots=True)
class PortState:
    """A modem's port: what to open, and whether somebody has."""

    path: str
    is_open: bool


class Follower:
    """One who looks on: lines wait here until they are taken; `wake` is called when there are some."""

    def __init__(self, phones: Sequence[int], with_network: bool, wake: Callable[[], None]) -> None:
        self.phones = frozenset(phones)
        self.with_network = with_network
        self._wake = wake
        self._lines: deque[bytes] = deque()
        self._missed = 0

    def put(self, line: bytes) -> None:
        """Add a line, or count it as missed when too many wait."""
        if len(self._lines) >= BACKLOG_LINES_MAX:
            self._missed += 1
            return
        self._lines.append(line)
        self._wake()

    def take(self) -> list[bytes]:
        """All lines that wait, with the number of those that were missed behind them."""
        lines = list(self._lines)
        self._lines.clear()
        if self._missed:
            lines.append(_line({"event": "missed", "count": self._missed}))
            self._missed = 0
        return lines


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, what the emulator must do before, and who follows from now on."""

    line: bytes
    actions: Sequence[Action] = ()
    follower: Follower | None = None


@dataclass(slots=True)
class _Outcome:
    answer: Table
    actions: Sequence[Action] = ()
    follower: Follower | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Send:
    sender: str
    to: str
    text: str
    flash: bool = False
    report: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Follow:
    modem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nothing:
    """A request without keys of its own."""


class Control:
    """Requests about one emulator, and those who follow it. It sees octets as `server.OctetTap`."""

    def __init__(self, emulator: Emulator, ports: Callable[[], Sequence[PortState]]) -> None:
        self._emulator = emulator
        self._ports = ports
        self._events: deque[Happened] = deque(maxlen=EVENTS_MAX)
        self._counts: Counter[str] = Counter()
        self._followers: list[Follower] = []
        self._dialogues: dict[int, Dialogue] = {}
        self._reference = 0
        if emulator.has_centre:
            emulator.centre.on_event = self._happened

    @property
    def followed(self) -> bool:
        """Whether anybody looks on."""
        return bool(self._followers)

    def request(self, line: bytes, now_s: float, wake: Callable[[], None]) -> Reply:
        """Answer one line; never raises for what is in it. `wake` is called when a follower's lines wait."""
        try:
            outcome = self._do(_table(line), now_s, wake)
        except BadRequest as error:
            return Reply(_line({"ok": False, "code": error.code, "error": str(error)}))
        except NoSuchModem as error:
            return Reply(_line({"ok": False, "code": "no-such-modem", "error": str(error)}))
        except InvalidRecord as error:
            return Reply(_line({"ok": False, "code": "invalid", "error": str(error)}))
        return Reply(_line({"ok": True, **outcome.answer}), outcome.actions, outcome.follower)

    def leave(self, follower: Follower) -> None:
        """He looks on no longer."""
        if follower in self._followers:
            self._followers.remove(follower)
        if not self._followers:
            self._dialogues.clear()

    # ---- what goes by (server.OctetTap)

    def received(self, phone: int, data: bytes) -> None:
        """Octets came from a client."""
        self._tell(phone, self._dialogue(phone).tx(data))

    def wrote(self, phone: int, data: bytes) -> None:
        """Octets go to a client."""
        self._tell(phone, self._dialogue(phone).rx(data))

    def _dialogue(self, phone: int) -> Dialogue:
        return self._dialogues.setdefault(phone, Dialogue())

    def _tell(self, phone: int, pieces: Sequence[Piece]) -> None:
        for direction, text in pieces:
            line = _line({"event": "at", "modem": f"modem{phone}", "dir": direction, "text": text})
            for follower in self._followers:
                if phone in follower.phones:
                    follower.put(line)

    def _happened(self, event: Happened) -> None:
        self._events.append(event)
        self._counts[event.fate.value] += 1
        followers = [follower for follower in self._followers if follower.with_network]
        if followers:
            line = _line({"event": "message", **_shown_event(event)})
            for follower in followers:
                follower.put(line)

    # ---- requests

    def _do(self, table: Table, now_s: float, wake: Callable[[], None]) -> _Outcome:
        what = table.pop("do", None)
        match what:
            case "status":
                records.build(_Nothing, table, "status")
                return _Outcome(self._status(now_s))
            case "faults":
                records.build(_Nothing, table, "faults")
                return _Outcome({"faults": [_shown_fault(name) for name in sorted(FAULTS)]})
            case "messages":
                records.build(_Nothing, table, "messages")
                return _Outcome(self._messages())
            case "fault":
                return self._fault(table, now_s)
            case "send":
                return self._send(records.build(_Send, table, "send"), now_s)
            case "follow":
                return self._follow(records.build(_Follow, table, "follow"), wake)
            case _:
                known = "fault, faults, follow, messages, send, status"
                raise BadRequest("bad-request", f"do must be one of {known}, not {what!r}")

    def _status(self, now_s: float) -> Table:
        ports = self._ports()
        modems = [
            _shown_modem(f"modem{phone}", equipment, port)
            for phone, (equipment, port) in enumerate(zip(self._emulator.modems, ports, strict=True))
        ]
        if not self._emulator.has_centre:
            return {"modems": modems, "network": {"joined": self._emulator.joined}}
        esmes = [{"number": number, "bound": bound} for number, bound in self._emulator.esmes.items()]
        counters = {name: self._counts[name] for name in _COUNTED}
        return {
            "modems": modems,
            "network": {"queued": len(self._emulator.centre.queue), "esmes": esmes, "counters": counters},
        }

    def _messages(self) -> Table:
        queue = self._centre_here().queue
        return {
            "queued": len(queue),
            "queue": [_shown_message(message) for message in queue[:QUEUE_SHOWN_MAX]],
            "events": [_shown_event(event) for event in self._events],
        }

    def _fault(self, table: Table, now_s: float) -> _Outcome:
        step_table = table.pop("step", None)
        if table or not isinstance(step_table, dict):
            raise BadRequest("bad-request", "fault has one key: step, a table")
        step = faults.build(step_table, "fault")
        return _Outcome({}, self._emulator.arm(step, now_s))

    def _send(self, wanted: _Send, now_s: float) -> _Outcome:
        """A text from any number or name; each part is a message, the reply names the last."""
        self._centre_here()
        self._reference = (self._reference + 1) % 256
        destination = wanted.to
        with suppress(NoSuchModem):
            destination = self._emulator.modems[self._emulator.named(wanted.to or "nobody")[0]].sim.msisdn
        sender = wanted.sender
        with suppress(InvalidNumber):  # else it is a name
            sender = canonical(wanted.sender)
        reports = Reports.FINAL if wanted.report else Reports.NONE
        try:
            message_class = MessageClass.FLASH if wanted.flash else None
            parts = [
                Submission(sender, destination, part, reports=reports)
                for part in pdu.split(wanted.text, self._reference, message_class=message_class)
            ]
            identity, actions = self._emulator.esme_submits(parts, now_s)
        except (Refused, PduError) as error:
            raise BadRequest("refused", f"the network refuses the message: {error}") from error
        return _Outcome({"message": identity, "parts": len(parts)}, actions)

    def _centre_here(self) -> Network:
        if not self._emulator.has_centre:
            raise BadRequest("elsewhere", "the service centre is that of another process, which was joined; ask there")
        return self._emulator.centre

    def _follow(self, wanted: _Follow, wake: Callable[[], None]) -> _Outcome:
        phones = self._emulator.named(wanted.modem)
        follower = Follower(phones, with_network=not wanted.modem, wake=wake)
        self._followers.append(follower)
        return _Outcome({"modems": [f"modem{phone}" for phone in phones]}, follower=follower)


_COUNTED = ("accepted", "delivered", "lost", "doubled", "expired", "refused")


def _table(line: bytes) -> Table:
    try:
        table = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest("bad-request", "a request is one JSON object on a line") from error
    if not isinstance(table, dict):
        raise BadRequest("bad-request", "a request is one JSON object on a line")
    return table


def _line(table: Mapping[str, Any]) -> bytes:
    return json.dumps(table, ensure_ascii=True).encode() + b"\n"


def _shown_modem(name: str, equipment: Equipment, port: PortState) -> Table:
    storages = []
    for storage in equipment.profile.storage.slots:
        with suppress(InvalidRecord):
            slots = equipment.storage(storage)
            storages.append({"name": storage, "used": slots.used, "size": slots.size})
    return {
        "name": name,
        "port": port.path,
        "open": port.is_open,
        "imsi": equipment.sim.imsi,
        "msisdn": equipment.sim.msisdn,
        "profile": equipment.profile.name,
        "powered": equipment.powered,
        "registered": equipment.registered,
        "registration": equipment.registration,
        "signal": equipment.signal,
        "sim": "busy" if equipment.powered and equipment.sim_busy else equipment.sim.state.value,
        "storages": storages,
    }


def _shown_fault(name: str) -> Table:
    described = faults.describe(name)
    return {"name": name, "does": described.does, "keys": dict(described.keys)}


def _shown_event(event: Happened) -> Table:
    shown: Table = {
        "what": event.fate.value,
        "at_s": round(event.at_s, 3),
        "from": event.sender,
        "to": event.destination,
    }
    if event.message is not None:
        shown |= _shown_message(event.message)
    if event.reason:
        shown["reason"] = event.reason
    return shown


def _shown_message(message: Queued) -> Table:
    shown: Table = {"message": message.identity, "from": message.sender, "to": message.destination}
    if message.about:
        return {**shown, "reports": message.about}
    incoming = pdu.decode_incoming(message.tpdu)
    return {**shown, "text": incoming.text if isinstance(incoming, Deliver) else ""}
