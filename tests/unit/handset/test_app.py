"""The app, driven by keys, against a far end that opens and seals with the true keys."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from handset.actions import SendOutcome
from handset.app import HandsetApp
from handset.bearer import Gone, Network, Ready, Received, StorageState, Trouble
from handset.demo_customers import CUSTOMERS
from handset.phone import Phone
from handset.screens.base import Confirm
from handset.screens.home import HomeScreen
from handset.screens.number import NumberScreen
from handset.screens.result import ResultScreen
from handset.screens.transfer import AmountScreen, NameScreen, PayeeScreen, PayerScreen, SummaryScreen
from handset.session import Policy
from handset.sqlite_store import Bank, SqliteStore
from handset.texts import Text
from tests.unit.handset.counterparty import IMSI, MSISDN, NAME, OPERATOR, PAYEE, PAYER, PIN, SERIAL, ScriptedBearer
from wire.response_codes import Language, lookup
from wire.sealing import fingerprint
from wire.terminal import Kind

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SIZES = pytest.mark.parametrize("size", [(80, 24), (40, 24)])


class Rig:
    """An app in a pilot, its bearer, and what can be read on its screen."""

    def __init__(self, app: HandsetApp, bearer: ScriptedBearer, pilot: Pilot[Any]) -> None:
        self.app, self.bearer, self.pilot = app, bearer, pilot

    @property
    def shown(self) -> str:
        """All texts of the screen on top."""
        statics = self.app.screen.query(Static)
        return "\n".join(str(widget.render()) for widget in statics if widget.display)

    def says(self, row: Text, /, **values: object) -> bool:
        return row.say(self.app.language, **values) in self.shown

    async def press(self, *keys: str) -> None:
        for key in keys:
            character = {"space": " "}.get(key, key if len(key) == 1 else None)
            self.app.post_message(events.Key({".": "full_stop"}.get(key, key), character))
            await self.pilot.pause(0.005)  # until every widget has taken it
        await self.pilot.pause(0.02)

    async def enter(self, text: str) -> None:
        """Paste, which goes through the same checks as typing and takes a fraction of the time."""
        focused = self.app.focused
        assert isinstance(focused, Input)
        focused.post_message(events.Paste(text))
        await self.pilot.pause(0.02)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the app work until something is so."""
        for _ in range(2000):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never so; the screen shows:\n{self.shown}")

    async def reach(self, screen: type) -> None:
        await self.until(lambda: isinstance(self.app.screen, screen) and self.app.screen.is_mounted)
        await self.pilot.pause(0.02)

    # -- the six screens, by keys alone

    async def enter_payee(self) -> None:
        await self.press("1")
        await self.reach(PayeeScreen)
        await self.enter(PAYEE)
        await self.press("enter", "1")

    async def enter_payer(self, pin: str = PIN) -> None:
        await self.enter_payee()
        await self.reach(NameScreen)
        await self.press("1")
        await self.reach(PayerScreen)
        await self.enter(PAYER)
        await self.press("enter")
        await self.enter(pin)
        await self.press("enter", "1")
        await self.reach(AmountScreen)

    async def enter_amount(self, amount: str = "12.34", pin: str = PIN) -> None:
        await self.enter_payer(pin)
        await self.enter(amount)
        await self.press("enter", "1")
        await self.reach(SummaryScreen)

    async def transfer(self, amount: str = "12.34", pin: str = PIN) -> None:
        await self.enter_amount(amount, pin)
        await self.press("1")
        await self.reach(ResultScreen)


Open = Callable[..., AbstractAsyncContextManager[Rig]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opening(
        language: Language = "en",
        size: tuple[int, int] = (80, 24),
        bearer: ScriptedBearer | None = None,
        policy: Policy | None = None,
        demo: bool = False,
    ) -> AsyncIterator[Rig]:
        far = bearer or ScriptedBearer()
        store = SqliteStore(tmp_path, synchronous="OFF")
        key = far.counterparty.public_key
        store.pin_bank(Bank(key, fingerprint(key)))
        app = HandsetApp(
            lambda listener: Phone(far, store, OPERATOR, listener, policy=policy or Policy()),
            language,
            CUSTOMERS if demo else (),
        )
        try:
            async with app.run_test(size=size) as pilot:
                rig = Rig(app, far, pilot)
                await rig.until(lambda: any(isinstance(screen, HomeScreen) for screen in app.screen_stack))
                await rig.until(lambda: app.screen.is_mounted)
                await pilot.pause(0.02)
                if bearer is None:
                    await rig.until(lambda: app.connection.signal_percent is not None)
                    await pilot.pause()
                yield rig
            assert far.closed
        finally:
            store.close()

    return opening


@SIZES
@BOTH
async def test_the_six_screens_of_a_transfer(opened: Open, language: Language, size: tuple[int, int]) -> None:
    async with opened(language, size) as rig:
        await rig.press("1")
        await rig.reach(PayeeScreen)
        assert rig.says(Text.STEP, number=1, title=Text.STEP_PAYEE.say(language))
        await rig.enter(PAYEE)
        await rig.press("enter")
        assert rig.says(Text.CONFIRM_PAYEE, account=PAYEE)
        await rig.press("1")
        await rig.reach(NameScreen)
        assert rig.says(Text.STEP, number=2, title=Text.STEP_NAME.say(language))
        assert f"【{NAME[-1]}】" in rig.shown
        assert NAME not in rig.shown
        await rig.press("1")
        await rig.reach(PayerScreen)
        assert rig.says(Text.STEP, number=3, title=Text.STEP_PAYER.say(language))
        await rig.enter(PAYER)
        await rig.press("enter")
        await rig.enter(PIN)
        await rig.press("enter")
        assert rig.says(Text.CONFIRM_PAYER, account=PAYER)
        await rig.press("1")
        await rig.reach(AmountScreen)
        assert rig.says(Text.STEP, number=4, title=Text.STEP_AMOUNT.say(language))
        await rig.press(*"12.34", "enter")
        assert rig.says(Text.CONFIRM_AMOUNT, amount="12.34")
        await rig.press("1")
        await rig.reach(SummaryScreen)
        assert rig.says(Text.STEP, number=5, title=Text.STEP_SUMMARY.say(language))
        assert rig.says(Text.SUMMARY_PAYEE, account=PAYEE, name=NAME[-1])
        assert rig.says(Text.SUMMARY_PAYER, account=PAYER)
        assert rig.says(Text.SUMMARY_AMOUNT, amount="12.34")
        assert rig.bearer.counterparty.transfers == []
        await rig.press("1")
        await rig.reach(ResultScreen)
        await rig.until(lambda: rig.says(Text.DONE))
        assert rig.says(Text.STEP, number=6, title=Text.STEP_RESULT.say(language))
        assert rig.says(Text.DONE_BALANCE, balance="12,332.66")
        assert rig.says(Text.SERIAL, serial=SERIAL)
        assert len(rig.bearer.sent) == 2
        (body,) = rig.bearer.counterparty.transfers
        assert (body.payer, body.payee, body.amount_fen) == (PAYER, PAYEE, 1234)
        await rig.press("escape")
        await rig.reach(HomeScreen)


async def test_only_one_confirms(opened: Open) -> None:
    async with opened() as rig:
        await rig.enter_amount()
        for key in ("2", "y", "enter", "space", "0"):
            await rig.press(key)
            assert isinstance(rig.app.screen, SummaryScreen)
            assert rig.says(Text.ONLY_ONE_CONFIRMS)
        assert rig.bearer.counterparty.transfers == []
        await rig.press("1")
        await rig.until(lambda: rig.says(Text.DONE))


async def test_one_typed_into_the_account_is_a_digit_and_confirms_nothing(opened: Open) -> None:
    async with opened() as rig:
        await rig.press("1")
        await rig.reach(PayeeScreen)
        await rig.press(*"111111")
        assert isinstance(rig.app.screen, PayeeScreen)
        assert rig.bearer.sent == []


@BOTH
async def test_while_an_entry_has_the_focus_the_row_says_to_press_enter_before_1(
    opened: Open, language: Language
) -> None:
    async with opened(language) as rig:
        await rig.press("1")
        await rig.reach(PayeeScreen)
        assert rig.says(Text.CONFIRM_AFTER_ENTER)
        await rig.enter(PAYEE)
        assert rig.says(Text.CONFIRM_AFTER_ENTER)
        assert not rig.says(Text.CONFIRM_PAYEE, account=PAYEE)
        await rig.press("enter")
        assert rig.says(Text.CONFIRM_PAYEE, account=PAYEE)
        assert not rig.says(Text.CONFIRM_AFTER_ENTER)
        await rig.press("shift+tab")
        assert rig.says(Text.CONFIRM_AFTER_ENTER)


async def test_nothing_can_be_edited_while_the_bank_is_asked(opened: Open) -> None:
    async with opened() as rig:
        rig.bearer.counterparty.silent.add(Kind.INQUIRY)
        await rig.enter_payee()
        await rig.until(lambda: rig.says(Text.ASKING_PAYEE, sends=1))
        await rig.press("tab", "9", "backspace", "backspace")
        payee = rig.app.screen.query_one("#payee", Input)
        assert (payee.disabled, payee.value) == (True, PAYEE)


async def test_after_a_question_that_failed_the_entry_can_be_edited_again(opened: Open) -> None:
    async with opened() as rig:
        rig.bearer.counterparty.decline[Kind.INQUIRY] = "14"
        await rig.enter_payee()
        await rig.until(lambda: rig.says(Text.QUESTION_DECLINED, code="14", reason=lookup("14").text("en")))
        assert isinstance(rig.app.focused, Confirm)
        await rig.press("shift+tab", "end", "backspace")
        assert rig.app.screen.query_one("#payee", Input).value == PAYEE[:-1]


@BOTH
async def test_a_declined_transfer_shows_its_sentence_and_code(opened: Open, language: Language) -> None:
    async with opened(language) as rig:
        rig.bearer.counterparty.decline[Kind.TRANSFER] = "51"
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.DECLINED, code="51", reason=lookup("51").text(language)))


async def test_a_wrong_pin_is_told_by_the_bank(opened: Open) -> None:
    async with opened() as rig:
        await rig.transfer(pin="999999")
        await rig.until(lambda: rig.says(Text.DECLINED, code="55", reason=lookup("55").text("en")))


@BOTH
async def test_a_transfer_without_an_answer_is_in_doubt_and_r_settles_it(opened: Open, language: Language) -> None:
    async with opened(language) as rig:
        rig.bearer.counterparty.silent.add(Kind.TRANSFER)
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.WAITING))
        await rig.press("r")
        await rig.until(lambda: rig.says(Text.IN_DOUBT, sends=2))
        assert rig.bearer.sent[-1] == rig.bearer.sent[-2]
        await rig.press("escape")
        await rig.reach(HomeScreen)
        assert Text.MENU_DOUBTS.say(language, count=1) in [
            str(option.prompt) for option in rig.app.screen.query_one("#menu", OptionList).options
        ]
        rig.bearer.counterparty.silent.clear()
        await rig.press("3")
        await rig.until(lambda: rig.says(Text.DOUBTS_HINT))
        await rig.press("r")
        await rig.until(lambda: rig.says(Text.DONE))
        assert len(rig.bearer.counterparty.transfers) == 1


async def test_an_operators_code_leaves_a_transfer_in_doubt(opened: Open) -> None:
    async with opened() as rig:
        rig.bearer.counterparty.unsealed[Kind.TRANSFER] = "91"
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.OPERATOR_SAYS, code="91", reason=lookup("91").text("en")))
        assert rig.says(Text.IN_DOUBT, sends=1)
        await rig.press("r")
        await rig.until(lambda: rig.says(Text.DONE))
        assert not rig.says(Text.OPERATOR_SAYS, code="91", reason=lookup("91").text("en"))


async def test_a_send_that_the_modem_refuses_is_told_and_sent_again(opened: Open) -> None:
    async with opened(policy=Policy(resend_first_s=0.3)) as rig:
        await rig.enter_amount()
        rig.bearer.outcomes = [SendOutcome.FAILED]
        await rig.press("1")
        await rig.until(lambda: rig.says(Text.SEND_FAILED))
        await rig.until(lambda: rig.says(Text.DONE))


async def test_the_same_transfer_in_doubt_is_continued_under_its_own_id(opened: Open) -> None:
    async with opened() as rig:
        rig.bearer.counterparty.silent.add(Kind.TRANSFER)
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.WAITING))
        await rig.press("escape")
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.ALREADY_IN_DOUBT))
        rig.bearer.counterparty.silent.clear()
        await rig.press("r")
        await rig.until(lambda: rig.says(Text.DONE))
        assert len(rig.bearer.counterparty.transfers) == 1


@BOTH
async def test_an_unknown_payee_is_told_and_can_be_corrected(opened: Open, language: Language) -> None:
    async with opened(language) as rig:
        rig.bearer.counterparty.decline[Kind.INQUIRY] = "14"
        await rig.enter_payee()
        await rig.until(lambda: rig.says(Text.QUESTION_DECLINED, code="14", reason=lookup("14").text(language)))
        await rig.press("1")
        await rig.reach(NameScreen)


async def test_an_inquiry_that_is_left_is_not_asked_again(opened: Open) -> None:
    async with opened(policy=Policy(resend_first_s=0.05, resend_max_s=0.05, sends_max=10_000)) as rig:
        rig.bearer.counterparty.silent.add(Kind.INQUIRY)
        await rig.enter_payee()
        await rig.until(lambda: len(rig.bearer.sent) >= 2)
        await rig.press("escape")
        await rig.reach(HomeScreen)
        for _ in range(20):  # one may be under way; ten intervals without any are the end
            sent = len(rig.bearer.sent)
            await rig.pilot.pause(0.5)
            if len(rig.bearer.sent) == sent:
                return
        raise AssertionError("the inquiry is asked again and again")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1.234", Text.BAD_DECIMALS),
        ("0", Text.BAD_ZERO),
        ("1,000", Text.BAD_NUMBER),
        ("9999999999999", Text.BAD_LARGE),
    ],
)
async def test_a_bad_amount_is_told_in_a_sentence(opened: Open, amount: str, text: Text) -> None:
    async with opened() as rig:
        await rig.enter_payer()
        await rig.enter(amount)
        await rig.press("enter")
        assert rig.says(text)
        assert rig.app.screen.query_one("#amount", Input).has_focus


async def test_the_payees_account_cannot_be_the_payers(opened: Open) -> None:
    async with opened() as rig:
        await rig.enter_payee()
        await rig.reach(NameScreen)
        await rig.press("1")
        await rig.reach(PayerScreen)
        await rig.enter(PAYEE)
        await rig.press("enter")
        assert rig.says(Text.SAME_ACCOUNT)


async def test_an_entry_changed_after_it_was_good_is_checked_again(opened: Open) -> None:
    async with opened() as rig:
        await rig.enter_payer()
        await rig.enter("5")
        await rig.press("enter", "shift+tab", "backspace", "tab", "1")
        assert isinstance(rig.app.screen, AmountScreen)
        assert rig.says(Text.FILL_IN_FIRST)


async def test_the_pin_is_never_on_the_screen(opened: Open) -> None:
    async with opened() as rig:
        await rig.enter_payee()
        await rig.reach(NameScreen)
        await rig.press("1")
        await rig.reach(PayerScreen)
        await rig.enter(PAYER)
        await rig.press("enter")
        await rig.enter(PIN)
        assert PIN not in rig.app.export_screenshot()
        await rig.press("enter", "1")
        await rig.reach(AmountScreen)
        await rig.enter("5")
        await rig.press("enter", "1")
        await rig.reach(SummaryScreen)
        assert PIN not in rig.app.export_screenshot()
        await rig.press("1")
        await rig.until(lambda: rig.says(Text.DONE))
        assert not any(isinstance(screen, SummaryScreen | PayerScreen) for screen in rig.app.screen_stack)


async def test_the_language_changes_on_every_screen_at_once(opened: Open) -> None:
    async with opened("zh") as rig:
        await rig.enter_payee()
        await rig.reach(NameScreen)
        assert Text.CONFIRM_NAME.say("zh") in rig.shown
        await rig.press("f2")
        await rig.until(lambda: Text.CONFIRM_NAME.say("en") in rig.shown)
        assert Text.CONFIRM_NAME.say("zh") not in rig.shown
        await rig.press("escape")
        await rig.reach(PayeeScreen)
        assert Text.ENTER_PAYEE.say("en") in rig.shown


@BOTH
async def test_the_balance_is_told(opened: Open, language: Language) -> None:
    async with opened(language) as rig:
        await rig.press("2")
        await rig.until(lambda: rig.says(Text.BALANCE_TITLE))
        await rig.enter(PAYER)
        await rig.press("enter")
        await rig.enter(PIN)
        await rig.press("enter", "1")
        await rig.until(lambda: rig.says(Text.BALANCE, account=PAYER, balance="12,345.00"))


async def test_notices_appear_as_they_arrive(opened: Open) -> None:
    async with opened() as rig:
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.DONE))
        rig.bearer.tell(Received(OPERATOR, rig.bearer.counterparty.notice(5_000)))
        await rig.until(lambda: bool(rig.app.messages_newest_first()))
        await rig.press("escape")
        await rig.reach(HomeScreen)
        assert "50.00 yuan arrived" in rig.shown
        rig.bearer.tell(Received(OPERATOR, "Money has arrived [b]x[/b]"))
        await rig.until(lambda: rig.says(Text.OPERATOR_WRITES, text="Money has arrived [b]x[/b]"))
        rig.bearer.tell(Received("+8613966666666", "call me"))
        await rig.pilot.pause(0.1)
        assert "call me" not in rig.shown


async def test_a_late_outcome_is_told_on_the_first_screen(opened: Open) -> None:
    # The second send must be later than the look at the screen, on a busy machine too.
    async with opened(policy=Policy(resend_first_s=2.0)) as rig:
        rig.bearer.counterparty.silent.add(Kind.TRANSFER)
        await rig.transfer()
        await rig.until(lambda: rig.says(Text.WAITING))
        await rig.press("escape")
        await rig.reach(HomeScreen)
        rig.bearer.counterparty.silent.clear()
        await rig.until(lambda: rig.says(Text.SETTLED_DONE, amount="12.34", payee=PAYEE))


@BOTH
async def test_a_lost_modem_is_a_sentence_on_every_screen(opened: Open, language: Language) -> None:
    async with opened(language) as rig:
        await rig.press("1")
        await rig.reach(PayeeScreen)
        rig.bearer.tell(Gone(Trouble.NO_MODEM, "unplugged"))
        await rig.until(lambda: rig.says(Text.TROUBLE_NO_MODEM))
        await rig.enter(PAYEE)
        await rig.press("enter", "1")
        await rig.until(lambda: str(rig.app.screen.query_one("#message", Static).render()).strip() != "")
        assert rig.bearer.sent == []
        rig.bearer.tell(Ready(IMSI, MSISDN))
        await rig.until(lambda: not rig.says(Text.TROUBLE_NO_MODEM) or rig.app.connection.trouble is None)
        await rig.press("1")
        await rig.reach(NameScreen)


@BOTH
async def test_a_storage_full_of_others_messages_is_told_on_the_first_screen_until_there_is_room(
    opened: Open, language: Language
) -> None:
    async with opened(language) as rig:
        rig.bearer.tell(StorageState(is_full=True))
        await rig.until(lambda: rig.says(Text.STORAGE_IS_FULL))
        assert "handset modem doctor" in rig.shown
        assert rig.says(Text.CONNECTED)  # sending still works
        rig.bearer.tell(StorageState(is_full=False))
        await rig.until(lambda: not rig.says(Text.STORAGE_IS_FULL))


@BOTH
async def test_a_lost_network_is_told_on_every_screen_until_there_is_one(opened: Open, language: Language) -> None:
    async with opened(language) as rig:
        rig.bearer.tell(Network(is_registered=False))
        await rig.until(lambda: rig.says(Text.NETWORK_IS_LOST) and not rig.says(Text.CONNECTED))
        await rig.press("1")
        await rig.reach(PayeeScreen)
        assert rig.says(Text.SIGNAL_NO_NETWORK)
        rig.bearer.tell(Network(is_registered=True))
        await rig.until(lambda: not rig.says(Text.SIGNAL_NO_NETWORK))


async def test_a_storage_that_fills_up_during_a_transfer_is_told_there(opened: Open) -> None:
    async with opened("en") as rig:
        await rig.press("1")
        await rig.reach(PayeeScreen)
        rig.bearer.tell(StorageState(is_full=True))
        await rig.until(lambda: any("storage is full" in str(note.message) for note in rig.app._notifications))


@SIZES
@BOTH
async def test_the_number_of_a_sim_that_does_not_know_it_is_asked_once_and_kept(
    opened: Open, language: Language, size: tuple[int, int]
) -> None:
    async with opened(language, size, ScriptedBearer(msisdn=None)) as rig:
        await rig.reach(NumberScreen)
        assert IMSI in rig.shown
        await rig.enter("1234")
        await rig.press("enter")
        await rig.until(lambda: rig.says(Text.BAD_MSISDN))
        rig.app.screen.query_one("#number", Input).value = ""
        await rig.enter(f"+{MSISDN}")
        await rig.press("enter")
        await rig.reach(HomeScreen)
        await rig.until(lambda: rig.says(Text.SIM_LINE, imsi=IMSI, number=MSISDN))
        assert rig.says(Text.CONNECTED)
        rig.bearer.tell(Gone(Trouble.NO_MODEM, "unplugged"))
        await rig.until(lambda: rig.says(Text.TROUBLE_NO_MODEM))
        rig.bearer.tell(Ready(IMSI, None))
        await rig.until(lambda: rig.says(Text.CONNECTED))
        assert isinstance(rig.app.screen, HomeScreen)
    async with opened(language, size, ScriptedBearer(msisdn=None)) as rig:
        await rig.until(lambda: rig.says(Text.CONNECTED))


@BOTH
async def test_the_question_for_the_number_can_be_put_off_and_taken_up_again(opened: Open, language: Language) -> None:
    async with opened(language, bearer=ScriptedBearer(msisdn=None)) as rig:
        await rig.reach(NumberScreen)
        await rig.press("escape")
        await rig.reach(HomeScreen)
        await rig.until(lambda: rig.says(Text.TROUBLE_NUMBER_UNKNOWN))
        await rig.press("n")
        await rig.reach(NumberScreen)
        await rig.enter(MSISDN)
        await rig.press("enter")
        await rig.until(lambda: rig.says(Text.CONNECTED))
        await rig.press("n")
        assert isinstance(rig.app.screen, HomeScreen), "there is nothing to ask any more"


async def test_another_sim_is_asked_for_its_number_anew(opened: Open) -> None:
    other = "460000000000009"
    async with opened(bearer=ScriptedBearer(msisdn=None)) as rig:
        await rig.reach(NumberScreen)
        rig.bearer.tell(Ready(other, None))
        await rig.until(lambda: other in rig.shown)
        await rig.enter("8613900000009")
        await rig.press("enter")
        await rig.until(lambda: rig.says(Text.SIM_LINE, imsi=other, number="8613900000009"))
        rig.bearer.tell(Ready(IMSI, None))
        await rig.reach(NumberScreen)
        assert IMSI in rig.shown
        rig.bearer.tell(Ready(other, None))
        await rig.reach(HomeScreen)
        await rig.until(lambda: rig.says(Text.CONNECTED))


async def test_the_sims_pin_is_asked_for(opened: Open) -> None:
    async with opened() as rig:
        rig.bearer.tell(Gone(Trouble.SIM_PIN_NEEDED))
        await rig.until(lambda: rig.says(Text.ENTER_SIM_PIN))
        await rig.enter("1234")
        await rig.press("enter")
        await rig.until(lambda: len(rig.bearer.sim_pins) == 1)
        assert rig.bearer.sim_pins[0].reveal() == b"1234"


@SIZES
@BOTH
async def test_the_demo_shows_accounts_and_pins_on_its_first_screen(
    opened: Open, language: Language, size: tuple[int, int]
) -> None:
    async with opened(language, size, demo=True) as rig:
        for customer in CUSTOMERS:
            assert f"{customer.account} · {customer.pin}" in rig.shown
        demo = rig.app.screen.query_one("#demo")
        assert demo.region.bottom <= size[1], "all of it is visible without scrolling"


@SIZES
@BOTH
async def test_nothing_is_wider_than_the_screen(opened: Open, language: Language, size: tuple[int, int]) -> None:
    async with opened(language, size) as rig:
        await rig.enter_amount("1234567.89")
        for widget in rig.app.screen.query("Static, Input"):
            assert widget.region.right <= size[0]
        confirm = rig.app.screen.query_one(Confirm)
        assert confirm.region.bottom < size[1]


async def test_keys_typed_faster_than_the_focus_moves_reach_what_they_were_meant_for(opened: Open) -> None:
    async with opened() as rig:
        await rig.enter_payee()
        await rig.reach(NameScreen)
        await rig.press("1")
        await rig.reach(PayerScreen)
        for key in (*PAYER, "enter", *PIN, "enter"):  # no pause between them
            rig.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await rig.until(lambda: isinstance(rig.app.focused, Confirm))
        assert [entry.value for entry in rig.app.screen.query(Input)] == [PAYER, PIN]
