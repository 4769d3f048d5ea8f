"""Whether sorad stays as it is: memory, file descriptors, threads and watches over many takes.

    python benchmarks/bench_soak.py [--takes 20000] [--first 2000] [--per-round 400]

`sorad run` as a process against a simulator with faults (refusals, lost answers, failed tasks, cut downloads, polls
and lists that fail). Rounds of new storyboards are dropped; of earlier ones, one is edited, one renamed, one removed
with its outputs kept. After each round that has ended the process is looked at. It fails where one of the figures at
the end is more than 15 % above that at the ``--first`` takes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil
from bench_throughput import CONFIG, simulator

MOST = 1.15  # times the figure of the first look
FAULTS = ("rate=0.02", "fail=0.02", "cut=0.03", "reset_after=0.002,target=create", "server=0.02,target=poll")
PAUSE, REST = 0.5, 2.0  # seconds
EACH = 20  # segments of a storyboard
WORDS = ["river", "lantern", "glass", "storm", "orchard", "train", "violin", "desert", "harbour", "snow"]


class Look(NamedTuple):
    """The process at a moment."""

    takes: int  # that have ended
    rss_mb: float
    fds: int
    threads: int
    watches: int


class Vault:
    """The watched folder, and what people do in it."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root, self.rng = root, rng
        self.boards: list[Path] = []
        self.asked = 0

    def _write(self, path: Path, texts: list[str]) -> None:
        segments = [{"segment_index": n, "prompt_text": text} for n, text in enumerate(texts, 1)]
        spare = path.with_name(f".{path.name}.tmp")
        spare.write_text(json.dumps({"segments": segments}))
        spare.replace(path)

    def _text(self) -> str:
        return " ".join([*self.rng.choices(WORDS, k=40), str(self.rng.random())])

    def drop(self, takes: int) -> None:
        """New storyboards, each in a folder of its own."""
        for _board in range(takes // EACH):
            number = self.asked // EACH
            folder = self.root / f"episode_{number:05}"
            folder.mkdir()
            path = folder / f"storyboard_{number:05}.json"
            self._write(path, [self._text() for _segment in range(EACH)])
            self.boards.append(path)
            self.asked += EACH

    def disturb(self, among: int) -> None:
        """An edit, a rename and a removal among the first so many: those whose takes have ended."""
        edited, renamed, removed = self.rng.sample(range(among), 3)
        board = json.loads(self.boards[edited].read_text())["segments"]
        texts = [one["prompt_text"] for one in board]
        texts[self.rng.randrange(len(texts))] = self._text()
        self._write(self.boards[edited], texts)
        path = self.boards[renamed]
        self.boards[renamed] = path.rename(path.with_name(f"storyboard_r{self.rng.getrandbits(32):08x}.json"))
        self.boards.pop(removed).unlink()


def look(process: psutil.Process, ended: int) -> Look:
    """The figures of now."""
    told = []
    for file in Path(f"/proc/{process.pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            told += file.read_text().splitlines()
    watches = sum(line.startswith("inotify wd") for line in told)
    rss = process.memory_info().rss / 1e6
    return Look(ended, rss, process.num_fds(), process.num_threads(), watches)


def _counts(ledger: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return dict(db.execute("SELECT state, sum(takes) FROM tally GROUP BY state"))


def _wait(ledger: Path, asked: int, limit: float) -> int:
    """Until all that was dropped has ended, and nothing more happens; how many takes have ended."""
    until, rested = time.monotonic() + limit, 0.0
    while rested < REST:
        counts = _counts(ledger)
        under_way = sum(counts.get(s, 0) for s in ("queued", "submitting", "generating", "downloading"))
        rested = rested + PAUSE if sum(counts.values()) >= asked and not under_way else 0.0
        if time.monotonic() > until:
            raise SystemExit(f"stuck: {counts}")
        time.sleep(PAUSE)
    return sum(counts.get(state, 0) for state in ("done", "failed", "cancelled"))


def soak(base: Path, url: str, options: argparse.Namespace) -> list[Look]:
    """All rounds; a look after each."""
    (base / "vault").mkdir()
    config = base / "config.toml"
    text = CONFIG.format(base=base, url=url, concurrency=options.concurrency, first=1.0, every=1.0)
    config.write_text(text.replace("WARNING", "ERROR"))  # what goes wrong is meant to
    command = [sys.executable, "-m", "sorad", "--config", str(config), "run"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ledger = base / "state" / "ledger.sqlite3"
    looks: list[Look] = []
    try:
        while not ledger.exists():
            time.sleep(0.2)
        time.sleep(1.0)
        seen, vault = psutil.Process(process.pid), Vault(base / "vault", random.Random(options.seed))
        while vault.asked < options.takes:
            settled = len(vault.boards)
            vault.drop(options.per_round)
            for earlier in range(settled, max(settled - 3, 3), -1):
                vault.disturb(earlier)
            ended = _wait(ledger, vault.asked, options.patience)
            looks.append(look(seen, ended))
            print(*(f"{name} {value:.0f}" for name, value in looks[-1]._asdict().items()), flush=True)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    return looks


def main() -> None:
    """Soak, and compare the end with the beginning."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--takes", type=int, default=20_000)
    parser.add_argument(
        "--first", type=int, default=2_000, help="the figures at so many takes are the measure"
    )
    parser.add_argument("--per-round", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=900.0, help="seconds for a round")
    options = parser.parse_args()
    faults = [part for fault in FAULTS for part in ("--fault", fault)]
    server, url = simulator(0.5, "20 KB", 1.5, "--seed", str(options.seed), *faults)
    try:
        with tempfile.TemporaryDirectory() as folder:
            looks = soak(Path(folder), url, options)
    finally:
        server.terminate()
        server.wait()
    first = next(one for one in looks if one.takes >= options.first)
    last, grown = looks[-1], []
    for name, before, after in zip(Look._fields[1:], first[1:], last[1:]):
        print(
            f"{name:8} {before:8.1f} at {first.takes} takes, {after:8.1f} at {last.takes}: {after / before:.2f}"
        )
        if name != "watches" and after > before * MOST:
            grown.append(name)
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if grown:
        raise SystemExit(f"grown: {', '.join(grown)}")


if __name__ == "__main__":
    main()
