"""What is handed over and what is deleted of the messages that lie on a SIM."""

import pytest

from gsm.inbox import Discard, Inbox, Location, ReceivedText, is_arrival_full, listed, memories_of
from gsm.pdu import Deliver, UserData, split
from gsm.reassembly import EXPIRY_S

FIRST, SECOND = (Deliver("+86138", part) for part in split("a" * 160 + "b", 3))


def at(index: int) -> Location:
    return Location("SM", index)


def test_a_short_message_is_handed_over_with_its_place() -> None:
    message = Deliver("+86138", UserData.of_text("hi"))
    assert Inbox().add(message, at(4), 0) == [ReceivedText("+86138", "hi", None, (at(4),))]


def test_a_long_message_is_handed_over_once_with_all_its_places() -> None:
    inbox = Inbox()
    assert inbox.add(SECOND, at(1), 0) == []
    assert inbox.add(FIRST, at(2), 0) == [ReceivedText("+86138", "a" * 160 + "b", None, (at(2), at(1)))]


def test_the_same_place_read_twice_is_not_deleted() -> None:
    inbox = Inbox()
    inbox.add(FIRST, at(1), 0)
    assert inbox.add(FIRST, at(1), 0) == []


def test_a_second_copy_elsewhere_is_deleted() -> None:
    inbox = Inbox()
    inbox.add(FIRST, at(1), 0)
    assert inbox.add(FIRST, at(9), 0) == [Discard(at(9))]


def test_a_part_alone_is_handed_over_after_a_day_as_incomplete() -> None:
    inbox = Inbox()
    inbox.add(FIRST, at(1), 0)
    handed = inbox.add(Deliver("1", UserData.of_text("x")), None, EXPIRY_S)
    assert handed[1] == ReceivedText("+86138", "a" * 153, None, (at(1),), complete=False)


def test_listed_messages_are_the_received_ones() -> None:
    """TS 27.005 clause 4.1 (+CMGL in PDU mode) and 3.1 <stat>: 0 and 1 are received, 2 and 3 are to be sent."""
    lines = ["+CMGL: 1,0,,23", "AA", "+CMGL: 2,3,,23", "BB", "+CMGL:3,1,,23", "CC", "OK"]
    assert list(listed(lines)) == [(1, "AA"), (3, "CC")]


def test_memories_are_those_that_can_be_read() -> None:
    """TS 27.005 clause 3.2.2: the first list of +CPMS=? is <mem1>, from which messages are read and deleted."""
    assert memories_of(['+CPMS: ("ME","SM","SR"),("ME"),("SM")', "OK"]) == ["SM", "ME", "SR"]
    assert memories_of(['+CPMS: (("SM","BM","SR"),("SM"))', "OK"]) == ["SM", "SR"]
    assert memories_of(['+CPMS: ("MT","OM"),("OM"),("MT")', "OK"]) == ["MT"]
    assert memories_of(['+CPMS: ("MT","SM"),("SM"),("SM")', "OK"]) == ["SM"]
    assert memories_of(["ERROR"]) == []


@pytest.mark.parametrize(
    ("line", "is_full"),
    [
        ("+CPMS: 3,20,3,20,20,20", True),
        ("+CPMS: 20,20,20,20,3,255", False),
        ("+CPMS:20, 20", True),
        ("+CPMS: 0,0,0,0,0,0", None),
        ('+CPMS: "SM",20,20,"SM",20,20,"SM",20,20', None),
        ("ERROR", None),
    ],
)
def test_whether_anything_can_arrive_is_told_by_the_memory_that_messages_arrive_in(
    line: str, is_full: bool | None
) -> None:
    """TS 27.005 clause 3.2.2: <mem3> is where received messages are stored."""
    assert is_arrival_full([line, "OK"]) is is_full
