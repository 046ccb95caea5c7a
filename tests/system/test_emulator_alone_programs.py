"""The emulator with its own extra only: what other extras bring cannot be imported, as where it was never installed."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WAIT_S = 120

REFUSING = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ImportError("not installed: " + name)

sys.meta_path.insert(0, Refusing())
"""


def distributions(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", one)[0].lower() for one in requirements}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment whose Python refuses what only the other extras ask for."""
    extras = PROJECT["project"]["optional-dependencies"]
    own = distributions([*PROJECT["project"]["dependencies"], *extras["emulator"]])
    others = distributions([one for extra in ("handset", "operator", "bank") for one in extras[extra]]) - own
    modules = {
        module
        for module, owners in packages_distributions().items()
        if any(owner.lower() in others for owner in owners)
    }
    assert {"serial", "gsmmodem", "cryptography", "iso8583"} <= modules
    (tmp_path / "sitecustomize.py").write_text(REFUSING.format(modules=modules))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return kept | {"PYTHONPATH": str(tmp_path)}


def test_the_refusal_works(environment: dict[str, str]) -> None:
    ran = subprocess.run([sys.executable, "-c", "import serial"], env=environment, capture_output=True, check=False)
    assert b"not installed: serial" in ran.stderr


def test_serve_runs_alone(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", "from modem_emulator.cli import main; main()", "serve"]
    phone = "--phone=imsi=460001234567890,msisdn=8613900000001,profile=sim800l"
    with subprocess.Popen([*command, phone], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        process.terminate()
        assert process.wait(WAIT_S) == 0


def test_the_fixtures_run_alone(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "test_other_project.py").write_text(
        "def test_it(gsm_modem):\n"
        "    gsm_modem.receives('hello')\n"
        "    assert [one.text for one in gsm_modem.stored] == ['hello']\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert "1 passed" in ran.stdout, ran.stdout


def test_what_lies_beside_the_code_is_installed_with_it() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "modem_emulator", "gsm", "console"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert len(files) > 40
    for path in files:
        assert path.suffix == ".py" or any(path.match(pattern) for pattern in patterns), path
        assert (path.parent / "__init__.py").exists(), path
