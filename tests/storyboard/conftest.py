"""Storyboards are judged in English here."""

from __future__ import annotations

import pytest

from sorad.messages import set_language


@pytest.fixture(autouse=True, scope="module")
def _english() -> None:
    set_language("en")
