"""The time that a network tells a modem: when asked (+CCLK), and unasked. No I/O.

    clock.heard("+CTZEU: ...", now_s)
    clock.told(now_s)          # UTC, or None

Unasked, by what is known of each code:
- `+CTZEU: <tz>,<dst>,<utime>` after +CTZR=3: universal time (TS 27.007 clause 8.41).
- `*PSUTTZ: year,month,day,hour,minute,second,"zone",dst` of SIMCom: universal time, as logs show in which +CCLK or the
  time stamp of an SMS follows it.
- `^NWTIME: yy/MM/dd,hh:mm:ss±zz,dd` of Huawei, and `^TIME:` alike: local time with its zone (ModemManager's tests).
Not read: `+CTZV: <tz>`, which is a zone without a time, and `+CTZE`, whose time is local by the clause above, but
universal in a dialogue with the time stamp of an SMS beside it. +CCLK is asked then.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

# Modems that were told no time begin in 1970, 1980 or 2004, depending on the make.
YEAR_MIN = 2020
# How long what was told unasked goes before +CCLK (chosen: a computer's own oscillator is off by less than 0.4 s then).
FRESH_S = 3600.0
REPORT_UNIVERSAL_TIME = "AT+CTZR=3"

_LOCAL = re.compile(r'"?(?:20)?(\d\d)/(\d\d?)/(\d\d?),(\d\d?):(\d\d?):(\d\d?)([+-]\d{1,2})?')
_UNIVERSAL = re.compile(
    r'(?:\+CTZEU: *"?[+-]?\d+"?, *\d, *"?|\*PSUTTZ: *)(\d{4})[/,](\d\d?)[/,](\d\d?),(\d\d?)[:,](\d\d?)[:,](\d\d?)'
)
_LOCAL_UNASKED = re.compile(r"\^(?:NW)?TIME: *(.*)")
_REPORTS = re.compile(r"\+CTZR: *\(([0-9,\- ]+)\)")


def network_time_of(lines: Iterable[str]) -> tuple[datetime | None, bool]:
    """The time in a +CCLK answer as UTC, None if the network has told none; and whether it came with its zone.

    `"yy/MM/dd,hh:mm:ss±zz"`, zz in quarters of an hour (TS 27.007 clause 8.15).
    """
    found = _LOCAL.search("\n".join(lines))
    if found is None:
        return None, False
    *parts, quarters = found.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        zone = timezone(timedelta(minutes=15 * int(quarters or 0)))
        told = datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None, False
    return _if_told(told), quarters is not None


def told_network_time(line: str) -> datetime | None:
    """The time in an unsolicited code as UTC; None for a code, or a time, that says nothing."""
    local = _LOCAL_UNASKED.match(line)
    if local is not None:
        told, has_zone = network_time_of([local.group(1)])
        return told if has_zone else None
    found = _UNIVERSAL.match(line)
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, found.groups())
        return _if_told(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


def reports_universal_time(lines: Iterable[str]) -> bool:
    """Whether the answer to +CTZR=? offers 3, the report with universal time."""
    for line in lines:
        offered = _REPORTS.match(line)
        if offered is not None:
            return re.search(r"3|[0-2]-[4-9]", offered.group(1)) is not None
    return False


@dataclass(slots=True)
class NetworkClock:
    """The time that was told last, going on since; `now_s` is of a clock that never jumps."""

    _told: datetime | None = None
    _at_s: float = 0.0

    def heard(self, line: str, now_s: float) -> None:
        """Take an unsolicited code; one that tells no time changes nothing."""
        told = told_network_time(line)
        if told is not None:
            self._told, self._at_s = told, now_s

    def told(self, now_s: float) -> datetime | None:
        """The time now, as UTC; None if none was told, or not within FRESH_S."""
        if self._told is None or now_s - self._at_s > FRESH_S:
            return None
        return self._told + timedelta(seconds=now_s - self._at_s)


def _if_told(told: datetime) -> datetime | None:
    # Two digits of a year: 70 and 80 are the last century's.
    return told if YEAR_MIN <= told.year < YEAR_MIN + 50 else None
