"""Real processes: killed in the middle of commits, and two at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ledger_samples import NOW, apply, want

from sorad.ledger.sqlite import SqliteLedger
from sorad.model import State

# Commits intents and acceptances as fast as it can, and says so after each.
WORKER = """
import sys
from pathlib import Path
from sorad.ledger.values import Change
from sorad.ledger.sqlite import SqliteLedger
from sorad.model import State
ledger = SqliteLedger.open(Path(sys.argv[1]))
ledger.recover("worker", 1.0)
while True:
    (take,) = ledger.claim(State.QUEUED, 9e9, 1)
    sent = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), 2.0)
    print("intent", take.id, flush=True)
    done = Change(State.GENERATING, "accepted", remote_id=f"r{take.id}", accepted_at=3.0, cost=1)
    ledger.record(sent, done, 3.0)
    print("accepted", take.id, flush=True)
"""

# Leaves commands from another process, and reads while the owner writes.
OTHER = """
import sys
from pathlib import Path
from sorad.ledger.sqlite import SqliteLedger
for n in range(int(sys.argv[2])):
    ledger = SqliteLedger.attach(Path(sys.argv[1]))
    assert sum(ledger.counts().values()) <= len(list(ledger.takes()))  # counted first, listed later
    print(ledger.post("scan", {"n": n}, 1.0), flush=True)
    ledger.close()
"""


@pytest.mark.parametrize("commits", [1, 40, 97, 150])
def test_ledger_keeps_what_it_acknowledged_before_a_kill(tmp_path: Path, commits: int) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger.open(path)
    apply(ledger, *(want(n) for n in range(1_000)))
    ledger.close()
    acknowledged: dict[int, str] = {}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path)], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        for _ in range(commits):
            what, number = worker.stdout.readline().split()
            acknowledged[int(number)] = what
        worker.kill()
        for line in worker.stdout:  # what it still said; the kill may have cut the last line
            if line.endswith("\n"):
                what, number = line.split()
                acknowledged[int(number)] = what
    ledger = SqliteLedger.open(path)
    recovered = {take.id for take in ledger.recover("next", NOW)}
    for number, what in acknowledged.items():
        take = ledger.take(number)
        assert take is not None
        assert take.creates == 1
        if what == "accepted":
            assert (take.state, take.remote_id) == (State.GENERATING, f"r{number}")
        else:  # the outcome may have been committed and not yet said
            assert take.state is State.GENERATING or number in recovered
    touched = [take.id for take in ledger.takes() if take.creates]
    assert len(set(touched) - set(acknowledged)) <= 1
    assert len(recovered) <= 1
    assert ledger._db.rows("PRAGMA integrity_check") == [("ok",)]
    assert ledger.spend() == ledger.counts()[State.GENERATING]
    ledger.close()


def test_ledger_is_written_by_the_daemon_while_others_leave_commands(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger.open(path)
    ledger.recover("daemon", NOW)
    others = [
        subprocess.Popen([sys.executable, "-c", OTHER, str(path), "8"], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    written = 0
    while any(other.poll() is None for other in others):
        written += 1
        apply(ledger, want(written), path=f"/vault/{written}.json", content=str(written))
        for command in ledger.commands():
            ledger.answer(command.id, {"n": command.args["n"]}, NOW)
    posted = [int(line) for other in others for line in other.communicate()[0].splitlines()]
    assert [other.returncode for other in others] == [0, 0]
    for command in ledger.commands():
        ledger.answer(command.id, {"n": command.args["n"]}, NOW)
    assert len(set(posted)) == 16
    assert sorted((ledger.result(number) or {})["n"] for number in posted) == sorted([*range(8), *range(8)])
    assert ledger.counts()[State.QUEUED] == written
    assert ledger._db.rows("PRAGMA integrity_check") == [("ok",)]
    ledger.close()
