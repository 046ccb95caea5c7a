"""Error result codes: +CME ERROR (TS 27.007 clause 9.2) and +CMS ERROR (TS 27.005 clause 3.2.5)."""

from enum import IntEnum


class _Code(IntEnum):
    """A number with the text that stands for it in verbose errors."""

    text: str

    def __new__(cls, value: int, text: str) -> "_Code":
        code = int.__new__(cls, value)
        code._value_ = value
        code.text = text
        return code


class Cme(_Code):
    """<err> of +CME ERROR, general (TS 27.007 clause 9.2.1) and of packet services (clause 9.2.2)."""

    PHONE_FAILURE = 0, "phone failure"
    NO_CONNECTION_TO_PHONE = 1, "no connection to phone"
    LINK_RESERVED = 2, "phone-adaptor link reserved"
    OPERATION_NOT_ALLOWED = 3, "operation not allowed"
    OPERATION_NOT_SUPPORTED = 4, "operation not supported"
    PH_SIM_PIN_REQUIRED = 5, "PH-SIM PIN required"
    PH_FSIM_PIN_REQUIRED = 6, "PH-FSIM PIN required"
    PH_FSIM_PUK_REQUIRED = 7, "PH-FSIM PUK required"
    SIM_NOT_INSERTED = 10, "SIM not inserted"
    SIM_PIN_REQUIRED = 11, "SIM PIN required"
    SIM_PUK_REQUIRED = 12, "SIM PUK required"
    SIM_FAILURE = 13, "SIM failure"
    SIM_BUSY = 14, "SIM busy"
    SIM_WRONG = 15, "SIM wrong"
    INCORRECT_PASSWORD = 16, "incorrect password"
    SIM_PIN2_REQUIRED = 17, "SIM PIN2 required"
    SIM_PUK2_REQUIRED = 18, "SIM PUK2 required"
    MEMORY_FULL = 20, "memory full"
    INVALID_INDEX = 21, "invalid index"
    NOT_FOUND = 22, "not found"
    MEMORY_FAILURE = 23, "memory failure"
    TEXT_TOO_LONG = 24, "text string too long"
    INVALID_CHARACTERS_IN_TEXT = 25, "invalid characters in text string"
    DIAL_STRING_TOO_LONG = 26, "dial string too long"
    INVALID_CHARACTERS_IN_DIAL_STRING = 27, "invalid characters in dial string"
    NO_NETWORK_SERVICE = 30, "no network service"
    NETWORK_TIMEOUT = 31, "network timeout"
    EMERGENCY_CALLS_ONLY = 32, "network not allowed - emergency calls only"
    NETWORK_PIN_REQUIRED = 40, "network personalization PIN required"
    NETWORK_PUK_REQUIRED = 41, "network personalization PUK required"
    NETWORK_SUBSET_PIN_REQUIRED = 42, "network subset personalization PIN required"
    NETWORK_SUBSET_PUK_REQUIRED = 43, "network subset personalization PUK required"
    SERVICE_PROVIDER_PIN_REQUIRED = 44, "service provider personalization PIN required"
    SERVICE_PROVIDER_PUK_REQUIRED = 45, "service provider personalization PUK required"
    CORPORATE_PIN_REQUIRED = 46, "corporate personalization PIN required"
    CORPORATE_PUK_REQUIRED = 47, "corporate personalization PUK required"
    HIDDEN_KEY_REQUIRED = 48, "hidden key required"
    EAP_METHOD_NOT_SUPPORTED = 49, "EAP method not supported"
    INCORRECT_PARAMETERS = 50, "Incorrect parameters"
    COMMAND_DISABLED = 51, "command implemented but currently disabled"
    COMMAND_ABORTED = 52, "command aborted by user"
    CALL_BARRED = 62, "call barred"
    UNKNOWN = 100, "unknown"
    ILLEGAL_MS = 103, "Illegal MS"
    ILLEGAL_ME = 106, "Illegal ME"
    GPRS_NOT_ALLOWED = 107, "GPRS services not allowed"
    PLMN_NOT_ALLOWED = 111, "PLMN not allowed"
    LOCATION_AREA_NOT_ALLOWED = 112, "Location area not allowed"
    ROAMING_NOT_ALLOWED = 113, "Roaming not allowed in this location area"
    SERVICE_OPTION_NOT_SUPPORTED = 132, "service option not supported"
    SERVICE_OPTION_NOT_SUBSCRIBED = 133, "requested service option not subscribed"
    SERVICE_OPTION_OUT_OF_ORDER = 134, "service option temporarily out of order"
    UNSPECIFIED_GPRS_ERROR = 148, "unspecified GPRS error"
    PDP_AUTHENTICATION_FAILURE = 149, "PDP authentication failure"
    INVALID_MOBILE_CLASS = 150, "invalid mobile class"


class Cms(_Code):
    """<err> of +CMS ERROR from 300 on; below stand the causes of `cause_text`."""

    ME_FAILURE = 300, "ME failure"
    SERVICE_RESERVED = 301, "SMS service of ME reserved"
    OPERATION_NOT_ALLOWED = 302, "operation not allowed"
    OPERATION_NOT_SUPPORTED = 303, "operation not supported"
    INVALID_PDU_PARAMETER = 304, "invalid PDU mode parameter"
    INVALID_TEXT_PARAMETER = 305, "invalid text mode parameter"
    SIM_NOT_INSERTED = 310, "(U)SIM not inserted"
    SIM_PIN_REQUIRED = 311, "(U)SIM PIN required"
    PH_SIM_PIN_REQUIRED = 312, "PH-(U)SIM PIN required"
    SIM_FAILURE = 313, "(U)SIM failure"
    SIM_BUSY = 314, "(U)SIM busy"
    SIM_WRONG = 315, "(U)SIM wrong"
    SIM_PUK_REQUIRED = 316, "(U)SIM PUK required"
    SIM_PIN2_REQUIRED = 317, "(U)SIM PIN2 required"
    SIM_PUK2_REQUIRED = 318, "(U)SIM PUK2 required"
    MEMORY_FAILURE = 320, "memory failure"
    INVALID_INDEX = 321, "invalid memory index"
    MEMORY_FULL = 322, "memory full"
    SERVICE_CENTRE_UNKNOWN = 330, "SMSC address unknown"
    NO_NETWORK_SERVICE = 331, "no network service"
    NETWORK_TIMEOUT = 332, "network timeout"
    NO_ACKNOWLEDGEMENT_EXPECTED = 340, "no +CNMA acknowledgement expected"
    UNKNOWN = 500, "unknown error"


# 0 to 127 is RP-Cause (TS 24.011 annex E.2), 128 to 255 TP-FCS (TS 23.040 clause 9.2.3.22).
_CAUSES = {
    1: "Unassigned (unallocated) number",
    8: "Operator determined barring",
    10: "Call barred",
    17: "Network failure",
    21: "Short message transfer rejected",
    22: "Memory capacity exceeded",
    27: "Destination out of service",
    28: "Unidentified subscriber",
    29: "Facility rejected",
    30: "Unknown subscriber",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Congestion",
    47: "Resources unavailable, unspecified",
    50: "Requested facility not subscribed",
    69: "Requested facility not implemented",
    81: "Invalid short message transfer reference value",
    95: "Invalid message, unspecified",
    96: "Invalid mandatory information",
    97: "Message type non-existent or not implemented",
    98: "Message not compatible with short message protocol state",
    99: "Information element non-existent or not implemented",
    111: "Protocol error, unspecified",
    127: "Interworking, unspecified",
    128: "Telematic interworking not supported",
    129: "Short message Type 0 not supported",
    130: "Cannot replace short message",
    143: "Unspecified TP-PID error",
    144: "Data coding scheme (alphabet) not supported",
    145: "Message class not supported",
    159: "Unspecified TP-DCS error",
    160: "Command cannot be actioned",
    161: "Command unsupported",
    175: "Unspecified TP-Command error",
    176: "TPDU not supported",
    192: "SC busy",
    193: "No SC subscription",
    194: "SC system failure",
    195: "Invalid SME address",
    196: "Destination SME barred",
    197: "SM Rejected-Duplicate SM",
    198: "TP-VPF not supported",
    199: "TP-VP not supported",
    208: "SIM SMS storage full",
    209: "No SMS storage capability in SIM",
    210: "Error in MS",
    211: "Memory Capacity Exceeded",
    212: "SIM Application Toolkit Busy",
    213: "SIM data download error",
    255: "Unspecified error cause",
}


def cause_text(cause: int) -> str:
    """The text of a cause of the network, 0 to 255; one without a text of its own is an unknown error."""
    return _CAUSES.get(cause, Cms.UNKNOWN.text)


class CommandFailed(Exception):
    """Ends a command line with an error result code: `ERROR` alone when `code` is None.

    A whole number below 300 is a cause of the network, shown by +CMS ERROR; a text is a result code as it stands, of
    V.250 clause 5.7.1 or of the make's own.
    """

    def __init__(self, code: Cme | Cms | int | str | None = None) -> None:
        super().__init__(code)
        self.code = code


NO_CARRIER = "NO CARRIER"
