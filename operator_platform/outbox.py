"""SMS on their way out: stored before they are submitted, removed when the network has accepted them. Sans-IO.

A reply that the network refuses is dropped after some attempts, since its handset resends the request. Nobody resends a
notice, which the bank has been told is here: it is tried for days.
"""

from dataclasses import dataclass

from operator_platform.actions import Action, Note, SendSms
from operator_platform.policy import Policy
from operator_platform.store import OperatorStore, shown_number
from operator_platform.timers import Timers
from wire.errors import WireError
from wire.terminal import Reply, decode_down, from_text

SMS_CHARACTERS_MAX = 160  # one SMS in the GSM 7-bit alphabet


@dataclass(slots=True)
class _Waiting:
    msisdn: str
    text: str
    stored_at: float
    attempts: int = 0


class Outbox:
    """The durable outbox. Bounded by `outbox_max`; a reply that finds no room is dropped, its handset resends."""

    def __init__(self, store: OperatorStore, timers: Timers, policy: Policy) -> None:
        self._store = store
        self._timers = timers
        self._policy = policy
        self._waiting: dict[int, _Waiting] = {}

    @property
    def full(self) -> bool:
        """Whether notices must stay with the bank: the other half is for replies, however many notices are refused."""
        return len(self._waiting) >= (self._policy.outbox_max + 1) // 2

    def resume(self) -> list[Action]:
        """Load what an earlier run left and submit it again: an SMS may come twice, but not never."""
        self._waiting = {sms.outbox_id: _Waiting(sms.msisdn, sms.text, sms.stored_at) for sms in self._store.outbox()}
        return [SendSms(outbox_id, sms.msisdn, sms.text) for outbox_id, sms in self._waiting.items()]

    def send(self, msisdn: str, text: str, now: float) -> list[Action]:
        assert len(text) <= SMS_CHARACTERS_MAX
        if len(self._waiting) >= self._policy.outbox_max:
            return [
                Note("error", f"outbox full ({self._policy.outbox_max} SMS): an SMS to {shown_number(msisdn)} dropped")
            ]
        outbox_id = self._store.add_sms(msisdn, text, now)
        self._waiting[outbox_id] = _Waiting(msisdn, text, now)
        return [SendSms(outbox_id, msisdn, text)]

    def send_reply_again(self, msisdn: str, text: str, now: float) -> list[Action]:
        """Answer a repeat with the stored reply, unless that very SMS is still on its way."""
        if any(sms.msisdn == msisdn and sms.text == text for sms in self._waiting.values()):
            return []
        return self.send(msisdn, text, now)

    def accepted(self, outbox_id: int) -> list[Action]:
        self._waiting.pop(outbox_id, None)
        self._timers.cancel(("sms", outbox_id))
        self._store.remove_sms(outbox_id)
        return []

    def refused(self, outbox_id: int, reason: str, now: float) -> list[Action]:
        """Try again later, twice as long after each refusal, `sms_retry_s_max` at most; or drop it in the end."""
        sms = self._waiting.get(outbox_id)
        if sms is None:
            return []
        sms.attempts += 1
        if self._hopeless(sms, now):
            self.accepted(outbox_id)
            return [
                Note(
                    "error",
                    f"SMS {outbox_id} to {shown_number(sms.msisdn)} dropped after {sms.attempts} refusals: {reason}",
                )
            ]
        doubled = self._policy.sms_retry_s * 2.0 ** min(sms.attempts - 1, 30)
        retry_at = now + min(doubled, self._policy.sms_retry_s_max)
        again = SendSms(outbox_id, sms.msisdn, sms.text)
        self._timers.set(("sms", outbox_id), retry_at, lambda _now: [again])
        return [Note("warning", f"SMS {outbox_id} to {shown_number(sms.msisdn)} refused: {reason}")]

    def _hopeless(self, sms: _Waiting, now: float) -> bool:
        if _is_reply(sms.text):
            return sms.attempts >= self._policy.sms_attempts_max
        return now - sms.stored_at >= self._policy.notice_keep_s


def _is_reply(text: str) -> bool:
    """Whether an SMS answers a request; else it is a notice, sealed or a plain sentence."""
    try:
        return isinstance(decode_down(from_text(text)), Reply)
    except WireError:
        return False
