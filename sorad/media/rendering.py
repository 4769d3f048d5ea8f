"""A video made of pictures, for the simulator: it begins and ends with those that are given, and shows the others."""

from __future__ import annotations

import io
import math
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Optional

import av
from PIL import Image, ImageChops, ImageDraw

from sorad.media.pictures import picture_in

RATE = 4  # pictures a second
_SOUND_RATE, _TONE = 44_100, 440
_TILES = 6  # references beside each other


class Scene(NamedTuple):
    """What is to be seen and heard. Pictures are the contents of files; without a first one the ground has the
    ``colour``."""

    size: tuple[int, int]  # pixels
    seconds: int
    first: Optional[bytes] = None
    last: Optional[bytes] = None
    references: Sequence[bytes] = ()
    sound: bool = False
    colour: tuple[int, int, int] = (96, 96, 96)
    flaw: str = ""  # what is wrong with it: one of :data:`sorad.simulator.faults.FLAWS`


def render(scene: Scene) -> bytes:
    """The MP4. ``OSError``, ``ValueError`` where a picture cannot be read."""
    scene, file = _formed(scene), io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height, video.pix_fmt = (
            *scene.size,
            "yuv420p10le" if scene.flaw == "deep" else "yuv420p",
        )
        video.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=_SOUND_RATE, layout="mono") if scene.sound else None
        for number, picture in enumerate(_spoilt(scene)):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for samples in _tone(scene.seconds, 0.0 if scene.flaw == "silent" else 0.1):
                container.mux(sound.encode(samples))
            container.mux(sound.encode(None))
    return _half_lost(file.getvalue()) if scene.flaw == "cut" else file.getvalue()


def _formed(scene: Scene) -> Scene:
    """With what is wrong with its form."""
    width, height = scene.size
    if scene.flaw == "turned":
        return scene._replace(size=(height, width))
    if scene.flaw == "small":
        return scene._replace(size=(width // 4 * 2, height // 4 * 2))
    return scene._replace(seconds=max(1, scene.seconds // 2)) if scene.flaw == "short" else scene


def _spoilt(scene: Scene) -> Iterator[Any]:
    """Its pictures, with what is wrong with them."""
    if scene.flaw not in ("black", "frozen", "doubled"):
        yield from _pictures(scene)
        return
    count = scene.seconds * RATE
    if scene.flaw == "doubled":
        wide = Image.linear_gradient("L").resize(scene.size).transpose(Image.Transpose.TRANSPOSE)
        wheel = wide.resize(scene.size).convert("RGB")
        step = max(1, scene.size[0] * 2 // count)
        yield from (ImageChops.offset(wheel, number % -(-count // 2) * step, 0) for number in range(count))
        return
    for number, picture in enumerate(_pictures(scene)):
        if number == 0:
            first = picture
        black = scene.flaw == "black" and number < count // 2
        yield Image.new("RGB", scene.size) if black else first if scene.flaw == "frozen" else picture


def _half_lost(video: bytes) -> bytes:
    """The second half of the pictures and sounds is zeros; the index, behind them, stays."""
    at = video.index(b"mdat") + 4
    length = int.from_bytes(video[at - 8 : at - 4], "big") - 8
    half = at + length // 2
    return video[:half] + bytes(at + length - half) + video[at + length :]


def _pictures(scene: Scene) -> Iterator[Any]:
    """The first one as it is; then a clock hand turns over it, references stand below, and it fades into the last."""
    width, height = scene.size
    first = (
        Image.new("RGB", scene.size, scene.colour)
        if scene.first is None
        else _filling(scene.first, scene.size)
    )
    last = first if scene.last is None else _filling(scene.last, scene.size)
    side = min(width // _TILES, height // 3)
    tiles = [_filling(one, (side, side)) for one in scene.references[:_TILES]]
    count = scene.seconds * RATE
    for number in range(count):
        if number in (0, count - 1):
            yield last if number else first
            continue
        picture = Image.blend(first, last, number / (count - 1))
        for place, tile in enumerate(tiles):
            picture.paste(tile, (place * side, height - side))
        angle, reach = 2 * math.pi * number / count, min(width, height) / 8
        centre = (width - reach * 1.5, reach * 1.5)
        end = (centre[0] + reach * math.sin(angle), centre[1] - reach * math.cos(angle))
        ImageDraw.Draw(picture).line((*centre, *end), fill="white", width=max(2, width // 160))
        yield picture


def _filling(content: bytes, size: tuple[int, int]) -> Any:
    """A picture that fills the size, cut in the middle."""
    picture = picture_in(io.BytesIO(content))
    scale = max(size[0] / picture.width, size[1] / picture.height)
    left, top = ((side - wanted / scale) / 2 for side, wanted in zip(picture.size, size))
    box = (left, top, left + size[0] / scale, top + size[1] / scale)
    return picture.resize(size, Image.Resampling.BICUBIC, box=box)


def _tone(seconds: int, loud: float) -> Iterator[Any]:
    """A tone, in frames of one length."""
    length, whole = 1024, seconds * _SOUND_RATE
    for start in range(0, whole, length):
        at = range(start, min(start + length, whole))
        samples = array("f", (loud * math.sin(2 * math.pi * _TONE * one / _SOUND_RATE) for one in at))
        frame = av.AudioFrame(format="fltp", layout="mono", samples=len(samples))
        frame.planes[0].update(samples.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, start, Fraction(1, _SOUND_RATE)
        yield frame
