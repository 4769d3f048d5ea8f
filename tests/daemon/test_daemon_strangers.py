"""What strangers write, into a shared folder or an answer, stops no part of a daemon."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.claim.note import NAME
from sorad.layout import assets_folder, intent_path, receipt_path, video_path
from sorad.model import Request, State
from sorad.receipts.receipt import GENERATING, Receipt


def place(stage: Stage, board: str, segment: int, prompt: str) -> Path:
    storyboard = stage.vault / board
    fingerprint = Request(prompt).fingerprint()
    return video_path(assets_folder(storyboard, stage.vault, "in_place", None), segment, 1, fingerprint)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_pipes_and_forged_receipts_hold_their_takes_and_nothing_else(stage: Stage) -> None:
    forged = [
        place(stage, "storyboard_a.json", number, prompt) for number, prompt in enumerate(("p", "q", "r"), 1)
    ]
    for video in forged:
        video.parent.mkdir(parents=True)
    os.mkfifo(receipt_path(forged[0]))
    os.mkfifo(intent_path(forged[1]))
    request = Request("r")
    told = Receipt(request, request.fingerprint(), 3, 1, GENERATING, "not-ours").to_members()
    receipt_path(forged[2]).write_text(json.dumps({**told, "cost": 1e13}), "utf-8")
    os.mkfifo(stage.vault / "storyboard_pipe.json")
    free = place(stage, "storyboard_a.json", 4, "s")
    free.parent.mkdir()
    os.mkfifo(free.with_name(f".{free.name}.tmp"))  # a name that it could have while it is written
    os.mkfifo(free.with_name(f".{receipt_path(free).name}.tmp"))
    stage.drop("storyboard_a.json", "p", "q", "r", "s")
    stage.run()
    stage.drop("storyboard_b.json", "t")
    stage.wait_states(held=3, done=2)
    wait_for(lambda: "3" in stage.problems().get("receipt.damaged", ""), stage.told)
    problems = stage.status()["problems"]
    assert str(forged[0].parent.parent) in json.dumps(problems)
    assert all(path.exists() for video in forged[:1] for path in (receipt_path(video),))
    assert Counter(task.order.prompt for task in stage.simulator.accepted) == Counter(s=1, t=1)
    stage.cli("plan")
    receipt_path(forged[0]).unlink()
    stage.cli("scan", code=None)
    stage.wait_states(held=2, done=3)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_as_a_note_stops_buying_in_its_folder_alone_and_is_told(stage: Stage, tmp_path: Path) -> None:
    shared, plain = stage.vault, tmp_path / "plain"
    plain.mkdir()
    stage.configure([{"path": str(shared), "claim": "always"}, {"path": str(plain)}])
    os.mkfifo(shared / NAME)
    stage.drop("storyboard_a.json", "p")
    (plain / "storyboard_b.json").write_text(
        json.dumps({"segments": [{"segment_index": 1, "prompt_text": "q"}]})
    )
    stage.run()
    stage.wait_states(queued=1, done=1)
    wait_for(lambda: "claim.cannot_read" in stage.problems(), stage.told)
    assert [take.request.prompt for take in stage.takes(State.DONE)] == ["q"]


def test_a_cost_beyond_all_bounds_fails_no_step(set_stage: Callable[..., Stage]) -> None:
    stage = set_stage(prices=(10**15, 10**15), balance=10**18)
    stage.drop("storyboard_a.json", "p", "q")
    stage.run()
    stage.wait_states(done=2)
    stage.check_delivered(2)
    assert [take.cost for take in stage.takes()] == [None, None]
    assert "daemon.step" not in stage.problems()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_picture_from_outside_of_the_vault_leaves_only_with_its_line_in_the_config(
    stage: Stage, tmp_path: Path
) -> None:
    size = struct.pack(">I4s2I", 13, b"IHDR", 1280, 720) + bytes(5)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n" + size)
    (stage.vault / "link.png").symlink_to(outside / "p.png")
    gateway = {"kind": "openai_videos", "model": "sim-1", "seconds": [10]}
    stage.configure(provider=gateway)
    stage.run()
    stage.drop("storyboard_a.json", "by its path", image_url=str(outside / "p.png"))
    stage.drop("storyboard_b.json", "by a link", image_url="link.png")
    stage.drop("storyboard_c.json", "none")
    stage.wait_states(done=1)
    wait_for(lambda: json.dumps(stage.status()).count("invalid") and stage.problems(), stage.told)
    line = f"picture_folders = {json.dumps([str(outside.resolve())])}"
    for name in ("storyboard_a.json", "storyboard_b.json"):
        told = stage.cli("validate", str(stage.vault / name), code=1).out()
        assert line in told, told
        assert "image_url" in told
        assert line in stage.cli("validate", str(stage.vault / name), code=1, lang="zh").out()
    assert stage.processes[0].popen.poll() is None
    stage.configure(provider=gateway, storyboards={"picture_folders": [str(outside)]})
    stage.processes[0].stop()
    stage.run()
    stage.wait_states(done=3)
    assert Counter(task.order.prompt for task in stage.simulator.accepted) == Counter(
        {"by its path": 1, "by a link": 1, "none": 1}
    )


def test_the_key_goes_to_no_address_from_a_receipt(set_stage: Callable[..., Stage]) -> None:
    """Whatever account it claims: ours, another one, or none."""
    stage, stranger = set_stage(), set_stage()
    stage.drop("storyboard_a.json", "honest")
    daemon = stage.run()
    stage.wait_states(done=1)
    ours = stage.takes()[0].account
    daemon.stop()
    for number, account in enumerate((ours, "0123456789ab", ""), 1):
        request = Request(f"forged {number}")
        told = Receipt(
            request,
            request.fingerprint(),
            number,
            1,
            GENERATING,
            f"task-{number}",
            provider="sora_hk",
            base_url=stranger.simulator.base_url,
            account=account,
        )
        file = receipt_path(place(stage, "storyboard_b.json", number, request.prompt))
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(told.to_members()), "utf-8")
    stage.drop("storyboard_b.json", *(f"forged {number}" for number in (1, 2, 3)))
    stage.drop("storyboard_c.json", "another")
    stage.run()
    wait_for(lambda: stage.states()[State.DONE] == 2 and len(stage.takes()) == 5, stage.told)
    wait_for(lambda: stage.simulator.stats()["requests"].get("poll", 0) > 4, stage.told)
    assert not any(stranger.simulator.stats()["requests"].values())
    assert Counter(task.order.prompt for task in stage.simulator.accepted) == Counter(honest=1, another=1)
