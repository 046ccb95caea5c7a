"""When the radio is restarted, and what says that there is a network."""

from itertools import pairwise

import pytest

from gsm.registration import RESTART_AFTER_S, RESTART_AFTER_S_MAX, Registration, answered_registered, told_registered


@pytest.mark.parametrize(
    ("line", "registered"),
    [
        ("+CREG: 0,1", True),
        ('+CREG: 2,5,"1A2B","0000C3D4",7', True),
        ("+CEREG: 0,6", True),
        ("+CREG:0,2", False),
        ("+CREG: 0,3", False),
        ("+CGREG: 0,8", False),
        ("ERROR", None),
    ],
)
def test_an_answer_tells_whether_there_is_a_network(line: str, registered: bool | None) -> None:
    assert answered_registered([line, "OK"]) is registered


@pytest.mark.parametrize(
    ("line", "registered"), [("+CREG: 1", True), ('+CREG: 5,"1A2B","C3D4"', True), ("+CREG: 0", False), ("RING", None)]
)
def test_an_unsolicited_line_tells_it_too(line: str, registered: bool | None) -> None:
    assert told_registered(line) is registered


def test_the_radio_is_restarted_only_after_the_modem_had_its_time_and_then_ever_more_seldom() -> None:
    registration = Registration()
    registration.heard(False, 0)
    restarts = []
    for now_s in range(20_000):
        registration.heard(False, now_s)
        if registration.is_restart_due(now_s):
            restarts.append(now_s)
    pauses = [later - earlier for earlier, later in pairwise(restarts)]
    assert restarts[0] == RESTART_AFTER_S
    assert pauses[:6] == [360, 720, 1440, 2880, RESTART_AFTER_S_MAX, RESTART_AFTER_S_MAX]


def test_registered_again_the_waiting_begins_anew() -> None:
    registration = Registration()
    registration.heard(False, 0)
    assert registration.is_restart_due(RESTART_AFTER_S)
    registration.heard(True, 200)
    assert not registration.is_restart_due(10_000)
    registration.heard(False, 10_000)
    assert not registration.is_restart_due(10_000 + RESTART_AFTER_S - 1)
    assert registration.is_restart_due(10_000 + RESTART_AFTER_S)
