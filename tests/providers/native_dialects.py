"""The situations of ``dialects`` in the words of each native API: replies as data, in the order of its facts page."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scripted_http import Reply

from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.providers import make
from sorad.providers.base import Provider

KEY = "sk-conformance-0123456789abcdef"
ID = {"X-Request-Id": "req-7"}
REQUEST = Request(prompt="a lantern on the river\nat night", seconds=10)
TASK = "task/1:a+b=="  # ids may hold anything
URL = "<url>"  # where the address of a video goes


class NativeDialect:
    """One of them. ``said``: by situation the status and the body; ``rows`` makes the row of a list."""

    kind = ""
    create_path = ""
    authorization = f"Bearer {KEY}"
    lists_tasks = True
    progress: Any = None
    more: dict[str, Any] = {}  # noqa: RUF012
    said: dict[str, tuple[int, Any]] = {}  # noqa: RUF012
    list_path = ""  # where rows stand in a page
    total = ""  # and how many there are

    def config(self, url: str, **more: Any) -> ProviderConfig:
        patience = more.get("request_timeout", 5.0)
        usual = {"request_timeout": patience, "create_timeout": patience, **self.more}
        return ProviderConfig(kind=self.kind, base_url=url, **{**usual, **more})

    def make(self, url: str, **more: Any) -> Provider:
        return make(self.config(url, **more), lambda: KEY, pictures=(Path("/"),))

    def prompt_of(self, body: Any) -> str:
        raise NotImplementedError

    def row(self, name: str, prompt: str, created: float) -> Any:
        raise NotImplementedError

    def reply(self, situation: str, url: str = "", status: int = 0, **headers: str) -> Reply:
        usual, body = self.said[situation]
        return Reply(_filled(copy.deepcopy(body), url), status or usual, {**ID, **headers})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in type(self).said:
            raise AttributeError(name)
        return lambda *args, **headers: self.reply(name, *args, **headers)

    def finished(self, url: str) -> Reply:
        return self.reply("finished", url)

    def server(self, status: int = 500) -> Reply:
        return self.reply("server", status=status)

    def pages(self, rows: Sequence[tuple[str, str, float]], size: int = 20) -> list[Reply]:
        shown = [self.row(*row) for row in rows]
        pages = [shown[start : start + size] for start in range(0, len(shown), size)] + [[]]
        return [Reply({self.list_path: page}, 200, ID) for page in pages]

    def empty_though_more(self) -> Reply:
        return Reply({self.list_path: [], self.total or "total": 4}, 200, ID)


def _filled(value: Any, url: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, url) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, url) for item in value]
    return url if value == URL else value


def _dashscope(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "request_id": "in the body"}


def _output(status: str, **more: Any) -> dict[str, Any]:
    return {"request_id": "r", "output": {"task_id": TASK, "task_status": status, **more}}


class DashScope(NativeDialect):
    kind = "dashscope"
    create_path = "/api/v1/services/aigc/video-generation/video-synthesis"
    list_path, total = "data", "total"
    said = {  # noqa: RUF012
        "accepted": (200, _output("PENDING")),
        "without_id": (200, {"output": {"task_status": "PENDING"}}),
        "running": (200, _output("RUNNING")),
        "finished": (200, _output("SUCCEEDED", video_url=URL, orig_prompt=REQUEST.prompt)),
        "blocked": (200, _output("FAILED", code="DataInspectionFailed", message="inappropriate content")),
        "gave_up": (200, _output("FAILED", code="Whatever", message="no luck")),
        "missing": (200, _output("UNKNOWN")),
        "key_refused": (401, _dashscope("InvalidApiKey", "Invalid API-key provided.")),
        "no_balance": (400, _dashscope("Arrearage", "Access denied, your account is not in good standing.")),
        "no_free_quota": (403, _dashscope("AllocationQuota.FreeTierOnly", "The free tier is used up.")),
        "bad_parameters": (400, _dashscope("InvalidParameter", "The request is not valid.")),
        "blocked_at_once": (400, _dashscope("DataInspectionFailed", "Input data may be inappropriate.")),
        "person": (400, _dashscope("DataInspectionFailed", "The input picture shows a real person.")),
        "rate": (429, _dashscope("Throttling.RateQuota", "Requests rate limit exceeded.")),
        "server": (500, _dashscope("InternalError", "An internal error has occurred.")),
        "retired": (404, _dashscope("ModelNotFound", "Model can not be found.")),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["input"]["prompt"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        return {
            "task_id": name,
            "status": "RUNNING",
            "model_name": "wan3.0-video",
            "gmt_create": created * 1000,
        }


def _minimax(kind: str, number: int, words: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": f"{words} ({number})", "http_code": "?"}}


def _h3(status: str, **more: Any) -> dict[str, Any]:
    return {"task": {"id": TASK, "status": status, "error": None, **more}}


class MiniMax(NativeDialect):
    kind = "minimax"
    create_path = "/v2/video_generation"
    list_path, total = "items", "total"
    said = {  # noqa: RUF012
        "accepted": (200, {"task_id": TASK}),
        "without_id": (200, {}),
        "running": (200, _h3("running")),
        "finished": (200, _h3("succeeded", content={"url": URL})),
        "blocked": (200, _h3("failed", error={"code": "1027", "message": "output new_sensitive"})),
        "gave_up": (200, _h3("failed", error={"code": "9999", "message": "out of luck"})),
        "missing": (404, _minimax("not_found_error", 2063, "task not found")),
        "key_refused": (401, _minimax("authorized_error", 1004, "login fail")),
        "no_balance": (402, _minimax("insufficient_balance_error", 1008, "insufficient balance")),
        "no_balance_429": (429, _minimax("insufficient_balance_error", 1008, "insufficient balance")),
        "bad_parameters": (400, _minimax("bad_request_error", 2013, "invalid params")),
        "blocked_at_once": (422, _minimax("unprocessable_entity_error", 1026, "input new_sensitive")),
        "person": (422, _minimax("unprocessable_entity_error", 1026, "a real person is in the picture")),
        "rate": (429, _minimax("rate_limit_error", 1002, "rate limit")),
        "server": (500, _minimax("server_error", 1000, "unknown error")),
        "retired": (404, _minimax("not_found_error", 2061, "model not found")),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["content"][0]["text"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        shape = {"model": "MiniMax-H3", "duration": 10, "resolution": "768P", "ratio": "16:9"}
        return {"id": name, "status": "queued", "created_at": created, **shape}


def _vidu(code: str, words: str) -> dict[str, Any]:
    return {"code": code, "message": words}


def _creation(state: str, **more: Any) -> dict[str, Any]:
    return {"id": TASK, "state": state, "err_code": "", "credits": 7, "creations": [], **more}


class Vidu(NativeDialect):
    kind = "vidu"
    create_path = "/ent/v2/text2video"
    authorization = f"Token {KEY}"
    list_path = "tasks"
    said = {  # noqa: RUF012
        "accepted": (200, {"task_id": TASK, "state": "created", "credits": 7}),
        "without_id": (200, {"state": "created"}),
        "running": (200, _creation("processing")),
        "finished": (200, _creation("success", creations=[{"id": "c", "url": URL, "cover_url": ""}])),
        "blocked": (200, _creation("failed", err_code="CreationPolicyViolation")),
        "gave_up": (200, _creation("failed", err_code="Whatever")),
        "missing": (404, _vidu("NotFound", "task not found")),
        "key_refused": (401, _vidu("Unauthorized", "the key is not valid")),
        "no_balance": (400, _vidu("CreditInsufficient", "credits")),
        "bad_parameters": (400, _vidu("FieldInvalid", "a field is not valid")),
        "blocked_at_once": (400, _vidu("TaskPromptPolicyViolation", "no")),
        "person": (400, _vidu("PhotoAuditNotPass", "a real person is in the photo")),
        "rate": (429, _vidu("SystemThrottling", "slow down")),
        "server": (500, _vidu("InternalServerFailure", "server error")),
        "retired": (400, _vidu("BadRequest", "model is not supported")),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["prompt"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        shape = {"model": "viduq3-turbo", "duration": 10, "resolution": "720p", "aspect_ratio": "16:9"}
        own = {"payload": f"sorad-{name}", "prompt": prompt, "created_at": int(created * 1000)}
        return {"id": name, "state": "processing", **own, **shape}


def _ark(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "param": "", "type": "BadRequest"}}


def _cgt(status: str, **more: Any) -> dict[str, Any]:
    return {"id": TASK, "model": "doubao-seedance-2-0-260128", "status": status, "error": None, **more}


class Ark(NativeDialect):
    kind = "ark"
    create_path = "/contents/generations/tasks"
    list_path, total = "items", "total"
    said = {  # noqa: RUF012
        "accepted": (200, {"id": TASK}),
        "without_id": (200, {}),
        "running": (200, _cgt("running")),
        "finished": (200, _cgt("succeeded", content={"video_url": URL})),
        "blocked": (
            200,
            _cgt("failed", error={"code": "OutputVideoSensitiveContentDetected", "message": "no"}),
        ),
        "gave_up": (200, _cgt("failed", error={"code": "Whatever", "message": "out of luck"})),
        "missing": (404, _ark("ResourceNotFound", "The task is not found.")),
        "key_refused": (401, _ark("AuthenticationError", "The API key is not valid.")),
        "no_balance": (403, _ark("AccountOverdueError", "The account has an overdue balance.")),
        "spending_limit": (429, _ark("SetLimitExceeded", "The limit that was set is reached.")),
        "bad_parameters": (400, _ark("InvalidParameter.UnsupportedParameter", "Not valid.")),
        "blocked_at_once": (400, _ark("InputTextSensitiveContentDetected", "Sensitive.")),
        "person": (400, _ark("InputImageSensitiveContentDetected.PrivacyInformation", "A real person.")),
        "rate": (429, _ark("RateLimitExceeded.EndpointRPMExceeded", "Too many requests per minute.")),
        "server": (500, _ark("InternalServiceError", "An internal error.")),
        "retired": (404, _ark("InvalidEndpointOrModel.NotFound", "The model does not exist.")),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["content"][0]["text"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        shape = {"duration": 10, "resolution": "720p", "ratio": "16:9", "generate_audio": True}
        told = {"model": "doubao-seedance-2-0-260128", "created_at": int(created), **shape}
        return {"id": name, "status": "queued", **told}


def _kling(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "request_id": "r"}


def _tasks(status: str, **more: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "data": [{"id": TASK, "status": status, "outputs": [], **more}]}


class Kling(NativeDialect):
    kind = "kling"
    create_path = "/text-to-video/kling-3.0"
    said = {  # noqa: RUF012
        "accepted": (200, {"code": 0, "message": "SUCCEED", "data": {"id": TASK, "status": "submitted"}}),
        "without_id": (200, {"code": 0, "message": "SUCCEED", "data": {"status": "submitted"}}),
        "running": (200, _tasks("processing")),
        "finished": (200, _tasks("succeeded", outputs=[{"type": "video", "id": "v", "url": URL}])),
        "blocked": (200, _tasks("failed", message="the content triggers the risk control, sensitive")),
        "gave_up": (200, _tasks("failed", message="out of luck")),
        "missing": (200, {"code": 0, "message": "SUCCEED", "data": []}),
        "key_refused": (401, _kling(1002, "Authorization is not valid")),
        "no_balance": (429, _kling(1101, "Account in arrears")),
        "pack_used_up": (429, _kling(1102, "The resource pack is used up")),
        "bad_parameters": (400, _kling(1201, "A parameter is not valid")),
        "blocked_at_once": (400, _kling(1301, "It triggers the risk control")),
        "person": (400, _kling(1301, "The picture shows a real person")),
        "rate": (429, _kling(1302, "API request too fast")),
        "server": (500, _kling(5000, "Internal error")),
        "retired": (404, _kling(1203, "The model is not found")),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["prompt"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        return {
            "id": name,
            "status": "submitted",
            "create_time": int(created * 1000),
            "external_id": f"sorad-{name}",
        }

    def page(self, rows: Sequence[Any], after: str) -> Reply:
        told = {"result": list(rows), "count": len(rows), "has_more": bool(after), "next_cursor": after}
        return Reply({"code": 0, "message": "SUCCEED", "data": told}, 200, ID)

    def pages(self, rows: Sequence[tuple[str, str, float]], size: int = 20) -> list[Reply]:
        shown = [self.row(*row) for row in rows]
        starts = range(0, max(len(shown), 1), size)
        return [
            self.page(shown[at : at + size], str(at + size) if at + size < len(shown) else "")
            for at in starts
        ]

    def empty_though_more(self) -> Reply:
        return self.page([], "4")


class Fal(NativeDialect):
    kind = "fal"
    create_path = "/fal-ai/one/text-to-video"
    authorization = f"Key {KEY}"
    more = {"model": "fal-ai/one/text-to-video"}  # noqa: RUF012
    list_path = "items"
    said = {  # noqa: RUF012
        "accepted": (200, {"request_id": TASK, "status": "IN_QUEUE", "status_url": "https://x.test/status"}),
        "without_id": (200, {"status": "IN_QUEUE"}),
        "running": (202, {"status": "IN_PROGRESS", "request_id": TASK}),
        "finished": (200, {"status": "COMPLETED", "video": {"url": URL}}),
        "blocked": (200, {"status": "COMPLETED", "error": "no", "error_type": "content_policy_violation"}),
        "gave_up": (200, {"status": "COMPLETED", "error": "out of luck", "error_type": "whatever"}),
        "missing": (404, {"detail": "Request not found"}),
        "key_refused": (401, {"detail": "Authentication is required"}),
        "no_balance": (403, {"detail": "User is locked. Reason: Exhausted balance. Top up."}),
        "bad_parameters": (422, {"detail": [{"loc": ["body"], "msg": "not valid", "type": "value_error"}]}),
        "blocked_at_once": (422, {"detail": [{"msg": "flagged", "type": "content_policy_violation"}]}),
        "person": (422, {"detail": [{"msg": "a real person", "type": "content_policy_violation"}]}),
        "locked": (403, {"detail": "User is locked. Reason: Admin lock."}),
        "rate": (429, {"detail": "slow down"}),
        "server": (500, {"detail": "Internal Server Error"}),
        "retired": (404, {"detail": "Application not found"}),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["prompt"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        sent = {"prompt": prompt, "duration": "10", "aspect_ratio": "16:9"}
        when = datetime.fromtimestamp(created, timezone.utc).isoformat()
        return {"request_id": name, "sent_at": when, "json_input": sent}


def _prediction(status: str, **more: Any) -> dict[str, Any]:
    return {"id": TASK, "status": status, "error": None, "output": None, **more}


class Replicate(NativeDialect):
    kind = "replicate"
    create_path = "/models/vendor/one/predictions"
    more = {"model": "vendor/one"}  # noqa: RUF012
    list_path = "results"
    said = {  # noqa: RUF012
        "accepted": (201, _prediction("starting")),
        "without_id": (201, {"status": "starting"}),
        "running": (200, _prediction("processing")),
        "finished": (200, _prediction("succeeded", output=[URL])),
        "blocked": (200, _prediction("failed", error="flagged as sensitive (E005)")),
        "gave_up": (200, _prediction("failed", error="out of luck")),
        "missing": (404, {"detail": "not found", "title": "Not found", "status": 404}),
        "key_refused": (401, {"detail": "You did not pass a valid token", "status": 401}),
        "no_balance": (402, {"detail": "insufficient credit", "status": 402}),
        "bad_parameters": (422, {"detail": "it is not valid", "status": 422}),
        "blocked_at_once": (422, {"detail": "flagged as sensitive", "status": 422}),
        "person": (422, {"detail": "flagged as sensitive: a real person", "status": 422}),
        "rate": (429, {"detail": "Request was throttled."}),
        "throttled": (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}),
        "server": (500, {"detail": "Internal Server Error", "status": 500}),
        "retired": (404, {"detail": "The requested resource could not be found.", "status": 404}),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["input"]["prompt"])

    def row(self, name: str, prompt: str, created: float) -> Any:
        sent = {"prompt": prompt, "duration": 10, "aspect_ratio": "16:9"}
        when = datetime.fromtimestamp(created, timezone.utc).isoformat().replace("+00:00", "Z")
        return {"id": name, "status": "processing", "created_at": when, "input": sent}


def _google(status: int, name: str, words: str) -> tuple[int, Any]:
    return status, {"error": {"code": status, "message": words, "status": name, "details": []}}


def made(**video: Any) -> dict[str, Any]:
    content = [{"type": "video", "mime_type": "video/mp4", **video}]
    return {"id": TASK, "status": "completed", "steps": [{"type": "model_output", "content": content}]}


class GoogleOmni(NativeDialect):
    kind = "google_omni"
    create_path = "/interactions"
    authorization = KEY
    key_header = "x-goog-api-key"
    lists_tasks = False
    said = {  # noqa: RUF012
        "accepted": (200, {"id": TASK, "status": "in_progress"}),
        "without_id": (200, {"status": "in_progress"}),
        "running": (200, {"id": TASK, "status": "in_progress"}),
        "finished": (200, made(uri=URL)),
        "blocked": (200, {"id": TASK, "status": "failed", "errors": [{"message": "safety policy"}]}),
        "gave_up": (200, {"id": TASK, "status": "failed", "errors": [{"message": "out of luck"}]}),
        "missing": _google(404, "NOT_FOUND", "The interaction was not found."),
        "key_refused": _google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        "no_balance": _google(402, "FAILED_PRECONDITION", "Your prepaid credit is used up."),
        "no_balance_429": _google(429, "RESOURCE_EXHAUSTED", "The spending limit of the project is reached."),
        "bad_parameters": _google(400, "INVALID_ARGUMENT", "It is not valid."),
        "blocked_at_once": _google(400, "INVALID_ARGUMENT", "It violates our content policy."),
        "person": _google(400, "INVALID_ARGUMENT", "Content policy: a real person is in the picture."),
        "rate": _google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests per minute."),
        "server": _google(500, "INTERNAL", "An internal error has occurred."),
        "retired": _google(404, "NOT_FOUND", "The model is no longer available."),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["input"][-1]["text"])


def _router(status: int, words: str) -> tuple[int, Any]:
    return status, {"error": {"code": status, "message": words, "metadata": {}}}


class OpenRouter(NativeDialect):
    kind = "openrouter"
    create_path = "/videos"
    more = {"model": "vendor/one"}  # noqa: RUF012
    lists_tasks = False
    said = {  # noqa: RUF012
        "accepted": (202, {"id": TASK, "polling_url": "https://x.test/p", "status": "pending"}),
        "without_id": (202, {"status": "pending"}),
        "running": (200, {"id": TASK, "status": "in_progress"}),
        "finished": (200, {"id": TASK, "status": "completed", "urls": [URL], "usage": {"cost": 0.5}}),
        "blocked": (200, {"id": TASK, "status": "failed", "error": "flagged by moderation"}),
        "gave_up": (200, {"id": TASK, "status": "failed", "error": "out of luck"}),
        "missing": _router(404, "Video not found"),
        "key_refused": _router(401, "No auth credentials found"),
        "no_balance": _router(402, "Insufficient credits"),
        "bad_parameters": _router(400, "It is not valid"),
        "blocked_at_once": _router(403, "The input was flagged"),
        "person": _router(403, "The input was flagged: a real person"),
        "rate": _router(429, "Rate limit exceeded"),
        "server": _router(500, "Internal Server Error"),
        "retired": _router(404, "No endpoints found"),
    }

    def prompt_of(self, body: Any) -> str:
        return str(body["prompt"])


NATIVES = [Ark(), DashScope(), Kling(), MiniMax(), Vidu(), Fal(), Replicate(), GoogleOmni(), OpenRouter()]
