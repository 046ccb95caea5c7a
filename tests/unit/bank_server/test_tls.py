"""TLS on a real socket: only operators with a certificate of the authority get in."""

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bank_server.cli import main
from bank_server.errors import UnusableKeyFile
from bank_server.server import BankServer
from bank_server.tls import server_context
from tests.unit.bank_server.counterpart import BankSide, OperatorSide
from wire import iso
from wire.framing import FrameReader, frame


class Authority:
    """Signs certificates and writes them, with their keys, into a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.pem"
        signed = self._sign(self.name, self.key, authority=True)
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._sign(subject, key, authority=False).public_bytes(serialization.Encoding.PEM))
        key_file.touch(0o600)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, key_file

    def _sign(self, subject, key, *, authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.test")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )


async def echo(port: int, context: ssl.SSLContext, bank: BankSide) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="bank.test")
    writer.write(frame(iso.encode(OperatorSide(bank).message("0820", {70: "301"}))))
    frames, messages = FrameReader(), []
    try:
        while not messages:
            data = await asyncio.wait_for(reader.read(4096), 10)
            if not data:
                raise ConnectionResetError
            messages = frames.receive(data)
    finally:
        writer.close()
    return iso.decode(messages[0])[39]


async def test_only_an_operator_with_a_certificate_of_the_authority_gets_in(bank, tmp_path):
    authority, stranger = Authority(tmp_path, "authority"), Authority(tmp_path, "stranger")
    context = server_context(*authority.issue("bank"), authority.certificate)
    server = BankServer(bank.session, bank.store, bank.keys, clock=lambda: bank.now, tls=context)
    port = await server.start("127.0.0.1", 0)
    try:
        good = ssl.create_default_context(cafile=authority.certificate)
        good.load_cert_chain(*authority.issue("operator"))
        assert await echo(port, good, bank) == "00"
        none = ssl.create_default_context(cafile=authority.certificate)
        foreign = ssl.create_default_context(cafile=authority.certificate)
        foreign.load_cert_chain(*stranger.issue("foreign"))
        old = ssl.create_default_context(cafile=authority.certificate)
        old.load_cert_chain(*authority.issue("other"))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        for context in (none, foreign, old):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await echo(port, context, bank)
        assert await echo(port, good, bank) == "00"
    finally:
        await server.stop()


def test_files_that_cannot_be_used_are_named(tmp_path):
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("bank")
    _, other_key = authority.issue("other")
    with pytest.raises(UnusableKeyFile, match=r"bank\.pem"):
        server_context(certificate, other_key, authority.certificate)
    with pytest.raises(UnusableKeyFile, match=r"bank\.key"):
        server_context(certificate, key, key)
    with pytest.raises(UnusableKeyFile, match="cannot be read"):
        server_context(certificate, tmp_path / "none", authority.certificate)
    key.chmod(0o640)
    with pytest.raises(UnusableKeyFile, match="chmod 600"):
        server_context(certificate, key, authority.certificate)


def test_half_of_the_tls_options_is_refused(tmp_path):
    words = ["--state", str(tmp_path / "state")]
    assert CliRunner().invoke(main, [*words, "init"]).exit_code == 0
    result = CliRunner().invoke(main, [*words, "serve", "--tls-certificate", "x"])
    assert result.exit_code == 2
    assert "all of" in result.output
