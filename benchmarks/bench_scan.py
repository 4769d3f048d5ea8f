"""How long the scan at the start takes: 100,000 files in 2,000 folders, of which 2,000 are storyboards.

    python benchmarks/bench_scan.py [--files 100000] [--folders 2000] [--rounds 15]

Prints the median and the spread. The tree is made below the temporary folder and removed again.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from sorad.vault.scan import scan


def make_tree(root: Path, files: int, folders: int) -> None:
    """Folders in groups of 50, one storyboard in each, notes and pictures for the rest."""
    each = max(1, files // folders)
    for number in range(folders):
        folder = root / f"group_{number // 50:03}" / f"episode_{number:05}"
        folder.mkdir(parents=True)
        (folder / f"storyboard_{number}.json").write_text("{}")
        for other in range(each - 1):
            (folder / f"note {other:03}.md").touch()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--folders", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        make_tree(root, args.files, args.folders)
        times = []
        for _ in range(args.rounds):
            start = time.perf_counter()
            found = scan(root, [])
            times.append(time.perf_counter() - start)
    median, low, high = statistics.median(times), min(times), max(times)
    print(f"{args.files} files, {found.folders} folders, {len(found.files)} storyboards")
    print(f"scan: median {median * 1000:.0f} ms, {low * 1000:.0f} to {high * 1000:.0f} ms of {args.rounds}")


if __name__ == "__main__":
    main()
