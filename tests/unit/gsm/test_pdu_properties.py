"""Every TPDU survives in every combination of its fields, and any octets parse or raise the one error."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gsm import alphabet
from gsm.errors import PduError
from gsm.pdu import (
    Address,
    Alphabet,
    Command,
    Concatenation,
    Deliver,
    DeliverReport,
    StatusReport,
    Submit,
    SubmitReport,
    UserData,
    decode_command,
    decode_deliver,
    decode_deliver_report,
    decode_incoming,
    decode_outgoing,
    decode_status_report,
    decode_submit,
    decode_submit_report,
    encode_command,
    encode_deliver,
    encode_deliver_report,
    encode_status_report,
    encode_submit,
    encode_submit_report,
    from_hex,
    relative_validity,
    split,
    text_of,
    to_hex,
)
from gsm.reassembly import Complete, Reassembler
from tests.unit.gsm.strategies import ADDRESSES, GSM7_TEXT, HEADERS, MOMENTS, OCTET, TYPED_NUMBERS, USER_DATA

RELATIVE = OCTET.map(relative_validity)
PERIODS = st.one_of(
    st.none(),
    st.integers(1, 359_999).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(5 * 24, 63 * 7 * 24).map(lambda hours: timedelta(hours=hours)),
)
LONG = st.one_of(
    st.text(min_size=1, max_size=900),
    GSM7_TEXT.map(lambda text: text * 9),
    st.text(alphabet="a😀{€[", min_size=100, max_size=500),
)
ENCODERS = {
    Submit: encode_submit,
    Deliver: encode_deliver,
    StatusReport: encode_status_report,
    Command: encode_command,
    DeliverReport: encode_deliver_report,
    SubmitReport: encode_submit_report,
}
DECODERS = [
    decode_submit,
    decode_deliver,
    decode_status_report,
    decode_command,
    decode_incoming,
    decode_outgoing,
    decode_deliver_report,
    decode_submit_report,
]


@given(
    st.builds(
        Submit, ADDRESSES, USER_DATA, OCTET, st.booleans(), st.none() | RELATIVE | MOMENTS,
        st.booleans(), st.booleans(), OCTET,
    )
)  # fmt: skip
def test_submit_survives_with_any_fields(submit: Submit) -> None:
    assert decode_submit(encode_submit(submit)) == submit
    assert decode_outgoing(encode_submit(submit)) == submit


@given(
    st.builds(
        Submit, ADDRESSES, USER_DATA, validity=PERIODS, enhanced_validity=st.just(True), single_shot=st.booleans()
    )
)
def test_submit_survives_with_an_enhanced_validity(submit: Submit) -> None:
    decoded = decode_submit(encode_submit(submit))
    if submit.validity is None or submit.validity < timedelta(hours=100):  # type: ignore[operator]
        assert decoded == submit
    else:
        assert timedelta(0) <= submit.validity - decoded.validity < timedelta(weeks=1)  # type: ignore[operator]


@given(
    st.builds(
        Deliver, ADDRESSES, USER_DATA, st.none() | MOMENTS, st.booleans(), st.booleans(), st.booleans(),
        OCTET, st.booleans(),
    )
)  # fmt: skip
def test_deliver_survives_with_any_fields(deliver: Deliver) -> None:
    assert decode_incoming(encode_deliver(deliver)) == deliver


@given(
    st.builds(
        StatusReport, OCTET, ADDRESSES, st.none() | MOMENTS, st.none() | MOMENTS, OCTET, st.booleans(),
        st.booleans(), st.booleans(), st.none() | OCTET, st.none() | USER_DATA,
    )
)  # fmt: skip
def test_status_report_survives_with_any_fields(report: StatusReport) -> None:
    assert decode_incoming(encode_status_report(report)) == report


@given(
    st.builds(
        Command, ADDRESSES | st.just(""), OCTET, OCTET, OCTET, st.booleans(), OCTET, st.binary(max_size=80), HEADERS
    )
)
def test_command_survives_with_any_fields(command: Command) -> None:
    assert decode_outgoing(encode_command(command)) == command


@given(st.builds(DeliverReport, st.none() | OCTET, st.none() | OCTET, st.none() | USER_DATA))
def test_deliver_report_survives_with_any_fields(report: DeliverReport) -> None:
    assert decode_deliver_report(encode_deliver_report(report), report.cause is not None) == report


@given(st.builds(SubmitReport, st.none() | MOMENTS, st.none() | OCTET, st.none() | OCTET, st.none() | USER_DATA))
def test_submit_report_survives_with_any_fields(report: SubmitReport) -> None:
    assert decode_submit_report(encode_submit_report(report), report.cause is not None) == report


@given(ADDRESSES, st.none() | TYPED_NUMBERS)
def test_an_address_keeps_its_type(address: str, smsc: Address | None) -> None:
    tpdu = encode_deliver(Deliver(address, UserData(b"")))
    originator = decode_deliver(tpdu).originator
    assert isinstance(originator, Address)
    assert (originator, originator.kind) == (address, Address(address).kind)
    centre, rest = from_hex(to_hex(tpdu, smsc or ""))
    assert (centre, rest) == (smsc or "", tpdu)
    assert smsc is None or (isinstance(centre, Address) and centre.kind == smsc.kind)


@pytest.mark.parametrize("decode", DECODERS)
@given(octets=st.binary(max_size=200))
def test_any_octets_are_refused_or_written_again_with_the_same_meaning(decode, octets) -> None:  # type: ignore[no-untyped-def]
    try:
        message = decode(octets)
    except PduError:
        return
    if isinstance(message, Submit):
        assume(message.destination)  # an empty destination can be read, and is refused when written
    again = ENCODERS[type(message)](message)
    assert decode(again) == message
    assert ENCODERS[type(message)](decode(again)) == again


@given(
    st.sampled_from([0x00, 0x01, 0x02, 0x03, 0x11, 0x49, 0x51, 0x44, 0x46, 0x42]), st.binary(min_size=12, max_size=180)
)
def test_octets_that_begin_like_a_message_do_too(first: int, octets: bytes) -> None:
    """A short address makes most of these whole messages, which random octets rarely are."""
    tpdu = (
        bytes([first, 5, 4, 0x91, 0x21, 0x43]) + octets if first & 3 else bytes([first, 4, 0x91, 0x21, 0x43]) + octets
    )
    for decode in (decode_incoming, decode_outgoing):
        try:
            message = decode(tpdu)
        except PduError:
            continue
        again = ENCODERS[type(message)](message)  # type: ignore[operator]
        assert decode(again) == message


@given(st.text(max_size=60) | st.binary(max_size=30).map(bytes.hex))
def test_any_line_parses_or_raises_the_one_error(line: str) -> None:
    try:
        smsc, tpdu = from_hex(line)
    except PduError:
        return
    assert from_hex(to_hex(tpdu, smsc)) == (smsc, tpdu)


@given(
    st.text(max_size=25),
    st.text(max_size=200),
    st.integers(-5, 300),
    st.none() | st.timedeltas() | st.datetimes(),
    st.booleans(),
)
def test_whatever_is_asked_for_encodes_or_raises_the_one_error(number, text, reference, validity, enhanced) -> None:  # type: ignore[no-untyped-def]
    submit = Submit(number, UserData.of_text(text), reference, validity=validity, enhanced_validity=enhanced)
    try:
        tpdu = encode_submit(submit)
    except PduError:
        return
    assert decode_submit(tpdu).text == text
    assert isinstance(decode_submit(tpdu).validity, datetime) == isinstance(validity, datetime)


@given(st.lists(st.integers(0, 127), max_size=160).map(bytes), st.integers(0, 6))
def test_septets_survive_packing_after_any_fill_bits(septets: bytes, fill_bits: int) -> None:
    packed = alphabet.pack(septets, fill_bits)
    assert len(packed) == (fill_bits + 7 * len(septets) + 7) // 8
    assert alphabet.unpack(packed, len(septets), fill_bits) == septets


@given(LONG, st.sampled_from([0, 255, 256]), HEADERS.filter(lambda udh: UserData(b"", 0, udh).concatenation is None))
def test_parts_each_fit_one_sms_and_read_alone(text, reference, udh) -> None:  # type: ignore[no-untyped-def]
    udh = tuple(element for element in udh if element.identifier not in (0x24, 0x25))
    parts = split(text, reference, udh)
    received = [decode_submit(encode_submit(Submit("1", part))).user_data for part in parts]
    assert "".join(part.text for part in received) == text
    if len(parts) > 1:
        assert [part.concatenation for part in received] == [
            Concatenation(reference, len(parts), sequence, wide=reference > 255)
            for sequence in range(1, len(parts) + 1)
        ]
        assert all(set(udh) <= set(part.udh) for part in received)


@given(LONG.filter(bool), st.integers(1, 60))
def test_parts_that_others_cut_inside_a_character_join_to_the_text(text: str, room: int) -> None:
    """Some senders count octets only, so that an escape or a surrogate pair lies in two parts."""
    whole = UserData.of_text(text[:120])
    if whole.alphabet is Alphabet.UCS2:
        room += room % 2
    contents = [whole.content[start : start + room] for start in range(0, len(whole.content), room)]
    parts = [
        UserData(content, whole.dcs, (Concatenation(1, len(contents), place).element(),))
        for place, content in enumerate(contents, start=1)
    ]
    assert text_of(parts) == text[:120]
    reassembler: Reassembler[int] = Reassembler()
    results = [reassembler.add("1", part, place, 0) for place, part in enumerate(parts)]
    assert results[-1] == Complete(text[:120], tuple(range(len(parts))))
