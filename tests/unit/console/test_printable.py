"""What others wrote can be read on a terminal, and commands none."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import printable
from console.life import _log_to

HOSTILE = "\x1b[31mEVIL\x1b]0;title\x07 \x9b2J \x85 \u202eback\u2066 \u2028 \U000e0041 \ud800 \x7f \r\n\t"


@pytest.mark.parametrize("text", ["+CPIN: READY", "没有　应答", "naïve – “quoted” – 10 °C", "\U0001f4f1", "\u00a0"])
def test_what_has_a_look_stays(text: str) -> None:
    assert printable(text) == text


def test_what_commands_a_terminal_or_turns_a_line_is_an_escape() -> None:
    assert printable(HOSTILE) == (
        r"\u001b[31mEVIL\u001b]0;title\u0007 \u009b2J \u0085 \u202eback\u2066 \u2028 "
        r"\udb40\udc41 \ud800 \u007f \u000d\u000a\u0009"
    )


@given(st.text())
def test_any_text_is_one_line_and_an_object_of_it_means_the_same(text: str) -> None:
    shown = printable(text)
    assert shown.replace("\u3000", " ").splitlines() == ([shown.replace("\u3000", " ")] if text else [])
    assert printable(shown) == shown
    assert json.loads(printable(json.dumps([text], ensure_ascii=False))) == [text]


def test_the_log_keeps_the_lines_of_a_traceback_and_nothing_that_commands_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        _log_to(None)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger().exception("said %s", HOSTILE)
    finally:
        logging.getLogger().handlers[:] = before
    logged = capsys.readouterr().err
    assert logged.count("EVIL") == 2
    assert "\nTraceback (most recent call last):\n" in logged
    assert not set(logged) & set("\x1b\x9b\x07\u202e")
