"""The name of an account: which kind, at which address, with which key, without showing the key."""

from __future__ import annotations

import hashlib


def account_of(kind: str, base_url: str, key: str) -> str:
    """The first 12 hex digits of SHA-256 over the three."""
    return hashlib.sha256("\n".join((kind, base_url.rstrip("/"), key)).encode()).hexdigest()[:12]
