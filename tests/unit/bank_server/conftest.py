"""A bank in memory with an operator signed on that has its keys, and Alice's handset."""

import pytest

from tests.unit.bank_server.counterpart import BankSide, HandsetSide, OperatorSide


@pytest.fixture
def bank() -> BankSide:
    return BankSide()


@pytest.fixture
def operator(bank: BankSide) -> OperatorSide:
    return OperatorSide(bank).connect()


@pytest.fixture
def alice(bank: BankSide) -> HandsetSide:
    return HandsetSide(bank)
