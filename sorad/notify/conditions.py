"""What there is to tell: from facts to conditions, and from a storyboard without work to a sentence. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sorad.engine.decide.pictures import IGNORED
from sorad.health.complaint import Complaint
from sorad.health.facts import Facts
from sorad.health.takes import FOR_THE_USER
from sorad.ledger.chain import NO_FRAME, WAITS
from sorad.messages import N_, _, ngettext
from sorad.model import State, Take, units
from sorad.notify.memory import TROUBLE, WAITING
from sorad.notify.rules import Condition
from sorad.problems import Problem

# What is held, and ends by itself, or is told as a trouble: no approval releases it.
_TOLD_OTHERWISE = frozenset({"budget.day", WAITS, NO_FRAME, IGNORED})
# What is told by storyboard or take, and not once for all of its kind.
_OF_ONE = frozenset({"take.unknown", "take.held", "budget.approve", "budget.price"})


def conditions(facts: Facts, found: Iterable[Complaint]) -> dict[str, Condition]:
    """Everything that is told while it lasts, by key.

    Of a trouble the code is the key, so that ten offline folders are one message. What waits for the user is
    told for each storyboard or take, for each needs a command of its own.
    """
    waiting = dict(_waiting(facts))
    troubles = _troubles(found, {key.partition(":")[2] for key in waiting})
    return {**troubles, **{key: Condition(WAITING, problem) for key, problem in waiting.items()}}


def _troubles(found: Iterable[Complaint], paths: set[str]) -> dict[str, Condition]:
    kept: dict[str, Condition] = {}
    for one in found:
        code = one.problem.code
        of_one = code in _OF_ONE or (
            code.startswith("storyboard.") and one.problem.params.get("storyboard") in paths
        )
        if one.heavy and not of_one and not code.startswith("notify."):
            kept.setdefault(code, Condition(TROUBLE, one.problem))
    return kept


def _waiting(facts: Facts) -> Iterator[tuple[str, Problem]]:
    held: dict[str, list[Take]] = {}
    for take in facts.held:
        if take.error is None or take.error.code not in _TOLD_OTHERWISE:
            held.setdefault(take.storyboard, []).append(take)
    for path, takes in held.items():
        error = takes[0].error
        yield (
            f"held:{path}",
            Problem(
                "notify.held",
                N_("{name} waits for your approval: {reason}"),
                N_("`sorad approve {path}` releases it; `sorad cancel --storyboard {path}` drops it."),
                {
                    "name": os.path.basename(path),  # noqa: PTH119  (a string for people)
                    "path": path,
                    "reason": error.text() if error else _("the reason is not known."),
                },
            ),
        )
    for take in facts.unknown:
        if take.error is not None and take.error.code in FOR_THE_USER:
            yield (
                f"unknown:{take.id}",
                Problem(
                    "notify.unknown",
                    N_("Take {take} ({name}, segment {segment}) may have been bought: {reason}"),
                    N_("`sorad status` says how to find out; `sorad resolve {take}` ends it."),
                    {
                        "take": take.id,
                        "name": os.path.basename(take.storyboard),  # noqa: PTH119
                        "segment": take.segment,
                        "reason": take.error.text(),
                    },
                ),
            )
    for board in facts.storyboards:
        if board.state == "invalid" and board.problems:
            yield (
                f"invalid:{board.path}",
                Problem(
                    "notify.invalid",
                    N_("{name} has mistakes in it, and nothing of it is bought: {problem}"),
                    N_("`sorad validate {path}` shows all."),
                    {
                        "name": os.path.basename(board.path),  # noqa: PTH119
                        "path": board.path,
                        "problem": board.problems[0].text(),
                    },
                ),
            )


def finished(takes: Sequence[Take], since: float, currency: str) -> Problem | None:
    """What to tell of a storyboard that has no work left; ``None`` where nothing came of it since then."""
    ended = [take for take in takes if take.updated_at >= since]
    done, failed = _in(ended, State.DONE), _in(ended, State.FAILED)
    if not done and not failed:
        return None
    params: Mapping[str, str] = {
        "name": os.path.basename(takes[0].storyboard),  # noqa: PTH119
        "videos": ngettext("{count} video", "{count} videos", len(done)).format(count=len(done)),
        "failures": ngettext("{count} take", "{count} takes", len(failed)).format(count=len(failed)),
        "cost": _cost(ended, currency),
        "reason": next((take.error.text() for take in failed[:1] if take.error), ""),
        "ids": " ".join(str(take.id) for take in failed[:5]),
    }
    if not failed:
        return Problem("notify.done", N_("{name} is done: {videos}. Cost: {cost}."), "", params)
    return Problem(
        "notify.done",
        N_("{name} is done: {videos}. Cost: {cost}. {failures} failed: {reason}"),
        N_("`sorad list --state failed` shows what failed; `sorad retry {ids}` tries again."),
        params,
    )


def _in(takes: Iterable[Take], state: State) -> list[Take]:
    return [take for take in takes if take.state is state]


def _cost(takes: Sequence[Take], currency: str) -> str:
    known = [take.cost for take in takes if take.cost is not None]
    return f"{units(sum(known)):.2f} {currency}" if known else _("not known")
