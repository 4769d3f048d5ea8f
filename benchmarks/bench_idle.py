"""An idle daemon on a vault of 100,000 files: CPU, memory, disk writes; and the latency of a new file.

    python benchmarks/bench_idle.py [--seconds 60] [--runs 3]

Targets: under 0.3 % of one core and 60 MB; a new file is submitted within 100 ms after its settle window.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Callable

import psutil
from bench_throughput import simulator

FOLDERS, FILES = 2_000, 50
SETTLE = 0.5

CONFIG = """
state_dir = "{base}/state"
[[watch]]
path = "{base}/vault"
settle_seconds = {settle}
edit_seconds = {settle}
[provider]
kind = "simulator"
base_url = "{url}"
[limits]
jitter_seconds = [0.0, 0.0]
[polling]
first_after = 600
[disk]
min_free = "100 MB"
"""


def make_vault(vault: Path) -> None:
    """2,000 folders of 50 notes, and a storyboard in the first."""
    for number in range(FOLDERS):
        folder = vault / f"{number // 100:02}" / f"{number:04}"
        folder.mkdir(parents=True)
        for note in range(FILES):
            (folder / f"note {note}.md").touch()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("timed out")
        time.sleep(0.002)


def creates(url: str) -> int:
    """Creates that the simulator has accepted."""
    with urllib.request.urlopen(url.replace("/v1", "/control/stats")) as answer:
        return int(json.load(answer)["accepted"])


def write_bytes(pid: int) -> int:
    """Bytes this process has had written, where the system tells (Linux)."""
    counters = getattr(psutil.Process(pid), "io_counters", None)
    return int(counters().write_bytes) if counters is not None else 0


def one_run(seconds: float) -> dict[str, float]:
    """Start, idle, drop a file."""
    server, url = simulator(1.0, "100 KB")
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        make_vault(base / "vault")
        config = base / "config.toml"
        config.write_text(CONFIG.format(base=base, url=url, settle=SETTLE))
        log = (base / "out.log").open("wb")
        command = [sys.executable, "-m", "sorad", "--lang", "en", "--config", str(config), "run"]
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(lambda: b"sorad is running" in (base / "out.log").read_bytes())
        time.sleep(5)
        process = psutil.Process(daemon.pid)
        before, wrote = process.cpu_times(), write_bytes(daemon.pid)
        time.sleep(seconds)
        after = process.cpu_times()
        cpu = (after.user + after.system - before.user - before.system) / seconds * 100
        figures = {
            "cpu_percent": cpu,
            "rss_mb": process.memory_info().rss / 1e6,
            "threads": process.num_threads(),
            "written_kb": (write_bytes(daemon.pid) - wrote) / 1e3,
        }
        latencies = []
        for number in range(10):
            board = {"segments": [{"segment_index": 1, "prompt_text": f"new {number}"}]}
            target = base / "vault" / "00" / f"{number:04}" / f"storyboard_{number}.json"
            dropped = time.monotonic()
            target.write_text(json.dumps(board))
            wait_for(lambda number=number: creates(url) == number + 1)  # type: ignore[misc]
            latencies.append((time.monotonic() - dropped - SETTLE) * 1000)
        figures["latency_ms"] = statistics.median(latencies)
        figures["latency_max_ms"] = max(latencies)
        daemon.terminate()
        daemon.wait()
    server.terminate()
    server.wait()
    return figures


def main() -> None:
    """All runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {FOLDERS * FILES:,} files in {FOLDERS:,} folders"
    )
    runs = [one_run(options.seconds) for _ in range(options.runs)]
    for key in runs[0]:
        values = [run[key] for run in runs]
        print(
            f"  {key:15} median {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})"
        )


if __name__ == "__main__":
    main()
