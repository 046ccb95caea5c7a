"""SMS PDUs in both directions, without I/O (3GPP TS 23.040 clause 9.2; coding schemes TS 23.038 clause 4).

A handset encodes `Submit`, `Command` and `DeliverReport` and decodes `Deliver`, `StatusReport` and `SubmitReport`; a
network (the emulator) does the reverse. `encode_*` gives the TPDU as octets, whose `len()` is the length that
`AT+CMGS=` wants; `to_hex` puts the service centre's address before it and makes the line that goes to the modem,
`from_hex` takes such a line apart.

`UserData` keeps header, coding scheme and content as they are on the air, so that a network can hand them on
unchanged; `.text` reads them. What is not kept: a header whose elements do not fill it, which receivers ignore whole
(clause 9.2.3.24), bits that mean nothing, and octets behind the user data. All bad input raises `PduError`, and nothing
else does.
"""

from gsm.errors import PduError
from gsm.languages import Language
from gsm.pdu.coding import Alphabet, Coding, MessageClass, Waiting, WaitingIndication, alphabet_of
from gsm.pdu.fields import ADDRESS_DIGITS_MAX, NAME_CHARACTERS_MAX, Address, relative_validity
from gsm.pdu.header import PARTS_MAX, Concatenation, Element, Ports, encode_header, split_header
from gsm.pdu.line import from_hex, to_hex
from gsm.pdu.messages import (
    COMMAND_OCTETS_MAX,
    Command,
    Deliver,
    Submit,
    decode_command,
    decode_deliver,
    decode_incoming,
    decode_outgoing,
    decode_submit,
    encode_command,
    encode_deliver,
    encode_submit,
)
from gsm.pdu.protocol import CommandType, ProtocolId, replace_type
from gsm.pdu.reports import (
    DeliverReport,
    StatusReport,
    SubmitReport,
    decode_deliver_report,
    decode_status_report,
    decode_submit_report,
    encode_deliver_report,
    encode_status_report,
    encode_submit_report,
)
from gsm.pdu.user_data import USER_DATA_OCTETS_MAX, USER_DATA_SEPTETS_MAX, UserData, split, text_of

__all__ = [
    "ADDRESS_DIGITS_MAX",
    "COMMAND_OCTETS_MAX",
    "NAME_CHARACTERS_MAX",
    "PARTS_MAX",
    "USER_DATA_OCTETS_MAX",
    "USER_DATA_SEPTETS_MAX",
    "Address",
    "Alphabet",
    "Coding",
    "Command",
    "CommandType",
    "Concatenation",
    "Deliver",
    "DeliverReport",
    "Element",
    "Language",
    "MessageClass",
    "PduError",
    "Ports",
    "ProtocolId",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "UserData",
    "Waiting",
    "WaitingIndication",
    "alphabet_of",
    "decode_command",
    "decode_deliver",
    "decode_deliver_report",
    "decode_incoming",
    "decode_outgoing",
    "decode_status_report",
    "decode_submit",
    "decode_submit_report",
    "encode_command",
    "encode_deliver",
    "encode_deliver_report",
    "encode_header",
    "encode_status_report",
    "encode_submit",
    "encode_submit_report",
    "from_hex",
    "relative_validity",
    "replace_type",
    "split",
    "split_header",
    "text_of",
    "to_hex",
]
