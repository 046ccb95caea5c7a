"""A modem's dialogue as lines for people: cut from the octets that go by, and without PINs.

`tx` is what a client types, `rx` what the modem says. Only whoever looks on pays for it.
"""

import re
from typing import Literal, NamedTuple

Direction = Literal["tx", "rx"]

# Longer than any command line or entry that the engine takes; what comes beyond is not shown.
LINE_CHARACTERS_MAX = 2048
MASK = "****"

_LINE_END = re.compile(rb"[\r\n]")
_END = re.compile(rb"[\r\n\x1a\x1b]")
_ENDS_OF_ENTRY = {b"\x1a": "<Ctrl-Z>", b"\x1b": "<ESC>"}
_UNSEEN = re.compile(r"[\x00-\x07\x09-\x1f]")
_CORRECTED = re.compile(r"[^\b\x7f][\b\x7f]")


def _spaced(name: str) -> str:
    return r"\s*".join(name)


_NAME, _PARAMETER, _REST = r"[+^$%*#][A-Z\s]*?", r'\s*(?:"[^"]*"|[^",;]*)\s*,', r'(?:"[^"]*(?:"|$)|[^";])*'
# Where a PIN, a PUK or a network password can stand: +CPIN and the like of some makes (*EPIN, ^CPIN2), +CPWD, +CLCK
# (TS 27.007 clauses 7.4, 7.5, 8.3), the dialled **04*, **05* and **03* (TS 22.030 clause 6.5), and the SIM's VERIFY,
# CHANGE, DISABLE, ENABLE and UNBLOCK CHV under +CSIM (TS 51.011 clause 9.2).
_SECRETS = re.compile(
    "|".join(
        (
            rf"(?P<pin>{_NAME}P\s*(?:I\s*N|U\s*K)(?!\s*R)[A-Z0-9\s]*=\s*)(?!\s*\?){_REST}",
            rf"(?P<pwd>{_NAME}{_spaced('PWD')}\s*=(?:{_PARAMETER})?)(?!\s*\?){_REST}",
            rf"(?P<lock>{_NAME}{_spaced('LCK')}\s*={_PARAMETER}{_PARAMETER}){_REST}",
            r"(?P<dialled>\*\s*\*\s*0\s*[345]\s*2?\s*\*)[^;]*",
            rf'(?P<sim>{_NAME}{_spaced("SIM")}\s*={_PARAMETER}\s*"?[0-9A-F]{{2}}(?:20|24|26|28|2C)){_REST}',
        )
    ),
    re.IGNORECASE,
)
_DIGITS_ALONE = re.compile(r'[\s",]*\d[\d\s",]*')


def masked(line: str) -> str:
    """A line as it may be shown: no PIN, PUK or password."""
    return _SECRETS.sub(lambda found: (found.group(found.lastgroup or 0)) + MASK, line)


class Piece(NamedTuple):
    """One line of the dialogue, without its end."""

    direction: Direction
    text: str


class Dialogue:
    """What goes by at one modem's port, from the moment when somebody looks."""

    def __init__(self) -> None:
        self._typed = bytearray()
        self._said = bytearray()
        self._last_typed = ""
        self._begun = False
        self._secret = False

    def tx(self, data: bytes) -> list[Piece]:
        """Octets from the client; the lines that they complete."""
        pieces: list[Piece] = []
        while (end := _END.search(data)) is not None:
            _keep(self._typed, data[: end.start()])
            line = _readable(self._typed)
            self._last_typed = line
            self._secret = masked(line) != line
            shown = _shown(self._typed) if self._begun or line[:2].upper() == "AT" else line and MASK
            self._begun = True
            shown += _ENDS_OF_ENTRY.get(end.group(), "")
            if shown:
                pieces.append(Piece("tx", shown))
            self._typed.clear()
            data = data[end.end() :]
        _keep(self._typed, data)
        if self._typed:
            line = _readable(self._typed)
            self._secret = self._secret or masked(line) != line
        return pieces

    def rx(self, data: bytes) -> list[Piece]:
        """Octets from the modem; the lines that they complete, and what has no end but is no echo."""
        pieces: list[Piece] = []
        *ended, rest = _LINE_END.split(data)
        for one in ended:
            _keep(self._said, one)
            self._say(pieces)
        _keep(self._said, rest)
        said = _readable(self._said)
        if said and said not in self._last_typed and said not in _readable(self._typed):
            self._say(pieces)
        return pieces

    def _say(self, pieces: list[Piece]) -> None:
        line = _shown(self._said)
        if self._secret and _DIGITS_ALONE.fullmatch(line):
            line = MASK  # the rest of an echo that another line has interrupted
        if line:
            pieces.append(Piece("rx", line))
        self._said.clear()


def _keep(line: bytearray, more: bytes) -> None:
    line += more[: LINE_CHARACTERS_MAX - len(line)]


def _shown(octets: bytearray) -> str:
    """For eyes: masked, else as it is with control characters written out."""
    line = _readable(octets)
    if masked(line) != line:
        return masked(line)
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in octets.decode("latin-1"))


def _readable(octets: bytearray) -> str:
    """As the engine reads it: no control characters, corrections made, so that none can hide a command's name."""
    text = _UNSEEN.sub("", octets.decode("latin-1"))
    while (corrected := _CORRECTED.sub("", text)) != text:
        text = corrected
    return text
