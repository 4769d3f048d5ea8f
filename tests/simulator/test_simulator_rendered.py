"""Videos that show what they were ordered with: pictures, sound; and that they do not, where a fault says so."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

Image = pytest.importorskip("PIL.Image", reason="the extra sorad[media] is not installed")
pytest.importorskip("av", reason="the extra sorad[media] is not installed")

from sorad.clock import SystemClock  # noqa: E402
from sorad.files.labels import labels_of  # noqa: E402
from sorad.files.mp4 import check_mp4  # noqa: E402
from sorad.media.flaws import Expected, flaws  # noqa: E402
from sorad.media.inspection import inspect  # noqa: E402
from sorad.media.pictures import compare, keep_frame, probe  # noqa: E402
from sorad.media.questions import Compare, Frame, Inspect, Probe  # noqa: E402
from sorad.simulator.ark import Ark  # noqa: E402
from sorad.simulator.faults import FLAWS, Faults  # noqa: E402
from sorad.simulator.given import has_sound  # noqa: E402
from sorad.simulator.openai_videos import OpenaiVideos, _order  # noqa: E402
from sorad.simulator.route import Book  # noqa: E402
from sorad.simulator.state import Account, Pace  # noqa: E402
from sorad.simulator.wire import Call  # noqa: E402

SIZE = (320, 192)


def picture(folder: Path, name: str, colours: str) -> Path:
    """Four fields of colours."""
    found = Image.new("RGB", (2, 2))
    found.putdata(
        [
            {"r": (220, 20, 20), "g": (20, 200, 40), "b": (20, 40, 220), "y": (230, 220, 30)}[one]
            for one in colours
        ]
    )
    path = folder / f"{name}.png"
    found.resize(SIZE, Image.Resampling.NEAREST).save(path)
    return path


def url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def made(folder: Path, *faults: str, **members: object) -> Path:
    """The video of a create with these members."""
    clock, struck = SystemClock(), Faults(0, faults)
    account = Account(clock=clock, faults=struck, pace=Pace((0, 0)), balance=10_000, prices=(5, 10))
    book = Book(account, clock, struck, 20_000, 60.0)
    raw = {"prompt": "a cat", "seconds": "2", "size": "320x192", **members}
    book.album.keep(raw)
    order = _order(raw)
    assert not isinstance(order, str)
    video = folder / "video.mp4"
    video.write_bytes(book.movie(account.create(OpenaiVideos.wire, order)).bytes())
    assert check_mp4(video) is None
    return video


def likeness(video: Path, picture: Path) -> float:
    return compare(Compare(str(video), str(picture))).likeness


def test_it_begins_and_ends_with_the_pictures_and_shows_the_references(tmp_path: Path) -> None:
    first, last, other = (picture(tmp_path, *one) for one in (("a", "rgby"), ("b", "ybrg"), ("c", "bbyy")))
    video = made(
        tmp_path,
        image=url(first),
        metadata={"last_frame": url(last)},
        reference_images=[url(other)],
        generate_audio=True,
    )
    assert likeness(video, first) > 0.9
    shown = tmp_path / "last.png"
    keep_frame(Frame(str(video), str(shown), "last"))
    ended = Image.open(shown).convert("RGB")
    assert [max(range(3), key=ended.getpixel(at).__getitem__) for at in ((80, 144), (240, 144))] == [0, 1]
    keep_frame(Frame(str(video), str(shown), 1.0))
    tile = Image.open(shown).convert("RGB").getpixel((10, 145))
    assert max(range(3), key=tile.__getitem__) == 2  # blue: the reference, in its corner
    found = probe(Probe(str(video)))
    assert (found.width, found.height, found.seconds, found.sound) == (*SIZE, 2.0, "aac")


def test_without_sound_it_is_silent(tmp_path: Path) -> None:
    video = made(tmp_path, image=url(picture(tmp_path, "a", "rgby")), generate_audio=False)
    assert probe(Probe(str(video))).sound == ""


def test_a_form_asks_for_sound_in_words() -> None:
    for said, sound in (("true", True), ("false", False), (True, True), (False, False)):
        assert has_sound({"given": {"generate_audio": said}}) is sound


@pytest.mark.parametrize(
    "members", [{"strange_field": True}, {}], ids=["in a field that is not read", "by a fault"]
)
def test_a_picture_that_is_ignored_is_not_seen(tmp_path: Path, members: dict[str, bool]) -> None:
    first = picture(tmp_path, "a", "rgby")
    faults = [] if members else ["ignore_picture"]
    video = made(tmp_path, *faults, **{"strange_field" if members else "image": url(first)})
    assert likeness(video, first) < 0.35


@pytest.mark.parametrize("how", FLAWS)
def test_what_is_wrong_with_a_video_is_seen_by_whoever_checks_it(tmp_path: Path, how: str) -> None:
    video = made(tmp_path, f"flawed,how={how}", seconds="5", generate_audio=True)
    seen = inspect(Inspect(str(video)))
    asked = Expected(5, "5:3", "192p", audio=True)
    kinds = {"small": "size", "turned": "direction", "short": "length", "deep": "codec", "cut": "unreadable"}
    assert kinds.get(how, how) in [one.kind for one in flaws(seen, asked)]


def test_a_good_one_has_no_flaw(tmp_path: Path) -> None:
    video = made(tmp_path, seconds="5", generate_audio=True)
    assert flaws(inspect(Inspect(str(video))), Expected(5, "5:3", "192p", audio=True)) == []


@pytest.mark.parametrize("sound", [True, False])  # with sound it is rendered
def test_labels_are_in_it_and_it_still_plays(tmp_path: Path, sound: bool) -> None:
    video = made(tmp_path, "labelled,how=both", seconds="5", generate_audio=sound)
    found = labels_of(video)
    assert '"Label": "1"' in found.aigc[0]
    assert found.c2pa
    assert check_mp4(video) is None
    assert probe(Probe(str(video))).seconds == 5


def test_the_formats_of_vendors_show_what_they_were_given_too(tmp_path: Path) -> None:
    clock, struck = SystemClock(), Faults(0, [])
    account = Account(clock=clock, faults=struck, pace=Pace((0, 0)), balance=10_000, prices=(5, 10))
    book = Book(account, clock, struck, 20_000, 60.0)
    first = picture(tmp_path, "a", "rgby")
    content = [
        {"type": "text", "text": "a cat"},
        {"type": "image_url", "role": "first_frame", "image_url": {"url": url(first)}},
    ]
    raw = {"model": "seedance", "content": content, "ratio": "16:9", "duration": 2, "resolution": "480p"}
    raw |= {"generate_audio": False, "watermark": False, "seed": 1}
    api = Ark(book)
    path = "/api/v3/contents/generations/tasks"
    call = Call(
        "POST", path, tuple(path.strip("/").split("/")), {}, {}, json.dumps(raw).encode(), "127.0.0.1"
    )
    route = api.route(call)
    assert route is not None
    made = json.loads(route.act().body)
    task = account.get(Ark.wire, made["id"])
    assert task is not None
    video = tmp_path / "video.mp4"
    video.write_bytes(book.movie(task).bytes())
    assert likeness(video, first) > 0.9
