"""Fixtures for whoever tests a program that talks to a GSM modem; pytest finds them by this package's entry point.

    def test_it_sends(gsm_modem):
        my_program("--port", gsm_modem.port, "send", "+8613912345678", "hello")
        assert gsm_modem.wait_for_sent().text == "hello"

The marker `gsm_modem(modems=, profile=, pin=, slots=, esmes=)` says what modem a test wants, as `emulated` takes it.
`gsm_modem_profile` is a fixture to be parametrised, and an option of the configuration file. When a test fails, what
went through its modems' ports stands in the report. Nothing of the emulator is loaded before a test asks for a modem.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from modem_emulator.emulation import EmulatedModem, EmulatedNetwork

_MARKER = (
    "gsm_modem(modems=1, profile='generic', pin=None, slots=50, esmes=None): the modem that a test's fixtures give"
)
_KEYS = {"modems", "profile", "pin", "slots", "esmes", "faults", "seed"}
_network = pytest.StashKey["EmulatedNetwork"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("gsm_modem_profile", "the make of the modems that fixtures give (modem_emulator)", default="generic")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def gsm_modem_profile(pytestconfig: pytest.Config) -> str:
    """The make of the modems where no marker names one; parametrise it to run a test with several makes."""
    return str(pytestconfig.getini("gsm_modem_profile"))


@pytest.fixture
def gsm_network(request: pytest.FixtureRequest, gsm_modem_profile: str) -> Iterator[EmulatedNetwork]:
    """An SMS network with the modems that the marker asks for: one, or two where `gsm_modems` is used."""
    from modem_emulator.emulation import emulated

    wanted: dict[str, object] = {
        "modems": 2 if "gsm_modems" in request.fixturenames else 1,
        "profile": gsm_modem_profile,
    }
    for marker in reversed(list(request.node.iter_markers("gsm_modem"))):  # the closest last, for it decides
        if marker.args or not marker.kwargs.keys() <= _KEYS:
            raise pytest.UsageError(f"the marker gsm_modem takes {', '.join(sorted(_KEYS))} by name")
        wanted |= marker.kwargs
    with emulated(**wanted) as network:  # type: ignore[arg-type]
        request.node.stash[_network] = network
        yield network


@pytest.fixture
def gsm_modem(gsm_network: EmulatedNetwork) -> EmulatedModem:
    """One modem, switched on; a make that takes its time to start may be deaf yet (`wait_until_registered`)."""
    return gsm_network.modems[0]


@pytest.fixture
def gsm_modems(gsm_network: EmulatedNetwork) -> tuple[EmulatedModem, ...]:
    """Two modems on one network, or as many as the marker says; `gsm_modem` is the first of them."""
    return gsm_network.modems


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    network = item.stash.get(_network, None)
    if report.failed and report.when == "call" and network is not None:
        report.sections += [
            (f"AT dialogue of {modem.name}", modem.dialogue) for modem in network.modems if modem.traffic
        ]
    return report
