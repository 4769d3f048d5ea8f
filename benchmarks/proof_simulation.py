"""As many simulated histories as you like: `python benchmarks/proof_simulation.py [--histories 100000] [--jobs 2]`.

Each is a day and more of a user, a provider and a network in which everything goes wrong, with the real engine,
ledger, intake and delivery (see tests/simulation). Prints every broken promise with its seed; exit 1 if any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "simulation"))

BLOCK = 50


def one_block(start: int) -> list[str]:
    """The broken promises of a block of seeds."""
    from loguru import logger
    from test_simulation_histories import run_all

    logger.remove()
    return run_all(range(start, start + BLOCK))


def main() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    began, broken, lived = time.monotonic(), 0, 0
    starts = range(options.first, options.first + options.histories, BLOCK)
    with multiprocessing.Pool(options.jobs) as pool:
        for found in pool.imap_unordered(one_block, starts):
            lived += BLOCK
            broken += len(found)
            for one in found:
                print(one, flush=True)
            if lived % 1_000 == 0:
                print(f"{lived:,} histories, {broken} broken, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{lived:,} histories, {broken} broken, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
