"""A running server and an empty place for a video."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_stage import Desk, Handler, Manners, Server, video_of


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server(("127.0.0.1", 0), Handler)
    served.manners = Manners(video_of(300_000))
    threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "story_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4")
