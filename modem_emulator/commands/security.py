"""SIM identity, PIN and PUK (TS 27.007 clauses 5.6, 7.4, 7.5, 8.3 and 8.65)."""

from collections.abc import Callable

from modem_emulator import sim
from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.table import Command, Lines, Needs, says, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cme, CommandFailed
from modem_emulator.sim import PIN_ATTEMPTS_MAX, PUK_ATTEMPTS_MAX, SimState

# Locks of the phone itself: to its SIM, to a network, its subset, a service provider, a corporate. None is set here.
_PHONE_LOCKS = ("PS", "PN", "PU", "PP", "PC")
# Call barring is the network's, where there are no calls to bar.
_BARRING = ("AO", "OI", "OX", "AI", "IR", "AB", "AG", "AC")
FACILITIES = ("SC", "FD", *_PHONE_LOCKS, *_BARRING)


def _show_state(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CPIN? (TS 27.007 clause 8.3); PIN2 is named only after a command has failed for want of it."""
    card = equipment.sim
    state = card.state
    if state is SimState.BLOCKED:
        raise CommandFailed(Cme.SIM_FAILURE)
    shown = state.value
    if state is SimState.READY and equipment.pin2_asked and not card.pin2_verified:
        shown = "SIM PIN2" if card.pin2_attempts else "SIM PUK2"
    return [f"+CPIN:{' ' if equipment.profile.behaviour.pin_space else ''}{shown}"]


def _enter(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPIN=<pin> or +CPIN=<puk>,<newpin> (TS 27.007 clause 8.3); PIN2 while it is asked for."""
    card = equipment.sim
    if len(parameters) > 2:
        raise InvalidParameter("a password and perhaps a new one")
    first = parameters.text(0)
    if card.state is SimState.READY and equipment.pin2_asked:
        if len(parameters) == 2:
            _ask_pin2(card, lambda: card.enter_puk2(first, parameters.text(1)))
        else:
            _ask_pin2(card, lambda: card.enter_pin2(first))
        equipment.pin2_asked = False
    elif len(parameters) == 2:
        _ask_sim(card, lambda: card.enter_puk(first, parameters.text(1)))
    else:
        _ask_sim(card, lambda: card.enter_pin(first))
    return []


def _facility_lock(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CLCK (TS 27.007 clause 7.4): SC the SIM's PIN request, FD fixed dialling; the others can be asked for."""
    facility, card = parameters.text(0).upper(), equipment.sim
    if facility not in FACILITIES:
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
    mode = parameters.number(1, range(3))
    if mode == 2:
        active = {"SC": card.lock_enabled, "FD": card.fixed_dialling}.get(facility, False)
        return [f"+CLCK: {int(active)}" + (",7" if facility in _BARRING else "")]
    if facility == "SC":
        _ask_sim(card, lambda: card.set_lock(mode == 1, parameters.text(2)))
    elif facility == "FD":
        _ask_pin2(card, lambda: card.enter_pin2(parameters.text(2)))
        card.fixed_dialling = mode == 1
    else:
        raise CommandFailed(Cme.OPERATION_NOT_ALLOWED)
    return []


def _change_password(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPWD for facilities SC and P2 (TS 27.007 clause 7.5)."""
    facility, card = parameters.text(0).upper(), equipment.sim
    if facility == "SC":
        _ask_sim(card, lambda: card.change_pin(parameters.text(1), parameters.text(2)))
    elif facility == "P2":
        _ask_pin2(card, lambda: card.change_pin2(parameters.text(1), parameters.text(2)))
    else:
        raise CommandFailed(Cme.OPERATION_NOT_SUPPORTED)
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


def _ask_pin2(card: sim.Sim, ask: Callable[[], None]) -> None:
    try:
        ask()
    except sim.SimError as error:
        if card.pin2_attempts == 0:
            raise CommandFailed(Cme.SIM_PUK2_REQUIRED if card.puk2_attempts else Cme.SIM_FAILURE) from error
        raise CommandFailed(Cme.INCORRECT_PASSWORD) from error


def _attempts(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CPINR (TS 27.007 clause 8.65): tries left and tries at most, for one code or all."""
    card = equipment.sim
    left = {
        "SIM PIN": (card.pin_attempts, PIN_ATTEMPTS_MAX),
        "SIM PUK": (card.puk_attempts, PUK_ATTEMPTS_MAX),
        "SIM PIN2": (card.pin2_attempts, PIN_ATTEMPTS_MAX),
        "SIM PUK2": (card.puk2_attempts, PUK_ATTEMPTS_MAX),
    }
    wanted = parameters.text(0, default="").upper()
    if wanted and wanted not in left:
        raise InvalidParameter("not a code with tries")
    return [f"+CPINR: {code},{now},{most}" for code, (now, most) in left.items() if wanted in ("", code)]


def _identifier(name: str) -> Command:
    shown = shows(lambda equipment: f"{name}: {equipment.sim.iccid}")
    return Command("ICCID of the SIM", "of custom; TS 51.011 10.1.1", execute=shown, read=shown, needs=Needs.CARD)


COMMANDS: dict[str, Command] = {
    "+CIMI": Command("IMSI", "TS 27.007 5.6", execute=shows(lambda equipment: equipment.sim.imsi), needs=Needs.SIM),
    "+CLCK": Command(
        "locks",
        "TS 27.007 7.4",
        write=_facility_lock,
        test=says("+CLCK: (" + ",".join(f'"{name}"' for name in FACILITIES) + ")"),
        needs=Needs.CARD,
    ),
    "+CPWD": Command(
        "change of a password",
        "TS 27.007 7.5",
        write=_change_password,
        test=says('+CPWD: ("SC",8),("P2",8)'),
        needs=Needs.CARD,
    ),
    "+CPIN": Command("PIN and PUK", "TS 27.007 8.3", read=_show_state, write=_enter, needs=Needs.CARD),
    "+CPINR": Command("tries left", "TS 27.007 8.65", execute=_attempts, write=_attempts, needs=Needs.CARD),
    "+CCID": _identifier("+CCID"),
    "+ICCID": _identifier("+ICCID"),
}
