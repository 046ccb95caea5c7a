"""A modem's engine spoken to without a port or a clock."""

from random import Random

from gsm import pdu
from gsm.pdu import Deliver, UserData
from modem_emulator.engine import Engine
from modem_emulator.equipment import Action, Equipment, Write
from modem_emulator.faults import Plan
from modem_emulator.profile import Profile
from modem_emulator.sim import Sim
from modem_emulator.store import MemoryStore

NOW_S = 1_700_000_000.0
IMSI, MSISDN, SMSC = "460001234567890", "+8613900000001", "+8613800100500"
OK, ERROR = "\r\nOK\r\n", "\r\nERROR\r\n"


def modem(profile: Profile | None = None, *, pin: str | None = None, slots: int = 10, present: bool = True) -> Engine:
    """One that is on and ready, with its echo off and numeric errors on."""
    sim = Sim(imsi=IMSI, msisdn=MSISDN, store=MemoryStore(), pin=pin, slots=slots, present=present)
    made = Engine(Equipment(sim, SMSC, profile=profile or Profile()), Plan(Random(7)))
    say(made, "ATE0;+CMEE=1\r")
    return made


def say(engine: Engine, text: str | bytes, now_s: float = NOW_S) -> str:
    """Type something and return what is written back."""
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return written(engine.receive(octets, now_s))


def answer(engine: Engine, command: str) -> list[str]:
    """The lines that a command is answered with, its result code last."""
    return [line for line in say(engine, f"AT{command}\r").split("\r\n") if line]


def written(actions: list[Action]) -> str:
    return b"".join(action.data for action in actions if isinstance(action, Write)).decode("latin-1")


def message(text: str = "hello", originator: str = "+8613900000002", dcs: int | None = None) -> bytes:
    """A message from the network, as TPDU; `dcs` in place of the data coding scheme that the text needs."""
    data = UserData.of_text(text)
    if dcs is not None:
        data = UserData(data.content, dcs)
    return pdu.encode_deliver(Deliver(originator, data))
