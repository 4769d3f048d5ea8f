"""A video decoded to its end: what is seen of it, of hostile files, and the picture that is its poster."""

from __future__ import annotations

from pathlib import Path

import pytest
from films import film, huge, turned

from sorad.media.decoder import Decoder
from sorad.media.questions import (
    OURS,
    Compare,
    Compared,
    Frame,
    Inspect,
    Inspected,
    PictureSaved,
    Probe,
    Probed,
    Unanswered,
)


def seen(decoder: Decoder, path: Path) -> Inspected:
    found = decoder.ask(Inspect(str(path)))
    assert isinstance(found, Inspected), found
    return found


@pytest.fixture(scope="module")
def whole(decoder: Decoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of black, then two that move, then three that stand still; with a tone."""
    path = tmp_path_factory.mktemp("films") / "whole.mp4"
    return film(path, [("black", 9), ("pan", 16), ("still", 24)], loud=0.5)


def test_all_that_is_seen_and_heard_is_told(decoder: Decoder, whole: Path) -> None:
    found = seen(decoder, whole)
    assert (found.width, found.height, found.frames, found.rate, found.damaged) == (64, 36, 49, 8.0, 0)
    assert found.seconds == pytest.approx(49 / 8, abs=0.01)
    assert found.told == pytest.approx(49 / 8, abs=0.01)
    assert (found.codec, found.pixels, found.sound) == ("h264", "yuv420p", "aac")
    assert 0.3 < found.peak < 0.7
    assert [[round(at, 1) for at in one] for one in found.black] == [[0.0, 1.1]]
    assert [[round(at, 1) for at in one] for one in found.frozen] == [[pytest.approx(3.1, abs=0.4), 6.1]]
    assert found.doubled == []


def test_what_comes_twice_is_seen_and_silence_heard(decoder: Decoder, tmp_path: Path) -> None:
    found = seen(decoder, film(tmp_path / "a.mp4", [("pan", 16), ("other", 9), ("pan", 16)], loud=0.0))
    ((start, end, again),) = found.doubled
    assert (start, round(again, 1)) == (0.0, 3.1)
    assert end == pytest.approx(2.0, abs=0.2)
    assert found.peak < 0.001
    assert found.frozen == found.black == []


def test_ten_bits_and_turned_pictures_are_told(decoder: Decoder, whole: Path, tmp_path: Path) -> None:
    assert seen(decoder, film(tmp_path / "a.mp4", [("pan", 8)], pixels="yuv420p10le")).pixels == "yuv420p10le"
    phone = tmp_path / "phone.mp4"
    phone.write_bytes(turned(whole.read_bytes()))
    found = seen(decoder, phone)
    assert (found.width, found.height) == (36, 64)
    poster = decoder.ask(Frame(str(phone), str(tmp_path / "p.jpg"), "poster", 640))
    assert isinstance(poster, PictureSaved)
    assert (poster.width, poster.height) == (36, 64)


def test_a_poster_is_no_black_picture(decoder: Decoder, whole: Path, tmp_path: Path) -> None:
    from PIL import Image

    out = tmp_path / "poster.jpg"
    found = decoder.ask(Frame(str(whole), str(out), "poster", 32))
    assert isinstance(found, PictureSaved)
    assert found.at > 1.1
    assert OURS in out.read_bytes()[:4_096]
    with Image.open(out) as picture:
        assert (picture.format, picture.size) == ("JPEG", (32, 18))
        assert picture.convert("L").getextrema()[1] > 60
    black = decoder.ask(Frame(str(film(tmp_path / "b.mp4", [("black", 8)])), str(out), "poster", 32))
    assert isinstance(black, PictureSaved)  # one has to stand for it


def test_a_video_that_fades_in_is_compared_by_what_it_shows_then(
    decoder: Decoder, whole: Path, tmp_path: Path
) -> None:
    path, picture = film(tmp_path / "a.mp4", [("black", 4), ("pan", 8)]), tmp_path / "p.png"
    decoder.ask(Frame(str(path), str(picture), 0.5))
    found = decoder.ask(Compare(str(path), str(picture)))
    assert isinstance(found, Compared)
    assert found.likeness > 0.9


def test_a_film_that_was_cut_off_tells_how_far_it_goes(decoder: Decoder, whole: Path, tmp_path: Path) -> None:
    """Its index in front, as web players like it; its end is lost."""
    from sorad.simulator.mp4 import movie

    data = movie("t", "x", seconds=4, orientation="horizontal", size=60_000).bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: data.index(b"mdat") + 5_500])
    found = seen(decoder, cut)
    assert found.told == 4.0
    assert found.seconds < 3.4


@pytest.mark.parametrize(
    "make",
    [
        lambda data: b"",
        lambda data: bytes(10_000),
        lambda data: b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(range(256)) * 40,
        lambda data: data[:40],
        lambda data: data[: len(data) // 2],  # its index, which is at the end, is lost
        lambda data: data.replace(b"stsz", b"stsx"),
        lambda data: huge(data),
        lambda data: data[:2_000] + bytes(len(data) - 2_000),
    ],
    ids=["empty", "zeros", "garbage", "head", "cut", "no sizes", "huge", "hollow"],
)
def test_a_hostile_file_takes_nothing_down(
    decoder: Decoder, whole: Path, video: Path, tmp_path: Path, make: object
) -> None:
    bad, out = tmp_path / "bad.mp4", tmp_path / "out.jpg"
    bad.write_bytes(make(whole.read_bytes()))  # type: ignore[operator]
    for question in (Inspect(str(bad)), Frame(str(bad), str(out), "poster", 640)):
        found = decoder.ask(question)
        assert isinstance(found, (Unanswered, Inspected, PictureSaved)), found
        if isinstance(found, Unanswered):
            assert found.why == "unreadable"
        elif isinstance(found, Inspected):
            assert found.frames
    assert isinstance(decoder.ask(Probe(str(video))), Probed)
    assert {one.name for one in tmp_path.iterdir()} <= {"bad.mp4", "out.jpg"}
