"""The line that goes through the modem: service centre address, then TPDU (3GPP TS 27.005 clause 3.1, <pdu>)."""

from gsm.errors import PduError
from gsm.pdu.fields import ADDRESS_DIGITS_MAX, Address, Reader, decode_number, encode_number


def to_hex(tpdu: bytes, smsc: str = "") -> str:
    """The line for the modem: service centre address, then TPDU, in upper-case hexadecimal.

    An empty `smsc` means the one that is stored on the SIM (TS 27.005 clause 3.1, <pdu>). Raises PduError.
    """
    if not smsc:
        return "00" + tpdu.hex().upper()
    _, kind, value = encode_number(smsc)
    return (bytes([1 + len(value), kind]) + value + tpdu).hex().upper()


def from_hex(line: str) -> tuple[str, bytes]:
    """Take such a line apart: service centre ("" where it is not given) and TPDU. Raises PduError."""
    try:
        octets = bytes.fromhex(line.strip())
    except ValueError as error:
        raise PduError("the PDU is not hexadecimal") from error
    reader = Reader(octets)
    length = reader.octet("service centre length")
    if length == 0:
        return "", reader.rest()
    if length > 1 + ADDRESS_DIGITS_MAX // 2:
        raise PduError(f"service centre address of {length} octets is too long")
    kind = reader.octet("service centre type")
    smsc: Address = decode_number(reader.take(length - 1, "service centre"), kind)
    return smsc, reader.rest()
