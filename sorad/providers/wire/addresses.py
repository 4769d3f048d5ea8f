"""Hosts, origins and proxies of URLs."""

from __future__ import annotations

import functools
import ipaddress
import os
from collections.abc import Mapping
from typing import Optional
from urllib.parse import urljoin, urlsplit

from sorad.masking import mask


def proxies_for(url: str, setting: str) -> dict[str, str]:
    """The proxies for one URL. The environment's are not used for this machine itself, nor for NO_PROXY."""
    if setting == "none":
        return {}
    if setting:
        return {"http": setting, "https": setting}
    if _is_loopback(host_of(url)):
        return {}
    from requests.utils import get_environ_proxies  # for who makes exchanges: it takes its time to import

    return dict(get_environ_proxies(url))


def proxy_of(url: str, setting: str, env: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The proxy for one URL, without its password, and what names it: a variable, or ``[provider]``."""
    from requests.utils import select_proxy

    found = select_proxy(url, proxies_for(url, setting)) or ""
    if setting:
        return mask(found), "[provider]"
    names = sorted(name for name in env if name.lower().endswith("_proxy") and env[name] == found)
    return mask(found), names[0] if found and names else "-"


def origin(url: str) -> Optional[tuple[str, str, int]]:
    """Scheme, host and port; ``None`` for what is no http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname.lower(), port) if parts.hostname else None


@functools.lru_cache(maxsize=256)
def host_of(url: str) -> str:
    """The host of a URL, for people; never its path or query."""
    try:
        return urlsplit(url).hostname or "-"
    except ValueError:
        return "-"


def scheme_of(url: str) -> str:
    """The scheme of what should be a URL, for people; "-" where it has none."""
    scheme = url.partition(":")[0]
    return scheme[:20] if scheme != url and scheme.isalnum() and scheme.isascii() else "-"


def joined(base: str, reference: str) -> str:
    """``reference`` as seen from ``base``; ``""`` where that makes no address."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return ""


@functools.lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
