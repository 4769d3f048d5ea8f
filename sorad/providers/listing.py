"""Read a provider's list of tasks back to a moment, or say that it could not be done.

A create whose answer was lost is sent again when its task is not on the list. So half a list must never
pass for a whole one: pages are read until one is empty, or all that follows is surely older. A short page
proves nothing (servers cut page sizes), nor does a page that repeats the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Callable, Optional, Union

from sorad.messages import N_
from sorad.providers import faults
from sorad.providers.base import Fault, RemoteTask, Trouble

SKEW = 600.0  # seconds that the clocks of server and client may be apart
MOST_PAGES = 250
MOST_DETAILS = 100


@dataclass(frozen=True)
class Page:
    """A page of the list. A row that is no task is ``None``."""

    tasks: Sequence[Optional[RemoteTask]]
    total: Optional[int] = None  # tasks on all pages, where the answer says
    last: bool = False  # the answer says that nothing follows
    after: str = ""  # where the next page begins, for APIs that name it by an id


ReadPage = Callable[[int, str], Union[Page, Fault]]
ReadTask = Callable[[str], Union[RemoteTask, Fault, None]]


def read_back(
    page_of: ReadPage, task_of: ReadTask, since: float, page_size: int
) -> Union[list[RemoteTask], Fault]:
    """The tasks created since ``since`` (less :data:`SKEW`), newest first, or why they cannot be had.

    ``page_of(number, after)`` reads a page, counted from 1; ``task_of`` one task, asked for where the list
    does not show a whole prompt.
    """
    found: dict[str, RemoteTask] = {}
    bound, descending, after = since - SKEW, True, ""
    for number in range(1, MOST_PAGES + 1):
        page = page_of(number, after)
        if isinstance(page, Fault):
            return page
        if None in page.tasks:
            return _half(N_("The provider's list of tasks has entries without an id."))
        tasks = [task for task in page.tasks if task is not None]
        fresh = [task for task in tasks if task.remote_id not in found]
        found.update((task.remote_id, task) for task in fresh)
        whole = page.last or not tasks
        if not fresh and not whole:
            # The same page again: paging does not work. Either all fitted on that page, or who knows.
            whole = len(found) == page.total if page.total is not None else len(found) < page_size
            if not whole:
                return _half(N_("The provider's list of tasks cannot be read to its end."))
        times = [task.created_at for task in tasks if task.created_at is not None]
        descending = descending and all(a >= b - SKEW for a, b in zip(times, times[1:]))
        aged = descending and len(times) == len(tasks) > 1 and max(times) < bound
        if whole or aged:
            return _complete(found, task_of, bound)
        after = page.after
    return _half(N_("The provider's list of tasks is too long to be read back far enough."))


def _complete(
    found: dict[str, RemoteTask], task_of: ReadTask, bound: float
) -> Union[list[RemoteTask], Fault]:
    """Those since ``bound``, each with its whole prompt: a cut one would match nothing."""
    rows, asked = [], 0
    for task in found.values():
        if task.created_at is not None and task.created_at < bound:
            continue
        row = task
        if not task.prompt.strip() or task.prompt.rstrip().endswith(("…", "...")):
            asked += 1
            told = task_of(task.remote_id) if asked <= MOST_DETAILS else None
            if isinstance(told, Fault):
                return told
            if told is None or not told.prompt.strip():
                return _half(N_("The provider's list of tasks does not show their prompts."))
            row = replace(told, remote_id=task.remote_id, created_at=task.created_at or told.created_at)
        rows.append(row)
    return sorted(rows, key=lambda row: row.created_at or 0.0, reverse=True)


def _half(reason: str) -> Fault:
    return Fault(Trouble.SERVER, faults.incomplete_list(reason))
