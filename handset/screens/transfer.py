"""The first five screens of Fig. 5: payee, name, payer and PIN, amount, last check. The sixth is `result`."""

from dataclasses import dataclass, field

from handset.actions import PayeeNamed, Update
from handset.amounts import BadAmount, format_yuan, parse_yuan
from handset.screens.form import BadEntry, Field, FormScreen
from handset.screens.question import QuestionScreen
from handset.screens.result import ResultScreen
from handset.store import Order
from handset.texts import Text, text_of
from wire.digits import checked_account, checked_pin
from wire.errors import BadDigits
from wire.secret import Secret

DIGITS = "[0-9]*"
ACCOUNT_LONGEST = 19
PIN_LONGEST = 12


@dataclass(slots=True)
class Draft:
    """A transfer that is being written. The PIN is in it from screen 3 to screen 5, and nowhere else."""

    payee: str = field(default="", repr=False)
    transaction_id: bytes | None = None
    name_last: str = ""
    payer: str = field(default="", repr=False)
    pin: Secret = field(default_factory=lambda: Secret(b""))
    amount_fen: int = field(default=0, repr=False)


def check_account(value: str) -> None:
    """Raise BadEntry if `value` is no account number."""
    try:
        checked_account(value)
    except BadDigits:
        raise BadEntry(Text.BAD_ACCOUNT) from None


def check_pin(value: str) -> None:
    """Raise BadEntry if `value` is no PIN."""
    try:
        checked_pin(value)
    except BadDigits:
        raise BadEntry(Text.BAD_PIN) from None


class PayeeScreen(QuestionScreen):
    """Step 1: the payee's account, confirmed with 1; then the bank is asked for its holder."""

    fields = (Field("payee", Text.ENTER_PAYEE, DIGITS, ACCOUNT_LONGEST),)
    asking = Text.ASKING_PAYEE

    def __init__(self) -> None:
        super().__init__()
        self._draft = Draft()

    def heading(self) -> str:
        return self.say(Text.STEP, number=1, title=self.say(Text.STEP_PAYEE))

    def confirmation(self) -> str:
        return self.say(Text.CONFIRM_PAYEE, account=self.value("payee"))

    def check(self, field: str, value: str) -> None:
        check_account(value)

    async def confirmed(self) -> None:
        payee = self.value("payee")
        if self._draft.transaction_id is not None and self._draft.payee == payee:
            self.app.push_screen(NameScreen(self._draft))  # named a moment ago: no second SMS
            return
        self._draft = Draft(payee=payee)
        await self.ask(lambda: self.handset.phone.inquire(payee))

    def answered(self, update: Update) -> bool:
        if not isinstance(update, PayeeNamed):
            return False
        self._draft.transaction_id, self._draft.name_last = update.transaction_id, update.name_last
        self.app.push_screen(NameScreen(self._draft))
        return True


class _StepScreen(FormScreen):
    """A later step, which fills in the draft."""

    number: int
    title_text: Text

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def heading(self) -> str:
        return self.say(Text.STEP, number=self.number, title=self.say(self.title_text))


class NameScreen(_StepScreen):
    """Step 2: the last character of the payee's name, so that the customer checks the person."""

    number = 2
    title_text = Text.STEP_NAME

    def details(self) -> str:
        return self.say(Text.NAME_LAST, account=self._draft.payee) + f"\n\n    【{self._draft.name_last}】\n"

    def confirmation(self) -> str:
        return self.say(Text.CONFIRM_NAME)

    async def confirmed(self) -> None:
        self.app.push_screen(PayerScreen(self._draft))


class PayerScreen(_StepScreen):
    """Step 3: the payer's account, then the PIN."""

    number = 3
    title_text = Text.STEP_PAYER
    fields = (
        Field("payer", Text.ENTER_PAYER, DIGITS, ACCOUNT_LONGEST),
        Field("pin", Text.ENTER_PIN, DIGITS, PIN_LONGEST, hidden=True),
    )

    def confirmation(self) -> str:
        return self.say(Text.CONFIRM_PAYER, account=self.value("payer"))

    def check(self, field: str, value: str) -> None:
        if field == "pin":
            check_pin(value)
            return
        check_account(value)
        if value == self._draft.payee:
            raise BadEntry(Text.SAME_ACCOUNT)

    async def confirmed(self) -> None:
        self._draft.payer = self.value("payer")
        self._draft.pin = Secret(self.value("pin").encode("ascii"))
        self.app.push_screen(AmountScreen(self._draft))


class AmountScreen(_StepScreen):
    """Step 4: the amount in yuan, confirmed with 1."""

    number = 4
    title_text = Text.STEP_AMOUNT
    fields = (Field("amount", Text.ENTER_AMOUNT, "[0-9.,]*", 16),)

    def confirmation(self) -> str:
        return self.say(Text.CONFIRM_AMOUNT, amount=format_yuan(parse_yuan(self.value("amount"))))

    def check(self, field: str, value: str) -> None:
        try:
            parse_yuan(value)
        except BadAmount as error:
            raise BadEntry(text_of(error.fault)) from None

    async def confirmed(self) -> None:
        self._draft.amount_fen = parse_yuan(self.value("amount"))
        self.app.push_screen(SummaryScreen(self._draft))


class SummaryScreen(_StepScreen):
    """Step 5: everything once more; 1 has it encrypted and sent."""

    number = 5
    title_text = Text.STEP_SUMMARY

    def details(self) -> str:
        return "\n".join(
            (
                self.say(Text.SUMMARY_PAYEE, account=self._draft.payee, name=self._draft.name_last),
                self.say(Text.SUMMARY_PAYER, account=self._draft.payer),
                self.say(Text.SUMMARY_AMOUNT, amount=format_yuan(self._draft.amount_fen)),
                "",
                self.say(Text.SUMMARY_SEALED),
            )
        )

    def confirmation(self) -> str:
        return self.say(Text.CONFIRM_SUMMARY)

    async def confirmed(self) -> None:
        draft = self._draft
        assert draft.transaction_id is not None
        trouble = self.handset.connection.trouble
        if trouble is not None:
            self.tell(lambda: self.say(text_of(trouble)))
            return
        self.handset.show_only(ResultScreen(draft.transaction_id, Order(draft.payee, draft.payer, draft.amount_fen)))
        await self.handset.order(draft.transaction_id, draft.payer, draft.payee, draft.amount_fen, draft.pin)
