"""What a note's properties say of it: whether it is a storyboard. Pure.

The properties are YAML between two lines of ``---`` at the top. They are taken apart and never built: no type is made
of what stands there and no merge key is followed, so that nothing that anybody may write there runs or grows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Union

from sorad.messages import N_
from sorad.problems import Problem

if TYPE_CHECKING:
    import yaml

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
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

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
    properties = _properties(data)
    if not isinstance(properties, str):
        return properties
    values = _values(properties, _NAME)
    if isinstance(values, Problem):
        return values
    if not values:
        return None
    said = {" ".join(_text_of(value).split()).casefold() for value in values}
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


def assets_of(data: bytes) -> Union[bool, Problem, None]:
    """Whether the note says that pictures count by their names, as ``"assets": true`` does in JSON; ``None``: it says
    nothing of it. A list, or an object, is a property of somebody else's."""
    properties = _properties(data)
    values = _values(properties, "assets") if isinstance(properties, str) else []
    if isinstance(values, Problem):
        return None  # told of the property that makes a storyboard of it
    texts = [str(one.value) for one in values if not isinstance(one.value, list) and one.value]
    said = [_SWITCH.get(text.casefold()) for text in texts]
    if not said:
        return None
    if len(set(said)) == 1 and said[0] is not None:
        return said[0]
    return Problem(
        "storyboard.assets",
        N_("The property assets of the note says {value}."),
        N_("Write assets: true to have pictures count by their names, or delete it."),
        {"value": ", ".join(texts)[:60]},
    )


def _properties(data: bytes) -> Union[str, Problem, None]:
    """The text between the two lines; ``None``: there is none."""
    bare = data[len(_BOM) :] if data.startswith(_BOM) else data
    opened = _OPENING.match(bare)
    if opened is None:
        return None
    closed = _CLOSING.search(bare, opened.end(), opened.end() + LONGEST)
    if closed is None:
        return _too_long() if len(bare) > LONGEST else None
    return bare[opened.end() : closed.start()].decode("utf-8", "replace")


def _values(text: str, name: str) -> Union[list[yaml.Node], Problem]:
    """What stands under a name, each time that it stands there."""
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
    return [value for key, value in top.value if getattr(key, "value", None) == name]


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
    """A list of one counts as the one."""
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
