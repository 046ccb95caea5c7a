"""The SMPP 3.4 port of the service centre, on loopback, with the `smpp34` library.

Facts about smpp34 1.5, measured: `start` on port 0 works but does not tell the port; it does not show the
password of a bind, so only the system id is checked; a submit_sm comes without its validity_period,
schedule_delivery_time, priority and replace_if_present flags; query_sm, cancel_sm, replace_sm, submit_sm_multi and
data_sm are answered by the library with an error (67, 11, 13, 8 and 8) and never shown; `deliver_sm` waits for ever
when the client stops without closing its socket, raises SmppError when the session is gone, and panics (an unnamed
Exception) on text of more than 254 octets; `Unbound` comes at once when the socket closes.
"""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import smpp34
from smpp34 import _smpp34  # the constants are typed there only

from gsm.pdu import PduError
from modem_emulator import short_message
from modem_emulator.network import LIFETIME_S, Congested, Refused, Submission, UnknownNumber
from modem_emulator.numbers import canonical, type_of_number
from modem_emulator.store import Queued

HOST = "127.0.0.1"
# An ESME on loopback answers in milliseconds; one that is silent for so long has died with its socket open.
ANSWER_S_MAX = 10.0
# Finding a free port and taking it are two steps; another process may come between, rarely twice.
PORT_TRIES_MAX = 5
# smpp34's native threads touch the interpreter once more after a cancelled `next()`; where it has ended by then the
# process aborts (measured: 5 of 150 ends without a pause, none of 300 with 0.02 s, on two busy cores).
SETTLE_S = 0.1
_NPI_ISDN = 1

_log = logging.getLogger(__name__)


class PortTaken(Exception):
    """Nothing can listen on this port."""


class Switchboard(Protocol):
    """What the SMPP port asks of the network behind it; each call is durable when it returns."""

    def esme_submits(self, parts: Sequence[Submission]) -> int:
        """Take the parts of a message over, return the identity of the last. Raises Refused."""

    def esme_bound(self, number: str) -> None:
        """Deliveries for this number may begin."""

    def esme_gone(self, number: str) -> None:
        """Deliveries for this number must be kept."""

    def esme_took(self, identity: int) -> None:
        """A delivery was answered with success."""

    def esme_refused(self, identity: int) -> None:
        """A delivery was not."""

    def failed(self, error: Exception) -> None:
        """Deliveries cannot go on."""


class Smsc:
    """Binds, submissions and deliveries of ESMEs; `numbers` maps short number to system id, `names` a name that may
    stand in place of a number (at most 11 characters) to that short number."""

    def __init__(self, numbers: Mapping[str, str], names: Mapping[str, str] | None = None) -> None:
        self._names = {name: canonical(number) for name, number in (names or {}).items()}
        self._numbers: dict[str, list[str]] = {}
        for number, system_id in numbers.items():
            self._numbers.setdefault(system_id, []).append(canonical(number))
        self._owners = {canonical(number): system_id for number, system_id in numbers.items()}
        self._server: smpp34.Server | None = None
        self._sessions: dict[str, smpp34.Esme] = {}
        self._outboxes: dict[str, asyncio.Queue[Queued]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._references: Counter[str] = Counter()  # of the last message_payload that was cut, by system id

    async def start(self, port: int) -> int:
        """Listen on loopback and return the port, a free one for 0. Raises PortTaken."""
        tries = 1 if port else PORT_TRIES_MAX
        for attempt in range(1, tries + 1):
            chosen = _free_port(port)
            server = smpp34.Server(HOST, chosen, system_id="yinxin")
            try:
                await server.start()
                self._server = server
                return chosen
            except smpp34.SmppError as error:
                if attempt == tries:
                    raise PortTaken(f"SMPP cannot listen on {HOST}:{chosen}: {error}") from error
        raise AssertionError("the last attempt returns or raises")

    async def run(self, switchboard: Switchboard) -> None:
        """Serve until cancelled; deliveries stop then, and nothing unanswered is lost."""
        server = self._server
        assert server is not None, "started before it is run"
        try:
            while True:
                match await server.next():
                    case smpp34.Esme() as session:
                        self._bound(session, switchboard)
                    case smpp34.SubmitSmEvent() as event:
                        self._submitted(event, switchboard)
                    case smpp34.Unbound() as ended:
                        self._unbound(ended.session_id, switchboard)
        finally:
            for task in [*self._senders.values(), *self._farewells]:
                task.cancel()

    async def stop(self) -> None:
        """End all sessions and stop listening; nothing if that was not begun."""
        if self._server is not None:
            await self._server.stop()
            await asyncio.sleep(SETTLE_S)
            self._server = None

    def deliver(self, number: str, message: Queued) -> None:
        """Send to the ESME that has this number; what it says goes to the switchboard."""
        outbox = self._outboxes.get(self._owners[number])
        if outbox is not None:
            outbox.put_nowait(message)

    # ---- sessions

    def _bound(self, session: smpp34.Esme, switchboard: Switchboard) -> None:
        if session.system_id not in self._numbers:
            _log.warning("bind by unknown system id %r refused", session.system_id)
            self._say_farewell(session)
            return
        _log.info("%s has bound (%s)", session.system_id, "receives" if session.can_receive else "sends only")
        self._sessions[session.session_id] = session
        if session.can_receive:
            self._deliver_through(session.system_id, session, switchboard)

    def _unbound(self, session_id: str, switchboard: Switchboard) -> None:
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        _log.info("%s has unbound", session.system_id)
        others = [
            other for other in self._sessions.values() if other.system_id == session.system_id and other.can_receive
        ]
        if session.can_receive:
            self._deliver_through(session.system_id, others[-1] if others else None, switchboard)

    def _deliver_through(self, system_id: str, session: smpp34.Esme | None, switchboard: Switchboard) -> None:
        """Deliver through this session from now on; what the one before left unanswered is offered again."""
        sender = self._senders.pop(system_id, None)
        if sender is not None:
            sender.cancel()
        self._outboxes.pop(system_id, None)
        for number in self._numbers[system_id]:
            switchboard.esme_gone(number)
        if session is None:
            return
        outbox: asyncio.Queue[Queued] = asyncio.Queue()
        self._outboxes[system_id] = outbox
        self._senders[system_id] = asyncio.create_task(self._send(session, outbox, switchboard))
        for number in self._numbers[system_id]:
            switchboard.esme_bound(number)

    def _say_farewell(self, session: smpp34.Esme) -> None:
        async def unbind() -> None:
            with contextlib.suppress(smpp34.SmppError, TimeoutError):
                await asyncio.wait_for(session.unbind(), ANSWER_S_MAX)

        task = asyncio.create_task(unbind())
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    # ---- messages

    def _submitted(self, event: smpp34.SubmitSmEvent, switchboard: Switchboard) -> None:
        session = self._sessions.get(event.session_id)
        numbers = self._numbers[session.system_id] if session else []
        source = event.source_addr or (numbers[0] if numbers else "")
        sender = self._names.get(source, source)
        if session is None or sender not in numbers:
            event.reject(_smpp34.ESME_RINVSRCADR)
            return
        try:
            parts = _submissions(event, sender, self._next_reference(session.system_id))
            if source != sender:
                parts = [replace(part, name=source) for part in parts]
            identity = switchboard.esme_submits(parts)
        except UnknownNumber:
            event.reject(_smpp34.ESME_RINVDSTADR)
        except Congested:
            event.reject(_smpp34.ESME_RMSGQFUL)
        except (Refused, PduError) as refused:
            _log.info("submit_sm from %s refused: %s", source, refused)
            event.reject(_smpp34.ESME_RINVMSGLEN)
        else:
            event.accept(str(identity))

    def _next_reference(self, system_id: str) -> int:
        self._references[system_id] += 1
        return self._references[system_id] % 256

    async def _send(self, session: smpp34.Esme, outbox: asyncio.Queue[Queued], switchboard: Switchboard) -> None:
        try:
            while True:
                message = await outbox.get()
                if await _answered_with_success(session, message):
                    switchboard.esme_took(message.identity)
                else:
                    switchboard.esme_refused(message.identity)
        except Exception as error:
            switchboard.failed(error)


async def _answered_with_success(session: smpp34.Esme, message: Queued) -> bool:
    fields = short_message.outgoing(message)
    tlvs = []
    if fields.receipted:
        tlvs = [
            smpp34.Tlv(_smpp34.TLV_RECEIPTED_MESSAGE_ID, fields.receipted.encode() + b"\0"),
            smpp34.Tlv(_smpp34.TLV_MESSAGE_STATE, bytes([fields.state])),
            smpp34.Tlv(_smpp34.TLV_NETWORK_ERROR_CODE, fields.error),
        ]
    try:
        response = await asyncio.wait_for(
            session.deliver_sm(
                message.destination.removeprefix("+"),
                fields.short_message,
                source_addr=fields.source.removeprefix("+"),
                source_addr_ton=type_of_number(fields.source),
                source_addr_npi=_NPI_ISDN,
                dest_addr_ton=type_of_number(message.destination),
                dest_addr_npi=_NPI_ISDN,
                esm_class=fields.esm_class,
                protocol_id=fields.protocol_id,
                data_coding=fields.data_coding,
                tlvs=tlvs,
            ),
            ANSWER_S_MAX,
        )
    except (smpp34.SmppError, TimeoutError) as error:
        _log.warning("message %d not taken by %s: %r", message.identity, session.system_id, error)
        return False
    if not response.is_success:
        _log.warning(
            "message %d refused by %s: status %d",
            message.identity,
            session.system_id,
            response.command_status,
        )
    return response.is_success


def _submissions(event: smpp34.SubmitSmEvent, sender: str, reference: int) -> list[Submission]:
    """The parts of what was submitted; reports are about the last. Raises PduError for what cannot be meant."""
    optional = {tlv.tag: tlv.value for tlv in event.tlvs}
    lifetime_s = short_message.read_lifetime_s(optional)
    international = event.dest_addr_ton == 1 and not event.destination_addr.startswith("+")
    parts = [
        Submission(
            sender=sender,
            destination="+" + event.destination_addr if international else event.destination_addr,
            user_data=user_data,
            protocol_id=event.protocol_id,
            lifetime_s=LIFETIME_S if lifetime_s is None else lifetime_s,
            reply_path=bool(event.esm_class & short_message.ESM_CLASS_REPLY_PATH),
        )
        for user_data in short_message.read_parts(
            event.short_message, event.esm_class, event.data_coding, optional, reference
        )
    ]
    parts[-1] = replace(parts[-1], reports=short_message.read_reports(event.registered_delivery))
    return parts


def _free_port(port: int) -> int:
    """The port if it is free, or a free one for 0. Raises PortTaken.

    smpp34 is not asked: a process that ends right after its `start` has failed crashes in the library's thread.
    """
    try:
        with socket.create_server((HOST, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise PortTaken(f"SMPP cannot listen on {HOST}:{port}: {error.strerror}") from error
