"""The prompt that +CMGS waits for (TS 27.005 clause 3.5.1: <CR><LF>, >, space), in pieces, late, or too late."""

import threading
import time

import pytest
from gsmmodem.exceptions import TimeoutException

from gsm.errors import SendFailed
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem, eventually

NUMBER = "+8613900000000"


def in_pieces(*pieces: tuple[float, bytes]) -> Reply:
    """Each piece so many seconds after the one before."""

    def reply(modem: ScriptedModem) -> None:
        def speak() -> None:
            for pause_s, piece in pieces:
                time.sleep(pause_s)
                modem.say(piece)

        threading.Thread(target=speak, daemon=True).start()

    return reply


PROMPTS = {
    "in two pieces": in_pieces((0, b"\r\n>"), (0.2, b" ")),
    "byte for byte": in_pieces((0, b"\r"), (0.05, b"\n"), (0.05, b">"), (0.05, b" ")),
    "without a space": in_pieces((0, b"\r\n>")),
    "without a line end": in_pieces((0, b"> ")),
    "after an unsolicited code": in_pieces((0, b"\r\n^RSSI:19\r\n"), (0.05, b"\r\n> ")),
}


@pytest.mark.parametrize("how", PROMPTS)
def test_a_prompt_is_taken(scripted: MakeModem, ours: Connect, how: str) -> None:
    modem = scripted()
    driver = ours(modem)
    modem.prompt = PROMPTS[how]
    assert driver.send_text(NUMBER, "hi").reference == 7
    assert driver.send_text(NUMBER, "hi again").reference == 7
    assert len(modem.texts) == 2


def test_a_prompt_after_four_seconds_is_waited_for(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    driver = ours(modem)
    modem.prompt = in_pieces((4.0, b"\r\n> "))
    assert driver.send_text(NUMBER, "hi").reference == 7


def test_a_text_that_is_echoed_behind_its_prompt_is_no_answer(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    driver = ours(modem)
    modem.sent = lambda same: same.texts[-1].encode() + b"\r\n\r\n+CMGS: 8\r\n\r\nOK"
    assert driver.send_text(NUMBER, "hi").reference == 8
    assert driver.imsi == "460001234567890"


@pytest.mark.parametrize("late_s", [0.4, 1.0])
def test_a_prompt_that_comes_too_late_is_aborted_and_the_text_is_never_sent(
    scripted: MakeModem, ours: Connect, late_s: float
) -> None:
    modem = scripted()
    driver = ours(modem, prompt_timeout_s=0.2)
    modem.prompt = in_pieces((late_s, b"\r\n> "))
    with pytest.raises(SendFailed):
        driver.send_text(NUMBER, "not this one")
    eventually(lambda: not modem.prompted)
    assert driver.imsi == "460001234567890"
    assert modem.texts == []
    modem.prompt = b"> "
    assert driver.send_text(NUMBER, "but this one").reference == 7
    assert len(modem.texts) == 1


def test_the_library_does_not_see_a_prompt_without_a_space_and_leaves_the_modem_waiting(
    scripted: MakeModem, unmodified: Connect
) -> None:
    """`SerialComms._readLoop` looks for the very bytes `> `; nobody sends ESC, and what is asked next is a text."""
    modem = scripted()
    driver = unmodified(modem)
    modem.prompt = PROMPTS["without a space"]
    with pytest.raises(TimeoutException):
        driver.sendSms(NUMBER, "hi")
    assert modem.prompted
