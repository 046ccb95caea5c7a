"""What the options before a command say; every command has them at hand."""

from dataclasses import dataclass
from pathlib import Path

from wire.response_codes import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The group's options. `baud` is in bits a second; `port` is None where it is to be found."""

    port: str | None
    operator: str | None
    state: Path
    number: str | None
    sim_pin_file: Path | None
    language: Language
    demo: bool
    keep: bool
    baud: int
    rtscts: bool
    system_root: Path
