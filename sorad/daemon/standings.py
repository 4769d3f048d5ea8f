"""How sorad stands with each account of the config: kept over reloads, and in the ledger over restarts.

The first provider's is kept under plain names, as it was when there could be but one; that of each other one with its
identity behind them. So an account keeps its breaker and halt where providers change places in the config.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sorad.clock import Clock
from sorad.config.model import Config, ProviderConfig
from sorad.engine.decide.parties import memory_key
from sorad.engine.state.control import Control
from sorad.engine.state.reachability import Reachability
from sorad.engine.state.wall_clock import WallClock
from sorad.ledger.interface import Ledger
from sorad.providers import base_url_of

# Under this the ledger remembers whose standing has the plain names.
FIRST = "first"
_KEPT = ("breaker", "gate", "halt", "stops", "lost", "answered", "pictures")


@dataclass(frozen=True)
class Standing:
    """With one account."""

    control: Control
    reach: Reachability
    times: WallClock


@dataclass
class Standings:
    """With all of them, by their identities."""

    ledger: Ledger
    clock: Clock
    _known: dict[str, Standing] = field(default_factory=dict)
    _first: str = ""

    def of(self, config: Config) -> list[Standing]:
        """With each provider of a config; nothing is changed. :class:`LedgerUnavailable`, :class:`SoradError`."""
        identities = identities_of(config)
        if not self._known:
            self._restore(identities)
        found: dict[str, Standing] = {}
        for number, (identity, provider) in enumerate(zip(identities, config.providers)):
            if identity not in found:
                found[identity] = self._standing(identity, identities, number, config.buys_from(provider))
        return [found[identity] for identity in identities]

    def _standing(self, identity: str, identities: Sequence[str], number: int, config: Config) -> Standing:
        if identity in self._known:
            return self._known[identity]
        if number == 0 and self._first in self._known and self._first not in identities:
            return self._known[self._first]  # the first one's address or key was changed
        key = "" if number == 0 and not self._known else identity
        control = Control(self.ledger, config.limits, self.clock, key)
        return Standing(control, Reachability(self.clock), WallClock(self.clock))

    def follow(self, config: Config, standings: Sequence[Standing], elsewhere: Sequence[bool] = ()) -> None:
        """The config is in force from now on. ``standings``: those :meth:`of` it; ``elsewhere``: of each, whether its
        account is another one than before."""
        identities = identities_of(config)
        self._rename(identities[0], standings[0])
        if self._first not in identities:
            self._known.pop(self._first, None)
        self._known.update(zip(identities, standings))
        self._first = identities[0]
        for number, (provider, standing) in enumerate(zip(config.providers, standings)):
            if elsewhere:
                standing.control.follow(config.buys_from(provider).limits, elsewhere=elsewhere[number])
            standing.control.under(provider.model_dump(mode="json"))

    def _rename(self, first: str, standing: Standing) -> None:
        """Give the plain names to the standing that is the first's from now on; all in one write."""
        before = self._known.get(self._first)
        if before is None or before is standing:
            self.ledger.remember(FIRST, first)
            return
        with before.control.moved(self._first) as old, standing.control.moved("") as new:
            self.ledger.remember_all({**old, **new, FIRST: first})

    def _restore(self, identities: Sequence[str]) -> None:
        """At the start: give the plain names to the first provider, where another one has them that is still there."""
        ledger, first = self.ledger, identities[0]
        before = ledger.recall(FIRST)
        if before in (None, first) or before not in identities:
            return
        swapped: dict[str, object] = {FIRST: first}
        for name in _KEPT:
            swapped[memory_key(name, before)] = ledger.recall(name)
            swapped[name] = ledger.recall(memory_key(name, first))
        ledger.remember_all(swapped)


def identities_of(config: Config) -> list[str]:
    """What tells the accounts of a config apart, whether or not their keys are there: in order."""
    return [_identity(provider) for provider in config.providers]


def _identity(provider: ProviderConfig) -> str:
    keys = (provider.api_key_env, str(provider.api_key_file or ""), provider.api_key_keyring)
    told = "\n".join((provider.kind, base_url_of(provider), *keys))
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:12]
