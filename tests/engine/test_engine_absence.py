"""What a list proves: each rule as a table, and all of them against lists of a model whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Optional

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sorad.elapsed import Moment
from sorad.engine.decide.absence import (
    GUESSED,
    KEPT,
    MEASURED,
    ZONES,
    Evidence,
    Own,
    Seen,
    View,
    blocking_tasks,
    evidence,
    kind,
    not_whole,
    shown_as,
    turned_up,
    was_before,
)
from sorad.engine.decide.kinds import Kind
from sorad.engine.state.list_history import Sightings
from sorad.model import Request, State, Take
from sorad.providers.answers.listing import Page, read_back
from sorad.providers.base import Fault, Listed, RemoteTask

INTENT = 1_000_000.0
NOW = INTENT + 150.0


def lost(number: int = 1, prompt: str = "@Bob walks into the HARBOUR", at: float = INTENT) -> Take:
    request = Request(prompt)
    return Take(
        number,
        1,
        "/v",
        "/v/s.json",
        1,
        1,
        request.fingerprint(),
        request,
        State.UNKNOWN,
        "/v/1.mp4",
        0.0,
        account="a",
        intent_at=at,
        moment=Moment(3, at),
    )


def at(up: float) -> Moment:
    return Moment(3, up)


def row(at: Optional[float] = INTENT + 2, prompt: str = "something else entirely", **more: Any) -> RemoteTask:
    return RemoteTask("r", prompt, at, **{"seconds": 10, "pro": False, **more})


def view(*rows: RemoteTask, **more: Any) -> View:
    dates = {one.remote_id: one.created_at for one in rows if one.created_at is not None}
    listed = Listed(tuple(rows), frozenset(one.remote_id for one in rows), dates, counted=True)
    return View(**{"take": lost(), "listed": listed, "now": NOW, "measured": True, "proved": True, **more})


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (row(prompt="@Bob walks into the HARBOUR"), Kind.OURS),
        (row(prompt="@Bob walks into the HARBOUR", at=INTENT - 5000), Kind.CANNOT_TELL),
        (row(prompt="@bob walks into the harbour"), Kind.CANNOT_TELL),
        (row(prompt="Bob walks into the HARBOUR"), Kind.CANNOT_TELL),
        (row(prompt=""), Kind.CANNOT_TELL),
        (row(), Kind.CANNOT_TELL),
        (row(at=None), Kind.CANNOT_TELL),
        (row(at=INTENT - MEASURED + 1), Kind.CANNOT_TELL),
        (row(at=INTENT - MEASURED - 1), Kind.NOT_OURS),
        (row(at=NOW + 10), Kind.CANNOT_TELL),
        (row(seconds=15), Kind.NOT_OURS),
        (row(seconds=None), Kind.CANNOT_TELL),
        (row(pro=True), Kind.NOT_OURS),
        (row(pro=None), Kind.CANNOT_TELL),
        (row(pro=None, other_model="other"), Kind.CANNOT_TELL),
        (row(prompt="@Bob walks into the HARBOUR --hd", seconds=15), Kind.CANNOT_TELL),
    ],
)
def test_a_row_is_ours_or_not_or_cannot_be_told(task: RemoteTask, told: Kind) -> None:
    assert kind(view(task), task) is told
    assert list(blocking_tasks(view(task))) == ([] if told is Kind.NOT_OURS else [task])
    assert kind(view(task, owned={"r"}), task) is Kind.NOT_OURS
    assert kind(view(task, seen={"r": Seen(at(INTENT - 60))}), task) is Kind.NOT_OURS
    assert kind(view(task, seen={"r": Seen(at(INTENT + 1))}), task) is told


LONG_AGO = INTENT - 8 * 3600


@pytest.mark.parametrize(
    ("verbatim", "task", "told"),
    [
        (True, row(at=LONG_AGO), Kind.NOT_OURS),
        (True, row(at=LONG_AGO, prompt="bob WALKS into the harbour!"), Kind.CANNOT_TELL),
        (False, row(at=LONG_AGO), Kind.CANNOT_TELL),
        (None, row(at=LONG_AGO), Kind.CANNOT_TELL),
        (None, row(at=INTENT - MEASURED - 1), Kind.NOT_OURS),
        (None, row(at=LONG_AGO, seconds=15), Kind.NOT_OURS),
    ],
)
def test_a_date_alone_does_not_tell_that_a_task_is_older(
    verbatim: Optional[bool], task: RemoteTask, told: Kind
) -> None:
    assert kind(view(task, verbatim=verbatim), task) is told
    seen = {"r": Seen(at(INTENT - 60), task.created_at)}
    assert kind(view(task, verbatim=verbatim, seen=seen), task) is Kind.NOT_OURS


def test_without_a_measured_clock_the_time_of_a_row_says_less() -> None:
    task = row(at=INTENT - GUESSED + 1)
    assert kind(view(task), task) is Kind.NOT_OURS
    assert kind(view(task, measured=False), task) is Kind.CANNOT_TELL
    assert kind(view(task, ahead=580.0), task) is Kind.CANNOT_TELL, "ours is ahead, as the provider says"


def test_a_list_that_dates_our_own_creates_back_is_read_by_its_own_clock() -> None:
    task, ours = row(at=INTENT - 8 * 3600), replace(row(at=INTENT + 20 - 8 * 3600), remote_id="own")
    seen = view(task, ours, owned={"own"}, own=[Own("own", INTENT + 20)])
    assert kind(seen, task) is Kind.CANNOT_TELL
    dates = {"own": INTENT + 20 - 8 * 3600}
    for back_to, whole in ((INTENT - 7 * 3600, False), (INTENT - 9 * 3600, True)):
        listed = Listed((), frozenset(dates), dates, back_to=back_to)
        assert (not_whole(replace(seen, listed=listed)) is None) is whole


def test_another_model_counts_only_where_ours_is_named_as_it_was_sent() -> None:
    task, ours = row(pro=None, other_model="kling"), replace(row(), remote_id="own")
    seen = view(task, ours, owned={"own"}, own=[Own("own", INTENT + 20)])
    assert kind(seen, task) is Kind.NOT_OURS
    renamed = replace(ours, other_model="upstream-1")
    assert kind(view(task, renamed, owned={"own"}, own=[Own("own", INTENT + 20)]), task) is Kind.CANNOT_TELL


def test_a_gateways_own_name_for_a_model_tells_no_row_apart() -> None:
    task = row(pro=None, other_model="upstream-1", shown={"model": "upstream-1"})
    assert kind(view(task, take=replace(lost(), sent='{"model": "veo"}')), task) is Kind.CANNOT_TELL
    other = row(pro=None, shown={"model": "kling"})  # one that the config names
    assert kind(view(other, take=replace(lost(), sent='{"model": "veo"}')), other) is Kind.NOT_OURS


@pytest.mark.parametrize("shown", [{"seconds": 8}, {"pro": True}])
def test_where_ours_are_shown_with_another_length_or_model_none_is_told_by_it(shown: dict[str, Any]) -> None:
    task, ours = row(**shown), replace(row(**shown), remote_id="own")
    sent = Own("own", INTENT + 20, shown=shown_as(lost(prompt="sent"), ours))
    assert kind(view(task, ours, owned={"own"}, own=[sent]), task) is Kind.CANNOT_TELL
    assert evidence(view(task, ours, owned={"own"}, own=[sent])).altered
    assert kind(view(task, altered=True), task) is Kind.CANNOT_TELL, "it did so earlier"
    assert kind(view(task), task) is Kind.NOT_OURS


def test_what_another_open_create_asked_for_is_its_own_but_one_task_each() -> None:
    other = lost(2, "a dog")
    one, two = row(prompt="a dog"), replace(row(prompt="a dog"), remote_id="r2")
    assert kind(view(one, others=[other]), one) is Kind.NOT_OURS
    assert [kind(view(one, two, others=[other]), task) for task in (one, two)] == [
        Kind.NOT_OURS,
        Kind.CANNOT_TELL,
    ]
    assert kind(view(one, others=[lost(2, "a dog", at=INTENT + 5000)]), one) is Kind.NOT_OURS
    assert kind(view(one, others=[lost(2, "a bird")]), one) is Kind.CANNOT_TELL


def test_what_was_there_and_is_gone_keeps_a_create_back_too() -> None:
    gone = {"g": Seen(at(INTENT + 10), INTENT + 2, 10, False)}
    assert [task.remote_id for task in blocking_tasks(view(seen=gone))] == ["g"]
    assert list(blocking_tasks(view(seen=gone, owned={"g"}))) == []
    assert list(blocking_tasks(view(seen={"g": Seen(at(INTENT - 10), INTENT + 2)}))) == []
    assert list(blocking_tasks(view(seen={"g": Seen(at(INTENT + 10), INTENT - 900)}))) == []
    assert list(blocking_tasks(view(seen={"g": Seen(at(INTENT + 10), INTENT + 2, 15)}))) == []


@pytest.mark.parametrize(
    ("seen", "before"),
    [
        (Moment(3, INTENT - 0.1), True),
        (Moment(3, INTENT), False),
        (Moment(3, INTENT + 0.1), False),
        (Moment(2, INTENT + 9e6), True),  # of an earlier boot, however long that lasted
        (Moment(4, 0.5), False),
        (Moment(0, 0.0), True),  # by an earlier version of sorad
    ],
)
def test_a_task_was_there_before_only_if_it_was_seen_before_whatever_the_dates_say(
    seen: Moment, before: bool
) -> None:
    for dated_at in (INTENT, INTENT + 365 * 86_400.0, 0.0):
        assert was_before(Seen(seen), replace(lost(), intent_at=dated_at)) is before
    assert not was_before(Seen(seen), replace(lost(), moment=None))  # the folder told of it
    assert not was_before(None, lost())


OWN = Own("own", INTENT + 20)
EARLIER = Own("own", INTENT - 20, answered=True)


@pytest.mark.parametrize(
    ("listed", "more", "whole"),
    [
        (Listed((), counted=True), {}, True),
        (Listed(()), {}, False),
        (Listed((), frozenset("r"), back_to=INTENT - MEASURED - 1), {}, True),
        (Listed((), frozenset("r"), back_to=INTENT - MEASURED + 1), {}, False),
        (Listed((), frozenset("r"), back_to=INTENT - MEASURED - 1), {"measured": False}, False),
        # it ended
        (Listed((), ended=True, said_so=True), {}, True),
        (Listed((), ended=True), {}, False),
        (Listed((), ended=True), {"most": 1}, True),
        (Listed((), frozenset("rs"), ended=True, said_so=True), {}, True),
        (
            Listed((row(),), frozenset("r"), ended=True, said_so=True),
            {},
            False,
        ),  # pushed off by a neighbour's?
        (Listed((row(),), frozenset("r"), ended=True, said_so=True), {"most": 2}, True),
        (Listed((row(),), frozenset("r"), ended=True, said_so=True), {"owned": {"r"}}, True),
        (Listed((), frozenset("abcde"), ended=True, said_so=True), {}, False),  # cut to five?
        # it tells how many there are, or only how many it shows
        (Listed((row(),), frozenset("r"), counted=True), {}, True),
        (Listed((), frozenset("abcde"), counted=True), {}, False),
        (Listed((), frozenset("abcde"), counted=True), {"most": 6}, True),
        # as many as it tells of, which may be those that it shows: nothing older than the create is there
        (Listed((row(),), frozenset("abcdefg"), counted=True), {}, False),
        (Listed((row(),), frozenset("abcdefg"), counted=True), {"most": 8}, True),
        (
            Listed((row(),), frozenset("abcdefg"), {"a": INTENT - 900, "b": INTENT + 90}, counted=True),
            {},
            True,
        ),
        (Listed((row(),), frozenset("abcdefr"), counted=True), {"seen": {"r": Seen(at(INTENT - 9))}}, True),
        (Listed((), frozenset(["own", *"abcdef"]), counted=True), {"own": [EARLIER]}, True),
        (Listed((), frozenset("abc"), counted=True), {"gone": True}, False),
        (Listed((), frozenset("abc"), {"a": INTENT - 900}, counted=True), {"gone": True}, True),
        # or nothing younger, where the newest do not come first
        (Listed((), frozenset("abcdefg"), {"a": INTENT - 900}, counted=True), {}, False),
        (Listed((), frozenset("abc"), {"a": INTENT - 900}, counted=True), {}, True),
        (Listed((), frozenset("abcdefg"), {"a": INTENT - 900}, counted=True, back_to=INTENT - 900), {}, True),
        # what of ours is missing
        (Listed((), counted=True), {"own": [OWN]}, False),
        (Listed((), counted=True), {"own": [Own("own", NOW - 10)]}, True),  # it may still come
        (Listed((), ended=True, said_so=True), {"own": [Own("own", NOW - 10)]}, False),
        (Listed((), frozenset(["own"]), counted=True), {"own": [OWN]}, True),
        (Listed((), frozenset("r"), counted=True), {"own": [Own("own", INTENT - KEPT + 9)]}, False),
        (Listed((), frozenset("r"), counted=True), {"own": [Own("own", INTENT - KEPT - 9)]}, True),
        (
            Listed((), counted=True),
            {"own": [Own("own", INTENT - KEPT - 9)]},
            False,
        ),  # it never shows anything
        (Listed((), frozenset("r"), back_to=INTENT - 700), {"own": [OWN]}, False),
        (
            Listed((), frozenset("r"), back_to=INTENT - 70),
            {"own": [Own("own", INTENT - 20)]},
            True,
        ),  # beyond its reach
        # one of ours that was answered before the create left is on it
        (Listed((), frozenset(["own"]), back_to=INTENT), {"own": [EARLIER]}, True),
        (Listed((), frozenset(["own"])), {"own": [EARLIER]}, False),
        (Listed((), frozenset(["own"]), back_to=INTENT), {"own": [EARLIER._replace(answered=False)]}, False),
        (Listed((), frozenset(["own"]), back_to=INTENT), {"own": [Own("own", INTENT - 2, True)]}, False),
    ],
)
def test_a_list_is_whole_or_proves_nothing(listed: Listed, more: dict[str, Any], whole: bool) -> None:
    why = not_whole(view(listed=listed, **more))
    assert (why is None) is whole
    assert why is None or (why.code == "provider.list" and why.text() and why.fix_text())


TOLD = Own("own", INTENT + 20, told=True)


def listed(at: Optional[float], *, others: float = INTENT - 9000) -> Listed:
    """A whole list with a task of ours of that date, and a neighbour's."""
    dates = {"n": others, **({} if at is None else {"own": at})}
    return Listed((), frozenset(["own", "n"]), dates, counted=True)


@pytest.mark.parametrize(
    ("shows", "own", "said"),
    [
        (listed(INTENT + 20), [TOLD], Evidence(NOW - TOLD.accepted_at)),
        (listed(INTENT + 20), [TOLD, Own("n", NOW - 5, told=True)], Evidence(5.0, INTENT - 9000 - NOW + 5)),
        (
            listed(INTENT + 20),
            [TOLD._replace(ended=True)],
            Evidence(),
        ),  # of what is ready
        (listed(INTENT + 20), [TOLD._replace(told=False)], Evidence()),  # what the list itself told
        (listed(INTENT + 20 - 8 * 3600), [TOLD], Evidence(NOW - TOLD.accepted_at, -8 * 3600.0)),
        (listed(INTENT + 20 + 8 * 3600), [TOLD], Evidence(NOW - TOLD.accepted_at)),
        (listed(INTENT + 21 + ZONES), [TOLD], Evidence(NOW - TOLD.accepted_at, against=True)),
        (listed(0.0), [TOLD], Evidence(NOW - TOLD.accepted_at, -ZONES, against=True)),
        (listed(None), [TOLD], Evidence()),  # it dates others, and ours not
        (Listed((), frozenset(["own"])), [TOLD], Evidence(NOW - TOLD.accepted_at)),  # it dates none
        (Listed((), counted=True), [TOLD], Evidence(against=True)),
        (Listed((), counted=True), [], Evidence()),
    ],
)
def test_what_a_list_shows_of_ours_says_what_it_is_worth(
    shows: Listed, own: list[Own], said: Evidence
) -> None:
    assert evidence(view(listed=shows, own=own)) == said


def test_a_list_that_has_proved_nothing_is_not_whole() -> None:
    why = not_whole(view(proved=False))
    assert why is not None
    assert (why.code, bool(why.fix_text())) == ("provider.list", True)


def test_the_proof_of_a_list_is_its_quickest_and_ends_with_what_speaks_against_it() -> None:
    seen = Sightings()
    assert not seen.proved
    for found, shown, proved in [
        (Evidence(2 * 3_600.0), 2 * 3_600.0, False),  # it may come hours late
        (Evidence(90.0), 90.0, True),
        (Evidence(300.0, -3_600.0), 90.0, True),
        (Evidence(), 90.0, True),
        (Evidence(20.0, against=True), None, False),
        (Evidence(30.0), 30.0, True),
    ]:
        seen = Sightings.from_json(json.loads(json.dumps(seen.updated(found).to_json())))
        assert (seen.shown, seen.proved) == (shown, proved)
    assert seen.behind == -3_600.0


def of_dates(**dates: float) -> Listed:
    """A whole list, of which the last hour was asked for."""
    tasks = tuple(RemoteTask(one, "", at) for one, at in dates.items() if at >= INTENT - 3_600)
    return Listed(tasks, frozenset(dates), dates, counted=True)


@pytest.mark.parametrize(
    ("looks", "belated"),
    [
        ([of_dates(a=INTENT), of_dates(a=INTENT, b=INTENT + 9)], []),
        ([of_dates(a=INTENT), of_dates(a=INTENT, b=INTENT - 50)], []),  # lists are a little late
        ([of_dates(a=INTENT), of_dates(a=INTENT, b=INTENT - 900)], ["b"]),
        ([of_dates(a=INTENT), of_dates(a=INTENT, b=INTENT - 9e5)], ["b"]),  # older than what was asked for
        ([of_dates(a=INTENT), of_dates(), of_dates(b=INTENT - 900)], ["b"]),
        ([replace(of_dates(a=INTENT), counted=False), of_dates(b=INTENT - 900)], []),  # not seen how far back
        (
            [replace(of_dates(a=INTENT), counted=False, back_to=INTENT - 60), of_dates(b=INTENT - 900)],
            [],
        ),
        ([of_dates(b=INTENT - 900)], []),  # the first look
        # a date that no clock on earth shows yet says nothing of how far looks reached
        ([of_dates(x=NOW + 9e9), of_dates(x=NOW + 9e9, b=NOW - 5)], []),
        ([of_dates(x=NOW + 9e9, a=INTENT), of_dates(a=INTENT, b=INTENT - 900)], ["b"]),
        (
            [of_dates(**{f"t{n}": INTENT + n for n in range(2_000)}), of_dates(b=INTENT - 900)],
            [],
        ),  # forgotten
    ],
)
def test_a_task_is_belated_where_earlier_looks_reached_behind_its_date(
    looks: list[Listed], belated: list[str]
) -> None:
    seen = Sightings()
    for number, one in enumerate(looks):
        found = seen.after(one, (), (), NOW, Moment(1, float(number)))
        seen = Sightings.from_json(json.loads(json.dumps(found.to_json())))
    assert [one for one, row in seen.rows.items() if row.belated] == belated


@pytest.mark.parametrize(
    ("times", "whole"),
    [
        ([3, 2, 1], True),
        ([1, 2, 3], False),  # oldest first: what is new comes later, or never
        ([2, 1, 3], False),
        ([1, 1, 1], False),
        ([1], False),
        ([50, 1, 20], True),  # two that were made at once
    ],
)
@pytest.mark.parametrize("more", [True, None])
def test_what_is_old_proves_nothing_unless_the_newest_come_first(
    times: list[int], whole: bool, more: Optional[bool]
) -> None:
    tasks = [RemoteTask(f"t{number}", "x", INTENT - 9000 + at) for number, at in enumerate(times)]
    listed = read_back(lambda *_page: Page(tasks, more=more), lambda _id: None, INTENT, 100)
    assert isinstance(listed, Listed)
    assert (not_whole(view(listed=listed)) is None) is whole


@pytest.mark.parametrize("other", [{"prompt": "y"}, {"created_at": INTENT - 8999}, {}])
def test_a_list_that_shows_one_id_for_two_tasks_proves_nothing(other: dict[str, Any]) -> None:
    """The lost create's task may be the one that goes by an id of another take; a row that is repeated is none."""
    task = RemoteTask("t", "x", INTENT - 9000)
    page = Page([task, replace(task, **other)], more=False)
    listed = read_back(lambda *_page: page, lambda _id: None, INTENT, 100)
    assert isinstance(listed, Listed)
    assert (not_whole(view(listed=listed)) is None) is not other


def test_a_list_of_one_old_task_that_ends_is_whole() -> None:
    page = Page([RemoteTask("t", "x", INTENT - 9000)], more=False)
    listed = read_back(lambda *_page: page, lambda _id: None, INTENT, 100)
    assert isinstance(listed, Listed)
    assert not_whole(view(listed=listed)) is None


def test_a_first_create_that_turns_up_late_is_told_by_its_text_or_its_time() -> None:
    again = replace(lost(), intent_at=INTENT + 200)
    late = row(prompt="@Bob walks into the HARBOUR")
    assert turned_up(view(late), again) == late
    other, younger = row(), row(at=INTENT + 900)
    assert turned_up(view(other), again) == other
    assert turned_up(view(younger), again) is None
    assert turned_up(view(other, owned={"r"}), again) is None


# --- against a model ---------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["@Bob walks into the HARBOUR", "@bob walks", "", "totally rewritten"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[View, bool]:
    """An account's tasks, a list that shows them in some way, and whether the lost create's task is among them."""
    accepted = draw(st.booleans())
    count = draw(st.integers(0, 12))
    rows, own, owned = [], [], set()
    since = draw(st.sampled_from([(-3000, 140), (-3000, -2970)]))  # of an hour, or of one busy minute
    for number in range(count):
        at = INTENT + draw(st.integers(*since))
        task = RemoteTask(f"t{number}", "neighbour", at, draw(st.sampled_from([10, 15, None])))
        rows.append(task)
        if draw(st.booleans()):
            owned.add(task.remote_id)
            own.append(Own(task.remote_id, at + 1.0, answered=draw(st.booleans())))
    if accepted:
        rows.append(
            RemoteTask(
                "lost", draw(TEXTS), INTENT + draw(st.integers(-5, 20)), draw(st.sampled_from([10, None]))
            )
        )
    rows.sort(key=lambda task: task.created_at or 0.0, reverse=draw(st.booleans()))
    cap = draw(st.sampled_from([None, None, 5, 7, 10]))
    shown = [task for task in rows if draw(st.booleans())] if draw(st.booleans()) else rows
    drops = shown is not rows
    shown = shown[:cap]
    size, offsets = draw(st.integers(1, 6)), draw(st.booleans())
    says, total = draw(st.booleans()), draw(st.sampled_from([None, len(rows), len(shown)]))
    empty_after = draw(st.sampled_from([None, None, 0, 2, 4]))

    def page_of(number: int, after: str, asked: int) -> Page:
        ids = [task.remote_id for task in shown]
        start = (number - 1) * asked if offsets else ids.index(after) + 1 if after else 0
        page = shown[start : start + min(size, asked)]
        page = page if empty_after is None else shown[start : min(start + min(size, asked), empty_after)]
        more = start + len(page) < len(shown) if says else None
        return Page(page, total, more, "" if offsets or not page else page[-1].remote_id)

    listed = read_back(page_of, lambda remote_id: None, INTENT - GUESSED, 4)
    assert not isinstance(listed, Fault)
    # A list that leaves out single tasks for good can be known only by those of ours that it leaves out.
    told = any(one.remote_id not in listed.ids and INTENT <= one.accepted_at <= NOW - 60 for one in own)
    assume(not drops or not accepted or "lost" in listed.ids or told)
    return View(lost(), listed, NOW, 0.0, True, owned, (), own, proved=True), accepted


@given(histories())
def test_what_was_accepted_is_never_sent_again(history: tuple[View, bool]) -> None:
    seen, accepted = history
    sent_again = not list(blocking_tasks(seen)) and not_whole(seen) is None
    assert not (accepted and sent_again), seen
