"""kill -9 at random moments; benchmarks/proof_crash.py is the same at length."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from crash_play import FAULTS, crash_stage, play
from daemon_stage import wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")


def test_kills_at_random_moments_cost_nothing_and_lose_nothing(tmp_path: Path) -> None:
    stage = crash_stage(tmp_path, FAULTS, seed=7)
    try:
        told = play(stage, takes=10, kills=12, seed=7)
    finally:
        stage.close()
    assert (told.kills, told.takes, told.accepted) == (12, 10, 10)


@pytest.mark.parametrize(("mistake", "fault"), [("resend", "reset_after"), ("no_intent", "slow,seconds=30")])
def test_the_play_finds_a_double_payment(tmp_path: Path, mistake: str, fault: str) -> None:
    stage = crash_stage(tmp_path, [fault], seed=3)

    def bought() -> None:
        before = len(stage.simulator.accepted)
        wait_for(lambda: len(stage.simulator.accepted) > before)

    try:
        with pytest.raises(AssertionError, match="accepted creates"):
            play(stage, takes=1, kills=1, seed=3, seeded=mistake, moment=bought)
    finally:
        stage.close()
