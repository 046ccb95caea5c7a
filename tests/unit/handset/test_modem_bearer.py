"""The bearer over `gsm.modem`, against emulated modems on real ptys."""

import asyncio
import os
import termios
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from gsm.errors import ModemGone, NotAModem, SimBusy
from handset.actions import SendOutcome
from handset.bearer import BearerEvent, Gone, Network, Ready, Received, Signal, StorageState, Trouble
from handset.modem_bearer import ModemBearer, _trouble_of
from handset.texts import text_for_command, text_of
from modem_emulator.emulation import EmulatedModem
from modem_emulator.emulator import Phone
from modem_emulator.profile import Profile, Storage
from modem_emulator.profiles import load
from modem_emulator.server import serving
from modem_emulator.store import MemoryStore
from wire.response_codes import Language
from wire.secret import Secret

OURS, OPERATOR, STRANGER = "8613900000001", "8613900000095", "8613900000666"
# Modems that keep messages on the SIM only, where the tests look for them.
ON_THE_SIM = Storage(slots={"SM": 50}, reading=("SM",), writing=("SM",), receiving=("SM",))
PHONES = [
    Phone(imsi=f"46000100000000{position}", msisdn=f"+{number}", profile=Profile(storage=ON_THE_SIM))
    for position, number in enumerate((OURS, OPERATOR, STRANGER))
]
Result = TypeVar("Result")


async def soon(work: Awaitable[Result]) -> Result:
    return await asyncio.wait_for(work, 20)


async def next_but_signal(bearer: ModemBearer) -> BearerEvent:
    """The next that is neither the signal's strength nor the network, of which a modem tells when it likes."""
    while isinstance(event := await soon(bearer.next_event()), Signal | Network):
        pass
    return event


@asynccontextmanager
async def bearer_on(port: Path, operator: str, pin: str | None = None) -> AsyncIterator[ModemBearer]:
    bearer = ModemBearer(str(port), operator, Secret(pin.encode()) if pin else None)
    try:
        yield bearer
    finally:
        await bearer.close()


async def test_speed_and_flow_control_are_those_that_were_asked_for(tmp_path: Path) -> None:
    async with serving(PHONES, {}, MemoryStore(), smpp_port=0, link_dir=tmp_path):
        bearer = ModemBearer(str(tmp_path / "modem0"), OPERATOR, baudrate=9600, rtscts=True)
        line = os.open(tmp_path / "modem0", os.O_RDWR | os.O_NOCTTY)
        try:
            assert isinstance(await next_but_signal(bearer), Ready)
            settings = termios.tcgetattr(line)
        finally:
            os.close(line)
            await bearer.close()
    assert settings[4] == settings[5] == termios.B9600
    assert settings[2] & termios.CRTSCTS


async def test_it_tells_who_the_sim_is_and_carries_texts_both_ways(tmp_path: Path) -> None:
    async with (
        serving(PHONES, {}, MemoryStore(), smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR) as ours,
        bearer_on(tmp_path / "modem1", OURS) as operators,
    ):
        ready = await next_but_signal(ours)
        assert isinstance(ready, Ready)
        assert (ready.imsi, (ready.msisdn or "").removeprefix("+")) == (PHONES[0].imsi, OURS)
        await next_but_signal(operators)
        assert await soon(ours.send(f"+{OPERATOR}", "request")) is SendOutcome.SENT
        assert await next_but_signal(operators) == Received(f"+{OURS}", "request")
        assert await soon(operators.send(f"+{OURS}", "reply")) is SendOutcome.SENT
        assert await next_but_signal(ours) == Received(f"+{OPERATOR}", "reply")


async def test_the_signal_is_told_in_percent(tmp_path: Path) -> None:
    async with (
        serving(PHONES, {}, MemoryStore(), smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR) as ours,
    ):
        while not isinstance(event := await soon(ours.next_event()), Signal):
            pass
        assert event.percent is not None
        assert 0 < event.percent <= 100


async def test_a_text_of_somebody_else_is_no_error_and_stays_on_the_sim(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    async with (
        serving(PHONES, {}, store, smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR) as ours,
        bearer_on(tmp_path / "modem1", OURS) as operators,
        bearer_on(tmp_path / "modem2", OURS) as strangers,
    ):
        for bearer in (ours, operators, strangers):
            await next_but_signal(bearer)
        await soon(strangers.send(f"+{OURS}", "hello"))
        await soon(operators.send(f"+{OURS}", "reply"))
        assert await next_but_signal(ours) == Received(f"+{OPERATOR}", "reply")
        assert len(store.slots(PHONES[0].imsi)) >= 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_text_is_on_the_sim_until_the_next_event_is_asked_for(tmp_path: Path) -> None:
    store = MemoryStore()
    async with serving(PHONES, {}, store, smpp_port=0, link_dir=tmp_path):
        async with (
            bearer_on(tmp_path / "modem0", OPERATOR) as ours,
            bearer_on(tmp_path / "modem1", OURS) as operators,
        ):
            await next_but_signal(ours)
            await next_but_signal(operators)
            await soon(operators.send(f"+{OURS}", "reply"))
            assert await next_but_signal(ours) == Received(f"+{OPERATOR}", "reply")
            assert len(store.slots(PHONES[0].imsi)) == 1
        async with bearer_on(tmp_path / "modem0", OPERATOR) as again:
            assert isinstance(await next_but_signal(again), Ready)  # a text before it would find nobody to take it
            assert await next_but_signal(again) == Received(f"+{OPERATOR}", "reply")
            waiting = asyncio.ensure_future(again.next_event())
            for _ in range(200):
                if not store.slots(PHONES[0].imsi):
                    break
                await asyncio.sleep(0.02)
            assert store.slots(PHONES[0].imsi) == {}
            waiting.cancel()


async def test_a_text_that_is_left_stays_on_the_sim_and_comes_again_when_it_is_asked_for(tmp_path: Path) -> None:
    store = MemoryStore()
    async with (
        serving(PHONES, {}, store, smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR) as ours,
        bearer_on(tmp_path / "modem1", OURS) as operators,
    ):
        await next_but_signal(ours)
        await next_but_signal(operators)
        for text in ("first", "second"):
            await soon(operators.send(f"+{OURS}", text))
            assert await next_but_signal(ours) == Received(f"+{OPERATOR}", text)
            ours.leave_text()
        assert len(store.slots(PHONES[0].imsi)) == 2
        ours.offer_left_texts()
        assert await next_but_signal(ours) == Received(f"+{OPERATOR}", "first")
        assert await next_but_signal(ours) == Received(f"+{OPERATOR}", "second")


async def test_a_sim_full_of_others_texts_is_told_and_so_is_room_and_none_is_deleted(tmp_path: Path) -> None:
    store = MemoryStore()
    tight = Phone(imsi=PHONES[0].imsi, msisdn=PHONES[0].msisdn, profile=Profile(storage=ON_THE_SIM), slots=2)
    async with (
        serving([tight, PHONES[2]], {}, store, smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR) as ours,
        bearer_on(tmp_path / "modem1", OURS) as strangers,
    ):
        ours._modem._poll_interval_s = 0.1
        assert isinstance(await next_but_signal(ours), Ready)
        await next_but_signal(strangers)
        for text in ("one", "two"):
            await soon(strangers.send(f"+{OURS}", text))
        assert await next_but_signal(ours) == StorageState(True)
        assert len(store.slots(tight.imsi)) == 2
        await asyncio.to_thread(ours._modem.write, "AT+CMGD=1,1")  # by the customer: all that was read
        assert await next_but_signal(ours) == StorageState(False)


def test_a_network_that_is_lost_and_found_is_told(gsm_modem: EmulatedModem) -> None:
    async def told() -> list[bool]:
        bearer = ModemBearer(gsm_modem.port, OPERATOR)
        bearer._modem._registration_interval_s = 0.1
        said: list[bool] = []
        try:
            while len(said) < 3:
                event = await soon(bearer.next_event())
                if isinstance(event, Network):
                    said.append(event.is_registered)
                    gsm_modem.signal = None if said == [True] else 20
        finally:
            await bearer.close()
        return said

    gsm_modem.wait_until_registered()
    assert asyncio.run(told()) == [True, False, True]


async def test_a_port_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    async with bearer_on(tmp_path / "none", OPERATOR) as ours:
        event = await soon(ours.next_event())
        assert isinstance(event, Gone)
        assert event.trouble is Trouble.CANNOT_OPEN
        assert await soon(ours.send(OPERATOR, "request")) is SendOutcome.FAILED


def test_what_is_no_modem_is_told_as_a_port_that_cannot_be_used() -> None:
    assert _trouble_of(NotAModem("/dev/ttyUSB0")) is Trouble.CANNOT_OPEN
    assert _trouble_of(ModemGone("/dev/ttyUSB0", "unplugged")) is Trouble.NO_MODEM


@pytest.mark.parametrize(("language", "said"), [("en", "SIM is still busy. Wait half a minute"), ("zh", "SIM 卡正忙")])
def test_a_busy_sim_is_told_as_that(language: Language, said: str) -> None:
    trouble = _trouble_of(SimBusy())
    assert said in text_of(trouble).say(language)
    assert said in text_for_command(trouble).say(language)


async def test_a_modem_that_was_unplugged_is_picked_up_again(tmp_path: Path) -> None:
    async with bearer_on(tmp_path / "modem0", OPERATOR) as ours:
        async with serving(PHONES, {}, MemoryStore(), smpp_port=0, link_dir=tmp_path):
            while not isinstance(await next_but_signal(ours), Ready):
                pass
        event = await next_but_signal(ours)
        assert isinstance(event, Gone)
        assert event.trouble is Trouble.NO_MODEM
        async with serving(PHONES, {}, MemoryStore(), smpp_port=0, link_dir=tmp_path):
            while not isinstance(await next_but_signal(ours), Ready):
                pass


@pytest.mark.parametrize("given", ["1234", None])
async def test_the_sims_pin_is_taken_when_it_is_given(tmp_path: Path, given: str | None) -> None:
    locked = Phone(imsi=PHONES[0].imsi, msisdn=f"+{OURS}", pin="1234")
    async with (
        serving([locked], {}, MemoryStore(), smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR, given) as ours,
    ):
        event = await next_but_signal(ours)
        if given is None:
            assert isinstance(event, Gone)
            assert event.trouble is Trouble.SIM_PIN_NEEDED
            await ours.give_sim_pin(Secret(b"4321"))
            event = await next_but_signal(ours)
            assert isinstance(event, Gone)
            assert event.trouble is Trouble.SIM_PIN_WRONG
            await ours.give_sim_pin(Secret(b"1234"))
            event = await next_but_signal(ours)
        assert isinstance(event, Ready)


async def test_a_reply_reaches_the_phone_on_a_modem_that_tells_of_no_message(tmp_path: Path) -> None:
    nokia = Phone(PHONES[0].imsi, PHONES[0].msisdn, profile=load("nokia"))
    async with (
        serving([nokia, PHONES[1]], {}, MemoryStore(), smpp_port=0, link_dir=tmp_path),
        bearer_on(tmp_path / "modem0", OPERATOR) as ours,
        bearer_on(tmp_path / "modem1", OURS) as operators,
    ):
        assert isinstance(await next_but_signal(ours), Ready)
        await next_but_signal(operators)
        await soon(operators.send(f"+{OURS}", "reply"))
        assert await next_but_signal(ours) == Received(f"+{OPERATOR}", "reply")
