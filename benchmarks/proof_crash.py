"""Pay once, lose nothing: sorad is killed with SIGKILL at random moments, again and again, under faults.

    python benchmarks/proof_crash.py [--kills 200] [--takes 100] [--seed 1] [--seeded-fault resend]

The simulated provider lives on and counts what it accepts. At the end every take is there once, verified,
with its receipt, and accepted creates equal takes; else this ends with an AssertionError. With
``--seeded-fault`` sorad is made to break a promise, and the proof must find it. Takes about 4 minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "crash"))
from crash_play import FAULTS, SEEDED, crash_stage, play


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--takes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeded-fault", choices=sorted(SEEDED), default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sorad-proof-") as folder:
        stage = crash_stage(Path(folder), FAULTS, args.seed)
        try:
            told = play(
                stage,
                takes=args.takes,
                kills=args.kills,
                seed=args.seed,
                seeded=args.seeded_fault,
                patience=300.0,
            )
        finally:
            stage.close()
    print(told)
    print("every take is there once; nothing was paid for twice")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
