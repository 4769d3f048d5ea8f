"""Downloads that crawl: others do not wait for them, and nothing that came is lost."""

from __future__ import annotations

from typing import Callable

from daemon_stage import Stage, wait_for

from sorad.model import State

Set = Callable[..., Stage]

# What takes half a minute in life takes a fraction of a second here.
IN_A_HURRY = """
from sorad.engine.decide import crawling
from sorad.engine.state import downloads
from sorad.engine.run import loop
from sorad.engine.steps import fetch
crawling.WATCHED = crawling.PATIENCE = 1.5
downloads.WINDOW = 0.3
loop.LOOK_EVERY = 0.1
fetch.PUT_OFF = 0.5
"""


def test_eight_that_crawl_do_not_keep_the_ninth(set_stage: Set) -> None:
    stage = set_stage()
    stage.simulator.faults.add("crawl,seconds=0.3,match=slow")
    stage.run(IN_A_HURRY)
    stage.drop("storyboard_slow.json", *(f"slow {number}" for number in range(8)))
    wait_for(lambda: stage.simulator.stats()["requests"].get("download", 0) >= 8, stage.told)
    stage.drop("storyboard_quick.json", "quick")
    stage.wait_states(done=1, downloading=8)
    assert [take.request.prompt for take in stage.takes(State.DONE)] == ["quick"]
    assert stage.processes[-1].err().count("others go first") == 1, "one makes room for one"
    stage.drop("storyboard_more.json", *(f"quick {number}" for number in range(3)))
    stage.wait_states(done=4, downloading=8)


def test_one_that_is_put_off_goes_on_where_it_was(set_stage: Set) -> None:
    stage = set_stage()
    stage.simulator.faults.add("crawl,seconds=0.1,match=slow")
    stage.run(IN_A_HURRY)
    stage.drop("storyboard_slow.json", *(f"slow {number}" for number in range(10)))
    wait_for(lambda: stage.simulator.stats()["requests"].get("download", 0) >= 10, stage.told)
    wait_for(
        lambda: [part.stat().st_size > 1 for part in stage.folder.rglob("*.mp4.tmp")] == [True] * 10,
        stage.told,
    )
    # What is quick gets its try beside those that crawl, and shows by its speed that they do.
    stage.drop("storyboard_quick.json", *(f"quick {number}" for number in range(4)))
    stage.wait_states(done=4, downloading=10)
    stage.drop("storyboard_slower.json", *(f"slow too {number}" for number in range(3)))
    wait_for(lambda: "is put off" in stage.processes[-1].err(), stage.told)
    wait_for(lambda: stage.simulator.stats()["answers"].get("206", 0) >= 1, stage.told)
    stage.simulator.faults.clear()
    # The first answers still crawl; those that were put off ask again, and get the rest at once.
    wait_for(lambda: stage.states()[State.DONE] > 4, stage.told)
    assert stage.simulator.stats()["accepted"] == 17
