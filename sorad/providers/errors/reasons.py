"""Finer reasons than the engine needs, for the person who reads them: each a code, a sentence, a next step. Pure.

What is not known falls back to a sentence that claims nothing; the provider's own words stand beside each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from sorad.messages import N_


@dataclass(frozen=True)
class Reason:
    """Why something was refused or failed. ``message`` and ``fix`` are message ids; ``{said}`` is filled in."""

    code: str
    message: str
    fix: str
    words: re.Pattern[str]
    codes: frozenset[str] = frozenset()  # an API's own codes or parameter names that mean the same

    def meets(self, code: str, words: str) -> bool:
        """Whether an error's code or words tell of it."""
        return code.lower() in self.codes or bool(self.words.search(words))


def first(reasons: Sequence[Reason], code: str, words: str) -> Optional[Reason]:
    """The reason that a code names, else the first that the words tell of (a message may quote the prompt)."""
    named = (reason for reason in reasons if code.lower() in reason.codes)
    return next(named, None) or next((reason for reason in reasons if reason.words.search(words)), None)


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


# --- what is refused at the create: the account, the rate, a parameter -----------------------------------

ACCOUNT = Reason(
    "provider.account",
    N_("The provider has closed or blocked the account or its key. It says: {said}"),
    N_("Ask the provider about the account, or set another key; {then}."),
    _words(
        r"\b(?:account|user|organi[sz]ation|token)\b.{0,60}?\b(?:suspended|disabled|banned|deactivated|terminated)",
        r"\b(?:suspended|disabled|banned|deactivated|terminated)\b.{0,60}?\b(?:account|user|organi[sz]ation)\b",
        r"(?:账号|账户|帐号|帐户|用户|令牌|密钥).{0,12}?(?:禁用|封禁|冻结|停用|封号|注销|失效|已过期)",
    ),
    frozenset({"account_deactivated", "account_disabled", "account_suspended", "user_disabled"}),
)
QUOTA = Reason(
    "provider.quota",
    N_("No quota is left at the gateway for this API key. It says: {said}"),
    N_("Raise the quota of this key on the gateway's page, or set another key; {then}."),
    _words(
        r"\b(?:token|api[ _]?key|key)\b.{0,40}?\b(?:quota|credits?|allowance)\b",
        r"\b(?:quota|credits?)\b.{0,20}?\bof (?:the |this )?(?:token|key)\b",
        r"(?:令牌|密钥).{0,8}?额度|额度.{0,4}?(?:已)?(?:用尽|用完|耗尽)",
    ),
    frozenset({"pre_consume_token_quota_failed", "token_quota_exhausted"}),
)
CONCURRENCY = Reason(
    "provider.concurrency",
    N_("The provider takes no more takes at once. It says: {said}"),
    N_(
        "Nothing to do: sorad slows down and goes on by itself. If it keeps coming, lower concurrency under "
        "[limits]."
    ),
    _words(
        r"\bconcurren(?:t|cy)\b",
        r"too many (?:running|active|pending|ongoing|unfinished|simultaneous)",
        r"并发|同时(?:进行|生成|运行|处理)",
        r"任务.{0,12}?(?:过多|太多|上限|已满)",
    ),
    frozenset({"concurrency_limit_exceeded", "concurrent_limit_exceeded", "task_limit_exceeded"}),
)
_PICTURE = Reason(
    "provider.picture_refused",
    N_("The provider cannot use the picture of this segment. It says: {said}"),
    N_(
        "Check image_url: a jpeg, png or webp that the provider can reach, in the size that it asks for. The "
        "edited segment is bought as a new take."
    ),
    _words(
        r"\b(?:images?|image_url|pictures?|photos?|input_reference|first[ _-]frame)\b",
        r"图片|图像|参考图|首帧|照片",
    ),
    frozenset(
        {"image", "image_url", "input_reference", "invalid_image", "invalid_image_url", "image_parse_error"}
    ),
)
_PROMPT = Reason(
    "provider.prompt",
    N_("The provider does not take a prompt like this one. It says: {said}"),
    N_("Change the length or the form of the prompt as the provider says."),
    _words(
        r"\bprompts?\b.{0,60}?(?:too long|too short|length|empty|blank|required|missing|exceed|characters|tokens)",
        r"(?:too long|too short|length|empty|missing|exceed).{0,30}?\bprompts?\b",
        r"提示词.{0,20}?(?:长|短|空|超|缺|字)",
    ),
    frozenset({"prompt", "prompt_too_long", "string_above_max_length"}),
)
_SECONDS = Reason(
    "provider.seconds",
    N_("The provider does not offer this length. It says: {said}"),
    N_(
        "Set duration_seconds to a length it offers. For a gateway, list these as seconds under [provider]: then "
        "sorad checks them before it buys."
    ),
    _words(r"\b(?:seconds|duration|video[ _]length)\b", r"时长|秒数|持续时间"),
    frozenset({"seconds", "duration", "invalid_duration", "invalid_seconds"}),
)
_SIZE = Reason(
    "provider.size",
    N_("The provider does not offer this size or orientation. It says: {said}"),
    N_(
        "Set resolution to one it offers; for a gateway, set size_horizontal and size_vertical under [provider]."
    ),
    _words(
        r"\b(?:size|resolution|aspect[ _]?ratio|orientation|dimensions?|width|height)\b",
        r"尺寸|分辨率|画面比例|宽高比",
    ),
    frozenset({"size", "resolution", "orientation", "aspect_ratio", "invalid_size"}),
)
# Pictures and prompts have sizes and lengths, too: they come first.
PARAMETERS = (_PICTURE, _PROMPT, _SECONDS, _SIZE)

PERSON = Reason(
    "provider.real_person",
    N_("The provider takes no pictures of real people, and sees one in this segment. It says: {said}"),
    N_(
        "Use a picture that shows no real person, or one that the provider has cleared; the edited segment is "
        "bought as a new take."
    ),
    _words(
        r"\breal[ _-](?:person|people|human|face)s?\b|\bprivacy ?information\b|\bcelebrit|\bpublic figures?\b",
        r"真人|名人|公众人物|隐私信息",
    ),
)

# --- why a task failed ------------------------------------------------------------------------------------

_OTHER_TIME = N_("The same text may work another time; if it keeps failing, change the segment.")

RESULT = Reason(
    "provider.moderation_result",
    N_("The provider's content rules withhold the video that came of it. It says: {said}"),
    N_("The same text may pass another time; if it does not, reword the prompt or change the picture."),
    _words(
        r"\b(?:generated|output|resulting)[ _](?:videos?|contents?|images?|frames?|audio)\b",
        r"\boutput[ _]moderation\b",
        r"生成(?:的|出的)?(?:视频|内容|结果|画面|音频)|输出(?:的)?(?:视频|内容)",
    ),
    frozenset({"output_moderation", "output_blocked", "output_video_sensitive_content_detected"}),
)
# Of a failed task more is said about pictures than that they were bad: only what is technical counts.
_TASK_PICTURE = Reason(
    _PICTURE.code,
    _PICTURE.message,
    _PICTURE.fix,
    _words(
        r"\b(?:images?|image_url|pictures?|photos?|input_reference)\b.{0,60}?(?:download|fetch|load|access|read"
        r"|decod|format|corrupt|dimension|resolution|width|invalid|unsupported|too (?:large|small|big))",
        r"(?:download|fetch|load|access|read|decod|invalid|unsupported)\w*.{0,40}?\b(?:images?|image_url|pictures?)\b",
        r"(?:图片|图像|参考图|首帧).{0,20}?(?:下载|获取|读取|加载|访问|解析|格式|损坏|尺寸|大小|无效|失败)",
        r"(?:下载|获取|读取|加载|访问|解析).{0,20}?(?:图片|图像|参考图|首帧)",
    ),
    _PICTURE.codes,
)
TASK = (
    _TASK_PICTURE,
    Reason(
        "provider.balance",
        N_("The balance at the provider was used up before the video was made. It says: {said}"),
        N_("Top it up at the provider."),
        _words(r"insufficient[ _](?:account[ _])?(?:balance|credit|fund|quota)|余额不足|额度不足|欠费"),
        frozenset({"insufficient_balance", "insufficient_quota", "insufficient_user_quota", "1012"}),
    ),
    Reason(
        "provider.retired",
        N_("The provider no longer offers the model of this task. It says: {said}"),
        N_("Look at the provider's news, then set model or kind under [provider]."),
        _words(
            r"model[ _]not[ _](?:found|exist|available|supported)|temporarily paused",
            r"\bmodel\b.{0,80}?\b(?:does not exist|not found|not available|no longer|unavailable|retired|deprecated)",
            r"模型.{0,30}?(?:不存在|已下线|已停用|不可用|无权访问)",
        ),
        frozenset({"model_not_found", "model_deprecated", "model_not_available", "model_retired"}),
    ),
    Reason(
        "provider.task_timeout",
        N_("The provider did not finish the video in its own time. It says: {said}"),
        _OTHER_TIME,
        _words(r"\btim(?:ed|e)[ _-]?out|\bdeadline\b|took too long|超时|耗时过长"),
        frozenset({"timeout", "task_timeout", "generation_timeout", "deadline_exceeded"}),
    ),
    Reason(
        "provider.task_expired",
        N_("The provider no longer has this task or its video. It says: {said}"),
        N_("Only buying it again makes the video; sorad does not do that by itself."),
        _words(r"\bexpired?\b|已?过期|已清理|已失效"),
        frozenset({"expired", "task_expired", "video_expired"}),
    ),
    Reason(
        "provider.task_cancelled",
        N_("The provider says that the task was cancelled. It says: {said}"),
        N_("If nobody did so in your account: ask the provider, with the task id and the request id."),
        _words(r"\bcancell?ed\b|(?:已|被)(?:取消|终止|中止)"),
        frozenset({"cancelled", "canceled", "task_cancelled"}),
    ),
    Reason(
        "provider.busy",
        N_("The provider was too busy for this task. It says: {said}"),
        N_("Try it again when there is less going on there."),
        _words(
            r"overload|heavy load|high (?:demand|load|traffic)|\b(?:at|over|no|insufficient) capacity\b|too busy",
            r"try again later|too many requests|rate limit",
            r"繁忙|负载|拥挤|请?稍后|高峰|资源不足|算力不足|排队.{0,6}满",
        ),
        frozenset({"server_overloaded", "overloaded_error", "rate_limit_exceeded", "engine_overloaded"}),
    ),
    *(reason for reason in PARAMETERS if reason is not _PICTURE),
    Reason(
        "provider.internal",
        N_("The provider broke down over this task, through no fault of the segment. It says: {said}"),
        _OTHER_TIME,
        _words(
            r"\binternal\b|\bserver[ _]error\b|\b(?:unknown|system|unexpected)[ _](?:error|exception)\b",
            r"内部错误|系统错误|系统异常|服务(?:器)?(?:错误|异常)|未知错误|服务不可用",
        ),
        frozenset({"internal_error", "internal_server_error", "server_error", "500", "unknown_error"}),
    ),
)
