"""Each check of the doctor fails when its fault is switched on in the emulator, and is well again when it is mended."""

import fcntl
import os
import sys
import termios
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsm.asking import Heard, Reply
from gsm.doctor import Access, Check, Finding, Ports, State, Verdict, examine
from gsm.find import Candidate
from gsm.network_time import network_time_of
from gsm.observations import Observations
from gsm.usb_modems import Role
from modem_emulator.emulation import EmulatedModem, emulated
from tests.unit.gsm.machine import Interface, Machine

Doctor = Callable[..., dict[Check, Finding]]
AT_INTERFACE = 2


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def plugged(machine: Machine, gsm_modem: EmulatedModem) -> EmulatedModem:
    """The emulated modem as the AT interface of an EC25; beside it a port that is for diagnostics."""
    machine.plug_in(
        "2c7c:0125", Interface(0, "ttyUSB0"), Interface(AT_INTERFACE, "ttyUSB2", gsm_modem.port), manufacturer="Quectel"
    )
    gsm_modem.wait_until_registered()
    return gsm_modem


@pytest.fixture
def doctor(machine: Machine) -> Doctor:
    def examined(port: str | None = None, **options: object) -> dict[Check, Finding]:
        with Observations(port, root=machine.root, **options) as observer:  # type: ignore[arg-type]
            return {finding.check: finding for finding in examine(observer)}

    return examined


def verdicts(found: dict[Check, Finding], *checks: Check) -> list[Verdict]:
    return [found[check].verdict for check in checks]


def to_mend(found: dict[Check, Finding]) -> list[Verdict]:
    return [finding.verdict for finding in found.values() if finding.state is State.MEND]


# ---- all well


def test_of_a_modem_that_is_well_nothing_is_to_be_mended(plugged: EmulatedModem, doctor: Doctor) -> None:
    found = doctor()
    assert list(found) == list(Check)
    assert to_mend(found) == []
    assert found[Check.NUMBER].facts["number"] == plugged.msisdn
    assert found[Check.CENTRE].facts["centre"] == "+8613800100500"
    assert found[Check.TEST_SMS].verdict is Verdict.SMS_NOT_WANTED
    assert plugged.sent == ()


def test_the_modem_is_left_as_it_was(plugged: EmulatedModem, doctor: Doctor) -> None:
    doctor()
    commands = [
        line
        for piece in plugged.traffic
        if piece.direction == "to modem"
        for line in piece.data.decode().split("\r")
        if line
    ]
    assert [line for line in commands if line.startswith("AT+CMEE")] == ["AT+CMEE?", "AT+CMEE=1", "AT+CMEE=0"]
    assert not [line for line in commands if line.startswith(("AT+CPIN=", "AT+CMGS", "AT+CMGD", "ATZ", "AT&F"))]


# ---- the port


def test_a_device_that_is_not_plugged_in(plugged: EmulatedModem, machine: Machine, doctor: Doctor) -> None:
    machine.unplug()
    found = doctor()
    assert found[Check.DEVICE].verdict is Verdict.DEVICE_MISSING
    assert found[Check.ANSWERS].verdict is found[Check.SIM].verdict is Verdict.IN_THE_WAY
    assert found[Check.SIM].facts == {"because": "answers-at"}
    machine.plug_in("2c7c:0125", Interface(AT_INTERFACE, "ttyUSB5", plugged.port))
    assert to_mend(doctor()) == []


def test_a_modem_that_was_unplugged_since_it_had_its_name(
    plugged: EmulatedModem, machine: Machine, doctor: Doctor
) -> None:
    named = str(machine.root / "dev/ttyUSB2")
    machine.unplug()
    assert doctor(named)[Check.DEVICE].verdict is Verdict.PORT_MISSING
    machine.plug_in("2c7c:0125", Interface(AT_INTERFACE, "ttyUSB5", plugged.port))
    found = doctor(named)
    assert found[Check.DEVICE].facts == {
        "port": named,
        "kind": "missing",
        "others": [str(machine.root / "dev/ttyUSB5")],
    }
    assert to_mend(doctor(str(machine.root / "dev/ttyUSB5"))) == []


def test_a_name_that_lasts_and_leads_nowhere_now(plugged: EmulatedModem, machine: Machine, doctor: Doctor) -> None:
    lasting = machine.root / "dev/modem"
    lasting.symlink_to("ttyUSB2")
    assert to_mend(doctor(str(lasting))) == []
    machine.unplug()
    assert doctor(str(lasting))[Check.DEVICE].verdict is Verdict.PORT_DANGLING


@pytest.mark.parametrize(("path", "kind"), [("/etc/passwd", "file"), ("/etc", "folder"), ("/dev/null", "other")])
def test_what_is_no_serial_port(path: str, kind: str) -> None:
    with Observations(path) as observer:
        found = {finding.check: finding for finding in examine(observer)}
    assert found[Check.DEVICE].verdict is Verdict.NOT_A_PORT
    assert found[Check.DEVICE].facts["kind"] == kind
    assert found[Check.ANSWERS].verdict is Verdict.IN_THE_WAY


def test_two_modems_of_which_none_was_chosen(
    machine: Machine, gsm_modems: tuple[EmulatedModem, ...], doctor: Doctor
) -> None:
    for position, modem in enumerate(gsm_modems):
        machine.plug_in("12d1:1001", Interface(2, f"ttyUSB{position}", modem.port), location=f"1-1.{position}")
    assert doctor()[Check.DEVICE].verdict is Verdict.DEVICE_SEVERAL
    assert to_mend(doctor(str(machine.root / "dev/ttyUSB1"))) == []


def _as_nobody(look: Callable[[], bool]) -> bool:
    """Look as a user without rights, in a process of its own."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 2
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            status = 0 if look() else 1
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1), "looking failed"
    return status == 0


def test_a_user_without_right_to_the_port(machine: Machine, gsm_modem: EmulatedModem) -> None:
    observer = Observations(root=machine.root)
    os.chmod(gsm_modem.port, 0o000)
    assert not _as_nobody(lambda: observer.access(gsm_modem.port).allowed)
    os.chmod(gsm_modem.port, 0o666)
    assert _as_nobody(lambda: observer.access(gsm_modem.port).allowed)
    assert observer.access(gsm_modem.port).group


@pytest.mark.parametrize(
    ("access", "verdict"),
    [
        (Access(True, "pi", "dialout", True), Verdict.PERMITTED),
        (Access(False, "pi", "dialout", False), Verdict.NOT_IN_GROUP),
        (Access(False, "pi", "dialout", True), Verdict.GROUP_NOT_YET),
        (Access(False, "pi", "root", False), Verdict.NOT_PERMITTED),
    ],
)
def test_what_is_in_the_way_of_a_user(
    plugged: EmulatedModem, machine: Machine, access: Access, verdict: Verdict
) -> None:
    class OfUser(Observations):
        def access(self, port: str) -> Access:
            return access

    with OfUser(root=machine.root) as observer:
        found = {finding.check: finding for finding in examine(observer)}
    assert found[Check.PERMISSION].verdict is verdict
    assert (found[Check.ANSWERS].verdict is Verdict.IN_THE_WAY) == (not access.allowed)


def test_another_program_has_the_port(plugged: EmulatedModem, machine: Machine, doctor: Doctor) -> None:
    before = len(plugged.traffic)
    machine.run(77, "minicom", plugged.port)
    found = doctor()
    assert found[Check.RIVAL].verdict is Verdict.HELD
    assert (found[Check.RIVAL].facts["program"], found[Check.RIVAL].facts["process"]) == ("minicom", 77)
    assert found[Check.ANSWERS].verdict is Verdict.IN_THE_WAY
    assert len(plugged.traffic) == before, "what it says would be taken from minicom"
    machine.end(77)
    assert to_mend(doctor()) == []


def test_another_program_has_locked_the_port(plugged: EmulatedModem, doctor: Doctor) -> None:
    line = os.open(plugged.port, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(line, fcntl.LOCK_EX)
        assert doctor()[Check.ANSWERS].verdict is Verdict.CANNOT_OPEN
    finally:
        os.close(line)
    assert to_mend(doctor()) == []


def test_modem_manager_runs_and_nothing_keeps_it_away(plugged: EmulatedModem, machine: Machine, doctor: Doctor) -> None:
    machine.run(500, "ModemManager")
    found = doctor()
    assert to_mend(found) == [Verdict.MODEM_MANAGER]
    rule = 'ATTRS{idVendor}=="2c7c", ATTRS{idProduct}=="0125", ENV{ID_MM_DEVICE_IGNORE}="1"'
    assert found[Check.RIVAL].facts["rule"] == rule
    machine.tell_modem_manager_to_ignore("ttyUSB2")
    assert to_mend(doctor()) == []


def test_a_modem_that_is_still_a_drive(machine: Machine, gsm_modem: EmulatedModem, doctor: Doctor) -> None:
    machine.plug_in("12d1:1f01", Interface(0, triple=(8, 6, 0x50)), product="HUAWEI Mobile")
    found = doctor()
    assert to_mend(found) == [Verdict.DEVICE_MISSING, Verdict.STORAGE_MODE]
    assert found[Check.MODE_SWITCH].facts == {"ids": "12d1:1f01", "name": "HUAWEI Mobile"}
    machine.unplug()
    machine.plug_in("12d1:14dc", Interface(0, "ttyUSB0", gsm_modem.port, (0xFF, 2, 2)))
    assert to_mend(doctor()) == []


def test_the_wrong_interface(plugged: EmulatedModem, machine: Machine, doctor: Doctor) -> None:
    found = doctor(str(machine.root / "dev/ttyUSB0"))
    assert found[Check.INTERFACE].verdict is Verdict.INTERFACE_WRONG
    assert found[Check.ANSWERS].verdict is Verdict.IN_THE_WAY
    better = str(found[Check.INTERFACE].facts["better"])
    assert better.endswith("ttyUSB2")
    assert to_mend(doctor(better)) == []


def test_an_interface_that_does_but_is_not_the_best(machine: Machine, gsm_modem: EmulatedModem, doctor: Doctor) -> None:
    machine.plug_in("2c7c:0125", Interface(2, "ttyUSB2", gsm_modem.port), Interface(3, "ttyUSB3", gsm_modem.port))
    assert to_mend(doctor(str(machine.root / "dev/ttyUSB3"))) == [Verdict.INTERFACE_SECOND]
    assert to_mend(doctor(str(machine.root / "dev/ttyUSB2"))) == []


def test_a_modem_that_does_not_answer(plugged: EmulatedModem, doctor: Doctor) -> None:
    for nth in (1, 2):
        plugged.fault("silence", on="*", nth=nth)
    found = doctor(plugged.port)
    assert found[Check.ANSWERS].verdict in (Verdict.SILENT, Verdict.NOT_A_MODEM)  # it echoes, which is all it says
    assert found[Check.SIM].verdict is Verdict.IN_THE_WAY
    assert to_mend(doctor(plugged.port)) == []


def test_a_port_with_something_else_behind_it(plugged: EmulatedModem, doctor: Doctor) -> None:
    for nth in (1, 2):
        plugged.fault("garbage", on="*", nth=nth)
    assert doctor(plugged.port)[Check.ANSWERS].verdict is Verdict.NOT_A_MODEM
    assert to_mend(doctor(plugged.port)) == []


def test_a_modem_that_stops_answering_in_the_middle(
    plugged: EmulatedModem, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gsm.observations.COMMAND_S", 1.0)
    plugged.fault("silence", on="+CREG")
    found = doctor()
    assert to_mend(found) == [Verdict.WENT_SILENT]
    assert found[Check.REGISTERED].verdict is Verdict.WENT_SILENT
    assert to_mend(doctor()) == []


def test_a_modem_that_is_unplugged_in_the_middle(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.fault("unplug", on="+CSQ")
    found = doctor(plugged.port)
    assert found[Check.SIGNAL].verdict is Verdict.WENT_SILENT
    assert found[Check.CLOCK].verdict is Verdict.WENT_SILENT


# ---- the SIM


@pytest.mark.parametrize("result", ["+CME ERROR: 10", "+CME ERROR: SIM not inserted", "+CME ERROR: 13", "ERROR"])
def test_no_sim(plugged: EmulatedModem, doctor: Doctor, result: str) -> None:
    plugged.fault("fail-command", on="+CPIN", result=result)
    found = doctor()
    assert to_mend(found) == [Verdict.SIM_MISSING]
    assert found[Check.REGISTERED].verdict is Verdict.IN_THE_WAY
    assert to_mend(doctor()) == []


def test_a_sim_that_is_busy_for_a_while_is_waited_for(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.fault("sim-busy", for_s=1.5)
    assert to_mend(doctor()) == []


def test_a_sim_that_stays_busy(plugged: EmulatedModem, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsm.observations.BUSY_S", 0.0)
    plugged.fault("sim-busy", for_s=600)
    assert to_mend(doctor()) == [Verdict.SIM_BUSY]
    plugged.fault("sim-busy", for_s=0)
    assert to_mend(doctor()) == []


def _enter_pin(modem: EmulatedModem, command: bytes) -> None:
    line = os.open(modem.port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(line, command + b"\r")
        modem.wait_until_registered()
    finally:
        os.close(line)


@pytest.mark.gsm_modem(pin="4321")
def test_a_sim_that_asks_for_its_pin_is_never_given_one(
    machine: Machine, gsm_modem: EmulatedModem, doctor: Doctor
) -> None:
    found = doctor(gsm_modem.port)
    assert to_mend(found) == [Verdict.PIN_ASKED]
    assert found[Check.SIM].verdict is Verdict.SIM_PRESENT
    assert verdicts(found, Check.REGISTERED, Check.NUMBER, Check.TEST_SMS) == [Verdict.IN_THE_WAY] * 3
    assert "CPIN=" not in gsm_modem.dialogue
    _enter_pin(gsm_modem, b"AT+CPIN=4321")
    assert to_mend(doctor(gsm_modem.port)) == []


@pytest.mark.gsm_modem(pin="4321")
def test_a_pin_that_is_at_hand_is_nothing_to_mend_and_is_not_sent_either(
    machine: Machine, gsm_modem: EmulatedModem, doctor: Doctor
) -> None:
    found = doctor(gsm_modem.port, pin_at_hand=True)
    assert to_mend(found) == []
    assert found[Check.PIN].verdict is Verdict.PIN_AT_HAND
    assert found[Check.REGISTERED].verdict is Verdict.IN_THE_WAY
    assert "CPIN=" not in gsm_modem.dialogue
    gsm_modem.fault("ask-puk")
    assert to_mend(doctor(gsm_modem.port, pin_at_hand=True)) == [Verdict.PUK_ASKED]


@pytest.mark.gsm_modem(pin="4321")
def test_a_sim_that_asks_for_its_puk(machine: Machine, gsm_modem: EmulatedModem, doctor: Doctor) -> None:
    gsm_modem.fault("ask-puk")
    assert to_mend(doctor(gsm_modem.port)) == [Verdict.PUK_ASKED]
    assert "CPIN=" not in gsm_modem.dialogue
    _enter_pin(gsm_modem, b"AT+CPIN=12345678,4321")
    assert to_mend(doctor(gsm_modem.port)) == []


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ("+CME ERROR: 11", Verdict.PIN_ASKED),
        ("+CME ERROR: SIM PIN required", Verdict.PIN_ASKED),
        ("+CME ERROR: 12", Verdict.PUK_ASKED),
    ],
)
def test_a_sim_that_asks_by_an_error(plugged: EmulatedModem, doctor: Doctor, result: str, verdict: Verdict) -> None:
    for nth in (1, 2):
        plugged.fault("fail-command", on="+CPIN", nth=nth, result=result)
    assert to_mend(doctor()) == [verdict]
    assert to_mend(doctor()) == []


def _say(modem: EmulatedModem, *commands: str) -> None:
    """Type commands, each after the answer to the one before."""
    with Observations(modem.port) as observer:
        observer.ports()
        for command in commands:
            assert observer.command(command)[-1] == "OK", command


def _custom(tmp_path: Path, text: str) -> str:
    profile = tmp_path / f"custom-{len(list(tmp_path.glob('*.toml')))}.toml"
    profile.write_text(f'description = "for a test"\n[identity]\nmanufacturer = "Acme"\n{text}')
    return str(profile)


@pytest.fixture
def custom(tmp_path: Path) -> Iterator[Callable[[str], EmulatedModem]]:
    """Switch a modem on whose profile has this in it."""
    running = []

    def started(text: str) -> EmulatedModem:
        network = emulated(profile=_custom(tmp_path, text))
        running.append(network)
        modem = network.__enter__().modems[0]
        modem.wait_until_registered()
        return modem

    yield started
    for network in running:
        network.__exit__(None, None, None)


def test_a_lock_to_a_network(custom: Callable[[str], EmulatedModem], doctor: Doctor) -> None:
    locked = custom('[commands.answers]\n"+CPIN?" = ["+CPIN: PH-NET PIN"]\n')
    found = doctor(locked.port)
    assert to_mend(found) == [Verdict.OTHER_LOCK]
    assert found[Check.PIN].facts == {"lock": "PH-NET PIN"}
    assert to_mend(doctor(custom("").port)) == []


def test_no_service_centre(custom: Callable[[str], EmulatedModem], doctor: Doctor) -> None:
    unset = custom('[commands.answers]\n"+CSCA?" = [\'+CSCA: "",129\']\n')
    assert to_mend(doctor(unset.port)) == [Verdict.CENTRE_UNSET]
    assert to_mend(doctor(custom("").port)) == []


def test_a_service_centre_in_the_characters_of_another_program(
    custom: Callable[[str], EmulatedModem], doctor: Doctor
) -> None:
    modem = custom("")
    before = doctor(modem.port)[Check.CENTRE].facts
    _say(modem, 'AT+CSCS="UCS2"')
    assert doctor(modem.port)[Check.CENTRE].facts == before


def test_a_sim_that_does_not_know_its_number(custom: Callable[[str], EmulatedModem], doctor: Doctor) -> None:
    ignorant = custom("[own_number]\nlines = []\n")
    _say(ignorant, 'AT+CPBS="ON"', "AT+CPBW=1", 'AT+CPBS="SM"')
    assert to_mend(doctor(ignorant.port)) == [Verdict.NUMBER_UNKNOWN]
    given = doctor(ignorant.port, number="8613900000001")
    assert to_mend(given) == []
    assert given[Check.NUMBER].facts == {"number": "+8613900000001"}
    kept = doctor(ignorant.port, kept={ignorant.imsi: "8613900000009"}.get)
    assert kept[Check.NUMBER].verdict is Verdict.NUMBER_KEPT
    assert kept[Check.NUMBER].facts == {"number": "+8613900000009"}
    assert doctor(ignorant.port, kept={"another": "1"}.get)[Check.NUMBER].verdict is Verdict.NUMBER_UNKNOWN


def test_a_number_that_was_given_comes_before_the_sims_as_in_the_handset(
    plugged: EmulatedModem, doctor: Doctor
) -> None:
    found = doctor(number="8613900000009", kept={plugged.imsi: "1"}.get)
    assert found[Check.NUMBER].facts == {"number": "+8613900000009"}
    assert doctor(kept={plugged.imsi: "1"}.get)[Check.NUMBER].facts["number"] == plugged.msisdn


def test_a_number_that_is_only_in_the_sims_file(custom: Callable[[str], EmulatedModem], doctor: Doctor) -> None:
    modem = custom("[own_number]\nsupported = false\nin_phonebook = false\n")
    found = doctor(modem.port)
    assert found[Check.NUMBER].facts == {"number": modem.msisdn, "place": "file"}


def test_a_number_that_only_the_phonebook_knows(custom: Callable[[str], EmulatedModem], doctor: Doctor) -> None:
    modem = custom("[own_number]\nsupported = false\nin_phonebook = true\n")
    found = doctor(modem.port)
    assert found[Check.NUMBER].facts == {"number": modem.msisdn, "place": "phonebook"}
    assert 'AT+CPBS="SM"' in modem.dialogue, "the phonebook that was chosen is chosen again"


def test_a_storage_that_is_full_or_almost(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.fault("fill-storage", storage="SM")
    found = doctor()
    assert to_mend(found) == [Verdict.FULL]
    assert found[Check.STORAGE].facts == {"memory": "SM", "used": 50, "total": 50}
    assert found[Check.TEST_SMS].verdict is Verdict.IN_THE_WAY
    plugged.fault("empty-storage", storage="SM")
    plugged.fault("fill-storage", storage="SM", leave=2)
    assert to_mend(doctor()) == [Verdict.SPACE_SHORT]
    plugged.fault("empty-storage", storage="SM")
    assert to_mend(doctor()) == []


@pytest.mark.gsm_modem(slots=2)
def test_a_sim_of_two_places_is_not_almost_full_when_it_is_empty(plugged: EmulatedModem, doctor: Doctor) -> None:
    assert doctor()[Check.STORAGE].facts["total"] == 2
    assert to_mend(doctor()) == []
    plugged.fault("fill-storage", storage="SM", leave=1)
    assert to_mend(doctor()) == [Verdict.SPACE_SHORT]


# ---- the network


def test_no_network(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.fault("drop-signal")
    found = doctor()
    assert found[Check.REGISTERED].verdict in (Verdict.SEARCHING, Verdict.NOT_SEARCHING)
    assert found[Check.SIGNAL].verdict is Verdict.SIGNAL_NONE
    assert found[Check.TEST_SMS].verdict is Verdict.IN_THE_WAY
    plugged.fault("restore-signal")
    plugged.wait_until_registered()
    assert to_mend(doctor()) == []


@pytest.mark.parametrize(
    ("stat", "verdict"),
    [
        (0, Verdict.NOT_SEARCHING),
        (2, Verdict.SEARCHING),
        (3, Verdict.DENIED),
        (4, Verdict.NOT_SEARCHING),
        (5, Verdict.ABROAD),
        (6, Verdict.AT_HOME),
    ],
)
def test_each_state_of_registration(
    custom: Callable[[str], EmulatedModem], doctor: Doctor, stat: int, verdict: Verdict
) -> None:
    modem = custom(f'[commands.answers]\n"+CREG?" = ["+CREG: 0,{stat}"]\n')
    assert doctor(modem.port)[Check.REGISTERED].verdict is verdict


def test_registered_with_a_network_of_the_fourth_generation_only(
    custom: Callable[[str], EmulatedModem], doctor: Doctor
) -> None:
    modem = custom('[commands.answers]\n"+CREG?" = ["+CREG: 0,0"]\n"+CEREG?" = ["+CEREG: 0,1"]\n')
    assert to_mend(doctor(modem.port)) == []


@pytest.mark.parametrize(
    ("command", "check"),
    [("+CREG", Check.REGISTERED), ("+CSQ", Check.SIGNAL), ("+CSCA", Check.CENTRE), ("+CPMS", Check.STORAGE)],
)
def test_what_a_modem_does_not_tell_is_no_fault_and_not_in_the_way(
    plugged: EmulatedModem, doctor: Doctor, command: str, check: Check
) -> None:
    plugged.fault("fail-command", on=command, result="+CME ERROR: 4")
    plugged.fault("fail-command", on="+CEREG", result="ERROR")
    found = doctor(agrees=lambda _: True)
    assert found[check].state is State.SKIPPED
    assert found[check].facts.get("said", "+CME ERROR: 4") == "+CME ERROR: 4"
    assert found[Check.TEST_SMS].verdict is Verdict.SMS_ARRIVED
    assert to_mend(found) == []


def test_a_modem_that_says_by_an_error_that_it_has_no_service_centre(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.fault("fail-command", on="+CSCA", result="+CMS ERROR: 330")
    assert to_mend(doctor()) == [Verdict.CENTRE_UNSET]


def test_a_weak_signal(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.signal = 4
    found = doctor()
    assert to_mend(found) == [Verdict.SIGNAL_WEAK]
    assert found[Check.SIGNAL].facts == {"rssi": 4, "dbm": -105}
    plugged.signal = 6
    assert to_mend(doctor()) == []


def test_a_test_message_comes_back_and_texts_of_others_stay(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.receives("somebody else's")
    asked: list[str] = []
    found = doctor(agrees=lambda number: not asked.append(number))  # type: ignore[func-returns-value]
    assert found[Check.TEST_SMS].verdict is Verdict.SMS_ARRIVED
    assert asked == [plugged.msisdn]
    assert plugged.wait_for_sent().destination == plugged.msisdn
    assert [message.text for message in plugged.stored] == ["somebody else's"]


def test_a_test_message_that_the_network_refuses(plugged: EmulatedModem, doctor: Doctor) -> None:
    plugged.fault("fail-command", on="+CMGS", result="+CMS ERROR: 38")
    found = doctor(agrees=lambda _: True)
    assert to_mend(found) == [Verdict.SMS_REFUSED]
    assert "38" in str(found[Check.TEST_SMS].facts["said"])
    assert to_mend(doctor(agrees=lambda _: True)) == []


def test_a_test_message_that_is_lost(plugged: EmulatedModem, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsm.observations.COMMAND_S", 1.0)
    plugged.fault("lose-next")
    assert to_mend(doctor(agrees=lambda _: True, delivery_s=0.5)) == [Verdict.SMS_LOST]
    assert to_mend(doctor(agrees=lambda _: True)) == []


def test_a_test_message_whose_fate_is_not_known(plugged: EmulatedModem, machine: Machine, doctor: Doctor) -> None:
    plugged.fault("unplug", on="+CMGS", entered=True)
    assert doctor(agrees=lambda _: True)[Check.TEST_SMS].verdict is Verdict.SMS_UNKNOWN
    plugged.plug_in()
    machine.unplug()
    machine.plug_in("2c7c:0125", Interface(AT_INTERFACE, "ttyUSB5", plugged.port))
    plugged.wait_until_registered()
    assert to_mend(doctor(agrees=lambda _: True)) == []


# ---- the machine


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("throttled=0x0", Verdict.POWER_GOOD),
        ("throttled=0x50000", Verdict.POWER_WAS_LOW),
        ("throttled=0x50005", Verdict.POWER_LOW),
        ("throttled=0x20002", Verdict.POWER_GOOD),
        ("VCHI initialization failed", Verdict.POWER_NOT_MEASURED),
    ],
)
def test_the_voltage_of_a_raspberry_pi(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, verdict: Verdict
) -> None:
    program = tmp_path / "bin/vcgencmd"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = get_throttled ] && echo "{answer}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert doctor()[Check.POWER].verdict is verdict


def test_a_vcgencmd_that_cannot_run_tells_nothing(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text("no program")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor()[Check.POWER].verdict is Verdict.POWER_NOT_MEASURED


def test_a_machine_that_is_no_raspberry_pi(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor()[Check.POWER].verdict is Verdict.POWER_NOT_MEASURED


def _set_clock(modem: EmulatedModem, moment: datetime) -> None:
    line = os.open(modem.port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(line, f'AT+CCLK="{moment:%y/%m/%d,%H:%M:%S}+00"\r'.encode())
        before = modem.dialogue.count("OK")
        while modem.dialogue.count("OK") == before and "CCLK" not in modem.dialogue:
            os.read(line, 1)
    finally:
        os.close(line)


def test_a_clock_that_differs_from_the_networks(plugged: EmulatedModem, doctor: Doctor) -> None:
    _set_clock(plugged, datetime.now(UTC) - timedelta(hours=1))
    found = doctor()
    assert to_mend(found) == [Verdict.CLOCK_WRONG]
    off_s = found[Check.CLOCK].facts["off_s"]
    assert isinstance(off_s, int)
    assert abs(off_s - 3600) < 60
    _set_clock(plugged, datetime.now(UTC))
    assert to_mend(doctor()) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ('+CCLK: "26/11/23,06:30:00+32"', (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), True)),
        ('+CCLK: "26/11/23,06:30:00-04"', (datetime(2026, 11, 23, 7, 30, tzinfo=UTC), True)),
        ('+CCLK: "2026/11/23,06:30:00"', (datetime(2026, 11, 23, 6, 30, tzinfo=UTC), False)),
        ('+CCLK: "80/01/06,00:00:12+00"', (None, True)),
        ('+CCLK: "04/01/01,00:00:12+00"', (None, True)),
        ('+CCLK: "26/13/41,06:30:00+00"', (None, False)),
        ('+CCLK: "26/11/23,06:30:00+99"', (None, False)),
        ("+CME ERROR: 3", (None, False)),
    ],
)
def test_the_networks_time_in_its_notations(answer: str, told: tuple[datetime | None, bool]) -> None:
    assert network_time_of([answer, "OK"]) == told


ANSWERS = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(["OK", "ERROR", "+CPIN: READY", "+CME ERROR: 14", "+CREG: 0,1", "+CSQ: 99999,9"]),
        st.from_regex(r'\+C(PIN|REG|SQ|SCA|NUM|PBS|PMS|CLK): ?"?[0-9A-Z,/:+-]{0,24}"?', fullmatch=True),
    ),
    max_size=4,
)


class Confused(Observations):
    """On a machine where all is well, a modem that answers anything."""

    def __init__(self, answers: Iterator[list[str]]) -> None:
        super().__init__()
        self.answers = answers

    def ports(self) -> Ports:
        return Ports(Candidate("/dev/null", Role.AT, 0))

    def hear(self, port: str) -> Heard:
        return Heard(Reply.ANSWERED)

    def command(self, line: str) -> list[str]:
        return next(self.answers, ["OK"])


@given(st.lists(ANSWERS, max_size=20))
def test_whatever_a_modem_answers_each_check_has_its_finding(answers: list[list[str]]) -> None:
    assert [finding.check for finding in examine(Confused(iter(answers)))] == list(Check)


def test_speed_and_flow_control_are_those_that_were_asked_for(plugged: EmulatedModem) -> None:
    line = os.open(plugged.port, os.O_RDWR | os.O_NOCTTY)
    try:
        for speed, rtscts in ((9600, True), (115200, False)):
            with Observations(plugged.port, baudrate=speed, rtscts=rtscts) as observer:
                observer.ports()
                assert observer.command("AT")[-1] == "OK"
                settings = termios.tcgetattr(line)
            assert settings[4] == settings[5] == getattr(termios, f"B{speed}")
            assert bool(settings[2] & termios.CRTSCTS) == rtscts
    finally:
        os.close(line)


@pytest.mark.parametrize("profile", ["huawei-e173", "huawei-e3372", "sim800l", "sim7600", "quectel-ec25", "zte-k3565-z",
                                     "sierra-mc7455", "nokia"])  # fmt: skip
def test_every_make_that_is_well_is_found_well(profile: str, machine: Machine, doctor: Doctor) -> None:
    with emulated(profile=profile) as network:
        modem = network.modems[0]
        modem.wait_until_registered(30)
        found = doctor(modem.port, number=modem.msisdn)
    assert to_mend(found) == []
