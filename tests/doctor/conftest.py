"""A patient for the doctor."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from doctor_patient import Patient

from sorad import messages
from sorad.simulator import KEY, Simulator


@pytest.fixture
def patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Patient]:
    """A healthy one: nothing but the daemon is missing."""
    for module, name in (
        (messages, "_current"),
        (messages, "_language"),
        (argparse, "_"),
        (argparse, "ngettext"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("SORAD_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CONFIG", "STATE", "DATA", "RUNTIME"):
        monkeypatch.delenv(f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}", raising=False)
    monkeypatch.setenv("SORA_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    with Simulator() as simulator:
        one = Patient(
            tmp_path / "home",
            capsys,
            simulator,
            {
                "provider": {"kind": "sora_hk", "base_url": simulator.base_url},
                "disk": {"min_free": "1 MB", "assumed_size": "100 KB"},
            },
        )
        one.watch.append({"path": str(one.vault)})
        one.board()
        yield one
