"""The documents show what the code does."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.wire import doc_examples, story
from wire import iso, response_codes, terminal


@pytest.mark.parametrize("file", doc_examples.DOCUMENTS, ids=lambda file: file.name)
def test_every_example_equals_its_vector(file: Path) -> None:
    document = file.read_text(encoding="utf-8")
    assert document == doc_examples.with_examples(document)
    assert doc_examples.examples_in(document) == document.count("<!-- example: ") > 0


def test_example_keys_are_those_of_the_vectors() -> None:
    assert json.loads(doc_examples.KEYS_EXAMPLE.read_text(encoding="utf-8")) == story.TRANSACTION


def test_protocol_page_names_every_message_and_field() -> None:
    document = (doc_examples.ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    lines = [line for line in document.splitlines() if line.startswith("|")]
    rows = {line.split("|")[1].strip(): line for line in reversed(lines)}  # the first row of a name counts
    lowered = [line.lower() for line in lines]
    for number, field in iso.FIELDS.items():
        assert field.kind in rows[f"DE{number}"]
    for mti, message_type in iso.MESSAGES.items():
        row = rows[mti].split("|")
        assert message_type.required == {int(number) for number in re.findall(r"\d+", row[3])}
        assert message_type.optional == {int(number) for number in re.findall(r"\d+", row[4])}
    for kind in terminal.Kind:
        assert any(line.startswith(f"| {int(kind)} | {kind.name.lower().replace('_', ' ')}") for line in lowered)


def test_response_codes_that_the_protocol_page_uses_exist() -> None:
    document = (doc_examples.ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    used = set(re.findall(r"\bcode ([0-9A][0-9])\b", document))
    assert {"94", "97", "58", "A0"} <= used <= set(response_codes.RESPONSE_CODES)
