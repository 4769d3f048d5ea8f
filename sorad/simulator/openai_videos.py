"""The OpenAI videos format: ``/v1/videos`` and below, with errors in an ``error`` member."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from sorad.simulator.given import first_frame, given
from sorad.simulator.lists import Oddities
from sorad.simulator.multipart import File, fields
from sorad.simulator.route import Book, Route
from sorad.simulator.state import NoMoney, NoRoom, Order, Task, stage
from sorad.simulator.wire import Answer, Call, json_answer

WIRE = "openai_videos"
MODELS = ("sim-1", "sim-1-pro")  # any name is taken; one with "pro" in it costs the pro price
PROMPT_MAX = 32_000
SECONDS_MAX = 60
_SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
_STATUS = {"pending": "queued", "processing": "in_progress"}
_REFUSALS: Mapping[str, tuple[int, str, str, str]] = {  # kind: HTTP status, type, code, message
    "key": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "balance": (402, "insufficient_quota", "insufficient_quota", "The balance does not pay for this video."),
    "blocked": (400, "invalid_request_error", "content_policy_violation", "Your prompt was refused."),
    "person": (400, "invalid_request_error", "content_policy_violation", "The picture shows a real person."),
    "rate": (429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    "server": (500, "server_error", "server_error", "The server had an error while processing your request."),
    "retired": (
        404,
        "invalid_request_error",
        "model_not_found",
        "The model does not exist: model not found.",
    ),
    "lost_task": (404, "invalid_request_error", "video_not_found", "No such video."),
    "not_ready": (409, "invalid_request_error", "video_not_ready", "The video is not finished."),
    "expired": (404, "invalid_request_error", "video_expired", "The video has expired."),
    "path": (404, "invalid_request_error", "not_found", "Unknown request URL."),
}


class OpenaiVideos:
    """Answers calls at ``/v1/videos`` and ``/v1/models``."""

    wire = WIRE
    base = "/v1"

    def __init__(self, book: Book) -> None:
        self._book = book

    def owns(self, call: Call) -> bool:
        """Whether a call is in this format."""
        return call.parts[:1] == ("v1",) and call.parts[1:2] in (("videos",), ("models",))

    def key(self, call: Call) -> str:
        """The key in a call."""
        return call.key

    def route(self, call: Call) -> Route | None:
        """What a call asks for; ``None`` where there is nothing at its path."""
        method, parts = call.method, call.parts
        if parts == ("v1", "models") and method == "GET":
            return Route("account", "", "", _models)
        if parts == ("v1", "videos"):
            if method == "POST":
                return self._creation(_body(call))
            return Route("list", "", "", lambda: self._list(call.query)) if method == "GET" else None
        acts = {
            ("GET", ()): ("poll", self._poll),
            ("DELETE", ()): ("delete", self._delete),
            ("GET", ("content",)): ("download", self._content),
        }
        found = acts.get((method, parts[3:])) if len(parts) > 2 else None
        return None if found is None else self._on_task(found[0], parts[2], found[1])

    def _creation(self, raw: Any) -> Route:
        prompt = raw.get("prompt") if isinstance(raw, dict) else None
        prompt = prompt if isinstance(prompt, str) else ""
        return Route("create", prompt, prompt, lambda: self._create(raw))

    def order(self, call: Call) -> Order | str:
        """The order in a create, or the name of what is wrong with it."""
        raw = _body(call)
        self._book.album.keep(raw)
        return _order(raw)

    def refusal(self, kind: str, status: int | None = None) -> Answer:
        """An error, or for ``no_id`` a create's good answer without one; over ``status`` where it is given.

        A task that is missing over 400 is told as some gateways do.
        """
        if kind == "no_id":
            return json_answer(status or 200, {"object": "video", "status": "queued", "progress": 0})
        usual, family, code, message = _REFUSALS[kind]
        if kind == "lost_task" and status == 400:
            return json_answer(400, {"code": "task_not_exist", "message": "task_not_exist", "data": None})
        return _error(status or usual, family, code, message)

    def downloadable(self, task_id: str) -> Task | None:
        """The task whose content can be served now."""
        task = self._book.account.get(WIRE, task_id)
        now = self._book.clock.time()
        if task is None or stage(task, now).status != "completed":
            return None
        return task if now < task.ready_at + self._book.url_seconds else None

    def _on_task(self, target: str, task_id: str, act: Callable[[Task], Answer]) -> Route:
        return self._book.on_task(WIRE, task_id, target, act, lambda: self.refusal("lost_task"))

    def _create(self, raw: Any) -> Answer:
        order = _order(raw)
        if isinstance(order, str):
            return _error(400, "invalid_request_error", "invalid_value", f"Invalid value: '{order}'.", order)
        self._book.album.keep(raw)
        try:
            task = self._book.account.create(WIRE, order)
        except NoMoney:
            return self.refusal("balance")
        except NoRoom:
            return self._book.no_room(self.refusal("rate"))
        return json_answer(200, self._show(task))

    def _poll(self, task: Task) -> Answer:
        return json_answer(200, self._show(task))

    def _content(self, task: Task) -> Answer:
        """Why the content cannot be had; where it can, the caller serves it."""
        finished = stage(task, self._book.clock.time()).status == "completed"
        return self.refusal("expired" if finished else "not_ready")

    def _delete(self, task: Task) -> Answer:
        if stage(task, self._book.clock.time()).status not in ("completed", "failed"):
            return self.refusal("not_ready")
        self._book.account.delete(task)
        return json_answer(200, {"id": task.id, "object": "video.deleted", "deleted": True})

    def _list(self, query: Mapping[str, str]) -> Answer:
        limit, order = query.get("limit", "20"), query.get("order", "desc")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            return _bad_value("limit")
        if order not in ("asc", "desc"):
            return _bad_value("order")
        odd = Oddities.of(self._book.faults)
        tasks = odd.shown(self._book.account.newest(WIRE), self._book.clock.time())
        if order == "asc":
            tasks.reverse()
        start = 0
        if after := query.get("after"):
            ids = [task.id for task in tasks]
            if after not in ids:
                return _bad_value("after")
            start = ids.index(after) + 1
        page = [self._show(task) for task in odd.page(tasks, start, int(limit))]
        left = len(tasks) - (0 if odd.repeats else start) - len(page)
        return _page(page, more=left > 0 or odd.endless)

    def _show(self, task: Task) -> dict[str, Any]:
        at = stage(task, self._book.clock.time())
        odd = Oddities.of(self._book.faults)
        skew = self._book.faults.skew() - odd.back
        done = at.status == "completed"
        failed = {"code": "moderation_blocked", "message": task.error} if at.status == "failed" else None
        ended = int(task.ready_at + skew) if done and math.isfinite(task.ready_at) else None
        return {
            "id": task.id,
            "object": "video",
            "model": task.order.details.get("model"),
            "status": _STATUS.get(at.status, at.status),
            "progress": at.progress,
            "created_at": int(task.created_at + skew),
            "completed_at": ended,
            "expires_at": ended + int(self._book.url_seconds) if ended is not None else None,
            "prompt": odd.text(task.order.prompt),
            "seconds": str(task.order.seconds),
            "size": task.order.details.get("size"),
            "remixed_from_video_id": None,
            "error": failed,
        }


def _bad_value(name: str) -> Answer:
    return _error(400, "invalid_request_error", "invalid_value", f"Invalid value: '{name}'.", name)


def _page(rows: list[dict[str, Any]], *, more: bool) -> Answer:
    return json_answer(
        200,
        {
            "object": "list",
            "data": rows,
            "first_id": rows[0]["id"] if rows else None,
            "last_id": rows[-1]["id"] if rows else None,
            "has_more": more,
        },
    )


def _error(status: int, family: str, code: str, message: str, param: str | None = None) -> Answer:
    error = {"message": message, "type": family, "param": param, "code": code}
    return json_answer(status, {"error": error})


def _models() -> Answer:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "simulator"} for name in MODELS]
    return json_answer(200, {"object": "list", "data": data})


def _body(call: Call) -> Any:
    """The members of a create, from JSON or from a form; ``None`` where it is neither."""
    kind = call.headers.get("content-type", "")
    return fields(kind, call.body) if kind.lower().startswith("multipart/form-data") else call.json()


def _is_length(seconds: Any) -> bool:
    """A number is refused on purpose: the format wants a string here."""
    return isinstance(seconds, str) and seconds.isdecimal() and 1 <= int(seconds) <= SECONDS_MAX


def _order(raw: Any) -> Order | str:
    """The order in a create's members, or the name of the one that is wrong."""
    if not isinstance(raw, dict):
        return "body"
    prompt, seconds, size = raw.get("prompt"), raw.get("seconds", "4"), raw.get("size", "720x1280")
    model, reference = raw.get("model", MODELS[0]), raw.get("input_reference")
    if not isinstance(prompt, str) or not 1 <= len(prompt) <= PROMPT_MAX:
        return "prompt"
    if not isinstance(model, str) or not model:
        return "model"
    if not _is_length(seconds):
        return "seconds"
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        return "size"
    width, height = int(found[1]), int(found[2])
    image = _image(reference, width, height)
    if image is None:
        return "input_reference"
    orientation = "vertical" if height > width else "horizontal"
    details = {"model": model, "size": size, "given": given(raw)}
    return Order(prompt, image or first_frame(raw), int(seconds), orientation, "pro" in model, details)


def _image(reference: Any, width: int, height: int) -> str | None:
    """A name for the reference image, ``""`` where there is none, ``None`` where it is not allowed."""
    if reference is None:
        return ""
    if isinstance(reference, File):
        if not reference.data.startswith(_PICTURES):
            return None
        if reference.data.startswith(_PICTURES[0]) and _png_size(reference.data) != (width, height):
            return None
        return "sha256:" + hashlib.sha256(reference.data).hexdigest()
    if isinstance(reference, dict):
        value = reference.get("image_url") or reference.get("file_id")
        return value if isinstance(value, str) else None
    return None


def _png_size(data: bytes) -> tuple[int, ...]:
    return struct.unpack(">2I", data[16:24]) if len(data) >= 24 else ()
