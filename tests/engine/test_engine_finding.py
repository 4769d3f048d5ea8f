"""How a lost create is found where its text does not tell: our own ids, shapes, what a list keeps, elimination."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.elapsed import Moment
from sorad.engine.decide.absence import Own, View, blocking_tasks, kind, not_whole, shown_as
from sorad.engine.decide.elimination import LATEST, eliminated
from sorad.engine.decide.kinds import Kind
from sorad.engine.decide.matching import alike, match, same
from sorad.engine.decide.own_ids import (
    REFUSED_AGAIN,
    in_doubt,
    own_id_of,
    refusal_of_id,
    refused_again,
    refused_for_itself,
)
from sorad.engine.decide.shapes import by_shape
from sorad.ledger.values import Event
from sorad.model import Request, State, Take, sent_as_json
from sorad.problems import Problem
from sorad.providers.base import Accepted, Fault, Listed, Refused, RemoteTask, Trouble, Unknown
from sorad.providers.finding import Find, Finding, new_own_id

INTENT = 1_000_000.0
NOW = INTENT + 400.0
SENT: dict[str, Any] = {
    "model": "seedance-2",
    "seconds": 5,
    "resolution": "720p",
    "ratio": "16:9",
    "audio": True,
}
TAGGED = {**SENT, "found_by": "tag"}
KINDS = {how: Finding(how, 300.0, 7 * 86_400.0) for how in Find}


def lost(number: int = 1, at: Optional[float] = INTENT, **more: Any) -> Take:
    request = Request("a lantern on the river")
    take = Take(number, 1, "/v", "/v/s.json", 1, number, "", request, State.UNKNOWN, f"/v/{number}.mp4", 0.0)
    known = {
        "own_id": f"sorad-{number}",
        "sent": sent_as_json(SENT),
        "account": "a",
        "moment": Moment(3, 1.0),
    }
    return replace(take, fingerprint=request.fingerprint(), intent_at=at, **{**known, **more})


def row(name: str = "t", at: Optional[float] = INTENT + 2, **more: Any) -> RemoteTask:
    return RemoteTask(name, "", at, **{"shown": SENT, **more})


def view(*rows: RemoteTask, how: Find = Find.ELIMINATION, **more: Any) -> View:
    listed = Listed(tuple(rows), frozenset(one.remote_id for one in rows), {}, counted=True)
    known = {"measured": True, "proved": True, "finding": KINDS[how]}
    return View(**{"take": lost(), "listed": listed, "now": NOW, **known, **more})


# --- shapes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({}, Kind.OURS),
        ({"seconds": 6}, Kind.CANNOT_TELL),  # lengths are rounded
        ({"seconds": 4}, Kind.CANNOT_TELL),
        ({"seconds": 7}, Kind.NOT_OURS),
        ({"seconds": "5 s"}, Kind.CANNOT_TELL),
        ({"ratio": "adaptive"}, Kind.CANNOT_TELL),
        ({"ratio": "9:16"}, Kind.NOT_OURS),
        ({"model": "ep-20260101-x"}, Kind.CANNOT_TELL),
        ({"model": "seedance-2-260128"}, Kind.CANNOT_TELL),  # with its date behind it
        ({"model": "seedance-2-fast"}, Kind.NOT_OURS),
        ({"audio": False}, Kind.NOT_OURS),
        ({"resolution": "720P"}, Kind.OURS),
        ({"resolution": "1080p", "seconds": 6}, Kind.NOT_OURS),  # what differs tells, whatever else cannot
        ({"audio": ...}, Kind.OURS),
        ({"ratio": ...}, Kind.CANNOT_TELL),
        ({"model": ...}, Kind.CANNOT_TELL),
    ],
)
def test_a_shape_is_ours_or_not_or_cannot_be_told(shown: dict[str, Any], told: Kind) -> None:
    """``...``: the list does not show it."""
    members = {name: value for name, value in {**SENT, **shown}.items() if value is not ...}
    assert by_shape(SENT, members) is told
    task = row(shown=members)
    assert kind(view(task), task) is (Kind.NOT_OURS if told is Kind.NOT_OURS else Kind.CANNOT_TELL)
    assert (eliminated(view(task)).task is task) == (told is Kind.OURS)


@pytest.mark.parametrize("told", [{"ratio": "adaptive"}, {"model": "ep-1"}, {"seconds": -1}])
def test_what_was_left_to_the_provider_cannot_be_told(told: dict[str, Any]) -> None:
    assert by_shape({**SENT, **told}, SENT) is Kind.CANNOT_TELL
    assert by_shape({}, SENT) is Kind.CANNOT_TELL


@given(
    st.dictionaries(st.sampled_from(sorted(SENT)), st.one_of(st.text(max_size=9), st.integers(), st.none()))
)
def test_shapes_of_strangers_raise_nothing(shown: dict[str, Any]) -> None:
    assert by_shape(SENT, shown) is not Kind.OURS or shown == {k: v for k, v in SENT.items() if k in shown}
    by_shape(shown, SENT)


def test_a_list_that_shows_ours_otherwise_than_sent_tells_nothing_by_shapes() -> None:
    task, ours = row(shown={**SENT, "resolution": "480p"}), row("own", shown={**SENT, "resolution": "480p"})
    own = [Own("own", INTENT - 20, shown=shown_as(lost(2), ours))]
    assert kind(view(task), task) is Kind.NOT_OURS
    assert kind(view(task, ours, owned={"own"}, own=own), task) is Kind.CANNOT_TELL


# --- our own ids ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Find.OWN_ID, Find.TAG])
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"own_id": "sorad-1"}, Kind.OURS),
        ({"own_id": "sorad-1", "created_at": INTENT - 9_000}, Kind.OURS),  # an id is no matter of time
        ({"own_id": "sorad-2"}, Kind.NOT_OURS),
        ({"own_id": "sorad-2", "prompt": "a lantern on the river"}, Kind.NOT_OURS),
        ({"own_id": "", "prompt": "a lantern on the river"}, Kind.CANNOT_TELL),
        ({"own_id": None, "prompt": "a lantern on the river"}, Kind.CANNOT_TELL),
        ({"own_id": None}, Kind.CANNOT_TELL),
        ({"own_id": None, "created_at": INTENT - 100}, Kind.NOT_OURS),
        ({"own_id": None, "shown": {**SENT, "seconds": 10}}, Kind.NOT_OURS),
    ],
)
def test_our_own_id_tells(how: Find, more: dict[str, Any], told: Kind) -> None:
    task = replace(row(), **more)
    seen = view(task, how=how)
    assert kind(seen, task) is told
    found = match([lost()], [task], [], NOW, finding=KINDS[how])
    assert found == ({1: task} if told is Kind.OURS else {}), "only what is ours is adopted"
    assert same(lost(), task, KINDS[how]) is (told is Kind.OURS)


def test_a_row_without_an_id_is_nobody_of_ours_on_a_list_that_shows_ids() -> None:
    task, ours = row(own_id=""), row("own", own_id="sorad-2")
    sent, other = lost(sent=sent_as_json(TAGGED)), lost(2, sent=sent_as_json(TAGGED))

    def told(ours: RemoteTask, **more: Any) -> Kind:
        own = [Own("own", INTENT - 20, shown=shown_as(other, ours))]
        return kind(view(task, ours, how=Find.TAG, owned={"own"}, own=own, **more), task)

    assert told(ours, take=sent) is Kind.NOT_OURS
    assert told(replace(ours, own_id=""), take=sent) is Kind.CANNOT_TELL
    assert told(replace(ours, own_id=None), take=sent) is Kind.CANNOT_TELL
    assert told(ours) is Kind.CANNOT_TELL, "it was sent before creates were tagged"


def test_two_tasks_with_one_id_are_for_the_user() -> None:
    twins = [row("a", own_id="sorad-1"), row("b", own_id="sorad-1")]
    assert match([lost()], twins, [], NOW, finding=KINDS[Find.OWN_ID]) is None
    assert match([lost()], twins, ["a"], NOW, finding=KINDS[Find.OWN_ID]) == {1: twins[1]}


def test_takes_of_one_text_get_their_own_tasks_by_their_ids() -> None:
    tasks = [row("b", own_id="sorad-2"), row("a", INTENT + 9, own_id="sorad-1")]
    found = match([lost(1), lost(2, INTENT + 1)], tasks, [], NOW, finding=KINDS[Find.OWN_ID])
    assert found == {1: tasks[1], 2: tasks[0]}


@pytest.mark.parametrize(
    ("how", "exact", "sent", "may_be"),
    [
        (Find.TEXT, False, SENT, True),
        (Find.OWN_ID, False, SENT, False),
        (Find.TAG, False, SENT, False),
        (Find.ELIMINATION, False, {**SENT, "seconds": 10}, True),  # nothing else may be open
        (Find.ELIMINATION, True, {**SENT, "seconds": 10}, False),
        (Find.ELIMINATION, True, SENT, True),
    ],
)
def test_which_creates_a_list_could_show_as_one(how: Find, exact: bool, sent: Any, may_be: bool) -> None:
    assert alike(lost(2, sent=sent_as_json(sent)), lost(), Finding(how, exact=exact)) is may_be


def test_a_new_purchase_has_a_new_id_and_the_same_one_keeps_it() -> None:
    waiting = lost()
    here = waiting.place
    assert own_id_of(waiting, here) == "sorad-1", "it was not answered with a task"
    assert own_id_of(replace(waiting, remote_id="t"), here) not in ("sorad-1", "")
    assert own_id_of(replace(waiting, own_id=""), here) != own_id_of(replace(waiting, own_id=""), here)
    there = replace(waiting, provider="kling", base_url="https://a.example"), ("vidu", "https://b.example")
    assert own_id_of(*there) != "sorad-1", "at another provider it is another purchase"
    assert len(new_own_id()) == len("sorad-") + 32


REFUSED = Refused(Fault(Trouble.REQUEST, Problem("provider.request", "wrong")))


@pytest.mark.parametrize(
    ("before", "outcome", "how", "doubtful"),
    [
        ("sorad-1", REFUSED, Find.OWN_ID, True),
        ("", REFUSED, Find.OWN_ID, False),  # the first one with that id
        ("sorad-0", REFUSED, Find.OWN_ID, False),
        ("sorad-1", REFUSED, Find.TEXT, False),  # no id goes along
        ("sorad-1", Refused(Fault(Trouble.RATE, REFUSED.fault.problem)), Find.OWN_ID, False),
        ("sorad-1", Unknown(REFUSED.fault), Find.OWN_ID, False),
        ("sorad-1", Accepted("t"), Find.OWN_ID, False),
    ],
)
def test_a_refused_parameter_of_what_was_sent_again_proves_nothing(
    before: str, outcome: Any, how: Find, doubtful: bool
) -> None:
    found = refusal_of_id(lost(own_id=before), lost(), outcome, KINDS[how])
    assert (found is not None) is doubtful


def test_what_was_refused_again_and_is_on_no_list_is_for_the_user() -> None:
    why = Problem("provider.request", "wrong")
    again = Event(1, NOW, State.UNKNOWN, REFUSED_AGAIN, problem=in_doubt(why))
    intent = Event(1, NOW, State.SUBMITTING, "intent")
    asked = refused_again(lost(), [intent, again, Event(1, NOW, State.UNKNOWN, "look failed")])
    assert asked is not None
    assert (asked.code, asked.params["reason"]) == ("take.unknown", why)
    assert "sorad resolve 1" in asked.fix_text()
    assert refused_again(lost(), [again, intent]) is None
    assert refused_again(lost(), []) is None


@pytest.mark.parametrize(
    ("notes", "is_real"),
    [
        (["intent", "refused", "intent", REFUSED_AGAIN], True),
        (["intent", "not sent", "intent", "no place", "intent", REFUSED_AGAIN, "look"], True),
        (["intent", "unknown", "look", "not accepted", "intent", REFUSED_AGAIN], False),
        (["intent", "recovered", "intent", REFUSED_AGAIN], False),
        (["intent", "refused", "intent", "refused"], False),
        ([], False),
    ],
)
def test_a_refusal_is_believed_where_no_create_before_it_may_be_there(
    notes: list[str], is_real: bool
) -> None:
    why = Problem("provider.request", "wrong")
    history = [
        Event(1, NOW, State.SUBMITTING if note == "intent" else State.UNKNOWN, note, problem=in_doubt(why))
        for note in notes
    ]
    assert refused_for_itself(history) == (why if is_real else None)


# --- what a list keeps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept_for", "at", "whole"),
    [
        (math.inf, INTENT, True),
        (86_400.0, INTENT, True),
        (400.0, INTENT, False),
        (430.0, INTENT, False),  # clocks may be off by a minute
        (500.0, INTENT, True),
        (86_400.0, None, False),  # nobody knows when it left
        (math.inf, None, True),
    ],
)
def test_a_list_that_may_have_forgotten_proves_nothing(
    kept_for: float, at: Optional[float], whole: bool
) -> None:
    seen = view(take=lost(at=at), finding=Finding(Find.OWN_ID, 120.0, kept_for))
    assert (not_whole(seen) is None) is whole


def test_what_a_list_has_forgotten_of_ours_is_no_gap() -> None:
    old = [Own("own", NOW - 3_560.0)]
    assert not_whole(view(row(), own=old, finding=Finding(Find.TEXT, 120.0, 3_600.0))) is None
    assert not_whole(view(row(), own=old, finding=Finding(Find.TEXT, 120.0, 7_200.0))) is not None


# --- elimination ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "more", "adopted"),
    [
        ([row()], {}, True),
        ([row("a"), row("b")], {}, False),
        ([row("a"), row("b", shown={**SENT, "ratio": "1:1"})], {}, True),
        ([row("a"), row("b", shown={**SENT, "seconds": 6})], {}, False),
        ([row("a"), row("b", shown={})], {}, False),
        ([row("a"), row("b")], {"owned": {"b"}}, True),
        ([row(at=None)], {}, False),
        ([row(at=INTENT + LATEST + 61)], {}, False),
        ([row(at=INTENT - 61)], {}, False),
        ([row()], {"measured": False}, False),
        ([row()], {"others": [lost(2)]}, False),
        ([row()], {"others": [lost(2, sent=sent_as_json({**SENT, "ratio": "1:1"}))]}, False),
        ([row()], {"take": lost(sent="")}, False),  # it is not known what was sent
    ],
)
def test_only_the_one_row_that_can_be_ours_is_adopted(
    rows: list[RemoteTask], more: dict[str, Any], adopted: bool
) -> None:
    found = eliminated(view(*rows, **more))
    assert (found.task is not None) is adopted
    if not adopted:
        assert list(found.doubtful) == list(blocking_tasks(view(*rows, **more)))


def test_with_one_of_a_shape_at_a_time_others_of_another_shape_may_be_open() -> None:
    other = lost(2, sent=sent_as_json({**SENT, "ratio": "1:1"}))
    exact = replace(KINDS[Find.ELIMINATION], exact=True)
    assert eliminated(view(row(), others=[other], finding=exact)).task is not None
    assert eliminated(view(row(), others=[lost(2)], finding=exact)).task is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["16:9", "1:1", "adaptive", None]),
            st.sampled_from([4, 5, 9, None]),
            st.floats(-400, 900),
            st.booleans(),
        ),
        max_size=5,
    ),
    st.integers(0, 2),
)
def test_what_is_adopted_is_the_only_row_that_nobody_owns_and_that_may_be_ours(
    rows: Any, others: int
) -> None:
    tasks, owned = [], set()
    for number, (ratio, seconds, after, is_owned) in enumerate(rows):
        told = {**SENT, "ratio": ratio, "seconds": seconds}
        shown = {name: value for name, value in told.items() if value is not None}
        tasks.append(row(str(number), INTENT + after, shown=shown))
        owned |= {str(number)} if is_owned else set()
    seen = view(*tasks, owned=owned, others=[lost(2 + number) for number in range(others)])
    found = eliminated(seen)
    left = list(blocking_tasks(seen))
    if found.task is not None:
        assert left == [found.task]
        assert not others
        assert found.task.shown == SENT
        assert -60 <= (found.task.created_at or 0.0) - INTENT <= LATEST + 60
    else:
        assert list(found.doubtful) == left
