"""Operator and bank in one small object, for tests and the screenshot: true messages, true keys, no network.

It opens what the handset sealed with the bank's terminal key and seals its answers under the reply key, so nothing
here would work with a handset that sealed wrongly. What it does not have is everything that the real ones are tested
for elsewhere: dynamic keys, a ledger, storage.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from handset.actions import SendOutcome
from handset.bearer import BearerEvent, Ready, Received, Signal
from wire.sealing import notice_key, open_request, seal_notice, seal_reply, terminal_public_key
from wire.secret import Secret
from wire.terminal import (
    Answer,
    BalanceBody,
    InquiryBody,
    Kind,
    NoticeBody,
    Reply,
    Request,
    TransferBody,
    from_text,
    to_text,
)

OPERATOR = "95533"
IMSI = "460000000000001"
MSISDN = "8613900000001"
PAYER = "4600010000000001"
PAYEE = "4600020000000002"
PIN = "135790"
NAME = "李小梅"
SERIAL = "0001000100000007"
BALANCE_FEN = 1_234_500


@dataclass
class Counterparty:
    """Answers request texts with reply texts. `decline` and `unsealed` name a code for the next answer to a kind."""

    terminal_key: Secret = field(default_factory=lambda: Secret(bytes(range(1, 33))))
    balance_fen: int = BALANCE_FEN
    decline: dict[Kind, str] = field(default_factory=dict)
    unsealed: dict[Kind, str] = field(default_factory=dict)
    silent: set[Kind] = field(default_factory=set)
    when_transferred: Callable[[], object] = lambda: None
    requests: list[Request] = field(default_factory=list)
    transfers: list[TransferBody] = field(default_factory=list)
    _answers: dict[tuple[bytes, Kind], tuple[Request, str]] = field(default_factory=dict)
    _notice: tuple[bytes, Secret] | None = None
    _nonces: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def public_key(self) -> bytes:
        return terminal_public_key(self.terminal_key)

    def answer(self, text: str) -> list[str]:
        """Return the reply texts to one request text; a repeat gets the stored answer."""
        request = Request.decode(from_text(text))
        self.requests.append(request)
        key = (request.transaction_id, request.kind)
        if request.kind in self.unsealed:
            code = self.unsealed.pop(request.kind)
            return [to_text(Reply(request.transaction_id, request.type_byte(), code, None, b"").encode())]
        if key in self._answers:
            first, stored = self._answers[key]
            assert first == request, "a repeat must be the same bytes"
        else:
            stored = to_text(self._carry_out(request).encode())
            self._answers[key] = (request, stored)
        return [] if request.kind in self.silent else [stored]

    def notice(self, amount_fen: int, notice_id: bytes = b"notice 1") -> str:
        """Return the text of a notice under the key of the last request with a PIN."""
        assert self._notice is not None
        key_id, key = self._notice
        body = NoticeBody(amount_fen, self.balance_fen + amount_fen, 1_790_000_000)
        return to_text(seal_notice(key, notice_id, key_id, body, self._nonce()).encode())

    def _carry_out(self, request: Request) -> Reply:
        plaintext = open_request(self.terminal_key, request)
        code = self.decline.pop(request.kind, "00")
        body: InquiryBody | TransferBody | BalanceBody
        if request.kind is Kind.INQUIRY:
            body = InquiryBody.decode(plaintext)
            answer = Answer("00", name_last=NAME[-1])
        elif request.kind is Kind.TRANSFER:
            body = TransferBody.decode(plaintext)
            code = code if body.pin.reveal().decode() == PIN or code != "00" else "55"
            if code == "00":
                self.transfers.append(body)
                self.when_transferred()
                self.balance_fen -= body.amount_fen
            answer = Answer("00", rrn="000000000042", balance_fen=self.balance_fen)
        else:
            body = BalanceBody.decode(plaintext)
            answer = Answer("00", balance_fen=self.balance_fen)
        if request.kind is not Kind.INQUIRY:
            self._notice = (request.transaction_id, notice_key(body.reply_key))
        return seal_reply(body.reply_key, request, answer if code == "00" else Answer(code), SERIAL, self._nonce())

    def _nonce(self) -> bytes:
        return next(self._nonces).to_bytes(12, "big")


class ScriptedBearer:
    """A bearer whose far end is a Counterparty, at once and without a modem."""

    def __init__(self, counterparty: Counterparty | None = None, msisdn: str | None = MSISDN) -> None:
        self.counterparty = counterparty or Counterparty()
        self.outcomes: list[SendOutcome] = []  # of the next sends; SENT when empty
        self.sent: list[str] = []
        self.closed = False
        self.sim_pins: list[Secret] = []
        self._events: asyncio.Queue[BearerEvent] = asyncio.Queue()
        self._last: BearerEvent | None = None
        self.left: list[BearerEvent] = []
        self.tell(Ready(IMSI, msisdn))
        self.tell(Signal(71))

    def tell(self, event: BearerEvent) -> None:
        """Let something happen: a text, a lost modem."""
        self._events.put_nowait(event)

    async def send(self, number: str, text: str) -> SendOutcome:
        assert number == OPERATOR
        outcome = self.outcomes.pop(0) if self.outcomes else SendOutcome.SENT
        if outcome is not SendOutcome.FAILED:
            self.sent.append(text)
            for reply in self.counterparty.answer(text):
                self.tell(Received(OPERATOR, reply))
        return outcome

    async def next_event(self) -> BearerEvent:
        self._last = await self._events.get()
        return self._last

    def leave_text(self) -> None:
        assert self._last is not None
        self.left.append(self._last)

    def offer_left_texts(self) -> None:
        while self.left:
            self.tell(self.left.pop(0))

    async def give_sim_pin(self, pin: Secret) -> None:
        self.sim_pins.append(pin)

    async def close(self) -> None:
        self.closed = True
