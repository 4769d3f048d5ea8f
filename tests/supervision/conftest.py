"""The room of the tests of supervision: the stage for whole programs lies next door."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from supervision_fakes import Manager

from sorad.messages import set_language


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


@pytest.fixture
def log() -> Iterator[list[str]]:
    """What is logged, with tracebacks."""
    lines: list[str] = []
    logger.remove()
    logger.add(lambda message: lines.append(str(message)), format="{level} {message}", diagnose=False)
    yield lines
    logger.remove()


@pytest.fixture
def manager() -> Iterator[Manager]:
    """A service manager that listens at a path, a short one: the names of sockets end after some 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="sd-") as folder:
        one = Manager(str(Path(folder, "notify")))
        yield one
        one.close()
