"""The format of Kling, its calls of 2026: ``/text-to-video/MODEL``, ``/image-to-video/MODEL``, ``/tasks``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sorad.simulator.given import given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, is_length, is_text, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

_CREATES = ("text-to-video", "image-to-video")
_STAGES = {"pending": "submitted", "processing": "processing", "completed": "succeeded", "failed": "failed"}


def _error(code: int, words: str) -> dict[str, Any]:
    return {"code": code, "message": words, "request_id": "sim"}


class Kling(NativeFormat):
    """Kling. An id of the caller's own that was taken before is refused, as it was seen to be."""

    wire = "kling"
    base = ""
    stages = _STAGES
    without_id = _error(0, "SUCCEED")
    refusals = {  # noqa: RUF012
        "key": (401, _error(1002, "Authorization is not valid")),
        "balance": (429, _error(1101, "Account in arrears")),
        "rate": (429, _error(1302, "API request too fast")),
        "server": (500, _error(5000, "Internal error")),
        "blocked": (400, _error(1301, "The prompt triggers the risk control of the platform")),
        "person": (400, _error(1301, "The picture shows a real person")),
        "retired": (404, _error(1203, "The model is not found")),
        "lost_task": (404, _error(1203, "The task is not found")),
        "path": (404, _error(1202, "The method is not found")),
        "parameters": (400, _error(1201, "A parameter is not valid")),
    }

    def owns(self, call: Call) -> bool:
        """Its paths stand at the root."""
        return call.parts[:1] == ("tasks",) or call.parts[:1] in {(one,) for one in _CREATES}

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        if call.method == "POST" and call.parts[:1] != ("tasks",):
            return ("create", "") if len(call.parts) == 2 else None
        if call.parts != ("tasks",):
            return None
        if call.method == "POST" or "external_task_ids" in call.query:
            return "list", ""
        return ("poll", call.query["task_ids"]) if call.query.get("task_ids") else None

    def order(self, call: Call) -> Order | str:
        """The order in a create."""
        raw = call.json()
        settings, options = (
            (raw.get("settings"), raw.get("options", {})) if isinstance(raw, dict) else (None, {})
        )
        if not isinstance(settings, dict) or not isinstance(options, dict):
            return "settings"
        framed = call.parts[0] == _CREATES[1]
        prompt, first = _contents(raw) if framed else (raw.get("prompt"), "")
        own_id = options.get("external_task_id", "")
        wrong = _wrong(settings, framed=framed) or ("contents" if framed != bool(first) else "")
        if wrong or not is_text(prompt, 3072) or first.startswith("data:") or self._is_taken(own_id):
            return wrong or "prompt"
        details = {**settings, "model": call.parts[1], "own_id": own_id, "given": given(raw)}
        high, dear = orientation_of(str(settings.get("aspect_ratio", "16:9"))), "turbo" in call.parts[1]
        return Order(str(prompt), first, int(settings["duration"]), high, dear, details)

    def _is_taken(self, own_id: str) -> bool:
        return bool(own_id) and any(_own_id(task) == own_id for task in self._book.account.newest(self.wire))

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        return {**_error(0, "SUCCEED"), "data": self._row(task)}

    def shown(self, task: Task) -> Any:
        """The answer to a poll: a list."""
        return {**_error(0, "SUCCEED"), "data": [self._full(task)]}

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Rows without texts, or those that go by ids of the caller's own."""
        asked = call.query.get("external_task_ids")
        if asked is not None:
            found = [self._full(task) for task in tasks if _own_id(task) in asked.split(",")]
            return {**_error(0, "SUCCEED"), "data": found}
        raw = call.json()
        size, cursor = (raw.get("limit", 100), raw.get("cursor", "0")) if isinstance(raw, dict) else (0, "0")
        if not is_length(size, 1, 500) or not str(cursor).isdecimal():
            return None
        start = int(cursor)
        rows = odd.page(tasks, start, int(size))
        more = odd.endless or start + len(rows) < len(tasks)
        result = {"result": [self._row(task) for task in rows], "count": len(rows), "has_more": more}
        following = str(start + len(rows)) if more else ""
        return {**_error(0, "SUCCEED"), "data": {**result, "next_cursor": following}}

    def _row(self, task: Task) -> dict[str, Any]:
        return {
            "id": task.id,
            "status": self.word(task),
            "create_time": int((task.created_at + self.skew()) * 1000),
            "update_time": int((self.now + self.skew()) * 1000),
            "external_id": _own_id(task),
            "product_type": "video",
        }

    def _full(self, task: Task) -> dict[str, Any]:
        url = self.url(task)
        outputs = (
            [{"type": "video", "id": f"{task.id}-1", "url": url, "duration": task.order.seconds}]
            if url
            else []
        )
        billing = [{"charge_type": "cash", "amount": task.cost / 100, "currency": "CNY"}] if url else []
        message = task.error if self.status(task) == "failed" else ""
        return {**self._row(task), "outputs": outputs, "billing": billing, "message": message}


def _wrong(settings: dict[str, Any], *, framed: bool) -> str:
    """The name of what is wrong in them."""
    if not is_length(settings.get("duration"), 3, 15):
        return "duration"
    if settings.get("resolution") not in ("720p", "1080p", "4k") or settings.get("multi_shot") is not False:
        return "resolution"
    return "aspect_ratio" if framed == ("aspect_ratio" in settings) else ""


def _own_id(task: Task) -> str:
    return str(task.order.details.get("own_id", ""))


def _contents(raw: dict[str, Any]) -> tuple[str, str]:
    """Prompt and first frame."""
    contents = [one for one in raw.get("contents", []) if isinstance(one, dict)]
    return _of_type(contents, "prompt", "text"), _of_type(contents, "first_frame", "url")


def _of_type(contents: list[Any], kind: str, member: str) -> str:
    return "".join(str(one.get(member, "")) for one in contents if one.get("type") == kind)
