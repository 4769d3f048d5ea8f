"""What a take costs in CPU, beside a bare loop that makes the same exchanges, durable writes and commits.

    python benchmarks/bench_take.py [--runs 5] [--takes 200]

The simulator runs in a process of its own, on loopback. Both are measured in one run, in turns: `sorad run` as a
process, from the moment a storyboard is dropped until all its videos are delivered and nothing more is done; and the
bare loop, which knows neither folders nor errors. Only the CPU of the process itself counts. Target: sorad takes at
most 1.4 times what the bare loop takes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import requests
from bench_throughput import CONFIG, simulator

IN_FLIGHT = 20
SECONDS = 0.7, 1.35  # of a task: with these polls, 1.6 of them a take
FIRST, EVERY = 1.0, 0.5
POLLED_TWICE = (True, True, True, False, False)  # the same of the bare loop
KEY = {"Authorization": "Bearer bench"}
PROMPT = "A lighthouse at dusk, the camera slowly circles it while the beam begins to turn, take {}"


# --- the bare loop --------------------------------------------------------------------------------------------------


def _durably(path: Path, content: bytes) -> None:
    """A whole file or none: written beside, synced, renamed, its folder synced."""
    spare = path.with_name(f".{path.name}.part")
    handle = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(spare, path)  # noqa: PTH105
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Ledger:
    """One table and its history; a commit for each thing that sorad commits."""

    def __init__(self, path: Path, takes: int) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute(
            "CREATE TABLE takes (id INTEGER PRIMARY KEY, state, claim, due_at, remote_id, request)"
        )
        self.db.execute("CREATE INDEX due ON takes (state, due_at)")
        self.db.execute("CREATE TABLE history (take_id, at, state)")
        self.db.execute("BEGIN")
        rows = [(n, "queued", "", 0.0, "", _body(n)) for n in range(takes)]
        self.db.executemany("INSERT INTO takes VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.db.execute("COMMIT")

    def commit(self, take: int, state: str, *, durable: bool, remote_id: str = "", claim: str = "") -> None:
        """One transaction: the row, and a line of the history where the disk is waited for."""
        self.db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute(
            "UPDATE takes SET state = ?, claim = ?, due_at = ?, remote_id = ? WHERE id = ?",
            (state, claim, time.time(), remote_id, take),
        )
        if durable:
            self.db.execute("INSERT INTO history VALUES (?, ?, ?)", (take, time.time(), state))
        self.db.execute("COMMIT")


def _body(number: int) -> str:
    return json.dumps(
        {"model": "sora-2", "prompt": PROMPT.format(number), "seconds": "4", "size": "1280x720"}
    )


class _Bare:
    """The loop: create, poll, download, with what must be on the disk before and after each."""

    def __init__(self, url: str, folder: Path, takes: int) -> None:
        self.url, self.folder = url, folder
        self.ledger = _Ledger(folder / "ledger.sqlite3", takes)
        self.session = (
            requests.Session()
        )  # for polls; creates and downloads have a fresh connection, as sorad's
        self.session.headers.update(KEY)

    def _place(self, number: int) -> Path:
        return self.folder / f"Segment_{number:03}" / f"{number:03}_1.mp4"

    def create(self, number: int) -> str:
        """Claim, intent, create, outcome, receipt."""
        video, ledger = self._place(number), self.ledger
        ledger.commit(number, "queued", durable=False, claim="bare")
        ledger.commit(number, "submitting", durable=True, claim="bare")
        video.parent.mkdir()
        intent = video.with_suffix(".intent.json")
        _durably(intent, _body(number).encode())
        body = json.loads(_body(number))
        made = requests.post(f"{self.url}/videos", json=body, headers=KEY, timeout=30).json()
        remote_id = str(made["id"])
        ledger.commit(number, "generating", durable=True, remote_id=remote_id)
        _durably(video.with_suffix(".json"), json.dumps({"id": remote_id, "request": _body(number)}).encode())
        intent.unlink()
        return remote_id

    def poll(self, number: int, remote_id: str) -> bool:
        """Claim, poll, outcome."""
        self.ledger.commit(number, "generating", durable=False, remote_id=remote_id, claim="bare")
        told = self.session.get(f"{self.url}/videos/{remote_id}", timeout=30).json()
        ended = told["status"] == "completed"
        state = "downloading" if ended else "generating"
        self.ledger.commit(number, state, durable=ended, remote_id=remote_id)
        return ended

    def fetch(self, number: int, remote_id: str) -> None:
        """Claim, download with its hash, receipt, outcome."""
        video = self._place(number)
        self.ledger.commit(number, "downloading", durable=False, remote_id=remote_id, claim="bare")
        content, hashed = bytearray(), hashlib.sha256()
        address = f"{self.url}/videos/{remote_id}/content"
        with requests.get(address, headers=KEY, timeout=30, stream=True) as answer:
            answer.raise_for_status()
            for piece in answer.iter_content(1 << 20):
                hashed.update(piece)
                content += piece
        _durably(video, bytes(content))
        told = {"id": remote_id, "request": _body(number), "sha256": hashed.hexdigest()}
        _durably(video.with_suffix(".json"), json.dumps(told).encode())
        self.ledger.commit(number, "done", durable=True, remote_id=remote_id)

    def run(self, takes: int) -> None:
        """All takes, ``IN_FLIGHT`` at once."""
        for first in range(0, takes, IN_FLIGHT):
            made = {n: self.create(n) for n in range(first, min(first + IN_FLIGHT, takes))}
            for number, remote_id in made.items():
                if POLLED_TWICE[number % len(POLLED_TWICE)]:
                    self.poll(number, remote_id)
            time.sleep(SECONDS[1])
            for number, remote_id in made.items():
                while not self.poll(number, remote_id):
                    time.sleep(0.1)
            for number, remote_id in made.items():
                self.fetch(number, remote_id)


def bare(url: str, takes: int) -> float:
    """CPU seconds a take, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--bare", url, folder, "--takes", str(takes)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _bare_main(url: str, folder: Path, takes: int) -> None:
    loop = _Bare(url, folder, takes)
    before = time.process_time()
    loop.run(takes)
    print((time.process_time() - before) / takes)


# --- sorad ----------------------------------------------------------------------------------------------------------


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _rested(process: psutil.Process) -> float:
    """The CPU of a process once it does nothing more."""
    last = -1.0
    while (now := _cpu(process)) - last > 0.02:
        last = now
        time.sleep(0.5)
    return now


def _done(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5)) as db:
        return int(db.execute("SELECT count(*) FROM takes WHERE state = 'done'").fetchone()[0])


def daemon(url: str, takes: int) -> float:
    """CPU seconds a take of `sorad run`."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "vault").mkdir()
        config = base / "config.toml"
        config.write_text(CONFIG.format(base=base, url=url, concurrency=IN_FLIGHT, first=FIRST, every=EVERY))
        command = [*WITH, sys.executable, "-m", "sorad", "--config", str(config), "run"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        ledger = base / "state" / "ledger.sqlite3"
        try:
            while not ledger.exists():
                time.sleep(0.1)
            seen = psutil.Process(process.pid)
            time.sleep(1.0)
            before = _rested(seen)
            segments = [{"segment_index": n, "prompt_text": PROMPT.format(n)} for n in range(1, takes + 1)]
            board = base / "vault" / "storyboard_bench.json"
            board.write_text(json.dumps({"segments": segments}))
            while _done(ledger) < takes:
                time.sleep(0.3)
            return (_rested(seen) - before) / takes
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


WITH: list[str] = []


def main() -> None:
    """Both, in turns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--takes", type=int, default=200)
    parser.add_argument("--bare", nargs=2, metavar=("URL", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        _bare_main(options.bare[0], Path(options.bare[1]), options.takes)
        return
    server, url = simulator(SECONDS[0], "200 KB", SECONDS[1])
    try:
        pairs = [(bare(url, options.takes), daemon(url, options.takes)) for _ in range(options.runs)]
    finally:
        server.terminate()
        server.wait()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, values in zip(("bare loop", "sorad"), zip(*pairs)):
        told = statistics.median(values) * 1e3
        print(f"{name:10} {told:6.2f} ms a take   ({min(values) * 1e3:.2f} to {max(values) * 1e3:.2f})")
    ratios = [ours / bare for bare, ours in pairs]
    print(
        f"{'ratio':10} {statistics.median(ratios):6.2f}              ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
