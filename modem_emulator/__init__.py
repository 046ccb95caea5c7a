"""GSM modems on ptys, and the SMS network that joins them; usable from any test that needs a modem.

    from modem_emulator import emulated

    with emulated(modems=2) as network:
        talk_to(network.modems[0].port)

Names are loaded when they are first used, so that a package which only might need a modem pays nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modem_emulator.emulation import EmulatedModem, EmulatedNetwork, Ended, NotInTime, emulated
    from modem_emulator.emulator import Phone
    from modem_emulator.server import serving

__all__ = ["EmulatedModem", "EmulatedNetwork", "Ended", "NotInTime", "Phone", "emulated", "serving"]

_MODULES = {"Phone": "emulator", "serving": "server"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'emulation')}"), name)
