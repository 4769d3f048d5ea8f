"""The native format of sora.hk, as its API page describes it: bodies with a ``code``, prices in cents."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from sorad.simulator.lists import Oddities
from sorad.simulator.route import Book, Route
from sorad.simulator.state import NoMoney, NoRoom, Order, Task, stage
from sorad.simulator.wire import Answer, Call, json_answer

WIRE = "sora_hk"
SECONDS, SECONDS_PRO = (10, 15), (10, 15, 25)
_CHINA = timezone(timedelta(hours=8))
_REFUSALS: Mapping[str, tuple[int, int, str]] = {  # kind: HTTP status, body code, message
    "key": (401, 401, "API Key无效或已被禁用"),
    "parameters": (200, 1001, "参数错误"),
    "balance": (200, 1012, "余额不足"),
    "blocked": (400, 1001, "提示词违反内容政策"),
    "person": (400, 1001, "图片中包含真人"),
    "rate": (429, 429, "请求过于频繁，请稍后再试"),
    "server": (500, 500, "服务器内部错误"),
    "retired": (404, 404, "model not found"),
    "lost_task": (404, 404, "任务不存在"),
    "path": (404, 404, "接口不存在"),
}


class SoraHk:
    """Answers calls below ``/v1`` that are not of the videos format."""

    wire = WIRE
    base = "/v1"

    def __init__(self, book: Book, list_shape: str = "list") -> None:
        """``list_shape``: the member of ``data`` that holds a page of tasks; "data": ``data`` itself."""
        self._book = book
        self._list_shape = list_shape

    def owns(self, call: Call) -> bool:
        """It answers what no other format does."""
        return True

    def key(self, call: Call) -> str:
        """The key in a call."""
        return call.key

    def downloadable(self, task_id: str) -> Task | None:
        """None: videos lie elsewhere."""
        return None

    def route(self, call: Call) -> Route | None:
        """What a call asks for; ``None`` where there is nothing at its path."""
        place = (call.method, call.parts[1:2], len(call.parts))
        if place == ("POST", ("create",), 2):
            raw = call.json()
            prompt = raw.get("prompt") if isinstance(raw, dict) else None
            prompt = prompt if isinstance(prompt, str) else ""
            return Route("create", prompt, prompt, lambda: self._create(raw))
        if place == ("GET", ("tasks",), 3):
            return self._on_task("poll", call.parts[2], self._poll)
        if place == ("GET", ("tasks",), 2):
            return Route("list", "", "", lambda: self._list(call.query))
        if place == ("GET", ("balance",), 2):
            return Route("account", "", "", lambda: _ok({"balance": self._book.account.balance}))
        if place == ("GET", ("pricing",), 2):
            return Route("account", "", "", self._pricing)
        return None

    def order(self, call: Call) -> Order | str:
        """The order in a create, or the name of what is wrong with it."""
        return _order(call.json())

    def refusal(self, kind: str, status: int | None = None) -> Answer:
        """An error, or for ``no_id`` a create's good answer without one; over ``status``, where given."""
        if kind == "no_id":
            return dataclasses.replace(_ok({"status": "pending"}), status=status or 200)
        usual, code, message = _REFUSALS[kind]
        if kind == "server" and status:
            code = status if status >= 500 else code
        return json_answer(status or usual, {"code": code, "message": message, "data": None})

    def _on_task(self, target: str, task_id: str, act: Callable[[Task], Answer]) -> Route:
        return self._book.on_task(WIRE, task_id, target, act, lambda: self.refusal("lost_task"))

    def _create(self, raw: Any) -> Answer:
        order = _order(raw)
        if isinstance(order, str):
            return json_answer(200, {"code": 1001, "message": f"参数错误: {order}", "data": None})
        try:
            task = self._book.account.create(WIRE, order)
        except NoMoney:
            return self.refusal("balance")
        except NoRoom:
            return self._book.no_room(self.refusal("rate"))
        return _ok({"task_id": task.id, "status": "pending", "cost": task.cost})

    def _poll(self, task: Task) -> Answer:
        return _ok(self._show(task))

    def _list(self, query: Mapping[str, str]) -> Answer:
        try:
            page, size = int(query.get("page", "1")), int(query.get("page_size", "20"))
        except ValueError:
            return self.refusal("parameters")
        if page < 1 or not 1 <= size <= 100:
            return self.refusal("parameters")
        odd, now = Oddities.of(self._book.faults), self._book.clock.time()
        tasks = odd.shown(self._book.account.newest(WIRE), now)
        if status := query.get("status"):
            tasks = [task for task in tasks if stage(task, now).status == status]
        shown = [self._show(task) for task in odd.page(tasks, (page - 1) * size, size)]
        if self._list_shape == "data":
            return _ok(shown)
        if odd.endless:
            return _ok({self._list_shape: shown})
        return _ok({self._list_shape: shown, "total": len(tasks), "page": page, "page_size": size})

    def _pricing(self) -> Answer:
        normal, pro = self._book.account.prices
        return _ok({"normal_price": normal, "pro_price": pro, "currency": "USD", "unit": "cents"})

    def _show(self, task: Task) -> dict[str, Any]:
        at = stage(task, self._book.clock.time())
        done = at.status in ("completed", "failed")
        return {
            "task_id": task.id,
            "status": at.status,
            "progress": at.progress,
            "prompt": Oddities.of(self._book.faults).text(task.order.prompt),
            "video_url": self._book.video_url(task) if at.status == "completed" else None,
            "error_msg": task.error if at.status == "failed" else None,
            "is_pro": task.order.pro,
            "duration": task.order.seconds,
            "resolution": task.order.orientation,
            "quality": task.order.details.get("quality"),
            "image_url": task.order.image or None,
            "remove_watermark": task.order.details.get("remove_watermark", True),
            "created_at": self._time(task, task.created_at),
            "completed_at": self._time(task, task.ready_at) if done else None,
        }

    def _time(self, task: Task, seconds: float) -> str:
        """In one of the two styles that are seen, by the task."""
        seconds += self._book.faults.skew() - Oddities.of(self._book.faults).back
        if zlib.crc32(task.id.encode()) % 2:
            return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return datetime.fromtimestamp(seconds, _CHINA).isoformat(timespec="milliseconds")


def _ok(data: Any) -> Answer:
    return json_answer(200, {"code": 200, "message": "success", "data": data})


def _is_length(seconds: Any, pro: bool) -> bool:
    return type(seconds) is int and seconds in (SECONDS_PRO if pro else SECONDS)


def _order(raw: Any) -> Order | str:
    """The order in a create's body, or the name of what is wrong with it."""
    if not isinstance(raw, dict):
        return "body"
    prompt, image, pro = raw.get("prompt"), raw.get("image_url"), raw.get("is_pro", False)
    seconds, orientation = raw.get("duration", 10), raw.get("resolution", "horizontal")
    watermark, quality = raw.get("remove_watermark", True), raw.get("quality")
    if not isinstance(prompt, str) or not prompt.strip():
        return "prompt"
    if image is not None and not isinstance(image, str):
        return "image_url"
    if not isinstance(pro, bool):
        return "is_pro"
    if not _is_length(seconds, pro):
        return "duration"
    if orientation not in ("horizontal", "vertical"):
        return "resolution"
    if not isinstance(watermark, bool):
        return "remove_watermark"
    details = {"remove_watermark": watermark, "quality": quality}
    return Order(prompt, image or "", seconds, orientation, pro, details)
