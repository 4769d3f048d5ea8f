"""Histories of two machines: a sync between them that is late or stops, sleep, ends, and a folder that both share."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Callable

import pytest
from pair import Pair
from world import Odds

from sorad.claim import arrivals
from sorad.claim.claims import Claims
from sorad.delivery import receive
from sorad.engine.steps import submit
from sorad.receipts import folder

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))
LOSSY = replace(CALM, lost_answer=0.2, lost_request=0.1, die_in_create=0.1, die_at_commit=0.01)
STORMY = Odds(fails=0.0, repeats=0.0, stuck=0.0, refused=0.0, poll_missing=0.0)
LONG = int(os.environ.get("SORAD_PAIRS", "0"))  # histories of each kind, in place of a few
TEXTS = ("one", "two", "three", "four", "five", "six")


def prompt(rng: Random) -> float:
    """Any file is there within half the time that a claim waits for."""
    return rng.uniform(0.0, 20.0)


def late(rng: Random) -> float:
    """Some files are there at once, others in an hour: receipts before and after their videos."""
    return rng.choice([0.0, 5.0, 60.0, 600.0, 3_600.0])


def drop(pair: Pair, turn: int) -> None:
    rng = pair.rng
    texts = [f"{turn}: {text}" for text in TEXTS[: rng.randrange(2, 6)]]
    pair.write(rng.randrange(2), f"storyboard_{turn}.json", texts)


def history(seed: int, home: Path, delay: Callable[[Random], float] = prompt, odds: Odds = CALM) -> Pair:
    """One machine buys; it sleeps or is killed, and the other one may take over meanwhile; it comes back."""
    pair = Pair(seed, home, odds=odds, delay=delay)
    rng, others = pair.rng, delay is late
    pair.end(1)
    pair.run(30.0)
    pair.begin(1)
    pair.run(100.0)
    for turn in range(3):
        drop(pair, turn)
        pair.run(rng.choice([30.0, 120.0, 600.0]))
        if not others:
            pair.quieten()
        who = rng.randrange(2)
        away, back = rng.choice([(pair.sleep, pair.wake), (pair.end, pair.begin), (None, None)])
        pair.sync.up = not (others and rng.random() < 0.3)
        if away is not None:
            away(who)
        pair.run(rng.choice([10.0, 100.0]))
        if rng.random() < 0.7:
            pair.claim(1 - who)
        pair.run(rng.choice([100.0, 900.0, 5_000.0]))
        if back is not None:
            back(who)
        pair.run(rng.choice([30.0, 300.0]))
    pair.in_peace(rng.randrange(2))
    return pair


def closed(seed: int, home: Path, odds: Odds = CALM) -> Pair:
    """A laptop is closed while it buys, the other one buys the rest; it is opened before its sync has come."""
    pair = Pair(seed, home, odds=odds, delay=prompt)
    pair.end(1)
    pair.run(30.0)
    pair.begin(1)
    pair.run(100.0)
    pair.write(0, "storyboard_0.json", [f"0: {number}" for number in range(8)])
    pair.run(60.0)
    pair.quieten()
    pair.sleep(0)
    pair.sync.up = False
    pair.run(60.0)
    pair.claim(1)
    pair.run(6_000.0)
    pair.wake(0)
    pair.run(pair.rng.choice([2.0, 20.0, 50.0]))
    pair.in_peace(1)
    return pair


def share(seed: int, home: Path, odds: Odds = LOSSY) -> Pair:
    """Both see the folder itself, and nothing but intents and receipts stands between them."""
    pair = Pair(seed, home, shared=True, odds=odds)
    rng = pair.rng
    for turn in range(3):
        drop(pair, turn)
        pair.run(rng.choice([3.0, 30.0, 600.0]))
        if rng.random() < 0.5:
            pair.meddle(rng.randrange(2))
        who = rng.randrange(2)
        away, back = rng.choice([(pair.sleep, pair.wake), (pair.end, pair.begin)])
        away(who)
        pair.run(rng.choice([100.0, 900.0, 5_000.0]))
        back(who)
    pair.in_peace()
    return pair


def played(play: Callable[..., Pair], seed: int, **how: Any) -> tuple[dict[str, int], str]:
    """What was paid for twice, and what does not hold."""
    with tempfile.TemporaryDirectory() as home:
        pair = play(seed, Path(home), **how)
        try:
            pair.check()
            broken = ""
        except AssertionError as error:
            broken = str(error)
        finally:
            pair.close()
        return pair.twice(), broken


@pytest.mark.parametrize("seed", range(LONG or 2))
def test_with_a_sync_that_is_there_in_time_each_text_is_bought_once(seed: int) -> None:
    assert played(history, seed) == ({}, "")


@pytest.mark.parametrize("seed", range(LONG) if LONG else [6, 7])
def test_with_one_that_is_late_or_stops_what_is_paid_for_twice_is_told_on_both_sides(seed: int) -> None:
    _twice, broken = played(history, seed, delay=late, odds=CALM if seed % 2 == 0 else STORMY)
    assert broken == ""


@pytest.mark.parametrize("seed", range(LONG or 1))
def test_a_laptop_that_is_opened_after_another_one_took_over_buys_nothing_again(seed: int) -> None:
    assert played(closed, seed) == ({}, "")


@pytest.mark.parametrize("seed", range(LONG or 3))
def test_over_a_share_each_text_is_bought_once(seed: int) -> None:
    assert played(share, seed) == ({}, "")


# --- the seeded faults: undoing a rule is found -------------------------------------------------------------

Undo = Callable[[pytest.MonkeyPatch], None]


def without_intents(patch: pytest.MonkeyPatch) -> None:
    """A create leaves without an intent that only one of the two can make."""
    patch.setattr(submit, "announced", lambda context, intent, currency: True)


def without_settling_anew(patch: pytest.MonkeyPatch) -> None:
    """Who slept, or was away, goes on where it was."""
    patch.setattr(Claims, "_was_away", lambda self, vault: None)


def without_telling(patch: pytest.MonkeyPatch) -> None:
    """A second payment is seen and not told."""
    patch.setattr(arrivals.Arrivals, "_tell", lambda self, purchase, found, there: None)


def without_vouching(patch: pytest.MonkeyPatch) -> None:
    """Any whole video under the name is the take's own."""
    patch.setattr(receive, "vouched", lambda video, found, *args: found.receipt if found.verified else None)
    patch.setattr(folder, "vouched", lambda video, found, *args: found.receipt if found.verified else None)


@pytest.mark.parametrize(
    ("undo", "play", "seeds", "how"),
    [
        (without_intents, share, (8, 4, 5, 9), {}),
        (without_settling_anew, closed, (0,), {}),
        (without_telling, history, (7, 3, 0), {"delay": late}),
        (without_vouching, share, (10, 12, 11), {}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_undoing_a_rule_is_found(
    undo: Undo,
    play: Callable[..., Pair],
    seeds: tuple[int, ...],
    how: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undo(monkeypatch)
    in_time = "delay" not in how
    assert any(
        (in_time and twice) or broken for twice, broken in (played(play, seed, **how) for seed in seeds)
    )
