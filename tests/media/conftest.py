"""Videos of the simulator, and one child process for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sorad.media.decoder import Decoder
from sorad.simulator.mp4 import movie


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    pytest.importorskip("av", reason="the extra sorad[media] is not installed")
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds that change once a second."""
    path = tmp_path_factory.mktemp("media") / "video.mp4"
    path.write_bytes(movie("task", "a cat", seconds=10, orientation="horizontal", size=300_000).bytes())
    return path
