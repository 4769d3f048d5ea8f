"""The takes that a storyboard asks for, and where they go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sorad.config.model import Watch
from sorad.intake.rules import target_of
from sorad.layout import assets_folder, video_path
from sorad.ledger.values import Want
from sorad.storyboard.read import Reading


def assets_of(storyboard: Path, watch: Watch) -> Path:
    """The output folder of a storyboard below a watched folder."""
    return assets_folder(storyboard, watch.path, watch.output_mode, watch.output_dir)


def bare_wants(reading: Reading, assets: Path, watch: Watch) -> list[Want]:
    """The takes that a storyboard asks for, with their places and providers; nothing is looked at."""
    wants = []
    for segment in reading.segments:
        for number in range(1, segment.takes + 1):
            request = segment.request.of_take(number)
            fingerprint = request.fingerprint()
            video = video_path(assets, segment.index, number, fingerprint, watch.name)
            earlier = tuple(one for one in dict.fromkeys(segment.earlier) if one != segment.request)
            want = Want(segment.index, number, request, fingerprint, str(video))
            want = replace(want, earlier=earlier, target=target_of(request, watch), follows=segment.follows)
            wants.append(want)
    return wants
