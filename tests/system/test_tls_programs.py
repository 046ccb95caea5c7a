"""Operator and bank as programs that speak TLS with each other."""

import time
from pathlib import Path

import pytest

from tests.system.house import OPERATOR_NUMBER, PAYER, House, Server
from tests.system.ports import free_port
from tests.unit.console.authority import Authority

pytestmark = pytest.mark.programs


def test_an_operator_signs_on_over_tls_with_its_certificate_and_a_stranger_does_not(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.customers = house.customers[:1]
    house.build()
    authority, stranger = Authority(tmp_path, "authority"), Authority(tmp_path, "stranger")
    certificate, key = authority.issue("bank")
    tls = ("--tls-certificate", certificate, "--tls-key", key, "--tls-operators-ca", authority.certificate)
    bank = Server(
        "bank", ("bank-server", "--state", house.bank_state, "serve", "--port", "0", *tls), tmp_path / "bank.log"
    )
    smpp = free_port()
    phone = f"--phone=imsi={PAYER.imsi},msisdn={PAYER.msisdn}"
    emulator = Server(
        "emulator",
        ("modem-emulator", "serve", phone, "--esme", f"{OPERATOR_NUMBER}=operator", "--smpp-port", str(smpp)),
        tmp_path / "emulator.log",
    )
    servers = [bank, emulator]
    try:
        bank.start()
        emulator.start()
        for name, signer, said in (("operator", authority, "signed on to the bank"), ("foreign", stranger, "no bank")):
            own, own_key = signer.issue(name)
            log = tmp_path / f"{name}.log"
            operator = Server(
                name,
                (
                    *("operator-platform", "--state", house.operator_state, "serve", "--smpp", f"127.0.0.1:{smpp}"),
                    *("--bank", f"localhost:{bank.ready['port']}"),
                    *("--tls-certificate", own, "--tls-key", own_key, "--tls-bank-ca", authority.certificate),
                ),
                log,
            )
            servers.append(operator)
            operator.start()
            end = time.monotonic() + 15
            while said not in log.read_text() and "is gone" not in log.read_text() and time.monotonic() < end:
                time.sleep(0.05)
            assert ("signed on to the bank" in log.read_text()) == (name == "operator"), log.read_text()
            operator.stop()
    finally:
        for server in servers:
            if server.process is not None:
                server.process.kill()
                server.process.wait()
