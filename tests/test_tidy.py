"""What a linter cannot say of how the code should read."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("handset", "operator_platform", "bank_server", "modem_emulator", "gsm", "wire", "console")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Files that promise rules without I/O: events in, actions out; time and randomness come as arguments.
RULES = sorted(
    path
    for pattern in (
        "*/session.py",
        "gsm/channel.py",
        "gsm/clearing.py",
        "gsm/pdu/*.py",
        "gsm/alphabet.py",
        "gsm/answers.py",
        "gsm/final_results.py",
        "gsm/inbox.py",
        "gsm/indications.py",
        "gsm/languages.py",
        "gsm/outcomes.py",
        "gsm/reassembly.py",
        "gsm/dialogue.py",
        "gsm/masking.py",
        "gsm/header_masking.py",
        "gsm/line_masking.py",
        "gsm/field_masking.py",
        "gsm/harmless.py",
        "gsm/pdu_masking.py",
        "gsm/pseudonyms.py",
        "gsm/registration.py",
        "gsm/network_time.py",
        "gsm/forgetting.py",
        "gsm/preferences.py",
        "gsm/replay.py",
        "gsm/sim.py",
        "gsm/sim_pin.py",
        "gsm/transcript.py",
        "gsm/transcript_import.py",
        "gsm/usb_modems.py",
        "gsm/doctor.py",
        "handset/amounts.py",
        "handset/texts.py",
        "handset/*_texts.py",
        "modem_emulator/emulator.py",
        "modem_emulator/engine.py",
        "modem_emulator/equipment.py",
        "modem_emulator/profile.py",
        "modem_emulator/records.py",
        "modem_emulator/schedule.py",
        "modem_emulator/link.py",
        "modem_emulator/link_frames.py",
        "modem_emulator/mishaps.py",
        "modem_emulator/network.py",
        "modem_emulator/clock.py",
        "modem_emulator/control.py",
        "modem_emulator/fate.py",
        "modem_emulator/traffic.py",
        "modem_emulator/faults.py",
        "modem_emulator/scenario.py",
        "modem_emulator/outcome.py",
        "modem_emulator/placeholders.py",
        "modem_emulator/short_message.py",
        "modem_emulator/sim.py",
        "modem_emulator/sim_files.py",
        "modem_emulator/ussd.py",
        "modem_emulator/waiting.py",
        "modem_emulator/character_sets.py",
        "modem_emulator/command_line.py",
        "modem_emulator/reception.py",
        "modem_emulator/text_mode.py",
        "modem_emulator/commands/*.py",
        "operator_platform/binding.py",
        "bank_server/registration.py",
        "bank_server/execution.py",
        "wire/[!k]*.py",
    )
    for path in ROOT.glob(pattern)
)
OUTSIDE_WORLD = {
    "asyncio", "os", "pathlib", "random", "secrets", "select", "serial", "signal", "socket", "sqlite3",
    "subprocess", "threading", "time",
}  # fmt: skip
PASSED_IN = "from random import Random"  # the type of a source of randomness that is an argument
COMMAND_LINES = {"wire/describe.py"}  # commands that read the file they are given

FUNCTION_LINES_MAX = 70  # one screen
MODULE_LINES_MAX = 700  # as long as the longest module of h11, which holds a whole state machine


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("path", RULES, ids=_name)
def test_rules_have_no_input_or_output(path: Path) -> None:
    if _name(path) in COMMAND_LINES:
        return
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and ast.unparse(node) != PASSED_IN:
            imported.add(node.module.split(".")[0])
    assert not imported & OUTSIDE_WORLD


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_says_what_it_is_for_and_fits_the_head(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree), "a module opens with a docstring"
    assert len(source.splitlines()) <= MODULE_LINES_MAX
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long, f"functions longer than a screen: {long}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_secret_is_revealed_into_a_text(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            assert ".reveal(" not in ast.unparse(node), f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_name_tells_what_may_be_changed(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_nothing_is_left_to_do_and_no_folder_of_a_machine_shows() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|(?<![\w.])/(home|root|srv|opt)/\w")
    here = Path(__file__).resolve()
    for path in _tracked_files():
        if path.resolve() == here or path.suffix in {".svg", ".png"} or not path.exists():
            continue
        found = marks.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{_name(path)}: {found.group()}"
