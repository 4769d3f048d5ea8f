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
``林走进树林``, ``[林]走进树林``         林 → @lin                 ``林走进树林``, ``@lin 走进树林``
``Alice waves``                        ``"Alice (@alice)"``      ``@alice waves``
=====================================  ========================  ====================================

A name that its own id follows, in brackets or not, is an author's way of naming one person once: both
together become the id. Names are told apart by case, and none is looked for inside an ``@id``. A name of one
letter is part of too many words (树林, "A cat"): it is one only in brackets.

What was bought stays bought when these rules change: :data:`EARLIER` ones can still be asked for, and a text that
they made counts as bought (see :mod:`sorad.intake.older_versions`). 1: a name of one letter anywhere, and no ids in
names. 2: a segment says text, picture, length, direction and pro; all else is left out, ``defaults`` and ``characters``
of the storyboard, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sorad.storyboard.quotes import gaps

ID = r"@[A-Za-z0-9_.-]*[A-Za-z0-9_]"  # a full stop or dash behind it belongs to the sentence
# The lookbehind has a run of letters tried once, not once for each of its letters.
_MAIL = r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}"
_MAIL_OR_ID = re.compile(f"{_MAIL}|(?P<id>{ID})")

RULES = 3  # by which requests are built; raised with every change that changes one
EARLIER = (2, 1)  # whose requests may have been bought, the latest first
LEFT_OUT = 2  # by which fields that came later were left out

_NAME_AND_ID = re.compile(rf"\s*(?P<name>[^@]*[^@\s(（])\s*(?:[(（]\s*)?(?P<id>{ID})\s*[)）]?\s*")

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
    rules: int = RULES,
) -> str:
    """The prompt as it is sent, by the ``rules`` in force or :data:`EARLIER` ones.

    Line breaks stay; a scene or prop that the text names adds nothing.
    """
    chinese = _CHINESE.search(text) is not None
    lines = [_call_by_id(text, characters if rules == 1 else map(apart, characters), rules)]
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


def apart(character: Character) -> Character:
    """``Alice (@alice)`` without an id is the name Alice with that id; an e-mail address is a name."""
    found = _NAME_AND_ID.fullmatch(character.name) if len(character.name) < 200 else None
    if character.id or found is None or re.fullmatch(_MAIL, character.name.strip()):
        return character
    name = found["name"].strip().removeprefix("[").removesuffix("]").strip()
    return Character(name, found["id"]) if name else character


def _call_by_id(text: str, characters: Iterable[Character], rules: int) -> str:
    """The text with ids for names, outside quotation marks."""
    ids: dict[str, str] = {}
    for character in characters:
        if character.name in text:
            ids[character.name] = ids.get(character.name) or character.id
    if not any(ids.values()):
        return text
    open_to_change = list(gaps(text))
    pattern = _form(text, open_to_change, ids, rules)
    done: list[str] = []
    copied = 0
    for start, end in open_to_change:
        while (found := pattern.search(text, start, end)) is not None:
            start = found.end()
            character_id = ids.get(_name(found), "")
            if character_id:
                start = _after_id(text, start, end, character_id)
                _put(done, text[copied : found.start()], character_id, text[start : start + 1])
                copied = start
    return "".join([*done, text[copied:]])


def _form(text: str, places: Sequence[tuple[int, int]], names: Iterable[str], rules: int) -> re.Pattern[str]:
    """How the text writes names: where one stands in brackets, they are names only there."""
    names = list(names)
    short = [name for name in names if len(name) == 1 and rules > 1]
    bracketed = _pattern(names, ())
    found = [one for start, end in places for one in bracketed.finditer(text, start, end)]
    if any(_name(one) and _name(one) not in short for one in found):
        return bracketed
    return _pattern(short, [name for name in names if name not in short])


def _pattern(bracketed: Sequence[str], bare: Sequence[str]) -> re.Pattern[str]:
    """Finds names, the longest first; those without an id too, so that no part of them is replaced."""

    def any_of(names: Sequence[str]) -> str:
        return "|".join(_word(name) for name in sorted(names, key=len, reverse=True))

    forms = [_MAIL, ID]
    forms += [rf"\[\s*(?P<bracketed>{any_of(bracketed)})\s*\]"] if bracketed else []
    forms += [f"(?P<bare>{any_of(bare)})"] if bare else []
    return re.compile("|".join(forms))


def _name(found: re.Match[str]) -> str:
    """The name that was found; ``""``: it is an address or an id."""
    return next((name for name in found.groupdict().values() if name), "")


def _after_id(text: str, start: int, end: int, character_id: str) -> int:
    """Where the text goes on after a name, past the name's own id if that follows."""
    own = re.escape(character_id) + f"(?!{ID[1:]})"
    found = re.compile(rf"[^\S\n]*(?:{own}|[(（]\s*{own}\s*[)）])").match(text, start, end)
    return found.end() if found else start


def unquoted(text: str) -> str:
    """What stands outside of quotation marks, for :func:`is_named`."""
    return "\n".join(text[start:end] for start, end in gaps(text))


def is_named(plain: str, name: str) -> bool:
    """Whether a text without its quotations names somebody; a name of one letter counts in brackets alone.

    >>> is_named('Alice waves', 'Alice'), is_named(unquoted('"Alice!"'), 'Alice'), is_named('林走进树林', '林')
    (True, False, False)
    """
    return _names(plain, f"[{name}]" if len(name) == 1 else name)


def _names(text: str, part: str) -> bool:
    return part in text and re.search(_word(part), text) is not None


def _word(literal: str) -> str:
    """A pattern for the literal: not inside a longer word, where the script has such a thing."""
    before = f"(?<!{_LETTER})" if re.match(_LETTER, literal) else ""
    after = f"(?!{_LETTER})" if re.search(_LETTER + r"\Z", literal) else ""
    return before + re.escape(literal) + after
