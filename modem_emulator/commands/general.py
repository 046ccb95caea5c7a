"""V.250 basic commands, and who the modem is (TS 27.007 clauses 5, 6 and 8)."""

from collections.abc import Callable
from datetime import UTC, datetime

from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Handler, Lines, Needs, says, setting, shows
from modem_emulator.equipment import Equipment, Settings
from modem_emulator.errors import Cme, CommandFailed

CHARACTER_SETS = ("GSM", "IRA", "UCS2", "HEX")


def _reset(equipment: Equipment, _parameters: Parameters) -> Lines:
    """ATZ and AT&F: settings as at the start; registration and SIM stay (V.250 clauses 6.1.1 and 6.1.2)."""
    equipment.settings = Settings.of(equipment.profile)
    return []


def _flag(attribute: str) -> Command:
    """ATE, ATV, ATQ (V.250 clauses 6.2.4 to 6.2.6)."""

    def execute(equipment: Equipment, parameters: Parameters) -> Lines:
        setattr(equipment.settings, attribute, bool(parameters.number(0, range(2))))
        return []

    return Command(execute=execute)


def _register(number: int) -> Command:
    """An S-register (V.250 clauses 5.3.2 and 6.2.1 to 6.2.3)."""

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        equipment.settings.registers[number] = parameters.number(0, range(128))
        return []

    return Command(
        read=shows(lambda equipment: f"{equipment.settings.registers[number]:03d}"),
        write=write,
    )


def _dial(_equipment: Equipment, _parameters: Parameters) -> Lines:
    """ATD: there are no calls in this network."""
    raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)


def _identity(make: Callable[[Equipment], str]) -> Command:
    return Command(execute=shows(make), test=says())


def _information(equipment: Equipment, _parameters: Parameters) -> Lines:
    """ATI (V.250 clause 6.1.3)."""
    return [equipment.filled(line) for line in equipment.profile.identity.information]


def _set_functionality(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CFUN (TS 27.007 clause 8.2): 0 minimum, 1 full, 4 radio off; with reset the SIM wants its PIN again."""
    functionality = parameters.number(0, range(5))
    if functionality not in (0, 1, 4):
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    if parameters.number(1, range(2), default=0):
        equipment.sim.power_cycle()
        equipment.settings = Settings.of(equipment.profile)
    equipment.functionality = functionality
    return []


def _set_character_set(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CSCS (TS 27.007 clause 5.5)."""
    name = parameters.text(0).upper()
    if name not in CHARACTER_SETS:
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    equipment.settings.character_set = name
    return []


def _clock(equipment: Equipment) -> str:
    """+CCLK (TS 27.007 clause 8.15), in UTC."""
    return f'+CCLK: "{datetime.fromtimestamp(equipment.now_s, UTC):%y/%m/%d,%H:%M:%S}+00"'


def _list_commands(_equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CLAC (TS 27.007 clause 8.37)."""
    from modem_emulator.commands import COMMANDS  # the table holds this handler

    return [f"AT{name}" for name in COMMANDS]


_ACCEPTED: Handler = says()
_NOTHING = Command(execute=_ACCEPTED)

COMMANDS: dict[str, Command] = {
    "E": _flag("echo"),
    "V": _flag("verbose"),
    "Q": _flag("quiet"),
    "X": _NOTHING,
    "H": _NOTHING,
    "M": _NOTHING,
    "L": _NOTHING,
    "D": Command(execute=_dial),
    "I": Command(execute=_information),
    "Z": Command(execute=_reset),
    "&F": Command(execute=_reset),
    "&C": _NOTHING,
    "&D": _NOTHING,
    "&W": _NOTHING,
    **{f"S{number}": _register(number) for number in Settings().registers},
    "+GMI": _identity(lambda equipment: equipment.profile.identity.manufacturer),
    "+GMM": _identity(lambda equipment: equipment.profile.identity.model),
    "+GMR": _identity(lambda equipment: equipment.profile.identity.revision),
    "+GSN": _identity(lambda equipment: equipment.imei),
    "+CGMI": _identity(lambda equipment: equipment.profile.identity.manufacturer),
    "+CGMM": _identity(lambda equipment: equipment.profile.identity.model),
    "+CGMR": _identity(lambda equipment: equipment.profile.identity.revision),
    "+CGSN": _identity(lambda equipment: equipment.imei),
    "+GCAP": Command(execute=shows(lambda equipment: f"+GCAP: {equipment.profile.identity.capabilities}"), test=says()),
    "+CMEE": setting("+CMEE", "cmee", range(3)),
    "+CFUN": Command(
        read=shows(lambda equipment: f"+CFUN: {equipment.functionality}"),
        write=_set_functionality,
        test=says("+CFUN: (0,1,4),(0,1)"),
    ),
    "+CSCS": Command(
        read=shows(lambda equipment: f'+CSCS: "{equipment.settings.character_set}"'),
        write=_set_character_set,
        test=says("+CSCS: (" + ",".join(f'"{name}"' for name in CHARACTER_SETS) + ")"),
    ),
    "+CCLK": Command(read=shows(_clock)),
    "+CLAC": Command(execute=_list_commands),
    "+CLIP": setting("+CLIP", "caller_identity", range(2), needs=Needs.SIM),
    "+CRC": setting("+CRC", "extended_ring", range(2)),
    "+CVHU": setting("+CVHU", "hang_up_control", range(3)),
    "+CUSD": setting("+CUSD", "ussd", range(3), needs=Needs.SIM),
}
