"""Patients for the faults: those of one worker share a daemon for as long as it is well."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from loguru import logger

if TYPE_CHECKING:
    from fault_stage import Ward

for room in ("daemon", "disk", "notify"):
    folder = str(Path(__file__).parents[1] / room)
    if folder not in sys.path:
        sys.path.insert(0, folder)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    from fault_stage import Ward, in_a_hurry

    with pytest.MonkeyPatch.context() as monkeypatch:
        in_a_hurry(monkeypatch)
        logger.disable("sorad")
        one = Ward(tmp_path_factory, monkeypatch)
        yield one
        one.discharge()
        logger.enable("sorad")
