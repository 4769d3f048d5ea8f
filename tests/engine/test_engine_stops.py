"""What stops buying until the user acts, as values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sorad.engine.decide.stops import Stop, added, is_settled, standing
from sorad.model import Request, State, Take
from sorad.problems import Problem

LOST = Problem("provider.lost", "lost")
OTHER = Problem("provider.other", "other")


def take(state: State, creates: int = 1) -> Take:
    request = Request("p")
    return Take(
        7, 1, "/v", "/v/s.json", 1, 1, request.fingerprint(), request, state, "/o.mp4", 0.0, creates=creates
    )


@pytest.mark.parametrize(
    ("one", "settled"),
    [
        (take(State.SUBMITTING), False),
        (take(State.UNKNOWN), False),
        (take(State.QUEUED), False),  # a list did not show it: it may happen again
        (take(State.QUEUED, creates=0), True),  # the user had it sent again
        (take(State.GENERATING), True),
        (take(State.DONE), True),
        (take(State.FAILED), True),
        (take(State.CANCELLED), True),
        (None, True),
    ],
)
def test_a_take_is_settled_once_it_is_known_what_became_of_its_create(
    one: Take | None, settled: bool
) -> None:
    assert is_settled(one) is settled


def test_a_stop_stands_until_all_of_its_takes_are_settled() -> None:
    stop = Stop(LOST, 5.0, (1, 2))
    known = {1: take(State.GENERATING), 2: take(State.UNKNOWN)}
    assert standing([stop], known.get) == (stop,)
    known[2] = take(State.CANCELLED)
    assert standing([stop], known.get) == ()


def test_one_without_takes_waits_for_the_user() -> None:
    assert standing([Stop(LOST, 5.0)], lambda number: None) == (Stop(LOST, 5.0),)


def test_another_setting_ends_it_and_none_other() -> None:
    stop = Stop(LOST, 5.0, under={"id_paths": ["a"], "base_url": "u"})
    same = {"id_paths": ["a"], "base_url": "u", "model": "other"}
    assert standing([stop], lambda number: None, same) == (stop,)
    for name, value in (("id_paths", ["a", "b"]), ("base_url", "w")):
        assert standing([stop], lambda number: None, {**same, name: value}) == ()


def test_stops_of_a_code_come_together_and_others_stand_beside() -> None:
    first, second, other = Stop(LOST, 5.0, (1,)), Stop(LOST, 9.0, (2, 1)), Stop(OTHER, 6.0)
    assert added((first, other), second) == (other, Stop(LOST, 5.0, (1, 2)))


def test_it_is_kept_as_it_is() -> None:
    stop = Stop(replace(LOST, params={"said": "x"}), 5.0, (1,), {"id_paths": ["a"]})
    assert Stop.from_json(stop.to_json()) == stop
