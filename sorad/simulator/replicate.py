"""The format of Replicate: ``/v1/predictions`` and ``/v1/models/OWNER/NAME/predictions``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sorad.simulator.given import first_frame, given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, is_length, is_text, member, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

_STAGES = {"pending": "starting", "processing": "processing", "completed": "succeeded", "failed": "failed"}
_KEPT = 3600.0  # seconds after the end that inputs are kept
_PAGE = 100


def _error(status: int, title: str, detail: str) -> tuple[int, dict[str, Any]]:
    return status, {"title": title, "detail": detail, "status": status}


class Replicate(NativeFormat):
    """Replicate."""

    wire = "replicate"
    base = "/v1"
    stages = _STAGES
    without_id = {"status": "starting"}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": _error(401, "Unauthenticated", "You did not pass a valid authentication token"),
        "balance": _error(402, "Insufficient credit", "You have insufficient credit to run this model."),
        "rate": (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}),
        "server": _error(500, "Internal Server Error", "Something broke."),
        "blocked": _error(422, "Input validation failed", "The prompt was flagged as sensitive (E005)."),
        "person": _error(
            422, "Input validation failed", "The picture was flagged as sensitive: a real person."
        ),
        "retired": _error(404, "Not found", "The requested resource could not be found."),
        "lost_task": _error(404, "Not found", "No such prediction."),
        "path": _error(404, "Not found", "The requested resource could not be found."),
        "parameters": _error(422, "Input validation failed", "- input.duration: Invalid type."),
    }

    def owns(self, call: Call) -> bool:
        """Below these paths."""
        parts = call.parts[1:]
        mine = parts[:1] in (("predictions",), ("account",)) or (parts[:1] == ("models",) and len(parts) >= 3)
        return call.parts[:1] == ("v1",) and mine

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        parts = call.parts[1:]
        if call.method == "POST" and (parts == ("predictions",) or parts[3:] == ("predictions",)):
            return "create", ""
        found = {("GET", 1): "list", ("GET", 2): "poll", ("POST", 3): "delete"}.get((call.method, len(parts)))
        if parts == ("account",):
            return "account", ""
        return (found, parts[1] if len(parts) > 1 else "") if found and parts[0] == "predictions" else None

    def order(self, call: Call) -> Order | str:
        """The order in a create."""
        raw = call.json()
        told = member(raw, "input")
        if not is_text(told.get("prompt"), 5000) or not is_length(told.get("duration", 5), 1, 60):
            return "input"
        model = str(member({"raw": raw}, "raw").get("version") or "/".join(call.parts[2:4]))
        ratio = str(told.get("aspect_ratio", "16:9"))
        details = {"model": model, "input": {**told}, "given": given(told)}
        prompt, seconds = told["prompt"], told.get("duration", 5)
        return Order(prompt, first_frame(told), seconds, orientation_of(ratio), "pro" in model, details)

    def created(self, task: Task) -> Any:
        """The answer to a create: the prediction."""
        return {**self.shown(task), "status": "starting", "output": None, "error": None}

    def account(self, call: Call) -> Any:
        """Who the token belongs to."""
        return {"type": "organization", "username": "simulator", "name": "Simulator"}

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Predictions with their inputs, a hundred a page."""
        start = int(call.query.get("cursor") or "0")
        rows = odd.page(tasks, start, _PAGE)
        following = start + len(rows)
        more = following < len(tasks) or odd.endless
        there = f"{self._book.api_url}/v1/predictions?cursor={following}" if more else None
        return {"results": [self.shown(task) for task in rows], "next": there, "previous": None}

    def shown(self, task: Task) -> Any:
        """A prediction; an hour after its end without what was sent, and without what came of it."""
        word, url = self.word(task), self.url(task)
        gone = word in ("succeeded", "failed") and self.now > task.ready_at + _KEPT
        sent = {**task.order.details["input"], "prompt": self.odd().text(task.order.prompt)}
        when = datetime.fromtimestamp(task.created_at + self.skew(), timezone.utc)
        return {
            "id": task.id,
            "model": task.order.details.get("model"),
            "version": "hidden",
            "input": {} if gone else sent,
            "output": None if gone else url,
            "error": task.error if word == "failed" else None,
            "logs": "",
            "status": word,
            "created_at": when.isoformat().replace("+00:00", "Z"),
            "data_removed": gone,
            "metrics": {},
            "urls": {"get": f"{self._book.api_url}/v1/predictions/{task.id}"},
            "source": "api",
        }
