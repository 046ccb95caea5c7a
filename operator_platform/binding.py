"""Authentication information (module 304): is a request from the SIM that it claims, and that we know? Sans-IO.

The MSISDN is what the network says the sender is. What a request claims must agree with it and with our own
register of SIMs. A request that claims nothing continues a transaction whose claim was checked when it opened; if that
transaction is not here (any more: the store forgets it after `answers_keep_s`), the register's word opens it anew. The
bank authenticates the customer in either case, and knows a transfer again by number and id.
"""

from dataclasses import dataclass

from operator_platform.store import OperatorStore, TransactionKey
from wire.identity import Identity
from wire.terminal import Request


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further: a response code for the handset, a reason for the log."""

    code: str
    reason: str


def bind(store: OperatorStore, msisdn: str, request: Request) -> Identity | Refusal:
    """Bind IMSI and MSISDN of a request from `msisdn`: 97 for an unknown number, 58 for a claim that does not hold.

    Changes nothing in the store.
    """
    known = store.subscriber(msisdn)
    if known is None:
        return Refusal("97", "not a subscriber of ours")
    if request.identity is not None:
        if request.identity.msisdn != msisdn:
            return Refusal("58", "claims another number than the network names")
        if request.identity.imsi != known.imsi:
            return Refusal("58", "claims another IMSI than the register of SIMs has")
        return known
    opened = store.transaction_of(TransactionKey(msisdn, request.transaction_id))
    if opened is not None and opened.identity != known:
        return Refusal("58", "the IMSI of this number has changed since the transaction was opened")
    return known
