"""PyAV and Pillow at work: what a video says of itself, one picture of it, whether it begins with a picture.

Files come from elsewhere. A video is only ever read as an MP4, from an open file, so that a playlist in its place
cannot make the library open other files or addresses; a picture only as one of the forms that storyboards may name.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from PIL import Image

from sorad.files.durable import write_whole
from sorad.files.untrusted import open_file
from sorad.media.likeness import likeness
from sorad.media.questions import OURS, Compare, Compared, Frame, PictureSaved, Probe, Probed

OWNER = "decoder"  # in the names of files that are being written: what is left of one is known as ours
FORMS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_MOST_PIXELS = 100_000_000
_TAIL = 2.0  # seconds before the end at which the search for the last picture begins
DARK = 24  # of 255: nothing brighter is in a black picture
_EARLY = (
    1.0  # seconds: there a poster is taken, past a fade; where that is black, at these parts of the length
)
_FURTHER = (0.35, 0.6, 0.85)
_FADE = 1.0  # seconds within which a video that fades in from black shows something


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """The video as PyAV's container. One that has no pictures: ``ValueError``."""
    with io.BufferedReader(open_file(Path(path))) as file, av.open(file, format="mp4") as container:
        if not container.streams.video:
            raise ValueError("no pictures in it")
        # a thread for each core takes memory, and the processor from what buys
        container.streams.video[0].thread_type = "NONE"
        yield container


def probe(question: Probe) -> Probed:
    """See :class:`Probe`."""
    with opened(question.path) as container:
        video = container.streams.video[0]
        context = video.codec_context
        sound = container.streams.audio
        return Probed(
            width=context.width,
            height=context.height,
            seconds=length_of(container, video),
            rate=float(video.average_rate or 0),
            frames=video.frames,
            codec=context.name,
            pixels=context.pix_fmt or "",
            sound=sound[0].codec_context.name if sound else "",
        )


def keep_frame(question: Frame) -> PictureSaved:
    """See :class:`Frame`."""
    with opened(question.path) as container:
        if question.at == "first":
            frame = next(frames(container))
        elif question.at == "last":
            frame = _last(container)
        elif question.at == "poster":
            frame = _showing(container)
        else:
            frame = _at(container, float(question.at))
        picture, at = upright(frame), float(frame.time or 0.0)
    if question.width and picture.width > question.width:
        height = max(1, round(picture.height * question.width / picture.width))
        picture = picture.resize((question.width, height), Image.Resampling.LANCZOS)
    _write(picture, Path(question.out))
    return PictureSaved(picture.width, picture.height, at)


def compare(question: Compare) -> Compared:
    """See :class:`Compare`. Where the video fades in from black, its first picture that shows something counts."""
    picture = read_picture(question.picture)
    with opened(question.path) as container:
        first = shown = upright(next(frames(container)))
        if _is_dark(first) and not _is_dark(picture):
            later = (one for one in frames(container) if (one.time or 0.0) <= _FADE)
            shown = next((one for one in map(upright, later) if not _is_dark(one)), first)
    return Compared(likeness(shown, picture))


def read_picture(path: str) -> Any:
    """A picture of a file as RGB; what is transparent is white."""
    with io.BufferedReader(open_file(Path(path))) as file:
        return picture_in(file)


def picture_in(file: Any) -> Any:
    """The same of an open file."""
    with Image.open(file, formats=FORMS) as found:
        if found.width * found.height > _MOST_PIXELS:
            raise ValueError(f"{found.width}x{found.height} pixels")
        if found.mode in ("RGB", "L"):
            return found.convert("RGB")
        clear = found.convert("RGBA")
    ground = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(ground, clear).convert("RGB")


def frames(container: Any) -> Iterator[Any]:
    """The pictures from where the container stands. None at all: ``EOFError``."""
    video = container.streams.video[0]
    some = False
    for frame in container.decode(video):
        some = True
        yield frame
    if not some:
        raise EOFError("no picture can be decoded")


def upright(frame: Any) -> Any:
    """The picture as it is shown: a video may say that it is to be turned."""
    turn = round(frame.rotation) % 360
    return frame.to_image().rotate(turn, expand=True) if turn else frame.to_image()


def shown_size(frame: Any) -> tuple[int, int]:
    """Its width and height as it is shown."""
    turned = round(frame.rotation) % 180 == 90
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


def length_of(container: Any, video: Any) -> float:
    """Seconds, by the index."""
    if video.duration and video.time_base:
        return float(video.duration * video.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _seek(container: Any, seconds: float) -> None:
    video = container.streams.video[0]
    container.seek(int(max(0.0, seconds) / video.time_base), stream=video, backward=True)


def _last(container: Any) -> Any:
    """The last picture that decodes, looked for from the last key picture on; else from the start."""
    for start in (length_of(container, container.streams.video[0]) - _TAIL, 0.0):
        _seek(container, start)
        last = None
        try:
            for frame in frames(container):
                last = frame
        except (av.error.FFmpegError, EOFError):
            if last is None and start > 0:
                continue
            if last is None:
                raise
        return last
    raise EOFError("no picture can be decoded")


def _showing(container: Any) -> Any:
    """An early picture that is not black: where all that are looked at are, the brightest."""
    length = length_of(container, container.streams.video[0])
    best: tuple[int, Any] = (-1, None)
    for at in (min(_EARLY, length * 0.3), *(length * part for part in _FURTHER)):
        try:
            frame = _at(container, at)
        except (av.error.FFmpegError, EOFError):
            continue
        bright = int(upright(frame).convert("L").getextrema()[1])
        if bright > DARK:
            return frame
        best = max(best, (bright, frame), key=lambda one: one[0])
    if best[1] is None:
        _seek(container, 0.0)
        return next(frames(container))
    return best[1]


def _at(container: Any, seconds: float) -> Any:
    _seek(container, seconds)
    last = None
    for last in frames(container):
        if (last.time or 0.0) >= seconds - 0.001:
            break
    return last


def _is_dark(picture: Any) -> bool:
    return bool(picture.convert("L").getextrema()[1] <= DARK)


def _write(picture: Any, out: Path) -> None:
    form = "PNG" if out.suffix.lower() == ".png" else "JPEG"
    content = io.BytesIO()
    picture.save(content, form, **({"quality": 88, "comment": OURS} if form == "JPEG" else {}))
    write_whole(out, content.getvalue(), time.sleep, OWNER)
