"""Step 6 of Fig. 5: done, not done with its code, or in doubt with what to do about it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from handset.actions import AlreadyInDoubt, Declined, Done, InDoubt, OperatorSays, Refused, Update
from handset.amounts import format_yuan
from handset.screens.base import PhoneScreen
from handset.store import Order
from handset.texts import Text, say_code, text_of, text_of_send


class ResultScreen(PhoneScreen):
    """Follows one transfer until the bank's answer is here; `r` sends it again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "retry", show=False)]

    def __init__(self, transaction_id: bytes, order: Order, standing: InDoubt | None = None) -> None:
        super().__init__()
        self._transaction_id = transaction_id
        self._order = order
        self._standing: Done | Declined | InDoubt | Refused | None = standing
        self._continued = False
        self._operator_code: str | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Static(id="details", markup=False)
        yield Static(id="result", markup=False)
        yield Static(id="message", markup=False)
        yield Static(id="facts", markup=False)

    def take(self, update: Update) -> bool:
        if getattr(update, "transaction_id", None) != self._transaction_id:
            return False
        if isinstance(update, AlreadyInDoubt):
            self._transaction_id, self._continued = update.in_doubt_id, True
        elif isinstance(update, OperatorSays):
            self._operator_code = update.code
        elif isinstance(update, Done | Declined | InDoubt | Refused):
            self._standing = update
        self.refresh_texts()
        return True

    @property
    def _open(self) -> bool:
        return self._standing is None or isinstance(self._standing, InDoubt)

    def render_texts(self) -> None:
        self.put("#heading", self.say(Text.STEP, number=6, title=self.say(Text.STEP_RESULT)))
        self.put("#keys", self.say(Text.KEYS_RESULT_DOUBT if self._open else Text.KEYS_RESULT))
        amount = self.say(Text.SUMMARY_AMOUNT, amount=format_yuan(self._order.amount_fen))
        payee = self.say(Text.RESULT_PAYEE, account=self._order.payee)
        payer = self.say(Text.SUMMARY_PAYER, account=self._order.payer)
        self.put("#details", "\n".join((amount, payee, payer)))
        result = self.query_one("#result")
        result.set_class(isinstance(self._standing, Done), "done")
        result.set_class(isinstance(self._standing, Declined | Refused), "declined")
        result.set_class(self._open, "doubt")
        self.put("#result", self._result())
        self.put("#message", "\n".join(self._remarks()))
        facts = [self.say(Text.TRANSACTION_ID, id=self._transaction_id.hex())]
        serial = self._standing.serial if isinstance(self._standing, Done | Declined) else None
        if serial is not None:
            facts.append(self.say(Text.SERIAL, serial=serial))
        self.put("#facts", "\n".join(facts))

    def _result(self) -> str:
        match self._standing:
            case Done() as done:
                lines = [
                    self.say(Text.DONE) if done.code == "00" else say_code(Text.DONE_DEFECT, done.code, self.language)
                ]
                if done.balance_fen is not None:
                    lines.append(self.say(Text.DONE_BALANCE, balance=format_yuan(done.balance_fen)))
                return "\n".join(lines)
            case Declined() as declined:
                return say_code(Text.DECLINED, declined.code, self.language)
            case Refused() as refused:
                return self.say(text_of(refused.refusal))
            case InDoubt() as doubt if doubt.sends > 1 or doubt.next_send_at is None or self._operator_code:
                goes_on = Text.IN_DOUBT_STOPPED if doubt.next_send_at is None else Text.IN_DOUBT_REPEATS
                return f"{self.say(Text.IN_DOUBT, sends=doubt.sends)}\n{self.say(goes_on)}"
            case _:
                return self.say(Text.WAITING)

    def _remarks(self) -> list[str]:
        remarks = []
        if self._continued:
            remarks.append(self.say(Text.ALREADY_IN_DOUBT))
        if self._open and self._operator_code is not None:
            remarks.append(say_code(Text.OPERATOR_SAYS, self._operator_code, self.language))
        send = text_of_send(self._standing.last_send) if isinstance(self._standing, InDoubt) else None
        if send is not None:
            remarks.append(self.say(send))
        return remarks

    async def action_retry(self) -> None:
        """Send the transfer again under its id; nothing if it is settled."""
        if self._open:
            self._operator_code = None
            await self.handset.retry(self._transaction_id)
