"""Each dialogue of the corpus, masked: the driver does with it what it did with the original."""

import re
from pathlib import Path
from typing import Any

import pytest

from gsm.masking import mask
from gsm.transcript import decode_transcript, encode_transcript
from tests.replay.corpus_scenario import play
from tests.replay.corpus_table import CORPUS

FILES = sorted(CORPUS.glob("*.jsonl"))


def shape(outcome: Any) -> Any:
    """An outcome of which only what masking keeps is left: numbers and texts by their length."""
    match outcome:
        case str() if re.fullmatch(r"\+?[0-9]{3,}", outcome):
            return re.sub("[0-9]", "0", outcome)
        case str() if re.fullmatch(r"[x\r\n]+", outcome):
            return f"text of {len(outcome)}"
        case list():
            return [shape(each) for each in outcome]
    return outcome


def expected_shape(step: str, outcome: Any) -> Any:
    """The same of what the original's header expects, whose texts are plain."""
    if step == "receive":
        return [[shape(number), f"text of {len(text)}"] for number, text in outcome]
    return f"text of {len(outcome)}" if step == "balance" else shape(outcome)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_driver_does_the_same_with_the_masked_dialogue(file: Path, tmp_path: Path) -> None:
    masked = tmp_path / file.name
    masked.write_text(encode_transcript(mask(decode_transcript(file.read_text(encoding="ascii")))), encoding="ascii")
    played = play(masked, tmp_path / "modem")
    transcript, results = played.transcript, played.results
    expect = transcript.header.expect
    assert {step: shape(result) for step, result in results.items()} == {
        step: expected_shape(step, expect[step]) if expect.get(step) is not None else None for step in results
    }
