"""Several videos in one: copied where they are of one make, encoded where not, with slates for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sorad.media.questions import Join, Joined, Unanswered

av = pytest.importorskip("av", reason="the extra sorad[media] is not installed")
from sorad.media import joining, lettering  # noqa: E402
from sorad.media.child import answer  # noqa: E402
from sorad.media.rendering import Scene, render  # noqa: E402

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
Video = Callable[..., str]


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    folder = tmp_path_factory.mktemp("parts")

    def made(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48), **members: Any) -> str:
        scene = Scene(size, members.pop("seconds", 2), colour=colour, sound=members.pop("sound", True))
        path = folder / f"{hash((colour, scene.size, scene.seconds, scene.sound))}.mp4"
        if not path.exists():
            path.write_bytes(render(scene))
        return str(path)

    return made


def join(out: Path, parts: Sequence[Any], **members: Any) -> Any:
    told = [(one, 0.0, ()) if isinstance(one, str) else one for one in parts]
    return answer(Join(str(out), told, **members))


def colour_at(path: Path, seconds: float, at: tuple[float, float] = (0.3, 0.5)) -> str:
    """What colour a picture has at a place, in fractions of its sides."""
    with av.open(str(path)) as container:
        frame = next(one for one in container.decode(video=0) if (one.time or 0) >= seconds)
    picture = frame.to_image()
    pixel = picture.getpixel((int(picture.width * at[0]), int(picture.height * at[1])))
    return "dark" if max(pixel) < 60 else "red green blue".split()[pixel.index(max(pixel))]  # noqa: SIM905


def lengths(path: Path) -> dict[str, float]:
    with av.open(str(path)) as container:
        return {one.type: round(float(one.duration * one.time_base), 1) for one in container.streams}


def loudness(path: Path, start: float, end: float) -> float:
    """The loudest sample between two times."""
    peak = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            if start <= (frame.time or 0) < end:
                view = memoryview(bytes(frame.planes[0])).cast("f")
                peak = max(peak, *map(abs, view[: frame.samples]))
    return peak


def test_videos_of_one_make_are_copied_packet_by_packet(video: Video, tmp_path: Path) -> None:
    out, parts = tmp_path / "out.mp4", [video(RED), video(GREEN), video(RED)]
    assert join(out, parts) == Joined(
        6.0, 64, 48, copied=True, sound="copied", size=out.stat().st_size, unwritten=""
    )
    assert [colour_at(out, at) for at in (0, 1.7, 2, 3.7, 4, 5.7)] == [
        "red",
        "red",
        "green",
        "green",
        "red",
        "red",
    ]
    assert lengths(out) == {"video": 6.0, "audio": 6.0}

    def packets(path: str) -> list[bytes]:
        with av.open(path) as container:
            return [bytes(one) for one in container.demux(video=0) if one.size]

    assert packets(str(out)) == [one for part in parts for one in packets(part)]


def test_pictures_are_copied_where_only_the_sound_differs(video: Video, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    found = join(out, [video(RED), video(BLUE, sound=False), video(GREEN)])
    assert (found.copied, found.sound, found.seconds) == (True, "encoded", 6.0)
    assert [loudness(out, *span) > 0.02 for span in ((0.2, 1.8), (2.2, 3.8), (4.2, 5.8))] == [
        True,
        False,
        True,
    ]
    assert lengths(out) == {"video": 6.0, "audio": 6.0}


def test_videos_without_sound_have_none_together(video: Video, tmp_path: Path) -> None:
    found = join(tmp_path / "out.mp4", [video(RED, sound=False)] * 2)
    assert (found.copied, found.sound) == (True, "")


def test_others_are_encoded_in_bars_and_what_is_missing_is_a_slate(video: Video, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    parts = [video(RED), ("", 1.5, ["S002", "no video yet"]), video(GREEN, size=(48, 64), sound=False)]
    found = join(out, parts, metadata={"AIGC": '{"Label": "1"}', "title": "film"})
    assert (found.copied, found.sound, found.seconds) == (False, "encoded", 5.5)
    assert [colour_at(out, at, (0.02, 0.5)) for at in (1, 2.5, 4)] == ["red", "dark", "dark"]
    assert colour_at(out, 4, (0.5, 0.5)) == "green"
    assert [loudness(out, *span) > 0.02 for span in ((0.2, 1.8), (2.2, 5.3))] == [True, False]
    with av.open(str(out)) as container:
        assert (container.metadata["AIGC"], container.metadata["title"]) == ('{"Label": "1"}', "film")


@pytest.mark.parametrize(
    ("place", "corner"),
    [("top-left", (0.06, 0.1)), ("bottom-right", (0.94, 0.9)), ("centre", (0.5, 0.5)), ("top", (0.5, 0.1))],
)
def test_a_label_stands_over_the_first_seconds(video: Video, tmp_path: Path, place: str, corner: Any) -> None:
    out = tmp_path / "out.mp4"
    plain = video(RED, size=(320, 192), sound=False)
    found = join(out, [plain], label="AI", label_size=12.0, label_place=place, label_seconds=1.0)
    assert found.copied is False

    def reds(seconds: float) -> int:
        with av.open(str(out)) as container:
            frame = next(one for one in container.decode(video=0) if (one.time or 0) >= seconds)
        picture = frame.to_image()
        at = [round(side * part) for side, part in zip(picture.size, corner)]
        box = picture.crop((at[0] - 12, at[1] - 12, at[0] + 12, at[1] + 12))
        return sum(one > 150 for one in box.split()[0].tobytes()) - sum(
            one > 80 for one in box.split()[1].tobytes()
        )

    assert reds(0.75) < reds(1.0)


def test_a_label_that_no_font_can_write_is_refused_and_a_slate_shows_its_number_alone(
    video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "_fonts", list)
    out = tmp_path / "out.mp4"
    assert join(out, [video(RED)], label="AI生成") == Unanswered("font", "AI生成")
    assert not out.exists()
    found = join(out, [video(RED), ("", 1.0, ["S002", "尚无视频"])])
    assert found.unwritten == "尚无视频"
    assert isinstance(join(out, [video(RED)], label="AI-generated"), Joined)


def test_a_label_wider_than_the_picture_is_made_smaller() -> None:
    made = lettering.label((64, 48), "AI-generated", 30.0, "bottom")
    assert made is not None
    plate, place = made
    assert place[0] >= 0
    assert place[0] + plate.width <= 64
    assert place[1] + plate.height <= 48


@pytest.mark.parametrize("broken", [b"", b"no video", None])
def test_what_is_no_video_is_said(video: Video, tmp_path: Path, broken: bytes | None) -> None:
    path = tmp_path / "broken.mp4"
    if broken is not None:
        path.write_bytes(broken)
    found = join(tmp_path / "out.mp4", [video(RED), str(path)])
    assert isinstance(found, Unanswered)
    assert found.why in ("unreadable", "disk")


def test_pictures_that_cannot_be_copied_after_all_are_encoded(
    video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_order(*_arguments: object) -> None:
        raise ValueError("the packets are in no order")

    monkeypatch.setattr(joining._Copied, "take", out_of_order)
    found = join(tmp_path / "out.mp4", [video(RED), video(GREEN)])
    assert (found.copied, found.sound, found.seconds) == (False, "encoded", 4.0)


def test_colours_of_another_kind_come_out_as_they_were(tmp_path: Path) -> None:
    from fractions import Fraction

    def plain(path: Path, colorspace: int) -> str:
        with av.open(str(path), "w", format="mp4") as out:
            stream = out.add_stream("libx264", rate=4)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = colorspace
            for number in range(4):
                frame = av.VideoFrame(64, 64, "yuv420p")
                for plane, value in zip(frame.planes, (100, 90, 200)):
                    plane.update(bytes([value]) * plane.buffer_size)
                frame.pts, frame.time_base = number, Fraction(1, 4)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return str(path)

    for colorspace in (1, 5):  # BT.709, BT.601
        out = tmp_path / f"out{colorspace}.mp4"
        join(out, [plain(tmp_path / f"{colorspace}.mp4", colorspace)], label="x", label_seconds=0.5)
        with av.open(str(out)) as container:
            frames = [[bytes(plane)[5] for plane in one.planes] for one in container.decode(video=0)]
        assert all(abs(one - other) <= 3 for frame in frames for one, other in zip(frame, (100, 90, 200)))


def test_a_video_that_is_broken_in_its_middle_keeps_its_last_good_picture(
    video: Video, tmp_path: Path
) -> None:
    good = video(RED, size=(96, 64), seconds=4, sound=False)
    content = bytearray(Path(good).read_bytes())
    start = content.index(b"mdat") + 4
    end = content.find(b"moov", start) if content.find(b"moov", start) > 0 else len(content)
    middle = (start + end) // 2
    content[middle : end - 4] = bytes(end - 4 - middle)
    broken, out = tmp_path / "broken.mp4", tmp_path / "out.mp4"
    broken.write_bytes(content)
    found = join(out, [str(broken), video(GREEN, size=(96, 64))], label="x")
    assert found.seconds == 6.0
    assert [colour_at(out, at) for at in (0, 4.5)] == ["red", "green"]


def test_a_video_without_end_is_none_and_is_named(
    video: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "_LONGEST", 1)
    endless = video(RED, seconds=2)
    found = join(tmp_path / "out.mp4", [video(RED, seconds=1), endless, ("", 1.0, ["S3"])])
    assert isinstance(found, Unanswered)
    assert found.text.startswith(f"ValueError: {Path(endless).name}: ")
