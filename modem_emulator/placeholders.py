"""What stands in braces in a profile's lines for what is so, such as `{imei}`."""

import re
from collections.abc import Collection, Mapping

from modem_emulator.records import InvalidRecord

# In every line of a profile, and in the line of the fault `say`; profile.Identity says what they are.
NAMES = (
    "imei",
    "imsi",
    "iccid",
    "msisdn",
    "manufacturer",
    "model",
    "revision",
    "capabilities",
    "rssi",
    "registration",
    "sim_state",
)
# In the lines of +CNUM.
OWN_NUMBER_NAMES = ("name", "number", "digits", "type", "index")

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def check(line: str, known: Collection[str], place: str) -> None:
    """Raises InvalidRecord for a name in braces that stands for nothing; braces with anything else are text."""
    for name in _PLACEHOLDER.findall(line):
        if name not in known:
            raise InvalidRecord(f"{place}: nothing is called {{{name}}}; known: {', '.join(known)}")


def filled(line: str, values: Mapping[str, str]) -> str:
    """The line with values in place of their names."""
    for name, value in values.items():
        line = line.replace("{" + name + "}", value)
    return line
