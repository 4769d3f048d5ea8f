"""What stands in a cell beside what is meant: signs for nothing, for the cell above, for what was struck out. Pure."""

from __future__ import annotations

import re
from typing import Optional

# What people and language models write where there is nothing to say.
_SIGNS = "- – — -- —— --- / \\ … ...... ... …… 无 暂无 none null n/a tbd 待定 待补"
_NOTHING = frozenset(_SIGNS.split())
_AS_ABOVE = frozenset(("同上", "同前", "ditto", "same", "same as above", "as above", "″", "〃", '"', "''"))
_YES = frozenset(["true", "yes", "y", "是", "有", "开", "on", "✓", "✔", "✅", "√", "1"])
_NO = frozenset(["false", "no", "n", "否", "无", "没有", "关", "off", "✗", "✘", "❌", "0"])
_STRUCK = re.compile(r"~~.+~~", re.DOTALL)
_BOLD = re.compile(r"[*`]+")


def says_nothing(cell: str) -> bool:
    """Whether a cell is empty, or holds what people write there instead: ``-``, ``无``, ``N/A``."""
    bare = cell.strip()
    return not bare or bare.casefold() in _NOTHING


def is_as_above(cell: str) -> bool:
    """Whether it stands for what another row says: ``同上``, ``ditto``."""
    return cell.strip().casefold() in _AS_ABOVE


def is_struck(cell: str) -> bool:
    """Whether all of it is crossed out: ``~~a cat~~``."""
    return _STRUCK.fullmatch(cell.strip()) is not None


def switch(cell: str) -> Optional[bool]:
    """Yes or no; ``None``: neither."""
    bare = bare_word(cell).casefold()
    return True if bare in _YES else False if bare in _NO else None


def bare_word(cell: str) -> str:
    """A number or a word without the marks of bold letters and of code."""
    return _BOLD.sub("", cell).strip()
