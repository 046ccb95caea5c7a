"""The scripts in docs/emulator.md that set a client up do so, as they stand there."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.bench import OWN, Bench, bench
from tests.clients.client_table import PAGE

pytestmark = pytest.mark.foreign

# ofonod keeps what it knows by IMSI, and other tests have other numbers.
IMSI = f"46001{os.getpid():010}"


@pytest.fixture(name="bench")
def bench_with_tcp() -> Iterator[Bench]:
    with bench(phone=",tcp=0", imsi=IMSI) as one:
        yield one
    for folder in Path("/var/lib/ofono").glob(f"{IMSI}*"):
        shutil.rmtree(folder)


def run(bench: Bench, name: str) -> str:
    """Run a script of the page with the port of this bench's modem, and return what it printed."""
    found = re.search(rf"^```sh\n# {re.escape(name)}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"{PAGE.name} shows no {name}"
    script = bench.folder / name
    _, _, port = bench.port.split(":")
    script.write_text(found.group(1).replace("5000", port))
    return bench.run("dbus-run-session", "sh", str(script), status=None)


def test_the_page_gives_modemmanager_a_modem(bench: Bench) -> None:
    assert f"Your number: +{OWN}" in run(bench, "with-modemmanager.sh")


def test_the_page_gives_ofono_a_modem(bench: Bench) -> None:
    shown = run(bench, "with-ofono.sh")
    assert f"'SubscriberIdentity': <'{IMSI}'>" in shown
    assert f"'SubscriberNumbers': <['+{OWN}']>" in shown
