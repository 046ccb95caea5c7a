"""PIN, PUK, phonebooks and slots of a SIM."""

import pytest

from modem_emulator.sim import (
    PIN_ATTEMPTS_MAX,
    PUK_ATTEMPTS_MAX,
    Contact,
    NoSuchRecord,
    NotAllowedNow,
    Phonebook,
    Sim,
    SimState,
    SlotEmpty,
    SlotsFull,
    WrongPassword,
)
from modem_emulator.store import MemoryStore, Status, StoredMessage

PUK = "87654321"


def sim(pin: str | None = "1234", slots: int = 3) -> Sim:
    return Sim(imsi="460001234567890", msisdn="+8613900000001", store=MemoryStore(), pin=pin, puk=PUK, slots=slots)


def block(card: Sim) -> None:
    for _ in range(PIN_ATTEMPTS_MAX):
        with pytest.raises(WrongPassword):
            card.enter_pin("0000")


def test_without_pin_it_is_ready() -> None:
    assert sim(pin=None).state is SimState.READY


def test_the_right_pin_unlocks_and_a_power_cycle_locks_again() -> None:
    card = sim()
    assert card.state is SimState.PIN
    card.enter_pin("1234")
    assert card.state is SimState.READY
    card.power_cycle()
    assert card.state is SimState.PIN


def test_the_right_pin_gives_the_attempts_back() -> None:
    card = sim()
    for _ in range(2):
        with pytest.raises(WrongPassword):
            card.enter_pin("0000")
        with pytest.raises(WrongPassword):
            card.enter_pin("0000")
        card.enter_pin("1234")
        card.power_cycle()
    assert card.pin_attempts == PIN_ATTEMPTS_MAX


def test_a_blocked_sim_takes_no_pin_not_even_the_right_one() -> None:
    card = sim()
    block(card)
    assert card.state is SimState.PUK
    with pytest.raises(NotAllowedNow):
        card.enter_pin("1234")


def test_the_puk_sets_a_new_pin() -> None:
    card = sim()
    block(card)
    card.enter_puk(PUK, "4321")
    assert card.state is SimState.READY
    card.power_cycle()
    card.enter_pin("4321")
    assert card.state is SimState.READY


def test_ten_wrong_puks_end_the_sim() -> None:
    card = sim()
    block(card)
    for _ in range(PUK_ATTEMPTS_MAX):
        with pytest.raises(WrongPassword):
            card.enter_puk("00000000", "4321")
    assert card.state is SimState.BLOCKED
    with pytest.raises(NotAllowedNow):
        card.enter_puk(PUK, "4321")


def test_wrong_pins_while_unlocked_count_too() -> None:
    card = sim()
    card.enter_pin("1234")
    for _ in range(PIN_ATTEMPTS_MAX):
        with pytest.raises(WrongPassword):
            card.change_pin("0000", "4321")
    assert card.state is SimState.PUK


def test_the_pin_request_can_be_switched_off() -> None:
    card = sim()
    card.enter_pin("1234")
    card.set_lock(False, "1234")
    card.power_cycle()
    assert card.state is SimState.READY


def test_slots_fill_from_the_lowest_and_then_refuse() -> None:
    slots = sim(slots=2).slots
    message = StoredMessage(Status.RECEIVED_UNREAD, b"x")
    assert [slots.add(message), slots.add(message)] == [1, 2]
    with pytest.raises(SlotsFull):
        slots.add(message)
    slots.delete(1)
    assert slots.add(message) == 1


def test_there_is_no_slot_beyond_the_last() -> None:
    slots = sim(slots=2).slots
    with pytest.raises(SlotEmpty):
        slots.delete(3)
    with pytest.raises(SlotEmpty):
        slots.read(1)


def test_a_phonebook_finds_the_first_free_record_and_refuses_when_full() -> None:
    book = Phonebook(2)
    book.write(2, Contact("1", "one"))
    book.write(None, Contact("2", "two"))
    assert book.records[1].name == "two"
    with pytest.raises(SlotsFull):
        book.write(None, Contact("3", "three"))
    with pytest.raises(NoSuchRecord):
        book.erase(3)


def test_what_is_stored_shows_no_text_in_its_repr() -> None:
    assert "secret" not in repr(StoredMessage(Status.RECEIVED_UNREAD, b"secret"))
