"""`sorad status`, `plan` and `validate` with 100,000 takes in the ledger: whole processes, from start to end.

    python benchmarks/bench_status.py [--runs 9]

Target: under 0.3 s each. The CPU time says more than the wall time where the machine is not quiet.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
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
ENVIRON = {**os.environ, "SORA_API_KEY": "sk-bench"}


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
        config.write_text(
            f'state_dir = "{base}/state"\n[[watch]]\npath = "{base}/vault"\n[provider]\nkind = "ark"\n'
        )
        print(
            f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {TAKES:,} takes, {options.runs} runs"
        )
        board = base / "vault" / "storyboard_one.json"
        segment = {"segment_index": 1, "prompt_text": "a lighthouse", "duration_seconds": 5}
        board.write_text(json.dumps({"segments": [segment]}))
        one = [["plan", str(board)], ["validate", str(board)]]
        for arguments in (["status"], ["status", "--json"], *one, ["--help"]):
            seconds, cpu = [], []
            for _ in range(options.runs):
                began, before = time.perf_counter(), _cpu()
                command = [sys.executable, "-m", "sorad", "--config", str(config), *arguments]
                subprocess.run(command, stdout=subprocess.DEVNULL, check=False, env=ENVIRON)
                seconds.append(time.perf_counter() - began)
                cpu.append(_cpu() - before)
            spread = f"({min(seconds):.3f} to {max(seconds):.3f})"
            told = " ".join(Path(word).name for word in arguments)
            print(
                f"  sorad {told:28} median {statistics.median(seconds):.3f} s   {spread}   "
                f"CPU {statistics.median(cpu):.3f} s"
            )


def _cpu() -> float:
    """Of all processes that have ended, in seconds."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
