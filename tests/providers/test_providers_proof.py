"""What an answer to a create proves: nothing outside the table is ever a refusal, whatever a gateway makes up."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_providers_pure import ANSWERS, BODIES, HEADERS, TREES, outcomes

from sorad.providers.base import Refused
from sorad.providers.creates import proof
from sorad.providers.creates.proof import CreateAnswer, Proof
from sorad.providers.wire.answer import Answer

# The issue's own list, written down a second time on purpose.
BEFORE_A_HANDLER = {
    429,
    301,
    307,
    308,
    401,
    402,
    403,
    404,
    405,
    406,
    407,
    410,
    411,
    413,
    414,
    415,
    421,
    431,
    451,
}
STATUSES = st.integers(100, 999)
CUT = st.sampled_from(
    [
        "context deadline exceeded",
        "litellm.Timeout",
        "unexpected EOF",
        "do request failed",
        "connection reset",
        "请求超时",
        "peer closed connection without sending complete message body",
        "error reading response body",
        "failed to unmarshal upstream response",
        "invalid character '<' looking for beginning of value",
        "解析响应失败",
        "backend did not respond",
        "渠道无响应",
        "the request took too long",
        "insert task failed",
        "database is locked",
        "任务入库失败",
        "Service Unavailable",
        "服务暂时不可用",
        "the request may have been processed",
        "结果未知",
    ]
)
THERE = st.sampled_from(
    [
        "task already exists",
        "duplicate request",
        "任务已存在",
        "请勿重复提交",
        "pay first, task_id=cgt-77ab",
        "任务号：8841",
        "task video_00a1 was created but the webhook is bad",
        "the video has been queued, its callback is invalid",
        "任务 cgt-77ab 创建成功，但回调地址无效",
        "insufficient balance to continue task video-0017-49306",
        "poll http://gw.test/v1/videos/video_68e688d495 for the result",
        "job 3fa85f64-5717-4562-b3fc-2c963f66afa6 was billed, and the hook failed",
    ]
)


def in_the_table(came: Answer) -> bool:
    """Whether an answer may be a refusal at all, by the plainest reading of the table."""
    if came.status in BEFORE_A_HANDLER:
        return True
    body = came.json()
    if 200 <= came.status < 300:
        return isinstance(body, dict) and bool({"code", "error"} & set(body))
    return (
        400 <= came.status < 499 and came.status not in (408, 425) and isinstance(body, dict) and bool(body)
    )


@given(st.builds(Answer, STATUSES, HEADERS, BODIES))
def test_no_answer_outside_the_table_is_a_refusal(came: Answer) -> None:
    for found in outcomes(came):
        assert not isinstance(found, Refused) or in_the_table(came)


def with_words(body: Any, words: str, where: str) -> bytes:
    """Any body that also says something, somewhere."""
    tree: Any = dict(body) if isinstance(body, dict) else {"data": body}
    if where == "error":
        tree["error"] = {"message": words, "type": "x"}
    elif where == "deep":
        tree["details"] = [{"cause": {"raw": words}}]
    else:
        tree[where] = words
    return json.dumps(tree).encode()


PLACES = st.sampled_from(["message", "error", "msg", "detail", "deep"])


@given(STATUSES, TREES, CUT, PLACES)
def test_words_of_a_time_out_refuse_nothing(status: int, body: Any, words: str, where: str) -> None:
    came = Answer(status, {}, with_words(body, words, where))
    assert not any(isinstance(found, Refused) for found in outcomes(came))


@given(STATUSES, TREES, THERE, PLACES)
def test_what_says_that_it_is_there_refuses_nothing(status: int, body: Any, words: str, where: str) -> None:
    came = Answer(status, {}, with_words(body, words, where))
    assert not any(isinstance(found, Refused) for found in outcomes(came))


@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.parametrize(
    "words", ["pay first, task_id=cgt-77ab", "the task was created, its callback is invalid"]
)
def test_a_task_that_words_tell_of_is_there_whatever_the_status(status: int, words: str) -> None:
    answer = CreateAnswer(status, True, error=True, words=words, text=words)
    assert proof.proof(answer) is Proof.UNKNOWN


@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.parametrize(
    "words",
    [
        "This request has been accepted",
        "A task with this prompt is already running",
        "identical request in progress",
        "You already have a video with the same parameters",
        "Conflict with existing task",
        "idempotent replay",
        "request terminated",
        "该任务正在生成中",
        "相同的任务",
        "请求处理中，请勿重复点击",
    ],
)
def test_what_may_tell_of_this_very_task_refuses_nothing(status: int, words: str) -> None:
    said = CreateAnswer(status, True, code="invalid_request_error", error=True, words=words, text=words)
    assert proof.proof(said) is Proof.UNKNOWN


@pytest.mark.parametrize("status", [403, 429])
def test_what_is_given_before_a_handler_runs_tells_of_other_tasks(status: int) -> None:
    for words in ("您有任务正在处理中，请稍后再试", "a task is already running"):
        assert proof.proof(CreateAnswer(status, True, error=True, words=words, text=words)) is Proof.REFUSED


@pytest.mark.parametrize(
    "words",
    [
        "No task was created: the prompt is invalid.",
        "The task was not created: bad size.",
        "Too many tasks in progress: 5 are already running",
        "并发任务数已达上限，已有5个任务正在执行",
        "first and last frame must have the same aspect ratio",
        "image could not be decoded",
        "invalid JSON in request body",
        "The service is unavailable in your region",
        "预扣费失败，余额不足",
        "Please provide a valid image for image-to-video generation",
        "the prompt could not be processed because it contains banned words",
    ],
)
def test_what_says_that_nothing_was_made_refuses(words: str) -> None:
    answer = CreateAnswer(400, True, error=True, words=words, text=words)
    assert proof.proof(answer) is Proof.REFUSED


@pytest.mark.parametrize("headers", [{"location": "/v1/videos/video_68e688d495"}, {"x-task-id": "cgt-77ab1"}])
@pytest.mark.parametrize("status", [301, 307, 400, 402, 403])
def test_what_names_a_task_in_a_header_refuses_nothing(status: int, headers: dict[str, str]) -> None:
    came = Answer(status, headers, b'{"error": {"code": "bad", "message": "size is wrong"}}')
    assert not any(isinstance(found, Refused) for found in outcomes(came))


@given(ANSWERS, st.sampled_from(["task_id", "taskId", "video_id"]), st.sampled_from(["", "data", "error"]))
def test_what_names_a_task_refuses_nothing(came: Answer, name: str, below: str) -> None:
    body = came.json()
    tree: Any = dict(body) if isinstance(body, dict) else {}
    tree[below or name] = {name: "task_7"} if below else "task_7"
    named = Answer(came.status, {}, json.dumps(tree).encode())
    assert not any(isinstance(found, Refused) for found in outcomes(named))


@settings(max_examples=20)
@given(st.text(max_size=200))
def test_no_words_take_long_to_read(words: str) -> None:
    began = time.thread_time()
    for many in (words, words * 100, "error " * 3000, " " * 20_000, "upstream " * 2000, "status " * 3000):
        answer = CreateAnswer(400, True, error=True, words=many, text=many)
        assert isinstance(proof.proof(answer), Proof)
    assert time.thread_time() - began < 2.0


@pytest.mark.parametrize(
    ("code", "words", "names"),
    [
        ("", "", False),
        ("", "Unprocessable Entity", False),
        ("422", "", False),
        ("", "an unknown error occurred", False),
        ("server_error", "Internal error", False),
        ("", "未知错误", False),
        ("invalid_value", "", True),
        ("", "seconds is wrong", True),
        ("", "内容违规", True),
    ],
)
def test_what_names_a_cause(code: str, words: str, names: bool) -> None:
    answer = CreateAnswer(422, True, code=code, error=True, words=words)
    assert proof.names_cause(answer) is names
    assert (proof.proof(answer) is Proof.REFUSED) is names
