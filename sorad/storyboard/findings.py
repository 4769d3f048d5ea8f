"""All that is wrong with one storyboard, gathered first and placed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from sorad.messages import N_
from sorad.problems import Problem
from sorad.storyboard.explain import Place, explain
from sorad.storyboard.lines import lines

SHOWN = 20  # a file that is wrong throughout is not told about line by line


@dataclass
class Findings:
    """Problems in the order they were found, each with the path to its field from the top of the file."""

    max_takes: int
    found: list[tuple[Place, Problem]] = field(default_factory=list)

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
            self.note(one["type"], one["input"], (*path, *one["loc"]))

    def problems(self, text: str) -> Iterator[Problem]:
        """The first of them with place and line in ``text``, and how many more there are."""
        known = lines(text)
        for path, problem in self.found[:SHOWN]:
            segment, name = _place(path)
            line = known.get((segment, name)) or known.get((segment, "")) or 0
            yield replace(problem, where=_written(path), line=line)
        if len(self.found) > SHOWN:
            yield Problem(
                "storyboard.more",
                N_("More problems in this file: {count}."),
                N_("Mend the ones above first, then check again."),
                {"count": len(self.found) - SHOWN},
            )


def _place(path: Place) -> tuple[int, str]:
    """What to look up among the lines: position of the segment or -1, and the field."""
    if len(path) > 1 and isinstance(path[1], int):
        return path[1], str(path[2]) if len(path) > 2 else ""
    return -1, str(path[0]) if path else ""


def _written(path: Place) -> str:
    """``segments[3].asset.props[0]`` for a path."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
