"""The stage of the tests that run sorad as a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from daemon_stage import Stage


@pytest.fixture
def set_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Makes stages with settings of the simulator; all are cleared away after the test."""
    stages: list[Stage] = []

    def make(**simulator: Any) -> Stage:
        stages.append(Stage(tmp_path / f"stage{len(stages)}", **simulator))
        return stages[-1]

    yield make
    for one in stages:
        one.close()


@pytest.fixture
def stage(set_stage: Callable[..., Stage]) -> Stage:
    """A stage as it comes."""
    return set_stage()
