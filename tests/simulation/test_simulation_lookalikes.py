"""What the provider's list cannot tell apart, or shows changed: nothing is adopted wrongly or bought twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional, Union

import pytest
from world import SAID, Odds, World

from sorad.engine.steps import submit
from sorad.model import Request, State
from sorad.providers.base import Created, Fault, Listed, RemoteTask, Trouble, Unknown

LOST = Unknown(Fault(Trouble.TRANSPORT, SAID))


def calm_world(folder: Path, *, lists: bool = True, proved: bool = True, **settings: object) -> World:
    odds = Odds(**dict.fromkeys(vars(Odds()), 0.0))
    world = World(1, folder / "w", odds=odds, lists=lists, proved=proved, settings=settings)
    world.provider.skew = 0.0
    return world


def shown(world: World, change: Callable[[RemoteTask, Request], Optional[RemoteTask]]) -> None:
    """The list shows its tasks changed, or not at all."""
    honest = world.provider.recent

    def recent(since: float, own_id: str = "") -> Union[Listed, Fault]:
        listed = honest(since)
        if isinstance(listed, Fault):
            return listed
        rows = (change(task, world.provider.tasks[task.remote_id].request) for task in listed.tasks)
        return replace(listed, tasks=tuple(row for row in rows if row is not None))

    world.provider.recent = recent  # type: ignore[method-assign]


def answers(world: World, *fates: str, firsts: bool = False) -> None:
    """What becomes of the first creates: ``lost`` before the server, or ``accepted`` and its answer lost.

    ``firsts``: of the first create of each text; those that are sent again are answered.
    """
    honest, left, met = world.provider.create, list(fates), set[str]()

    def create(request: Request, own_id: str = "") -> Created:
        again = firsts and request.prompt in met
        met.add(request.prompt)
        fate = left.pop(0) if left and not again else "answered"
        answer = honest(request, own_id) if fate != "lost" else LOST
        return answer if fate == "answered" else LOST

    world.provider.create = create  # type: ignore[method-assign]


PICTURES = ["https://x.invalid/1.png", "https://x.invalid/2.png"]


def pictures(world: World, urls: Sequence[str] = PICTURES) -> None:
    """Segments of one text, each with a picture of its own."""
    path = world.write("storyboard_a.json", [])
    segments = [
        {"segment_index": n, "prompt_text": "slow zoom", "image_url": url} for n, url in enumerate(urls, 1)
    ]
    path.write_text(json.dumps({"segments": segments}), encoding="utf-8")
    world.changed()


def bought(world: World) -> Counter[str]:
    return Counter(task.request.image for task in world.provider.tasks.values())


class TestOneTextAndTwoPictures:
    @pytest.mark.parametrize("fates", [["lost", "accepted"], ["accepted", "lost"], ["accepted", "accepted"]])
    def test_what_may_be_either_is_for_the_user(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fates: list[str]
    ) -> None:
        monkeypatch.setattr(
            submit, "wait_for_lookalike", lambda context, take: None
        )  # both are under way already
        world = calm_world(tmp_path)
        answers(world, *fates)
        pictures(world)
        world.run(2 * 3600)
        assert set(bought(world).values()) == {1}
        states = [(take.state, take.error and take.error.code) for take in world.takes()]
        assert states == [(State.UNKNOWN, "take.several")] * 2
        # that holds up no third one
        pictures(world, [*PICTURES, "https://x.invalid/3.png"])
        world.settle()
        assert [take.state for take in world.takes()] == [State.UNKNOWN, State.UNKNOWN, State.DONE]

    def test_without_a_list_one_holds_up_no_other(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path, lists=False)
        answers(world, "accepted")
        pictures(world)
        world.run(3600)
        assert bought(world) == Counter(PICTURES)
        assert [take.state for take in world.takes()] == [State.UNKNOWN, State.DONE]

    def test_one_is_not_sent_while_the_other_is_unknown(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        answers(world, "accepted")
        pictures(world)
        world.run(2 * 3600)
        assert bought(world) == Counter(PICTURES)
        for take in world.takes():
            assert take.state is State.DONE
            assert world.provider.tasks[take.remote_id].request == take.request
        world.check()

    def test_one_is_not_sent_while_the_other_is_being_answered(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        honest, under_way, most = world.provider.create, [], []

        def create(request: Request, own_id: str = "") -> Created:
            under_way.append(request)
            most.append(len(under_way))
            if len(under_way) == 1:
                world.clock.now += 4.0  # the other's jitter is over
                world.engine.turn()
                while world.jobs:
                    world.jobs.pop()()
            under_way.pop()
            return honest(request)

        world.provider.create = create  # type: ignore[method-assign]
        pictures(world)
        world.run(2 * 3600)
        assert bought(world) == Counter(PICTURES)
        assert max(most) == 1
        world.check()

    def test_a_list_that_shows_the_picture_tells_them_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(submit, "wait_for_lookalike", lambda context, take: None)
        world = calm_world(tmp_path)
        answers(world, "lost", "accepted")
        shown(world, lambda task, request: replace(task, image=request.image))
        pictures(world)
        world.run(2 * 3600)
        assert bought(world) == Counter(PICTURES)
        for take in world.takes():
            assert world.provider.tasks[take.remote_id].request == take.request
        world.check()


LONG = "A slow pan over the harbour at dawn. " * 10


class TestTextsThatTheListShowsChanged:
    def lost(self, folder: Path, prompt: str, change: Callable[[str], str]) -> World:
        world = calm_world(folder)
        answers(world, "accepted")
        shown(world, lambda task, request: replace(task, prompt=change(task.prompt)))
        world.write("storyboard_a.json", [prompt])
        world.run(3600)
        assert len(world.provider.tasks) == 1
        world.check()
        return world

    @pytest.mark.parametrize(
        ("prompt", "change"),
        [
            ("first line\n\nsecond line", lambda text: " ".join(text.split())),
            ("the cat's eyes", lambda text: text.replace("'", "&#39;").replace("&", "&amp;")),
        ],
        ids=["newlines", "entities"],
    )
    def test_what_can_be_undone_is_found(
        self, tmp_path: Path, prompt: str, change: Callable[[str], str]
    ) -> None:
        world = self.lost(tmp_path, prompt, change)
        assert [take.state for take in world.takes()] == [State.DONE]

    @pytest.mark.parametrize(
        ("prompt", "change"),
        [
            (LONG, lambda text: text[:200]),
            (LONG, lambda text: text[:30] + "\u2026"),
            ("plain", lambda text: text + " --no watermark"),
            ("a plain dog at sea", lambda text: f"Model: x. {text}"),
        ],
        ids=["cut", "cut with a mark", "added to", "put within"],
    )
    def test_what_is_much_like_it_keeps_it_from_being_sent_again(
        self, tmp_path: Path, prompt: str, change: Callable[[str], str]
    ) -> None:
        world = self.lost(tmp_path, prompt, change)
        (take,) = world.takes()
        assert (take.state, take.error and take.error.code) == (State.UNKNOWN, "take.several")
        assert take.error is not None
        assert "t0" in take.error.text()

    def test_a_picture_under_another_address_does_too(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        answers(world, "accepted")
        shown(world, lambda task, request: replace(task, image="https://cdn.invalid/x.png"))
        pictures(world)
        world.run(3600)
        assert bought(world)[PICTURES[0]] == 1
        assert world.takes()[0].state is State.UNKNOWN

    def test_prompts_that_begin_alike_are_no_trouble(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        answers(world, "accepted", "lost", "accepted", "lost", "lost", "accepted", firsts=True)
        world.write("storyboard_a.json", [f"{LONG} Shot {n}." for n in range(8)])
        world.run(3 * 3600)
        assert set(world.bought().values()) == {1}
        assert [take.state for take in world.takes()] == [State.DONE] * 8
        world.check()
