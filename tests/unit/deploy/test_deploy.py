"""What deploy/ gives to a Raspberry Pi: units, the udev rule, the check for wheels."""

import configparser
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from gsm.usb_modems import LAYOUTS
from handset.cli import main

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
RULES = DEPLOY / "78-mm-yinxin.rules"
# udev(7): keys that are compared and keys that are set, in the form KEY{attribute}operator"value"
_COMPARED = r'(ACTION|KERNEL|SUBSYSTEM|SUBSYSTEMS|ATTRS\{\w+\}|ENV\{\w+\})(==|!=)"[^"]+"'
_SET = r'(ENV\{\w+\}|GROUP|MODE|GOTO|LABEL)="[^"]+"|SYMLINK\+="[^"]+"'
_RULE = re.compile(rf"({_COMPARED}, )*({_SET})(, ({_SET}))*")


def rules() -> list[str]:
    return [line for line in RULES.read_text().splitlines() if line and not line.startswith("#")]


def read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser


def wheels_check() -> ModuleType:
    specification = importlib.util.spec_from_file_location("wheels_check", DEPLOY / "wheels_check.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["wheels_check"] = module
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("line", rules())
def test_a_line_of_the_udev_rule_has_the_form_of_udev_7(line: str) -> None:
    assert _RULE.fullmatch(line)


def test_the_udev_rule_jumps_to_a_label_that_stands_below() -> None:
    lines = rules()
    for number, line in enumerate(lines):
        for label in re.findall(r'GOTO="(\w+)"', line):
            assert f'LABEL="{label}"' in lines[number:]


def test_the_udev_rule_matches_device_attributes_of_one_device_at_a_time() -> None:
    for line in rules():  # udev(7): all ATTRS of a rule must match at the same parent; interfaces have no vendor
        attributes = set(re.findall(r"ATTRS\{(\w+)\}", line))
        assert attributes <= {"idVendor", "idProduct"}


def test_the_udev_rule_comes_before_modemmanager_s_and_after_the_properties_are_set() -> None:
    assert 60 < int(RULES.name[:2]) < 80


def test_the_named_port_is_the_interface_that_the_handset_asks_first() -> None:
    named = re.findall(r'ID_VENDOR_ID\}=="(\w+)".*MODEL_ID\}=="(\w+)".*INTERFACE_NUM\}=="(\d+)"', RULES.read_text())
    assert len(named) == 3
    for vendor, product, interface in named:
        assert LAYOUTS[int(vendor, 16), int(product, 16)].at[0] == int(interface, 16)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_the_handset_with_options_that_it_has(unit: Path) -> None:
    line = read(unit)["Service"]["ExecStart"]
    options = line.partition("/usr/local/lib/yinxin/bin/handset ")[2].split()[::2]
    known = {name for parameter in main.params for name in parameter.opts}
    assert options
    assert set(options) <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_takes_the_first_console_for_itself_and_is_started_again_for_ever(unit: Path) -> None:
    parser = read(unit)
    assert {"getty@tty1.service", "kmsconvt@tty1.service"} <= set(parser["Unit"]["Conflicts"].split())
    assert parser["Unit"]["StartLimitIntervalSec"] == "0"
    assert parser["Service"]["Restart"] == "always"
    assert "yinxin" in (parser["Service"].get("User", ""), *parser["Service"]["ExecStart"].split())


def test_the_chinese_unit_gives_kmscon_no_option_that_one_of_its_two_versions_lacks() -> None:
    # kmscon(1) of bookworm (9.0.0) and of trixie-backports (10.0.4), which refuses --seats
    line = read(DEPLOY / "yinxin-handset-zh.service")["Service"]["ExecStart"].partition(" -- ")[0]
    options = {option.partition("=")[0] for option in re.findall(r"--[\w-]+", line)}
    assert options == {"--vt", "--no-switchvt", "--font-name", "--login"}


def test_the_console_s_unit_gives_the_app_all_three_streams_for_its_screen() -> None:
    service = read(DEPLOY / "yinxin-handset.service")["Service"]
    assert {service[f"Standard{stream}"] for stream in ("Input", "Output", "Error")} == {
        "tty"
    }  # Textual draws on stderr
    assert "--log-file" in service["ExecStart"]


def test_the_configuration_names_options_that_the_handset_has() -> None:
    text = (DEPLOY / "handset.toml").read_text()
    settings = tomllib.loads(re.sub(r"^# (\S+ = \"[^\"]*\").*$", r"\1", text, flags=re.MULTILINE))
    assert set(settings) == {"operator", "port", "number", "sim-pin-file"}
    known = {name.removeprefix("--") for parameter in main.params for name in parameter.opts}
    assert set(settings) <= known


@pytest.mark.foreign
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    assert shutil.which("systemd-analyze"), "apt-get install systemd"
    text = unit.read_text()
    for program in ("/usr/local/lib/yinxin/bin/handset", "/usr/bin/kmscon", "/usr/sbin/runuser"):  # not installed here
        text = text.replace(program, sys.executable)
    (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit.name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.foreign
def test_udev_finds_nothing_wrong_with_the_rule() -> None:
    assert shutil.which("udevadm"), "apt-get install udev"
    folder = Path("/run/udev/rules.d")  # `udevadm verify` is new in 254; before, a rule is read in udev's folders only
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix="78-", suffix=".rules") as copy:
        copy.write(RULES.read_text())
        copy.flush()
        done = subprocess.run(["udevadm", "test", "/sys/class/mem/null"], capture_output=True, text=True, check=False)
        said = [line for line in done.stderr.splitlines() if copy.name in line]
    assert said == [f"Reading rules file: {copy.name}"]


def packed(path: Path, **files: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"thing-1/{name.replace('__', '/')}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_source_package_of_python_only_needs_no_compiler(tmp_path: Path) -> None:
    archive = packed(tmp_path / "thing-1.tar.gz", **{"setup.py": "setup()", "thing__it.py": "x = 1"})
    assert wheels_check().compiles(archive) == []


@pytest.mark.parametrize(
    "files",
    [
        {"setup.py": "setup(ext_modules=[x])"},
        {"thing__it.c": "int x;"},
        {"thing__it.pyx": "x = 1"},
        {"Cargo.toml": ""},
        {"setup.py": "setup(cffi_modules=['x'])"},
    ],
)
def test_a_source_package_with_an_extension_needs_a_compiler(tmp_path: Path, files: dict[str, str]) -> None:
    archive = packed(tmp_path / "thing-1.tar.gz", **{"setup.py": "setup()", **files})
    assert wheels_check().compiles(archive)


def test_the_extras_are_taken_apart_for_pip() -> None:
    wanted = wheels_check().requirements("all")
    assert not any(line.startswith("yinxin") for line in wanted)
    assert {re.split(r"[<>=]", line)[0] for line in wanted} >= {"click", "cryptography", "pyserial", "smpp34"}


def test_wheels_for_any_older_c_library_are_taken() -> None:
    assert wheels_check().platforms("3.11")[0] == "manylinux2014_aarch64"
    assert {"manylinux_2_17_aarch64", "manylinux_2_28_aarch64", "manylinux_2_36_aarch64"} <= set(
        wheels_check().platforms("3.11")
    )
    assert "manylinux_2_37_aarch64" not in wheels_check().platforms("3.11")


def test_a_package_of_the_constraints_that_nothing_asked_for_is_named() -> None:
    files = {"typing_extensions-4.16.0-py3-none-any.whl", "python_gsmmodem_new-0.13.0-py3-none-any.whl", "thing-1.0"}
    constraints = "# by hand\ntyping_extensions==4.16.0\npython-gsmmodem-new==0.13.0\nThing==1.0\nother.one==2\n"
    assert wheels_check().not_asked_for(files, constraints) == ["other-one"]
