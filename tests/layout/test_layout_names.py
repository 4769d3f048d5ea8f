"""Where outputs go and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.layout import (
    DEFAULT_NAME,
    OLD_NAME,
    assets_folder,
    check_name,
    clean,
    hint_of,
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
    folder = Path("/v/storyboard_assets")
    assert video_path(folder, 3, 2, FINGERPRINT) == folder / "Segment_3" / "storyboard_S003_T2_0f1e2d3c.mp4"
    video = video_path(folder, 3, 2, FINGERPRINT, OLD_NAME)
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
    name = video_path(Path("x"), segment, take, fingerprint, OLD_NAME).name
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


@given(st.text(max_size=300), st.integers(0, 10**9), st.integers(1, 10**9))
def test_every_name_fits_a_disk_and_a_link(stem: str, segment: int, take: int) -> None:
    video = video_path(
        Path("/v") / f"{stem.replace('/', '').replace(chr(0), '') or 'x'}_assets", segment, take, FINGERPRINT
    )
    longest = partial_path(intent_path(video), "f" * 32).name
    assert len(longest.encode("utf-8", "surrogatepass")) <= 255
    assert len(f".{video.name}.icloud".encode("utf-8", "surrogatepass")) <= 255
    assert not set(video.stem) & set('/\\:*?"<>|#^[].\n')
    assert not video.name.startswith((".", " "))
    assert hint_of(video.stem) == (take, {FINGERPRINT[:8]})
    assert is_partial(partial_path(intent_path(video), "0ab1").name)


def test_long_names_that_begin_alike_stay_apart() -> None:
    one, two = clean("第" * 200 + "一"), clean("第" * 200 + "二")
    assert one != two
    assert max(len(one.encode()), len(two.encode())) <= 120


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (DEFAULT_NAME, ""),
        (OLD_NAME, ""),
        ("成片 {take:02} {segment}-{fingerprint8}", ""),
        ("{segment}_{take}", "lacks"),
        ("", "lacks"),
        ("{segment}_{take}_{fingerprint8", "form"),
        ("{segment}_{take}_{fingerprint}", "field"),
        ("{segment!r}_{take}_{fingerprint8}", "field"),
        ("{segment:>3}_{take}_{fingerprint8}", "field"),
        ("{segment.real}_{take}_{fingerprint8}", "field"),
        ("{0}{segment}_{take}_{fingerprint8}", "field"),
        ("a/{segment}_{take}_{fingerprint8}", "sign"),
        (".{segment}_{take}_{fingerprint8}", "sign"),
        ("{segment}_{take}_{fingerprint8} ", "sign"),
        ("{{x}}{segment}_{take}_{fingerprint8}", "sign"),
        ("#{segment}_{take}_{fingerprint8}", "sign"),
        ("x" * 200 + "{segment}_{take}_{fingerprint8}", "long"),
    ],
)
def test_what_a_pattern_may_be(name: str, fault: str) -> None:
    assert check_name(name) == fault
