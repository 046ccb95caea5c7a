"""A skipped test is a failure where `--fail-on-skip` is given (.ci/run); what foreign clients can do is a table."""

import pytest

from tests.clients.client_table import Recorder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fail-on-skip", action="store_true", help="count a skipped test as a failure")
    parser.addoption("--write-client-table", action="store_true", help="write the table in docs/emulator.md anew")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Recorder(config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # type: ignore[no-untyped-def]
    report = yield
    if report.skipped and item.config.getoption("--fail-on-skip"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure here: {report.longrepr}"
    return report
