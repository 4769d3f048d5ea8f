"""How quickly new storyboards are read into the ledger, and whether the last is as quick as the first.

    python benchmarks/bench_intake.py [--storyboards 30000] [--segments 1] [--takes 1]

The real folder side's reading and the real ledger, without watching or waiting; nothing is bought. Prints the
storyboards a second, overall and in the first and last tenth, the CPU of one, and the
memory at the end and at most.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import psutil
from loguru import logger

from sorad.clock import SystemClock
from sorad.config.model import Config
from sorad.intake.reading import Intake
from sorad.ledger.sqlite import SqliteLedger
from sorad.providers.sellers import Sellers
from sorad.vault.scan import scan


def make_tree(root: Path, storyboards: int, segments: int) -> None:
    """Twenty storyboards a folder, each text in one of them alone."""
    for number in range(storyboards):
        folder = root / f"episode_{number // 20:05}"
        folder.mkdir(parents=True, exist_ok=True)
        texts = [{"segment_index": n, "prompt_text": f"scene {number} {n}"} for n in range(1, segments + 1)]
        (folder / f"storyboard_{number}.json").write_text(json.dumps({"segments": texts}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storyboards", type=int, default=500)
    parser.add_argument("--segments", type=int, default=1)
    parser.add_argument("--takes", type=int, default=1, help="of each segment")
    args = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        root, state = folder / "vault", folder / "state"
        state.mkdir()
        make_tree(root, args.storyboards, args.segments)
        provider = {"kind": "simulator", "base_url": "http://127.0.0.1:9/v1", "price_per_take": 1}
        config = Config.model_validate(
            {"state_dir": state, "watch": [{"path": root, "takes": args.takes}], "provider": provider}
        )
        ledger = SqliteLedger.open(state / "ledger.sqlite3")
        intake = Intake(config, Sellers(config), ledger, SystemClock(), lambda: None)
        seen = sorted(scan(config.watch[0].path, []).files, key=lambda one: one.path)
        assert len(seen) == args.storyboards
        times, before = [time.perf_counter()], time.process_time()
        for one in seen:
            intake.read(config.watch[0], one, None)
            times.append(time.perf_counter())
        spent = time.process_time() - before
        tenth = max(1, len(seen) // 10)
        ledger.close()
    rate = len(seen) / (times[-1] - times[0])
    first, last = tenth / (times[tenth] - times[0]), tenth / (times[-1] - times[-1 - tenth])
    print(f"{len(seen)} storyboards of {args.segments} segments and {args.takes} takes: {rate:.0f} a second")
    print(
        f"the first tenth {first:.0f} a second, the last tenth {last:.0f}; CPU {spent / len(seen) * 1e3:.2f} ms each"
    )
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"memory {psutil.Process().memory_info().rss / 1e6:.0f} MB, {most / 1e6:.0f} MB at most")


if __name__ == "__main__":
    main()
