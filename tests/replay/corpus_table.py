"""The tables in corpus/README.md, from the transcripts' headers. `python -m tests.replay.corpus_table` writes them.

The second says where each fault is shown that design.md section 6 or the issue "Real modems" names.
"""

from collections.abc import Mapping
from pathlib import Path

from gsm.transcript import Transcript, decode_transcript

CORPUS = Path(__file__).with_name("corpus")
_BEGIN, _END = "<!-- table -->\n", "<!-- end of table -->\n"
_TEST_FAULTS = "no dialogue shows it: `test_faults.py`, "

# What is named there, and the faults of the corpus that it is.
NAMED_BY_DESIGN: Mapping[str, tuple[str, ...]] = {
    "an unsolicited line before the answer is returned as the answer": ("unsolicited line before the answer",),
    "+CMTI during a command, and the second of two in one burst, are lost": (
        "+CMTI during a command",
        "two +CMTI in one burst",
    ),
    "the wait for +CMGS is 35 s; then the late answer becomes the next command's": (
        "+CMGS later than 35 s",
        "+CMGS later than our own time-out",
    ),
    "+CNUM without a quoted name, or with two lines, and the ON phonebook, give None": (
        "+CNUM without a quoted name",
        "+CNUM with two lines",
        "own number in the ON phonebook",
    ),
    "one octet that is not UTF-8 kills the reader": ("octet that is not UTF-8",),
    "after unplugging nothing reconnects": ("unplugged and plugged in",),
    "it sends a PIN in the PUK state": ("PUK asked",),
    "+CPIN:READY without a space is taken for locked": ("+CPIN:READY without a space",),
    "multi-part messages are not put together": ("message in several parts",),
}
NAMED_BY_ISSUE: Mapping[str, tuple[str, ...]] = {
    "a result that did not come is unknown": ("+CMGS never",),
    "+CMS and +CME ERROR numeric, verbose and vendor forms": (
        "error as a number",
        "error in words",
        "error of a vendor's own",
    ),
    "prompt split or late": ("prompt in pieces", "prompt late"),
    "a modem that resets in the middle": ("reset in the middle of a command",),
    "SIM busy": ("SIM busy",),
    "PIN asked again after an undervoltage reset": ("PIN asked again after a reset",),
    "registration lost and recovered": ("registration lost",),
    "storages full": ("storage full",),
    "CNMI by what +CNMI=? allows, and polling where there is none": ("+CNMI allows little", "no +CNMI"),
    "own number by CNUM, else ON, else EF MSISDN, else asked": ("own number in EF MSISDN", "own number nowhere"),
}
# Two of design.md's are in no dialogue: the lines RTS and DTR carry no octet, and a request is a bit of our own PDU.
NAMED_WITHOUT_DIALOGUE: Mapping[str, str] = {
    "it forces RTS/CTS and DTR/DSR": "TestFlowControl",
    "requestDelivery=False is ignored": "TestNoDeliveryReportWanted",
}


def table(transcripts: Mapping[str, Transcript]) -> str:
    """Markdown: a row for each transcript, by name; then a row for each fault that is named elsewhere."""
    rows = ["| transcript | family | what it is for | faults |", "| --- | --- | --- | --- |"]
    for name, transcript in sorted(transcripts.items()):
        header = transcript.header
        rows.append(f"| {name} | {header.family} | {header.about} | {'; '.join(header.faults)} |")
    rows += ["", "| named by | fault | shown by |", "| --- | --- | --- |"]
    for source, named in (("design.md", NAMED_BY_DESIGN), ("the issue", NAMED_BY_ISSUE)):
        for fault, kinds in named.items():
            rows.append(f"| {source} | {fault} | {', '.join(showing(transcripts, kinds))} |")
    for fault, test in NAMED_WITHOUT_DIALOGUE.items():
        rows.append(f"| design.md | {fault} | {_TEST_FAULTS}`{test}` |")
    return "\n".join(rows) + "\n"


def showing(transcripts: Mapping[str, Transcript], kinds: tuple[str, ...]) -> list[str]:
    """Names of the transcripts that have one of these faults."""
    return sorted(name for name, transcript in transcripts.items() if set(kinds) & set(transcript.header.faults))


def with_table(readme: str, rows: str) -> str:
    """The readme with other tables."""
    before, _, rest = readme.partition(_BEGIN)
    return before + _BEGIN + rows + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    file = CORPUS / "README.md"
    found = {path.stem: decode_transcript(path.read_text(encoding="ascii")) for path in CORPUS.glob("*.jsonl")}
    file.write_text(with_table(file.read_text(encoding="utf-8"), table(found)), encoding="utf-8")
