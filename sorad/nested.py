"""How deep a JSON value goes. Pure."""

from __future__ import annotations

from typing import Any


def may_be_deep(text: bytes, deepest: int) -> bool:
    """Whether a JSON text has brackets enough for that; where it has not, its value need not be walked through."""
    return text.count(b"{") + text.count(b"[") > deepest


def is_deep(value: Any, deepest: int) -> bool:
    """Whether objects and lists lie in one another more than so many times.

    What does need not be read: a walk through it by recursion would end in a ``RecursionError``.
    """
    level = [value]
    for _depth in range(deepest + 1):
        nests = [one for one in level if isinstance(one, (dict, list))]
        level = [below for one in nests for below in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True
