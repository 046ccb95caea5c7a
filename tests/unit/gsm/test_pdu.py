"""SMS PDUs: known octets, each laid out as TS 23.040 says, and what the library of the modem writes and reads.

Round trips of every combination of fields are in `test_pdu_properties.py`.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from gsmmodem.pdu import decodeSmsPdu, encodeSmsSubmitPdu

from gsm import alphabet
from gsm.errors import PduError
from gsm.pdu import (
    Address,
    Alphabet,
    Command,
    CommandType,
    Concatenation,
    Deliver,
    DeliverReport,
    Element,
    Ports,
    StatusReport,
    Submit,
    SubmitReport,
    UserData,
    alphabet_of,
    decode_command,
    decode_deliver,
    decode_deliver_report,
    decode_incoming,
    decode_status_report,
    decode_submit,
    encode_command,
    encode_deliver,
    encode_deliver_report,
    encode_status_report,
    encode_submit,
    encode_submit_report,
    from_hex,
    split,
    to_hex,
)


def test_hello_packs_least_significant_bit_first() -> None:
    """TS 23.038 clause 6.1.2.1.1: the first septet fills bits 0 to 6 of the first octet; worked by hand."""
    assert alphabet.pack(alphabet.encode_text("hellohello")).hex() == "e8329bfd4697d9ec37"
    assert alphabet.unpack(bytes.fromhex("e8329bfd4697d9ec37"), 10) == b"hellohello"


def test_every_character_of_both_tables_survives() -> None:
    """TS 23.038 clauses 6.2.1 (128 codes, one of them the escape) and 6.2.1.1 (ten characters)."""
    every = "".join(alphabet.DEFAULT.codes)
    assert len(every) == 127 + 10
    assert alphabet.decode_text(alphabet.encode_text(every)) == every


def test_an_escape_before_an_unknown_code_shows_the_basic_character() -> None:
    """TS 23.038 clause 6.2.1 note 1 (an escape alone is a space) and clause 6.2.1.1 (an unknown code)."""
    assert alphabet.decode_text(b"\x1bA\x1b\x1bB\x1b") == "A B "


def test_one_sms_holds_160_septets_or_70_units_and_a_part_153_or_67() -> None:
    """TS 23.040 clause 9.2.3.16: 140 octets of TP-UD; a part loses 6 to the header, or 7 with a wide reference."""
    assert len(split("a" * 160)) == 1
    assert [len(part.content) for part in split("a" * 161)] == [153, 8]
    assert len(split("好" * 70)) == 1
    assert [len(part.content) for part in split("好" * 71)] == [134, 8]
    assert [len(part.content) for part in split("a" * 161, 256)] == [152, 9]


def test_an_escape_pair_is_not_cut_in_two() -> None:
    first, second = split("a" * 152 + "{" + "b" * 20)
    assert (first.text, second.text) == ("a" * 152, "{" + "b" * 20)


def test_text_of_more_than_255_parts_is_refused() -> None:
    """TS 23.040 clause 9.2.3.24.1: the number of parts is one octet and not 0."""
    assert len(split("a" * 153 * 255)) == 255
    with pytest.raises(PduError, match="256 parts"):
        split("a" * (153 * 255 + 1))


@pytest.mark.parametrize("text", ["hello {€}", "银信", "a" * 160])
def test_the_library_and_we_write_the_same_submit(text: str) -> None:
    theirs = str(encodeSmsSubmitPdu("+8613800000000", text, reference=9)[0])
    ours = Submit("+8613800000000", UserData.of_text(text), reference=9, status_report_request=True)
    assert to_hex(encode_submit(ours)) == theirs


@pytest.mark.parametrize("text", ["hello {€}", "银信"])
def test_the_library_reads_our_deliver(text: str) -> None:
    moment = datetime(2026, 10, 22, 12, 0, 0, tzinfo=timezone(timedelta(hours=8)))
    ours = to_hex(encode_deliver(Deliver("+8610086", UserData.of_text(text), moment)), "+8613800100500")
    theirs = decodeSmsPdu(ours)
    assert (theirs["number"], theirs["text"], theirs["time"]) == ("+8610086", text, moment)


def test_a_name_as_originator_is_read() -> None:
    """TS 23.040 clause 9.1.2.5: type of number 101, and the length counts useful semi-octets."""
    tpdu = encode_deliver(Deliver("Bank {1}", UserData.of_text("x")))
    assert tpdu[1:3].hex() == "12d0"  # 10 septets in 17.5 semi-octets
    assert decode_deliver(tpdu).originator == "Bank {1}"


def test_zeros_for_a_timestamp_do_not_lose_the_message() -> None:
    assert decode_deliver(encode_deliver(Deliver("1", UserData.of_text("hi")))) == Deliver(
        "1", UserData.of_text("hi"), None
    )


def test_a_broken_header_is_ignored_and_the_text_kept() -> None:
    """TS 23.040 clause 9.2.3.24: a header whose last element does not end with it is ignored whole."""
    tpdu = bytearray(encode_deliver(Deliver("1", UserData.of_text("hi", [Element(0, b"\x01\x02\x01")]))))
    tpdu[tpdu.index(b"\x05\x00\x03") + 2] = 9  # the element claims more octets than the header has
    message = decode_deliver(bytes(tpdu))
    assert (message.user_data.udh, message.text) == ((), "hi")


@pytest.mark.parametrize(("data", "meant"), [(b"\x07\x00\x01", None), (b"\x07\x02\x03", None), (b"\x07\x02\x00", None)])
def test_a_concatenation_with_impossible_numbers_is_ignored(data: bytes, meant: None) -> None:
    """TS 23.040 clause 9.2.3.24.1: a total of 0, or a place of 0 or beyond the total."""
    assert UserData(b"", 0, (Element(0, data),)).concatenation is meant


@pytest.mark.parametrize(
    ("dcs", "meant"),
    [
        (0x00, Alphabet.GSM7),
        (0x10, Alphabet.GSM7),
        (0x04, Alphabet.OCTETS),
        (0x08, Alphabet.UCS2),
        (0x20, Alphabet.OCTETS),
        (0x48, Alphabet.UCS2),
        (0x80, Alphabet.GSM7),
        (0xC0, Alphabet.GSM7),
        (0xE0, Alphabet.UCS2),
        (0xF0, Alphabet.GSM7),
        (0xF6, Alphabet.OCTETS),
    ],
)
def test_the_coding_scheme_names_the_alphabet(dcs: int, meant: Alphabet) -> None:
    """TS 23.038 clause 4."""
    assert alphabet_of(dcs) is meant


@pytest.mark.parametrize(
    ("validity", "octet"),
    [
        (timedelta(minutes=5), 0),
        (timedelta(hours=12), 143),
        (timedelta(hours=24), 167),
        (timedelta(days=2), 168),
        (timedelta(weeks=63), 255),
        (timedelta(weeks=100), 255),
    ],
)
def test_a_relative_validity_is_one_octet(validity: timedelta, octet: int) -> None:
    """TS 23.040 clause 9.2.3.12.1."""
    tpdu = encode_submit(Submit("12", UserData(b""), validity=validity))
    assert tpdu[-2] == octet


def test_the_error_names_the_field() -> None:
    with pytest.raises(PduError, match="user data is cut short"):
        decode_deliver(encode_deliver(Deliver("123", UserData.of_text("hello"), datetime.now(UTC)))[:-1])
    with pytest.raises(PduError, match="destination is empty"):
        encode_submit(Submit("", UserData(b"")))
    with pytest.raises(PduError, match="161 septets"):
        encode_submit(Submit("1", UserData(b"a" * 161)))


@pytest.mark.parametrize(
    ("validity", "single_shot", "octets"),
    [
        (timedelta(seconds=30), False, "021e0000000000"),
        (timedelta(seconds=255), False, "02ff0000000000"),
        (timedelta(minutes=4, seconds=59), False, "03004095000000"),
        (timedelta(hours=12, minutes=34, seconds=56), True, "43214365000000"),
        (timedelta(days=5), True, "41ab0000000000"),
        (None, True, "40000000000000"),
    ],
)
def test_an_enhanced_validity_is_seven_octets(validity: timedelta | None, single_shot: bool, octets: str) -> None:
    """TS 23.040 clause 9.2.3.12.3: indicator, then a relative octet (001), seconds (010) or HHMMSS (011)."""
    tpdu = encode_submit(Submit("12", UserData(b""), validity=validity, single_shot=single_shot))
    assert tpdu[0] >> 3 & 3 == 1
    assert tpdu[-8:-1].hex() == octets
    decoded = decode_submit(tpdu)
    assert (decoded.validity, decoded.single_shot) == (validity, single_shot)


@pytest.mark.parametrize(
    ("octets", "period"),
    [
        ("02000000000000", None),  # 0 seconds is reserved
        ("04ff0000000000", None),  # so is format 100
        ("03006900000000", None),  # 96 minutes
        ("03aa0000000000", None),  # not decimal
        ("03000000000000", None),
        ("8200ff00000000", timedelta(seconds=255)),  # a second indicator follows the first
        ("ffffffffffffff", None),
    ],
)
def test_an_enhanced_validity_that_says_nothing_is_none(octets: str, period: timedelta | None) -> None:
    """TS 23.040 clause 9.2.3.12.3: reserved values, and bit 7 for one more functionality indicator."""
    tpdu = bytearray(encode_submit(Submit("12", UserData(b""), enhanced_validity=True)))
    tpdu[-8:-1] = bytes.fromhex(octets)
    assert decode_submit(bytes(tpdu)).validity == period


def test_a_validity_that_no_format_can_say_is_refused() -> None:
    for validity in (timedelta(0), timedelta(seconds=-1), timedelta(microseconds=999_999)):
        with pytest.raises(PduError, match="less than a second"):
            encode_submit(Submit("1", UserData(b""), validity=validity))
    with pytest.raises(PduError, match="absolute validity"):
        encode_submit(Submit("1", UserData(b""), validity=datetime.now(UTC), single_shot=True))


def test_ports_are_elements_04_and_05_destination_first() -> None:
    """TS 23.040 clauses 9.2.3.24.3 and 9.2.3.24.4."""
    assert Ports(0x0B84, 0x23F0).element() == Element(0x05, bytes.fromhex("0b8423f0"))
    assert Ports(226, 0, wide=False).element() == Element(0x04, b"\xe2\x00")
    data = UserData.of_octets(b"x", [Concatenation(1, 2, 1).element(), Ports(2948, 9200).element()])
    assert (data.ports, data.concatenation) == (Ports(2948, 9200), Concatenation(1, 2, 1))
    assert UserData(b"", 4, (Element(0x04, b"\xe2\x00"),)).ports == Ports(226, 0, wide=False)
    assert UserData(b"", 4, (Element(0x05, b"\xe2\x00"),)).ports is None


@pytest.mark.parametrize("ports", [Ports(65536, 0), Ports(0, -1), Ports(256, 0, wide=False)])
def test_a_port_out_of_range_is_refused(ports: Ports) -> None:
    with pytest.raises(PduError, match="port"):
        ports.element()


def test_parts_carry_their_ports() -> None:
    parts = split("a" * 200, 3, [Ports(5000, 0).element()])
    assert [len(part.content) for part in parts] == [146, 54]
    assert {part.ports for part in parts} == {Ports(5000, 0)}


def test_a_status_report_has_its_optional_parameters_behind_the_status() -> None:
    """TS 23.040 clauses 9.2.2.3 and 9.2.3.27: TP-PI 07 announces TP-PID, TP-DCS and TP-UDL."""
    report = StatusReport(1, "12", None, None, 0x30, protocol_id=0x41, user_data=UserData.of_text("hi"))
    tpdu = encode_status_report(report)
    bare = encode_status_report(StatusReport(1, "12", None, None, 0x30))
    assert tpdu == bare + bytes.fromhex("07410002e834")
    assert decode_status_report(bare + b"\x01\x41").protocol_id == 0x41
    assert decode_status_report(bare + b"\x04\x02\xe8\x34").user_data == UserData.of_text("hi")
    assert decode_status_report(bare + b"\x81\x80\x00\x41").protocol_id == 0x41  # two more octets of TP-PI


@pytest.mark.parametrize("tail", [b"\xff" * 120, b"\x04\x05", b"\x07", b"\x00"])
def test_a_tail_that_makes_no_sense_does_not_lose_the_status_report(tail: bytes) -> None:
    """TS 51.011 clause 10.5.3: what a record of EF SMS has behind the TPDU is FF. The other tails are cut short."""
    report = StatusReport(9, "+8613900000002", None, None, 0x41)
    assert decode_status_report(encode_status_report(report) + tail) == report


def test_a_command_is_laid_out_as_the_specification_says() -> None:
    """TS 23.040 clause 9.2.2.4: first octet, TP-MR, TP-PID, TP-CT, TP-MN, TP-DA, TP-CDL, TP-CD."""
    command = Command("+1234", CommandType.DELETE, message_number=7, reference=9, status_report_request=True)
    assert encode_command(command).hex() == "22090002070491214300"
    assert decode_command(bytes.fromhex("22090002070491214300")) == command
    with pytest.raises(PduError, match="157 octets"):
        encode_command(Command("1", CommandType.ENQUIRY, data=b"a" * 157))
    with pytest.raises(PduError, match="command data"):
        decode_command(bytes.fromhex("220900020704912143059d"))


def test_a_handset_takes_the_reserved_type_for_a_deliver() -> None:
    """TS 23.040 clause 9.2.3.1."""
    tpdu = bytearray(encode_deliver(Deliver("1", UserData.of_text("hi"))))
    tpdu[0] |= 0x03
    assert decode_incoming(bytes(tpdu)).text == "hi"
    with pytest.raises(PduError, match="SMS-SUBMIT"):
        decode_submit(bytes(tpdu))


def test_a_name_may_have_digits_only() -> None:
    deliver = decode_deliver(encode_deliver(Deliver(Address.name("10086"), UserData.of_text("x"))))
    assert isinstance(deliver.originator, Address)
    assert (deliver.originator, deliver.originator.is_name) == ("10086", True)
    plain = decode_deliver(encode_deliver(Deliver("10086", UserData.of_text("x"))))
    assert isinstance(plain.originator, Address)
    assert (plain.originator, plain.originator.is_name) == ("10086", False)


def test_a_name_has_at_most_eleven_septets_of_which_an_extension_character_takes_two() -> None:
    """TS 23.040 clause 9.1.2.5: ten octets of value hold eleven septets."""
    for name in ("Elevenchars", "nine char€"):
        assert decode_deliver(encode_deliver(Deliver(name, UserData(b"")))).originator == name
    for name in ("Twelve chars", "ten chars €€"):
        with pytest.raises(PduError, match="11 characters"):
            encode_deliver(Deliver(name, UserData(b"")))


def test_reports_to_a_deliver_and_a_submit_are_laid_out_as_the_specification_says() -> None:
    """TS 23.040 clauses 9.2.2.1a and 9.2.2.2a: TP-FCS only in an RP-ERROR; then TP-PI, and TP-SCTS behind it."""
    assert encode_deliver_report(DeliverReport()).hex() == "0000"
    assert encode_deliver_report(DeliverReport(0xD3, protocol_id=0x7F)).hex() == "00d3017f"
    moment = datetime(2026, 11, 23, 6, 5, 4, tzinfo=timezone(timedelta(hours=8)))
    assert encode_submit_report(SubmitReport(moment)).hex() == "010062113260504023"
    report = SubmitReport(moment, 0xC1, user_data=UserData.of_text("hi"))
    assert encode_submit_report(report).hex() == "01c106621132605040230002e834"
    with pytest.raises(PduError, match="user data is cut short"):
        decode_deliver_report(bytes.fromhex("00060002e8"))


def test_an_address_of_an_odd_number_of_digits_ends_with_them_whatever_fills_the_octet() -> None:
    """TS 23.040 clause 9.1.2.5: the length counts digits; the filler is to be F and is not always."""
    tpdu = encode_deliver(Deliver("123", UserData(b"")))
    assert tpdu[1:5].hex() == "038121f3"
    assert decode_deliver(tpdu[:4] + b"\x43" + tpdu[5:]).originator == "123"


@pytest.mark.parametrize("line", ["0C91683108100005F0112233445500", "0791683108", "", "0", "zz"])
def test_a_line_without_a_whole_service_centre_address_is_refused(line: str) -> None:
    """TS 23.040 clause 9.1.2.5: at most 10 octets behind the type of address."""
    with pytest.raises(PduError):
        from_hex(line)
