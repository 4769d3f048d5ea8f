"""The ledger deleted, damaged or an old copy: the folders tell what was bought, and nothing is bought again."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from intake_stage import Stage
from world import MISSED, SAID, mp4

from sorad.engine.state.absent import AT_ONCE
from sorad.layout import receipt_path
from sorad.ledger.quarantine import REBUILT, open_or_rebuild
from sorad.model import State
from sorad.providers.base import Fault, Missing, TaskFailed, Trouble

A = "ep1/storyboard_a.json"
B = "ep2/storyboard_b.json"
THREE = ["one", "two", "three"]


def ledger_file(stage: Stage) -> Path:
    return stage.state / "ledger.sqlite3"


def without_ledger(stage: Stage) -> None:
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()


def redo(stage: Stage, prompt: str) -> None:
    stage.order("redo", ids=[stage.take(prompt).id])


def test_money_and_times_are_rebuilt_with_the_takes(stage: Stage) -> None:
    stage.board(A, THREE)
    stage.go()
    spent = stage.raw.spend()
    before = {take.remote_id: take for take in stage.takes()}
    without_ledger(stage)
    assert stage.raw.spend() == spent > 0
    for take in stage.takes():
        old = before[take.remote_id]
        assert (take.provider, take.base_url, take.account) == (old.provider, old.base_url, old.account)
        assert (take.cost, take.fingerprint, take.output) == (old.cost, old.fingerprint, old.output)
        assert take.accepted_at == pytest.approx(old.accepted_at, abs=1)
    told = stage.raw.recall(REBUILT)
    assert (told["takes"], told["in_flight"]) == (3, 0)


def test_what_is_in_flight_is_asked_after_where_it_was_bought(stage: Stage) -> None:
    stage.board(A, THREE)
    stage.until("generating")
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go(10)
    assert [take.state for take in stage.takes()] == [State.GENERATING] * 3
    assert {take.account for take in stage.takes()} == {"acc0"}
    assert stage.raw.recall(REBUILT)["in_flight"] == 3
    stage.go()
    assert [stage.delivered(prompt) for prompt in THREE]
    assert stage.bought() == Counter(THREE)


def test_further_takes_and_earlier_texts_are_known_again(stage: Stage) -> None:
    stage.board(A, ["one", "two"])
    stage.go()
    redo(stage, "one")
    stage.go(30)
    stage.board(A, ["new", "two"])
    stage.go(30)
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go(10)
    told = sorted((t.request.prompt, t.take, t.state.value, t.extra) for t in stage.takes())
    assert told == [
        ("new", 1, "generating", False),
        ("one", 1, "done", False),
        ("one", 2, "generating", False),
        ("two", 1, "done", False),
    ]
    stage.go()
    assert [take.state for take in stage.takes()] == [State.DONE] * 4
    assert stage.bought() == Counter(one=2, two=1, new=1)
    stage.check(Counter(one=2, two=1, new=1))


def test_a_further_take_of_a_wanted_text_is_an_extra_one(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    redo(stage, "one")
    stage.go()
    without_ledger(stage)
    assert [(take.take, take.extra) for take in stage.takes()] == [(1, False), (2, True)]
    assert stage.bought() == Counter(one=2)


def test_a_copied_receipt_is_not_a_second_purchase(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    video = stage.delivered("one")
    shutil.copy(receipt_path(video), receipt_path(video.with_name(video.name.replace("_T1_", "_T2_"))))
    without_ledger(stage)
    assert len(stage.takes()) == 1


@pytest.mark.parametrize("phase", ["generating", "done"])
def test_copies_do_not_pass_for_the_original(stage: Stage, phase: str) -> None:
    board = stage.board(A, THREE)
    stage.until(phase)
    copies = [board.with_name(name) for name in ("storyboard_0.json", "storyboard_z.json")]
    for copy in copies:
        shutil.copy(board, copy)
    stage.go(10)
    without_ledger(stage)
    stage.all_delivered(board, *THREE)
    assert stage.bought() == Counter(THREE)
    states = {row.path: row.state for row in stage.raw.storyboards()}
    assert states == {str(board): "ok", **{str(copy): "copy" for copy in copies}}


@pytest.mark.parametrize("old_copy", [False, True])
@pytest.mark.parametrize("edited", [A, B])
def test_that_it_was_copied_is_not_forgotten_when_one_of_the_two_was_edited(
    stage: Stage, edited: str, old_copy: bool
) -> None:
    board = stage.board(A, ["one", "two"])
    stage.go()
    stage.stop()
    shutil.copy(ledger_file(stage), stage.folder / "old")
    stage.restart()
    copy = stage.vault_dir / B
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(board, copy)
    stage.go(30)
    stage.board(edited, ["one", "new"])
    stage.go()
    once = Counter(one=1, two=1, new=1)
    assert stage.bought() == once
    stage.stop()
    stage.lose_ledger()
    if old_copy:
        shutil.copy(stage.folder / "old", ledger_file(stage))
    stage.restart()
    stage.go()
    assert stage.bought() == once
    held = [take for take in stage.takes() if take.state is State.HELD]
    assert {take.storyboard for take in held} == {str(copy)}
    assert {take.error.code for take in held if take.error is not None} == {"take.copied"}
    stage.board(B, ["one", "newer"])  # it stays a copy
    stage.go()
    assert stage.bought() == once + Counter(newer=1)
    stage.order("approve", storyboard=str(copy))
    stage.go()
    assert stage.bought() == once + Counter(newer=1, one=1)


def test_a_text_that_two_have_bought_and_one_that_none_has_are_no_copies_after_a_loss(stage: Stage) -> None:
    stage.board(A, ["one", "two"])
    stage.board(B, ["one", "three"])
    stage.go()
    stage.stop()
    stage.lose_ledger()
    for name in ("ep3/storyboard_c.json", "ep4/storyboard_d.json"):
        stage.board(name, ["four", name])
    stage.restart()
    stage.go()
    assert stage.bought() == Counter(
        {"one": 2, "two": 1, "three": 1, "four": 2, "ep3/storyboard_c.json": 1, "ep4/storyboard_d.json": 1}
    )
    assert {take.state for take in stage.takes()} == {State.DONE}


def test_an_old_copy_of_the_ledger_buys_nothing_before_the_folders_were_read(stage: Stage) -> None:
    """Everything was renamed since: where the old rows look, there is nothing."""
    board = stage.board(A, THREE)
    stage.control.pause(paused=True)
    stage.go(10)
    stage.control.pause(paused=False)
    stage.stop()
    shutil.copy(ledger_file(stage), stage.folder / "old")
    stage.restart()
    stage.go()
    board = board.rename(board.with_name("storyboard_b.json"))
    stage.board("ep1/storyboard_b.json", ["new", *THREE])
    stage.go()
    stage.stop()
    stage.lose_ledger()
    shutil.copy(stage.folder / "old", ledger_file(stage))
    stage.restart()
    stage.go()
    assert stage.bought() == Counter([*THREE, "new"])
    stage.all_delivered(board, "new", *THREE)


def test_a_task_that_failed_is_asked_after_a_few_times_and_not_bought_again(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.until("generating")
    for task in stage.provider.tasks.values():
        task.fails = True
    stage.go()
    assert stage.take("one").state is State.FAILED
    polls: list[str] = []
    poll = stage.provider.poll
    stage.provider.poll = lambda remote_id: polls.append(remote_id) or poll(remote_id)  # type: ignore
    without_ledger(stage)
    assert (stage.take("one").state, stage.take("one").error.code) == (State.FAILED, "take.failed_before")  # type: ignore
    assert set(polls) == {"t0"}
    assert len(polls) <= 5
    assert stage.bought() == Counter(one=1)
    stage.order("retry", ids=[stage.take("one").id])
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=2)


def test_a_video_without_a_receipt_is_not_called_done_and_holds_the_take(stage: Stage) -> None:
    board = stage.board(A, ["one", "two"])
    stage.go()
    video = stage.delivered("one")
    receipt_path(video).unlink()
    theirs = mp4("somebody else's")
    video.write_bytes(theirs)
    without_ledger(stage)
    take = stage.take("one")
    assert (take.state, take.error.code if take.error else "") == (State.HELD, "take.unvouched")
    assert stage.bought() == Counter(one=1, two=1)
    video.rename(board.with_name("kept.mp4"))
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=2, two=1)


def test_receipts_without_their_videos_are_told_as_soon_as_they_are_read(stage: Stage) -> None:
    stage.board(A, ["one", "two"])
    stage.go()
    for prompt in ("one", "two"):
        stage.delivered(prompt).unlink()
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.absent.seek = lambda missing, now: False  # type: ignore[method-assign]
    stage.go(8.0)
    assert {take.state for take in stage.takes()} == {State.DONE}
    said = {one.code: one for one in stage.vault._intake.problems()}  # type: ignore[attr-defined]
    assert said["take.missing"].params["count"] == 2
    assert stage.bought() == Counter(one=1, two=1)


def without_videos(stage: Stage, *prompts: str) -> None:
    """A new machine, or one after a mishap: a backup or a sync brought the receipts alone."""
    for prompt in prompts:
        stage.delivered(prompt).unlink()
    stage.stop()
    stage.lose_ledger()
    stage.restart()


def test_what_only_receipts_came_of_is_fetched_by_itself_and_nothing_is_bought(stage: Stage) -> None:
    prompts = [f"scene {number}" for number in range(25)]
    stage.board(A, prompts)
    stage.go(8_000.0)
    without_videos(stage, *prompts)
    asked = 0
    for _minute in range(8):
        stage.go(60.0)
        under_way = [take for take in stage.takes() if take.state is not State.DONE or take.error is not None]
        looks = [take for take in under_way if stage.raw.rechecks(take.id)]
        assert len(looks) <= AT_ONCE
        asked = max(asked, len(looks))
        stage.stop()  # and each restart goes on where it was
        stage.restart()
    stage.go(400.0)
    for prompt in prompts:
        stage.delivered(prompt)
    assert stage.bought() == Counter(prompts)
    assert [one for one in stage.vault._intake.problems() if one.code == "take.missing"] == []  # type: ignore


@pytest.mark.parametrize("how", ["forgotten", "failed", "file gone"])
def test_what_the_provider_lacks_is_told_as_missing_and_not_asked_for_any_more(
    stage: Stage, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.board(A, ["one", "two"])
    stage.go()
    lost = stage.take("one").remote_id
    without_videos(stage, "one", "two")
    provider = stage.provider
    asked = []
    real, real_open = provider.poll, provider.open_video

    def poll(remote_id: str) -> Any:
        asked.append(remote_id)
        if remote_id != lost or how == "file gone":
            return real(remote_id)
        return Missing(MISSED) if how == "forgotten" else TaskFailed(SAID)

    def open_video(remote_id: str, *args: Any) -> Any:
        if remote_id == lost and how == "file gone":
            return Fault(Trouble.EXPIRED, SAID)
        return real_open(remote_id, *args)

    monkeypatch.setattr(provider, "poll", poll)
    monkeypatch.setattr(provider, "open_video", open_video)
    stage.go(20_000.0)
    stage.delivered("two")
    take = stage.take("one")
    assert take.state is State.DONE
    assert take.error is not None
    assert take.error.code == "take.missing"
    assert "redo" in take.error.fix
    assert "no longer has it" in take.error.message
    before = len(asked)
    stage.stop()
    stage.restart()
    stage.go(100_000.0)
    assert len(asked) == before
    assert stage.bought() == Counter(one=1, two=1)


def test_a_receipt_that_names_another_address_has_nothing_fetched(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    receipt = receipt_path(stage.delivered("one"))
    told = json.loads(receipt.read_text("utf-8"))
    receipt.write_text(json.dumps({**told, "base_url": "https://other.invalid", "account": "x"}), "utf-8")
    without_videos(stage, "one")
    polls: list[str] = []
    stage.provider.poll = polls.append  # type: ignore[method-assign,assignment]
    stage.go(4_000.0)
    assert polls == []
    assert stage.take("one").state is State.DONE


def test_a_video_that_was_deleted_by_hand_is_not_fetched_by_itself(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    stage.delivered("one").unlink()
    stage.go(10_000.0)
    take = stage.take("one")
    assert (take.state, take.error and take.error.code) == (State.DONE, "take.missing")


def test_a_video_whose_receipt_comes_later_is_done_then(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    video = stage.delivered("one")
    away = receipt_path(video).rename(stage.folder / "on its way")
    without_ledger(stage)
    assert stage.take("one").state is State.HELD
    away.rename(receipt_path(video))
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=1)


@pytest.mark.parametrize("lost", [False, True])
def test_a_strangers_video_under_the_name_is_not_taken_for_ours(stage: Stage, lost: bool) -> None:
    stage.board(A, ["one"])
    stage.until("generating")
    video, theirs = Path(stage.take("one").output), mp4("somebody else's")
    video.parent.mkdir(parents=True, exist_ok=True)
    video.write_bytes(theirs)
    if lost:
        without_ledger(stage)
    stage.go()
    take = stage.take("one")
    assert (take.state, take.error.code if take.error else "") == (State.DOWNLOADING, "delivery.in_the_way")
    assert video.read_bytes() == theirs
    video.unlink()
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=1)


@pytest.mark.parametrize(
    "text", ["", '{"sorad": "1.0", "fingerpri', '{"sorad": "1.0", "remote_id": 7}', "[1"]
)
def test_a_damaged_receipt_holds_the_take_until_the_user_decides(stage: Stage, text: str) -> None:
    stage.board(A, ["one", "two"])
    stage.go()
    video = stage.delivered("one")
    video.unlink()
    receipt_path(video).write_text(text)
    without_ledger(stage)
    take = stage.take("one")
    assert (take.state, take.error.code if take.error else "") == (State.HELD, "receipt.damaged")
    assert receipt_path(video).read_text() == text
    assert stage.bought() == Counter(one=1, two=1)
    receipt_path(video).unlink()
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=2, two=1)


def test_a_damaged_receipt_gives_way_to_the_users_approval(stage: Stage) -> None:
    board = stage.board(A, ["one"])
    stage.until("generating")
    place = Path(stage.take("one").output)
    stage.stop()
    receipt_path(place).write_text("{")
    stage.lose_ledger()
    stage.restart()
    stage.go()
    stage.order("approve", ids=[stage.take("one").id])
    stage.go()
    stage.all_delivered(board, "one")
    assert stage.bought() == Counter(one=2)


def test_another_programs_file_under_a_receipts_name_is_none(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.control.pause(paused=True)
    stage.go(10)
    place = receipt_path(Path(stage.take("one").output))
    place.parent.mkdir(parents=True)
    place.write_text('{"title": "notes"}')
    without_ledger(stage)
    stage.delivered("one")
    assert json.loads(place.read_text())["title"] == "notes"


# --- old copies -------------------------------------------------------------------------------------------


def test_an_old_copy_of_the_ledger_buys_nothing_again(stage: Stage) -> None:
    stage.board(A, THREE)
    stage.control.pause(paused=True)
    stage.go(10)
    stage.control.pause(paused=False)
    stage.stop()
    shutil.copy(ledger_file(stage), stage.folder / "old")
    stage.restart()
    stage.go()
    redo(stage, "one")
    stage.board(A, ["one", "two", "new"])
    stage.go(30)
    stage.stop()
    stage.lose_ledger()
    shutil.copy(stage.folder / "old", ledger_file(stage))
    stage.restart()
    stage.go()
    assert stage.bought() == Counter(one=2, two=1, three=1, new=1)
    states = Counter((take.request.prompt, take.state.value) for take in stage.takes())
    assert states == Counter(
        {("one", "done"): 2, ("two", "done"): 1, ("three", "done"): 1, ("new", "done"): 1}
    )
    stage.check(stage.bought())


@pytest.mark.parametrize("phase", ["generating", "done"])
def test_the_last_look_before_a_create_sees_what_the_ledger_forgot(stage: Stage, phase: str) -> None:
    """The storyboard is not even read again: the queued rows of the old copy are due at once."""
    stage.board(A, THREE)
    stage.control.pause(paused=True)
    stage.go(10)
    stage.control.pause(paused=False)
    stage.stop()
    shutil.copy(ledger_file(stage), stage.folder / "old")
    stage.restart()
    stage.until(phase)
    stage.stop()
    stage.lose_ledger()
    shutil.copy(stage.folder / "old", ledger_file(stage))
    stage.restart()
    stage.vault._intake.audit = lambda *args: set()  # type: ignore[method-assign,union-attr]
    stage.go()
    assert stage.bought() == Counter(THREE)
    assert [stage.delivered(prompt) for prompt in THREE]


# --- damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["garbage", "page", "half"])
def test_a_damaged_ledger_is_kept_aside_and_built_anew(stage: Stage, damage: str) -> None:
    stage.board(A, THREE)
    stage.go()
    stage.stop()
    file = ledger_file(stage)
    content = file.read_bytes()
    broken = {
        "garbage": b"not a database" * 1000,
        "page": content[:8192] + b"\xff" * 4096 + content[12288:],
        "half": content[: len(content) // 2],
    }[damage]
    file.write_bytes(broken)
    ledger = open_or_rebuild(file, stage.clock.now)
    told = ledger.recall(REBUILT)
    ledger.close()
    assert Path(told["kept"]).read_bytes() == broken
    assert Path(told["kept"]).name.startswith("ledger.sqlite3.damaged-2027")
    stage.restart()
    stage.go()
    assert stage.bought() == Counter(THREE)
    assert [stage.delivered(prompt) for prompt in THREE]
    (problem,) = stage.vault._intake.problems()  # type: ignore[attr-defined]
    assert problem.code == "ledger.rebuilt"
    assert (problem.params["takes"], problem.params["kept"]) == (3, told["kept"])
    Path(told["kept"]).unlink()
    stage.clock.now += 90_000
    assert stage.vault._intake.problems() == []  # type: ignore[attr-defined]


def test_a_wal_without_its_ledger_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3-wal").write_bytes(b"left over")
    ledger = open_or_rebuild(tmp_path / "ledger.sqlite3", 0.0)
    assert ledger.takes() is not None
    ledger.close()
    assert (tmp_path / "ledger.sqlite3.damaged-19700101T000000-wal").read_bytes() == b"left over"


def test_two_damaged_ledgers_within_a_second_are_both_kept(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite3"
    for text in (b"first " * 999, b"second " * 999):
        file.write_bytes(text)
        open_or_rebuild(file, 0.0).close()
    kept = {path.read_bytes()[:6] for path in tmp_path.glob("*.damaged-*")}
    assert kept == {b"first ", b"second"}


def test_an_old_copy_of_the_ledger_and_a_storyboard_that_was_moved_and_renamed_meanwhile(
    stage: Stage,
) -> None:
    stage.board("ep1/storyboard_old.json", ["earlier"])
    stage.go()
    stage.stop()
    kept = stage.folder / "kept"
    shutil.copytree(stage.state, kept)
    stage.restart()
    board = stage.board("ep2/storyboard_a.json", ["one", "two"])
    stage.go()
    stage.stop()
    shutil.rmtree(stage.state)
    kept.rename(stage.state)
    board.parent.rename(stage.vault_dir / "ep3")
    board = (stage.vault_dir / "ep3/storyboard_a.json").rename(stage.vault_dir / "ep3/storyboard_b.json")
    stage.restart()
    stage.go()
    stage.all_delivered(board, "one", "two")
    assert stage.bought() == {"earlier": 1, "one": 1, "two": 1}
