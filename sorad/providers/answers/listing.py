"""Read a provider's list of tasks back to a moment, and tell how far it proves that a task is not there.

A create whose answer was lost is sent again when its task is not on the list. So half a list must never pass for
a whole one, and lists are halved in many ways: they page wrongly, cut pages, end too early, show only the newest.
What came is told all the same: a task that is on half a list is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable, Optional, Union

from sorad.messages import N_
from sorad.providers.base import Fault, Listed, RemoteTask, Trouble
from sorad.providers.errors import faults

MOST_PAGES = 250
MOST_DETAILS = 100
# Rows may be out of order by so many seconds in a list that counts as "newest first".
ORDER = 60.0


@dataclass(frozen=True)
class Page:
    """A page of the list. A row that is no task is ``None``."""

    tasks: Sequence[Optional[RemoteTask]]
    total: Optional[int] = None  # tasks on all pages, where the answer says
    more: Optional[bool] = None  # whether something follows, where the answer says
    after: str = ""  # where the next page begins, for APIs that name it by an id; the others count pages


# A page by its number, counted from 1, by where it begins, and by how many rows are asked for.
ReadPage = Callable[[int, str, int], Union[Page, Fault]]
ReadTask = Callable[[str], Union[RemoteTask, Fault, None]]


def read_back(page_of: ReadPage, task_of: ReadTask, since: float, page_size: int) -> Union[Listed, Fault]:
    """The tasks created since ``since`` (epoch seconds, the provider's clock), or why they cannot be had.

    ``task_of`` reads one task; it is asked for where the list does not show a whole prompt.
    """
    came = _read(page_of, since, page_size)
    if isinstance(came, _Reading) and came.gap:
        # Pages of the size that the server gives leave no gap, however it counts.
        again = _read(page_of, since, came.first)
        if isinstance(again, _Reading):
            again.found = {**came.found, **again.found}
        came = again
    return came if isinstance(came, Fault) else _listed(came, task_of, since)


def joined(lists: Sequence[Listed]) -> Listed:
    """Several lists of one account, each of other tasks, as one: it is no surer than the least sure of them."""
    whole = lists[0] if lists else Listed((), ended=True)
    for one in lists[1:]:
        both = None if None in (whole.back_to, one.back_to) else max(whole.back_to or 0.0, one.back_to or 0.0)
        whole = Listed(
            tuple(sorted(whole.tasks + one.tasks, key=lambda row: row.created_at or 0.0, reverse=True)),
            ids=whole.ids | one.ids,
            dates={**whole.dates, **one.dates},
            counted=whole.counted and one.counted,
            ended=whole.ended and one.ended,
            said_so=whole.said_so and one.said_so,
            back_to=both,
            doubt=whole.doubt or one.doubt,
        )
    return whole


def _read(page_of: ReadPage, since: float, size: int) -> Union[_Reading, Fault]:
    came, after = _Reading(size), ""
    for number in range(1, MOST_PAGES + 1):
        page = page_of(number, after, size)
        if isinstance(page, Fault):
            return page
        if came.enter(page) or (came.back_to is not None and came.back_to < since):
            return came
        after = page.after
    came.doubt = N_("The provider's list of tasks is too long to be read back far enough.")
    return came


@dataclass
class _Reading:
    """What came of a list, page by page."""

    size: int  # rows that were asked for in a page
    found: dict[str, RemoteTask] = field(default_factory=dict)
    first: int = 0  # rows of the first page
    totals: list[Optional[int]] = field(default_factory=list)  # as each page says
    ended: bool = False
    said_so: bool = False
    gap: bool = False  # rows may be missing between two pages
    broken: bool = False  # what came is no proof at all
    doubt: str = ""  # message id: why what came may not be all
    high: float = float("-inf")  # the time of the first row
    low: float = float("inf")  # the oldest time
    rise: float = 0.0  # how much younger a row was than one before it, at most
    dated: int = 0  # rows with a time
    in_order: bool = True
    short: bool = False  # the last page had fewer rows than were asked for, where pages are counted
    more: bool = False  # it said that more follow

    @property
    def back_to(self) -> Optional[float]:
        """Since when every task came, by the order of the rows; ``None``: the order does not tell."""
        in_order = self.in_order and not self.gap and not self.broken
        return self.low + ORDER if in_order and self._newest_first else None

    @property
    def _newest_first(self) -> bool:
        """Whether the times fall rather than rise: oldest first, a page of one busy minute looks in order, too."""
        return self.high - self.low > self.rise or (self.dated == 1 and self.ended and self.said_so)

    @property
    def counted(self) -> bool:
        """Whether as many came as there are in all. Some may have been added while they were read."""
        told = [total for total in self.totals if total is not None]
        whole = bool(told) and len(told) == len(self.totals) and not self.broken
        return whole and told[0] <= len(self.found) <= max(told)

    @property
    def shows_fewer(self) -> bool:
        """Whether fewer came than a page says there are."""
        return any(total is not None and total > len(self.found) for total in self.totals)

    def enter(self, page: Page) -> bool:
        """Enter the next page; whether it is the last one that can be had."""
        tasks = [task for task in page.tasks if task is not None]
        if len(tasks) < len(page.tasks):
            self.broken, self.doubt = True, N_("The provider's list of tasks has entries without an id.")
        news = self._add(tasks)
        self._see_gap(page, news=news)
        self.first = self.first or len(page.tasks)
        self.totals.append(page.total)
        self._see_order(tasks)
        self._see_end(page)
        stuck = bool(tasks) and not news and page.more is not False  # the same again: paging does not work
        self._see_doubt(endless=stuck or (not tasks and not self.ended))
        return self.ended or stuck or self.gap or not page.tasks

    def _add(self, tasks: Sequence[RemoteTask]) -> bool:
        """Enter these rows; whether one of them is new."""
        before = len(self.found)
        for task in tasks:
            if _is_another(self.found.setdefault(task.remote_id, task), task):
                self.broken, self.doubt = (
                    True,
                    N_("The provider's list of tasks shows one id for several tasks."),
                )
        return len(self.found) > before

    def _see_gap(self, page: Page, *, news: bool) -> None:
        """Where pages are counted, one that follows on a short one may begin behind rows that never came."""
        self.gap = self.gap or (self.short and (news or self.more))
        self.short, self.more = len(page.tasks) < self.size and not page.after, page.more is True

    def _see_end(self, page: Page) -> None:
        if page.more is False or not page.tasks:
            self.ended, self.said_so = page.more is not True, page.more is False

    def _see_doubt(self, *, endless: bool) -> None:
        """The first doubt stays. ``endless``: no more can be had, though the end did not come."""
        if self.gap:
            self.doubt = self.doubt or N_("The provider's list of tasks has gaps between its pages.")
        elif endless:
            self.doubt = self.doubt or N_("The provider's list of tasks cannot be read to its end.")

    def _see_order(self, tasks: Sequence[RemoteTask]) -> None:
        for task in tasks:
            if task.created_at is None:
                self.in_order = False
                continue
            self.high = task.created_at if not self.dated else self.high
            self.dated += 1
            self.rise = max(self.rise, task.created_at - self.low)
            self.in_order = self.in_order and self.rise <= ORDER
            self.low = min(self.low, task.created_at)


def _is_another(one: RemoteTask, other: RemoteTask) -> bool:
    """Whether two rows of one id are about two tasks: a row may come again on the next page, as it was."""
    return one.prompt != other.prompt or one.created_at != other.created_at


def _listed(came: _Reading, task_of: ReadTask, since: float) -> Union[Listed, Fault]:
    rows = _with_prompts(came.found.values(), task_of, since)
    if isinstance(rows, Fault):
        return rows
    few = came.shows_fewer
    doubt = came.doubt or (N_("The provider's list of tasks tells of more than it shows.") if few else "")
    return Listed(
        tuple(sorted(rows, key=lambda row: row.created_at or 0.0, reverse=True)),
        ids=frozenset(came.found),
        dates={one: row.created_at for one, row in came.found.items() if row.created_at is not None},
        counted=came.counted,
        ended=came.ended and not came.gap and not came.broken and not few,
        said_so=came.said_so,
        back_to=came.back_to,
        doubt=faults.incomplete_list(doubt) if doubt else None,
    )


def _with_prompts(
    found: Iterable[RemoteTask], task_of: ReadTask, since: float
) -> Union[list[RemoteTask], Fault]:
    """Those since shortly before then, each with its whole prompt, where that can be had: a cut one matches nothing."""
    rows, asked = [], 0
    for task in found:
        if task.created_at is not None and task.created_at < since - ORDER:
            continue
        row = task
        if asked < MOST_DETAILS and (not task.prompt.strip() or task.prompt.rstrip().endswith(("…", "..."))):
            asked += 1
            told = task_of(task.remote_id)
            if isinstance(told, Fault) and told.trouble in (Trouble.TRANSPORT, Trouble.RATE):
                return told
            if isinstance(told, RemoteTask) and told.prompt.strip():
                row = _with_details(task, told)
        rows.append(row)
    return rows


def _with_details(task: RemoteTask, told: RemoteTask) -> RemoteTask:
    """The row of a list, as the task by itself tells it; with what the row alone shows."""
    return replace(
        told,
        remote_id=task.remote_id,
        created_at=task.created_at or told.created_at,
        own_id=task.own_id if told.own_id is None else told.own_id,
        shown={**task.shown, **told.shown},
    )
