"""Start-up, periodic lines and timings of a profile, by dialogue with a clock in hand."""

from random import Random

from gsm import pdu
from gsm.pdu import Submit, UserData
from modem_emulator import faults
from modem_emulator.engine import Engine
from modem_emulator.equipment import Equipment, HangUp, PlugIn, Registered, Write
from modem_emulator.faults import Plan
from modem_emulator.profile import Profile, parse
from modem_emulator.sim import Sim
from modem_emulator.store import MemoryStore

START_S = 1_700_000_000.0
OK = "\r\nOK\r\n"
SLOW_STARTER = parse(
    "slow-starter",
    {
        "boot": {
            "silent_s": 1.0,
            "ready_s": 4.0,
            "lines": [{"text": "RDY", "after_s": 1.0}, {"text": "Call Ready", "after_s": 4.0}],
        },
        "periodic": [{"text": "^RSSI:{rssi}", "every_s": 10.0}],
        "timing": {"answer_s": 0.25, "by_command": {"+COPS=?": 3.0, "+CMGS": 2.0}},
    },
)


def engine(profile: Profile = SLOW_STARTER) -> Engine:
    sim = Sim(imsi="460001234567890", msisdn="+8613900000001", store=MemoryStore())
    return Engine(Equipment(sim, "+8613800100500", profile=profile), Plan(Random(7)))


def written(actions: list) -> str:
    return b"".join(action.data for action in actions if isinstance(action, Write)).decode("latin-1")


def registrations(actions: list) -> list[bool]:
    return [action.now for action in actions if isinstance(action, Registered)]


def test_a_modem_that_starts_is_deaf_then_speaks_then_registers() -> None:
    modem = engine()
    assert registrations(modem.power_on(START_S)) == [False]
    assert modem.receive(b"ATE0\r", START_S + 0.5) == []
    assert written(modem.tick(START_S + 1.0)) == "\r\nRDY\r\n"
    assert modem.next_due_s == START_S + 4.0
    ready = modem.tick(START_S + 4.0)
    assert written(ready) == "\r\nCall Ready\r\n"
    assert registrations(ready) == [True]


def test_periodic_lines_come_while_registered_with_what_is_so() -> None:
    modem = engine()
    modem.power_on(START_S)
    modem.tick(START_S + 4.0)
    assert written(modem.tick(START_S + 10.0)) == "\r\n^RSSI:20\r\n"
    modem.befall(faults.DropSignal(), START_S + 11.0)
    assert written(modem.tick(START_S + 20.0)) == ""


def test_an_answer_takes_its_time_and_what_was_typed_meanwhile_comes_after_it() -> None:
    modem = engine()
    modem.receive(b"ATE0\r", START_S)
    modem.tick(START_S + 1.0)
    assert written(modem.receive(b"AT+COPS=?\rAT\r", START_S + 1.0)) == ""
    assert written(modem.tick(START_S + 3.9)) == ""
    assert written(modem.tick(START_S + 4.0)).endswith(OK)
    assert written(modem.tick(START_S + 4.25)) == OK


def test_the_prompt_comes_at_once_and_the_answer_to_the_message_takes_its_time() -> None:
    modem = engine()
    modem.receive(b"ATE0\r", START_S)
    modem.tick(START_S + 1.0)
    tpdu = pdu.encode_submit(Submit("10086", UserData.of_text("hello")))
    assert written(modem.receive(f"AT+CMGS={len(tpdu)}\r".encode(), START_S + 1.0)) == "\r\n> "
    modem.receive(pdu.to_hex(tpdu).encode() + b"\x1a", START_S + 9.0)
    assert written(modem.submitted(0, START_S + 9.0)) == ""
    assert written(modem.tick(START_S + 10.9)) == ""
    assert written(modem.tick(START_S + 11.0)) == "\r\n+CMGS: 0\r\n" + OK


def test_a_reboot_in_the_middle_of_a_command_leaves_it_without_answer() -> None:
    modem = engine()
    modem.receive(b"ATE0\r", START_S)
    modem.tick(START_S + 1.0)
    modem.receive(b"AT+COPS=?\r", START_S + 1.0)
    modem.befall(faults.Reboot(), START_S + 2.0)
    assert written(modem.tick(START_S + 5.9)) == "\r\nRDY\r\n"
    modem.tick(START_S + 6.0)
    modem.receive(b"AT\r", START_S + 7.0)
    assert written(modem.tick(START_S + 7.25)) == OK, "and the new command gets its own answer"


def test_an_answer_of_the_network_from_before_a_reboot_answers_nothing_after_it() -> None:
    modem = engine(Profile())
    modem.receive(b"ATE0\r", START_S)
    tpdu = pdu.encode_submit(Submit("10086", UserData.of_text("hello")))
    announce = f"AT+CMGS={len(tpdu)}\r".encode()
    for _ in range(2):
        modem.receive(announce, START_S)
        modem.receive(pdu.to_hex(tpdu).encode() + b"\x1a", START_S)
        if modem.equipment.reference == 1:
            modem.befall(faults.Reboot(), START_S)
    assert written(modem.submitted(0, START_S)) == ""
    assert "+CMGS: 1" in written(modem.submitted(1, START_S))


def test_an_unplugged_modem_hears_and_says_nothing_and_comes_back_by_itself() -> None:
    modem = engine()
    modem.tick(START_S)
    gone = modem.befall(faults.Unplug(for_s=30.0), START_S)
    assert HangUp() in gone
    assert registrations(gone) == [False]
    assert modem.receive(b"AT\r", START_S + 1.0) == []
    assert modem.next_due_s == START_S + 30.0
    assert PlugIn() in modem.tick(START_S + 30.0)
    assert written(modem.tick(START_S + 31.0)) == "\r\nRDY\r\n"


def test_a_command_the_make_refuses_gets_its_own_error_and_its_own_commands_their_answers() -> None:
    modem = engine(
        parse(
            "particular",
            {
                "commands": {"refused": ["+CNMI", "+CPMS=?"], "answers": {"^ICCID?": ["^ICCID: {iccid}"]}},
                "errors": {"unsupported": "COMMAND NOT SUPPORT"},
            },
        )
    )
    modem.receive(b"ATE0\r", START_S)
    assert written(modem.receive(b"AT+CNMI=2,1\r", START_S)) == "\r\nCOMMAND NOT SUPPORT\r\n"
    assert written(modem.receive(b"AT+CPMS=?\r", START_S)) == "\r\nCOMMAND NOT SUPPORT\r\n"
    assert "+CPMS:" in written(modem.receive(b"AT+CPMS?\r", START_S))
    shown = written(modem.receive(b"AT^ICCID?\r", START_S))
    assert shown == f"\r\n^ICCID: {modem.equipment.sim.iccid}\r\n{OK}"


def test_some_makes_speak_between_a_command_and_its_answer() -> None:
    for interrupts in (True, False):
        modem = engine(parse("hasty", {"behaviour": {"notices_interrupt": interrupts}, "timing": {"answer_s": 1.0}}))
        modem.receive(b"ATE0\r", START_S)
        modem.tick(START_S + 1.0)
        modem.receive(b"AT\r", START_S + 2.0)
        between = written(modem.befall(faults.Say(line="^RSSI:9"), START_S + 2.5))
        after = written(modem.tick(START_S + 3.0))
        assert between + after == ("\r\n^RSSI:9\r\n" + OK if interrupts else OK + "\r\n^RSSI:9\r\n")
        assert bool(between) == interrupts
