"""Our driver on an emulated modem while each of the emulator's faults happens: what the program is told, and after."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gsm.errors import ModemError, NotRegistered, SendFailed, SendUnknown
from gsm.modem import Modem
from modem_emulator.emulation import EmulatedModem, emulated
from tests.replay.scripted_modem import eventually

FRIEND = "+8613912345678"
PATIENCE_S = 30.0


class Program:
    """A driver, and what it told."""

    def __init__(self, modem: EmulatedModem, *, cmgs_timeout_s: float = 3.0, locked: bool = False) -> None:
        self.texts: list[str] = []
        self.events: list[str] = []
        self.modem = modem
        self.driver = Modem(
            modem.port,
            received=lambda message: self.texts.append(message.text),
            gone=lambda error: self.events.append(f"{type(error).__name__} {type(error.__cause__).__name__}"),
            back=lambda: self.events.append("back"),
            command_timeout_s=2.0,
            cmgs_timeout_s=cmgs_timeout_s,
            sim_timeout_s=5.0,
            first_answer_timeout_s=5.0,
            reopen_interval_s=0.05,
            poll_interval_s=0.2,
            registration_interval_s=0.2,
        )
        if not locked:
            modem.wait_until_registered()
        self.driver.connect("1234")

    def until(self, condition: Callable[[], Any]) -> None:
        eventually(condition, PATIENCE_S)

    def works(self) -> None:
        """It identifies itself, sends and receives."""

        def answers() -> bool:
            try:
                return bool(self.driver.imsi == self.modem.imsi)
            except Exception:
                return False

        self.until(answers)
        before = len(self.texts)
        assert self.driver.send_text(FRIEND, "works").reference is not None
        self.modem.receives("works too", FRIEND)
        self.until(lambda: self.texts[before:])
        assert self.texts[-1] == "works too"


@pytest.fixture
def program(gsm_modem: EmulatedModem) -> Iterator[Program]:
    made = Program(gsm_modem)
    yield made
    made.driver.close()


@pytest.mark.parametrize("fault", ["garbage", "silence"])
def test_an_answer_that_does_not_come_leaves_the_message_in_doubt_and_the_driver_working(
    program: Program, fault: str
) -> None:
    program.modem.fault(fault, on="+CMGS")
    with pytest.raises((SendUnknown, SendFailed)):
        program.driver.send_text(FRIEND, "hi")
    program.works()


def test_a_slow_answer_is_waited_for_and_a_slower_one_is_no_answer_to_anything_else(program: Program) -> None:
    program.modem.fault("slow-answer", by_s=1.0, on="+CSQ")
    assert program.driver.signalStrength > 0
    program.modem.fault("slow-answer", by_s=3.0, on="+CSQ")
    with pytest.raises(Exception, match="in time"):
        _ = program.driver.signalStrength
    program.works()


@pytest.mark.parametrize("make", ["sim800l", "quectel-ec25"])
def test_a_reset_in_the_middle_is_noticed_by_what_the_modem_says(make: str) -> None:
    with emulated(profile=make) as network:
        program = Program(network.modems[0], cmgs_timeout_s=PATIENCE_S)
        try:
            program.modem.fault("reboot")
            program.until(lambda: program.events[-1:] == ["back"])
            assert program.events[0] == "ModemReset NoneType"
            program.modem.wait_until_registered()
            program.works()
        finally:
            program.driver.close()


def test_a_busy_sim_is_waited_for(program: Program) -> None:
    program.modem.fault("sim-busy", for_s=1.0)
    assert program.driver.imsi == program.modem.imsi
    program.works()


@pytest.mark.gsm_modem(pin="1234")
def test_a_sim_that_asks_for_its_pin_again_gets_it(gsm_modem: EmulatedModem) -> None:
    program = Program(gsm_modem, locked=True)
    try:
        gsm_modem.fault("ask-pin")
        program.until(lambda: "back" in program.events)
        assert program.driver.imsi == gsm_modem.imsi
    finally:
        program.driver.close()


def test_a_sim_that_asks_for_its_puk_is_told_and_given_nothing(program: Program) -> None:
    program.modem.fault("ask-puk")
    program.until(lambda: "ModemGone SimPukNeeded" in program.events)
    with pytest.raises(ModemError, match="PUK"):
        _ = program.driver.imsi
    assert "+CPIN=" not in program.modem.dialogue


def test_a_full_storage_is_emptied_and_what_waited_comes(program: Program) -> None:
    program.modem.fault("fill-storage", storage="SM")
    program.modem.receives("after all of them", FRIEND)
    program.until(lambda: "after all of them" in program.texts)
    program.works()


def test_without_coverage_nothing_is_handed_over(program: Program) -> None:
    program.modem.signal = None
    program.until(lambda: program.driver._registration.is_registered is False)
    with pytest.raises(NotRegistered):
        program.driver.send_text(FRIEND, "hi")
    program.modem.signal = 20
    program.until(lambda: program.driver._registration.is_registered)
    program.works()


@pytest.mark.gsm_modem(profile="nokia")
def test_a_modem_that_tells_of_no_message_is_asked(program: Program) -> None:
    program.modem.receives("nobody said so", FRIEND)
    program.until(lambda: program.texts == ["nobody said so"])
