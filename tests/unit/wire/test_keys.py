import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.wire import reference, story
from wire import keys
from wire.errors import BadMessage, InvalidPoint, InvalidScalar
from wire.secret import Secret

ROOT = story.ROOT
N = keys.GROUP_ORDER


def multiple(scalar: int):
    """Return scalar*G as `cryptography` has it."""
    return keys._private_key(scalar).public_key()


def test_adding_a_point_to_itself_doubles_it() -> None:
    assert keys._add(multiple(5), multiple(5)) == keys._point_bytes(multiple(10))


def test_adding_a_point_to_its_negative_is_refused_as_infinity() -> None:
    with pytest.raises(InvalidPoint, match="infinity"):
        keys._add(multiple(5), multiple(N - 5))


@pytest.mark.parametrize(("left", "right"), [(1, 2), (N - 1, 2), (N - 1, N - 2), (12345, N - 12346)])
def test_sum_of_points_is_the_point_of_the_sum(left: int, right: int) -> None:
    assert keys._add(multiple(left), multiple(right)) == keys._point_bytes(multiple((left + right) % N))


def test_order_and_prime_are_those_of_p_256() -> None:
    assert (keys.GROUP_ORDER, keys.FIELD_PRIME) == (reference.ORDER, reference.PRIME)


def test_scalar_from_random_stays_in_range_at_both_ends() -> None:
    assert int.from_bytes(keys.scalar_from_random(bytes(48)).reveal(), "big") == 1
    highest = keys.scalar_from_random((N - 2).to_bytes(48, "big"))
    assert int.from_bytes(highest.reveal(), "big") == N - 1
    assert int.from_bytes(keys.scalar_from_random((N - 1).to_bytes(48, "big")).reveal(), "big") == 1


@pytest.mark.parametrize("scalar", [0, N, 2**256 - 1])
def test_scalar_out_of_range_is_refused(scalar: int) -> None:
    with pytest.raises(InvalidScalar):
        keys.control_point(Secret(scalar.to_bytes(32, "big")))


@pytest.mark.parametrize("size", [16, 32])
def test_key_check_value_is_the_start_of_a_cmac_of_zeros(size: int) -> None:
    key = story.fixed("checked key", size)
    assert keys.key_check_value(Secret(key)) == reference.aes_cmac(key, bytes(16))[:5].hex()


def test_serial_is_shown_as_16_hex_digits() -> None:
    assert str(keys.Serial(1, 7, 1)) == "0001000700000001"
    assert keys.Serial.unpack(bytes.fromhex("0001000700000001")) == keys.Serial(1, 7, 1)
    with pytest.raises(BadMessage):
        keys.Serial.unpack(bytes(7))


# -- python -m wire.keys --------------------------------------------------------------------------------------


def written(folder: Path, **changes: object) -> str:
    file = folder / "keys.json"
    inputs = {**story.TRANSACTION, **changes}
    file.write_text(json.dumps({name: value for name, value in inputs.items() if value is not None}))
    return str(file)


def test_command_prints_what_the_vector_has(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "wire.keys", written(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    vector = json.loads((story.FOLDER / "key-schedule/transaction.json").read_text())
    assert json.loads(run.stdout) == vector["gives"]


@pytest.mark.parametrize("generation", [1, "01", "00000001"])
def test_generation_may_be_short_or_a_number(tmp_path: Path, capsys, generation: object) -> None:
    assert keys.main([written(tmp_path, generation=generation)]) == 0
    vector = json.loads((story.FOLDER / "key-schedule/transaction.json").read_text())
    assert json.loads(capsys.readouterr().out) == vector["gives"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"c": None}, "c: missing"),
        ({"seed1": "00"}, "seed1: needs 32 bytes of hex, has 1"),
        ({"seed2": "xy"}, "seed2: not hex"),
        ({"serial": [1]}, "serial: needs a hex string"),
        ({"generation": True}, "generation: needs a hex string"),
        ({"generation": 2**32}, "generation: needs a hex string"),
        ({"generation": ""}, "generation: needs 4 bytes"),
        ({"colour": "00"}, "colour: unknown input"),
        ({"k": "00" * 32}, "scalar"),
        ({"e": "ff" * 32}, "scalar"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, capsys, changes: dict[str, object], complaint: str) -> None:
    assert keys.main([written(tmp_path, **changes)]) == 2
    shown = capsys.readouterr()
    assert complaint in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '"k"', "\0"])
def test_file_that_is_no_json_object_is_refused(tmp_path: Path, capsys, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    assert keys.main([str(file)]) == 2
    assert "keys.json" in capsys.readouterr().err


def test_missing_file_is_named(capsys) -> None:
    assert keys.main(["nowhere.json"]) == 2
    assert "nowhere.json" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["-h"], 0), ([], 2), (["a", "b"], 2)])
def test_help_shows_an_example(capsys, arguments: list[str], status: int) -> None:
    assert keys.main(arguments) == status
    assert "example: python -m wire.keys" in capsys.readouterr().out
