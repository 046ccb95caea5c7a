"""Our driver on an emulated modem while each of the emulator's faults happens: what the program is told, and after."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gsm.errors import ModemError, ModemGone, NotRegistered, SendFailed, SendUnknown
from gsm.modem import Modem
from modem_emulator.emulation import EmulatedModem, emulated
from tests.replay.scripted_modem import eventually

FRIEND = "+8613912345678"
PATIENCE_S = 30.0


class Program:
    """A driver, and what it told."""

    def __init__(
        self,
        modem: EmulatedModem,
        *,
        port: str | None = None,
        cmgs_timeout_s: float = 3.0,
        reopen_interval_s: float = 0.05,
        locked: bool = False,
    ) -> None:
        self.texts: list[str] = []
        self.events: list[str] = []
        self.modem = modem
        self.driver = Modem(
            port or modem.port,
            received=lambda message: self.texts.append(message.text),
            gone=lambda error: self.events.append(f"{type(error).__name__} {type(error.__cause__).__name__}"),
            back=lambda: self.events.append("back"),
            command_timeout_s=2.0,
            cmgs_timeout_s=cmgs_timeout_s,
            sim_timeout_s=5.0,
            first_answer_timeout_s=5.0,
            reopen_interval_s=reopen_interval_s,
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
    """These faults befall the answer, not the prompt: the network has the message."""
    program.modem.fault(fault, on="+CMGS")
    with pytest.raises(SendUnknown):
        program.driver.send_text(FRIEND, "hi")
    program.works()
    assert [message.text for message in program.modem.sent].count("hi") == 1, "it is not sent again"


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


@pytest.mark.parametrize("make", ["sim800l", "huawei-e173"])
def test_a_reset_once_the_text_was_entered_leaves_the_message_in_doubt(make: str) -> None:
    with emulated(profile=make) as network:
        program = Program(network.modems[0], cmgs_timeout_s=10.0)
        try:
            program.modem.fault("reboot", on="+CMGS", entered=True)
            with pytest.raises(SendUnknown):
                program.driver.send_text(FRIEND, "hi")
            program.modem.wait_until_registered()
            program.works()
            assert [message.text for message in program.modem.sent].count("hi") <= 1, "it is not sent again"
        finally:
            program.driver.close()


class Plugged:
    """A program that knows its modem by a link, as by those of udev; a pty's own name goes to the next one at once."""

    def __init__(self, modem: EmulatedModem, link: Path) -> None:
        self.modem, self.link = modem, link
        link.symlink_to(modem.port)
        self.program = Program(modem, port=str(link), reopen_interval_s=1.0)

    def plug_in(self) -> None:
        self.modem.plug_in()
        self.link.symlink_to(self.modem.port)
        self.program.until(lambda: self.program.events[-1:] == ["back"])
        self.modem.wait_until_registered()


@pytest.fixture
def plugged(gsm_modem: EmulatedModem, tmp_path: Path) -> Iterator[Plugged]:
    made = Plugged(gsm_modem, tmp_path / "modem")
    yield made
    made.program.driver.close()


def test_unplugging_in_the_middle_of_a_command_ends_it_and_plugging_in_sets_all_up_again(plugged: Plugged) -> None:
    program = plugged.program
    program.modem.fault("slow-answer", by_s=PATIENCE_S, on="+CSQ")
    failed: list[Exception] = []

    def ask() -> None:
        try:
            program.driver.write("AT+CSQ", timeout=PATIENCE_S)
        except Exception as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    program.until(lambda: "AT+CSQ" in program.modem.dialogue)
    plugged.link.unlink()
    program.modem.unplug()
    asking.join(10)
    assert [type(error) for error in failed] == [ModemGone]
    plugged.plug_in()
    program.works()


def test_unplugging_once_the_text_was_entered_leaves_the_message_in_doubt(plugged: Plugged) -> None:
    program = plugged.program
    program.modem.fault("unplug", on="+CMGS", entered=True)
    with pytest.raises(SendUnknown):
        program.driver.send_text(FRIEND, "hi")
    plugged.link.unlink()
    plugged.plug_in()
    program.works()
    assert [message.text for message in program.modem.sent].count("hi") <= 1, "it is not sent again"


def test_unplugging_before_the_text_means_that_nothing_was_sent(plugged: Plugged) -> None:
    program = plugged.program
    program.modem.fault("unplug", on="+CMGS")
    with pytest.raises(SendFailed):
        program.driver.send_text(FRIEND, "hi")
    plugged.link.unlink()
    plugged.plug_in()
    program.works()
    assert "hi" not in [message.text for message in program.modem.sent]


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
