"""The profiles that come with the emulator, one TOML file each, and profiles of the user's own."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from modem_emulator.profile import InvalidProfile, Profile, parse


def names() -> list[str]:
    """The bundled profiles, `generic` first."""
    found = sorted(one.name.removesuffix(".toml") for one in files(__name__).iterdir() if one.name.endswith(".toml"))
    return ["generic", *(name for name in found if name != "generic")]


@cache
def load(name: str) -> Profile:
    """A bundled profile by its name, or one from a file by its path (which ends in `.toml`).

    Raises InvalidProfile for an unknown name, an unreadable file, or one that says what cannot be.
    """
    try:
        return parse(Path(name).stem if name.endswith(".toml") else name, tomllib.loads(text(name)))
    except tomllib.TOMLDecodeError as error:
        raise InvalidProfile(f"the profile {name} is no TOML: {error}") from error


def text(name: str) -> str:
    """A profile as it is written, sources and comments included. Raises InvalidProfile as `load` does."""
    try:
        if name.endswith(".toml"):
            return Path(name).read_text(encoding="utf-8")
        if name not in names():
            raise InvalidProfile(f"there is no profile {name!r}; known: {', '.join(names())}, or a file's path")
        return (files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidProfile(f"cannot read the profile {name}: {error}") from error
