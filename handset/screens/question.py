"""A form that asks the bank something and waits for the answer."""

from collections.abc import Awaitable, Callable

from handset.actions import Asking, Declined, NoAnswer, OperatorSays, Update
from handset.phone import NotConnected
from handset.screens.form import FormScreen
from handset.sqlite_store import StoreUnusable
from handset.texts import Text, say_code, text_of, text_of_send


class QuestionScreen(FormScreen):
    """Shows how asking goes, and what stood in the way; `answered` of a subclass takes the answer itself."""

    asking: Text

    def __init__(self) -> None:
        super().__init__()
        self._asked_id: bytes | None = None

    async def ask(self, question: Callable[[], Awaitable[bytes]]) -> None:
        """Ask, and show that it is under way."""
        self.tell(lambda: self.say(self.asking, sends=1), busy=True)
        try:
            self._asked_id = await question()
        except NotConnected as error:
            trouble = error.trouble
            self.tell(lambda: self.say(text_of(trouble)))
        except StoreUnusable as error:
            reason = str(error)
            self.tell(lambda: self.say(Text.STATE_UNUSABLE, reason=reason))

    def answered(self, update: Update) -> bool:
        """Take the answer that was hoped for; return False for any other update."""
        raise NotImplementedError

    def take(self, update: Update) -> bool:
        if self._asked_id is None or getattr(update, "transaction_id", None) != self._asked_id:
            return False
        if isinstance(update, Asking):
            self._tell_asking(update)
            return True
        self._asked_id = None
        self.tell(str)
        if not self.answered(update):
            self._tell_failure(update)
        return True

    def action_back(self) -> None:
        """Leave; what nobody waits for is not asked any more."""
        if self._asked_id is not None:
            self.run_worker(self.handset.phone.forget(self._asked_id))
        super().action_back()

    def _tell_asking(self, update: Asking) -> None:
        send = text_of_send(update.last_send)

        def message() -> str:
            lines = [self.say(self.asking, sends=update.sends)]
            return "\n".join(lines + ([self.say(send)] if send else []))

        self.tell(message, busy=True)

    def _tell_failure(self, update: Update) -> None:
        if isinstance(update, Declined):
            code = update.code
            self.tell(lambda: say_code(Text.QUESTION_DECLINED, code, self.language))
        elif isinstance(update, OperatorSays):
            code = update.code
            self.tell(lambda: say_code(Text.OPERATOR_SAYS_QUESTION, code, self.language))
        elif isinstance(update, NoAnswer):
            self.tell(lambda: self.say(Text.NO_ANSWER))
