"""Find the modem: by what USB says of each port, by the names of /dev/serial/by-id, and then by asking `AT`.

`survey` looks at all ports and asks those that may be a modem's; `choose` is for a program that was given no port. In
the order in which they are asked:
1. interfaces that are known to take AT commands (`gsm.usb_modems`);
2. ports of makers of modems, ports that say they take AT commands, and those whose link by-id has a maker's name;
3. other ports on USB and the machine's own, which may have a modem behind them.
Never asked: interfaces known to be for something else, ports in use, and the console.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from gsm.asking import Heard, Reply, ask
from gsm.errors import ModemError
from gsm.holders import holders
from gsm.usb import ROOT, UsbPort, links_by_id, tty_name, usb_ports
from gsm.usb_modems import MAKERS_WORDS, NEVER_ASKED, Role, make_of, role_of

# More ports than this at once are no modems on a desk; they are asked one after the other then.
_ASKED_AT_ONCE_MAX = 16
_PLACES = {Role.AT: 1, Role.LIKELY: 2, Role.UNKNOWN: 3}
# tty_type of a port that the kernel knows of and the machine has not (serial_core, PORT_UNKNOWN).
_NOT_PRESENT = "0"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port, what is known of it, and what it answered; `heard` is None for one that was not asked.

    `place` is when it is asked (see the top of the file), `order` its place among its device's ports.
    """

    path: str
    role: Role
    order: int
    usb: UsbPort | None = None
    by_id: str | None = None
    heard: Heard | None = None

    @property
    def place(self) -> int:
        return _PLACES.get(self.role, 4)

    @property
    def answers(self) -> bool:
        """Whether it answered AT."""
        return self.heard is not None and self.heard.reply is Reply.ANSWERED

    @property
    def device(self) -> str:
        """What tells devices apart: the socket on USB, else the port itself."""
        return self.usb.identity.location if self.usb else self.path

    @property
    def name(self) -> str:
        """Maker and model, by its own words or by its ids."""
        if self.heard and self.heard.name:
            return self.heard.name
        if self.usb is None:
            return ""
        described = f"{self.usb.manufacturer} {self.usb.product}".strip()
        return make_of(self.usb.identity.vendor_id, self.usb.identity.product_id) or described


class NoModemFound(ModemError):
    """No port has a modem behind it; `seen` are the ports that were looked at."""

    def __init__(self, seen: tuple[Candidate, ...]) -> None:
        self.seen = seen
        super().__init__("No modem was found. See what is there with: handset modem list")


class SeveralModems(ModemError):
    """More than one modem answers; `answering` has a port of each."""

    def __init__(self, answering: tuple[Candidate, ...]) -> None:
        self.answering = answering
        listed = ", ".join(f"{each.path} ({each.name})" if each.name else each.path for each in answering)
        super().__init__(f"Several modems answer: {listed}. Choose one with --port.")


def candidates(root: Path = ROOT) -> list[Candidate]:
    """All ports that exist, in the order in which they are to be asked; nothing is opened."""
    found = [Candidate(port.path, *role_of(port), port, port.by_id) for port in usb_ports(root)]
    found += [Candidate(path, Role.UNKNOWN, 0) for path in _built_in(root)]
    found += _by_name(root, {each.path for each in found})
    return sorted(found, key=lambda each: (each.place, each.device, each.order))


def survey(root: Path = ROOT, baudrate: int = 115200, rtscts: bool = False) -> list[Candidate]:
    """All ports with what they answered, those that answer first. Takes some seconds at most."""
    asked = _asked(candidates(root), root, baudrate, rtscts)
    return sorted(asked, key=lambda each: (not each.answers, each.place, each.device, each.order))


def candidate_of(path: str, root: Path = ROOT) -> Candidate:
    """The port that somebody named, with what USB says of it; nothing is opened."""
    name = tty_name(path, root)
    known = next((each for each in candidates(root) if Path(each.path).name == name), None)
    return replace(known, path=path) if known else Candidate(path, Role.UNKNOWN, 0)


def survey_one(path: str, root: Path = ROOT, baudrate: int = 115200, rtscts: bool = False) -> Candidate:
    """The port that somebody named, with what it answered; no other is asked."""
    return _ask(candidate_of(path, root), root, baudrate, rtscts)


def choose(root: Path = ROOT, baudrate: int = 115200, rtscts: bool = False) -> Candidate:
    """The one modem's best port. Later places are asked only while none has answered.

    Raises NoModemFound, and SeveralModems when ports of more than one device answer.
    """
    seen: list[Candidate] = []
    everyone = candidates(root)
    for place in sorted({each.place for each in everyone}):
        seen += _asked([each for each in everyone if each.place == place], root, baudrate, rtscts)
        if any(each.answers for each in seen):
            break
    return preferred(seen)


def preferred(asked: Iterable[Candidate]) -> Candidate:
    """Of ports that were asked, the one to take. Raises NoModemFound, SeveralModems."""
    seen = sorted(asked, key=lambda each: (each.place, each.device, each.order))
    answering = [each for each in seen if each.answers]
    if not answering:
        raise NoModemFound(tuple(seen))
    best = {each.device: each for each in reversed(answering) if each.place == answering[0].place}
    if len(best) > 1:
        raise SeveralModems(tuple(best[device] for device in sorted(best)))
    return answering[0]


def _asked(ports: Iterable[Candidate], root: Path, baudrate: int, rtscts: bool) -> list[Candidate]:
    """Ask those that may be asked: devices at the same time, the ports of one device one after the other."""
    groups: dict[str, list[Candidate]] = {}
    for port in ports:
        groups.setdefault(port.device, []).append(port)

    def ask_device(group: list[Candidate]) -> list[Candidate]:
        return [_ask(port, root, baudrate, rtscts) for port in group]

    with ThreadPoolExecutor(_ASKED_AT_ONCE_MAX, thread_name_prefix="gsm find") as pool:
        return [port for group in pool.map(ask_device, groups.values()) for port in group]


def _ask(port: Candidate, root: Path, baudrate: int, rtscts: bool) -> Candidate:
    if port.role in NEVER_ASKED:
        return port
    heard = Heard(Reply.IN_USE) if holders(port.path, root) else ask(port.path, baudrate, rtscts)
    return replace(port, heard=heard)


def _built_in(root: Path) -> list[str]:
    """The machine's own ports: present, and not its console."""
    folder = root / "sys/class/tty"
    console = _read(folder / "console/active").split()
    names = sorted(name for pattern in ("ttyAMA*", "ttyS*") for name in (each.name for each in folder.glob(pattern)))
    return [
        str(root / "dev" / name)
        for name in names
        if name not in console
        and _read(folder / name / "type") not in ("", _NOT_PRESENT)
        and (root / "dev" / name).exists()
    ]


def _by_name(root: Path, known: set[str]) -> list[Candidate]:
    """Ports of which only the link by-id is to be seen, as in a container without the machine's sysfs."""
    found = []
    for name, link in links_by_id(root).items():
        path = str(root / "dev" / name)
        if path not in known:
            likely = any(word in Path(link).name.lower() for word in MAKERS_WORDS)
            found.append(Candidate(path, Role.LIKELY if likely else Role.UNKNOWN, 0, by_id=link))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
