"""What every provider promises, whatever its format: one request a create, a clear outcome, no secret out."""

from __future__ import annotations

import json
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from dialects import DIALECTS, ID, KEY, NATIVES, REQUEST, TASK, OpenAiVideos, OpenAiWithoutList, SoraHk
from scripted_http import Cut, Raw, Reply, Reset, ScriptedServer, Silence, closed_port, named
from test_providers_pure import outcomes

from sorad.problems import Problem
from sorad.providers.base import (
    Accepted,
    Created,
    Download,
    DownloadCut,
    Fault,
    Finished,
    Listed,
    Missing,
    NotSent,
    Refused,
    RemoteTask,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)
from sorad.providers.wire.answer import Answer

VIDEO = bytes(range(256)) * 8_000  # 2 MB
SIGNED = "/file.mp4?sig=very-secret-signature&expires=1"

# Those that are read as tolerantly as gateways need it; what all promise is asked of the native ones, too.
each = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: type(one).__name__)
every = pytest.mark.parametrize("dialect", [*DIALECTS, *NATIVES], ids=lambda one: type(one).__name__)


def together(statuses: list[int], bodies: list[Any]) -> pytest.MarkDecorator:
    """Each status with some of the bodies, and each body with some status: over a wire, that is enough.

    All of them with all are asked of the pure part, in ``test_each_status_with_each_body``.
    """
    count = max(len(statuses), len(bodies))
    pairs = [(statuses[n % len(statuses)], bodies[n % len(bodies)]) for n in range(count)]
    return pytest.mark.parametrize(("status", "body"), pairs, ids=str)


def key_header(dialect: Any) -> str:
    return getattr(dialect, "key_header", "authorization")


def bought(dialect: Any, server: ScriptedServer, *acts: Any, **more: Any) -> Created:
    """What became of one create; whatever came of it, exactly one request was sent."""
    server.script(*acts)
    found = dialect.make(server.url + "/v1", **more).create(REQUEST)
    assert [(asked.method, asked.path) for asked in server.asked] == [("POST", "/v1" + dialect.create_path)]
    assert server.asked[0].headers[key_header(dialect)] == dialect.authorization
    return found


def fault_of(found: Any) -> Fault:
    fault: Fault = found if isinstance(found, Fault) else found.fault
    clean(fault.problem)
    return fault


def clean(problem: Problem) -> None:
    """A problem reads well and holds no secret."""
    stored = problem.to_json() + str(problem)
    assert KEY not in stored
    assert "very-secret-signature" not in stored
    assert problem.code.startswith("provider.")
    assert "{" not in problem.text() + problem.fix_text()


# --- create ---------------------------------------------------------------------------------------------


@every
def test_accepted(dialect: Any, server: ScriptedServer) -> None:
    found = bought(dialect, server, dialect.accepted())
    assert isinstance(found, Accepted)
    assert (found.remote_id, found.request_id) == (TASK, "req-7")
    assert dialect.prompt_of(server.asked[0].json()) == REQUEST.prompt


@every
@pytest.mark.parametrize(
    ("situation", "trouble", "code"),
    [
        ("key_refused", Trouble.KEY, "provider.key"),
        ("no_balance", Trouble.BALANCE, "provider.balance"),
        ("bad_parameters", Trouble.REQUEST, "provider.parameters"),
        ("blocked_at_once", Trouble.REQUEST, "provider.moderation"),
        ("rate", Trouble.RATE, "provider.rate"),
        ("retired", Trouble.RETIRED, "provider.retired"),
    ],
)
def test_refused(dialect: Any, server: ScriptedServer, situation: str, trouble: Trouble, code: str) -> None:
    found = bought(dialect, server, getattr(dialect, situation)())
    assert isinstance(found, Refused)
    fault = fault_of(found)
    assert (fault.trouble, fault.problem.code, fault.request_id) == (trouble, code, "req-7")


BEFORE_A_HANDLER = [401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 421, 429, 431, 451]
WHATEVER: list[Any] = [b"<html>no</html>", b"no", b"", {}, {"code": 1}, {"error": {"message": "no"}}]


@each
@together(BEFORE_A_HANDLER, WHATEVER)
def test_what_is_given_before_a_handler_runs_is_a_refusal_whatever_the_body(
    dialect: Any, server: ScriptedServer, status: int, body: Any
) -> None:
    found = bought(dialect, server, Reply(body, status))
    assert isinstance(found, Refused)
    fault_of(found)


CAUSES: list[Any] = [
    {"error": {"message": "seconds must be one of 4, 8, 12", "type": "invalid_request_error"}},
    {"error": {"code": "invalid_value"}},
    {"error": "the picture is too large"},
    {"message": "prompt is required"},
    {"code": 1001, "message": "参数错误"},
    {"code": 400, "message": "prompt 不能为空"},
    {"detail": "prompt: field required"},
    {"detail": [{"loc": ["body", "seconds"], "msg": "field required", "type": "value_error.missing"}]},
    {"detail": {"message": "unsupported size"}},
    {"errors": [{"message": "unsupported size"}]},
]
CLIENT_ERRORS = [400, 409, 418, 422, 423]


@each
@together(CLIENT_ERRORS, CAUSES)
def test_other_client_errors_are_refusals_with_the_apis_own_words(
    dialect: Any, server: ScriptedServer, status: int, body: Any
) -> None:
    if dialect.kind != "openai_videos" and "errors" in body:
        body = {"message": body["errors"][0]["message"]}
    found = bought(dialect, server, Reply(body, status))
    assert isinstance(found, Refused)
    fault_of(found)


WITHOUT: list[Any] = [
    b"<html><title>400 Bad Request</title><h1>400 Bad Request</h1><hr>nginx</html>",
    b"Bad Request",
    b"",
    b"{",
    {},
    [],
    "no",
    None,
    {"error": {}},
    {"error": {"message": "", "code": None}},
    {"error": {"message": "Internal Server Error", "type": "server_error"}},
    {"error": {"message": "unknown error"}},
    {"message": "服务器内部错误"},
    {"message": "请求失败"},
    {"status": "weird"},
]


@each
@together([*CLIENT_ERRORS, 424, 428], WITHOUT)
def test_without_them_they_prove_nothing(
    dialect: Any, server: ScriptedServer, status: int, body: Any
) -> None:
    found = bought(dialect, server, Reply(body, status))
    assert isinstance(found, Unknown), found
    fault_of(found)


SERVER_ERRORS = [408, 425, 499, 500, 501, 502, 503, 504, 520, 521, 522, 524, 529, 530, 599]
UNPROVED: list[Any] = [
    *CAUSES,
    {"code": 1012, "message": "余额不足"},
    {"error": {"code": "insufficient_quota", "message": "none left"}},
    {"error": {"code": "model_not_found", "message": "无可用渠道"}},
    {"error": {"code": "rate_limit_exceeded", "message": "no"}},
    {"error": {"message": "litellm.Timeout: Connection timed out.", "code": "408"}},
    b"<html>Bad Gateway</html>",
    b"",
]


@each
@together(SERVER_ERRORS, UNPROVED)
def test_a_time_out_and_a_server_error_are_never_refusals(
    dialect: Any, server: ScriptedServer, status: int, body: Any
) -> None:
    found = bought(dialect, server, Reply(body, status))
    assert isinstance(found, Unknown)
    fault_of(found)


CUT = [
    "context deadline exceeded",
    'do request failed: Post "https://x.invalid/": context deadline exceeded',
    "litellm.Timeout: Connection timed out.",
    "Request timed out.",
    "read timeout=30",
    "unexpected EOF",
    "connection reset by peer",
    "read tcp 10.0.0.1:4->10.0.0.2:443: i/o timeout",
    "write: broken pipe",
    "socket hang up",
    "read ECONNRESET",
    "ETIMEDOUT",
    "dial tcp: lookup api.x.invalid: no such host",
    "Remote end closed connection without response",
    "Server disconnected without sending a response.",
    "upstream connect error or disconnect/reset before headers",
    "upstream error: 502",
    "stream error: stream ID 1; INTERNAL_ERROR",
    "http2: server sent GOAWAY and closed the connection",
    "context canceled",
    "bad response status code 502",
    "502 Bad Gateway",
    "Request failed with status code 504",
    "fetch failed",
    "上游超时",
    "请求超时，请稍后再试",
    "上游服务无响应",
    "上游返回错误",
    "连接被重置",
    "网络异常",
    "等待结果超时",
]


ANY_STATUS = [200, 307, 400, 401, 403, 404, 409, 422, 429]


def says(status: int, words: str) -> dict[str, Any]:
    code = status if status != 200 else 400
    return {"code": code, "message": words, "error": {"message": words, "type": "invalid_request_error"}}


@each
@together(ANY_STATUS, CUT)
def test_words_of_a_time_out_or_a_cut_upstream_refuse_under_no_status(
    dialect: Any, server: ScriptedServer, status: int, body: str
) -> None:
    assert isinstance(bought(dialect, server, Reply(says(status, body), status)), Unknown)


@pytest.mark.parametrize(
    ("statuses", "bodies", "becomes"),
    [
        (BEFORE_A_HANDLER, WHATEVER, Refused),
        (CLIENT_ERRORS, CAUSES, Refused),
        ([*CLIENT_ERRORS, 424, 428], WITHOUT, Unknown),
        (SERVER_ERRORS, UNPROVED, Unknown),
        (ANY_STATUS, CUT, Unknown),
    ],
    ids=["before a handler", "with a cause", "without a cause", "server errors", "words of a time-out"],
)
def test_each_status_with_each_body(statuses: list[int], bodies: list[Any], becomes: type) -> None:
    for status in statuses:
        for body in bodies:
            told = says(status, body) if bodies is CUT else body
            raw = told if isinstance(told, bytes) else json.dumps(told).encode()
            native, newer = outcomes(Answer(status, {}, raw))
            assert isinstance(newer, becomes), (status, body)
            # "errors" is a word of the newer format alone.
            assert isinstance(native, becomes) or "errors" in told, (status, body)


@each
@pytest.mark.parametrize(
    "body",
    [
        {"code": "do_request_failed", "message": "no", "data": None},
        {"error": {"code": "bad_response_status_code", "message": "bad response status code 503"}},
        {"error": {"code": "bad_response_status_code", "message": "bad response"}},
        {"error": {"message": "bad", "metadata": {"raw": "upstream request timeout"}}},
        {"error": {"message": "x", "code": "504"}},
        b"upstream request timeout",
        b"<html><body><h1>408 Request Time-out</h1></body></html>",
    ],
    ids=str,
)
def test_nor_do_they_where_they_stand_elsewhere(dialect: Any, server: ScriptedServer, body: Any) -> None:
    for status in (400, 403, 429):
        assert isinstance(bought(dialect, server, Reply(body, status)), Unknown)
        server.asked.clear()


@each
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "当前分组上游负载已饱和，请稍后再试"),
        (429, "bad response status code 429"),
        (400, "bad response status code 413"),
        (400, "the prompt must not be longer than 500 characters"),
        (400, "sometimes outdoors"),
        (403, "no access to this endpoint"),
        (400, "图片链接失效"),
    ],
)
def test_words_that_are_much_like_them_refuse_all_the_same(
    dialect: Any, server: ScriptedServer, status: int, words: str
) -> None:
    body = {"code": status, "message": words, "error": {"message": words, "type": "upstream_error"}}
    assert isinstance(bought(dialect, server, Reply(body, status)), Refused)


@each
@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 422, 429, 1001, 1012])
def test_a_native_4xx_under_200_is_a_refusal(dialect: Any, server: ScriptedServer, code: int) -> None:
    if dialect.kind == "openai_videos" and code > 999:
        return  # these numbers are the native API's
    found = bought(dialect, server, Reply({"code": code, "message": "no", "data": None}, 200))
    assert isinstance(found, Refused)


@each
@pytest.mark.parametrize("code", [408, 425, 499, 500, 502, 503, 504, 524])
def test_a_native_time_out_or_server_error_is_none(dialect: Any, server: ScriptedServer, code: int) -> None:
    found = bought(dialect, server, Reply({"code": code, "message": "no", "data": None}, 200))
    assert isinstance(found, Unknown)
    assert not found.answer  # it is understood: it only proves nothing


@each
@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"code": 200, "message": "ok", "data": {"status": "pending"}},
        {"code": 0, "message": "已提交到渠道", "data": None},
        {"message": "already submitted to the channel"},
        {"status": "queued", "user": {"id": "u1"}, "request": {"task_id": "r1"}},
        {"data": "submitted"},
        {"data": {"model": {"id": "veo"}, "channel": {"id": 7}}},
    ],
    ids=str,
)
def test_a_whole_answer_without_an_id_is_kept(dialect: Any, server: ScriptedServer, body: Any) -> None:
    for status in (200, 202):
        found = bought(dialect, server, Reply(body, status))
        assert isinstance(found, Unknown), found
        assert found.fault.problem.code == "provider.unreadable"
        assert "id_paths" in found.fault.problem.fix_text()
        assert json.loads(found.answer) == body
        server.asked.clear()


@each
def test_what_is_kept_of_it_is_masked_and_bounded(dialect: Any, server: ScriptedServer) -> None:
    body = {"token": "abc", "note": f"{KEY} https://cdn.test{SIGNED}", "apiKey": "k1k1k1", "long": "x" * 9000}
    found = bought(dialect, server, Reply(body, 200))
    assert isinstance(found, Unknown)
    assert len(found.answer) <= 4000
    for secret in ("abc", KEY, "very-secret", "k1k1k1"):
        assert secret not in found.answer


@each
@pytest.mark.parametrize(
    "act",
    [Reply(b"<html>ok</html>", 200), Reply(b"", 200), Reply(b'{"code": 2', 200), Reply(b"ok", 200), Cut()],
    ids=named,
)
def test_a_page_and_half_an_answer_are_lost_answers(dialect: Any, server: ScriptedServer, act: Any) -> None:
    found = bought(dialect, server, act)
    assert isinstance(found, Unknown)
    assert not found.answer


@each
@pytest.mark.parametrize(
    "body",
    [
        {"task_id": "t-1", "id": "of the request"},
        {"id": "t-1", "status": "queued"},
        {"id": "of the request", "status": "queued", "data": {"task_id": "t-1"}},
        {"taskId": "t-1"},
        {"data": {"taskId": "t-1", "user": {"id": "u"}}},
        {"data": [{"task_id": "t-1", "status": "submitted"}]},
        {"code": "success", "message": "", "data": [{"id": "t-1"}]},
        {"data": {"task": {"id": "t-1"}}},
        {"data": {"result": {"task": {"id": "t-1"}}}},
        {"result": {"data": {"task_id": "t-1"}}},
        {"data": {"data": {"task_id": "t-1"}}},
        {"response": {"video": {"id": "t-1"}}},
        {"data": "t-1"},
        {"data": ["t-1"]},
        {"code": 200, "data": {"id": "t-1"}},
        {"user": {"task_id": "u", "id": "u"}, "request": {"id": "r"}, "task": {"id": "t-1"}},
        {"error": None, "id": "t-1", "status": "queued"},
    ],
    ids=str,
)
def test_ids_are_found_where_gateways_put_them(dialect: Any, server: ScriptedServer, body: Any) -> None:
    found = bought(dialect, server, Reply(body, 200))
    assert isinstance(found, Accepted), found
    assert found.remote_id == "t-1"


@each
def test_an_id_may_be_a_number_and_the_config_says_where_first(dialect: Any, server: ScriptedServer) -> None:
    found = bought(dialect, server, Reply({"data": {"id": 1234567}}, 200))
    assert isinstance(found, Accepted)
    assert found.remote_id == "1234567"
    server.asked.clear()
    body = {"task_id": "wrong", "out": [{"job": {"no": 17}}]}
    found = bought(dialect, server, Reply(body, 200), id_paths=("nowhere", "out.0.job.no"))
    assert isinstance(found, Accepted)
    assert found.remote_id == "17"


@each
def test_the_user_may_know_better(dialect: Any, server: ScriptedServer) -> None:
    def refused(reply: Reply, refusals: tuple[int | str, ...] = (500, "do_request_failed", "7001")) -> bool:
        server.asked.clear()
        return isinstance(bought(dialect, server, reply, refusals=refusals), Refused)

    cut = {"code": "do_request_failed", "message": "do request failed: context deadline exceeded"}
    assert refused(Reply(b"<html>", 500))
    assert refused(Reply(cut, 502))
    assert refused(Reply(cut, 200))
    assert refused(Reply({"code": 7001, "message": "no"}, 200))
    assert not refused(Reply(cut, 503), ())
    assert not refused(Reply({"code": 500, "message": "no"}, 200))  # the status alone was named
    # But what names a task, or says that it is there, is no refusal, whoever says so.
    assert not refused(Reply({**cut, "task_id": "t1"}, 500))
    assert not refused(Reply({**cut, "message": "task already exists"}, 500))


@every
@pytest.mark.parametrize(
    "act",
    [
        Cut(),
        Reset(),
        Raw(b"no HTTP at all\r\n\r\n"),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        Reply(b"", 200),
        Reply(b"<html>login</html>", 200, {"Content-Type": "text/html"}),
        Reply(b"[" * 100_000, 200),
        Reply([], 200),
        Reply({}, 200),
        Reply({"data": None}, 200),
        Reply(b"", 204),
        Reply({"id": "elsewhere"}, 302, {"Location": "https://api.x.invalid/"}),
        Reply(b"", 303, {"Location": "/v1/elsewhere"}),
        Reply(b"", 304),
        Reply(b"<html>Bad Gateway</html>", 500),
        Reply(b"<html>Bad Gateway</html>", 502),
        Reply(b"<html>Down</html>", 503),
        Reply(b"<html>Gateway Time-out</html>", 504),
        Reply(b"error code: 520", 520),
        Reply(b"error code: 524", 524),
        Reply({"id": "a", "data": {"task_id": "a"}}, 502),
    ],
    ids=named,
)
def test_what_is_no_clear_answer_is_unknown(dialect: Any, server: ScriptedServer, act: Any) -> None:
    found = bought(dialect, server, act)
    assert isinstance(found, Unknown)
    fault_of(found)


@every
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": 400, "data": {"task_id": "t"}, "message": "timeout waiting for upstream"}, 400),
        ({"code": 1012, "data": {"id": "t"}, "message": "余额不足"}, 200),
        ({"code": 1012, "data": {"id": "t"}, "message": "余额不足"}, 500),
        ({"task_id": "t", "error": {"code": "rate_limit_exceeded", "message": "Rate limit reached."}}, 429),
        ({"task_id": "t", "error": {"code": "insufficient_quota", "message": "none left"}}, 503),
        ({"task_id": "t"}, 408),
        ({"task_id": "t"}, 307),
    ],
)
def test_a_refusal_that_names_a_task_is_none(
    dialect: Any, server: ScriptedServer, body: dict[str, Any], status: int
) -> None:
    assert not isinstance(bought(dialect, server, Reply(body, status, ID)), (Refused, NotSent))


@each
@pytest.mark.parametrize("request_id", ["req-7", "req_another"])
def test_the_id_of_a_request_is_no_task(dialect: Any, server: ScriptedServer, request_id: str) -> None:
    body = {"id": request_id, "code": 429, "error": {"code": "rate_limited", "message": "slow down"}}
    found = bought(dialect, server, Reply(body, 429, ID))
    assert isinstance(found, Refused)
    assert fault_of(found).trouble is Trouble.RATE


@each
@pytest.mark.parametrize("told", ["duplicate request, task already exists", "任务已存在", "请勿重复提交"])
@pytest.mark.parametrize("status", [409, 400, 403, 422, 429])
def test_a_task_that_is_said_to_exist_may_be_ours(
    dialect: Any, server: ScriptedServer, told: str, status: int
) -> None:
    body = {"code": status, "message": told, "error": {"code": "conflict", "message": told}}
    found = bought(dialect, server, Reply(body, status, ID))
    assert isinstance(found, Unknown)
    fault_of(found)


@each
def test_answer_without_an_id_is_unknown(dialect: Any, server: ScriptedServer) -> None:
    found = bought(dialect, server, dialect.without_id())
    assert isinstance(found, Unknown)
    assert fault_of(found).request_id == "req-7"


@every
def test_slow_answer_is_unknown(dialect: Any, server: ScriptedServer) -> None:
    found = bought(dialect, server, Silence(), request_timeout=0.2)
    assert isinstance(found, Unknown)
    assert fault_of(found).trouble is Trouble.TRANSPORT


@every
@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 521, 522, 524, 530])
def test_server_errors_are_unknown_whoever_words_them(
    dialect: Any, server: ScriptedServer, status: int
) -> None:
    found = bought(dialect, server, dialect.server(status))
    assert isinstance(found, Unknown)
    assert fault_of(found).trouble is Trouble.SERVER


@every
def test_closed_port_is_not_sent(dialect: Any) -> None:
    found = dialect.make(f"http://127.0.0.1:{closed_port()}/v1").create(REQUEST)
    assert isinstance(found, NotSent)
    assert fault_of(found).trouble is Trouble.TRANSPORT


@every
@pytest.mark.parametrize("status", [301, 307, 308])
def test_redirect_stops_buying_and_is_never_followed(
    dialect: Any, server: ScriptedServer, other: ScriptedServer, status: int
) -> None:
    other.script(dialect.accepted())
    found = bought(dialect, server, Reply(b"", status, {"Location": other.url + "/v1/create"}))
    assert isinstance(found, Refused)
    assert (fault_of(found).trouble, fault_of(found).problem.code) == (Trouble.RETIRED, "provider.redirect")
    assert other.asked == []


@every
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        (
            {
                "Retry-After": formatdate(2_000_000_090, usegmt=True),
                "Date": formatdate(2_000_000_000, usegmt=True),
            },
            90.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_kept(
    dialect: Any, server: ScriptedServer, headers: dict[str, str], seconds: float | None
) -> None:
    found = bought(dialect, server, dialect.rate(**headers))
    assert isinstance(found, Refused)
    assert fault_of(found).retry_after == seconds


@each
def test_words_of_the_provider_are_kept_short_and_masked(dialect: Any, server: ScriptedServer) -> None:
    words = f"bad key {KEY} for https://cdn.test{SIGNED} " + "x" * 1000
    reply = Reply({"code": 401, "message": words, "error": {"message": words}}, 401)
    said = fault_of(bought(dialect, server, reply)).problem.params["said"]
    assert isinstance(said, str)
    assert said.startswith("bad key ")
    assert len(said) <= 300


@every
def test_repr_shows_no_key(dialect: Any, server: ScriptedServer) -> None:
    provider = dialect.make(server.url + "/v1")
    assert KEY not in repr(provider)
    assert KEY not in repr(vars(provider))
    assert KEY not in provider.account
    assert provider.account == dialect.make(server.url + "/v1/").account
    assert provider.account != dialect.make(server.url + "/v2").account


# --- poll -----------------------------------------------------------------------------------------------


def polled(dialect: Any, server: ScriptedServer, *acts: Any) -> Any:
    server.script(*acts)
    return dialect.make(server.url + "/v1").poll(TASK)


@every
def test_running(dialect: Any, server: ScriptedServer) -> None:
    assert polled(dialect, server, dialect.running()) == Running(dialect.progress, None, "req-7")
    asked = server.asked[0]
    assert asked.method == "GET"
    assert "task%2F1%3Aa%2Bb%3D%3D" in asked.path


@every
def test_finished(dialect: Any, server: ScriptedServer) -> None:
    found = polled(dialect, server, dialect.finished("https://cdn.test" + SIGNED))
    assert isinstance(found, Finished)
    assert found.video == Video("https://cdn.test" + SIGNED)
    assert found.request_id == "req-7"


@every
@pytest.mark.parametrize(
    ("situation", "code"), [("blocked", "provider.moderation"), ("gave_up", "provider.failed")]
)
def test_failed_task(dialect: Any, server: ScriptedServer, situation: str, code: str) -> None:
    found = polled(dialect, server, getattr(dialect, situation)())
    assert isinstance(found, TaskFailed)
    assert (found.problem.code, found.request_id) == (code, "req-7")
    clean(found.problem)


@every
def test_missing_task(dialect: Any, server: ScriptedServer) -> None:
    found = polled(dialect, server, dialect.missing())
    assert isinstance(found, Missing)
    clean(found.problem)


@every
@pytest.mark.parametrize(
    ("act", "trouble"),
    [
        ("key_refused", Trouble.KEY),
        ("rate", Trouble.RATE),
        ("server", Trouble.SERVER),
        (Reply(b"<html>", 502), Trouble.SERVER),
        (Reply(b"<html>ok</html>", 200), Trouble.PAGE),
        (Reply([], 200), Trouble.SERVER),
        (Reply({"error": {}}, 200), Trouble.SERVER),
        (Cut(), Trouble.TRANSPORT),
        (Raw(b"nonsense\r\n"), Trouble.TRANSPORT),
    ],
    ids=named,
)
def test_trouble_with_a_poll_says_nothing_about_the_task(
    dialect: Any, server: ScriptedServer, act: Any, trouble: Trouble
) -> None:
    found = polled(dialect, server, getattr(dialect, act)() if isinstance(act, str) else act)
    assert isinstance(found, Fault)
    assert fault_of(found).trouble is trouble


@each
def test_poll_on_a_dead_address_is_a_fault(dialect: Any) -> None:
    found = dialect.make(f"http://127.0.0.1:{closed_port()}").poll(TASK)
    assert fault_of(found).trouble is Trouble.TRANSPORT


@every
def test_redirected_poll_does_not_take_the_key_elsewhere(
    dialect: Any, server: ScriptedServer, other: ScriptedServer
) -> None:
    other.script(dialect.running())
    found = polled(dialect, server, Reply(b"", 302, {"Location": other.url}))
    assert isinstance(found, Fault)
    assert other.asked == []


# --- download -------------------------------------------------------------------------------------------


def ranged(asked: Any) -> Reply:
    """A server that serves ranges of VIDEO under one ETag."""
    wanted, etag = asked.headers.get("range"), '"v1"'
    if wanted is None or asked.headers.get("if-range", etag) != etag:
        return Reply(VIDEO, 200, {"ETag": etag})
    start = int(wanted.partition("=")[2].rstrip("-"))
    if start >= len(VIDEO):
        return Reply(b"", 416, {"Content-Range": f"bytes */{len(VIDEO)}"})
    span = f"bytes {start}-{len(VIDEO) - 1}/{len(VIDEO)}"
    return Reply(VIDEO[start:], 206, {"ETag": etag, "Content-Range": span})


def opened(
    dialect: Any, api: ScriptedServer, url: str, offset: int = 0, validator: str = "", needs_key: bool = False
) -> Download | Fault:
    provider = dialect.make(api.url + "/v1")
    found: Download | Fault = provider.open_video(TASK, Video(url, needs_key), offset, validator)
    if isinstance(found, Fault):
        fault_of(found)
    return found


def read(found: Download | Fault) -> bytes:
    assert isinstance(found, Download), found
    return b"".join(found.pieces)


@every
def test_download_from_another_host_gets_no_key(
    dialect: Any, server: ScriptedServer, other: ScriptedServer
) -> None:
    other.script(ranged)
    found = opened(dialect, server, other.url + SIGNED, needs_key=True)
    assert read(found) == VIDEO
    assert isinstance(found, Download)
    assert (found.offset, found.total, found.validator) == (0, len(VIDEO), '"v1"')
    assert key_header(dialect) not in other.asked[0].headers
    assert other.asked[0].headers["accept-encoding"] == "identity"
    assert server.asked == []


@each
def test_download_goes_on_where_it_was(dialect: Any, server: ScriptedServer, other: ScriptedServer) -> None:
    other.script(ranged)
    found = opened(dialect, server, other.url + SIGNED, 1_000_000, '"v1"')
    assert read(found) == VIDEO[1_000_000:]
    assert isinstance(found, Download)
    assert (found.offset, found.total) == (1_000_000, len(VIDEO))
    assert other.asked[0].headers["range"] == "bytes=1000000-"


@each
def test_changed_file_starts_anew(dialect: Any, server: ScriptedServer, other: ScriptedServer) -> None:
    other.script(ranged)
    found = opened(dialect, server, other.url + SIGNED, 1_000_000, '"older"')
    assert read(found) == VIDEO
    assert isinstance(found, Download)
    assert (found.offset, found.validator) == (0, '"v1"')


@each
def test_nothing_is_left_to_fetch(dialect: Any, server: ScriptedServer, other: ScriptedServer) -> None:
    other.script(ranged)
    found = opened(dialect, server, other.url + SIGNED, len(VIDEO), '"v1"')
    assert read(found) == b""
    assert isinstance(found, Download)
    assert (found.offset, found.total) == (len(VIDEO), len(VIDEO))


@each
@pytest.mark.parametrize(
    "wrong",
    [
        Reply(b"abc", 206, {"ETag": '"v1"'}),
        Reply(b"abc", 206, {"ETag": '"v1"', "Content-Range": "bytes 0-2/3"}),
        Reply(b"abc", 206, {"ETag": '"v2"', "Content-Range": "bytes 10-12/13"}),
        Reply(b"abc", 206, {"ETag": '"v1"', "Content-Range": "bytes 10-50/51"}),
        Reply(b"abc", 206, {"ETag": '"v1"', "Content-Range": "lines 10-12/13"}),
        Reply(b"", 416, {"Content-Range": "bytes */5"}),
        Reply(b"", 416),
    ],
    ids=["no range", "other start", "other file", "other length", "other unit", "shorter file", "416"],
)
def test_wrong_range_starts_anew(
    dialect: Any, server: ScriptedServer, other: ScriptedServer, wrong: Reply
) -> None:
    other.script(wrong, ranged)
    found = opened(dialect, server, other.url + SIGNED, 10, '"v1"')
    assert read(found) == VIDEO
    assert isinstance(found, Download)
    assert found.offset == 0
    assert "range" not in other.asked[1].headers


@each
@pytest.mark.parametrize(
    "act",
    [
        Reply(VIDEO, announce=str(len(VIDEO) + 1)),
        Reply(VIDEO, headers={"Transfer-Encoding": "chunked"}, announce=None),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"),
        Raw(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\n\r\nabc"),
        Raw(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-8/9\r\n\r\nabc"),
        Raw(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/2\r\n\r\nabc"),
    ],
    ids=["short", "not chunked", "no last chunk", "a part only", "short range", "long range"],
)
def test_cut_body_is_told(dialect: Any, server: ScriptedServer, other: ScriptedServer, act: Any) -> None:
    other.script(act)
    with pytest.raises(DownloadCut) as cut:
        read(opened(dialect, server, other.url + SIGNED))
    assert "very-secret-signature" not in str(cut.value) + cut.value.reason.to_json()
    assert cut.value.__cause__ is None


@each
def test_body_without_a_length_ends_with_the_connection(
    dialect: Any, server: ScriptedServer, other: ScriptedServer
) -> None:
    other.script(Reply(VIDEO, announce=None))
    found = opened(dialect, server, other.url + SIGNED)
    assert isinstance(found, Download)
    assert found.total is None
    assert read(found) == VIDEO


@each
def test_stalled_body_is_cut(dialect: Any, server: ScriptedServer) -> None:
    server.script(Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 100_000), Silence())
    provider = dialect.make(server.url + "/v1", request_timeout=0.2)
    found = provider.open_video(TASK, Video(server.url + SIGNED), 0, "")
    with pytest.raises(DownloadCut):
        read(found)


@each
@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (400, Trouble.EXPIRED),
        (401, Trouble.EXPIRED),
        (403, Trouble.EXPIRED),
        (404, Trouble.EXPIRED),
        (410, Trouble.EXPIRED),
        (408, Trouble.RATE),
        (429, Trouble.RATE),
        (500, Trouble.SERVER),
        (503, Trouble.SERVER),
    ],
)
def test_refused_download(
    dialect: Any, server: ScriptedServer, other: ScriptedServer, status: int, trouble: Trouble
) -> None:
    other.script(Reply(b"<Error>no</Error>", status, {"Retry-After": "4", "X-Request-Id": "cdn-1"}))
    found = opened(dialect, server, other.url + SIGNED)
    assert isinstance(found, Fault)
    assert (found.trouble, found.retry_after, found.request_id) == (trouble, 4.0, "cdn-1")


@every
def test_key_follows_no_redirect_to_another_host(
    dialect: Any, server: ScriptedServer, other: ScriptedServer
) -> None:
    server.script(
        Reply(b"", 302, {"Location": "/v1/moved"}), Reply(b"", 302, {"Location": other.url + SIGNED}), ranged
    )
    other.script(Reply(b"", 307, {"Location": server.url + "/v1/back"}))
    assert read(opened(dialect, server, server.url + "/v1/content", needs_key=True)) == VIDEO
    sent = [asked.headers.get(key_header(dialect)) for asked in server.asked]
    assert sent == [dialect.authorization, dialect.authorization, None]  # once away, the key stays away
    assert key_header(dialect) not in other.asked[0].headers


@each
@pytest.mark.parametrize("target", ["loop", "ftp://x.invalid/a", "http://", "http://[", "//[::1"])
def test_redirects_that_lead_nowhere_end(dialect: Any, server: ScriptedServer, target: str) -> None:
    server.script(Reply(b"", 302, {"Location": target}))
    assert isinstance(opened(dialect, server, server.url + "/a"), Fault)
    assert len(server.asked) <= 6


@each
@pytest.mark.parametrize("url", ["", "not a url", "ftp://x.invalid", "file:///etc/passwd", "http://[::1"])
def test_address_that_is_none_is_a_fault(dialect: Any, server: ScriptedServer, url: str) -> None:
    assert isinstance(opened(dialect, server, url), Fault)


@each
def test_closing_early_gives_the_connection_back(
    dialect: Any, server: ScriptedServer, other: ScriptedServer
) -> None:
    other.script(ranged)
    found = opened(dialect, server, other.url + SIGNED)
    assert isinstance(found, Download)
    found.close()
    assert list(found.pieces) == []


# --- lists ----------------------------------------------------------------------------------------------

NOW = 1_790_000_000.0


def recent(dialect: Any, server: ScriptedServer, *replies: Any, since: float = NOW) -> Listed | Fault:
    server.script(*replies)
    found: Listed | Fault = dialect.make(server.url + "/v1").recent(since)
    if isinstance(found, Fault):
        fault_of(found)
    return found


def whole(listed: Listed | Fault, since: float = NOW) -> bool:
    """Whether it proves that what it does not show, of that time, is not there."""
    assert isinstance(listed, Listed)
    return listed.counted or (listed.back_to is not None and listed.back_to < since)


listing = pytest.mark.parametrize("dialect", DIALECTS[:3], ids=lambda one: type(one).__name__)


@listing
def test_recent_tasks(dialect: Any, server: ScriptedServer) -> None:
    rows = [("b", "a prompt", NOW + 20), ("a", "a prompt", NOW + 10)]
    found = recent(dialect, server, *dialect.pages(rows))
    assert isinstance(found, Listed)
    assert [replace(task, shown={}) for task in found.tasks] == [
        RemoteTask(name, prompt, created, 10, "horizontal", False) for name, prompt, created in rows
    ]
    assert (found.ended, found.counted, found.ids) == (True, False, {"a", "b"})
    assert found.dates == {name: created for name, _prompt, created in rows}
    assert found.back_to is not None
    assert not whole(found)
    assert whole(found, NOW + 100)
    assert all(asked.headers["authorization"] == f"Bearer {KEY}" for asked in server.asked)


@listing
def test_list_is_read_over_its_pages_and_no_further_than_needed(dialect: Any, server: ScriptedServer) -> None:
    rows = [(f"t{number}", f"prompt {number}", NOW + 3000 - number * 100) for number in range(100)]
    found = recent(dialect, server, *dialect.pages(rows, 20))
    assert whole(found)
    assert isinstance(found, Listed)
    assert {task.remote_id for task in found.tasks} == {f"t{number}" for number in range(31)}, (
        "and none that is older"
    )
    assert len(server.asked) == 2


@listing
def test_servers_that_cut_pages_short_are_read_on(dialect: Any, server: ScriptedServer) -> None:
    rows = [(f"t{number}", "a prompt", NOW + 100 - number) for number in range(25)]
    found = recent(dialect, server, *dialect.pages(rows, 5))
    assert isinstance(found, Listed)
    assert len(found.tasks) == 25


@listing
def test_list_that_does_not_page_proves_nothing_but_by_its_age(dialect: Any, server: ScriptedServer) -> None:
    rows = [(f"t{number}", "a prompt", NOW + 100) for number in range(200)]
    found = recent(dialect, server, dialect.pages(rows, 100)[0])
    assert not whole(found)
    assert isinstance(found, Listed)
    assert not found.ended
    assert found.doubt is not None
    assert found.doubt.code == "provider.list"
    assert len(found.tasks) == 100
    old = [("new", "a prompt", NOW + 100), ("old", "a prompt", NOW - 900)] * 50
    assert not whole(recent(dialect, server, dialect.pages(old, 100)[0])), "not in order"
    assert whole(recent(dialect, server, *dialect.pages(old[:2])))


@listing
def test_what_is_empty_while_more_is_told_of_is_no_end(dialect: Any, server: ScriptedServer) -> None:
    first, *_more = dialect.pages([(f"t{number}", "a prompt", NOW + 100) for number in range(4)], 2)
    found = recent(dialect, server, first, dialect.empty_though_more())
    assert isinstance(found, Listed)
    assert (found.ended, found.counted, len(found.tasks)) == (False, False, 2)
    assert found.doubt is not None
    nothing = recent(dialect, server, dialect.empty_though_more())
    assert isinstance(nothing, Listed)
    assert (nothing.ended, nothing.counted, nothing.tasks) == (False, False, ())


@listing
def test_trouble_on_a_later_page_is_a_fault(dialect: Any, server: ScriptedServer) -> None:
    rows = [(f"t{number}", "a prompt", NOW + 100) for number in range(40)]
    found = recent(dialect, server, dialect.pages(rows, 20)[0], dialect.server())
    assert isinstance(found, Fault)


@listing
@pytest.mark.parametrize(
    "act", [Reply(b"<html>", 200), Reply({}, 200), Reply({"data": "x"}, 200), Cut()], ids=named
)
def test_what_is_no_list_is_a_fault(dialect: Any, server: ScriptedServer, act: Any) -> None:
    assert isinstance(recent(dialect, server, act), Fault)


@listing
def test_shortened_prompts_are_asked_for_in_full(dialect: Any, server: ScriptedServer) -> None:
    pages = dialect.pages([("a", "a lantern on…", NOW + 5)])

    def answer(asked: Any) -> Any:
        if asked.path.endswith("/a"):
            return dialect.task("queued", prompt=REQUEST.prompt)
        first = len([one for one in server.asked if "?" in one.path]) == 1
        return pages[0] if first else pages[-1]

    found = recent(dialect, server, answer)
    assert isinstance(found, Listed)
    assert [(task.remote_id, task.prompt, task.created_at) for task in found.tasks] == [
        ("a", REQUEST.prompt, NOW + 5)
    ]


@listing
def test_list_without_prompts_shows_tasks_that_cannot_be_told(dialect: Any, server: ScriptedServer) -> None:
    pages = dialect.pages([("a", "", NOW + 5)])

    def answer(asked: Any) -> Any:
        if asked.path.endswith("/a"):
            return dialect.missing()
        return pages[0] if len(server.asked) == 1 else pages[-1]

    found = recent(dialect, server, answer)
    assert isinstance(found, Listed)
    assert [(task.remote_id, task.prompt) for task in found.tasks] == [("a", "")]


# --- check ----------------------------------------------------------------------------------------------


@every
def test_check_sees_a_refused_key(dialect: Any, server: ScriptedServer) -> None:
    server.script(dialect.key_refused())
    found = dialect.make(server.url + "/v1").check()
    assert isinstance(found, Fault)
    assert fault_of(found).trouble is Trouble.KEY
    assert [asked.method for asked in server.asked] == ["GET"]


@each
def test_check_is_content_with_a_good_key(dialect: Any, server: ScriptedServer) -> None:
    server.script(Reply({"code": 200, "data": {"balance": 5000}}))
    assert dialect.make(server.url + "/v1").check() is None


@every
def test_check_on_a_broken_line_is_trouble_of_the_line(dialect: Any, server: ScriptedServer) -> None:
    server.script(Cut())
    found = dialect.make(server.url + "/v1").check()
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.TRANSPORT


# --- one format only ------------------------------------------------------------------------------------


def test_gateway_without_a_model_list_cannot_tell_about_the_key(server: ScriptedServer) -> None:
    server.script(Reply(b"not here", 404))
    assert OpenAiWithoutList().make(server.url).check() is None


def test_finished_without_an_address_is_asked_for_again(server: ScriptedServer) -> None:
    found = polled(SoraHk(), server, SoraHk().finished_without_url())
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.SERVER


def test_finished_without_an_address_lies_at_content(server: ScriptedServer) -> None:
    found = polled(OpenAiVideos(), server, OpenAiVideos().task("succeeded"))
    assert isinstance(found, Finished)
    assert found.video == Video(server.url + "/v1/videos/task%2F1%3Aa%2Bb%3D%3D/content", needs_key=True)


def test_many_threads_may_ask_at_once(server: ScriptedServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    server.script(SoraHk().running())
    provider = SoraHk().make(server.url + "/v1")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _number: provider.poll(TASK), range(64)))
    assert all(isinstance(one, Running) for one in found)
    assert server.connections <= 8
