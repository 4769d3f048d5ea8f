"""What is remembered of a gateway that repeats by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sorad.engine.state.gateways import GATEWAY, follow, notice, repeats_by_itself, version_of
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.ledger.interface import Ledger
from sorad.providers.wire.answer import Heard

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


@pytest.mark.parametrize(
    ("kind", "first", "second", "expected", "asked"),
    [
        ("openai_videos", "", "1.80.5", "1.80.5", 1),
        ("openai_videos", "", "", "", 1),
        ("openai_videos", "1.80.5", "", "1.80.5", 0),
        ("openai_videos", None, "1.80.5", "", 0),  # nobody answered: it is not asked twice
        ("sora_hk", "", "1.80.5", "", 0),
    ],
)
def test_a_gateway_that_told_no_name_is_asked_after_a_task_that_nobody_has(
    kind: str, first: Any, second: str, expected: str, asked: int
) -> None:
    heard = [] if first is None else [Heard(200, None, 0.0, 0.0, first)]
    asks: list[str] = []

    def poll(remote_id: str) -> None:
        asks.append(remote_id)
        heard.append(Heard(500, None, 0.0, 0.0, second))

    assert version_of(SimpleNamespace(kind=kind, poll=poll), heard) == expected  # type: ignore[arg-type]
    assert len(asks) == asked
