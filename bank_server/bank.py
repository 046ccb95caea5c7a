"""What every rule of the bank is given: books, keys, randomness and limits."""

from dataclasses import dataclass

from bank_server.codes import Code
from bank_server.keys import BankKeys, Random
from bank_server.policy import Policy
from bank_server.store import LedgerStore
from wire.iso import Message
from wire.keys import PsamKeys

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank. Rules read and write `store` inside the transaction that the shell has open."""

    store: LedgerStore
    keys: BankKeys
    random: Random
    policy: Policy

    def nonce(self) -> bytes:
        return self.random(NONCE_BYTES)


class Refused(Exception):
    """A message gets this DE39 and nothing else happens: raised before anything is written.

    `keys` are there if the message was opened far enough for the answer to carry a MAC.
    """

    def __init__(self, code: Code, reason: str, keys: PsamKeys | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.keys = keys


# Fields that an answer takes over from what it answers.
_ECHOED = (3, 7, 11, 32, 37, 60, 61, 70, 90)


def answer_to(message: Message, code: str) -> Message:
    """Return the bare answer to a message: its MTI with the third digit one higher, echoed fields, DE39."""
    mti = f"{message.mti[:2]}{int(message.mti[2]) + 1}0"
    return Message(mti, {n: message.fields[n] for n in _ECHOED if n in message.fields} | {39: str(code)})


def shown_number(msisdn: str) -> str:
    """Return a phone number as logs may show it: its last four digits."""
    return f"…{msisdn[-4:]}"
