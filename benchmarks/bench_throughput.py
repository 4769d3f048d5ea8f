"""200 segments at 20 in flight, and 2,000 in flight: wall time, memory, threads.

    python benchmarks/bench_throughput.py [--runs 5]

The simulator runs in a process of its own, on loopback; sorad runs as a user would run it (`sorad once`).
Targets: 200 segments of 1.5 s within 1.06 × the ideal 15 s; 2,000 of 20 s within 50 s, 1,700 in flight at the peak,
under 150 MB and 40 threads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

CONFIG = """
state_dir = "{base}/state"
[[watch]]
path = "{base}/vault"
settle_seconds = 0.1
edit_seconds = 0.1
[provider]
kind = "simulator"
base_url = "{url}"
[limits]
concurrency = {concurrency}
jitter_seconds = [0, 0]
[polling]
first_after = {first}
every = {every}
[storyboards]
max_segments = 10000
[disk]
min_free = "100 MB"
[media]
posters = false
checks = false
sheets = false
[log]
level = "WARNING"
"""


def simulator(
    seconds: float, size: str, longest: float | None = None, *more: str
) -> tuple[subprocess.Popen[bytes], str]:
    """A simulator process, and its base URL. ``longest``: its tasks take between so many ``seconds``."""
    arguments = [
        "--port",
        "0",
        "--task-seconds",
        str(seconds),
        str(seconds if longest is None else longest),
        "--size",
        size,
        "--balance",
        "10000",
        *more,
    ]
    command = [sys.executable, "-m", "sorad", "--lang", "en", "simulate", *arguments]
    with tempfile.NamedTemporaryFile("w+b") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for line in Path(said.name).read_text().splitlines():
                if "base_url" in line:
                    return process, line.split('"')[1]
            time.sleep(0.02)
    process.kill()
    raise SystemExit("the simulator did not start")


def once(
    segments: int, concurrency: int, seconds: float, size: str, first: float, every: float
) -> dict[str, float]:
    """One run: wall seconds, peak RSS in MB, peak threads, videos delivered."""
    server, url = simulator(seconds, size)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "vault").mkdir()
        board = {
            "segments": [{"segment_index": n, "prompt_text": f"shot {n}"} for n in range(1, segments + 1)]
        }
        (base / "vault" / "storyboard_bench.json").write_text(json.dumps(board))
        config = base / "config.toml"
        config.write_text(
            CONFIG.format(base=base, url=url, concurrency=concurrency, first=first, every=every)
        )
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "sorad", "--config", str(config), "once"], stdout=subprocess.DEVNULL
        )
        peak, threads, in_flight = watch(process, base / "state" / "ledger.sqlite3")
        wall = time.monotonic() - began
        videos = len(list(base.rglob("*.mp4")))
    server.terminate()
    server.wait()
    peaks = {"rss_mb": peak, "threads": threads, "flying": in_flight}
    return {"wall": wall, **peaks, "videos": videos, "exit": process.returncode}


def watch(process: subprocess.Popen[bytes], ledger: Path) -> tuple[float, int, int]:
    """Peak RSS (MB), threads and takes in flight of a process until it ends."""
    rss, threads, in_flight = 0.0, 0, 0
    seen = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            rss = max(rss, seen.memory_info().rss / 1e6)
            threads = max(threads, seen.num_threads())
        except psutil.Error:
            break
        in_flight = max(in_flight, flying(ledger))
        time.sleep(0.25)
    process.wait()
    return rss, threads, in_flight


def flying(ledger: Path) -> int:
    """Takes that are being made at the provider."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=1)) as db:
            return int(
                db.execute("SELECT sum(takes) FROM tally WHERE state = 'generating'").fetchone()[0] or 0
            )
    except sqlite3.Error:
        return 0  # it is not there yet


def report(title: str, runs: list[dict[str, float]]) -> None:
    """Median and range of each figure."""
    print(title)
    for key in runs[0]:
        values = [run[key] for run in runs]
        print(f"  {key:8} median {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, medians of {options.runs} runs")
    runs = [once(200, 20, 1.5, "2 MB", 1.0, 0.5) for _ in range(options.runs)]
    report("200 segments of 1.5 s, 20 in flight, 2 MB files (ideal 15 s)", runs)
    crowd = [once(2000, 2000, 20.0, "200 KB", 20.0, 5.0) for _ in range(max(1, options.runs // 2))]
    report("2,000 of 20 s at once, 200 KB files", crowd)


if __name__ == "__main__":
    main()
