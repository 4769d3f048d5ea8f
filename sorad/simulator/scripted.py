"""Answering calls from a script, in either format. What the script leaves out, the simulator answers itself."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from sorad.simulator import downloads
from sorad.simulator.mp4 import movie
from sorad.simulator.route import Book, Format, Route
from sorad.simulator.script import Script, ScriptedAnswer
from sorad.simulator.state import Order
from sorad.simulator.strike import strike
from sorad.simulator.wire import Answer, Call, Reply, json_answer

NOTE = "script"


class Play:
    """A script that is being played: who was told what. Safe to use from several threads.

    Creates and lists go through the answers together; polls and downloads each task for itself.
    """

    def __init__(self, script: Script, book: Book, host: Callable[[], str]) -> None:
        """``host`` tells the server's host and port, which are not known before it listens."""
        self._script = script
        self._book = book
        self._host = host
        self._lock = threading.Lock()
        self._given: Counter[tuple[str, str]] = Counter()

    def route(self, call: Call, api: Format, route: Route) -> Route:
        """``route`` with the script's answer, where there is one. A list that has none is not there."""
        target = route.target
        if target not in self._script.answers:
            missing = dataclasses.replace(route, act=lambda: api.refusal("path"))
            return missing if target == "list" else route
        if target == "create":
            return dataclasses.replace(
                route, act=lambda: self._create(api.wire, api.order(call), route.prompt)
            )
        return dataclasses.replace(
            route, act=lambda: self._say(self._next(target, route.subject)[0], route.subject)
        )

    def content(self, call: Call, task_id: str) -> Reply:
        """The script's answer to a download from the API itself: the video, unless it says otherwise.

        An answer of 200 without a body is the video, too.
        """
        if "content" not in self._script.answers:
            return self.video(call)
        answer, _number = self._next("content", task_id)
        whole = answer.status == 200 and answer.body is None
        return self.video(call) if whole else self._say(answer, task_id)

    def video(self, call: Call) -> Reply:
        """A video, whatever is asked for, with the fault that strikes downloads."""
        if call.method not in ("GET", "HEAD"):
            return downloads.refusal("path", 404)
        fault = self._book.faults.pick("download", call.path, "")
        if fault is not None and fault.kind == "expired":
            return downloads.denied(fault.setting("status"))
        found = movie(call.path, "", seconds=10, orientation="horizontal", size=self._book.file_size)
        route = Route("download", call.path, "", lambda: downloads.serve(call, found, fault))
        return strike(fault, route, downloads.refusal) if fault is not None else route.act()

    def _create(self, wire: str, order: Order | str, prompt: str) -> Answer:
        """A task that the script accepts is accepted, whatever there is to say against its order."""
        answer, number = self._next("create", "")
        if not answer.accept:
            return self._say(answer, self._script.task_id or _unused_id(number))
        wanted = order if isinstance(order, Order) else Order(prompt)
        return self._say(answer, self._book.account.accept(wire, wanted, self._script.task_id).id)

    def _next(self, call: str, subject: str) -> tuple[ScriptedAnswer, int]:
        """The answer that is due, and its number in the order they are given, from 1."""
        answers = self._script.answers[call]
        with self._lock:
            self._given[call, subject] += 1
            number = self._given[call, subject]
        return answers[min(number, len(answers)) - 1], number

    def _say(self, answer: ScriptedAnswer, task_id: str) -> Answer:
        values = {"id": task_id, "host": self._host(), "now": int(self._book.clock.time())}
        headers, body = answer.filled(values)
        return _written(answer.status, headers, body)


def _written(status: int, headers: dict[str, str], body: Any) -> Answer:
    if body is None or isinstance(body, str):
        data = (body or "").encode("utf-8", "backslashreplace")
        return Answer(status, data, {"content-type": "text/plain; charset=utf-8", **headers}, note=NOTE)
    return json_answer(status, body, headers, note=NOTE)


def _unused_id(number: int) -> str:
    """An id for a task that does not exist."""
    return "task_" + hashlib.sha256(f"refused {number}".encode()).hexdigest()[:24]
