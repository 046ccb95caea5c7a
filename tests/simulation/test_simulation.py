"""200 seeds: lost, doubled, late and reordered SMS, broken connections, restarts; the books agree at the end."""

from pathlib import Path

import pytest

from tests.simulation.world import run_seed

SEEDS = 200
SEEDS_EACH = 10

pytestmark = pytest.mark.simulation


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_EACH))
def test_every_transfer_has_one_outcome_and_all_three_agree_on_it(first: int, tmp_path: Path) -> None:
    settled = 0
    for seed in range(first, first + SEEDS_EACH):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            settled += run_seed(seed, folder)
        except Exception as error:
            pytest.fail(f"seed {seed}: {error!r}\nreplay it: .venv/bin/python -m tests.simulation {seed}")
    assert settled > SEEDS_EACH, "a simulation in which hardly anything is settled shows nothing"
