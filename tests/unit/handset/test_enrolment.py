from pathlib import Path

import pytest

from handset.enrolment import BadEnrolment, checked_bank, read_bank_key
from wire.sealing import fingerprint

KEY = bytes(range(32))


def test_a_key_comes_from_hex_digits_or_from_a_file_with_them(tmp_path: Path) -> None:
    path = tmp_path / "bank-terminal-key.txt"
    path.write_text(f"terminal key: {KEY.hex()}\nfingerprint:  {fingerprint(KEY)}\n")
    assert read_bank_key(KEY.hex()) == KEY
    assert read_bank_key(str(path)) == KEY


@pytest.mark.parametrize("content", ["", "nothing", KEY.hex()[:-2], KEY.hex() + "00"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    with pytest.raises(BadEnrolment):
        read_bank_key(str(path))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEnrolment, match="neither"):
        read_bank_key(str(tmp_path / "absent"))


def test_the_fingerprint_is_taken_with_other_spaces_and_case() -> None:
    text = fingerprint(KEY)
    assert checked_bank(KEY, text).fingerprint == text
    assert checked_bank(KEY, text.upper().replace(" ", "")).public_key == KEY
    assert checked_bank(KEY, f"  {text}\n").public_key == KEY


@pytest.mark.parametrize("change", [lambda text: text[:-1] + "x", lambda text: text[:-5], lambda _: ""])
def test_another_fingerprint_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(BadEnrolment, match="do not use this key"):
        checked_bank(KEY, change(fingerprint(KEY)))
