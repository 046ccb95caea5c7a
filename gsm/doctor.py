"""What stands between a program and its first SMS, looked at one thing after the other, without I/O.

`examine` asks an `Observer` for one observation at a time and makes a `Finding` of it. What cannot be looked at,
because something before it is in the way, is skipped and said to be. Nothing here sends a PIN or a PUK.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from gsm.asking import Heard, Reply
from gsm.final_results import refusal_of
from gsm.find import Candidate
from gsm.holders import Program
from gsm.network_time import network_time_of
from gsm.own_number import locate_own_number
from gsm.port_path import Unfit
from gsm.sim import imsi_of, pin_state_of, service_centre_of
from gsm.usb import UsbDevice
from gsm.usb_modems import NEVER_ASKED, Role

# <rssi> of +CSQ: 5 is -103 dBm (TS 27.007 clause 8.5); a phone need not hear less than -102 (TS 45.005 clause 6.2).
RSSI_WEAK_MAX = 5
_RSSI_UNKNOWN = 99
# +CMS ERROR: SMSC address unknown (TS 27.005 clause 3.2.5).
_CENTRE_UNKNOWN = 330
# A long text comes in several parts, and a burst of them must find room: chosen.
SLOTS_FREE_MIN = 3
# The network's time is given when it suits it and need not be exact (TS 22.042 clause 5); an hour's error is always
# one of the zone. Chosen between.
CLOCK_OFF_S_MAX = 300
_A_QUARTER_S = 900

# Some modems do not say what is asked for, and fail for want of it (TS 27.007 clause 9.2.1).
_ASKED_BY_ERROR = {11: "SIM PIN", 12: "SIM PUK"}
_REGISTRATION = re.compile(r"\+CE?REG: *\d *, *(\d+)")
_SIGNAL = re.compile(r"\+CSQ: *(\d+)")
_SPACE = re.compile(r'"?(\w+)"? *, *(\d+) *, *(\d+)')
# Registered, at home or abroad; 6 and 7 are for SMS only (TS 27.007 clause 7.2).
_AT_HOME, _ABROAD = {"1", "6"}, {"5", "7"}
# vcgencmd get_throttled: bit 0 under-voltage now, bit 16 since the start (Raspberry Pi documentation, "vcgencmd").
_LOW_NOW, _LOW_BEFORE = 1 << 0, 1 << 16

# ---- what is observed


@dataclass(frozen=True, slots=True)
class Ports:
    """The port to examine, None where there is none or too many; all that may have a modem; and the port asked for.

    `unfit` is why the port that was asked for is none.
    """

    chosen: Candidate | None
    others: tuple[Candidate, ...] = ()
    wanted: str | None = None
    several: bool = False
    unfit: Unfit | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Whether this user may use the port; its group; and whether that is his, or will be at his next login."""

    allowed: bool
    user: str
    group: str
    is_member: bool


@dataclass(frozen=True, slots=True)
class Rivals:
    """Who has the port open, and whether ModemManager runs that no rule keeps away from it."""

    programs: tuple[Program, ...]
    modem_manager: bool


class Delivery(Enum):
    """What became of a text that the SIM sent to itself."""

    ARRIVED = auto()
    REFUSED = auto()
    UNKNOWN = auto()
    LOST = auto()


class Observer(Protocol):
    """One patient: a machine and the modem on it. Only `send_to_itself` costs money."""

    number: str | None  # as the person gave it
    pin_at_hand: bool  # whether the person gave a PIN for the SIM; nobody here sends it

    def number_kept_of(self, imsi: str) -> str | None:
        """The number that was kept of this SIM when it was asked for, or seen, before."""

    def ports(self) -> Ports:
        """Which port is meant."""

    def access(self, port: str) -> Access:
        """Who may use it."""

    def rivals(self, port: str) -> Rivals:
        """Who uses it."""

    def drives(self) -> Sequence[UsbDevice]:
        """The modems that still show a drive."""

    def hear(self, port: str) -> Heard:
        """What it answers to AT."""

    def command(self, line: str) -> Sequence[str]:
        """The answer's lines, the last the final result; none if none came."""

    def agrees_to_sms(self, number: str) -> bool:
        """Whether the person wants a text sent to this number."""

    def send_to_itself(self, number: str) -> tuple[Delivery, str]:
        """Send a text to the SIM's own number and wait for it; with what the modem said."""

    def throttled(self) -> int | None:
        """The bits of `vcgencmd get_throttled`; None where there is none."""

    def now(self) -> datetime:
        """The machine's time."""


# ---- what is found


class Check(Enum):
    """What is looked at, in this order."""

    DEVICE = "device"
    PERMISSION = "permission"
    RIVAL = "another-program"
    MODE_SWITCH = "mode-switch"
    INTERFACE = "interface"
    ANSWERS = "answers-at"
    SIM = "sim"
    PIN = "pin"
    REGISTERED = "registered"
    SIGNAL = "signal"
    CENTRE = "service-centre"
    NUMBER = "own-number"
    STORAGE = "storage"
    TEST_SMS = "test-sms"
    POWER = "power"
    CLOCK = "clock"


class State(Enum):
    """How a check went."""

    WELL = "well"
    MEND = "mend"
    SKIPPED = "skipped"


class Verdict(Enum):
    """All that can be found; the sentences are the program's that shows them."""

    DEVICE_FOUND = auto()
    DEVICE_MISSING = auto()
    DEVICE_SEVERAL = auto()
    PORT_MISSING = auto()
    PORT_DANGLING = auto()
    NOT_A_PORT = auto()
    PERMITTED = auto()
    NOT_IN_GROUP = auto()
    GROUP_NOT_YET = auto()
    NOT_PERMITTED = auto()
    NOBODY_ELSE = auto()
    HELD = auto()
    MODEM_MANAGER = auto()
    SWITCHED = auto()
    STORAGE_MODE = auto()
    INTERFACE_RIGHT = auto()
    INTERFACE_UNKNOWN = auto()
    INTERFACE_WRONG = auto()
    INTERFACE_SECOND = auto()
    ANSWERS = auto()
    SILENT = auto()
    NOT_A_MODEM = auto()
    WENT_SILENT = auto()
    CANNOT_OPEN = auto()
    SIM_PRESENT = auto()
    SIM_MISSING = auto()
    SIM_BUSY = auto()
    PIN_NOT_ASKED = auto()
    PIN_ASKED = auto()
    PIN_AT_HAND = auto()
    PUK_ASKED = auto()
    OTHER_LOCK = auto()
    AT_HOME = auto()
    ABROAD = auto()
    SEARCHING = auto()
    DENIED = auto()
    NOT_SEARCHING = auto()
    SIGNAL_GOOD = auto()
    SIGNAL_WEAK = auto()
    SIGNAL_NONE = auto()
    CENTRE_SET = auto()
    CENTRE_UNSET = auto()
    NUMBER_KNOWN = auto()
    NUMBER_GIVEN = auto()
    NUMBER_KEPT = auto()
    NUMBER_UNKNOWN = auto()
    SPACE = auto()
    SPACE_SHORT = auto()
    FULL = auto()
    SPACE_UNKNOWN = auto()
    SMS_ARRIVED = auto()
    SMS_NOT_WANTED = auto()
    SMS_REFUSED = auto()
    SMS_UNKNOWN = auto()
    SMS_LOST = auto()
    POWER_GOOD = auto()
    POWER_WAS_LOW = auto()
    POWER_LOW = auto()
    POWER_NOT_MEASURED = auto()
    CLOCK_RIGHT = auto()
    CLOCK_WRONG = auto()
    CLOCK_NOT_TOLD = auto()
    NOT_TOLD = auto()
    IN_THE_WAY = auto()

    @property
    def state(self) -> State:
        """Whether it is well, to be mended, or was not looked at."""
        return State.WELL if self in _WELL else State.SKIPPED if self in _SKIPPED else State.MEND


_WELL = {
    Verdict.DEVICE_FOUND,
    Verdict.PERMITTED,
    Verdict.NOBODY_ELSE,
    Verdict.SWITCHED,
    Verdict.INTERFACE_RIGHT,
    Verdict.INTERFACE_UNKNOWN,
    Verdict.ANSWERS,
    Verdict.SIM_PRESENT,
    Verdict.PIN_NOT_ASKED,
    Verdict.AT_HOME,
    Verdict.ABROAD,
    Verdict.SIGNAL_GOOD,
    Verdict.CENTRE_SET,
    Verdict.NUMBER_KNOWN,
    Verdict.NUMBER_GIVEN,
    Verdict.NUMBER_KEPT,
    Verdict.SPACE,
    Verdict.SMS_ARRIVED,
    Verdict.POWER_GOOD,
    Verdict.CLOCK_RIGHT,
}
_SKIPPED = {
    Verdict.PIN_AT_HAND,
    Verdict.SPACE_UNKNOWN,
    Verdict.SMS_NOT_WANTED,
    Verdict.POWER_NOT_MEASURED,
    Verdict.CLOCK_NOT_TOLD,
    Verdict.NOT_TOLD,
    Verdict.IN_THE_WAY,
}
# What is to be mended, or not known, and yet lets the rest be looked at.
_BEARABLE = {
    Verdict.MODEM_MANAGER,
    Verdict.INTERFACE_SECOND,
    Verdict.SIGNAL_WEAK,
    Verdict.SPACE_SHORT,
    Verdict.SPACE_UNKNOWN,
    Verdict.NOT_TOLD,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome, with what was seen: numbers and names for the sentence, never a PIN."""

    check: Check
    verdict: Verdict
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return self.verdict.state

    @property
    def in_the_way(self) -> bool:
        """Whether what builds on it cannot be looked at."""
        return self.state is not State.WELL and self.verdict not in _BEARABLE


@dataclass(slots=True)
class _Examination:
    """What has been found so far."""

    observer: Observer
    ports: Ports | None = None
    number: str | None = None

    @property
    def port(self) -> Candidate:
        assert self.ports is not None, "DEVICE comes first"
        assert self.ports.chosen is not None, "what needs a port needs DEVICE"
        return self.ports.chosen

    def ask(self, command: str) -> Sequence[str]:
        """The modem's answer. Raises _NoAnswer where none came: that says nothing of what was asked about."""
        lines = self.observer.command(command)
        if not lines:
            raise _NoAnswer
        return lines


class _NoAnswer(Exception):
    """The modem stopped answering in the middle."""


def examine(observer: Observer) -> Iterator[Finding]:
    """Look at everything in order; a finding comes when it is made, for some take seconds."""
    examination = _Examination(observer)
    found: dict[Check, Finding] = {}
    for check in Check:
        needs, look = _CHECKS[check]
        barrier = next((need for need in needs if found[need].in_the_way), None)
        if barrier is not None:
            found[check] = Finding(check, Verdict.IN_THE_WAY, {"because": barrier.value})
        else:
            try:
                verdict, facts = look(examination)
            except _NoAnswer:
                verdict, facts = Verdict.WENT_SILENT, {"port": examination.port.path}
            found[check] = Finding(check, verdict, facts)
        yield found[check]


_Outcome = tuple[Verdict, Mapping[str, object]]


# ---- the port

_UNFIT = {Unfit.MISSING: Verdict.PORT_MISSING, Unfit.DANGLING: Verdict.PORT_DANGLING}


def _device(examination: _Examination) -> _Outcome:
    ports = examination.ports = examination.observer.ports()
    if ports.chosen is not None:
        return Verdict.DEVICE_FOUND, {"port": ports.chosen.path, "name": ports.chosen.name}
    others = [each.path for each in ports.others]
    if ports.unfit is not None:
        verdict = _UNFIT.get(ports.unfit, Verdict.NOT_A_PORT)
        return verdict, {"port": ports.wanted, "kind": ports.unfit.name.lower(), "others": others}
    return (Verdict.DEVICE_SEVERAL, {"others": others}) if ports.several else (Verdict.DEVICE_MISSING, {})


def _permission(examination: _Examination) -> _Outcome:
    access = examination.observer.access(examination.port.path)
    facts = {"port": examination.port.path, "user": access.user, "group": access.group}
    if access.allowed:
        return Verdict.PERMITTED, facts
    if access.is_member:
        return Verdict.GROUP_NOT_YET, facts
    return (Verdict.NOT_IN_GROUP if access.group not in ("", "root") else Verdict.NOT_PERMITTED), facts


def _rival(examination: _Examination) -> _Outcome:
    port = examination.port
    rivals = examination.observer.rivals(port.path)
    if rivals.modem_manager:
        return Verdict.MODEM_MANAGER, {"port": port.path, "rule": ignoring_rule(port)}
    if rivals.programs:
        first = rivals.programs[0]
        return Verdict.HELD, {"port": port.path, "program": first.name, "process": first.process}
    return Verdict.NOBODY_ELSE, {"port": port.path}


def ignoring_rule(port: Candidate) -> str:
    """The line of a udev rule that keeps ModemManager away (its manual, "Common udev tags")."""
    if port.usb is None:
        return f'KERNEL=="{port.path.rpartition("/")[2]}", ENV{{ID_MM_PORT_IGNORE}}="1"'
    identity = port.usb.identity
    return (
        f'ATTRS{{idVendor}}=="{identity.vendor_id:04x}", ATTRS{{idProduct}}=="{identity.product_id:04x}", '
        'ENV{ID_MM_DEVICE_IGNORE}="1"'
    )


def _mode_switch(examination: _Examination) -> _Outcome:
    drives = examination.observer.drives()
    if not drives:
        return Verdict.SWITCHED, {}
    first = drives[0]
    ids = f"{first.vendor_id:04x}:{first.product_id:04x}"
    return Verdict.STORAGE_MODE, {"ids": ids, "name": f"{first.manufacturer} {first.product}".strip()}


def _interface(examination: _Examination) -> _Outcome:
    assert examination.ports is not None
    port = examination.port
    facts: dict[str, object] = {"port": port.path, "role": port.role.name.lower()}
    better = [
        each.path
        for each in examination.ports.others
        if each.device == port.device and each.role is Role.AT and (port.role is not Role.AT or each.order < port.order)
    ]
    facts["better"] = better[0] if better else None
    if port.role in NEVER_ASKED:
        return Verdict.INTERFACE_WRONG, facts
    if better and examination.ports.wanted:
        return Verdict.INTERFACE_SECOND, facts
    return (Verdict.INTERFACE_RIGHT if port.role is Role.AT else Verdict.INTERFACE_UNKNOWN), facts


def _answers(examination: _Examination) -> _Outcome:
    port = examination.port
    heard = examination.observer.hear(port.path)
    facts = {"port": port.path, "name": heard.name or port.name, "reply": heard.reply.name.lower()}
    match heard.reply:
        case Reply.ANSWERED:
            return Verdict.ANSWERS, facts
        case Reply.SILENT:
            return Verdict.SILENT, facts
        case Reply.NOISE | Reply.POSITIONS:
            return Verdict.NOT_A_MODEM, facts
    return Verdict.CANNOT_OPEN, facts


# ---- the SIM


def _final(lines: Sequence[str]) -> str:
    return lines[-1]


def _sim(examination: _Examination) -> _Outcome:
    """A SIM that asks for something is there; one that is not there, or broken, is named by the error alone."""
    final = _final(lines := examination.ask("AT+CPIN?"))
    refusal = refusal_of(final)
    if refusal is None or _state_of_pin(lines) is not None:
        return Verdict.SIM_PRESENT, {}
    busy = refusal.is_busy or refusal.is_busy_by_wavecom
    return (Verdict.SIM_BUSY if busy else Verdict.SIM_MISSING), {"said": final}


def _state_of_pin(lines: Sequence[str]) -> str | None:
    refusal = refusal_of(_final(lines))
    asked = _ASKED_BY_ERROR.get(refusal.code or 0) if refusal and refusal.family == "CME" else None
    return pin_state_of(lines) or asked


def _pin(examination: _Examination) -> _Outcome:
    state = _state_of_pin(examination.ask("AT+CPIN?")) or "READY"
    match state:
        case "READY" | "SIM PIN2" | "SIM PUK2":  # the second PIN guards what nobody here uses
            return Verdict.PIN_NOT_ASKED, {}
        case "SIM PIN":
            return (Verdict.PIN_AT_HAND if examination.observer.pin_at_hand else Verdict.PIN_ASKED), {}
        case "SIM PUK":
            return Verdict.PUK_ASKED, {}
    return Verdict.OTHER_LOCK, {"lock": state}


def _number(examination: _Examination) -> _Outcome:
    """In the handset's own order: what the person gave, what is on the SIM, what is kept of it."""
    observer = examination.observer
    if observer.number:
        examination.number = _international(observer.number)
        return Verdict.NUMBER_GIVEN, {"number": examination.number}
    if located := locate_own_number(examination.ask):
        examination.number, place = located
        return Verdict.NUMBER_KNOWN, {"number": examination.number, "place": place.name.lower()}
    imsi = imsi_of(examination.ask("AT+CIMI"))
    if imsi and (kept := observer.number_kept_of(imsi)):
        examination.number = _international(kept)
        return Verdict.NUMBER_KEPT, {"number": examination.number}
    return Verdict.NUMBER_UNKNOWN, {}


def _international(number: str) -> str:
    return "+" + number.removeprefix("+")


def _storage(examination: _Examination) -> _Outcome:
    """The third memory of +CPMS is where messages arrive (TS 27.005 clause 3.2.2); a modem may show only one."""
    answer = next((line for line in examination.ask("AT+CPMS?") if line.startswith("+CPMS:")), "")
    memories = _SPACE.findall(answer.partition(":")[2])
    if not memories:
        return Verdict.SPACE_UNKNOWN, {}
    name, used, total = memories[-1][0], int(memories[-1][1]), int(memories[-1][2])
    facts = {"memory": name, "used": used, "total": total}
    if used >= total:
        return Verdict.FULL, facts
    enough = min(SLOTS_FREE_MIN, total)  # of a SIM with fewer there is no mending that
    return (Verdict.SPACE_SHORT if total - used < enough else Verdict.SPACE), facts


# ---- the network


def _registered(examination: _Examination) -> _Outcome:
    """GSM and UMTS say it by +CREG, LTE by +CEREG (TS 27.007 clauses 7.2 and 10.1.22)."""
    states, said = [], ""
    for command in ("AT+CREG?", "AT+CEREG?"):
        lines = examination.ask(command)
        states += _REGISTRATION.findall("\n".join(lines))
        said = said or _final(lines)
        if _AT_HOME.intersection(states):
            return Verdict.AT_HOME, {}
        if _ABROAD.intersection(states):
            return Verdict.ABROAD, {}
    if not states:
        return Verdict.NOT_TOLD, {"said": said}
    if "3" in states:
        return Verdict.DENIED, {}
    return (Verdict.SEARCHING if "2" in states else Verdict.NOT_SEARCHING), {}


def _signal(examination: _Examination) -> _Outcome:
    found = _SIGNAL.search("\n".join(lines := examination.ask("AT+CSQ")))
    if found is None:
        return Verdict.NOT_TOLD, {"said": _final(lines)}
    rssi = int(found.group(1))
    if rssi >= _RSSI_UNKNOWN:
        return Verdict.SIGNAL_NONE, {}
    facts = {"rssi": rssi, "dbm": -113 + 2 * rssi}
    return (Verdict.SIGNAL_WEAK if rssi <= RSSI_WEAK_MAX else Verdict.SIGNAL_GOOD), facts


def _centre(examination: _Examination) -> _Outcome:
    centre = service_centre_of(lines := examination.ask("AT+CSCA?"))
    if centre is not None:
        return Verdict.CENTRE_SET, {"centre": centre}
    refusal = refusal_of(_final(lines))
    if refusal is None or (refusal.family, refusal.code) == ("CMS", _CENTRE_UNKNOWN):
        return Verdict.CENTRE_UNSET, {}
    return Verdict.NOT_TOLD, {"said": _final(lines)}


def _test_sms(examination: _Examination) -> _Outcome:
    number, observer = examination.number, examination.observer
    assert number is not None, "TEST_SMS needs NUMBER"
    facts: dict[str, object] = {"number": number}
    if not observer.agrees_to_sms(number):
        return Verdict.SMS_NOT_WANTED, facts
    delivery, said = observer.send_to_itself(number)
    return Verdict[f"SMS_{delivery.name}"], {**facts, "said": said}


# ---- the machine


def _power(examination: _Examination) -> _Outcome:
    bits = examination.observer.throttled()
    if bits is None:
        return Verdict.POWER_NOT_MEASURED, {}
    facts = {"throttled": f"{bits:#x}"}
    if bits & _LOW_NOW:
        return Verdict.POWER_LOW, facts
    return (Verdict.POWER_WAS_LOW if bits & _LOW_BEFORE else Verdict.POWER_GOOD), facts


def _clock(examination: _Examination) -> _Outcome:
    told, has_zone = network_time_of(examination.ask("AT+CCLK?"))
    if told is None:
        return Verdict.CLOCK_NOT_TOLD, {}
    off_s = round((examination.observer.now() - told).total_seconds())
    if not has_zone:  # then only what no zone explains is an error
        off_s = (off_s + _A_QUARTER_S // 2) % _A_QUARTER_S - _A_QUARTER_S // 2
    facts = {"off_s": off_s, "network": f"{told:%Y-%m-%d %H:%M:%S} UTC"}
    return (Verdict.CLOCK_WRONG if abs(off_s) > CLOCK_OFF_S_MAX else Verdict.CLOCK_RIGHT), facts


_CHECKS: dict[Check, tuple[tuple[Check, ...], Callable[[_Examination], _Outcome]]] = {
    Check.DEVICE: ((), _device),
    Check.PERMISSION: ((Check.DEVICE,), _permission),
    Check.RIVAL: ((Check.DEVICE,), _rival),
    Check.MODE_SWITCH: ((), _mode_switch),
    Check.INTERFACE: ((Check.DEVICE,), _interface),
    Check.ANSWERS: ((Check.DEVICE, Check.PERMISSION, Check.RIVAL, Check.INTERFACE), _answers),
    Check.SIM: ((Check.ANSWERS,), _sim),
    Check.PIN: ((Check.SIM,), _pin),
    Check.REGISTERED: ((Check.PIN,), _registered),
    Check.SIGNAL: ((Check.ANSWERS,), _signal),
    Check.CENTRE: ((Check.PIN,), _centre),
    Check.NUMBER: ((Check.PIN,), _number),
    Check.STORAGE: ((Check.PIN,), _storage),
    Check.TEST_SMS: ((Check.REGISTERED, Check.CENTRE, Check.NUMBER, Check.STORAGE), _test_sms),
    Check.POWER: ((), _power),
    Check.CLOCK: ((Check.ANSWERS,), _clock),
}
