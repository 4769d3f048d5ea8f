"""A video decoded to its end, and what is seen on the way; see :class:`~sorad.media.questions.Inspect`."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Iterator
from typing import Any

import av
from PIL import Image, ImageChops, ImageStat

from sorad.media.pictures import DARK, length_of, opened, shown_size
from sorad.media.questions import Inspect, Inspected
from sorad.media.stretches import BLACK, FROZEN, Runs, doubled

_WIDE = 160  # pixels of what is compared; each is the mean of a block, so that compression hardly shows
_TINY = (32, 18)
# Of 255: what stands still differs no more from its first picture, in the mean and in any block.
_STILL, _STILL_BLOCK = 0.5, 4
_STEP, _MOST_TINY = 1 / 12, 360  # seconds between pictures that are looked for again, and how many of them
_SOUND_RATE = 8_000
_LOUDEST = 32_768


def inspect(question: Inspect) -> Inspected:
    """See :class:`Inspect`."""
    with opened(question.path) as container:
        video = container.streams.video[0]
        sound = container.streams.audio[0] if container.streams.audio else None
        rate = float(video.average_rate or video.guessed_rate or 0)
        watch, listen = _Watch(1 / rate if rate > 0 else 0.04), _Listen()
        for frame in _decoded(container, [video] if sound is None else [video, sound], watch):
            if isinstance(frame, av.VideoFrame):
                watch.see(frame)
            else:
                listen.hear(frame)
        if not watch.frames:
            raise EOFError("no picture can be decoded")
        codec = "" if sound is None else sound.codec_context.name
        heard = {"sound": codec, "peak": listen.peak / _LOUDEST}
        return _report(watch, video, length_of(container, video), rate, heard)


def _report(watch: _Watch, video: Any, length: float, rate: float, heard: dict[str, Any]) -> Inspected:
    context = video.codec_context
    return Inspected(
        *watch.size,
        seconds=watch.end,
        told=length,
        rate=rate,
        frames=watch.frames,
        damaged=watch.damaged,
        codec=context.name,
        pixels=context.pix_fmt or "",
        black=watch.black.ended(watch.end),
        frozen=[one for one in watch.frozen_ones() if not watch.is_black(one)],
        doubled=watch.doubled(),
        **heard,
    )


def _decoded(container: Any, streams: list[Any], watch: _Watch) -> Iterator[Any]:
    """All that can be decoded; what cannot be is counted, and the rest goes on."""
    with contextlib.suppress(av.error.FFmpegError):  # the file ends in the middle
        for packet in container.demux(streams):
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                watch.damaged += 1


class _Watch:
    """What is seen of the pictures, one after the other."""

    def __init__(self, lasts: float) -> None:
        """``lasts``: seconds of one picture."""
        self.frames = self.damaged = 0
        self.size = (0, 0)
        self.end = 0.0
        self.black = Runs(BLACK)
        self._lasts = lasts
        self._first = 0.0
        self._frozen: list[tuple[float, float]] = []
        self._still: Any = None  # the picture since which nothing has moved
        self._since = 0.0
        self._tiny: list[bytes] = []
        self._times: list[float] = []  # of those
        self._step, self._next = _STEP, 0.0

    def see(self, frame: Any) -> None:
        """One more picture."""
        told = self._first + self.end if frame.time is None else float(frame.time)
        if not self.frames:
            self._first, self.size = told, shown_size(frame)
        at = max(0.0, told - self._first)
        self.frames += 1
        self.damaged += bool(frame.is_corrupt)
        small = _small(frame)
        self.black.see(at, holds=small.getextrema()[1] <= DARK)
        if self._still is None or _has_moved(self._still, small):
            self._stood(at)
            self._still, self._since = small, at
        if at >= self._next:
            self._keep(at, small)
        self.end = max(self.end, at + self._lasts)

    def _stood(self, until: float) -> None:
        if self._still is not None and until - self._since >= FROZEN:
            self._frozen.append((self._since, until))

    def frozen_ones(self) -> list[tuple[float, float]]:
        """Where nothing moves; to be asked once, at the end."""
        self._stood(self.end)
        return self._frozen[:3]

    def is_black(self, stretch: tuple[float, float]) -> bool:
        """Whether a stretch is told as black already."""
        return any(start <= stretch[0] + 0.1 and stretch[1] <= end + 0.1 for start, end in self.black.found)

    def doubled(self) -> list[list[float]]:
        """What comes again."""
        times = [*self._times, self.end]
        step = self.end / max(1, len(self._tiny))
        return [[times[number] for number in one] for one in doubled(self._tiny, step)]

    def _keep(self, at: float, small: Any) -> None:
        self._tiny.append(small.resize(_TINY, Image.Resampling.BOX).tobytes())
        self._times.append(at)
        if len(self._tiny) > _MOST_TINY:
            self._tiny, self._times, self._step = self._tiny[::2], self._times[::2], self._step * 2
        self._next = max(self._next, at - self._step) + self._step


def _small(frame: Any) -> Any:
    height = max(2, round(_WIDE * frame.height / frame.width))
    plane = frame.reformat(_WIDE, height, "gray", interpolation="AREA").planes[0]
    return Image.frombytes("L", (_WIDE, height), bytes(plane), "raw", "L", plane.line_size, 1)


def _has_moved(before: Any, now: Any) -> bool:
    if before.size != now.size:
        return True
    between = ImageChops.difference(before, now)
    return bool(between.getextrema()[1] > _STILL_BLOCK or ImageStat.Stat(between).mean[0] > _STILL)


class _Listen:
    """What is heard, one piece after the other."""

    def __init__(self) -> None:
        self.peak = 0
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=_SOUND_RATE)

    def hear(self, frame: Any) -> None:
        """One more piece."""
        for piece in self._resampler.resample(frame):
            samples = array("h", bytes(piece.planes[0])[: piece.samples * 2])
            if samples:
                self.peak = max(self.peak, max(samples), -min(samples))
