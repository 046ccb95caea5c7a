"""After a run, the operator's disk, logs and memory and the SMS carry no account number, PIN, amount or name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handset.demo_customers import CUSTOMERS
from tests.system.house import OPERATOR_NUMBER, PAYEE, PAYER, House, run
from wire.digits import ACCOUNT_BYTES, pack_digits

pytestmark = pytest.mark.programs

AMOUNT_YUAN, AMOUNT_FEN = "7654.31", 765431


def secrets() -> dict[str, bytes]:
    """Return what must not be found, in every form in which it is written anywhere in this project."""
    found: dict[str, bytes] = {
        "amount in yuan": AMOUNT_YUAN.encode(),
        "amount in fen": str(AMOUNT_FEN).encode(),
        "amount packed": AMOUNT_FEN.to_bytes(6, "big"),
    }
    for customer in CUSTOMERS[:3]:
        found[f"account of {customer.msisdn}"] = customer.account.encode()
        found[f"packed account of {customer.msisdn}"] = pack_digits(customer.account, ACCOUNT_BYTES)
        found[f"PIN of {customer.msisdn}"] = customer.pin.encode()
        found[f"name of {customer.msisdn}"] = customer.name.encode()
        found[f"UTF-16 name of {customer.msisdn}"] = customer.name.encode("utf-16-le")
        found[f"UCS-2 name of {customer.msisdn}"] = customer.name.encode("utf-16-be")
    return found


def memory_of(pid: int) -> Iterator[bytes]:
    """Yield the readable memory of a process, region by region."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if match is None or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in match.groups())
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:  # a guard page, or a region that has gone
                continue


def test_the_operator_and_the_sms_carry_nothing_of_the_banks_data(house: House) -> None:
    assert house.balance(PAYEE) > 0
    assert house.transfer(AMOUNT_YUAN).json["outcome"] == "done"
    assert house.transfer("1.00", pin="999999").json["code"] == "55"
    places = {str(path): path.read_bytes() for path in house.operator_state.rglob("*") if path.is_file()}
    places |= {str(path): path.read_bytes() for path in house.network_state.rglob("*") if path.is_file()}
    places |= {str(path): path.read_bytes() for path in house.folder.glob("*.log")}
    places["between operator and bank"] = b"".join(message for _, message in house.tap.passed)
    places["the operator's memory"] = b"\0".join(memory_of(house.operator.pid))
    places["the operator's command line"] = Path(f"/proc/{house.operator.pid}/cmdline").read_bytes()
    for place, content in places.items():
        for name, secret in secrets().items():
            assert secret not in content, f"{name} is in {place}"
    # The same search does find what the operator may know: it would find the rest.
    assert PAYER.msisdn.encode() in places["the operator's memory"]
    assert OPERATOR_NUMBER.encode() in places["the operator's command line"]
    assert any(b"0200" in content for place, content in places.items() if place.endswith((".sqlite", "-wal", ".db")))


def test_no_secret_is_readable_by_others_and_keys_show_shows_none(house: House) -> None:
    loose = [
        path
        for state in (house.bank_state, house.operator_state, house.handset_state(PAYER))
        for path in state.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077
    ]
    assert not loose
    files = [*house.bank_state.rglob("*"), *house.operator_state.rglob("*"), house.folder / "static.key"]
    contents = [path.read_bytes() for path in files if path.is_file() and "sqlite" not in path.name]
    raw_keys = {content.hex().encode() for content in contents if len(content) == 32}
    for content in contents:  # 32 bytes in hex; K, which may be shown, has 33
        raw_keys |= set(re.findall(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", content))
    assert len(raw_keys) >= 5, "the key files hold keys raw or in hex, or this test must learn their form"
    for program, state in (("bank-server", house.bank_state), ("operator-platform", house.operator_state)):
        for options in ((), ("--json",)):
            shown = run(program, "--state", state, "keys", "show", *options)
            assert shown.status == 0, shown
            assert not {key for key in raw_keys if key in shown.output.lower().encode()}
