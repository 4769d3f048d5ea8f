"""OpenTimelineIO: each clip with the other takes of its segment as further media, to switch between. Pure.

The library (extra ``sorad[export]``) writes it: the form has versions, and it knows them.
"""

from __future__ import annotations

import importlib.util
import sys
from fractions import Fraction
from typing import Any, Optional

from sorad.export.timeline import Clip, Cut
from sorad.messages import N_
from sorad.plaintext import one_line
from sorad.problems import Problem

REQUIREMENTS = ("opentimelineio>=0.17",)  # as in pyproject.toml


def missing() -> Optional[Problem]:
    """What to install before it can be written; ``None`` where it is there."""
    if importlib.util.find_spec("opentimelineio") is not None:
        return None
    return Problem(
        "export.extra",
        N_("the package opentimelineio (`sorad[export]`) is not installed here."),
        N_("Run: {command}"),
        {"command": f"{sys.executable} -m pip install {' '.join(REQUIREMENTS)}".replace(">=0.17", "")},
    )


def write(cut: Cut) -> str:
    """The file."""
    import opentimelineio as otio

    timeline = otio.schema.Timeline(name=one_line(cut.name), global_start_time=_time(0, cut.rate))
    for kind, name in (("Video", "V1"), ("Audio", "A1")):
        track = otio.schema.Track(name=name, kind=kind)
        for clip in cut.clips:
            length = _range(cut.frames(clip), cut.rate)
            silent = kind == "Audio" and not clip.sound
            track.append(otio.schema.Gap(source_range=length) if silent else _clip(clip, length))
        timeline.tracks.append(track)
    return str(otio.adapters.write_to_string(timeline, "otio_json"))


def _clip(clip: Clip, length: Any) -> Any:
    import opentimelineio as otio

    found = otio.schema.Clip(name=one_line(clip.name), source_range=length, metadata=_metadata(clip))
    chosen = otio.schema.Clip.DEFAULT_MEDIA_KEY  # what programs take that know of no others
    media = {chosen: _media(clip)}
    for other in sorted(clip.others, key=lambda one: (one.take, one.path)):
        # two may have one number: of today's text, and of an earlier one
        key = f"T{other.take}"
        media[f"{key} {other.path.stem}" if key in media else key] = _media(other)
    found.set_media_references(media, chosen)
    return found


def _media(clip: Clip) -> Any:
    import opentimelineio as otio

    whole = _range(max(1, int(clip.seconds * clip.rate)), clip.rate)
    media = otio.schema.ExternalReference(clip.path.as_uri(), whole, _metadata(clip))
    media.name = one_line(clip.name)
    return media


def _metadata(clip: Clip) -> dict[str, Any]:
    """What stands with a clip and its media under ``sorad``."""
    return {"sorad": {"segment": clip.segment, "take": clip.take}}


def _time(frames: int, rate: Fraction) -> Any:
    import opentimelineio as otio

    return otio.opentime.RationalTime(frames, float(rate))


def _range(frames: int, rate: Fraction) -> Any:
    import opentimelineio as otio

    return otio.opentime.TimeRange(_time(0, rate), _time(frames, rate))
