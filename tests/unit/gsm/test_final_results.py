"""Errors in every form, as numbers."""

import pytest

from gsm.errors import SendFailed, SendUnknown
from gsm.final_results import Refusal, refusal_of, refused


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
    assert [Refusal(*pair).is_busy for pair in (("CME", 14), ("CMS", 314), ("CMS", 515), ("CMS", 14))] == [
        True,
        True,
        True,
        False,
    ]
    assert Refusal("CME", 11).asks_for_pin
    assert Refusal("CMS", 311).asks_for_pin
    assert not Refusal("CMS", 11).asks_for_pin


def test_only_the_network_s_time_out_leaves_a_message_in_doubt() -> None:
    assert isinstance(refused("+CMS ERROR: 332"), SendUnknown)
    failed = refused("+CMS ERROR: memory full")
    assert isinstance(failed, SendFailed)
    assert failed.code == 322
