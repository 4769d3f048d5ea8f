"""The stage of the cases from the field: the real program against a server that answers from a script."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

folder = str(Path(__file__).parents[1] / "daemon")
if folder not in sys.path:
    sys.path.insert(0, folder)

from case_play import Played  # noqa: E402


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., Played]]:
    """Plays a case: ``play("F3_qnaigc_nested_url")``, or a script written in the test."""
    played: list[Played] = []

    def make(script: Any, kind: str = "openai_videos", **settings: Any) -> Played:
        played.append(Played(tmp_path / f"case{len(played)}", script, kind, **settings))
        return played[-1]

    yield make
    for one in played:
        one.close()
