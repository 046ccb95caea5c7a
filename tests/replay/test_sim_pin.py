"""The SIM's PIN is tried once, whatever happens after it was written; and what makes say of their SIM; over ptys."""

import threading
import time
from collections.abc import Callable

import pytest
from gsmmodem.exceptions import CmsError, CommandError
from gsmmodem.modem import GsmModem

from gsm.errors import ModemError, NotAModem, SimPinDoubtful, SimPinWrong
from gsm.sim_pin import SimPin
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem, after, eventually

PIN = 'AT+CPIN="1234"'
ASKS: dict[str, Reply] = {"AT+CPIN?": b"+CPIN: SIM PIN\r\n\r\nOK", "AT+CIMI": b"+CME ERROR: 11"}
WAVECOM: dict[str, Reply] = {"AT+CGMI": b" WAVECOM MODEM\r\n MULTIBAND  900E  1800\r\n\r\nOK"}


def opens(modem: ScriptedModem) -> bytes:
    """The right PIN: the SIM is open from now on."""
    modem.replies["AT+CPIN?"] = b"+CPIN: READY\r\n\r\nOK"
    modem.replies["AT+CIMI"] = b"460001234567890\r\n\r\nOK"
    return b"OK"


# ---- a PIN of which nobody knows whether it was right


@pytest.mark.parametrize("answer", [b"RDY", b"^SYSSTART", b"+CPIN: SIM PIN\r\n\r\nRDY"])
def test_a_modem_that_starts_anew_after_the_pin_does_not_get_it_a_second_time(
    scripted: MakeModem, ours: Connect, answer: bytes
) -> None:
    modem = scripted({**ASKS, PIN: answer})
    with pytest.raises(SimPinDoubtful, match="give the PIN again"):
        ours(modem, "1234")
    assert modem.commands.count("AT+CPIN?") >= 2  # it was asked again, and wanted it again
    assert modem.commands.count(PIN) == 1


def test_a_modem_that_takes_the_pin_and_forgets_it_before_it_is_ready_does_not_get_it_a_second_time(
    scripted: MakeModem, ours: Connect
) -> None:
    modem, gone = scripted({**ASKS, PIN: b"OK"}), []
    driver = ours(modem, "1234", gone=lambda error: gone.append(error.__cause__))
    modem.urc("RDY")
    eventually(lambda: any(isinstance(cause, SimPinDoubtful) for cause in gone))
    assert modem.commands.count(PIN) == 1
    modem.replies[PIN] = opens
    driver.use_pin("1234")  # by a person, who says that it is the right one
    eventually(lambda: driver._gone is None)
    assert modem.commands.count(PIN) == 2


def test_a_pin_that_was_never_answered_is_not_tried_by_the_next_connection(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({**ASKS, PIN: lambda _: None})
    driver = ours(scripted())
    driver.close()
    driver.port, driver._sim.timeout_s = modem.path, 0.3
    with pytest.raises(NotAModem):
        driver.connect("1234")
    for _ in range(2):
        with pytest.raises(ModemError):
            driver.connect("1234")
    assert modem.commands.count(PIN) == 1


def test_a_refused_pin_is_not_tried_by_the_next_connection_and_another_one_is(
    scripted: MakeModem, ours: Connect
) -> None:
    modem = scripted({**ASKS, PIN: b"+CME ERROR: 16", 'AT+CPIN="4321"': opens})
    driver = ours(scripted())
    driver.close()
    driver.port = modem.path
    for _ in range(3):
        with pytest.raises(SimPinWrong):
            driver.connect("1234")
    assert modem.commands.count(PIN) == 1
    driver.connect("4321")
    assert driver.imsi == "460001234567890"


@pytest.mark.parametrize(
    "proof",
    [
        lambda modem, driver: modem.urc("+CPIN: READY"),
        lambda modem, driver: driver.imsi,
    ],
    ids=["READY", "IMSI"],
)
def test_a_pin_that_proved_right_is_given_again_after_a_reset(
    scripted: MakeModem, ours: Connect, proof: Callable[[ScriptedModem, object], object]
) -> None:
    """A SIM that asks again after each undervoltage is opened each time."""
    modem, back = scripted({**ASKS, PIN: b"OK"}), []
    driver = ours(modem, "1234", back=lambda: back.append(1))
    modem.replies["AT+CIMI"] = b"460001234567890\r\n\r\nOK"
    proof(modem, driver)
    for times in (2, 3):
        modem.urc("RDY")
        eventually(lambda times=times: modem.commands.count(PIN) == times)  # type: ignore[misc]
        modem.urc("+CPIN: READY")
        eventually(lambda times=times: len(back) == times - 1)  # type: ignore[misc]


def test_connecting_again_without_a_pin_keeps_the_one_given(scripted: MakeModem, ours: Connect) -> None:
    modem, back = scripted({**ASKS, PIN: opens}), []
    driver = ours(modem, "1234", back=lambda: back.append(1))
    driver.connect()
    modem.replies["AT+CPIN?"] = ASKS["AT+CPIN?"]
    modem.urc("RDY")
    eventually(lambda: back)
    assert modem.commands.count(PIN) == 2


def test_a_pin_given_by_a_person_is_tried_at_once(scripted: MakeModem, ours: Connect) -> None:
    """Each set-up that failed puts the next one off, up to half a minute: too long for somebody who waits."""
    modem, back = scripted(), []
    driver = ours(modem, back=lambda: back.append(1), reopen_interval_s=60.0)
    modem.replies.update({**ASKS, PIN: opens})
    modem.urc("RDY")
    eventually(lambda: driver._reopen_wanted)
    driver.use_pin("1234")
    eventually(lambda: back, 20)


def test_a_pin_that_did_not_reach_the_modem_is_not_spent() -> None:
    pin = SimPin()
    pin.given("1234")
    assert pin.take() == "1234"
    pin.not_written()
    assert pin.take() == "1234"
    with pytest.raises(SimPinDoubtful):
        pin.take()
    pin.refused()
    with pytest.raises(SimPinWrong, match="refused"):
        pin.take()
    assert "1234" not in repr(pin) + repr(vars(SimPinDoubtful()))


@pytest.mark.parametrize("answer", [b"+CME ERROR: 16", b"RDY\r\n\r\nERROR"], ids=["wrong", "a reset"])
def test_the_library_gives_the_same_pin_until_the_sim_is_blocked(scripted: MakeModem, answer: bytes) -> None:
    """`_unlockSim` sends it in each `connect` whatever became of it before; the third wrong one blocks the SIM."""
    modem = scripted({**ASKS, PIN: answer})
    driver = GsmModem(modem.path)
    driver.timeout = 0.05
    for _ in range(3):
        with pytest.raises(CommandError):
            driver.connect("1234")
        driver.close()
    assert modem.commands.count(PIN) == 3


# ---- +CPIN? without OK


@pytest.mark.parametrize("make", [WAVECOM, {}], ids=["Wavecom", "seen before"])
def test_an_answer_to_cpin_without_its_ok_is_not_waited_for_longer_than_a_moment(
    scripted: MakeModem, ours: Connect, make: dict[str, Reply]
) -> None:
    modem = scripted({**make, "AT+CPIN?": b"+CPIN: READY"})
    driver = ours(modem, sim_timeout_s=60.0 if make else 1.5)
    driver._sim.timeout_s = 60.0
    began_s = time.monotonic()
    modem.unplug()
    modem.plug()
    eventually(lambda: modem.commands.count("AT+CPIN?") == 2 and driver._gone is None, 20)
    assert time.monotonic() - began_s < 20
    assert driver.imsi == "460001234567890"


def test_an_ok_that_comes_late_after_all_is_no_answer_to_the_next_command(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({**WAVECOM, "AT+CPIN?": b"+CPIN: READY"})
    modem.replies["AT+CMEE?"] = b"OK\r\n\r\n+CMEE: 1\r\n\r\nOK"  # it answers in order, the late OK first
    modem.replies["AT+CSQ"] = b"+CSQ: 23,99\r\n\r\nOK"
    driver = ours(modem)
    assert driver.signalStrength == 23
    assert driver.imsi == "460001234567890"


def test_a_slow_wavecom_sim_is_waited_for(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({**WAVECOM, "AT+CPIN?": after(2.0, b"+CPIN: READY")})
    assert ours(modem, sim_timeout_s=30.0).imsi == "460001234567890"


def test_the_library_waits_for_that_ok(scripted: MakeModem, unmodified: Connect) -> None:
    """`_unlockSim` waits for it, up to 15 s in each `connect`; here it comes after a second."""

    def late(modem: ScriptedModem) -> None:
        modem.say(b"\r\n+CPIN: READY\r\n")
        threading.Timer(1.0, modem.say, [b"\r\nOK\r\n"]).start()

    modem = scripted({**WAVECOM, "AT+CPIN?": late})
    began_s = time.monotonic()
    unmodified(modem)
    assert time.monotonic() - began_s >= 1.0


# ---- 515


def test_wavecom_s_515_is_waited_for(scripted: MakeModem, ours: Connect) -> None:
    answers = iter([b"+CME ERROR: 515", b"+CMS ERROR: 515", b"+CSQ: 19,99\r\n\r\nOK"])
    modem = scripted(WAVECOM)
    driver = ours(modem)
    modem.replies["AT+CSQ"] = lambda _: next(answers)
    assert driver.signalStrength == 19


def test_a_wavecom_that_is_still_starting_when_it_is_asked_who_it_is_is_asked_again(
    scripted: MakeModem, ours: Connect
) -> None:
    answers = iter([b"+CME ERROR: 515", WAVECOM["AT+CGMI"], WAVECOM["AT+CGMI"]])
    modem = scripted({"AT+CGMI": lambda _: next(answers)})
    assert ours(modem)._is_wavecom


@pytest.mark.parametrize("make", ["SIEMENS", "Quectel_Ltd", "Telit"])
def test_515_of_another_make_is_an_error_at_once(scripted: MakeModem, ours: Connect, make: str) -> None:
    modem = scripted({"AT+CGMI": make.encode() + b"\r\n\r\nOK", "AT+CSQ": b"+CMS ERROR: 515"})
    driver = ours(modem)
    with pytest.raises(CmsError, match="515"):
        _ = driver.signalStrength
    assert modem.commands.count("AT+CSQ") == 1


def test_the_library_asks_for_ever_whatever_the_make(scripted: MakeModem, unmodified: Connect) -> None:
    """`write` calls itself again on every 515, without an end and waiting longer each time."""
    asked: list[float] = []

    def siemens(modem: ScriptedModem) -> bytes:
        asked.append(time.monotonic())
        return b"+CMS ERROR: 515" if len(asked) < 4 else b"+CSQ: 19,99\r\n\r\nOK"

    driver = unmodified(scripted({"AT+CGMI": b"SIEMENS\r\n\r\nOK", "AT+CSQ": siemens}))
    assert driver.signalStrength == 19
    assert len(asked) == 4
