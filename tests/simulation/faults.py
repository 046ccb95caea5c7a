"""What goes wrong, and how often. Rates are probabilities for each message, event or minute."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Faults:
    """The rates of one run; `NONE` heals the world, so that all that is open can come to its end."""

    sms_lost: float = 0.0
    sms_doubled: float = 0.0
    sms_delay_s_max: float = 2.0
    sms_stray_delay: float = 0.0  # of these, up to ten minutes late
    send_failed: float = 0.0  # the modem says so
    send_unknown: float = 0.0  # the modem does not say
    sms_refused: float = 0.0  # by the SMS centre, to the operator
    crash_before_commit: float = 0.0
    crash_after_commit: float = 0.0  # some of the actions are done, the rest never
    stall: float = 0.0  # from here on one direction of the connection stands still for a while
    stall_s_max: float = 150.0  # two and a half times the operator's patience, so that it gives up
    restart_s_max: float = 20.0  # how long a program that died stays down
    minutes_between_link_breaks: float = 1e9
    minutes_between_restarts: float = 1e9  # of each program
    minutes_between_renewals: float = 1e9  # of seeds and control key


NONE = Faults()


def drawn(random: Random) -> Faults:
    """Draw a world: each kind of fault is absent, rare or frequent, so that runs differ in kind and not in luck."""

    def rate(most: float) -> float:
        return random.choice((0.0, most / 10, most))

    return Faults(
        sms_lost=rate(0.4),
        sms_doubled=rate(0.3),
        sms_delay_s_max=random.choice((2.0, 15.0, 90.0)),
        sms_stray_delay=rate(0.2),
        send_failed=rate(0.2),
        send_unknown=rate(0.2),
        sms_refused=rate(0.2),
        crash_before_commit=rate(0.03),
        crash_after_commit=rate(0.03),
        stall=rate(0.1),
        restart_s_max=random.choice((20.0, 20.0, 240.0)),
        minutes_between_link_breaks=random.choice((1e9, 10.0, 1.0)),
        minutes_between_restarts=random.choice((1e9, 20.0, 3.0)),
        minutes_between_renewals=random.choice((1e9, 20.0, 5.0)),
    )
