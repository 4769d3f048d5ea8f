"""All that is wrong with one storyboard, gathered first and placed at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from pydantic import ValidationError

from sorad.messages import N_
from sorad.problems import Problem
from sorad.storyboard.explain import explain
from sorad.storyboard.lines import Place

Numbers = Optional[Mapping[int, int]]
SHOWN = 20  # a file that is wrong throughout is not told about line by line


@dataclass
class Findings:
    """Problems in the order they were found, each with the path to its field from the top of the file."""

    max_takes: int
    found: list[tuple[Place, Problem]] = field(default_factory=list)
    notes: list[tuple[Place, Problem]] = field(default_factory=list)  # what is no mistake, and worth a word
    pictures: list[tuple[Place, Problem]] = field(default_factory=list)  # which one goes where
    names: set[str] = field(default_factory=set)  # that were compared with those of the fields
    meant: set[Place] = field(default_factory=set)  # fields that stand there under another name: not missing

    def add(self, problem: Problem, path: Place) -> None:
        """A problem that others found, at its place."""
        self.found.append((path, problem))

    def note(self, kind: str, value: object, path: Place) -> None:
        """A value that does not belong where it stands; ``kind`` is one of ``explain``'s."""
        of_segment = len(path) > 1 and path[0] == "segments"
        self.add(explain(kind, path[2:] if of_segment else path, value, self.max_takes), path)

    def refused(self, error: ValidationError, path: Place = ()) -> None:
        """What pydantic found below ``path``."""
        for one in error.errors(include_url=False, include_context=False):
            place = (*path, *one["loc"])
            if one["type"] != "missing" or place not in self.meant:
                self.note(one["type"], one["input"], place)

    def problems(self, known: Mapping[Place, int], numbers: Numbers = None) -> Iterator[Problem]:
        """The first of them with place and line, and how many more there are.

        ``known``: the lines of the file; ``numbers`` are the segments' own, by position.
        """
        yield from _placed(self.found[:SHOWN], known, numbers or {})
        if len(self.found) > SHOWN:
            yield Problem(
                "storyboard.more",
                N_("More problems in this file: {count}."),
                N_("Mend the ones above first, then check again."),
                {"count": len(self.found) - SHOWN},
            )

    def remarks(self, known: Mapping[Place, int], numbers: Numbers = None) -> Iterator[Problem]:
        """The notes, placed likewise."""
        yield from _placed(self.notes[:SHOWN], known, numbers or {})

    def of_pictures(self, known: Mapping[Place, int], numbers: Numbers = None) -> Iterator[Problem]:
        """Which picture goes where, by its name; all of them, placed likewise."""
        yield from _placed(self.pictures, known, numbers or {})


def _placed(
    found: Sequence[tuple[Place, Problem]], known: Mapping[Place, int], numbers: Mapping[int, int]
) -> Iterator[Problem]:
    for path, problem in found:
        ends = range(len(path), 0, -1)
        line = problem.line or next((known[path[:end]] for end in ends if path[:end] in known), 0)
        number = numbers.get(path[1]) if len(path) > 1 and isinstance(path[1], int) else None
        yield replace(problem, where=_written(path), line=line, number=number)


def _written(path: Place) -> str:
    """``segments[3].asset.props[0]`` for a path."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
