"""The day of a budget is the user's day, in every zone and on the days when the clocks change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_stage import Stage
from world import PRICE

from sorad.budget import day_began, next_day
from sorad.model import units

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process cannot be set here")

# As rules and not as names, so that no list of zones need be there.
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
SHANGHAI = "CST-8"
BEIRUT = "EET-2EEST,M3.5.0/0,M10.5.0/0"  # changes at midnight: 0:00 is left out; 23:00 comes twice
SAO_PAULO = "<-03>3<-02>,M11.1.0/0,M2.3.0/0"  # so, too, as it was until 2019; its summer spans the year's end
HAVANA = "CST5CDT,M3.2.0/0,M11.1.0/1"  # 0:00 comes twice
ST_JOHNS = "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01"  # the clocks go back over midnight, as they did until 2011
LORD_HOWE = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"  # by half an hour
ZONES = [BERLIN, NEW_YORK, SHANGHAI, BEIRUT, SAO_PAULO, HAVANA, ST_JOHNS, LORD_HOWE]


@contextmanager
def zone(rule: str) -> Iterator[None]:
    """The process lives there."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = rule
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


# Zone, local time, and how many hours ago its day began; in how many the next one begins.
DAYS = [
    (SHANGHAI, "2026-07-01 15:00", 15, 9),
    (BERLIN, "2026-03-28 23:30", 23.5, 0.5),  # the eve of spring
    (BERLIN, "2026-03-29 12:00", 11, 12),
    (BERLIN, "2026-10-24 23:30", 23.5, 0.5),
    (BERLIN, "2026-10-25 00:05", 1 / 12, 25 - 1 / 12),
    (BERLIN, "2026-10-25 12:00", 13, 12),
    (NEW_YORK, "2026-03-08 12:00", 11, 12),
    (NEW_YORK, "2026-11-01 12:00", 13, 12),
    (BEIRUT, "2026-03-28 23:30", 23.5, 0.5),
    (BEIRUT, "2026-03-29 12:00", 11, 12),  # it began at one
    (BEIRUT, "2026-10-24 12:00", 12, 13),
    (BEIRUT, "2026-10-25 12:00", 12, 12),
    (SAO_PAULO, "2026-11-01 01:30", 0.5, 22.5),
    (SAO_PAULO, "2026-02-14 22:00", 22, 3),
    (HAVANA, "2026-03-08 12:00", 11, 12),
    (HAVANA, "2026-11-01 12:00", 13, 12),
    (ST_JOHNS, "2026-11-01 12:00", 13, 12),
    (LORD_HOWE, "2026-04-05 12:00", 12.5, 12),
    (LORD_HOWE, "2026-10-04 12:00", 11.5, 12),
]


@pytest.mark.parametrize(("rule", "local", "ago", "left"), DAYS)
def test_a_day_begins_at_its_own_midnight(rule: str, local: str, ago: float, left: float) -> None:
    with zone(rule):
        now = datetime.fromisoformat(local).timestamp()
        assert (now - day_began(now)) / 3600 == pytest.approx(ago)
        assert (next_day(now) - now) / 3600 == pytest.approx(left)


@given(st.sampled_from(ZONES), st.integers(1_767_000_000, 1_830_000_000))
def test_now_always_lies_in_its_day(rule: str, now: int) -> None:
    with zone(rule):
        began, ends = day_began(now), next_day(now)
        assert began <= now < ends
        assert ends - began <= 26 * 3600  # never a wait that skips a day
        today = datetime.fromtimestamp(now).date()
        assert datetime.fromtimestamp(began).date() == today
        assert datetime.fromtimestamp(ends).date() > today


@pytest.mark.parametrize(
    ("rule", "first", "later"),
    [
        (BERLIN, "2027-10-31 00:05", "2027-10-31 20:00"),  # the long day: its first hour counts
        (HAVANA, "2027-11-07 00:05", "2027-11-07 20:00"),
        (SAO_PAULO, "2027-02-20 22:00", "2027-02-20 23:30"),
    ],
)
def test_a_day_of_25_hours_has_one_budget(tmp_path: Path, rule: str, first: str, later: str) -> None:
    with zone(rule):
        stage = Stage(1, tmp_path / "w", budget={"per_day": 2 * units(PRICE)})
        stage.clock.now = datetime.fromisoformat(first).timestamp()
        stage.board("one/storyboard.json", ["one", "two"])
        stage.go(1200)
        assert len(stage.provider.tasks) == 2
        stage.clock.now = datetime.fromisoformat(later).timestamp()
        stage.board("two/storyboard.json", ["three", "four"])
        stage.go(1200)
        assert len(stage.provider.tasks) == 2
        stage.go(6 * 3600)
        assert len(stage.provider.tasks) == 4


def test_the_eve_of_a_short_day_is_waited_through_without_a_write(tmp_path: Path) -> None:
    with zone(BERLIN):
        stage = Stage(1, tmp_path / "w", budget={"per_day": units(PRICE)})
        stage.clock.now = datetime.fromisoformat("2027-03-27 22:30").timestamp()
        stage.board("storyboard.json", ["one", "two"])
        stage.go(2000)
        before = [len(list(stage.ledger.history(take.id))) for take in stage.takes()]
        stage.go(1800)
        assert [len(list(stage.ledger.history(take.id))) for take in stage.takes()] == before
        stage.go(3600)
        assert len(stage.provider.tasks) == 2
