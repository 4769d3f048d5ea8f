"""The format of Ark: ``/api/v3/contents/generations/tasks``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sorad.simulator.given import given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, counted, is_length, is_text, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

_TASKS = ("api", "v3", "contents", "generations", "tasks")
RATIOS = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "adaptive")
RESOLUTIONS = {"480p": 9_720, "720p": 21_600, "1080p": 48_600, "4k": 194_400}  # tokens of a second


def _error(code: str, words: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"{words} Request ID: sim", "param": "", "type": "BadRequest"}}


class Ark(NativeFormat):
    """Ark."""

    wire = "ark"
    base = "/api/v3"
    without_id = {}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": (401, _error("AuthenticationError", "The API key is not valid.")),
        "balance": (403, _error("AccountOverdueError", "The account has an overdue balance.")),
        "rate": (
            429,
            _error("RateLimitExceeded.EndpointRPMExceeded", "The requests per minute limit is exceeded."),
        ),
        "server": (
            500,
            _error("InternalServiceError", "The service encountered an unexpected internal error."),
        ),
        "blocked": (
            400,
            _error("InputTextSensitiveContentDetected", "The input text may be sensitive."),
        ),
        "person": (
            400,
            _error(
                "InputImageSensitiveContentDetected.PrivacyInformation",
                "The input image may show a person.",
            ),
        ),
        "retired": (404, _error("InvalidEndpointOrModel.NotFound", "The model or endpoint does not exist.")),
        "lost_task": (404, _error("ResourceNotFound", "The task is not found.")),
        "path": (404, _error("NotFound", "There is nothing at this path.")),
        "parameters": (400, _error("InvalidParameter", "A parameter is not valid.")),
    }

    def owns(self, call: Call) -> bool:
        """Below ``/api/v3``."""
        return call.parts[:2] == ("api", "v3")

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        if call.parts[:5] != _TASKS:
            return None
        found = {("POST", 5): "create", ("GET", 5): "list", ("GET", 6): "poll", ("DELETE", 6): "delete"}
        target = found.get((call.method, len(call.parts)))
        return (target, "".join(call.parts[5:])) if target else None

    def order(self, call: Call) -> Order | str:
        """The order in a create; what has a default that costs is asked for all the same."""
        raw = call.json()
        if not isinstance(raw, dict) or not isinstance(raw.get("content"), list):
            return "content"
        texts, pictures = _of_type(raw["content"], "text"), _of_type(raw["content"], "image_url")
        if len(texts) != 1 or not is_text(texts[0].get("text"), 10_000):
            return "text"
        wrong = _wrong(raw, {one.get("role") for one in pictures})
        if wrong:
            return wrong
        first = "".join(one["image_url"]["url"] for one in pictures if one.get("role") == "first_frame")
        details = {**raw, "content": None, "given": given(raw)}
        high, dear = orientation_of(str(raw["ratio"])), "-2-5-" in str(raw.get("model"))
        return Order(texts[0]["text"], first, int(raw["duration"]), high, dear, details)

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        tag = task.order.details.get("safety_identifier")
        return {"id": task.id, **({"safety_identifier": tag} if tag else {})}

    def shown(self, task: Task) -> Any:
        """The answer to a poll."""
        return self._row(task)

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Rows without texts."""
        span = counted(call, "page_num", "page_size", 10)
        if span is None:
            return None
        page = {"items": [self._row(task) for task in odd.page(tasks, *span)]}
        return page if odd.endless else {**page, "total": len(tasks)}

    def _content(self, task: Task) -> dict[str, Any]:
        framed = task.order.details.get("return_last_frame")
        frame = {"last_frame_url": self._book.frame_url(task)} if framed else {}
        return {"video_url": self.url(task), **frame}

    def _row(self, task: Task) -> dict[str, Any]:
        details, word = task.order.details, self.word(task)
        code = "OutputVideoSensitiveContentDetected"
        tokens = RESOLUTIONS[details["resolution"]] * task.order.seconds if word == "succeeded" else 0
        adaptive = details["ratio"] == "adaptive" and word in ("running", "succeeded")
        return {
            "id": task.id,
            "model": details.get("model"),
            "status": word,
            "error": {"code": code, "message": task.error} if word == "failed" else None,
            "created_at": int(task.created_at + self.skew()),
            "updated_at": int(self.now + self.skew()),
            "content": self._content(task) if word == "succeeded" else {},
            "usage": {"completion_tokens": tokens, "total_tokens": tokens},
            "resolution": details["resolution"],
            "ratio": "16:9" if adaptive else details["ratio"],
            "duration": task.order.seconds,
            "generate_audio": details.get("generate_audio", True),
            "safety_identifier": details.get("safety_identifier", ""),
        }


def _of_type(content: list[Any], kind: str) -> list[Any]:
    return [one for one in content if isinstance(one, dict) and one.get("type") == kind]


def _wrong(raw: dict[str, Any], roles: set[Any]) -> str:
    """The name of what is wrong in a create."""
    tag = raw.get("safety_identifier") or ""  # its own client sends null
    if not is_length(raw.get("duration"), 2, 30) or raw.get("resolution") not in RESOLUTIONS:
        return "duration"
    if raw.get("ratio") not in RATIOS or not isinstance(tag, str) or len(tag) > 64:
        return "ratio"
    return "role" if "reference_image" in roles and len(roles) > 1 else ""
