"""Write the vector files: python tests/unit/wire/make_vectors.py

Delete the file of an HPKE ciphertext to have it sealed anew; all others follow from the fixed inputs in story.py.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.unit.wire.iso_vectors import add_frames, add_iso
from tests.unit.wire.key_vectors import add_key_schedule, add_static_blocks, add_work_blocks
from tests.unit.wire.story import FOLDER, Book
from tests.unit.wire.terminal_vectors import add_terminal


def build(folder: Path = FOLDER) -> dict[str, str]:
    """Return the text of every vector file by its path below `folder`."""
    book = Book(folder)
    add_key_schedule(book)
    add_static_blocks(book)
    add_work_blocks(book)
    add_terminal(book)
    add_iso(book)
    add_frames(book)
    return {path: json.dumps(vector, indent=2, ensure_ascii=False) + "\n" for path, vector in book.vectors.items()}


def main() -> None:
    files = build()
    for path in FOLDER.rglob("*.json"):
        if str(path.relative_to(FOLDER)) not in files:
            path.unlink()
    for name, text in files.items():
        file = FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    print(f"{len(files)} files in {FOLDER}")


if __name__ == "__main__":
    main()
