"""The objects of an answer, from the outside in: gateways wrap a task once, twice, or in a list. Pure.

Answers are hostile until they are read: depth, breadth and length are bounded, and nothing here raises.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

DEEPEST = 5  # wrappers, one in the other
MOST = 200  # objects that are looked at
LONGEST_LIST = 20  # items of a list that are looked at


class Found(NamedTuple):
    """An object, the wrappers around it (their :func:`plain` names) and itself."""

    path: tuple[str, ...]
    members: dict[str, Any]  # by plain name; of two that are the same, the first


def names(text: str) -> frozenset[str]:
    """The words of a text, as a set: how the tables of names are written."""
    return frozenset(text.split())


def plain(name: str) -> str:
    """A name without its style: ``videoUrl``, ``video_url`` and ``VIDEO-URL`` are one."""
    return name.replace("_", "").replace("-", "").lower()


def objects(body: Any, wrappers: Collection[str]) -> Iterator[Found]:
    """The body and what lies in it below ``wrappers`` (plain names), level by level, in the order it stands."""
    level: list[tuple[tuple[str, ...], Any]] = [((), body)]
    left = MOST
    for _depth in range(DEEPEST + 1):
        below: list[tuple[tuple[str, ...], Any]] = []
        for path, value in level:
            for item in value[:LONGEST_LIST] if isinstance(value, list) else [value]:
                if not isinstance(item, dict):
                    continue
                if not left:
                    return
                left -= 1
                found = Found(path, _plainly(item))
                yield found
                below += [((*path, name), inner) for name, inner in found.members.items() if name in wrappers]
        level = below


def _plainly(item: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in item.items():
        members.setdefault(plain(name), value)
    return members
