"""Pay once, lose nothing: sorad is killed with SIGKILL at random moments, again and again, under faults.

    python benchmarks/proof_crash.py [--kills 200] [--takes 100] [--seed 1] [--seeded-fault resend]

The simulated provider lives on and counts what it accepts. At the end every take is there once, verified,
with its receipt, and accepted creates equal takes; else this ends with an AssertionError. With
``--seeded-fault`` sorad is made to break a promise, and the proof must find it. Takes about 4 minutes.
"""

from __future__ import annotations

from pathlib import Path

from proof import KEPT, command_line, folder

from crash_play import FAULTS, SEEDED, crash_stage, play  # isort: skip


def main() -> int:
    args = command_line(__doc__, SEEDED, kills=200, takes=100, seed=1)
    with folder() as name:
        stage = crash_stage(Path(name), FAULTS, args.seed)
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
    print(KEPT)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
