"""SMPP fields to what phones get, and back."""

import pytest

from gsm import pdu
from gsm.pdu import Concatenation, Deliver, PduError, Ports, StatusReport, UserData
from modem_emulator.outcome import DeliveryStatus, Reports
from modem_emulator.short_message import (
    DESTINATION_PORT,
    MESSAGE_PAYLOAD,
    SAR_REFERENCE,
    SAR_SEQUENCE,
    SAR_TOTAL,
    outgoing,
    read_parts,
    read_reports,
    read_user_data,
)
from modem_emulator.store import Queued


def queued(tpdu: bytes, about: int = 0) -> Queued:
    return Queued(7, "95533", tpdu, "+8613900000001", 0, Reports.NONE, 0, 0, 0, about)


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"hello", 0, "hello"),
        (b"\x00", 0, "@"),
        (b"a@b", 1, "a@b"),
        ("é".encode("latin-1"), 3, "é"),
        ("你好".encode("utf-16-be"), 8, "你好"),
        (b"\x80\xff", 4, "\x80\xff"),
        ("日本".encode("shift_jis"), 5, "日本"),
        ("Да".encode("iso8859_5"), 6, "Да"),
        ("שלום".encode("iso8859_8"), 7, "שלום"),
        ("日本".encode("euc_jp"), 13, "日本"),
        ("한국".encode("euc_kr"), 14, "한국"),
        (b"hello", 0xF0, "hello"),
        (b"hello", 0xC8, "hello"),
        ("你好".encode("utf-16-be"), 0x18, "你好"),
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


@pytest.mark.parametrize(
    ("octets", "esm_class", "coding"), [(b"", 0x40, 0), (b"\x09\x00", 0x40, 0), (b"x", 0, 9), (b"\xff", 0, 1)]
)
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


@pytest.mark.parametrize(
    ("status", "name", "state", "esm_class"),
    [
        (DeliveryStatus.DELIVERED, b"DELIVRD", 2, 0x04),
        (DeliveryStatus.EXPIRED, b"EXPIRED", 3, 0x04),
        (DeliveryStatus.DELETED, b"DELETED", 4, 0x04),
        (DeliveryStatus.REPLACED, b"DELETED", 4, 0x04),
        (DeliveryStatus.INCOMPATIBLE, b"UNDELIV", 5, 0x04),
        (DeliveryStatus.ABSENT_AT_ONE_TRY, b"UNDELIV", 5, 0x04),
        (DeliveryStatus.ABSENT, b"ENROUTE", 1, 0x20),
    ],
)
def test_a_receipt_tells_what_became_of_the_message(
    status: DeliveryStatus, name: bytes, state: int, esm_class: int
) -> None:
    report = StatusReport(0, "+8613900000001", None, None, status)
    fields = outgoing(queued(pdu.encode_status_report(report), about=3))
    assert b"stat:" + name in fields.short_message
    assert (fields.state, fields.esm_class, fields.error) == (state, esm_class, bytes([3, 0, status]))


@pytest.mark.parametrize(
    ("asked", "reports"),
    [
        (0x00, Reports.NONE),
        (0x01, Reports.FINAL),
        (0x02, Reports.FAILURE),
        (0x11, Reports.FINAL | Reports.TROUBLE),
        (0x0C, Reports.NONE),
    ],
)
def test_registered_delivery_says_which_reports_are_wanted(asked: int, reports: Reports) -> None:
    assert read_reports(asked) == reports


def test_segments_and_ports_become_a_header() -> None:
    optional = {SAR_REFERENCE: b"\x01\x02", SAR_TOTAL: b"\x03", SAR_SEQUENCE: b"\x02", DESTINATION_PORT: b"\x0b\x84"}
    data = read_user_data(b"x", 0, 4, optional)
    assert data.concatenation == Concatenation(0x102, 3, 2, wide=True)
    assert data.ports == Ports(2948, 0)


def test_segments_in_the_header_and_beside_it_contradict_each_other() -> None:
    with pytest.raises(PduError, match="not in both"):
        read_user_data(b"\x05\x00\x03\x09\x02\x01x", 0x40, 0, {DESTINATION_PORT: b"\x0b\x84"})


@pytest.mark.parametrize("tag", [SAR_TOTAL, DESTINATION_PORT])
def test_an_optional_parameter_of_another_length_is_refused(tag: int) -> None:
    with pytest.raises(PduError, match="octets"):
        read_user_data(b"x", 0, 0, {SAR_REFERENCE: b"12", SAR_SEQUENCE: b"1", tag: b"123"})


@pytest.mark.parametrize(
    ("text", "coding", "encoding", "parts"),
    [
        ("a" * 160, 1, "ascii", 1),
        ("a" * 161, 1, "ascii", 2),
        ("你" * 71, 8, "utf-16-be", 2),
        ("😀" * 80, 8, "utf-16-be", 3),
    ],
)
def test_a_payload_is_cut_into_parts_that_make_the_text_again(
    text: str, coding: int, encoding: str, parts: int
) -> None:
    cut = read_parts(b"", 0, coding, {MESSAGE_PAYLOAD: text.encode(encoding)}, 9)
    assert len(cut) == parts
    assert "".join(part.text for part in cut) == text
    if parts > 1:
        assert [part.concatenation for part in cut] == [Concatenation(9, parts, n + 1) for n in range(parts)]
    for part in cut:
        pdu.encode_deliver(Deliver("95533", part))


def test_no_escape_is_cut_in_two() -> None:
    cut = read_parts(b"", 0, 0, {MESSAGE_PAYLOAD: b"a" * 152 + b"\x1be" + b"a" * 20}, 9)
    assert [len(part.content) for part in cut] == [152, 22]


def test_national_shift_tables_go_through_both_ways() -> None:
    octets = b"\x03\x25\x01\x01" + b"\x04"
    data = read_user_data(octets, 0x40, 0)
    assert data.text == "€"  # TS 23.038 annex A.3.1, Turkish: the euro sign at 04
    fields = outgoing(queued(pdu.encode_deliver(Deliver("+8613900000001", data))))
    assert (fields.short_message, fields.esm_class) == (octets, 0x40)


def test_a_payload_of_more_parts_than_there_can_be_is_refused() -> None:
    with pytest.raises(PduError):
        read_parts(b"", 0, 0, {MESSAGE_PAYLOAD: b"a" * 60_000}, 9)
