"""Whether videos can be looked at: posters and checks need the extra `sorad[media]`."""

from __future__ import annotations

from collections.abc import Iterator

from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, ok
from sorad.media.questions import missing
from sorad.messages import N_


def check(context: Context) -> Iterator[Finding]:
    """Look and judge; without it all else works."""
    config = context.config
    if config is None or not (config.media.posters or config.media.checks):
        return
    lacking = missing()
    if lacking is None:
        yield ok("media", "media.ok", N_("posters are made, and videos are checked"))
    else:
        told = N_("no posters and checks of videos: {reason} {reason_fix}")
        yield ok("media", "media.none", told, reason=lacking)
