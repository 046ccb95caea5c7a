"""Keys on disk: for their owner alone, whole or not at all, never overwritten."""

import os

import pytest

from bank_server.errors import NotAllowed, UnusableKeyFile, UnusableState
from bank_server.key_files import KeyFolder, read_secret, write_secret
from tests.unit.bank_server.counterpart import random_bytes
from wire.secret import Secret

STATIC = bytes(range(32))


@pytest.fixture
def folder(tmp_path) -> KeyFolder:
    folder = KeyFolder(tmp_path / "keys")
    folder.create(random_bytes(1))
    folder.add_operator("46000", 1, STATIC)
    return folder


def renewed(folder: KeyFolder, seed: int):
    random = random_bytes(seed)
    (held,) = folder.operators()
    held = held.with_seeds(Secret(random(32)), Secret(random(32))).with_control_key(random)
    folder.save(held)
    return held


def test_what_is_saved_is_loaded_again(folder):
    held = renewed(folder, 2)
    assert folder.operators() == [held]
    assert folder.load().of("46000") == held


def test_every_file_is_for_its_owner_alone(folder, tmp_path):
    renewed(folder, 2)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o601, 0o660])
def test_a_key_file_that_others_can_use_is_refused_with_what_to_do(tmp_path, mode):
    write_secret(tmp_path / "key", bytes(32))
    (tmp_path / "key").chmod(mode)
    with pytest.raises(UnusableKeyFile, match="chmod 600"):
        read_secret(tmp_path / "key", 32)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_file_of_a_wrong_size_is_refused(tmp_path, size):
    write_secret(tmp_path / "key", bytes(size))
    with pytest.raises(UnusableKeyFile, match="32 bytes"):
        read_secret(tmp_path / "key", 32)


def test_a_key_file_that_is_missing_or_a_folder_is_refused(tmp_path):
    with pytest.raises(UnusableKeyFile, match="cannot be read"):
        read_secret(tmp_path / "none", 32)
    with pytest.raises(UnusableKeyFile):
        read_secret(tmp_path, 32)


def test_a_key_is_never_overwritten_and_nothing_half_written_stays(tmp_path):
    write_secret(tmp_path / "key", b"first")
    with pytest.raises(UnusableKeyFile, match="there already"):
        write_secret(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["key"]


@pytest.mark.parametrize(("operator", "node", "reason"), [("46000", 2, "there already"), ("46001", 1, "belongs to")])
def test_an_operator_or_node_that_is_taken_is_refused(folder, operator, node, reason):
    with pytest.raises(NotAllowed, match=reason):
        folder.add_operator(operator, node, STATIC)


@pytest.mark.parametrize(("operator", "node"), [("", 2), ("123456789012", 2), ("../x", 2), ("5", 65536), ("5", -1)])
def test_an_id_or_node_that_messages_cannot_carry_is_refused(folder, operator, node):
    with pytest.raises(NotAllowed):
        folder.add_operator(operator, node, STATIC)


def test_an_operator_that_is_only_half_added_is_not_there(folder, tmp_path):
    (tmp_path / "keys" / "operators" / "5").mkdir()
    assert [held.operator for held in folder.operators()] == ["46000"]


def test_old_keys_are_erased_and_the_newest_never(folder):
    renewed(folder, 2)
    renewed(folder, 3)
    assert folder.erase_older("46000", 2, 1) == ["seeds-0000000001"]
    assert sorted(folder.erase_older("46000", 9, 9)) == ["control-00001"]
    (held,) = folder.operators()
    assert (list(held.seeds), list(held.controls)) == ([2], [2])


def test_whatever_changes_in_an_operators_keys_changes_the_state(folder):
    before = folder.state()
    assert folder.state() == before
    renewed(folder, 2)
    assert folder.state() != before


def test_a_folder_without_keys_is_refused(tmp_path):
    with pytest.raises(UnusableState, match="init"):
        KeyFolder(tmp_path / "none").operators()
    KeyFolder(tmp_path / "keys").create(random_bytes(1))
    with pytest.raises(UnusableState, match="already"):
        KeyFolder(tmp_path / "keys").create(random_bytes(1))


def test_keys_that_cannot_be_erased_are_named(folder):
    with pytest.raises(UnusableKeyFile, match="cannot be erased"):
        folder.erase_older("5", 1, 1)


def test_a_folder_of_no_keys_yet_has_nothing_to_erase(folder):
    assert folder.erase_older("46000", 1, 1) == []
