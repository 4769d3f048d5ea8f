"""The slips that people make in JSON, found where they are made. Pure.

A parser tells where it no longer could go on, which may be lines behind the slip: a text that was closed with
a curly quotation mark ends at the next straight one. This reads as a person does, and stops at the first slip.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from sorad.messages import N_

_CURLY = "“”„‟〝〞＂‘’‚‛"
_FULL_WIDTH = "：，｛｝［］【】、；"
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\r\n]+)
    | (?P<text>"[^"\\\n]*(?:\\.[^"\\\n]*)*")
    | (?P<open>")                                       # not closed on its line
    | (?P<mark>[{{}}\[\],:])
    | (?P<comment>//|/\*|\#)
    | (?P<quote>['`{_CURLY}])
    | (?P<wide>[{_FULL_WIDTH}])
    | (?P<word>[^\s"{{}}\[\],:'`{_CURLY}{_FULL_WIDTH}]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)\Z")
_NUMBER = re.compile(r"[-+.]?\d")
# A mark that was meant to close a text: only signs of JSON between it and the end.
_CLOSED_BY = re.compile(rf"""[{_CURLY}'](?=\s*[,:}}\]{_FULL_WIDTH}][\s,:{{}}\[\]{_FULL_WIDTH}]*\Z|\s*\Z)""")
_RIGHT: Mapping[str, str] = {
    "true": "true",
    "false": "false",
    "none": "null",
    "null": "null",
    "nil": "null",
    "undefined": "null",
}
_NO_NUMBERS = ("nan", "infinity", "-infinity", "+infinity", "inf", "-inf", "+inf")


@dataclass(frozen=True)
class Slip:
    """What is wrong, and where: an offset into the text. ``right`` is what belongs there, where that is one word."""

    at: int
    value: str
    message: str
    fix: str
    right: str = ""


_COMMENT = (
    N_("At column {column} begins a comment ({value}), which JSON does not have."),
    N_('Delete it, or make it a field whose name begins with an underscore: "_comment": "…".'),
)
_TRAILING = (N_("There is a comma too many at column {column}."), N_("Take the comma away."))
_QUOTE = (
    N_("At column {column} stands {value} in place of a straight double quotation mark."),
    N_('Put names and texts in straight double quotation marks: "…".'),
)
_CLOSING = (
    N_("At column {column}, a text is closed with {value} in place of a straight double quotation mark."),
    N_('Close it with ", as it was opened.'),
)
_INNER = (
    N_("At column {column}, a quotation mark inside a text ends it too early."),
    N_('Write quotation marks inside a text as \\", or as “ and ”.'),
)
_WIDE = (
    N_("At column {column} stands {value}, which is not a mark of JSON."),
    N_('Switch the keyboard to English for the marks : , " [ ] {{ }}'),
)
_SPELLED = (N_("At column {column} stands {value}; JSON writes it as {right}."), N_("Write {right}."))
_NO_NUMBER = (
    N_("At column {column} stands {value}, a number that JSON does not have."),
    N_("Write a number in plain digits, such as 10, or null."),
)
_BARE = (
    N_("At column {column} stands {value} without quotation marks."),
    N_('Put names and texts in straight double quotation marks: "…".'),
)


def first_slip(text: str) -> Optional[Slip]:
    """The first slip that is known; ``None``: none, or what is wrong is nothing of this kind."""
    reader = _Reader(text)
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "space":
            continue
        slip = reader.read(token)
        if slip is not None or reader.lost:
            return slip
    return None


# What may come after a mark, and which bracket one closes.
_AFTER: Mapping[str, str] = {"{": "name", "[": "value", ":": "value", "}": "comma", "]": "comma"}
_OPENING: Mapping[str, str] = {"}": "{", "]": "["}


@dataclass
class _Reader:
    """Where in a JSON text we are: in which brackets, and what may come next."""

    text: str
    want: str = "value"  # or "name", "colon", "comma"
    brackets: list[str] = field(default_factory=list)
    lost: bool = False  # what comes next cannot be told
    before: Optional[re.Match[str]] = None

    def read(self, token: re.Match[str]) -> Optional[Slip]:
        """Take one token in: the slip that it is, or shows."""
        kind, sign = token.lastgroup, token[0]
        if kind == "open":
            self.lost = True
            return self._not_closed(token)
        if kind == "mark":
            slip = self._mark(token)
        elif self.want in ("comma", "colon"):
            self.lost = True
            slip = self._runs_on(token)
        elif kind == "text":
            self.want, slip = ("colon" if self.want == "name" else "comma"), None
        elif kind == "word" and self.want == "value" and _WORD.match(sign):
            self.want, slip = "comma", None
        else:
            self.lost = True
            slip = _odd(token)
        self.before = token
        return slip

    def _mark(self, token: re.Match[str]) -> Optional[Slip]:
        sign = token[0]
        inside = self.brackets[-1:]
        if not self._fits(sign, inside):
            self.lost = True
            if self._after_comma() and self.before is not None and sign in "}],":
                return _slip(_TRAILING, self.before if sign != "," else token)
            return self._closed_by_another() if self.want in ("comma", "colon") else None
        if sign in "{[":
            self.brackets.append(sign)
        elif sign in "}]":
            self.brackets.pop()
        self.want = _AFTER.get(sign) or ("name" if inside == ["{"] else "value")
        return None

    def _fits(self, sign: str, inside: list[str]) -> bool:
        if sign in _OPENING:
            return (
                self.want in ("comma", _AFTER[_OPENING[sign]])
                and inside == [_OPENING[sign]]
                and not self._after_comma()
            )
        return self.want == ("comma" if sign == "," else "colon" if sign == ":" else "value") and (
            sign != "," or bool(inside)
        )

    def _after_comma(self) -> bool:
        return self.before is not None and self.before[0] == ","

    def _runs_on(self, token: re.Match[str]) -> Optional[Slip]:
        """Something stands where a comma, a colon or a closing bracket belongs."""
        closed = self._closed_by_another()
        if closed is not None:
            return closed
        before = self.before
        touches = before is not None and before.end() == token.start()
        if before is not None and before.lastgroup == "text" and self._is_inside(token, touches=touches):
            return Slip(before.end() - 1, '"', *_INNER)
        return _slip(_COMMENT, token) if token.lastgroup == "comment" else _wide(token)

    def _is_inside(self, token: re.Match[str], *, touches: bool) -> bool:
        """Whether what follows a text looks like the rest of it."""
        following = self.text[token.end() : token.end() + 200].lstrip(" \t")
        if token.lastgroup == "wide":
            right = self.want == "colon" and token[0] == "："
            return touches and not right and not re.match(r'["“{\[}\]\r\n\d-]|\Z|true|false|null', following)
        if token.lastgroup == "text":
            return self.brackets[-1:] == ["{"] and not self._begins_anew(token, following)
        if token.lastgroup == "comment":
            return touches and '"' in following.split("\n")[0]
        return bool(self.brackets) and '"' in self.text[token.end() : token.end() + 2000].split("\n")[0]

    def _begins_anew(self, token: re.Match[str], following: str) -> bool:
        """Whether a text after a text is a name, before which a comma is missing, or what a colon is missing before."""
        between = self.text[self.before.end() : token.start()] if self.before is not None else ""
        return self.want == "colon" or following[:1] == ":" or "\n" in between

    def _closed_by_another(self) -> Optional[Slip]:
        """The text before was meant to end at a mark that does not end it."""
        if self.before is None or self.before.lastgroup != "text":
            return None
        found = _CLOSED_BY.search(self.text, self.before.start() + 1, self.before.end() - 1)
        if found is None or not self.text[found.end() : self.before.end() - 1].strip():
            return None  # the last in a text: “like this”
        return Slip(found.start(), found[0], *_CLOSING)

    def _not_closed(self, token: re.Match[str]) -> Optional[Slip]:
        end = self.text.find("\n", token.end())
        found = _CLOSED_BY.search(self.text, token.end(), len(self.text) if end < 0 else end)
        return Slip(found.start(), found[0], *_CLOSING) if found else None


def _odd(token: re.Match[str]) -> Optional[Slip]:
    """What stands where a name or a value belongs."""
    kind, sign = token.lastgroup, token[0]
    if kind == "comment":
        return _slip(_COMMENT, token)
    if kind == "quote":
        return _slip(_QUOTE, token)
    if kind != "word":
        return _wide(token)
    bare = sign.casefold()
    if bare in _NO_NUMBERS:
        return _slip(_NO_NUMBER, token)
    if bare in _RIGHT:
        right = _RIGHT[bare]
        return Slip(token.start(), sign, *_SPELLED, right=right) if right != sign else None
    return _slip(_NO_NUMBER if _NUMBER.match(sign) else _BARE, token)


def _wide(token: re.Match[str]) -> Optional[Slip]:
    return _slip(_WIDE, token) if token.lastgroup in ("wide", "quote") else None


def _slip(sentence: tuple[str, str], token: re.Match[str]) -> Slip:
    return Slip(token.start(), token[0][:20], *sentence)
