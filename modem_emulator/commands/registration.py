"""Network registration, operator and signal (TS 27.007 clauses 7.2, 7.3, 7.19 to 7.21, 8.5, 8.69 and 10.1)."""

from modem_emulator import character_sets
from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.table import Command, Lines, Needs, numbers, says, shows
from modem_emulator.equipment import RSSI_UNKNOWN, Equipment
from modem_emulator.errors import Cme, CommandFailed

# <AcT> 0 is GSM.
ACCESS_TECHNOLOGY = 0
# The one cell that there is, as four and eight hexadecimal digits, and its routing area.
AREA, CELL, ROUTING_AREA = "1A2B", "0000C3D4", "01"
PREFERRED_OPERATORS_MAX = 8


def report(equipment: Equipment, name: str, level: int) -> str:
    """The unsolicited line of +CREG, +CGREG or +CEREG at that <n> (1 or 2) for the state as it is."""
    return f"{name}: {_state(equipment, name, level)}"


def _state(equipment: Equipment, name: str, level: int) -> str:
    if name == "+CEREG":
        return "0"  # a network of the second generation has no EPS to register with
    state = str(equipment.registration)
    if level == 2 and equipment.registered:
        state += f',"{AREA}","{CELL}",{ACCESS_TECHNOLOGY}'
        if name == "+CGREG":
            state += f',"{ROUTING_AREA}"'
    return state


def _reports(name: str, title: str, source: str) -> Command:
    """+CREG, +CGREG, +CEREG: reports off, of the state, or with the cell; and the state."""

    def show(equipment: Equipment) -> str:
        level = equipment.settings.registration_reports.get(name, 0)
        return f"{name}: {level},{_state(equipment, name, level)}"

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        equipment.settings.registration_reports[name] = parameters.number(0, range(3))
        return []

    return Command(title, source, read=shows(show), write=write, test=says(f"{name}: (0-2)"))


def _signal(equipment: Equipment) -> str:
    return f"+CSQ: {equipment.signal},99"


def _extended_signal(equipment: Equipment) -> str:
    """+CESQ (TS 27.007 clause 8.69): <rxlev> 0 is below -110 dBm, in steps of 1 dB; the rest is of other networks."""
    rssi = equipment.signal
    level = 99 if rssi == RSSI_UNKNOWN else min(63, max(0, -113 + 2 * rssi + 111))
    return f"+CESQ: {level},99,255,255,255,255"


def _name_as(equipment: Equipment, shown: int) -> str:
    plmn = equipment.plmn
    return plmn.code if shown == 2 else character_sets.encode(plmn.name, equipment.settings.character_set)


def _operator(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+COPS? in the format that was asked for: 0 and 1 name, 2 number (TS 27.007 clause 7.3)."""
    mode = 2 if equipment.deregistered else equipment.operator_mode
    if not equipment.registered:
        return [f"+COPS: {mode}"]
    shown = equipment.settings.operator_format
    return [f'+COPS: {mode},{shown},"{_name_as(equipment, shown)}",{ACCESS_TECHNOLOGY}']


def _choose_operator(equipment: Equipment, parameters: Parameters) -> Lines:
    """+COPS=: 0 automatic, 1 manual (ours only), 2 leave the network, 3 set the format, 4 manual then automatic."""
    mode = parameters.number(0, range(5))
    shown = parameters.number(1, range(3), default=equipment.settings.operator_format)
    if mode == 3:
        parameters.number(1, range(3))
    equipment.settings.operator_format = shown
    if mode == 3:
        return []
    parameters.number(3, range(10), default=ACCESS_TECHNOLOGY)
    if mode in (1, 4):
        wanted = parameters.text(2)
        known = wanted in (_name_as(equipment, shown), equipment.plmn.name, equipment.plmn.code)
        if not known and mode == 1:
            raise CommandFailed(Cme.NO_NETWORK_SERVICE)
        equipment.operator_mode = 1 if known else 0
    elif mode == 0:
        equipment.operator_mode = 0
    equipment.deregistered = mode == 2
    return []


def _operators(equipment: Equipment) -> str:
    """+COPS=?: the current network (<stat> 2), then the modes and formats; nothing is found without radio."""
    found = ""
    if equipment.registered or (equipment.deregistered and equipment.rssi is not None):
        name = _name_as(equipment, 0)
        found = f'({2 if equipment.registered else 1},"{name}","{name}","{equipment.plmn.code}",{ACCESS_TECHNOLOGY})'
    return f"+COPS: {found},,(0-4),(0-2)"


def _list_operators(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+COPN (TS 27.007 clause 7.21)."""
    return [f'+COPN: "{equipment.plmn.code}","{_name_as(equipment, 0)}"']


def _preferred(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CPOL? (TS 27.007 clause 7.19), in numbers."""
    return [f'+CPOL: {place},2,"{code}"' for place, code in sorted(equipment.preferred_operators.items())]


def _prefer(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPOL=<index>[,<format>,<oper>]: write or erase an entry, or choose the format alone."""
    places = range(1, PREFERRED_OPERATORS_MAX + 1)
    kept = equipment.preferred_operators
    if not parameters.text(0, default=""):
        parameters.number(1, range(3))  # the format of what is shown: there are numbers only
        return []
    place = parameters.number(0, places)
    if len(parameters) == 1:
        kept.pop(place, None)
        return []
    shown, code = parameters.number(1, range(3)), parameters.text(2)
    if shown != 2 and code == _name_as(equipment, shown):
        code = equipment.plmn.code
    if not (code.isascii() and code.isdigit() and len(code) in (5, 6)):
        raise InvalidParameter("an operator is a number of 5 or 6 digits")
    kept[place] = code
    return []


COMMANDS: dict[str, Command] = {
    "+CREG": _reports("+CREG", "registration", "TS 27.007 7.2"),
    "+CGREG": _reports("+CGREG", "registration for packets", "TS 27.007 10.1.20"),
    "+CEREG": _reports("+CEREG", "registration with EPS", "TS 27.007 10.1.22"),
    "+COPS": Command(
        "operator", "TS 27.007 7.3", read=_operator, write=_choose_operator, test=shows(_operators), needs=Needs.SIM
    ),
    "+CPOL": Command(
        "preferred operators",
        "TS 27.007 7.19",
        read=_preferred,
        write=_prefer,
        test=says(f"+CPOL: (1-{PREFERRED_OPERATORS_MAX}),(0-2)"),
        needs=Needs.SIM,
    ),
    "+CPLS": numbers(
        "+CPLS",
        "which list of preferred operators",
        "TS 27.007 7.20",
        range(1),
        initially=(0,),
        needs=Needs.SIM,
    ),
    "+COPN": Command("names of operators", "TS 27.007 7.21", execute=_list_operators),
    "+CSQ": Command("signal", "TS 27.007 8.5", execute=shows(_signal), test=says("+CSQ: (0-31,99),(99)")),
    "+CESQ": Command(
        "signal of all networks",
        "TS 27.007 8.69",
        execute=shows(_extended_signal),
        test=says("+CESQ: (0-63,99),(99),(255),(255),(255),(255)"),
    ),
}
