"""Fixtures for the provider tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_http import ScriptedServer

from sorad.providers.wire import certificates


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server."""
    running = ScriptedServer()
    yield running
    running.close()


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """Another host (another port)."""
    running = ScriptedServer()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _no_proxies_and_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in (*certificates.VARIABLES, *certificates.OTHERS):
        monkeypatch.delenv(name, raising=False)
