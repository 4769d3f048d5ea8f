"""Hosts, origins and proxies of URLs."""

from __future__ import annotations

import ipaddress
from typing import Optional
from urllib.parse import urljoin, urlsplit

from requests.utils import get_environ_proxies


def proxies_for(url: str, setting: str) -> dict[str, str]:
    """The proxies for one URL. The environment's are not used for this machine itself, nor for NO_PROXY."""
    if setting == "none":
        return {}
    if setting:
        return {"http": setting, "https": setting}
    if _is_loopback(host_of(url)):
        return {}
    return dict(get_environ_proxies(url))


def origin(url: str) -> Optional[tuple[str, str, int]]:
    """Scheme, host and port; ``None`` for what is no http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname.lower(), port) if parts.hostname else None


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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
