"""Answers that gateways give though they took the task: each was seen at one, or is told of by its users."""

from __future__ import annotations

import json
from typing import Any

from sorad.config.model import ProviderConfig
from sorad.providers.base import Created
from sorad.providers.openai_videos import answers as openai_answers
from sorad.providers.openai_videos.answers import Paths
from sorad.providers.sora_hk import answers as sora_hk_answers
from sorad.providers.wire.answer import Answer

_PATHS = Paths.of(ProviderConfig(kind="openai_videos"))

AFTER_ACCEPTANCE: list[tuple[int, Any]] = [
    (408, {"error": {"message": "litellm.Timeout: Connection timed out.", "code": "408"}}),
    (409, {"error": {"message": "duplicate request", "code": "conflict"}}),
    (499, {"message": "client closed"}),
    (500, {"code": "do_request_failed", "message": "do request failed: context deadline exceeded"}),
    (500, {"error": {"message": "The server had an error.", "code": "server_error"}}),
    (500, {"code": 1012, "message": "余额不足"}),
    (503, {"error": {"message": "无可用渠道", "code": "model_not_found"}}),
    (502, "<html><title>502 Bad Gateway</title></html>"),
    (524, "error code: 524"),
    (400, {"error": {"message": "read tcp 10.0.0.1:1->10.0.0.2:443: i/o timeout", "code": "upstream_error"}}),
    (400, {"error": {"message": "bad response status code 504", "code": "bad_response_status_code"}}),
    (403, {"error": {"message": "请求超时", "code": "forbidden"}}),
    (429, {"error": {"message": "unexpected EOF", "code": "rate_limit_exceeded"}}),
    (400, {"task_id": "kept back", "error": {"message": "not ready"}}),
    (422, "Unprocessable"),
    (200, {"code": 500, "message": "服务器内部错误"}),
    (200, "<html>maintenance</html>"),
    (200, ""),
]
WITHOUT_ID: list[tuple[int, Any]] = [
    (200, {"code": "success", "data": {"status": "submitted"}}),
    (200, {"message": "ok"}),
    (202, {}),
]


def outcome(status: int, body: Any, native: bool) -> Created:
    """What sorad makes of an answer, in one of the two formats."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    came = Answer(status, {"content-type": "text/html" if raw.startswith(b"<") else "application/json"}, raw)
    return sora_hk_answers.after_create(came) if native else openai_answers.after_create(came, _PATHS)
