"""Which provider object speaks for a take: the account that took it, whatever the config says by now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Callable, Optional, Union

from sorad.engine.decide.missing_key import no_key
from sorad.ledger.interface import Ledger
from sorad.model import Take
from sorad.problems import Problem, SoradError
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
        self.began_as = current.account  # the account at the start; its key may be changed meanwhile
        self._settings = dict(settings)
        self._revive = revive
        self._lock = threading.Lock()
        self._revived: dict[str, Provider] = {}
        self._refused: set[str] = set()
        self._known: set[str] = set()
        self._ledger = ledger
        self._seen = self.began_as  # the account of the key that was last looked at, or met a refusal
        self.remember(self.began_as)

    def _now(self) -> str:
        try:
            return self.current.account
        except SoradError as error:  # there is no key, or one that is none
            return error.problem.code

    def met_refusal(self) -> None:
        """The key of now was refused: another one that comes is a correction."""
        self._seen = self._now()

    def was_corrected(self) -> bool:
        """Whether the key is another one than when this was last asked, or than the one that was refused."""
        before, self._seen = self._seen, self._now()
        return before != self._seen

    def remember(self, account: str) -> None:
        """Keep the way to an account before anything is bought there. :class:`LedgerUnavailable`."""
        if account not in self._known:
            self._ledger.remember(f"account:{account}", self._settings)
            self._known.add(account)

    def of(self, take: Take) -> Union[Provider, Problem]:
        """The provider to ask about a take: with the key that it was sent with, where that is to be had.

        Else the same API is asked with the key of now, which opens the same account if the key was rotated, and
        another one if not: see :func:`is_sure`. At another address nothing but the key of then is shown.
        """
        here = self.current
        if is_sure(take, here):
            return here
        same_api = (take.provider, take.base_url) == (here.kind, here.base_url)
        with self._lock:
            revived = None if same_api and take.account in self._refused else self._revived_for(take.account)
        if revived is not None:
            return revived
        return here if same_api else no_key(take)

    def refused(self, account: str) -> None:
        """The API refuses that account's key: it was rotated, so the key of now is tried in its place."""
        with self._lock:
            self._refused.add(account)

    def _revived_for(self, account: str) -> Optional[Provider]:
        """Only with the very key of then: the place where it was may hold that of another API by now."""
        known = self._revived.get(account)
        if known is None:
            settings = self._ledger.recall(f"account:{account}")
            known = self._revive(settings) if settings else None
        if known is None or known.account != account:
            return None
        self._revived[account] = known
        return known


def is_sure(take: Take, provider: Provider) -> bool:
    """Whether a provider speaks for the very account that the take was sent to.

    Where it does not, what it knows of the take is true all the same, but what it does not know proves nothing.
    """
    return take.account in ("", provider.account)
