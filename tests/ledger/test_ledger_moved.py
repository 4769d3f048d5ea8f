"""Takes that were moved to another provider: what a storyboard that is read again does to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ledger_samples import NOW, apply, drive, want

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.model import Request, State, Take

MOVE = Change(
    State.QUEUED, "retarget", target="kling", moved_by="user", moved_from="", moved_as='{"model": "k"}'
)


def places(ledger: Ledger) -> list[tuple[str, str, State]]:
    return [(take.target, take.moved_by, take.state) for take in ledger.takes()]


def moved(ledger: Ledger, by: str = "user", **members: Any) -> Take:
    apply(ledger, want(1, **members))
    (take,) = ledger.takes()
    return ledger.record(take, replace(MOVE, moved_by=by, moved_from=take.target), NOW)


@pytest.mark.parametrize("by", ["user", "fallback"])
def test_what_was_moved_stays_there_until_the_storyboard_says_otherwise(ledger: Ledger, by: str) -> None:
    take = moved(ledger, by)
    assert (take.effective_request.model, take.request.model) == ("k", "")
    apply(ledger, want(1))
    assert places(ledger) == [("kling", by, State.QUEUED)]
    apply(ledger)  # no longer wanted, and wanted again
    apply(ledger, want(1))
    assert places(ledger) == [("kling", by, State.QUEUED)]
    apply(ledger, want(1, target="vidu"))
    (take,) = ledger.takes()
    assert (take.target, take.moved_by, take.moved_from, take.moved_as) == ("vidu", "", "", "")


@pytest.mark.parametrize(("by", "there"), [("user", "kling"), ("fallback", "")])
def test_a_new_text_goes_where_the_user_moved_the_one_before(ledger: Ledger, by: str, there: str) -> None:
    moved(ledger, by)
    apply(ledger, want(1, prompt="another text"))
    _before, take = ledger.takes()
    assert (take.target, take.moved_by) == (there, by if there else "")
    assert take.effective_request.model == ("k" if there else "")
    apply(ledger, want(1, prompt="a third", request=Request("a third 1", model="m")))
    assert [take.target for take in ledger.takes()][-1] == "", "it names a model of its own now"


def test_a_further_take_goes_where_the_first_one_was_moved(ledger: Ledger) -> None:
    take = moved(ledger)
    drive(ledger, take, State.DONE)
    more = ledger.queue_another(take.id, lambda number: f"/vault/film/x{number}.mp4", NOW)
    assert more is not None
    assert (more.target, more.moved_by) == ("kling", "user")
    apply(ledger, want(1))
    assert [one.target for one in ledger.takes()] == ["kling", "kling"]
    apply(ledger, want(1, target="vidu"))
    assert [one.target for one in ledger.takes()] == ["kling", "vidu"], "the delivered one stays what it is"


def test_one_more_take_may_go_elsewhere(ledger: Ledger) -> None:
    apply(ledger, want(1))
    (take,) = ledger.takes()
    drive(ledger, take, State.DONE)
    more = ledger.queue_another(take.id, lambda number: f"/vault/film/x{number}.mp4", NOW, MOVE)
    assert more is not None
    assert (more.target, more.moved_by, more.extra) == ("kling", "user", True)
    assert ledger.take(more.id) == more
