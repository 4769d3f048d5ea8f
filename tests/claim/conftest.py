"""Quiet: thousands of histories would write a line for each turn of events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from loguru import logger


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger.disable("sorad")
    yield
    logger.enable("sorad")
