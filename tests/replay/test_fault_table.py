"""The table of faults in docs/modem.md names, for each fault, the tests that show it cured in ours and at work in the
library: that they are there, that each pair is one of both drivers, and that no fault was forgotten."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/replay", "tests/unit/handset")
ROW = re.compile(r"^\| (?P<fault>[^|]+?) \| (?P<ours>[^|]+?) \| (?P<library>[^|]+?) \|$")
TEST = re.compile(r"`(?P<file>\w+)::(?:(?P<group>\w+)::)?(?P<name>\w+)`")
# The fixture, the class itself, and what stands on them: a doubt of test_outcomes, the handset's app.
OURS = {"ours", "Modem", "doubt", "opened"}
LIBRARY = {"unmodified", "GsmModem", "Impatient"}
# design.md section 6, and what the issue "Real modems" adds to it.
FAULTS = {
    "unsolicited line before the answer",
    "`+CMTI` during a command",
    "several `+CMTI` in one burst",
    "35 s for `+CMGS`",
    "late `+CMGS` as the next answer",
    "no answer to `+CMGS` is unknown, not failed",
    "unknown, settled by a late answer",
    "unknown, settled by a delivery report",
    "`+CNUM` without a name, with two lines; phonebook ON",
    "`ownNumber` raises TypeError",
    "own number in EF MSISDN",
    "own number asked once and kept",
    "a byte that is not UTF-8",
    "unplugged: calls hang, nothing reconnects",
    "renumbered",
    "RTS/CTS and DTR/DSR forced",
    "a PIN in the PUK state",
    "a PIN tried again and again",
    "PIN asked again after a reset",
    "`+CPIN:READY` without a space",
    "`+CPIN?` without OK",
    "message in several parts",
    "`requestDelivery=False` ignored",
    "errors in words and in a maker's forms",
    "515 of other makes",
    "prompt split",
    "prompt late",
    "reset in the middle",
    "SIM busy",
    "registration lost and found again",
    "storage full",
    "`+CNMI` that allows little",
    "no `+CNMI` at all",
    "reports that are stored and not told of",
    "clock from the network",
}


def rows() -> dict[str, tuple[list[str], list[str]]]:
    """Fault: tests of ours, tests of the library."""
    text = (ROOT / "docs/modem.md").read_text(encoding="utf-8")
    section = text.partition("## Faults of the library")[2]
    found = {}
    for line in section.splitlines():
        row = ROW.match(line)
        if row is not None and TEST.search(row["ours"]):
            tests = [[match.group() for match in TEST.finditer(row[side])] for side in ("ours", "library")]
            found[row["fault"]] = (tests[0], tests[1])
    return found


ROWS = rows()


def test_every_fault_has_its_row() -> None:
    assert ROWS.keys() == FAULTS


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_tests_of_a_fault_are_there_and_are_of_both_drivers(fault: str) -> None:
    for tests, fixtures in zip(ROWS[fault], (OURS, LIBRARY), strict=True):
        assert tests, "a test of each driver"
        assert all(names_used(test) & fixtures for test in tests)


def names_used(test: str) -> set[str]:
    """The arguments of a test and the names in it; fails for a test that is not there."""
    match = TEST.fullmatch(test)
    assert match is not None
    file = next(path for folder in FOLDERS if (path := ROOT / folder / f"{match['file']}.py").exists())
    body: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for name in filter(None, (match["group"], match["name"])):
        inside = [node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
        found = next((node for node in inside if node.name == name), None)
        assert found is not None, f"{test}: there is no {name}"
        body = found.body
    assert isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
    arguments = {argument.arg for argument in found.args.args}
    return arguments | {node.id for node in ast.walk(found) if isinstance(node, ast.Name)}
