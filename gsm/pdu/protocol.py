"""TP-PID, the protocol identifier (3GPP TS 23.040 clause 9.2.3.9), and TP-CT, the command type (9.2.3.19)."""

from enum import IntEnum


class ProtocolId(IntEnum):
    """Protocol identifiers in use; every `protocol_id` field takes any octet (0..255).

    A message of a REPLACE type takes the place of the stored one with the same type, originator and service
    centre; one of TYPE_0 is acknowledged and thrown away unseen.
    """

    SHORT_MESSAGE = 0x00
    # Telematic interworking: the service centre is to convert the message.
    TELEMATIC = 0x20
    TELEX = 0x21
    GROUP_3_FAX = 0x22
    GROUP_4_FAX = 0x23
    VOICE_TELEPHONE = 0x24
    ERMES = 0x25
    NATIONAL_PAGING = 0x26
    VIDEOTEX = 0x27
    TELETEX = 0x28
    UCI = 0x2D
    MESSAGE_HANDLING = 0x30
    X400 = 0x31
    INTERNET_MAIL = 0x32
    GSM_STATION = 0x3F
    TYPE_0 = 0x40
    REPLACE_TYPE_1 = 0x41
    REPLACE_TYPE_2 = 0x42
    REPLACE_TYPE_3 = 0x43
    REPLACE_TYPE_4 = 0x44
    REPLACE_TYPE_5 = 0x45
    REPLACE_TYPE_6 = 0x46
    REPLACE_TYPE_7 = 0x47
    DEVICE_TRIGGERING = 0x48
    ENHANCED_MESSAGE_SERVICE = 0x5E
    RETURN_CALL = 0x5F
    ANSI_136_R_DATA = 0x7C
    EQUIPMENT_DATA_DOWNLOAD = 0x7D
    EQUIPMENT_DEPERSONALIZATION = 0x7E
    SIM_DATA_DOWNLOAD = 0x7F


def replace_type(protocol_id: int) -> int | None:
    """Which replace-short-message type (1 to 7) this is, None for any other protocol identifier."""
    if ProtocolId.REPLACE_TYPE_1 <= protocol_id <= ProtocolId.REPLACE_TYPE_7:
        return protocol_id - ProtocolId.TYPE_0
    return None


class CommandType(IntEnum):
    """What an SMS-COMMAND asks of the service centre; E0 to FF are the service centre's own."""

    ENQUIRY = 0x00
    CANCEL_STATUS_REPORT = 0x01
    DELETE = 0x02
    ENABLE_STATUS_REPORT = 0x03
