"""The service centre's rules, with the clock in hand and faults on demand."""

import sys
from random import Random

import pytest

from gsm import pdu
from gsm.pdu import Command, CommandType, Concatenation, Deliver, StatusReport, UserData
from modem_emulator.network import (
    DESTINATION_MESSAGES_MAX,
    IN_FLIGHT_MAX,
    OUTCOMES_DROPPED_AT_ONCE,
    OUTCOMES_MAX,
    QUEUE_MESSAGES_MAX,
    RETRY_S,
    Accepted,
    CommandRefused,
    CommandUnknown,
    Congested,
    Duplicate,
    Faults,
    Network,
    Submission,
    Unfit,
    UnknownNumber,
)
from modem_emulator.outcome import DeliveryStatus, Reports
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


def test_a_phone_that_is_off_fills_its_own_queue_and_not_that_of_others() -> None:
    made = network()
    made.detach(BERND)
    for _ in range(DESTINATION_MESSAGES_MAX):
        made.submit(text("x"), NOW_S)
    with pytest.raises(Congested, match="this destination"):
        made.submit(text("x"), NOW_S)
    made.submit(text("x", to=BANK), NOW_S)


def test_the_whole_queue_has_an_end() -> None:
    numbers = [f"+86139000000{number:02d}" for number in range(QUEUE_MESSAGES_MAX // DESTINATION_MESSAGES_MAX + 1)]
    made = Network(MemoryStore(), Random(7), phones=numbers)
    for number in numbers[1:]:
        for _ in range(DESTINATION_MESSAGES_MAX):
            made.submit(text("x", to=number), NOW_S)
    with pytest.raises(Congested, match="service centre"):
        made.submit(text("x", to=numbers[0]), NOW_S)


def report_of(messages: list[Queued]) -> StatusReport:
    [report] = [message for message in messages if message.about]
    assert report.destination == ANNA
    return pdu.decode_status_report(report.tpdu)


def test_delivery_is_reported_to_who_asked_for_it_with_his_reference() -> None:
    made = network()
    made.submit(text("hello", reference=42, reports=Reports.FINAL), NOW_S)
    report = report_of(take(made, NOW_S + 3))
    assert (report.reference, report.recipient, report.delivered) == (42, BERND, True)
    assert report.discharge is not None
    assert report.discharge.timestamp() == NOW_S + 3


def test_a_message_that_outlived_its_time_is_dropped_and_reported() -> None:
    made = network()
    made.detach(BERND)
    made.submit(text("hello", reports=Reports.FINAL, lifetime_s=60), NOW_S)
    assert made.next_due_s() == NOW_S + 60
    report = report_of(take(made, NOW_S + 61))
    assert not report.delivered
    made.attach(BERND)
    assert take(made, NOW_S + 62) == []


def test_one_who_asks_for_no_report_gets_none() -> None:
    made = network()
    made.submit(text("hello"), NOW_S)
    assert [message.about for message in take(made, NOW_S)] == [0]


class TestStatus:
    def test_a_message_has_a_status_from_submission_to_long_after_delivery(self) -> None:
        made = network()
        made.detach(BERND)
        identity = made.submit(text("hello"), NOW_S).identity
        assert status_of(made, identity) == DeliveryStatus.ABSENT
        made.attach(BERND)
        assert status_of(made, identity) == DeliveryStatus.WAITING
        [message] = made.due(NOW_S)
        made.postponed(message.identity, NOW_S)
        assert status_of(made, identity) == DeliveryStatus.REFUSED_FOR_NOW
        take(made, NOW_S + RETRY_S)
        outcome = made.status(identity)
        assert outcome is not None
        assert (outcome.status, outcome.since_s) == (DeliveryStatus.DELIVERED, NOW_S + RETRY_S)
        assert made.status(identity + 1) is None

    def test_only_so_many_outcomes_are_remembered(self) -> None:
        store = MemoryStore()
        made = network(store=store)
        for _ in range(OUTCOMES_MAX + OUTCOMES_DROPPED_AT_ONCE):
            made.submit(text("x"), NOW_S)
            take(made, NOW_S)
        assert made.status(OUTCOMES_DROPPED_AT_ONCE) is None
        assert status_of(made, OUTCOMES_DROPPED_AT_ONCE + 1) == DeliveryStatus.DELIVERED
        assert len(store.outcomes()) == OUTCOMES_MAX

    def test_one_message_to_several_has_a_fate_for_each(self) -> None:
        made = network()
        made.detach(BERND)
        wanted = text("hello", reports=Reports.FINAL, lifetime_s=60)
        bernd, nobody, bank = made.submit_to_each(wanted, [BERND, "+8613999999999", BANK], NOW_S)
        assert isinstance(nobody, UnknownNumber)
        assert isinstance(bernd, Accepted)
        assert isinstance(bank, Accepted)
        reports = [message for message in take(made, NOW_S) + take(made, NOW_S + 61) if message.about]
        said = {message.about: pdu.decode_status_report(message.tpdu).status for message in reports}
        assert said == {bernd.identity: DeliveryStatus.EXPIRED, bank.identity: DeliveryStatus.DELIVERED}
        assert status_of(made, bernd.identity) == DeliveryStatus.EXPIRED

    def test_who_wants_to_hear_of_trouble_hears_of_it_once_and_of_the_end(self) -> None:
        made = network()
        made.detach(BERND)
        made.submit(text("hello", reports=Reports.TROUBLE | Reports.SUCCESS), NOW_S)
        assert report_of(take(made, NOW_S)).status == DeliveryStatus.ABSENT
        made.attach(BERND)
        [message] = made.due(NOW_S)
        made.postponed(message.identity, NOW_S)
        assert take(made, NOW_S + 1) == []
        assert report_of(take(made, NOW_S + RETRY_S)).status == DeliveryStatus.DELIVERED

    def test_who_wants_to_hear_of_failure_only_hears_of_no_success(self) -> None:
        made = network()
        made.submit(text("hello", reports=Reports.FAILURE), NOW_S)
        assert [message.about for message in take(made, NOW_S)] == [0]

    @pytest.mark.parametrize("cause", [95, 98])
    def test_what_a_phone_will_never_take_is_not_tried_again(self, cause: int) -> None:
        made = network()
        made.submit(text("hello", reports=Reports.FINAL), NOW_S)
        [message] = made.due(NOW_S)
        made.postponed(message.identity, NOW_S, cause)
        assert report_of(take(made, NOW_S + RETRY_S)).status == DeliveryStatus.INCOMPATIBLE


def status_of(made: Network, identity: int) -> DeliveryStatus:
    outcome = made.status(identity)
    assert outcome is not None
    return outcome.status


class TestLife:
    def test_a_life_of_no_time_is_one_try(self) -> None:
        made = network()
        made.submit(text("now", lifetime_s=0), NOW_S)
        assert [read(message) for message in take(made, NOW_S)] == ["now"]

    def test_one_try_at_an_absent_phone_ends_as_absent(self) -> None:
        made = network()
        made.detach(BERND)
        made.submit(text("now", lifetime_s=0, reports=Reports.FINAL), NOW_S)
        assert report_of(take(made, NOW_S)).status == DeliveryStatus.ABSENT_AT_ONE_TRY

    def test_one_try_at_a_full_phone_ends_as_refused(self) -> None:
        made = network()
        made.submit(text("now", lifetime_s=0, reports=Reports.FINAL), NOW_S)
        [message] = made.due(NOW_S)
        made.postponed(message.identity, NOW_S)
        assert report_of(take(made, NOW_S)).status == DeliveryStatus.REFUSED_AT_ONE_TRY

    def test_one_try_of_a_delayed_message_comes_when_the_delay_is_over(self) -> None:
        made = network(Faults(delay_s=2.0))
        made.submit(text("now", lifetime_s=0), NOW_S)
        assert take(made, NOW_S + 1) == []
        assert [read(message) for message in take(made, NOW_S + 2)] == ["now"]

    def test_what_is_on_its_way_when_its_life_ends_is_judged_by_what_the_phone_says(self) -> None:
        made = network()
        made.submit(text("hello", to=BANK, lifetime_s=60, reports=Reports.FINAL), NOW_S)
        [message] = made.due(NOW_S)
        assert made.due(NOW_S + 61) == []
        made.delivered(message.identity, NOW_S + 62)
        assert report_of(take(made, NOW_S + 62)).status == DeliveryStatus.DELIVERED

    def test_what_was_on_its_way_to_one_who_left_expires(self) -> None:
        made = network()
        made.submit(text("hello", to=BANK, lifetime_s=60, reports=Reports.FINAL), NOW_S)
        made.due(NOW_S)
        assert made.due(NOW_S + 61) == []
        made.detach(BANK)
        assert report_of(take(made, NOW_S + 62)).status == DeliveryStatus.EXPIRED

    def test_a_message_may_be_scheduled(self) -> None:
        made = network()
        made.submit(text("later", deliver_s=NOW_S + 3600), NOW_S)
        assert take(made, NOW_S + 3599) == []
        assert made.next_due_s() == NOW_S + 3600
        assert [read(message) for message in take(made, NOW_S + 3600)] == ["later"]


class TestFields:
    def test_all_but_the_last_of_several_say_that_more_will_come(self) -> None:
        made = network()
        made.detach(BERND)
        for _ in range(3):
            made.submit(text("x", reports=Reports.FINAL), NOW_S)
        made.attach(BERND)
        messages = made.due(NOW_S)
        assert [pdu.decode_deliver(message.tpdu).more_messages for message in messages] == [True, True, False]
        for message in messages:
            made.delivered(message.identity, NOW_S)
        reports = [pdu.decode_status_report(message.tpdu) for message in made.due(NOW_S)]
        assert [report.more_messages for report in reports] == [True, True, False]

    def test_the_reply_path_goes_through(self) -> None:
        made = network()
        made.submit(text("x", reply_path=True), NOW_S)
        assert pdu.decode_deliver(take(made, NOW_S)[0].tpdu).reply_path

    def test_a_name_stands_in_place_of_the_number_and_the_report_still_finds_its_way(self) -> None:
        made = network()
        made.submit(Submission(BANK, BERND, UserData.of_text("x"), name="YINXIN", reports=Reports.FINAL), NOW_S)
        message, report = take(made, NOW_S)
        assert pdu.decode_deliver(message.tpdu).originator == "YINXIN"
        assert report.destination == BANK

    def test_a_name_that_is_too_long_is_refused(self) -> None:
        with pytest.raises(Unfit):
            network().submit(Submission(BANK, BERND, UserData.of_text("x"), name="X" * 12), NOW_S)

    def test_a_newer_message_of_a_replace_type_takes_the_place_of_the_one_that_waits(self) -> None:
        made = network()
        made.detach(BERND)
        old = made.submit(text("old", protocol_id=0x41, reports=Reports.FINAL), NOW_S)
        made.submit(text("other type", protocol_id=0x42), NOW_S)
        made.submit(text("plain"), NOW_S)
        made.submit(Submission(BANK, BERND, UserData.of_text("of another"), protocol_id=0x41), NOW_S)
        made.submit(text("new", protocol_id=0x41), NOW_S)
        assert report_of(take(made, NOW_S)).status == DeliveryStatus.REPLACED
        assert status_of(made, old.identity) == DeliveryStatus.REPLACED
        made.attach(BERND)
        assert [read(message) for message in take(made, NOW_S)] == ["other type", "plain", "of another", "new"]

    def test_what_was_handed_over_is_not_replaced(self) -> None:
        made = network()
        made.submit(text("old", to=BANK, protocol_id=0x41), NOW_S)
        made.due(NOW_S)
        made.submit(text("new", to=BANK, protocol_id=0x41), NOW_S)
        assert made.queue_length == 2

    def test_a_duplicate_is_refused_while_the_first_waits_if_that_is_asked(self) -> None:
        made = network()
        made.detach(BERND)
        made.submit(text("one", reference=5), NOW_S)
        made.submit(text("not asked", reference=6), NOW_S)
        made.submit(text("other reference", reference=7, reject_duplicates=True), NOW_S)
        with pytest.raises(Duplicate):
            made.submit(text("one", reference=5, reject_duplicates=True), NOW_S)
        made.attach(BERND)
        take(made, NOW_S)
        made.submit(text("one", reference=5, reject_duplicates=True), NOW_S)


def order(kind: int, number: int, **fields: object) -> Command:
    return Command(BERND, kind, number, reference=200, **fields)  # type: ignore[arg-type]


class TestCommands:
    def test_an_enquiry_is_answered_by_a_report_on_the_command(self) -> None:
        made = network()
        made.submit(text("hello", reference=9), NOW_S)
        take(made, NOW_S + 1)
        made.command(ANNA, order(CommandType.ENQUIRY, 9), NOW_S + 2)
        report = report_of(take(made, NOW_S + 2))
        assert (report.reference, report.status, report.of_command) == (200, DeliveryStatus.DELIVERED, True)
        assert report.discharge is not None
        assert report.discharge.timestamp() == NOW_S + 1

    def test_an_enquiry_about_what_never_was_says_so(self) -> None:
        made = network()
        made.command(ANNA, order(CommandType.ENQUIRY, 9), NOW_S)
        assert report_of(take(made, NOW_S)).status == DeliveryStatus.UNKNOWN_MESSAGE

    def test_a_deleted_message_never_arrives_and_is_reported_as_deleted(self) -> None:
        made = network()
        made.detach(BERND)
        made.submit(text("hello", reference=9, reports=Reports.FINAL), NOW_S)
        made.command(ANNA, order(CommandType.DELETE, 9, status_report_request=True), NOW_S)
        made.attach(BERND)
        reports = [pdu.decode_status_report(message.tpdu) for message in take(made, NOW_S)]
        assert [(report.reference, report.status, report.of_command) for report in reports] == [
            (9, DeliveryStatus.DELETED, False),
            (200, DeliveryStatus.DELETED, True),
        ]

    def test_what_was_delivered_or_is_not_ones_own_cannot_be_deleted(self) -> None:
        made = network()
        made.submit(text("hello", reference=9), NOW_S)
        take(made, NOW_S)
        with pytest.raises(CommandRefused):
            made.command(ANNA, order(CommandType.DELETE, 9), NOW_S)
        made.detach(BERND)
        made.submit(text("hello", reference=10), NOW_S)
        with pytest.raises(CommandRefused):
            made.command(BANK, order(CommandType.DELETE, 10), NOW_S)

    def test_a_report_may_be_wanted_or_not_after_the_message_was_sent(self) -> None:
        made = network()
        made.detach(BERND)
        made.submit(text("wanted later", reference=9), NOW_S)
        made.submit(text("not wanted any more", reference=10, reports=Reports.FINAL), NOW_S)
        made.command(ANNA, order(CommandType.ENABLE_STATUS_REPORT, 9), NOW_S)
        made.command(ANNA, order(CommandType.CANCEL_STATUS_REPORT, 10), NOW_S)
        made.attach(BERND)
        assert report_of(take(made, NOW_S)).reference == 9

    def test_a_command_of_another_centre_is_refused(self) -> None:
        with pytest.raises(CommandUnknown):
            network().command(ANNA, order(0xE0, 9), NOW_S)

    def test_a_message_that_was_not_handed_over_can_be_taken_back_by_its_identity(self) -> None:
        made = network()
        identity = made.submit(text("hello"), NOW_S).identity
        made.delete(identity, NOW_S)
        assert take(made, NOW_S) == []
        with pytest.raises(CommandRefused):
            made.delete(identity, NOW_S)


def test_to_ask_what_is_due_costs_the_same_for_ten_subscribers_and_for_hundreds() -> None:
    def calls(subscribers: int) -> int:
        numbers = [f"+86139000{number:05d}" for number in range(subscribers)]
        made = Network(MemoryStore(), Random(7), phones=numbers)
        for number in numbers:
            made.attach(number)
            made.submit(text("x", to=number, deliver_s=NOW_S + 60), NOW_S)
        counted = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            assert made.next_due_s() == NOW_S + 60
            assert made.due(NOW_S + 59) == []
        finally:
            sys.setprofile(None)
        return counted

    assert calls(10) == calls(500) < 50


class TestFaults:
    def test_a_lost_message_is_accepted_and_never_arrives(self) -> None:
        made = network(Faults(lose=1.0))
        made.submit(text("hello", reports=Reports.FINAL), NOW_S)
        assert take(made, NOW_S + 1000) == []
        assert made.queue_length == 0

    def test_a_doubled_message_arrives_twice_and_is_reported_once(self) -> None:
        made = network(Faults(double=1.0))
        made.submit(text("hello", reports=Reports.FINAL), NOW_S)
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
