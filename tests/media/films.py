"""Tiny films, as somebody's model might make them: 64 pixels wide, eight pictures a second."""

from __future__ import annotations

import math
import random
import struct
from array import array
from fractions import Fraction
from pathlib import Path
from typing import Any

RATE, SIZE = 8, (64, 36)


def film(path: Path, plan: list[tuple[str, int]], *, pixels: str = "yuv420p", loud: float = -1.0) -> Path:
    """Scenes of so many pictures: "black", "still", "pan", "other" (another pan); ``loud``: a tone, or below 0 none."""
    import av

    count = sum(number for _kind, number in plan)
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "18"})
        video.width, video.height, video.pix_fmt = *SIZE, pixels
        video.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=8_000, layout="mono") if loud >= 0 else None
        for number, picture in enumerate(one for scene in plan for one in _scene(*scene)):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for start in range(0, count * 1_000, 1_000):
                container.mux(sound.encode(_tone(start, loud)))
            container.mux(sound.encode(None))
    return path


def _scene(kind: str, count: int) -> list[Any]:
    from PIL import Image

    width, height = SIZE
    noise = random.Random(kind).randbytes(20 * 4)
    wide = Image.frombytes("L", (20, 4), noise).resize((320, height), Image.Resampling.BICUBIC).convert("RGB")
    if kind == "black":
        return [Image.new("RGB", SIZE)] * count
    step = 0 if kind == "still" else 3
    return [wide.crop((number * step, 0, number * step + width, height)) for number in range(count)]


def _tone(start: int, loud: float) -> Any:
    import av

    samples = array("f", (loud * math.sin(at / 4) for at in range(start, start + 1_000)))
    frame = av.AudioFrame(format="fltp", layout="mono", samples=1_000)
    frame.planes[0].update(samples.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate, frame.pts, frame.time_base = 8_000, start, Fraction(1, 8_000)
    return frame


def turned(data: bytes) -> bytes:
    """The same film, which says that it is to be turned by 90 degrees, as phones write it."""
    at = data.index(b"tkhd") + 4 + 40
    return data[:at] + struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000) + data[at + 36 :]


def huge(data: bytes, side: int = 0xFFF0) -> bytes:
    """The same film, whose index tells of a picture of so many pixels a side."""
    at = data.index(b"avc1", data.index(b"stsd")) + 4 + 24
    return data[:at] + struct.pack(">2H", side, side) + data[at + 4 :]
