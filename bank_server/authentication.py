"""Is this exchange what it claims to be? (step 116, modules 402, 404 and 412)"""

from dataclasses import dataclass

from bank_server.bank import Bank, Refused
from bank_server.codes import Code
from bank_server.errors import UnknownKey
from bank_server.store import OpenedTransaction
from wire import iso
from wire.errors import BadDigits, BadMac, BadMessage, BadSeal
from wire.identity import IDENTITY_BYTES, Identity
from wire.iso import Direction, Message
from wire.keys import PsamKeys
from wire.terminal import Request


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """An authentic exchange: who asks for what, in which opened transaction, as which message number."""

    operator: str
    opened: OpenedTransaction
    keys: PsamKeys
    number: int  # DE61
    rrn: str  # DE37
    identity: Identity
    request: Request
    terminal_message: bytes

    @property
    def serial(self) -> str:
        """The serial under which the request came, 16 hex digits as in DE60."""
        return self.opened.serial.hex()


def authenticate(bank: Bank, operator: str, message: Message, now: float) -> Exchange:
    """Open an exchange and check all that step 116 asks, but for the enrolment, which depends on what is asked.

    Raises Refused: A0 the serial is not registered by this operator, closed or expired, or the MAC is wrong;
    30 what is sealed is malformed; 63 the message is replayed, or identity or transaction are not the serial's.
    """
    is_reversal = message.mti in ("0420", "0421")
    opened = _opened_transaction(bank, operator, message, is_reversal, now)
    try:
        keys = bank.keys.psam_keys(operator, iso.serial_of(message), opened.ephemeral)
        plaintext = iso.open_sealed(message, keys, Direction.TO_BANK)
    except (UnknownKey, BadMac) as error:
        raise Refused(Code.KEY_UNUSABLE, str(error)) from None
    except (BadSeal, BadMessage) as error:
        raise Refused(Code.FORMAT_ERROR, str(error)) from None
    identity, request = _parsed(plaintext, keys)
    if (identity.imsi, identity.msisdn) != (opened.imsi, opened.msisdn):
        raise Refused(Code.SECURITY_VIOLATION, "IMSI and number are not those registered under the serial", keys)
    if request.identity not in (None, identity):
        raise Refused(Code.SECURITY_VIOLATION, "the terminal message claims another IMSI or number", keys)
    if opened.transaction_id not in (None, request.transaction_id):
        raise Refused(Code.SECURITY_VIOLATION, "the serial belongs to another transaction", keys)
    number = int(message[61])
    # A reversal changes nothing the second time, so that 0420 and 0421 may share one number and come in any order.
    if number < opened.last_exchange or number < 1 or (number == opened.last_exchange and not is_reversal):
        raise Refused(Code.SECURITY_VIOLATION, f"exchange {number} after {opened.last_exchange}", keys)
    terminal_message = plaintext[IDENTITY_BYTES:]
    return Exchange(operator, opened, keys, number, message[37], identity, request, terminal_message)


def _opened_transaction(
    bank: Bank, operator: str, message: Message, is_reversal: bool, now: float
) -> OpenedTransaction:
    serial = iso.serial_of(message)
    opened = bank.store.opened_transaction(serial.pack())
    if opened is None or opened.operator != operator:
        raise Refused(Code.KEY_UNUSABLE, f"serial {serial} is not registered")
    if now >= opened.registered_s + bank.policy.transaction_open_s:
        raise Refused(Code.KEY_UNUSABLE, f"serial {serial} has expired")
    if opened.closed and not is_reversal:  # the answer that closed it may be what got lost
        raise Refused(Code.KEY_UNUSABLE, f"serial {serial} is closed")
    return opened


def _parsed(plaintext: bytes, keys: PsamKeys) -> tuple[Identity, Request]:
    try:
        return Identity.unpack(plaintext[:IDENTITY_BYTES]), Request.decode(plaintext[IDENTITY_BYTES:])
    except (BadMessage, BadDigits) as error:
        raise Refused(Code.FORMAT_ERROR, str(error), keys) from None
