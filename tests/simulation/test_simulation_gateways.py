"""Gateways between: one id for two takes, refusals of what was accepted, answers lost in a row without a list."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seeds import in_blocks, is_found
from test_simulation_creates import LOST
from test_simulation_lookalikes import calm_world
from turns import Died
from world import PRICE, SAID, World, mp4

from sorad.engine.state.control import Control
from sorad.engine.steps import submit
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change
from sorad.model import Request, State, Take
from sorad.providers.base import Accepted, Created, Finished, Polled, TaskFailed


def codes(world: World) -> list[str]:
    """Of what stops buying."""
    return [stop.code for stop in world.control.stops]


def say(world: World, verb: str, **args: Any) -> None:
    world.raw.post(verb, args, world.clock.time())
    world.commanded = True
    world.run(1)


def one_id_for_all(world: World) -> None:
    """Each create is accepted, and answered with the id of the first."""
    honest = world.provider.create

    def create(request: Request, own_id: str = "") -> Created:
        answer = honest(request)
        return Accepted("t0", "req", PRICE) if isinstance(answer, Accepted) else answer

    world.provider.create = create  # type: ignore[method-assign]


class TestOneIdForTwo:
    def world_of(self, folder: Path, **how: bool) -> World:
        world = calm_world(folder, **how)
        world.restart(limits={"concurrency": 1, "safe_concurrency": 1})
        one_id_for_all(world)
        world.write("storyboard_a.json", ["one", "two", "three"])
        world.run(3 * 3600)
        return world

    @pytest.mark.parametrize("lists", [True, False])
    def test_one_is_delivered_and_buying_stops(self, tmp_path: Path, lists: bool) -> None:
        world = self.world_of(tmp_path, lists=lists)
        found = [(take.state, take.error and take.error.code) for take in world.takes()]
        assert found == [(State.DONE, None), (State.UNKNOWN, "take.same_id"), (State.QUEUED, None)]
        assert codes(world) == ["take.same_id"]
        assert "sorad list --state unknown" in world.control.stops[0].as_problem().fix_text()
        assert world.raw.spend() == 2 * PRICE, "its money is doubtful, so it counts"
        assert len(world.provider.tasks) == 2
        assert len(list(world.vault_dir.rglob("*.mp4"))) == 1
        world.live(world.start)
        world.run(2 * 86_400)
        assert len(world.provider.tasks) == 2
        assert codes(world) == ["take.same_id"]

    def test_it_goes_on_when_that_take_is_resolved(self, tmp_path: Path) -> None:
        world = self.world_of(tmp_path)
        del world.provider.create  # type: ignore[attr-defined]
        take = next(take for take in world.takes() if take.state is State.UNKNOWN)
        say(world, "resolve", ids=[take.id], how="adopt", remote_id="t0")
        assert codes(world) == ["take.same_id"], "that one is another take's"
        say(world, "resolve", ids=[take.id], how="adopt", remote_id="t1")
        world.run(3 * 3600)
        assert codes(world) == []
        assert {take.state for take in world.takes()} == {State.DONE}
        world.check()

    def test_resume_buys_on_and_leaves_the_take_as_it_is(self, tmp_path: Path) -> None:
        world = self.world_of(tmp_path)
        del world.provider.create  # type: ignore[attr-defined]
        say(world, "resume")
        world.run(3 * 3600)
        assert [take.state for take in world.takes()] == [State.DONE, State.UNKNOWN, State.DONE]
        assert codes(world) == []

    def test_the_id_of_a_task_that_failed_is_owned_too(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        honest = world.provider._accept

        def accept(request: Request) -> Any:
            task = honest(request)
            task.fails = len(world.provider.tasks) == 1
            return task

        world.provider._accept = accept  # type: ignore[method-assign]
        world.write("storyboard_a.json", ["one"])
        world.run(3600)
        (take,) = world.takes()
        assert take.state is State.FAILED
        one_id_for_all(world)
        world.write("storyboard_b.json", ["two"])
        world.run(3600)
        other = next(take for take in world.takes() if take.request.prompt == "two")
        assert (other.state, other.error and other.error.code) == (State.UNKNOWN, "take.same_id")


class TestAnswersAboutAnother:
    """A gateway, or a cache before it, answers the question after one task with another one of ours."""

    def mix_up(self, world: World, *, fails: bool) -> None:
        """Two of three answers are about the first task."""
        honest, asked = world.provider.poll, [0]

        def poll(remote_id: str) -> Polled:
            asked[0] += 1
            if remote_id == "t0" or asked[0] % 3 == 0:
                return honest(remote_id)
            found = TaskFailed(SAID) if fails else honest("t0")
            return replace(found, names="t0") if isinstance(found, (Finished, TaskFailed)) else found

        world.provider.poll = poll  # type: ignore[method-assign]

    @pytest.mark.parametrize("fails", [False, True])
    def test_each_take_gets_its_own_video(self, tmp_path: Path, fails: bool) -> None:
        world = calm_world(tmp_path)
        self.mix_up(world, fails=fails)
        world.write("storyboard_a.json", ["one", "two", "three"])
        world.run(3 * 3600)
        assert {take.state for take in world.takes()} == {State.DONE}
        assert len(world.provider.tasks) == 3
        for take in world.takes():
            assert Path(take.output).read_bytes() == mp4(take.request.prompt)
        world.check()


class TestLostInARow:
    def lose(self, world: World, *answered: int) -> list[Request]:
        """All answers are lost, but for those of these creates. Nothing is accepted of what is lost."""
        honest, left = world.provider.create, list[Request]()

        def create(request: Request, own_id: str = "") -> Created:
            left.append(request)
            return honest(request) if len(left) in answered else LOST

        world.provider.create = create  # type: ignore[method-assign]
        return left

    def world_of(self, folder: Path, *, lists: bool = False, **settings: Any) -> World:
        world = calm_world(folder, lists=lists)
        world.restart(limits={"concurrency": 1, "safe_concurrency": 1}, **settings)
        return world

    def drop(self, world: World, count: int = 12) -> None:
        world.write("storyboard_a.json", [f"text {n}" for n in range(count)])
        world.run(2 * 86_400)

    @pytest.mark.parametrize("held", [False, True], ids=["no list", "hold"])
    def test_three_stop_buying_until_they_are_resolved(self, tmp_path: Path, held: bool) -> None:
        settings = {"reconcile": {"on_unknown": "hold"}} if held else {}
        world = self.world_of(tmp_path, lists=held, **settings)
        left = self.lose(world)
        self.drop(world)
        assert len(left) == 3
        assert codes(world) == ["provider.lost"]
        assert world.raw.spend() == 3 * PRICE
        world.live(world.start)
        world.run(86_400)
        assert (len(left), codes(world)) == (3, ["provider.lost"])
        unknown = [take.id for take in world.takes() if take.state is State.UNKNOWN]
        say(world, "resolve", ids=unknown[:2], how="drop")
        assert codes(world) == ["provider.lost"]
        say(world, "resolve", ids=unknown[2:], how="drop")
        world.run(86_400)
        assert len(left) == 6, "three more"
        assert world.raw.spend() == 6 * PRICE

    def test_resume_buys_three_more(self, tmp_path: Path) -> None:
        world = self.world_of(tmp_path)
        left = self.lose(world)
        self.drop(world)
        say(world, "resume")
        world.run(2 * 86_400)
        assert (len(left), codes(world)) == (6, ["provider.lost"])

    def test_an_acceptance_between_begins_the_count_anew(self, tmp_path: Path) -> None:
        world = self.world_of(tmp_path)
        left = self.lose(world, 3, 6)
        self.drop(world)
        assert (len(left), codes(world)) == (9, ["provider.lost"])

    def test_crashes_count_too(self, tmp_path: Path) -> None:
        world = self.world_of(tmp_path)
        left = list[Request]()

        def create(request: Request, own_id: str = "") -> Created:
            left.append(request)
            raise Died

        world.provider.create = create  # type: ignore[method-assign]
        self.drop(world)
        assert (len(left), codes(world)) == (3, ["provider.lost"])

    def test_where_a_list_tells_nothing_stops(self, tmp_path: Path) -> None:
        world = self.world_of(tmp_path, lists=True)
        left = self.lose(world)
        self.drop(world, 4)
        assert (len(left), codes(world)) == (8, [])


def live_behind_a_gateway(seed: int, folder: Path) -> World:
    """A day behind a gateway that mixes ids up, refuses what it accepted, and loses answers where nobody can look."""
    world = World(seed, folder / f"g{seed}", lists=seed % 3 != 0)
    rng, odds = world.rng, world.odds
    odds.same_id = rng.choice([0.0, 0.1, 0.3])
    odds.rate_accepted = rng.choice([0.0, 0.2]) if world.lists else 0.0
    odds.lost_answer, odds.lost_request = (0.06, 0.04) if world.lists else (0.3, 0.1)
    for event in range(rng.randrange(1, 4)):
        texts = [f"{event}-{n}" for n in range(rng.randrange(1, 5))]
        world.write(f"ep{event}/storyboard_{event}.json", texts, rng.choice([1, 1, 2]))
        world.run(rng.choice([60, 600, 3000]))
        world.command(rng.choice(["resume", "resolve", "scan"]))
        in_a_row(world)
    world.run(3600)
    in_a_row(world)
    odds.same_id = 0.0
    for _again in range(30):
        world.command("resume")
        world.command("resolve")
        world.run(600)
    world.calm()
    world.command("resume")
    world.settle()
    return world


def in_a_row(world: World) -> None:
    """No more than three creates in a row are lost where nobody can look, but for those under way at once."""
    if not world.lists:
        most = 3 + world.config.limits.concurrency
        lost = [take for take in world.takes() if take.state is State.UNKNOWN]
        since = max((take.accepted_at or 0.0 for take in world.takes()), default=0.0)
        row = [take.id for take in lost if (take.intent_at or 0.0) > since]
        assert len(row) <= most, f"seed {world.seed}: {len(row)} creates in a row were lost"


def run_all(seeds: Iterable[int]) -> list[str]:
    """What each broken promise says."""
    broken = []
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        for seed in seeds:
            try:
                world = live_behind_a_gateway(seed, Path(folder))
                world.check()
                world.close()
            except AssertionError as error:
                broken.append(f"{seed}: {error}")
    return broken


@pytest.mark.timeout(300)
@in_blocks(0.16)
def test_no_gateway_breaks_a_promise(block: range) -> None:
    assert run_all(block) == []


class TestSeededFaults:
    """Undoing any of the rules is found."""

    @pytest.mark.timeout(300)
    def test_without_the_look_a_refused_create_is_paid_for_twice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(submit, "accepted_after_all", lambda context, take: False)
        assert is_found(run_all, "was bought")

    @pytest.mark.timeout(300)
    def test_without_the_owner_an_id_is_given_to_two_takes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = SqliteLedger.record

        def record(self: SqliteLedger, take: Take, change: Change, now: float) -> Take:
            return real(self, take, replace(change, sole=False), now)

        monkeypatch.setattr(SqliteLedger, "record", record)
        assert is_found(run_all, "two takes", "is wrong")

    @pytest.mark.timeout(300)
    def test_where_the_stop_is_dropped_too_many_are_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Control, "lost", lambda self, take, base_url: None)
        with tempfile.TemporaryDirectory() as folder:
            world = TestLostInARow().world_of(Path(folder))
            left = TestLostInARow().lose(world)
            TestLostInARow().drop(world)
            assert len(left) == 12
