"""Each fault by what it does to octets, at a whole emulator."""

import pytest

from modem_emulator import faults, profile
from modem_emulator.emulator import HangUp, NoSuchModem, Phone, PlugIn
from modem_emulator.faults import FAULTS, Garbage, Step
from modem_emulator.records import InvalidRecord
from modem_emulator.sim import SimState
from tests.unit.modem_emulator.bench import ANNA, BERND, OK, Bench

LOUD_STARTER = profile.parse(
    "loud-starter",
    {"boot": {"silent_s": 2.0, "ready_s": 5.0, "lines": [{"text": "^SYSSTART", "after_s": 2.0}]}},
)


def bench() -> Bench:
    return Bench(ANNA, BERND)


class TestRadioSimAndPort:
    def test_dropped_signal_shows_in_csq_creg_and_cops_and_comes_back_by_itself(self) -> None:
        modem = bench()
        modem.type("AT+CREG=1\r")
        assert modem.fault("drop-signal", for_s=10) == "\r\n+CREG: 2\r\n"
        assert modem.type("AT+CSQ;+CREG?\r") == "\r\n+CSQ: 99,99\r\n\r\n+CREG: 1,2\r\n" + OK
        assert modem.wait(9.9) == ""
        assert modem.wait(0.1) == "\r\n+CREG: 1\r\n"
        assert modem.type("AT+CSQ\r") == "\r\n+CSQ: 20,99\r\n" + OK

    def test_weak_signal_comes_back_as_weak_as_it_was(self) -> None:
        modem = bench()
        modem.fault("restore-signal", rssi=0)
        modem.fault("drop-signal", for_s=5)
        modem.fault("drop-signal", for_s=5)
        modem.wait(5)
        assert "+CSQ: 0," in modem.type("AT+CSQ\r")
        modem.fault("restore-signal")
        assert "+CSQ: 0," in modem.type("AT+CSQ\r")

    def test_a_message_to_a_modem_without_signal_waits_for_it(self) -> None:
        modem = bench()
        modem.fault("drop-signal", modem="modem1")
        modem.send("hello")
        assert modem.texts(1) == []
        modem.fault("restore-signal", modem="modem1", rssi=3)
        assert modem.taken(1) == '\r\n+CMTI: "SM",1\r\n'
        assert modem.texts(1) == ["hello"]
        assert "+CSQ: 3," in modem.type("AT+CSQ\r", phone=1)

    def test_a_message_cannot_be_sent_without_signal(self) -> None:
        modem = bench()
        modem.fault("drop-signal")
        assert "+CMGS:" not in modem.send("hello")
        assert modem.emulator.network.queue_length == 0

    def test_a_sim_that_is_taken_out_and_put_back(self) -> None:
        modem = bench()
        modem.type("AT+CMEE=1;+CREG=1\r")
        assert modem.fault("remove-sim") == "\r\n+CREG: 0\r\n"
        assert modem.type("AT+CPIN?\r") == "\r\n+CME ERROR: 10\r\n"
        assert modem.type("AT+CIMI\r") == "\r\n+CME ERROR: 10\r\n"
        assert modem.fault("insert-sim") == "\r\n+CREG: 1\r\n"
        assert "READY" in modem.type("AT+CPIN?\r")

    def test_a_network_that_refuses_the_sim_and_takes_it_again(self) -> None:
        modem = bench()
        modem.type("AT+CREG=1\r")
        assert modem.fault("refuse-registration", for_s=10) == "\r\n+CREG: 3\r\n"
        assert "+CSQ: 20," in modem.type("AT+CSQ\r")
        assert "+CMGS:" not in modem.send("hello")
        assert modem.wait(10) == "\r\n+CREG: 1\r\n"
        modem.fault("refuse-registration")
        assert "+CREG: 1,3" in modem.type("AT+CREG?\r")
        modem.fault("accept-registration")
        assert "+CREG: 1,1" in modem.type("AT+CREG?\r")

    def test_without_a_service_centre_nothing_goes_out_until_one_is_set(self) -> None:
        modem = bench()
        modem.type("AT+CMEE=1\r")
        shown = modem.type("AT+CSCA?\r")
        modem.fault("forget-centre")
        assert modem.type("AT+CSCA?\r") == '\r\n+CSCA: "",129\r\n' + OK
        assert modem.send("hello").endswith("+CMS ERROR: 330\r\n")
        assert modem.emulator.network.queue_length == 0
        modem.type('AT+CSCA="+8613800100500",145\r')
        assert modem.type("AT+CSCA?\r") == shown
        assert "+CMGS:" in modem.send("hello")

    def test_a_message_is_received_and_read_without_a_service_centre(self) -> None:
        modem = bench()
        modem.fault("forget-centre", modem="modem1")
        modem.send("hello")
        assert modem.texts(1) == ["hello"]
        assert "+CMGR: 0,," in modem.type("AT+CMGR=1\r", phone=1)

    def test_a_clock_is_shifted_from_what_it_shows(self) -> None:
        modem = bench()
        modem.type('AT+CCLK="26/11/23,06:30:00+00"\r')
        modem.fault("shift-clock", by_s=90)
        assert '+CCLK: "26/11/23,06:31:30+00"' in modem.type("AT+CCLK?\r")

    def test_a_port_that_does_not_listen_says_nothing_and_does_not_echo(self) -> None:
        modem = bench()
        modem.fault("stop-listening", for_s=10)
        assert modem.type("AT\r") == ""
        modem.wait(10)
        assert modem.type("AT\r") == OK, "nothing of before is left"
        modem.fault("stop-listening")
        modem.wait(100)
        assert modem.type("AT\r") == ""
        modem.fault("listen")
        assert modem.type("AT\r") == OK

    def test_a_busy_sim_answers_its_error_codes_for_a_time(self) -> None:
        modem = bench()
        modem.type("AT+CMEE=1\r")
        modem.fault("sim-busy", for_s=5)
        assert modem.type("AT+CIMI\r") == "\r\n+CME ERROR: 14\r\n"
        assert modem.type("AT+CMGR=1\r") == "\r\n+CMS ERROR: 314\r\n"
        modem.wait(5)
        assert modem.type("AT+CIMI\r") == "\r\n460001234567890\r\n" + OK

    def test_pin_asked_anew_takes_the_phone_off_the_network_until_it_is_entered(self) -> None:
        modem = Bench(Phone(ANNA.imsi, ANNA.msisdn, pin="2468"))
        modem.type("AT+CPIN=2468;+CREG=1\r")
        assert modem.fault("ask-pin") == "\r\n+CREG: 0\r\n"
        assert modem.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PIN\r\n" + OK
        assert modem.type("AT+CPIN=2468\r") == OK + "\r\n+CREG: 1\r\n"

    def test_puk_asked_wants_puk_and_a_new_pin(self) -> None:
        modem = bench()
        modem.fault("ask-puk")
        assert modem.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PUK\r\n" + OK
        assert modem.type("AT+CPIN=12345678,1357\r") == OK
        assert modem.emulator.modems[0].sim.state is SimState.READY

    def test_a_filled_storage_takes_one_message_for_each_slot_that_was_left(self) -> None:
        modem = bench()
        modem.fault("fill-storage", modem="modem1", leave=1)
        assert '"SM",4,5,' in modem.type("AT+CPMS?\r", phone=1)
        modem.send("one")
        modem.send("two")
        assert modem.taken(1) == '\r\n+CMTI: "SM",5\r\n'
        modem.fault("empty-storage", modem="modem1")
        assert modem.taken(1) == '\r\n+CMTI: "SM",1\r\n', "the network is told that there is room"
        assert modem.texts(1) == ["two"]

    def test_a_reboot_says_the_boot_lines_and_forgets_what_was_set(self) -> None:
        modem = Bench(Phone(ANNA.imsi, ANNA.msisdn, profile=LOUD_STARTER))
        modem.wait(5)
        modem.type("ATE0\r")
        modem.fault("reboot")
        assert modem.type("AT\r") == "", "it is deaf while it starts"
        assert modem.wait(2) == "\r\n^SYSSTART\r\n"
        assert modem.type("AT\r") == "AT\r" + OK
        assert "ERROR" in modem.type("AT+CIMI\r")
        modem.wait(3)
        assert "460001234567890" in modem.type("AT+CIMI\r")

    def test_an_unplugged_modem_loses_port_and_network_and_comes_back(self) -> None:
        modem = bench()
        modem.fault("unplug", modem="modem1", for_s=3)
        assert modem.plugs == [HangUp(1)]
        assert modem.type("AT\r", phone=1) == ""
        modem.send("hello")
        assert modem.texts(1) == []
        modem.wait(3)
        assert modem.plugs == [HangUp(1), PlugIn(1)]
        assert modem.texts(1) == ["hello"]

    def test_an_unplugged_modem_can_be_plugged_in_by_hand(self) -> None:
        modem = bench()
        modem.fault("unplug")
        modem.wait(1000)
        assert modem.plugs == [HangUp(0)]
        modem.fault("plug-in")
        assert modem.plugs == [HangUp(0), PlugIn(0)]
        assert modem.type("ATE0\r").endswith(OK)

    def test_a_line_nobody_asked_for_is_said_in_its_frame(self) -> None:
        assert bench().fault("say", line="^BOOT:1,0") == "\r\n^BOOT:1,0\r\n"


class TestCommands:
    def test_garbage_comes_in_place_of_one_answer_though_the_command_is_carried_out(self) -> None:
        modem = bench()
        modem.fault("garbage", octets=30)
        shown = modem.type("AT+CMGF=1\r")
        assert len(shown) == 30
        assert OK not in shown
        assert modem.type("AT+CMGF?\r") == "\r\n+CMGF: 1\r\n" + OK

    def test_silence_swallows_one_answer(self) -> None:
        modem = bench()
        modem.fault("silence", on="+CSQ", nth=2)
        assert modem.type("AT+CSQ\r").endswith(OK)
        assert modem.type("AT\r") == OK
        assert modem.type("AT+CSQ\r") == ""
        assert modem.type("AT+CSQ\r").endswith(OK)

    def test_a_slow_answer_comes_late_and_what_is_typed_meanwhile_waits(self) -> None:
        modem = bench()
        modem.fault("slow-answer", by_s=7)
        assert modem.type("AT+CSQ\r") == ""
        assert modem.type("AT+CMGF?\r") == ""
        assert modem.wait(6.9) == ""
        assert modem.wait(0.1) == "\r\n+CSQ: 20,99\r\n" + OK + "\r\n+CMGF: 0\r\n" + OK

    def test_a_failed_command_is_not_carried_out_nor_what_follows_it(self) -> None:
        modem = bench()
        modem.fault("fail-command", result="+CME ERROR: 100", on="+CMGF")
        assert modem.type("AT+CMGF=1;+CSQ\r") == "\r\n+CME ERROR: 100\r\n"
        assert modem.type("AT+CMGF?\r") == "\r\n+CMGF: 0\r\n" + OK

    def test_a_reboot_after_the_text_was_entered_sends_the_message_and_answers_nothing(self) -> None:
        modem = Bench(Phone(ANNA.imsi, ANNA.msisdn, profile=LOUD_STARTER), BERND)
        modem.wait(5)
        modem.taken(0)
        modem.type("ATE0\r")
        modem.fault("reboot", on="+CMGS", entered=True)
        assert modem.send("hello") == "\r\n> "
        assert modem.texts(1) == ["hello"]
        assert modem.wait(2) == "\r\n^SYSSTART\r\n"

    def test_a_reboot_at_the_command_comes_before_the_prompt_and_nothing_is_sent(self) -> None:
        modem = bench()
        modem.fault("reboot", on="+CMGS")
        assert modem.type("AT+CMGS=10\r") == ""
        assert modem.type("AT\r") == "AT\r" + OK, "settings are those of the start"
        assert modem.emulator.network.queue_length == 0

    @pytest.mark.parametrize(("do", "shown"), [("silence", ""), ("garbage", None)])
    def test_no_answer_after_the_text_was_entered_yet_the_message_arrives(self, do: str, shown: str | None) -> None:
        modem = bench()
        modem.fault(do, on="+CMGS", entered=True)
        answer = modem.send("hello").removeprefix("\r\n> ")
        assert "+CMGS" not in answer
        assert len(answer) == (24 if shown is None else 0)
        assert modem.texts(1) == ["hello"]
        assert "+CMGS: 1" in modem.send("again")

    def test_an_unplug_after_the_text_was_entered_sends_the_message(self) -> None:
        modem = bench()
        modem.fault("unplug", on="+CMGS", entered=True)
        modem.send("hello")
        assert modem.plugs == [HangUp(0)]
        assert modem.texts(1) == ["hello"]

    def test_a_failure_after_the_text_was_entered_sends_nothing(self) -> None:
        modem = bench()
        modem.fault("fail-command", on="+CMGS", entered=True, result="+CMS ERROR: 38")
        assert modem.send("hello").endswith("\r\n+CMS ERROR: 38\r\n")
        assert modem.texts(1) == []

    def test_signal_that_goes_when_the_text_was_entered_keeps_the_message_from_going_out(self) -> None:
        modem = bench()
        modem.fault("drop-signal", on="+CMGS", entered=True)
        assert "+CMGS:" not in modem.send("hello")
        assert modem.texts(1) == []

    def test_a_fault_waits_for_its_moment_and_then_for_its_command(self) -> None:
        modem = bench()
        modem.fault("silence", at_s=5, on="+CSQ")
        assert modem.type("AT+CSQ\r").endswith(OK)
        modem.wait(5)
        assert modem.type("AT\r") == OK
        assert modem.type("AT+CSQ\r") == ""

    def test_slow_cmgs_of_a_rebooted_modem_never_comes(self) -> None:
        modem = bench()
        modem.fault("slow-answer", on="+CMGS", by_s=10)
        modem.send("hello")
        modem.fault("reboot")
        assert modem.wait(60) == ""


class TestMessages:
    def test_lost_messages_are_acknowledged_and_never_arrive(self) -> None:
        modem = bench()
        modem.fault("lose-next", messages=2)
        for number in range(3):
            assert f"+CMGS: {number}" in modem.send(f"number {number}")
        assert modem.texts(1) == ["number 2"]
        assert modem.emulator.network.queue_length == 0

    def test_the_next_message_to_a_modem_is_lost_whoever_sends_it(self) -> None:
        modem = bench()
        modem.fault("lose-next", modem="+8613900000002", to=True)
        modem.send("to myself", to="+8613900000001")
        modem.send("lost")
        modem.send("not lost")
        assert modem.texts(0) == ["to myself"]
        assert modem.texts(1) == ["not lost"]

    def test_a_doubled_message_arrives_twice(self) -> None:
        modem = bench()
        modem.fault("double-next")
        modem.send("twice")
        modem.send("once")
        assert modem.texts(1) == ["twice", "twice", "once"]

    def test_a_delayed_message_comes_when_its_time_has_come(self) -> None:
        modem = bench()
        modem.fault("delay-next", by_s=30)
        modem.send("late")
        modem.send("at once")
        assert modem.texts(1) == ["at once"]
        modem.wait(29)
        assert modem.texts(1) == ["at once"]
        modem.wait(1)
        assert modem.texts(1) == ["at once", "late"]

    def test_a_reordered_message_is_overtaken_by_the_one_after(self) -> None:
        modem = bench()
        modem.fault("reorder-next")
        modem.send("first")
        assert modem.texts(1) == []
        modem.send("second")
        modem.wait(0.1)
        assert modem.texts(1) == ["second", "first"]
        modem.wait(10)
        assert modem.texts(1) == ["second", "first"]

    def test_a_reordered_message_that_nothing_follows_comes_by_itself(self) -> None:
        modem = bench()
        modem.fault("reorder-next")
        modem.send("only")
        modem.wait(3)
        assert modem.texts(1) == ["only"]


class TestSteps:
    def test_every_fault_is_told_of_by_its_record(self) -> None:
        for name in FAULTS:
            described = faults.describe(name)
            assert described.does.endswith("."), name
        assert faults.describe("say").keys == {"line": None}
        assert faults.describe("unplug").keys == {"for_s": "no end"}
        assert faults.describe("restore-signal").keys == {"rssi": "as before"}

    def test_no_modem_named_means_all(self) -> None:
        modem = bench()
        modem.fault("say", modem="", line="HELLO")
        assert modem.taken(1) == "\r\nHELLO\r\n"

    def test_an_unknown_modem_is_refused_with_the_known_ones(self) -> None:
        modem = bench()
        for name in ("modem2", "modem", "+8613999999999", "modem-1"):
            with pytest.raises(NoSuchModem, match="modem0 to modem1"):
                modem.fault("reboot", modem=name)

    @pytest.mark.parametrize("do", ["fill-storage", "empty-storage"])
    def test_a_storage_that_is_not_there_is_refused_even_when_it_is_for_later(self, do: str) -> None:
        modem = bench()
        for when in ({}, {"at_s": 5}, {"on": "*"}):
            with pytest.raises(InvalidRecord, match="storage XY"):
                modem.fault(do, storage="XY", **when)

    @pytest.mark.parametrize(
        ("table", "wrong"),
        [
            ({}, "step.do must name a fault"),
            ({"do": "explode"}, "step.do must name a fault, not 'explode'; known: accept-registration"),
            ({"do": "reboot", "speed": 3}, "unknown key 'speed'"),
            ({"do": "say"}, "a key is missing: line"),
            ({"do": "say", "line": "{nosuch}"}, "step.line: nothing is called {nosuch}"),
            ({"do": "say", "line": "a\r\nOK"}, "step.line must be one line"),
            ({"do": "say", "line": "中"}, "step.line must be one line"),
            ({"do": "fail-command", "result": ""}, "step.result must be one line"),
            ({"do": "garbage", "octets": 0}, "step.octets must be 1 to 1024, not 0"),
            ({"do": "garbage", "octets": 2.5}, "step.octets must be int, not float"),
            ({"do": "restore-signal", "rssi": 32}, "step.rssi must be 0 to 31"),
            ({"do": "unplug", "for_s": -1}, "step.for_s must be 0 to"),
            ({"do": "unplug", "for_s": float("nan")}, "step.for_s must be 0 to"),
            ({"do": "reboot", "at_s": float("inf")}, "step.at_s must be 0 to"),
            ({"do": "reboot", "nth": 2}, "step.nth counts commands, so on must say which"),
            ({"do": "reboot", "on": "+CMGS", "nth": 0}, "step.nth must be 1 to"),
            ({"do": "reboot", "on": "send a message"}, "step.on must name a command"),
            ({"do": "reboot", "on": "+CSQ", "entered": True}, "step.entered needs on to be one of +CMGS"),
            ({"do": "reboot", "entered": True}, "step.entered needs on to be one of +CMGS"),
            ({"do": "lose-next", "messages": True}, "step.messages must be int, not bool"),
        ],
    )
    def test_what_cannot_be_is_refused_by_its_key(self, table: dict[str, object], wrong: str) -> None:
        with pytest.raises(InvalidRecord) as caught:
            faults.build(table, "step")
        assert wrong in str(caught.value)

    def test_a_command_may_be_named_as_it_is_typed(self) -> None:
        assert faults.build({"do": "garbage", "on": "at+cmgs"}, "step") == Step(do=Garbage(), on="+CMGS")
        assert faults.build({"do": "garbage"}, "step").on == "*"
