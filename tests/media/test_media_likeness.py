"""Pictures compared: the same one however it was cut, padded, stretched, pressed; another one."""

from __future__ import annotations

import io
import random

import pytest

Image = pytest.importorskip("PIL.Image", reason="the extra sorad[media] is not installed")

from sorad.media.likeness import likeness  # noqa: E402


def scene(seed: int, size: tuple[int, int] = (512, 288)) -> object:
    """Something like a photograph: large shapes with finer ones upon them."""
    dice = random.Random(seed)
    found = Image.new("RGB", size)
    for cells, weight in ((3, 1.0), (8, 0.5), (24, 0.25)):
        small = Image.new("RGB", (cells, cells))
        small.putdata([tuple(dice.randrange(256) for _ in range(3)) for _ in range(cells**2)])
        found = Image.blend(found, small.resize(size, Image.Resampling.BICUBIC), weight)
    return found


def pressed(picture: object, quality: int = 30) -> object:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)  # type: ignore[attr-defined]
    return Image.open(data).convert("RGB")


def padded(picture: object, size: tuple[int, int]) -> object:
    ground = Image.new("RGB", size, (0, 0, 0))
    inner = picture.copy()  # type: ignore[attr-defined]
    inner.thumbnail(size)
    ground.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return ground


SEEN = {
    "as it is": lambda one: one,
    "scaled and pressed": lambda one: pressed(one.resize((1280, 720))),
    "cut upright from the middle": lambda one: one.crop((175, 0, 337, 288)),
    "cut to a square from the left": lambda one: one.crop((0, 0, 288, 288)),
    "cut to a broad strip": lambda one: one.crop((0, 34, 512, 254)),
    "with bars above and below": lambda one: padded(one, (288, 512)),
    "with bars at the sides": lambda one: padded(one, (700, 288)),
    "stretched": lambda one: one.resize((288, 288)),
    "a little larger": lambda one: one.crop((8, 5, 504, 283)).resize((512, 288)),
    "a little brighter": lambda one: one.point(lambda value: min(255, int(value * 1.1))),
}


@pytest.mark.parametrize("way", SEEN)
def test_a_picture_is_known_again(way: str) -> None:
    for seed in range(3):
        picture = scene(seed)
        assert likeness(SEEN[way](picture), picture) > 0.6, seed


@pytest.mark.parametrize("size", [(512, 288), (288, 512), (300, 300)])
def test_another_picture_is_told_apart(size: tuple[int, int]) -> None:
    for seed in range(6):
        assert likeness(scene(seed + 50, size), scene(seed)) < 0.35, seed


def test_plain_grounds_are_told_by_their_colour() -> None:
    red, blue = (Image.new("RGB", (320, 180), colour) for colour in ((200, 30, 30), (30, 30, 200)))
    assert likeness(pressed(red), red) > 0.95
    assert likeness(blue, red) < 0.6
