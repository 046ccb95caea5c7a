"""A modem that resets, loses its PIN or comes back under another name in the middle of work; over ptys."""

import time
from pathlib import Path
from typing import Any

import pytest
from gsmmodem.exceptions import TimeoutException

from gsm.errors import ModemReset, SendFailed, SendUnknown
from gsm.modem import Modem
from gsm.usb import identity_of
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import ScriptedModem, eventually
from tests.unit.gsm.machine import Interface, Machine

NUMBER = "+8613900000000"
SET_UP = "AT+CNMI=2,1,0,2"  # what the driver says once when it sets a modem up


def set_ups(modem: ScriptedModem) -> int:
    return modem.commands.count(SET_UP)


# ---- resets


@pytest.mark.parametrize("said", [b"RDY", b"^SYSSTART", b"MODEM:STARTUP", b"+CFUN: 1"])
def test_a_command_ends_at_once_when_the_modem_starts_anew_and_all_is_set_up_again(
    scripted: MakeModem, ours: Connect, said: bytes
) -> None:
    modem, happened = scripted({"AT+CSQ": said}), []
    driver = ours(modem, gone=lambda error: happened.append(type(error)), back=lambda: happened.append("back"))
    began_s = time.monotonic()
    with pytest.raises(ModemReset, match="started anew"):
        driver.write("AT+CSQ", timeout=60)
    assert time.monotonic() - began_s < 10
    eventually(lambda: happened == [ModemReset, "back"])
    assert set_ups(modem) == 2
    assert driver.imsi == "460001234567890"


def test_the_library_waits_and_sets_nothing_up(scripted: MakeModem, unmodified: Connect) -> None:
    """`_handleLineRead` keeps `RDY` for a line of an answer whose end never comes."""
    modem = scripted({"AT+CSQ": b"RDY"})
    driver = unmodified(modem)
    with pytest.raises(TimeoutException):
        driver.write("AT+CSQ", timeout=0.3)
    assert set_ups(modem) == 1


def test_a_reset_after_the_text_leaves_the_message_in_doubt(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted(sent=b"RDY")
    driver = ours(modem, cmgs_timeout_s=60)
    with pytest.raises(SendUnknown):
        driver.send_text(NUMBER, "hi")
    eventually(lambda: set_ups(modem) == 2)
    assert modem.times_given("hi") == 1


def test_a_reset_before_the_text_means_that_nothing_was_sent(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    driver = ours(modem)
    for octets in range(10, 30):
        modem.replies[f"AT+CMGS={octets}"] = b"RDY"
    with pytest.raises(SendFailed):
        driver.send_text(NUMBER, "hi")
    assert not modem.texts


def test_a_reset_while_nothing_runs_is_noticed(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    driver = ours(modem)
    modem.urc("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready")
    eventually(lambda: set_ups(modem) == 2)
    eventually(lambda: driver._gone is None)
    assert driver.imsi == "460001234567890"


def test_a_modem_that_starts_while_it_is_set_up_is_set_up_from_the_beginning(
    scripted: MakeModem, ours: Connect
) -> None:
    def starts_once(modem: ScriptedModem) -> bytes:
        del modem.replies["AT+CLIP=1"]
        return b"RDY"

    modem = scripted({"AT+CLIP=1": starts_once})
    assert ours(modem).imsi == "460001234567890"
    assert modem.commands.count("ATZ") == 2


def test_what_is_asked_about_the_radio_is_no_reset(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    assert ours(modem).write("AT+CFUN?") == ["+CFUN: 1", "OK"]
    assert set_ups(modem) == 1


# ---- resets of which the modem says nothing


def test_a_modem_that_echoes_again_is_set_up_again(scripted: MakeModem, ours: Connect) -> None:
    modem, happened = scripted(), []
    driver = ours(modem, gone=lambda error: happened.append(str(error)), back=lambda: happened.append("back"))
    modem.replies["AT+CSQ"] = b"AT+CSQ\r\r\n+CSQ: 19,99\r\n\r\nOK"
    assert driver.write("AT+CSQ")[0] == "+CSQ: 19,99"
    eventually(lambda: happened[1:] == ["back"])
    assert "it echoes again" in happened[0]
    assert set_ups(modem) == 2


def test_a_modem_that_echoes_again_gets_no_text_which_it_might_take_for_another_number(
    scripted: MakeModem, ours: Connect
) -> None:
    """A modem just started may be in text mode: AT+CMGS=23 then asks for a text to the number 23."""
    modem = scripted()
    driver = ours(modem)

    def forgotten(same: ScriptedModem) -> None:
        same.say(same.commands[-1].encode() + b"\r\r\n> ")

    modem.prompt = forgotten
    with pytest.raises(SendFailed):
        driver.send_text(NUMBER, "hi")
    eventually(lambda: set_ups(modem) == 2 and driver._gone is None)
    assert not modem.prompted
    assert modem.texts == []
    modem.prompt = b"> "
    assert driver.send_text(NUMBER, "hi").reference == 7


def test_a_modem_that_never_stops_echoing_is_set_up_once(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted()
    for command, reply in list(modem.replies.items()):
        assert isinstance(reply, bytes)
        modem.replies[command] = command.encode() + b"\r\r\n" + reply
    driver = ours(modem)
    modem.prompt = lambda same: same.say(same.commands[-1].encode() + b"\r\r\n> ")
    assert driver.signalStrength == 19
    assert driver.send_text(NUMBER, "hi").reference == 7
    assert driver.imsi == "460001234567890"
    assert set_ups(modem) == 1


@pytest.mark.parametrize(
    ("question", "kept", "lost", "command"),
    [
        ("AT+CMEE?", b"+CMEE: 1", b"+CMEE: 0", "AT+CMEE=1"),
        ("AT+CNMI?", b"+CNMI: 2,1,0,2,0", b"+CNMI: 0,0,0,0,0", SET_UP),
    ],
)
def test_a_modem_that_has_forgotten_a_setting_is_set_up_again(
    scripted: MakeModem, ours: Connect, question: str, kept: bytes, lost: bytes, command: str
) -> None:
    def sets(same: ScriptedModem) -> bytes:
        same.replies[question] = kept + b"\r\n\r\nOK"
        return b"OK"

    modem, back = scripted({question: kept + b"\r\n\r\nOK", command: sets}), []
    driver = ours(modem, registration_interval_s=0.05, back=lambda: back.append(1))
    modem.replies[question] = lost + b"\r\n\r\nOK"
    eventually(lambda: back)
    assert set_ups(modem) == 2
    assert driver.imsi == "460001234567890"


def test_a_setting_that_a_modem_never_takes_is_not_missed(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CNMI?": b"+CNMI: 0,0,0,0,0\r\n\r\nOK"})
    driver = ours(modem, registration_interval_s=0.02)
    eventually(lambda: modem.commands.count("AT+CREG?") >= 4)
    assert set_ups(modem) == 1
    assert driver._gone is None


# ---- the PIN


def locks(modem: ScriptedModem) -> None:
    """The SIM asks for its PIN, as after a reset by undervoltage that nobody saw, until it gets 1234."""
    modem.replies["AT+CPIN?"] = b"+CPIN: SIM PIN\r\n\r\nOK"
    modem.replies["AT+CIMI"] = b"+CME ERROR: SIM PIN required"

    def opened(same: ScriptedModem) -> bytes:
        same.replies["AT+CPIN?"] = b"+CPIN: READY\r\n\r\nOK"
        same.replies["AT+CIMI"] = b"460001234567890\r\n\r\nOK"
        return b"OK"

    modem.replies['AT+CPIN="1234"'] = opened


def test_a_sim_that_asks_again_gets_the_pin_that_it_took_before_once(scripted: MakeModem, ours: Connect) -> None:
    modem, back = scripted(), []
    locks(modem)
    driver = ours(modem, "1234", back=lambda: back.append(driver.imsi))
    locks(modem)
    with pytest.raises(Exception, match="PIN"):
        _ = driver.imsi
    eventually(lambda: back == ["460001234567890"])
    assert modem.commands.count('AT+CPIN="1234"') == 2


def test_a_sim_that_asks_unasked_is_heard(scripted: MakeModem, ours: Connect) -> None:
    modem, back = scripted(), []
    locks(modem)
    ours(modem, "1234", back=lambda: back.append(1))
    locks(modem)
    modem.urc("+CPIN: SIM PIN")
    eventually(lambda: back)


def test_a_sim_that_then_asks_for_its_puk_gets_nothing(scripted: MakeModem, ours: Connect) -> None:
    modem, gone = scripted(), []
    locks(modem)
    driver = ours(modem, "1234", gone=lambda error: gone.append(str(error.__cause__ or "")))
    locks(modem)
    modem.replies["AT+CPIN?"] = b"+CPIN: SIM PUK\r\n\r\nOK"
    with pytest.raises(Exception, match="PIN"):
        _ = driver.imsi
    eventually(lambda: any("PUK" in reason for reason in gone))
    assert modem.commands.count('AT+CPIN="1234"') == 1


def test_a_pin_given_later_is_used(scripted: MakeModem, ours: Connect) -> None:
    modem, back = scripted(), []
    driver = ours(modem, back=lambda: back.append(1))
    locks(modem)
    modem.urc("+CPIN: SIM PIN")
    eventually(lambda: modem.commands.count("AT+CPIN?") >= 3)
    assert not back
    driver.use_pin("1234")
    eventually(lambda: back)
    assert driver.imsi == "460001234567890"


# ---- another name


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "machine").mkdir()
    return Machine(tmp_path / "machine")


SETTINGS: dict[str, Any] = {"reopen_interval_s": 0.02, "command_timeout_s": 2.0, "first_answer_timeout_s": 2.0}


def test_a_modem_that_comes_back_under_another_name_is_found_and_no_other_is_taken_for_it(
    scripted: MakeModem, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    modem, other = scripted(), scripted({"AT+CIMI": b"460009999999999\r\n\r\nOK"})
    machine.plug_in("1e0e:9001", Interface(2, "ttyUSB2", modem.path), serial_number="A")
    back: list[int] = []
    port = str(machine.root / "dev/ttyUSB2")
    driver = Modem(port, back=lambda: back.append(1), usb_root=machine.root, **SETTINGS)
    driver.connect()
    tries: list[int] = []
    follow = driver._follow_device
    monkeypatch.setattr(driver, "_follow_device", lambda: (tries.append(1), follow()))
    try:
        modem.unplug()
        machine.unplug("1-1.2")
        # Its name goes to another modem, and it comes back under a new one.
        machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2", other.path), location="1-1.3")
        tries.clear()
        eventually(lambda: len(tries) > 2)
        assert driver._gone
        assert identity_of(port, machine.root) != driver._identity
        modem.plug()
        machine.plug_in("1e0e:9001", Interface(2, "ttyUSB5", modem.path), location="1-1.4", serial_number="A")
        eventually(lambda: back, timeout_s=10)
        assert driver.port == str(machine.root / "dev/ttyUSB5")
        assert driver.imsi == "460001234567890"
        assert not other.commands
    finally:
        driver.close()
