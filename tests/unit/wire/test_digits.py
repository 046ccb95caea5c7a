import pytest

from wire.digits import checked_account, checked_imsi, checked_msisdn, checked_pin, pack_digits, unpack_digits
from wire.errors import BadDigits
from wire.identity import Identity


def test_digits_are_packed_high_nibble_first_and_padded_with_f() -> None:
    assert pack_digits("12345", 4).hex() == "12345fff"
    assert unpack_digits(bytes.fromhex("12345fff")) == "12345"


def test_leading_zeros_are_kept() -> None:
    assert unpack_digits(pack_digits("001010000000001", 8)) == "001010000000001"


@pytest.mark.parametrize("digits", ["", "12 4", "1234567890", "１２", "-12", "1a"])
def test_what_does_not_fit_or_is_no_digit_is_not_packed(digits: str) -> None:
    with pytest.raises(BadDigits):
        pack_digits(digits, 4)


@pytest.mark.parametrize("packed", ["", "ffff", "1f2f", "0a", "f1"])
def test_what_no_packing_gives_is_not_unpacked(packed: str) -> None:
    with pytest.raises(BadDigits):
        unpack_digits(bytes.fromhex(packed))


@pytest.mark.parametrize(
    ("check", "shortest", "longest"),
    [(checked_imsi, 6, 15), (checked_msisdn, 5, 15), (checked_account, 6, 19), (checked_pin, 4, 12)],
)
def test_each_number_has_its_lengths(check, shortest: int, longest: int) -> None:
    assert check("7" * shortest) == "7" * shortest
    assert check("7" * longest) == "7" * longest
    for wrong in ("7" * (shortest - 1), "7" * (longest + 1), "7" * shortest + "\n", "７" * shortest):
        with pytest.raises(BadDigits) as raised:
            check(wrong)
        assert "777" not in str(raised.value)


def test_plus_of_an_international_number_is_dropped_once() -> None:
    assert checked_msisdn("+8613900000001") == "8613900000001"
    with pytest.raises(BadDigits):
        checked_msisdn("++8613900000001")


def test_identity_is_16_bytes() -> None:
    identity = Identity("001010000000001", "8613900000001")
    assert identity.pack().hex() == "001010000000001f8613900000001fff"
    assert Identity.unpack(identity.pack()) == identity
