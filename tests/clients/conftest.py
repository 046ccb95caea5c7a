"""Each test has a bench of its own: what one client leaves in its modem is not there for the next."""

from collections.abc import Iterator

import pytest

from tests.clients.bench import Bench, bench


@pytest.fixture(name="bench")
def fresh_bench() -> Iterator[Bench]:
    with bench() as one:
        yield one
