"""Subtitles: SubRip. Pure."""

from __future__ import annotations

import textwrap

from sorad.export.timeline import Cut
from sorad.plaintext import one_line

_WIDTH = 42  # characters of a line, as most players expect


def write(cut: Cut) -> str:
    """The file. The lines of a clip share its time evenly; a clip without any has none."""
    blocks: list[str] = []
    for clip, start in zip(cut.clips, cut.starts()):
        begin, length = start / cut.rate, cut.frames(clip) / cut.rate
        lines = [text for text in map(one_line, clip.lines) if text.strip()]
        for number, text in enumerate(lines):
            since, until = (begin + length * at / len(lines) for at in (number, number + 1))
            words = "\n".join(textwrap.wrap(text.replace("-->", "→"), _WIDTH)) or text
            blocks.append(f"{len(blocks) + 1}\n{_time(float(since))} --> {_time(float(until))}\n{words}\n")
    return "\n".join(blocks)


def _time(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"
