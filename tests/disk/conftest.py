"""The simulated world is imported by its name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

for room in ("disk", "simulation"):
    folder = str(Path(__file__).parents[1] / room)
    if folder not in sys.path:
        sys.path.insert(0, folder)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger.disable("sorad")
    yield
    logger.enable("sorad")
