"""Error result codes: +CME ERROR (TS 27.007 clause 9.2) and +CMS ERROR (TS 27.005 clause 3.2.5)."""

from enum import IntEnum


class Cme(IntEnum):
    """<err> of +CME ERROR."""

    OPERATION_NOT_ALLOWED = 3
    OPERATION_NOT_SUPPORTED = 4
    SIM_PIN_REQUIRED = 11
    SIM_PUK_REQUIRED = 12
    SIM_FAILURE = 13
    INCORRECT_PASSWORD = 16
    MEMORY_FULL = 20
    INVALID_INDEX = 21
    NOT_FOUND = 22
    NO_NETWORK_SERVICE = 30
    INCORRECT_PARAMETERS = 50


CME_TEXTS = {
    Cme.OPERATION_NOT_ALLOWED: "operation not allowed",
    Cme.OPERATION_NOT_SUPPORTED: "operation not supported",
    Cme.SIM_PIN_REQUIRED: "SIM PIN required",
    Cme.SIM_PUK_REQUIRED: "SIM PUK required",
    Cme.SIM_FAILURE: "SIM failure",
    Cme.INCORRECT_PASSWORD: "incorrect password",
    Cme.MEMORY_FULL: "memory full",
    Cme.INVALID_INDEX: "invalid index",
    Cme.NOT_FOUND: "not found",
    Cme.NO_NETWORK_SERVICE: "no network service",
    Cme.INCORRECT_PARAMETERS: "Incorrect parameters",
}


class Cms(IntEnum):
    """<err> of +CMS ERROR; 0 to 127 are RP-Cause of TS 24.011."""

    SIM_FAILURE = 313
    OPERATION_NOT_ALLOWED = 302
    OPERATION_NOT_SUPPORTED = 303
    INVALID_PDU_PARAMETER = 304
    INVALID_TEXT_PARAMETER = 305
    SIM_PIN_REQUIRED = 311
    SIM_PUK_REQUIRED = 316
    INVALID_INDEX = 321
    MEMORY_FULL = 322
    NO_NETWORK_SERVICE = 331


class CommandFailed(Exception):
    """Ends a command line with an error result code: `ERROR` alone when `code` is None, a line of the make's own."""

    def __init__(self, code: Cme | Cms | int | str | None = None) -> None:
        super().__init__(code)
        self.code = code
