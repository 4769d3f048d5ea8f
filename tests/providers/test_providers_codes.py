# ruff: noqa: E501  (tables)
"""Each error code of each provider's page: what sorad makes of it, as the answer to a create and of a failed task."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from native_dialects import (
    NATIVES,
    _ark,
    _cgt,
    _creation,
    _dashscope,
    _google,
    _h3,
    _kling,
    _minimax,
    _router,
    _vidu,
)

from sorad.providers.base import Refused, TaskFailed, Unknown
from sorad.providers.native.answers import after_create
from sorad.providers.wire.answer import Answer

BY_KIND = {one.kind: one.make("http://127.0.0.1:9") for one in NATIVES}
WORDS = "Words. Request id: 0217"

# What becomes of a create. A refusal by its problem; "doubt": it may have been taken, and is never sent again blindly.
PARAMETERS, MODERATION, PERSON = "provider.parameters", "provider.moderation", "provider.real_person"
KEY, BALANCE, RATE, RETIRED, DOUBT = (
    "provider.key", "provider.balance", "provider.rate", "provider.retired", "doubt",
)  # fmt: skip

# (HTTP status, codes) by what they mean, as the page of each lists them.
ARK = {
    PARAMETERS: "400 MissingParameter InvalidParameter InvalidParameter.UnsupportedParameter",
    MODERATION: "400 SensitiveContentDetected SensitiveContentDetected.SevereViolation"
    " InputTextSensitiveContentDetected InputImageSensitiveContentDetected InputImageSensitiveContentDetected.PolicyViolation"
    " InputTextRiskDetection"
    " InputVideoSensitiveContentDetected InputAudioSensitiveContentDetected",
    PERSON: "400 InputImageSensitiveContentDetected.PrivacyInformation",
    KEY: "401 AuthenticationError 403 AccessDenied",
    BALANCE: "403 AccountOverdueError OperationDenied.ServiceOverdue 429 SetLimitExceeded",
    RETIRED: "400 InvalidEndpoint.ClosedEndpoint 403 OperationDenied.ServiceNotOpen 404 InvalidEndpointOrModel.NotFound"
    " ModelNotOpen InvalidEndpointOrModel.ModelIDAccessDisabled ResourceNotFound NotFound.Task",
    RATE: "429 RateLimitExceeded.EndpointRPMExceeded RateLimitExceeded.EndpointTPMExceeded ServerOverloaded"
    " QuotaExceeded ModelAccountRpmRateLimitExceeded APIAccountRpmRateLimitExceeded AccountRateLimitExceeded RequestBurstTooFast",
    DOUBT: "500 InternalServiceError",
}
KLING = {
    KEY: "401 1000 1001 1002 1003 1004 429 1100 1304 403 1103",
    BALANCE: "429 1101 1102",
    PARAMETERS: "400 1200 1201",
    RETIRED: "404 1202 1203",
    MODERATION: "400 1300 1301",
    RATE: "429 1302 1303",
    DOUBT: "500 5000 503 5001 504 5002",
}
DASHSCOPE = {
    PARAMETERS: "400 InvalidParameter InvalidParameter.DataInspection UnsupportedOperation",
    MODERATION: "400 DataInspectionFailed",
    KEY: "401 InvalidApiKey 403 AccessDenied AccessDenied.Unpurchased",
    BALANCE: "400 Arrearage 403 Arrearage AllocationQuota.FreeTierOnly",
    RETIRED: "404 ModelNotFound NotFound",
    RATE: "429 Throttling Throttling.RateQuota Throttling.AllocationQuota",
    DOUBT: "500 InternalError InternalError.Algo RequestTimeOut 503 Whatever",
}
# of V2: HTTP status, and type:number
MINIMAX = {
    PARAMETERS: "400 bad_request_error:2013",
    KEY: "401 authorized_error:1004 authorized_error:2049",
    BALANCE: "402 insufficient_balance_error:1008 429 insufficient_balance_error:1008",
    MODERATION: "422 unprocessable_entity_error:1026 unprocessable_entity_error:1027",
    RATE: "429 rate_limit_error:1002",
    DOUBT: "500 server_error:1000 529 overloaded_error:0",
}
VIDU = {
    BALANCE: "400 CreditInsufficient",
    MODERATION: "400 TaskPromptPolicyViolation CreationPolicyViolation AuditSubmitIllegal PhotoAuditNotPass"
    " AuditFailed",
    PARAMETERS: "400 ImageFormatInvalid ImageSizeInvalid FaceDetectFailure",
    RATE: "429 TooManyRequests OperationInProcess QuotaExceeded SystemThrottling",
    DOUBT: "500 Whatever",
}
GOOGLE = {
    PARAMETERS: "400 INVALID_ARGUMENT",
    KEY: "400 FAILED_PRECONDITION 401 UNAUTHENTICATED 403 PERMISSION_DENIED",
    BALANCE: "402 NONE",
    RETIRED: "404 NOT_FOUND",
    RATE: "429 RESOURCE_EXHAUSTED",
    DOUBT: "500 INTERNAL 503 UNAVAILABLE 504 DEADLINE_EXCEEDED",
}
OPENROUTER = {
    PARAMETERS: "400 -",
    KEY: "401 -",
    BALANCE: "402 -",
    MODERATION: "403 -",
    RETIRED: "404 -",
    RATE: "429 -",
    DOUBT: "408 - 500 - 502 - 503 -",
}
MAKES = {
    "ark": (ARK, lambda status, code: _ark(code, WORDS)),
    "kling": (KLING, lambda status, code: _kling(int(code), WORDS)),
    "dashscope": (DASHSCOPE, lambda status, code: _dashscope(code, WORDS)),
    "minimax": (MINIMAX, lambda status, code: _minimax(code.partition(":")[0], int(code.partition(":")[2]), "Words")),
    "vidu": (VIDU, lambda status, code: _vidu(code, WORDS)),
    "google_omni": (GOOGLE, lambda status, code: _google(status, code, WORDS)[1]),
    "openrouter": (OPENROUTER, lambda status, code: _router(status, WORDS)[1]),
}  # fmt: skip


def rows(kind: str) -> list[tuple[int, str, str]]:
    """HTTP status, code, and what it means."""
    found = []
    for meaning, listed in MAKES[kind][0].items():
        status = 0
        for word in listed.split():
            if word.isdecimal() and len(word) == 3:
                status = int(word)
            else:
                found.append((status, word, meaning))
    return found


def became(kind: str, status: int, body: Any) -> str:
    """What became of a create that was answered so."""
    found = after_create(Answer(status, {}, json.dumps(body).encode()), BY_KIND[kind].format)  # type: ignore[attr-defined]
    if isinstance(found, Refused):
        return found.fault.problem.code
    return DOUBT if isinstance(found, Unknown) else type(found).__name__


@pytest.mark.parametrize("kind", MAKES)
def test_each_code_of_the_page_means_what_the_page_says(kind: str) -> None:
    make = MAKES[kind][1]
    told = {(status, code): became(kind, status, make(status, code)) for status, code, _meaning in rows(kind)}
    assert told == {(status, code): meaning for status, code, meaning in rows(kind)}


@pytest.mark.parametrize("kind", ["ark", "kling", "dashscope", "minimax", "vidu"])
def test_a_code_says_the_same_under_any_status_that_proves_nothing(kind: str) -> None:
    make = MAKES[kind][1]
    for _status, code, meaning in rows(kind):
        if meaning != DOUBT:
            assert became(kind, 400, make(400, code)) == meaning, code
            assert became(kind, 200, make(200, code)) == meaning, code


@pytest.mark.parametrize("kind", MAKES)
def test_the_table_has_each_code_that_the_provider_knows(kind: str) -> None:
    known = importlib.import_module(f"sorad.providers.{kind}").CODES
    listed = [part.lower() for status, code, _ in rows(kind) for part in (*code.split(":"), str(status))]
    missing = [code for code in known if not any(one.startswith(code) for one in listed)]
    assert [
        one
        for one in missing
        if not one.startswith("output") and one != "invalidparameter.tasktypeconstraint"
    ] == []


@pytest.mark.parametrize(
    ("kind", "status", "body", "meaning"),
    [
        ("dashscope", 403, _dashscope("AccessDenied", "Access denied, your account is not in good standing."), BALANCE),
        ("dashscope", 400, _dashscope("", "Arrearage"), BALANCE),
        *(("vidu", 400, body, BALANCE) for body in (
            {"reason": "CreditInsufficient"}, {"message": "CreditInsufficient"},
            {"error": "CreditInsufficient: 3 left"}, {"err_code": "CreditInsufficient", "err_msg": "no"},
            {"detail": "CreditInsufficient"},
            {"error": {"code": "CreditInsufficient"}},
        )),
        ("vidu", 400, {"message": "The model is not supported"}, RETIRED),
        ("minimax", 200, _minimax("", 1008, "insufficient balance"), BALANCE),
        ("google_omni", 400, _google(400, "INVALID_ARGUMENT", "API key not valid. Please pass one.")[1], KEY),
        ("google_omni", 429, _google(429, "RESOURCE_EXHAUSTED", "Your monthly spending cap is reached.")[1], BALANCE),
        ("fal", 401, {"detail": "x"}, KEY),
        ("fal", 403, {"detail": "User is locked. Reason: Exhausted balance."}, BALANCE),
        ("fal", 403, {"detail": "User is locked. Reason: Admin lock"}, KEY),
        ("fal", 404, {"detail": "x"}, RETIRED),
        ("fal", 422, {"detail": [{"loc": ["body", "seed"], "msg": "m", "type": "value_error"}]}, PARAMETERS),
        ("fal", 422, {"detail": [{"msg": "m", "type": "content_policy_violation"}]}, MODERATION),
        ("fal", 429, {"detail": "x"}, RATE),
        *(("fal", 503, {"detail": "d", "error_type": one}, DOUBT) for one in (
            "runner_scheduling_failure", "runner_connection_timeout", "runner_disconnected",
        )),
        *(("fal", 504, {"detail": "d", "error_type": one}, DOUBT) for one in ("request_timeout", "startup_timeout")),
        *(("replicate", status, {"detail": "x", "status": status}, meaning) for status, meaning in (
            (401, KEY), (402, BALANCE), (404, RETIRED), (422, PARAMETERS), (429, RATE), (500, DOUBT),
        )),
    ],
)  # fmt: skip
def test_where_codes_leave_room_words_and_statuses_tell(
    kind: str, status: int, body: Any, meaning: str
) -> None:
    assert became(kind, status, body) == meaning


@pytest.mark.parametrize(
    ("kind", "body", "problem", "final", "cost"),
    [
        *(("ark", _cgt("failed", error={"code": code, "message": "m"}), MODERATION, True, 0) for code in (
            "OutputVideoSensitiveContentDetected", "OutputVideoSensitiveContentDetected.PolicyViolation",
            "OutputAudioSensitiveContentDetected",
        )),
        ("ark", _cgt("failed", error={"code": "InvalidParameter.TaskTypeConstraint", "message": "m"}),
         "provider.failed", True, 0),
        ("ark", _cgt("expired"), "provider.task_expired", False, None),
        ("ark", _cgt("cancelled"), "provider.task_cancelled", False, None),
        ("minimax", _h3("failed", error={"code": 1027, "message": "m"}), MODERATION, False, None),
        ("minimax", _h3("failed", error={"code": "", "message": "m (1027)"}), MODERATION, False, None),
        *(("vidu", _creation("failed", err_code=code, credits=0), MODERATION, False, 0) for code in (
            "TaskPromptPolicyViolation", "CreationPolicyViolation", "AuditFailed",
        )),
        ("vidu", _creation("failed", err_code="ImageFormatInvalid", credits=None), "provider.failed", False, None),
    ],
)  # fmt: skip
def test_each_code_of_a_failed_task(kind: str, body: Any, problem: str, final: bool, cost: Any) -> None:
    found = BY_KIND[kind].polled(Answer(200, {}, json.dumps(body).encode()))  # type: ignore[attr-defined]
    assert isinstance(found, TaskFailed)
    assert (found.problem.code, found.final, found.cost) == (problem, final, cost)
