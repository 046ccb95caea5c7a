"""The table in corpus/README.md, from the transcripts' headers. `python -m tests.replay.corpus_table` writes it."""

from collections.abc import Mapping
from pathlib import Path

from gsm.transcript import Transcript, decode_transcript

CORPUS = Path(__file__).with_name("corpus")
_BEGIN, _END = "<!-- table -->\n", "<!-- end of table -->\n"


def table(transcripts: Mapping[str, Transcript]) -> str:
    """Markdown, a row for each transcript, by name."""
    rows = ["| transcript | family | what it is for | faults |", "| --- | --- | --- | --- |"]
    for name, transcript in sorted(transcripts.items()):
        header = transcript.header
        rows.append(f"| {name} | {header.family} | {header.about} | {'; '.join(header.faults)} |")
    return "\n".join(rows) + "\n"


def with_table(readme: str, rows: str) -> str:
    """The readme with another table."""
    before, _, rest = readme.partition(_BEGIN)
    return before + _BEGIN + rows + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    file = CORPUS / "README.md"
    found = {path.stem: decode_transcript(path.read_text(encoding="ascii")) for path in CORPUS.glob("*.jsonl")}
    file.write_text(with_table(file.read_text(encoding="utf-8"), table(found)), encoding="utf-8")
