"""The DE39 response codes that this bank gives, by name."""

from enum import StrEnum


class Code(StrEnum):
    """What the bank answers (ISO 8583:1987 DE39 with UnionPay's meanings); `wire.response_codes` has the texts."""

    DONE = "00"
    UNKNOWN_OPERATOR = "03"
    NOT_HONOURED = "05"
    INVALID_TRANSACTION = "12"
    INVALID_AMOUNT = "13"
    NO_SUCH_ACCOUNT = "14"
    FORMAT_ERROR = "30"
    PIN_LOCKED = "38"
    NOT_SUPPORTED = "40"
    NOT_ENOUGH_MONEY = "51"
    WRONG_PIN = "55"
    OVER_AMOUNT_LIMIT = "61"
    SECURITY_VIOLATION = "63"
    OVER_COUNT_LIMIT = "65"
    PIN_TRIES_EXCEEDED = "75"
    SIGN_ON_AGAIN = "77"
    DUPLICATE = "94"
    NO_ANSWER = "98"  # what a reversed transfer is answered with: its answer did not get through
    KEY_UNUSABLE = "A0"  # open the transaction again under a fresh serial
    SECURITY_FAILED = "A7"
