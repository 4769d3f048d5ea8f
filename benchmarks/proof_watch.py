"""The watcher fails and sorad sees it: each way in which it was seen to fail, again and again, on the real daemon.

    sudo python benchmarks/proof_watch.py [--rounds 3] [--period 10] [--seeded-fault no_rescan]

After each failure a storyboard is dropped that must be picked up within one rescan period (seconds), and
`status` must tell what happened; else this ends with an AssertionError. The situations with a mount need root
on Linux; without it they are skipped, and that is said. With ``--seeded-fault`` nobody looks after the watcher,
or the folders are scanned at the start alone, and the proof must find it. Takes about 5 minutes.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from loguru import logger
from proof import command_line, folder

from watch_play import SITUATIONS, Scene, Situation, two_processes_churn  # isort: skip
from disk_stage import Unmountable  # isort: skip

from sorad.vault import pace, root
from sorad.vault.watch import Watcher

NEVER = 1e9  # seconds
CHURNS = 5  # a round, until the reader dies


@contextmanager
def no_supervision() -> Iterator[None]:
    """Nobody looks after the watcher."""
    with mock.patch.object(Watcher, "check", return_value=[]):
        yield


@contextmanager
def no_rescan() -> Iterator[None]:
    """The folders are scanned at the start, and where the watcher asks for it, but not by themselves."""
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(pace.Pace, "period", return_value=NEVER))
        patches.enter_context(mock.patch.object(root, "OFFLINE_LOOK", NEVER))
        yield


SEEDED = {"no_supervision": no_supervision, "no_rescan": no_rescan}


def play(situation: Situation, period: float) -> Scene:
    """One situation, and what was seen of it."""
    with folder() as name:
        scene = Scene(Path(name), period, patience=period)
        try:
            if situation is two_processes_churn:
                two_processes_churn(scene, times=CHURNS)
            else:
                situation(scene)
        finally:
            scene.close()
        return scene


def main() -> int:
    args = command_line(__doc__, SEEDED, rounds=3, period=10.0)
    if sys.platform != "linux":
        print("not proved: this looks inside of inotify")
        return 2
    logger.remove()
    warnings.simplefilter("ignore")
    began, skipped = time.monotonic(), 0
    with ExitStack() as fault:
        if args.seeded_fault:
            fault.enter_context(SEEDED[args.seeded_fault]())
        for situation in SITUATIONS:
            name = situation.__name__.replace("_", " ")
            print(f"{name}: ", end="", flush=True)
            try:
                scenes = [play(situation, args.period) for _round in range(args.rounds)]
            except Unmountable as why:
                skipped += 1
                print(f"skipped: {why}")
                continue
            took = [seconds for scene in scenes for seconds in scene.took]
            died = sum(scene.died for scene in scenes)
            more = f"; the reader died {died} times" if situation is two_processes_churn else ""
            print(f"{len(took)} dropped, picked up after {max(took):.1f} s at most{more}", flush=True)
    print(f"{args.rounds} rounds, {skipped} situations skipped, {time.monotonic() - began:.0f} s")
    print(f"every storyboard was picked up within {args.period:.0f} s, and status told what happened")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
