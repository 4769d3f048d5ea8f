"""One sound track out of several: each part as long as its pictures last, what is missing is silence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Optional

import av

_BITS = 192_000  # a second
_LAYOUT, _FORM = "stereo", "fltp"
_RATES = (44_100, 48_000)
_PIECE = 1024  # samples that the encoder takes at once


def sound_of(container: Any) -> Optional[tuple[object, ...]]:
    """What must be the same in two videos for their sound to be one stream; ``None``: there is none."""
    if not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    context = stream.codec_context
    head = bytes(context.extradata or b"")
    return context.name, context.sample_rate, context.layout.name, head, stream.time_base


class Soundtrack:
    """Sound encoded anew, as stereo at the first one's rate."""

    def __init__(self, out: Any, first: tuple[object, ...]) -> None:
        """``first``: see :func:`sound_of`."""
        self._out = out
        self._rate = int(str(first[1])) if first[1] in _RATES else _RATES[1]
        self._stream = out.add_stream("aac", rate=self._rate, layout=_LAYOUT)
        self._stream.bit_rate = _BITS
        self._ready = av.AudioFifo()
        self._given = 0  # samples of the whole that are encoded or ready
        self._sent = 0

    def take(self, container: Any, end: Fraction) -> None:
        """The sound of a part that ends at ``end`` seconds of the whole."""
        wanted = self._until(end)
        if container.streams.audio and wanted > 0:
            self._given += self._decoded(container, wanted)
        self.silence(end)

    def _until(self, end: Fraction) -> int:
        return round(end * self._rate) - self._given

    def _decoded(self, container: Any, wanted: int) -> int:
        """At most so many samples of a part; how many there were."""
        stream, video = container.streams.audio[0], container.streams.video[0]
        began = (video.start_time or 0) * video.time_base
        resampler = av.AudioResampler(format=_FORM, layout=_LAYOUT, rate=self._rate)
        part, taken = av.AudioFifo(), 0
        first = True
        for source in _as_far_as_it_goes(container.decode(stream)):
            if first:
                taken += self._begin(
                    part, round(Fraction((source.time or 0.0) - float(began)) * self._rate), wanted
                )
                first = False
            taken += self._move(resampler.resample(source), part, wanted - taken)
            if taken >= wanted:
                return taken
        return taken + self._move(resampler.resample(None), part, wanted - taken)

    def _begin(self, part: Any, late: int, wanted: int) -> int:
        """Sound that begins so many samples after the pictures; how many were given."""
        if late <= 0:
            return 0
        silent = min(late, wanted)
        self._write(_silence(silent, self._rate))
        return silent

    def _move(self, decoded: Any, part: Any, wanted: int) -> int:
        taken = 0
        for frame in decoded:
            frame.pts = None
            part.write(frame)
            piece = part.read(min(part.samples, wanted - taken), partial=True) if wanted > taken else None
            if piece is not None:
                taken += piece.samples
                self._write(piece)
        return taken

    def silence(self, end: Fraction) -> None:
        """Nothing to be heard until ``end`` seconds of the whole."""
        while (left := self._until(end)) > 0:
            count = min(left, self._rate)
            self._write(_silence(count, self._rate))
            self._given += count

    def _write(self, frame: Any) -> None:
        frame.pts = None
        self._ready.write(frame)
        while self._ready.samples >= _PIECE:
            self._encode(self._ready.read(_PIECE))

    def _encode(self, frame: Any) -> None:
        frame.pts, frame.time_base = self._sent, Fraction(1, self._rate)
        self._sent += frame.samples
        self._out.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what is left."""
        if self._ready.samples:
            self._encode(self._ready.read(self._ready.samples, partial=True))
        self._out.mux(self._stream.encode(None))


def _as_far_as_it_goes(decoded: Iterator[Any]) -> Iterator[Any]:
    """Sound until it cannot be decoded; the rest is silence."""
    with contextlib.suppress(av.error.FFmpegError, EOFError):
        yield from decoded


def _silence(samples: int, rate: int) -> Any:
    frame = av.AudioFrame(format=_FORM, layout=_LAYOUT, samples=samples)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = rate
    return frame
