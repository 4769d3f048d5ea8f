"""Several videos one after the other in one MP4: packets as they are where all are of one make, else encoded anew.

Of each video as much counts as its pictures last. Pictures and sound are decided about apart: pictures of one make are
copied although the sound is not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Optional

import av
from PIL import Image

from sorad.media import lettering
from sorad.media.pictures import frames, opened
from sorad.media.questions import Join, Joined, Unanswered
from sorad.media.soundtrack import Soundtrack, sound_of

_CRF, _PRESET = "18", "veryfast"
_SLACK = 0.25  # seconds that what was written may be longer or shorter, for each part
_MOST_RATE = 120
_LONGEST = (
    3600  # seconds of a video: what says more is no take, and would fill the disk with its last picture
)
_BT709, _BT601 = 1, 5  # as FFmpeg counts them


class _Make(NamedTuple):
    """What must be the same in all parts for their packets to be one stream. ``turned``: shown turned by so much."""

    codec: str
    size: tuple[int, int]
    pixels: str
    head: bytes  # the decoder's parameter sets
    turned: int


class _Part(NamedTuple):
    """A video, or a slate (``path`` is ""). ``sound``: what must be the same to copy it; ``None``: there is none."""

    path: str
    seconds: Fraction
    lines: Sequence[str]
    make: Optional[_Make] = None
    sound: Optional[tuple[object, ...]] = None
    rate: Fraction = Fraction(0)
    colours: Mapping[str, int] = {}  # what the pictures' numbers mean, as far as it is told


@dataclass(frozen=True)
class _Plan:
    parts: Sequence[_Part]
    size: tuple[int, int]
    rate: Fraction
    copied: bool  # the pictures
    sound: Optional[tuple[object, ...]]  # of the first part that has one; None: no sound at all
    sound_copied: bool
    colours: Mapping[str, int]

    @property
    def starts(self) -> list[Fraction]:
        """Seconds at which each part begins, and the last one ends: on the grid of pictures where they are encoded."""
        found = [Fraction(0)]
        for part in self.parts:
            found.append(found[-1] + (part.seconds if self.copied else self.frames(part) / self.rate))
        return found

    def frames(self, part: _Part) -> int:
        return max(1, int(part.seconds * self.rate))


def join(question: Join) -> object:
    """See :class:`Join`."""
    plan = _plan(_parts(question), labelled=bool(question.label))
    overlay = None
    if question.label:
        overlay = lettering.label(plan.size, question.label, question.label_size, question.label_place)
        if overlay is None:
            return Unanswered("font", question.label)
    if plan.copied:
        with contextlib.suppress(ValueError, av.error.FFmpegError):
            _write(question, plan, overlay)
            return _checked(question, plan, "")
        plan = replace(plan, copied=False, sound_copied=False)
    return _checked(question, plan, _write(question, plan, overlay))


def _parts(question: Join) -> list[_Part]:
    """``ValueError`` that names the video which cannot be read."""
    found = []
    for path, seconds, lines in question.parts:
        try:
            slate = _Part("", Fraction(seconds).limit_denominator(1000), lines)
            found.append(_look(path) if path else slate)
        except (av.error.FFmpegError, ValueError, EOFError) as error:
            raise ValueError(f"{Path(path).name}: {error}") from error
    return found


def _plan(parts: Sequence[_Part], *, labelled: bool) -> _Plan:
    """What is copied, and what the rest is made like: the first video."""
    first = next((part for part in parts if part.make is not None), None)
    if first is None or first.make is None:
        raise ValueError("no video among the parts")
    copied = len({part.make for part in parts}) == 1 and not (labelled or first.make.turned)
    return _Plan(
        parts,
        _shown(first.make),
        first.rate,
        copied,
        next((part.sound for part in parts if part.sound is not None), None),
        copied and len({part.sound for part in parts}) == 1,
        first.colours,
    )


def _shown(make: _Make) -> tuple[int, int]:
    """Its size as it is shown, even: encoders want that."""
    width, height = make.size[::-1] if make.turned % 180 else make.size
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _look(path: str) -> _Part:
    with opened(path) as container:
        video = container.streams.video[0]
        context = video.codec_context
        if not video.duration or not 0 < video.duration * video.time_base <= _LONGEST:
            raise ValueError("its length is not told, or beyond an hour")
        first = next(frames(container))
        make = _Make(
            context.name,
            (context.width, context.height),
            str(context.pix_fmt),
            bytes(context.extradata or b""),
            first.rotation,
        )
        return _Part(
            path,
            Fraction(video.duration * video.time_base),
            (),
            make,
            sound_of(container),
            _rate(video),
            _colours(context),
        )


def _colours(context: Any) -> Mapping[str, int]:
    """BT.709 or BT.601; what says neither counts as 601, which the library takes it for."""
    if context.colorspace != _BT709:
        return {"colorspace": _BT601}
    names = ("colorspace", "color_primaries", "color_trc")
    return {**{name: int(getattr(context, name)) for name in names}, "color_range": 1}


def _rate(video: Any) -> Fraction:
    found = Fraction(video.average_rate or 0)
    return found if 1 <= found <= _MOST_RATE else Fraction(30)


# --- writing -----------------------------------------------------------------------------------------------


def _write(question: Join, plan: _Plan, overlay: Optional[tuple[Any, tuple[int, int]]]) -> str:
    """Write the file; what no font here could write on slates."""
    flags = "+faststart+use_metadata_tags" if question.metadata else "+faststart"
    with av.open(question.out, "w", format="mp4", options={"movflags": flags}) as out:
        out.metadata.update(question.metadata)
        with contextlib.ExitStack() as stack:
            pictures: Any
            if plan.copied:
                template = stack.enter_context(opened(plan.parts[0].path))
                pictures = _Copied(out, template.streams.video[0])
                sound = _sound(out, plan, template)
            else:
                pictures = _Encoded(out, plan, overlay, question.label_seconds)
                sound = _sound(out, plan, None)
            for part, start, end in zip(plan.parts, plan.starts, plan.starts[1:]):
                _part(part, start, end, pictures, sound)
            pictures.end()
            if sound is not None:
                sound.end()
    return getattr(pictures, "unwritten", "")


def _sound(out: Any, plan: _Plan, template: Any) -> Any:
    if plan.sound is None:
        return None
    if plan.sound_copied:
        return _Copied(out, template.streams.audio[0])
    return Soundtrack(out, plan.sound)


def _part(part: _Part, start: Fraction, end: Fraction, pictures: Any, sound: Any) -> None:
    """Packets that are copied go in the order in which they lie; what is encoded is read by itself."""
    if not part.path:
        pictures.slate(part)
        if sound is not None:
            sound.silence(end)
        return
    with opened(part.path) as container:
        copied = [one for one in (pictures, sound) if isinstance(one, _Copied)]
        if copied:
            streams = {one.of(container): one for one in copied}
            for packet in container.demux(*streams):
                if packet.dts is not None:
                    streams[packet.stream].take(packet, start, end)
    if not isinstance(pictures, _Copied):
        with opened(part.path) as container:
            pictures.take(part, container)
    if isinstance(sound, Soundtrack):
        with opened(part.path) as container:
            sound.take(container, end)


class _Copied:
    """A stream of packets as they are, with the times of the whole."""

    def __init__(self, out: Any, template: Any) -> None:
        self._out, self._kind = out, template.type
        self._stream = out.add_stream_from_template(template)
        with contextlib.suppress(AttributeError, ValueError):
            # as in the source: players of one vendor want "hvc1"
            self._stream.codec_context.codec_tag = template.codec_context.codec_tag
        self._last: Optional[Fraction] = None  # when the last packet is decoded
        self._end = Fraction(0)

    def of(self, container: Any) -> Any:
        """The stream of a container that this one goes on with."""
        return container.streams.video[0] if self._kind == "video" else container.streams.audio[0]

    def take(self, packet: Any, start: Fraction, end: Fraction) -> None:
        """One packet of a part that lasts from ``start`` to ``end``."""
        base = packet.time_base
        began = packet.stream.container.streams.video[0]
        shift = start - (began.start_time or 0) * began.time_base
        shown = packet.pts * base + shift if packet.pts is not None else packet.dts * base + shift
        decoded = packet.dts * base + shift
        if self._kind == "audio" and (shown >= end or decoded < self._end - base):
            return  # behind the last picture, or over the sound of the part before
        if self._last is not None and decoded <= self._last:
            raise ValueError("the packets are in no order")
        ticks = round(shift / base)
        packet.dts += ticks
        if packet.pts is not None:
            packet.pts += ticks
        self._last, self._end = decoded, decoded + (packet.duration or 0) * base
        packet.stream = self._stream
        self._out.mux(packet)

    def end(self) -> None:
        """Nothing is held back."""


def _as_far_as_it_goes(decoded: Iterator[Any]) -> Iterator[Any]:
    """Pictures until one cannot be decoded: the last good one stays for the rest."""
    with contextlib.suppress(av.error.FFmpegError, EOFError):
        yield from decoded


@lru_cache(maxsize=1)
def _knows_bt709() -> bool:
    """Whether the library makes pictures of BT.709 by its rules. PyAV 15 takes all for BT.601, both ways."""
    frame = av.VideoFrame(16, 16, "yuv420p")
    for plane in frame.planes:
        plane.update(b"\xa0" * plane.buffer_size)
    found = []
    for frame.colorspace in (_BT601, _BT709):
        found.append(frame.to_image().getpixel((8, 8)))
    return bool(found[0] != found[1])


class _Encoded:
    """Pictures of one size at one rate, encoded anew; smaller ones and others stand in bars."""

    def __init__(
        self, out: Any, plan: _Plan, overlay: Optional[tuple[Any, tuple[int, int]]], seconds: float
    ) -> None:
        self._out, self._plan = out, plan
        self._overlay, self._labelled = overlay, int(Fraction(seconds).limit_denominator(1000) * plan.rate)
        options = {"crf": _CRF, "preset": _PRESET}
        self._stream = out.add_stream("libx264", rate=plan.rate, options=options)
        self._stream.width, self._stream.height = plan.size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.thread_count = 1
        context = self._stream.codec_context
        context.time_base = 1 / plan.rate
        # as the first one says of itself, so that players show the colours that were meant
        self._colours = plan.colours.get("colorspace", 0)
        for name, value in plan.colours.items():
            setattr(context, name, value)
        self._number = 0
        self.unwritten = ""

    def slate(self, part: _Part) -> None:
        """A still picture with what is missing."""
        picture, left = lettering.slate(self._plan.size, part.lines)
        self.unwritten = self.unwritten or left
        for _number in range(self._plan.frames(part)):
            self._put(av.VideoFrame.from_image(picture))

    def take(self, part: _Part, container: Any) -> None:
        """The pictures of a part, each for as long as it is shown."""
        wanted, given = self._plan.frames(part), 0
        held: Any = None
        first = 0.0
        for frame in _as_far_as_it_goes(frames(container)):
            if held is None:
                first = frame.time or 0.0
            until = int(((frame.time or 0.0) - first) * self._plan.rate + Fraction(1, 2))
            while held is not None and given < min(until, wanted):
                self._put(self._fitted(held))
                given += 1
            held = frame
            if given == wanted:
                return
        if held is None:
            raise ValueError("no picture can be decoded")
        for _number in range(given, wanted):
            self._put(self._fitted(held))

    def _fitted(self, frame: Any) -> Any:
        if (frame.width, frame.height) == self._plan.size and not frame.rotation:
            return frame
        picture = frame.to_image()
        if frame.rotation:
            picture = picture.rotate(frame.rotation, expand=True)
        scale = min(self._plan.size[0] / picture.width, self._plan.size[1] / picture.height)
        inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        ground = Image.new("RGB", self._plan.size)
        place = ((self._plan.size[0] - inner[0]) // 2, (self._plan.size[1] - inner[1]) // 2)
        ground.paste(picture.resize(inner, Image.Resampling.BICUBIC), place)
        return av.VideoFrame.from_image(ground)

    def _put(self, frame: Any) -> None:
        if self._overlay is not None and self._number < self._labelled:
            picture = frame.to_image()
            plate, place = self._overlay
            picture.paste(plate, place, plate)
            frame = av.VideoFrame.from_image(picture)
        known = frame.format.name != "rgb24" or _knows_bt709()
        shown = frame.reformat(format="yuv420p", dst_colorspace=self._colours if known else _BT601)
        shown.pts, shown.time_base = self._number, 1 / self._plan.rate
        self._number += 1
        self._out.mux(self._stream.encode(shown))

    def end(self) -> None:
        """Write what the encoder holds back."""
        self._out.mux(self._stream.encode(None))


# --- looking at it -----------------------------------------------------------------------------------------


def _checked(question: Join, plan: _Plan, unwritten: str) -> Joined:
    """Read it again: its length, the order of its packets, a picture behind each joint. ``ValueError``."""
    starts = plan.starts
    with opened(question.out) as container:
        video = container.streams.video[0]
        video.thread_type = "NONE"
        seconds = float(video.duration * video.time_base)
        if abs(seconds - float(starts[-1])) > _SLACK * len(plan.parts):
            raise ValueError(f"{seconds:g} s in place of {float(starts[-1]):g}")
        for start in starts[:-1]:
            _picture_at(container, video, float(start))
    with opened(question.out) as container:
        for _packet in _ordered(container):
            pass
    return Joined(
        seconds,
        *plan.size,
        copied=plan.copied,
        sound="" if plan.sound is None else "copied" if plan.sound_copied else "encoded",
        size=Path(question.out).stat().st_size,
        unwritten=unwritten,
    )


def _picture_at(container: Any, video: Any, seconds: float) -> None:
    container.seek(int(seconds / video.time_base), stream=video, backward=True)
    for frame in container.decode(video):
        if (frame.time or 0.0) >= seconds - 0.1:
            return
    raise ValueError(f"no picture at {seconds:g} s")


def _ordered(container: Any) -> Iterator[Any]:
    last: dict[int, int] = {}
    for packet in container.demux():
        if packet.dts is None:
            continue
        if packet.dts <= last.get(packet.stream.index, packet.dts - 1):
            raise ValueError("the packets are in no order")
        last[packet.stream.index] = packet.dts
        yield packet
