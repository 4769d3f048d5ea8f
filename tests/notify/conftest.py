from __future__ import annotations

from collections.abc import Iterator

import pytest
from notify_samples import Inbox, inbox


@pytest.fixture
def box() -> Iterator[Inbox]:
    """A loopback server that takes messages."""
    with inbox() as found:
        yield found
