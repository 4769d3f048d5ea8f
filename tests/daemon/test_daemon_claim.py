"""`sorad claim` as the user types it, with sorad running."""

from __future__ import annotations

from daemon_stage import Stage

from sorad.claim.note import NAME, read


def test_claim_and_release_reach_the_running_daemon(stage: Stage) -> None:
    stage.run()
    stage.cli("claim", str(stage.vault))
    (claim,) = read((stage.vault / NAME).read_text("utf-8")).claims
    assert not claim.released
    stage.cli("claim", str(stage.vault), "--release")
    (claim,) = read((stage.vault / NAME).read_text("utf-8")).claims
    assert claim.released
