import re

import pytest

from wire.response_codes import RESPONSE_CODES, Handling, lookup

# The whole list, class by class, as the UnionPay specifications have it.
BY_CLASS = {
    Handling.DONE: "00 A2 A4 A5 A6",
    Handling.MAY_RETRY: "09 13 19 55 90 91 92",
    Handling.DO_NOT_RETRY: "01 03 04 05 12 14 15 21 25 31 34 38 40 41 42 43 45 51 54 56 57 58 59 61 62 63 64 65 75 93 "
    "94 A1 A3",
    Handling.OPERATOR_ACTS: "22 30 77 79 95 97 99 A0 A7",
    Handling.SYSTEM_FAULT: "06 20 68 96 98",
}


def test_every_code_is_there_with_its_class() -> None:
    table = {handling: set() for handling in Handling}
    for code in RESPONSE_CODES.values():
        table[code.handling].add(code.code)
    assert table == {handling: set(codes.split()) for handling, codes in BY_CLASS.items()}


@pytest.mark.parametrize("code", RESPONSE_CODES.values(), ids=lambda code: code.code)
def test_customer_texts_are_whole_sentences_in_both_languages(code) -> None:
    assert code.zh.endswith("。")
    assert re.search("[一-鿿]", code.zh)
    assert code.en.endswith(".")
    assert code.en.isascii()
    assert code.meaning
    assert "\n" not in code.zh + code.en


@pytest.mark.parametrize("handling", [Handling.MAY_RETRY, Handling.DO_NOT_RETRY, Handling.OPERATOR_ACTS])
def test_whoever_is_not_done_is_told_what_to_do_next(handling: Handling) -> None:
    for code in RESPONSE_CODES.values():
        if code.handling is handling:
            assert re.search(r"请", code.zh), code.code
            assert re.search(r"(?i)\b(call|try|enter|check|choose|use|ask|wait|look|start|asks you)\b", code.en), (
                code.code
            )


@pytest.mark.parametrize("code", BY_CLASS[Handling.SYSTEM_FAULT].split())
def test_a_fault_of_unknown_outcome_sends_the_customer_to_the_list_and_claims_nothing(code: str) -> None:
    assert "list of transfers" in lookup(code).en
    assert "转账记录" in lookup(code).zh
    assert "nothing was" not in lookup(code).en


def test_language_chooses_the_text() -> None:
    assert lookup("55").text("zh") == lookup("55").zh != lookup("55").en == lookup("55").text("en")


def test_unknown_code_is_a_system_fault_that_carries_it() -> None:
    unknown = lookup("Z9")
    assert (unknown.code, unknown.handling) == ("Z9", Handling.SYSTEM_FAULT)
    assert "Z9" in unknown.en
    assert "Z9" in unknown.zh
