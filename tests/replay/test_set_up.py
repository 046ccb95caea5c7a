"""Setting up a modem that leaves questions unanswered, is busy, or was left in another character set; over ptys."""

import contextlib
import time

import pytest
from gsmmodem.modem import GsmModem

from gsm.errors import ModemError, NotAModem, SendFailed, SimBusy, SimPinDoubtful
from gsm.line import Line
from gsm.modem import Modem
from modem_emulator.emulation import EmulatedModem
from tests.replay.conftest import Connect, MakeModem
from tests.replay.scripted_modem import Reply, ScriptedModem

# What our driver asks beyond the library, or asks again; a modem that does not answer it can do all the rest.
OPTIONAL = ("AT+CNMI=?", "AT+CREG=1", "AT+CTZR=?", "AT+CMEE?", "AT+CNMI?")


def silent(_: ScriptedModem) -> None:
    """No answer at all."""


def busy(answer: bytes) -> dict[str, Reply]:
    return {"AT+CPIN?": answer}


# ---- questions without an answer


@pytest.mark.parametrize("question", OPTIONAL)
def test_a_modem_that_leaves_a_question_unanswered_is_set_up(scripted: MakeModem, ours: Connect, question: str) -> None:
    modem = scripted({question: silent})
    driver = ours(modem, command_timeout_s=0.3)
    assert question in modem.commands
    assert driver.imsi == "460001234567890"
    assert driver.send_text("+8613900000000", "hi").reference == 7


@pytest.mark.parametrize("question", OPTIONAL)
def test_the_library_which_does_not_ask_connects_too(scripted: MakeModem, unmodified: Connect, question: str) -> None:
    assert unmodified(scripted({question: silent})).imsi == "460001234567890"


@pytest.mark.parametrize("question", OPTIONAL)
def test_a_modem_that_is_silent_from_there_on_is_none(scripted: MakeModem, ours: Connect, question: str) -> None:
    def fall_silent(modem: ScriptedModem) -> None:
        for command in ("AT", "AT+CMEE?", "AT+CMGF?", "AT+CREG?"):
            modem.replies[command] = silent

    began_s = time.monotonic()
    with pytest.raises(NotAModem, match="does not answer AT"):
        ours(scripted({question: fall_silent}), command_timeout_s=0.3, first_answer_timeout_s=0.5)
    assert time.monotonic() - began_s < 10


# ---- a busy SIM


@pytest.mark.parametrize("answer", [b"+CME ERROR: 14", b"+CME ERROR: SIM busy", b"+CMS ERROR: 314"])
def test_a_sim_that_stays_busy_is_told_as_that(scripted: MakeModem, ours: Connect, answer: bytes) -> None:
    with pytest.raises(SimBusy, match="Wait half a minute"):
        ours(scripted(busy(answer)), sim_timeout_s=0.4)


def test_a_wavecom_that_stays_busy_is_told_as_that(scripted: MakeModem, ours: Connect) -> None:
    wavecom = scripted({"AT+CGMI": b"WAVECOM MODEM\r\n\r\nOK", **busy(b"+CME ERROR: 515")})
    with pytest.raises(SimBusy):
        ours(wavecom, sim_timeout_s=0.4)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"ERROR", r"The modem refused AT\+CPIN\?\. U"), (b"+CME ERROR: 3", r"refused AT\+CPIN\? \(CME 3\)\. U")],
)
def test_another_refusal_names_the_command_once(scripted: MakeModem, ours: Connect, answer: bytes, said: str) -> None:
    with pytest.raises(ModemError, match=said):
        ours(scripted(busy(answer)), sim_timeout_s=0.4)


@pytest.mark.parametrize("answer", [b"+CME ERROR: 14", b"+CME ERROR: SIM busy", b"+CMS ERROR: 314"])
def test_a_pin_that_meets_a_busy_sim_is_not_repeated(scripted: MakeModem, ours: Connect, answer: bytes) -> None:
    modem = scripted({"AT+CPIN?": b"+CPIN: SIM PIN\r\n\r\nOK", 'AT+CPIN="1234"': answer})
    driver = ours(scripted())
    driver.close()
    driver.port = modem.path
    with pytest.raises(SimBusy):
        driver.connect("1234")
    with pytest.raises(SimPinDoubtful):  # it may have been passed on
        driver.connect("1234")
    assert modem.commands.count('AT+CPIN="1234"') == 1


@pytest.mark.parametrize(("answer", "code"), [(b"+CME ERROR: 14", 14), (b"+CMS ERROR: 314", 314)])
def test_a_text_that_meets_a_busy_sim_is_not_repeated(
    scripted: MakeModem, ours: Connect, answer: bytes, code: int
) -> None:
    modem = scripted(sent=answer)
    with pytest.raises(SendFailed) as caught:
        ours(modem).send_text("+8613900000000", "hi")
    assert caught.value.code == code
    assert len(modem.texts) == 1


# ---- characters that another program left

UCS2 = "+8613900000001".encode("utf-16-be").hex().upper()
CENTRE = "+8613800100500"


def left_in_ucs2(modem: ScriptedModem) -> ScriptedModem:
    """Numbers in UCS-2 until it is told otherwise."""

    def gsm(modem: ScriptedModem) -> bytes:
        modem.replies["AT+CNUM"] = b'+CNUM: "","+8613900000001",145\r\n\r\nOK'
        modem.replies["AT+CSCA?"] = f'+CSCA: "{CENTRE}",145\r\n\r\nOK'.encode()
        return b"OK"

    centre = CENTRE.encode("utf-16-be").hex().upper()
    modem.replies["AT+CSCS?"] = b'+CSCS: "UCS2"\r\n\r\nOK'
    modem.replies["AT+CNUM"] = f'+CNUM: "","{UCS2}",145\r\n\r\nOK'.encode()
    modem.replies["AT+CSCA?"] = f'+CSCA: "{centre}",145\r\n\r\nOK'.encode()
    modem.replies['AT+CSCS="GSM"'] = gsm
    return modem


def test_a_modem_left_in_ucs_2_is_told_to_show_numbers_as_they_are(scripted: MakeModem, ours: Connect) -> None:
    modem = left_in_ucs2(scripted())
    driver = ours(modem)
    assert driver.own_number() == "+8613900000001"
    assert driver.smsc == CENTRE
    assert 'AT+CSCS="GSM"' in modem.commands


@pytest.mark.parametrize("refusal", [b"ERROR", b"+CME ERROR: 3"])
def test_a_modem_that_stays_in_ucs_2_is_understood(scripted: MakeModem, ours: Connect, refusal: bytes) -> None:
    modem = left_in_ucs2(scripted())
    modem.replies['AT+CSCS="GSM"'] = refusal
    assert ours(modem).own_number() == "+8613900000001"


def test_a_modem_that_lists_no_gsm_characters_is_not_asked_for_them(scripted: MakeModem, ours: Connect) -> None:
    modem = scripted({"AT+CSCS=?": b'+CSCS: ("IRA","UCS2")\r\n\r\nOK'})
    ours(modem)
    assert 'AT+CSCS="GSM"' not in modem.commands


@pytest.mark.parametrize(("hexadecimal", "given"), [(UCS2, None), (UCS2[4:], UCS2[4:])], ids=["with +", "without +"])
def test_the_library_gives_hexadecimal_or_nothing_for_the_number(
    scripted: MakeModem, unmodified: Connect, hexadecimal: str, given: str | None
) -> None:
    """It sets +CSCS only if it is told to; `CNUM_REGEX` takes any digits, and no letter such as that of 002B."""
    modem = left_in_ucs2(scripted())
    modem.replies["AT+CNUM"] = f'+CNUM: "","{hexadecimal}",145\r\n\r\nOK'.encode()
    assert unmodified(modem).ownNumber == given


def test_an_emulated_modem_left_in_ucs_2_shows_its_numbers(gsm_modem: EmulatedModem) -> None:
    keep_in_ucs2(gsm_modem)
    library = GsmModem(gsm_modem.port)
    library.timeout = 0.05
    library.connect()
    centre = library.smsc
    library.close()
    assert bytes.fromhex(centre).decode("utf-16-be").startswith("+")
    driver = Modem(gsm_modem.port)
    driver.connect()
    assert driver.smsc == bytes.fromhex(centre).decode("utf-16-be")
    assert driver.own_number() == gsm_modem.msisdn
    assert driver.write("AT+CSCS?")[0] == '+CSCS: "GSM"'
    driver.close()


def keep_in_ucs2(modem: EmulatedModem) -> None:
    """What another program did once, for good: AT&W keeps it over ATZ."""
    other = Line(modem.port)
    other.connect()
    with contextlib.closing(other):
        assert other.write('AT+CSCS="UCS2"\r') == ["OK"]
        assert other.write("AT&W\r") == ["OK"]
