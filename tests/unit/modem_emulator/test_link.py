"""Joined processes without a socket: octets in queues, connections cut and processes killed at every step."""

import copy
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Submit, UserData
from modem_emulator.emulator import Action, Emulator, Phone, ToCentre, ToMember, WriteToPort
from modem_emulator.faults import DelayNext, DoubleNext, LoseNext, ReorderNext
from modem_emulator.link import ANSWER_S_MAX, SILENCE_S_MAX
from modem_emulator.link_frames import (
    FRAME_OCTETS_MAX,
    Answer,
    Arrange,
    Attach,
    Delivery,
    Frame,
    FrameReader,
    InvalidFrame,
    Join,
    Order,
    Ping,
    Refusal,
    Welcome,
    encode,
)
from modem_emulator.link_frames import (
    Submit as SubmitFrame,
)
from modem_emulator.mishaps import Faults
from modem_emulator.network import Submission
from modem_emulator.outcome import Reports
from modem_emulator.store import MemoryStore

ANNA = Phone("460001234567890", "8613900000001", slots=250)
BERND = Phone("460001234567891", "8613900000002", slots=250)
CARLA = Phone("460001234567892", "8613900000003", slots=250)
NUMBERS = ["+8613900000001", "+8613900000002", "+8613900000003"]
BANK = "95533"
NOW_S = 1_700_000_000.0


class Process:
    """An emulator with a store of which only what was committed outlives it."""

    def __init__(self, phones: list[Phone], centre: bool, seed: int = 7) -> None:
        self.phones, self.is_centre, self.seed = phones, centre, seed
        self.durable = MemoryStore()
        self.runs = 0
        self.name = "the centre"
        self.faults: Faults | None = None

    def start(self, now_s: float) -> list[Action]:
        self.runs += 1
        self.store = copy.deepcopy(self.durable)
        member = "" if self.is_centre else f"{self.phones[0].msisdn}/{self.runs}"
        esmes = [BANK] if self.is_centre else []
        self.emulator = Emulator(
            self.store, Random(self.seed), self.phones, esmes, self.faults, member=member, centre=self.name
        )
        return self.emulator.start(now_s)

    def commit(self) -> None:
        self.durable = copy.deepcopy(self.store)

    def texts(self, phone: int = 0) -> list[str]:
        found = [pdu.decode_incoming(stored.tpdu) for _, stored in self.emulator.modems[phone].sim.slots]
        return [message.text for message in found if isinstance(message, pdu.Deliver)]


class Connection:
    """Octets on their way between a member and the centre."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.up, self.down = bytearray(), bytearray()
        self.closing = False


class World:
    """A centre with one phone, two members with one each, and whatever happens between them."""

    def __init__(self, random: Random | None = None) -> None:
        self.random = random or Random(1)
        self.now_s = NOW_S
        self.centre = Process([ANNA], centre=True)
        self.members = [Process([BERND], centre=False), Process([CARLA], centre=False)]
        self.connections: list[Connection | None] = [None, None]
        self.connection_count = 0
        self.shown: dict[int, str] = {0: "", 1: "", 2: ""}
        for process in [self.centre, *self.members]:
            self.do(process, process.start(self.now_s))

    @property
    def processes(self) -> list[Process]:
        return [self.centre, *self.members]

    def do(self, process: Process, actions: list[Action]) -> None:
        process.commit()
        place = self.processes.index(process)
        for action in actions:
            match action:
                case WriteToPort(_, data):
                    self.shown[place] += data.decode()
                case ToCentre(data, last):
                    self.send(place - 1, "up", data, last)
                case ToMember(number, data, last):
                    for side, connection in enumerate(self.connections):
                        if connection is not None and connection.number == number:
                            self.send(side, "down", data, last)

    def send(self, side: int, way: str, data: bytes, last: bool) -> None:
        connection = self.connections[side]
        if connection is not None:
            getattr(connection, way).extend(data)
            connection.closing = connection.closing or last

    # ---- what can happen

    def connect(self, side: int) -> None:
        self.connection_count += 1
        self.connections[side] = Connection(self.connection_count)
        self.do(self.centre, self.centre.emulator.member_connected(self.connection_count, self.now_s))
        self.do(self.members[side], self.members[side].emulator.centre_connected(self.now_s))

    def cut(self, side: int) -> None:
        connection = self.connections[side]
        if connection is not None:
            self.connections[side] = None
            self.do(self.centre, self.centre.emulator.member_lost(connection.number, self.now_s))
            self.do(self.members[side], self.members[side].emulator.centre_lost(self.now_s))

    def move(self, side: int, way: str, octets: int) -> bool:
        """Let some octets arrive; whether there were any."""
        connection = self.connections[side]
        if connection is None:
            return False
        queue: bytearray = getattr(connection, way)
        taken = bytes(queue[:octets])
        del queue[:octets]
        if taken and way == "up":
            self.do(self.centre, self.centre.emulator.member_sent(connection.number, taken, self.now_s))
        elif taken:
            self.do(self.members[side], self.members[side].emulator.centre_sent(taken, self.now_s))
        if connection.closing and not connection.up and not connection.down:
            self.cut(side)
        return bool(taken)

    def move_all(self, octets: int) -> bool:
        """The same on all connections and both ways."""
        moved = [self.move(side, way, octets) for side in range(2) for way in ("up", "down")]
        return any(moved)

    def kill(self, place: int) -> None:
        """`kill -9`, and started again: what was not committed is gone, and so are the connections."""
        for side in range(2) if place == 0 else [place - 1]:
            connection, self.connections[side] = self.connections[side], None
            if connection is not None and place == 0:
                self.do(self.members[side], self.members[side].emulator.centre_lost(self.now_s))
            elif connection is not None:
                self.do(self.centre, self.centre.emulator.member_lost(connection.number, self.now_s))
        self.shown[place] = ""
        self.do(self.processes[place], self.processes[place].start(self.now_s))

    def tick(self, for_s: float) -> None:
        self.now_s += for_s
        for process in self.processes:
            self.do(process, process.emulator.tick(self.now_s))

    def type(self, place: int, text: str) -> None:
        process = self.processes[place]
        self.do(process, process.emulator.received(0, text.encode(), self.now_s))

    def send_text(self, place: int, destination: str, text: str, report: bool = False) -> None:
        tpdu = pdu.encode_submit(Submit(destination, UserData.of_text(text), status_report_request=report))
        self.shown[place] = ""
        self.type(place, f"ATE0;+CMGS={len(tpdu)}\r")
        self.type(place, pdu.to_hex(tpdu) + "\x1a")

    def settle(self) -> None:
        """Connect everybody and let everything arrive that is on its way."""
        for side in range(2):
            if self.connections[side] is None:
                self.connect(side)
        while self.move_all(1000):
            pass

    def join(self) -> "World":
        self.settle()
        return self


class TestTogether:
    def test_a_members_phone_is_registered_once_the_process_has_joined(self) -> None:
        world = World()
        world.type(1, "ATE0;+CREG?;+CSQ\r")
        assert "+CREG: 0,2" in world.shown[1]
        assert "+CSQ: 20," in world.shown[1]
        world.join()
        world.type(1, "AT+CREG?\r")
        assert "+CREG: 0,1" in world.shown[1]

    @pytest.mark.parametrize(("place", "to"), [(0, 1), (1, 0), (1, 2), (2, 2)])
    def test_messages_go_between_all_phones_with_their_reports(self, place: int, to: int) -> None:
        world = World().join()
        world.type(place, "AT+CNMI=2,0,0,2\r")
        world.send_text(place, NUMBERS[to], "hello", report=True)
        world.settle()
        assert "+CMGS: 0" in world.shown[place]
        assert world.processes[to].texts() == ["hello"]
        *_, (_, stored) = world.processes[place].emulator.modems[0].storage("SM")
        assert pdu.decode_status_report(stored.tpdu).delivered

    def test_cmgs_is_answered_when_the_centre_has_stored_the_message_and_not_before(self) -> None:
        world = World().join()
        world.send_text(1, NUMBERS[2], "hello")
        assert "+CMGS: " not in world.shown[1]
        assert world.centre.durable.queued() == []
        assert world.move(0, "up", 10_000)
        assert [message.destination for message in world.centre.durable.queued()] == [NUMBERS[2]]
        assert "+CMGS: " not in world.shown[1]
        assert world.move(0, "down", 10_000)
        assert "+CMGS: 0" in world.shown[1]

    def test_what_the_centre_refuses_is_an_error_at_the_phone(self) -> None:
        world = World().join()
        world.send_text(1, "+8613999999999", "hello")
        world.settle()
        assert "+CMS ERROR: 1\r\n" in world.shown[1]

    def test_a_full_phone_gets_the_next_message_when_it_has_room(self) -> None:
        world = World()
        world.members[0].phones = [Phone(BERND.imsi, BERND.msisdn, slots=1)]
        world.kill(1)
        world.join()
        world.send_text(0, NUMBERS[1], "one")
        world.send_text(0, NUMBERS[1], "two")
        world.settle()
        assert world.members[0].texts() == ["one"]
        world.type(1, "AT+CMGD=1\r")
        world.settle()
        assert world.members[0].texts() == ["two"]

    def test_a_phone_that_has_left_gets_its_messages_when_it_is_back(self) -> None:
        world = World().join()
        world.type(1, "ATE0;+COPS=2\r")
        world.settle()
        world.send_text(0, NUMBERS[1], "hello")
        world.settle()
        assert world.members[0].texts() == []
        world.type(1, "AT+COPS=0\r")
        world.settle()
        assert world.members[0].texts() == ["hello"]

    def test_a_fault_arranged_at_a_members_modem_acts_at_the_centre(self) -> None:
        world = World().join()
        world.members[0].emulator.network.arrange(NUMBERS[1], LoseNext())
        world.tick(0.1)
        world.settle()
        world.send_text(1, NUMBERS[2], "lost")
        world.settle()
        world.send_text(1, NUMBERS[2], "arrives")
        world.settle()
        assert world.members[1].texts() == ["arrives"]

    def test_an_enquiry_about_a_message_works_across_processes(self) -> None:
        world = World().join()
        world.type(1, "AT+CNMI=2,0,0,2\r")
        world.send_text(1, NUMBERS[2], "hello")
        world.settle()
        command = pdu.encode_command(pdu.Command(NUMBERS[2], 0, 0, 0))
        world.shown[1] = ""
        world.type(1, f"AT+CMGC={len(command)}\r")
        world.type(1, pdu.to_hex(command) + "\x1a")
        world.settle()
        assert "+CMGC: 1" in world.shown[1]
        [(_, stored)] = world.members[0].emulator.modems[0].storage("SM")
        report = pdu.decode_status_report(stored.tpdu)
        assert (report.of_command, report.delivered) == (True, True)

    def test_a_slow_answer_is_slow_at_a_members_phone(self) -> None:
        world = World()
        world.centre.faults = Faults(slow_answer_s=30)
        world.kill(0)
        world.join()
        world.send_text(1, NUMBERS[2], "hello")
        world.settle()
        assert world.members[1].texts() == ["hello"]
        assert "+CMGS: " not in world.shown[1]
        world.tick(31)
        assert "+CMGS: 0" in world.shown[1]

    def test_phones_lose_the_network_with_the_connection_and_keep_their_signal(self) -> None:
        world = World().join()
        world.type(1, "ATE0;+CREG=1\r")
        world.cut(0)
        assert world.shown[1].endswith("\r\n+CREG: 2\r\n")
        world.type(1, "AT+CSQ\r")
        assert "+CSQ: 20," in world.shown[1]
        world.join()
        assert "\r\n+CREG: 1\r\n" in world.shown[1]


class TestLostConnections:
    def test_a_message_arrives_once_wherever_the_connection_is_cut(self) -> None:
        for cut_at in range(60):
            world = World().join()
            world.send_text(1, NUMBERS[2], "hello")
            moved = 0
            while world.move_all(40):
                moved += 1
                if moved == cut_at:
                    world.cut(0)
                    world.cut(1)
            world.settle()
            assert world.members[1].texts() == ["hello"], cut_at
            assert "+CMGS: 0" in world.shown[1], cut_at
        assert moved < cut_at, "the cuts went all through the exchange"

    @pytest.mark.parametrize("killed", [0, 1, 2])
    def test_a_message_arrives_at_most_once_whoever_is_killed_and_surely_if_acknowledged(self, killed: int) -> None:
        for kill_at in range(60):
            world = World().join()
            world.send_text(1, NUMBERS[2], "hello")
            acknowledged, moved = False, 0
            while world.move_all(40):
                acknowledged = acknowledged or "+CMGS: " in world.shown[1]
                moved += 1
                if moved == kill_at:
                    world.kill(killed)
            world.settle()
            acknowledged = acknowledged or "+CMGS: " in world.shown[1]
            assert world.members[1].texts() in ([["hello"]] if acknowledged else [["hello"], []]), kill_at

    def test_what_is_not_answered_in_time_is_a_network_timeout_and_is_not_sent_again(self) -> None:
        world = World().join()
        world.send_text(1, NUMBERS[2], "hello")
        world.cut(0)
        world.tick(ANSWER_S_MAX - 1)
        assert "ERROR" not in world.shown[1]
        world.tick(2)
        assert "+CMS ERROR: 332\r\n" in world.shown[1]
        world.settle()
        assert world.members[1].texts() == []

    def test_an_answer_that_comes_in_time_after_a_lost_connection_counts(self) -> None:
        world = World().join()
        world.send_text(1, NUMBERS[2], "hello")
        world.move(0, "up", 10_000)
        world.cut(0)
        world.tick(ANSWER_S_MAX / 2)
        world.settle()
        assert "+CMGS: 0" in world.shown[1]
        assert world.members[1].texts() == ["hello"]

    def test_a_centre_that_has_lost_its_state_is_another_centre(self) -> None:
        world = World().join()
        world.send_text(0, NUMBERS[1], "one")
        world.move(0, "down", 10_000)  # taken, and the centre never hears of it
        world.centre.durable, world.centre.name = MemoryStore(), "another centre"
        world.kill(0)
        world.settle()
        world.send_text(0, NUMBERS[1], "two")  # with the identity that the first had
        world.settle()
        assert world.members[0].texts() == ["one", "two"]

    def test_what_was_taken_from_one_centre_is_not_taken_for_another_ones_message(self) -> None:
        world = World().join()
        other = copy.deepcopy(world.centre.durable)  # which knows the same phones
        world.send_text(0, NUMBERS[1], "one")
        world.move(0, "down", 10_000)  # taken, and the centre never hears of it
        world.centre.durable, world.centre.name = other, "another centre"
        world.kill(0)
        world.send_text(0, NUMBERS[1], "two")  # with the identity that the first had
        world.settle()
        assert world.members[0].texts() == ["one", "two"]

    def test_a_phone_that_left_and_came_back_while_a_message_was_on_its_way_gets_it_once(self) -> None:
        world = World().join()
        world.send_text(0, NUMBERS[1], "hello")
        world.type(1, "AT+COPS=2\r")
        world.type(1, "AT+COPS=0\r")
        world.move(0, "down", 10_000)
        assert world.members[0].texts() == ["hello"]
        while world.move(0, "up", 10):  # the centre hears that it is back before it hears that it has the message
            pass
        world.settle()
        assert world.members[0].texts() == ["hello"]

    def test_nothing_is_remembered_once_both_sides_know(self) -> None:
        world = World().join()
        for number in range(5):
            world.send_text(1, NUMBERS[2], str(number))
            world.settle()
        world.send_text(1, NUMBERS[2], "the last")
        world.settle()
        world.tick(1)
        assert world.members[1].store.notes("taken") == {}
        assert len(world.centre.store.notes("ticket")) <= 1

    @pytest.mark.parametrize("seed", range(40))
    def test_whatever_happens_nothing_acknowledged_is_lost_and_nothing_comes_twice(self, seed: int) -> None:
        random = Random(seed)
        world = World(random).join()
        sent: dict[str, tuple[int, bool]] = {}
        waiting: dict[int, str] = {}
        for step in range(400):
            happens(world, random, step, sent, waiting)
            note_answers(world, sent, waiting)
        for _ in range(12):
            world.settle()
            world.tick(10)
            note_answers(world, sent, waiting)
        arrived = Counter(text for process in world.processes for text in process.texts())
        assert set(arrived) <= set(sent)
        assert max(arrived.values(), default=0) == 1
        lost = [text for text, (_, acknowledged) in sent.items() if acknowledged and not arrived[text]]
        assert lost == []
        for place, process in enumerate(world.processes):
            assert all(sent[text][0] == place for text in process.texts())
        assert sum(acknowledged for _, acknowledged in sent.values()) > 3


def happens(
    world: World, random: Random, step: int, sent: dict[str, tuple[int, bool]], waiting: dict[int, str]
) -> None:
    side, way = random.randrange(2), random.choice(["up", "down"])
    match random.choices(["move", "send", "connect", "cut", "kill", "tick"], [50, 12, 10, 5, 2, 15])[0]:
        case "move":
            world.move(side, way, random.randrange(1, 400))
        case "send":
            place, to = random.randrange(3), random.randrange(3)
            if place not in waiting:
                text = f"{place} to {to}, {step}"
                sent[text] = (to, False)
                waiting[place] = text
                world.send_text(place, NUMBERS[to], text)
        case "connect" if world.connections[side] is None:
            world.connect(side)
        case "cut":
            world.cut(side)
        case "kill":
            place = random.randrange(3)
            world.kill(place)
            waiting.pop(place, None)
        case "tick":
            world.tick(random.uniform(0, 8))


def note_answers(world: World, sent: dict[str, tuple[int, bool]], waiting: dict[int, str]) -> None:
    for place, text in list(waiting.items()):
        if "+CMGS: " in world.shown[place]:
            sent[text] = (sent[text][0], True)
        if "+CMGS: " in world.shown[place] or "ERROR" in world.shown[place]:
            del waiting[place]


def submit_frame(**fields: object) -> SubmitFrame:
    submission = Submission("+8613900000009", NUMBERS[0], UserData.of_text("hello"))
    return replace(SubmitFrame.of(1, 1, submission), **fields)  # type: ignore[arg-type]


class TestRefusals:
    def talk(self, world: World, *frames: Frame) -> list[Frame]:
        """What the centre says to somebody who connects and says this."""
        emulator, answered = world.centre.emulator, []
        emulator.member_connected(99, world.now_s)
        octets = b"".join(encode(frame) for frame in frames)
        for action in emulator.member_sent(99, octets, world.now_s):
            if isinstance(action, ToMember) and action.connection == 99:
                answered += FrameReader().feed(action.data)
        return answered

    @pytest.mark.parametrize(
        ("number", "why"),
        [
            (NUMBERS[0], "in use at the centre"),
            (BANK, "in use at the centre"),
            (NUMBERS[1], "in use by another process"),
            ("hello", "digits"),
            ("8613900000009", "canonical"),
        ],
    )
    def test_a_number_that_cannot_be_had_is_refused_with_a_reason(self, number: str, why: str) -> None:
        [refusal] = self.talk(World().join(), Join(1, "stranger", (number,)))
        assert isinstance(refusal, Refusal)
        assert why in refusal.reason

    def test_another_version_is_refused(self) -> None:
        [refusal] = self.talk(World(), Join(2, "stranger", ("+8613900000009",)))
        assert isinstance(refusal, Refusal)
        assert "version 1" in refusal.reason

    @pytest.mark.parametrize(
        "frames",
        [
            [Attach(NUMBERS[1])],
            [Ping()],
            [Join(1, "a", ("+8613900000009",)), Join(1, "a", ("+8613900000009",))],
            [Join(1, "a", ("+8613900000009",)), Attach(NUMBERS[0])],
            [Join(1, "a", ("+8613900000009",)), Order(1, 1, NUMBERS[0], "")],
            [Join(1, "a", ("+8613900000009",)), Order(1, 1, "+8613900000009", "zz")],
            [Join(1, "a", ("+8613900000009",)), Welcome("me")],
            [Join(1, "a", ("+8613900000009",)), submit_frame(reference=256)],
            [Join(1, "a", ("+8613900000009",)), submit_frame(reports=8)],
            [Join(1, "a", ("+8613900000009",)), submit_frame(header="05")],
            [Join(1, "a", ("+8613900000009",)), submit_frame(content="x")],
            [Join(1, "a", ("+8613900000009",)), submit_frame(sender=NUMBERS[0])],
            [Join(1, "a", ("+8613900000009",)), Arrange("+8613900000009", "unplug", 1, False)],
        ],
    )
    def test_who_says_what_a_member_may_not_is_shown_the_door(self, frames: list[Frame]) -> None:
        *_, refusal = self.talk(World(), *frames)
        assert isinstance(refusal, Refusal)

    def test_a_member_that_comes_back_takes_the_place_of_its_old_connection(self) -> None:
        world = World().join()
        emulator = world.members[0].emulator
        join = Join(1, emulator._membership_here()._member, (NUMBERS[1],))
        assert self.talk(world, join) == [Welcome("the centre")]

    def test_a_number_may_join_again_from_another_process_when_the_first_has_left(self) -> None:
        world = World().join()
        world.cut(0)
        assert self.talk(world, Join(1, "stranger", (NUMBERS[1],))) == [Welcome("the centre")]

    def test_silence_ends_a_connection_on_both_sides(self) -> None:
        world = World().join()
        connection = world.connections[0]
        assert connection is not None
        world.now_s += SILENCE_S_MAX
        world.do(world.members[0], world.members[0].emulator.tick(world.now_s))
        assert connection.closing
        world.connections[0] = Connection(connection.number)
        world.do(world.centre, world.centre.emulator.tick(world.now_s))
        assert world.connections[0].closing

    def test_pings_keep_a_quiet_connection(self) -> None:
        world = World().join()
        for _ in range(40):
            world.tick(2)
            world.settle()
        assert world.connection_count == 2

    def test_messages_for_a_member_are_taken_before_it_is_back_after_the_centre_was_started_anew(self) -> None:
        world = World().join()
        world.kill(0)
        world.send_text(0, NUMBERS[1], "hello")
        assert "+CMGS: 0" in world.shown[0]
        world.settle()
        assert world.members[0].texts() == ["hello"]


class TestFrames:
    @pytest.mark.parametrize(
        "frame",
        [
            Join(1, "a", (NUMBERS[0], NUMBERS[1])),
            Answer(7, 8, 0, 1.5),
            Delivery(9, NUMBERS[0], "0011"),
            Ping(),
            *(
                Arrange.of(NUMBERS[0], fault)
                for fault in (LoseNext(), DoubleNext(messages=2), DelayNext(by_s=3.0, to=True), ReorderNext())
            ),
        ],
    )
    def test_every_frame_comes_out_as_it_went_in_in_any_pieces(self, frame: Frame) -> None:
        octets = encode(frame) * 2
        for size in (1, 7, len(octets)):
            reader, came = FrameReader(), []
            for start in range(0, len(octets), size):
                came += reader.feed(octets[start : start + size])
            assert came == [frame, frame]

    @pytest.mark.parametrize("fault", [LoseNext(to=True), DoubleNext(messages=2), DelayNext(by_s=3.0), ReorderNext()])
    def test_a_fault_goes_through_a_frame(self, fault: LoseNext | DoubleNext | DelayNext | ReorderNext) -> None:
        assert Arrange.of(NUMBERS[0], fault).fault() == fault

    def test_a_submission_goes_through_a_frame(self) -> None:
        data = UserData(b"part", 0, (pdu.Concatenation(5, 2, 1).element(),))
        submission = Submission(NUMBERS[0], BANK, data, 7, Reports.FINAL, 0x41, 60.0, "", True, True)
        assert SubmitFrame.of(1, 1, submission).submission() == submission

    @pytest.mark.parametrize(
        "octets",
        [
            b"x" * (FRAME_OCTETS_MAX + 1),
            b"hello\n",
            b"[]\n",
            b"[" * 30_000 + b"\n",
            b"\xff\n",
            b'{"frame":"nonsense"}\n',
            b'{"frame":"attach"}\n',
            b'{"frame":"answer","ticket":1,"after_s":NaN}\n',
            b'{"frame":"answer","ticket":1,"after_s":1e999}\n',
            b'{"frame":"attach","number":7}\n',
            b'{"frame":"attach","number":"7","more":1}\n',
        ],
    )
    def test_what_is_no_frame_is_refused(self, octets: bytes) -> None:
        with pytest.raises(InvalidFrame):
            FrameReader().feed(octets)

    def test_octets_at_random_end_a_connection_and_nothing_else(self) -> None:
        random = Random(7)
        world = World().join()
        for number in range(100, 300):
            world.centre.emulator.member_connected(number, world.now_s)
            actions = world.centre.emulator.member_sent(number, random.randbytes(200) + b"\n", world.now_s)
            assert [action.last for action in actions if isinstance(action, ToMember)] == [True]
            world.centre.emulator.member_lost(number, world.now_s)
        world.send_text(0, NUMBERS[1], "hello")
        world.settle()
        assert world.members[0].texts() == ["hello"]
