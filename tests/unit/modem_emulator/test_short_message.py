"""SMPP fields to what phones get, and back."""

import pytest

from gsm import pdu
from gsm.pdu import Concatenation, Deliver, PduError, StatusReport, UserData
from modem_emulator.short_message import outgoing, read_user_data
from modem_emulator.store import Queued


def queued(tpdu: bytes, about: int = 0) -> Queued:
    return Queued(7, "95533", tpdu, "+8613900000001", 0, False, 0, 0, 0, about)


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"hello", 0, "hello"),
        (b"\x00", 0, "@"),
        (b"a@b", 1, "a@b"),
        ("é".encode("latin-1"), 3, "é"),
        ("你好".encode("utf-16-be"), 8, "你好"),
        (b"\x80\xff", 4, "\x80\xff"),
    ],
)
def test_every_data_coding_becomes_the_text_it_says(octets: bytes, coding: int, text: str) -> None:
    assert read_user_data(octets, 0, coding).text == text


def test_a_header_goes_through_both_ways() -> None:
    octets = b"\x05\x00\x03\x09\x02\x01part one"
    data = read_user_data(octets, 0x40, 0)
    assert data.concatenation == Concatenation(9, 2, 1)
    fields = outgoing(queued(pdu.encode_deliver(Deliver("+8613900000001", data))))
    assert (fields.short_message, fields.esm_class, fields.data_coding) == (octets, 0x40, 0)


@pytest.mark.parametrize(("octets", "esm_class", "coding"), [(b"", 0x40, 0), (b"\x09\x00", 0x40, 0), (b"x", 0, 9)])
def test_what_cannot_be_read_is_refused(octets: bytes, esm_class: int, coding: int) -> None:
    with pytest.raises(PduError):
        read_user_data(octets, esm_class, coding)


@pytest.mark.parametrize("text", ["hello", "你好"])
def test_a_phones_text_comes_with_its_coding(text: str) -> None:
    deliver = Deliver("+8613900000001", UserData.of_text(text))
    fields = outgoing(queued(pdu.encode_deliver(deliver)))
    assert fields.source == "+8613900000001"
    assert read_user_data(fields.short_message, fields.esm_class, fields.data_coding).text == text


def test_a_report_becomes_a_receipt_that_names_the_message() -> None:
    report = StatusReport(0, "+8613900000001", None, None, 0)
    fields = outgoing(queued(pdu.encode_status_report(report), about=3))
    assert fields.esm_class == 0x04
    assert fields.short_message.startswith(b"id:3 sub:001 dlvrd:001 ")
    assert b"stat:DELIVRD" in fields.short_message
    assert (fields.receipted, fields.state) == ("3", 2)
