"""What the panel says, as texts: no widget is here."""

from typing import Any

from modem_emulator.control_cli import event_line, printable

Table = dict[str, Any]

COLUMNS = ("modem", "number", "profile", "network", "signal", "SIM", "storage", "port")
PROFILE_CHARACTERS_MAX = 13
# Narrower than this, columns are left out (the line below the table has them) and the keys stand in the help only.
WIDE = 80
NARROW_COLUMNS = {"modem": "modem", "network": "net", "signal": "sig", "SIM": "SIM", "storage": "held", "port": "port"}
# What the keys do, in rows of at most 78 columns; {way} and {other} are "from" and "to" or the other way round.
KEYS = (
    "s signal  u unplug  f fill  e empty  b SIM busy  p PIN  k PUK  r reboot",
    "next SMS {way} it:  l lose  d double  y delay  o reorder  t turn to: {other} it",
    "next +CMGS:  R reboot  a slow   g garbage  m message  ↑↓ modem  ? help  q quit",
)
NARROW_KEYS = ("l d y o befall the next SMS {way} it", "? keys  ↑↓ modem  ←→ more  q quit")
HELP = """\
What each key does to the modem that is chosen with ↑ and ↓.

s  drop the signal, or restore it      u  unplug it, or plug it in
f  fill its first storage              e  empty that storage
b  its SIM is busy for 10 s            p  its SIM wants the PIN
k  its SIM wants the PUK               r  reboot it now
R  reboot it at its next +CMGS, when the text was entered:
   the message is sent and nothing says so
g  answer the next command with garbage
a  answer the next +CMGS 10 s late

The next message from the modem, or to it after t:
l  is lost        d  arrives twice
y  is 10 s late   o  is overtaken by the one after

m  send a message to it, from any number or name
q  quit the panel; the emulator goes on

Escape closes this."""

# The same in at most 34 columns.
NARROW_HELP = """\
↑ ↓ scroll, Escape closes this.

The chosen modem:
s  drop or restore its signal
u  unplug it, or plug it in
f  fill its first storage
e  empty that storage
b  its SIM is busy for 10 s
p  its SIM wants the PIN
k  its SIM wants the PUK
r  reboot it now
R  reboot it at its next +CMGS:
   sent, and nothing says so
g  answer the next command
   with garbage
a  answer the next +CMGS 10 s late

The next SMS from it, or to it:
l  is lost
d  arrives twice
y  is 10 s late
o  is overtaken by the next one
t  choose: from it, or to it

m  send a message to it
?  this help
q  quit; the emulator goes on"""

_BARS = "▂▄▆█"
UNKNOWN_SIGNAL = 99
_STATES = {0: "off", 1: "home", 2: "searching", 5: "roaming"}


def bars(rssi: int) -> str:
    """<rssi> of +CSQ as four bars and its number (TS 27.007 clause 8.5); 99 is no signal."""
    if rssi == UNKNOWN_SIGNAL:
        return "none"
    count = min(len(_BARS), rssi // 8 + 1)
    return _BARS[:count].ljust(len(_BARS), "_") + f" {rssi}"


def row(modem: Table) -> tuple[str, ...]:
    """A modem's row of the table, of 77 columns at most for a number of 13 digits."""
    state = _STATES.get(modem["registration"], "off") if modem["powered"] else "unplugged"
    storage = "".join(_storage(one) for one in modem["storages"][:1])
    port = ("open" if modem["open"] else "free") if modem["powered"] else "gone"
    profile = modem["profile"][:PROFILE_CHARACTERS_MAX]
    return modem["name"], modem["msisdn"], profile, state, bars(modem["signal"]), modem["sim"], storage, port


def columns(width: int) -> dict[str, str]:
    """Which columns of the table have room in a terminal, each with its heading."""
    return {name: name for name in COLUMNS} if width >= WIDE else NARROW_COLUMNS


def cells(modem: Table, width: int) -> dict[str, str]:
    """A modem's row by column; a narrow one shows the signal as a number only."""
    every = dict(zip(COLUMNS, row(modem), strict=True))
    if width < WIDE:
        every["signal"] = every["signal"].split()[-1]
    return {name: every[name] for name in columns(width)}


def details(modem: Table, width: int = WIDE) -> str:
    """What the chosen modem's row has no room for."""
    if width < WIDE:
        return f"{modem['msisdn']}  {modem['profile']}  " + details(modem)
    others = "  ".join(_storage(one) for one in modem["storages"][1:])
    return f"{modem['name']}  IMSI {modem['imsi']}  port {modem['port']}  {others}".rstrip()


def _storage(storage: Table) -> str:
    return f"{storage['name']} {storage['used']}/{storage['size']}"


def network(state: Table) -> str:
    """The network in a line."""
    if "joined" in state:
        return "network: that of another process" + ("" if state["joined"] else ", not joined yet")
    counters = " ".join(f"{name} {count}" for name, count in state["counters"].items() if count)
    esmes = " ".join(f"{esme['number']} {'bound' if esme['bound'] else 'not bound'}" for esme in state["esmes"])
    return "  ".join(filter(None, (f"network: queue {state['queued']}", counters, esmes and f"ESMEs: {esmes}")))


def said(event: Table) -> str:
    """A line of a modem's dialogue: > typed by the client, < said by the modem."""
    return f"{'>' if event['dir'] == 'tx' else '<'} {printable(event['text'])}"


def happened(event: Table) -> str:
    """A line of what the network did."""
    return event_line(event)
