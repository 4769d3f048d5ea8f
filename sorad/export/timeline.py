"""The cut of a storyboard: its clips in order, each a whole video. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

# Rates that are no whole number; what is nearer than a hundredth to one of these is it.
_NTSC = tuple(Fraction(base * 1000, 1001) for base in (24, 30, 48, 60, 120))


@dataclass(frozen=True)
class Clip:
    """One video of the cut."""

    name: str
    path: Path  # absolute
    seconds: float
    width: int
    height: int
    rate: Fraction  # frames a second
    sound: bool
    lines: tuple[str, ...] = ()  # what is said, or else the prompt: the subtitles
    segment: int = 0
    take: int = 0  # its number in the segment
    others: tuple[Clip, ...] = ()  # the other delivered takes of its segment


@dataclass(frozen=True)
class Cut:
    """Clips one after the other, on the grid of the first one's rate and picture."""

    name: str
    clips: Sequence[Clip]

    @property
    def rate(self) -> Fraction:
        """Frames a second of the whole."""
        return self.clips[0].rate

    def frames(self, clip: Clip) -> int:
        """How long a clip is, in frames of the whole; at least one."""
        return max(1, int(clip.seconds * self.rate))

    def starts(self) -> list[int]:
        """Where each clip begins, in frames of the whole; and where the last one ends."""
        found = [0]
        for clip in self.clips:
            found.append(found[-1] + self.frames(clip))
        return found


def rate_of(told: float) -> Fraction:
    """A frame rate as a fraction: 23.976 is 24000/1001. What is no rate counts as 30."""
    if not 1 <= told <= 240:
        return Fraction(30)
    near = [one for one in (*_NTSC, Fraction(round(told))) if abs(float(one) - told) < 0.005]
    return near[0] if near else Fraction(told).limit_denominator(1001)
