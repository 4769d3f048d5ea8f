"""Which tasks are asked after whose videos are missing."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from ledger_samples import NOW, apply, want

from sorad.engine.state.absent import AT_ONCE, Absent
from sorad.ledger.sqlite import SqliteLedger
from sorad.model import State
from sorad.receipts.folder import not_come


def test_a_provider_that_is_away_keeps_its_share_and_not_the_others(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "ledger.db")
    many = AT_ONCE + 3
    video = not_come(Path("/vault/a.mp4"))
    apply(
        ledger,
        *(
            want(
                n, state=State.DONE, remote_id=f"t{n}", provider=kind, base_url=f"http://{kind}", error=video
            )
            for n in range(1, 2 * many + 1)
            for kind in ["away" if n <= many else "there"]
        ),
    )
    takes = {take.id: take.provider for take in ledger.takes()}
    absent = Absent(ledger, lambda root: True, lambda take: True)
    for _look in range(2):  # those of the first look hold their places: nobody answered
        absent.seek(list(takes), NOW)
        asked = [takes[number] for number in takes if ledger.rechecks(number)]
        assert sorted(asked) == ["away"] * AT_ONCE + ["there"] * AT_ONCE
    ledger.close()
