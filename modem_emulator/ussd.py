"""The network's USSD service: short codes with answers, menus among them (3GPP TS 22.090; coding TS 23.038 clause 5).

Rules only. `Service` says what is answered; `Dialogue` is one phone's conversation with it. The default service has a
balance, the own number, and a menu; others are tables such as a TOML file holds (`service_of`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from gsm import alphabet
from modem_emulator import character_sets
from modem_emulator.records import InvalidRecord

# <dcs> of +CUSD: GSM alphabet, language unspecified; UCS-2 (TS 23.038 clause 5). 68 is 8-bit data.
DCS_GSM, DCS_UCS2 = 15, 72
# TS 23.090 carries 160 octets: 182 septets or 80 UTF-16 units.
SEPTETS_MAX, UNITS_MAX = 182, 80
# The network ends a conversation in which the phone is silent; real ones wait from half a minute to two.
SILENCE_S_MAX = 60.0
# How long the network takes for an answer; real ones take seconds, which nobody wants in a test.
ANSWER_S = 0.2


class Outcome(IntEnum):
    """<m> of +CUSD (TS 27.007 clause 7.15)."""

    DONE = 0
    REPLY_WANTED = 1
    ENDED_BY_NETWORK = 2
    OTHER_CLIENT = 3
    NOT_SUPPORTED = 4
    TIMED_OUT = 5


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: `{msisdn}`, `{imsi}` and `{operator}` stand for the caller's. With `choices` it wants a reply."""

    text: str
    choices: Mapping[str, "Page"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What the network says: an outcome and, save for an end without words, a text."""

    outcome: Outcome
    text: str | None = None


_BALANCE = Page("Balance: 12.34 CNY")
_BACK = "Goodbye"
SERVICE: Mapping[str, Page] = {
    "*100#": _BALANCE,
    "*101#": Page("Your number: {msisdn}"),
    "*102#": Page("余额：12.34元"),
    "*123#": Page(
        "1 Balance\n2 Own number\n3 Operator\n0 End",
        {
            "1": _BALANCE,
            "2": Page("Your number: {msisdn}"),
            "3": Page("{operator}\n0 End", {"0": Page(_BACK)}),
            "0": Page(_BACK),
        },
    ),
}


class Dialogue:
    """One phone's conversation; `fields` fill the pages, and `turns` counts what the phone has said."""

    def __init__(self, service: Mapping[str, Page], fields: Mapping[str, str]) -> None:
        self._service = service
        self._fields = fields
        self._page: Page | None = None
        self.turns = 0

    @property
    def open(self) -> bool:
        """The network waits for a reply."""
        return self._page is not None

    def say(self, text: str) -> Said:
        """A code that begins a conversation, or the reply in one. A choice that there is not ends it."""
        self.turns += 1
        page = self._service.get(text) if self._page is None else self._page.choices.get(text)
        began = self._page is None
        self._page = page if page is not None and page.choices else None
        if page is None:
            return Said(Outcome.NOT_SUPPORTED) if began else Said(Outcome.ENDED_BY_NETWORK)
        shown = page.text
        for name, value in self._fields.items():
            shown = shown.replace("{" + name + "}", value)
        return Said(Outcome.REPLY_WANTED if page.choices else Outcome.DONE, shown)


def service_of(table: Mapping[str, Any], place: str = "ussd") -> dict[str, Page]:
    """A service from a table of codes: `"*100#" = "text"`, or a table with `text` and `choices`.

    Raises InvalidRecord, which names the place.
    """
    return {code: _page(value, f"{place}.{code}") for code, value in table.items()}


def _page(value: Any, place: str) -> Page:
    if isinstance(value, str):
        return Page(value)
    if not isinstance(value, Mapping) or not isinstance(value.get("text"), str) or set(value) - {"text", "choices"}:
        raise InvalidRecord(f"{place} must be a text, or a table with text and choices")
    choices = value.get("choices", {})
    if not isinstance(choices, Mapping):
        raise InvalidRecord(f"{place}.choices must be a table")
    return Page(value["text"], service_of(choices, f"{place}.choices"))


# ---- strings of +CUSD


def show(text: str, character_set: str) -> tuple[str, int]:
    """<str> and <dcs> for the terminal (TS 27.007 clause 7.15), cut to what USSD carries.

    A text of the GSM alphabet is in the selected set; another one is UCS-2, in hexadecimal whatever is selected.
    """
    if alphabet.is_gsm7(text):
        septets = alphabet.encode_text(text)[:SEPTETS_MAX]
        return character_sets.encode(alphabet.decode_text(septets), character_set), DCS_GSM
    return character_sets.encode(text[:UNITS_MAX], character_sets.UCS2), DCS_UCS2


def read(string: str, dcs: int, character_set: str) -> str:
    """The text that a client sends. Raises InvalidText.

    Some clients send septets, packed and in hexadecimal, as some modems want them; such a string is read too.
    """
    if dcs & 0xFC == DCS_UCS2 or dcs & 0xF3 == 0x48:
        return character_sets.decode(string, character_sets.UCS2)
    text = character_sets.decode(string, character_set)
    if text and not text.startswith(("*", "#")) and len(string) % 2 == 0:
        packed = _packed(string)
        if packed.startswith(("*", "#")) and packed.endswith("#"):
            return packed
    return text


def _packed(string: str) -> str:
    try:
        octets = bytes.fromhex(string)
    except ValueError:
        return ""
    # Seven bits of padding are zeros or a carriage return (TS 23.038 clause 6.1.2.3.1).
    return alphabet.decode_text(alphabet.unpack(octets, len(octets) * 8 // 7)).rstrip("@\r")
