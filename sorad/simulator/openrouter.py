"""The format of OpenRouter's videos: ``/api/v1/videos``, whose content wants the key."""

from __future__ import annotations

from typing import Any

from sorad.simulator.given import given
from sorad.simulator.native import NativeFormat, is_length, is_text, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

_STAGES = {"pending": "pending", "processing": "in_progress", "completed": "completed", "failed": "failed"}


def _error(status: int, words: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": status, "message": words, "metadata": {}}}


class OpenRouter(NativeFormat):
    """OpenRouter."""

    wire = "openrouter"
    base = "/api/v1"
    stages = _STAGES
    without_id = {"status": "pending"}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": _error(401, "No auth credentials found"),
        "balance": _error(402, "Insufficient credits"),
        "rate": _error(429, "Rate limit exceeded"),
        "server": _error(500, "Internal Server Error"),
        "blocked": _error(403, "The input was flagged"),
        "person": _error(403, "The picture was flagged: a real person"),
        "retired": _error(404, "No endpoints found: the model does not exist"),
        "lost_task": _error(404, "Video not found"),
        "path": _error(404, "Not found"),
        "parameters": _error(400, "Invalid value"),
    }

    def owns(self, call: Call) -> bool:
        """Below these two paths."""
        return call.parts[:3] in (("api", "v1", "videos"), ("api", "v1", "key"))

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        parts = call.parts[2:]
        if parts == ("key",):
            return "account", ""
        if (call.method, parts) == ("POST", ("videos",)):
            return "create", ""
        if call.method != "GET" or len(parts) not in (2, 3) or parts[2:] not in ((), ("content",)):
            return None
        return ("poll" if len(parts) == 2 else "download", parts[1])

    def order(self, call: Call) -> Order | str:
        """The order in a create."""
        raw = call.json()
        if not isinstance(raw, dict) or not is_text(raw.get("prompt"), 5000) or not raw.get("model"):
            return "prompt"
        if not is_length(raw.get("duration", 5), 1, 60):
            return "duration"
        frames = raw.get("frame_images") or []
        first = "".join(one["image_url"]["url"] for one in frames if one.get("frame_type") == "first_frame")
        ratio, model = str(raw.get("aspect_ratio", "16:9")), str(raw["model"])
        details = {"model": model, "given": given(raw)}
        seconds = raw.get("duration", 5)
        return Order(raw["prompt"], first, seconds, orientation_of(ratio), "pro" in model, details)

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        there = f"{self._book.api_url}{self.base}/videos/{task.id}"
        return {"id": task.id, "polling_url": there, "status": "pending"}

    def shown(self, task: Task) -> Any:
        """The answer to a poll."""
        word = self.word(task)
        told: dict[str, Any] = {
            "id": task.id,
            "status": word,
            "error": task.error if word == "failed" else None,
        }
        if word == "completed":
            told["unsigned_urls"] = [f"{self._book.api_url}{self.base}/videos/{task.id}/content?index=0"]
            told["usage"] = {"cost": task.cost / 100}
        return told

    def account(self, call: Call) -> Any:
        """What the key may spend."""
        return {"data": {"label": "sk-or-…", "limit": None, "usage": 0}}
