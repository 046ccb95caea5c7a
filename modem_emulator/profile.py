"""What tells one make of modem from another, as data (the TOML files of `profiles/`).

A profile never holds code: identity, announcements, storages, refusals, canned answers and timings are facts about
a modem, each with its source beside it in the file. `parse` turns the parsed TOML into a `Profile` and rejects an
unknown key by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modem_emulator import character_sets, placeholders, records
from modem_emulator.records import InvalidRecord

# The longest that a manual allows a command is three minutes (+COPS=?); an hour is a slip of the pen.
SECONDS_MAX = 3600.0
# A line that comes more often than this leaves no room for anything else at 9600 bits a second.
PERIOD_S_MIN = 0.1
# The largest storage in a manual has 255; an index beyond three digits is no longer read by every client.
SLOTS_MAX = 999

_COMMAND = re.compile(r"(?:[+^$%*#!][A-Z0-9!%./:_-]+|&?[A-Z]\d*)(?:=?\??|=[^?].*)")


class InvalidProfile(InvalidRecord):
    """There is no such profile, or it says something that cannot be; the message names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the modem says it is (TS 27.007 clauses 5.1 to 5.4; V.250 clause 6.1.3).

    `type_allocation_code` are the first 8 digits of its IMEI. `information` is what ATI shows; in it and in all other
    lines of a profile `{imei}`, `{imsi}`, `{iccid}`, `{msisdn}`, `{manufacturer}`, `{model}`, `{revision}`,
    `{capabilities}`, `{rssi}` (0 to 31, 99 unknown), `{registration}` (<stat> of +CREG) and `{sim_state}` (as +CPIN?
    says it) stand for what is so.
    """

    manufacturer: str = "yinxin"
    model: str = "emulated modem"
    revision: str = "1"
    type_allocation_code: str = "35209900"
    information: tuple[str, ...] = ("{manufacturer}", "{model}", "Revision: {revision}", "IMEI: {imei}")
    capabilities: str = "+CGSM"  # what +GCAP shows
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One unsolicited line and when it comes, in seconds after power on.

    With `needs_sim` it waits until the SIM is unlocked; with `if_locked` it comes only if the SIM is locked then.
    """

    text: str
    after_s: float
    needs_sim: bool = False
    if_locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicLine:
    """One unsolicited line that comes again and again; `while_registered` only then.

    It ends, until the next start, when a command succeeds that begins like one of `until` (`^CURC=0`, `+CPMS?`).
    """

    text: str
    every_s: float
    while_registered: bool = True
    until: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """Power on and reset: dead for `silent_s`, without SIM and network for `ready_s`, and what it says meanwhile."""

    silent_s: float = 0.0
    ready_s: float = 0.0
    lines: tuple[Line, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNumber:
    """What +CNUM shows for each own number, with `{name}`, `{number}`, `{digits}` (no +), `{type}`, `{index}`.

    No lines: the modem answers OK alone. `supported` false: +CNUM is an error. `in_phonebook` says whether the ON
    phonebook has the number.
    """

    supported: bool = True
    lines: tuple[str, ...] = ('+CNUM: "{name}","{number}",{type}',)
    in_phonebook: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Message storages by name (SM the SIM, ME the modem, SR status reports, MT all of SM and ME) with their slots,
    which of them +CPMS takes for <mem1>, <mem2> and <mem3>, and which are chosen at power on (TS 27.005 clause 3.2.2).
    `first_index`, 1 or 0, is the <index> of the first slot of each.

    The SIM's own size is a property of the phone, not of the modem: `slots` of SM is only its usual size.
    """

    slots: Mapping[str, int] = field(default_factory=lambda: {"SM": 50, "ME": 100})
    reading: tuple[str, ...] = ("SM", "ME", "MT")
    writing: tuple[str, ...] = ("SM", "ME")
    receiving: tuple[str, ...] = ("SM", "ME")
    initially: tuple[str, ...] = ("SM", "SM", "SM")
    first_index: int = 1
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indications:
    """What +CNMI takes for each of its five parameters and starts with (TS 27.005 clause 3.4.1).

    `supported` false: no +CNMI and no indications, so that a client has to poll.
    """

    supported: bool = True
    mode: tuple[int, ...] = (0, 1, 2, 3)
    mt: tuple[int, ...] = (0, 1, 2, 3)
    bm: tuple[int, ...] = (0, 2)
    ds: tuple[int, ...] = (0, 1, 2)
    bfr: tuple[int, ...] = (0, 1)
    initially: tuple[int, ...] = (0, 0, 0, 0, 0)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterSets:
    """Which character sets +CSCS takes, in the order of its test answer, and which holds at power on."""

    known: tuple[str, ...] = character_sets.NAMES
    initially: str = character_sets.GSM
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How errors are said. `cmee` is its level at power on; `unsupported` answers an unknown command in place of
    ERROR or +CME ERROR: 4 (as `COMMAND NOT SUPPORT` does); `cms_verbose` shows +CMS errors too as text at level 2.
    """

    cmee: int = 0
    unsupported: str | None = None
    cms_verbose: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Commands that this make refuses although the engine knows them (`+CNMI`, or one form: `+CPMS=?`), commands of
    its own with fixed answers (`^SYSINFO` = lines; all forms separately: `^CURC=`, `^CURC?`).
    """

    refused: tuple[str, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = ""

    def refuses(self, name: str, form: str) -> bool:
        """Whether this make refuses a command altogether or in this form (`?`, `=`, `=?`, or empty)."""
        return bool(self.refused) and (name in self.refused or name + form in self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds until a command answers: `answer_s` for all, `by_command` for some (`+COPS=?`, `+CMGS`, `+CPIN=`)."""

    answer_s: float = 0.0
    by_command: Mapping[str, float] = field(default_factory=dict)
    source: str = ""

    def of(self, name: str, form: str) -> float:
        """Seconds until a command in one form (`?`, `=`, `=?`, or empty) answers."""
        if not self.by_command:
            return self.answer_s
        exact = self.by_command.get(name + form)
        return self.by_command.get(name, self.answer_s) if exact is None else exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Deviations that are neither answers nor timings.

    `notices_interrupt`: unsolicited lines come between a command and its result and do not wait for it.
    `pin_space` false writes `+CPIN:READY`. `prompt` is what asks for a message's text.
    """

    notices_interrupt: bool = False
    pin_space: bool = True
    prompt: str = "\r\n> "
    echo: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One make of modem; the default is `generic`, which follows the standards and has every command."""

    name: str = "generic"
    description: str = ""
    identity: Identity = field(default_factory=Identity)
    boot: Boot = field(default_factory=Boot)
    periodic: tuple[PeriodicLine, ...] = ()
    own_number: OwnNumber = field(default_factory=OwnNumber)
    storage: Storage = field(default_factory=Storage)
    indications: Indications = field(default_factory=Indications)
    character_sets: CharacterSets = field(default_factory=CharacterSets)
    errors: Errors = field(default_factory=Errors)
    commands: Commands = field(default_factory=Commands)
    timing: Timing = field(default_factory=Timing)
    behaviour: Behaviour = field(default_factory=Behaviour)

    def lacks(self, name: str, form: str = "") -> bool:
        """Whether this make has not got a command of the engine, or not in this form (`?`, `=`, `=?`, or empty)."""
        if name == "+CNMI" and not self.indications.supported:
            return True
        if name == "+CNUM" and not self.own_number.supported:
            return True
        return self.commands.refuses(name, form)


def parse(name: str, document: Mapping[str, Any]) -> Profile:
    """A profile from a parsed TOML document. Raises InvalidProfile."""
    try:
        profile = records.build(Profile, {"name": name, **document}, name)
        _check_lines(profile)
    except InvalidRecord as error:
        raise InvalidProfile(str(error)) from error
    _check(profile)
    return profile


def _check(profile: Profile) -> None:
    for check in (_check_identity, _check_times, _check_storage, _check_indications, _check_sets, _check_commands):
        check(profile)
    if profile.errors.cmee not in range(3):
        raise InvalidProfile(f"{profile.name}.errors.cmee must be 0, 1 or 2")


def _check_lines(profile: Profile) -> None:
    """Raises InvalidRecord for a line with a name in braces that stands for nothing."""
    lines = {f"boot.lines[{index}].text": line.text for index, line in enumerate(profile.boot.lines)}
    lines |= {f"periodic[{index}].text": line.text for index, line in enumerate(profile.periodic)}
    lines |= {f"identity.information[{index}]": line for index, line in enumerate(profile.identity.information)}
    for command, answer in profile.commands.answers.items():
        lines |= {f"commands.answers.{command}[{index}]": line for index, line in enumerate(answer)}
    for place, line in lines.items():
        placeholders.check(line, placeholders.NAMES, f"{profile.name}.{place}")
    for index, line in enumerate(profile.own_number.lines):
        placeholders.check(line, placeholders.OWN_NUMBER_NAMES, f"{profile.name}.own_number.lines[{index}]")


def _check_identity(profile: Profile) -> None:
    if not re.fullmatch(r"[0-9]{8}", profile.identity.type_allocation_code):
        raise InvalidProfile(f"{profile.name}.identity.type_allocation_code must have 8 digits")


def _check_times(profile: Profile) -> None:
    boot, timing = profile.boot, profile.timing
    times = {"boot.silent_s": boot.silent_s, "boot.ready_s": boot.ready_s, "timing.answer_s": timing.answer_s}
    times |= {f"boot.lines[{index}].after_s": line.after_s for index, line in enumerate(boot.lines)}
    times |= {f"timing.by_command.{name}": seconds for name, seconds in timing.by_command.items()}
    for place, seconds in times.items():
        if not 0.0 <= seconds <= SECONDS_MAX:
            raise InvalidProfile(f"{profile.name}.{place} must be 0 to {SECONDS_MAX:.0f} seconds")
    for index, periodic in enumerate(profile.periodic):
        if not PERIOD_S_MIN <= periodic.every_s <= SECONDS_MAX:
            raise InvalidProfile(
                f"{profile.name}.periodic[{index}].every_s must be {PERIOD_S_MIN} to {SECONDS_MAX:.0f} seconds"
            )


def _check_storage(profile: Profile) -> None:
    place, storage = f"{profile.name}.storage", profile.storage
    for memory, slots in storage.slots.items():
        if memory == "MT" or not re.fullmatch(r"[A-Z]{2}", memory):
            raise InvalidProfile(f"{place}.slots.{memory}: a storage is named by two letters, not MT")
        if slots not in range(1, SLOTS_MAX + 1):
            raise InvalidProfile(f"{place}.slots.{memory} must be 1 to {SLOTS_MAX}")
    if storage.first_index not in range(2):
        raise InvalidProfile(f"{place}.first_index must be 0 or 1")
    _check_chosen(place, storage)


def _check_chosen(place: str, storage: Storage) -> None:
    known = {*storage.slots, "MT"}
    for key in ("reading", "writing", "receiving", "initially"):
        for memory in getattr(storage, key):
            if memory not in known:
                raise InvalidProfile(f"{place}.{key} names {memory}, which has no slots")
    if len(storage.initially) != 3:
        raise InvalidProfile(f"{place}.initially must name three storages")
    for memory, key in zip(storage.initially, ("reading", "writing", "receiving"), strict=True):
        if memory not in getattr(storage, key):
            raise InvalidProfile(f"{place}.initially: {memory} is not in {key}")


def _check_indications(profile: Profile) -> None:
    """TS 27.005 clause 3.4.1 has no other values than these."""
    indications = profile.indications
    parameters = {"mode": range(4), "mt": range(4), "bm": range(4), "ds": range(3), "bfr": range(2)}
    if len(indications.initially) != len(parameters):
        raise InvalidProfile(f"{profile.name}.indications.initially must have five numbers")
    for (key, allowed), at_first in zip(parameters.items(), indications.initially, strict=True):
        values = getattr(indications, key)
        if not values or any(value not in allowed for value in values):
            raise InvalidProfile(f"{profile.name}.indications.{key} must have numbers of 0 to {allowed.stop - 1}")
        if at_first not in values:
            raise InvalidProfile(f"{profile.name}.indications.initially: {at_first} is not in {key}")


def _check_sets(profile: Profile) -> None:
    sets = profile.character_sets
    for name in sets.known:
        if name not in character_sets.NAMES:
            raise InvalidProfile(
                f"{profile.name}.character_sets.known: {name!r} is none of {', '.join(character_sets.NAMES)}"
            )
    if sets.initially not in sets.known:
        raise InvalidProfile(f"{profile.name}.character_sets.initially: {sets.initially!r} is not in known")


def _check_commands(profile: Profile) -> None:
    periodic = [(f"periodic[{index}].until", one.until) for index, one in enumerate(profile.periodic)]
    places = [
        ("commands.refused", profile.commands.refused),
        ("commands.answers", tuple(profile.commands.answers)),
        ("timing.by_command", tuple(profile.timing.by_command)),
        *periodic,
    ]
    for place, commands in places:
        for command in commands:
            if not _COMMAND.fullmatch(command):
                raise InvalidProfile(
                    f"{profile.name}.{place}: {command!r} is no command; write it without AT and in capitals"
                )
