"""The deciding parts of the engine, as tables and against their invariants."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.config.model import Limits, Polling
from sorad.delivery.partials import partials_in
from sorad.engine.decide import backoff, gate, stuck
from sorad.engine.decide import breaker as breakers
from sorad.engine.decide.admission import Facts, admit
from sorad.engine.decide.breaker import Breaker
from sorad.engine.decide.gate import Gate
from sorad.engine.decide.halt import Halt
from sorad.engine.decide.matching import alike, match
from sorad.engine.decide.transitions import LOST_AFTER, Verdict, after_create, after_poll
from sorad.engine.steps.context import StepContext
from sorad.ledger.change import changed
from sorad.ledger.states import may
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.providers.base import (
    Accepted,
    Fault,
    Finished,
    Missing,
    NotSent,
    Refused,
    RemoteTask,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)

LIMITS = Limits()
POLLING = Polling()
WHAT = Problem("test", "something")


def take(**members: object) -> Take:
    base: dict[str, object] = {
        "id": 1,
        "storyboard_id": 1,
        "root": "/v",
        "storyboard": "/v/storyboard.json",
        "segment": 1,
        "take": 1,
        "fingerprint": "f",
        "request": Request("a cat"),
        "state": State.SUBMITTING,
        "output": "/v/1.mp4",
        "due_at": 0.0,
    }
    return Take(**{**base, **members})  # type: ignore[arg-type]


def tripped(now: float = 0.0) -> Breaker:
    breaker = breakers.as_of(Breaker(), LIMITS, now)
    for _ in range(LIMITS.errors_to_trip):
        breaker = breakers.after_error(breaker, LIMITS, now)
    return breaker


def test_a_lost_create_is_never_said_to_be_sent_again_by_itself() -> None:
    problem = Problem(
        "provider.network", "cut.", "Check the network and the proxy; sorad tries again by itself."
    )
    lost = Unknown(Fault(Trouble.TRANSPORT, problem))
    change = after_create(take(), lost, None, Polling(), 0.0).change
    assert change.error is not None
    assert change.error.text() == "cut."
    assert "proxy" not in change.error.fix_text()
    assert "not sent again" in change.error.fix_text()


STUCK = {
    # state, code of its error, halted, root blocked: whether only the user can mend it
    ("queued", "", False, False): False,
    ("queued", "delivery.permission", False, False): True,
    ("queued", "provider.key", False, False): False,  # mended: it stands in line
    ("queued", "", True, False): True,
    ("queued", "", False, True): True,
    ("generating", "", True, False): False,  # its polls are answered
    ("generating", "provider.key", True, False): True,
    ("generating", "provider.key", False, False): False,
    ("generating", "provider.network", True, False): False,
    ("generating", "account.key", False, False): True,
    ("unknown", "tls.bundle", True, False): True,
    ("unknown", "provider.server", True, False): False,
    ("downloading", "delivery.read_only", False, False): True,
    ("downloading", "proxy.socks", False, False): True,
    ("downloading", "provider.network", False, False): False,
    ("downloading", "", False, True): True,
    ("submitting", "", True, True): False,
}


@pytest.mark.parametrize(("facts", "expected"), STUCK.items())
def test_what_only_the_user_can_mend(facts: tuple[str, str, bool, bool], expected: bool) -> None:
    state, code, halted, blocked = facts
    one = replace(take(state=State(state)), error=Problem(code, "so") if code else None)
    why = stuck.why_stuck(one, WHAT if halted else None, WHAT if blocked else None)
    assert (why is not None) is expected


class TestBreaker:
    def test_starts_with_all_slots(self) -> None:
        assert breakers.as_of(Breaker(), LIMITS, 0).effective == 20

    def test_two_errors_and_a_success_do_not_trip_it(self) -> None:
        breaker = breakers.as_of(Breaker(), LIMITS, 0)
        for _ in range(2):
            breaker = breakers.after_error(breaker, LIMITS, 0)
        breaker = breakers.after_success(breaker)
        for _ in range(2):
            breaker = breakers.after_error(breaker, LIMITS, 0)
        assert breaker.mode == "normal"

    @pytest.mark.parametrize(
        ("seconds", "mode", "effective"),
        [
            (0, "safe", 5),
            (599, "safe", 5),
            (600, "recovering", 6),
            (659, "recovering", 6),
            (660, "recovering", 7),
            (600 + 13 * 60, "recovering", 19),
            (600 + 14 * 60, "normal", 20),
            (1_000_000, "normal", 20),
        ],
    )
    def test_cools_for_ten_minutes_then_gives_a_slot_a_minute(
        self, seconds: float, mode: str, effective: int
    ) -> None:
        breaker = breakers.as_of(tripped(), LIMITS, seconds)
        assert (breaker.mode, breaker.effective) == (mode, effective)

    @given(st.lists(st.floats(0.1, 2000), max_size=30))
    def test_looking_often_or_seldom_gives_the_same_slots(self, gaps: list[float]) -> None:
        now, stepwise = 0.0, tripped()
        for gap in gaps:
            now += gap
            stepwise = breakers.as_of(stepwise, LIMITS, now)
        at_once = breakers.as_of(tripped(), LIMITS, now)
        assert (stepwise.mode, stepwise.effective) == (at_once.mode, at_once.effective)

    def test_an_error_while_cooling_starts_the_cooling_anew(self) -> None:
        breaker = breakers.after_error(breakers.as_of(tripped(), LIMITS, 500), LIMITS, 500)
        assert breakers.as_of(breaker, LIMITS, 1099).mode == "safe"
        assert breakers.as_of(breaker, LIMITS, 1100).mode == "recovering"

    def test_survives_the_ledger(self) -> None:
        assert Breaker.from_json(tripped().to_json()) == tripped()

    def test_a_clock_set_back_does_not_stretch_the_cooling(self) -> None:
        breaker = breakers.as_of(tripped(now=1_000_000), LIMITS, 0)
        assert breakers.as_of(breaker, LIMITS, 600).mode == "recovering"

    def test_it_never_gives_more_slots_than_the_user_allows(self) -> None:
        few = Limits(concurrency=2, safe_concurrency=5)
        breaker = Breaker(effective=2)
        for _ in range(few.errors_to_trip):
            breaker = breakers.after_error(breaker, few, 0.0)
        assert (breaker.mode, breaker.effective) == ("safe", 2)

    def test_fewer_slots_in_a_new_config_hold_at_once(self) -> None:
        assert breakers.as_of(tripped(), Limits(concurrency=3, safe_concurrency=2), 10).effective <= 3


class TestGate:
    def test_an_hour_of_refusals_costs_fewer_than_a_hundred_creates(self) -> None:
        now, tries, closed = 0.0, 0, Gate()
        while now < 3600:
            closed = gate.after_refusal(closed, now, None)
            tries += 1
            now = closed.until
        assert tries < 80  # and at most 8 that had left already when the first was refused

    def test_retry_after_comes_first(self) -> None:
        assert gate.after_refusal(Gate(), 100, 30.0).until == 130

    def test_a_later_refusal_does_not_shorten_the_wait(self) -> None:
        closed = gate.after_refusal(Gate(), 100, 300.0)
        assert gate.after_refusal(closed, 101, None).until == 400

    def test_creates_that_left_together_and_are_refused_together_count_once(self) -> None:
        closed = Gate()
        for number in range(8):
            closed = gate.after_refusal(closed, 100 + number / 100, None)
        assert (closed.delay, closed.until) == (1.0, 101.0)
        assert gate.after_refusal(closed, 100.5, 30.0).until == 130.5, "but what it asks for is heard"

    def test_a_server_that_asks_for_years_made_a_mistake(self) -> None:
        assert gate.after_refusal(Gate(), 100, 20 * 365 * 86_400.0).until == 100 + 86_400
        closed = gate.after_refusal(Gate(), 100, None)
        assert gate.after_refusal(closed, 100.5, 20 * 365 * 86_400.0).until == 100.5 + 86_400

    def test_a_clock_that_is_set_back_keeps_it_closed_no_longer_than_it_was_meant(self) -> None:
        closed = gate.after_refusal(Gate(), 1_000_000, 30.0)
        assert gate.as_of(closed, 500.0).until == 530.0
        assert gate.as_of(closed, 1_000_010.0) == closed

    def test_opens_again_after_acceptances(self) -> None:
        closed = Gate()
        for _ in range(10):
            closed = gate.after_refusal(closed, closed.until, None)
        waits = []
        while closed != Gate():
            now = closed.until
            closed = gate.after_acceptance(closed, now)
            waits.append(closed.delay)
        assert waits == [30, 15, 7.5, 3.75, 1.875, 0]


def facts(**members: object) -> Facts:
    base: dict[str, object] = {
        "now": 100.0,
        "paused": False,
        "breaker": Breaker(effective=20),
        "gate": Gate(),
        "halt": None,
        "in_flight": 0,
        "trying": 0,
    }
    return Facts(**{**base, **members})  # type: ignore[arg-type]


HALT = Halt(Trouble.KEY, WHAT, 0, 160)
PROBING = Halt(Trouble.KEY, WHAT, 0, 160, probing=True)


@pytest.mark.parametrize(
    ("given_facts", "count"),
    [
        (facts(), 20),
        (facts(in_flight=19), 1),
        (facts(in_flight=20), 0),
        (facts(in_flight=25), 0),
        (facts(paused=True), 0),
        (facts(stopped=True), 0),
        (facts(breaker=Breaker("safe", 5, 3, 700), in_flight=4), 1),
        (facts(breaker=Breaker("safe", 5, 3, 700), in_flight=12), 0),
        (facts(gate=Gate(1, 101)), 0),
        (facts(gate=Gate(1, 99)), 1),
        (facts(gate=Gate(1, 99), trying=1), 0),
        (facts(halt=HALT), 0),
        (facts(halt=PROBING), 1),
        (facts(halt=PROBING, trying=1), 0),
        (facts(halt=PROBING, in_flight=20), 0),
    ],
)
def test_admission(given_facts: Facts, count: int) -> None:
    assert admit(given_facts).count == count


def fault(trouble: Trouble, retry_after: float | None = None) -> Fault:
    return Fault(trouble, WHAT, "req-1", retry_after)


@pytest.mark.parametrize(
    ("outcome", "state", "verdict"),
    [
        (Accepted("r1", "req-1", 30_000), State.GENERATING, Verdict.GOOD),
        (Refused(fault(Trouble.RATE)), State.QUEUED, Verdict.REFUSED),
        (Refused(fault(Trouble.SERVER)), State.QUEUED, Verdict.REFUSED),
        (Refused(fault(Trouble.REQUEST)), State.FAILED, Verdict.NEUTRAL),
        (Refused(fault(Trouble.KEY)), State.QUEUED, Verdict.HALT),
        (Refused(fault(Trouble.BALANCE)), State.QUEUED, Verdict.HALT),
        (Refused(fault(Trouble.RETIRED)), State.QUEUED, Verdict.HALT),
        (NotSent(fault(Trouble.TRANSPORT)), State.QUEUED, Verdict.REFUSED),
        (Unknown(fault(Trouble.TRANSPORT)), State.UNKNOWN, Verdict.ERROR),
        (Unknown(fault(Trouble.SERVER)), State.UNKNOWN, Verdict.ERROR),
        # Even a key or balance trouble, where it is not sure that it was refused, is unknown.
        (Unknown(fault(Trouble.KEY)), State.UNKNOWN, Verdict.ERROR),
    ],
)
def test_after_create(outcome: object, state: State, verdict: Verdict) -> None:
    result = after_create(take(), outcome, 30_000, POLLING, 1000.0)  # type: ignore[arg-type]
    assert (result.change.to, result.verdict) == (state, verdict)
    assert may(State.SUBMITTING, result.change.to)
    surely_not = isinstance(outcome, (Refused, NotSent))
    assert result.change.refused is surely_not


def test_an_accepted_create_keeps_its_price_where_the_answer_has_none() -> None:
    change = after_create(take(), Accepted("r1"), 30_000, POLLING, 1000.0).change
    assert (change.cost, change.due_at, change.remote_id) == (30_000, 1020.0, "r1")


@pytest.mark.parametrize(
    ("outcome", "before", "after", "wait"),
    [
        (Refused(Fault(Trouble.RATE, WHAT)), 0, 1, 0.0),
        (Refused(Fault(Trouble.RATE, WHAT)), 10, 11, 0.0),
        (Refused(Fault(Trouble.RATE, WHAT)), 11, 12, 600.0),
        (Refused(Fault(Trouble.RATE, WHAT)), 12, 13, 1200.0),
        (Refused(Fault(Trouble.RATE, WHAT)), 13, 14, 1800.0),
        (Refused(Fault(Trouble.RATE, WHAT)), 5000, 5001, 86_400.0),
        (NotSent(Fault(Trouble.TRANSPORT, WHAT)), 3, 3, 0.0),  # says nothing of the take
        (Refused(Fault(Trouble.BALANCE, WHAT)), 3, 3, 0.0),  # nor does that
    ],
)
def test_a_dozen_refusals_in_a_row_send_a_take_to_the_end_of_the_line(
    outcome: object, before: int, after: int, wait: float
) -> None:
    change = after_create(take(attempt=before), outcome, 30_000, POLLING, 1000.0).change  # type: ignore[arg-type]
    assert (change.to, change.refused) == (State.QUEUED, True)
    assert (change.attempt, change.due_at) == (after, 1000.0 + wait)


RNG = random.Random(7)


class TestPoll:
    def poll(self, found: object, now: float, **members: object):  # type: ignore[no-untyped-def]
        generating = take(**{"state": State.GENERATING, "accepted_at": 0.0, "watched": now, **members})
        change = after_poll(generating, found, POLLING, now, RNG)  # type: ignore[arg-type]
        assert may(generating.state, change.to)
        return change

    def test_running_is_asked_after_again(self) -> None:
        change = self.poll(Running(50), 100)
        assert change.to is State.GENERATING
        assert 109 < change.due_at < 111

    def test_the_server_may_ask_for_more_time(self) -> None:
        assert self.poll(Running(poll_after=45), 100).due_at == 145

    def test_past_35_minutes_it_frees_its_slot_and_is_polled_slowly(self) -> None:
        change = self.poll(Running(), 2100)
        assert (change.to, change.parked) == (State.GENERATING, True)
        assert change.due_at > 2100 + 250

    def test_after_a_day_it_is_lost(self) -> None:
        assert self.poll(Running(), LOST_AFTER).to is State.FAILED
        assert self.poll(Missing(WHAT), LOST_AFTER).to is State.FAILED

    @pytest.mark.parametrize("found", [Running(), Missing(WHAT)])
    @pytest.mark.parametrize("now", [-40_000.0, 7 * 86_400.0, 20 * 365 * 86_400.0])
    def test_a_clock_that_jumps_gives_nothing_up(self, found: object, now: float) -> None:
        change = self.poll(found, now, watched=20.0)
        assert (change.to, bool(change.parked)) == (State.GENERATING, False)
        assert change.due_at is not None
        assert change.due_at <= now + 11

    @given(
        st.lists(st.tuples(st.booleans(), st.floats(-1e9, 1e9), st.floats(10.0, 4000.0)), max_size=120),
        st.floats(0.0, 100.0),
    )
    def test_patience_never_runs_faster_than_the_looks(
        self, looks: list[tuple[bool, float, float]], first: float
    ) -> None:
        """Whatever the clock said at each look: it is parked and given up no sooner than the waits add up to."""
        seen, waited = take(state=State.GENERATING, accepted_at=0.0, watched=first), first
        for known, now, every in looks:
            found = Running() if known else Missing(WHAT)
            change = after_poll(seen, found, Polling(every=every), now, random.Random(1))  # type: ignore[arg-type]
            if change.to is State.FAILED:
                assert waited >= LOST_AFTER
                return
            assert not change.parked or waited >= POLLING.give_up_after or not known or seen.parked
            assert change.due_at is not None
            waited += change.due_at - now
            seen = changed(seen, change, now)
            assert seen.watched == pytest.approx(waited, abs=0.1)

    @pytest.mark.parametrize("trouble", list(Trouble))
    def test_no_fault_ever_ends_a_paid_take(self, trouble: Trouble) -> None:
        for age in (1.0, 10_000.0, 10 * LOST_AFTER):
            assert self.poll(fault(trouble), age).to is State.GENERATING

    def test_retry_after_is_obeyed(self) -> None:
        assert self.poll(fault(Trouble.RATE, 200.0), 100).due_at == 300

    @pytest.mark.parametrize("found", [Running(poll_after=86_400.0), fault(Trouble.RATE, 86_400.0)])
    def test_no_server_keeps_a_paid_take_from_being_asked_after_for_a_day(self, found: object) -> None:
        assert self.poll(found, 100).due_at == 400

    def test_a_server_that_always_asks_for_a_day_is_asked_hundreds_of_times_before_it_is_given_up(
        self,
    ) -> None:
        seen, looks, now = take(state=State.GENERATING, accepted_at=0.0, watched=20.0), 0, 20.0
        while seen.state is not State.FAILED:
            change = after_poll(seen, Running(poll_after=86_400.0), POLLING, now, RNG)
            seen, looks = changed(seen, change, now), looks + 1
            now = seen.due_at
        assert looks > 250

    @pytest.mark.parametrize("looks", [1, 2, 3])
    def test_retry_of_a_failed_task_that_is_known_no_more_ends_after_a_few_looks(self, looks: int) -> None:
        error = WHAT if looks > 1 else None
        change = self.poll(Missing(WHAT), 10, rebuy=True, attempt=looks - 1, error=error)
        assert change.to is (State.FAILED if looks == 3 else State.GENERATING)

    def test_retry_of_a_failed_task_that_runs_on_takes_no_slot_and_buys_nothing(self) -> None:
        change = self.poll(Running(), 10, rebuy=True)
        assert (change.to, change.parked, change.rebuy) == (State.GENERATING, True, False)

    def test_a_task_not_known_yet_is_asked_after_again_then_parked(self) -> None:
        assert not self.poll(Missing(WHAT), 10).parked
        assert self.poll(Missing(WHAT), 60, attempt=2, error=WHAT).parked

    def test_other_trouble_before_it_does_not_make_one_miss_three(self) -> None:
        other = Problem("other", "something else")
        change = self.poll(Missing(WHAT), 60, attempt=2, error=other)
        assert (change.parked, change.attempt) == (False, 1)

    def test_finished_is_downloaded_at_once(self) -> None:
        change = self.poll(Finished(Video("https://x/v.mp4")), 100, parked=True)
        assert (change.to, change.due_at, change.parked) == (State.DOWNLOADING, 100, False)

    def test_failed_fails(self) -> None:
        assert self.poll(TaskFailed(WHAT), 100).to is State.FAILED

    @pytest.mark.parametrize("found", [Running(), Missing(WHAT), fault(Trouble.SERVER)])
    def test_a_forgotten_url_never_leads_back_to_a_create(self, found: object) -> None:
        change = self.poll(found, 100, state=State.DOWNLOADING)
        assert change.to is State.DOWNLOADING
        assert not change.parked


@given(st.integers(1, 10_000), st.floats(0.01, 100), st.floats(100, 1000), st.randoms())
def test_backoff_is_bounded(attempt: int, base: float, longest: float, rng: random.Random) -> None:
    assert 0 < backoff.delay(attempt, base, longest, rng) <= longest


def unknown(number: int, at: float, prompt: str = "a cat") -> Take:
    return take(id=number, state=State.UNKNOWN, intent_at=at, request=Request(prompt))


def task(name: str, at: float | None, prompt: str = "a cat") -> RemoteTask:
    return RemoteTask(name, prompt, at, 10, "horizontal", False, "")


class TestMatching:
    def test_one_match_is_ours(self) -> None:
        found = match([unknown(1, 1000)], [task("a", 1003)], [], 1030)
        assert found is not None
        assert found[1].remote_id == "a"

    def test_what_another_take_owns_is_not_ours(self) -> None:
        assert match([unknown(1, 1000)], [task("a", 1003)], ["a"], 1030) == {}

    @pytest.mark.parametrize(
        "other",
        [
            RemoteTask("a", "a dog", 1003, 10, "horizontal", False),
            RemoteTask("a", "a cat", 1003, 15, "horizontal", False),
            RemoteTask("a", "a cat", 1003, 10, "vertical", False),
            RemoteTask("a", "a cat", 1003, 10, "horizontal", True),
            RemoteTask("a", "a cat", 100, 10, "horizontal", False),
        ],
    )
    def test_another_request_or_another_time_is_not_ours(self, other: RemoteTask) -> None:
        assert match([unknown(1, 1000)], [other], [], 1030) == {}

    def test_clocks_may_be_minutes_apart(self) -> None:
        assert match([unknown(1, 1000)], [task("a", 1000 - 300)], [], 1030)
        assert match([unknown(1, 1000)], [task("a", 1030 + 300)], [], 1030)

    def test_more_tasks_than_takes_are_for_the_user(self) -> None:
        assert match([unknown(1, 1000)], [task("a", 1003), task("b", 1004)], [], 1030) is None

    def test_a_task_that_may_be_either_of_two_requests_is_for_the_user(self) -> None:
        pictures = [Request("a cat", f"https://x.test/{n}.png") for n in (1, 2)]
        ours = [
            take(id=n, state=State.UNKNOWN, intent_at=1000, fingerprint=f"f{n}", request=request)
            for n, request in enumerate(pictures)
        ]
        assert match(ours, [task("a", 1003)], [], 1030) is None
        assert match(ours, [task("a", 1003), task("b", 1003)], [], 1030) is None
        assert match(ours, [], [], 1030) == {}
        # a list that shows the pictures
        shown = [replace(task(f"t{n}", 1003), image=one.image) for n, one in enumerate(pictures)]
        found = match(ours, shown[::-1], [], 1030)
        assert found == dict(enumerate(shown))
        assert match(ours, shown[1:], [], 1030) == {1: shown[1]}
        assert match(ours, [shown[1], replace(shown[1], remote_id="more")], [], 1030) is None

    def test_requests_look_alike_by_their_text(self) -> None:
        cat = take(request=Request("a  cat\n", "https://x.test/1.png"))
        assert alike(cat, take(request=Request("a cat", seconds=15, pro=True)))
        assert not alike(cat, take(request=Request("a dog")))

    @pytest.mark.parametrize(
        ("ours", "shown"),
        [
            ("first\n\n second ", "first second"),
            ('the cat\'s <eyes> & "ears"', "the cat&#39;s &lt;eyes&gt; &amp; &quot;ears&quot;"),
            ("the cat's", "the cat&amp;#39;s"),
            ("caf\u00e9\u3000noir", "cafe\u0301 noir"),
        ],
    )
    def test_a_text_that_the_list_shows_otherwise_is_ours(self, ours: str, shown: str) -> None:
        assert match([unknown(1, 1000, ours)], [task("a", 1003, shown)], [], 1030)
        assert not match([unknown(1, 1000, ours)], [task("a", 1003, shown + "!")], [], 1030)

    @given(st.integers(0, 5), st.integers(0, 5))
    def test_takes_of_one_prompt_are_told_apart_by_count(self, takes: int, tasks: int) -> None:
        ours = [unknown(number, 1000 + number) for number in range(takes)]
        theirs = [task(f"t{number}", 1001 + number) for number in range(tasks)]
        found = match(ours, theirs, [], 1030)
        if takes and tasks > takes:
            assert found is None
        else:
            assert found is not None
            adopted = [item.remote_id for item in found.values()]
            assert len(adopted) == len(set(adopted)) == min(takes, tasks)


# --- one id at two providers --------------------------------------------------------------------------------


def test_two_tasks_of_one_id_grow_in_two_files(tmp_path: Path) -> None:
    at = [StepContext.task(take(remote_id="1", provider="x", base_url=f"https://{one}/v1")) for one in "ab"]
    apart = partials_in(tmp_path / "state", "aa")
    video = tmp_path / "Segment_1" / "1.mp4"
    assert apart.path(video, at[0]) != apart.path(video, at[1])
