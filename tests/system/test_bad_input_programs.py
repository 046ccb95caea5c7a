"""Garbage from outside: a clear error or a closed connection, a log line that names it, and no change in any store."""

import socket
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import serial

from gsm.modem import Modem
from tests.system.house import OPERATOR_NUMBER, OTHER, PAYEE, House
from wire import iso
from wire.framing import frame
from wire.iso import Message
from wire.keys import PsamKeys
from wire.secret import Secret

pytestmark = pytest.mark.programs

ZEROS = 10_000_000
DE7 = "1123024500"
ANY_KEYS = PsamKeys(Secret(bytes(32)), Secret(b"\1" * 32), Secret(b"\2" * 32))


def rows(state: Path) -> list[str]:
    """Every row of every database below a folder."""
    found = []
    for path in sorted(state.rglob("*.sqlite")) + sorted(state.rglob("*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found += list(database.iterdump())
    assert found
    return found


def quiet_rows(state: Path, outbox: str = "notices") -> list[str]:
    """The rows below a folder, once its outbox is empty: what leaves it would change them by itself."""
    end = time.monotonic() + 20
    while any(row.startswith(f'INSERT INTO "{outbox}"') for row in rows(state)):
        assert time.monotonic() < end, "something stays in the outbox"
        time.sleep(0.1)
    return rows(state)


def said(log: Path, words: str, seconds: float = 10.0) -> bool:
    """Whether a log says something, now or soon."""
    end = time.monotonic() + seconds
    while words not in log.read_text():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def answer_to(house: House, *messages: bytes, signed_on: bool = True) -> Message | None:
    """Send frames to the bank on a connection of their own; return its last answer, None if it closed first."""
    sign_on = Message("0820", {7: DE7, 11: "900001", 32: "46000", 70: "001"})
    with socket.create_connection(("127.0.0.1", house.bank.ready["port"]), timeout=10) as bank:
        stream = bank.makefile("rb")
        if signed_on:
            bank.sendall(frame(iso.encode(sign_on)))
            assert read_frame(stream) is not None
        for message in messages:
            bank.sendall(message)
        # What the bank sends by itself (keys, notices) is not an answer.
        while (raw := read_frame(stream)) is not None:
            answer = iso.decode(raw)
            if answer.mti[2] in "13":
                return answer
    return None


def read_frame(stream) -> bytes | None:  # type: ignore[no-untyped-def]
    length = stream.read(2)
    return stream.read(int.from_bytes(length, "big")) if len(length) == 2 else None


def exchange(serial_hex: str, stan: str) -> Message:
    fields = {3: "400000", 7: DE7, 11: stan, 32: "46000", 37: "000000000001", 60: serial_hex, 61: "001"}
    return iso.seal(Message("0200", fields), ANY_KEYS, iso.Direction.TO_BANK, bytes(100), bytes(12))


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("ten million zeros", bytes(ZEROS), "0 bytes"),
        ("a truncated message", frame(iso.encode(exchange("0001000100000001", "900002"))[:40]), "DE"),
        ("an unknown field", frame(b"0200" + b"\xff" * 8 + bytes(100)), "not in this profile"),
        ("an unknown type", frame(b"9999" + bytes(8)), "MTI"),
    ],
)
def test_the_bank_names_what_it_cannot_read_and_closes_or_refuses(
    house: House, name: str, message: bytes, words: str
) -> None:
    before = quiet_rows(house.bank_state)
    try:
        answer = answer_to(house, message)
    except OSError:  # reset: closed while we were still writing
        answer = None
    assert answer is None or answer[39] == "30", name
    assert said(house.bank.log, words), house.bank.log.read_text()[-1500:]
    assert rows(house.bank_state) == before


def test_an_unknown_serial_and_a_wrong_mac_are_refused_without_a_trace_in_the_books(house: House) -> None:
    assert house.transfer("0.02").json["outcome"] == "done"
    before = quiet_rows(house.bank_state)
    unknown = answer_to(house, frame(iso.encode(exchange("00010001ffffffff", "900003"))))
    assert unknown is not None
    assert unknown[39] == "A0"
    used = next(iso.decode(m)[60] for to, m in house.tap.passed if to == "bank" and m.startswith(b"0200"))
    wrong_mac = answer_to(house, frame(iso.encode(exchange(used, "900004"))))
    assert wrong_mac is not None
    assert wrong_mac[39] == "A0"
    assert said(house.bank.log, "serial")
    assert rows(house.bank_state) == before


def test_a_registration_replayed_under_another_trace_number_is_refused_for_its_mac(house: House) -> None:
    assert house.transfer("0.03").json["outcome"] == "done"
    registration = iso.decode(next(m for to, m in house.tap.passed if to == "bank" and m.startswith(b"0600")))
    before = quiet_rows(house.bank_state)
    again = answer_to(house, frame(iso.encode(registration.with_fields(DE11="900005"))))
    assert again is not None
    assert again[39] == "A0"
    assert rows(house.bank_state) == before


def test_a_stranger_is_told_nothing(house: House) -> None:
    before = quiet_rows(house.bank_state)
    stranger = Message("0820", {7: DE7, 11: "900006", 32: "99999", 70: "001"})
    answer = answer_to(house, frame(iso.encode(stranger)), signed_on=False)
    assert answer is not None
    assert answer[39] != "00"
    assert rows(house.bank_state) == before


def test_a_garbage_sms_changes_nothing_at_the_operator(house: House) -> None:
    before = quiet_rows(house.operator_state, "outbox")
    with closing(Modem(house.port_of(OTHER))) as modem:
        modem.connect()
        modem.send_text(OPERATOR_NUMBER, "hello, is there anybody?")
        modem.send_text(OPERATOR_NUMBER, "AAAA")
    assert said(house.operator.log, "is no request")
    assert rows(house.operator_state) == before


def test_ten_million_zeros_on_the_modem_port_leave_the_modem_working(house: House) -> None:
    with serial.Serial(house.port_of(PAYEE), timeout=30, write_timeout=60) as port:
        for _ in range(ZEROS // 100_000):
            port.write(bytes(100_000))
        port.write(b"\rAT\r")
        assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")
    assert house.balance(PAYEE) >= 0


def test_ten_million_zeros_on_the_smpp_port_leave_the_network_working(house: House) -> None:
    where = ("127.0.0.1", house.emulator.ready["smpp_port"])
    with socket.create_connection(where, timeout=20) as smpp, suppress(OSError):  # closed: so it should be
        smpp.sendall(bytes(ZEROS))
    assert house.transfer("0.04").json["outcome"] == "done"
