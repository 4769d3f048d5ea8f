"""The takes that a storyboard asks for, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sorad.config.model import Watch
from sorad.intake.facts import Key, key_of
from sorad.intake.rules import target_of
from sorad.layout import assets_folder, video_path
from sorad.ledger.values import Want
from sorad.ledger.wants import goes_along, stays_moved
from sorad.model import Request, Take
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


class Moves:
    """Which takes of a storyboard were moved to other providers than it names; the ledger keeps them there."""

    def __init__(self, known: Mapping[Key, Take]) -> None:
        self._same = known
        in_order = sorted(known.items(), key=lambda one: one[1].id)
        self._last = {(segment, number): take for (segment, number, _text), take in in_order}

    def of(self, want: Want) -> tuple[str, Request]:
        """Where a want is bought, and what is asked for there."""
        take = self._same.get(key_of(want))
        if take is None:
            last = self._last.get((want.segment, want.take))
            take = last if last is not None and goes_along(last, last.request.model, want) else None
        if take is None or not stays_moved(take, want.target):
            return want.target, want.request
        return take.target, replace(take, request=want.request).effective_request
