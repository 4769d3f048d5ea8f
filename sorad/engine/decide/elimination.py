"""Which row of a list without texts is a lost create's, because no other can be. Pure.

That is exact where one create is lost, nothing else is open at the account, and one row of just its shape, made when it
left, is nobody's. Anything less is for the user. Another program may have bought just that just then, and ours may not
have been accepted: `tag_creates` and ids of our own, where an API takes them, leave no such doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from sorad.engine.decide.absence import MEASURED, View, blocking_tasks
from sorad.engine.decide.kinds import Kind
from sorad.engine.decide.matching import alike
from sorad.engine.decide.shapes import by_shape
from sorad.providers.base import RemoteTask

# A create that was answered in no time may have been accepted so many seconds after it left, at the latest.
LATEST = 300.0


@dataclass(frozen=True)
class Eliminated:
    """``task``: it is ours. ``doubtful``: any of these may be, and the user decides. Neither: none is there."""

    task: Optional[RemoteTask] = None
    doubtful: tuple[RemoteTask, ...] = ()


def eliminated(view: View) -> Eliminated:
    """What is left of a list, once it must show the task if that was accepted."""
    left = tuple(blocking_tasks(view))
    if not left:
        return Eliminated()
    others = any(alike(other, view.take, view.finding) for other in view.others)
    if len(left) == 1 and not others and _is_exact(view, left[0]):
        return Eliminated(left[0])
    return Eliminated(doubtful=left)


def _is_exact(view: View, row: RemoteTask) -> bool:
    """Whether it is of just the shape that was sent, and was made when the create was under way."""
    listed = any(task.remote_id == row.remote_id for task in view.listed.tasks)
    latest = view.intent_at - min(view.ahead, 0.0) + MEASURED + LATEST
    in_time = row.created_at is not None and view.start <= row.created_at <= latest
    return listed and in_time and view.measured and by_shape(view.take.said, row.shown) is Kind.OURS
