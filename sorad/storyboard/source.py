"""What a storyboard's file says, whatever its form: the JSON form of it, and which line each part stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sorad.messages import N_
from sorad.problems import Problem
from sorad.storyboard.lines import Place, lines
from sorad.storyboard.tables import properties
from sorad.storyboard.tables.links import Links
from sorad.storyboard.tables.source import read_source

TYPED = (".csv", ".md")  # forms that people write in a table, row by row, while sorad looks on


@dataclass(frozen=True)
class Source:
    """``document``: a value of JSON, any; with ``problems``: none.

    ``text``: the JSON that it was read from, on the lines of the file; ``""``: it comes from tables.
    """

    document: Any = None
    text: str = ""
    rows: tuple[int, ...] = ()  # of tables: the line of each segment, in order
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    is_draft: bool = False
    is_json: bool = True  # the file is

    def places(self) -> Mapping[Place, int]:
        """On which line what stands."""
        if self.text:
            return lines(self.text)
        return {("segments", position): line for position, line in enumerate(self.rows)}


def is_typed(name: str) -> bool:
    """Whether a file of that name is a note or a table."""
    return name[-4:].lower().endswith(TYPED)


def source_of(data: bytes, path: Path, vault: Path) -> Source | Problem:
    """What a note or a table says. ``vault``: the folder that links are resolved in."""
    role: properties.Role = properties.STORYBOARD
    if path.name.lower().endswith(".md"):
        role = properties.role_of(data)
        if role is None:
            return properties.not_said()
        if isinstance(role, Problem):
            return role
        if properties.OWN_BLOCK.encode() in data:
            return properties.is_own()
    found = read_source(data, path, Links(path, vault, path.parent).meant_by)
    is_draft = role == properties.DRAFT
    notes = [properties.draft()] if is_draft else []
    if found.left_out:
        params = {"names": ", ".join(found.left_out[:20])}
        notes.append(Problem("storyboard.left_out", N_("Not known here, and left out: {names}."), "", params))
    return Source(
        found.document,
        found.text,
        tuple(found.rows),
        tuple(found.problems),
        tuple(notes),
        is_draft,
        is_json=False,
    )
