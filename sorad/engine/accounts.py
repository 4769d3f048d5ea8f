"""Which provider object speaks for a take: the account that took it, whatever the config says by now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Callable, Optional, Union

from sorad.ledger.interface import Ledger
from sorad.messages import N_
from sorad.model import Take
from sorad.problems import Problem
from sorad.providers.base import Provider

# Makes a provider of an earlier config again; None where its key is no longer to be had.
Revive = Callable[[Mapping[str, Any]], Optional[Provider]]


class Accounts:
    """The present account, and those that still owe us videos. Thread-safe."""

    def __init__(
        self, current: Provider, settings: Mapping[str, Any], ledger: Ledger, revive: Revive
    ) -> None:
        """``settings`` are the provider's part of the config, without a key, to be revived by later."""
        self.current = current
        self._revive = revive
        self._lock = threading.Lock()
        self._revived: dict[str, Optional[Provider]] = {}
        self._ledger = ledger
        ledger.remember(f"account:{current.account}", dict(settings))

    def of(self, take: Take) -> Union[Provider, Problem]:
        """The provider to ask about a take.

        The same API with another key is taken for the same account (keys are rotated); another base URL
        is asked with the settings of then, and only its own key.
        """
        here = self.current
        if take.account in ("", here.account):
            return here
        if (take.provider, take.base_url) == (here.kind, here.base_url):
            return here
        with self._lock:
            if take.account not in self._revived:
                settings = self._ledger.recall(f"account:{take.account}")
                self._revived[take.account] = self._revive(settings) if settings else None
            revived = self._revived[take.account]
        return revived if revived is not None else _no_key(take)


def _no_key(take: Take) -> Problem:
    return Problem(
        "account.key",
        N_("take {take} was bought at {base_url}, and the key for it is no longer set."),
        N_(
            "Set that key again (as it was when the take was bought) and restart sorad: the video is waiting."
        ),
        {"take": take.id, "base_url": take.base_url},
    )
