"""Pay once, lose nothing, when the power goes: ledger and vault on a disk that drops what was not synced.

    sudo python benchmarks/proof_power.py [--cuts 50] [--takes 40] [--seed 1] [--seeded-fault lax_ledger]

The disk is an ext4 on a loop device that is shut down by ioctl at random moments, with sorad killed right
after; needs root on Linux. The simulated provider lives on. After each cut what the ledger calls done must
be whole on the disk; at the end every take is there once, and accepted creates equal takes. With
``--seeded-fault`` sorad is made to break a promise, and the proof must find it. Takes about 2 minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "crash"))
from crash_play import FAULTS, SEEDED, crash_stage, play
from power_disk import Unavailable, power_disk


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--takes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeded-fault", choices=sorted(SEEDED), default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sorad-proof-") as name:
        folder = Path(name)
        try:
            with power_disk(folder) as disk:
                stage = crash_stage(folder, FAULTS, args.seed, disk)
                try:
                    told = play(
                        stage,
                        takes=args.takes,
                        kills=args.cuts,
                        seed=args.seed,
                        seeded=args.seeded_fault,
                        patience=300.0,
                        disk=disk,
                    )
                finally:
                    stage.close()
        except Unavailable as why:
            print(f"not proved: no power can be cut here: {why}")
            return 2
    print(f"power cut at each kill: {told}")
    print("every take is there once; nothing was paid for twice")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
