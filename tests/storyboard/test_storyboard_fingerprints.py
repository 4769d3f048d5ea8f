"""What a storyboard without the later fields asks for keeps its fingerprint for ever: another one would be bought."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Rules, read_bytes

# As sorad had them before a segment could say more than text, picture, length, direction and pro.
STORED = json.loads(Path(__file__).with_name("fingerprints_stored.json").read_text("utf-8"))
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


@pytest.mark.parametrize("stored", STORED, ids=lambda one: one["content"][:8])
def test_a_storyboard_of_before_keeps_its_fingerprints(stored: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(PNG)
    rules = Rules(5_000_000, 1_000, 100, 1, False, lambda request: [], Pictures((tmp_path,)))
    reading = read_bytes(json.dumps(stored["storyboard"]).encode(), tmp_path, rules)
    assert reading.problems == ()
    assert [one.request.fingerprint() for one in reading.segments] == stored["fingerprints"]
    assert reading.content == stored["content"]
