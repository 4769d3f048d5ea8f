"""Web pages where an API's answer was due: of a wrong address, or of a proxy that stands before the API. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

_LOOKED_AT = 50_000  # bytes
_BEGINS = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title)\b", re.I | re.S
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", re.I | re.S)
_NO_TEXT = re.compile(r"<(script|style|head)\b.*?</\1>|<[^>]*>", re.I | re.S)
# A proxy that wants to see a person, or a browser, before it lets a request through.
_CHALLENGE = re.compile(
    r"just a moment|attention required|cf-chl|challenge-platform|cdn-cgi/challenge|captcha|ddos-guard|incapsula"
    r"|checking your browser|verify (?:that )?you are (?:a )?human|enable javascript and cookies|aliyun_waf|acw_sc__"
    r"|人机验证|安全验证|滑动验证|验证您是|浏览器安全检查",
    re.IGNORECASE,
)
# Statuses of answers by routers and proxies that are about the address or the way, whatever the request.
OF_THE_WAY = frozenset({401, 403, 404, 405, 406, 410, 421})

Headers = Mapping[str, str]  # names in small letters


def is_page(headers: Headers, body: bytes) -> bool:
    """Whether a body is a web page."""
    return bool(_BEGINS.match(_text(body))) or (
        "html" in headers.get("content-type", "").lower() and b"<" in body
    )


def is_challenge(headers: Headers, body: bytes) -> bool:
    """Whether a proxy asks for a proof that a person is there."""
    if "challenge" in headers.get("cf-mitigated", "").lower() or headers.get("x-amzn-waf-action"):
        return True
    return is_page(headers, body) and bool(_CHALLENGE.search(_text(body)))


def title(body: bytes) -> str:
    """What a page is called; ``""`` where it has no title."""
    found = _TITLE.search(_text(body))
    return html.unescape(_NO_TEXT.sub(" ", found.group(1) or found.group(2) or "")).strip() if found else ""


def words(headers: Headers, body: bytes) -> str:
    """What a body that is no JSON says: of a page what is seen of it."""
    text = _text(body)
    return html.unescape(f"{title(body)} {_NO_TEXT.sub(' ', text)}") if is_page(headers, body) else text


def _text(body: bytes) -> str:
    return body[:_LOOKED_AT].decode("utf-8", "replace")
