from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_samples import FACTORIES

from sorad.ledger.interface import Ledger


@pytest.fixture(params=list(FACTORIES))
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, of every kind there is."""
    opened = FACTORIES[request.param](tmp_path)
    opened.recover("test", 0.0)
    yield opened
    opened.close()
