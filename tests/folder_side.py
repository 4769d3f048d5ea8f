"""Fixtures of the tests that stand on the stage of the folder side: real vault, ledger and engine, a clock to move."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

for _room in ("intake", "simulation", "receipts"):
    sys.path.insert(0, str(Path(__file__).parent / _room))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger.disable("sorad")
    yield
    logger.enable("sorad")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[object]:
    from intake_stage import Stage

    made = Stage(1, tmp_path / "w")
    yield made
    made.ledger.close()
