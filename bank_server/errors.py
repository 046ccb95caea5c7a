"""What this package raises: one family, named for what is wrong, never with a secret."""

from pathlib import Path


class BankError(Exception):
    """Something that a person at the bank has to put right; the text says what and how."""


class UnknownKey(BankError):
    """The bank does not hold the key that something names: no such operator, generation or epoch."""


class UnusableKeyFile(BankError):
    """A key file is missing, readable by others or of a wrong size."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class UnusableState(BankError):
    """The state folder is missing, not empty, or held by another process."""


class NotAllowed(BankError):
    """A command asks for what the books or the keys do not allow, such as an account number given out before."""
