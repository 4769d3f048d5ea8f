"""The format of DashScope: ``/api/v1/services/aigc/…`` and ``/api/v1/tasks``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from sorad.simulator.given import given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, counted, is_length, is_text, member, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Answer, Call, json_answer

_CREATE = ("api", "v1", "services", "aigc", "video-generation", "video-synthesis")
_TASKS = ("api", "v1", "tasks")
_CHINA = timezone(timedelta(hours=8))
_STAGES = {"pending": "PENDING", "processing": "RUNNING", "completed": "SUCCEEDED", "failed": "FAILED"}
_KEPT = 86_400.0  # seconds that a task is known for


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "request_id": "sim"}


class DashScope(NativeFormat):
    """DashScope."""

    wire = "dashscope"
    stages = _STAGES
    without_id = {"request_id": "sim", "output": {"task_status": "PENDING"}}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": (401, _error("InvalidApiKey", "Invalid API-key provided.")),
        "balance": (
            400,
            _error("Arrearage", "Access denied, please make sure your account is in good standing."),
        ),
        "rate": (
            429,
            _error("Throttling.RateQuota", "Requests rate limit exceeded, please try again later."),
        ),
        "server": (500, _error("InternalError", "An internal error has occurred.")),
        "blocked": (400, _error("DataInspectionFailed", "Input data may contain inappropriate content.")),
        "person": (400, _error("DataInspectionFailed", "The input picture shows a real person.")),
        "retired": (404, _error("ModelNotFound", "Model can not be found.")),
        "path": (404, _error("NotFound", "Not found.")),
        "parameters": (400, _error("InvalidParameter", "The parameters are not valid.")),
        "async": (403, _error("AccessDenied", "current user api does not support synchronous calls.")),
    }

    def owns(self, call: Call) -> bool:
        """Below these two paths."""
        return call.parts[:3] in (_CREATE[:3], _TASKS)

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        if (call.method, call.parts) == ("POST", _CREATE):
            return "create", ""
        if call.parts[:3] != _TASKS:
            return None
        rest = (call.method, len(call.parts), call.parts[4:])
        if rest == ("GET", 3, ()):
            return "list", ""
        if rest == ("GET", 4, ()):
            return "poll", call.parts[3]
        return ("delete", call.parts[3]) if rest == ("POST", 5, ("cancel",)) else None

    def order(self, call: Call) -> Order | str:
        """The order in a create."""
        raw = call.json()
        if call.headers.get("x-dashscope-async") != "enable":
            return "async"
        told, parameters = member(raw, "input"), member(raw, "parameters")
        prompt, seconds = told.get("prompt"), parameters.get("duration", 5)
        if not isinstance(raw, dict) or not isinstance(raw.get("model"), str):
            return "parameters"
        if not is_text(prompt, 1_000_000) or not is_length(seconds, 2, 30):
            return "parameters"
        media = told.get("media") or []
        first = "".join(one.get("url", "") for one in media if one.get("type") == "first_frame")
        details = {"model": raw["model"], **parameters, "given": given({**parameters, "media": media})}
        ratio = str(parameters.get("ratio", "adaptive"))
        return Order(
            str(prompt)[:20_000], first, seconds, orientation_of(ratio), "prime" in raw["model"], details
        )

    def bad(self, name: str) -> Answer:
        """A parameter, or the header, is wrong."""
        return self.refusal(name)

    def refusal(self, kind: str, status: int | None = None) -> Answer:
        """An error; a task that is not there is one of status UNKNOWN."""
        if kind != "lost_task":
            return super().refusal(kind, status)
        return json_answer(200, {"request_id": "sim", "output": {"task_id": "-", "task_status": "UNKNOWN"}})

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        return {"request_id": task.id, "output": {"task_id": task.id, "task_status": "PENDING"}}

    def shown(self, task: Task) -> Any:
        """The answer to a poll; the text is shown once the task has succeeded."""
        output: dict[str, Any] = {
            "task_id": task.id,
            "task_status": self.word(task),
            "submit_time": self._text(task.created_at),
        }
        answer: dict[str, Any] = {"request_id": "sim", "output": output}
        if output["task_status"] == "SUCCEEDED":
            output.update(video_url=self.url(task), orig_prompt=self.odd().text(task.order.prompt))
            seconds = float(task.order.seconds)
            answer["usage"] = {"duration": seconds, "output_video_duration": seconds, "video_count": 1}
        if output["task_status"] == "FAILED":
            output.update(code="DataInspectionFailed", message=task.error)
        return answer

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Rows without texts; those of the last 24 hours."""
        span = counted(call, "page_no", "page_size", 10)
        if span is None:
            return None
        known = [task for task in tasks if task.created_at > self.now - _KEPT]
        page = {"request_id": "sim", "data": [self._row(task) for task in odd.page(known, *span)]}
        return page if odd.endless else {**page, "total": len(known)}

    def _row(self, task: Task) -> dict[str, Any]:
        created = int((task.created_at + self.skew()) * 1000)
        row = {"task_id": task.id, "status": self.word(task), "model_name": task.order.details.get("model")}
        return {**row, "request_id": task.id, "gmt_create": created, "start_time": created}

    def _text(self, seconds: float) -> str:
        moment = datetime.fromtimestamp(seconds + self.skew(), _CHINA)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
