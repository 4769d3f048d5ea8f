"""The cut of which the golden files are; ``python tests/export/export_cuts.py`` writes them anew."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from sorad.export import fcpxml, jianying, otio, srt, xmeml
from sorad.export.timeline import Clip, Cut

NTSC = Fraction(30000, 1001)
GOLDEN = Path(__file__).with_name("golden")
FILES = ("one.mp4", "二.mp4", "three.mp4")


def clip(
    number: int,
    seconds: float,
    rate: Fraction = Fraction(24),
    sound: bool = True,
    lines: tuple[str, ...] = (),
) -> Clip:
    path = Path(f"/片子/a b&#{number}.mp4")
    return Clip(f"S{number:03} T1 <&>", path, seconds, 1280, 720, rate, sound, lines, number, 1)


SPARE = replace(clip(2, 6.0), name="S002 T2", path=Path("/片子/other.mp4"), take=2)
CUT = Cut(
    "film <1>",
    [
        clip(1, 10.04),
        replace(clip(2, 5.0, NTSC, sound=False), others=(SPARE,)),
        clip(3, 4.0, lines=("hi --> you", "  ", "bye")),
    ],
)
WRITTEN = {
    "premiere.xml": lambda: xmeml.write(CUT),
    "final.fcpxml": lambda: fcpxml.write(CUT),
    "subtitles.srt": lambda: srt.write(CUT),
    "timeline.otio": lambda: otio.write(CUT),
    "draft_content.json": lambda: jianying.content(CUT, FILES, jianying.HERE),
    "draft_meta_info.json": lambda: jianying.meta(CUT, FILES, ".", "film _1_", 1_700_000_000.5),
}


if __name__ == "__main__":
    for name in sys.argv[1:] or WRITTEN:
        (GOLDEN / name).write_text(WRITTEN[name](), "utf-8")
