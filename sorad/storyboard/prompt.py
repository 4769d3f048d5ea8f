"""The final prompt, built from the parts of a segment. Pure.

A segment without ``asset`` says it all in ``prompt_text``: only its ``@ids`` are set apart by spaces. With
``asset``, the characters that have an id are called by it, and scene and props are appended:

=====================================  ========================  ====================================
prompt_text                            characters                becomes
=====================================  ========================  ====================================
``Alice waves. "Alice!"``              Alice → @alice            ``@alice waves. "Alice!"``
``[Alice] meets Alice``                Alice → @alice            ``@alice meets Alice``
``Alice(@alice ) smiles``              Alice → @alice            ``@alice smiles``
``王大力 @wang_cc 满分``               王大力 → @wang_cc         ``@wang_cc 满分``
``王大力和王大``                       王大 → @da, 王大力 → none  ``王大力和 @da``
``Alices, Alice's``                    Alice → @alice            ``Alices, @alice 's``
=====================================  ========================  ====================================

A name that its own id follows, in brackets or not, is an author's way of naming one person once: both
together become the id. Names are told apart by case, and none is looked for inside an ``@id``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sorad.storyboard.quotes import gaps

ID = r"@[A-Za-z0-9_.-]*[A-Za-z0-9_]"  # a full stop or dash behind it belongs to the sentence
# The lookbehind has a run of letters tried once, not once for each of its letters.
_MAIL = r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}"
_MAIL_OR_ID = re.compile(f"{_MAIL}|(?P<id>{ID})")

_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# A letter of a script that puts spaces between its words; Chinese, Japanese and Korean are left out.
_LETTER = "[^\\W\u2e80-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]"


@dataclass(frozen=True)
class Character:
    """Somebody in a segment; ``id`` is ``""`` or an ``@id``."""

    name: str
    id: str = ""


def compose(
    text: str,
    *,
    characters: Sequence[Character] = (),
    scene: str = "",
    props: Sequence[str] = (),
    intent: str = "",
) -> str:
    """The prompt as it is sent. Line breaks stay; a scene or prop that the text names adds nothing."""
    chinese = _CHINESE.search(text) is not None
    lines = [_call_by_id(text, characters)]
    if scene and not _names(text, scene):
        lines.append(f"场景：{scene}" if chinese else f"Scene: {scene}")
    absent = [prop for prop in dict.fromkeys(props) if prop and not _names(text, prop)]
    if absent:
        lines.append("道具：" + "、".join(absent) if chinese else "Props: " + ", ".join(absent))
    if intent:
        lines.append(f"导演意图：{intent}" if chinese else f"Director's note: {intent}")
    return space_ids("\n".join(lines))


def space_ids(text: str) -> str:
    """Every ``@id`` with white space, or the text's end, on both sides. An e-mail address is no id.

    >>> space_ids("王大力@wangdali_cc满分")
    '王大力 @wangdali_cc 满分'
    """
    done: list[str] = []
    at = 0
    for found in _MAIL_OR_ID.finditer(text):
        if found["id"]:
            _put(done, text[at : found.start()], found["id"], text[found.end() : found.end() + 1])
            at = found.end()
    return "".join([*done, text[at:]])


def _put(done: list[str], before: str, character_id: str, following: str) -> None:
    """Add a stretch of text and an id, set apart from both its neighbours."""
    if before:
        done.append(before)
    if done and not done[-1][-1].isspace():
        done.append(" ")
    done.append(character_id)
    if following and not following.isspace():
        done.append(" ")


def _call_by_id(text: str, characters: Iterable[Character]) -> str:
    """The text with ids for names, outside quotation marks."""
    ids: dict[str, str] = {}
    for character in characters:
        if character.name in text:
            ids[character.name] = ids.get(character.name) or character.id
    if not any(ids.values()):
        return text
    open_to_change = list(gaps(text))
    pattern = _pattern(ids, r"\[\s*(?P<name>{})\s*\]")
    if not any(
        found["name"] for start, end in open_to_change for found in pattern.finditer(text, start, end)
    ):
        pattern = _pattern(ids, "(?P<name>{})")
    done: list[str] = []
    copied = 0
    for start, end in open_to_change:
        while (found := pattern.search(text, start, end)) is not None:
            start = found.end()
            character_id = ids.get(found["name"] or "", "")
            if character_id:
                start = _after_id(text, start, end, character_id)
                _put(done, text[copied : found.start()], character_id, text[start : start + 1])
                copied = start
    return "".join([*done, text[copied:]])


def _pattern(ids: Mapping[str, str], form: str) -> re.Pattern[str]:
    """Finds names, the longest first; those without an id too, so that no part of them is replaced."""
    names = "|".join(_word(name) for name in sorted(ids, key=len, reverse=True))
    return re.compile(f"{_MAIL}|{ID}|" + form.replace("{}", names))


def _after_id(text: str, start: int, end: int, character_id: str) -> int:
    """Where the text goes on after a name, past the name's own id if that follows."""
    own = re.escape(character_id) + f"(?!{ID[1:]})"
    found = re.compile(rf"[^\S\n]*(?:{own}|[(（]\s*{own}\s*[)）])").match(text, start, end)
    return found.end() if found else start


def _names(text: str, part: str) -> bool:
    return part in text and re.search(_word(part), text) is not None


def _word(literal: str) -> str:
    """A pattern for the literal: not inside a longer word, where the script has such a thing."""
    before = f"(?<!{_LETTER})" if re.match(_LETTER, literal) else ""
    after = f"(?!{_LETTER})" if re.search(_LETTER + r"\Z", literal) else ""
    return before + re.escape(literal) + after
