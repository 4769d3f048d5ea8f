"""What is remembered of a gateway that repeats by itself."""

from __future__ import annotations

from sorad.engine.gateways import GATEWAY, follow, notice, repeats_by_itself
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.ledger.interface import Ledger

HERE, THERE = "http://one.invalid/v1", "http://two.invalid/v1"


def warned(ledger: Ledger) -> list[str]:
    told = [
        one for one in complaints(from_ledger(ledger, None, 0.0)) if one.problem.code == "gateway.repeats"
    ]
    assert not any(one.heavy for one in told)
    return [one.problem.text() for one in told]


def test_ledger_remembers_a_gateway_until_the_config_names_another(ledger: Ledger) -> None:
    assert warned(ledger) == []
    notice(ledger, HERE, "")
    notice(ledger, HERE, "1.80.5")
    notice(ledger, HERE, "")  # an id tells no version
    assert warned(ledger) == [repeats_by_itself(HERE, "1.80.5").text()]
    follow(ledger, HERE)
    assert ledger.recall(GATEWAY) == {"base_url": HERE, "version": "1.80.5"}
    follow(ledger, THERE)
    assert warned(ledger) == []
