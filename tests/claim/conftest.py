"""Quiet: thousands of histories would write a line for each turn of events."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

for _room in ("intake", "simulation"):
    sys.path.insert(0, str(Path(__file__).parents[1] / _room))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger.disable("sorad")
    yield
    logger.enable("sorad")
