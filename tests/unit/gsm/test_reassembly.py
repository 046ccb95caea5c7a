"""Parts of long messages, in any order, doubled, missing, too many."""

import random

from hypothesis import given
from hypothesis import strategies as st

from gsm.pdu import UserData, split, text_of
from gsm.reassembly import Complete, Duplicate, Reassembler, Waiting


@given(st.text(min_size=71, max_size=900), st.randoms(use_true_random=False))
def test_parts_in_any_order_and_doubled_give_the_text_once(text: str, rng: random.Random) -> None:
    parts = list(split(text, 9))
    tail = parts.pop(rng.randrange(len(parts)))
    arriving = parts * 2
    rng.shuffle(arriving)
    reassembler: Reassembler[UserData] = Reassembler()
    for part in arriving:
        assert isinstance(reassembler.add("+86", part, part, 0), Waiting | Duplicate)
    assert reassembler.add("+86", tail, tail, 0) == Complete(text, split(text, 9))
    assert len(reassembler) == 0


def test_a_message_in_one_part_is_complete_at_once() -> None:
    assert Reassembler[int]().add("1", UserData.of_text("hi"), 5, 0) == Complete("hi", (5,))


def test_parts_of_other_senders_and_references_do_not_mix() -> None:
    reassembler: Reassembler[str] = Reassembler()
    first, second = split("a" * 200, 1)
    assert reassembler.add("+86", first, "a", 0) == Waiting()
    assert reassembler.add("+87", second, "b", 0) == Waiting()
    assert reassembler.add("+86", split("a" * 200, 2)[1], "c", 0) == Waiting()
    assert reassembler.add("+86", second, "d", 0) == Complete("a" * 200, ("a", "d"))


def test_the_same_place_with_other_content_starts_a_new_message_and_gives_the_old_up() -> None:
    """TS 23.040 clause 9.2.3.24.1 lets a reference be used again; what then happens is rule 4 of the module."""
    reassembler: Reassembler[str] = Reassembler()
    reassembler.add("+86", split("a" * 200)[0], "old", 0)
    new = split("b" * 200)
    assert reassembler.add("+86", new[0], "new 1", 1) == Waiting()
    assert reassembler.given_up(1) == ["old"]
    assert reassembler.add("+86", new[1], "new 2", 1) == Complete("b" * 200, ("new 1", "new 2"))


def test_what_waits_too_long_is_given_up_once() -> None:
    reassembler: Reassembler[str] = Reassembler(expiry_s=10)
    reassembler.add("+86", split("a" * 200)[0], "part", 0)
    assert reassembler.given_up(9.9) == []
    assert reassembler.given_up(10) == ["part"]
    assert reassembler.given_up(99) == []


def test_a_flood_of_first_parts_gives_the_oldest_up() -> None:
    reassembler: Reassembler[int] = Reassembler(messages_max=8)
    for reference in range(100):
        reassembler.add("+86", split("a" * 200, reference)[0], reference, reference)
    assert len(reassembler) == 8
    assert reassembler.given_up(100) == list(range(92))


def test_a_code_unit_cut_in_two_is_joined_and_half_a_one_spoils_no_other_part() -> None:
    """UCS-2 in parts of an odd number of octets; TS 23.040 clause 9.2.3.24.1 cuts at characters."""
    octets = "余额".encode("utf-16-be")
    halves = [UserData(octets[:1], 0x08), UserData(octets[1:], 0x08)]
    assert text_of(halves) == "余额"
    assert text_of([UserData(octets[:3], 0x08), UserData(octets, 0x08)]) == "余\ufffd余额"
    assert text_of([UserData.of_text("a"), UserData.of_text("银"), UserData.of_octets(b"b")]) == "a银b"
