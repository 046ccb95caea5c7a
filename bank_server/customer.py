"""Does this account belong to this phone, and is this its PIN? (step 116, the part that needs the account)"""

import hmac

from bank_server.actions import Note
from bank_server.authentication import Exchange
from bank_server.bank import Bank, shown_number
from bank_server.codes import Code
from bank_server.store import Account, Enrolment
from wire.sealing import notice_key
from wire.secret import Secret


class Declined(Exception):
    """The customer is told this code; the decision is stored as the outcome."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.value)
        self.code = code


def check_phone(bank: Bank, exchange: Exchange, notes: list[Note]) -> None:
    """Decline a number whose SIM is not the one enrolled, and quarantine it: the SIM may have been swapped."""
    phone = bank.store.phone(exchange.identity.msisdn)
    if phone is None:
        return
    if phone.quarantined:
        raise Declined(Code.NOT_HONOURED)
    if phone.imsi != exchange.identity.imsi:
        bank.store.quarantine(phone.msisdn)
        number = shown_number(phone.msisdn)
        notes.append(Note("warning", f"number {number} has another IMSI than enrolled: quarantined until released"))
        raise Declined(Code.NOT_HONOURED)
    if phone.operator != exchange.operator:
        bank.store.set_phone_operator(phone.msisdn, exchange.operator)


def customer_account(bank: Bank, exchange: Exchange, number: str) -> tuple[Account, Enrolment]:
    """Return an open account that is enrolled with this phone. Raises Declined with 14.

    An account of somebody else is answered like one that does not exist: nobody learns which numbers are taken.
    """
    account, enrolment = bank.store.account(number), bank.store.enrolment(number)
    if account is None or not account.is_open or enrolment is None or enrolment.msisdn != exchange.identity.msisdn:
        raise Declined(Code.NO_SUCH_ACCOUNT)
    return account, enrolment


def check_pin(bank: Bank, enrolment: Enrolment, pin: Secret) -> None:
    """Count the attempt, then check the PIN. Raises Declined: 55 while tries remain, 75 at the last one, 38 after."""
    if enrolment.locked:
        raise Declined(Code.PIN_LOCKED)
    attempts = bank.store.count_pin_attempt(enrolment.account)
    verifier = bank.keys.pin_verifier(enrolment.account, enrolment.pin_salt, pin)
    if hmac.compare_digest(verifier, enrolment.pin_verifier):
        bank.store.clear_pin_attempts(enrolment.account)
        return
    if attempts < bank.policy.pin_tries_max:
        raise Declined(Code.WRONG_PIN)
    bank.store.lock_pin(enrolment.account)
    raise Declined(Code.PIN_TRIES_EXCEEDED)


def keep_notice_key(bank: Bank, exchange: Exchange, reply_key: Secret) -> None:
    """Remember under which key later notices to this phone are sealed; called after its PIN was right."""
    key = notice_key(reply_key).reveal()
    bank.store.set_notice_key(exchange.identity.msisdn, key, exchange.request.transaction_id)
