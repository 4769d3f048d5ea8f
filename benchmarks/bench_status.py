"""`sorad status` with 100,000 takes in the ledger: whole-process wall time, from Python's start to its end.

    python benchmarks/bench_status.py [--runs 9]

Target: under 0.3 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_ledger import enqueue

from sorad.ledger.place import ledger_path
from sorad.ledger.sqlite import SqliteLedger

TAKES = 100_000


def main() -> None:
    """Fill a ledger, then ask."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "vault").mkdir()
        ledger = SqliteLedger.open(ledger_path(base / "state"))
        enqueue(ledger, TAKES)
        ledger.close()
        config = base / "config.toml"
        config.write_text(f'state_dir = "{base}/state"\n[[watch]]\npath = "{base}/vault"\n')
        print(
            f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {TAKES:,} takes, {options.runs} runs"
        )
        for arguments in (["status"], ["status", "--json"], ["--help"]):
            seconds = []
            for _ in range(options.runs):
                began = time.perf_counter()
                command = [sys.executable, "-m", "sorad", "--config", str(config), *arguments]
                subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
                seconds.append(time.perf_counter() - began)
            spread = f"({min(seconds):.3f} to {max(seconds):.3f})"
            print(f"  sorad {' '.join(arguments):14} median {statistics.median(seconds):.3f} s   {spread}")


if __name__ == "__main__":
    main()
