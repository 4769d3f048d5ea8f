"""The same situations in each provider's own words, so that one suite can speak about all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from native_dialects import ID, KEY, NATIVES, REQUEST, TASK
from scripted_http import Reply

from sorad.config.model import ProviderConfig
from sorad.providers import make
from sorad.providers.base import Provider

__all__ = [
    "DIALECTS",
    "ID",
    "KEY",
    "NATIVES",
    "REQUEST",
    "TASK",
    "OpenAiVideos",
    "OpenAiWithoutList",
    "SoraHk",
]


class SoraHk:
    """sora.hk and the simulator."""

    kind = "sora_hk"
    create_path = "/create"
    authorization = f"Bearer {KEY}"
    progress = 30.0
    lists_tasks = True

    def prompt_of(self, body: Any) -> str:
        return str(body["prompt"])

    def config(self, url: str, **more: Any) -> ProviderConfig:
        return ProviderConfig(kind=self.kind, base_url=url, **{"request_timeout": 5.0, **more})

    def make(self, url: str, **more: Any) -> Provider:
        return make(self.config(url, **more), lambda: KEY, pictures=(Path("/"),))

    def say(self, code: int, message: str, status: int, data: Any = None, **headers: str) -> Reply:
        return Reply({"code": code, "message": message, "data": data}, status, {**ID, **headers})

    def accepted(self) -> Reply:
        return self.say(200, "操作成功", 200, {"task_id": TASK, "status": "pending", "cost": 3})

    def without_id(self) -> Reply:
        return self.say(200, "操作成功", 200, {"status": "pending"})

    def task(self, status: str, **more: Any) -> Reply:
        data = {
            "task_id": TASK,
            "status": status,
            "prompt": REQUEST.prompt,
            "created_at": "2026-01-11T15:13:06Z",
        }
        return self.say(200, "操作成功", 200, {**data, **more})

    def running(self) -> Reply:
        return self.task("processing", progress=30)

    def finished(self, url: str) -> Reply:
        return self.task("completed", progress=100, video_url=url)

    def finished_without_url(self) -> Reply:
        return self.task("completed", progress=100, video_url=None)

    def blocked(self) -> Reply:
        return self.task(
            "failed", progress=97, error_msg="此内容可能违反关于裸露、性内容或色情内容的相关规定。"
        )

    def gave_up(self) -> Reply:
        return self.task("failed", progress=97, error_msg="生成失败")

    def missing(self) -> Reply:
        return self.say(404, "任务不存在", 404)

    def key_refused(self) -> Reply:
        return self.say(401, "API Key无效", 401)

    def no_balance(self) -> Reply:
        return self.say(1012, "余额不足", 200)

    def bad_parameters(self) -> Reply:
        return self.say(1001, "参数错误", 200)

    def blocked_at_once(self) -> Reply:
        return self.say(1001, "提示词违反内容政策", 400)

    def rate(self, **headers: str) -> Reply:
        return self.say(429, "请求过于频繁", 429, **headers)

    def server(self, status: int = 500) -> Reply:
        return self.say(500, "服务器内部错误", status)

    def retired(self) -> Reply:
        return self.say(404, "接口不存在", 404)

    def pages(self, rows: Sequence[tuple[str, str, float]], size: int = 20) -> list[Reply]:
        shown = [
            {
                "task_id": name,
                "prompt": prompt,
                "created_at": _written(number, created),
                "duration": 10,
                "is_pro": False,
                "resolution": "horizontal",
            }
            for number, (name, prompt, created) in enumerate(rows)
        ]
        pages = [shown[start : start + size] for start in range(0, len(shown), size)] + [[]]
        return [self.say(200, "ok", 200, {"list": page}) for page in pages]

    def empty_though_more(self) -> Reply:
        return self.say(200, "ok", 200, {"list": [], "total": 4})


class Simulator(SoraHk):
    """The same format under its own name."""

    kind = "simulator"


class OpenAiVideos:
    """A gateway."""

    kind = "openai_videos"
    create_path = "/videos"
    authorization = f"Bearer {KEY}"
    progress = 30.0
    lists_tasks = True

    def prompt_of(self, body: Any) -> str:
        return str(body["prompt"])

    def config(self, url: str, **more: Any) -> ProviderConfig:
        usual = {
            "model": "veo-fast",
            "model_pro": "veo",
            "seconds": (10,),
            "lists_tasks": self.lists_tasks,
            "request_timeout": 5.0,
            "create_timeout": more.get("request_timeout", 5.0),  # else long, where there is no list
        }
        return ProviderConfig(kind=self.kind, base_url=url, **{**usual, **more})

    def make(self, url: str, **more: Any) -> Provider:
        return make(self.config(url, **more), lambda: KEY, pictures=(Path("/"),))

    def error(self, status: int, code: str, message: str, **headers: str) -> Reply:
        return Reply({"error": {"code": code, "message": message}}, status, {**ID, **headers})

    def accepted(self) -> Reply:
        return Reply({"id": TASK, "object": "video", "status": "queued", "progress": 0}, 200, ID)

    def without_id(self) -> Reply:
        return Reply({"object": "video", "status": "queued"}, 200, ID)

    def task(self, status: str, **more: Any) -> Reply:
        return Reply({"id": TASK, "object": "video", "status": status, **more}, 200, ID)

    def running(self) -> Reply:
        return self.task("in_progress", progress="30%", completed_at=1_700_000_000)

    def finished(self, url: str) -> Reply:
        return self.task("completed", progress=100, metadata={"url": url})

    def finished_without_url(self) -> Reply:
        raise NotImplementedError

    def blocked(self) -> Reply:
        return self.task("failed", error={"code": "moderation_blocked", "message": "blocked"})

    def gave_up(self) -> Reply:
        return self.task("failed", error={"code": "video_generation_failed", "message": "out of luck"})

    def missing(self) -> Reply:
        return self.error(400, "task_not_exist", "task_not_exist")

    def key_refused(self) -> Reply:
        return self.error(401, "invalid_api_key", "Incorrect API key provided.")

    def no_balance(self) -> Reply:
        return self.error(429, "insufficient_quota", "You exceeded your current quota.")

    def bad_parameters(self) -> Reply:
        return self.error(400, "invalid_value", "The request is not valid.")

    def blocked_at_once(self) -> Reply:
        return self.error(400, "content_policy_violation", "Your prompt was refused.")

    def rate(self, **headers: str) -> Reply:
        return self.error(429, "rate_limit_exceeded", "Rate limit reached.", **headers)

    def server(self, status: int = 500) -> Reply:
        return self.error(status, "server_error", "The server had an error.")

    def retired(self) -> Reply:
        return self.error(404, "model_not_found", "The model does not exist.")

    def pages(self, rows: Sequence[tuple[str, str, float]], size: int = 20) -> list[Reply]:
        shown = [
            {
                "id": name,
                "prompt": prompt,
                "created_at": int(created),
                "seconds": "10",
                "size": "1280x720",
                "model": "veo-fast",
            }
            for name, prompt, created in rows
        ]
        pages = [shown[start : start + size] for start in range(0, len(shown), size)] or [[]]
        return [
            Reply(
                {
                    "object": "list",
                    "data": page,
                    "last_id": page[-1]["id"] if page else None,
                    "has_more": number + 1 < len(pages),
                },
                200,
                ID,
            )
            for number, page in enumerate(pages)
        ]

    def empty_though_more(self) -> Reply:
        return Reply({"object": "list", "data": [], "has_more": True}, 200, ID)


class OpenAiWithoutList(OpenAiVideos):
    """A gateway that cannot list its tasks."""

    lists_tasks = False


DIALECTS = [SoraHk(), Simulator(), OpenAiVideos(), OpenAiWithoutList()]


def _written(number: int, seconds: float) -> str:
    """A time in one of the two styles that are seen, by turns."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    if number % 2:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment.astimezone(timezone(timedelta(hours=8))).isoformat(timespec="milliseconds")
