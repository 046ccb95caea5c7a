"""The service centre's rules, with the clock in hand and faults on demand."""

from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Concatenation, Deliver, StatusReport, UserData
from modem_emulator.network import (
    IN_FLIGHT_MAX,
    QUEUE_MESSAGES_MAX,
    RETRY_S,
    Congested,
    Faults,
    Network,
    Submission,
    Unfit,
    UnknownNumber,
)
from modem_emulator.store import MemoryStore, Queued

ANNA, BERND, BANK = "+8613900000001", "+8613900000002", "95533"
NOW_S = 1_700_000_000.0


def network(faults: Faults | None = None, store: MemoryStore | None = None, seed: int = 7) -> Network:
    made = Network(store or MemoryStore(), Random(seed), phones=[ANNA, BERND], esmes=[BANK], faults=faults)
    for number in (ANNA, BERND, BANK):
        made.attach(number)
    return made


def text(text: str, to: str = BERND, **fields: object) -> Submission:
    return Submission(ANNA, to, UserData.of_text(text), **fields)  # type: ignore[arg-type]


def read(message: Queued) -> str:
    incoming = pdu.decode_incoming(message.tpdu)
    assert isinstance(incoming, Deliver)
    return incoming.text


def take(made: Network, now_s: float) -> list[Queued]:
    """All that is due, taken by whom it is for."""
    taken: list[Queued] = []
    while messages := made.due(now_s):
        for message in messages:
            made.delivered(message.identity, now_s)
        taken += messages
    return taken


def test_a_message_reaches_its_destination_once_with_its_senders_number() -> None:
    made = network()
    made.submit(text("hello"), NOW_S)
    [message] = take(made, NOW_S)
    deliver = pdu.decode_deliver(message.tpdu)
    assert (message.destination, deliver.originator, deliver.text) == (BERND, ANNA, "hello")
    assert deliver.timestamp is not None
    assert deliver.timestamp.timestamp() == NOW_S
    assert take(made, NOW_S + 1000) == []


@pytest.mark.parametrize("dialled", ["+8613900000002", "008613900000002", "8613900000002", "13900000002"])
def test_a_number_may_be_dialled_in_every_usual_form(dialled: str) -> None:
    made = network()
    made.submit(text("hello", to=dialled), NOW_S)
    assert [message.destination for message in take(made, NOW_S)] == [BERND]


@pytest.mark.parametrize("dialled", ["+8613900000009", "12345", "", "abc", "+"])
def test_a_number_that_nobody_has_is_refused(dialled: str) -> None:
    with pytest.raises(UnknownNumber):
        network().submit(text("hello", to=dialled), NOW_S)


def test_messages_arrive_in_the_order_in_which_they_were_sent() -> None:
    made = network()
    for number in range(100):
        made.submit(text(str(number)), NOW_S)
    assert [read(message) for message in take(made, NOW_S)] == [str(number) for number in range(100)]


def test_a_header_passes_through_unchanged() -> None:
    made = network()
    data = UserData(b"part", 0, (Concatenation(5, 2, 1).element(),))
    made.submit(Submission(BANK, BERND, data), NOW_S)
    [message] = take(made, NOW_S)
    assert pdu.decode_deliver(message.tpdu).user_data == data


def test_what_does_not_fit_one_sms_is_refused() -> None:
    with pytest.raises(Unfit):
        network().submit(text("x" * 161), NOW_S)


def test_a_detached_phone_gets_its_messages_when_it_is_back() -> None:
    made = network()
    made.detach(BERND)
    made.submit(text("hello"), NOW_S)
    assert made.due(NOW_S) == []
    made.attach(BERND)
    assert [read(message) for message in take(made, NOW_S)] == ["hello"]


def test_what_was_not_taken_is_offered_again_later_or_when_there_is_room() -> None:
    made = network()
    made.submit(text("hello"), NOW_S)
    [message] = made.due(NOW_S)
    assert made.due(NOW_S) == []
    made.postponed(message.identity, NOW_S)
    assert made.due(NOW_S + RETRY_S - 0.1) == []
    assert made.next_due_s() == NOW_S + RETRY_S
    assert made.due(NOW_S + RETRY_S) == [message]
    made.postponed(message.identity, NOW_S + RETRY_S)
    made.attach(BERND)
    assert made.due(NOW_S + RETRY_S) == [message]


def test_what_was_in_flight_when_an_esme_left_is_offered_to_its_next_bind() -> None:
    made = network()
    made.submit(text("hello", to=BANK), NOW_S)
    [message] = made.due(NOW_S)
    made.detach(BANK)
    assert made.due(NOW_S + 1000) == []
    made.attach(BANK)
    assert made.due(NOW_S) == [message]


def test_only_so_many_are_in_flight_to_one_destination() -> None:
    made = network()
    for _ in range(IN_FLIGHT_MAX + 1):
        made.submit(text("hello", to=BANK), NOW_S)
    first = made.due(NOW_S)
    assert len(first) == IN_FLIGHT_MAX
    assert made.due(NOW_S) == []
    made.delivered(first[0].identity, NOW_S)
    assert len(made.due(NOW_S)) == 1


def test_the_queue_has_an_end() -> None:
    made = network()
    made.detach(BERND)
    for _ in range(QUEUE_MESSAGES_MAX):
        made.submit(text("x"), NOW_S)
    with pytest.raises(Congested):
        made.submit(text("x"), NOW_S)


def report_of(messages: list[Queued]) -> StatusReport:
    [report] = [message for message in messages if message.about]
    assert report.destination == ANNA
    return pdu.decode_status_report(report.tpdu)


def test_delivery_is_reported_to_who_asked_for_it_with_his_reference() -> None:
    made = network()
    made.submit(text("hello", reference=42, report_wanted=True), NOW_S)
    report = report_of(take(made, NOW_S + 3))
    assert (report.reference, report.recipient, report.delivered) == (42, BERND, True)
    assert report.discharge is not None
    assert report.discharge.timestamp() == NOW_S + 3


def test_a_message_that_outlived_its_time_is_dropped_and_reported() -> None:
    made = network()
    made.detach(BERND)
    made.submit(text("hello", report_wanted=True, lifetime_s=60), NOW_S)
    assert made.next_due_s() == NOW_S + 60
    report = report_of(take(made, NOW_S + 61))
    assert not report.delivered
    made.attach(BERND)
    assert take(made, NOW_S + 62) == []


def test_one_who_asks_for_no_report_gets_none() -> None:
    made = network()
    made.submit(text("hello"), NOW_S)
    assert [message.about for message in take(made, NOW_S)] == [0]


class TestFaults:
    def test_a_lost_message_is_accepted_and_never_arrives(self) -> None:
        made = network(Faults(lose=1.0))
        made.submit(text("hello", report_wanted=True), NOW_S)
        assert take(made, NOW_S + 1000) == []
        assert made.queue_length == 0

    def test_a_doubled_message_arrives_twice_and_is_reported_once(self) -> None:
        made = network(Faults(double=1.0))
        made.submit(text("hello", report_wanted=True), NOW_S)
        taken = take(made, NOW_S)
        assert [message.about == 0 for message in taken].count(True) == 2
        report_of(taken)

    def test_a_delayed_message_waits(self) -> None:
        made = network(Faults(delay_s=2.0))
        made.submit(text("hello"), NOW_S)
        assert take(made, NOW_S + 1.9) == []
        assert len(take(made, NOW_S + 2.0)) == 1

    def test_reordered_messages_are_overtaken(self) -> None:
        made = network(Faults(reorder=0.5))
        for number in range(20):
            made.submit(text(str(number)), NOW_S + number * 0.1)
        order = []
        for tick in range(100):
            order += [int(read(message)) for message in take(made, NOW_S + tick * 0.1)]
        assert sorted(order) == list(range(20))
        assert order != sorted(order)

    def test_a_slow_answer_is_told_while_the_message_is_on_its_way(self) -> None:
        made = network(Faults(slow_answer_s=40.0))
        assert made.submit(text("hello"), NOW_S).answer_s == NOW_S + 40.0
        assert len(take(made, NOW_S)) == 1

    def test_the_same_seed_loses_the_same_messages(self) -> None:
        def arrived(seed: int) -> list[str]:
            made = network(Faults(lose=0.3), seed=seed)
            for number in range(100):
                made.submit(text(str(number)), NOW_S)
            return [read(message) for message in take(made, NOW_S)]

        assert arrived(7) == arrived(7)
        assert arrived(7) != arrived(8)
        assert 50 <= len(arrived(7)) <= 90
