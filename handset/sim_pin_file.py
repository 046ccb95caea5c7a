"""What `--sim-pin-file` names."""

import stat
from pathlib import Path

from console import CannotStart
from wire.secret import Secret


def sim_pin_in_file(path: Path | None) -> Secret | None:
    """The SIM's PIN, of 4 to 8 digits; None where no file was named.

    Raises CannotStart for one that others can read, or that holds no PIN.
    """
    if path is None:
        return None
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise CannotStart(f"{path} can be read by others; run: chmod 600 {path}")
    pin = path.read_text(encoding="ascii", errors="replace").strip()
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise CannotStart(f"{path} holds no SIM PIN of 4 to 8 digits")
    return Secret(pin.encode("ascii"))
