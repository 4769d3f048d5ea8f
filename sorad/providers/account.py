"""The name of an account: which kind, at which address, with which key, without showing the key."""

from __future__ import annotations

import hashlib
from typing import Callable

from sorad.problems import SoradError


def account_of(kind: str, base_url: str, key: str) -> str:
    """The first 12 hex digits of SHA-256 over the three."""
    return hashlib.sha256("\n".join((kind, base_url.rstrip("/"), key)).encode()).hexdigest()[:12]


class AccountName:
    """The name of the account that the key opens now: a key file may be given another key at any time."""

    def __init__(self, kind: str, base_url: str, key: Callable[[], str]) -> None:
        self._kind, self._base_url, self._key = kind, base_url, key
        self._last = ""

    def __call__(self) -> str:
        """The name. The last one while there is no key; :class:`SoradError` where there never was one."""
        try:
            self._last = account_of(self._kind, self._base_url, self._key())
        except SoradError:
            if not self._last:
                raise
        return self._last
