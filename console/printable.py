"""What others wrote, on somebody's terminal."""

import unicodedata


def printable(text: str) -> str:
    r"""One line in which nothing commands a terminal or turns the order of what is read: such characters as escapes.

    They are \uXXXX as in JSON, where they mean the same, so that a whole object may be given. Among them are ESC and
    the other control characters of C0 and C1, line ends, marks of direction (Unicode, Annex 9), whatever else has no
    look of its own, and what no character is.
    """
    return "".join(character if _has_a_look(character) else _escape(character) for character in text)


def _has_a_look(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
