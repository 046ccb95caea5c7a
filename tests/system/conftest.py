"""A house that is built and running, made once for a file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running house that tests may use but not break."""
    yield from running(House(tmp_path_factory.mktemp("house")))


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """A running house for one test, which may break it. Its operator gives up early."""
    yield from running(House(tmp_path, operator_options=("--repeat-s", "1", "--give-up-s", "20")))


def running(house: House) -> Iterator[House]:
    house.build().start()
    try:
        yield house
    finally:
        house.stop()
