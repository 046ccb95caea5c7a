"""Key files: private, whole, and refused when others could have read them."""

import os

import pytest

from operator_platform.errors import BadKeyFile
from operator_platform.key_files import KeyFiles, read_private, read_static_key, write_private
from wire.secret import Secret


@pytest.fixture
def files(tmp_path, bank):
    files = KeyFiles(tmp_path / "keys")
    files.save_static(bank.static)
    return files


def test_what_is_saved_is_loaded_again_with_mode_0600(files, bank, tmp_path):
    bank.renew_seeds()
    bank.renew_control_key()
    files.save_seeds(bank.generations[2], bank.generations[1])
    files.save_control_key(bank.control(2), bank.control(1))
    loaded = files.load()
    assert loaded.static == bank.static
    assert (loaded.seeds, loaded.previous_seeds) == (bank.generations[2], bank.generations[1])
    assert (loaded.control, loaded.previous_control) == (bank.control(2), bank.control(1))
    names = sorted(os.listdir(tmp_path / "keys"))
    assert names == ["control-key.json", "seeds.json", "static.key"]
    assert {(tmp_path / "keys" / name).stat().st_mode & 0o777 for name in names} == {0o600}


def test_without_a_predecessor_nothing_of_the_old_key_is_left_in_the_file(files, bank, tmp_path):
    bank.renew_seeds()
    files.save_seeds(bank.generations[2], bank.generations[1])
    files.save_seeds(bank.generations[2], None)
    assert files.load().previous_seeds is None
    assert bank.generations[1].seed1.reveal().hex() not in (tmp_path / "keys" / "seeds.json").read_text()


def test_a_platform_that_the_bank_has_sent_nothing_has_only_its_static_key(files):
    assert files.load().complete is False
    assert repr(files.load()) == "OperatorKeys(generation=None, epoch=None)"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666])
@pytest.mark.parametrize("name", ["static.key", "seeds.json"])
def test_a_file_that_others_can_use_is_refused(files, bank, tmp_path, mode, name):
    files.save_seeds(bank.generations[1], None)
    (tmp_path / "keys" / name).chmod(mode)
    with pytest.raises(BadKeyFile, match="chmod 600"):
        files.load()


def test_a_static_key_may_be_bytes_or_hex(tmp_path):
    for content in (bytes(range(32)), bytes(range(32)).hex().encode() + b"\n"):
        write_private(tmp_path / "key", content)
        assert read_static_key(tmp_path / "key") == Secret(bytes(range(32)))


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"0" * 63, b"zz" * 32])
def test_what_is_no_static_key_is_refused_without_being_shown(tmp_path, content):
    write_private(tmp_path / "key", content)
    with pytest.raises(BadKeyFile, match="no static key"):
        read_static_key(tmp_path / "key")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"current": {"generation": 1}, "previous": null}', b"[1]"])
def test_a_damaged_file_is_named_and_its_content_is_not_shown(files, tmp_path, content):
    write_private(tmp_path / "keys" / "seeds.json", content)
    with pytest.raises(BadKeyFile, match=r"seeds\.json: is damaged") as caught:
        files.load()
    assert caught.value.__cause__ is None


def test_a_missing_static_key_is_named(tmp_path):
    with pytest.raises(BadKeyFile, match=r"static\.key"):
        KeyFiles(tmp_path).load()


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "key"
    write_private(path, b"old")
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_private(path, b"new")
    monkeypatch.undo()
    assert read_private(path) == b"old"
    write_private(path, b"new")
    assert read_private(path) == b"new"
