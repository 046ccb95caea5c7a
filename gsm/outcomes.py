"""Messages of which it is not known whether the network has them, until something tells; rules without I/O.

Rules
1. A message in doubt is never sent again by the driver. It stays in doubt until rule 2 or 3, or for ever.
2. The answer to its +CMGS that comes late settles it: a reference means sent, an error not sent.
3. A status report settles it as sent, whatever it says of the delivery: the service centre has the message. A report
   names the recipient and a reference that nobody has told us; it may be of a message in doubt to the same number when
   its reference is that of no message whose answer came, and when the centre took it in no earlier than it was handed
   over and no later than a modem goes on trying (`SENDING_S_MAX`; clocks of modem, centre and computer differ:
   `CLOCKS_DIFFER_S`). Where it may be of several, of which one may have been taken without a reference, it settles
   none: to say of a message that it was sent, or was not, is worse if it is wrong than to leave it in doubt.
4. Of a long message only the last part settles the whole as sent: the parts after another one were never handed over.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

from gsm.errors import SendFailed
from gsm.final_results import reference_of, refused_text
from gsm.pdu import StatusReport

# More than anybody waits for: at 120 s each, this many are eight hours.
DOUBTS_MAX = 256
# References (TP-MR) are one octet: older ones are used again (TS 23.040 clause 9.2.3.6).
REFERENCES_KEPT = 128
# Service centres and computers without a battery-backed clock are seldom further apart once the network was asked.
CLOCKS_DIFFER_S = 120.0
# A modem has given up by then: manuals give sending up to 3 minutes (u-blox SARA-R4/N4, UBX-17003787, +UCMGS).
SENDING_S_MAX = 300.0
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
class _HandedOver:
    """A text given to the modem after `since`, of which no reference is known."""

    number: str
    since: datetime

    def may_be_of(self, report: StatusReport) -> bool:
        """Whether this report may be about it (rule 3)."""
        if report.timestamp is None or not is_same_number(self.number, report.recipient):
            return False
        return -CLOCKS_DIFFER_S <= (report.timestamp - self.since).total_seconds() <= SENDING_S_MAX + CLOCKS_DIFFER_S


@dataclass(frozen=True, slots=True)
class _Doubt(_HandedOver):
    message_id: int
    debt: int | None
    is_last_part: bool


class Outcomes:
    """What was sent and what is in doubt. Times are aware datetimes."""

    def __init__(self) -> None:
        self._doubts: OrderedDict[int, _Doubt] = OrderedDict()
        self._told: deque[int] = deque(maxlen=REFERENCES_KEPT)
        self._taken_unnamed: deque[_HandedOver] = deque(maxlen=REFERENCES_KEPT)
        self._last_id = 0

    def sent(self, number: str, reference: int | None, since: datetime) -> None:
        """Note a message whose answer came, handed over after `since`; `reference` is None where none was told."""
        if reference is not None:
            self._told.append(reference)
        else:
            self._taken_unnamed.append(_HandedOver(number, since))

    def doubt(self, number: str, debt: int | None, is_last_part: bool, since: datetime) -> int:
        """Note a message in doubt that was handed over after `since`; gives its id. `debt` is its answer's number."""
        self._last_id += 1
        self._doubts[self._last_id] = _Doubt(number, since, self._last_id, debt, is_last_part)
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
        error = refused_text(lines[-1])
        if lines[-1] == "OK" or not isinstance(error, SendFailed):
            return None
        del self._doubts[doubt.message_id]
        return Settled(doubt.message_id, doubt.number, None, error)

    def reported(self, report: StatusReport) -> Settled | None:
        """Take a status report (rule 3)."""
        if report.reference in self._told:
            return None
        fitting = [each for each in (*self._doubts.values(), *self._taken_unnamed) if each.may_be_of(report)]
        match fitting:
            case [_Doubt() as doubt]:
                return self._settle(doubt, report.reference)
        return None

    def _settle(self, doubt: _Doubt, reference: int) -> Settled:
        """The network has this part (rule 4)."""
        del self._doubts[doubt.message_id]
        self._told.append(reference)
        error = None if doubt.is_last_part else SendFailed("its last parts were not handed over")
        return Settled(doubt.message_id, doubt.number, reference, error)


def is_same_number(one: str, other: str) -> bool:
    """Whether two numbers are of one subscriber, as one with its country code and the same without it."""
    one, other = one.removeprefix("+"), other.removeprefix("+")
    short = min(len(one), len(other)) < _DIGITS_ALIKE
    return one == other if short else one[-_DIGITS_ALIKE:] == other[-_DIGITS_ALIKE:]
