"""The table of foreign clients says what the tests showed, and a page that says anything else fails the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.client_table import BEGIN, END, Can, Client, mistakes, table

ROOT = Path(__file__).parents[3]
ONE = Client("one", "pytest", {Can.REPORT: "has no key for it"}, {Can.IMSI: "when asked twice"})
TESTED = {("one", function): True for function in Can if function is not Can.REPORT}

CONFTEST = """
from pathlib import Path
from tests.clients.client_table import Can, Client, Recorder
HERE = Path(__file__).parent
CLIENTS = (Client("one", "pytest", {function: "cannot" for function in Can if function is not Can.IMSI}),)
def pytest_addoption(parser):
    parser.addoption("--write-client-table", action="store_true")
def pytest_configure(config):
    config.addinivalue_line("markers", "shows: of the table")
    config.pluginmanager.register(Recorder(config, HERE, HERE / "page.md", CLIENTS))
"""
SHOWN = "import pytest\n@pytest.mark.shows('one', 'IMSI')\ndef test_it():\n    assert {}\ndef test_other(): pass\n"


def test_a_cell_with_neither_test_nor_reason_is_a_mistake_and_so_is_one_with_both() -> None:
    assert mistakes(TESTED, [ONE]) == []
    without = {cell for cell in TESTED if cell != ("one", Can.SIGNAL)}
    assert mistakes(without, [ONE]) == ["one, signal strength: neither a test nor a reason"]
    assert mistakes([*TESTED, ("one", Can.REPORT)], [ONE]) == ["one, delivery report: a test and a reason"]


def test_the_table_has_reasons_remarks_failures_and_what_was_not_tested() -> None:
    worked = {**TESTED, ("one", Can.SEND_SHORT): False}
    del worked["one", Can.DELETE]
    lines = table(worked, {"one": "1.2"}, [ONE]).splitlines()
    assert lines[0] == "|  | one 1.2 |"
    assert "| IMSI | yes (1) |" in lines
    assert "| delivery report | no (2) |" in lines
    assert "| send a short SMS | fails |" in lines
    assert "| delete an SMS | not tested |" in lines
    assert "| network | yes |" in lines
    assert lines[-2:] == ["1. when asked twice", "2. has no key for it"]


class Run:
    """A folder with a page and one test of the table, run by pytest in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.page = folder / "page.md"
        self.page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
        (folder / "conftest.py").write_text(CONFTEST)
        self.holds("True")

    def holds(self, what: str) -> None:
        (self._folder / "test_one.py").write_text(SHOWN.format(what))

    def __call__(self, *options: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(self._folder), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
        done = subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_a_page_with_another_table_fails_the_run_until_it_is_written(run: Run) -> None:
    status, said = run()
    assert status == 1
    assert "page.md has another table" in said
    assert run("--write-client-table")[0] == 0
    assert "| IMSI | yes |" in run.page.read_text()
    assert run.page.read_text().startswith("before\n")
    assert run.page.read_text().endswith("after\n")
    assert run()[0] == 0
    assert run("-n", "2")[0] == 0


def test_a_page_may_name_another_version(run: Run) -> None:
    run("--write-client-table")
    run.page.write_text(run.page.read_text().replace("|  | one", "|  | one 0.0.1 then"))
    assert run()[0] == 0


def test_a_part_of_the_tests_compares_nothing(run: Run) -> None:
    assert run("-k", "test_other")[0] == 0
    assert run("test_one.py::test_it")[0] == 0


def test_a_failing_test_is_never_a_yes_and_writes_nothing(run: Run) -> None:
    run("--write-client-table")
    written = run.page.read_text()
    run.holds("False")
    status, said = run("--write-client-table")
    assert status == 1
    assert "| IMSI | fails |" in said
    assert run.page.read_text() == written
