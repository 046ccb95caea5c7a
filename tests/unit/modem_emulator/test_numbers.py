"""One form for every phone number."""

import pytest

from modem_emulator.numbers import InvalidNumber, canonical, check_digit, national_form, subscriber, type_of_number


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("8613900000001", "+8613900000001"),
        ("+8613900000001", "+8613900000001"),
        ("008613900000001", "+8613900000001"),
        ("95533", "95533"),
    ],
)
def test_every_form_becomes_one(given: str, shown: str) -> None:
    assert canonical(given) == shown


@pytest.mark.parametrize("given", ["", "+", "00", "12a", "1" * 16, "１２３", "+86 139"])
def test_what_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(InvalidNumber):
        canonical(given)


@pytest.mark.parametrize("dialled", ["13900000001", "013900000001"])
def test_a_national_number_is_one_of_the_own_country(dialled: str) -> None:
    assert subscriber(dialled, {"+8613900000001"}, "86") == "+8613900000001"


def test_a_number_nobody_has_is_nobodys() -> None:
    assert subscriber("13900000009", {"+8613900000001"}, "86") is None


@pytest.mark.parametrize("national", ["+13900000001", "+013900000001"])
def test_two_forms_of_one_subscribers_number_are_seen(national: str) -> None:
    assert national_form(["95533", "+8613900000002", "+8613900000001", national]) == national
    assert national_form(["95533", "+8613900000002", national]) is None


def test_type_of_number() -> None:
    assert (type_of_number("+8613900000001"), type_of_number("95533")) == (1, 0)


def test_check_digit_of_a_known_imei() -> None:
    assert check_digit("49015420323751") == "8"
