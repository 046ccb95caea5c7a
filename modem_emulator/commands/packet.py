"""Packet services (TS 27.007 clause 10.1): contexts can be defined and shown, but no data is carried."""

from modem_emulator.command_line import InvalidParameter, Parameters
from modem_emulator.commands.table import Command, Lines, Needs, numbers, says, shows
from modem_emulator.equipment import Equipment
from modem_emulator.errors import Cme, CommandFailed

CONTEXTS_MAX = 4
_TYPES = ("IP", "IPV6", "IPV4V6", "PPP")
# An access point name has at most 100 octets (TS 23.003 clause 9.1).
_NAME_CHARACTERS_MAX = 100


def _attached(equipment: Equipment) -> str:
    """+CGATT? (clause 10.1.9)."""
    return f"+CGATT: {int(equipment.packet_attached and equipment.registered)}"


def _attach(equipment: Equipment, parameters: Parameters) -> Lines:
    wanted = bool(parameters.number(0, range(2)))
    if wanted and not equipment.registered:
        raise CommandFailed(Cme.NO_NETWORK_SERVICE)
    equipment.packet_attached = wanted
    return []


def _contexts(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CGDCONT? (clause 10.1.1)."""
    return [
        f'+CGDCONT: {identity},"{kind}","{name}","",0,0'
        for identity, (kind, name) in sorted(equipment.contexts.items())
    ]


def _define(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CGDCONT=<cid>[,<PDP_type>[,<APN>…]]; the identifier alone undefines it."""
    identity = parameters.number(0, range(1, CONTEXTS_MAX + 1))
    if len(parameters) == 1:
        equipment.contexts.pop(identity, None)
        return []
    kind, name = parameters.text(1, default="IP").upper(), parameters.text(2, default="")
    if kind not in _TYPES or len(name) > _NAME_CHARACTERS_MAX:
        raise InvalidParameter("not a type of packet protocol, or too long a name")
    equipment.contexts[identity] = (kind, name)
    return []


def _active(equipment: Equipment, _parameters: Parameters) -> Lines:
    """+CGACT? (clause 10.1.10): none is ever active."""
    return [f"+CGACT: {identity},0" for identity in sorted(equipment.contexts)]


def _activate(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CGACT=: the network has no gateway, so that activation is refused and deactivation is done already."""
    wanted = parameters.number(0, range(2))
    identities = [parameters.number(place, range(1, CONTEXTS_MAX + 1)) for place in range(1, len(parameters))]
    if any(identity not in equipment.contexts for identity in identities):
        raise CommandFailed(Cme.OPERATION_NOT_ALLOWED)
    if wanted:
        raise CommandFailed(Cme.SERVICE_OPTION_NOT_SUBSCRIBED)
    return []


def _addresses(equipment: Equipment, parameters: Parameters) -> Lines:
    """+CGPADDR (clause 10.1.14): contexts without address."""
    wanted = [parameters.number(place, range(1, CONTEXTS_MAX + 1)) for place in range(len(parameters))]
    return [f'+CGPADDR: {identity},""' for identity in sorted(equipment.contexts) if identity in (wanted or [identity])]


COMMANDS: dict[str, Command] = {
    "+CGDCONT": Command(
        "packet contexts",
        "TS 27.007 10.1.1",
        read=_contexts,
        write=_define,
        test=says(*(f'+CGDCONT: (1-{CONTEXTS_MAX}),"{kind}",,,(0),(0)' for kind in _TYPES)),
    ),
    "+CGATT": Command(
        "attachment to packet services",
        "TS 27.007 10.1.9",
        read=shows(_attached),
        write=_attach,
        test=says("+CGATT: (0,1)"),
        needs=Needs.SIM,
    ),
    "+CGACT": Command(
        "activation of contexts",
        "TS 27.007 10.1.10",
        read=_active,
        write=_activate,
        test=says("+CGACT: (0,1)"),
        needs=Needs.SIM,
    ),
    "+CGPADDR": Command(
        "addresses of contexts", "TS 27.007 10.1.14", execute=_addresses, write=_addresses, needs=Needs.SIM
    ),
    "+CGEREP": numbers(
        "+CGEREP", "reports of packet events", "TS 27.007 10.1.19", range(3), range(2), initially=(0, 0)
    ),
    "+CGSMS": numbers("+CGSMS", "service for messages", "TS 27.007 10.1.21", range(4), initially=(1,)),
}
