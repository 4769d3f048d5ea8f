"""The last frame that a provider gives: fetched where somebody may need it, and never at the cost of the video."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Union

import pytest

from sorad.engine.steps.chain import _last_frame
from sorad.engine.steps.last_frame import given_frame, keep_last_frame
from sorad.layout import last_frame_path
from sorad.media.questions import Unanswered
from sorad.messages import N_
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.providers.base import Download, DownloadCut, Fault, Trouble, Video
from sorad.simulator.last_frame import last_frame

PNG = last_frame("task")
FAULT = Fault(Trouble.EXPIRED, Problem("x", "too old"))


def take(folder: Path, **more: Any) -> Take:
    made = Take(
        id=1,
        storyboard_id=1,
        root=str(folder),
        storyboard=str(folder / "a.json"),
        segment=1,
        take=1,
        fingerprint="f",
        request=Request("one"),
        state=State.DOWNLOADING,
        output=str(folder / "a.mp4"),
        due_at=0.0,
        created_at=0.0,
        updated_at=0.0,
        provider="ark",
        remote_id="task",
    )
    return replace(made, **more)


def pieces(data: bytes, *, cut: bool) -> Any:
    yield data[: len(data) // 2]
    if cut:
        raise DownloadCut(N_("the connection was cut"))
    yield data[len(data) // 2 :]


class Shop:
    def __init__(self, answer: Union[bytes, Fault], *, cut: bool = False) -> None:
        self.asked: list[str] = []
        self._answer, self._cut = answer, cut

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        self.asked.append(video.url)
        if isinstance(self._answer, Fault):
            return self._answer
        return Download(0, None, "", "image/png", "", pieces(self._answer, cut=self._cut))


def context(*takes: Take, decodes: bool = False) -> Any:
    return SimpleNamespace(
        ledger=SimpleNamespace(takes=lambda storyboard: list(takes)),
        decodes=lambda: decodes,
        process=SimpleNamespace(pause=lambda seconds: None),
        ask_media=lambda question: Unanswered("missing"),
    )


def keep(made: Any, one: Take, shop: Shop, frame: str = "https://x.test/f.png") -> None:
    keep_last_frame(made, one, shop, Video("https://x.test/v.mp4", frame=frame))  # type: ignore[arg-type]


def test_the_frame_is_kept_and_a_next_shot_begins_with_it(tmp_path: Path) -> None:
    one, shop = take(tmp_path), Shop(PNG)
    keep(context(), one, shop)
    keep(context(), one, shop)  # it is there
    assert shop.asked == ["https://x.test/f.png"]
    assert last_frame_path(Path(one.output)).read_bytes() == PNG
    wanted = f"sha256:{hashlib.sha256(PNG).hexdigest()}"
    assert given_frame(one) == _last_frame(context(), one) == wanted
    other = replace(one, provider="kling")  # of whom it cannot be: it is decoded, or not to be had
    assert isinstance(_last_frame(context(), other), Unanswered)


def test_where_videos_are_decoded_it_is_fetched_for_a_shot_that_continues_alone(tmp_path: Path) -> None:
    one, shop = take(tmp_path), Shop(PNG)
    keep(context(decodes=True), one, shop)
    keep(context(), one, shop, frame="")
    assert shop.asked == []
    follower = take(tmp_path, id=2, segment=2, follows=1, request=Request("two", continues=True))
    keep(context(replace(follower, storyboard_id=9), decodes=True), one, shop)
    assert shop.asked == []
    keep(context(follower, decodes=True), one, shop)
    assert given_frame(one)


@pytest.mark.parametrize(
    "shop",
    [Shop(FAULT), Shop(PNG, cut=True), Shop(PNG[:-20]), Shop(b"<html>"), Shop(b"\xff\xd8\xff" + bytes(99))],
)
def test_whatever_goes_wrong_with_it_nothing_is_kept(tmp_path: Path, shop: Shop) -> None:
    one = take(tmp_path)
    keep(context(), one, shop)
    assert list(tmp_path.iterdir()) == []
    assert given_frame(one) == ""


def test_a_disk_that_takes_no_picture_loses_no_video(tmp_path: Path) -> None:
    keep(context(), take(tmp_path / "nowhere"), Shop(PNG))
