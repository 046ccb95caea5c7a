"""Write the worked examples of the documents from the vectors: python tests/unit/wire/doc_examples.py

An example in a document stands in a code block behind a comment that says what it shows:

    <!-- example: CASE message -->                          the message in hex
    <!-- example: CASE text -->                             the Base64 of an SMS
    <!-- example: CASE gives -->                            what it opens to; also: given
    <!-- example: CASE describe -->                         what `python -m wire.describe` prints
    <!-- example: CASE cut type:1 id:8 sealed:* tag:16 -->  the message cut into its fields; * takes what is left
    <!-- example: CASE plaintext code:2 rrn:12 -->          the same of "plaintext" in what it gives
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.unit.wire import story  # noqa: E402
from wire import describe, keys  # noqa: E402

DOCUMENTS = (ROOT / "docs/protocol.md", ROOT / "docs/keys.md")
KEYS_EXAMPLE = ROOT / "docs/keys-example.json"
_EXAMPLE = re.compile(r"(<!-- example: (.+?) -->\n```[a-z]*\n)(.*?)(```)", re.DOTALL)


def with_examples(document: str) -> str:
    """Return the document with every example written anew."""
    return _EXAMPLE.sub(lambda match: match[1] + rendered(match[2]) + match[4], document)


def examples_in(document: str) -> int:
    return len(_EXAMPLE.findall(document))


def rendered(command: str) -> str:
    """Return the lines of one example. Raises KeyError or ValueError if it asks for what is not there."""
    if command == "wire.keys":
        return json.dumps(keys.derive_all(dict(story.TRANSACTION)), indent=2) + "\n"
    case, form, *fields = command.split()
    vector = json.loads((story.FOLDER / f"{case}.json").read_text(encoding="utf-8"))
    return "".join(f"{line}\n" for line in _lines(vector, form, fields))


def _lines(vector: dict[str, Any], form: str, fields: list[str]) -> Iterator[str]:
    if form == "message":
        yield from _wrapped(vector["message"])
    elif form == "text":
        yield vector["text"]
    elif form in ("given", "gives"):
        yield from json.dumps(vector[form], indent=2, ensure_ascii=False).splitlines()
    elif form == "describe":
        (description,) = describe.describe(bytes.fromhex(vector["message"]))
        yield from description.text().splitlines()
    elif form == "cut":
        yield from _cut(bytes.fromhex(vector["message"]), fields)
    elif form == "plaintext":
        yield from _cut(bytes.fromhex(vector["gives"]["plaintext"]), fields)
    else:
        raise ValueError(f"no example has the form {form}")


def _wrapped(text: str) -> Iterator[str]:
    for start in range(0, len(text), 64):
        yield text[start : start + 64]


def _cut(message: bytes, fields: list[str]) -> Iterator[str]:
    """Yield a line for each field: its name, its bytes; the sizes must use the message up."""
    sizes = {name: size for name, _, size in (field.partition(":") for field in fields)}
    rest = len(message) - sum(int(size) for size in sizes.values() if size != "*")
    width, start = max(map(len, sizes)), 0
    for name, size in sizes.items():
        end = start + (rest if size == "*" else int(size))
        for number, line in enumerate(_wrapped(message[start:end].hex())):
            yield f"{name.replace('_', ' ') if number == 0 else '':<{width}}  {line}"
        start = end
    if start != len(message):
        raise ValueError(f"fields of {start} bytes for a message of {len(message)}")


def main() -> None:
    KEYS_EXAMPLE.write_text(json.dumps(story.TRANSACTION, indent=2) + "\n", encoding="utf-8")
    for file in DOCUMENTS:
        document = file.read_text(encoding="utf-8")
        file.write_text(with_examples(document), encoding="utf-8")
        print(f"{examples_in(document)} examples in {file}")


if __name__ == "__main__":
    main()
