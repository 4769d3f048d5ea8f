"""The ledger against a plain model, by random histories."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ledger_samples import FACTORIES, board, want

from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.interface import Ledger
from sorad.ledger.states import MOVES
from sorad.ledger.values import Change, Want
from sorad.model import State, Take

UNSENT = {State.QUEUED, State.HELD}
UNBOUGHT = {*UNSENT, State.CANCELLED}
UNRESOLVED = {State.SUBMITTING, State.UNKNOWN}
DUE = [State.QUEUED, State.UNKNOWN, State.GENERATING, State.DOWNLOADING]
PATHS = [("/a/one.json", "/a"), ("/b/two.json", "/b")]
versions = st.lists(st.integers(0, 2), min_size=0, max_size=4)  # per segment, which prompt


class LedgerMachine(RuleBasedStateMachine):
    """The model: a dict of takes by (storyboard, segment, fingerprint), and the purchases made."""

    kind = "sqlite"

    @initialize()
    def begin(self) -> None:
        # In memory: where each of thousands of commits waits for a busy disk, the time of the whole test is up, and
        # Hypothesis takes that for an example that fails now and then ("Inconsistent data generation").
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.ledger: Ledger = FACTORIES[self.kind](Path(self.folder.name))
        self.now = 1_000.0
        self.takes: dict[int, dict[str, Any]] = {}
        self.purchases: dict[int, list[dict[str, Any]]] = {}
        self.mine: list[Take] = []  # claimed, as they were handed out
        self.stale: list[Take] = []  # claims that were taken over
        self.serial = 0
        self.ledger.recover("machine", self.now)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def tick(self) -> float:
        self.now += 400.0
        return self.now

    # --- the folder side ----------------------------------------------------------------------------
    @rule(which=st.sampled_from(PATHS), prompts=versions)
    def apply(self, which: tuple[str, str], prompts: list[int]) -> None:
        path, root = which
        wants = [self.wanted(path, n, prompt) for n, prompt in enumerate(prompts)]
        applied = self.ledger.apply(board(path, root, content=f"{prompts}"), wants, self.tick())
        asked = {(one.segment, one.fingerprint) for one in wants}
        added = cancelled = 0
        known = {(m["segment"], m["fingerprint"]): m for m in self.takes.values() if m["path"] == path}
        for key, model in known.items():
            model["wanted"] = key in asked
            if key not in asked and model["state"] in UNSENT:
                model.update(state=State.CANCELLED, claim="")
                cancelled += 1
            elif key in asked and model["state"] is State.CANCELLED:
                model.update(state=State.QUEUED)
                added += 1
        fresh = [one for one in wants if (one.segment, one.fingerprint) not in known]
        assert (applied.added, applied.cancelled) == (added + len(fresh), cancelled)
        for take in self.ledger.takes(storyboard=path):
            if take.id not in self.takes:
                self.takes[take.id] = {
                    "path": path,
                    "root": root,
                    "segment": take.segment,
                    "fingerprint": take.fingerprint,
                    "state": State.QUEUED,
                    "wanted": True,
                    "claim": "",
                    "creates": 0,
                }
                self.purchases[take.id] = []

    @staticmethod
    def wanted(path: str, segment: int, prompt: int) -> Want:
        return want(segment, prompt=f"version {prompt}", output=f"{path}.{segment}.{prompt}.mp4")

    # --- the engine ---------------------------------------------------------------------------------
    @rule(
        state=st.sampled_from(DUE),
        limit=st.integers(1, 3),
        roots=st.sampled_from([None, ["/a"], ["/a", "/b"]]),
    )
    def claim(self, state: State, limit: int, roots: list[str] | None) -> None:
        free = {
            number
            for number, model in self.takes.items()
            if model["state"] is state and not model["claim"] and (roots is None or model["root"] in roots)
        }
        got = self.ledger.claim(state, self.tick() + 1e9, limit, roots)
        assert {take.id for take in got} <= free
        assert len(got) == min(limit, len(free))
        for take in got:
            self.takes[take.id]["claim"] = take.claim
            self.mine.append(take)

    @precondition(lambda self: self.mine)
    @rule(
        data=st.data(),
        to=st.sampled_from(list(State)),
        keep=st.booleans(),
        cost=st.integers(0, 9),
        refused=st.booleans(),
    )
    def record(self, data: st.DataObject, to: State, keep: bool, cost: int, refused: bool) -> None:
        take = data.draw(st.sampled_from(self.mine), "take")
        self.mine.remove(take)
        self.write(take, to, keep, cost, refused)

    @precondition(lambda self: self.takes)
    @rule(data=st.data(), to=st.sampled_from(list(State)), cost=st.integers(0, 9))
    def command(self, data: st.DataObject, to: State, cost: int) -> None:
        take = self.ledger.take(data.draw(st.sampled_from(sorted(self.takes)), "id"))
        assert take is not None
        if not take.claim:
            self.write(take, to, False, cost)

    def write(self, take: Take, to: State, keep: bool, cost: int, refused: bool = False) -> None:
        model = self.takes[take.id]
        now = self.tick()
        refused = refused and model["state"] is State.SUBMITTING and to in (State.QUEUED, State.FAILED)
        members: dict[str, Any] = {"cost": cost, "keep_claim": keep, "refused": refused}
        if to is State.SUBMITTING:
            members["intent"] = True
        if to is State.GENERATING and model["state"] in UNRESOLVED:
            self.serial += 1
            members.update(remote_id=f"r{self.serial}", accepted_at=now)
        change = Change(to, "step", **members)
        if model["claim"] != take.claim:
            self.refused(take, change, ClaimLost)
        elif to not in MOVES[model["state"]]:
            self.refused(take, change, IllegalMove)
            if take.claim:
                self.mine.append(take)
        else:
            after = self.ledger.record(take, change, now)
            if to is State.QUEUED and model["state"] in UNRESOLVED and not model["wanted"]:
                to = State.CANCELLED  # its create was not accepted, and nobody asks for it any more
                keep = False
            self.bought(take, after, now, refused)
            creates = max(0, model["creates"] + ("intent" in members) - refused)
            model.update(state=to, claim=after.claim, creates=creates)
            assert after.claim == (take.claim if keep else "")
            if after.claim:
                self.mine.append(after)

    def bought(self, before: Take, after: Take, now: float, refused: bool) -> None:
        """What the model knows of money: a purchase from the intent on, unless it was refused."""
        made = self.purchases[before.id]
        if after.state is State.SUBMITTING:
            made.append({"at": now, "cost": after.cost, "id": ""})
        elif refused:
            made[-1]["at"] = None
        elif (
            before.state in UNBOUGHT or after.state in UNBOUGHT or self.figures(before) == self.figures(after)
        ):
            return
        elif made or after.state is not State.FAILED:
            if not made:  # it failed before it was ever sent, and is looked at as if it had been
                made.append({"at": None, "cost": 0, "id": ""})
            remote_id, cost, at = self.figures(after)
            made[-1].update(at=at, cost=cost, id=remote_id)

    @staticmethod
    def figures(take: Take) -> tuple[str, int | None, float | None]:
        return take.remote_id, take.cost, take.intent_at if take.accepted_at is None else take.accepted_at

    def refused(self, take: Take, change: Change, error: type[Exception]) -> None:
        try:
            self.ledger.record(take, change, self.now)
        except error:
            return
        raise AssertionError(f"{error.__name__} expected")

    @precondition(lambda self: self.mine)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        take = data.draw(st.sampled_from(self.mine), "take")
        self.mine.remove(take)
        model = self.takes[take.id]
        if model["claim"] == take.claim:
            self.ledger.release(take)
            model["claim"] = ""
        else:
            try:
                self.ledger.release(take)
            except ClaimLost:
                return
            raise AssertionError("ClaimLost expected")

    @rule(reopen=st.booleans())
    def restart(self, reopen: bool) -> None:
        if reopen:
            self.ledger.close()
            self.ledger = FACTORIES[self.kind](Path(self.folder.name))
        lost = self.ledger.recover("machine", self.tick())
        assert {take.id for take in lost} == {
            number for number, model in self.takes.items() if model["state"] is State.SUBMITTING
        }
        for model in self.takes.values():
            if model["state"] is State.SUBMITTING:
                model["state"] = State.UNKNOWN
            model["claim"] = ""  # what `mine` still holds is stale from here on

    # --- what must always hold ----------------------------------------------------------------------
    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "ledger"):
            return
        rows = {take.id: take for take in self.ledger.takes()}
        assert set(rows) == set(self.takes)
        for number, model in self.takes.items():
            row = rows[number]
            assert (row.state, row.claim, row.creates) == (model["state"], model["claim"], model["creates"])
            assert self.ledger.history(number)[-1].state is row.state
        states = [model["state"] for model in self.takes.values()]
        assert self.ledger.counts() == {state: states.count(state) for state in State}
        holding = {State.SUBMITTING, State.UNKNOWN, State.GENERATING}
        assert self.ledger.in_flight() == sum(
            model["state"] in holding or (model["state"] is State.QUEUED and model["claim"] != "")
            for model in self.takes.values()
        )
        paid = [one for made in self.purchases.values() for one in made if one["at"] is not None]
        for since in (0.0, self.now - 1_000.0):
            assert self.ledger.spend(since) == sum(one["cost"] for one in paid if one["at"] >= since)
        ids = {one["id"] for made in self.purchases.values() for one in made if one["id"]}
        assert self.ledger.owned([f"r{n}" for n in range(1, self.serial + 2)]) == ids


LedgerMachine.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLedgerAgainstAModel = LedgerMachine.TestCase
