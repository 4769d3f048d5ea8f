"""Where outputs go and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.layout import (
    assets_folder,
    intent_path,
    is_partial,
    parse_video_name,
    partial_path,
    receipt_path,
    video_path,
)

FINGERPRINT = "0f1e2d3c" + "4" * 56
ROOT = Path("/vault")


@pytest.mark.parametrize(
    ("storyboard", "mode", "output_dir", "folder"),
    [
        ("/vault/storyboard.json", "in_place", None, "/vault/storyboard_assets"),
        ("/vault/剧集/storyboard_第1集.json", "in_place", None, "/vault/剧集/storyboard_第1集_assets"),
        ("/vault/a/Storyboard v1.2.JSON", "in_place", None, "/vault/a/Storyboard v1.2_assets"),
        ("/vault/a/storyboard.json", "in_place", "/out", "/vault/a/storyboard_assets"),
        ("/vault/storyboard.json", "centralized", "/out", "/out/storyboard"),
        ("/vault/剧集/b/storyboard_x.json", "centralized", "/out", "/out/剧集/b/storyboard_x"),
    ],
)
def test_the_folder_of_a_storyboard(storyboard: str, mode: str, output_dir: str | None, folder: str) -> None:
    out = Path(output_dir) if output_dir else None
    assert assets_folder(Path(storyboard), ROOT, mode, out) == Path(folder)


@pytest.mark.parametrize(
    ("storyboard", "output_dir"), [("/vault/storyboard.json", None), ("/elsewhere/storyboard.json", "/out")]
)
def test_centralized_needs_an_output_dir_and_a_storyboard_below_the_root(
    storyboard: str, output_dir: str | None
) -> None:
    with pytest.raises(ValueError, match=r"output_dir|/vault|subpath"):
        assets_folder(Path(storyboard), ROOT, "centralized", Path(output_dir) if output_dir else None)


def test_the_files_of_a_take() -> None:
    video = video_path(Path("/v/storyboard_assets"), 3, 2, FINGERPRINT)
    assert video == Path("/v/storyboard_assets/Segment_3/3_v2_0f1e2d3c.mp4")
    assert receipt_path(video) == Path("/v/storyboard_assets/Segment_3/3_v2_0f1e2d3c.json")
    assert partial_path(video) == Path("/v/storyboard_assets/Segment_3/.3_v2_0f1e2d3c.mp4.tmp")
    assert partial_path(video, "ab12").name == ".3_v2_0f1e2d3c.mp4.ab12.tmp"
    for stranger in ("../x", "a/b", "", "x" * 33, "A b"):
        assert partial_path(video, stranger) == partial_path(video)
    for path in (video, receipt_path(video), intent_path(video)):
        assert is_partial(partial_path(path).name)
        assert is_partial(partial_path(path, "ab12").name)
    for name in (video.name, ".mine.mp4.tmp", ".3_v2_0f1e2d3c.mov.tmp", "3_v2_0f1e2d3c.mp4.tmp"):
        assert not is_partial(name)


@given(st.integers(0, 10**9), st.integers(1, 1000), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_a_video_name_tells_its_take(segment: int, take: int, fingerprint: str) -> None:
    name = video_path(Path("x"), segment, take, fingerprint).name
    assert parse_video_name(name) == (segment, take, fingerprint[:8])


@pytest.mark.parametrize(
    "name",
    [
        "3_v1_0f1e2d3c.json",
        ".3_v1_0f1e2d3c.mp4.tmp",
        "3_v1_0f1e2d3c.mp4\n",
        "3_v0_0f1e2d3c.mp4",
        "03_v1_0f1e2d3c.mp4",
        "3_v1_0F1E2D3C.mp4",
        "3_v1_0f1e2d3.mp4",
        "3_v1_20260101120000_ab12.mp4",
        "３_v1_0f1e2d3c.mp4",
        "-3_v1_0f1e2d3c.mp4",
        "",
    ],
)
def test_other_names_are_not_ours(name: str) -> None:
    assert parse_video_name(name) is None
