"""AT command lines, from octets to invocations (ITU-T V.250 clauses 5.2 to 5.4)."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

# The longest line a client of ours sends is a phonebook or text-mode command of about 120 characters; V.250
# clause 5.2.1 asks for 40. Beyond the limit the line is answered with ERROR and nothing of it is kept.
COMMAND_CHARACTERS_MAX = 1024

_NAME = re.compile(r"[A-Z0-9!%./:_-]+")
_EXTENDED_PREFIXES = "+^$%*#!"


class MalformedLine(Exception):
    """Not a command line of V.250; nothing of the line after this place is carried out."""


class Form(StrEnum):
    """What is asked of a command: do, show, set, or say what can be set."""

    EXECUTE = ""
    READ = "?"
    WRITE = "="
    TEST = "=?"


class InvalidParameter(Exception):
    """A parameter is missing, not of its type, or out of range."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one command, unquoted; an omitted one is the empty string.

    `repr` shows none, for they may be a PIN.
    """

    values: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.values)

    def text(self, position: int, default: str | None = None) -> str:
        """Raises InvalidParameter when omitted without default."""
        value = self.values[position] if position < len(self.values) else ""
        if value:
            return value
        if default is None:
            raise InvalidParameter(f"parameter {position + 1} is missing")
        return default

    def number(self, position: int, allowed: range, default: int | None = None) -> int:
        """A decimal parameter within `allowed`. Raises InvalidParameter."""
        value = self.values[position] if position < len(self.values) else ""
        if not value and default is not None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) in allowed):
            raise InvalidParameter(f"parameter {position + 1} is not a number that can be set")
        return int(value)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command of a line: name in upper case with its prefix (`+CMGS`, `E`, `&F`, `S3`)."""

    name: str
    form: Form
    parameters: Parameters = Parameters()


# Clients poll with the same few short lines; a longer line may hold a number or a password and is not remembered.
_REMEMBERED_CHARACTERS_MAX = 12
_REMEMBERED_LINES_MAX = 256


def parse(body: str) -> tuple[Invocation, ...]:
    """The commands of a line, `AT` and terminator taken off. Raises MalformedLine."""
    return _remembered(body) if len(body) <= _REMEMBERED_CHARACTERS_MAX and "=" not in body else _parse(body)


def _parse(body: str) -> tuple[Invocation, ...]:
    invocations: list[Invocation] = []
    position = 0
    while position < len(body):
        character = body[position].upper()
        if character in " ;":
            position += 1
        elif character in _EXTENDED_PREFIXES:
            end = _end_of_command(body, position)
            invocations.append(_extended(body[position:end]))
            position = end
        elif character == "D":
            # The semicolon belongs to the dial string: it asks for a voice call (TS 27.007 clause 6.2).
            end = _end_of_command(body, position) + 1
            invocations.append(Invocation("D", Form.EXECUTE, Parameters((body[position + 1 : end].strip(),))))
            position = end
        else:
            invocation, position = _basic(body, position)
            invocations.append(invocation)
    return tuple(invocations)


_remembered = lru_cache(_REMEMBERED_LINES_MAX)(_parse)


def _end_of_command(body: str, start: int) -> int:
    quoted = False
    for position in range(start, len(body)):
        if body[position] == '"':
            quoted = not quoted
        elif body[position] == ";" and not quoted:
            return position
    return len(body)


def _extended(command: str) -> Invocation:
    match = _NAME.match(command.upper(), 1)
    if match is None:
        raise MalformedLine("an extended command needs a name")
    name, rest = command[0] + match.group(), command[match.end() :].strip()
    if rest == "":
        return Invocation(name, Form.EXECUTE)
    if rest == "?":
        return Invocation(name, Form.READ)
    if rest.startswith("=") and rest[1:].strip() == "?":
        return Invocation(name, Form.TEST)
    if rest.startswith("="):
        return Invocation(name, Form.WRITE, Parameters(_split(rest[1:])))
    raise MalformedLine("after a name comes ?, = or the end")


def _split(text: str) -> tuple[str, ...]:
    values = [""]
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            values.append("")
        elif character != " " or quoted:
            values[-1] += character
    if quoted:
        raise MalformedLine("a quotation mark is not closed")
    return tuple(values)


_BASIC = re.compile(r"(&?[A-Z]) *(\d*)")
_REGISTER = re.compile(r"S *(\d+) *(?:(\?)|= *(\d+))")


def _basic(body: str, position: int) -> tuple[Invocation, int]:
    upper = body.upper()
    register = _REGISTER.match(upper, position)
    if register is not None:
        form = Form.READ if register.group(2) else Form.WRITE
        parameters = Parameters((register.group(3),)) if register.group(3) else Parameters()
        return Invocation(f"S{int(register.group(1)[:3])}", form, parameters), register.end()
    match = _BASIC.match(upper, position)
    if match is None:
        raise MalformedLine("not a command")
    return Invocation(match.group(1), Form.EXECUTE, Parameters((match.group(2) or "0",))), match.end()
