"""Messages of which it is not known whether the network has them, until something tells; rules without I/O.

Rules
1. A message in doubt is never sent again by the driver. It stays in doubt until rule 2 or 3, or for ever.
2. The answer to its +CMGS that comes late settles it: a reference means sent, an error not sent.
3. A status report settles it as sent, whatever it says of the delivery: the service centre has the message. A report
   names the recipient and a reference that nobody has told us; it is taken for the message in doubt when it is to the
   same number, its reference is that of no message whose answer came, and the centre took it in since then (clocks of
   modem, centre and computer differ: `CLOCKS_DIFFER_S`).
4. Of a long message only the last part settles the whole as sent: the parts after another one were never handed over.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from gsm.errors import SendFailed
from gsm.final_results import reference_of, refused
from gsm.pdu import StatusReport

# More than anybody waits for: at 120 s each, this many are eight hours.
DOUBTS_MAX = 256
# References (TP-MR) are one octet: older ones are used again (TS 23.040 clause 9.2.3.6).
REFERENCES_KEPT = 128
# Service centres and computers without a battery-backed clock are seldom further apart once the network was asked.
CLOCKS_DIFFER_S = 120.0
# Digits by which a number with its country code and the same one without are known for the same.
_DIGITS_ALIKE = 8


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a message whose sending ended as SendUnknown with this `message_id`.

    `error` is None if the network has it, otherwise it was certainly not sent (whole).
    """

    message_id: int
    number: str
    reference: int | None
    error: SendFailed | None


@dataclass(frozen=True, slots=True)
class _Doubt:
    message_id: int
    number: str
    debt: int | None
    is_last_part: bool
    since: datetime


class Outcomes:
    """What was sent and what is in doubt. Times are aware datetimes."""

    def __init__(self) -> None:
        self._doubts: OrderedDict[int, _Doubt] = OrderedDict()
        self._told: deque[int] = deque(maxlen=REFERENCES_KEPT)
        self._last_id = 0

    def sent(self, reference: int | None) -> None:
        """Note the reference of a message whose answer came."""
        if reference is not None:
            self._told.append(reference)

    def doubt(self, number: str, debt: int | None, is_last_part: bool, since: datetime) -> int:
        """Note a message in doubt that was handed over after `since`; gives its id. `debt` is its answer's number."""
        self._last_id += 1
        self._doubts[self._last_id] = _Doubt(self._last_id, number, debt, is_last_part, since)
        if len(self._doubts) > DOUBTS_MAX:
            self._doubts.popitem(last=False)
        return self._last_id

    def answered(self, debt: int, lines: list[str]) -> Settled | None:
        """Take an answer that came late (rule 2)."""
        doubt = next((each for each in self._doubts.values() if each.debt == debt), None)
        if doubt is None:
            return None
        reference = reference_of(lines)
        if reference is not None:
            return self._settle(doubt, reference)
        error = refused(lines[-1])
        if lines[-1] == "OK" or not isinstance(error, SendFailed):
            return None
        del self._doubts[doubt.message_id]
        return Settled(doubt.message_id, doubt.number, None, error)

    def reported(self, report: StatusReport) -> Settled | None:
        """Take a status report (rule 3)."""
        if report.reference in self._told:
            return None
        for doubt in self._doubts.values():
            if _same_number(doubt.number, report.recipient) and _since(doubt.since, report.timestamp):
                return self._settle(doubt, report.reference)
        return None

    def _settle(self, doubt: _Doubt, reference: int) -> Settled:
        """The network has this part (rule 4)."""
        del self._doubts[doubt.message_id]
        self._told.append(reference)
        error = None if doubt.is_last_part else SendFailed("its last parts were not handed over")
        return Settled(doubt.message_id, doubt.number, reference, error)


def _same_number(one: str, other: str) -> bool:
    one, other = one.removeprefix("+"), other.removeprefix("+")
    short = min(len(one), len(other)) < _DIGITS_ALIKE
    return one == other if short else one[-_DIGITS_ALIKE:] == other[-_DIGITS_ALIKE:]


def _since(moment: datetime, told: datetime | None) -> bool:
    return told is not None and told >= moment - timedelta(seconds=CLOCKS_DIFFER_S)
