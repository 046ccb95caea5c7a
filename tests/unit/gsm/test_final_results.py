"""Errors in every form, as numbers."""

import pytest

from gsm.errors import SendFailed, SendUnknown
from gsm.final_results import Refusal, is_wavecom, refusal_of, refused, refused_text


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("+CME ERROR: 14", Refusal("CME", 14)),
        ("+CME ERROR:14", Refusal("CME", 14)),
        ("+CME ERROR: SIM busy", Refusal("CME", 14)),
        ("+CME ERROR: SIM not inserted", Refusal("CME", 10)),
        ("+CME ERROR: incorrect password", Refusal("CME", 16)),
        ("+CME ERROR: something of the maker's", Refusal("CME", None)),
        ("+CMS ERROR: 500", Refusal("CMS", 500)),
        ("+CMS ERROR: (U)SIM busy", Refusal("CMS", 314)),
        ("+CMS ERROR: Network Timeout", Refusal("CMS", 332)),
        ("ERROR", Refusal("", None)),
        ("ERROR: 2", Refusal("", None)),
        ("COMMAND NOT SUPPORT", Refusal("", None)),
        ("TOO MANY PARAMETERS", Refusal("", None)),
        ("OK", None),
        ("+CMGS: 4", None),
        ("ERRORS", None),
    ],
)
def test_an_error_is_a_number_in_whatever_form_it_comes(line: str, refusal: Refusal | None) -> None:
    assert refusal_of(line) == refusal


def test_what_may_pass_by_itself_is_told_from_what_does_not() -> None:
    assert Refusal("CME", 14).is_busy
    assert Refusal("CMS", 314).is_busy
    assert not Refusal("CMS", 14).is_busy
    assert Refusal("CME", 11).asks_for_pin
    assert Refusal("CMS", 311).asks_for_pin
    assert not Refusal("CMS", 11).asks_for_pin


def test_515_is_busy_only_where_wavecom_made_the_modem() -> None:
    """Siemens means a wrong character, Quectel a failed memory, Telit a silent network by it (gammu's tables)."""
    for family in ("CME", "CMS"):
        assert not Refusal(family, 515).is_busy
        assert Refusal(family, 515).is_busy_by_wavecom
    assert is_wavecom([" WAVECOM MODEM", " MULTIBAND  900E  1800", "OK"])
    assert is_wavecom(["Sierra Wireless", "OK"])
    assert not is_wavecom(["SIEMENS", "OK"])
    assert not is_wavecom(["ERROR"])


def test_a_full_memory_is_told_from_a_memory_that_failed() -> None:
    assert Refusal("CMS", 322).is_memory_full
    assert Refusal("CME", 20).is_memory_full
    assert not Refusal("CMS", 320).is_memory_full
    assert "memory for messages is full" in str(refused("+CMS ERROR: 322"))
    assert "full" not in str(refused("+CMS ERROR: 320"))


@pytest.mark.parametrize(
    "line", ["+CMS ERROR: 332", "+CMS ERROR: 500", "+CME ERROR: 31", "+CME ERROR: unknown", "ERROR", "+CMS ERROR: oops"]
)
def test_what_names_no_cause_leaves_a_message_in_doubt_whose_text_was_given(line: str) -> None:
    assert isinstance(refused_text(line), SendUnknown)
    assert isinstance(refused(line), SendFailed)


@pytest.mark.parametrize(
    ("line", "code"),
    [("+CMS ERROR: memory full", 322), ("+CMS ERROR: 21", 21), ("+CMS ERROR:538", 538), ("TOO MANY PARAMETERS", None)],
)
def test_what_names_its_cause_is_certain(line: str, code: int | None) -> None:
    failed = refused_text(line)
    assert isinstance(failed, SendFailed)
    assert failed.code == code
