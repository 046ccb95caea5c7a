"""Who the modem is, and what it does as a whole (TS 27.007 clauses 5, 8 and 9)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from modem_emulator import text_mode
from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.table import Command, Lines, number_among, numbers, says, setting, shows
from modem_emulator.equipment import RSSI_UNKNOWN, Equipment
from modem_emulator.errors import Cme, CommandFailed
from modem_emulator.profile import Profile

_FUNCTIONALITIES = (0, 1, 4)


def _identity(title: str, source: str, make: Callable[[Equipment], str]) -> Command:
    return Command(title, source, execute=shows(make))


def _serial_number(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CGSN (TS 27.007 clause 5.4): 0 serial number, 1 IMEI, 2 IMEI and software version, 3 software version."""
    which = parameters.number(0, range(4), default=0)
    version = "00"
    shown = (
        equipment.imei,
        f'+CGSN: "{equipment.imei}"',
        f'+CGSN: "{equipment.imei[:14]}{version}"',
        f'+CGSN: "{version}"',
    )
    return [shown[which]]


def _set_functionality(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CFUN (TS 27.007 clause 8.2): 0 minimum, 1 full, 4 radio off; with <rst> 1 the modem starts anew after OK."""
    functionality = number_among(parameters, 0, _FUNCTIONALITIES)
    if parameters.number(1, range(2), default=0):
        equipment.restart = functionality
    else:
        equipment.functionality = functionality
    return []


def _character_sets(equipment: Equipment) -> str:
    return "+CSCS: (" + ",".join(f'"{name}"' for name in equipment.profile.character_sets.known) + ")"


def _set_character_set(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSCS (TS 27.007 clause 5.5)."""
    name = parameters.text(0).upper()
    if name not in equipment.profile.character_sets.known:
        raise CommandFailed(Cme.INCORRECT_PARAMETERS)
    equipment.settings.character_set = name
    return []


def _choose_technology(_equipment: Equipment, parameters: Parameters) -> Lines:
    """+WS46=12: GSM only, which is what this network is (TS 27.007 clause 5.9)."""
    number_among(parameters, 0, (12,))
    return []


def _clock(equipment: Equipment) -> str:
    """+CCLK? (TS 27.007 clause 8.15): the time that was set, else UTC."""
    quarters = equipment.clock_quarters
    zone = timezone(timedelta(minutes=15 * quarters))
    moment = datetime.fromtimestamp(equipment.clock.shown_s(equipment.now_s) + equipment.clock_ahead_s, zone)
    return f'+CCLK: "{moment:%y/%m/%d,%H:%M:%S}{quarters:+03d}"'


def _set_clock(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CCLK="yy/MM/dd,hh:mm:ss±zz"; the offset may be left out."""
    moment = text_mode.parse_moment(parameters.text(0))
    if moment is None or len(parameters) > 1:
        raise InvalidParameter("not a moment")
    offset = moment.utcoffset() or timedelta(0)
    equipment.clock_ahead_s = moment.timestamp() - equipment.clock.shown_s(equipment.now_s)
    equipment.clock_quarters = round(offset / timedelta(minutes=15))
    return []


def commands_of(profile: Profile) -> dict[str, Command]:
    """The commands of the engine's table that a modem of this make has, by name."""
    from modem_emulator.commands import COMMANDS  # the table holds a handler of this module

    return {name: command for name, command in COMMANDS.items() if not profile.lacks(name)}


def own_names(profile: Profile) -> dict[str, None]:
    """Names of the commands that this make alone has, in their order."""
    return dict.fromkeys(re.sub(r"(=\?|\?|=.*)$", "", name) for name in profile.commands.answers)


def _list_commands(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CLAC (TS 27.007 clause 8.37): what this make has of the table, and its own commands."""
    profile = equipment.profile
    own = own_names(profile)
    return [f"AT{name}" for name in dict.fromkeys([*commands_of(profile), *own])]


# Indicators of +CIND with the range of each (TS 27.007 clause 8.9).
_INDICATORS = (
    ("battchg", "0-5"),
    ("signal", "0-5"),
    ("service", "0,1"),
    ("message", "0,1"),
    ("call", "0,1"),
    ("roam", "0,1"),
    ("smsfull", "0,1"),
)


def _indicators(equipment: Equipment) -> str:
    """+CIND?"""
    signal = 0 if equipment.signal == RSSI_UNKNOWN else min(5, equipment.signal // 6)
    slots = equipment.storage(equipment.memories[2])
    unread = any(message.status == 0 for _, message in slots)
    full = slots.used >= slots.size
    return f"+CIND: 5,{signal},{int(equipment.registered)},{int(unread)},0,0,{int(full)}"


def _activity(equipment: Equipment) -> str:
    """+CPAS (TS 27.007 clause 8.1): 0 ready, 2 unknown: the modem does not take its commands."""
    return f"+CPAS: {0 if equipment.functionality == 1 else 2}"


COMMANDS: dict[str, Command] = {
    "+CGMI": _identity("manufacturer", "TS 27.007 5.1", lambda equipment: equipment.profile.identity.manufacturer),
    "+CGMM": _identity("model", "TS 27.007 5.2", lambda equipment: equipment.profile.identity.model),
    "+CGMR": _identity("revision", "TS 27.007 5.3", lambda equipment: equipment.profile.identity.revision),
    "+CGSN": Command("IMEI", "TS 27.007 5.4", execute=_serial_number, write=_serial_number, test=says("+CGSN: (0-3)")),
    "+CSCS": Command(
        "character set of strings",
        "TS 27.007 5.5",
        read=shows(lambda equipment: f'+CSCS: "{equipment.settings.character_set}"'),
        write=_set_character_set,
        test=shows(_character_sets),
    ),
    "+WS46": Command(
        "radio access technology",
        "TS 27.007 5.9",
        read=says("12"),
        write=_choose_technology,
        test=says("(12)"),
    ),
    "+CPAS": Command("activity", "TS 27.007 8.1", execute=shows(_activity), test=says("+CPAS: (0,2)")),
    "+CFUN": Command(
        "functionality, and reset",
        "TS 27.007 8.2",
        read=shows(lambda equipment: f"+CFUN: {equipment.functionality}"),
        write=_set_functionality,
        test=says("+CFUN: (0,1,4),(0,1)"),
    ),
    "+CBC": Command("battery", "TS 27.007 8.4", execute=says("+CBC: 0,100"), test=says("+CBC: (0),(0-100)")),
    "+CIND": Command(
        "indicators",
        "TS 27.007 8.9",
        read=shows(_indicators),
        test=says("+CIND: " + ",".join(f'("{name}",({values}))' for name, values in _INDICATORS)),
    ),
    "+CMER": numbers(
        "+CMER",
        "reports of events",
        "TS 27.007 8.10",
        range(4),
        (0,),
        (0,),
        range(3),
        range(2),
        initially=(0, 0, 0, 0, 0),
    ),
    "+CCLK": Command("clock", "TS 27.007 8.15", read=shows(_clock), write=_set_clock),
    "+CLAC": Command("list of commands", "TS 27.007 8.37", execute=_list_commands),
    "+CTZU": numbers("+CTZU", "time zone from the network", "TS 27.007 8.40", range(2), initially=(0,)),
    "+CTZR": numbers("+CTZR", "report of the time zone", "TS 27.007 8.41", range(3), initially=(0,)),
    "+CMEE": setting("+CMEE", "error result codes", "TS 27.007 9.1", "cmee", range(3)),
}
