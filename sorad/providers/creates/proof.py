"""What an answer to a create proves: whether the task was taken. One table for all formats. Pure.

Money hangs on it. What is refused is sent again; so only an answer that cannot come after a handler has taken the
task is a refusal. All else that names no task is unknown, whatever it says: gateways forward a create, pay for it,
and answer a 408, a 500 or a 400 of their own when the upstream's answer is late or lost.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Union

Refusals = Collection[Union[int, str]]

# Given before a handler runs (by routers, proxies, and checks of key, balance and rate), whatever their body.
REFUSED = frozenset(
    {301, 307, 308, 401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 421, 429, 431, 451}
)
# Client errors by their number, and yet given when time is up, after the request was forwarded.
TIMED_OUT = frozenset({408, 425, 499})

# A time-out, or an upstream that was cut off: the request was on its way.
_CUT = re.compile(
    r"timed?[_-]?out|\btim(?:e|es|ed|ing)[\s_-]+out\b|deadline|超时|等待.{0,6}(?:过久|太久|过长)"
    r"|\bEOF\b|unexpected[\s_]end|incomplete[\s_]?read|premature"
    r"|do[\s_]?request[\s_]?(?:failed|error)|(?:fetch|forward\w*|proxy\w*)[\s_]failed"
    r"|connect\w*[\s_-]*(?:\w+[\s_-]+){0,2}?(?:reset|clos|refus|abort|lost|brok|terminat|drop|interrupt|err|fail|cut)"
    r"|\bECONN|\bEPIPE\b|\bENET|\bEHOST|broken[\s_]?pipe|sockets?[\s_-]*(?:hang|hung|clos|err)|hang[\s_-]?up"
    r"|(?:read|write|dial|lookup)[\s_](?:tcp|udp|unix)|\bi/o\b|reset by peer|no route to host|no such host"
    r"|server disconnected|remote (?:end|host|peer|server) closed|(?:remote|local)protocolerror|network[\s_-]*err"
    r"|(?:read|write|connect|transport|ssl)error\b|tls handshake|goaway|stream[\s_](?:err|clos|reset)|http2:"
    r"|(?:context|request|client|operation|stream)[\s_](?:was[\s_])?(?:cancel|abort|disconnect|closed)"
    r"|bad[\s_-]*gateway|gateway[\s_-]*err|\b(?:no|empty)[\s_-](?:response|reply|answer)\b"
    r"|upstream.{0,40}?(?:err|fail|clos|cut|lost|reset|disconnect|unavailable|unreachable|no response|abort)"
    r"|(?:err\w*|fail\w*|disconnect\w*|no response).{0,20}?\bupstream\b"
    r"|上游.{0,12}?(?:错误|异常|失败|断|无响应|未响应|没有响应|不可用|中止)|(?:请求|连接|调用|转发)上游.{0,6}?(?:失败|出错)"
    r"|(?:连接|网络|传输).{0,6}?(?:重置|中断|断开|关闭|异常|错误|失败|中止|丢失|不稳|波动)|响应.{0,4}?(?:中断|不完整|为空)"
    r"|(?:other side|peer|server|backend|provider) (?:\w+ )?(?:closed|hung up|disconnected|reset|went away|shut)"
    r"|clientdisconnect|socket disconnected|\bRST_STREAM|\bUND_ERR|\bINTERNAL_ERROR\b|broken stream"
    r"|chunked encoding err|transport (?:is )?clos|error while (?:dial|read|writ|wait|connect|send)|peer reset"
    r"|max retries exceeded|rpc error: code = (?:unavailable|cancel|abort|unknown|internal|deadline)"
    r"|error (?:communicating|talking) with"
    r"|(?:请求|连接|调用|转发)(?:渠道|模型|服务商|供应商|后端).{0,6}?(?:失败|出错|异常)|(?:渠道|后端|供应商)(?:请求|响应|连接|调用)?(?:失败|异常)"
    r"|(?:status|http(?:/[\d.]+)?|code|error)[\s_:=(\"']{0,4}(?:code)?[\s:=(\"']{0,4}5\d\d\b",
    re.IGNORECASE,
)
# It went out, and what came back, or became of it here, is lost: no answer in time, one that could not be read, a
# server that fell over, a task that could not be written down.
_LOST = re.compile(
    r"(?:did|does|do|has|have)(?:n['\u2019]t| not) (?:\w+ )?(?:respond|answer|repl)|received no data|\bno body\b"
    r"|(?:无|未|没有|不)(?:响应|应答|回应)|等待响应|took too long|too long to (?:respond|answer|process|finish)"
    r"|time limit exceeded|(?:maximum|max) wait|wait time exceeded|gave up waiting"
    r"|超出.{0,4}?时间|时间(?:过长|超出|超限)"
    r"|(?:read|pars|decod|unmarshal|deserializ)\w*[\s_]+(?:\w+[\s_]+){0,3}?(?:response|answer|reply)(?![\s_-]?format)"
    r"|(?:invalid|malformed|unexpected|incomplete|truncated|partial)[\s_]+(?:\w+[\s_]+){0,2}?response\b(?! format)"
    r"|looking for beginning of|unexpected token|expecting value: line|json\.?decode\.?error|cannot unmarshal"
    r"|解析.{0,6}?(?:响应|返回|应答)|(?:响应|返回|应答).{0,6}?解析"
    r"|service[\s_](?:is[\s_])?(?:temporarily[\s_]|currently[\s_])?unavailable(?! (?:in|for) )"
    r"|temporarily (?:unable|unavailable, )|origin (?:is )?(?:unreach|down)|internal[\s_-]server[\s_-]error"
    r"|server is down|(?:server|instance|pod|worker|node|backend) (?:is |was )?(?:shut|restart|terminat|exit|crash)"
    r"|graceful(?:ly)? shut|\bSIG(?:TERM|KILL)\b"
    r"|网关(?:错误|异常)|服务(?:器)?(?:暂时|暂|当前)?不可用|(?:服务器?内部|内部服务器?)(?:错误|异常)"
    r"|(?:save|insert|persist|record)[\s_](?:\w+[\s_]){0,3}?(?:task|job|video|generation|billing)s?\b"
    r"|(?:database|\bdb\b|\bsql|redis|mysql|postgres).{0,30}?(?:err|fail|lock|down)|deadlock|too many connections"
    r"|(?:unique|primary key) constraint|duplicate (?:key|entry)"
    r"|入库|数据库|(?:保存|写入|记录)(?:任务|视频|数据).{0,4}?失败|(?<!预)扣费失败"
    r"|may (?:still |yet |already )?(?:have been|be) (?:process|accept|creat|generat|charg)"
    r"|(?:status|result|outcome) (?:is )?unknown|(?:结果|状态)未知|查询(?:结果|任务|状态)",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"\W*(?:(?:request|operation|it) )?(?:was )?(?:cancell?ed|terminated|aborted|interrupted)\W*",
    re.IGNORECASE,
)
# The type under which gateways pass on what an upstream said: that tells who, and not what.
_WHO = re.compile(r"\bupstream_error\b", re.IGNORECASE)
# A gateway that passes a status on without its words. What it was tells whether it is a proof.
_PASSED_ON = re.compile(r"bad[\s_]response[\s_]status[\s_]code", re.IGNORECASE)
_NUMBER = re.compile(r"status[\s_]code\D{0,3}(\d{3})\b", re.IGNORECASE)
# What was sent has been taken, by this request or by one before it: it is there already, or has a number.
_EXISTS = re.compile(
    r"already[\s_](?:been[\s_])?(?:exist|submitted|accepted|created|received|taken)|\bduplicate"
    r"|\b(?:task|job|request|video|generation)\b.{0,30}?\bexists\b|已经?(?:存在|提交|创建|受理|接收|收到)"
    r"|重复(?:的)?(?:提交|请求|任务|创建)"
    r"|(?<!no )\b(?:task|job|video|generation)\b[^.!?]{0,60}?\b(?:was|is|has[\s_]been)[\s_]"
    r"(?:created|accepted|submitted|queued|started)\b|(?:任务|视频).{0,40}?(?:创建|提交|受理)成功"
    r"|\b(?:task|job|video|generation)[\s_-]?id\b\W{0,3}[:=]\W{0,3}(?=[\w.:-]*\d)[\w.:-]{4}|任务\s?(?:id|号|编号)\W{0,3}(?=[\w.:-]*\d)[\w.:-]{4}"
    # An id behind the word, or in an address; a size is none.
    r"|(?:\b(?:task|job|video|generation)s?[\s/:#\"'(]{1,3}(?!\d+x\d)|任务\s?)(?=[\w-]*(?:\d{4}|[0-9a-f]{8}))"
    r"(?:[\w-]{10}|\d{6})",
    re.IGNORECASE,
)
# It, or one just like it, is under way: perhaps what was sent. Words of a limit make it another one.
_UNDER_WAY = re.compile(
    r"already[\s_](?:been[\s_])?(?:process|queued|running|started|sent|used|have an?\b)"
    r"|already[\s_]in[\s_](?:progress|queue|flight)|conflict\w* with existing"
    r"|\b(?:same|identical|equal)\s+(?:\w+\s+){0,2}?(?:task|job|video|request|generation|prompt|parameters|submission)\b"
    r"|(?:request|task|job|submission|video|generation)\s+(?:(?:is|has been|was)\s+(?:still\s+|now\s+)?(?:being\s+)?)?"
    r"(?:process(?:ed|ing)\b|in[\s_](?:progress|flight|queue)|running|accepted|received|queued|pending)"
    r"|\bis being (?:process|generat)|idempoten|\breplay|re-?submitted|repeat(?:ed)?\s+(?:request|submission|order)"
    r"|(?:created|submitted|queued)\s+successful|successfully\s+(?:created|submitted|queued)"
    r"|(?:正在|已在|已被?)(?:生成|处理|执行|排队|运行|队列|受理|接收|接受|接单)|(?:处理|生成|排队|执行)中"
    r"|(?:相同|同样|一样)的?(?:任务|请求|订单|视频)|(?:勿|不要|避免)重复|重复(?:的)?(?:下单|操作|订单)|订单号?(?:重复|已存在)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"too many|limit|maximum|\bmax\b|at most|concurren|exceed|quota|not (?:been )?(?:accept|creat|process|queue)"
    r"|上限|并发|最多|超过|超出|过多|未被?(?:受理|接受|处理)",
    re.IGNORECASE,
)
# Under 409 less will do: that is what the status stands for.
_EXISTS_409 = re.compile(
    r"already|duplicate|repeated|\bexists\b|conflict|重复|已存在|已提交|已创建|冲突", re.IGNORECASE
)
_LONGEST, _LONGEST_VAGUE = 20_000, 60  # characters that are looked at
# Says that something went wrong, and not what: no cause.
# Newer Pythons know some of them by other names than servers use.
_PHRASES = frozenset(status.phrase.lower() for status in HTTPStatus) | {
    "unprocessable entity",
    "unprocessable content",
    "request entity too large",
    "payload too large",
    "content too large",
    "request-uri too long",
    "uri too long",
    "requested range not satisfiable",
    "range not satisfiable",
}
_VAGUE = re.compile(
    r"\W*(?:an? )?(?:(?:unknown|unexpected|internal|server|system|(?:new_)?api|upstream|general|request|http)[\s_-]*)*"
    r"(?:error|fail(?:ed|ure)?|exception)?(?: occurred)?\W*|\W*(?:something went wrong|oops)\W*"
    r"|\W*(?:未知|内部|系统|服务器?|请求|操作|接口|网络)*(?:错误|异常|失败|出错了?)\W*",
    re.IGNORECASE,
)


class Proof(enum.Enum):
    """What an answer proves."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNREADABLE = (
        "unreadable"  # a whole answer that says yes, as JSON, and names no task: unknown, and not understood
    )


@dataclass(frozen=True)
class CreateAnswer:
    """What an answer to a create says, read from whichever format. ``status`` is HTTP's."""

    status: int
    json: bool = False  # the body is JSON
    task: str = ""  # the id of the task that it names, as far as one is found
    doubtful: bool = False  # that id stands beside an error, or may be the request's
    code: str = ""  # the API's own code
    meant: int = 0  # the HTTP status that this code is, or stands for; 0: none
    error: bool = False  # the body is the API's own error
    words: str = ""  # what that error says
    text: str = ""  # all that the body says


def proof(answer: CreateAnswer, refusals: Refusals = ()) -> Proof:
    """What an answer proves. ``refusals``: statuses and codes of which the user knows that they refuse."""
    if answer.task:
        return Proof.ACCEPTED if _good(answer) and not answer.doubtful else Proof.UNKNOWN
    if exists(answer):  # as an error does; beside a yes, "submitted" is part of it
        return _yes_without_task(answer) if _good(answer) and not answer.meant else Proof.UNKNOWN
    if _is_known_refusal(answer, refusals):
        return Proof.REFUSED
    if is_lost(answer):
        return Proof.UNKNOWN
    if _good(answer) and not 400 <= answer.meant < 500:
        return _yes_without_task(answer)
    return Proof.REFUSED if _refuses(answer) else Proof.UNKNOWN


def _yes_without_task(answer: CreateAnswer) -> Proof:
    return Proof.UNREADABLE if answer.json else Proof.UNKNOWN


def _is_known_refusal(answer: CreateAnswer, refusals: Refusals) -> bool:
    """Whether the user has said that this status or code refuses."""
    return answer.status in refusals or (bool(answer.code) and answer.code.lower() in _small(refusals))


def _refuses(answer: CreateAnswer) -> bool:
    """Of an answer that tells of no time-out and names no task."""
    if _good(answer) or answer.status in REFUSED:
        return True
    return 400 <= answer.status < 500 and names_cause(answer)


def is_lost(answer: CreateAnswer) -> bool:
    """Whether it tells of a server error, a time-out or a cut upstream: of the task it says nothing."""
    statuses = {answer.status, answer.meant}
    return max(statuses) >= 500 or bool(TIMED_OUT & statuses) or is_cut(answer)


def is_cut(answer: CreateAnswer) -> bool:
    """Whether it tells of a time-out or of an upstream that was cut off."""
    return tells_of_cut(_all(answer)) or bool(_ENDED.fullmatch(answer.words.strip()))


def tells_of_cut(words: str) -> bool:
    """The same of its words alone."""
    told = _WHO.sub(" ", words)
    if _CUT.search(told) or _LOST.search(told):
        return True
    if not _PASSED_ON.search(told):
        return False
    number = _NUMBER.search(told)
    return number is None or int(number.group(1)) not in REFUSED


def exists(answer: CreateAnswer) -> bool:
    """Whether it says that the task is there already."""
    text = _all(answer)
    if _EXISTS.search(text):
        return True
    statuses = {answer.status, answer.meant}
    if 409 in statuses and _EXISTS_409.search(text):
        return True
    # What is given before a handler runs tells of other tasks: 429 that so many are under way.
    return not statuses & REFUSED and bool(_UNDER_WAY.search(text)) and not _LIMIT.search(text)


def names_cause(answer: CreateAnswer) -> bool:
    """Whether it is the API's own error, and says what is wrong."""
    if not answer.error:
        return False
    code, words = answer.code.strip(), answer.words.strip()
    return not (_is_vague(words) and (_is_vague(code) or code == str(answer.status)))


def _is_vague(text: str) -> bool:
    if len(text) > _LONGEST_VAGUE:
        return False
    return text.strip(" .!").lower() in _PHRASES or bool(_VAGUE.fullmatch(text))


def _all(answer: CreateAnswer) -> str:
    return f"{answer.code} {answer.words} {answer.text}"[:_LONGEST]


def _good(answer: CreateAnswer) -> bool:
    return 200 <= answer.status < 300


def _small(refusals: Refusals) -> set[str]:
    return {one.lower() for one in refusals if isinstance(one, str)}
