"""National language tables: spot checks against TS 23.038 annex A, our corrections, and every table whole.

The expected characters were read from annex A of V16.0.0 as CyberChef's GSM-7 operation transcribes it and from
Android's `GsmAlphabet`, which agree wherever a test below does not say otherwise.
"""

import pytest
from gsmcodecs.charmaps import GSMCHARMAPS
from hypothesis import given
from hypothesis import strategies as st

from gsm import alphabet
from gsm.languages import Language, choose, tables
from gsm.pdu import (
    Concatenation,
    Deliver,
    Element,
    Submit,
    UserData,
    decode_deliver,
    decode_submit,
    encode_deliver,
    encode_submit,
    split,
    text_of,
)
from gsm.reassembly import Complete, Reassembler

SHIFTS = [(locking, single) for locking in (0, *Language) if locking != Language.SPANISH for single in (0, *Language)]
INDIC = [language for language in Language if language >= Language.BENGALI]


@pytest.mark.parametrize(
    ("clause", "language", "code", "character"),
    [
        ("A.3.1", Language.TURKISH, 0x04, "€"),
        ("A.3.1", Language.TURKISH, 0x07, "ı"),
        ("A.3.1", Language.TURKISH, 0x0B, "Ğ"),
        ("A.3.1", Language.TURKISH, 0x1C, "Ş"),
        ("A.3.1", Language.TURKISH, 0x40, "İ"),
        ("A.3.3", Language.PORTUGUESE, 0x12, "ª"),
        ("A.3.3", Language.PORTUGUESE, 0x15, "∞"),
        ("A.3.3", Language.PORTUGUESE, 0x18, "€"),
        ("A.3.3", Language.PORTUGUESE, 0x5B, "Ã"),
        ("A.3.3", Language.PORTUGUESE, 0x7D, "`"),
        ("A.3.4", Language.BENGALI, 0x00, "\u0981"),
        ("A.3.4", Language.BENGALI, 0x60, "\u09ce"),
        ("A.3.5", Language.GUJARATI, 0x7F, "\u0af1"),
        ("A.3.6", Language.HINDI, 0x04, "\u0906"),
        ("A.3.6", Language.HINDI, 0x5F, "\u094d"),
        ("A.3.7", Language.KANNADA, 0x3D, "\u0caa"),
        ("A.3.8", Language.MALAYALAM, 0x48, "\u0d34"),
        ("A.3.9", Language.ORIYA, 0x60, "\u0b56"),
        ("A.3.10", Language.PUNJABI, 0x7F, "\u0a74"),
        ("A.3.11", Language.TAMIL, 0x3C, "\u0ba9"),
        ("A.3.12", Language.TELUGU, 0x7F, "\u0c63"),
        ("A.3.13", Language.URDU, 0x00, "\u0627"),
        ("A.3.13", Language.URDU, 0x7F, "\u0670"),
    ],
)
def test_a_locking_shift_table_has_the_character_at_its_code(
    clause: str, language: Language, code: int, character: str
) -> None:
    assert alphabet.decode_text(bytes([code]), tables(locking=language)) == character, f"TS 23.038 V16.0.0 {clause}"


@pytest.mark.parametrize(
    ("clause", "language", "code", "character"),
    [
        ("A.2.1", Language.TURKISH, 0x47, "Ğ"),
        ("A.2.1", Language.TURKISH, 0x69, "ı"),
        ("A.2.2", Language.SPANISH, 0x09, "ç"),
        ("A.2.2", Language.SPANISH, 0x75, "ú"),
        ("A.2.3", Language.PORTUGUESE, 0x05, "ê"),
        ("A.2.3", Language.PORTUGUESE, 0x7F, "â"),
        ("A.2.4", Language.BENGALI, 0x19, "\u09e6"),
        ("A.2.5", Language.GUJARATI, 0x1C, "\u0ae6"),
        ("A.2.6", Language.HINDI, 0x2A, "\u0953"),
        ("A.2.7", Language.KANNADA, 0x27, "\u0cf1"),
        ("A.2.8", Language.MALAYALAM, 0x34, "\u0d7f"),
        ("A.2.9", Language.ORIYA, 0x26, "\u0b5c"),
        ("A.2.10", Language.PUNJABI, 0x2C, "\u0a5e"),
        ("A.2.11", Language.TAMIL, 0x24, "\u0bee"),
        ("A.2.12", Language.TELUGU, 0x22, "\u0c6c"),
        ("A.2.13", Language.URDU, 0x3F, "\u06d4"),
    ],
)
def test_a_single_shift_table_has_the_character_at_its_code(
    clause: str, language: Language, code: int, character: str
) -> None:
    shown = alphabet.decode_text(bytes([alphabet.ESCAPE, code]), tables(single=language))
    assert shown == character, f"TS 23.038 V16.0.0 {clause}"


@pytest.mark.parametrize("language", INDIC)
def test_the_comma_of_the_tables_a_3_4_to_a_3_13_is_corrected(language: Language) -> None:
    """TS 23.038 V16.0.0 clauses A.3.4 to A.3.13 have a comma at 0x2C; gsmcodecs 1.0.0 has an apostrophe."""
    assert chr(GSMCHARMAPS[language]["locking"]["decode"][0x2C]) == "'"
    assert tables(locking=language).basic[0x2C] == ","
    assert tables(locking=language, single=language).codes["'"] == b"\x1b\x09"


def test_the_misprinted_letter_of_kannada_is_corrected() -> None:
    """TS 23.038 V16.0.0 clause A.3.7 prints U+0CAA at 0x24 too; the sister tables have the letter dda there."""
    assert GSMCHARMAPS[Language.KANNADA]["locking"]["decode"][0x24] == 0x0CAA
    assert tables(locking=Language.KANNADA).basic[0x24] == "\N{KANNADA LETTER DDA}"
    assert tables(locking=Language.HINDI).basic[0x24] == "\N{DEVANAGARI LETTER DDA}"
    assert tables(locking=Language.TELUGU).basic[0x24] == "\N{TELUGU LETTER DDA}"


def test_the_euro_sign_of_telugu_is_corrected() -> None:
    """TS 23.038 V16.0.0 clause A.2.12 has the euro sign at 0x65; gsmcodecs 1.0.0 leaves the code empty."""
    assert 0x65 not in GSMCHARMAPS[Language.TELUGU]["singleShift"]["decode"]
    assert {tables(single=language).extension[0x65] for language in (0, *Language)} == {"€"}


def test_our_default_tables_and_those_of_the_library_are_the_same() -> None:
    theirs = GSMCHARMAPS[0]
    basic = {code: chr(point) for code, point in theirs["locking"]["decode"].items() if code != alphabet.ESCAPE}
    extension = {code: chr(point) for code, point in theirs["singleShift"]["decode"].items() if code != alphabet.ESCAPE}
    assert (alphabet.DEFAULT.basic, alphabet.DEFAULT.extension) == (basic, extension)


@pytest.mark.parametrize("shifts", SHIFTS)
def test_every_character_of_every_pair_of_tables_survives(shifts: tuple[int, int]) -> None:
    written = tables(*shifts)
    every = "".join(written.codes)
    assert set(every) == set(written.basic.values()) | set(written.extension.values())
    assert alphabet.decode_text(alphabet.encode_text(every, written), written) == every


@given(st.sampled_from(SHIFTS), st.lists(st.integers(0, 255), max_size=40).map(bytes))
def test_any_septets_are_read_with_any_tables(shifts, septets) -> None:  # type: ignore[no-untyped-def]
    assert len(alphabet.decode_text(septets, tables(*shifts))) <= len(septets)


def test_a_code_that_the_single_shift_table_lacks_shows_the_locking_shift_table() -> None:
    """TS 23.038 clause A.2.1, note 2: the character of the main table or of the locking shift table is shown."""
    assert alphabet.decode_text(b"\x1b\x41\x1b\x04", tables(Language.TURKISH, Language.TURKISH)) == "A€"


def test_an_identifier_without_a_table_is_the_default() -> None:
    """TS 23.040 clauses 9.2.3.24.15 and .16: an unknown identifier is ignored. Spanish has no locking shift table."""
    assert tables(0, 0) is alphabet.DEFAULT
    assert tables(Language.SPANISH, 0) is alphabet.DEFAULT
    message = UserData(b"\x04\x1b\x65", 0, (Element(0x25, b"\x0e"), Element(0x24, b"\xff")))
    assert (message.shifts, message.text) == ((0, 0), "è€")


def test_a_language_is_used_only_where_it_is_allowed_and_needed() -> None:
    turkish = "Işık"
    assert UserData.of_text(turkish).dcs == 0x08
    for text in ("light", "€" * 30):  # the euro sign is one septet in the Turkish table, two in the default ones
        assert UserData.of_text(text, languages=[Language.TURKISH]) == UserData.of_text(text)
    written = UserData.of_text(turkish, languages=[Language.TURKISH])
    assert (written.dcs, written.shifts, written.text) == (0x00, (Language.TURKISH, 0), turkish)
    assert UserData.of_text("中", languages=list(Language)).dcs == 0x08


def test_the_tables_that_need_the_fewest_bits_win() -> None:
    assert choose("ş", [Language.TURKISH]) in {(Language.TURKISH, 0), (0, Language.TURKISH)}
    assert choose("ş" * 20, [Language.TURKISH]) == (Language.TURKISH, 0)
    assert choose("Ğá" * 20, [Language.TURKISH, Language.SPANISH]) == (Language.TURKISH, Language.SPANISH)
    assert choose("á", [Language.SPANISH]) == (0, Language.SPANISH)
    assert choose("á", []) is None
    assert choose("आज १", [Language.HINDI]) == (Language.HINDI, Language.HINDI)


def test_a_turkish_text_has_the_octets_of_the_specification() -> None:
    """TS 23.040 clauses 9.2.3.24.15 and .16: UDHL 03, identifier 25, length 01, Turkish 01."""
    tpdu = encode_submit(Submit("12", UserData.of_text("ğ" * 10, languages=[Language.TURKISH])))
    assert tpdu[7:12].hex() == "0f03250101"  # 15 septets: 5 for the header of 4 octets, 10 of text
    assert decode_submit(tpdu).text == "ğ" * 10


@given(st.sampled_from(SHIFTS), st.integers(1, 700), st.sampled_from([0, 255, 256]), st.data())
def test_parts_of_a_national_text_fit_join_and_cut_no_escape(shifts, length, reference, data) -> None:  # type: ignore[no-untyped-def]
    allowed = [Language(language) for language in shifts if language]
    characters = sorted(tables(*shifts).codes)
    text = "".join(data.draw(st.lists(st.sampled_from(characters), min_size=length, max_size=length)))
    parts = split(text, reference, languages=allowed)
    received = [decode_submit(encode_submit(Submit("1", part))).user_data for part in parts]
    assert "".join(part.text for part in received) == text
    assert len({part.shifts for part in received}) == 1
    assert all(part.content.count(alphabet.ESCAPE) * 2 <= len(part.content) for part in parts)
    assert all(not part.content.endswith(b"\x1b") for part in parts if part.dcs == 0)


def test_parts_with_two_elements_of_language_hold_146_septets_and_no_cut_escape() -> None:
    """140 octets less UDHL, concatenation (5) and two language elements (3 each): 128 octets hold 146 septets."""
    text = "Ğá" * 150
    parts = split(text, 7, languages=[Language.TURKISH, Language.SPANISH])
    assert [len(part.content) for part in parts] == [145, 146, 145, 14]
    assert [element.identifier for element in parts[0].udh] == [0x00, 0x25, 0x24]
    assert parts[1].concatenation == Concatenation(7, 4, 2)


def test_parts_in_several_languages_are_read_each_with_its_own() -> None:
    """TS 23.040 clause 9.2.3.24.15: the element holds for the one segment that carries it."""
    first = UserData(b"\x07", 0, (Concatenation(1, 3, 1).element(), Element(0x25, b"\x01")))
    second = UserData(b"\x1b\x49", 0, (Concatenation(1, 3, 2).element(), Element(0x24, b"\x02")))
    third = UserData(b"\x07", 0, (Concatenation(1, 3, 3).element(),))
    assert text_of([first, second, third]) == "ıÍì"
    reassembler: Reassembler[int] = Reassembler()
    received = [decode_deliver(encode_deliver(Deliver("1", part))).user_data for part in (third, first, second)]
    results = [reassembler.add("1", part, number, 0) for number, part in enumerate(received)]
    assert results[-1] == Complete("ıÍì", (1, 2, 0))


def test_of_two_elements_of_a_kind_the_last_counts() -> None:
    """TS 23.040 clause 9.2.3.24: where an element is repeated, the last is used."""
    repeated = (Element(0x25, b"\x03"), Element(0x25, b"\x01"), Element(0x25, b""))
    assert UserData(b"\x07", 0, repeated).text == "ı"


def test_every_language_writes_its_own_letters_shorter_than_ucs2() -> None:
    for language in INDIC:
        letters = "".join(character for character in tables(language).basic.values() if ord(character) >= 0x0600)
        written = UserData.of_text(letters, languages=[language])
        assert (written.shifts, len(written.content), written.text) == ((language, 0), len(letters), letters)
