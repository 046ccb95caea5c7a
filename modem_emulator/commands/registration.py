"""Network registration, operator and signal (TS 27.007 clauses 7.2, 7.3, 8.5 and 10.1.20)."""

from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Lines, Needs, says, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cme, CommandFailed

# <AcT> 0 is GSM.
ACCESS_TECHNOLOGY = 0


def _reports(name: str) -> Command:
    """+CREG, +CGREG: reports off or on, and the state."""

    def show(equipment: Equipment) -> str:
        return f"{name}: {equipment.settings.registration_reports.get(name, 0)},{equipment.registration}"

    def write(equipment: Equipment, parameters: Parameters) -> Lines:
        equipment.settings.registration_reports[name] = parameters.number(0, range(2))
        return []

    return Command(read=shows(show), write=write, test=says(f"{name}: (0,1)"))


def _signal(equipment: Equipment) -> str:
    return f"+CSQ: {equipment.signal},99"


def _operator(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+COPS? in the format that was asked for: 0 and 1 name, 2 number (TS 27.007 clause 7.3)."""
    mode = 2 if equipment.deregistered else 0
    if not equipment.registered:
        return [f"+COPS: {mode}"]
    shown, plmn = equipment.settings.operator_format, equipment.plmn
    name = plmn.code if shown == 2 else plmn.name
    return [f'+COPS: {mode},{shown},"{name}",{ACCESS_TECHNOLOGY}']


def _choose_operator(equipment: Equipment, parameters: Parameters) -> Lines:
    """+COPS=: 0 automatic, 1 manual (ours only), 2 leave the network, 3 set the format, 4 manual then automatic."""
    mode = parameters.number(0, range(5))
    equipment.settings.operator_format = parameters.number(1, range(3), default=equipment.settings.operator_format)
    if mode == 3:
        return []
    if mode == 1 and parameters.text(2) not in (equipment.plmn.name, equipment.plmn.code):
        raise CommandFailed(Cme.NO_NETWORK_SERVICE)
    equipment.deregistered = mode == 2
    return []


def _operators(equipment: Equipment) -> str:
    plmn = equipment.plmn
    return f'+COPS: (2,"{plmn.name}","{plmn.name}","{plmn.code}",{ACCESS_TECHNOLOGY}),,(0-4),(0-2)'


COMMANDS: dict[str, Command] = {
    "+CREG": _reports("+CREG"),
    "+CGREG": _reports("+CGREG"),
    "+CSQ": Command(execute=shows(_signal), test=says("+CSQ: (0-31,99),(99)")),
    "+COPS": Command(read=_operator, write=_choose_operator, test=shows(_operators), needs=Needs.SIM),
}
