"""Calls and what goes with them (TS 27.007 clauses 6 and 7.6 to 7.30): this network carries none."""

import re

from modem_emulator import character_sets, ussd
from modem_emulator.command_line import Parameters
from modem_emulator.commands.table import Command, Lines, Needs, number_among, numbers, says, setting, shows
from modem_emulator.equipment import Equipment, Ussd
from modem_emulator.errors import NO_CARRIER, Cme, CommandFailed
from modem_emulator.sim import Contact

# TS 27.007 clause 6.2: dialling digits and modifiers, of which I, G and ; only stand at the end.
_DIAL_STRING = re.compile(r"[0-9*#+A-D,TPW!@ -]*[IG]*;?", re.IGNORECASE)
_FROM_PHONEBOOK = re.compile(r'>\s*(?:"?(ME|SM|LD|FD|ON|EN|MT)"?\s*)?(\d+|".*")\s*[IG]*;?', re.IGNORECASE)
DIALLED_DIGITS_MAX = 40
# A code that begins with * or # and ends with # goes to the network as USSD (TS 22.030 clause 6.5.2), but for those of
# packet calls (TS 27.007 clause 10.2.1).
_USSD = re.compile(r"(?!\*9[89](\*[^;]*)?#$)[*#][0-9*#]*#;?")
# <classx> 7: voice, data and fax (TS 27.007 clause 7.4).
_CLASSES = range(1, 256)


def _dial(equipment: Equipment, parameters: Parameters) -> Lines:
    """ATD (TS 27.007 clauses 6.2 and 6.3): the call is not put through."""
    dialled = parameters.text(0, default="")
    if _USSD.fullmatch(dialled):
        return say_ussd(equipment, dialled.removesuffix(";"))
    if dialled.upper().startswith("L"):
        dialled = _last_dialled(equipment) + dialled[1:]
    elif not _FROM_PHONEBOOK.fullmatch(dialled):
        if not _DIAL_STRING.fullmatch(dialled):
            raise CommandFailed(Cme.INVALID_CHARACTERS_IN_DIAL_STRING)
        if len(dialled) > DIALLED_DIGITS_MAX:
            raise CommandFailed(Cme.DIAL_STRING_TOO_LONG)
        _note_dialled(equipment, dialled)
    raise CommandFailed(NO_CARRIER)


def _last_dialled(equipment: Equipment) -> str:
    book = equipment.phonebook("LD")
    if not book.records:
        raise CommandFailed(NO_CARRIER)
    return book.records[1].number


def _note_dialled(equipment: Equipment, dialled: str) -> None:
    """Put a voice call's number first among the last dialled ones."""
    number = re.sub(r"[^0-9+*#]", "", dialled)
    if not number or not dialled.endswith(";"):
        return
    book = equipment.phonebook("LD")
    older = [contact for _, contact in sorted(book.records.items()) if contact.number != number]
    newest = [Contact(number, ""), *older]
    book.records = dict(enumerate(newest[: book.size], start=1))


def _no_call(_equipment: Equipment, _parameters: Parameters) -> Lines:
    """ATA and ATO: there is no call to answer or to go back to."""
    raise CommandFailed(NO_CARRIER)


def _hang_up(_equipment: Equipment, parameters: Parameters) -> Lines:
    """ATH (V.250 clause 6.3.6)."""
    parameters.number(0, range(2))
    return []


def _presentation(name: str, title: str, source: str, provisioned: int) -> Command:
    """+CLIP, +COLP, +CNAP: whether a number is shown (kept), and whether the subscriber may see it."""

    def show(equipment: Equipment) -> str:
        return f"{name}: {equipment.settings.numbers.get(name, (0,))[0]},{provisioned}"

    return numbers(name, title, source, range(2), initially=(0,), needs=Needs.SIM, read=shows(show))


def _call_waiting(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CCWA=[<n>[,<mode>[,<class>]]] (TS 27.007 clause 7.12): never active for anyone."""
    kept = equipment.settings.numbers
    presented = parameters.number(0, range(2), default=kept.get("+CCWA", (0,))[0])
    mode = parameters.number(1, range(3), default=0) if len(parameters) > 1 else None
    parameters.number(2, _CLASSES, default=7)
    kept["+CCWA"] = (presented,)
    if mode == 2:
        return ["+CCWA: 0,7"]
    if mode == 1:
        raise CommandFailed(Cme.SERVICE_OPTION_NOT_SUBSCRIBED)
    return []


def _forwarding(_equipment: Equipment, parameters: Parameters) -> Lines:
    """+CCFC=<reads>,<mode>[,…] (TS 27.007 clause 7.11): nothing is forwarded, nor can be."""
    parameters.number(0, range(6))
    mode = number_among(parameters, 1, range(5))
    if mode == 2:
        return ["+CCFC: 0,7"]
    if mode in (1, 3):
        raise CommandFailed(Cme.SERVICE_OPTION_NOT_SUBSCRIBED)
    return []


def say_ussd(equipment: Equipment, text: str) -> Lines:
    """Say something in the USSD dialogue; the network's answer comes later, as a +CUSD line."""
    if not equipment.registered:
        raise CommandFailed(Cme.NO_NETWORK_SERVICE)
    equipment.actions.append(Ussd(text))
    return []


def _ussd(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CUSD=[<n>[,<str>[,<dcs>]]] (TS 27.007 clause 7.15): 0 shows nothing, 1 shows answers, 2 ends the dialogue."""
    settings = equipment.settings
    mode = parameters.number(0, range(3), default=settings.ussd)
    coding = parameters.number(2, range(256), default=ussd.DCS_GSM)
    if mode == 2:
        equipment.actions.append(Ussd(None))
        return []
    settings.ussd = mode
    if not parameters.text(1, default=""):
        return []
    try:
        text = ussd.read(parameters.text(1), coding, settings.character_set)
    except character_sets.InvalidText as error:
        raise CommandFailed(Cme.INVALID_CHARACTERS_IN_TEXT) from error
    return say_ussd(equipment, text)


def _tone(_equipment: Equipment, _parameters: Parameters) -> Lines:
    """+VTS and +CHLD have meaning in a call only."""
    raise CommandFailed(Cme.OPERATION_NOT_ALLOWED)


COMMANDS: dict[str, Command] = {
    "D": Command("dial", "TS 27.007 6.2, 6.3; V.250 6.3.1", execute=_dial, needs=Needs.SIM),
    "A": Command("answer", "V.250 6.3.5", execute=_no_call),
    "H": Command("hang up", "V.250 6.3.6", execute=_hang_up),
    "O": Command("back to a call's data", "V.250 6.3.7", execute=_no_call),
    "+CHUP": Command("hang up", "TS 27.007 6.5", execute=says()),
    "+CRC": setting("+CRC", "extended ring", "TS 27.007 6.11", "extended_ring", range(2)),
    "+CVHU": setting("+CVHU", "what ATH hangs up", "TS 27.007 6.20", "hang_up_control", range(3)),
    "+CLIP": _presentation("+CLIP", "number of the caller", "TS 27.007 7.6", 1),
    "+CLIR": numbers(
        "+CLIR",
        "own number kept back",
        "TS 27.007 7.7",
        range(3),
        initially=(0,),
        needs=Needs.SIM,
        read=shows(lambda equipment: f"+CLIR: {equipment.settings.numbers.get('+CLIR', (0,))[0]},4"),
    ),
    "+COLP": _presentation("+COLP", "number of the called", "TS 27.007 7.8", 0),
    "+CCFC": Command(
        "call forwarding", "TS 27.007 7.11", write=_forwarding, test=says("+CCFC: (0-5)"), needs=Needs.SIM
    ),
    "+CCWA": Command(
        "call waiting",
        "TS 27.007 7.12",
        read=shows(lambda equipment: f"+CCWA: {equipment.settings.numbers.get('+CCWA', (0,))[0]}"),
        write=_call_waiting,
        test=says("+CCWA: (0,1)"),
        needs=Needs.SIM,
    ),
    "+CHLD": Command("calls on hold", "TS 27.007 7.13", write=_tone, test=says("+CHLD: (0,1,2,3,4)")),
    "+CUSD": Command(
        "USSD",
        "TS 27.007 7.15",
        read=shows(lambda equipment: f"+CUSD: {equipment.settings.ussd}"),
        write=_ussd,
        test=says("+CUSD: (0-2)"),
        needs=Needs.SIM,
    ),
    "+CSSN": numbers(
        "+CSSN", "notices of supplementary services", "TS 27.007 7.17", range(2), range(2), initially=(0, 0)
    ),
    "+CLCC": Command("list of calls", "TS 27.007 7.18", execute=says()),
    "+CNAP": _presentation("+CNAP", "name of the caller", "TS 27.007 7.30", 0),
    "+VTS": Command("tones in a call", "TS 27.007 C.2.11", write=_tone, test=says("+VTS: (0-9,A-D,*,#)")),
}
