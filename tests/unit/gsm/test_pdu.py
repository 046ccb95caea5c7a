"""SMS PDUs: known bytes, round trips, and parse-or-raise-the-one-error."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from gsmmodem.pdu import decodeSmsPdu, encodeSmsSubmitPdu
from hypothesis import given
from hypothesis import strategies as st

from gsm import alphabet
from gsm.errors import PduError
from gsm.pdu import (
    Alphabet,
    Concatenation,
    Deliver,
    Element,
    StatusReport,
    Submit,
    UserData,
    alphabet_of,
    decode_deliver,
    decode_incoming,
    decode_status_report,
    decode_submit,
    encode_deliver,
    encode_status_report,
    encode_submit,
    from_hex,
    split,
    to_hex,
)

GSM7_TEXT = st.text(alphabet="@£$èéΔΞÆ !\"#¤%&'()ABCxyzäöñüà0189\n\r^{}\\[~]|€\f_", max_size=80)
NUMBERS = st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=-9 * 15)))
)
USER_DATA = st.one_of(
    GSM7_TEXT.map(lambda text: UserData.of_text(text)),
    st.text(max_size=30).filter(lambda text: not alphabet.is_gsm7(text)).map(UserData.of_text),
    st.binary(max_size=100).map(UserData.of_octets),
    st.binary(max_size=80).map(lambda octets: UserData.of_octets(octets, [Element(5, b"\x0b\x84\x0b\x84")])),
    GSM7_TEXT.filter(lambda text: len(text) < 60).map(
        lambda text: UserData.of_text(text, [Concatenation(7, 3, 2).element()])
    ),
)


def test_hello_packs_to_the_octets_of_the_specification() -> None:
    assert alphabet.pack(alphabet.encode_text("hellohello")).hex() == "e8329bfd4697d9ec37"
    assert alphabet.unpack(bytes.fromhex("e8329bfd4697d9ec37"), 10) == b"hellohello"


def test_every_character_of_both_tables_survives() -> None:
    every = "".join(alphabet._CODES)
    assert len(every) == 127 + 10
    assert alphabet.decode_text(alphabet.encode_text(every)) == every


def test_an_escape_before_an_unknown_code_shows_the_basic_character() -> None:
    assert alphabet.decode_text(b"\x1bA\x1b\x1bB\x1b") == "A B "


@given(NUMBERS, USER_DATA, st.integers(0, 255), st.booleans(), st.none() | MOMENTS)
def test_submit_survives_the_line(number, data, reference, report, validity) -> None:  # type: ignore[no-untyped-def]
    submit = Submit(number, data, reference, report, validity)
    assert from_hex(to_hex(encode_submit(submit), "+8613800100500")) == ("+8613800100500", encode_submit(submit))
    assert decode_submit(encode_submit(submit)) == submit


@given(NUMBERS | st.just("ChinaMobile"), USER_DATA, st.none() | MOMENTS, st.booleans())
def test_deliver_survives(originator, data, timestamp, more) -> None:  # type: ignore[no-untyped-def]
    deliver = Deliver(originator, data, timestamp, more)
    assert decode_incoming(encode_deliver(deliver)) == deliver


@given(st.integers(0, 255), NUMBERS, st.none() | MOMENTS, st.none() | MOMENTS, st.integers(0, 255))
def test_status_report_survives(reference, recipient, sent, done, status) -> None:  # type: ignore[no-untyped-def]
    report = StatusReport(reference, recipient, sent, done, status)
    assert decode_incoming(encode_status_report(report)) == report


@pytest.mark.parametrize("decode", [decode_submit, decode_deliver, decode_status_report, decode_incoming])
@given(octets=st.binary(max_size=200))
def test_any_octets_parse_or_raise_the_one_error(decode, octets) -> None:  # type: ignore[no-untyped-def]
    try:
        message = decode(octets)
    except PduError:
        return
    if not isinstance(message, StatusReport):
        assert isinstance(message.text, str)
        assert message.user_data.concatenation is None or message.user_data.concatenation.total >= 1


@given(st.text(max_size=60) | st.binary(max_size=30).map(bytes.hex))
def test_any_line_parses_or_raises_the_one_error(line) -> None:  # type: ignore[no-untyped-def]
    try:
        smsc, tpdu = from_hex(line)
    except PduError:
        return
    assert isinstance(smsc, str)
    assert isinstance(tpdu, bytes)


@given(st.text(max_size=25), st.text(max_size=200), st.integers(-5, 300), st.timedeltas())
def test_whatever_is_asked_for_encodes_or_raises_the_one_error(number, text, reference, validity) -> None:  # type: ignore[no-untyped-def]
    try:
        tpdu = encode_submit(Submit(number, UserData.of_text(text), reference, validity=validity))
    except PduError:
        return
    assert decode_submit(tpdu).text == text


@given(st.text(min_size=1, max_size=2000) | GSM7_TEXT.map(lambda text: text * 9), st.sampled_from([0, 255, 256]))
def test_split_parts_each_fit_one_sms_and_join_to_the_text(text, reference) -> None:  # type: ignore[no-untyped-def]
    parts = split(text, reference)
    decoded = [decode_submit(encode_submit(Submit("1", part))).user_data for part in parts]
    assert "".join(part.text for part in decoded) == text
    if len(parts) > 1:
        assert [part.concatenation for part in decoded] == [
            Concatenation(reference, len(parts), sequence, wide=reference > 255)
            for sequence in range(1, len(parts) + 1)
        ]


def test_one_sms_holds_160_septets_or_70_units_and_a_part_153_or_67() -> None:
    assert len(split("a" * 160)) == 1
    assert [len(part.content) for part in split("a" * 161)] == [153, 8]
    assert len(split("好" * 70)) == 1
    assert [len(part.content) for part in split("好" * 71)] == [134, 8]
    assert [len(part.content) for part in split("a" * 161, 256)] == [152, 9]


def test_an_escape_pair_is_not_cut_in_two() -> None:
    first, second = split("a" * 152 + "{" + "b" * 20)
    assert (first.text, second.text) == ("a" * 152, "{" + "b" * 20)


def test_text_of_more_than_255_parts_is_refused() -> None:
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
    tpdu = encode_deliver(Deliver("Bank {1}", UserData.of_text("x")))
    assert tpdu[1:3].hex() == "12d0"  # 10 septets in 17.5 semi-octets
    assert decode_deliver(tpdu).originator == "Bank {1}"


def test_zeros_for_a_timestamp_do_not_lose_the_message() -> None:
    assert decode_deliver(encode_deliver(Deliver("1", UserData.of_text("hi")))) == Deliver(
        "1", UserData.of_text("hi"), None
    )


def test_a_broken_header_is_ignored_and_the_text_kept() -> None:
    tpdu = bytearray(encode_deliver(Deliver("1", UserData.of_text("hi", [Element(0, b"\x01\x02\x01")]))))
    tpdu[tpdu.index(b"\x05\x00\x03") + 2] = 9  # the element claims more octets than the header has
    message = decode_deliver(bytes(tpdu))
    assert (message.user_data.udh, message.text) == ((), "hi")


@pytest.mark.parametrize(("data", "meant"), [(b"\x07\x00\x01", None), (b"\x07\x02\x03", None)])
def test_a_concatenation_with_impossible_numbers_is_ignored(data: bytes, meant: None) -> None:
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
    tpdu = encode_submit(Submit("12", UserData(b""), validity=validity))
    assert tpdu[-2] == octet


def test_the_error_names_the_field() -> None:
    with pytest.raises(PduError, match="user data is cut short"):
        decode_deliver(encode_deliver(Deliver("123", UserData.of_text("hello"), datetime.now(UTC)))[:-1])
    with pytest.raises(PduError, match="destination is empty"):
        encode_submit(Submit("", UserData(b"")))
    with pytest.raises(PduError, match="161 septets"):
        encode_submit(Submit("1", UserData(b"a" * 161)))
