"""The control commands: what they leave for the daemon, and what they say came of it."""

from __future__ import annotations

import pytest
from cli_daemon import Answerer

from sorad.model import State
from sorad.problems import Problem

WHY = Problem("x", "it broke")


@pytest.fixture
def answered(house):
    """Runs a command with a daemon that answers ``result``."""

    def run(result, *words: str, lang: str = "en"):
        house.started()
        with Answerer(house.ledger, result) as daemon:
            ran = house.sorad(*words, lang=lang)
        return ran, [(command.verb, dict(command.args)) for command in daemon.seen]

    return run


def test_what_is_left_for_the_daemon(house, order):
    failed = house.takes(2, State.FAILED, error=WHY, name="a/storyboard.json")
    queued = house.takes(2, name="b/storyboard.json")
    (unknown,) = house.takes(1, State.UNKNOWN, name="c/storyboard.json")
    held = house.takes(1, State.HELD, name="d/storyboard.json")
    (done,) = house.takes(1, State.DONE, name="e/storyboard.json")
    one, path = failed[0].id, failed[0].storyboard
    for words, expected in {
        ("retry", str(one)): ("retry", {"ids": [one]}),
        ("retry", "--all"): ("retry", {"state": "failed"}),
        ("retry", "--yes"): ("retry", {"state": "failed"}),
        ("retry", "--storyboard", path, "-y"): ("retry", {"storyboard": path}),
        ("cancel", str(queued[0].id)): ("cancel", {"ids": [queued[0].id]}),
        ("cancel", "--storyboard", path): ("cancel", {"storyboard": path}),
        ("redo", str(one), "--yes"): ("redo", {"ids": [one]}),
        ("redo", "--storyboard", path, "--yes"): ("redo", {"ids": [take.id for take in failed]}),
        ("redo", "--storyboard", path, "--segment", "2", "-y"): ("redo", {"ids": [failed[1].id]}),
        ("approve", "--all"): ("approve", {"all": True}),
        ("approve", held[0].storyboard, "-y"): ("approve", {"storyboard": held[0].storyboard}),
        ("approve", str(held[0].id), "-y"): ("approve", {"ids": [held[0].id]}),
        ("approve", held[0].storyboard, "--segments", f"0,{held[0].segment}-{held[0].segment}", "-y"): (
            "approve",
            {
                "ids": [
                    one.id
                    for one in held
                    if (one.storyboard, one.segment) == (held[0].storyboard, held[0].segment)
                ]
            },
        ),
        ("resolve", str(unknown.id), "--adopt", "task-x"): (
            "resolve",
            {"id": unknown.id, "how": "adopt", "remote_id": "task-x"},
        ),
        ("resolve", str(unknown.id), "--resend", "-y"): ("resolve", {"id": unknown.id, "how": "resend"}),
        ("resolve", str(unknown.id), "--drop"): ("resolve", {"id": unknown.id, "how": "drop"}),
        ("choose", str(done.id)): ("choose", {"ids": [done.id]}),
        ("choose", "--none", str(done.id)): ("choose", {"ids": [done.id], "none": True}),
        ("pause",): ("pause", {}),
        ("resume",): ("resume", {}),
        ("scan",): ("scan", {}),
        ("scan", f"{house.vault}/x/.."): ("scan", {"path": house.vault}),
    }.items():
        ran, left = order(*words)
        assert (ran.code, left) == (0, [expected]), (words, ran.err)
        assert "at its next start" in ran.out


def test_the_last_take_of_a_segment_is_the_one_that_is_done_again(house, order):
    (take,) = house.takes(1, State.DONE)
    again = house.ledger.queue_another(take.id, lambda number: f"/videos/again{number}.mp4", 1.0)
    assert again is not None
    _ran, left = order("redo", "--storyboard", take.storyboard, "-y")
    assert left == [("redo", {"ids": [again.id]})]


def test_a_provider_that_is_none_is_refused_at_once_with_those_that_there_are(house, order):
    house.config.write_text(
        f"state_dir = {str(house.state_dir)!r}\n[[provider]]\nkind = 'kling'\n[[provider]]\nname = 'spare'\n"
        "kind = 'simulator'\nnobody_knows = 1\n"  # a mistake elsewhere keeps nobody from it
    )
    for name, left_too in {
        "kling": [("resume", {"pictures": "kling"})],
        "simulator": [],
        "Spare": [],
    }.items():
        ran, left = order("resume", "--pictures", name)
        assert (ran.code, left) == (0 if left_too else 2, left_too)
        assert left_too or f"no provider is called {name}." in ran.err
        assert left_too or "kling, spare" in ran.err


@pytest.mark.parametrize(
    ("words", "count", "says"),
    [
        (("retry", "--all"), 1, "1 take is tried again."),
        (("retry", "--all"), 4, "4 takes are tried again."),
        (("cancel", "1"), 1, "1 take is cancelled."),
        (("redo", "1", "-y"), 1, "1 more take is queued."),
        (("choose", "--none", "1"), 1, "1 choice is taken back."),
        (("pause",), 1, "Paused"),
        (("resume",), 1, "Buying goes on"),
        (("scan",), 1, "looked through"),
    ],
)
def test_what_came_of_it_is_told(house, answered, words, count, says):
    house.takes(1, State.FAILED, error=WHY)
    ran, seen = answered({"ok": True, "count": count}, *words)
    assert (ran.code, len(seen)) == (0, 1)
    assert says in ran.out


def test_what_came_of_it_is_told_in_chinese(house, answered):
    house.takes(1, State.FAILED, error=WHY)
    ran, _seen = answered({"ok": True, "count": 3}, "retry", "--all", lang="zh")
    assert "3 条正在重试" in ran.out


def test_a_refusal_is_a_sentence_and_exit_1(house, answered):
    house.takes(1, State.UNKNOWN)
    problem = Problem("command.owned", "the task {id} is another take's.", "Look again.", {"id": "t"})
    result = {"ok": False, "count": 0, "problem": problem.to_json()}
    ran, _seen = answered(result, "resolve", "1", "--adopt", "t")
    assert (ran.code, ran.out) == (1, "")
    assert "the task t is another take's." in ran.err
    assert "Look again." in ran.err


def test_a_daemon_that_does_not_answer_keeps_nobody_waiting(house, monkeypatch):
    monkeypatch.setattr("sorad.cli.control.orders.PATIENCE", 0.05)
    house.started()
    ran = house.sorad("pause")
    assert ran.code == 0
    assert "has not answered yet" in ran.out
    assert [command.verb for command in house.ledger.commands()] == ["pause"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("retry", "99"), 1, "There is no take 99."),
        (("retry", "1"), 1, "take 1 is queued: there is nothing to try again."),
        (("cancel", "2"), 1, "take 2 is generating: it cannot be cancelled."),
        (("resolve", "1", "--drop"), 1, "take 1 is queued: it does not wait to be resolved."),
        (("choose", "1"), 1, "take 1 is queued: only a delivered video can be chosen."),
        (("note", "/nowhere"), 1, "There are no storyboards here."),
        (("approve", "1"), 1, "take 1 is queued: it does not wait for approval."),
        (("cancel",), 2, "Which ones?"),
        (("redo",), 2, "Which ones?"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_left(house, order, words, code, says):
    house.takes(1, name="a/storyboard.json")
    house.takes(1, State.GENERATING, name="b/storyboard.json")
    ran, left = order(*words)
    assert (ran.code, left) == (code, [])
    assert says in ran.err


@pytest.mark.parametrize("words", [("retry",), ("approve",), ("redo", "--storyboard", "/nowhere")])
def test_nothing_to_do_is_no_error(house, order, words):
    house.takes(1)
    house.takes(1, State.HELD, error=Problem("take.copied", "the same text"), name="a/storyboard.json")
    ran, left = order(*words)
    assert (ran.code, left) == (0, [])
    assert ran.out


# --- money is asked about ---------------------------------------------------------------------------------

ASKED = [
    ("retry",),
    ("retry", "--storyboard", "{path}"),
    ("redo", "1"),
    ("redo", "--storyboard", "{path}"),
    ("approve",),
    ("approve", "{path}"),
    ("resolve", "4", "--resend"),
]


@pytest.fixture
def dear(house):
    house.takes(2, State.FAILED, error=WHY, name="storyboard.json")
    house.ledger.apply  # noqa: B018
    house.takes(1, State.HELD, name="storyboard_b.json")
    house.takes(1, State.UNKNOWN, name="storyboard_c.json")
    return house


@pytest.mark.parametrize("words", ASKED)
@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("是", 1), ("", 0), ("n", 0), (None, 0)])
def test_a_person_is_asked(dear, order, monkeypatch, words, answer, left):
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", ask)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    path = dear.vault + ("/storyboard_b.json" if words[0] == "approve" else "/storyboard.json")
    ran, orders = order(*(word.format(path=path) for word in words))
    assert (ran.code, len(asked), len(orders)) == (0, 1, left)
    assert "?" in asked[0]


@pytest.mark.parametrize("words", ASKED)
def test_where_nobody_can_be_asked_yes_is_demanded(dear, order, words):
    path = dear.vault + ("/storyboard_b.json" if words[0] == "approve" else "/storyboard.json")
    ran, orders = order(*(word.format(path=path) for word in words))
    assert (ran.code, orders) == (2, [])
    assert "--yes" in ran.err


def test_approve_prices_no_take_that_is_reused(house, order, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    house.takes(1, State.DONE, remote_id="t1", name="storyboard_a.json")
    house.takes(2, State.HELD, name="storyboard_b.json")  # the text of its first one is bought
    ran, orders = order("approve", f"{house.vault}/storyboard_b.json")
    assert (ran.code, len(orders)) == (0, 1)
    assert "1 take is reused" in ran.out
    assert asked[0].startswith("Buy 1 take,")
