"""Addresses of videos that lead nowhere good: told, and the video comes once there is a better one."""

from __future__ import annotations

from daemon_stage import Stage, wait_for


def test_an_address_of_this_machine_s_files_is_not_opened_and_told(stage: Stage) -> None:
    stage.simulator.faults.add("redirect,location=file:///etc/passwd")
    stage.run()
    stage.drop("storyboard_1.json", "a fox")
    told = wait_for(lambda: stage.problems().get("provider.address"), stage.told)
    assert "file" in told
    assert "/etc/passwd" not in told
    stage.simulator.faults.clear()
    stage.wait_states(done=1)
    stage.check_delivered(1)
