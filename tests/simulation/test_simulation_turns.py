"""Storyboards take turns: a short one is bought between the segments of a long one."""

from __future__ import annotations

from pathlib import Path

from test_simulation_lookalikes import calm_world

from sorad.model import Request
from sorad.providers.base import Created


def test_a_short_storyboard_dropped_beside_a_long_one_is_not_kept_waiting(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    sent: list[str] = []
    honest = world.provider.create

    def create(request: Request, own_id: str = "") -> Created:
        sent.append(request.prompt)
        return honest(request, own_id)

    world.provider.create = create  # type: ignore[method-assign]
    world.write("long/storyboard_long.json", [f"long {n}" for n in range(1, 31)])
    world.run(60.0)
    before = len(sent)
    assert 0 < before <= 4  # as many as may be in flight
    world.write("short/storyboard_short.json", ["short 1", "short 2"])
    while "short 2" not in sent:
        world.run(60.0)
    # Those whose creates were on their way may leave in any order: they wait for a moment, each its own.
    after = sent[before : before + 8]
    assert {"short 1", "short 2"} <= set(after)
    long = [int(text.split()[1]) for text in sent if text.startswith("long")]
    assert sorted(long) == list(range(1, len(long) + 1))
    world.settle()
    world.check()
    world.close()
