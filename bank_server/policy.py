"""The bank's limits and waiting times, all in one place."""

from dataclasses import dataclass

DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits in fen and numbers, times in seconds. A day is a day of UTC."""

    transfer_fen_max: int = 5_000_000  # one transfer: 50,000 yuan
    daily_fen_max: int = 20_000_000  # all transfers of one account on one day
    daily_transfers_max: int = 20
    daily_inquiries_max: int = 30  # holder inquiries of one number on one day: names must not be harvested
    pin_tries_max: int = 3
    transaction_open_s: int = 3600  # a registered serial serves this long
    # An operator gives up after a minute; a day outlasts a night without the bank. Later it would be somebody's trick.
    reversible_s: int = DAY_S
    overlap_s: int = 600  # registrations under an older control key are taken this long after the newer one arrived
    repeat_s: float = 5.0  # between repeats of a key block or a notice that was not answered
    notices_in_flight_max: int = 32  # for each operator; the others wait in the outbox
    iso_answers_kept_s: int = 2 * DAY_S  # DE7 has no year; an operator gives up after a minute
    terminal_answers_kept_s: int = 30 * DAY_S  # inquiries and balances; outcomes of transfers are kept for ever
    purge_every_s: float = 3600.0

    def key_kept_s(self) -> int:
        """How long a control key is kept after a newer one arrived: a last transaction may still be open under it."""
        return self.overlap_s + self.transaction_open_s


def day_of(now: float) -> int:
    """Return the number of the UTC day that `now` (Unix seconds) is in."""
    return int(now // DAY_S)
