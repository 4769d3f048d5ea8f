"""A paid video on its way: which address is tried next, and what a refused key stops."""

from __future__ import annotations

from typing import Any

import pytest
from intake_stage import Stage
from world import SAID

from sorad.engine.steps.fetch import fetch
from sorad.engine.steps.guard import guarded
from sorad.engine.steps.poll import poll
from sorad.ledger.values import Change
from sorad.model import State, Take
from sorad.providers.base import Fault, Trouble, Video


def bought(stage: Stage, to: State) -> Take:
    """One take that is paid for, claimed in that state."""
    stage.board("storyboard_a.json", ["one"])
    stage.until("generating")
    (take,) = stage.raw.takes()
    if to is State.DOWNLOADING:
        stage.raw.record(take, Change(to, "finished", due_at=0.0), stage.clock.time())
    (claimed,) = stage.raw.claim(to, stage.clock.time() + 1e6, 1)
    return claimed


@pytest.mark.parametrize(
    ("trouble", "others", "left"),
    [
        (Trouble.EXPIRED, 1, "https://b.test/v"),  # another place may have it
        (Trouble.BAD_FILE, 1, "https://b.test/v"),
        (Trouble.EXPIRED, 0, None),  # a new address is asked for
        (Trouble.BAD_FILE, 0, None),
        (Trouble.TRANSPORT, 1, "https://a.test/v"),  # says nothing of the address
    ],
)
def test_an_address_that_brings_no_video_gives_way(
    stage: Stage, trouble: Trouble, others: int, left: str | None
) -> None:
    take = bought(stage, State.DOWNLOADING)
    more = tuple(Video("https://b.test/v") for _number in range(others))
    stage.context.deliveries.videos[take.id] = Video("https://a.test/v", others=more)
    stage.provider.open_video = lambda *_args: Fault(trouble, SAID)  # type: ignore[method-assign]
    guarded(fetch, stage.context, take)
    video = stage.context.deliveries.videos.get(take.id)
    assert (None if video is None else video.url) == left


@pytest.mark.parametrize(
    ("trouble", "halts"), [(Trouble.KEY, True), (Trouble.SETUP, True), (Trouble.SERVER, False)]
)
def test_a_key_that_is_refused_at_a_poll_stops_buying_and_ends_no_take(
    stage: Stage, trouble: Trouble, halts: bool
) -> None:
    take: Any = bought(stage, State.GENERATING)
    stage.provider.poll = lambda _remote_id: Fault(trouble, SAID)  # type: ignore[method-assign]
    guarded(poll, stage.context, take)
    assert (stage.control.halt is not None) is halts
    take = stage.raw.take(take.id)
    assert (take.state, take.remote_id != "") == (State.GENERATING, True)
