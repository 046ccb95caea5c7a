"""The corpus: dialogues of makes of modem and of faults, each played to our driver (see corpus/README.md)."""

import re
from pathlib import Path

import pytest

from gsm.transcript import Direction, Transcript, decode_transcript
from tests.replay import test_faults
from tests.replay.corpus_scenario import FASTER, STEPS, TEXTS, play
from tests.replay.corpus_table import (
    CORPUS,
    NAMED_BY_DESIGN,
    NAMED_BY_ISSUE,
    NAMED_WITHOUT_DIALOGUE,
    showing,
    table,
    with_table,
)

FILES = sorted(CORPUS.glob("*.jsonl"))
TRANSCRIPTS = {file.stem: decode_transcript(file.read_text(encoding="ascii")) for file in FILES}

# design.md section 6 and the issue "Real modems" name these makes; the emulator has a profile of the first nine.
FAMILIES = {
    "generic 3GPP",
    "Huawei E173",
    "Huawei E3372",
    "SIMCom SIM800",
    "SIMCom SIM7600",
    "Quectel EC25",
    "ZTE K3565-Z",
    "Sierra Wireless MC7455",
    "Nokia",
    "Huawei E1752",
    "Huawei K3715",
    "SIMCom SIM900",
    "Quectel GSM module",
    "Wavecom",
    "Siemens and Cinterion",
    "Telit",
    "u-blox SARA",
    "Motorola",
    "Sony Ericsson",
}
# Each fault that design.md or the issue names and that shows in a dialogue.
FAULTS = {kind for named in (NAMED_BY_DESIGN, NAMED_BY_ISSUE) for kinds in named.values() for kind in kinds}
# Met besides.
FURTHER_FAULTS = {
    "noise at start",
    "+CPIN? not ended by OK",
    "COMMAND NOT SUPPORT",
    "status report",
    "status report announced elsewhere",
    "echo stays on",
    "USSD text across lines",
    "message not stored but shown",
    "PIN refused",
    "no SIM",
    "service centre forgotten",
    "settings forgotten without a word",
}

# Kinds of source: a thread or a file of a public repository, a maker's manual with its clause, a page or a thread.
_REPORT = re.compile(r"[\w.-]+/[\w.-]+ (?:issues?|pull request) \d+")
_FILE = re.compile(r"[\w.-]+/[\w.-]+ on GitHub|gnokii, common/")
_MANUAL = re.compile(r"(?:Manual|manual|Guide|Commands) [\w.() -]*?(?:clauses? [\d.]+|table)|Manual V[\d.]+")
_PAGE = re.compile(r"forum\.[\w.]+/|Ubuntu Forums, thread")
# What is made of the standards alone.
_RULES = re.compile(r"built from rules: ")
_CLAUSE = re.compile(r"TS \d\d\.\d{3} clauses? \d")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_driver_does_what_the_header_expects(file: Path, tmp_path: Path) -> None:
    played = play(file, tmp_path / "modem")
    expected = {step: played.transcript.header.expect.get(step) for step in played.results}
    assert played.results == expected
    given = [command for command in played.unknown_commands if command.startswith(b"AT+CPIN=")]
    assert not given, "a PIN that nobody asked for"
    for step, text in TEXTS.items():
        was_handed_over = isinstance(expected.get(step), list) or expected.get(step) == "SendUnknown"
        times = played.messages.count(text)
        assert times == 1 if was_handed_over else times <= 1, "a message goes over the wire once, whatever comes of it"


def test_there_are_25_or_more() -> None:
    assert len(FILES) >= 25


def test_no_family_is_missing() -> None:
    assert {transcript.header.family for transcript in TRANSCRIPTS.values()} >= FAMILIES


def test_no_fault_is_missing_and_none_is_unknown() -> None:
    assert {
        fault for transcript in TRANSCRIPTS.values() for fault in transcript.header.faults
    } == FAULTS | FURTHER_FAULTS


@pytest.mark.parametrize("kinds", [*NAMED_BY_DESIGN.values(), *NAMED_BY_ISSUE.values()], ids=lambda kinds: kinds[0])
def test_a_fault_that_is_named_is_shown(kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        assert showing(TRANSCRIPTS, (kind,)), kind


@pytest.mark.parametrize("name", NAMED_WITHOUT_DIALOGUE.values())
def test_a_fault_that_no_dialogue_shows_has_a_test_of_its_own(name: str) -> None:
    assert any(method.startswith("test_ours_") for method in vars(getattr(test_faults, name)))


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_each_source_is_a_report_a_manual_or_a_standard_that_can_be_looked_up(name: str) -> None:
    source = TRANSCRIPTS[name].header.source
    assert any(kind.search(source) for kind in (_REPORT, _FILE, _MANUAL, _PAGE)) or _RULES.match(source), source
    for issue in re.findall(r"(\S+) (?:issues?|pull request) \d", source):
        assert "/" in issue or issue == "and", f"whose issue? {issue}"


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_one_that_rests_on_rules_alone_says_so_and_names_the_clauses(name: str) -> None:
    source = TRANSCRIPTS[name].header.source
    if not any(kind.search(source) for kind in (_REPORT, _FILE, _MANUAL, _PAGE)):
        assert _RULES.match(source)
        assert _CLAUSE.search(source)


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_each_says_where_its_facts_come_from_and_what_to_do(name: str) -> None:
    header = TRANSCRIPTS[name].header
    assert len(header.source) > 20
    assert header.about
    assert header.modem
    assert header.family
    assert header.scenario
    assert set(header.scenario) <= STEPS.keys() | FASTER.keys()
    assert set(header.expect) <= set(header.scenario)
    assert header.expect, "nothing is expected"


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_nobodys_number_or_card_is_in_it(name: str) -> None:
    """IMSIs of the test network 001-01, numbers of a block that is not given out (+86 139 0000 00xx)."""
    said = _text(TRANSCRIPTS[name])
    for digits in _digits(said):
        assert digits.startswith(("00101", "86139000000", "139000000")), digits


def test_the_table_in_the_readme_is_the_corpus() -> None:
    """To write it anew: python -m tests.replay.corpus_table"""
    readme = (CORPUS / "README.md").read_text(encoding="utf-8")
    assert readme == with_table(readme, table(TRANSCRIPTS))


def _text(transcript: Transcript) -> str:
    """What was said in plain: PDUs, which are hexadecimal lines, are left out."""
    octets = b"".join(event.data for event in transcript.events if event.direction is not Direction.CTL)
    lines = octets.decode("latin-1").replace("\x1a", "\r").replace("\n", "\r").replace("> ", "\r").split("\r")
    return "\n".join(line for line in lines if not _is_pdu(line))


def _is_pdu(line: str) -> bool:
    line = line.removeprefix("+CRSM: 144,0,").strip('>"')
    return len(line) > 20 and not set(line) - set("0123456789ABCDEF")


def _digits(said: str) -> list[str]:
    """Runs of ten digits or more: long enough for a number, an IMSI or a card."""
    found, run = [], ""
    for character in said + " ":
        if character.isdigit():
            run += character
        else:
            found += [run] if len(run) >= 10 else []
            run = ""
    return found
