import pytest

from handset.amounts import AMOUNT_FEN_MAX, AmountFault, BadAmount, format_yuan, parse_yuan


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("12", 1200),
        ("12.3", 1230),
        ("12.34", 1234),
        ("12.", 1200),
        ("0.01", 1),
        (" 5 ", 500),
        ("0012.30", 1230),
        ("2814749767106.55", AMOUNT_FEN_MAX),
        ("0.29", 29),  # 0.29 * 100 is 28.999... in floating point
        ("1.15", 115),
    ],
)
def test_an_amount_is_exact(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", AmountFault.NOT_A_NUMBER),
        ("abc", AmountFault.NOT_A_NUMBER),
        ("1,000", AmountFault.NOT_A_NUMBER),
        ("1,5", AmountFault.NOT_A_NUMBER),
        ("-5", AmountFault.NOT_A_NUMBER),
        ("+5", AmountFault.NOT_A_NUMBER),
        (".5", AmountFault.NOT_A_NUMBER),
        ("1e3", AmountFault.NOT_A_NUMBER),
        ("1.2.3", AmountFault.NOT_A_NUMBER),
        ("１２", AmountFault.NOT_A_NUMBER),
        ("nan", AmountFault.NOT_A_NUMBER),
        ("9" * 16, AmountFault.NOT_A_NUMBER),
        ("1.234", AmountFault.TOO_MANY_DECIMALS),
        ("0", AmountFault.NOT_ABOVE_ZERO),
        ("0.00", AmountFault.NOT_ABOVE_ZERO),
        ("2814749767106.56", AmountFault.TOO_LARGE),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(text: str, fault: AmountFault) -> None:
    with pytest.raises(BadAmount) as refused:
        parse_yuan(text)
    assert refused.value.fault is fault


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (1, "0.01"), (123450, "1,234.50"), (-5, "-0.05"), (-123456789, "-1,234,567.89")]
)
def test_fen_are_shown_as_yuan(fen: int, text: str) -> None:
    assert format_yuan(fen) == text
