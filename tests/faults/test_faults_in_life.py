"""What the table scales down is within a minute in life, and what it found stays mended."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from fault_table import FAULTS, SICKNESSES

from sorad import condition
from sorad.clock import SystemClock
from sorad.condition import DEAD
from sorad.daemon import parts, threads, watchman
from sorad.daemon.threads import Supervised
from sorad.engine.run import loop
from sorad.engine.state import reachability
from sorad.health import pulse
from sorad.ledger import connection, write_errors
from sorad.vault import root, service, watch

MINUTE = 60.0
ROOT = Path(__file__).parents[2]
# Shown by the tests of a process; told in the chapter by a word of their own.
OF_A_PROCESS = {"daemon.not_running", "log.not_writable", "receipt.unwritten", "cut.not_made"}
BY_ANOTHER_WORD = {"storyboard.json", "provider.moderation", "ledger.missing"}


@pytest.mark.parametrize("folder", ["docs", "docs/zh"])
def test_the_chapter_on_trouble_has_the_codes_of_the_table_and_no_other(folder: str) -> None:
    text = (ROOT / folder / "troubleshooting.md").read_text("utf-8")
    section = text[text.index("`tests/faults`") :].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z]+\.[a-z_]+|paused)`", section))
    shown = {code for fault in FAULTS for code in f"{fault.problems} {fault.notes}".split()}
    shown |= {sickness.problem for sickness in SICKNESSES}
    assert told == (shown | OF_A_PROCESS) - BY_ANOTHER_WORD


def test_everything_is_seen_within_a_minute() -> None:
    told = pulse.OVERDUE / 15 + watchman.EVERY  # by the next pulse
    assert condition.LIMIT + told < MINUTE, "a part that hangs"
    assert pulse.EVERY_ON_DISK + pulse.OVERDUE < MINUTE, "a process that is frozen"
    assert parts.HOUSEKEEPING + connection.BUSY_SECONDS + told < MINUTE, "a ledger that is locked"
    assert write_errors.PROVE_EVERY + parts.HOUSEKEEPING + told < MINUTE, (
        "a disk that takes nothing, where nothing is written"
    )
    assert reachability.TOLD_AFTER + parts.HOUSEKEEPING + told < MINUTE, "a provider that is away"
    assert service.TURN + watch.STUCK_AFTER + service.TURN < MINUTE, "a watcher that hangs"
    assert service.TURN + root.OFFLINE_LOOK < MINUTE, "a folder that is away"
    assert loop.LOOK_EVERY + parts.HOUSEKEEPING < MINUTE, "a clock that was set"
    assert threads.SHOWN >= MINUTE, "a failure is not over before anybody looked"


def test_a_part_that_was_not_started_yet_is_not_dead() -> None:
    """At a reload the watchman sees the new parts before they begin; it must not begin them a second time."""
    one = Supervised("one", lambda stop, beat: None, SystemClock(), lambda: None)
    assert one.part().state != DEAD


def test_of_many_starts_at_once_one_counts() -> None:
    began: list[int] = []
    gate = threading.Barrier(8)

    def main(stop: threading.Event, beat: object) -> None:
        began.append(threading.get_ident())
        stop.wait(60)

    one = Supervised("one", main, SystemClock(), lambda: None)

    def start() -> None:
        gate.wait(60)
        one.start()

    starters = [threading.Thread(target=start) for _ in range(8)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    one.stop()
    assert one.join(60)
    assert len(began) == 1
    assert one.part().failures == 0
