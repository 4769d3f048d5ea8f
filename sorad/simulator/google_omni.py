"""The format of Gemini Omni: ``/v1beta/interactions``, and files that want the key."""

from __future__ import annotations

import base64
from typing import Any

from sorad.simulator.given import given
from sorad.simulator.native import NativeFormat, is_text, member, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

_STAGES = {"pending": "queued", "processing": "in_progress", "completed": "completed", "failed": "failed"}
_INLINE = "inline"  # a prompt with this word in it is answered with the video itself


def _error(status: int, name: str, words: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": status, "message": words, "status": name, "details": []}}


class GoogleOmni(NativeFormat):
    """Gemini Omni."""

    wire = "google_omni"
    base = "/v1beta"
    stages = _STAGES
    without_id = {"status": "in_progress"}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": _error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        "balance": _error(402, "FAILED_PRECONDITION", "Your prepaid credit is used up."),
        "rate": _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests per minute."),
        "server": _error(500, "INTERNAL", "An internal error has occurred."),
        "blocked": _error(400, "INVALID_ARGUMENT", "The prompt violates our content policy."),
        "person": _error(400, "INVALID_ARGUMENT", "The picture shows a real person: content policy."),
        "retired": _error(404, "NOT_FOUND", "The model is no longer available."),
        "lost_task": _error(404, "NOT_FOUND", "The interaction was not found."),
        "path": _error(404, "NOT_FOUND", "Not found."),
        "parameters": _error(400, "INVALID_ARGUMENT", "Invalid value."),
    }

    def owns(self, call: Call) -> bool:
        """Below ``/v1beta``."""
        return call.parts[:1] == ("v1beta",)

    def key(self, call: Call) -> str:
        """A header of its own."""
        return call.headers.get("x-goog-api-key", "")

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        parts = call.parts[1:]
        if parts[:1] == ("files",) and len(parts) == 2 and call.method == "GET":
            name, _colon, verb = parts[1].partition(":")
            return ("moved" if verb == "download" else "file", name)
        if parts == ("models",):
            return "account", ""
        if parts[:1] != ("interactions",):
            return None
        found = {("POST", 1): "create", ("GET", 2): "poll", ("DELETE", 2): "delete"}.get(
            (call.method, len(parts))
        )
        return (found, parts[1] if len(parts) > 1 else "") if found else None

    def order(self, call: Call) -> Order | str:
        """The order in a create."""
        raw = call.json()
        if not isinstance(raw, dict) or raw.get("background") is not True:
            return "background"
        wanted, parts = member(raw, "response_format"), raw.get("input")
        texts, pictures = _of_type(parts, "text"), [str(one.get("data")) for one in _of_type(parts, "image")]
        seconds, ratio = str(wanted.get("duration", "8s")).rstrip("s"), wanted.get("aspect_ratio", "16:9")
        if len(texts) != 1 or not is_text(texts[0].get("text"), 20_000):
            return "input"
        if not seconds.isdecimal() or not 3 <= int(seconds) <= 15 or ratio not in ("16:9", "9:16"):
            return "duration"
        details = {"model": raw.get("model"), "given": {**given({"pictures": pictures}), **wanted}}
        return Order(
            texts[0]["text"],
            "".join(pictures[:1]),
            int(seconds),
            orientation_of(ratio),
            "1.1" in str(raw.get("model")),
            details,
        )

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        return {"id": task.id, "status": "in_progress", "created": "2026-11-30T00:00:00Z"}

    def file(self, task: Task) -> Any:
        """The file of a video."""
        return {"name": f"files/{task.id}", "state": "ACTIVE", "mimeType": "video/mp4"}

    def shown(self, task: Task) -> Any:
        """The answer to a poll."""
        word = self.word(task)
        told: dict[str, Any] = {"id": task.id, "status": word, "model": task.order.details.get("model")}
        if word == "failed":
            told["errors"] = [{"code": "SAFETY", "message": task.error}]
        if word == "completed":
            video = {"type": "video", "mime_type": "video/mp4", **self._where(task)}
            told["steps"] = [{"type": "model_output", "content": [video]}]
        return told

    def _where(self, task: Task) -> dict[str, str]:
        if _INLINE not in task.order.prompt:
            return {"uri": f"{self._book.api_url}{self.base}/files/{task.id}"}
        movie = self._book.movie(task)
        return {"data": base64.b64encode(b"".join(movie.pieces(0, movie.size))).decode("ascii")}

    def account(self, call: Call) -> Any:
        """The models."""
        return {"models": [{"name": "models/gemini-omni-1.2-flash"}]}


def _of_type(parts: Any, kind: str) -> list[Any]:
    """The parts of an input of a kind; a bare text is one, too."""
    found = parts if isinstance(parts, list) else [{"type": "text", "text": parts}]
    return [one for one in found if isinstance(one, dict) and one.get("type") == kind]
