"""Registration of initial authentication information (step 108, modules 408 and 410)."""

from bank_server.bank import Bank, Refused
from bank_server.codes import Code
from bank_server.errors import UnknownKey
from bank_server.store import DeliveredKeys, OpenedTransaction
from wire import iso
from wire.blocks import Registration
from wire.errors import BadDigits, BadMac, BadMessage, BadSeal, InvalidPoint
from wire.iso import Message
from wire.keys import PsamKeys


def register(bank: Bank, operator: str, message: Message, now: float) -> PsamKeys:
    """Store IMSI, MSISDN and serial of a transaction that opens; return the keys for the answer's MAC.

    Raises Refused: A7 the block does not open under this operator's static key; 30 it is malformed; 63 the serial is
    of another operator's node; 77 its epoch is not, or no longer, for new transactions; A0 MAC; 94 used before.
    """
    registration = _opened(bank, operator, message)
    serial = registration.serial
    if serial.node != bank.keys.of(operator).node:
        raise Refused(Code.SECURITY_VIOLATION, f"serial {serial} is not of operator {operator}'s node")
    if not epoch_opens_transactions(bank, operator, serial.epoch, now):
        raise Refused(Code.SIGN_ON_AGAIN, f"serial {serial} is of an epoch that opens no transactions")
    try:
        keys = bank.keys.psam_keys(operator, serial, registration.ephemeral)
        iso.check_mac(message, keys)
    except InvalidPoint:
        raise Refused(Code.FORMAT_ERROR, f"serial {serial}: its ephemeral key is no point of P-256") from None
    except BadMac as error:
        raise Refused(Code.KEY_UNUSABLE, str(error)) from None
    opened = OpenedTransaction(
        serial.pack(),
        operator,
        serial.epoch,
        registration.identity.imsi,
        registration.identity.msisdn,
        registration.ephemeral,
        int(now),
    )
    if not bank.store.add_opened_transaction(opened):
        raise Refused(Code.DUPLICATE, f"serial {serial} was used before", keys)
    return keys


def _opened(bank: Bank, operator: str, message: Message) -> Registration:
    try:
        return bank.keys.open_registration(operator, message.block)
    except BadSeal:
        raise Refused(Code.SECURITY_FAILED, "the block does not open under the static key") from None
    except (BadMessage, BadDigits) as error:
        raise Refused(Code.FORMAT_ERROR, str(error)) from None


def epoch_opens_transactions(bank: Bank, operator: str, epoch: int, now: float) -> bool:
    """Whether new transactions may be opened under the control key of `epoch`.

    The newest always; an older one until some time after the operator has confirmed a newer one.
    """
    try:
        held = bank.keys.of(operator)
    except UnknownKey:
        return False
    delivered = bank.store.delivered_keys(operator)
    if epoch not in held.controls:
        return False
    return epoch >= delivered.epoch or now < delivered.epoch_s + bank.policy.overlap_s


def keys_outdated(bank: Bank, operator: str, now: float) -> DeliveredKeys | None:
    """Return the generation and epoch before which an operator's keys can be erased now, if there are any such."""
    held, delivered = bank.keys.of(operator), bank.store.delivered_keys(operator)
    epoch = delivered.epoch if now >= delivered.epoch_s + bank.policy.key_kept_s() else 0
    outdated = any(number < delivered.generation for number in held.seeds)
    outdated = outdated or any(number < epoch for number in held.controls)
    return DeliveredKeys(operator, generation=delivered.generation, epoch=epoch) if outdated else None
