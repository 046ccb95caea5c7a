"""Asking for a balance."""

from handset.actions import BalanceTold, Update
from handset.amounts import format_yuan
from handset.screens.form import Field
from handset.screens.question import QuestionScreen
from handset.screens.transfer import ACCOUNT_LONGEST, DIGITS, PIN_LONGEST, check_account, check_pin
from handset.texts import Text
from wire.secret import Secret


class BalanceScreen(QuestionScreen):
    """Account and PIN, confirmed with 1."""

    fields = (
        Field("account", Text.ENTER_ACCOUNT, DIGITS, ACCOUNT_LONGEST),
        Field("pin", Text.ENTER_PIN, DIGITS, PIN_LONGEST, hidden=True),
    )
    asking = Text.ASKING_BALANCE

    def heading(self) -> str:
        return self.say(Text.BALANCE_TITLE)

    def confirmation(self) -> str:
        return self.say(Text.CONFIRM_BALANCE, account=self.value("account"))

    def check(self, field: str, value: str) -> None:
        if field == "pin":
            check_pin(value)
        else:
            check_account(value)

    async def confirmed(self) -> None:
        account, pin = self.value("account"), Secret(self.value("pin").encode("ascii"))
        await self.ask(lambda: self.handset.phone.balance(account, pin))

    def answered(self, update: Update) -> bool:
        if not isinstance(update, BalanceTold):
            return False
        account, balance = self.value("account"), format_yuan(update.balance_fen)
        self.tell(lambda: self.say(Text.BALANCE, account=account, balance=balance))
        return True
