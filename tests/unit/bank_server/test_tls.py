"""TLS on a real socket: only operators with a certificate of the authority get in."""

import asyncio
import ssl

import pytest
from click.testing import CliRunner

from bank_server.cli import main
from bank_server.server import BankServer
from console.tls import mutual_context
from tests.unit.bank_server.counterpart import BankSide, OperatorSide
from tests.unit.console.authority import Authority
from wire import iso
from wire.framing import FrameReader, frame


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
    context = mutual_context(ssl.Purpose.CLIENT_AUTH, *authority.issue("bank"), authority.certificate)
    server = BankServer(bank.session, bank.store, bank.keys, clock=lambda: bank.now, tls=context)
    port = await server.start("127.0.0.1", 0)
    try:
        good = mutual_context(ssl.Purpose.SERVER_AUTH, *authority.issue("operator"), authority.certificate)
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


def test_half_of_the_tls_options_is_refused(tmp_path):
    words = ["--state", str(tmp_path / "state")]
    assert CliRunner().invoke(main, [*words, "init"]).exit_code == 0
    result = CliRunner().invoke(main, [*words, "serve", "--tls-certificate", "x"])
    assert result.exit_code == 2
    assert "all three" in result.output
