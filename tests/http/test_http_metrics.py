"""/health and /metrics: what a program reads, in the format that it expects, and nothing private."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.condition import Part
from sorad.health.complaints import complaints
from sorad.health.facts import Facts
from sorad.health.pulse import Pulse
from sorad.http.exposition import Family, Sample, render
from sorad.http.latency import BOUNDS, Latencies
from sorad.http.pages import health, metrics
from sorad.ledger.values import RootRow, Storyboard
from sorad.lock import Holder
from sorad.messages import set_language
from sorad.model import Request, State, Take
from sorad.notify.view import View
from sorad.problems import Problem

parser = pytest.importorskip("prometheus_client.parser")

NOW = 1_700_000_000.0
SECRET = "a cat in a hat"
TAKE = Take(
    5, 1, "/vault", "/vault/story.json", 1, 1, "f" * 64, Request(SECRET), State.FAILED, "/vault/1.mp4", NOW,
    error=Problem("provider.moderation", "The words {said} are not allowed.", "", {"said": SECRET}),
)  # fmt: skip
FACTS = Facts(
    now=NOW,
    holder=Holder(1, NOW - 60, "run", "box"),
    counts={**dict.fromkeys(State, 0), State.DONE: 3, State.FAILED: 1, State.QUEUED: 2},
    roots=(RootRow('/disk "a"\\b\nc', "watching", ""), RootRow("/away", "offline", "")),
    storyboards=(Storyboard(1, "/away", "/away/story.json", 1, 1, "c", "ok"),),
    failed=(TAKE,),
    spent_today=1_250_000,
    spent=99_000_000,
    concurrency=20,
    breaker={"mode": "safe", "effective": 5, "until": NOW + 60},
    disk=({"path": "/disk", "free": 10**12, "needed": 2 * 10**9, "ok": True},),
    pulse=Pulse(age=2.0, parts=(Part("engine", 1.5, 45.0, 2), Part("vault", 0.0, 45.0))),
)


def view(facts: Facts = FACTS) -> View:
    set_language("en")
    return View(facts, tuple(complaints(facts)), 0.0, 0.0)


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_can_be_parsed_and_say_what_is_so():
    latencies = Latencies()
    for seconds in (0.01, 0.3, 400.0):
        latencies.saw("poll", seconds)
    found = read(metrics(view(), latencies.read(), NOW - 90))
    assert found["sorad_healthy", ()] == 0
    assert found["sorad_takes", (("state", "done"),)] == 3
    assert found["sorad_takes", (("state", "generating"),)] == 0
    assert found["sorad_queue_age_seconds", ()] == 90
    assert found["sorad_breaker_mode", (("mode", "safe"),)] == 1
    assert found["sorad_breaker_mode", (("mode", "normal"),)] == 0
    assert (found["sorad_concurrency_limit", ()], found["sorad_concurrency_effective", ()]) == (20, 5)
    assert found["sorad_spend_today", (("currency", "USD"),)] == 1.25
    assert found["sorad_disk_free_bytes", (("path", "/disk"),)] == 10**12
    assert found["sorad_root_up", (("path", '/disk "a"\\b\nc'),)] == 1
    assert found["sorad_root_up", (("path", "/away"),)] == 0
    assert found["sorad_heartbeat_age_seconds", (("part", "engine"),)] == 3.5
    assert found["sorad_part_failures_total", (("part", "engine"),)] == 2
    assert found["sorad_step_seconds_count", (("step", "poll"),)] == 3
    assert found["sorad_step_seconds_bucket", (("le", "0.5"), ("step", "poll"))] == 2
    assert found["sorad_step_seconds_bucket", (("le", "300"), ("step", "poll"))] == 2
    assert found["sorad_step_seconds_bucket", (("le", "+Inf"), ("step", "poll"))] == 3
    assert found["sorad_problems", (("level", "problem"),)] >= 2


def test_every_family_has_its_type_and_its_help():
    latencies = Latencies()
    latencies.saw("submit", 1.0)
    families = list(parser.text_string_to_metric_families(metrics(view(), latencies.read(), None)))
    assert [family.name for family in families if family.type == "unknown" or not family.documentation] == []
    assert {family.type for family in families} == {"gauge", "counter", "histogram"}


def test_health_is_healthy_only_where_status_is():
    well = replace(FACTS, counts=dict.fromkeys(State, 0), failed=(), breaker=None, roots=FACTS.roots[:1])
    good, page = health(view(well))
    assert (good, page["healthy"]) == (True, True)
    assert "sorad_healthy 1\n" in metrics(view(well), {}, None)
    good, page = health(view())
    assert (good, page["healthy"]) == (False, False)
    assert {"code": "provider.moderation", "level": "problem"} in page["problems"]


def test_neither_page_tells_prompts_or_storyboards():
    both = json.dumps(health(view())[1]) + metrics(view(), {}, None)
    assert SECRET in "".join(one.problem.text() for one in view().complaints), "status says it"
    for private in (SECRET, "story.json", "1.mp4", "f" * 64):
        assert private not in both
    assert "/away" not in json.dumps(health(view())[1])


def test_without_a_ledger_there_is_still_health():
    blind = Facts(NOW, FACTS.holder, Problem("ledger.unavailable", "Locked."))
    good, page = health(view(blind))
    assert not good
    assert page["problems"][0]["code"] == "ledger.unavailable"


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(TEXT, st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_any_number_come_back(label, value):
    page = render([Family("x", "gauge", "Help with a \\ and\na line.", (Sample(value, {"path": label}),))])
    assert page.count("\n") == 3
    ((family),) = parser.text_string_to_metric_families(page)
    (sample,) = family.samples
    assert (sample.labels["path"], sample.value) == (label, value)


@given(st.lists(st.floats(0, 1000), min_size=1))
def test_a_histogram_counts_each_step_once(durations):
    latencies = Latencies()
    for seconds in durations:
        latencies.saw("fetch", seconds)
    found = read(metrics(view(), latencies.read(), None))
    rows = [found["sorad_step_seconds_bucket", (("le", f"{bound:g}"), ("step", "fetch"))] for bound in BOUNDS]
    assert rows == [sum(seconds <= bound for seconds in durations) for bound in BOUNDS]
    assert found["sorad_step_seconds_count", (("step", "fetch"),)] == len(durations)
    assert found["sorad_step_seconds_sum", (("step", "fetch"),)] == pytest.approx(sum(durations))
