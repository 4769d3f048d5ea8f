"""What a note's properties say of it: whether it is a storyboard. Pure.

The properties are YAML between two lines of ``---`` at the top. They are taken apart and never built: no type is made
of what stands there and no merge key is followed, so that nothing that anybody may write there runs or grows.
"""

from __future__ import annotations

import re
from typing import Union

from sorad.messages import N_
from sorad.problems import Problem

STORYBOARD, DRAFT = "storyboard", "draft"
DRAFT_CODE = "storyboard.draft"  # of what is told of a draft
HEAD = 4_096  # bytes of a note that are looked at to tell whether it has the property
LONGEST = 16_384  # bytes of properties; people have some hundred
_DEEPEST = 50  # brackets in brackets, which take a parser time; Obsidian shows none

# What sorad itself has written stands below this line (see :mod:`sorad.notes.merge`): such a note is no storyboard.
OWN_BLOCK = "%% sorad:begin %%"

_BOM = b"\xef\xbb\xbf"
_OPENING = re.compile(rb"---[ \t]*\r?\n")
_CLOSING = re.compile(rb"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_KEY = re.compile(rb"^[\"']?sorad[\"']?[ \t]*:", re.MULTILINE)
_NAME = "sorad"

# STORYBOARD or DRAFT, a mistake in the property or in the properties with it, ``None`` where it is not there.
Role = Union[str, Problem, None]


def may_have_one(head: bytes) -> bool:
    """Whether the first :data:`HEAD` bytes of a note hold the property, most likely. Quick: thousands are asked."""
    bare = head[len(_BOM) :] if head.startswith(_BOM) else head
    opened = _OPENING.match(bare)
    if opened is None:
        return False
    closed = _CLOSING.search(bare, opened.end())
    found = _KEY.search(bare, opened.end())
    return found is not None and (closed is None or found.start() < closed.start())


def role_of(data: bytes) -> Role:
    """What the note says that it is. ``data``: the note, or :data:`LONGEST` bytes of it and more."""
    if not may_have_one(data[:HEAD]):
        return None
    bare = data[len(_BOM) :] if data.startswith(_BOM) else data
    start = bare.index(b"\n") + 1
    closed = _CLOSING.search(bare, start, start + LONGEST)
    if closed is None:
        return _too_long() if len(bare) > LONGEST else None
    values = _values(bare[start : closed.start()].decode("utf-8", "replace"))
    if isinstance(values, Problem):
        return values
    if not values:
        return None
    said = {" ".join(value.split()).casefold() for value in values}
    if said in ({STORYBOARD}, {DRAFT}):
        return said.pop()
    return Problem(
        "storyboard.property",
        N_("The property sorad of the note says {value}."),
        N_(
            "Write sorad: storyboard to have it bought, sorad: draft to have it checked alone, or delete the property."
        ),
        {"value": ", ".join(sorted(said))[:60]},
    )


def _values(text: str) -> Union[list[str], Problem]:
    """What stands under the name, each time that it stands there: a list of one counts as the one."""
    import yaml

    if _depth(text) > _DEEPEST:
        return _unread(None)
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return _unread(getattr(error, "problem_mark", None))
    except (RecursionError, ValueError):  # lists in lists without end; a number of a sign that no Unicode has
        return _unread(None)
    if not isinstance(top, yaml.MappingNode):
        return []
    return [_text_of(value) for key, value in top.value if getattr(key, "value", None) == _NAME]


def _depth(text: str) -> int:
    depth = most = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            most = max(most, depth)
        elif sign in "]}":
            depth -= 1
    return most


def _text_of(node: object) -> str:
    inner = getattr(node, "value", "")
    if isinstance(inner, list) and len(inner) == 1:
        inner = getattr(inner[0], "value", "")
    return inner if isinstance(inner, str) else "…"


def _unread(mark: object) -> Problem:
    line = getattr(mark, "line", None)
    return Problem(
        "storyboard.properties",
        N_("The properties of the note cannot be read: they are no YAML."),
        N_("Mend them, between the two lines of ---: each is a name, a colon and a value."),
        line=0 if line is None else line + 2,
    )


def _too_long() -> Problem:
    return Problem(
        "storyboard.properties",
        N_("The properties of the note are longer than {most} bytes."),
        N_("Shorten them, or close them with a line of ---."),
        {"most": LONGEST},
    )


def not_said() -> Problem:
    """Why a note is no storyboard."""
    return Problem(
        "storyboard.property",
        N_("The properties of the note do not say that it is a storyboard: nothing of it is bought."),
        N_("Write these three lines at its top: ---, sorad: storyboard, ---."),
    )


def is_own() -> Problem:
    """Why a note that sorad writes into is no storyboard."""
    return Problem(
        "storyboard.own_note",
        N_("sorad writes this note itself: it is no storyboard, and nothing of it is bought."),
        N_("Delete the property sorad here; or delete what stands between the %% sorad %% marks."),
    )


def draft() -> Problem:
    """What is told of a draft."""
    return Problem(
        DRAFT_CODE,
        N_("The note says sorad: draft: it is checked, and nothing of it is bought."),
        N_("Write sorad: storyboard once it is to be bought."),
    )
