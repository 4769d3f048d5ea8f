"""How sorad stands with each account is kept where providers are renamed, change places, come and go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sorad.clock import SystemClock
from sorad.config.model import Config
from sorad.daemon.standings import Standings, identities_of
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.sqlite import SqliteLedger
from sorad.problems import Problem
from sorad.providers.base import Fault, Trouble

EMPTY = Fault(Trouble.BALANCE, Problem("provider.balance", "no money"))


def config(*names: str, **members: object) -> Config:
    """Providers at addresses that are named after the last letters of their names."""
    tables = [
        {"name": name, "kind": "simulator", "base_url": f"http://{name[-1]}.example/v1", **members}
        for name in names
    ]
    return Config.model_validate({"provider": tables})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger.open(tmp_path / "ledger.db")
    yield opened
    opened.close()


def begun(ledger: SqliteLedger, present: Config) -> Standings:
    standings = Standings(ledger, SystemClock())
    standings.follow(present, standings.of(present))
    return standings


def halted(standings: Standings, present: Config) -> list[bool]:
    return [one.control.halt is not None for one in standings.of(present)]


def test_trouble_is_kept_under_plain_names_for_the_first_alone(ledger: SqliteLedger) -> None:
    standings = begun(ledger, config("a", "b"))
    first, second = standings.of(config("a", "b"))
    second.control.stop_buying(EMPTY)
    assert ledger.recall("halt") is None
    assert halted(standings, config("a", "b")) == [False, True]
    first.control.stop_buying(EMPTY)
    assert ledger.recall("halt")["code"] == "balance"


@pytest.mark.parametrize("restarted", [False, True])
def test_who_changes_places_or_names_keeps_its_trouble(ledger: SqliteLedger, restarted: bool) -> None:
    standings = begun(ledger, config("a", "b"))
    standings.of(config("a", "b"))[1].control.stop_buying(EMPTY)
    after = config("other b", "a")
    if restarted:
        standings = begun(ledger, after)
    else:
        fresh = standings.of(after)
        standings.follow(after, fresh, [False, False])
    assert halted(standings, after) == [True, False]
    assert ledger.recall("halt")["code"] == "balance"
    assert ledger.recall(f"halt:{identities_of(after)[1]}") is None
    assert halted(begun(ledger, config("a", "b")), config("a", "b")) == [False, True]


@pytest.mark.parametrize("last", range(1, 13))
@pytest.mark.parametrize("restarted", [False, True])
def test_who_changes_places_does_so_whole_or_not_at_all(
    ledger: SqliteLedger, restarted: bool, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = config("a", "b"), config("b", "a")
    standings = begun(ledger, before)
    standings.of(before)[0].control.stop_buying(EMPTY)
    run, writes = ledger._db.run, iter(range(last))

    def ends(sql: str, *given: Any) -> Any:
        if next(writes, None) is None:
            raise LedgerUnavailable("the disk is gone")
        return run(sql, *given)

    with monkeypatch.context() as patch, suppress(LedgerUnavailable):
        patch.setattr(ledger._db, "run", ends)
        if restarted:
            begun(ledger, after)
        else:
            standings.follow(after, standings.of(after), [False, False])
    assert halted(begun(ledger, after), after) == [False, True]


def test_a_ledger_of_one_provider_is_the_firsts(ledger: SqliteLedger) -> None:
    begun(ledger, config("a")).of(config("a"))[0].control.stop_buying(EMPTY)
    ledger.remember("first", None)  # as a sorad of one provider leaves it
    assert halted(begun(ledger, config("a", "b")), config("a", "b")) == [True, False]


def test_another_address_of_the_only_one_is_looked_at_anew(ledger: SqliteLedger) -> None:
    standings = begun(ledger, config("a"))
    (before,) = standings.of(config("a"))
    before.control.stop_buying(EMPTY)
    after = config("b")
    (fresh,) = standings.of(after)
    assert fresh is before, "steps that are under way report to the same"
    standings.follow(after, [fresh], [True])
    assert fresh.control.halt is not None
    assert fresh.control.halted is None, "it is probed at once"


def test_two_of_one_account_stand_as_one(ledger: SqliteLedger) -> None:
    present = config("x a", "y a")
    first, second = begun(ledger, present).of(present)
    assert first is second
