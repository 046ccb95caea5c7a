"""Whether yinxin installs on 64-bit Raspberry Pi OS without a compiler: make wheels-check

For each Python of Raspberry Pi OS (3.11 in bookworm, 3.13 in trixie) and each extra, pip is asked for wheels only, for
aarch64 and the C library of that release, with the versions of constraints.txt. What has no wheel at all is fetched as
source and looked into: a package without C, Cython, Rust or a list of extension modules is built on any machine by
setuptools alone, and is named. The extra dev asks for every package of constraints.txt; one that nothing asked for is
named too. Exit status 0 when nothing needs compiling, 1 when something does or was not asked for, 2 when pip fails.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXTRAS = ("handset", "operator", "bank", "emulator", "all", "dev")
# Newest glibc that each release has (Debian: bookworm 2.36, trixie 2.41); PEP 600 wheels of any older one install too.
GLIBC = {"3.11": 36, "3.13": 41}
OLDEST_GLIBC = 17  # manylinux2014
TIME_OUT_S = 300
_COMPILED = re.compile(r"\.(c|cc|cpp|cxx|pyx|pxd|rs|f90)$|(^|/)(Cargo\.toml|CMakeLists\.txt|meson\.build)$")
_EXTENSIONS = re.compile(r"\bext_modules\b|\bcffi_modules\b|\brust_extensions\b")


class CannotAsk(Exception):
    """pip failed for another reason than a missing wheel."""


@dataclass
class Found:
    """What pip found for one Python and one extra."""

    wheels: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)


def requirements(extra: str) -> list[str]:
    """What an extra asks for, its own extras taken apart."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = list(project["dependencies"])
    for line in project["optional-dependencies"][extra]:
        inner = re.fullmatch(rf"{project['name']}\[(.*)\]", line)
        found += [line] if inner is None else [other for name in inner[1].split(",") for other in requirements(name)]
    return sorted(set(found))


def platforms(python: str) -> list[str]:
    """Tags of wheels that install there, as pip must be given each of them."""
    return [
        "manylinux2014_aarch64",
        *(f"manylinux_2_{minor}_aarch64" for minor in range(OLDEST_GLIBC, GLIBC[python] + 1)),
    ]


def pip(*arguments: str) -> str:
    """What pip says; `CalledProcessError` when it ends with an error."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    # Without anybody's configuration: a folder of wheels that were built before would hide what must be built.
    alone = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    alone["PIP_CONFIG_FILE"] = os.devnull
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIME_OUT_S, env=alone).stdout


def wheels_only(python: str, wanted: list[str], folder: str) -> str | None:
    """Fetch wheels; the name of a package that has none, None when all have."""
    options = [option for tag in platforms(python) for option in ("--platform", tag)]
    try:
        pip(
            "download",
            *options,
            *("--python-version", python, "--implementation", "cp", "--abi", f"cp{python.replace('.', '')}"),
            *("--abi", "abi3", "--abi", "none", "--only-binary=:all:", "--dest", folder),
            *("--constraint", str(ROOT / "constraints.txt"), *wanted),
        )
    except subprocess.CalledProcessError as error:
        missing = re.search(r"No matching distribution found for ([A-Za-z0-9._-]+)", error.stderr)
        if missing is None:
            raise CannotAsk(error.stderr.strip().splitlines()[-1]) from error
        return missing[1]
    return None


def source(package: str, folder: str) -> Path:
    """The package as source, in the version of constraints.txt."""
    pip(
        "download",
        "--no-deps",
        "--no-binary",
        package,
        "--constraint",
        str(ROOT / "constraints.txt"),
        "--dest",
        folder,
        package,
    )
    return next(Path(folder).glob("*.tar.gz"))


def compiles(archive: Path) -> list[str]:
    """What in a source package needs a compiler: names of files."""
    with tarfile.open(archive) as packed:
        names = [member for member in packed.getmembers() if member.isfile()]
        found = [member.name for member in names if _COMPILED.search(member.name)]
        for member in names:
            content = packed.extractfile(member) if member.name.count("/") == 1 else None
            if content and member.name.endswith(("setup.py", "setup.cfg", "pyproject.toml")):
                found += [member.name] if _EXTENSIONS.search(content.read().decode(errors="replace")) else []
    return found


def requires(archive: Path) -> list[str]:
    """What a source package asks for in turn, from its metadata."""
    with tarfile.open(archive) as packed:
        name = next((name for name in packed.getnames() if name.endswith("egg-info/requires.txt")), None)
        content = packed.extractfile(name) if name else None
        text = content.read().decode() if content else ""
    return [line for line in text.partition("[")[0].splitlines() if line]


def name_of(text: str) -> str:
    """The package of a line of constraints.txt or of a file from the index, written as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", re.split(r"==|-\d", text)[0]).lower()


def not_asked_for(found: set[str], constraints: str) -> list[str]:
    """Packages of constraints.txt that are not among the files found."""
    listed = {name_of(line) for line in constraints.splitlines() if line and not line.startswith("#")}
    return sorted(listed - {name_of(file) for file in found})


def check(python: str, extra: str) -> Found:
    found, wanted = Found(), requirements(extra)
    with tempfile.TemporaryDirectory() as folder:
        while wanted and (missing := wheels_only(python, wanted, folder)) is not None:
            wanted = [line for line in wanted if not re.match(rf"{re.escape(missing)}\b(?!-)", line)]
            with tempfile.TemporaryDirectory() as elsewhere:
                try:
                    archive = source(missing, elsewhere)
                except subprocess.CalledProcessError:
                    # pip runs a source package's build tool to know what it asks for; one that fails needs more
                    found.compiled.append(missing)
                    continue
                needs = compiles(archive)
                (found.compiled if needs else found.sources).append(archive.name.removesuffix(".tar.gz"))
                wanted += requires(archive)
        found.wheels = sorted(path.name for path in Path(folder).glob("*.whl"))
    return found


def show(python: str, extra: str, found: Found) -> None:
    compiled_code = [name for name in found.wheels if not name.endswith("-none-any.whl")]
    print(
        f"{python:<6}  {extra:<8}  {len(found.wheels):>6}  {len(compiled_code):>8}  {', '.join(found.sources) or '-'}"
    )
    for name in found.compiled:
        print(f"{'':>16}  no wheel, and its source needs a compiler: {name}")


def main() -> int:
    print("python  extra     wheels  compiled  source packages of Python only")
    compiled_code: dict[str, set[str]] = {}
    files: set[str] = set()
    ends_well = True
    for python in GLIBC:
        for extra in EXTRAS:
            try:
                found = check(python, extra)
            except (CannotAsk, subprocess.SubprocessError) as error:
                print(f"pip could not tell for {python} and {extra}: {error}", file=sys.stderr)
                return 2
            show(python, extra, found)
            ends_well = ends_well and not found.compiled
            files.update(found.wheels, found.sources, found.compiled)
            compiled_code.setdefault(python, set()).update(name for name in found.wheels if "-any.whl" not in name)
    for python, names in compiled_code.items():
        print(f"compiled code for {python}: {', '.join(sorted(names))}")
    print("nothing needs compiling" if ends_well else "something needs a compiler")
    missing = not_asked_for(files, (ROOT / "constraints.txt").read_text())
    print(f"in constraints.txt and not asked for: {', '.join(missing) or 'none'}")
    return 0 if ends_well and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
