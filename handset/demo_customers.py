"""The customers of `handset --demo`, the same every time; tests use them too. Names and PINs are invented.

The first is whose phone the demo opens. Her or his PIN is shown on the first screen: nothing here is secret.
"""

from dataclasses import asdict, dataclass

OPERATOR_NUMBER = "95533"
OPERATOR_ID = "46000"


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: account, PIN and SIM; the balance to start with is in fen."""

    account: str
    name: str
    pin: str
    msisdn: str
    imsi: str
    balance_fen: int

    def facts(self) -> dict[str, str | int]:
        """Return what `handset --demo accounts --json` prints."""
        return asdict(self)


CUSTOMERS: tuple[Customer, ...] = (
    Customer("4600010000000001", "张伟", "135790", "8613900000001", "460001000000001", 1_000_000),
    Customer("4600020000000002", "李小梅", "246801", "8613900000002", "460001000000002", 250_000),
    Customer("4600030000000003", "王建国", "112358", "8613900000003", "460001000000003", 88_888),
    Customer("4600040000000004", "陈思远", "314159", "8613900000004", "460001000000004", 5_000_000),
    Customer("4600050000000005", "欧阳芳", "271828", "8613900000005", "460001000000005", 0),
)
