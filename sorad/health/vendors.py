"""How buying stands at each provider: what the daemon told the ledger of it. The first one's is in the facts, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from sorad.engine.decide.parties import memory_key, whose
from sorad.engine.decide.pictures import Trial
from sorad.engine.state.pictures import KEY
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Party
from sorad.problems import Problem


@dataclass(frozen=True)
class Vendor:
    """A provider of the config. Money is micro-units of its currency."""

    name: str
    kind: str = ""
    base_url: str = ""
    account: str = ""
    currency: str = ""
    concurrency: int = 0
    in_flight: int = 0
    spent_today: int = 0
    per_day: Optional[float] = None  # units of the currency; None: no limit of its own
    breaker: Optional[Mapping[str, Any]] = None
    gate: Optional[Mapping[str, Any]] = None
    halt: Optional[Mapping[str, Any]] = None
    stops: tuple[Mapping[str, Any], ...] = ()
    pictures: tuple[Problem, ...] = ()  # why nothing is bought with pictures, for each place

    @property
    def mode(self) -> str:
        """Of its breaker."""
        return str((self.breaker or {}).get("mode", "normal"))

    @property
    def effective(self) -> int:
        """How many may be in flight now."""
        return self.concurrency if self.mode == "normal" else int((self.breaker or {}).get("effective", 0))

    @property
    def stands_still(self) -> bool:
        """Whether nothing is bought there."""
        return bool(self.halt or self.stops)

    @property
    def why(self) -> Optional[str]:
        """The code of what stops buying there; ``None``: nothing does."""
        stopped = [*([self.halt] if self.halt else []), *self.stops]
        return next((Problem.from_json(row["problem"]).code for row in stopped), None)


def vendors_of(ledger: Ledger, midnight: float) -> Iterator[Vendor]:
    """Each provider that the daemon works with, or last did."""
    told = ledger.recall("providers") or []
    sent = ledger.parties() if told else []
    known = {number: Party(row["kind"], row["base_url"], row["account"]) for number, row in enumerate(told)}
    owners = {party: whose(party, list(known.values())) for party in sent}
    for number, row in enumerate(told):
        theirs = [party for party in sent if owners[party] == known[number]]
        targets = (row["name"], "") if number == 0 else (row["name"],)
        yield Vendor(
            name=row["name"],
            kind=row["kind"],
            base_url=row["base_url"],
            account=row["account"],
            currency=row["currency"],
            concurrency=row["concurrency"],
            in_flight=ledger.in_flight(theirs, targets) if len(told) > 1 else ledger.in_flight(),
            spent_today=ledger.spend_at(theirs, midnight),
            per_day=row.get("per_day"),
            breaker=ledger.recall(memory_key("breaker", row["key"])),
            gate=ledger.recall(memory_key("gate", row["key"])),
            halt=ledger.recall(memory_key("halt", row["key"])),
            stops=tuple(ledger.recall(memory_key("stops", row["key"])) or ()),
            pictures=ignored_pictures(ledger, row["key"]),
        )


def ignored_pictures(ledger: Ledger, key: str) -> tuple[Problem, ...]:
    """Why nothing is bought with pictures at an account, for each model where that is so."""
    trials = map(Trial.from_json, (ledger.recall(memory_key(KEY, key)) or {}).values())
    return tuple(trial.stopped for trial in trials if trial.stopped is not None)


def without_provider(ledger: Ledger) -> Iterator[tuple[str, int]]:
    """Of which providers that the config does not have how many queued takes are wanted."""
    names = {row["name"] for row in ledger.recall("providers") or []}
    for target, count in ledger.targets().items() if names else ():
        if target and target not in names:
            yield target, count
