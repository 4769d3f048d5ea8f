"""One thing that `sorad status` says, and how several of a kind become few. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, Optional

from sorad.health.facts import SAMPLE, Facts
from sorad.layout import below
from sorad.messages import N_, ngettext
from sorad.problems import Param, Problem

# So many of a kind are named; the rest is counted.
NAMED = 5


class Complaint(NamedTuple):
    """One thing to say. ``heavy``: it makes the daemon unhealthy; else it is worth knowing, no more."""

    problem: Problem
    heavy: bool = True


def board_name(facts: Facts, root: str, path: str) -> str:
    """A storyboard as it is called below its root; where there are several, with the root's own name before it."""
    roots = {root, *(row.path for row in facts.roots)} - {""}
    return below(path, roots, named=len(roots) > 1)


def counted(seen: int, total: int) -> str:
    """``3 takes``; ``200+ takes`` where not all were looked at."""
    more = "+" if total > SAMPLE else ""
    return ngettext("{count} take", "{count} takes", seen).format(count=f"{seen}{more}")


def local_time(seconds: Optional[float]) -> str:
    """A time on the user's clock."""
    return "?" if seconds is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def notices(facts: Facts) -> list[Problem]:
    """What the folder side has to tell."""
    return [Problem.from_json(notice) for notice in facts.notices]


def few_of_each(problems: Iterable[Problem], *, heavy: bool = False) -> Iterator[Complaint]:
    """Of each kind as many as a screen has room for; the rest is counted."""
    for code, group in groupby(sorted(problems, key=_code), key=_code):
        several = list(group)
        for problem in several[:NAMED]:
            yield Complaint(problem, heavy=heavy)
        if len(several) > NAMED:
            more = Problem(code, N_("{count} more of this kind."), "", {"count": len(several) - NAMED})
            yield Complaint(more, heavy=heavy)


def _code(problem: Problem) -> str:
    return problem.code


def heavy(code: str, message: str, fix: str = "", **params: Param) -> Complaint:
    """A complaint that makes the daemon unhealthy."""
    return Complaint(Problem(code, message, fix, params))


def note(code: str, message: str, fix: str = "", **params: Param) -> Complaint:
    """Something worth knowing."""
    return Complaint(Problem(code, message, fix, params), heavy=False)
