"""The format of fal: its queue, where a path is a model, and the list of its platform below ``/v1``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sorad.simulator.given import first_frame, given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, is_text, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Answer, Call, json_answer

_LIST = ("v1", "models", "requests", "by-endpoint")
_STAGES = {
    "pending": "IN_QUEUE",
    "processing": "IN_PROGRESS",
    "completed": "COMPLETED",
    "failed": "COMPLETED",
}


def _detail(kind: str, words: str) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", "prompt"], "msg": words, "type": kind}]}


class Fal(NativeFormat):
    """fal. A task lies below the first two parts of its model's path."""

    wire = "fal"
    stages = _STAGES
    without_id = {"status": "IN_QUEUE"}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": (401, {"detail": "Authentication is required to access this application"}),
        "balance": (403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance."}),
        "rate": (429, {"detail": "Too many requests"}),
        "server": (500, {"detail": "Internal server error"}),
        "blocked": (422, _detail("content_policy_violation", "The content was flagged.")),
        "person": (422, _detail("content_policy_violation", "The picture shows a real person.")),
        "retired": (404, {"detail": "Application not found: the model does not exist"}),
        "lost_task": (404, {"detail": "Request not found"}),
        "path": (404, {"detail": "Not found"}),
        "parameters": (422, _detail("value_error", "not a valid value")),
    }

    def owns(self, call: Call) -> bool:
        """By the word before the key: its paths may be anything."""
        return call.headers.get("authorization", "").startswith("Key ")

    def key(self, call: Call) -> str:
        """The key after "Key"."""
        return call.headers.get("authorization", "").partition(" ")[2].strip()

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        if call.method == "GET" and call.parts == _LIST:
            return "list", ""
        if "requests" in call.parts:
            at = call.parts.index("requests")
            rest = call.parts[at + 1 :]
            found = {("GET", 1): "poll", ("GET", 2): "poll", ("PUT", 2): "delete"}.get(
                (call.method, len(rest))
            )
            return (found, rest[0]) if found and rest[1:] in ((), ("status",), ("cancel",)) else None
        return ("create", "") if call.method == "POST" and len(call.parts) >= 2 else None

    def order(self, call: Call) -> Order | str:
        """The order in a create: its body is the input."""
        raw = call.json()
        if not isinstance(raw, dict) or not is_text(raw.get("prompt"), 5000):
            return "prompt"
        seconds, ratio = raw.get("duration", "5"), str(raw.get("aspect_ratio", "16:9"))
        if not isinstance(seconds, str) or not seconds.isdecimal() or not 1 <= int(seconds) <= 60:
            return "duration"
        model = "/".join(call.parts)
        details = {"model": model, "input": {**raw}, "given": given(raw)}
        return Order(
            raw["prompt"], first_frame(raw), int(seconds), orientation_of(ratio), "pro" in model, details
        )

    def created(self, task: Task) -> Any:
        """The answer to a create, with the addresses to be used."""
        place = self._place(task)
        return {
            "request_id": task.id,
            "status": "IN_QUEUE",
            "queue_position": 0,
            "status_url": f"{place}/status",
            "response_url": place,
            "cancel_url": f"{place}/cancel",
        }

    def answer(self, call: Call, task: Task) -> Answer:
        """The status, or the result; of a failure the HTTP status of its own."""
        status, stage = self.word(task), self.status(task)
        if call.parts[-1] == "status":
            told: dict[str, Any] = {
                "status": status,
                "request_id": task.id,
                "response_url": self._place(task),
            }
            told.update(queue_position=0, logs=None, metrics={})
            if stage == "failed":
                told.update(error=task.error, error_type="content_policy_violation")
            return json_answer(200 if status == "COMPLETED" else 202, told)
        if stage == "failed":
            return json_answer(422, _detail("content_policy_violation", task.error))
        if stage != "completed":
            return json_answer(400, {"detail": "Request is still in progress"})
        return json_answer(200, {"video": {"url": self.url(task), "content_type": "video/mp4"}, "seed": 1})

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Requests of one model that have ended, with what was sent."""
        model, size = call.query.get("endpoint_id", ""), call.query.get("limit", "50")
        if not model or not size.isdecimal() or not 1 <= int(size) <= 100:
            return None
        ended = [task for task in tasks if self.word(task) == "COMPLETED" and self._model(task) == model]
        start = int(call.query.get("cursor") or "0")
        rows = odd.page(ended, start, int(size))
        following = start + len(rows)
        more = following < len(ended) or odd.endless
        return {"items": [self._row(task) for task in rows], "next_cursor": str(following), "has_more": more}

    def _row(self, task: Task) -> dict[str, Any]:
        sent = {**task.order.details["input"], "prompt": self.odd().text(task.order.prompt)}
        when = datetime.fromtimestamp(task.created_at + self.skew(), timezone.utc).isoformat()
        row = {"request_id": task.id, "endpoint_id": self._model(task), "sent_at": when, "started_at": when}
        return {**row, "status_code": 422 if self.status(task) == "failed" else 200, "json_input": sent}

    def _model(self, task: Task) -> str:
        return str(task.order.details.get("model"))

    def _place(self, task: Task) -> str:
        return f"{self._book.api_url}/{'/'.join(self._model(task).split('/')[:2])}/requests/{task.id}"
