"""The world is imported by its name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "receipts"))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of log lines nobody reads take longer than what they tell of."""
    logger.disable("sorad")
    yield
    logger.enable("sorad")
