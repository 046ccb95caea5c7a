"""Scenarios: what their files may say, and that the same one with the same seed gives the same octets."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from gsm import pdu
from gsm.pdu import StatusReport, UserData
from modem_emulator import faults, scenarios
from modem_emulator.emulator import DeliverToEsme, WriteToPort
from modem_emulator.faults import DropSignal, Garbage, Reboot, Step, Unplug
from modem_emulator.network import Faults, Submission
from modem_emulator.outcome import Reports
from modem_emulator.scenario import InvalidScenario, Scenario, parse
from modem_emulator.server import serving
from modem_emulator.short_message import outgoing
from modem_emulator.store import MemoryStore
from tests.unit.modem_emulator.bench import ANNA, BANK, BERND, START_S, Bench

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "emulator-control.md"
NEW_YEAR = "2026-01-01T00:00:00Z"


def scenario(text: str) -> Scenario:
    return parse("test.toml", tomllib.loads(text))


class TestFile:
    def test_all_that_can_be_said(self) -> None:
        read = scenario(
            """
            description = "everything"
            seed = 7
            clock = "2026-01-01T08:00:00+08:00"
            [rates]
            garbage = 0.25
            unplug = { rate = 0.5, for_s = 2 }
            lose = 0.1
            double = 0.2
            reorder = 0.3
            delay_s = 1
            slow_cmgs_s = 2.5
            [[step]]
            do = "drop-signal"
            modem = "modem0"
            at_s = 5
            for_s = 10
            [[step]]
            on = "+CMGS"
            nth = 2
            entered = true
            do = "reboot"
            """
        )
        assert (read.description, read.seed) == ("everything", 7)
        assert read.clock.moment(START_S) == datetime(2026, 1, 1, tzinfo=UTC)
        assert read.messages == Faults(0.1, 0.2, 0.3, 1.0, 2.5)
        assert read.rates == ((Garbage(), 0.25), (Unplug(for_s=2.0), 0.5))
        assert read.steps == (
            Step(do=DropSignal(for_s=10.0), modem="modem0", at_s=5.0),
            Step(do=Reboot(), on="+CMGS", nth=2, entered=True),
        )

    def test_an_empty_file_changes_nothing(self) -> None:
        assert parse("", {}) == Scenario()

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("speed = 3", "test.toml: unknown key 'speed'; known: description, seed"),
            ('seed = "7"', "test.toml.seed must be int, not str"),
            ('clock = "tomorrow"', "test.toml: clock must be a moment"),
            ("clock = 2026-01-01T00:00:00", "test.toml: clock must be a moment with its zone"),
            ("clock = 1970-01-01T00:00:00Z", "test.toml: clock must be in the years 2000 to 2089"),
            ("rates = 3", "test.toml: rates must be a table"),
            ("rates.lose = 1.5", "test.toml: rates.lose must be a number from 0 to 1"),
            ("rates.lose = true", "test.toml: rates.lose must be a number from 0 to 1"),
            ("rates.garbage = nan", "test.toml: rates.garbage must be a number from 0 to 1"),
            ("rates.unplug = { for_s = 3 }", "test.toml: rates.unplug.rate must be a number"),
            ("rates.unplug = { rate = 0.1, by_s = 3 }", "test.toml: rates.unplug: unknown key 'by_s'"),
            ("rates.say = 0.1", "test.toml: rates.say: a key is missing"),
            ("rates.lose-next = 0.1", "test.toml: rates.lose-next is no rate; known: lose, double"),
            ("step = 3", "test.toml: steps are written as [[step]]"),
            ('[[step]]\ndo="reboot"\n[[step]]\ndo="explode"', "test.toml: step 2.do must name a fault, not 'explode'"),
            ('[[step]]\ndo="reboot"\n[[step]]\ndo="reboot"\nfor_s=3', "test.toml: step 2: unknown key 'for_s'"),
            ('[[step]]\ndo="reboot"\nmodem=1', "test.toml: step 1.modem must be str, not int"),
            ('[[step]]\ndo="reboot"\nat_s=-1', "test.toml: step 1.at_s must be 0 to"),
        ],
    )
    def test_what_cannot_be_is_refused_with_file_step_and_key(self, text: str, wrong: str) -> None:
        with pytest.raises(InvalidScenario) as caught:
            scenario(text)
        assert str(caught.value).startswith(wrong)

    @pytest.mark.parametrize(
        ("step", "wrong"),
        [
            (Step(do=Reboot(), modem="modem7"), "test.toml: step 1.modem: there is no modem 'modem7'"),
            (
                Step(do=faults.FillStorage(storage="XY"), at_s=9),
                "test.toml: step 1.storage: this modem has no storage XY",
            ),
        ],
    )
    async def test_a_modem_or_storage_that_is_not_there_is_refused_at_start(self, step: Step, wrong: str) -> None:
        with pytest.raises(InvalidScenario, match=wrong):
            async with serving([ANNA], {}, MemoryStore(), scenario=Scenario(name="test.toml", steps=[step])):
                raise AssertionError("it must not start")

    async def test_a_rate_for_a_storage_that_is_not_there_is_refused_at_start(self) -> None:
        impossible = scenario('rates.fill-storage = { rate = 0.1, storage = "XY" }')
        with pytest.raises(InvalidScenario, match=r"test.toml: rates.fill-storage.storage: "):
            async with serving([ANNA], {}, MemoryStore(), scenario=impossible):
                raise AssertionError("it must not start")

    @pytest.mark.parametrize("name", scenarios.names())
    def test_the_bundled_scenarios_can_be_played(self, name: str) -> None:
        bundled = scenarios.load(name)
        assert bundled.description
        assert bundled.seed is not None
        bench = Bench(ANNA, BERND, scenario=bundled)
        assert '+CCLK: "26/01/01,00:00:00+00"' in bench.type("AT+CCLK?\r"), "repeatable to the time stamps"
        bench.wait(100)
        bench.send("hello")

    def test_the_example_of_the_documentation_can_be_played(self) -> None:
        [example] = re.findall(r"```toml\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
        read = scenario(example)
        assert [type(step.do) for step in read.steps] == [DropSignal, Reboot]
        assert read.messages.lose == 0.05

    def test_a_file_that_is_none_is_refused_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "bad.toml").write_text("seed = ")
        for name, wrong in (
            ("calm-sea", "known: bad-radio, flaky-modem, full-sim"),
            (str(tmp_path / "none.toml"), "cannot read"),
            (str(tmp_path / "bad.toml"), "is no TOML"),
        ):
            with pytest.raises(InvalidScenario, match=wrong):
                scenarios.load(name)


class TestClock:
    def test_all_that_is_shown_stands_at_the_moment_of_the_scenario(self) -> None:
        bench = Bench(ANNA, BERND, scenario=scenario(f'clock = "{NEW_YEAR}"'))
        bench.wait(3600)
        assert bench.type("AT+CCLK?\r").startswith('\r\n+CCLK: "26/01/01,00:00:00+00"')
        bench.send("hello", report=True)
        [(_, stored)] = bench.emulator.modems[1].sim.slots
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        assert pdu.decode_deliver(stored.tpdu).timestamp == moment
        [(_, stored)] = bench.emulator.modems[0].sim.slots
        report = pdu.decode_incoming(stored.tpdu)
        assert isinstance(report, StatusReport)
        assert (report.timestamp, report.discharge) == (moment, moment)

    def test_a_receipt_over_smpp_has_its_dates(self) -> None:
        bench = Bench(ANNA, scenario=scenario(f'clock = "{NEW_YEAR}"'))
        bench.emulator.esme_bound(BANK, START_S)
        wanted = Submission(BANK, ANNA.msisdn, UserData.of_text("hello"), reports=Reports.FINAL)
        _, actions = bench.emulator.esme_submits([wanted], START_S)
        [receipt] = [action.message for action in actions if isinstance(action, DeliverToEsme)]
        assert b"submit date:2601010000 done date:2601010000" in outgoing(receipt).short_message

    def test_a_validity_that_names_a_moment_is_counted_from_the_moment_shown(self) -> None:
        bench = Bench(ANNA, BERND, scenario=scenario(f'clock = "{NEW_YEAR}"'))
        bench.fault("drop-signal", modem="modem1")
        submit = pdu.Submit(
            "+8613900000002", UserData.of_text("hello"), validity=datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
        )
        tpdu = pdu.encode_submit(submit)
        bench.type(f"AT+CMGS={len(tpdu)}\r")
        bench.type(pdu.to_hex(tpdu) + "\x1a")
        bench.wait(599)
        assert bench.emulator.network.queue_length == 1
        bench.wait(2)
        assert bench.emulator.network.queue_length == 0

    def test_without_one_the_time_is_the_one_passed_in(self) -> None:
        bench = Bench(ANNA)
        assert "23/11/14,22:13:20+00" in bench.type("AT+CCLK?\r")


# Everything at once, often: what a run shows then depends on every draw.
STORMY = """
clock = "2026-01-01T00:00:00Z"
[rates]
garbage = 0.05
silence = 0.05
slow-answer = { rate = 0.05, by_s = 2 }
fail-command = 0.05
reboot = 0.02
unplug = { rate = 0.02, for_s = 3 }
drop-signal = { rate = 0.05, for_s = 4 }
sim-busy = { rate = 0.02, for_s = 1 }
lose = 0.2
double = 0.2
reorder = 0.3
delay_s = 0.5
slow_cmgs_s = 1
[[step]]
do = "reboot"
on = "+CMGS"
nth = 3
entered = true
[[step]]
do = "fill-storage"
at_s = 40
leave = 1
modem = "modem1"
"""
COMMANDS = (
    "AT\r",
    "AT+CSQ\r",
    "AT+CMGL=4\r",
    "AT+CREG=1;+CREG?\r",
    "AT+CMGD=1,4\r",
    "AT+CCLK?\r",
    "ATE0\r",
    "AT+CMGF=0\r",
)


def run(seed: int, among: Sequence[int] = (0, 1), between: bool = True) -> list[list[bytes]]:
    """What two phones are shown, piece by piece, during ten minutes of random traffic.

    Only those `among` are typed at. They send to each other, or to a number that nobody answers.
    """
    bench = Bench(ANNA, BERND, scenario=replace(scenario(STORMY), seed=seed))
    random = Random(5)
    for _ in range(200):
        phone, seconds, command = random.randrange(2), random.choice((0.0, 0.1, 1.0, 5.0)), random.choice(COMMANDS)
        sends, to, text = random.random() < 0.3, random.choice((ANNA, BERND)).msisdn, str(random.random())
        if phone in among and sends:
            bench.send(text, phone, to if between else BANK)
        elif phone in among:
            bench.type(command, phone)
        bench.wait(seconds)
    writes = [action for action in bench.all if isinstance(action, WriteToPort)]
    return [[write.data for write in writes if write.phone == phone] for phone in (0, 1)]


@pytest.mark.parametrize("seed", [1, 2, 3, 20260101])
def test_same_seed_and_scenario_give_the_same_octets(seed: int) -> None:
    first = run(seed)
    assert first == run(seed)
    assert sum(map(len, first)) > 200, "there was traffic"


def test_another_seed_gives_other_octets() -> None:
    assert run(1) != run(2)


def test_what_befalls_one_modem_does_not_depend_on_another() -> None:
    together = run(1, between=False)
    assert together[0] == run(1, among=[0], between=False)[0]
    assert together[1] == run(1, among=[1], between=False)[1]
