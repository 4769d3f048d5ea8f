"""Conformance: what can be asked, and the small things that are kept."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_samples import NOW, TROUBLE, apply, drive, only, want

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change, Command, RootRow
from sorad.model import Request, State
from sorad.problems import Problem


def test_ledger_counts_every_state_of_all_and_of_one_root(ledger: Ledger) -> None:
    assert ledger.counts() == dict.fromkeys(State, 0)
    apply(ledger, *(want(n) for n in range(9)))
    for take, state in zip(list(ledger.takes()), State):
        drive(ledger, take, state)
    apply(ledger, want(20), root="/other", path="/other/storyboard.json")
    assert ledger.counts() == {**dict.fromkeys(State, 1), State.QUEUED: 2}
    assert ledger.counts("/other") == {**dict.fromkeys(State, 0), State.QUEUED: 1}


def test_ledger_knows_which_storyboards_have_work_left(ledger: Ledger) -> None:
    assert ledger.working() == set()
    for number, state in enumerate(State):
        apply(ledger, want(number, output=f"/o/{number}.mp4"), path=f"/vault/{state}.json")
    boards = {take.storyboard: take.storyboard_id for take in ledger.takes()}
    for take, state in zip(list(ledger.takes()), State):
        drive(ledger, take, state)
    ended = {boards[f"/vault/{state}.json"] for state in (State.DONE, State.FAILED, State.CANCELLED)}
    assert ledger.working() == set(boards.values()) - ended


def test_ledger_lists_takes_by_what_is_asked(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2), path="/vault/a/storyboard.json")
    apply(ledger, want(3), path="/vault/ab/storyboard.json")
    apply(ledger, want(1, output="/o/1.mp4"), path="/other/storyboard.json", root="/other")
    drive(ledger, next(ledger.takes(segment=2)), State.FAILED)

    def found(**question: object) -> list[tuple[str, int]]:
        return [(take.storyboard, take.segment) for take in ledger.takes(**question)]  # type: ignore[arg-type]

    a, ab, other = "/vault/a/storyboard.json", "/vault/ab/storyboard.json", "/other/storyboard.json"
    assert found() == [(a, 1), (a, 2), (ab, 3), (other, 1)]
    assert found(storyboard=a) == [(a, 1), (a, 2)]
    assert found(storyboard="/vault/a") == found(storyboard="/vault/a/") == [(a, 1), (a, 2)]
    assert found(storyboard="/vault") == [(a, 1), (a, 2), (ab, 3)]
    assert found(storyboard="/nowhere") == []
    assert found(root="/other") == [(other, 1)]
    assert found(segment=1) == [(a, 1), (other, 1)]
    assert found(states=[State.FAILED]) == [(a, 2)]
    assert found(states=[State.QUEUED, State.FAILED], limit=2) == [(a, 1), (a, 2)]
    assert found(states=[]) == []
    held = next(ledger.takes(storyboard=a, segment=1))
    ledger.record(held, Change(State.HELD, "held", error=TROUBLE), NOW)
    assert found(troubled=True, states=[State.HELD, State.QUEUED], root="/vault") == [(a, 1)]
    assert found(troubled=True, states=[State.QUEUED]) == []
    ledger.record(only(ledger, storyboard=a, segment=1), Change(State.QUEUED, "on", clear_error=True), NOW)
    assert found(limit=0) == []
    assert found(states={State.QUEUED}, root="/vault", segment=1, storyboard="/vault", limit=5) == [(a, 1)]


def test_ledger_can_be_written_while_its_takes_are_read(ledger: Ledger) -> None:
    apply(ledger, *(want(n) for n in range(700)))
    seen = []
    for take in ledger.takes(states=[State.QUEUED]):
        seen.append(take.segment)
        if take.segment == 0:  # one that is still to come moves away
            last = only(ledger, segment=699)
            ledger.record(last, Change(State.CANCELLED, "cancel"), NOW)
    assert seen == list(range(699))


def test_ledger_history_tells_what_happened_and_not_every_poll(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.GENERATING)
    told = len(ledger.history(take.id))
    for n in range(5):
        take = ledger.record(
            take,
            Change(State.GENERATING, "poll", due_at=NOW + n, attempt=n, request_id=f"q{n}", validator=f"{n}"),
            NOW + n,
        )
    assert len(ledger.history(take.id)) == told
    same = Problem(TROUBLE.code, TROUBLE.message, params={"status": 503})
    for error in (TROUBLE, same):
        take = ledger.record(take, Change(State.GENERATING, "trouble", error=error, request_id="q"), NOW + 9)
    assert take.error == same
    (event,) = ledger.history(take.id)[told:]
    assert (event.note, event.problem, event.request_id, event.at, event.state) == (
        "trouble",
        TROUBLE,
        "q",
        NOW + 9,
        State.GENERATING,
    )
    take = ledger.record(take, Change(State.GENERATING, "well again", clear_error=True), NOW)
    take = ledger.record(take, Change(State.GENERATING, "parked", parked=True), NOW)
    ledger.record(take, Change(State.DOWNLOADING, "finished"), NOW)
    assert [event.note for event in ledger.history(take.id)[told + 1 :]] == [
        "well again",
        "parked",
        "finished",
    ]


def test_ledger_remembers_small_values(ledger: Ledger) -> None:
    assert ledger.recall("breaker") is None
    for value in ({"mode": "safe", "until": 1.5, "名": ["\udce4", None]}, {"mode": "normal"}, None, 0, ""):
        ledger.remember("breaker", value)
        ledger.remember("breaker", value)
        assert ledger.recall("breaker") == value


def test_ledger_passes_commands_and_answers(ledger: Ledger) -> None:
    first = ledger.post("retry", {"ids": [1, 2]}, NOW)
    second = ledger.post("pause", {}, NOW + 1)
    assert ledger.commands() == [
        Command(first, NOW, "retry", {"ids": [1, 2]}),
        Command(second, NOW + 1, "pause", {}),
    ]
    assert ledger.result(first) is None
    ledger.answer(first, {"count": 2}, NOW + 2)
    assert ledger.result(first) == {"count": 2}
    assert [command.id for command in ledger.commands()] == [second]
    ledger.answer(second, {}, NOW + 2)
    assert ledger.result(second) == {}
    assert ledger.result(99) is None


def test_ledger_remembers_how_roots_stand(ledger: Ledger) -> None:
    away = RootRow("/b", "offline", "", TROUBLE, None, active=False)
    here = RootRow("/a", "watching", "dev-1", None, NOW)
    for row in (away, here, here):
        ledger.put_root(row)
    assert ledger.roots() == [here, away]
    back = RootRow("/b", "polling", "dev-2", None, NOW, active=True)
    ledger.put_root(back)
    assert ledger.roots() == [here, back]


anything = st.text(st.characters(codec=None, exclude_categories=[]), max_size=20)  # lone surrogates too


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=anything, number=st.integers(1, 10**6))
@pytest.mark.parametrize("place", ["prompt", "path", "error"])
def test_ledger_carries_any_text(ledger: Ledger, place: str, text: str, number: int) -> None:
    path = f"/vault/{text}" if place == "path" else "/vault/storyboard.json"
    request = Request(text if place == "prompt" else "a cat", image_path=path)
    fingerprint = f"{number}-{request.fingerprint()}"
    wanted = want(number, request=request, fingerprint=fingerprint, output=f"{path}.mp4")
    board_id = apply(ledger, wanted, path=path, root=path).storyboard_id
    (take,) = ledger.claim(State.QUEUED, NOW, 1, [path]) or list(
        ledger.takes(storyboard=path, segment=number)
    )
    assert (take.storyboard, take.root, take.output, take.request) == (path, path, f"{path}.mp4", request)
    if take.claim:
        error = Problem("x", text if place == "error" else "x", params={"text": text})
        take = ledger.record(take, Change(State.HELD, text, error=error, request_id=text), NOW)
        assert ledger.take(take.id) == take
        assert ledger.history(take.id)[-1].request_id == text
    ledger.withdraw(board_id, "gone", NOW)


def test_ledger_tells_how_long_the_latest_takes_were_generated(ledger: Ledger) -> None:
    assert ledger.generations(10) == []
    pro = Request("long", seconds=25, pro=True)
    apply(ledger, want(1), want(2), want(3, request=pro, fingerprint=pro.fingerprint()), want(4), want(5))
    apply(ledger, want(6, state=State.DONE, accepted_at=NOW, finished_at=NOW + 9), path="/vault/found/s.json")
    for take, (begun, ready) in zip(ledger.takes(states=[State.QUEUED]), [(0, 180), (5, 95), (0, 900)]):
        sent = Change(
            State.SUBMITTING, "intent", intent=True, provider="sora_hk", base_url="https://a.example"
        )
        take = ledger.record(take, sent, NOW)
        take = drive(ledger, take, State.GENERATING, NOW + begun, accepted_at=NOW + begun)
        take = drive(ledger, take, State.DOWNLOADING, NOW + ready)
        # later in the life of a take: a new address, a slow download
        ledger.record(take, Change(State.DOWNLOADING, "finished", cost=1), NOW + ready + 500)
        drive(ledger, ledger.take(take.id) or take, State.DONE, NOW + ready + 1_000)
    failed, running = ledger.takes(states=[State.QUEUED])
    drive(ledger, failed, State.FAILED)
    drive(ledger, running, State.GENERATING)

    def told(limit: int) -> list[tuple[str, str, int, bool, float]]:
        return [(g.provider, g.base_url, g.seconds, g.pro, g.took) for g in ledger.generations(limit)]

    where = ("sora_hk", "https://a.example")
    latest_first = [(*where, 25, True, 900.0), (*where, 10, False, 90.0), (*where, 10, False, 180.0)]
    assert told(10) == latest_first
    assert told(3) == latest_first[:2]  # the latest of the three was found in the folder
    assert told(0) == []


def test_ledger_counts_the_time_of_a_take_that_was_bought_again_from_its_last_acceptance(
    ledger: Ledger,
) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.DOWNLOADING, NOW)
    take = drive(ledger, take, State.FAILED, NOW + 10)
    take = ledger.record(take, Change(State.QUEUED, "retry"), NOW + 20)
    take = drive(ledger, take, State.GENERATING, NOW + 1_000)
    take = drive(ledger, take, State.DOWNLOADING, NOW + 1_240)
    drive(ledger, take, State.DONE, NOW + 1_300)
    assert [one.took for one in ledger.generations(5)] == [240.0]


def test_ledger_tells_every_purchase_of_one_take(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2))
    take, other = ledger.takes()
    assert ledger.bought(take.id) == []
    take = drive(ledger, take, State.GENERATING, NOW, remote_id="first", cost=30_000)
    take = drive(ledger, take, State.FAILED, NOW + 10)
    take = ledger.record(take, Change(State.QUEUED, "retry", remote_id=""), NOW + 20)
    drive(ledger, take, State.GENERATING, NOW + 60, remote_id="second", cost=40_000)
    drive(ledger, other, State.GENERATING, NOW, remote_id="other", cost=50_000)
    found = ledger.bought(take.id)
    assert [(one.remote_id, one.cost, one.charged_at) for one in found] == [
        ("first", 30_000, NOW),
        ("second", 40_000, NOW + 60),
    ]
    assert set(found) | set(ledger.bought(other.id)) == set(ledger.purchases())


def test_ledger_leaves_out_a_purchase_that_was_taken_back(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.UNKNOWN)
    assert len(ledger.bought(take.id)) == 1
    drive(ledger, take, State.QUEUED, refused=True)
    assert ledger.bought(take.id) == []


def test_ledger_tells_which_delivered_videos_nobody_has_looked_at(ledger: Ledger) -> None:
    apply(ledger, *(want(number) for number in range(1, 5)))
    apply(ledger, want(9, output="/o/9.mp4"), path="/other/storyboard.json", root="/other")
    apply(ledger, want(10))  # not delivered

    def unseen(*roots: str, limit: int = 9) -> dict[str, list[int]]:
        kinds = ("poster", "checks", "left")
        found = {kind: ledger.unseen(kind, roots, limit) for kind in kinds}
        return {kind: [take.segment for take in takes] for kind, takes in found.items() if takes}

    for take in list(ledger.takes()):
        if take.segment != 10:
            drive(ledger, take, State.DONE, finished_at=NOW)
    assert unseen("/vault") == {"poster": [4, 3, 2, 1], "checks": [4, 3, 2, 1]}
    assert unseen("/vault", "/other", limit=2) == {"poster": [9, 4], "checks": [9, 4]}
    assert unseen() == {}
    looked = [(1, {"poster": 1}), (2, {"checks": "{}"}), (3, {"poster": 2, "checks": "{}"})]
    for segment, found in looked:
        ledger.record(only(ledger, segment=segment), Change(State.DONE, "looked", **found), NOW)  # type: ignore[arg-type]
    assert unseen("/vault") == {"poster": [4, 2], "checks": [4, 1]}
    for segment in (1, 4):
        ledger.record(only(ledger, segment=segment), Change(State.DONE, "gone", error=TROUBLE), NOW)
    assert unseen("/vault") == {"poster": [2], "left": [1]}
    # what comes anew is looked at anew
    again = only(ledger, segment=1)
    drive(ledger, again, State.DOWNLOADING)
    drive(ledger, only(ledger, segment=1), State.DONE, finished_at=NOW + 1, clear_error=True)
    assert unseen("/vault") == {"poster": [2, 1], "checks": [1]}


def test_ledger_tells_what_was_delivered_last(ledger: Ledger) -> None:
    assert ledger.latest(3) == []
    apply(ledger, want(1), want(2), want(3), want(4))
    takes = list(ledger.takes())
    for take, finished in zip(takes, (NOW + 5, NOW + 9, NOW + 7)):
        drive(ledger, take, State.DONE, finished, finished_at=finished)
    assert [one.segment for one in ledger.latest(3)] == [2, 3, 1]
    assert [one.segment for one in ledger.latest(1)] == [2]
    assert ledger.latest(0) == []
