"""The native formats: what they share. Each tells its paths, reads a create, and shows a task; errors are data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sorad.simulator.given import told
from sorad.simulator.lists import Oddities
from sorad.simulator.route import Book, Route
from sorad.simulator.state import NoMoney, NoRoom, Order, Task, stage
from sorad.simulator.wire import Answer, Call, json_answer

KEY_HEADERS = ("authorization", "x-goog-api-key")
PLAIN_STAGES = {"pending": "queued", "processing": "running", "completed": "succeeded", "failed": "failed"}


class NativeFormat:
    """One of them. ``refusals``: by kind of error the HTTP status and the body; what is not named is
    answered as a path that is not there."""

    wire = ""
    base = ""
    refusals: Mapping[str, tuple[int, Any]] = MappingProxyType({})
    without_id: Any = None  # a create's good answer without one
    stages: Mapping[str, str] = PLAIN_STAGES

    def __init__(self, book: Book) -> None:
        self._book = book

    # --- what a format says of itself --------------------------------------------------------------------

    def owns(self, call: Call) -> bool:
        """Whether a call is in this format."""
        raise NotImplementedError

    def key(self, call: Call) -> str:
        """The key in a call."""
        return call.key

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is (the target of faults: "create", "poll", "list"…), and of which task."""
        raise NotImplementedError

    def order(self, call: Call) -> Order | str:
        """The order in a create, or the name of what is wrong with it."""
        raise NotImplementedError

    def created(self, task: Task) -> Any:
        """The answer to a create that is accepted."""
        raise NotImplementedError

    def shown(self, task: Task) -> Any:
        """The answer to a poll."""
        return None

    def answer(self, call: Call, task: Task) -> Answer:
        """The same, where it has a status of its own."""
        return json_answer(200, self.shown(task))

    def file(self, task: Task) -> Any:
        """What is told of the file of a video."""
        return {}

    def moved(self, task: Task) -> Answer:
        """A video that the API itself does not serve: sent on to the host that does."""
        url = self.url(task)
        return Answer(302, b"", {"location": url}) if url else self.refusal("lost_task")

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """A page of its list; ``tasks``: all that it knows of, newest first. ``None``: bad parameters."""
        return None

    def account(self, call: Call) -> Any:
        """The answer to what is no matter of a task: the balance…"""
        return {}

    # --- what all do the same ----------------------------------------------------------------------------

    def route(self, call: Call) -> Route | None:
        """What a call asks for; ``None`` where there is nothing at its path."""
        found = self.place(call)
        if found is None:
            return None
        target, task_id = found
        if target == "create":
            order = self.order(call)
            if isinstance(order, Order):  # what is none is refused, whatever it holds
                self._book.album.keep(call.json())
            prompt = order.prompt if isinstance(order, Order) else ""
            return Route("create", prompt, prompt, lambda: self._create(order))
        if target == "list":
            return Route("list", "", "", lambda: self._list(call))
        if target == "account":
            return Route("account", "", "", lambda: json_answer(200, self.account(call)))
        return self._on_task(call, target, task_id)

    def _on_task(self, call: Call, target: str, task_id: str) -> Route:
        acts: Mapping[str, Callable[[Task], Answer]] = {
            "poll": lambda task: self.answer(call, task),
            "file": lambda task: json_answer(200, self.file(task)),
            "moved": self.moved,
            "delete": self._delete,
            "download": lambda task: self.refusal("lost_task"),
        }
        act, lost = acts[target], lambda: self.refusal("lost_task")
        return self._book.on_task(
            self.wire, task_id, "poll" if target in ("file", "moved") else target, act, lost
        )

    def refusal(self, kind: str, status: int | None = None) -> Answer:
        """An error, or for ``no_id`` a create's good answer without one; over ``status`` where it is given."""
        if kind == "no_id":
            return json_answer(status or 200, copy.deepcopy(self.without_id))
        usual, body = self.refusals.get(kind) or self.refusals["path"]
        return json_answer(status or usual, body)

    def downloadable(self, task_id: str) -> Task | None:
        """The task whose video the API itself can serve now."""
        task = self._book.account.get(self.wire, task_id)
        done = task is not None and self.status(task) == "completed"
        return (
            task if done and task is not None and self.now < task.ready_at + self._book.url_seconds else None
        )

    def status(self, task: Task) -> str:
        """How it stands, in the simulator's words."""
        return stage(task, self.now).status

    def word(self, task: Task) -> str:
        """The same in those of the format."""
        return self.stages[self.status(task)]

    def url(self, task: Task) -> str | None:
        """Where the video is, once there is one."""
        return self._book.video_url(task) if self.status(task) == "completed" else None

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return self._book.clock.time()

    def odd(self) -> Oddities:
        """What is odd about its list just now."""
        return Oddities.of(self._book.faults)

    def skew(self) -> float:
        """Seconds by which the times in its answers are off."""
        return self._book.faults.skew() - self.odd().back

    def _create(self, order: Order | str) -> Answer:
        if isinstance(order, str):
            return self.bad(order)
        order = replace(order, image=told(order.image))
        try:
            return json_answer(200, self.created(self._book.account.create(self.wire, order)))
        except NoMoney:
            return self.refusal("balance")
        except NoRoom:
            return self._book.no_room(self.refusal("rate"))

    def bad(self, name: str) -> Answer:
        """A parameter is wrong."""
        return self.refusal("parameters")

    def _list(self, call: Call) -> Answer:
        odd = Oddities.of(self._book.faults)
        page = self.page(call, odd.shown(self._book.account.newest(self.wire), self.now), odd)
        return self.refusal("parameters") if page is None else json_answer(200, page)

    def _delete(self, task: Task) -> Answer:
        if self.status(task) == "processing":
            return self.refusal("parameters")
        self._book.account.delete(task)
        return json_answer(200, {})


def member(raw: Any, name: str) -> dict[str, Any]:
    """An object in an object; an empty one where there is none."""
    found = raw.get(name) if isinstance(raw, dict) else None
    return found if isinstance(found, dict) else {}


def is_text(value: Any, most: int) -> bool:
    """Whether it is a text that a prompt may be."""
    return isinstance(value, str) and 1 <= len(value) <= most


def is_length(value: Any, least: int, most: int) -> bool:
    """Whether it is a number of seconds that is on offer."""
    return type(value) is int and least <= value <= most


def orientation_of(ratio: str) -> str:
    """``vertical`` for what is higher than wide."""
    return "vertical" if ratio in ("9:16", "3:4") else "horizontal"


def counted(call: Call, number: str, size: str, usual: int, first: int = 1) -> tuple[int, int] | None:
    """Where a counted page begins, and its rows; ``None`` where the parameters make no sense. ``number`` and ``size``:
    the names of the parameters; ``first``: the number of the first page."""
    try:
        page, rows = int(call.query.get(number, first)), int(call.query.get(size, usual))
    except ValueError:
        return None
    return ((page - first) * rows, rows) if page >= first and 1 <= rows <= 500 else None
