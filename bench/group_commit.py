"""How many transfers one commit to disk should carry: python bench/group_commit.py

The bank's session on its real SQLite ledger (WAL, synchronous=FULL), without sockets: each run takes the same number
of transfers, so many of them in one database transaction. Medians of five rounds taken in turn; ratios are to one
transfer a commit; the absolute figures are this machine's.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # the far end lives with the tests

from bank_server.policy import Policy
from bank_server.sqlite_store import SqliteStore
from tests.unit.bank_server.counterpart import ALICE, BankSide, HandsetSide, OperatorSide
from wire import iso

TRANSFERS = 256
ROUNDS = 5
BATCHES = (1, 4, 16, 64)
NO_LIMITS = Policy(daily_transfers_max=10**9, daily_fen_max=10**15)


def measure(folder: Path, batch: int) -> float:
    """Return transfers per second with `batch` of them in each commit."""
    bank = BankSide(folder / "bank.sqlite", policy=NO_LIMITS)
    bank.store.execute("PRAGMA synchronous = FULL")
    operator, alice = OperatorSide(bank).connect(), HandsetSide(bank)
    messages = []
    for _ in range(TRANSFERS):
        transaction = operator.open(ALICE)
        messages.append(iso.encode(transaction.message("0200", "400000", alice.transfer(1).encode())))
    began = time.perf_counter()
    for first in range(0, TRANSFERS, batch):
        with bank.store.transaction():
            for message in messages[first : first + batch]:
                bank.session.receive(operator.connection, message, bank.now)
    elapsed = time.perf_counter() - began
    assert isinstance(bank.store, SqliteStore)
    assert bank.store.verify() == []
    bank.store.close()
    return TRANSFERS / elapsed


def main() -> None:
    rates: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    for _ in range(ROUNDS):  # in turn, so that whatever else the machine does falls on all of them
        for batch in BATCHES:
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                rates[batch].append(measure(Path(folder), batch))
    base = statistics.median(rates[1])
    print(f"{'in one commit':>13}  {'transfers/s':>11}  {'ratio':>5}  {'least':>5}  {'most':>5}")
    for batch, found in rates.items():
        middle = statistics.median(found)
        print(f"{batch:>13}  {middle:>11.0f}  {middle / base:>5.2f}  {min(found):>5.0f}  {max(found):>5.0f}")


if __name__ == "__main__":
    main()
