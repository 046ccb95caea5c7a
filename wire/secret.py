"""A type for keys and PINs that cannot be shown by accident."""

import hmac
from typing import NoReturn, final


@final
class Secret:
    """Secret bytes. `repr`, `str` and `format` show nothing, pickling is refused, comparison takes constant time.

    `reveal()` is the one way to the bytes, so that a search for it finds every place that uses a secret.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash of a PIN is a hint of it

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")
