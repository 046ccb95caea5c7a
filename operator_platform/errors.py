"""What can go wrong on the operator's side, named for what is wrong and never with a secret."""

from pathlib import Path


class OperatorError(Exception):
    """The operator platform cannot do what it was asked."""


class BadKeyFile(OperatorError):
    """A key file is missing, readable by others, or holds no key of the right form."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class BadState(OperatorError):
    """The state folder holds no state, belongs to another schema, cannot be read or written, or is in use."""


class StoreLocked(BadState):
    """Another process holds the store's file for writing. Nothing was begun; it may be free a moment later."""


class SmsRefused(OperatorError):
    """The network said that it will not take this SMS. `reason` is what it gave."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"SMS refused: {reason}")
        self.reason = reason


class NoControlKey(OperatorError):
    """No control key has come from the bank yet, so that no dynamic key can be made."""


class SerialsSpent(OperatorError):
    """All 2**32 serials of this node are used; another node number is needed."""
