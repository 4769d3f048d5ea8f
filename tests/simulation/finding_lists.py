"""The simulated provider as each kind of ``find`` has it: what its list shows of a task, how late, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional, Union

from sorad.model import Request
from sorad.providers.base import Created, Fault, Listed, Refused, RemoteTask, Trouble
from sorad.providers.finding import Find, Finding

if TYPE_CHECKING:
    from world import SimProvider, Task

SHOWN = ("model", "seconds", "resolution", "ratio", "audio")


def shape_of(request: Request) -> dict[str, Any]:
    """What a create of it says."""
    return {
        "model": request.model or "sim-1",
        "seconds": request.seconds,
        "resolution": request.resolution or "720p",
        "ratio": {"horizontal": "16:9", "vertical": "9:16"}.get(request.orientation, request.orientation),
        "audio": True,
    }


@dataclass
class FindingList:
    """A provider's list, as its ``find`` is. ``late``: seconds until it shows a task, by id and in the list.

    ``forgets``: seconds after which it shows one no more. ``drops``: it shows neither texts nor ids any more.
    ``unique``: an own id that was accepted before is refused as a wrong parameter.
    """

    find: Finding
    late: float = 0.0
    forgets: float = float("inf")
    drops: bool = False
    unique: bool = False

    def there(self, task: Task, now: float) -> bool:
        """Whether it is shown now."""
        return task.created_at + self.late <= now < task.created_at + self.forgets

    def row(self, task: Task, created_at: float, now: float) -> RemoteTask:
        """A task as it is shown."""
        how, request, ended = self.find.how, task.request, now >= task.ready_at
        told = how is Find.TEXT or (how is Find.TEXT_LATER and ended and not task.fails)
        row = RemoteTask(
            task.remote_id,
            request.prompt if told and not self.drops else "",
            created_at,
            shown=shape_of(request),
            running=not ended,
        )
        return replace(row, own_id="" if self.drops else task.own_id) if how.by_id else row


def finds(
    provider: SimProvider, how: Find, seen_after: float = 120.0, kept_for: float = 86_400.0, **odd: Any
) -> FindingList:
    """From now on the provider is of that kind; sorad is told the facts. ``odd``: see :class:`FindingList`."""
    found = FindingList(Finding(how, seen_after, kept_for, odd.pop("exact", False)), **odd)
    lists = how is not Find.NONE
    provider.capabilities = replace(provider.capabilities, finding=found.find, lists_tasks=lists)
    provider.finding = found
    return found


def refused_id(provider: SimProvider, own_id: str) -> Optional[Created]:
    """The refusal of an id that was accepted before."""
    if provider.finding is None or not provider.finding.unique:
        return None
    if not any(task.own_id == own_id for task in provider.tasks.values()):
        return None
    from world import SAID

    return Refused(Fault(Trouble.REQUEST, SAID))


def recent(provider: SimProvider, since: float, own_id: str) -> Union[Listed, Fault]:
    """The list, and by an own id what it finds."""
    found, now = provider.finding, provider.clock.now
    assert found is not None
    there = [task for task in reversed(provider.all_tasks()) if found.there(task, now)]
    rows = [found.row(task, task.created_at + provider.skew, now) for task in there]
    listed = provider.list.read(rows, since)
    if isinstance(listed, Fault) or found.find.how is not Find.OWN_ID or found.drops:
        return listed
    known = {task.remote_id for task in listed.tasks}
    asked = [row for row in rows if row.own_id == own_id and own_id and row.remote_id not in known]
    return replace(listed, tasks=(*listed.tasks, *asked), ids=listed.ids | {row.remote_id for row in asked})
