"""What outside input can raise in this package: one family, named for what is wrong, never with a secret."""


class WireError(Exception):
    """Something that came from outside is not what the protocol says."""


class BadDigits(WireError):
    """A number (IMSI, MSISDN, account, PIN) has a wrong length or a character that is no digit."""


class BadFrame(WireError):
    """The stream between operator and bank lost its framing; the connection can only be closed."""


class BadMessage(WireError):
    """A message has a wrong field. `field` names it: "type", "body", "DE48"."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class BadSeal(WireError):
    """A sealed thing does not open: wrong key, wrong purpose or altered bytes; which of them cannot be told."""


class BadMac(WireError):
    """A message authentication code does not fit its message."""


class InvalidPoint(WireError):
    """Bytes are not a SEC1 compressed P-256 point, or name the point at infinity."""


class InvalidScalar(WireError):
    """A P-256 private scalar is not in [1, n-1]."""
