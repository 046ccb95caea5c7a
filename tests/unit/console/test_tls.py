"""TLS with certificates on both sides: files that cannot be used are named before anything starts."""

import ssl

import pytest

from console import CannotStart
from console.tls import mutual_context
from tests.unit.console.authority import Authority


def test_files_that_cannot_be_used_are_named(tmp_path):
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("bank")
    _, other_key = authority.issue("other")
    with pytest.raises(CannotStart, match=r"bank\.pem"):
        mutual_context(ssl.Purpose.CLIENT_AUTH, certificate, other_key, authority.certificate)
    with pytest.raises(CannotStart, match=r"bank\.key"):
        mutual_context(ssl.Purpose.CLIENT_AUTH, certificate, key, key)
    with pytest.raises(CannotStart, match="is no certificate of the key"):
        mutual_context(ssl.Purpose.CLIENT_AUTH, certificate, tmp_path / "none", authority.certificate)
    key.chmod(0o640)
    with pytest.raises(CannotStart, match="chmod 600"):
        mutual_context(ssl.Purpose.CLIENT_AUTH, certificate, key, authority.certificate)


def test_no_tls_is_spoken_unless_it_is_configured(tmp_path):
    assert mutual_context(ssl.Purpose.CLIENT_AUTH, None, None, None) is None
    with pytest.raises(CannotStart, match="all three"):
        mutual_context(ssl.Purpose.CLIENT_AUTH, tmp_path, None, tmp_path)
