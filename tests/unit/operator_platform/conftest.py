"""A bank, a platform that is signed on to it and has its keys, and Alice's handset."""

import pytest

from tests.unit.operator_platform.counterpart import Bank, Handset, Platform


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def platform(bank, tmp_path) -> Platform:
    return Platform(bank, tmp_path / "operator.sqlite").connect().receive_keys()


@pytest.fixture
def alice(bank) -> Handset:
    return Handset(bank)
