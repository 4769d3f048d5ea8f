"""The format of Vidu: ``/ent/v2/text2video`` and its kin, ``/ent/v2/tasks``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sorad.simulator.given import given
from sorad.simulator.lists import Oddities
from sorad.simulator.native import NativeFormat, counted, is_length, is_text, orientation_of
from sorad.simulator.state import Order, Task
from sorad.simulator.wire import Call

# How many pictures each kind of create takes.
_CREATES = {
    "text2video": range(1),
    "img2video": range(1, 2),
    "start-end2video": range(2, 3),
    "reference2video": range(1, 8),
}
_STAGES = {"pending": "created", "processing": "processing", "completed": "success", "failed": "failed"}
_CREDITS = 7  # of a second


def _error(code: str, words: str) -> dict[str, Any]:
    return {"code": code, "message": words, "metadata": {}}


class Vidu(NativeFormat):
    """Vidu."""

    wire = "vidu"
    stages = _STAGES
    without_id = {"state": "created"}  # noqa: RUF012
    refusals = {  # noqa: RUF012
        "key": (401, _error("Unauthorized", "the key is not valid")),
        "balance": (400, _error("CreditInsufficient", "credits are not enough")),
        "rate": (429, _error("TooManyRequests", "slow down")),
        "server": (500, _error("InternalServerFailure", "server error")),
        "blocked": (400, _error("TaskPromptPolicyViolation", "the prompt violates the policy")),
        "person": (400, _error("PhotoAuditNotPass", "the photo shows a real person")),
        "retired": (400, _error("BadRequest", "model is not supported")),
        "lost_task": (404, _error("NotFound", "task not found")),
        "path": (404, _error("NotFound", "no such path")),
        "parameters": (400, _error("FieldInvalid", "a field is not valid")),
    }

    def owns(self, call: Call) -> bool:
        """Below ``/ent/v2``."""
        return call.parts[:2] == ("ent", "v2")

    def key(self, call: Call) -> str:
        """The word before it is not "Bearer"."""
        scheme, _space, key = call.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme == "Token" else ""

    def place(self, call: Call) -> tuple[str, str] | None:
        """What a call is."""
        parts = call.parts[2:]
        if call.method == "POST" and len(parts) == 1 and parts[0] in _CREATES:
            return "create", ""
        if call.method == "GET" and parts == ("tasks",):
            return "list", ""
        if call.method == "GET" and parts == ("credits",):
            return "account", ""
        if parts[:1] == ("tasks",) and len(parts) == 3:
            found = {("GET", "creations"): "poll", ("POST", "cancel"): "delete"}.get((call.method, parts[2]))
            return (found, parts[1]) if found else None
        return None

    def order(self, call: Call) -> Order | str:
        """The order in a create."""
        raw = call.json()
        if not isinstance(raw, dict):
            return "body"
        prompt, seconds, images = raw.get("prompt"), raw.get("duration"), raw.get("images", [])
        payload = raw.get("payload", "")
        if not is_text(prompt, 5000) or not isinstance(payload, str):
            return "prompt"
        if not is_length(seconds, 1, 16):
            return "duration"
        if not isinstance(images, list) or len(images) not in _CREATES[call.parts[2]]:
            return "images"
        if raw.get("resolution") not in ("540p", "720p", "1080p"):
            return "resolution"
        ratio = raw.get("aspect_ratio", "16:9")
        details = {**raw, "images": None, "prompt": None, "given": given(_with_roles(raw, call.parts[2]))}
        first = str(images[0]) if images else ""
        return Order(
            str(prompt),
            first,
            int(raw["duration"]),
            orientation_of(ratio),
            "pro" in str(raw.get("model")),
            details,
        )

    def created(self, task: Task) -> Any:
        """The answer to a create."""
        shown = {name: task.order.details.get(name) for name in ("model", "resolution", "payload")}
        return {"task_id": task.id, "state": "created", **shown, "credits": _CREDITS * task.order.seconds}

    def shown(self, task: Task) -> Any:
        """The answer to a poll."""
        return self._row(task)

    def account(self, call: Call) -> Any:
        """The credits left: one is worth three cents here."""
        left = self._book.account.balance // 3
        return {"remains": [{"type": "metered", "credit_remain": left, "concurrency_limit": 5}]}

    def page(self, call: Call, tasks: Sequence[Task], odd: Oddities) -> Any:
        """Rows with texts and payloads; pages are counted from 0."""
        span = counted(call, "pager.page", "pager.pagesz", 10, first=0)
        if span is None or span[1] > 100:
            return None
        return {"tasks": [self._row(task) for task in odd.page(tasks, *span)], "next_page_token": ""}

    def _row(self, task: Task) -> dict[str, Any]:
        details, word = task.order.details, self.word(task)
        url = self.url(task)
        return {
            "id": task.id,
            "state": word,
            "err_code": "CreationPolicyViolation" if word == "failed" else "",
            "err_msg": task.error if word == "failed" else "",
            "model": details.get("model"),
            "prompt": self.odd().text(task.order.prompt),
            "duration": task.order.seconds,
            "resolution": details.get("resolution"),
            "aspect_ratio": details.get("aspect_ratio", ""),
            "created_at": int((task.created_at + self.skew()) * 1000),
            "payload": details.get("payload", ""),
            "credits": _CREDITS * task.order.seconds,
            "creations": [{"id": f"{task.id}-1", "url": url, "cover_url": ""}] if url else [],
        }


def _with_roles(raw: dict[str, Any], kind: str) -> dict[str, Any]:
    """What came, with the second of two frames as the last one."""
    frames = list(raw.get("images", []))
    return {**raw, "images": frames[:1], "last_frame": frames[1:]} if kind == "start-end2video" else raw
