"""What a provider's words come to: a code, a plain sentence in both languages, a next step, and its own words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad import messages
from sorad.config.model import ProviderConfig
from sorad.masking import register_secret
from sorad.problems import Problem
from sorad.providers.base import Refused, TaskFailed, Trouble
from sorad.providers.errors import faults, reasons
from sorad.providers.openai_videos import answers as openai_answers
from sorad.providers.openai_videos.answers import Paths
from sorad.providers.sora_hk import answers as sora_hk_answers
from sorad.providers.wire.answer import Answer

PATHS = Paths.of(ProviderConfig(kind="openai_videos"))

# What a create is refused with: HTTP status, code, words; what the engine goes by, what the person reads.
REFUSALS = [
    (400, "", "seconds must be one of 4, 8, 12", Trouble.REQUEST, "provider.seconds"),
    (400, "", "duration 参数错误，时长只支持 10 或 15", Trouble.REQUEST, "provider.seconds"),
    (400, "", "Unsupported resolution: 1x1", Trouble.REQUEST, "provider.size"),
    (400, "", "不支持的分辨率", Trouble.REQUEST, "provider.size"),
    (
        400,
        "",
        "Inpaint image must match the requested width and height",
        Trouble.REQUEST,
        "provider.picture_refused",
    ),
    (400, "", "无法下载图片，请检查地址", Trouble.REQUEST, "provider.picture_refused"),
    (400, "", "The prompt is too long: 40000 characters", Trouble.REQUEST, "provider.prompt"),
    (400, "", "提示词不能为空", Trouble.REQUEST, "provider.prompt"),
    (400, "", "参数错误", Trouble.REQUEST, "provider.parameters"),
    (400, "", "Your prompt may violate our guardrails", Trouble.REQUEST, "provider.moderation"),
    (400, "", "提示词包含违禁词", Trouble.REQUEST, "provider.moderation"),
    (400, "", "Concurrent limit exceeded, 20 tasks running", Trouble.RATE, "provider.concurrency"),
    (403, "", "并发任务数已达上限", Trouble.RATE, "provider.concurrency"),
    (429, "", "Too many active tasks", Trouble.RATE, "provider.concurrency"),
    (403, "", "请求过于频繁，请稍后再试", Trouble.RATE, "provider.rate"),
    (400, "", "Rate limit exceeded", Trouble.RATE, "provider.rate"),
    (400, "", "the frame rate must be 24", Trouble.REQUEST, "provider.parameters"),
    (401, "", "API key disabled", Trouble.KEY, "provider.key"),
    (
        403,
        "",
        "Your account has been suspended for violating our usage policies",
        Trouble.KEY,
        "provider.account",
    ),
    (401, "", "该用户已被封禁", Trouble.KEY, "provider.account"),
    (402, "", "余额不足", Trouble.BALANCE, "provider.balance"),
    (429, "", "You have insufficient quota left", Trouble.BALANCE, "provider.balance"),
    (404, "", "The model sora-2 does not exist", Trouble.RETIRED, "provider.retired"),
    (400, "", "该模型已下线", Trouble.RETIRED, "provider.retired"),
]
CODES = [
    (400, "moderation_blocked", "no", Trouble.REQUEST, "provider.moderation"),
    (403, "account_deactivated", "no", Trouble.KEY, "provider.account"),
    (400, "rate_limit_exceeded", "no", Trouble.RATE, "provider.rate"),
    (400, "invalid_duration", "no", Trouble.REQUEST, "provider.seconds"),
    (400, "model_not_found", "no", Trouble.RETIRED, "provider.retired"),
]

# What a task is said to have failed of.
FAILURES = [
    ("此内容可能违反关于裸露、性内容或色情内容的相关规定。", "provider.moderation"),
    (
        "This content may violate our guardrails concerning similarity to third-party content.",
        "provider.moderation",
    ),
    ("图片中包含真人", "provider.real_person"),
    ("The generated video was blocked by our moderation system", "provider.moderation_result"),
    ("生成的内容未通过审核", "provider.moderation_result"),
    ("failed to download image_url", "provider.picture_refused"),
    ("参考图格式不支持", "provider.picture_refused"),
    ("insufficient balance", "provider.balance"),
    ("账户余额不足", "provider.balance"),
    ("model not available", "provider.retired"),
    ("生成超时", "provider.task_timeout"),
    ("generation timed out", "provider.task_timeout"),
    ("任务已过期", "provider.task_expired"),
    ("expired", "provider.task_expired"),
    ("cancelled", "provider.task_cancelled"),
    ("We're under heavy load, please try again later.", "provider.busy"),
    ("系统繁忙，请稍后重试", "provider.busy"),
    ("unsupported duration", "provider.seconds"),
    ("internal error", "provider.internal"),
    ("服务器内部错误", "provider.internal"),
    ("out of luck", "provider.failed"),
    ("生成内容失败", "provider.failed"),
    ("", "provider.failed"),
]


def answer(status: int, body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def refused_natively(status: int, words: str) -> Refused:
    found = sora_hk_answers.after_create(answer(status, {"code": status, "message": words}))
    assert isinstance(found, Refused)
    return found


def refused_by_a_gateway(status: int, code: str, words: str, **more: str) -> Refused:
    body = {"error": {"code": code, "message": words, **more}}
    found = openai_answers.after_create(answer(status, body), PATHS)
    assert isinstance(found, Refused)
    return found


@pytest.mark.parametrize(("status", "_code", "words", "trouble", "code"), REFUSALS)
def test_a_refusal_is_told_by_its_reason(status, _code, words, trouble, code):
    for found in (refused_natively(status, words), refused_by_a_gateway(status, "", words)):
        assert (found.fault.trouble, found.fault.problem.code) == (trouble, code)
        assert words in found.fault.problem.text()


@pytest.mark.parametrize(("status", "api_code", "words", "trouble", "code"), CODES)
def test_a_code_says_more_than_words(status, api_code, words, trouble, code):
    found = refused_by_a_gateway(status, api_code, words)
    assert (found.fault.trouble, found.fault.problem.code) == (trouble, code)


def test_the_parameter_that_an_error_names_is_the_reason():
    found = refused_by_a_gateway(400, "invalid_value", "Invalid value: '5'.", param="seconds")
    assert found.fault.problem.code == "provider.seconds"


@pytest.mark.parametrize(("words", "code"), FAILURES)
def test_a_failed_task_is_told_by_its_reason(words, code):
    native = answer(200, {"code": 200, "data": {"task_id": "t", "status": "failed", "error_msg": words}})
    gateway = answer(200, {"id": "t", "status": "failed", "error": {"message": words}})
    for found in (
        sora_hk_answers.after_poll(native),
        openai_answers.after_poll(gateway, PATHS, "https://api.test/content"),
    ):
        assert isinstance(found, TaskFailed)
        assert found.problem.code == code
        assert words in found.problem.text()
        assert found.problem.fix_text()


def every_problem() -> list[Problem]:
    every = [
        reasons.ACCOUNT,
        reasons.QUOTA,
        reasons.CONCURRENCY,
        reasons.RESULT,
        *reasons.PARAMETERS,
        *reasons.TASK,
    ]
    told = [Problem(one.code, one.message, one.fix, {"said": "呵呵 oh"}) for one in every]
    told += [faults.fault(trouble, "呵呵 oh").problem for trouble in Trouble]
    told += [faults.unreadable("呵呵 oh"), faults.challenge("呵呵 oh")]
    return [*told, faults.moderation("呵呵 oh"), faults.failed("", "呵呵 oh"), faults.missing("呵呵 oh")]


@pytest.mark.parametrize("problem", every_problem(), ids=lambda problem: problem.code)
def test_each_has_a_sentence_a_next_step_and_the_providers_own_words(problem, monkeypatch):
    monkeypatch.setattr(messages, "_current", messages.gettext.NullTranslations())
    assert re.fullmatch(r"provider\.[a-z_]+", problem.code)
    assert problem.text().endswith("呵呵 oh")
    assert problem.fix_text().endswith(".")
    assert "{" not in str(problem)


@given(st.text(max_size=80), st.text(max_size=20))
def test_whatever_words_come_they_are_kept(words, code):
    problem = faults.failed(code, words)
    assert problem.params["said"] == faults.said(words)
    assert problem.fix_text()


SECRETS = [
    "cannot fetch https://cdn.test/v/1.mp4?Expires=1790000000&Signature=c2VjcmV0",
    "see https://files.test/dl/c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0/video.mp4 for it",
    "bad key sk-c2VjcmV0c2VjcmV0",
    "Authorization: Bearer c2VjcmV0c2VjcmV0",
    "https://user:c2VjcmV0@proxy.test/",
    "key (c2VjcmV0-registered) is bad",
]


@pytest.mark.parametrize("words", SECRETS)
def test_no_key_and_no_signed_address_stays_in_the_words(words, monkeypatch):
    monkeypatch.setattr("sorad.masking._secrets", ())
    register_secret("c2VjcmV0-registered")
    for problem in (
        faults.failed("", words),
        faults.fault(Trouble.REQUEST, words).problem,
        faults.moderation(words),
    ):
        assert "c2VjcmV0" not in problem.to_json()


def test_an_ordinary_address_stays_readable():
    assert "https://cdn.test/cat.png" in faults.failed("", "no such picture: https://cdn.test/cat.png").text()


@pytest.mark.parametrize("folder", ["docs", "docs/zh"])
def test_the_chapter_on_trouble_has_every_code_of_a_provider(folder):
    told = (Path(__file__).parents[2] / folder / "troubleshooting.md").read_text("utf-8")
    assert {one.code for one in every_problem()} - set(re.findall(r"`(provider\.\w+)`", told)) <= {
        "provider.file"
    }
