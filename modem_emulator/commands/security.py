"""SIM identity, PIN and PUK (TS 27.007 clauses 5.6, 7.4, 7.5 and 8.3)."""

from collections.abc import Callable

from modem_emulator import sim
from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Lines, Needs, says, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cme, CommandFailed
from modem_emulator.sim import SimState


def _show_state(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CPIN? (TS 27.007 clause 8.3)."""
    if equipment.sim.state is SimState.BLOCKED:
        raise CommandFailed(Cme.SIM_FAILURE)
    return [f"+CPIN: {equipment.sim.state.value}"]


def _enter(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPIN=<pin> or +CPIN=<puk>,<newpin> (TS 27.007 clause 8.3)."""
    card = equipment.sim
    if len(parameters) >= 2:
        _ask_sim(card, lambda: card.enter_puk(parameters.text(0), parameters.text(1)))
    else:
        _ask_sim(card, lambda: card.enter_pin(parameters.text(0)))
    return []


def _facility_lock(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CLCK for the SIM's PIN request, facility SC (TS 27.007 clause 7.4)."""
    if parameters.text(0).upper() != "SC":
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    mode = parameters.number(1, range(3))
    if mode == 2:
        return [f"+CLCK: {int(equipment.sim.lock_enabled)}"]
    _ask_sim(equipment.sim, lambda: equipment.sim.set_lock(mode == 1, parameters.text(2)))
    return []


def _change_password(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPWD for facility SC (TS 27.007 clause 7.5)."""
    if parameters.text(0).upper() != "SC":
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    _ask_sim(equipment.sim, lambda: equipment.sim.change_pin(parameters.text(1), parameters.text(2)))
    return []


def _ask_sim(card: sim.Sim, ask: Callable[[], None]) -> None:
    """Ask and turn a refusal into its +CME ERROR; the last wrong try already says what is wanted next."""
    try:
        ask()
    except sim.WrongPassword as error:
        if card.state is SimState.BLOCKED:
            raise CommandFailed(Cme.SIM_FAILURE) from error
        if card.state is SimState.PUK:
            raise CommandFailed(Cme.SIM_PUK_REQUIRED) from error
        raise CommandFailed(Cme.INCORRECT_PASSWORD) from error
    except sim.NotAllowedNow as error:
        wanted = Cme.SIM_PUK_REQUIRED if card.state is SimState.PUK else Cme.OPERATION_NOT_ALLOWED
        raise CommandFailed(wanted) from error


def _identifier(equipment: Equipment) -> str:
    return f"+CCID: {equipment.sim.iccid}"


COMMANDS: dict[str, Command] = {
    "+CPIN": Command(read=_show_state, write=_enter),
    "+CLCK": Command(write=_facility_lock, test=says('+CLCK: ("SC")')),
    "+CPWD": Command(write=_change_password, test=says('+CPWD: ("SC",8)')),
    "+CIMI": Command(execute=shows(lambda equipment: equipment.sim.imsi), test=says(), needs=Needs.SIM),
    "+CCID": Command(execute=shows(_identifier), read=shows(_identifier), test=says()),
}
