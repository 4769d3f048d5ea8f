"""`sorad export` as a command: where it goes, what it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sorad.export import otio
from sorad.files.mp4 import check_mp4
from sorad.media.questions import is_there
from sorad.model import State
from sorad.simulator.mp4 import movie


@pytest.mark.skipif(not is_there(), reason="sorad[media] is not installed")
def test_the_chosen_takes_of_a_storyboard(house):
    board = Path(house.vault) / "storyboard.json"
    takes = house.takes(1, State.DONE, output=f"{house.home}/videos/Segment_1/1.mp4")
    segments = [
        {"segment_index": take.segment, "prompt_text": "p", "dialogue": ["Hello."]} for take in takes[:1]
    ]
    board.write_text(json.dumps({"segments": segments}), "utf-8")
    for take in takes:
        Path(take.output).parent.mkdir(parents=True, exist_ok=True)
        Path(take.output).write_bytes(
            movie("t", "x", seconds=4, orientation="horizontal", size=100_000).bytes()
        )
    forms = ["srt", "premiere", "fcpxml", *([] if otio.missing() else ["otio"])]
    for form in forms:
        ran = house.sorad("export", str(board), "--to", form, "--out", f"{house.home}/out")
        assert ran.code == 0, ran.err
        text = Path(ran.out.strip()).read_text("utf-8")
        assert "Hello." in text if form == "srt" else Path(takes[0].output).as_uri() in text
    ran = house.sorad("export", str(board), "--to", "jianying", "--out", f"{house.home}/out")
    assert ran.code == 0, ran.err
    copies = list((Path(ran.out.strip()) / "Resources").iterdir())
    assert [one.read_bytes() for one in copies] == [Path(takes[0].output).read_bytes()]
    ran = house.sorad("cut", str(board), "--out", f"{house.home}/out/cut.mp4")
    assert (ran.code, ran.out.strip()) == (0, f"{house.home}/out/cut.mp4")
    assert ran.err.startswith("4.0 s, 1280x720: joined as they are")
    assert check_mp4(Path(ran.out.strip())) is None
    ran = house.sorad("cut", str(board), "--label-size", "99")
    assert ran.code == 2
    assert "99 is not between 1 and 30" in ran.err
    ran = house.sorad("cut", str(board), "--out", takes[0].output)
    assert ran.code == 2
    assert "stays as it is" in ran.err
    house.config.write_text(house.config.read_text() + '\n[disk]\nmin_free = "900000 GB"\n')
    ran = house.sorad("export", str(board), "--to", "jianying", "--out", f"{house.home}/out")
    assert ran.code != 0
    assert "stay free" in ran.err
    Path(takes[0].output).write_bytes(b"no video")
    ran = house.sorad("export", str(board), "--to", "srt", "--out", f"{house.home}/out")
    assert ran.code != 0
    assert "cannot be read" in ran.err
