"""Lists of tasks as they are met in the field: late, cut, paged wrongly, with other texts than were sent."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sorad.simulator.faults import Faults
from sorad.simulator.state import Task


@dataclass(frozen=True)
class Oddities:
    """What is odd about the list just now; as it stands here, nothing is.

    ``lag``: seconds until a task shows. ``cap``: only so many of the newest. ``repeats``: each page is the first
    one. ``short``: a page has no more rows than that, though the next one begins where the page that was asked for
    would. ``endless``: it never says that it ends, nor how many there are. ``empty_after``: so many rows come, then
    empty pages, though more are told of. ``stub``: it says for ever that there is nothing. ``back``: its dates are
    so many seconds too early. ``ended``: it shows a task only once that has ended. ``keeps``: so many
    seconds after its create it forgets a task. ``how``: what became of the texts, of
    :data:`sorad.simulator.faults.TEXTS`.
    """

    lag: float = 0.0
    cap: int | None = None
    repeats: bool = False
    short: int | None = None
    endless: bool = False
    empty_after: int | None = None
    stub: bool = False
    back: float = 0.0
    how: str = ""
    ended: bool = False
    keeps: float = math.inf

    @classmethod
    def of(cls, faults: Faults) -> Oddities:
        """As the faults in force say."""
        kinds = ("lag", "cap", "size", "empty", "dates", "text", "forget")
        lag, cap, short, empty, dates, text, forget = (faults.standing(f"list_{kind}") for kind in kinds)
        return cls(
            lag=lag.setting("seconds") if lag else 0.0,
            cap=cap.setting("rows") if cap else None,
            repeats=faults.standing("list_repeat") is not None,
            short=short.setting("rows") if short else None,
            endless=faults.standing("list_more") is not None,
            empty_after=empty.setting("rows") if empty else None,
            stub=faults.standing("list_stub") is not None,
            back=dates.setting("seconds") if dates else 0.0,
            how=text.setting("how") if text else "",
            ended=faults.standing("list_ended") is not None,
            keeps=forget.setting("seconds") if forget else math.inf,
        )

    def shown(self, tasks: Sequence[Task], now: float) -> list[Task]:
        """Those of the tasks, newest first, that the list knows of."""
        if self.stub:
            return []
        known = [task for task in tasks if self.lag <= now - task.created_at <= self.keeps]
        return [task for task in known if not self.ended or now >= task.ready_at][: self.cap]

    def page(self, tasks: Sequence[Task], start: int, size: int) -> list[Task]:
        """The page of ``size`` that begins at row ``start``."""
        start = 0 if self.repeats else start
        end = start + size if self.short is None else start + min(self.short, size)
        return list(tasks[start : end if self.empty_after is None else min(end, self.empty_after)])

    def text(self, prompt: str) -> str:
        """A prompt as the list shows it."""
        if self.how == "lower":
            return prompt.lower()
        if self.how == "at":
            return prompt.replace("@", "")
        if self.how == "halfwidth":
            return unicodedata.normalize("NFKC", prompt).replace("、", ",").replace("。", ".")
        if self.how == "translated":
            return f"A film scene, in translation ({len(prompt)} characters)"
        if self.how == "rewritten":
            return f"Cinematic, 35 mm: {' '.join(reversed(prompt.split()))}"
        return "" if self.how == "none" else prompt
