"""A bearer carries texts between the handset and its operator: the whole of the handset's outside, in one interface."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from handset.actions import SendOutcome
from wire.secret import Secret


class Trouble(Enum):
    """Why there is no connection; `handset.texts` has the sentence for each."""

    CONNECTING = "the modem is being connected"
    CANNOT_OPEN = "the port cannot be opened, or what is behind it is no modem"
    NO_MODEM = "the modem is gone, or does not answer"
    SIM_PIN_NEEDED = "the SIM wants its PIN"
    SIM_PIN_WRONG = "the SIM did not take its PIN"
    SIM_BLOCKED = "the SIM wants its PUK"
    NO_SIM = "there is no SIM, or it does not answer"
    SIM_BUSY = "the SIM is still busy"
    NUMBER_UNKNOWN = "the SIM does not know its number and none was given"


@dataclass(frozen=True, slots=True)
class Ready:
    """The modem answers and its SIM is open. `msisdn` is None if the SIM does not know its number."""

    imsi: str = field(repr=False)
    msisdn: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no connection now; the bearer goes on trying. `detail` is for the log."""

    trouble: Trouble
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """One SMS, put together if it came in parts."""

    sender: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signal:
    """Signal strength in percent, None if the modem does not know."""

    percent: int | None


@dataclass(frozen=True, slots=True)
class SendSettled:
    """What became of a text whose `send` had ended as UNKNOWN: SENT or FAILED."""

    text: str = field(repr=False)
    outcome: SendOutcome


@dataclass(frozen=True, slots=True)
class StorageState:
    """Whether the place where messages arrive is full of what is not the operator's: then no answer can come."""

    is_full: bool


@dataclass(frozen=True, slots=True)
class Network:
    """Whether the modem is registered in a network: without one nothing can be sent and no answer can come."""

    is_registered: bool


BearerEvent = Ready | Gone | Received | Signal | SendSettled | StorageState | Network


class Bearer(Protocol):
    """Sends one text at a time; everything else it knows comes out of `next_event`."""

    async def send(self, number: str, text: str) -> SendOutcome:
        """Send a text of at most 160 characters of the GSM 7-bit alphabet. Never raises for what the modem does."""

    async def next_event(self) -> BearerEvent:
        """Return the next thing that happened, in order; waits for it."""

    def leave_text(self) -> None:
        """Say that the last event, a text, found nobody to read it: it is kept where it lies."""

    def offer_left_texts(self) -> None:
        """Let the texts that were left come again as events: now somebody can read them."""

    async def give_sim_pin(self, pin: Secret) -> None:
        """Try this PIN once on a SIM that wants one; what became of it comes as Ready or Gone."""

    async def close(self) -> None:
        """Let go of the modem."""
