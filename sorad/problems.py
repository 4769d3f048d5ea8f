"""What went wrong, as data: a stable code for programs, a sentence and a mend for people.

A problem is stored untranslated (message ids and parameters) and rendered where it is read, so that
the ledger of a Chinese daemon can be read in English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Optional, Union

from sorad.messages import N_, _
from sorad.plaintext import one_line

Param = Union[str, int, float, "Problem"]

_IN_SEGMENT = re.compile(r"segments\[(?P<at>\d+)\]\.?(?P<rest>.*)", re.DOTALL)
# What follows once something is mended, ``{then}`` in each mend: while sorad runs, and once it has ended.
GOES_ON, AT_NEXT_START = N_("sorad goes on by itself"), N_("it goes on at the next start")
_then: ContextVar[str] = ContextVar("then", default=GOES_ON)
EX_CONFIG = 78  # as in sysexits.h; the systemd unit does not restart on it


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``code`` is dotted and stable (``"storyboard.duration"``). ``message`` and ``fix`` are message ids
    with named fields, which ``params`` fill in; ``fix`` may be empty where nothing can be done.
    A field may be a problem itself, which stays untranslated, too: ``{reason}`` is its sentence,
    ``{reason_fix}`` its mend.
    ``where`` and ``line`` tell the place inside a file (``"segments[3].is_pro"``, 1-based; 0: not known),
    apart from the sentence, so that a sentence from elsewhere can be placed without touching it. ``number`` is
    the user's own for the segment that ``where`` leads into, which people are told in place of its position.
    """

    code: str
    message: str
    fix: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)
    where: str = ""
    line: int = 0
    number: Optional[int] = None

    def text(self) -> str:
        """What happened and at which place, in the language in force."""
        text = _fill(self.message, self.params)
        where = self.place()
        if self.line and where:
            return _("line {line}, {where}: {text}").format(line=self.line, where=where, text=text)
        if self.line:
            return _("line {line}: {text}").format(line=self.line, text=text)
        return _("{where}: {text}").format(where=where, text=text) if where else text

    def place(self) -> str:
        """``where`` as people count: ``segment 3, asset.props no. 1``, in the language in force."""
        found = _IN_SEGMENT.fullmatch(self.where)
        rest = found["rest"] if found else self.where
        steps = []
        if found and self.number is not None:
            steps = [_("segment {number}").format(number=self.number)]
        elif found:
            steps = [_("{field} no. {number}").format(field="segments", number=int(found["at"]) + 1)]
        for step in filter(None, rest.split("].")):
            name, bracket, at = step.rstrip("]").rpartition("[")
            numbered = bracket and at.isdecimal()
            steps.append(
                _("{field} no. {number}").format(field=name, number=int(at) + 1) if numbered else step
            )
        return _(", ").join(steps)

    def fix_text(self) -> str:
        """What to do about it, in the language in force; may be empty."""
        return _fill(self.fix, self.params)

    def __str__(self) -> str:
        text, fix = self.text(), self.fix_text()
        return joined(text, fix)

    def of_take(self, number: int) -> Problem:
        """The same, its mend naming the take as ``{take}``: it was found before the take had a number."""
        if "{take}" not in self.fix or "take" in self.params:
            return self
        return replace(self, params={**self.params, "take": number})

    def to_json(self) -> str:
        """One line of JSON, for the ledger."""
        return json.dumps(self._raw(), ensure_ascii=False, separators=(",", ":"))

    def _raw(self) -> dict[str, object]:
        params = {name: one._raw() if isinstance(one, Problem) else one for name, one in self.params.items()}
        raw: dict[str, object] = {
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
            "params": params,
        }
        if self.where:
            raw["where"] = self.where
        if self.line:
            raw["line"] = self.line
        if self.number is not None:
            raw["number"] = self.number
        return raw

    @classmethod
    def from_json(cls, text: str) -> Problem:
        """The reverse of :meth:`to_json`."""
        return cls._from_raw(json.loads(text))

    @classmethod
    def _from_raw(cls, raw: Mapping[str, Any]) -> Problem:
        params = raw.get("params", {})
        return cls(
            raw["code"],
            raw["message"],
            raw.get("fix", ""),
            {name: cls._from_raw(one) if isinstance(one, dict) else one for name, one in params.items()},
            raw.get("where", ""),
            raw.get("line", 0),
            raw.get("number"),
        )


@contextmanager
def after_the_end(ended: bool = True) -> Iterator[None]:
    """Inside the block, mends are those of a sorad that does not run: what is mended goes on at the next start.

    ``ended``: whether that is so.
    """
    before = _then.set(AT_NEXT_START if ended else GOES_ON)
    try:
        yield
    finally:
        _then.reset(before)


def joined(text: str, fix: str) -> str:
    """One after the other. What ends in a provider's words may lack its full stop; a Chinese one has no gap."""
    if not text or not fix:
        return text or fix
    if text[-1] not in ".!?:…。！？：":
        text += "." if (text[-1] + fix[0]).isascii() else "。"
    gap = "" if text[-1] in "。！？" and not fix[0].isascii() else " "
    return f"{text}{gap}{fix}"


def _fill(template: str, params: Mapping[str, Param]) -> str:
    # "take": of what was found before its take had a number
    told: dict[str, object] = {"take": _("ID"), "then": _(_then.get())}
    for name, one in params.items():
        if isinstance(one, Problem):
            told[name], told[f"{name}_fix"] = one.text(), one.fix_text()
        else:
            told[name] = one_line(one) if isinstance(one, str) else one
    try:
        return _(template).format(**told)
    except (KeyError, IndexError, ValueError):
        return _(template)  # a catalog newer than the ledger row: the bare sentence still helps


class SoradError(Exception):
    """An error that is told to the user as a sentence and a mend, never as a traceback."""

    def __init__(self, problem: Problem, *, exit_code: int = 1) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.exit_code = exit_code

    def __str__(self) -> str:
        return str(self.problem)
