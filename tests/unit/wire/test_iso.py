import pytest

from tests.unit.wire import story
from wire import iso, keys
from wire.errors import BadMac, BadMessage, BadSeal
from wire.framing import FRAME_BYTES_MAX

SIGN_ON = iso.Message("0820", {7: "1122083015", 11: "000001", 32: "10001", 70: "001"})


def exchange() -> iso.Message:
    return story.exchange("0200", 12, iso.ProcessingCode.TRANSFER, "002")


def test_sign_on_is_these_bytes() -> None:
    raw = iso.encode(SIGN_ON)
    assert raw == b"0820" + bytes.fromhex("82200001000000000400000000000000") + b"1122083015" + b"0000010510001001"
    assert iso.decode(raw) == SIGN_ON


@pytest.mark.parametrize("mti", sorted(iso.MESSAGES))
def test_no_required_field_may_be_missing(mti: str) -> None:
    full = {number: example(number) for number in iso.MESSAGES[mti].required}
    assert iso.decode(iso.encode(iso.Message(mti, full))) == iso.Message(mti, full)
    for number in full:
        with pytest.raises(BadMessage) as raised:
            iso.encode(iso.Message(mti, full).without(number))
        assert raised.value.field == f"DE{number}"


def example(number: int) -> str:
    field = iso.FIELDS[number]
    return "AAAA" if number == 48 else "0" * (2 * field.length if field.kind == "b 8" else field.length)


@pytest.mark.parametrize("mti", sorted(iso.MESSAGES))
def test_a_field_of_another_message_is_refused(mti: str) -> None:
    allowed = iso.MESSAGES[mti].required | iso.MESSAGES[mti].optional
    full = iso.Message(mti, {number: example(number) for number in iso.MESSAGES[mti].required})
    for number in iso.FIELDS.keys() - allowed:
        with pytest.raises(BadMessage, match=f"DE{number}: not allowed"):
            iso.encode(full.with_fields(**{f"DE{number}": example(number)}))


def test_largest_message_of_the_profile_fits_a_frame() -> None:
    largest = iso.Message("0430", {n: example(n) for n in iso.MESSAGES["0430"].required | {128}})
    largest = largest.with_fields(DE48="A" * 996, DE32="9" * 11)
    assert len(iso.encode(largest)) < FRAME_BYTES_MAX


def test_largest_block_fits_de48_and_no_larger_one() -> None:
    message = iso.Message("0620", {n: example(n) for n in iso.MESSAGES["0620"].required})
    assert iso.decode(iso.encode(message.with_fields(DE48=iso.block_text(bytes(747))))).block == bytes(747)
    with pytest.raises(BadMessage) as raised:
        iso.encode(message.with_fields(DE48=iso.block_text(bytes(748))))
    assert raised.value.field == "DE48"


def test_missing_field_is_named() -> None:
    with pytest.raises(BadMessage, match="DE39: missing"):
        SIGN_ON[39]


def test_key_of_a_message_is_time_stan_and_operator() -> None:
    assert SIGN_ON.key == ("1122083015", "000001", "10001")


@pytest.mark.parametrize("text", ["A", "AAA", "AB==", "A=AA"])
def test_block_that_is_no_canonical_base64_is_refused(text: str) -> None:
    with pytest.raises(BadMessage) as raised:
        _ = SIGN_ON.with_fields(DE48=text).block
    assert raised.value.field == "DE48"


def test_original_data_names_the_transfer_that_is_reversed() -> None:
    data = iso.original_data(exchange())
    assert data == "0200" + "000012" + "1122083015" + "00000010001" + "00000000000"
    assert len(data) == 42


def test_serial_comes_from_de60() -> None:
    assert iso.serial_of(exchange()) == keys.Serial(1, 7, 1)


def test_message_without_mac_is_refused() -> None:
    with pytest.raises(BadMac, match="missing"):
        iso.check_mac(exchange(), story.PSAM)


def test_mac_moves_to_de128_when_a_field_above_64_is_there() -> None:
    reversal = exchange().with_fields(DE90="0" * 42)
    assert 64 in iso.add_mac(exchange(), story.PSAM).fields
    assert 128 in iso.add_mac(reversal, story.PSAM).fields


def test_sealed_message_cannot_be_reflected_as_an_answer() -> None:
    sealed = iso.seal(exchange(), story.PSAM, iso.Direction.TO_BANK, b"body", bytes(12))
    assert iso.open_sealed(sealed, story.PSAM, iso.Direction.TO_BANK) == b"body"
    with pytest.raises(BadSeal):
        iso.open_sealed(sealed, story.PSAM, iso.Direction.TO_OPERATOR)


def test_mac_made_with_another_transactions_keys_is_refused() -> None:
    other_serial = keys.Serial(1, 7, 2)
    P = keys.dynamic_encryption_key(story.K, story.C, other_serial)
    other = keys.psam_keys_of_operator(keys.scalar_from_random(bytes(48)), P, other_serial)
    sealed = iso.seal(exchange(), other, iso.Direction.TO_BANK, b"body", bytes(12))
    with pytest.raises(BadMac):
        iso.open_sealed(sealed, story.PSAM, iso.Direction.TO_BANK)
