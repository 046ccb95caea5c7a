"""Commands of ITU-T V.250: the line itself, settings, S-registers, and the port's parameters."""

from collections.abc import Sequence
from copy import deepcopy

from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Handler, Lines, number_among, numbers, says, shows
from modem_emulator.equipment import Equipment, Settings

# What a USB or UART modem can be set to (V.250 clause 6.2.10); a pty has no speed.
_SPEEDS = (0, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
# S-registers that modems have besides those of the line itself, which are in `Settings.registers`: ring count,
# escape character, waits of dialling and hanging up, and their usual values (V.250 clause 6.3; S1, S2 and S12 of
# custom).
_OTHER_REGISTERS = {1: 0, 2: 43, 6: 2, 8: 2, 10: 15, 12: 50}


def _reset(equipment: Equipment, parameters: Parameters) -> Lines:
    """ATZ: settings as AT&W kept them; registration and SIM stay (V.250 clause 6.1.1)."""
    parameters.number(0, range(2))
    equipment.restore_settings()
    return []


def _reset_to_factory(equipment: Equipment, parameters: Parameters) -> Lines:
    """AT&F: settings as the make of modem starts with (V.250 clause 6.1.2)."""
    parameters.number(0, range(2))
    equipment.settings = Settings.of(equipment.profile)
    return []


def _keep_settings(equipment: Equipment, parameters: Parameters) -> Lines:
    """AT&W: most modems have it, to keep what is set for ATZ and power on; all numbers mean the same place here."""
    parameters.number(0, range(2))
    equipment.kept = deepcopy(equipment.settings)
    return []


def _flag(title: str, source: str, attribute: str) -> Command:
    """ATE, ATV, ATQ."""

    def execute(equipment: Equipment, parameters: Parameters) -> Lines:
        setattr(equipment.settings, attribute, bool(parameters.number(0, range(2))))
        return []

    return Command(title, source, execute=execute)


def _accepted(title: str, source: str, allowed: Sequence[int]) -> Command:
    """A basic command that changes nothing here, within its values."""

    def execute(_equipment: Equipment, parameters: Parameters) -> Lines:
        number_among(parameters, 0, allowed)
        return []

    return Command(title, source, execute=execute)


def _register(number: int, initially: int = 0) -> Command:
    """An S-register (V.250 clause 5.3.2)."""

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        equipment.settings.registers[number] = parameters.number(0, range(256 if number not in (3, 4, 5) else 128))
        return []

    return Command(
        f"S-register {number}",
        "V.250 5.3.2",
        read=shows(lambda equipment: f"{equipment.settings.registers.get(number, initially):03d}"),
        write=write,
    )


def _information(equipment: Equipment, _parameters: Parameters) -> Lines:
    """ATI (V.250 clause 6.1.3)."""
    return [equipment.filled(line) for line in equipment.profile.identity.information]


def _of_profile(title: str, source: str, attribute: str) -> Command:
    def execute(equipment: Equipment, _parameters: Parameters) -> Lines:
        return [getattr(equipment.profile.identity, attribute)]

    return Command(title, source, execute=execute)


def _speed_and_more() -> dict[str, Command]:
    listed_speeds = ",".join(map(str, _SPEEDS))
    return {
        "+IPR": numbers(
            "+IPR",
            "fixed speed of the port",
            "V.250 6.2.10",
            _SPEEDS,
            initially=(0,),
            test=f"(),({listed_speeds})",
        ),
        "+ICF": numbers(
            "+ICF",
            "character framing",
            "V.250 6.2.11",
            range(7),
            range(4),
            initially=(3, 3),
        ),
        "+IFC": numbers("+IFC", "flow control", "V.250 6.2.12", range(4), range(4), initially=(2, 2)),
        "+ILRR": numbers("+ILRR", "report of the port's speed", "V.250 6.2.13", range(2), initially=(0,)),
    }


_NO_LINES: Handler = says()

COMMANDS: dict[str, Command] = {
    "E": _flag("echo", "V.250 6.2.4", "echo"),
    "V": _flag("words or numbers as result codes", "V.250 6.2.6", "verbose"),
    "Q": _flag("no result codes", "V.250 6.2.5", "quiet"),
    "X": _accepted("which call progress is told", "V.250 6.2.7", range(5)),
    "L": _accepted("loudness of the loudspeaker", "V.250 6.3.13", range(4)),
    "M": _accepted("when the loudspeaker is on", "V.250 6.3.14", range(4)),
    "P": _accepted("pulse dialling", "V.250 6.3.3", range(1)),
    "T": _accepted("tone dialling", "V.250 6.3.2", range(1)),
    "I": Command("who the modem is, in several lines", "V.250 6.1.3", execute=_information),
    "Z": Command("settings as kept", "V.250 6.1.1", execute=_reset),
    "&F": Command("settings of the factory", "V.250 6.1.2", execute=_reset_to_factory),
    "&C": _accepted("behaviour of circuit 109 (DCD)", "V.250 6.2.8", range(3)),
    "&D": _accepted("behaviour of circuit 108 (DTR)", "V.250 6.2.9", range(4)),
    "&K": _accepted("flow control", "of custom; V.250 6.2.12 has +IFC", range(7)),
    "&S": _accepted("behaviour of circuit 107 (DSR)", "of custom", range(3)),
    "&V": Command("settings, shown", "of custom", execute=_NO_LINES),
    "&W": Command("settings, kept", "of custom", execute=_keep_settings),
    **{f"S{number}": _register(number) for number in Settings().registers},
    **{f"S{number}": _register(number, initially) for number, initially in _OTHER_REGISTERS.items()},
    "+GMI": _of_profile("manufacturer", "V.250 6.1.4", "manufacturer"),
    "+GMM": _of_profile("model", "V.250 6.1.5", "model"),
    "+GMR": _of_profile("revision", "V.250 6.1.6", "revision"),
    "+GSN": Command("IMEI", "V.250 6.1.7", execute=shows(lambda equipment: equipment.imei)),
    "+GOI": Command("object identifier", "V.250 6.1.8", execute=_NO_LINES),
    "+GCAP": Command(
        "capabilities",
        "V.250 6.1.9",
        execute=shows(lambda equipment: f"+GCAP: {equipment.profile.identity.capabilities}"),
    ),
    **_speed_and_more(),
}
