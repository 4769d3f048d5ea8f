"""Hide keys and signed URLs in any text that is logged, stored or shown.

Two nets: values registered with :func:`register_secret` are hidden exactly, wherever they stand;
patterns catch what nobody registered (another key, a header, the query of a signed URL).
"""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import quote, quote_plus

MASK = "sk-******"
_STARS = "******"

# Shorter values would hide ordinary words all over the log.
SHORTEST_SECRET = 6

_secrets: tuple[str, ...] = ()
_ONE_FORM = re.compile(r"[A-Za-z0-9_.~-]+")  # what looks the same in a URL and in JSON
_lock = threading.Lock()

# ``sora-`` also begins folder and model names (sora-projects, sora-2-pro): a key goes on with a long
# run of letters and digits. The look-behind keeps "task-1234567" and "risk-…" whole.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[a-zA-Z0-9_-]{6,}|sora-(?:(?=[a-zA-Z]*\d)[a-zA-Z0-9]{8,}|[a-zA-Z0-9]{24,})[a-zA-Z0-9_-]*)"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s+)[^\s\"',;]{6,}")
_HEADER = re.compile(
    r"(?i)((?:authorization|api[_-]?key)[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic)\s+)?)[^\s\"',;}]+"
)
_USERINFO = re.compile(r"(?<=://)[^\s/?#\"'<>@]+@")
# The whole query goes, with or without a host before it (urllib3 names only the path): who signs
# what differs too much to tell the harmless parameters from the others.
_QUERY = re.compile(r"\?(?<=[^\s?]\?)[^\s\"<>?]*=[^\s\"<>]*")
_PARAMETER = re.compile(
    r"(?i)(?<![a-z])((?:x-[a-z]+-(?:signature|credential|security-token)|signature|sig|auth_key"
    r"|(?:[a-z]+_)?token|ossaccesskeyid|key-pair-id)=)[^\s&\"'<>]+"
)
_TELLTALES = ("sig", "token", "credential", "auth_key", "accesskey", "key-pair")


def register_secret(value: str) -> None:
    """Hide ``value`` from now on, also as it looks inside a URL or a JSON string.

    Values shorter than :data:`SHORTEST_SECRET` and parts of the mask itself are not taken.
    """
    global _secrets
    if value in _secrets and _ONE_FORM.fullmatch(value):  # a key is told each time it is asked for
        return
    forms = {
        value,
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
    fit = {form for form in forms if len(form) >= SHORTEST_SECRET and form not in MASK}
    with _lock:
        # the longest first: a secret inside another must not cut it in two
        _secrets = tuple(sorted(fit.union(_secrets), key=len, reverse=True))


def mask(text: str) -> str:
    """``text`` with keys, credentials and the queries of URLs hidden."""
    masked = text
    for secret in _secrets:
        if secret in masked:
            masked = masked.replace(secret, MASK)
    masked = _by_patterns(masked)
    if masked is not text and any(secret in masked for secret in _secrets):
        return MASK  # the masks themselves completed a secret: nothing of the line is safe
    return masked


def _by_patterns(masked: str) -> str:
    lowered = masked.lower()  # plain look-ups first: most lines need none of the patterns
    if "sk-" in masked or "sora-" in masked:
        masked = _KEY.sub(MASK, masked)
    if "authorization" in lowered or "api" in lowered:
        masked = _HEADER.sub(rf"\g<1>{MASK}", masked)
    if "bearer" in lowered or "basic" in lowered:
        masked = _SCHEME.sub(rf"\g<1>\g<2>{MASK}", masked)
    if "?" in lowered:
        masked = _QUERY.sub(f"?{_STARS}", masked)
    if "=" in lowered and any(word in lowered for word in _TELLTALES):
        masked = _PARAMETER.sub(rf"\g<1>{_STARS}", masked)
    if "@" in lowered:
        masked = _USERINFO.sub(f"{_STARS}@", masked)
    return masked
