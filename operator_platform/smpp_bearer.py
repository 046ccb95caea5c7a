"""The operator as an ESME: SMS over SMPP 3.4 with the `smpp34` library, bound as transceiver under a short number.

What smpp34 1.5 does, measured: a session that the SMSC closes yields `Disconnected` within milliseconds, and a
submit_sm that hangs then raises SmppError; a submit_sm without answer raises the same after 30 s and leaves the
session "alive"; a refusal by status is returned, not raised. A client connects once, so that each attempt needs a new
one. `next()` never returns after `stop()`, and the SMSC learns of our going only by `unbind()`. deliver_sm is
acknowledged by the library before we see it. An interpreter that exits within milliseconds of a finished call can
crash in the library's threads, so that stopping ends with a short sleep.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import smpp34

from operator_platform.errors import SmsRefused
from wire.secret import Secret

_log = logging.getLogger(__name__)

# SMPP 3.4 clause 5.2.19, data_coding.
_DEFAULT_ALPHABET, _UCS2 = 0, 8
# Clause 5.2.12, esm_class: bits 5 to 2 name delivery receipts and acknowledgements; bit 6 says that a header follows.
_RECEIPT_MASK = 0x3C
_HEADER = 0x40
_TLV_MESSAGE_PAYLOAD = 0x0424
_TON_INTERNATIONAL, _NPI_ISDN = 1, 1

RECONNECT_S_MIN, RECONNECT_S_MAX = 0.5, 10.0
_CONNECT_MS = 10_000
# A submit_sm that took so long and then failed had no answer: the session is dead though nobody says so.
_SILENT_S = 20.0
# How long `Disconnected` may come after the SmppError of the same loss.
_LOSS_SHOWS_S = 0.2
_UNBIND_S = 2.0
# Native threads of smpp34 touch the interpreter once more after a cancelled `next()`; it must not have ended by then
# (measured at the server's side: aborts in 5 of 150 ends without a pause, in none of 300 with 0.02 s).
_SETTLE_S = 0.1
_THREADS_SETTLE_S = 0.1
# SMS that wait for the session: a burst of some seconds. More are dropped, their handsets repeat them.
_RECEIVED_MAX = 1000


class SmppBearer:
    """A `Bearer` over one SMSC. `short_number` is the number that customers write to, such as 95533."""

    def __init__(self, host: str, port: int, system_id: str, password: Secret, short_number: str) -> None:
        self._host = host
        self._port = port
        self._system_id = system_id
        self._password = password
        self._short_number = short_number
        self._received: asyncio.Queue[tuple[str, str]] = asyncio.Queue(_RECEIVED_MAX)
        self._session: smpp34.Smsc | None = None
        self._bound = asyncio.Event()
        self._silent = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_bound(), name="smpp")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await asyncio.sleep(_THREADS_SETTLE_S)

    async def connected(self) -> None:
        await self._bound.wait()

    async def received(self) -> AsyncIterator[tuple[str, str]]:
        while True:
            yield await self._received.get()

    # -- sending --------------------------------------------------------------------------------------------

    async def send(self, msisdn: str, text: str) -> None:
        while True:
            await self._bound.wait()
            session = self._session
            assert session is not None
            began = asyncio.get_running_loop().time()
            try:
                answer = await self._submit(session, msisdn, text)
            except smpp34.SmppError as error:
                if asyncio.get_running_loop().time() - began > _SILENT_S:
                    self._silent.set()
                await asyncio.sleep(_LOSS_SHOWS_S)
                if self._session is session and not self._silent.is_set():
                    # Neither lost nor silent: not seen yet, but trying on at once would spin.
                    raise SmsRefused(str(error)) from error
                continue  # the session is lost, and whether this SMS went out is unknown: again over the next
            if not answer.is_success:
                raise SmsRefused(f"SMPP status 0x{answer.command_status:08x}")
            return

    async def _submit(self, session: smpp34.Smsc, msisdn: str, text: str) -> smpp34.SubmitSmResp:
        # Base64 and our English sentence have the same codes in ASCII and in the GSM alphabet.
        coding, octets = (_DEFAULT_ALPHABET, text.encode()) if text.isascii() else (_UCS2, text.encode("utf-16-be"))
        return await session.submit_sm(
            msisdn,
            octets,
            source_addr=self._short_number,
            dest_addr_ton=_TON_INTERNATIONAL,
            dest_addr_npi=_NPI_ISDN,
            data_coding=coding,
        )

    # -- staying bound --------------------------------------------------------------------------------------

    async def _keep_bound(self) -> None:
        delay_s = RECONNECT_S_MIN
        said = False
        while True:
            client = smpp34.Client(
                self._host,
                self._port,
                self._system_id,
                self._password.reveal().decode(),
                bind_type="TRX",
                connect_timeout_ms=_CONNECT_MS,
            )
            try:
                session = await client.connect()
            except smpp34.SmppError as error:
                if not said:
                    _log.warning("no SMS centre at %s:%d yet (%s); trying on", self._host, self._port, error)
                    said = True
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RECONNECT_S_MAX)
                continue
            _log.info("bound to the SMS centre at %s:%d as %s", self._host, self._port, self._system_id)
            delay_s, said = RECONNECT_S_MIN, True
            await self._use(client, session)
            _log.warning("the SMS centre is gone; connecting again")
            await asyncio.sleep(delay_s)

    async def _use(self, client: smpp34.Client, session: smpp34.Smsc) -> None:
        """Receive until the session is lost."""
        self._session = session
        self._silent.clear()
        self._bound.set()
        tasks = [asyncio.create_task(self._receive(session)), asyncio.create_task(self._wait_for_silence())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._bound.clear()
            self._session = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await _part(client, session)

    async def _receive(self, session: smpp34.Smsc) -> None:
        while isinstance(event := await session.next(), smpp34.DeliverSmEvent):
            if event.esm_class & _RECEIPT_MASK:
                continue
            try:
                self._received.put_nowait((event.source_addr, _text_of(event)))
            except asyncio.QueueFull:
                _log.error("more SMS than the platform can take: one is dropped, its handset will repeat it")

    async def _wait_for_silence(self) -> None:
        await self._silent.wait()


async def _part(client: smpp34.Client, session: smpp34.Smsc) -> None:
    """Unbind and stop, whatever state the session is in."""
    with contextlib.suppress(smpp34.SmppError, TimeoutError):
        async with asyncio.timeout(_UNBIND_S):
            await session.unbind()
    with contextlib.suppress(smpp34.SmppError, TimeoutError):
        async with asyncio.timeout(_UNBIND_S):
            await client.stop()
    await asyncio.sleep(_SETTLE_S)


def _text_of(event: smpp34.DeliverSmEvent) -> str:
    """Return the text; what is no text of ours comes out as something that no request looks like."""
    octets = event.short_message
    if not octets:
        octets = next((tlv.value for tlv in event.tlvs if tlv.tag == _TLV_MESSAGE_PAYLOAD), b"")
    if event.esm_class & _HEADER and octets:
        octets = octets[1 + octets[0] :]  # user data header (3GPP TS 23.040 clause 9.2.3.24): length, then elements
    if event.data_coding == _UCS2:
        return octets.decode("utf-16-be", "replace")
    return octets.decode("latin-1")
