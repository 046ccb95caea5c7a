"""What the driver would like of a modem, by commands that the modem may refuse; without I/O: each function gets `ask`.

`ask` sends a command and gives the lines of its answer, the last of which may be an error.
"""

from collections.abc import Callable, Sequence

from gsm.indications import Indications, best_indications
from gsm.network_time import REPORT_UNIVERSAL_TIME, reports_universal_time
from gsm.registration import answered_registered

Ask = Callable[[str], Sequence[str]]


def prefer_gsm_characters(ask: Ask) -> None:
    """Have numbers and names shown in the GSM alphabet (+CSCS, TS 27.007 clause 5.5).

    Another program may have left UCS-2, in which digits are hexadecimal, four to a character.
    """
    if any('"GSM"' in line for line in ask("AT+CSCS=?")):
        ask('AT+CSCS="GSM"')


def prefer_to_be_told(ask: Ask) -> None:
    """Have a change of the registration, and the network's time, told unasked."""
    ask("AT+CREG=1")
    if reports_universal_time(ask("AT+CTZR=?")):
        ask(REPORT_UNIVERSAL_TIME)


def choose_indications(ask: Ask) -> Indications | None:
    """Have new messages told of in the best way that the modem knows; None if it knows none, or takes it not."""
    chosen = best_indications(ask("AT+CNMI=?"))
    return chosen if chosen is not None and ask(f"AT+CNMI={chosen}")[-1] == "OK" else None


def ask_registered(ask: Ask) -> bool | None:
    """Whether the modem is registered, for calls or in a packet network that carries SMS; None if it won't say."""
    known: list[bool] = []
    for name in ("CREG", "CGREG", "CEREG"):
        said = answered_registered(ask(f"AT+{name}?"))
        if said:
            return True
        known += [] if said is None else [said]
    return False if known else None
