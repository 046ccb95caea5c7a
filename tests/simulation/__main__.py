"""Replay one seed with its trace: python -m tests.simulation 137"""

import sys
import tempfile
from pathlib import Path

from tests.simulation.world import run_seed


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].isdigit():
        print("usage: python -m tests.simulation SEED   (example: python -m tests.simulation 137)", file=sys.stderr)
        return 2
    trace: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            settled = run_seed(int(arguments[0]), Path(folder), trace)
        finally:
            print("\n".join(trace))
    print(f"seed {arguments[0]}: {settled} transfers settled, the books agree")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
