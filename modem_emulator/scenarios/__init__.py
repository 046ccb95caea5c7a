"""The scenarios that come with the emulator, one TOML file each, and scenarios of the user's own."""

import tomllib
from importlib.resources import files
from pathlib import Path

from modem_emulator.scenario import InvalidScenario, Scenario, parse


def names() -> list[str]:
    """The bundled scenarios."""
    return sorted(one.name.removesuffix(".toml") for one in files(__name__).iterdir() if one.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """A bundled scenario by its name, or one from a file by its path (which ends in `.toml`).

    Raises InvalidScenario for an unknown name, an unreadable file, or one that says what cannot be.
    """
    try:
        if name.endswith(".toml"):
            return parse(name, tomllib.loads(Path(name).read_text(encoding="utf-8")))
        if name not in names():
            raise InvalidScenario(f"there is no scenario {name!r}; known: {', '.join(names())}, or a file's path")
        return parse(name, tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidScenario(f"cannot read the scenario {name}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidScenario(f"the scenario {name} is no TOML: {error}") from error
