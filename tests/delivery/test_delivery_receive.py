"""From an open download to a file, and what may come instead of a whole video."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest
from delivery_stage import Desk, Server, opener, video_of

from sorad.delivery.outcome import Blocked, Obstacle, Received, Stopped
from sorad.delivery.partial import WORTH_KEEPING
from sorad.delivery.receive import Outcome
from sorad.layout import receipt_path
from sorad.model import Request
from sorad.providers.base import Fault, Trouble
from sorad.receipts.receipt import DONE, GENERATING, Receipt, write_receipt


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def fault(outcome: Outcome, trouble: Trouble, code: str) -> None:
    assert isinstance(outcome, Fault), outcome
    assert (outcome.trouble, outcome.problem.code) == (trouble, code)
    assert "{" not in str(outcome.problem), "a field of the sentence is not filled in"


@pytest.mark.parametrize("size", [200, 65_536, 300_000, 20_000_000])
def test_a_video_arrives_whole_and_alone(server: Server, desk: Desk, size: int) -> None:
    body = server.manners.body = video_of(size)
    assert desk.receive(opener(server)) == Received(size, sha(body), "req-1")
    assert desk.target.read_bytes() == body
    assert desk.names == [desk.target.name]
    assert desk.heard[0] == (0, size)
    assert desk.heard[-1] == (size, size)


def test_a_video_of_unannounced_length_arrives(server: Server, desk: Desk) -> None:
    server.manners.length = None
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.heard[-1] == (300_000, None)


@pytest.mark.parametrize(
    ("size", "before", "least"),
    [
        pytest.param(
            300_000, '"other"', 0, id="bytes of another version are never taken for those of the one before"
        ),
        pytest.param(300_000, "", None, id="a small one is there before it would be worth going on with"),
        pytest.param(2_500_000, "", WORTH_KEEPING, id="a large one can be gone on with"),
    ],
)
def test_the_validator_is_kept_once_it_is_needed(
    server: Server, desk: Desk, size: int, before: str, least: int | None
) -> None:
    sizes: list[tuple[str, int]] = []

    def keep(validator: str) -> None:
        sizes.append((validator, desk.partial.stat().st_size))

    server.manners.body = video_of(size)
    desk.validator = before
    desk.keep = keep  # type: ignore[method-assign]
    assert isinstance(desk.receive(opener(server)), Received)
    if least is None:
        assert sizes == []
    else:
        ((told, got),) = sizes
        assert told == '"one"'
        assert least <= got <= size


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "delivery.empty"),
        (b"<html>expired</html>", "delivery.html"),
        (b'{"code": 500}', "delivery.json"),
        (video_of(5000)[:-500], "delivery.cut"),
        (video_of(5000)[:24] + video_of(5000)[140:], "delivery.no_moov"),
    ],
)
def test_what_is_no_video_is_thrown_away(server: Server, desk: Desk, body: bytes, code: str) -> None:
    server.manners.body = body
    outcome = desk.receive(opener(server))
    fault(outcome, Trouble.BAD_FILE, code)
    assert isinstance(outcome, Fault)
    assert outcome.request_id == "req-1"
    assert desk.names == []
    assert desk.validator == "", "the next call must begin anew"


def test_a_cut_without_announced_length_is_seen(server: Server, desk: Desk) -> None:
    server.manners.length, server.manners.cut_after = None, 200_000
    fault(desk.receive(opener(server)), Trouble.BAD_FILE, "delivery.cut")
    assert desk.names == []


def test_more_than_was_announced_is_no_video(desk: Desk, server: Server) -> None:
    real = opener(server)

    def open_at(offset: int, validator: str) -> object:
        opened = real(offset, validator)
        assert not isinstance(opened, Fault)
        opened.total = 299_999
        return opened

    fault(desk.receive(open_at), Trouble.BAD_FILE, "delivery.longer")  # type: ignore[arg-type]
    assert desk.names == []


def test_a_fault_at_opening_is_passed_on(server: Server, desk: Desk) -> None:
    server.manners.status = 410
    outcome = desk.receive(opener(server))
    assert isinstance(outcome, Fault)
    assert outcome.trouble is Trouble.EXPIRED
    assert desk.names == []


def test_an_error_of_the_socket_is_not_taken_for_the_disk(server: Server, desk: Desk) -> None:
    real = opener(server)

    def open_at(offset: int, validator: str) -> object:
        opened = real(offset, validator)
        assert not isinstance(opened, Fault)

        def broken() -> object:
            yield b"x" * 100
            raise ConnectionResetError("reset by peer")

        opened.pieces = broken()  # type: ignore[assignment]
        return opened

    fault(desk.receive(open_at), Trouble.TRANSPORT, "delivery.broken_off")  # type: ignore[arg-type]


# --- a name that is taken --------------------------------------------------------------------------


def taken_by(desk: Desk, content: bytes | None, receipt_size: int | None = None) -> None:
    """Something has the name by the time the download ends."""
    desk.target.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        desk.target.mkdir()
    else:
        desk.target.write_bytes(content)


def late(desk: Desk, content: bytes | None) -> None:
    desk.stop = lambda: not desk.target.exists() and bool(taken_by(desk, content))


def test_a_verified_video_that_is_there_is_not_fetched_again(server: Server, desk: Desk) -> None:
    body = server.manners.body
    taken_by(desk, body)
    vouch(desk, DONE, sha(body))
    desk.partial.write_bytes(b"left over")
    assert desk.receive(opener(server)) == Received(len(body), sha(body))
    assert server.manners.seen == []
    assert desk.names == [receipt_path(desk.target).name, desk.target.name]


def vouch(desk: Desk, state: str, sha256: str, task: str = "task-1") -> None:
    """The receipt at the video's place."""
    write_receipt(desk.target, Receipt(Request("a fox"), "0a1b2c3d", 1, 1, state, task, sha256=sha256))


def test_what_was_fetched_is_told_before_it_has_its_name(server: Server, desk: Desk) -> None:
    body = server.manners.body
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.brought == [(len(body), sha(body), False)]


def test_where_that_cannot_be_kept_the_video_gets_no_name(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(list[object]):
        def append(self, _one: object) -> None:
            raise OSError(errno.ENOSPC, "full")

    desk.brought = Full()  # type: ignore[assignment]
    blocked = desk.receive(opener(server))
    assert isinstance(blocked, Blocked)
    assert blocked.obstacle is Obstacle.FULL
    assert not desk.target.exists()
    desk.brought = []
    assert isinstance(desk.receive(opener(server)), Received)


def test_a_video_whose_name_was_given_right_before_the_end_is_known_by_its_hash(
    server: Server, desk: Desk
) -> None:
    body = server.manners.body
    taken_by(desk, body)
    vouch(desk, GENERATING, sha(body))
    assert desk.receive(opener(server)) == Received(len(body), sha(body))
    assert server.manners.seen == []


@pytest.mark.parametrize(
    "told",
    [
        None,
        (GENERATING, "", "task-1"),
        (GENERATING, "ab", "task-1"),
        (DONE, "ab", "task-1"),
        (DONE, "", "task-2"),
    ],
    ids=["no receipt", "under way", "another hash", "done, another hash", "done, another task"],
)
def test_a_whole_video_for_which_nothing_vouches_is_not_ours(
    server: Server, desk: Desk, told: tuple[str, str, str] | None
) -> None:
    theirs = video_of(7_000, seed=9)
    taken_by(desk, theirs)
    if told is not None:
        vouch(desk, *told)
    blocked = desk.receive(opener(server))
    assert isinstance(blocked, Blocked)
    assert blocked.obstacle is Obstacle.IN_THE_WAY
    assert len(server.manners.seen) == 1
    assert desk.target.read_bytes() == theirs
    assert desk.brought == []
    desk.target.unlink()
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.target.read_bytes() == server.manners.body


def test_the_same_bytes_of_somebody_else_count(server: Server, desk: Desk) -> None:
    taken_by(desk, server.manners.body)
    outcome = desk.receive(opener(server))
    assert isinstance(outcome, Received)
    assert len(server.manners.seen) == 1


@pytest.mark.parametrize("size", [5000, None])
def test_a_video_that_is_in_the_cloud_is_not_fetched_again(
    server: Server, desk: Desk, size: int | None
) -> None:
    desk.target.parent.mkdir(parents=True)
    desk.target.with_name(f".{desk.target.name}.icloud").write_bytes(b"bplist00")
    bought = Receipt(
        Request("a fox"), "0a1b2c3d", 1, 1, DONE, "task-1", size=size, sha256="ab" if size else ""
    )
    write_receipt(desk.target, bought)
    assert desk.receive(opener(server)) == Received(size or 0, bought.sha256)
    assert server.manners.seen == []


def test_the_same_video_that_turned_up_meanwhile_counts(server: Server, desk: Desk) -> None:
    late(desk, server.manners.body)
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.names == [desk.target.name]


@pytest.mark.parametrize("other", [video_of(300_000, seed=2), video_of(1_000), None])
def test_another_whole_file_is_never_overwritten(server: Server, desk: Desk, other: bytes | None) -> None:
    late(desk, other)
    outcome = desk.receive(opener(server))
    assert isinstance(outcome, Blocked)
    assert (outcome.obstacle, outcome.problem.code) == (Obstacle.IN_THE_WAY, "delivery.in_the_way")
    assert desk.partial.read_bytes() == server.manners.body, "what was fetched is kept"
    assert desk.target.is_dir() if other is None else desk.target.read_bytes() == other


def test_once_it_is_moved_away_the_kept_video_is_placed_without_a_second_fetch(
    server: Server, desk: Desk
) -> None:
    late(desk, video_of(1_000))
    assert isinstance(desk.receive(opener(server)), Blocked)
    desk.target.rename(desk.target.with_name("mine.mp4"))
    desk.stop = lambda: False
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1] == ("bytes=299999-", '"one"')
    assert desk.target.read_bytes() == server.manners.body


def test_a_link_is_not_followed(server: Server, desk: Desk, tmp_path: Path) -> None:
    desk.target.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    desk.target.symlink_to(tmp_path / "elsewhere")
    outcome = desk.receive(opener(server))
    assert isinstance(outcome, Blocked)
    assert outcome.obstacle is Obstacle.IN_THE_WAY
    assert desk.target.is_symlink()


def test_an_empty_file_is_replaced(server: Server, desk: Desk) -> None:
    taken_by(desk, b"")
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.names == [desk.target.name]


def test_a_damaged_video_is_moved_aside(server: Server, desk: Desk) -> None:
    half = server.manners.body[:1000]
    desk.target.parent.mkdir(parents=True)
    desk.target.with_name(f"{desk.target.name}.damaged").write_bytes(b"an earlier one")
    taken_by(desk, half)
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.target.read_bytes() == server.manners.body
    assert desk.target.with_name(f"{desk.target.name}.damaged1").read_bytes() == half


# --- stopping --------------------------------------------------------------------------------------


def test_stopped_before_the_first_piece_nothing_is_lost(server: Server, desk: Desk) -> None:
    desk.stop = lambda: True
    assert desk.receive(opener(server)) == Stopped(0)
    assert not desk.target.exists()
    desk.stop = lambda: False
    assert isinstance(desk.receive(opener(server)), Received)
