"""The numbers of the operator's rules: times in seconds, and a limit on everything that grows."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Policy:
    """Chosen values, each with its reason. The simulation and the tests pass others."""

    # A bank on a wired link answers within a second; five leave room for a slow commit and save needless repeats.
    repeat_s: float = 5.0
    # A customer waits about a minute for an SMS; what is undecided then is undone rather than left open.
    give_up_s: float = 60.0
    # A reversal never gives up; while the bank cannot answer it, once a minute costs nothing.
    reversal_repeat_s_max: float = 60.0
    # The bank closes a serial after an hour (`transaction_open_s` there); its keys are of no use here after that.
    transaction_open_s: float = 3600.0
    # A bank that refuses three fresh serials in a row will refuse the fourth: its keys and ours differ.
    fresh_serials_max: int = 3

    # Firewalls forget idle connections after minutes; half a minute also finds a dead bank before a customer does.
    echo_idle_s: float = 30.0
    # Sign-on and echo need no work at the bank: no answer in ten seconds is no bank.
    network_answer_s: float = 10.0
    # A bank that has no keys for us yet is waiting for its custodians: ask now and then.
    keys_ask_s: float = 30.0
    # Notices sealed under the previous seeds are repeated by the bank until answered; an hour outlasts a restart.
    seeds_overlap_s: float = 3600.0

    # A phone has one transfer in hand; a second app on it, or an impatient customer, a few more.
    unanswered_per_msisdn_max: int = 4
    # At a minute each, twenty seconds of a bank that does a hundred transfers a second. Reversals count.
    unanswered_max: int = 2000
    # Idle ones wait for the customer to confirm a name. Above `unanswered_max`, so that one to drop is always idle.
    open_transactions_max: int = 10_000
    # Replies and notices that wait for the SMS centre: an hour's outage on a small platform, about 2 MB. Notices find
    # room in the first half only.
    outbox_max: int = 10_000
    # A handset resends for hours, not for weeks; after a month a stored answer serves nobody.
    answers_keep_s: float = 30 * 86400.0
    # The SMS centre refused a reply: 5, 10, 20, 40 and 80 s later perhaps not. After that the handset's resend asks
    # anew.
    sms_attempts_max: int = 6
    sms_retry_s: float = 5.0
    # A notice is tried on, at most an hour apart, so that it comes within the hour after the SMS centre has recovered.
    sms_retry_s_max: float = 3600.0
    # Nobody resends a notice: a week outlasts a holiday with an SMS centre out of order. A number refused for longer
    # is gone. Below `answers_keep_s`, in which the bank's repeat is known again.
    notice_keep_s: float = 7 * 86400.0

    notice_language: Literal["zh", "en"] = "zh"
