"""When a paid take that does not come is told, and when waiting alone brings nothing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from test_engine_pure import take

from sorad.config.model import Polling
from sorad.engine.decide import transitions
from sorad.engine.decide.not_found import ADDRESS, MISSING, NO_ADDRESS, is_stuck, is_told
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Missing, Polled, Running, Trouble
from sorad.providers.errors import faults


def test_the_codes_are_those_of_the_providers() -> None:
    assert faults.missing("").code == MISSING
    assert faults.no_address([]).code == NO_ADDRESS
    assert faults.inward("").code == faults.no_web_address("").code == ADDRESS


@pytest.mark.parametrize(
    ("state", "code", "attempt", "told", "stuck"),
    [
        (State.GENERATING, MISSING, 1, False, False),
        (State.GENERATING, MISSING, 2, True, False),
        (State.DOWNLOADING, MISSING, 2, True, False),
        (State.DOWNLOADING, NO_ADDRESS, 1, False, False),
        (State.DOWNLOADING, NO_ADDRESS, 2, True, False),
        (State.GENERATING, NO_ADDRESS, 3, True, True),
        (State.DOWNLOADING, "provider.expired", 5, False, False),
        (State.DOWNLOADING, "provider.expired", 6, True, False),
        (State.GENERATING, "provider.server", 5, False, False),
        (State.GENERATING, "provider.server", 6, True, False),  # its video may be ready, and nobody sees it
        (State.GENERATING, "provider.page", 60, True, False),
        (State.GENERATING, "provider.network", 60, False, False),  # said for all at once
        (State.GENERATING, "provider.key", 60, False, False),
        (State.SUBMITTING, "provider.server", 60, False, False),
    ],
)
def test_when_it_is_told(state: State, code: str, attempt: int, told: bool, stuck: bool) -> None:
    one = take(state=state, attempt=attempt, error=Problem(code, "said"))
    assert (is_told(one), is_stuck(one)) == (told, stuck)
    assert not is_told(replace(one, error=None))


def polled(one: Take, found: Polled) -> Take:
    change = transitions.after_poll(one, found, Polling(), 100.0, random.Random(1))
    error = None if change.clear_error else change.error or one.error
    parked = one.parked if change.parked is None else change.parked
    return replace(one, attempt=change.attempt or 0, error=error, parked=parked)


def test_a_look_that_finds_the_task_begins_the_count_anew() -> None:
    missing = Missing(faults.missing("not found", 404))
    one = polled(take(state=State.GENERATING), missing)
    assert not is_told(one)
    one = polled(polled(one, Running()), missing)
    assert not is_told(one)
    assert is_told(polled(one, missing))


def test_a_finished_task_without_an_address_frees_its_slot() -> None:
    nowhere = Fault(Trouble.SERVER, faults.no_address(["data.link"]))
    one = take(state=State.GENERATING)
    parked = []
    for _look in range(3):
        one = polled(one, nowhere)
        parked.append(one.parked)
    assert parked == [False, False, True]
    assert polled(one, Running()).parked is False
