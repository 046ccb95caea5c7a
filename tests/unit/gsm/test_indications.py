"""The +CNMI that is chosen of what a modem allows."""

import pytest

from gsm.indications import best_indications


@pytest.mark.parametrize(
    ("answer", "chosen", "announces"),
    [
        ("+CNMI: (0-2),(0-3),(0,2,3),(0-2),(0,1)", "2,1,0,2,0", True),
        ("+CNMI:(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)", "2,1,0,2,0", True),
        ("+CNMI: (0,1),(0,1),(0),(0,1),(1)", "1,1,0,1,1", True),
        ("+CNMI: (2),(0,2),(0),(0)", "2,2,0,0", True),
        ("+CNMI: 2,1,0,0,1", "2,1,0,0,1", True),
        ("+CNMI: (0-2),(0),(0),(0),(0)", "2,0,0,0,0", False),
    ],
)
def test_the_best_that_is_allowed_is_chosen(answer: str, chosen: str, announces: bool) -> None:
    """TS 27.005 clause 3.4.1; answers shaped as makers write them, with ranges, lists and single values."""
    best = best_indications([answer, "OK"])
    assert best is not None
    assert (str(best), best.announces_messages) == (chosen, announces)


@pytest.mark.parametrize("lines", [["ERROR"], ["OK"], ["+CNMI:", "OK"], ["+CNMI: (),()", "OK"]])
def test_an_answer_that_tells_nothing_chooses_nothing(lines: list[str]) -> None:
    assert best_indications(lines) is None
