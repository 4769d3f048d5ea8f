"""One payer in a vault, with sorad running: `sorad claim` as the user types it, and two of them in one folder."""

from __future__ import annotations

from collections import Counter
from typing import Callable

from daemon_stage import Stage, wait_for

from sorad.claim.note import NAME, read

# What takes a minute in life takes a tenth of a second here.
HASTE = """
from sorad.claim.claims import Claims
from sorad.daemon import parts
Claims.__init__.__kwdefaults__["settle"] = 0.1
parts.HOUSEKEEPING = parts.SWEEP = 0.1
"""


def test_claim_and_release_reach_the_running_daemon(stage: Stage) -> None:
    stage.run()
    stage.cli("claim", str(stage.vault))
    (claim,) = read((stage.vault / NAME).read_text("utf-8")).claims
    assert not claim.released
    stage.cli("claim", str(stage.vault), "--release")
    (claim,) = read((stage.vault / NAME).read_text("utf-8")).claims
    assert claim.released


def test_of_two_in_one_folder_exactly_one_buys(set_stage: Callable[..., Stage]) -> None:
    one, two = set_stage(task_seconds=(1.0, 1.0)), set_stage()
    for each in (one, two):
        vault = {"path": str(one.vault), "claim": "always"}
        each.configure([vault], provider={"base_url": one.simulator.base_url})
        each.run(HASTE)
    one.drop("storyboard_a.json", "cat", "dog")
    wait_for(lambda: len(two.takes()) == 2, two.told)
    one.drop("storyboard_b.json", "bird")
    for each in (one, two):
        each.wait_states(done=3)
    bought = Counter(task.order.prompt for task in one.simulator.accepted)
    assert bought == Counter(["bird", "cat", "dog"])
    assert {take.remote_id for take in two.takes()} == {task.id for task in one.simulator.accepted}
    notes = {note for take in two.takes() for note in two.notes(take)}
    assert notes.isdisjoint({"intent", "accepted", "finished", "delivered"}), notes
