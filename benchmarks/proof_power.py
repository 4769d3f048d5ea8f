"""Pay once, lose nothing, when the power goes: ledger and vault on a disk that drops what was not synced.

    sudo python benchmarks/proof_power.py [--cuts 50] [--takes 40] [--seed 1] [--seeded-fault lax_ledger]

The disk is an ext4 on a loop device that is shut down by ioctl at random moments, with sorad killed right
after; needs root on Linux. The simulated provider lives on. After each cut what the ledger calls done must
be whole on the disk; at the end every take is there once, and accepted creates equal takes. With
``--seeded-fault`` sorad is made to break a promise, and the proof must find it. Takes about 2 minutes.
"""

from __future__ import annotations

from pathlib import Path

from proof import KEPT, command_line, folder

from crash_play import FAULTS, SEEDED, crash_stage, play  # isort: skip
from power_disk import Unavailable, power_disk  # isort: skip


def main() -> int:
    args = command_line(__doc__, SEEDED, cuts=50, takes=40, seed=1)
    with folder() as name:
        try:
            with power_disk(Path(name)) as disk:
                stage = crash_stage(Path(name), FAULTS, args.seed, disk)
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
    print(KEPT)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
