"""`sorad resolve`: several takes at once, with their price; and the id under which a proxy knows a task."""

from __future__ import annotations

import base64
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.cli.control import resolve as resolving
from sorad.cli.control.adopt import Known, known_as, other_forms
from sorad.model import State
from sorad.problems import Problem
from sorad.providers.answers.litellm import PREFIX, Wrapped, unwrap, wrap
from sorad.providers.base import Fault, Missing, Running, Trouble

WAITS = Problem("take.unknown", "not known", "")
WORDS = st.text(st.characters(exclude_characters=";", exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def lost(house):
    """Two takes of a storyboard wait for the user, one is looked up by itself, one of another waits."""
    house.takes(2, State.UNKNOWN, error=WAITS, cost=500_000, name="storyboard_a.json")
    house.takes(1, State.UNKNOWN, cost=500_000, name="storyboard_a2.json")
    house.takes(1, State.UNKNOWN, error=WAITS, name="storyboard_b.json")
    return house


def asked_of(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    return asked


def test_several_are_asked_about_once_with_their_price(lost, order, monkeypatch) -> None:
    asked = asked_of(monkeypatch, "y")
    ran, left = order("resolve", "1", "2", "--resend")
    assert (ran.code, left) == (0, [("resolve", {"ids": [1, 2], "how": "resend"})])
    assert len(asked) == 1
    assert "1.00 USD" in asked[0]


def test_a_storyboard_names_those_of_its_takes_that_wait_for_the_user(lost, order, monkeypatch) -> None:
    path = f"{lost.vault}/storyboard_a.json"
    ran, left = order("resolve", "--storyboard", path, "--resend", "--yes")
    assert (ran.code, left) == (0, [("resolve", {"ids": [1, 2], "how": "resend"})])
    ran, left = order("resolve", "--storyboard", f"{lost.vault}/storyboard_a2.json", "--resend", "--yes")
    assert (ran.code, left) == (0, [])
    ran, left = order("resolve", "--storyboard", lost.vault, "--drop", "--yes")
    assert left == [("resolve", {"ids": [1, 2, 4], "how": "drop"})]


@pytest.mark.parametrize(("answer", "orders"), [("y", 1), ("n", 0)])
def test_to_drop_asks_who_sits_there_and_says_what_may_be_spent(
    lost, order, monkeypatch, answer, orders
) -> None:
    asked = asked_of(monkeypatch, answer)
    ran, left = order("resolve", "1", "4", "--drop")
    assert (ran.code, len(left)) == (0, orders)
    assert "0.50 USD and more" in asked[0]


def test_a_script_that_drops_needs_no_yes_and_one_that_resends_does(lost, order) -> None:
    ran, left = order("resolve", "1", "2", "--drop")
    assert (ran.code, len(left)) == (0, 1)
    ran, left = order("resolve", "1", "2", "--resend")
    assert (ran.code, left) == (2, [])


@pytest.mark.parametrize(
    "words", [("--resend",), ("1", "2", "--adopt", "t", "--yes"), ("1", "99", "--drop", "--yes")]
)
def test_what_names_no_take_or_too_many_changes_nothing(lost, order, words) -> None:
    ran, left = order("resolve", *words)
    assert ran.code != 0
    assert left == []


class Proxy:
    """Knows some ids."""

    base_url, model = "https://proxy.invalid/v1", "sora-2"

    def __init__(self, *known: str, trouble: Optional[Fault] = None) -> None:
        self.known, self.trouble, self.asked = known, trouble, list[str]()

    def poll(self, remote_id: str) -> object:
        self.asked.append(remote_id)
        if self.trouble is not None:
            return self.trouble
        return Running() if remote_id in self.known else Missing(Problem("provider.missing", "unknown task"))


UPSTREAM = "video_68e1"
WRAPPED = wrap(Wrapped("azure", "dep-1", UPSTREAM))


@pytest.mark.parametrize(
    ("given_id", "known", "ids", "adopted"),
    [
        (UPSTREAM, UPSTREAM, [], UPSTREAM),
        (UPSTREAM, WRAPPED, [wrap(Wrapped("azure", "dep-1", "other"))], WRAPPED),
        (
            UPSTREAM,
            wrap(Wrapped("openai", "sora-2", UPSTREAM)),
            [],
            wrap(Wrapped("openai", "sora-2", UPSTREAM)),
        ),
        (UPSTREAM, wrap(Wrapped("openai", "", UPSTREAM)), ["task_1"], wrap(Wrapped("openai", "", UPSTREAM))),
        (WRAPPED, UPSTREAM, [], UPSTREAM),
        (UPSTREAM, "another", [], None),
    ],
)
def test_a_task_is_adopted_under_the_id_that_the_provider_knows(
    monkeypatch: pytest.MonkeyPatch, given_id: str, known: str, ids: list[str], adopted: Optional[str]
) -> None:
    proxy = Proxy(known)
    monkeypatch.setattr("sorad.cli.control.adopt._provider", lambda args, take: proxy)
    found = known_as(None, None, given_id, ids)  # type: ignore[arg-type]
    assert proxy.asked[0] == given_id
    assert len(set(proxy.asked)) == len(proxy.asked) <= 5
    if adopted is None:
        assert isinstance(found, Problem)
    else:
        assert found == Known(adopted)


def test_where_it_cannot_be_asked_the_id_is_taken_as_it_is_and_that_is_said(monkeypatch) -> None:
    away = Fault(Trouble.TRANSPORT, Problem("provider.transport", "no way"))
    monkeypatch.setattr("sorad.cli.control.adopt._provider", lambda args, take: Proxy(trouble=away))
    assert known_as(None, None, "t", []) == Known("t", away.problem)  # type: ignore[arg-type]


def test_what_the_provider_knows_it_as_is_told_and_adopted(lost, order, monkeypatch) -> None:
    monkeypatch.setattr(resolving, "known_as", lambda *facts: Known(WRAPPED))
    ran, left = order("resolve", "1", "--adopt", UPSTREAM)
    assert left == [("resolve", {"id": 1, "how": "adopt", "remote_id": WRAPPED})]
    assert WRAPPED in ran.out


def test_a_wrapped_id_begins_as_litellm_has_it() -> None:
    assert PREFIX == "video_bGl0ZWxsbT"
    assert WRAPPED.startswith("video_bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVy")
    assert (
        wrap(Wrapped("openai", "", "v"))
        == "video_" + base64.b64encode(b"litellm:custom_llm_provider:openai;model_id:;video_id:v").decode()
    )


@given(WORDS, WORDS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_unwrap_undoes_wrap_with_or_without_padding(provider: str, model: str, remote_id: str) -> None:
    what = Wrapped(provider, model, remote_id)
    assert unwrap(wrap(what)) == unwrap(wrap(what).rstrip("=")) == what
    assert other_forms(wrap(what), []) == [remote_id]


@given(st.text(max_size=60))
def test_nothing_else_is_taken_for_a_wrapped_id(text: str) -> None:
    for remote_id in (
        text,
        PREFIX + text,
        f"video_{base64.b64encode(text.encode('utf-8', 'replace')).decode()}",
    ):
        found = unwrap(remote_id)
        assert found is None or wrap(found).rstrip("=") == remote_id.rstrip("=")
