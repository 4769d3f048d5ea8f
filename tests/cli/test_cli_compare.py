"""`sorad spend --compare`: what was estimated beside what was charged, and what is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sorad.cli.look.compare import DOUBTFUL, ESTIMATED, FREE, TOLD, UNKNOWN, Line, _totals, known
from sorad.ledger.values import Purchase
from sorad.model import State

ONE = Purchase(1, "/v", "/v/s.json", 1, 1, State.DONE, "/v/x.mp4", "t", 500_000, 500_000, 1.8e9)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, ESTIMATED),
        ({"told": True}, TOLD),
        ({"remote_id": ""}, DOUBTFUL),
        ({"state": State.FAILED}, UNKNOWN),
        ({"past": True}, UNKNOWN),  # its take went on elsewhere, or was bought anew
        ({"state": State.FAILED, "told": True, "cost": 0}, FREE),
        ({"state": State.FAILED, "told": True, "cost": 7}, TOLD),
        ({"told": True, "cost": 0}, TOLD),
    ],
)
def test_what_is_known_of_a_charge(members: dict[str, Any], told: str) -> None:
    assert known(replace(ONE, **members)) == told


def test_each_purchase_is_listed_and_currencies_are_not_added_up(house) -> None:
    house.takes(1, State.GENERATING, cost=250_000)
    shown = house.sorad("spend", "--compare", "--json").json
    (one,) = shown["purchases"]
    assert (one["take"], one["estimated"], one["charged"], one["known"]) == (1, 0.25, None, "estimated")
    assert [(row["currency"], row["purchases"], row["told"]) for row in shown["totals"]] == [("USD", 1, 0)]
    assert "0.25" in house.sorad("spend", "--compare").out
    assert house.sorad("spend", "--compare", "--by", "state").code == 2


def test_a_charge_without_an_estimate_is_compared_with_nothing() -> None:
    charges = [(400_000, 300_000), (None, 700_000), (500_000, None)]
    found = [Line(1.8e9, 1, "a", "CNY", estimated, charged, TOLD) for estimated, charged in charges]
    (total,) = _totals(found)
    assert (total["purchases"], total["priced"], total["estimated"]) == (3, 2, 0.9)
    assert (total["told"], total["charged"], total["estimated_of_told"]) == (1, 0.3, 0.4)
    assert (total["told_alone"], total["charged_alone"]) == (1, 0.7)
