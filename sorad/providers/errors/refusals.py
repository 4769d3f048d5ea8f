"""What a refusal means, read from its status, its code and its words. Pure.

Codes are read before words, and words only where the status leaves room: a message may quote the prompt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from sorad.providers.base import Trouble
from sorad.providers.errors import reasons

BALANCE_CODES = frozenset(
    {
        "1012",
        "billing_hard_limit_reached",
        "insufficient_balance",
        "insufficient_quota",
        "insufficient_user_quota",
        "pre_consume_token_quota_failed",
    }
)
KEY_CODES = frozenset({"401", "account_deactivated", "invalid_api_key"})
RETIRED_CODES = frozenset({"model_deprecated", "model_not_available", "model_not_found", "model_retired"})
RATE_CODES = (
    frozenset({"rate_limit_exceeded", "rate_limited", "too_many_requests"}) | reasons.CONCURRENCY.codes
)
MODERATION_CODES = frozenset(
    {
        "content_filter",
        "input_moderation",
        "content_policy_violation",
        "moderation_blocked",
        "prompt_blocked",
        "sensitive_words_detected",
    }
)
MISSING_CODES = frozenset({"task_not_exist", "task_not_found", "video_not_found"})

_BALANCE = re.compile(
    r"insufficient[ _](?:(?:account|user|token|key)[ _])?(?:balance|credit|fund|quota)"
    r"|(?:balance|quota|credits?) (?:is|are) (?:not enough|insufficient|exhausted|used up|depleted)"
    r"|(?:out of|no(?: more)?|not enough) (?:credits?|balance|quota)\b"
    r"|\b(?:token|key)\b.{0,20}?\bquota\b.{0,20}?(?:exhaust|used up|exceed|deplet)|TokenStatusExhausted"
    r"|余额.{0,4}?(?:不足|用尽|用完|耗尽|不够)|额度.{0,4}?(?:不足|用尽|用完|耗尽|不够)|欠费",
    re.IGNORECASE,
)
_RETIRED = re.compile(
    r"model[ _]not[ _](?:found|exist)|temporarily paused"
    r"|\b(?:no|not have) access to (?:the )?model"
    r"|\bmodel\b.{0,120}?\b(?:does not exist|not found|not available|no longer|has been"
    r" (?:retired|removed|deprecated|shut down|discontinued))"
    r"|模型.{0,60}?(?:不存在|已下线|已停用|无权访问)|无权访问模型|服务已停止",
    re.IGNORECASE | re.DOTALL,
)
_MODERATION = re.compile(
    r"content[ _]polic|moderat|sensitive|safety (?:system|filter|polic)|usage polic|guardrail"
    r"|(?:inappropriate|prohibited|unsafe|harmful) content|third[- ]party (?:content|likeness)"
    r"|违反|违规|违禁|不合规|审核|敏感",
    re.IGNORECASE,
)
# About a task that is over there is no doubt that its content was judged, so fewer words do.
_MODERATION_OF_TASK = re.compile(
    r"polic(?:y|ies)|moderat|sensitive|safety|prohibited|guardrail|inappropriate|\bnsfw\b|likeness|copyright"
    r"|third[- ]party|\breal (?:person|people)\b|public figure|\bnudity\b|\bsexual"
    r"|违反|违规|违禁|违法|不合规|不当|审核|敏感|真人|肖像|名人|版权|侵权|色情|裸露|暴力|涉政"
    r"|内容.{0,10}(?:安全|策略|政策|规范|准则|限制|风险|拒绝)",
    re.IGNORECASE,
)
# Under 400 and 403, where a request that came too soon is no different from one that is wrong.
_RATE = re.compile(
    r"(?:rate|frequency|concurren\w*)[ _-]?limits?\b.{0,30}?(?:exceed|reach|hit)"
    r"|(?:exceed|reach|hit)\w*.{0,30}?(?:rate|frequency|concurren\w*)[ _-]?limit|too many (?:requests|concurrent)"
    r"|too many (?:running|active|pending|ongoing|unfinished) (?:tasks|jobs|videos|generations|requests)"
    r"|请求.{0,4}?(?:过于频繁|太频繁|频率)|并发.{0,12}?(?:上限|超|限制|已满|过多)",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"(?:task|video)[ _](?:was |is |does |do )?not[ _](?:exist|found)|no such (?:task|video)"
    r"|任务不存在|找不到任务|未找到任务|记录不存在",
    re.IGNORECASE,
)


_EXPIRED = re.compile(r"expired|no longer available|过期|已失效", re.IGNORECASE)


@dataclass(frozen=True)
class _Rule:
    """A trouble, and what tells it: a status, a code, or words where the status leaves room for them."""

    trouble: Trouble
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    words: Optional[re.Pattern[str]] = None
    words_under: Optional[frozenset[int]] = None  # the statuses that leave room; None: all do
    content: bool = False  # the content was what was refused

    def fits(self, status: int, code: str, words: str) -> bool:
        """Whether a refusal is one of these."""
        if status in self.statuses or code in self.codes:
            return True
        if self.words is None or (self.words_under is not None and status not in self.words_under):
            return False
        return self.words.search(words) is not None


# The first one that fits counts.
_RULES = (
    _Rule(
        Trouble.REQUEST,
        codes=MODERATION_CODES,
        words=_MODERATION,
        words_under=frozenset({400, 403, 422, 451}),
        content=True,
    ),
    _Rule(
        Trouble.BALANCE,
        statuses=frozenset({402}),
        codes=BALANCE_CODES,
        words=_BALANCE,
        words_under=frozenset({400, 401, 403, 429}),
    ),
    _Rule(Trouble.RATE, codes=RATE_CODES, words=_RATE, words_under=frozenset({400, 403})),
    _Rule(Trouble.RETIRED, statuses=frozenset({404, 405, 406, 410, 421}), codes=RETIRED_CODES),
    _Rule(Trouble.RATE, statuses=frozenset({429})),
    _Rule(Trouble.RETIRED, words=_RETIRED),
    _Rule(Trouble.KEY, statuses=frozenset({401, 403})),
    _Rule(Trouble.RATE, statuses=frozenset({408, 409, 423, 425})),
    _Rule(Trouble.TRANSPORT, statuses=frozenset({407})),
)


def refusal(status: int, code: str, words: str) -> tuple[Trouble, bool]:
    """The trouble that a 4xx stands for, and whether the content was what was refused.

    ``status`` may be an API's own code that means the same as an HTTP status.
    """
    code = code.lower()
    if status in (401, 403) and reasons.ACCOUNT.meets(code, words):
        return Trouble.KEY, False  # also for what was in some video: it is no matter of this one
    for rule in _RULES:
        if rule.fits(status, code, words):
            return rule.trouble, rule.content
    return Trouble.REQUEST, False


def named(code: str) -> int:
    """The 4xx that a well-known code stands for under whatever status; 0 for a code that says nothing."""
    code = code.lower()
    for codes, status in (
        (BALANCE_CODES, 402),
        (KEY_CODES, 401),
        (RETIRED_CODES, 404),
        (MODERATION_CODES, 400),
        (RATE_CODES, 429),
    ):
        if code in codes:
            return status
    return 0


def status_of(code: str) -> int:
    """The HTTP status that an API's own code is (``{"code": 429}``) or stands for; 0: none."""
    number = len(code) == 3 and code.isascii() and code.isdigit() and code[0] in "45"
    return named(code) or (int(code) if number else 0)


def is_moderation(code: str, words: str) -> bool:
    """Whether a task failed because of what it was to show."""
    return code.lower() in MODERATION_CODES or bool(_MODERATION_OF_TASK.search(f"{code} {words}"))


def is_expired(words: object) -> bool:
    """Whether a video is said to be kept no longer."""
    return isinstance(words, str) and bool(_EXPIRED.search(words))


def is_missing(status: int, code: str, words: str) -> bool:
    """Whether an answer about a task says that there is no such task."""
    return status in (404, 410) or code.lower() in MISSING_CODES or bool(_MISSING.search(f"{code} {words}"))
