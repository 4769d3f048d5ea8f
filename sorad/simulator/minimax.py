"""The format of MiniMax, V2: ``/v2/video_generation`` and ``/v2/query/video_generation``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sorad.simulator.given import given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, counted, is_length, is_text, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

_CREATE, _TASKS = ("v2", "video_generation"), ("v2", "query", "video_generation")
RATIOS = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "adaptive")


def _error(kind: str, number: int, words: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": f"{words} ({number})"}, "request_id": "sim"}


class MiniMax(NativeFormat):
    """MiniMax."""

    wire = "minimax"
    without_id = {"base": "ok"}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": (401, _error("authorized_error", 1004, "login fail")),
        "balance": (402, _error("insufficient_balance_error", 1008, "insufficient balance")),
        "rate": (429, _error("rate_limit_error", 1002, "rate limit")),
        "server": (500, _error("server_error", 1000, "unknown error")),
        "blocked": (422, _error("unprocessable_entity_error", 1026, "input new_sensitive")),
        "person": (422, _error("unprocessable_entity_error", 1026, "the picture shows a real person")),
        "retired": (404, _error("not_found_error", 2061, "model not found")),
        "lost_task": (404, _error("not_found_error", 2063, "task not found")),
        "path": (404, _error("not_found_error", 2062, "no such path")),
        "parameters": (400, _error("bad_request_error", 2013, "invalid params")),
    }

    def owns(self, call: Call) -> bool:
        """Below ``/v2``."""
        return call.parts[:1] == ("v2",)

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        if (call.method, call.parts) == ("POST", _CREATE):
            return "create", ""
        if call.method == "DELETE" and call.parts[:2] == _CREATE and len(call.parts) == 3:
            return "delete", call.parts[2]
        if call.method != "GET" or call.parts[:3] != _TASKS:
            return None
        if len(call.parts) == 3:
            return "list", ""
        return ("poll", call.parts[3]) if len(call.parts) == 4 else None

    def order(self, call: Call) -> Order | str:
        """The order in a create: nothing has a default."""
        raw = call.json()
        if not isinstance(raw, dict) or not isinstance(raw.get("content"), list):
            return "content"
        content = raw["content"]
        texts, pictures = _of_type(content, "text"), _of_type(content, "image_url")
        if len(texts) != 1 or not is_text(texts[0].get("text"), 7000):
            return "text"
        if not is_length(raw.get("duration"), 4, 15) or raw.get("resolution") not in ("480P", "768P", "2K"):
            return "duration"
        ratio = str(raw.get("ratio"))
        if ratio not in RATIOS or (ratio == "adaptive" and not pictures):
            return "ratio"
        first = _first(pictures)
        details = {**raw, "content": None, "given": given(raw)}
        return Order(
            texts[0]["text"],
            first,
            int(raw["duration"]),
            orientation_of(ratio),
            str(raw.get("model")).endswith("-Max"),
            details,
        )

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        return {"task_id": task.id}

    def shown(self, task: Task) -> Any:
        """The answer to a poll."""
        return {"task": self._row(task)}

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Rows without texts."""
        span = counted(call, "page_num", "page_size", 20)
        if span is None:
            return None
        page = {"items": [self._row(task) for task in odd.page(tasks, *span)]}
        return page if odd.endless else {**page, "total": len(tasks)}

    def _row(self, task: Task) -> dict[str, Any]:
        details, word = task.order.details, self.word(task)
        failed = {"code": "1027", "message": task.error} if word == "failed" else None
        return {
            "id": task.id,
            "model": details.get("model"),
            "status": word,
            "error": failed,
            "created_at": int(task.created_at + self.skew()),
            "updated_at": int(self.now + self.skew()),
            "content": {"url": self.url(task)} if word == "succeeded" else None,
            "resolution": details.get("resolution"),
            "duration": task.order.seconds,
            "ratio": details.get("ratio"),
        }


def _of_type(content: list[Any], kind: str) -> list[Any]:
    return [one for one in content if isinstance(one, dict) and one.get("type") == kind]


def _first(pictures: list[Any]) -> str:
    return "".join(one["image_url"]["url"] for one in pictures if one.get("role") == "first_frame")
